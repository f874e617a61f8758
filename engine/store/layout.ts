/** Numbers of the disk format. They are part of it: a change needs a migration. */

/** Drops of a block of columns. */
export const ROWS_PER_BLOCK = 1024;
export const BLOCK_SHIFT = 10;
export const BLOCK_MASK = ROWS_PER_BLOCK - 1;

/** Events of a block at most. */
export const EVENTS_PER_BLOCK = 4096;

/** Bytes of a SHA-256. */
export const HASH_BYTES = 32;

/** Hashes of a row of tree_tile. */
export const HASHES_PER_TILE = 256;

/** Drops of a row of record_tile. */
export const RECORDS_PER_TILE = 256;

/** Blocks of a row of sealed_tile. */
export const BLOCKS_PER_TILE = 256;

/** `exec` of a data drop. */
export const NO_EXEC = 255;

/** Marks the file as Weir's ("WEIR" in ASCII), as `PRAGMA application_id`. */
export const APPLICATION_ID = 0x57454952;

const ROWS_PER_SESSION = 2 ** 31;

/** Key of an outcome: sessions up to 2^22 and rows up to 2^31 stay exact in a double. */
export function outcomeId(session: number, row: number): number {
  return session * ROWS_PER_SESSION + row;
}

export function sessionOfOutcome(id: number): number {
  return Math.floor(id / ROWS_PER_SESSION);
}

export function rowOfOutcome(id: number): number {
  return id % ROWS_PER_SESSION;
}

/** A typed array as SQLite binds it. */
export function blob(view: Uint8Array | Uint16Array | Uint32Array | Float64Array): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

/** A blob of numbers read back. Copies only where the bytes lie at an address the type cannot have. */
export function uint32s(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}

export function uint16s(bytes: Uint8Array): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
}

export function float64s(bytes: Uint8Array): Float64Array {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  return new Float64Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 8);
}
