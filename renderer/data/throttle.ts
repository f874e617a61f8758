/** Runs an action at most once per period, and once more at the end if it was asked for meanwhile. */

export interface Timers {
  now(): number;
  /** Returns a function that cancels. */
  later(action: () => void, delayMs: number): () => void;
}

export const pageTimers: Timers = {
  now: () => performance.now(),
  later: (action, delayMs) => {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * Spaces out an asynchronous action by `periodMs`, or by ten times what it took when that is longer: a Host that needs a
 * second to answer is asked every ten seconds at most.
 */
export class Throttle {
  readonly #action: () => Promise<void>;
  readonly #periodMs: number;
  readonly #timers: Timers;
  #isRunning = false;
  #isWanted = false;
  #notBefore = 0;
  #cancelTimer: (() => void) | undefined;
  #isStopped = false;

  constructor(action: () => Promise<void>, periodMs: number, timers: Timers = pageTimers) {
    this.#action = action;
    this.#periodMs = periodMs;
    this.#timers = timers;
  }

  /** Asks for a run: now when the period is over, else at its end. */
  request(): void {
    if (this.#isStopped) return;
    this.#isWanted = true;
    if (this.#isRunning || this.#cancelTimer !== undefined) return;
    const waitMs = this.#notBefore - this.#timers.now();
    if (waitMs <= 0) void this.#run();
    else this.#cancelTimer = this.#timers.later(() => void this.#run(), waitMs);
  }

  /** No run begins after this. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  async #run(): Promise<void> {
    this.#cancelTimer = undefined;
    if (this.#isStopped) return;
    this.#isRunning = true;
    this.#isWanted = false;
    const startedAt = this.#timers.now();
    try {
      await this.#action();
    } finally {
      const endedAt = this.#timers.now();
      this.#notBefore = endedAt + Math.max(this.#periodMs, (endedAt - startedAt) * 10);
      this.#isRunning = false;
      if (this.#isWanted) this.request();
    }
  }
}
