/** The three verbs between the window and a Host, whatever carries them (design/house-style.md, "Borders"). */

/** What becomes of a subscription: messages, and an error when the Host ends it. */
export interface Listener {
  message(message: unknown): void;
  /** The Host refused or ended the subscription; no further message comes. */
  error(error: unknown): void;
}

/** Whether the Host can be reached just now. */
export type Connection = 'connecting' | 'open' | 'lost';

/** Moves calls and subscriptions. Knows nothing of what is in them. */
export interface Transport {
  /** Rejects with a HostError when the Host answers with an error or cannot be reached. */
  call(method: string, params: unknown): Promise<unknown>;
  /** After a lost connection the transport subscribes again by itself; the Host then starts with a fresh snapshot. */
  subscribe(topic: string, params: unknown, listener: Listener): () => void;
  /** Tells the state of the connection now and at each change. */
  watch(listener: (connection: Connection) => void): () => void;
}
