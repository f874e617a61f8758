/**
 * Recomputes in the window that between two checkpoints of a device's log nothing was removed or altered: the older log is
 * the beginning of the newer one (RFC 9162 2.1.4.2). Takes nothing from the Host but the bytes of the proof.
 */
import { canonicalText } from './proof-parts.ts';
import {
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

export const CONSISTENCY_STEPS = ['form', 'key', 'older', 'newer', 'consistency'] as const;
export type ConsistencyStepId = (typeof CONSISTENCY_STEPS)[number];

export type ConsistencyReason =
  | 'form'
  | 'keyMalformed'
  | 'otherKeyId'
  | 'checkpointMalformed'
  | 'notSigned'
  | 'badSignature'
  | 'noEd25519'
  | 'otherLog'
  | 'order'
  | 'fork'
  | 'notBeginning';

export interface ConsistencyStep {
  readonly id: ConsistencyStepId;
  /** `unchecked`: this window cannot compute it, or a step before it failed. */
  readonly outcome: 'holds' | 'fails' | 'unchecked';
  readonly reason?: ConsistencyReason;
}

export interface LogState {
  readonly note: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly root: string;
  readonly signedAtMs: number | undefined;
}

export interface CheckedConsistency {
  readonly steps: readonly ConsistencyStep[];
  readonly older: LogState | undefined;
  readonly newer: LogState | undefined;
  readonly signedBy: { readonly name: string; readonly keyId: string } | undefined;
  /** All steps were computed and hold. */
  readonly holds: boolean;
  /** Two checkpoints of one size and two roots by one key: the log was forked. */
  readonly isFork: boolean;
}

interface Parts {
  readonly from: string;
  readonly to: string;
  readonly path: readonly string[];
  readonly key: string;
}

const MAX_PATH = 128;

/** Whether a text is meant to be such a proof. */
export const isConsistencyText = (text: string): boolean => text.includes('"weir-consistency-proof"');

function readParts(text: string): Parts | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, version, from, to, path, key, ...more } = value as Record<string, unknown>;
  const isWhole =
    type === 'weir-consistency-proof' &&
    version === 1 &&
    typeof from === 'string' &&
    typeof to === 'string' &&
    typeof key === 'string' &&
    Array.isArray(path) &&
    path.length <= MAX_PATH &&
    path.every((hash) => typeof hash === 'string') &&
    Object.keys(more).length === 0;
  // The canonical form is the only one, so that every byte of a file counts.
  if (!isWhole || `${canonicalText(value)}\n` !== text) return undefined;
  return { from, to, key, path: path };
}

/** Recomputes every step. Never throws for a bad proof. `subtle` is `crypto.subtle`. */
export async function checkConsistency(text: string, subtle: SubtleCrypto): Promise<CheckedConsistency> {
  const parts = readParts(text);
  if (parts === undefined) {
    const steps = CONSISTENCY_STEPS.map((id): ConsistencyStep =>
      id === 'form' ? fails(id, 'form') : { id, outcome: 'unchecked' },
    );
    return { steps, older: undefined, newer: undefined, signedBy: undefined, holds: false, isFork: false };
  }
  const hasher = new Hasher(subtle);
  const [from, to, key] = [parseCheckpoint(parts.from), parseCheckpoint(parts.to), parseKey(parts.key)];
  const steps: readonly ConsistencyStep[] = [
    { id: 'form', outcome: 'holds' },
    await keyStep(hasher, key),
    await checkpointStep('older', subtle, from, key),
    await checkpointStep('newer', subtle, to, key),
    await beginningStep(hasher, from, to, parts.path),
  ];
  const isFork =
    from !== undefined &&
    to !== undefined &&
    from.size === to.size &&
    !isSame(from.root, to.root) &&
    steps.slice(1, 4).every(({ outcome }) => outcome === 'holds');
  return {
    steps,
    older: stateOf(parts.from, from),
    newer: stateOf(parts.to, to),
    signedBy: key && { name: key.name, keyId: key.keyId },
    holds: steps.every(({ outcome }) => outcome === 'holds'),
    isFork,
  };
}

