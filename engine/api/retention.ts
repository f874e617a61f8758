/**
 * What the history gives up with time: contents, events, logs, files of sessions that are over. Records, hashes, seals and
 * the log of seals are never touched, so that what was sealed still verifies, and what is taken is an entry of the log
 * itself (docs/reproducibility.md, "Retention").
 */
import { lstat, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, WeirError } from '../protocol/index.ts';
import { PayloadParts, type SessionRow } from '../store/index.ts';
import type { MethodParams, MethodResult } from './contract.ts';
import type { ApiDeps } from './deps.ts';
import type { PrunePart } from './history-contract.ts';
import type { RetentionReason } from '../reproducibility/index.ts';
import { take, type Taken } from './retention-acts.ts';
import { ensureSealed, isOver } from './stored-session.ts';

const PAGE = 1000;
/** What is taken where the caller does not say: what the history itself keeps, and no file of the user's. */
export const DEFAULT_PARTS: readonly PrunePart[] = ['contents', 'events', 'logs'];
/** Stays in a session's folder: it is hashes, and says what DALiuGE would have said. */
const KEPT_FILE = 'reprodata.out';

type Rules = MethodParams<'history.prune'>;
type Pruned = MethodResult<'history.prune'>;
interface Candidate {
  readonly row: SessionRow;
  readonly bytes: number;
}

/** Sessions of one act: its entry in the log stays small. */
const SESSIONS_OF_ACT = 500;

/**
 * Carries out the rules, or says what they would do. Throws USAGE where there is no rule, and LEDGER_KEY where this device
 * cannot sign what it takes.
 */
export async function prune(deps: ApiDeps, rules: Rules, reason: RetentionReason = 'asked'): Promise<Pruned> {
  if (rules.olderThanMs === undefined && rules.keep === undefined && rules.maxBytes === undefined)
    throw new WeirError(
      'USAGE',
      'There is no rule: say how old (--older-than), how many (--keep) or how large (--max-size).',
    );
  const parts = rules.parts ?? DEFAULT_PARTS;
  const candidates = await candidatesOf(deps, rules, parts);
  const chosen = chosenOf(candidates, rules, Date.now());
  const isDry = rules.dryRun === true;
  let freedBytes = 0;
  const skipped: { readonly sessionId: string; readonly message: string }[] = [];
  if (isDry) for (const { bytes } of chosen.keys()) freedBytes += bytes;
  else freedBytes = await takeFrom(deps, chosen, parts, reason, skipped);
  const sessions = [...chosen].map(([{ row, bytes }, reasons]) => ({
    sessionId: row.sessionId,
    graphName: row.graphName,
    finishedAt: row.finishedAt,
    bytes,
    reasons,
  }));
  const all = candidates.reduce((sum, { bytes }) => sum + bytes, 0);
  return { dryRun: isDry, sessions, skipped, freedBytes, keptBytes: Math.max(0, all - freedBytes) };
}

/** Sessions the rules are about, newest first: those that are over. */
async function candidatesOf(
  deps: ApiDeps,
  { graph, except = [] }: Rules,
  parts: readonly PrunePart[],
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const { sessions } = await deps.store.sessions({ offset, limit: PAGE, ...(graph ? { graph } : {}) });
    for (const row of sessions) {
      const live = deps.manager.find(row.sessionId);
      if (!isOver(row.status) || row.pinnedAt !== null || except.includes(row.sessionId)) continue;
      if (live && !live.isOver) continue;
      // What follows its end (reprodata.out, the seal) needs what is there.
      await live?.recorded();
      found.push({ row, bytes: await sizeOf(deps, row, parts) });
    }
    if (sessions.length < PAGE) return found;
  }
}

async function sizeOf(deps: ApiDeps, row: SessionRow, parts: readonly PrunePart[]): Promise<number> {
  const kept = await deps.store.payloadBytes(row.key, storedParts(parts));
  return kept + (parts.includes('files') ? await filesIn(deps, row) : 0);
}

function storedParts(parts: readonly PrunePart[]): PayloadParts[] {
  return Object.values(PayloadParts).filter((part) => parts.includes(part));
}

