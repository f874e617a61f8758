/** A few threads for functions in JavaScript. A job that must end takes its thread with it; the next gets a new one. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DaliugeException, messageOf, WeirError } from '../../protocol/index.ts';
import { ServiceKey } from '../context.ts';
import type { JsJob, JsReply } from './js-protocol.ts';

/** Memory a thread may take before its job fails, in megabytes. */
const MAX_HEAP_MB = 2048;
const MAX_THREADS = 4;

/** What one job may do and who hears of it. */
export interface JsRun {
  readonly signal: AbortSignal;
  /** Undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void;
  /** Names drop and function in messages. */
  readonly where: string;
}

interface Waiting {
  readonly start: (worker: Worker) => void;
}

export class JsPool {
  readonly #threads: number;
  readonly #idle: Worker[] = [];
  readonly #queue: Waiting[] = [];
  #busy = 0;
  #jobs = 0;
  #isClosed = false;

  constructor(threads = Math.max(1, Math.min(MAX_THREADS, availableParallelism()))) {
    this.#threads = threads;
  }

  /** Runs a job. Rejects with DaliugeException where the function throws, its thread dies or its time is over. */
  async run(job: Omit<JsJob, 'id'>, options: JsRun): Promise<readonly Uint8Array[]> {
    const worker = await this.#take(options);
    let isReusable = false;
    try {
      const reply = await this.#ask(worker, { ...job, id: ++this.#jobs }, options);
      // What goes on in a thread when its function is done would trouble the next one: an error in a timer ends the thread.
      isReusable = reply.isClean;
      if (reply.ok) return reply.results;
      throw new DaliugeException('APP_FAILED', `${options.where}: ${reply.name}: ${reply.message}`, {
        details: { where: options.where, exception: reply.name, detail: reply.stack },
      });
    } finally {
      this.#giveBack(worker, isReusable);
    }
  }

  #take(options: JsRun): Promise<Worker> {
    if (this.#isClosed) return Promise.reject(new WeirError('CANCELLED', 'The Host is closing.'));
    const idle = this.#idle.pop();
    if (idle || this.#busy < this.#threads) {
      this.#busy++;
      return Promise.resolve(idle ?? startWorker());
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        start: (worker) => {
          options.signal.removeEventListener('abort', leave);
          resolve(worker);
        },
      };
      const leave = (): void => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        reject(cancelled(options.where));
      };
      this.#queue.push(waiting);
      options.signal.addEventListener('abort', leave, { once: true });
    });
  }

  #giveBack(worker: Worker, isReusable: boolean): void {
    const next = this.#isClosed ? undefined : this.#queue.shift();
    if (!isReusable || this.#isClosed) void worker.terminate();
    if (next) {
      next.start(isReusable ? worker : startWorker());
      return;
    }
    this.#busy--;
    if (!isReusable || this.#isClosed) return;
    worker.unref();
    this.#idle.push(worker);
    worker.once('exit', () => {
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
    });
  }

  #ask(worker: Worker, job: JsJob, { signal, timeoutMs, onOutput, where }: JsRun): Promise<JsReply> {
    worker.ref();
    const stdout = (chunk: Uint8Array): void => onOutput('stdout', chunk);
    const stderr = (chunk: Uint8Array): void => onOutput('stderr', chunk);
    worker.stdout.on('data', stdout);
    worker.stderr.on('data', stderr);
    return new Promise<JsReply>((resolve, reject) => {
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(
              () =>
                settle(() =>
                  reject(failed(where, `it took longer than its timeout of ${timeoutMs / 1000} s`)),
                ),
              timeoutMs,
            );
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        worker.removeAllListeners('message').removeAllListeners('error').removeAllListeners('exit');
        worker.on('error', () => undefined);
        worker.stdout.off('data', stdout);
        worker.stderr.off('data', stderr);
        act();
      };
      const abort = (): void => settle(() => reject(cancelled(where)));
      signal.addEventListener('abort', abort, { once: true });
      // What a function sends by itself is no answer.
      worker.on('message', (reply: JsReply) => {
        if (reply?.id === job.id) settle(() => resolve(reply));
      });
      worker.once('error', (cause) =>
        settle(() => reject(failed(where, `its thread failed: ${messageOf(cause)}`, cause))),
      );
      worker.once('exit', (code) =>
        settle(() => reject(failed(where, `its thread ended with code ${code}`))),
      );
      if (signal.aborted) abort();
      else worker.postMessage(job);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#idle.splice(0).map((worker) => worker.terminate()));
  }
}

function startWorker(): Worker {
  const file = import.meta.url.endsWith('.ts') ? '../js-worker.ts' : './js-worker.js';
  return new Worker(new URL(file, import.meta.url), {
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
}

function failed(where: string, why: string, cause?: unknown): DaliugeException {
  return new DaliugeException('APP_FAILED', `${where} failed: ${why}.`, { cause, details: { where } });
}

function cancelled(where: string): WeirError {
  return new WeirError('CANCELLED', `${where} was cancelled.`);
}

/** The pool of one Host. */
export const jsPool = new ServiceKey<JsPool>(
  'threads for functions in JavaScript',
  () => new JsPool(),
  (pool) => pool.close(),
);
