/** Reading the columns of drops back, whole or block by block. */
import type { StoredDrop, TextColumn } from './contract.ts';
import type { Database } from './database.ts';
import { BLOCK_MASK, BLOCK_SHIFT, float64s, NO_EXEC, ROWS_PER_BLOCK, uint16s, uint32s } from './layout.ts';
import { SELECT_STATE_BLOCK, type StateBlockRow } from './live-session.ts';
import { hashBytes, textAt, unpackTexts } from './text-column.ts';
import { rowsOfHash } from './uid-tiles.ts';

export type TextName = 'uid' | 'name' | 'lg_key';
export type FloatName = 'started_at' | 'finished_at' | 'size_bytes';

interface BlockHead {
  readonly first_row: number;
  readonly count: number;
}
interface DropBlockRow extends BlockHead {
  readonly kind: Buffer;
  readonly class_id: Buffer;
  readonly classes: string;
  readonly name: Buffer;
  readonly lg_key: Buffer;
  readonly uid: Buffer;
}

/** A block of texts with the row of its first. */
export interface TextBlock {
  readonly firstRow: number;
  readonly count: number;
  readonly texts: TextColumn;
}

/** A block as it is needed to show its drops. */
interface OpenBlock {
  readonly firstRow: number;
  readonly end: number;
  readonly kind: Uint8Array;
  readonly classId: Uint16Array;
  readonly classes: readonly string[];
  readonly name: TextColumn;
  readonly lgKey: TextColumn;
  readonly uid: TextColumn;
}

const COVERING_BLOCK = `
  SELECT first_row, count, kind, class_id, classes, name, lg_key, uid FROM drop_block
  WHERE session = ? AND first_row <= ? ORDER BY first_row DESC LIMIT 1`;

export class DropColumns {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The drops of these rows, in this order. */
  drops(key: number, rows: Uint32Array): StoredDrop[] {
    const select = this.#db.prepare<[number, number], DropBlockRow>(COVERING_BLOCK);
    const selectStates = this.#db.prepare<[number, number], StateBlockRow>(SELECT_STATE_BLOCK);
    const blocks = new Map<number, OpenBlock[]>();
    const states = new Map<number, OpenStates>();
    const found: StoredDrop[] = [];
    for (const row of rows) {
      const number = row >> BLOCK_SHIFT;
      const siblings = getOrMake(blocks, number, () => []);
      let block = siblings.find((b) => row >= b.firstRow && row < b.end);
      if (block === undefined) {
        const stored = select.get(key, row);
        if (stored === undefined) continue;
        block = openBlock(stored);
        siblings.push(block);
      }
      const state = getOrMake(states, number, () => openStates(selectStates.get(key, number)));
      found.push(dropOf(block, state, row));
    }
    return found;
  }

  /** The texts of one column, block by block, in the order of rows. */
  *texts(key: number, column: TextName): Generator<TextBlock> {
    const rows = this.#db
      .prepare<[number], BlockHead & { readonly packed: Buffer }>(
        `SELECT first_row, count, ${column} AS packed FROM drop_block WHERE session = ? ORDER BY first_row`,
      )
      .all(key);
    for (const { first_row: firstRow, count, packed } of rows) {
      yield { firstRow, count, texts: unpackTexts(packed, count) };
    }
  }

  /** 0 data, 1 application, by row. */
  kinds(key: number, rowCount: number): Uint8Array {
    const kinds = new Uint8Array(rowCount);
    const blocks = this.#db
      .prepare<[number], { readonly first_row: number; readonly kind: Buffer }>(
        'SELECT first_row, kind FROM drop_block WHERE session = ? ORDER BY first_row',
      )
      .iterate(key);
    for (const block of blocks) kinds.set(block.kind, block.first_row);
    return kinds;
  }

  /** Class of every row as an index into `classes`, which is in alphabetical order. */
  classes(key: number, rowCount: number): { readonly classes: readonly string[]; readonly ids: Uint16Array } {
    const blocks = this.#db
      .prepare<[number], { readonly first_row: number; readonly class_id: Buffer; readonly classes: string }>(
        'SELECT first_row, class_id, classes FROM drop_block WHERE session = ? ORDER BY first_row',
      )
      .all(key);
    const lists = new Map<string, readonly string[]>();
    for (const block of blocks) getOrMake(lists, block.classes, () => JSON.parse(block.classes) as string[]);
    const classes = [...new Set([...lists.values()].flat())].sort();
    const places = new Map(classes.map((name, index) => [name, index]));
    const ids = new Uint16Array(rowCount);
    for (const block of blocks) {
      const map = (lists.get(block.classes) ?? []).map((name) => places.get(name) ?? 0);
      const local = uint16s(block.class_id);
      for (let i = 0; i < local.length; i++) ids[block.first_row + i] = map[local[i] ?? 0] ?? 0;
    }
    return { classes, ids };
  }

