/** Waiting that ends when an application is cancelled. */

/** Resolves after `ms` milliseconds, or at once when `signal` aborts. True: the time was waited out. */
export function waitFor(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  if (!(ms > 0)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const stop = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    let timer = setTimeout(wake, Math.min(ms, LONGEST_TIMER_MS));
    let left = ms - LONGEST_TIMER_MS;
    function wake(): void {
      if (left > 0) {
        timer = setTimeout(wake, Math.min(left, LONGEST_TIMER_MS));
        left -= LONGEST_TIMER_MS;
        return;
      }
      signal.removeEventListener('abort', stop);
      resolve(true);
    }
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** setTimeout takes no more than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A gate that opens once: `opened` resolves when `open` was called. */
export interface Latch {
  readonly opened: Promise<void>;
  open(): void;
}

export function latch(): Latch {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** Rejects with the reason of the signal when that comes first. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Rejects when it is given up. */
export function hope(): { readonly lost: Promise<never>; readonly giveUp: (error: unknown) => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  return { lost: promise, giveUp: reject };
}
