/** Calls that wait for a worker, in order; which worker takes which. */
import { WeirError } from '../../protocol/index.ts';
import type { KeptFunction } from './kept-function.ts';
import type { CallSettings, PyArgument } from './types.ts';
import type { PythonWorker } from './worker.ts';

export interface Job {
  readonly values: readonly PyArgument[];
  /** The function, where a worker keeps it. */
  readonly kept?: KeptFunction | undefined;
  readonly settings: CallSettings;
  readonly what: string;
  readonly reject: (error: Error) => void;
  readonly start: (worker: PythonWorker) => Promise<void>;
}

/** Waiting for the process that holds this much is better than carrying it to another one. */
const WORTH_WAITING_BYTES = 8 * 1024 * 1024;
/** How far into the queue to look for a call some idle worker may take. */
const LOOK_AHEAD = 64;

export class JobQueue {
  readonly #limit: number;
  /** In order of arrival; a cancelled one leaves from the middle. */
  readonly #jobs = new Map<Job, (() => void) | undefined>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#jobs.size;
  }

  /** Adds a call, or rejects it where too many wait or it is cancelled already. */
  add(job: Job): void {
    const { signal } = job.settings;
    if (this.#jobs.size >= this.#limit) {
      job.reject(
        new WeirError(
          'APP_FAILED',
          `${this.#limit} calls wait for Python already; ${job.what} cannot be taken.`,
        ),
      );
      return;
    }
    if (!signal) {
      this.#jobs.set(job, undefined);
      return;
    }
    const leave = (): void => {
      this.#jobs.delete(job);
      job.reject(new WeirError('CANCELLED', `The running of ${job.what} was cancelled before it began.`));
    };
    if (signal.aborted) leave();
    else {
      signal.addEventListener('abort', leave, { once: true });
      this.#jobs.set(job, () => signal.removeEventListener('abort', leave));
    }
  }

  /** Takes out the next call one of the idle workers may run now. */
  next(idle: readonly PythonWorker[]): { job: Job; worker: PythonWorker } | undefined {
    if (idle.length === 0) return undefined;
    let looked = 0;
    for (const job of this.#jobs.keys()) {
      if (++looked > LOOK_AHEAD) return undefined;
      const worker = workerFor(job, idle);
      if (!worker) continue;
      this.#jobs.get(job)?.();
      this.#jobs.delete(job);
      return { job, worker };
    }
    return undefined;
  }

  rejectAll(error: Error): void {
    const all = [...this.#jobs];
    this.#jobs.clear();
    for (const [job, stopListening] of all) {
      stopListening?.();
      job.reject(error);
    }
  }
}

/**
 * The idle worker for a call: the one that keeps its function, else the one that holds most of its values; none where it has to
 * wait for a busy one, or where that pays.
 */
function workerFor(job: Job, idle: readonly PythonWorker[]): PythonWorker | undefined {
  const keeper = job.kept?.worker;
  if (keeper) return idle.includes(keeper) ? keeper : undefined;
  const held = new Map<PythonWorker, number>();
  for (const value of job.values) {
    const object = value.kind === 'content' ? value.content.object : undefined;
    if (!object?.isThere) continue;
    const holder = object.keeper as PythonWorker;
    held.set(holder, (held.get(holder) ?? 0) + object.sizeBytes);
  }
  const [best] = [...held].sort((a, b) => b[1] - a[1]);
  if (!best) return idle.at(-1);
  if (idle.includes(best[0])) return best[0];
  return best[1] >= WORTH_WAITING_BYTES ? undefined : idle.at(-1);
}
