/** A new session of an old one's graph, with results taken over where that is asked for and safe. */
import { Reuse, type Session } from '../session/index.ts';
import type { DropRecord } from '../reproducibility/index.ts';
import type { ApiDeps } from './deps.ts';
import { endedSession, parseStored, sessionGraph, storedRecords } from './stored-session.ts';

export interface Rerun {
  readonly session: Session;
  readonly reuse: Reuse | undefined;
}

/** Makes the session; nothing runs yet: deploy it with `session.deploy('roots', rerun.reuse)`. */
export async function prepareRerun(
  deps: ApiDeps,
  sessionId: string,
  newSessionId: string,
  wantsReuse: boolean,
): Promise<Rerun> {
  const row = await endedSession(deps, sessionId);
  const { graph, texts } = await sessionGraph(deps, row);
  const reuse = wantsReuse
    ? new Reuse({
        store: deps.store,
        key: row.key,
        sessionId,
        records: await recordsByOid(deps, row.key, graph.count),
      })
    : undefined;
  const session = await deps.manager.createSession(newSessionId, {
    graphName: row.graphName,
    origin: `rerun of ${sessionId}`,
    rmode: row.rmode,
  });
  try {
    for (const bytes of texts.length === 1 ? texts : [joined(texts)])
      await session.addGraphSpec(new Uint8Array(bytes));
  } catch (error) {
    await deps.manager.destroySession(newSessionId);
    await deps.store.deleteSession(session.key);
    throw error;
  }
  return { session, reuse };
}

/** An id for a session that repeats another: its name and the time. */
export function rerunId(sessionId: string): string {
  const stem = sessionId.replace(/_rerun_[\dT-]+$/, '').slice(0, 150);
  return `${stem}_rerun_${new Date().toISOString().replace(/[:.]/g, '-').replace('Z', '')}`;
}

function joined(texts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(texts));
}

async function recordsByOid(
  deps: ApiDeps,
  key: number,
  count: number,
): Promise<Map<string, { readonly row: number; readonly record: DropRecord }>> {
  const records = new Map<string, { readonly row: number; readonly record: DropRecord }>();
  for await (const { row, text } of storedRecords(deps.store, key, count)) {
    const record = parseStored(text, `Record ${row}`);
    if (record) records.set(record.drop.oid, { row, record });
  }
  return records;
}
