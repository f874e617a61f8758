/** What the methods of the contract do. */
import { DataDROP } from '../drops/index.ts';
import {
  APP_STATE_NAMES,
  AppDROPStates,
  DROP_STATE_NAMES,
  DROPStates,
  InvalidSessionState,
  NoDropException,
  messageOf,
} from '../protocol/index.ts';
import type { PhysicalGraph, View } from '../graph/index.ts';
import type { DropOutcome, SessionRow, StoredDrop } from '../store/index.ts';
import type {
  DropContent,
  DropDetail,
  GraphSource,
  GraphView,
  MethodName,
  MethodParams,
  MethodResult,
  SessionDetail,
} from './contract.ts';
import { parseRMode } from '../reproducibility/index.ts';
import type { ApiDeps, GraphFile, TranslationChoices } from './deps.ts';
import { GraphCache, graphText, readKept, sessionRow } from './graph-text.ts';
import { historyMethods, stateFilter } from './history-methods.ts';
import { reproducibilityMethods } from './reproducibility-methods.ts';
import { deleteStored } from './retention-acts.ts';
import { dropRowOf, errorOf, logOf, summaryOf, withRunningCount } from './summaries.ts';
import { newSessionId } from './session-ids.ts';
import { Translations } from './translations.ts';
import { ViewCache } from './view-cache.ts';

export type Methods = { readonly [M in MethodName]: (params: MethodParams<M>) => Promise<MethodResult<M>> };

const EVENT_TYPES = ['status', 'execStatus', 'dropCompleted', 'producerFinished'] as const;
const ERRORS_SHOWN = 200;

export function makeMethods(deps: ApiDeps, translations: Translations = new Translations()): Methods {
  const { store, manager, samples } = deps;
  const graphs = new GraphCache(store, deps.parser);
  const views = new ViewCache(store, deps.parser);
  const graphOf = (row: SessionRow): Promise<PhysicalGraph> => {
    const live = manager.find(row.sessionId);
    return live?.graph && live.parts.length === 1 ? Promise.resolve(live.graph) : graphs.get(row);
  };
  const find = async (sessionId: string, uid: string): Promise<{ session: SessionRow; drop: StoredDrop }> => {
    const session = await sessionRow(store, sessionId);
    const drop = await store.dropByUid(session.key, uid);
    if (!drop)
      throw new NoDropException(`Session ${sessionId} has no drop "${uid}".`, {
        details: { sessionId, uid },
      });
    return { session, drop };
  };

  return {
    ...reproducibilityMethods(deps),
    ...historyMethods(deps),
    'host.info': async () => deps.info(),
    'samples.list': async () => ({ samples: [...(await samples.list())] }),
    'graphs.inspect': async ({ source }) => deps.inspect(await resolve(deps, source)),
    'graphs.open': async ({ source, configuration }) => deps.open(await resolve(deps, source), configuration),
    'graphs.translate': async ({ source, ticket, ...choices }) => {
      const file = await resolve(deps, source);
      return translations.run(ticket, (work) => deps.translate(file, choicesOf(choices), work));
    },
    'graphs.cancel': async ({ ticket }) => {
      translations.cancel(ticket);
      return { done: true };
    },
    'sessions.list': async (query) => {
      const { sessions, total } = await store.sessions(query);
      return { sessions: sessions.map((row) => summaryOf(row, manager.find(row.sessionId))), total };
    },
    'sessions.get': async ({ sessionId }) => detail(deps, await sessionRow(store, sessionId)),
    'sessions.run': async ({ source, sessionId, ...choices }) => ({
      sessionId: await launch(deps, await resolve(deps, source), sessionId, choicesOf(choices)),
    }),
    'sessions.cancel': async ({ sessionId }) => {
      if (!manager.has(sessionId)) {
        const { status } = await sessionRow(store, sessionId);
        throw new InvalidSessionState(`Session ${sessionId} is ${status}: there is nothing to cancel.`, {
          details: { sessionId, status },
        });
      }
      await manager.cancelSession(sessionId);
      return { done: true };
    },
    'sessions.delete': async ({ sessionId }) => {
      const row = await sessionRow(store, sessionId);
      if (manager.has(sessionId) || manager.findPast(sessionId)) await manager.destroySession(sessionId);
      graphs.forget(row.key);
      views.forget(row.key);
      await deleteStored(deps, sessionId);
      return { done: true };
    },
    'sessions.drops': async ({ sessionId, status, kind, ...query }) => {
      const { key } = await sessionRow(store, sessionId);
      const { rows, total } = await store.drops(key, {
        ...query,
        ...stateFilter(status),
        ...(kind ? { kind: kind === 'app' ? 1 : 0 } : {}),
      });
      return { rows: rows.map(dropRowOf), total };
    },
    'sessions.drop': async ({ sessionId, uid }) => {
      const { session, drop } = await find(sessionId, uid);
      return dropDetail(deps, session, drop, await graphOf(session));
    },
    'sessions.content': async ({ sessionId, uid, offset, limit }) => {
      const { session, drop } = await find(sessionId, uid);
      return content(deps, session, drop, offset, limit);
    },
    'sessions.graph': async ({ sessionId, folded, limit }) => {
      const session = await sessionRow(store, sessionId);
      const view = await views.get(session, folded, limit);
      return graphView(folded, session, view, await store.states(session.key));
    },
    'sessions.logs': async ({ sessionId, ...query }) => {
      const { key } = await sessionRow(store, sessionId);
      const { entries, total } = await store.logs(key, query);
      return { entries: entries.map((entry) => logOf(entry, entry.seq)), total };
    },
  };
}

