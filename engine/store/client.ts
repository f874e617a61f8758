/**
 * The engine's side of the store: a thread that is told what to do by numbered messages. Nothing here waits for a disk.
 *
 * Batches of typed arrays (drops, states, events) are handed over, not copied: plain ArrayBuffers that a batch uses as a
 * whole are detached when the call returns. Views of SharedArrayBuffers stay with the caller, who must not change them until
 * the promise resolves. Graph parts and contents are copied.
 */
import path from 'node:path';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { WeirError } from '../protocol/index.ts';
import type {
  DropBatch,
  DropOutcome,
  DropQuery,
  EventBatch,
  GraphPart,
  NewSession,
  OpenStoreOptions,
  SessionQuery,
  SessionUpdate,
  StateBatch,
  Store,
  StoredError,
  StoredLog,
} from './contract.ts';
import { closedStore, fromWire, unfitRuntime } from './errors.ts';
import type {
  DropSearch,
  NewRetention,
  NewSeal,
  PayloadParts,
  SealedSection,
  SealQuery,
} from './ledger-contract.ts';
import type { Answer, OpenBesideArgs, ReadName, Request, StoreThreadData, WriteName } from './messages.ts';
import { packOutcomes } from './outcome-columns.ts';
import { packet, sizeOf, type Packet } from './transfer.ts';

/** How long a process waits for another one's commit before it gives up. */
const LOCK_TIMEOUT_MS = 30_000;

/**
 * Opens the store, making the folder and the database where they are missing, and marks sessions of dead processes as
 * INTERRUPTED. Several processes may have the same store open. Rejects with a WeirError: STORE_NEWER, STORE_DAMAGED,
 * STORE_PERMISSION, STORE_LOCKED, STORE_FULL or STORE_FAILED; then nothing was changed.
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  if (!canLoadSqlite(process.versions)) throw unfitRuntime();
  const entry = import.meta.url.endsWith('.ts') ? './worker.ts' : './store-worker.js';
  const data: StoreThreadData = {
    dataDir: path.resolve(options.dataDir),
    lockTimeoutMs: options.lockTimeoutMs ?? LOCK_TIMEOUT_MS,
    maxSizeBytes: options.maxSizeBytes ?? null,
  };
  const line: Line =
    options.beside instanceof StoreClient
      ? options.beside.openBeside(data)
      : new Worker(new URL(entry, import.meta.url), { workerData: data, name: 'weir-store' });
  const end = endOf(line);
  const { promise, resolve, reject } = Promise.withResolvers<Store>();
  const onEnd = () => reject(threadDied(options.dataDir, undefined));
  line.once('error', reject);
  line.once(end, onEnd);
  line.once('message', (answer: Answer) => {
    line.off('error', reject);
    line.off(end, onEnd);
    if (answer.kind === 'opened') {
      resolve(new StoreClient(line, answer.file, answer.interrupted, options.onProblem));
      return;
    }
    const error = answer.kind === 'refused' ? fromWire(answer.error) : threadDied(options.dataDir, undefined);
    // The thread ends by itself; the caller should find the file closed.
    line.once(end, () => reject(error));
  });
  return promise;
}

/** What leads to a store in its thread: the thread itself, or a port to it. */
type Line = Worker | MessagePort;

/** What a line emits when the store at its other end is gone. */
const endOf = (line: Line): 'exit' | 'close' => (line instanceof Worker ? 'exit' : 'close');

/**
 * Whether the native part of better-sqlite3 can be loaded: in a Node too old for it that crashes the process. Electron
 * brings a build that fits, whatever Node-API it reports.
 */
export function canLoadSqlite(versions: Readonly<Record<string, string | undefined>>): boolean {
  return versions['electron'] !== undefined || Number(versions['napi'] ?? 0) >= 10;
}

function threadDied(file: string, cause: unknown): WeirError {
  return new WeirError(
    'STORE_FAILED',
    `The thread of the history ${file} ended unexpectedly. What was answered is safe; start Weir again.`,
    { details: { file }, cause },
  );
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** 0 for reads. */
  readonly sizeBytes: number;
}

class StoreClient implements Store {
  readonly file: string;
  readonly interrupted: readonly string[];
  readonly #line: Line;
  readonly #onProblem: ((error: Error) => void) | undefined;
  readonly #waiting = new Map<number, Waiting>();
  readonly #drains = new Set<{ readonly below: number; readonly resolve: () => void }>();
  #pendingBytes = 0;
  #lastId = 0;
  #closing: Promise<void> | undefined;
  /** Why nothing can be asked any more. */
  #dead: WeirError | undefined;