/** Which sessions go, with the rules that say so, in words. */
function chosenOf(candidates: readonly Candidate[], rules: Rules, now: number): Map<Candidate, string[]> {
  const chosen = new Map<Candidate, string[]>();
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const group = rules.perGraph ? candidate.row.graphName : '';
    groups.set(group, [...(groups.get(group) ?? []), candidate]);
  }
  for (const group of groups.values()) {
    let bytes = 0;
    for (const [place, candidate] of group.entries()) {
      const { row } = candidate;
      bytes += candidate.bytes;
      const reasons: string[] = [];
      const age = now - (row.finishedAt ?? row.createdAt);
      if (rules.olderThanMs !== undefined && age > rules.olderThanMs) reasons.push('too old');
      if (rules.keep !== undefined && place >= rules.keep)
        reasons.push(`not one of the newest ${rules.keep}${rules.perGraph ? ' of its graph' : ''}`);
      if (rules.maxBytes !== undefined && bytes > rules.maxBytes)
        reasons.push(`over the size${rules.perGraph ? ' of its graph' : ''}`);
      // What was taken before has nothing more to give.
      if (reasons.length > 0 && candidate.bytes > 0) chosen.set(candidate, reasons);
    }
  }
  return chosen;
}

/**
 * What is not sealed yet is sealed first, because afterwards nothing could show what was there; a session that cannot be
 * sealed any more keeps what it has. Removes what was skipped from `chosen`.
 */
async function takeFrom(
  deps: ApiDeps,
  chosen: Map<Candidate, string[]>,
  parts: readonly PrunePart[],
  reason: RetentionReason,
  skipped: { sessionId: string; message: string }[],
): Promise<number> {
  const candidates = [...chosen.keys()];
  let freed = 0;
  for (let from = 0; from < candidates.length; from += SESSIONS_OF_ACT) {
    const taken: Taken[] = [];
    for (const candidate of candidates.slice(from, from + SESSIONS_OF_ACT)) {
      const { row, bytes } = candidate;
      try {
        const sealed = row.status === 'INTERRUPTED' ? row : (await ensureSealed(deps, row.sessionId)).row;
        taken.push({ row: sealed, parts, bytes });
      } catch (error) {
        skipped.push({ sessionId: row.sessionId, message: messageOf(error) });
        chosen.delete(candidate);
      }
    }
    if (taken.length === 0) continue;
    freed += await take(deps, reason, taken);
    if (parts.includes('files')) for (const { row } of taken) freed += await removeFiles(deps, row);
  }
  return freed;
}

/**
 * The folder of a session, if it is the one that this Host made for it; nothing else is ever touched. A store that was copied
 * names the folders of the place it was copied from.
 */
function ownFolder(deps: ApiDeps, row: SessionRow): string | undefined {
  const root = process.env['DLG_ROOT'] ?? deps.info().dataDir;
  const own = path.resolve(root, 'workspace', row.sessionId);
  return row.dir !== '' && path.resolve(row.dir) === own ? own : undefined;
}

/** Size in bytes of the files in a session's folder that may go. Links count as nothing and are not followed. */
async function filesIn(deps: ApiDeps, row: SessionRow): Promise<number> {
  const folder = ownFolder(deps, row);
  if (folder === undefined) return 0;
  let bytes = 0;
  for (const entry of await entriesOf(folder, true))
    if (entry.isFile() && !isKept(folder, entry))
      bytes += (await lstat(path.join(entry.parentPath, entry.name))).size;
  return bytes;
}

const isKept = (folder: string, entry: { readonly parentPath: string; readonly name: string }): boolean =>
  entry.name === KEPT_FILE && path.resolve(entry.parentPath) === path.resolve(folder);

async function entriesOf(folder: string, recursive: boolean) {
  const isLink = await lstat(folder).then(
    (facts) => facts.isSymbolicLink(),
    () => true,
  );
  // A folder that is gone, or was replaced by a link to somewhere, has nothing of the session's.
  return isLink ? [] : readdir(folder, { withFileTypes: true, recursive });
}

async function removeFiles(deps: ApiDeps, row: SessionRow): Promise<number> {
  const folder = ownFolder(deps, row);
  if (folder === undefined) return 0;
  const bytes = await filesIn(deps, row);
  for (const entry of await entriesOf(folder, false)) {
    if (isKept(folder, entry)) continue;
    try {
      await rm(path.join(folder, entry.name), { recursive: true, force: true });
    } catch (cause) {
      throw new WeirError(
        'STORE_PERMISSION',
        `The files of session ${row.sessionId} in ${folder} cannot be removed: ${messageOf(cause)}`,
        { cause, details: { sessionId: row.sessionId, folder } },
      );
    }
  }
  return bytes;
}
