/** Asking for outcomes: of a drop, and of a content ("what made this file?"). */
import type { DropOutcome, Store } from './contract.ts';
import type { Database } from './database.ts';
import { getOrMake, type DropColumns } from './drop-columns.ts';
import { firstOf } from './event-blocks.ts';
import { outcomeId, rowOfOutcome, sessionOfOutcome, uint32s, HASH_BYTES } from './layout.ts';
import { OutcomeReader } from './outcome-columns.ts';

type WhoMade = Awaited<ReturnType<Store['whoMade']>>;

interface BlockRow {
  readonly rows: Buffer;
  readonly hashes: Buffer;
  readonly data: Buffer;
}

/** Content hashes of a block with their rows; zeros where a row has none. */
export interface HashBlock {
  readonly rows: Uint32Array;
  readonly hashes: Buffer;
}

const REMOVED = 'The content was removed by a retention rule; its hash is kept.';

export class Outcomes {
  readonly #db: Database;
  readonly #columns: DropColumns;

  constructor(db: Database, columns: DropColumns) {
    this.#db = db;
    this.#columns = columns;
  }

  /** The latest outcome of a drop, with its content. */
  outcome(key: number, row: number): DropOutcome | undefined {
    // The latest block that spans the row may not have it; blocks before it may.
    const blocks = this.#db
      .prepare<[number, number, number], BlockRow>(
        `SELECT rows, hashes, data FROM outcome_block INDEXED BY outcome_block_by_row
         WHERE session = ? AND min_row <= ? AND max_row >= ? ORDER BY seq DESC`,
      )
      .all(key, row, row);
    for (const block of blocks) {
      const rows = uint32s(block.rows);
      const index = firstOf(rows, row);
      if (index < 0) continue;
      const { outcome, hasContent } = new OutcomeReader(rows, block.hashes, block.data).at(index);
      return hasContent ? this.#withContent(key, outcome) : outcome;
    }
    return undefined;
  }

  #withContent(key: number, outcome: DropOutcome): DropOutcome {
    const content = this.#db
      .prepare<[number], Buffer>('SELECT data FROM content WHERE id = ?')
      .pluck()
      .get(outcomeId(key, outcome.row));
    return content === undefined
      ? { ...outcome, reason: outcome.reason ?? REMOVED }
      : { ...outcome, content };
  }

  /** Drops whose outcome has this content hash (hex), in the order of sessions and rows. */
  whoMade(contentHash: string): WhoMade {
    const name = this.#db.prepare<[number], string>('SELECT session_id FROM session WHERE key = ?').pluck();
    return [...this.rowsWithHash(contentHash)].flatMap(([key, rows]) => {
      const sessionId = name.get(key) ?? '';
      return this.#columns
        .drops(key, Uint32Array.from(rows))
        .map((drop) => ({ sessionId, uid: drop.uid, name: drop.name, finishedAt: drop.finishedAt }));
    });
  }

  /** Rows by session whose outcome has this content hash (hex), both ascending. */
  rowsWithHash(contentHash: string): ReadonlyMap<number, readonly number[]> {
    const found = new Map<number, number[]>();
    const hash = Buffer.from(contentHash, 'hex');
    if (hash.length !== HASH_BYTES) return found;
    const ids = new Set(
      this.#db.prepare<[Buffer], number>('SELECT id FROM content_index WHERE hash = ?').pluck().all(hash),
    );
    const waiting = this.#db
      .prepare<[], number>('SELECT key FROM session WHERE hashes_wait = 1')
      .pluck()
      .all();
    for (const key of waiting) for (const row of this.#waitingRows(key, hash)) ids.add(outcomeId(key, row));
    const wanted = hash.toString('hex');
    for (const id of [...ids].sort((a, b) => a - b)) {
      const [key, row] = [sessionOfOutcome(id), rowOfOutcome(id)];
      // The outcome may have been recorded again with another content, or its session deleted.
      if (this.#latestHash(key, row) === wanted) getOrMake(found, key, () => []).push(row);
    }
    return found;
  }

  #latestHash(key: number, row: number): string | null {
    const blocks = this.#db
      .prepare<[number, number, number], HashRow>(
        `SELECT rows, hashes FROM outcome_block INDEXED BY outcome_block_by_row
         WHERE session = ? AND min_row <= ? AND max_row >= ? ORDER BY seq DESC`,
      )
      .all(key, row, row);
    for (const block of blocks) {
      const index = firstOf(uint32s(block.rows), row);
      if (index >= 0) return block.hashes.toString('hex', index * HASH_BYTES, (index + 1) * HASH_BYTES);
    }
    return null;
  }

  *#waitingRows(key: number, hash: Buffer): Generator<number> {
    for (const { rows, hashes } of hashBlocks(this.#db, key)) {
      for (let at = hashes.indexOf(hash); at >= 0; at = hashes.indexOf(hash, at + 1)) {
        if (at % HASH_BYTES === 0) yield rows[at / HASH_BYTES] ?? 0;
      }
    }
  }
}

interface HashRow {
  readonly rows: Buffer;
  readonly hashes: Buffer;
}

/** The content hashes of a session, block by block. */
export function* hashBlocks(db: Database, key: number): Generator<HashBlock> {
  const numbers = db
    .prepare<[number], number>('SELECT seq FROM outcome_block WHERE session = ? ORDER BY seq')
    .pluck()
    .all(key);
  const select = db.prepare<[number, number], HashRow>(
    'SELECT rows, hashes FROM outcome_block WHERE session = ? AND seq = ?',
  );
  for (const seq of numbers) {
    const block = select.get(key, seq);
    if (block !== undefined) yield { rows: uint32s(block.rows), hashes: block.hashes };
  }
}

const NONE = Buffer.alloc(HASH_BYTES);

/** All content hashes of a session with their rows, in the order of the hashes. */
export function sortedHashes(db: Database, key: number): { readonly hash: Buffer; readonly row: number }[] {
  const all: { readonly hash: Buffer; readonly row: number; readonly high: number }[] = [];
  for (const { rows, hashes } of hashBlocks(db, key)) {
    for (let i = 0; i < rows.length; i++) {
      const hash = hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
      // 48 bits are order enough: this is for the speed of the index, not for its truth.
      if (!hash.equals(NONE)) all.push({ hash, row: rows[i] ?? 0, high: hash.readUIntBE(0, 6) });
    }
  }
  return all.sort((a, b) => a.high - b.high);
}
