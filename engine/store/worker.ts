/**
 * The store's thread. It takes everything that has arrived in one transaction (up to a limit of time), makes it durable
 * with one sync of the disk, and answers all of it at once; what arrives meanwhile is the next transaction. So a busy
 * engine gets large commits and a quiet one gets fast answers, with no timer in between.
 *
 * Reads that arrive among writes are answered after the commit: they see what was posted before them, and nothing that
 * is not durable.
 */
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import path from 'node:path';
import { expectDetachedBuffers, expectNativeBuffers, type WeirError } from '../protocol/index.ts';
import { DATABASE_NAME, openDatabase, type Database } from './database.ts';
import { isFaultOfWrite, isLasting, storeError, toWire, writeError } from './errors.ts';
import type { Answer, OpenBesideArgs, Request, StoreThreadData } from './messages.ts';
import { READS } from './messages.ts';
import { isOwnerAlive, type Owner } from './owners.ts';
import { Reader } from './reader.ts';
import { recover } from './recovery.ts';
import { packet } from './transfer.ts';
import { Writer } from './writer.ts';

/** How long a transaction goes on taking what arrives. */
const BATCH_MS = 100;
/** ... while a read waits for its end. */
const BATCH_MS_WITH_READS = 10;

const READ_NAMES: ReadonlySet<string> = new Set(READS);

type Done = { readonly id: number; readonly value: unknown };
type Failed = { readonly id: number; readonly error: WeirError };

class StoreThread {
  readonly #port: MessagePort;
  readonly #db: Database;
  readonly #file: string;
  readonly #owner: Owner;
  readonly #writer: Writer;
  readonly #reader: Reader;
  /** Why nothing can be written any more. */
  #problem: WeirError | undefined;

  constructor(port: MessagePort, db: Database, owner: Owner, dataDir: string) {
    this.#port = port;
    this.#db = db;
    this.#file = path.join(dataDir, DATABASE_NAME);
    this.#owner = owner;
    this.#writer = new Writer(db, owner.id, (id) => isOwnerAlive(db, dataDir, id));
    this.#reader = new Reader(db);
  }

  listen(): void {
    this.#port.on('message', (request: Request) => this.#serve(request));
    setImmediate(() => this.#tidy());
  }

  #serve(first: Request): void {
    let next: Request | undefined = first;
    while (next !== undefined) {
      if (next.op === 'close') {
        this.#close(next);
        return;
      }
      next = next.op === 'openBeside' ? this.#openBeside(next) : this.#serveBatch(next);
    }
    setImmediate(() => this.#tidy());
  }

  #receive(): Request | undefined {
    const received = receiveMessageOnPort(this.#port) as { readonly message: Request } | undefined;
    return received?.message;
  }

  /** One transaction and the reads after it. Returns a request that has to be served next. */
  #serveBatch(first: Request): Request | undefined {
    const writes: Request[] = [];
    const reads: Request[] = [];
    const results = { done: [] as Done[], failed: [] as Failed[] };
    const startedAt = performance.now();
    let next: Request | undefined = first;
    try {
      while (next !== undefined && next.op !== 'close' && next.op !== 'openBeside') {
        const request: Request = next;
        // Not served again should it fail.
        next = undefined;
        if (READ_NAMES.has(request.op)) reads.push(request);
        else {
          writes.push(request);
          this.#write(request, results, writes.length === 1);
        }
        next = this.#receive();
        if (performance.now() - startedAt > (reads.length > 0 ? BATCH_MS_WITH_READS : BATCH_MS)) break;
      }
      if (this.#db.inTransaction) this.#writer.commit();
    } catch (error) {
      this.#rollback(error, writes, results);
    }
    this.#answer(results.done, results.failed);
    for (const read of reads) this.#read(read);
    return next;
  }

  #write(request: Request, results: { done: Done[]; failed: Failed[] }, isFirst: boolean): void {
    if (this.#problem !== undefined) {
      results.failed.push({ id: request.id, error: this.#problem });
      return;
    }
    if (isFirst) this.#writer.begin();
    const handler = (this.#writer as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[
      request.op
    ];
    if (handler === undefined) throw new TypeError(`the store has no method ${request.op}`);
    try {
      results.done.push({ id: request.id, value: this.#writer.apply(() => handler(...request.args)) });
    } catch (error) {
      if (!isFaultOfWrite(error)) throw error;
      results.failed.push({ id: request.id, error: writeError(error, request.op) });
    }
  }

  /** Nothing of the transaction stays; every write in it fails for the same reason. */
  #rollback(cause: unknown, writes: readonly Request[], results: { done: Done[]; failed: Failed[] }): void {
    let error = storeError(cause, this.#file);
    try {
      this.#writer.rollback();
    } catch (rollbackError) {
      error = storeError(rollbackError, this.#file);
    }
    const failed = new Set(results.failed.map(({ id }) => id));
    results.done.length = 0;
    for (const { id } of writes) if (!failed.has(id)) results.failed.push({ id, error });
    if (!isLasting(error) || this.#problem !== undefined) return;
    this.#problem = error;
    this.#post({ kind: 'problem', error: toWire(error) });
  }

  #read(request: Request): void {
    const handler = (this.#reader as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[
      request.op
    ];
    try {
      if (handler === undefined) throw new TypeError(`the store has no method ${request.op}`);
      const read = this.#db.transaction(() => handler(...request.args));
      this.#answer([{ id: request.id, value: read() }], []);
    } catch (error) {
      this.#answer([], [{ id: request.id, error: storeError(error, this.#file) }]);
    }
  }

  #answer(done: readonly Done[], failed: readonly Failed[]): void {
    if (done.length === 0 && failed.length === 0) return;
    this.#post({
      kind: 'answers',
      done,
      failed: failed.map(({ id, error }) => ({ id, error: toWire(error) })),
    });
  }

  #post(answer: Answer): void {
    const { value, transfer } = packet(answer);
    this.#port.postMessage(value, [...transfer]);
  }

  /** Work that can wait until nothing else is to be done: the index of content hashes of large sessions. */
  #tidy(): void {
    if (this.#problem !== undefined || !this.#db.open) return;
    try {
      if (this.#writer.indexWaitingHashes()) setImmediate(() => this.#tidy());
    } catch (error) {
      this.#rollback(error, [], { done: [], failed: [] });
    }
  }

  #openBeside(request: Request): Request | undefined {
    const [data, port] = request.args as OpenBesideArgs;
    void start(port, data);
    return this.#receive();
  }

  #close(request: Request): void {
    this.#port.removeAllListeners('message');
    try {
      if (this.#problem === undefined) this.#owner.release();
      this.#db.close();
      this.#answer([{ id: request.id, value: undefined }], []);
    } catch (error) {
      this.#answer([], [{ id: request.id, error: storeError(error, this.#file) }]);
    }
    this.#port.close();
  }
}

async function start(port: MessagePort, data: StoreThreadData): Promise<void> {
  const file = path.join(data.dataDir, DATABASE_NAME);
  let db: Database | undefined;
  try {
    db = await openDatabase(data);
    const { owner, interrupted } = recover(db, data.dataDir);
    const thread = new StoreThread(port, db, owner, data.dataDir);
    port.postMessage({ kind: 'opened', file, interrupted } satisfies Answer);
    thread.listen();
  } catch (error) {
    db?.close();
    port.postMessage({ kind: 'refused', error: toWire(storeError(error, file)) } satisfies Answer);
    port.close();
  }
}

expectDetachedBuffers();
expectNativeBuffers();
if (parentPort !== null) await start(parentPort, workerData as StoreThreadData);
