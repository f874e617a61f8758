/** Reading what the ledger needs. */
import type { TextColumn } from './contract.ts';
import type { Database } from './database.ts';
import { HASHES_PER_TILE, outcomeId, uint32s, HASH_BYTES } from './layout.ts';
import type { PayloadParts, SealedBlocks, SealedSection, SealQuery, StoredSeal } from './ledger-contract.ts';
import { OutcomeReader } from './outcome-columns.ts';

const DEVICE = 0;
const SEAL_COLUMNS = `
  idx AS "index", session AS key, session_id AS sessionId, leaf_count AS leafCount, root, facts, seal,
  key_text AS keyText, sealed_at AS sealedAt, log_leaf AS logLeaf, log_range AS logRange,
  log_checkpoint AS logCheckpoint`;

/** Bytes of opened outcome blocks that are kept: reading records in order opens each block once. */
const KEPT_BYTES = 32 * 2 ** 20;

interface BlockRow {
  readonly rows: Buffer;
  readonly hashes: Buffer;
  readonly data: Buffer;
}

interface OpenBlock {
  readonly rows: Uint32Array;
  readonly reader: OutcomeReader;
}

export class LedgerReader {
  readonly #db: Database;
  readonly #kept = new Map<string, OpenBlock>();
  #keptBytes = 0;

  constructor(db: Database) {
    this.#db = db;
  }

  seals(query: SealQuery): StoredSeal[] {
    const ofSession = query.key === undefined ? '' : 'AND session = @key';
    return this.#db
      .prepare<[Record<string, number>], StoredSeal>(
        `SELECT ${SEAL_COLUMNS} FROM seal WHERE idx >= @from ${ofSession} ORDER BY idx LIMIT @limit`,
      )
      .all({
        from: query.from ?? 0,
        limit: query.limit ?? -1,
        ...(query.key === undefined ? {} : { key: query.key }),
      });
  }

  lastSeal(): StoredSeal | undefined {
    return this.#db
      .prepare<[], StoredSeal>(`SELECT ${SEAL_COLUMNS} FROM seal ORDER BY idx DESC LIMIT 1`)
      .get();
  }

  logLeaves(from: number, count: number): Uint8Array {
    const leaves = this.#db
      .prepare<[number, number], Buffer>('SELECT log_leaf FROM seal WHERE idx >= ? ORDER BY idx LIMIT ?')
      .pluck()
      .all(from, count);
    return new Uint8Array(Buffer.concat(leaves));
  }

  treeHashes(index: number, height: number, from: number, count: number): Uint8Array {
    const first = Math.floor(from / HASHES_PER_TILE);
    const last = Math.floor((from + count - 1) / HASHES_PER_TILE);
    const tiles = this.#db
      .prepare<[number, number, number, number], Buffer>(
        'SELECT hashes FROM tree_tile WHERE seal = ? AND height = ? AND tile BETWEEN ? AND ? ORDER BY tile',
      )
      .pluck()
      .all(index, height, first, last);
    const skip = (from - first * HASHES_PER_TILE) * HASH_BYTES;
    return new Uint8Array(Buffer.concat(tiles).subarray(skip, skip + count * HASH_BYTES));
  }

  sealedHashes(index: number, section: SealedSection): Omit<SealedBlocks, 'last'> {
    const tiles = this.#db
      .prepare<[number, string], { readonly hashes: Buffer; readonly checks: Buffer }>(
        'SELECT hashes, checks FROM sealed_tile WHERE seal = ? AND section = ? ORDER BY tile',
      )
      .all(index, section);
    const checks = Buffer.concat(tiles.map((tile) => tile.checks));
    return {
      hashes: new Uint8Array(Buffer.concat(tiles.map(({ hashes }) => hashes))),
      checks: new Uint32Array(uint32s(checks.subarray(0, Math.floor(checks.length / 4) * 4))),
    };
  }

