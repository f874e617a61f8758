/** Events that components send upwards to the window's frame. They cross shadow roots. */
import type { GraphSource } from '../engine/api/contract.ts';
import { toHostError, type HostError } from './data/errors.ts';

export interface Notice {
  readonly tone: 'info' | 'error';
  readonly title: string;
  readonly message: string;
  /** Shown and copied with an error. */
  readonly code?: string;
}

/** A graph to be run, and how it is signed. */
export interface RunRequest {
  readonly source: GraphSource;
  /** An R-mode by name; left out: NOTHING. */
  readonly rmode?: string;
}

declare global {
  interface HTMLElementEventMap {
    'weir-announce': CustomEvent<string>;
    'weir-notice': CustomEvent<Notice>;
    'weir-open-graph': CustomEvent<null>;
    'weir-run': CustomEvent<RunRequest>;
  }
}

function send<K extends keyof HTMLElementEventMap>(from: EventTarget, type: K, detail: unknown): void {
  from.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
}

/** Has a screen reader say something, politely. */
export const announce = (from: EventTarget, text: string): void => send(from, 'weir-announce', text);

/** Shows a notice until it is closed. */
export const notify = (from: EventTarget, notice: Notice): void => send(from, 'weir-notice', notice);

/** Shows an error with its code; `title` says what could not be done. */
export function notifyError(from: EventTarget, title: string, error: unknown): void {
  const { code, message }: HostError = toHostError(error);
  notify(from, { tone: 'error', title, message, code });
}

/** Asks the frame for the dialog that opens a graph. */
export const askForGraph = (from: EventTarget): void => send(from, 'weir-open-graph', null);

/** Asks the frame to run a graph and to show its session. */
export const askToRun = (from: EventTarget, source: GraphSource, rmode?: string): void =>
  send(from, 'weir-run', { source, ...(rmode === undefined ? {} : { rmode }) } satisfies RunRequest);
