/** What the Host and a JavaScript worker say to each other. One job at a time. */

/** An argument of a function: content with its encoding, or a value as the graph gives it. */
export type JsArgument = {
  /** null: by position. */
  readonly name: string | null;
} & (
  | { readonly kind: 'content'; readonly bytes: Uint8Array; readonly encoding: string }
  | { readonly kind: 'value'; readonly value: unknown }
  /** A pickled default of a delayed function. */
  | { readonly kind: 'default'; readonly bytes: Uint8Array }
);

export interface JsJob {
  /** Counts the jobs of a thread: the answer has it, too. */
  readonly id: number;
  /** URL of the module; undefined: `code` is the function. */
  readonly module: string | undefined;
  readonly code: string | undefined;
  /** The export, or the name of the function in `code`. */
  readonly name: string;
  readonly args: readonly JsArgument[];
  /** Encoding of each output that is to be written. */
  readonly outputs: readonly string[];
}

export type JsReply = {
  readonly id: number;
  /** Whether the function left nothing behind that goes on: timers, connections. */
  readonly isClean: boolean;
} & (
  | { readonly ok: true; readonly results: readonly Uint8Array[]; readonly used: readonly string[] }
  | { readonly ok: false; readonly name: string; readonly message: string; readonly stack: string }
);
