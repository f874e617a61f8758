/**
 * Recomputes a proof step by step with WebCrypto: record, leaf, siblings, root, facts, signature, place in the log. RFC
 * 6962/9162 trees, C2SP signed notes. Shares no code with the engine that made the proof; takes nothing from it but the
 * bytes of the proof.
 */
import type { LogParts, ProofParts } from './proof-parts.ts';
import {
  base64,
  bytesOf,
  checkSignature,
  ED25519,
  encoder,
  HASH_BYTES,
  Hasher,
  hex,
  isSame,
  parseCheckpoint,
  parseKey,
  type Bytes,
  type Checkpoint,
  type Key,
} from './signed-notes.ts';

/** The steps in their order. */
export const PROOF_STEPS = ['record', 'leaf', 'path', 'root', 'facts', 'signature', 'log'] as const;
export type ProofStepId = (typeof PROOF_STEPS)[number];

/** `unchecked`: this window cannot compute it; why is in the reason. `absent`: the proof has no such part. */
export const StepOutcome = {
  HOLDS: 'holds',
  FAILS: 'fails',
  UNCHECKED: 'unchecked',
  ABSENT: 'absent',
} as const;
export type StepOutcome = (typeof StepOutcome)[keyof typeof StepOutcome];

/** Why a step fails or was not checked; the words are in strings.ts. */
export type StepReason =
  | 'recordMalformed'
  | 'otherSession'
  | 'pathMalformed'
  | 'pathLength'
  | 'checkpointMalformed'
  | 'otherSize'
  | 'otherRoot'
  | 'factsMalformed'
  | 'otherFacts'
  | 'otherOrigin'
  | 'keyMalformed'
  | 'otherKeyId'
  | 'notSigned'
  | 'badSignature'
  | 'noEd25519'
  | 'otherLog'
  | 'logSignature';

export interface ProofStep {
  readonly id: ProofStepId;
  readonly outcome: StepOutcome;
  readonly reason?: StepReason;
  /** What the step computed, hexadecimal unless it is a text. */
  readonly computed?: string;
  /** What the proof says it should be, where there is such a thing. */
  readonly expected?: string;
}

/** One sibling: on which side it stands, and the hash over both. */
export interface PathStep {
  readonly side: 'left' | 'right';
  readonly sibling: string;
  readonly running: string;
}

export interface CheckedProof {
  readonly steps: readonly ProofStep[];
  readonly path: readonly PathStep[];
  readonly signedBy: { readonly name: string; readonly keyId: string } | undefined;
  readonly sealedAtMs: number | undefined;
  /** All steps that the proof has were computed and hold. */
  readonly holds: boolean;
}

// --- the tree ------------------------------------------------------------------------------------------------------

