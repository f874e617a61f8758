import { describe, expect, it } from 'vitest';
import { Throttle, type Timers } from '../../renderer/data/throttle.ts';

/** A clock that stands still until it is moved. */
class Clock implements Timers {
  #now = 0;
  #timers: { at: number; action: () => void }[] = [];
  now(): number {
    return this.#now;
  }
  later(action: () => void, delayMs: number): () => void {
    const timer = { at: this.#now + delayMs, action };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }
  async to(at: number): Promise<void> {
    this.#now = at;
    const due = this.#timers.filter((timer) => timer.at <= at);
    this.#timers = this.#timers.filter((timer) => timer.at > at);
    for (const { action } of due) action();
    await Promise.resolve();
    await Promise.resolve();
  }
}

describe('a throttle', () => {
  it('runs at once, then at most once per period, the last request never lost', async () => {
    const clock = new Clock();
    const runs: number[] = [];
    const throttle = new Throttle(async () => void runs.push(clock.now()), 100, clock);
    throttle.request();
    await clock.to(10);
    throttle.request();
    throttle.request();
    expect(runs).toEqual([0]);
    await clock.to(100);
    await clock.to(110);
    expect(runs).toHaveLength(2);
    await clock.to(1000);
    expect(runs).toHaveLength(2);
  });

  it('waits ten times as long as the action took', async () => {
    const clock = new Clock();
    const runs: number[] = [];
    let finish = (): void => undefined;
    const throttle = new Throttle(
      () => {
        runs.push(clock.now());
        return new Promise((resolve) => (finish = resolve));
      },
      100,
      clock,
    );
    throttle.request();
    await clock.to(500);
    throttle.request();
    finish();
    await clock.to(500);
    await clock.to(5_400);
    expect(runs).toEqual([0]);
    await clock.to(5_500);
    expect(runs).toEqual([0, 5_500]);
  });

  it('runs no more once it is stopped', async () => {
    const clock = new Clock();
    let runs = 0;
    const throttle = new Throttle(async () => void runs++, 100, clock);
    throttle.request();
    await clock.to(10);
    throttle.request();
    throttle.stop();
    await clock.to(1000);
    throttle.request();
    expect(runs).toBe(1);
  });
});
