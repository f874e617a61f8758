/** Gives the thread back now and then during long work, so that a window stays smooth (budget: 10 ms). */
const BUDGET_MS = 5;

/** A clock for one piece of long work. */
export class Slices {
  #since = performance.now();

  /** Whether the slice is used up. */
  get isOver(): boolean {
    return performance.now() - this.#since > BUDGET_MS;
  }

  /** Starts a new slice. */
  restart(): void {
    this.#since = performance.now();
  }

  /** Lets everything else that waits have its turn. */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.restart();
  }
}
