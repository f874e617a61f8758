/** Finding drops across sessions: newest session first, a short time's worth per call. */
import type { Database } from './database.ts';
import type { DropColumns } from './drop-columns.ts';
import { matchingRows } from './drop-query.ts';
import type { DropFound, DropSearch } from './ledger-contract.ts';

/** A call goes on to another session until this much time has passed. */
const BUDGET_MS = 50;

interface SessionHead {
  readonly key: number;
  readonly session_id: string;
  readonly row_count: number;
}

/** `rowsByHash` gives the rows of a session whose outcome has the content hash that is looked for. */
export function searchDrops(
  db: Database,
  columns: DropColumns,
  query: DropSearch,
  rowsByHash: ReadonlyMap<number, readonly number[]> | undefined,
): { readonly found: readonly DropFound[]; readonly next: number | null } {
  const nextSession = db.prepare<[number], SessionHead>(
    'SELECT key, session_id, row_count FROM session WHERE key < ? AND row_count > 0 ORDER BY key DESC LIMIT 1',
  );
  const startedAt = performance.now();
  const found: DropFound[] = [];
  let before = query.before ?? Number.MAX_SAFE_INTEGER;
  for (;;) {
    const session = nextSession.get(before);
    if (session === undefined) return { found, next: null };
    found.push(...inSession(columns, session, query, rowsByHash));
    before = session.key;
    if (found.length >= query.limit || performance.now() - startedAt > BUDGET_MS)
      return { found, next: before };
  }
}

/** All matches of a session up to the limit: a session is never cut in two by paging unless it alone has more. */
function inSession(
  columns: DropColumns,
  session: SessionHead,
  query: DropSearch,
  rowsByHash: ReadonlyMap<number, readonly number[]> | undefined,
): DropFound[] {
  const { key, session_id: sessionId, row_count: rowCount } = session;
  let rows: Uint32Array;
  if (rowsByHash === undefined) rows = matchingRows(columns, key, rowCount, query);
  else {
    const candidates = rowsByHash.get(key) ?? [];
    if (candidates.length === 0) return [];
    const { text, name, status, exec } = query;
    const isPlain = !text && name === undefined && status === undefined && exec === undefined;
    const passing = isPlain ? undefined : new Set(matchingRows(columns, key, rowCount, query));
    rows = Uint32Array.from(candidates.filter((row) => passing?.has(row) ?? true));
  }
  return columns.drops(key, rows.subarray(0, query.limit)).map((drop) => ({ key, sessionId, drop }));
}
