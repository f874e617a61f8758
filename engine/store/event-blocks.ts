/**
 * Events of drops in packed columns. What arrives between two commits becomes blocks sorted by row (events of one row
 * keep their order), each covering a narrow span of rows: the events of one drop among millions lie in few blocks.
 */
import type { EventBatch } from './contract.ts';
import { EVENTS_PER_BLOCK } from './layout.ts';

export interface EventBlock extends EventBatch {
  readonly minRow: number;
  readonly maxRow: number;
}

/** Joins batches in their order of arrival and cuts them into blocks. */
export function mergeEvents(batches: readonly EventBatch[]): EventBlock[] {
  let total = 0;
  for (const batch of batches) total += batch.rows.length;
  if (total === 0) return [];
  const joined = join(batches, total);
  const sorted = isSorted(joined.rows) ? joined : sortByRow(joined);
  const blocks: EventBlock[] = [];
  for (let from = 0; from < total; from += EVENTS_PER_BLOCK) {
    const to = Math.min(total, from + EVENTS_PER_BLOCK);
    const rows = sorted.rows.subarray(from, to);
    blocks.push({
      minRow: rows[0] ?? 0,
      maxRow: rows[rows.length - 1] ?? 0,
      rows,
      kind: sorted.kind.subarray(from, to),
      value: sorted.value.subarray(from, to),
      at: sorted.at.subarray(from, to),
    });
  }
  return blocks;
}

function columns(count: number): EventBatch {
  return {
    rows: new Uint32Array(count),
    kind: new Uint8Array(count),
    value: new Uint8Array(count),
    at: new Float64Array(count),
  };
}

function join(batches: readonly EventBatch[], total: number): EventBatch {
  const [only] = batches;
  if (batches.length === 1 && only !== undefined) return only;
  const joined = columns(total);
  let offset = 0;
  for (const batch of batches) {
    joined.rows.set(batch.rows, offset);
    joined.kind.set(batch.kind, offset);
    joined.value.set(batch.value, offset);
    joined.at.set(batch.at, offset);
    offset += batch.rows.length;
  }
  return joined;
}

function isSorted(rows: Uint32Array): boolean {
  for (let i = 1; i < rows.length; i++) if ((rows[i] ?? 0) < (rows[i - 1] ?? 0)) return false;
  return true;
}

/** Row and position in one double, so that the native sort of numbers keeps equal rows in order: 2^32 * 2^20 < 2^53. */
const POSITIONS = 2 ** 20;

function sortByRow(batch: EventBatch): EventBatch {
  const count = batch.rows.length;
  const order = count <= POSITIONS ? packedOrder(batch.rows) : plainOrder(batch.rows);
  const sorted = columns(count);
  for (let i = 0; i < count; i++) {
    const from = order[i] ?? 0;
    sorted.rows[i] = batch.rows[from] ?? 0;
    sorted.kind[i] = batch.kind[from] ?? 0;
    sorted.value[i] = batch.value[from] ?? 0;
    sorted.at[i] = batch.at[from] ?? 0;
  }
  return sorted;
}

function packedOrder(rows: Uint32Array): Uint32Array {
  const keys = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) keys[i] = (rows[i] ?? 0) * POSITIONS + i;
  keys.sort();
  return Uint32Array.from(keys, (key) => key % POSITIONS);
}

function plainOrder(rows: Uint32Array): Uint32Array {
  const order = Uint32Array.from(rows, (_, index) => index);
  return order.sort((a, b) => (rows[a] ?? 0) - (rows[b] ?? 0) || a - b);
}

/** First position of `row` in a sorted column, or -1. */
export function firstOf(rows: Uint32Array, row: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle] ?? 0) < row) low = middle + 1;
    else high = middle;
  }
  return rows[low] === row ? low : -1;
}