/** Walks from a leaf to the root (RFC 9162 2.1.3.2). */
async function climb(
  hasher: Hasher,
  leaf: Bytes,
  place: { readonly leafIndex: number; readonly treeSize: number; readonly path: readonly string[] },
): Promise<{ readonly path: readonly PathStep[]; readonly root: Bytes; readonly reason?: StepReason }> {
  const path: PathStep[] = [];
  let root = leaf;
  const { leafIndex, treeSize } = place;
  if (leafIndex < 0 || leafIndex >= treeSize) return { path, root, reason: 'pathLength' };
  let index = leafIndex;
  let last = treeSize - 1;
  for (const text of place.path) {
    const sibling = bytesOf(text);
    if (sibling?.length !== HASH_BYTES) return { path, root, reason: 'pathMalformed' };
    if (last === 0) return { path, root, reason: 'pathLength' };
    const isLeft = index % 2 === 1 || index === last;
    root = isLeft ? await hasher.node(sibling, root) : await hasher.node(root, sibling);
    path.push({ side: isLeft ? 'left' : 'right', sibling: hex(sibling), running: hex(root) });
    // A last node without a right sibling goes up as it is, until it is a right child itself.
    while (isLeft && index % 2 === 0 && index !== 0) {
      index /= 2;
      last = Math.floor(last / 2);
    }
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? { path, root } : { path, root, reason: 'pathLength' };
}

// --- the steps -----------------------------------------------------------------------------------------------------

const verdictOf = (
  id: ProofStepId,
  reason: StepReason | undefined,
  more: Partial<ProofStep> = {},
): ProofStep => ({
  id,
  outcome: reason === undefined ? 'holds' : 'fails',
  ...(reason === undefined ? {} : { reason }),
  ...more,
});

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function recordStep(record: Record<string, unknown> | undefined, facts: Record<string, unknown> | undefined) {
  if (record === undefined) return verdictOf('record', 'recordMalformed');
  const isOther = facts !== undefined && record['sessionId'] !== facts['sessionId'];
  return verdictOf('record', isOther ? 'otherSession' : undefined);
}

function rootStep(root: Bytes, treeSize: number, seal: Checkpoint | undefined): ProofStep {
  const computed = hex(root);
  if (seal === undefined) return verdictOf('root', 'checkpointMalformed', { computed });
  const expected = hex(seal.root);
  const reason =
    seal.size !== treeSize ? 'otherSize' : isSame(root, seal.root) ? undefined : ('otherRoot' as const);
  return verdictOf('root', reason, { computed, expected });
}

async function factsStep(
  hasher: Hasher,
  parts: ProofParts,
  facts: Record<string, unknown> | undefined,
  seal: Checkpoint | undefined,
  key: Key | undefined,
): Promise<ProofStep> {
  const computed = base64(await hasher.sha256(encoder.encode(parts.factsText)));
  const expected = seal?.lines.get('facts-sha256');
  const more = { computed, ...(expected === undefined ? {} : { expected }) };
  if (facts === undefined) return verdictOf('facts', 'factsMalformed', more);
  if (seal === undefined || expected === undefined) return verdictOf('facts', 'checkpointMalformed', more);
  if (computed !== expected) return verdictOf('facts', 'otherFacts', more);
  const run = [facts['sessionId'], facts['runId']].map((id) => encodeURIComponent(String(id))).join('/');
  const isIts =
    seal.size === facts['drops'] && (key === undefined || seal.origin === `${key.name}/session/${run}`);
  return verdictOf('facts', isIts ? undefined : 'otherOrigin', more);
}

async function signatureStep(
  subtle: SubtleCrypto,
  hasher: Hasher,
  seal: Checkpoint | undefined,
  key: Key | undefined,
): Promise<ProofStep> {
  if (key === undefined) return verdictOf('signature', 'keyMalformed');
  const id = await hasher.sha256(encoder.encode(`${key.name}\n`), Uint8Array.of(ED25519), key.raw);
  const more = { computed: hex(id.subarray(0, 4)), expected: key.keyId };
  if (more.computed !== key.keyId) return verdictOf('signature', 'otherKeyId', more);
  if (seal === undefined) return verdictOf('signature', 'checkpointMalformed', more);
  const reason = await checkSignature(subtle, seal, key);
  if (reason === 'noEd25519') return { id: 'signature', outcome: 'unchecked', reason, ...more };
  return verdictOf('signature', reason, more);
}

async function logStep(
  subtle: SubtleCrypto,
  hasher: Hasher,
  log: LogParts | undefined,
  sealText: string,
  key: Key | undefined,
): Promise<ProofStep> {
  if (log === undefined) return { id: 'log', outcome: 'absent' };
  const checkpoint = parseCheckpoint(log.checkpoint);
  const { root, reason } = await climb(hasher, await hasher.leaf(sealText), log);
  const computed = hex(root);
  if (checkpoint === undefined) return verdictOf('log', 'checkpointMalformed', { computed });
  const more = { computed, expected: hex(checkpoint.root) };
  if (reason !== undefined) return verdictOf('log', reason, more);
  const isIn = checkpoint.size === log.treeSize && isSame(root, checkpoint.root);
  if (!isIn || (key !== undefined && checkpoint.origin !== `${key.name}/log`))
    return verdictOf('log', 'otherLog', more);
  if (key === undefined) return verdictOf('log', 'keyMalformed', more);
  const signature = await checkSignature(subtle, checkpoint, key);
  if (signature === 'noEd25519') return { id: 'log', outcome: 'unchecked', reason: signature, ...more };
  return verdictOf('log', signature === undefined ? undefined : 'logSignature', more);
}

/**
 * Recomputes every step of a proof. Never throws for a bad one: the steps say what fails. `subtle` is
 * `crypto.subtle`, which a page has on loopback, https and the app's own scheme only.
 */
export async function checkProof(parts: ProofParts, subtle: SubtleCrypto): Promise<CheckedProof> {
  const hasher = new Hasher(subtle);
  const record = parseObject(parts.recordText);
  const facts = parseObject(parts.factsText);
  const seal = parseCheckpoint(parts.seal);
  const key = parseKey(parts.key);
  const leaf = await hasher.leaf(parts.recordText);
  const { path, root, reason } = await climb(hasher, leaf, parts);
  const steps: readonly ProofStep[] = [
    recordStep(record, facts),
    { id: 'leaf', outcome: 'holds', computed: hex(leaf) },
    verdictOf('path', reason, { computed: hex(root) }),
    rootStep(root, parts.treeSize, seal),
    await factsStep(hasher, parts, facts, seal, key),
    await signatureStep(subtle, hasher, seal, key),
    await logStep(subtle, hasher, parts.log, parts.seal, key),
  ];
  const sealedAt = seal?.lines.get('sealed-at-ms');
  return {
    steps,
    path,
    signedBy: key === undefined ? undefined : { name: key.name, keyId: key.keyId },
    sealedAtMs: sealedAt === undefined ? undefined : Number(sealedAt),
    holds: steps.every(({ outcome }) => outcome === 'holds' || outcome === 'absent'),
  };
}
