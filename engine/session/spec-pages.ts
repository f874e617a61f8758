/** Stretches of a graph's text, to be sent to another thread. */
import type { PhysicalGraph } from '../graph/index.ts';
import type { DropBatch } from '../store/index.ts';

export interface OwnedSpecPage {
  readonly text: Uint8Array<ArrayBuffer>;
  readonly start: Uint32Array;
  readonly length: Uint32Array;
}

/** The specifications of rows [from, end), in an array of their own. */
export function specPage(graph: PhysicalGraph, from: number, end: number): OwnedSpecPage {
  const { specStart, specLength, text } = graph.columns;
  let [low, high] = [Infinity, 0];
  for (let row = from; row < end; row++) {
    low = Math.min(low, specStart[row] as number);
    high = Math.max(high, (specStart[row] as number) + (specLength[row] as number));
  }
  if (high === 0) low = 0;
  return {
    text: new Uint8Array(text.subarray(low, high)),
    start: specStart.slice(from, end).map((start) => start - low),
    length: specLength.slice(from, end),
  };
}

/** Rows from `first` on. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** A column of texts of a graph, copied end to end: of all rows, or of some. */
export function textColumn(
  graph: PhysicalGraph,
  starts: Uint32Array,
  lengths: Uint32Array,
  rows: RowRange = { first: 0, count: graph.count },
  fallback?: readonly [Uint32Array, Uint32Array],
): { bytes: Uint8Array<ArrayBuffer>; offsets: Uint32Array<ArrayBuffer> } {
  const { text } = graph.columns;
  const { first, count } = rows;
  const offsets = new Uint32Array(count + 1);
  const from = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const row = first + i;
    const isShort = fallback !== undefined && lengths[row] === 0;
    from[i] = isShort ? (fallback[0][row] as number) : (starts[row] as number);
    offsets[i + 1] =
      (offsets[i] as number) + (isShort ? (fallback[1][row] as number) : (lengths[row] as number));
  }
  const bytes = new Uint8Array(offsets[count] as number);
  for (let i = 0; i < count; i++)
    copyBytes(text, from[i] as number, bytes, offsets[i] as number, offsets[i + 1] as number);
  return { bytes, offsets };
}

/**
 * Byte by byte: for ids of some tens of bytes that is several times faster than `set` with a sub-array. A function of its own, so
 * that V8 compiles it after some calls and not anew in the middle of every column.
 */
function copyBytes(from: Uint8Array, at: number, into: Uint8Array, to: number, end: number): void {
  for (let i = to; i < end; i++) into[i] = from[at + i - to] as number;
}

function columnOf({ first, count }: RowRange, text: (row: number) => string) {
  const texts = Array.from({ length: count }, (_, i) => Buffer.from(text(first + i), 'utf8'));
  const offsets = new Uint32Array(count + 1);
  texts.forEach((bytes, i) => (offsets[i + 1] = (offsets[i] as number) + bytes.length));
  return { bytes: new Uint8Array(Buffer.concat(texts)), offsets };
}

/** The static columns of some drops of a graph, as the store takes them. */
export function dropBatch(graph: PhysicalGraph, rows: RowRange): DropBatch {
  const c = graph.columns;
  const { first, count } = rows;
  const kind = new Uint8Array(count);
  for (let i = 0; i < count; i++) kind[i] = graph.isApp(first + i) ? 1 : 0;
  return {
    firstRow: first,
    count,
    uid:
      c.uids.size === 0
        ? textColumn(graph, c.oidStart, c.oidLength, rows)
        : columnOf(rows, (row) => graph.uid(row)),
    name: textColumn(graph, c.nameStart, c.nameLength, rows, [c.oidStart, c.oidLength]),
    lgKey: textColumn(graph, c.lgKeyStart, c.lgKeyLength, rows),
    kind,
    classId: c.classId.slice(first, first + count),
    classes: c.classes,
  };
}
