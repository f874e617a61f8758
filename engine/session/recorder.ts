/**
 * Collects what happens in a session and hands it on in batches: to the store, and to whoever watches. A batch leaves
 * when it is large enough or FLUSH_MS after its first entry; nothing polls. When the store falls behind, the session
 * is told to hold its breath (`isCongested`).
 */
import {
  NO_EXEC,
  type DropOutcome,
  type StateBatch,
  type Store,
  type StoredError,
  type StoredLog,
} from '../store/index.ts';
import type { DropTable } from '../drops/index.ts';
import type { Slices } from './slices.ts';

const FLUSH_MS = 50;
const MAX_EVENTS = 8192;
const ROWS_AT_ONCE = 65_536;
/** Above this many bytes on their way to the store the run waits for it. */
export const CONGESTED_BYTES = 64 * 2 ** 20;

/** What watchers are told: rows that moved (their latest state is in the table), errors and logs that came. */
export interface SessionDelta {
  readonly rows: Uint32Array;
  readonly errors: readonly StoredError[];
  readonly logs: readonly StoredLog[];
}

export class Recorder {
  readonly #store: Store;
  readonly #key: number;
  readonly #table: DropTable;
  readonly #onDelta: (delta: SessionDelta) => void;
  readonly #onProblem: (error: unknown) => void;
  readonly startedAt: Float64Array;
  readonly finishedAt: Float64Array;
  readonly #isDirty: Uint8Array;
  #dirty: Uint32Array;
  #dirtyCount = 0;
  #eventRows = new Uint32Array(MAX_EVENTS);
  #eventKinds = new Uint8Array(MAX_EVENTS);
  #eventValues = new Uint8Array(MAX_EVENTS);
  #eventTimes = new Float64Array(MAX_EVENTS);
  #eventCount = 0;
  #errors: StoredError[] = [];
  #logs: StoredLog[] = [];
  #outcomes: DropOutcome[] = [];
  #outcomeBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: {
    readonly store: Store;
    readonly key: number;
    readonly table: DropTable;
    readonly onDelta: (delta: SessionDelta) => void;
    readonly onProblem: (error: unknown) => void;
  }) {
    this.#store = options.store;
    this.#key = options.key;
    this.#table = options.table;
    this.#onDelta = options.onDelta;
    this.#onProblem = options.onProblem;
    const rows = options.table.size;
    this.startedAt = new Float64Array(rows);
    this.finishedAt = new Float64Array(rows);
    this.#isDirty = new Uint8Array(rows);
    this.#dirty = new Uint32Array(Math.min(rows, 1024) || 1);
  }

  /** Notes that nothing has begun yet. To be called before anything is recorded; gives the thread back now and then. */
  async prepare(slices: Slices): Promise<void> {
    for (let from = 0; from < this.startedAt.length; from += ROWS_AT_ONCE) {
      this.startedAt.fill(NaN, from, from + ROWS_AT_ONCE);
      this.finishedAt.fill(NaN, from, from + ROWS_AT_ONCE);
      if (slices.isOver) await slices.pause();
    }
  }

  get isCongested(): boolean {
    return this.#store.pendingBytes > CONGESTED_BYTES;
  }

  /** Resolves when the store has caught up. */
  relieved(): Promise<void> {
    return this.#store.drained(CONGESTED_BYTES / 2);
  }

  event(row: number, kind: number, value: number, at: number): void {
    if (this.#isClosed) return;
    const n = this.#eventCount++;
    this.#eventRows[n] = row;
    this.#eventKinds[n] = kind;
    this.#eventValues[n] = value;
    this.#eventTimes[n] = at;
    if (kind <= 1 && this.#isDirty[row] === 0) this.#markDirty(row);
    if (this.#eventCount === MAX_EVENTS) this.flush();
    else this.#arm();
  }

  #markDirty(row: number): void {
    this.#isDirty[row] = 1;
    if (this.#dirtyCount === this.#dirty.length) {
      const next = new Uint32Array(this.#dirty.length * 2);
      next.set(this.#dirty);
      this.#dirty = next;
    }
    this.#dirty[this.#dirtyCount++] = row;
  }

  error(error: StoredError): void {
    this.#errors.push(error);
    this.#arm();
  }

  log(entry: StoredLog): void {
    this.#logs.push(entry);
    this.#arm();
  }

  outcome(outcome: DropOutcome): void {
    this.#outcomes.push(outcome);
    this.#outcomeBytes += outcome.content?.length ?? 0;
    if (this.#outcomeBytes > 2 ** 20 || this.#outcomes.length > 4096) this.flush();
    else this.#arm();
  }

  #arm(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  /** Sends what there is. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isClosed) return;
    const delta: SessionDelta = {
      rows: this.#dirty.slice(0, this.#dirtyCount),
      errors: this.#errors,
      logs: this.#logs,
    };
    const writes = this.#takeBatches(delta);
    if (writes.length === 0) return;
    Promise.all(writes).catch(this.#onProblem);
    this.#onDelta(delta);
  }

  #takeBatches(delta: SessionDelta): Promise<void>[] {
    const writes: Promise<void>[] = [];
    if (delta.rows.length > 0) writes.push(this.#store.recordStates(this.#key, this.#states(delta.rows)));
    if (this.#eventCount > 0) writes.push(this.#store.recordEvents(this.#key, this.#takeEvents()));
    if (delta.errors.length > 0) writes.push(this.#store.recordErrors(this.#key, delta.errors));
    if (delta.logs.length > 0) writes.push(this.#store.recordLogs(this.#key, delta.logs));
    if (this.#outcomes.length > 0) writes.push(this.#store.recordOutcomes(this.#key, this.#outcomes));
    for (const row of delta.rows) this.#isDirty[row] = 0;
    this.#dirtyCount = 0;
    this.#errors = [];
    this.#logs = [];
    this.#outcomes = [];
    this.#outcomeBytes = 0;
    return writes;
  }

  #states(rows: Uint32Array): StateBatch {
    const n = rows.length;
    const batch = {
      rows: rows.slice(),
      status: new Uint8Array(n),
      exec: new Uint8Array(n),
      startedAt: new Float64Array(n),
      finishedAt: new Float64Array(n),
      sizeBytes: new Float64Array(n),
    };
    for (let i = 0; i < n; i++) {
      const row = rows[i] as number;
      batch.status[i] = this.#table.status[row] as number;
      batch.exec[i] = this.#table.isApp(row) ? (this.#table.exec[row] as number) : NO_EXEC;
      batch.startedAt[i] = this.startedAt[row] as number;
      batch.finishedAt[i] = this.finishedAt[row] as number;
      batch.sizeBytes[i] = this.#table.instances[row]?.size ?? NaN;
    }
    return batch;
  }

  #takeEvents() {
    const n = this.#eventCount;
    this.#eventCount = 0;
    return {
      rows: this.#eventRows.slice(0, n),
      kind: this.#eventKinds.slice(0, n),
      value: this.#eventValues.slice(0, n),
      at: this.#eventTimes.slice(0, n),
    };
  }

  /** Sends the rest and resolves when all of it is durable. What comes later has no session any more to be recorded in. */
  async close(): Promise<void> {
    this.flush();
    this.#isClosed = true;
    await this.#store.flush();
  }
}
