/** What REST shows of a session: of one that is held in memory, or of one whose drops were let go, from the history. */
import { APP_STATE_NAMES, InvalidSessionState, SessionStates } from '../protocol/index.ts';
import type { PastSession } from '../managers/index.ts';
import type { PhysicalGraph } from '../graph/index.ts';
import type { Session } from '../session/index.ts';
import type { ApiDeps } from './deps.ts';
import { sessionRow } from './graph-text.ts';
import { sessionGraph } from './stored-session.ts';

export interface RestSession extends Pick<Session, 'sessionId' | 'key' | 'dir' | 'status'> {
  readonly isOver: boolean;
  readonly isSigned: boolean;
  readonly size: number;
  recorded(): Promise<void>;
  /** Oid and JSON of every dropspec in its order. */
  specs(): Promise<Iterable<readonly [string, Uint8Array]>>;
  /** Oid, status and, of an application, execStatus of every drop. Throws InvalidSessionState before it runs. */
  states(): Promise<readonly (readonly [string, number, number | undefined])[]>;
  /** Row of a drop; -1 where there is none. */
  rowOf(oid: string): Promise<number>;
  /** Path of the file behind the drop of this uid, if there is one. */
  path(uid: string): Promise<string | undefined>;
}

/** The session of this id. Throws NoSessionException. */
export function restSession(deps: ApiDeps, sessionId: string): RestSession {
  const past = deps.manager.findPast(sessionId);
  return past ? ofHistory(deps, past) : ofMemory(deps.manager.get(sessionId));
}

export function sizeOf(session: Session): number {
  return session.parts.reduce((sum, graph) => sum + graph.count, 0);
}

function ofMemory(session: Session): RestSession {
  const { sessionId, key, dir, status, isOver, isSigned } = session;
  return {
    ...{ sessionId, key, dir, status, isOver, isSigned },
    size: sizeOf(session),
    recorded: () => session.recorded(),
    specs: async () => session.specs(),
    states: async () => {
      if (status < SessionStates.RUNNING)
        throw new InvalidSessionState(`Session ${sessionId} is not running yet: its drops have no states.`, {
          details: { sessionId },
        });
      const { table } = session;
      const [graph] = session.parts;
      return Array.from({ length: graph === undefined ? 0 : table.size }, (_, row) => [
        (graph as PhysicalGraph).oid(row),
        table.status[row] as number,
        table.isApp(row) ? table.exec[row] : undefined,
      ]);
    },
    rowOf: async (oid) => session.graph?.rowOf(oid) ?? -1,
    path: async (uid) => {
      const found = session.findDrop(uid) as { readonly path?: unknown } | undefined;
      return typeof found?.path === 'string' ? found.path : undefined;
    },
  };
}

function ofHistory(deps: ApiDeps, past: PastSession): RestSession {
  const { sessionId, key, dir, status, drops } = past;
  const { store } = deps;
  const graphOf = async (): Promise<PhysicalGraph | undefined> =>
    drops === 0 ? undefined : (await sessionGraph(deps, await sessionRow(store, sessionId))).graph;
  return {
    ...{ sessionId, key, dir, status, size: drops, isOver: true, isSigned: true },
    recorded: async () => undefined,
    specs: async () => {
      const graph = await graphOf();
      return Array.from({ length: graph?.count ?? 0 }, (_, row) => [
        (graph as PhysicalGraph).oid(row),
        (graph as PhysicalGraph).specBytes(row),
      ]);
    },
    states: async () => {
      const [graph, { status: states, exec }] = await Promise.all([graphOf(), store.states(key)]);
      return Array.from(graph === undefined ? [] : states, (state, row) => [
        (graph as PhysicalGraph).oid(row),
        state,
        (exec[row] as number) < APP_STATE_NAMES.length ? exec[row] : undefined,
      ]);
    },
    rowOf: async (oid) => (await graphOf())?.rowOf(oid) ?? -1,
    path: async (uid) => {
      const row = await store.rowOfUid(key, uid);
      return row === undefined ? undefined : ((await store.outcome(key, row))?.path ?? undefined);
    },
  };
}
