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
  RECORDS_PER_TILE,
  recordTileLines,
  type SessionFacts,
} from '../reproducibility/index.ts';
import { recordTexts, split } from '../session/index.ts';
import type { SessionRow, Store, StoredDrop, StoredSeal } from '../store/index.ts';
import type { ApiDeps } from './deps.ts';
import { sessionRow } from './graph-text.ts';
import {
  documentText,
  ensureSealed,
  IMPORTED,
  ledgerOf,
  loadSession,
  recordedIfOver,
  sealOf,
  sessionGraph,
} from './stored-session.ts';

/** Where a seal stands in the log as it is now. */
export async function logInclusion(store: Store, seal: StoredSeal): Promise<LogInclusion> {
  // Asked for together; what another process appends between the two is cut off.
  const [last, leaves] = await Promise.all([store.lastSeal(), store.logLeaves(0, Number.MAX_SAFE_INTEGER)]);
  const newest = last ?? seal;
  return proveSeal(MerkleLog.of(split(leaves).slice(0, newest.index + 1)), seal.index, newest.logCheckpoint);
}

/** Makes the proof of one drop. The text of `formatProof` is the file. */
export async function proveStored(deps: ApiDeps, sessionId: string, uid: string): Promise<Proof> {
  const { store } = deps;
  await recordedIfOver(deps, sessionId);
  const known = await sessionRow(store, sessionId);
  // What does not wait for an answer is asked for together: the store gives all of it in one go.
  const [sealed, at] = await Promise.all([
    known.sealIndex === null ? ensureSealed(deps, sessionId) : sealedAs(deps, known),
    store.rowOfUid(known.key, uid),
  ]);
  const { row, seal } = sealed;
  if (at === undefined)
    throw new NoDropException(`Session ${sessionId} has no drop "${uid}".`, { details: { sessionId, uid } });
  const drop = { uid, row: at };
  const [text, path, part] = await Promise.all([
    textOfRecord(deps, row, drop),
    inclusionPath(
      (height, from, count) => store.treeHashes(seal.index, height, from, count),
      drop.row,
      seal.leafCount,
    ),
    sealPart(store, row, seal),
  ]);
  return {
    type: PROOF_TYPE,
    version: PROOF_VERSION,
    record: parseDropRecord(text, `The record of ${uid}`),
    leafIndex: drop.row,
    treeSize: seal.leafCount,
    path: path.map((hash) => Buffer.from(hash).toString('base64')),
    ...part,
  };
}

async function sealedAs(deps: ApiDeps, row: SessionRow): Promise<{ row: SessionRow; seal: StoredSeal }> {
  const seal = await sealOf(deps.store, row);
  return seal ? { row, seal } : ensureSealed(deps, row.sessionId);
}

/**
 * The seal that a proof leads to. For an imported session that is the seal it came with: it is over the same records, and
 * by the device that ran them.
 */
export async function sealPart(
  store: Store,
  row: SessionRow,
  seal: StoredSeal,
): Promise<Pick<Proof, 'facts' | 'seal' | 'key' | 'log'>> {
  const facts = JSON.parse(seal.facts) as SessionFacts;
  if (!facts.importedFrom)
    return { facts, seal: seal.seal, key: seal.keyText, log: await logInclusion(store, seal) };
  const text = (name: string): Promise<string> => documentText(store, row.key, name);
  const log = await text(IMPORTED.log);
  return {
    facts: JSON.parse(await text(IMPORTED.facts)) as SessionFacts,
    seal: await text(IMPORTED.seal),
    key: await text(IMPORTED.key),
    ...(log !== '' && { log: JSON.parse(log) as LogInclusion }),
  };
}

/** A record from where it is kept: with its outcome, or in a tile; sessions of older seals have to make it again. */
export async function textOfRecord(
  deps: ApiDeps,
  row: SessionRow,
  drop: Pick<StoredDrop, 'uid' | 'row'>,
): Promise<string> {
  const { store } = deps;
  const [stored, [tile]] = await Promise.all([
    store.records(row.key, drop.row, 1),
    store.recordTiles(row.key, Math.floor(drop.row / RECORDS_PER_TILE), 1),
  ]);
  if (stored.rows.length > 0) return Buffer.from(stored.records.bytes).toString('utf8');
  const kept = tile && recordTileLines(tile)[drop.row % RECORDS_PER_TILE];
  if (kept) return kept;
  const { graph, texts } = await sessionGraph(deps, row);
  const session = await loadSession(deps, row, graph, texts, { uid: drop.uid, row: drop.row });
  const [made] = await recordTexts(ledgerOf(deps).worker(), store, session, drop.row, drop.row + 1);
  return made as string;
}

export const proofText = formatProof;
