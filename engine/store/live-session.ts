/**
 * What the store's thread holds in memory of a session that is being written: counters, blocks of states, events that
 * wait for the commit. It is a cache of the database plus what the open transaction has not written yet; after a
 * rollback it is thrown away.
 */
import { DROP_STATE_NAMES } from '../protocol/index.ts';
import type { DropBatch, EventBatch, StateBatch } from './contract.ts';
import type { Database } from './database.ts';
import { badBatch, unknownSession } from './errors.ts';
import { BLOCK_MASK, BLOCK_SHIFT, float64s, NO_EXEC, ROWS_PER_BLOCK } from './layout.ts';
import type { OutcomeColumns } from './outcome-columns.ts';

/** The states of up to ROWS_PER_BLOCK drops. A float column is null until one of its values is known. */
export interface StateBlock {
  readonly status: Uint8Array;
  readonly exec: Uint8Array;
  startedAt: Float64Array | null;
  finishedAt: Float64Array | null;
  sizeBytes: Float64Array | null;
}

export interface StateBlockRow {
  readonly block: number;
  readonly status: Buffer;
  readonly exec: Buffer;
  readonly started_at: Buffer | null;
  readonly finished_at: Buffer | null;
  readonly size_bytes: Buffer | null;
}

export const SELECT_STATE_BLOCK =
  'SELECT block, status, exec, started_at, finished_at, size_bytes FROM state_block WHERE session = ? AND block = ?';

interface SessionCounters {
  readonly row_count: number;
  readonly by_state: string;
  readonly error_count: number;
  readonly last_at: number | null;
}

export class LiveSession {
  readonly key: number;
  readonly counts = new Float64Array(256);
  readonly dirtyBlocks = new Set<number>();
  readonly waitingEvents: EventBatch[] = [];
  readonly waitingOutcomes: OutcomeColumns[] = [];
  rowCount: number;
  errorCount: number;
  /** The latest time anything said of this session: when it was last alive, should its process be killed. */
  lastAt: number;
  isDirty = false;
  /** Content hashes put into the index one by one so far; beyond a limit they wait for the end of the session. */
  indexedHashes = 0;
  readonly #blocks = new Map<number, StateBlock>();
  readonly #db: Database;

  /** Throws SESSION_UNKNOWN where the database has no such session. */
  constructor(db: Database, key: number) {
    const row = db
      .prepare<[number], SessionCounters>(
        'SELECT row_count, by_state, error_count, last_at FROM session WHERE key = ?',
      )
      .get(key);
    if (row === undefined) throw unknownSession(key);
    this.#db = db;
    this.key = key;
    this.rowCount = row.row_count;
    this.errorCount = row.error_count;
    this.lastAt = row.last_at ?? Number.NEGATIVE_INFINITY;
    const byState = JSON.parse(row.by_state) as Record<string, number>;
    for (const [name, count] of Object.entries(byState)) this.counts[stateNumber(name)] = count;
  }

  /** The block of states with this number. */
  block(number: number): StateBlock {
    const known = this.#blocks.get(number);
    if (known !== undefined) return known;
    const row = this.#db.prepare<[number, number], StateBlockRow>(SELECT_STATE_BLOCK).get(this.key, number);
    const block = row === undefined ? emptyBlock() : readBlock(row);
    this.#blocks.set(number, block);
    return block;
  }

