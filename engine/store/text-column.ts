/**
 * Columns of texts. On the way to the store they are UTF-8 bytes and n+1 offsets (`TextColumn`); on disk they are
 *
 *   deflate( Uint32 length of row 0 | ... | Uint32 length of row n-1 | bytes of row 0 | ... | bytes of row n-1 )
 *
 * and nothing at all where every text is empty.
 */
import { isAscii } from 'node:buffer';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { TextColumn } from './contract.ts';

const EMPTY = Buffer.alloc(0);

/** Makes a column of JavaScript strings. */
export function textColumn(texts: readonly string[]): TextColumn {
  const offsets = new Uint32Array(texts.length + 1);
  let total = 0;
  for (let i = 0; i < texts.length; i++) {
    total += Buffer.byteLength(texts[i] ?? '');
    offsets[i + 1] = total;
  }
  const bytes = new Uint8Array(total);
  const buffer = Buffer.from(bytes.buffer);
  for (let i = 0; i < texts.length; i++) buffer.write(texts[i] ?? '', offsets[i] ?? 0);
  return { bytes, offsets };
}

/** The text of one row. */
export function textAt(column: TextColumn, index: number): string {
  const { bytes, offsets } = column;
  const from = offsets[index] ?? 0;
  const to = offsets[index + 1] ?? from;
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}

/** All texts of a column: one decoding and cheap slices of it where all of it is ASCII, as nearly always. */
export function allTexts(column: TextColumn): string[] {
  const count = textCount(column);
  const texts = new Array<string>(count);
  const { bytes, offsets } = column;
  if (!isAscii(bytes)) {
    for (let i = 0; i < count; i++) texts[i] = textAt(column, i);
    return texts;
  }
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  for (let i = 0; i < count; i++) texts[i] = whole.slice(offsets[i], offsets[i + 1]);
  return texts;
}

/** The number of rows of a column. */
export function textCount(column: TextColumn): number {
  return Math.max(0, column.offsets.length - 1);
}

/** Packs rows [from, to) for the disk. */
export function packTexts(column: TextColumn, from: number, to: number): Buffer {
  const { bytes, offsets } = column;
  const start = offsets[from] ?? 0;
  const end = offsets[to] ?? start;
  if (start === end) return EMPTY;
  const count = to - from;
  const packed = new Uint8Array(count * 4 + end - start);
  const lengths = new Uint32Array(packed.buffer, 0, count);
  for (let i = 0; i < count; i++) lengths[i] = (offsets[from + i + 1] ?? 0) - (offsets[from + i] ?? 0);
  packed.set(bytes.subarray(start, end), count * 4);
  return deflateRawSync(packed, { level: 1 });
}

/** Reads what `packTexts` wrote. */
export function unpackTexts(packed: Uint8Array, count: number): TextColumn {
  const offsets = new Uint32Array(count + 1);
  if (packed.length === 0) return { bytes: EMPTY, offsets };
  const plain = inflateRawSync(packed);
  let total = 0;
  for (let i = 0; i < count; i++) {
    total += plain.readUInt32LE(i * 4);
    offsets[i + 1] = total;
  }
  return { bytes: plain.subarray(count * 4), offsets };
}

/** FNV-1a of one row's bytes: what `dropByUid` looks for before it reads any text. */
export function hashRow(column: TextColumn, index: number): number {
  return hashBytes(column.bytes, column.offsets[index] ?? 0, column.offsets[index + 1] ?? 0);
}

export function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash >>> 0;
}
