/** The filters and the order of the table of drops, as they stand in the address. Pure. */
import type { MethodParams } from '../../engine/api/contract.ts';
import type { Sort } from '../components/virtual-table.ts';
import type { Query } from '../router.ts';

type DropsParams = MethodParams<'sessions.drops'>;

const SORT_KEYS: readonly NonNullable<DropsParams['sort']>[] = [
  'row',
  'name',
  'uid',
  'status',
  'startedAt',
  'finishedAt',
  'durationMs',
  'sizeBytes',
  'dropclass',
];
/** Parameters of `sessions.drops` for the filters in an address. What is no known value is left out. */
export function dropsParams(sessionId: string, query: Query): Omit<DropsParams, 'offset' | 'limit'> {
  const { text, status, kind, lgKey, sort } = query;
  const key = SORT_KEYS.find((known) => known === sort?.replace(/^-/, ''));
  return {
    sessionId,
    ...(text ? { text } : {}),
    ...(status ? { status } : {}),
    ...(kind === 'data' || kind === 'app' ? { kind } : {}),
    ...(lgKey ? { lgKey } : {}),
    ...(key ? { sort: key, descending: sort?.startsWith('-') ?? false } : {}),
  };
}

/** The order an address asks for. */
export function sortOf(query: Query): Sort | undefined {
  const { sort } = query;
  return sort ? { by: sort.replace(/^-/, ''), descending: sort.startsWith('-') } : undefined;
}
