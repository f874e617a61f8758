/** From a drop back to the roots of its graph: what made this content, and of what. */
import type { PhysicalGraph } from '../graph/index.ts';
import { NoDropException } from '../protocol/index.ts';
import type { DropRecord } from '../reproducibility/index.ts';
import type { SessionRow, StoredDrop } from '../store/index.ts';
import type { MethodResult } from './contract.ts';
import type { ApiDeps } from './deps.ts';
import { sessionRow } from './graph-text.ts';
import type { LineageDrop } from './history-contract.ts';
import { parseStored, sessionGraph, storedRecords } from './stored-session.ts';
import { dropRowOf } from './summaries.ts';

/** Drops that are followed where the caller does not say. */
const FOLLOWED = 1000;
/** Drops with the same content that are looked at for one root. */
const LOOKED_AT = 50;
const EARLIER_SHOWN = 3;

/** Rows a row was made of: who wrote a data drop, what an application read. */
function sourcesOf(graph: PhysicalGraph, row: number): number[] {
  const read = graph.isApp(row)
    ? [...graph.consumers.sources(row), ...graph.streaming.sources(row)]
    : graph.outputs.sources(row);
  return [...new Set(read)];
}

/** The record that is stored of a row; undefined where there is none of its own. */
async function recordAt(deps: ApiDeps, key: number, row: number): Promise<DropRecord | undefined> {
  const one = { records: (k: number, from: number, n: number) => deps.store.records(k, row + from, n) };
  for await (const { text } of storedRecords(one, key, 1)) return parseStored(text, `Record ${row}`);
  return undefined;
}

/** The drop and everything before it, breadth first. Throws NoSessionException, NoDropException. */
export async function lineage(
  deps: ApiDeps,
  sessionId: string,
  uid: string,
  limit = FOLLOWED,
): Promise<MethodResult<'history.lineage'>> {
  const session = await sessionRow(deps.store, sessionId);
  const first = await deps.store.dropByUid(session.key, uid);
  if (!first)
    throw new NoDropException(`Session ${sessionId} has no drop "${uid}".`, { details: { sessionId, uid } });
  const { graph } = await sessionGraph(deps, session);
  const rows = [first.row];
  const seen = new Set(rows);
  for (let at = 0; at < rows.length && rows.length <= limit; at++)
    for (const source of sourcesOf(graph, rows[at] as number))
      if (!seen.has(source)) {
        seen.add(source);
        rows.push(source);
      }
  const drops: LineageDrop[] = [];
  for (const row of rows.slice(0, limit)) drops.push(await describe(deps, session, graph, row));
  return { drops, truncated: rows.length > limit };
}

async function describe(
  deps: ApiDeps,
  session: SessionRow,
  graph: PhysicalGraph,
  row: number,
): Promise<LineageDrop> {
  const { store } = deps;
  const drop = (await store.dropByUid(session.key, graph.uid(row))) as StoredDrop;
  const [record, outcome] = [await recordAt(deps, session.key, row), await store.outcome(session.key, row)];
  const { row: _row, lgKey: _key, ...brief } = dropRowOf(drop);
  const sources = sourcesOf(graph, row);
  const contentHash = record?.content?.sha256 ?? outcome?.contentHash ?? null;
  const isRoot = sources.length === 0 && !graph.isApp(row);
  return {
    ...brief,
    sizeBytes: brief.sizeBytes ?? outcome?.sizeBytes ?? null,
    inputs: sources.map((source) => graph.uid(source)),
    contentHash,
    path: outcome?.path ?? null,
    code: { ...record?.code },
    reusedFrom: record?.reusedFrom ? { ...record.reusedFrom } : null,
    earlier: isRoot && contentHash !== null ? await madeBefore(deps, session, contentHash) : [],
  };
}

/** Drops of other sessions that made this content before this session ended, newest first. */
async function madeBefore(
  deps: ApiDeps,
  session: SessionRow,
  contentHash: string,
): Promise<LineageDrop['earlier']> {
  const { store } = deps;
  const end = session.finishedAt ?? Number.POSITIVE_INFINITY;
  const others = (await store.whoMade(contentHash))
    .filter((one) => one.sessionId !== session.sessionId && (one.finishedAt ?? end) < end)
    .sort((a, b) => (b.finishedAt ?? 0) - (a.finishedAt ?? 0));
  const makers: LineageDrop['earlier'] = [];
  for (const { sessionId, uid, finishedAt } of others.slice(0, LOOKED_AT)) {
    if (makers.length === EARLIER_SHOWN) break;
    const row = await store.session(sessionId);
    const drop = row && (await store.dropByUid(row.key, uid));
    // What a data drop depends on are its producers: one without only held the content.
    const record = row && drop && (await recordAt(deps, row.key, drop.row));
    if (record && record.inputs.length > 0) makers.push({ sessionId, uid, finishedAt });
  }
  return makers;
}