  /** Counts new drops, all INITIALIZED; application drops NOT_RUN. The batch has been checked. */
  addRows(batch: DropBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const row = batch.firstRow + i;
      this.block(row >> BLOCK_SHIFT).exec[row & BLOCK_MASK] = batch.kind[i] === 1 ? 0 : NO_EXEC;
    }
    const lastBlock = (batch.firstRow + batch.count - 1) >> BLOCK_SHIFT;
    for (let number = batch.firstRow >> BLOCK_SHIFT; number <= lastBlock; number++)
      this.dirtyBlocks.add(number);
    this.counts[0] = (this.counts[0] ?? 0) + batch.count;
    this.rowCount += batch.count;
    this.isDirty = true;
  }

  /** Takes over new states. Throws before anything has changed where a row does not exist. */
  applyStates(batch: StateBatch): void {
    this.checkRows(batch.rows, 'recordStates');
    const { rows, status, exec, startedAt, finishedAt, sizeBytes } = batch;
    let number = -1;
    let block: StateBlock | undefined;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] ?? 0;
      if (block === undefined || row >> BLOCK_SHIFT !== number) {
        number = row >> BLOCK_SHIFT;
        block = this.block(number);
        this.dirtyBlocks.add(number);
      }
      const at = row & BLOCK_MASK;
      const before = block.status[at] ?? 0;
      const after = status[i] ?? 0;
      this.counts[before] = (this.counts[before] ?? 0) - 1;
      this.counts[after] = (this.counts[after] ?? 0) + 1;
      block.status[at] = after;
      block.exec[at] = exec[i] ?? NO_EXEC;
      const started = startedAt[i] ?? Number.NaN;
      const finished = finishedAt[i] ?? Number.NaN;
      const size = sizeBytes[i] ?? Number.NaN;
      if (!Number.isNaN(started)) (block.startedAt ??= unknowns())[at] = started;
      if (!Number.isNaN(finished)) (block.finishedAt ??= unknowns())[at] = finished;
      if (!Number.isNaN(size)) (block.sizeBytes ??= unknowns())[at] = size;
      if (started > this.lastAt) this.lastAt = started;
      if (finished > this.lastAt) this.lastAt = finished;
    }
    this.isDirty = true;
  }

  /** Throws where a row is beyond the drops of the session. */
  checkRows(rows: Uint32Array, what: string): void {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] ?? 0;
      if (row >= this.rowCount) {
        throw badBatch(
          `${what} names row ${row} of the session with key ${this.key}, which has ${this.rowCount} drops`,
          { key: this.key, row, rows: this.rowCount },
        );
      }
    }
  }

  touch(at: number): void {
    if (at > this.lastAt) this.lastAt = at;
    this.isDirty = true;
  }

  /** Drops per state name, states nobody is in left out. */
  byState(): Record<string, number> {
    const named: Record<string, number> = {};
    for (let state = 0; state < this.counts.length; state++) {
      const count = this.counts[state] ?? 0;
      if (count !== 0) named[stateName(state)] = count;
    }
    return named;
  }
}

/** The name of a drop state; a number nobody has named stays readable as itself. */
export function stateName(state: number): string {
  return DROP_STATE_NAMES[state] ?? String(state);
}

function stateNumber(name: string): number {
  const known = (DROP_STATE_NAMES as readonly string[]).indexOf(name);
  return known >= 0 ? known : Number(name);
}

function unknowns(): Float64Array {
  return new Float64Array(ROWS_PER_BLOCK).fill(Number.NaN);
}

function emptyBlock(): StateBlock {
  return {
    status: new Uint8Array(ROWS_PER_BLOCK),
    exec: new Uint8Array(ROWS_PER_BLOCK).fill(NO_EXEC),
    startedAt: null,
    finishedAt: null,
    sizeBytes: null,
  };
}

/** A block as stored holds only the rows there are; in memory it has room for all. */
function readBlock(row: StateBlockRow): StateBlock {
  const block = emptyBlock();
  block.status.set(row.status);
  block.exec.set(row.exec);
  block.startedAt = readFloats(row.started_at);
  block.finishedAt = readFloats(row.finished_at);
  block.sizeBytes = readFloats(row.size_bytes);
  return block;
}

function readFloats(bytes: Buffer | null): Float64Array | null {
  if (bytes === null) return null;
  const floats = unknowns();
  floats.set(float64s(bytes));
  return floats;
}
