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

/** A column of texts of a graph, copied end to end. */
export function textColumn(
  graph: PhysicalGraph,
  starts: Uint32Array,
  lengths: Uint32Array,
  fallback?: readonly [Uint32Array, Uint32Array],
): { bytes: Uint8Array<ArrayBuffer>; offsets: Uint32Array<ArrayBuffer> } {
  const { count, text } = graph.columns;
  const offsets = new Uint32Array(count + 1);
  const use = (row: number): [number, number] => {
    const length = lengths[row] as number;
    if (length === 0 && fallback) return [fallback[0][row] as number, fallback[1][row] as number];
    return [starts[row] as number, length];
  };
  let total = 0;
  for (let row = 0; row < count; row++) {
    total += use(row)[1];
    offsets[row + 1] = total;
  }
  const bytes = new Uint8Array(total);
  for (let row = 0; row < count; row++) {
    const [start, length] = use(row);
    bytes.set(text.subarray(start, start + length), offsets[row]);
  }
  return { bytes, offsets };
}

function columnOf(count: number, text: (row: number) => string) {
  const texts = Array.from({ length: count }, (_, row) => Buffer.from(text(row), 'utf8'));
  const offsets = new Uint32Array(count + 1);
  texts.forEach((bytes, row) => (offsets[row + 1] = (offsets[row] as number) + bytes.length));
  return { bytes: new Uint8Array(Buffer.concat(texts)), offsets };
}

/** The static columns of all drops of a graph, as the store takes them. */
export function dropBatch(graph: PhysicalGraph): DropBatch {
  const c = graph.columns;
  const kind = new Uint8Array(c.count);
  for (let row = 0; row < c.count; row++) kind[row] = graph.isApp(row) ? 1 : 0;
  return {
    firstRow: 0,
    count: c.count,
    uid:
      c.uids.size === 0
        ? textColumn(graph, c.oidStart, c.oidLength)
        : columnOf(c.count, (row) => graph.uid(row)),
    name: textColumn(graph, c.nameStart, c.nameLength, [c.oidStart, c.oidLength]),
    lgKey: textColumn(graph, c.lgKeyStart, c.lgKeyLength),
    kind,
    classId: c.classId.slice(),
    classes: c.classes,
  };
}
