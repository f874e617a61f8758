/**
 * Finding one drop among a million by its uid while reading a few KiB: pairs of uid hash and row, sorted by hash, some
 * thousand to a row of uid_tile. Drops of one hash are in one tile. Made when a session is sealed; smaller sessions are
 * looked through block by block.
 */
import type { Database } from './database.ts';
import { blob, uint32s } from './layout.ts';

const DROPS_PER_TILE = 4096;
/** Sessions up to this many drops have no tiles: their hashes are read in a few milliseconds. */
const FEW_DROPS = 16_384;
/** Hash and row in one double, which keeps rows of 20 bits exact. */
const ROWS_IN_DOUBLE = 2 ** 20;

/** Makes the tiles of a session, in the place of those it has. */
export function writeUidTiles(db: Database, key: number, rowCount: number): void {
  db.prepare('DELETE FROM uid_tile WHERE session = ?').run(key);
  if (rowCount <= FEW_DROPS) return;
  const { hashes, rows } = sortedUids(db, key, rowCount);
  const insert = db.prepare('INSERT INTO uid_tile (session, first_hash, hashes, rows) VALUES (?, ?, ?, ?)');
  for (let from = 0; from < rowCount;) {
    let end = Math.min(rowCount, from + DROPS_PER_TILE);
    while (end < rowCount && hashes[end] === hashes[end - 1]) end++;
    insert.run(key, hashes[from], blob(hashes.subarray(from, end)), blob(rows.subarray(from, end)));
    from = end;
  }
}

function sortedUids(
  db: Database,
  key: number,
  rowCount: number,
): { readonly hashes: Uint32Array; readonly rows: Uint32Array } {
  const all = new Uint32Array(rowCount);
  const blocks = db
    .prepare<[number], { readonly first_row: number; readonly uid_hash: Buffer }>(
      'SELECT first_row, uid_hash FROM drop_block WHERE session = ? ORDER BY first_row',
    )
    .iterate(key);
  for (const { first_row: first, uid_hash: hashes } of blocks) all.set(uint32s(hashes), first);
  return sortByHash(all, rowCount > ROWS_IN_DOUBLE);
}

/** Rows in the order of their hashes, equal ones by row. `isWide`: there are too many rows for the faster way. */
export function sortByHash(
  all: Uint32Array,
  isWide: boolean,
): { readonly hashes: Uint32Array; readonly rows: Uint32Array } {
  if (isWide) return sortedByPairs(all);
  const rowCount = all.length;
  const pairs = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) pairs[row] = (all[row] ?? 0) * ROWS_IN_DOUBLE + row;
  pairs.sort();
  return {
    hashes: Uint32Array.from(pairs, (pair) => Math.floor(pair / ROWS_IN_DOUBLE)),
    rows: Uint32Array.from(pairs, (pair) => pair % ROWS_IN_DOUBLE),
  };
}

function sortedByPairs(all: Uint32Array): { readonly hashes: Uint32Array; readonly rows: Uint32Array } {
  const pairs = new BigUint64Array(all.length);
  const halves = new Uint32Array(pairs.buffer);
  // Little-endian, as every platform Weir runs on and the store's format.
  for (let row = 0; row < all.length; row++) {
    halves[2 * row] = row;
    halves[2 * row + 1] = all[row] ?? 0;
  }
  pairs.sort();
  return {
    hashes: Uint32Array.from(all, (_, i) => halves[2 * i + 1] ?? 0),
    rows: Uint32Array.from(all, (_, i) => halves[2 * i] ?? 0),
  };
}

/** Rows whose uid has this hash; undefined where the session has no tiles. */
export function rowsOfHash(db: Database, key: number, hash: number): number[] | undefined {
  const tile = db
    .prepare<[number, number], { readonly hashes: Buffer; readonly rows: Buffer }>(
      `SELECT hashes, rows FROM uid_tile WHERE session = ? AND first_hash <= ?
       ORDER BY first_hash DESC LIMIT 1`,
    )
    .get(key, hash);
  if (tile === undefined)
    return db.prepare('SELECT 1 FROM uid_tile WHERE session = ? LIMIT 1').get(key) === undefined
      ? undefined
      : [];
  const [hashes, rows] = [uint32s(tile.hashes), uint32s(tile.rows)];
  const found: number[] = [];
  for (let at = hashes.indexOf(hash); at >= 0 && hashes[at] === hash; at++) found.push(rows[at] ?? 0);
  return found;
}
