/**
 * An act of retention in the device's log: which sessions lost which contents, events, logs or files, or were deleted, when
 * and why. It is a leaf of the log as seals of sessions are, so that what is gone is shown to be gone by an act of this
 * device; what is gone without one was taken by hand.
 *
 *     line per session --leaf--> root --+
 *     facts of the act ---- SHA-256 ----+--> seal (signed checkpoint "<device>/retention/<id>") --leaf--> the device's log
 */
import { WeirError } from '../protocol/index.ts';
import { canonicalJson } from './canonical.ts';
import { leafHash, MerkleLog } from './merkle-log.ts';
import { openNoted, sealNote, type NotedSeal } from './session-seal.ts';
import type { NoteSigner, NoteVerifier } from './signed-note.ts';

export const RETENTION_ACT_TYPE = 'weir-retention-act';
const RETENTION_ACT_VERSION = 1;

/** What may be taken from a session; `session`: it was deleted as a whole. */
export const RetainedParts = {
  contents: 'contents',
  events: 'events',
  logs: 'logs',
  files: 'files',
  session: 'session',
} as const;
export type RetainedParts = (typeof RetainedParts)[keyof typeof RetainedParts];

/** Who wanted it. */
export const RetentionReason = {
  /** A person: `weir history prune`, the window, a deleted session. */
  asked: 'asked',
  /** The standing rules. */
  rules: 'rules',
  /** It happened before acts were kept in the log; nothing shows what was there. Only for seals of that time. */
  adopted: 'adopted',
} as const;
export type RetentionReason = (typeof RetentionReason)[keyof typeof RetentionReason];

/** What one act took from one session. */
export interface RetainedSession {
  readonly sessionId: string;
  /** Milliseconds since 1970; tells it from other sessions that had the id. */
  readonly createdAtMs: number;
  /** Its key in the store, which is never given again. */
  readonly key: number;
  /** Place of its last seal in the log, or null where it had none. */
  readonly seal: number | null;
  readonly parts: readonly RetainedParts[];
  readonly bytes: number;
  readonly droppedAtMs: number;
}

/** What an act says. Its canonical hash is a line of its seal. */
export interface RetentionAct {
  readonly type: typeof RETENTION_ACT_TYPE;
  readonly version: typeof RETENTION_ACT_VERSION;
  /** Random. */
  readonly actId: string;
  readonly reason: RetentionReason;
  /** Times are those of the device's clock. */
  readonly atMs: number;
  readonly sessions: readonly RetainedSession[];
}

export function retentionAct(
  about: Pick<RetentionAct, 'actId' | 'reason' | 'atMs' | 'sessions'>,
): RetentionAct {
  return { type: RETENTION_ACT_TYPE, version: RETENTION_ACT_VERSION, ...about };
}

const originOf = (signerName: string, { actId }: Pick<RetentionAct, 'actId'>): string =>
  `${signerName}/retention/${encodeURIComponent(actId)}`;

/** The tree over the sessions of an act: one leaf each. */
export function retentionTree(act: RetentionAct): { readonly size: number; readonly root: Buffer } {
  const log = MerkleLog.of(act.sessions.map((one) => leafHash(Buffer.from(canonicalJson(one)))));
  return { size: log.size, root: log.root() };
}

/** Signs an act as it goes into the log. */
export function sealRetention(act: RetentionAct, signer: NoteSigner): string {
  return sealNote(
    { origin: originOf(signer.name, act), ...retentionTree(act), facts: act },
    act.atMs,
    signer,
  );
}

/** Checks the signature of an act and that it says this. Throws PROOF_INVALID with what does not hold. */
export function openRetention(
  note: string,
  act: RetentionAct,
  verifiers: readonly NoteVerifier[],
): NotedSeal {
  const wrong = (what: string): WeirError => new WeirError('PROOF_INVALID', what);
  if (act.type !== RETENTION_ACT_TYPE || !Array.isArray(act.sessions))
    throw wrong('This is not what an act of retention says.');
  if (act.version !== RETENTION_ACT_VERSION)
    throw wrong(`The act is of version ${String(act.version)}, which this Weir does not know; update Weir.`);
  const opened = openNoted(note, act, verifiers);
  const { size, root } = retentionTree(act);
  const origin = originOf(opened.signers[0]?.name ?? '', act);
  if (opened.origin !== origin || opened.size !== size || Buffer.compare(opened.root, root) !== 0)
    throw wrong(`The seal "${opened.origin}" is not that of this act of retention.`);
  if (opened.sealedAtMs !== act.atMs) throw wrong('The act says another time than its seal.');
  return opened;
}
