/** From rows of the store to the shapes of the contract. */
import { APP_STATE_NAMES, DROP_STATE_NAMES } from '../protocol/index.ts';
import type { SessionRow, StoredDrop, StoredError, StoredLog } from '../store/index.ts';
import type { DropRow, ErrorInfo, LogEntry, SessionSummary } from './contract.ts';

export function summaryOf(row: SessionRow, live: boolean): SessionSummary {
  return {
    sessionId: row.sessionId,
    status: row.status,
    graphName: row.graphName,
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    drops: row.drops,
    byState: { ...row.byState },
    errorCount: row.errorCount,
    rmode: row.rmode,
    signatures: { ...row.signatures },
    live,
  };
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
