/** Messages of the shell to its page, which may not be there yet: they wait until the page listens. */
import type { DesktopMessage } from './contract.ts';

type Listener = (message: DesktopMessage) => void;

/** Every message reaches the page once: those that came before it listened, in order, at the moment it does. */
export class Inbox {
  readonly #waiting: DesktopMessage[] = [];
  readonly #listeners = new Set<Listener>();

  post(message: DesktopMessage): void {
    if (this.#listeners.size === 0) this.#waiting.push(message);
    for (const listener of this.#listeners) listener(message);
  }

  /** Answers a function that ends the listening. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    for (const message of this.#waiting.splice(0)) listener(message);
    return () => this.#listeners.delete(listener);
  }
}