/** The graph a source means, as bytes. */
export async function resolve(deps: ApiDeps, source: GraphSource): Promise<GraphFile> {
  if ('sample' in source) return deps.samples.read(source.sample);
  if ('text' in source)
    return { bytes: new Uint8Array(Buffer.from(source.text, 'utf8')), name: source.name, origin: 'file' };
  if ('path' in source) return deps.readGraphFile(source.path);
  const row = await sessionRow(deps.store, source.sessionId);
  return {
    bytes: await readKept(row, await graphText(deps.store, row.key), async (text) => text),
    name: row.graphName,
    origin: `rerun of ${row.sessionId}`,
  };
}

/** The choices of a call, as the translator knows them. Throws USAGE for an R-mode there is not. */
function choicesOf(
  params: MethodParams<'sessions.run'> | Omit<MethodParams<'sessions.run'>, 'source'>,
): TranslationChoices {
  const { rmode, values, configuration, algorithm, partitions, nodes } = params;
  return {
    ...(rmode === undefined ? {} : { rmode: parseRMode(rmode) }),
    ...(values === undefined ? {} : { values: values as TranslationChoices['values'] & object }),
    ...(configuration === undefined ? {} : { active: configuration }),
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(partitions === undefined ? {} : { partitions }),
    ...(nodes === undefined ? {} : { nodes }),
  };
}

/** Starts a session of this graph and answers with its id once it is running (or has failed to). */
export async function launch(
  deps: ApiDeps,
  file: GraphFile,
  sessionId: string | undefined,
  choices: TranslationChoices = {},
): Promise<string> {
  const graph = await deps.toPhysical(file, choices);
  const rmode = choices.rmode ?? 'NOTHING';
  const id = sessionId ?? newSessionId(graph.name);
  const session = await deps.manager.createSession(id, {
    graphName: graph.name,
    origin: graph.origin,
    rmode,
  });
  try {
    await session.addGraphSpec(graph.bytes);
  } catch (error) {
    // A graph that cannot be run leaves no session behind.
    await deps.manager.destroySession(id);
    await deps.store.deleteSession(session.key);
    throw error;
  }
  await session.deploy('roots');
  return id;
}

async function detail(deps: ApiDeps, row: SessionRow): Promise<SessionDetail> {
  const errors = await deps.store.errors(row.key, ERRORS_SHOWN);
  return {
    summary: summaryOf(row, deps.manager.find(row.sessionId)),
    dir: row.dir,
    errors: errors.map(errorOf),
    timings: { loadMs: row.loadMs, deployMs: row.deployMs, executeMs: row.executeMs, recordMs: row.recordMs },
    origin: row.origin,
    host: row.host,
  };
}

async function dropDetail(
  deps: ApiDeps,
  session: SessionRow,
  drop: StoredDrop,
  graph: PhysicalGraph,
): Promise<DropDetail> {
  const { store } = deps;
  const [events, errors, logs, outcome] = await Promise.all([
    store.events(session.key, drop.row),
    store.errors(session.key, ERRORS_SHOWN, drop.row),
    store.logs(session.key, { offset: 0, limit: 500, row: drop.row }),
    store.outcome(session.key, drop.row),
  ]);
  const uids = (rows: readonly number[]) => rows.slice(0, 1000).map((row) => graph.uid(row));
  const { row } = drop;
  return {
    drop: { ...dropRowOf(drop), sizeBytes: drop.sizeBytes ?? outcome?.sizeBytes ?? null },
    spec: graph.spec(row),
    relations: {
      inputs: uids([...graph.consumers.sources(row), ...graph.streaming.sources(row)]),
      outputs: uids(graph.outputs.targets(row)),
      consumers: uids([...graph.consumers.targets(row), ...graph.streaming.targets(row)]),
      producers: uids(graph.outputs.sources(row)),
    },
    events: events.map(({ at, kind, value }) => ({
      at,
      type: EVENT_TYPES[kind] ?? String(kind),
      value: (kind === 1 ? APP_STATE_NAMES[value] : DROP_STATE_NAMES[value]) ?? null,
    })),
    errors: errors.map(errorOf),
    logs: logs.entries.map((entry) => logOf(entry, entry.seq)),
    checksum: outcome?.checksum ?? null,
    contentHash: outcome?.contentHash ?? null,
    dataUrl: outcome?.dataUrl ?? null,
    path: outcome?.path ?? null,
    facts: outcome?.facts ? (JSON.parse(outcome.facts) as Record<string, unknown>) : {},
  };
}

