/** The other end of worker.ts: calls by promise, errors rebuilt, nothing left waiting when the thread ends. */

import { Worker } from 'node:worker_threads';

import { type ErrorCode, WeirError } from '../protocol/index.ts';
import type { WorkerInput, WorkerOperation, WorkerOutput, WorkerReply } from './worker-protocol.ts';

interface Pending {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Where the worker's code is: beside this file in a checkout, beside the bundle in a build. */
export function reproducibilityWorkerUrl(): URL {
  return new URL(
    import.meta.url.endsWith('.ts') ? './worker.ts' : './reproducibility-worker.js',
    import.meta.url,
  );
}

/** One worker thread. It keeps no process alive while it has nothing to do. */
export class ReproducibilityWorker {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #ended: WeirError | undefined;

  constructor(url = reproducibilityWorkerUrl()) {
    this.#worker = new Worker(url);
    this.#worker.unref();
    this.#worker.on('message', (reply: WorkerReply) => this.#settle(reply));
    this.#worker.on('error', (error) =>
      this.#end(`failed: ${error instanceof Error ? error.message : String(error)}`),
    );
    this.#worker.on('exit', () => this.#end('has ended'));
  }

  /** Executes an operation in the thread. `transfer`: buffers handed over instead of copied. */
  call<Op extends WorkerOperation>(
    op: Op,
    input: WorkerInput<Op>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<WorkerOutput<Op>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ id, op, input }, [...transfer]);
    }) as Promise<WorkerOutput<Op>>;
  }

  /** Ends the thread; calls still open are rejected. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(reply: WorkerReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if (pending === undefined) return;
    if ('output' in reply) pending.resolve(reply.output);
    else {
      const { code, message, details } = reply.failure;
      pending.reject(new WeirError(code as ErrorCode, message, { details }));
    }
  }

  #end(how: string): void {
    this.#ended ??= new WeirError(
      'INTERNAL',
      `The reproducibility worker ${how}; signatures of running sessions are lost and can be made again.`,
    );
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}
