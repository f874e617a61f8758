import { Worker } from 'node:worker_threads';
import { WeirError } from '../../protocol/index.ts';
import { ServiceKey } from '../context.ts';

/** A value that SQLite stores. Integers come back as bigint, reals as number. */
export type SqliteValue = null | bigint | number | string | Uint8Array;

export interface SqliteStatement {
  readonly sql: string;
  readonly values: readonly SqliteValue[];
}

export interface SqliteRequest {
  readonly id: number;
  readonly file: string;
  readonly busyTimeoutMs: number;
  readonly statements: readonly SqliteStatement[];
}

export interface SqliteAnswer {
  readonly id: number;
  /** Rows of each statement; none for statements that give no rows. */
  readonly results?: unknown[][][];
  readonly error?: string;
}

/** How long a statement waits for somebody else's lock, in milliseconds (Python's sqlite3 has the same). */
const BUSY_TIMEOUT_MS = 5000;

interface Waiting {
  readonly resolve: (rows: SqliteValue[][][]) => void;
  readonly reject: (error: Error) => void;
}

/** Runs SQL on SQLite files in a thread of its own, which starts with the first request and keeps nothing open. */
export class Sqlite {
  #worker: Worker | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** Carries `statements` out on `file` in one transaction. Rejects with a WeirError that names the file. */
  run(
    file: string,
    statements: readonly SqliteStatement[],
    busyTimeoutMs = BUSY_TIMEOUT_MS,
  ): Promise<SqliteValue[][][]> {
    const worker = this.#thread();
    const id = ++this.#lastId;
    worker.ref();
    return new Promise<SqliteValue[][][]>((resolve, reject) => {
      this.#waiting.set(id, {
        resolve,
        reject: (error) =>
          reject(
            new WeirError('DROP_INVALID', `The SQLite database ${file} refused: ${error.message}`, {
              details: { file },
            }),
          ),
      });
      const request: SqliteRequest = { id, file, busyTimeoutMs, statements };
      worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker;
    const entry = import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js';
    const worker = new Worker(new URL(entry, import.meta.url), { name: 'weir-sqlite' });
    worker.unref();
    worker.on('message', (answer: SqliteAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (this.#waiting.size === 0) worker.unref();
      if (answer.error === undefined) waiting?.resolve(answer.results as SqliteValue[][][]);
      else waiting?.reject(new Error(answer.error));
    });
    worker.on('error', (error) => this.#ended(worker, error as Error));
    worker.on('exit', () => this.#ended(worker, new Error('the thread that serves it ended')));
    return (this.#worker = worker);
  }

  #ended(worker: Worker, error: Error): void {
    if (this.#worker === worker) this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}

export const SQLITE = new ServiceKey<Sqlite>(
  'sqlite',
  () => new Sqlite(),
  (sqlite) => sqlite.close(),
);
