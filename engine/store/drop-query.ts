/**
 * Pages of drops: filter, sort, cut. In the order of rows without a filter only the page itself is read; else whole
 * columns are, which takes milliseconds for a million drops, and only the page is sorted.
 */
import { DROPStates } from '../protocol/index.ts';
import type { DropQuery, DropSort, LogicalRow, StoredDrop, TextColumn } from './contract.ts';
import { getOrMake, type DropColumns, type TextName } from './drop-columns.ts';
import { stateName } from './live-session.ts';
import { selectRange, type RowOrder } from './select-range.ts';
import { allTexts } from './text-column.ts';
import { textOrder } from './text-order.ts';

export function queryDrops(
  columns: DropColumns,
  key: number,
  rowCount: number,
  query: DropQuery,
): { readonly rows: readonly StoredDrop[]; readonly total: number } {
  const offset = Math.max(0, Math.floor(query.offset));
  const limit = Math.max(0, Math.floor(query.limit));
  const sort = query.sort ?? 'row';
  const descending = query.descending ?? false;
  const isFiltered =
    Boolean(query.text) ||
    query.status !== undefined ||
    query.exec !== undefined ||
    query.kind !== undefined ||
    query.lgKey !== undefined;
  if (!isFiltered && sort === 'row') {
    const count = Math.max(0, Math.min(limit, rowCount - offset));
    const rows = Uint32Array.from({ length: count }, (_, i) =>
      descending ? rowCount - 1 - offset - i : offset + i,
    );
    return { rows: columns.drops(key, rows), total: rowCount };
  }
  const matching = matchingRows(columns, key, rowCount, query);
  const end = Math.min(matching.length, offset + limit);
  if (sort === 'row') {
    if (descending) matching.reverse();
  } else if (offset < end) {
    selectRange(matching, offset, end, orderBy(columns, key, rowCount, sort, descending));
  }
  return { rows: columns.drops(key, matching.subarray(offset, end)), total: matching.length };
}

/** What drops may be filtered by. */
export interface DropFilter {
  readonly text?: string;
  readonly name?: string;
  readonly status?: number;
  /** Execution state of an application. */
  readonly exec?: number;
  readonly kind?: 0 | 1;
  readonly lgKey?: string;
}

/** Rows that pass all filters, ascending. */
export function matchingRows(
  columns: DropColumns,
  key: number,
  rowCount: number,
  query: DropFilter,
): Uint32Array {
  const passes = new Uint8Array(rowCount).fill(1);
  if (query.status !== undefined) keepEqual(passes, columns.states(key, rowCount).status, query.status);
  if (query.exec !== undefined) {
    keepEqual(passes, columns.states(key, rowCount).exec, query.exec);
    keepEqual(passes, columns.kinds(key, rowCount), 1);
  }
  if (query.kind !== undefined) keepEqual(passes, columns.kinds(key, rowCount), query.kind);
  if (query.lgKey !== undefined) keepText(passes, columns, key, 'lg_key', query.lgKey);
  if (query.name !== undefined) keepText(passes, columns, key, 'name', query.name);
  if (query.text) keepContaining(passes, columns, key, query.text);
  let count = 0;
  for (const pass of passes) count += pass;
  const rows = new Uint32Array(count);
  let at = 0;
  for (let row = 0; row < rowCount; row++) if (passes[row] === 1) rows[at++] = row;
  return rows;
}

function keepEqual(passes: Uint8Array, column: Uint8Array, wanted: number): void {
  for (let row = 0; row < passes.length; row++) if (column[row] !== wanted) passes[row] = 0;
}

function keepText(
  passes: Uint8Array,
  columns: DropColumns,
  key: number,
  column: TextName,
  wanted: string,
): void {
  const bytes = Buffer.from(wanted);
  for (const { firstRow, count, texts } of columns.texts(key, column)) {
    for (let i = 0; i < count; i++) {
      const [from, to] = [texts.offsets[i] ?? 0, texts.offsets[i + 1] ?? 0];
      if (to - from !== bytes.length || bytes.compare(texts.bytes, from, to) !== 0) passes[firstRow + i] = 0;
    }
  }
}

function keepContaining(passes: Uint8Array, columns: DropColumns, key: number, text: string): void {
  const found = new Uint8Array(passes.length);
  for (const column of ['uid', 'name'] as const) {
    for (const { firstRow, count, texts } of columns.texts(key, column)) {
      markContaining(found, firstRow, count, texts, text);
    }
  }
  for (let row = 0; row < passes.length; row++) if (found[row] === 0) passes[row] = 0;
}