  recordTiles(key: number, first: number, count: number): Uint8Array[] {
    const tiles = Array.from({ length: count }, () => new Uint8Array(0));
    const found = this.#db
      .prepare<[number, number, number], { readonly tile: number; readonly data: Buffer }>(
        'SELECT tile, data FROM record_tile WHERE session = ? AND tile >= ? AND tile < ?',
      )
      .all(key, first, first + count);
    for (const { tile, data } of found) tiles[tile - first] = new Uint8Array(data);
    return tiles;
  }

  records(key: number, firstRow: number, count: number): { rows: Uint32Array; records: TextColumn } {
    const end = firstRow + count;
    const numbers = this.#db
      .prepare<[number, number, number], number>(
        `SELECT seq FROM outcome_block INDEXED BY outcome_block_by_row
         WHERE session = ? AND min_row < ? AND max_row >= ? ORDER BY seq`,
      )
      .pluck()
      .all(key, end, firstRow);
    // Of several outcomes of a row the one in the latest block counts, also where it has no record.
    const latest = new Map<number, Uint8Array | null>();
    for (const seq of numbers) {
      const { rows, reader } = this.#open(key, seq);
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i] ?? 0;
        if (row >= firstRow && row < end) latest.set(row, reader.recordBytes(i));
      }
    }
    return joinRecords(latest);
  }

  #open(key: number, seq: number): OpenBlock {
    const id = `${key} ${seq}`;
    const known = this.#kept.get(id);
    if (known !== undefined) return known;
    const row = this.#db
      .prepare<[number, number], BlockRow>(
        'SELECT rows, hashes, data FROM outcome_block WHERE session = ? AND seq = ?',
      )
      .get(key, seq);
    const rows = uint32s(row?.rows ?? new Uint8Array(0));
    const opened = { rows, reader: new OutcomeReader(rows, row?.hashes, row?.data) };
    this.#kept.set(id, opened);
    this.#keptBytes += opened.reader.sizeBytes;
    for (const [oldest, block] of this.#kept) {
      if (this.#keptBytes <= KEPT_BYTES) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= block.reader.sizeBytes;
    }
    return opened;
  }

  /** Bytes of what retention may take from a session. */
  payloadBytes(key: number, parts: readonly PayloadParts[]): number {
    const total = (size: string, from: string, ...values: number[]): number =>
      this.#db
        .prepare<number[], number>(`SELECT total(${size}) FROM ${from}`)
        .pluck()
        .get(...values) ?? 0;
    const range = [outcomeId(key, 0), outcomeId(key + 1, 0)] as const;
    let bytes = 0;
    if (parts.includes('contents'))
      bytes += total('length(data)', 'content WHERE id >= ? AND id < ?', ...range);
    if (parts.includes('events'))
      bytes += total(
        'length(rows) + length(kind) + length(value) + length(at)',
        'event_block WHERE session = ?',
        key,
      );
    if (parts.includes('logs')) bytes += total('length(message) + 24', 'log WHERE session = ?', key);
    return bytes;
  }

  document(key: number | null, name: string): Uint8Array | undefined {
    return this.#db
      .prepare<[number, string], Buffer>('SELECT data FROM document WHERE session = ? AND name = ?')
      .pluck()
      .get(key ?? DEVICE, name);
  }

  documents(key: number | null, prefix = ''): string[] {
    return this.#db
      .prepare<[number, string], string>(
        'SELECT name FROM document WHERE session = ? AND instr(name, ?) = 1 ORDER BY name',
      )
      .pluck()
      .all(key ?? DEVICE, prefix);
  }
}

function joinRecords(latest: ReadonlyMap<number, Uint8Array | null>): {
  rows: Uint32Array;
  records: TextColumn;
} {
  const present = [...latest].filter((entry): entry is [number, Uint8Array] => entry[1] !== null);
  present.sort(([a], [b]) => a - b);
  const rows = Uint32Array.from(present, ([row]) => row);
  const offsets = new Uint32Array(present.length + 1);
  for (const [i, [, text]] of present.entries()) offsets[i + 1] = (offsets[i] ?? 0) + text.length;
  const bytes = new Uint8Array(offsets[present.length] ?? 0);
  for (const [i, [, text]] of present.entries()) bytes.set(text, offsets[i]);
  return { rows, records: { bytes, offsets } };
}