  constructor(
    line: Line,
    file: string,
    interrupted: readonly string[],
    onProblem: ((error: Error) => void) | undefined,
  ) {
    this.#line = line;
    this.file = file;
    this.interrupted = interrupted;
    this.#onProblem = onProblem;
    line.on('message', (answer: Answer) => this.#take(answer));
    line.on('error', (error: unknown) => this.#die(threadDied(file, error)));
    line.on(endOf(line), () => this.#die(threadDied(file, undefined)));
  }

  /** Has the thread open another store and serve it over a port of its own. */
  openBeside(data: StoreThreadData): MessagePort {
    if (this.#dead !== undefined) throw this.#dead;
    const { port1, port2 } = new MessageChannel();
    const args: OpenBesideArgs = [data, port2];
    this.#line.postMessage({ id: 0, op: 'openBeside', args } satisfies Request, [port2]);
    return port1;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  createSession(session: NewSession): Promise<number> {
    return this.#write('createSession', [session]);
  }
  updateSession(key: number, update: SessionUpdate): Promise<void> {
    return this.#write('updateSession', [key, update]);
  }
  deleteSession(key: number): Promise<void> {
    return this.#write('deleteSession', [key]);
  }
  heldBy(key: number): Promise<number | null> {
    return this.#write('heldBy', [key]);
  }
  appendGraph(key: number, part: GraphPart): Promise<void> {
    return this.#send('appendGraph', () =>
      packet([key, { bytes: part.bytes, packed: part.packed === true }], true),
    );
  }
  replaceGraph(key: number, pieces: readonly Uint8Array[]): Promise<void> {
    return this.#send('replaceGraph', () => packet([key, pieces], true));
  }
  addDrops(key: number, batch: DropBatch): Promise<void> {
    return this.#send('addDrops', () => packet([key, batch]));
  }
  recordStates(key: number, batch: StateBatch): Promise<void> {
    return this.#send('recordStates', () => packet([key, batch]));
  }
  recordEvents(key: number, batch: EventBatch): Promise<void> {
    return this.#send('recordEvents', () => packet([key, batch]));
  }
  recordErrors(key: number, errors: readonly StoredError[]): Promise<void> {
    return this.#write('recordErrors', [key, errors]);
  }
  recordLogs(key: number, logs: readonly StoredLog[]): Promise<void> {
    return this.#write('recordLogs', [key, logs]);
  }
  recordOutcomes(key: number, outcomes: readonly DropOutcome[]): Promise<void> {
    return this.#send('recordOutcomes', () => packet([key, packOutcomes(outcomes)]));
  }
  putRecordTiles(key: number, first: number, tiles: readonly Uint8Array[]): Promise<void> {
    return this.#send('putRecordTiles', () => packet([key, first, tiles], true));
  }
  indexUids(key: number): Promise<void> {
    return this.#write('indexUids', [key]);
  }
  sealSession(seal: NewSeal): Promise<boolean> {
    return this.#send('sealSession', () => packet([seal], true));
  }
  retain(act: NewRetention): Promise<number | null> {
    return this.#write('retain', [act]);
  }
  pinSession(key: number, isPinned: boolean): Promise<void> {
    return this.#write('pinSession', [key, isPinned]);
  }
  putDocument(key: number | null, name: string, bytes: Uint8Array): Promise<void> {
    return this.#send('putDocument', () => packet([key, name, bytes], true));
  }
  flush(): Promise<void> {
    return this.#write('flush', []);
  }

  sessions(query: SessionQuery): ReturnType<Store['sessions']> {
    return this.#read('sessions', [query]);
  }
  session(sessionId: string): ReturnType<Store['session']> {
    return this.#read('session', [sessionId]);
  }
  graph(key: number): ReturnType<Store['graph']> {
    return this.#read('graph', [key]);
  }
  drops(key: number, query: DropQuery): ReturnType<Store['drops']> {
    return this.#read('drops', [key, query]);
  }
  dropByUid(key: number, uid: string): ReturnType<Store['dropByUid']> {
    return this.#read('dropByUid', [key, uid]);
  }
  rowOfUid(key: number, uid: string): ReturnType<Store['rowOfUid']> {
    return this.#read('rowOfUid', [key, uid]);
  }
  logical(key: number): ReturnType<Store['logical']> {
    return this.#read('logical', [key]);
  }
  states(key: number): ReturnType<Store['states']> {
    return this.#read('states', [key]);
  }
  events(key: number, row: number): ReturnType<Store['events']> {
    return this.#read('events', [key, row]);
  }
  errors(key: number, limit: number, row?: number): ReturnType<Store['errors']> {
    return this.#read('errors', [key, limit, row]);
  }
  logs(key: number, query: Parameters<Store['logs']>[1]): ReturnType<Store['logs']> {
    return this.#read('logs', [key, query]);
  }
  outcome(key: number, row: number): ReturnType<Store['outcome']> {
    return this.#read('outcome', [key, row]);
  }
  whoMade(contentHash: string): ReturnType<Store['whoMade']> {
    return this.#read('whoMade', [contentHash]);
  }
  reprodata(key: number): ReturnType<Store['reprodata']> {
    return this.#read('reprodata', [key]);
  }

  seals(query: SealQuery): ReturnType<Store['seals']> {
    return this.#read('seals', [query]);
  }
  lastSeal(): ReturnType<Store['lastSeal']> {
    return this.#read('lastSeal', []);
  }
  logLeaves(from: number, count: number): ReturnType<Store['logLeaves']> {
    return this.#read('logLeaves', [from, count]);
  }
  treeHashes(index: number, height: number, from: number, count: number): ReturnType<Store['treeHashes']> {
    return this.#read('treeHashes', [index, height, from, count]);
  }
  records(key: number, firstRow: number, count: number): ReturnType<Store['records']> {
    return this.#read('records', [key, firstRow, count]);
  }
  payloadBytes(key: number, parts: readonly PayloadParts[]): ReturnType<Store['payloadBytes']> {
    return this.#read('payloadBytes', [key, parts]);
  }
  recordTiles(key: number, first: number, count: number): ReturnType<Store['recordTiles']> {
    return this.#read('recordTiles', [key, first, count]);
  }
  sealedBlocks(
    key: number,
    section: SealedSection,
    after: number,
    limit: number,
    wants: Parameters<Store['sealedBlocks']>[4],
  ): ReturnType<Store['sealedBlocks']> {
    return this.#read('sealedBlocks', [key, section, after, limit, wants]);
  }
  blockDrops(key: number, section: SealedSection, place: number): ReturnType<Store['blockDrops']> {
    return this.#read('blockDrops', [key, section, place]);
  }
  blockPlaces(key: number, section: SealedSection): ReturnType<Store['blockPlaces']> {
    return this.#read('blockPlaces', [key, section]);
  }
  sealedHashes(index: number, section: SealedSection): ReturnType<Store['sealedHashes']> {
    return this.#read('sealedHashes', [index, section]);
  }
  contradictions(key?: number, dropped?: readonly PayloadParts[]): ReturnType<Store['contradictions']> {
    return this.#read('contradictions', [key, dropped]);
  }
  document(key: number | null, name: string): ReturnType<Store['document']> {
    return this.#read('document', [key, name]);
  }
  documents(key: number | null, prefix?: string): ReturnType<Store['documents']> {
    return this.#read('documents', [key, prefix]);
  }
  searchDrops(query: DropSearch): ReturnType<Store['searchDrops']> {
    return this.#read('searchDrops', [query]);
  }

  drained(bytes: number): Promise<void> {
    if (this.#isBelow(bytes)) return Promise.resolve();
    return new Promise((resolve) => this.#drains.add({ below: bytes, resolve }));
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    if (this.#dead !== undefined) return;
    const gone = new Promise<void>((resolve) => this.#line.once(endOf(this.#line), () => resolve()));
    const answered = this.#request('close', [], 0, []);
    this.#dead = closedStore(this.file);
    try {
      await answered;
    } finally {
      await gone;
    }
  }

  #write<T>(op: WriteName, args: readonly unknown[]): Promise<T> {
    return this.#send(op, () => ({ value: args, transfer: [], sizeBytes: sizeOf(args) }));
  }

  async #send<T>(op: WriteName, pack: () => Packet): Promise<T> {
    const { value, transfer, sizeBytes } = pack();
    // At least one, so that `drained` waits also for what has no content.
    return this.#request(op, value as readonly unknown[], Math.max(1, sizeBytes), transfer);
  }

  #read<T>(op: ReadName, args: readonly unknown[]): Promise<T> {
    return this.#request(op, args, 0, []);
  }

  #request<T>(
    op: Request['op'],
    args: readonly unknown[],
    sizeBytes: number,
    transfer: readonly ArrayBuffer[],
  ): Promise<T> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      this.#line.postMessage({ id, op, args } satisfies Request, [...transfer]);
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, sizeBytes });
      this.#pendingBytes += sizeBytes;
    });
  }

  #take(answer: Answer): void {
    if (answer.kind === 'problem') this.#onProblem?.(fromWire(answer.error));
    if (answer.kind !== 'answers') return;
    for (const { id, value } of answer.done) this.#settle(id)?.resolve(value);
    for (const { id, error } of answer.failed) this.#settle(id)?.reject(fromWire(error));
    this.#wakeDrains();
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.#pendingBytes -= waiting?.sizeBytes ?? 0;
    return waiting;
  }

  #die(error: WeirError): void {
    const wasAlive = this.#dead === undefined;
    this.#dead ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#pendingBytes = 0;
    this.#wakeDrains();
    if (wasAlive) this.#onProblem?.(error);
  }

  #isBelow(bytes: number): boolean {
    return this.#pendingBytes < bytes || this.#pendingBytes === 0;
  }

  #wakeDrains(): void {
    for (const drain of this.#drains) {
      if (!this.#isBelow(drain.below)) continue;
      this.#drains.delete(drain);
      drain.resolve();
    }
  }
}
