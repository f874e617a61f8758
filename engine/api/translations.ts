/** Translations under way that somebody asked for by a ticket: their progress can be watched, and they can be cancelled. */
import type { Progress } from '../translator/index.ts';
import type { TranslationWork } from './deps.ts';

type Listener = (progress: Progress) => void;

interface Running {
  readonly abort: AbortController;
  last: Progress | undefined;
}

export class Translations {
  readonly #running = new Map<string, Running>();
  readonly #listeners = new Map<string, Set<Listener>>();

  /** Does work that can be followed under `ticket`; another one of the same ticket takes its place. */
  async run<T>(ticket: string | undefined, work: (work: TranslationWork) => Promise<T>): Promise<T> {
    if (ticket === undefined) return work({});
    this.cancel(ticket);
    const running: Running = { abort: new AbortController(), last: undefined };
    this.#running.set(ticket, running);
    try {
      return await work({
        signal: running.abort.signal,
        onProgress: (progress) => {
          running.last = progress;
          for (const listener of this.#listeners.get(ticket) ?? []) listener(progress);
        },
      });
    } finally {
      if (this.#running.get(ticket) === running) this.#running.delete(ticket);
    }
  }

  /** Ends the translation of this ticket; one that is over already is no error. */
  cancel(ticket: string): void {
    this.#running.get(ticket)?.abort.abort();
  }

  /** Watches a ticket, also before its translation has begun. Returns what ends it. */
  watch(ticket: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(ticket) ?? new Set<Listener>();
    this.#listeners.set(ticket, listeners);
    listeners.add(listener);
    const last = this.#running.get(ticket)?.last;
    if (last !== undefined) listener(last);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(ticket);
    };
  }

  close(): void {
    for (const { abort } of this.#running.values()) abort.abort();
    this.#listeners.clear();
  }
}
