/** How many applications run at once, by what they need a place of. Those that wait do so in order of arrival. */
import { availableParallelism } from 'node:os';
import type { Lane } from '../drops/index.ts';

export type LaneLimits = Readonly<Record<Lane, number>>;

/** Inline work mostly waits; processes and threads want a core each; the Python pool has a queue of its own. */
export function defaultLimits(cores = availableParallelism()): LaneLimits {
  return { inline: 512, process: Math.max(4, cores), python: 1024, worker: Math.max(2, cores) };
}

export class Lanes {
  readonly #limits: LaneLimits;
  readonly #busy: Record<Lane, number> = { inline: 0, process: 0, python: 0, worker: 0 };
  readonly #waiting: Record<Lane, (() => void)[]> = { inline: [], process: [], python: [], worker: [] };

  constructor(limits: LaneLimits = defaultLimits()) {
    this.#limits = limits;
  }

  /** Applications that have a place now. */
  get running(): number {
    return this.#busy.inline + this.#busy.process + this.#busy.python + this.#busy.worker;
  }

  /** Applications that wait for one. */
  get waiting(): number {
    return (
      this.#waiting.inline.length +
      this.#waiting.process.length +
      this.#waiting.python.length +
      this.#waiting.worker.length
    );
  }

  /**
   * Does `work` when the lane has a place, at once if it has one now. Work that ends within the call (returns
   * undefined) never leaves it: a graph of no-ops costs no promise.
   */
  run(lane: Lane, work: () => void | Promise<void>): void | Promise<void> {
    if (this.#busy[lane] >= this.#limits[lane])
      return new Promise<void>((resolve) => this.#waiting[lane].push(resolve)).then(() =>
        this.#hold(lane, work),
      );
    return this.#hold(lane, work);
  }

  #hold(lane: Lane, work: () => void | Promise<void>): void | Promise<void> {
    this.#busy[lane]++;
    let result: void | Promise<void>;
    try {
      result = work();
    } catch (error) {
      this.#release(lane);
      throw error;
    }
    if (result === undefined) this.#release(lane);
    else return result.finally(() => this.#release(lane));
  }

  #release(lane: Lane): void {
    this.#busy[lane]--;
    this.#waiting[lane].shift()?.();
  }
}
