/**
 * What crosses between the window's page and Electron's main process: three verbs (call, subscribe, cancel) and one way
 * back for messages. What may be asked is in engine/api/contract.ts; the names that start with `desktop` are answered by
 * the shell itself. The page sees `WeirBridge` as `window.weir` and nothing else of Electron.
 */
import type { WireError } from '../engine/api/contract.ts';

export type { WireError };

/** The IPC channels. Only ipc.ts and preload.ts use them. */
export const CHANNELS = {
  call: 'weir:call',
  subscribe: 'weir:subscribe',
  cancel: 'weir:cancel',
  message: 'weir:message',
} as const;

/** The shell's own method: a native dialog to choose a graph file; answers a path or null. */
export const OPEN_GRAPH_DIALOG = 'desktop.openGraphDialog';

/** The shell's own topic: what the user asked of the menu, the command line or the desktop. */
export const DESKTOP_TOPIC = 'desktop';

/** A message of the `desktop` topic: show this graph file, or this page of the window. */
export type DesktopMessage =
  | { readonly type: 'openGraph'; readonly path: string; readonly name: string }
  | { readonly type: 'show'; readonly page: 'sessions' | 'shortcuts' };

export interface CallRequest {
  readonly method: string;
  readonly params: unknown;
}

/** The answer to a call or subscription. Errors cross as data, because IPC keeps nothing of an Error but its text. */
export type Reply =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: WireError };

/** `id` is chosen by the page, unique among its subscriptions. */
export interface SubscribeRequest {
  readonly id: number;
  readonly topic: string;
  readonly params: unknown;
}

export interface PushMessage {
  readonly id: number;
  readonly message: unknown;
}

/** A graph file the user chose: where it is, and its name for titles. */
export interface ChosenGraph {
  readonly path: string;
  readonly name: string;
}

/** `window.weir`: exactly this is exposed to the page. */
export interface WeirBridge {
  /** Rejects with a `WireError` as plain data; the page's client makes an Error of it. */
  call(method: string, params: unknown): Promise<unknown>;
  /**
   * Messages of a topic until the returned function is called. A subscription that is refused gets one message,
   * `{ error: WireError }`, and nothing after it.
   */
  subscribe(topic: string, params: unknown, listener: (message: unknown) => void): () => void;
  /** The native dialog; null when the user cancelled it. */
  openGraphDialog(): Promise<ChosenGraph | null>;
  /** The path of a file that was dropped on the page, or '' for one that is not on disk. */
  pathForFile(file: unknown): string;
}