function stateOf(note: string, checkpoint: Checkpoint | undefined): LogState | undefined {
  if (checkpoint === undefined) return undefined;
  const at = checkpoint.lines.get('signed-at-ms') ?? checkpoint.lines.get('sealed-at-ms');
  const { size, root } = checkpoint;
  return { note, size, root: hex(root), signedAtMs: at === undefined ? undefined : Number(at) };
}

const fails = (id: ConsistencyStepId, reason: ConsistencyReason): ConsistencyStep => ({
  id,
  outcome: 'fails',
  reason,
});

async function keyStep(hasher: Hasher, key: Key | undefined): Promise<ConsistencyStep> {
  if (key === undefined) return fails('key', 'keyMalformed');
  const id = await hasher.sha256(encoder.encode(`${key.name}\n`), Uint8Array.of(ED25519), key.raw);
  return hex(id.subarray(0, 4)) === key.keyId ? { id: 'key', outcome: 'holds' } : fails('key', 'otherKeyId');
}

async function checkpointStep(
  id: 'older' | 'newer',
  subtle: SubtleCrypto,
  checkpoint: Checkpoint | undefined,
  key: Key | undefined,
): Promise<ConsistencyStep> {
  if (checkpoint === undefined) return fails(id, 'checkpointMalformed');
  if (key === undefined) return { id, outcome: 'unchecked' };
  if (checkpoint.origin !== `${key.name}/log`) return fails(id, 'otherLog');
  const problem = await checkSignature(subtle, checkpoint, key);
  if (problem === 'noEd25519') return { id, outcome: 'unchecked', reason: problem };
  return problem === undefined ? { id, outcome: 'holds' } : fails(id, problem);
}

async function beginningStep(
  hasher: Hasher,
  from: Checkpoint | undefined,
  to: Checkpoint | undefined,
  path: readonly string[],
): Promise<ConsistencyStep> {
  const id = 'consistency';
  if (from === undefined || to === undefined) return { id, outcome: 'unchecked' };
  if (from.size > to.size) return fails(id, 'order');
  if (from.size === to.size && !isSame(from.root, to.root)) return fails(id, 'fork');
  const hashes = path.map(bytesOf);
  const isMade = hashes.every((hash): hash is Bytes => hash?.length === HASH_BYTES);
  const holds = isMade && (await isBeginning(hasher, from, to, hashes));
  return holds ? { id, outcome: 'holds' } : fails(id, 'notBeginning');
}

/** The walk of RFC 9162 2.1.4.2: both roots come out of the same hashes. */
async function isBeginning(
  hasher: Hasher,
  older: Checkpoint,
  newer: Checkpoint,
  path: readonly Bytes[],
): Promise<boolean> {
  if (older.size === newer.size) return path.length === 0;
  if (older.size === 0) return false;
  const isPowerOfTwo = 2 ** Math.floor(Math.log2(older.size)) === older.size;
  const [first, ...hashes] = isPowerOfTwo ? [older.root, ...path] : path;
  if (first === undefined) return false;
  let index = older.size - 1;
  let last = newer.size - 1;
  while (index % 2 === 1) {
    index = (index - 1) / 2;
    last = Math.floor(last / 2);
  }
  let oldRoot: Bytes = first;
  let newRoot: Bytes = first;
  for (const hash of hashes) {
    if (last === 0) return false;
    if (index % 2 === 1 || index === last) {
      oldRoot = await hasher.node(hash, oldRoot);
      newRoot = await hasher.node(hash, newRoot);
      while (index % 2 === 0 && index !== 0) {
        index /= 2;
        last = Math.floor(last / 2);
      }
    } else newRoot = await hasher.node(newRoot, hash);
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && isSame(oldRoot, older.root) && isSame(newRoot, newer.root);
}