  /** Status and execution state of every row. */
  states(key: number, rowCount: number): { readonly status: Uint8Array; readonly exec: Uint8Array } {
    const status = new Uint8Array(rowCount);
    const exec = new Uint8Array(rowCount);
    const blocks = this.#db
      .prepare<[number], { readonly block: number; readonly status: Buffer; readonly exec: Buffer }>(
        'SELECT block, status, exec FROM state_block WHERE session = ? ORDER BY block',
      )
      .iterate(key);
    for (const block of blocks) {
      status.set(block.status, block.block * ROWS_PER_BLOCK);
      exec.set(block.exec, block.block * ROWS_PER_BLOCK);
    }
    return { status, exec };
  }

  /** A column of numbers by row; NaN where unknown. */
  floats(key: number, rowCount: number, column: FloatName): Float64Array {
    const values = new Float64Array(rowCount).fill(Number.NaN);
    const blocks = this.#db
      .prepare<[number], { readonly block: number; readonly bytes: Buffer }>(
        `SELECT block, ${column} AS bytes FROM state_block WHERE session = ? AND ${column} IS NOT NULL ORDER BY block`,
      )
      .iterate(key);
    for (const { block, bytes } of blocks) values.set(float64s(bytes), block * ROWS_PER_BLOCK);
    return values;
  }

  /**
   * The row with this uid: by the tiles of a large session, else by looking through hashes (4 bytes a drop). Reads only
   * the blocks that may have it.
   */
  rowOfUid(key: number, uid: string): number | undefined {
    const wanted = Buffer.from(uid);
    const hash = hashBytes(wanted, 0, wanted.length);
    const candidates = rowsOfHash(this.#db, key, hash);
    if (candidates !== undefined) return candidates.find((row) => this.#uidAt(key, row) === uid);
    const select = this.#db
      .prepare<[number, number], Buffer>('SELECT uid FROM drop_block WHERE session = ? AND first_row = ?')
      .pluck();
    const blocks = this.#db
      .prepare<[number], BlockHead & { readonly uid_hash: Buffer }>(
        'SELECT first_row, count, uid_hash FROM drop_block WHERE session = ? ORDER BY first_row',
      )
      .all(key);
    for (const block of blocks) {
      const hashes = uint32s(block.uid_hash);
      for (let at = hashes.indexOf(hash); at >= 0; at = hashes.indexOf(hash, at + 1)) {
        const packed = select.get(key, block.first_row);
        if (packed !== undefined && textAt(unpackTexts(packed, block.count), at) === uid)
          return block.first_row + at;
      }
    }
    return undefined;
  }

  #uidAt(key: number, row: number): string | undefined {
    const block = this.#db
      .prepare<[number, number], BlockHead & { readonly uid: Buffer }>(
        `SELECT first_row, count, uid FROM drop_block
         WHERE session = ? AND first_row <= ? ORDER BY first_row DESC LIMIT 1`,
      )
      .get(key, row);
    if (block === undefined || row >= block.first_row + block.count) return undefined;
    return textAt(unpackTexts(block.uid, block.count), row - block.first_row);
  }
}

interface OpenStates {
  readonly status: Uint8Array;
  readonly exec: Uint8Array;
  readonly startedAt: Float64Array | null;
  readonly finishedAt: Float64Array | null;
  readonly sizeBytes: Float64Array | null;
}

function openStates(row: StateBlockRow | undefined): OpenStates {
  const floats = (bytes: Buffer | null | undefined) => (bytes ? float64s(bytes) : null);
  return {
    status: row?.status ?? new Uint8Array(0),
    exec: row?.exec ?? new Uint8Array(0),
    startedAt: floats(row?.started_at),
    finishedAt: floats(row?.finished_at),
    sizeBytes: floats(row?.size_bytes),
  };
}

function openBlock(row: DropBlockRow): OpenBlock {
  return {
    firstRow: row.first_row,
    end: row.first_row + row.count,
    kind: row.kind,
    classId: uint16s(row.class_id),
    classes: JSON.parse(row.classes) as string[],
    name: unpackTexts(row.name, row.count),
    lgKey: unpackTexts(row.lg_key, row.count),
    uid: unpackTexts(row.uid, row.count),
  };
}

function dropOf(block: OpenBlock, states: OpenStates, row: number): StoredDrop {
  const at = row - block.firstRow;
  const stateAt = row & BLOCK_MASK;
  return {
    row,
    uid: textAt(block.uid, at),
    name: textAt(block.name, at),
    kind: block.kind[at] === 1 ? 1 : 0,
    dropclass: block.classes[block.classId[at] ?? 0] ?? '',
    lgKey: textAt(block.lgKey, at),
    status: states.status[stateAt] ?? 0,
    exec: states.exec[stateAt] ?? NO_EXEC,
    startedAt: known(states.startedAt?.[stateAt]),
    finishedAt: known(states.finishedAt?.[stateAt]),
    sizeBytes: known(states.sizeBytes?.[stateAt]),
  };
}

function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

export function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
