/** From rows of the store to the shapes of the contract. */
import { APP_STATE_NAMES, AppDROPStates, DROP_STATE_NAMES } from '../protocol/index.ts';
import type { Session } from '../session/index.ts';
import type { SessionRow, StoredDrop, StoredError, StoredLog } from '../store/index.ts';
import type { DropRow, ErrorInfo, LogEntry, SessionSummary } from './contract.ts';

/** `session` is the one in memory, if there is one: only it knows how many applications run at this moment. */
export function summaryOf(row: SessionRow, session: Session | undefined): SessionSummary {
  return {
    sessionId: row.sessionId,
    status: row.status,
    graphName: row.graphName,
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    drops: row.drops,
    byState: session && !session.isOver ? withRunning(row.byState, session) : { ...row.byState },
    errorCount: row.errorCount,
    rmode: row.rmode,
    signatures: { ...row.signatures },
    live: session !== undefined,
    ...(row.pinnedAt === null ? {} : { pinned: true }),
    ...(row.payloadDroppedAt === null ? {} : { payloadDroppedAt: row.payloadDroppedAt }),
  };
}

/** Applications that run are INITIALIZED as drops; people want to see them apart. */
function withRunning(byState: SessionRow['byState'], { table }: Session): Record<string, number> {
  let running = 0;
  for (let row = 0; row < table.size; row++) if (table.exec[row] === AppDROPStates.RUNNING) running++;
  return withRunningCount(byState, running);
}

/** Moves `running` of the INITIALIZED drops to a count of their own. */
export function withRunningCount(
  byState: Readonly<Record<string, number>>,
  running: number,
): Record<string, number> {
  if (running === 0) return { ...byState };
  const { INITIALIZED: waiting = 0, ...others } = byState;
  const left = Math.max(0, waiting - running);
  return { ...(left > 0 ? { INITIALIZED: left } : {}), ...others, RUNNING: running };
}

export function dropRowOf(drop: StoredDrop): DropRow {
  return {
    row: drop.row,
    uid: drop.uid,
    name: drop.name,
    kind: drop.kind === 1 ? 'app' : 'data',
    dropclass: drop.dropclass,
    lgKey: drop.lgKey,
    status: DROP_STATE_NAMES[drop.status] ?? String(drop.status),
    execStatus: drop.exec === 255 ? null : (APP_STATE_NAMES[drop.exec] ?? String(drop.exec)),
    startedAt: drop.startedAt,
    finishedAt: drop.finishedAt,
    sizeBytes: drop.sizeBytes,
  };
}

export function errorOf(error: StoredError): ErrorInfo {
  return {
    uid: error.uid,
    name: error.name,
    code: error.code,
    message: error.message,
    detail: error.detail,
    at: error.at,
  };
}

export function logOf(entry: StoredLog, seq: number): LogEntry {
  return { seq, at: entry.at, level: entry.level, uid: entry.uid, message: entry.message };
}
