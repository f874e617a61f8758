/** What is due when: kept sorted, so that one timer for the first is enough. */
export interface Timers {
  set(run: () => void, delayMs: number): unknown;
  clear(handle: unknown): void;
}

/** Timers of Node that do not keep the process alive. */
export const nodeTimers: Timers = {
  set: (run, delayMs) => setTimeout(run, delayMs).unref(),
  clear: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

/** Longest delay a timer of Node takes, in milliseconds; about 25 days. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export class DueList<T> {
  readonly #entries: { readonly atMs: number; readonly item: T }[] = [];
  readonly #run: (item: T) => void;
  readonly #now: () => number;
  readonly #timers: Timers;
  #timer: unknown;

  constructor(run: (item: T) => void, now: () => number, timers: Timers) {
    this.#run = run;
    this.#now = now;
    this.#timers = timers;
  }

  get length(): number {
    return this.#entries.length;
  }

  add(atMs: number, item: T): void {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle] as { atMs: number }).atMs <= atMs) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, { atMs, item });
    if (low === 0) this.#arm();
  }

  remove(item: T): void {
    const at = this.#entries.findIndex((entry) => entry.item === item);
    if (at < 0) return;
    this.#entries.splice(at, 1);
    if (at === 0) this.#arm();
  }

  clear(): void {
    this.#entries.length = 0;
    this.#arm();
  }

  #arm(): void {
    if (this.#timer !== undefined) this.#timers.clear(this.#timer);
    this.#timer = undefined;
    const first = this.#entries[0];
    if (!first) return;
    const delayMs = Math.min(Math.max(0, first.atMs - this.#now()), LONGEST_DELAY_MS);
    this.#timer = this.#timers.set(() => this.#due(), delayMs);
  }

  #due(): void {
    this.#timer = undefined;
    const now = this.#now();
    const count = this.#entries.findIndex(({ atMs }) => atMs > now);
    const due = this.#entries.splice(0, count < 0 ? this.#entries.length : count);
    for (const { item } of due) this.#run(item);
    this.#arm();
  }
}
