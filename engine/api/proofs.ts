/** Proofs from the store: a drop's record in its session's seal, the seal in the device's log. */
import { NoDropException } from '../protocol/index.ts';
import {
  formatProof,
  inclusionPath,
  MerkleLog,
  parseDropRecord,
  PROOF_TYPE,
  PROOF_VERSION,
  proveSeal,
  type LogInclusion,
  type Proof,
  type SessionFacts,
} from '../reproducibility/index.ts';
import { recordText, split } from '../session/index.ts';
import type { Store, StoredSeal } from '../store/index.ts';
import type { ApiDeps } from './deps.ts';
import { ensureSealed, ledgerOf, loadSession, sessionGraph } from './stored-session.ts';

/** Where a seal stands in the log as it is now. */
export async function logInclusion(store: Store, seal: StoredSeal): Promise<LogInclusion> {
  const last = (await store.lastSeal()) ?? seal;
  const leaves = await store.logLeaves(0, last.index + 1);
  return proveSeal(MerkleLog.of(split(leaves)), seal.index, last.logCheckpoint);
}

/** Makes the proof of one drop. The text of `formatProof` is the file. */
export async function proveStored(deps: ApiDeps, sessionId: string, uid: string): Promise<Proof> {
  const { store } = deps;
  const { row, seal } = await ensureSealed(deps, sessionId);
  const drop = await store.dropByUid(row.key, uid);
  if (!drop)
    throw new NoDropException(`Session ${sessionId} has no drop "${uid}".`, { details: { sessionId, uid } });
  const { graph, texts } = await sessionGraph(deps, row);
  const session = await loadSession(deps, row, graph, texts, { uid, row: drop.row });
  const text = await recordText(ledgerOf(deps).worker(), store, session, drop.row);
  const path = await inclusionPath(
    (height, from, count) => store.treeHashes(seal.index, height, from, count),
    drop.row,
    seal.leafCount,
  );
  return {
    type: PROOF_TYPE,
    version: PROOF_VERSION,
    record: parseDropRecord(text, `The record of ${uid}`),
    leafIndex: drop.row,
    treeSize: seal.leafCount,
    path: path.map((hash) => Buffer.from(hash).toString('base64')),
    facts: JSON.parse(seal.facts) as SessionFacts,
    seal: seal.seal,
    key: seal.keyText,
    log: await logInclusion(store, seal),
  };
}

export const proofText = formatProof;