/** Marks rows whose text contains `text`, upper and lower case of ASCII letters being the same. */
export function markContaining(
  found: Uint8Array,
  firstRow: number,
  count: number,
  texts: TextColumn,
  text: string,
): void {
  const haystack = Buffer.from(texts.bytes.buffer, texts.bytes.byteOffset, texts.bytes.byteLength).toString(
    'latin1',
  );
  const pattern = bytePattern(text);
  let row = 0;
  for (let match = pattern.exec(haystack); match !== null; match = pattern.exec(haystack)) {
    const at = match.index;
    while (row < count && (texts.offsets[row + 1] ?? 0) <= at) row++;
    const end = texts.offsets[row + 1] ?? 0;
    const fits = at + match[0].length <= end;
    if (fits) found[firstRow + row] = 1;
    // A match may not reach into the next row; once a row has matched, the search goes on behind it.
    pattern.lastIndex = fits ? end : at + 1;
  }
}

/** A pattern for the UTF-8 bytes of a text, to be used on bytes read as Latin-1. */
function bytePattern(text: string): RegExp {
  let source = '';
  for (const byte of Buffer.from(text)) {
    const char = String.fromCharCode(byte);
    if (/[a-z]/i.test(char)) source += `[${char.toLowerCase()}${char.toUpperCase()}]`;
    else source += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return new RegExp(source, 'g');
}

/** Unknown values come last in either direction; equal ones in the order of rows. */
function orderBy(
  columns: DropColumns,
  key: number,
  rowCount: number,
  sort: Exclude<DropSort, 'row'>,
  descending: boolean,
): RowOrder {
  if (sort === 'uid' || sort === 'name')
    return textOrder([...columns.texts(key, sort)], rowCount, descending);
  const values = sortValues(columns, key, rowCount, sort);
  const keys = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const value = values[row] ?? Number.NaN;
    if (Number.isNaN(value)) keys[row] = Number.POSITIVE_INFINITY;
    else keys[row] = descending ? -value : value;
  }
  return (a, b) => {
    const left = keys[a] ?? 0;
    const right = keys[b] ?? 0;
    if (left < right) return -1;
    return left > right ? 1 : a - b;
  };
}

function sortValues(
  columns: DropColumns,
  key: number,
  rowCount: number,
  sort: Exclude<DropSort, 'row' | 'uid' | 'name'>,
): ArrayLike<number> {
  switch (sort) {
    case 'status':
      return columns.states(key, rowCount).status;
    case 'dropclass':
      return columns.classes(key, rowCount).ids;
    case 'startedAt':
      return columns.floats(key, rowCount, 'started_at');
    case 'finishedAt':
      return columns.floats(key, rowCount, 'finished_at');
    case 'sizeBytes':
      return columns.floats(key, rowCount, 'size_bytes');
    case 'durationMs': {
      const durations = columns.floats(key, rowCount, 'finished_at');
      const started = columns.floats(key, rowCount, 'started_at');
      for (let row = 0; row < rowCount; row++) durations[row] = (durations[row] ?? 0) - (started[row] ?? 0);
      return durations;
    }
  }
}

interface Group {
  readonly firstRow: number;
  readonly lgKey: string;
  readonly name: string;
  count: number;
  readonly states: Map<number, number>;
}

/** Drops grouped by lg_key, or by name where they have none, in the order of their first row. */
export function logicalRows(columns: DropColumns, key: number, rowCount: number): LogicalRow[] {
  const { status } = columns.states(key, rowCount);
  const groups: Group[] = [];
  const byKey = new Map<string, Group>();
  const byName = new Map<string, Group>();
  const names = columns.texts(key, 'name');
  for (const keys of columns.texts(key, 'lg_key')) {
    const block = names.next();
    if (block.done) break;
    const lgKeys = allTexts(keys.texts);
    const ownNames = allTexts(block.value.texts);
    for (let i = 0; i < keys.count; i++) {
      const row = keys.firstRow + i;
      const lgKey = lgKeys[i] ?? '';
      const name = ownNames[i] ?? '';
      const groupsOfKind = lgKey === '' ? byName : byKey;
      const group = getOrMake(groupsOfKind, lgKey === '' ? name : lgKey, () => {
        const made = { firstRow: row, lgKey, name, count: 0, states: new Map<number, number>() };
        groups.push(made);
        return made;
      });
      group.count++;
      const state = status[row] ?? DROPStates.INITIALIZED;
      group.states.set(state, (group.states.get(state) ?? 0) + 1);
    }
  }
  const kinds = columns.kinds(key, rowCount);
  const { classes, ids } = columns.classes(key, rowCount);
  return groups.map(({ firstRow, lgKey, name, count, states }) => ({
    lgKey,
    name,
    kind: kinds[firstRow] === 1 ? 1 : 0,
    dropclass: classes[ids[firstRow] ?? 0] ?? '',
    count,
    byState: Object.fromEntries(
      [...states].sort(([a], [b]) => a - b).map(([state, n]) => [stateName(state), n]),
    ),
  }));
}
