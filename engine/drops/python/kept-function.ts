/** Functions that a worker keeps for one drop, so that its code is executed once and its globals live from try to try. */
import type { PythonWorker } from './worker.ts';

let lastNumber = 0;

/** A function of one drop, in the worker that made it first. Whoever made this calls `release` when the drop is over. */
export class KeptFunction {
  readonly number = ++lastNumber;
  #worker: PythonWorker | undefined;

  /** The worker that has it; undefined before the first call, and where that worker is gone: then it is made anew. */
  get worker(): PythonWorker | undefined {
    return this.#worker?.isUsable ? this.#worker : undefined;
  }

  /** @internal A request for it goes to `worker`. */
  _keptBy(worker: PythonWorker): void {
    this.#worker = worker;
  }

  release(): void {
    this.worker?.forgetFunction(this.number);
    this.#worker = undefined;
  }
}
