/** The transport of the desktop window: the bridge that Electron's preload script puts at `window.weir`. */
import { isWireError, toHostError } from './errors.ts';
import type { Connection, Listener, Transport } from './transport.ts';

/** What the preload script exposes (electron/contract.ts). Errors cross as plain data, never as Error objects. */
export interface WeirBridge {
  call(method: string, params: unknown): Promise<unknown>;
  /** A refused subscription gets one message `{error}`, and nothing after it. */
  subscribe(topic: string, params: unknown, listener: (message: unknown) => void): () => void;
  openGraphDialog?(): Promise<{ readonly path: string } | null>;
  /** The path of a dropped file, or '' when it is not on disk. */
  pathForFile?(file: File): string;
}

/** What the desktop's menu, command line or file manager asked for. */
export type DesktopMessage =
  | { readonly type: 'openGraph'; readonly path: string; readonly name: string }
  | { readonly type: 'show'; readonly page: 'sessions' | 'shortcuts' };

/** The bridge, where there is one. */
export function findBridge(scope: object = globalThis): WeirBridge | undefined {
  return (scope as { weir?: WeirBridge }).weir;
}

/** Calls back with what the desktop asks. Does nothing in a browser. */
export function watchDesktop(
  bridge: WeirBridge | undefined,
  listener: (message: DesktopMessage) => void,
): () => void {
  if (bridge === undefined) return () => undefined;
  return bridge.subscribe('desktop', {}, (message) => {
    if (refusalIn(message) === undefined) listener(message as DesktopMessage);
  });
}

/** The error in a message that refuses a subscription. */
function refusalIn(message: unknown): unknown {
  if (typeof message !== 'object' || message === null) return undefined;
  const { error } = message as { error?: unknown };
  return isWireError(error) ? error : undefined;
}

export class IpcTransport implements Transport {
  readonly #bridge: WeirBridge;

  constructor(bridge: WeirBridge) {
    this.#bridge = bridge;
  }

  async call(method: string, params: unknown): Promise<unknown> {
    try {
      return await this.#bridge.call(method, params);
    } catch (error) {
      throw toHostError(error);
    }
  }

  subscribe(topic: string, params: unknown, listener: Listener): () => void {
    return this.#bridge.subscribe(topic, params, (message) => {
      const refusal = refusalIn(message);
      if (refusal === undefined) listener.message(message);
      else listener.error(toHostError(refusal));
    });
  }

  watch(listener: (connection: Connection) => void): () => void {
    listener('open');
    return () => undefined;
  }
}
