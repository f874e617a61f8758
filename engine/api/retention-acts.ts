/** What the device's log says of retention: what was taken from a session, when, and whether that explains what is gone. */
import { randomUUID } from 'node:crypto';
import {
  retentionAct,
  type RetainedSession,
  type RetentionAct,
  type RetentionReason,
  type SessionFacts,
} from '../reproducibility/index.ts';
import { recordRetention } from '../session/index.ts';
import { PayloadParts, RETENTION_KEY, type SessionRow, type Store, type StoredSeal } from '../store/index.ts';
import type { ApiDeps } from './deps.ts';
import { sessionRow } from './graph-text.ts';
import { ledgerOf } from './stored-session.ts';

/** Set by the migration that brought acts of retention (engine/store/migrations/0004-retention.ts). */
const TO_ADOPT = 'retention-to-adopt';
const PAGE = 1000;

export interface LoggedRetention extends RetainedSession {
  readonly reason: RetentionReason;
}

/** What is known of the retention of all sessions, by their ids. Acts that cannot be read say nothing; the log's check names them. */
export async function loggedRetention(
  store: Store,
): Promise<ReadonlyMap<string, readonly LoggedRetention[]>> {
  const found = new Map<string, LoggedRetention[]>();
  for (const seal of await store.seals({ key: RETENTION_KEY })) {
    const act = actOf(seal);
    for (const one of act?.sessions ?? []) {
      const entries = found.get(one.sessionId) ?? [];
      entries.push({ ...one, reason: (act as RetentionAct).reason });
      found.set(one.sessionId, entries);
    }
  }
  return found;
}

export const isRetention = (seal: Pick<StoredSeal, 'key'>): boolean => seal.key === RETENTION_KEY;

function actOf(seal: StoredSeal): RetentionAct | undefined {
  try {
    const act = JSON.parse(seal.facts) as RetentionAct;
    return Array.isArray(act.sessions) ? act : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The entries that are about this very run. What was taken over from before there were acts counts only for seals of that
 * time: a seal that says `retentionLogged` knows of no other time.
 */
export function entriesOf(
  retention: ReadonlyMap<string, readonly LoggedRetention[]>,
  run: { readonly sessionId: string; readonly createdAtMs: number; readonly key: number },
  facts: SessionFacts | undefined,
): readonly LoggedRetention[] {
  return (retention.get(run.sessionId) ?? []).filter(
    ({ createdAtMs, key, reason }) =>
      createdAtMs === run.createdAtMs && key === run.key && !(reason === 'adopted' && facts?.retentionLogged),
  );
}

/** Parts of what the store keeps that these entries say were taken. */
export function droppedParts(entries: readonly LoggedRetention[]): PayloadParts[] {
  return Object.values(PayloadParts).filter((part) => entries.some(({ parts }) => parts.includes(part)));
}

export interface Taken {
  readonly row: SessionRow;
  readonly parts: RetainedSession['parts'];
  readonly bytes: number;
}

/** Signs and logs that this is taken from these sessions, and takes it from the store. Resolves with the bytes that took. */
export async function take(deps: ApiDeps, reason: RetentionReason, taken: readonly Taken[]): Promise<number> {
  const ledger = ledgerOf(deps);
  const atMs = Math.round(ledger.now());
  const sessions = taken.map(({ row, parts, bytes }) => ({
    ...aboutOf(row),
    parts,
    bytes,
    droppedAtMs: atMs,
  }));
  const act = retentionAct({ actId: randomUUID(), reason, atMs, sessions });
  return recordRetention(ledger, deps.store, act, {
    drops: taken.map(({ row, parts }) => ({
      key: row.key,
      parts: Object.values(PayloadParts).filter((part) => parts.includes(part)),
    })),
    deletes: taken.filter(({ parts }) => parts.includes('session')).map(({ row }) => row.key),
  });
}

/** Deletes a session from the history. That of a sealed one is an entry of the log, which keeps its seal. */
export async function deleteStored(deps: ApiDeps, sessionId: string): Promise<void> {
  const row = await sessionRow(deps.store, sessionId);
  if (row.sealIndex === null || !deps.ledger) await deps.store.deleteSession(row.key);
  else await take(deps, 'asked', [{ row, parts: ['session'], bytes: 0 }]);
}

const aboutOf = (row: SessionRow) => ({
  sessionId: row.sessionId,
  createdAtMs: row.createdAt,
  key: row.key,
  seal: row.sealIndex,
});

/**
 * Takes over into the log, once, what earlier versions dropped and deleted without an entry: what the store says of it, as
 * it is found. Nothing shows that it is true, and so `weir verify` says.
 */
export async function adoptEarlier(deps: ApiDeps): Promise<void> {
  const { store } = deps;
  if ((await store.document(null, TO_ADOPT)) === undefined || deps.ledger === undefined) return;
  const ledger = ledgerOf(deps);
  const sessions: RetainedSession[] = [];
  const keys = new Set<number>();
  for (let offset = 0; ; offset += PAGE) {
    const page = (await store.sessions({ offset, limit: PAGE })).sessions;
    for (const row of page) {
      keys.add(row.key);
      if (row.payloadDroppedAt === null) continue;
      const parts = Object.values(PayloadParts);
      sessions.push({ ...aboutOf(row), parts, bytes: 0, droppedAtMs: row.payloadDroppedAt });
    }
    if (page.length < PAGE) break;
  }
  const atMs = Math.round(ledger.now());
  for (const seal of await store.seals({})) {
    if (isRetention(seal) || keys.has(seal.key)) continue;
    const { sessionId, createdAtMs } = JSON.parse(seal.facts) as SessionFacts;
    sessions.push({
      ...{ sessionId, createdAtMs, key: seal.key, seal: seal.index },
      parts: ['session'],
      bytes: 0,
      droppedAtMs: atMs,
    });
  }
  const act = retentionAct({ actId: randomUUID(), reason: 'adopted', atMs, sessions });
  await recordRetention(ledger, store, act, { drops: [], document: TO_ADOPT });
}
