/** Sessions that the Host runs for others: values computed by `delayed`, graphs that are drops of other graphs. */
import { DROPStates, messageOf, SESSION_STATE_NAMES, SessionStates } from '../protocol/index.ts';
import { DataDROP, type SubGraphProgress, type SubGraphRunner } from '../drops/index.ts';
import type { DelayedOutcome, DelayedRunner } from '../delayed/index.ts';
import type { NodeManager } from '../managers/index.ts';
import type { ApiDeps, GraphFile } from '../api/index.ts';
import { newSessionId } from '../api/index.ts';
import type { Session } from '../session/index.ts';

async function runToEnd(
  manager: NodeManager,
  file: GraphFile,
  sessionId: string,
  signal: AbortSignal | undefined,
): Promise<Session> {
  const session = await manager.createSession(sessionId, { graphName: file.name, origin: file.origin });
  const cancel = () => void session.cancel().catch(() => undefined);
  signal?.addEventListener('abort', cancel);
  try {
    await session.addGraphSpec(file.bytes);
    await session.deploy('roots');
    if (signal?.aborted) cancel();
    await session.over;
    return session;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** Computes delayed values as sessions of this Host; the sessions stay in its history. */
export function delayedRunner(manager: NodeManager): DelayedRunner {
  return {
    run: async (graph, { signal }) => {
      const bytes = new Uint8Array(Buffer.from(JSON.stringify(graph.drops), 'utf8'));
      const session = await runToEnd(
        manager,
        { bytes, name: 'delayed', origin: 'delayed' },
        newSessionId('delayed'),
        signal,
      );
      return Promise.all(graph.results.map((uid) => outcomeOf(session, uid)));
    },
  };
}

async function outcomeOf(session: Session, uid: string): Promise<DelayedOutcome> {
  const drop = session.findDrop(uid);
  if (!(drop instanceof DataDROP) || drop.status !== DROPStates.COMPLETED)
    return {
      isComplete: false,
      reason: session.firstError ?? `the session is ${SESSION_STATE_NAMES[session.status]}`,
    };
  try {
    return { isComplete: true, content: await drop.contents() };
  } catch (error) {
    return { isComplete: false, reason: messageOf(error) };
  }
}

/** Runs graphs that are drops of other graphs, translated if they are logical. */
export function subGraphs(deps: Pick<ApiDeps, 'manager' | 'toPhysical'>): SubGraphRunner {
  return {
    run: async ({ graph, sessionId, parentSessionId }, onProgress, signal) => {
      const bytes = new Uint8Array(Buffer.from(JSON.stringify(graph), 'utf8'));
      const file = await deps.toPhysical(
        { bytes, name: sessionId, origin: `sub-graph of ${parentSessionId}` },
        {},
        { signal },
      );
      const stop = deps.manager.subscribe((changed) => {
        if (changed.sessionId === sessionId) onProgress(progressOf(changed));
      });
      try {
        const session = await runToEnd(deps.manager, file, sessionId, signal);
        return {
          ...progressOf(session),
          isFinished: session.status === SessionStates.FINISHED,
          failedDrops: failedDrops(session),
        };
      } finally {
        stop();
      }
    },
  };
}

function progressOf(session: Session): SubGraphProgress {
  const counts = new Uint32Array(8);
  for (const status of session.table.status.subarray(0, session.table.size))
    counts[status] = (counts[status] as number) + 1;
  const of = (state: DROPStates) => counts[state] as number;
  return {
    drops: session.table.size,
    completed: of(DROPStates.COMPLETED) + of(DROPStates.EXPIRED) + of(DROPStates.DELETED),
    failed: of(DROPStates.ERROR),
    skipped: of(DROPStates.SKIPPED),
    cancelled: of(DROPStates.CANCELLED),
  };
}

function failedDrops(session: Session): string[] {
  const names: string[] = [];
  for (const graph of session.parts)
    for (let row = 0; row < session.table.size && names.length < 5; row++)
      if (session.table.status[row] === DROPStates.ERROR) names.push(graph.name(row));
  return names;
}
