/**
 * Check values that say where in a block something was altered, field and row, and take little room: the rows of a block
 * are laid out in a square, and of each field every line and every column of the square has a CRC-32. One altered value
 * differs in one line and one column, which cross in it. Sixteen values of 8 bytes for 64 rows, whatever they hold.
 *
 *     label = 2^31 | field << 24 | (column ? 2^23 : 0) | number of the line or column
 *
 * They prove nothing; the hash of the block does. They find what it was.
 */
import { crc32 } from 'node:zlib';

/** A field of all rows of a block: values of one width, or texts between offsets. */
export type Field =
  | { readonly bytes: Uint8Array; readonly width: number }
  | { readonly bytes: Uint8Array; readonly offsets: Uint32Array };

export type Check = readonly [label: number, check: number];

/** Labels from here on are places in a grid, those below are drops. */
export const GRID_LABELS = 2 ** 31;
const FIELD = 2 ** 24;
const COLUMN = 2 ** 23;

/** Length of a side of the square of so many rows. */
const sideOf = (count: number): number => Math.max(1, Math.ceil(Math.sqrt(count)));

/** The check values of a block of `count` rows. */
export function gridChecks(fields: readonly Field[], count: number): Check[] {
  const side = sideOf(count);
  const lines = Math.ceil(count / side);
  const checks: Check[] = [];
  for (const [number, field] of fields.entries()) {
    const label = GRID_LABELS + number * FIELD;
    for (let line = 0; line < lines; line++)
      checks.push([label + line, checkOfLine(field, line * side, Math.min(count, (line + 1) * side))]);
    if (count === 1) continue;
    for (let column = 0; column < side; column++)
      checks.push([label + COLUMN + column, checkOfColumn(field, column, side, count)]);
  }
  return checks;
}

function checkOfLine(field: Field, from: number, to: number): number {
  const { bytes } = field;
  if ('width' in field) return crc32(bytes.subarray(from * field.width, to * field.width));
  const { offsets } = field;
  const start = offsets[from] ?? 0;
  let lengths = 0;
  for (let i = from; i < to; i++) lengths = mix(lengths, (offsets[i + 1] ?? 0) - (offsets[i] ?? 0));
  return crc32(bytes.subarray(start, offsets[to]), lengths);
}

let scratch = new Uint8Array(2 ** 16);

function checkOfColumn(field: Field, column: number, side: number, count: number): number {
  const { bytes } = field;
  let end = 0;
  let lengths = 0;
  for (let row = column; row < count; row += side) {
    const from = 'width' in field ? row * field.width : (field.offsets[row] ?? 0);
    const to = 'width' in field ? from + field.width : (field.offsets[row + 1] ?? 0);
    const size = to - from;
    if (!('width' in field)) lengths = mix(lengths, size);
    if (end + size > scratch.length) {
      const larger = new Uint8Array(2 * (end + size));
      larger.set(scratch.subarray(0, end));
      scratch = larger;
    }
    if (size > 64) scratch.set(bytes.subarray(from, to), end);
    else for (let i = 0; i < size; i++) scratch[end + i] = bytes[from + i] ?? 0;
    end += size;
  }
  return crc32(scratch.subarray(0, end), lengths);
}

const mix = (sum: number, length: number): number => (Math.imul(sum, 31) + length + 1) >>> 0;

/** An altered value: the number of its field, and its row in the block. */
export interface GridPlace {
  readonly field: number;
  readonly index: number;
}

export interface GridDifference {
  readonly places: readonly GridPlace[];
  /** Several values of a field were altered, and not all places that lines and columns cross in need be among them. */
  readonly isAmbiguous: boolean;
}

/**
 * Where the check values of a block of `count` rows differ; undefined where that cannot be said: there are none, or the
 * block has another number of rows by now.
 */
export function gridDifference(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
  count: number,
): GridDifference | undefined {
  const side = sideOf(count);
  const crossing = new Map<number, { readonly lines: number[]; readonly columns: number[] }>();
  let isThere = false;
  for (const [label, check] of before) {
    if (label < GRID_LABELS) continue;
    isThere = true;
    if (!after.has(label)) return undefined;
    if (after.get(label) === check) continue;
    const field = Math.floor((label - GRID_LABELS) / FIELD);
    const found = crossing.get(field) ?? { lines: [], columns: [] };
    crossing.set(field, found);
    const within = label % FIELD;
    if (within >= COLUMN) found.columns.push(within - COLUMN);
    else found.lines.push(within);
  }
  for (const label of after.keys()) if (label >= GRID_LABELS && !before.has(label)) return undefined;
  if (!isThere) return undefined;
  const places: GridPlace[] = [];
  let isAmbiguous = false;
  for (const [field, { lines, columns }] of crossing) {
    const across = count === 1 ? [0] : columns;
    if (lines.length > 1 && across.length > 1) isAmbiguous = true;
    for (const line of lines)
      for (const column of across)
        if (line * side + column < count) places.push({ field, index: line * side + column });
  }
  return { places, isAmbiguous };
}
