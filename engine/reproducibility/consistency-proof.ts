/**
 * Proof that between two checkpoints of a device's log nothing was altered or removed: the older log is the beginning of the
 * newer one (RFC 9162 2.1.4). Self-contained and in canonical form (RFC 8785), as the proof of a drop is.
 */

import { WeirError } from '../protocol/index.ts';
import { canonicalJson } from './canonical.ts';
import { HASH_BYTES, type MerkleLog, verifyConsistency } from './merkle-log.ts';
import { openLogCheckpoint } from './session-seal.ts';
import { parseVerifierKey } from './signed-note.ts';
import { Stepwise } from './stepwise.ts';

export const CONSISTENCY_TYPE = 'weir-consistency-proof';
export const CONSISTENCY_VERSION = 1;

export interface ConsistencyProof {
  readonly type: typeof CONSISTENCY_TYPE;
  readonly version: typeof CONSISTENCY_VERSION;
  /** The signed checkpoints, older first. */
  readonly from: string;
  readonly to: string;
  /** Hashes, base64, in the order of the RFC. */
  readonly path: readonly string[];
  /** The key that signed both, as a C2SP verifier key text. */
  readonly key: string;
}

/** Makes the proof from the log as it is at the newer checkpoint. The checkpoints must be of this log. */
export function proveConsistency(
  log: MerkleLog,
  from: { readonly size: number; readonly note: string },
  to: { readonly size: number; readonly note: string },
  key: string,
): ConsistencyProof {
  return {
    type: CONSISTENCY_TYPE,
    version: CONSISTENCY_VERSION,
    from: from.note,
    to: to.note,
    path: log.consistencyProof(from.size, to.size).map((hash) => hash.toString('base64')),
    key,
  };
}

/** The text of a proof file. */
export function formatConsistencyProof(proof: ConsistencyProof): string {
  return `${canonicalJson(proof)}\n`;
}

/** The steps of a verification, in order. */
export const ConsistencySteps = [
  'form',
  'key',
  'older checkpoint',
  'newer checkpoint',
  'consistency',
] as const;
export type ConsistencyStep = (typeof ConsistencySteps)[number];

export interface ConsistencyVerdict {
  readonly valid: boolean;
  readonly checked: number;
  readonly problems: readonly { readonly step: ConsistencyStep; readonly message: string }[];
  /** What the proof is about; undefined when it could not be read. */
  readonly subject?: {
    readonly log: string;
    readonly fromSize: number;
    readonly toSize: number;
    readonly fromAtMs: number;
    readonly toAtMs: number;
    readonly signedBy: string;
    readonly isTrustedKey: boolean;
  };
}

const KEYS = ['from', 'key', 'path', 'to', 'type', 'version'];

const invalid = (message: string): WeirError => new WeirError('PROOF_INVALID', message);

/** Whether a text is meant to be a consistency proof, altered or not. */
export function isConsistencyProof(text: string): boolean {
  return text.includes(`"${CONSISTENCY_TYPE}"`);
}

/** Reads a proof file, checking its form only. Throws PROOF_INVALID. */
export function parseConsistencyProof(text: string): ConsistencyProof {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new WeirError('PROOF_INVALID', 'The file is no JSON: it was altered or cut off.', { cause: error });
  }
  const proof = value as Readonly<Record<string, unknown>> | null;
  if (typeof proof !== 'object' || proof?.['type'] !== CONSISTENCY_TYPE)
    throw invalid('The file is no consistency proof of Weir.');
  if (proof['version'] !== CONSISTENCY_VERSION)
    throw invalid(
      `The proof has version ${JSON.stringify(proof['version'])}; known is ${CONSISTENCY_VERSION}.`,
    );
  const { path } = proof;
  const isWhole =
    Object.keys(proof).every((key) => KEYS.includes(key)) &&
    ['from', 'to', 'key'].every((key) => typeof proof[key] === 'string') &&
    Array.isArray(path) &&
    path.length <= 128 &&
    path.every((hash) => typeof hash === 'string');
  if (!isWhole) throw invalid('The proof lacks a part, or has a part too many.');
  if (`${canonicalJson(value)}\n` !== text)
    throw invalid('The file is not in its canonical form: a byte of it was altered.');
  return value as ConsistencyProof;
}

/**
 * Verifies a proof from its own data. With `trustedKeys`, a proof by another key fails at step "key". Never throws for a bad
 * proof: the problems say which step failed.
 */
export function verifyConsistencyProof(
  text: string,
  trustedKeys: readonly string[] = [],
): ConsistencyVerdict {
  const steps = new Stepwise<ConsistencyStep>();
  const { attempt, problems } = steps;
  const proof = attempt('form', () => parseConsistencyProof(text));
  if (proof === undefined) return { valid: false, checked: steps.checked, problems };
  const key = attempt('key', () => {
    const verifier = parseVerifierKey(proof.key);
    if (trustedKeys.length > 0 && !trustedKeys.includes(proof.key))
      throw invalid(
        `The checkpoints are signed by "${verifier.name}" (${verifier.keyId}), which is not a key you trust.`,
      );
    return verifier;
  });
  if (key === undefined) return { valid: false, checked: steps.checked, problems };
  const from = attempt('older checkpoint', () => openLogCheckpoint(proof.from, [key]));
  const to = attempt('newer checkpoint', () => openLogCheckpoint(proof.to, [key]));
  if (!from || !to) return { valid: false, checked: steps.checked, problems };
  attempt('consistency', () => {
    if (from.size > to.size)
      throw invalid(`The older checkpoint is over ${from.size} seals, the newer one over only ${to.size}.`);
    if (!verifyConsistency(from.size, to.size, from.root, to.root, hashesOf(proof.path)))
      throw invalid(
        `The log of ${to.size} seals does not begin with that of ${from.size}: a seal was altered, removed or exchanged, or the proof was.`,
      );
  });
  return {
    valid: problems.length === 0,
    checked: steps.checked,
    problems,
    subject: {
      log: to.origin,
      fromSize: from.size,
      toSize: to.size,
      fromAtMs: from.signedAtMs,
      toAtMs: to.signedAtMs,
      signedBy: proof.key,
      isTrustedKey: trustedKeys.includes(proof.key),
    },
  };
}

function hashesOf(path: readonly string[]): Buffer[] {
  return path.map((text) => {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length !== HASH_BYTES || bytes.toString('base64') !== text)
      throw invalid('A hash of the path is not 32 bytes in base64.');
    return bytes;
  });
}
