/** The checkpoints of the device's log, and proofs that the log between two of them was only appended to. */
import { WeirError } from '../protocol/index.ts';
import {
  MerkleLog,
  openLogCheckpoint,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  proveConsistency,
  verifierKeyText,
  type ConsistencyProof,
} from '../reproducibility/index.ts';
import { split } from '../session/index.ts';
import type { StoredSeal } from '../store/index.ts';
import type { ApiDeps } from './deps.ts';
import { sessionRow } from './graph-text.ts';
import { ledgerOf } from './stored-session.ts';

/** One checkpoint: the log as it was when a session was sealed. */
export interface LogCheckpoint {
  /** Number of seals in the log. */
  readonly size: number;
  readonly signedAt: number;
  /** Base64. */
  readonly root: string;
  /** The session whose seal was the last then. */
  readonly sessionId: string;
  /** The signed note: what to keep elsewhere. */
  readonly note: string;
}

/** Checkpoints, newest first: those of fewer than `before` seals, at most `limit`. */
export async function listCheckpoints(
  deps: ApiDeps,
  { before, limit }: { readonly before?: number | undefined; readonly limit: number },
): Promise<{ readonly checkpoints: readonly LogCheckpoint[]; readonly total: number }> {
  const last = await deps.store.lastSeal();
  const total = last ? last.index + 1 : 0;
  const end = Math.min(total, Math.max(0, (before ?? total + 1) - 1));
  const from = Math.max(0, end - limit);
  const seals = end > from ? await deps.store.seals({ from, limit: end - from }) : [];
  return { checkpoints: seals.map(checkpointOf).reverse(), total };
}

function checkpointOf(seal: StoredSeal): LogCheckpoint {
  const { size, root } = parseCheckpoint(parseNote(seal.logCheckpoint).text);
  return {
    size,
    signedAt: seal.sealedAt,
    root: Buffer.from(root).toString('base64'),
    sessionId: seal.sessionId,
    note: seal.logCheckpoint,
  };
}

/** Which checkpoint: by the number of seals, by the session it was made for, or the text of one that was kept elsewhere. */
export type CheckpointRef =
  { readonly size: number } | { readonly sessionId: string } | { readonly note: string };

/**
 * Proves that the log at `from` is the beginning of the log at `to` (default: as it is now). Throws USAGE for a checkpoint
 * there is not, PROOF_INVALID for one that was kept elsewhere and is not of this log: then the history was forked.
 */
export async function proveBetween(
  deps: ApiDeps,
  from: CheckpointRef,
  to?: CheckpointRef,
): Promise<ConsistencyProof> {
  const last = await deps.store.lastSeal();
  if (!last) throw new WeirError('USAGE', 'The log has no seals yet, so there is nothing to prove.');
  const [older, newer] = [await find(deps, from), to ? await find(deps, to) : { ...noteOf(last) }];
  if (older.size > newer.size)
    throw new WeirError(
      'USAGE',
      `The log had ${older.size} seals at the first checkpoint and ${newer.size} at the second; give the older one first.`,
    );
  const log = MerkleLog.of(split(await deps.store.logLeaves(0, newer.size)));
  return proveConsistency(log, older, newer, verifierKeyText(ledgerOf(deps).signer));
}

interface Found {
  readonly size: number;
  readonly note: string;
}

const noteOf = (seal: StoredSeal): Found => ({ size: seal.index + 1, note: seal.logCheckpoint });

async function find(deps: ApiDeps, ref: CheckpointRef): Promise<Found> {
  if ('note' in ref) return given(deps, ref.note);
  const size = 'size' in ref ? ref.size : await sizeAt(deps, ref.sessionId);
  const [seal] = size > 0 ? await deps.store.seals({ from: size - 1, limit: 1 }) : [];
  if (seal?.index === size - 1) return noteOf(seal);
  const last = await deps.store.lastSeal();
  throw new WeirError(
    'USAGE',
    `There is no checkpoint of ${size} seals; the log has ${last ? last.index + 1 : 0}.`,
    { details: { size } },
  );
}

async function sizeAt(deps: ApiDeps, sessionId: string): Promise<number> {
  const { sealIndex } = await sessionRow(deps.store, sessionId);
  if (sealIndex !== null) return sealIndex + 1;
  throw new WeirError('USAGE', `Session ${sessionId} has no seal, so no checkpoint was made for it.`, {
    details: { sessionId },
  });
}

/** A checkpoint from elsewhere: signed by this device, and saying of the log what the log says. */
async function given(deps: ApiDeps, note: string): Promise<Found> {
  const { signer } = ledgerOf(deps);
  const checkpoint = openLogCheckpoint(note, [parseVerifierKey(verifierKeyText(signer))]);
  const log = MerkleLog.of(split(await deps.store.logLeaves(0, checkpoint.size)));
  if (log.size < checkpoint.size)
    throw new WeirError(
      'PROOF_INVALID',
      `The checkpoint is over ${checkpoint.size} seals, but the log has only ${log.size}: ${checkpoint.size - log.size} were removed, or an older copy of the history was put back.`,
    );
  if (Buffer.compare(log.root(), checkpoint.root) !== 0)
    throw new WeirError(
      'PROOF_INVALID',
      `The first ${checkpoint.size} seals of the log are not those that this device signed in that checkpoint: the history was altered or forked. Keep both.`,
    );
  return { size: checkpoint.size, note };
}