/** A piece of a drop's content: what the history kept, else what the drop in memory still has. */
export async function content(
  deps: ApiDeps,
  session: SessionRow,
  drop: StoredDrop,
  offset: number,
  limit: number,
): Promise<DropContent> {
  const none = (reason: string): DropContent => ({
    available: false,
    reason,
    totalBytes: null,
    offset,
    base64: '',
  });
  if (drop.kind === 1) return none('An application has no content; look at its outputs.');
  const outcome = await deps.store.outcome(session.key, drop.row);
  if (outcome?.content) {
    const piece = outcome.content.subarray(offset, offset + limit);
    return {
      available: true,
      reason: null,
      totalBytes: outcome.content.length,
      offset,
      base64: Buffer.from(piece).toString('base64'),
    };
  }
  const live = deps.manager.find(session.sessionId)?.findDrop(drop.uid);
  if (live instanceof DataDROP && live.status === DROPStates.COMPLETED)
    try {
      return await liveContent(live, offset, limit);
    } catch (error) {
      return none(messageOf(error));
    }
  return none(reasonOf(drop, outcome));
}

function reasonOf(drop: StoredDrop, outcome: DropOutcome | undefined): string {
  const end = drop.status === DROPStates.DELETED ? 'was deleted when it expired' : undefined;
  if (outcome?.reason) {
    const said = [outcome.path && `was written to ${outcome.path}`, end].filter(Boolean).join(', and ');
    return said ? `${outcome.reason} It ${said}.` : outcome.reason;
  }
  const state = DROP_STATE_NAMES[drop.status] ?? String(drop.status);
  return drop.status === DROPStates.COMPLETED
    ? 'No content was kept for this drop.'
    : `The drop is ${state}: it has no content.`;
}

async function liveContent(drop: DataDROP, offset: number, limit: number): Promise<DropContent> {
  const descriptor = await drop.open();
  try {
    let toSkip = offset;
    while (toSkip > 0) {
      const skipped = await drop.read(descriptor, Math.min(toSkip, 1 << 20));
      if (!skipped || skipped.length === 0) break;
      toSkip -= skipped.length;
    }
    const chunks: Uint8Array[] = [];
    let wanted = limit;
    while (wanted > 0) {
      const chunk = await drop.read(descriptor, wanted);
      if (!chunk || chunk.length === 0) break;
      chunks.push(chunk);
      wanted -= chunk.length;
    }
    return {
      available: true,
      reason: null,
      totalBytes: drop.size,
      offset,
      base64: Buffer.concat(chunks).toString('base64'),
    };
  } finally {
    await drop.close(descriptor);
  }
}

function graphView(
  folded: boolean,
  session: SessionRow,
  view: View,
  states: { readonly status: Uint8Array; readonly exec: Uint8Array },
): GraphView {
  const width = DROP_STATE_NAMES.length;
  const counts = new Uint32Array(view.nodes.length * width);
  const running = new Uint32Array(view.nodes.length);
  for (let row = 0; row < view.nodeOfRow.length; row++) {
    const node = view.nodeOfRow[row] as number;
    if (node < 0) continue;
    counts[node * width + (states.status[row] ?? 0)]!++;
    if (states.exec[row] === AppDROPStates.RUNNING) running[node]!++;
  }
  const edges: [number, number, number][] = [];
  for (let i = 0; i < view.edges.length; i += 3)
    edges.push([view.edges[i] as number, view.edges[i + 1] as number, view.edges[i + 2] as number]);
  return {
    folded,
    totalDrops: session.drops,
    nodes: view.nodes.map((node, i) => ({
      id: node.id,
      name: node.name,
      kind: node.isApp ? 'app' : 'data',
      dropclass: node.classPath,
      count: node.count,
      layer: node.layer,
      byState: withRunningCount(
        Object.fromEntries(
          DROP_STATE_NAMES.map((name, s): [string, number] => [name, counts[i * width + s] as number]).filter(
            ([, n]) => n > 0,
          ),
        ),
        running[i] as number,
      ),
    })),
    edges,
    truncated: view.truncated,
  };
}
