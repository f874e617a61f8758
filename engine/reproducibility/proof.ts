/**
 * Proof that a drop's record is part of a sealed session: self-contained, small, verifiable alone. The file is in
 * canonical form (RFC 8785), so that every one of its bytes counts.
 */

import { WeirError } from '../protocol/index.ts';
import { canonicalJson } from './canonical.ts';
import { type DropRecord, dropRecordLeaf, parseDropRecord } from './drop-record.ts';
import { HASH_BYTES, type MerkleLog, rootFromInclusionProof, verifyInclusion } from './merkle-log.ts';
import { openLogCheckpoint, openSessionSeal, sealLeaf, type SessionFacts } from './session-seal.ts';
import { type NoteVerifier, parseVerifierKey } from './signed-note.ts';
import { Stepwise } from './stepwise.ts';

export const PROOF_TYPE = 'weir-proof';
export const PROOF_VERSION = 1;

/** Where a seal stands in its device's log. */
export interface LogInclusion {
  readonly leafIndex: number;
  readonly treeSize: number;
  /** Sibling hashes, base64, nearest first. */
  readonly path: readonly string[];
  /** The signed checkpoint of the log at that size. */
  readonly checkpoint: string;
}

export interface Proof {
  readonly type: typeof PROOF_TYPE;
  readonly version: typeof PROOF_VERSION;
  readonly record: DropRecord;
  readonly leafIndex: number;
  readonly treeSize: number;
  readonly path: readonly string[];
  readonly facts: SessionFacts;
  readonly seal: string;
  /** The key that signed, as a C2SP verifier key text. */
  readonly key: string;
  readonly log?: LogInclusion;
}

export interface ProofParts {
  readonly recordText: string;
  readonly leafIndex: number;
  readonly tree: MerkleLog;
  readonly facts: SessionFacts;
  readonly seal: string;
  readonly key: string;
  readonly log?: LogInclusion;
}

const base64 = (hashes: readonly Uint8Array[]): string[] =>
  hashes.map((hash) => Buffer.from(hash).toString('base64'));

/** Makes the proof of one drop. */
export function proveDrop(parts: ProofParts): Proof {
  return {
    type: PROOF_TYPE,
    version: PROOF_VERSION,
    record: parseDropRecord(parts.recordText, `The record at ${parts.leafIndex}`),
    leafIndex: parts.leafIndex,
    treeSize: parts.tree.size,
    path: base64(parts.tree.inclusionProof(parts.leafIndex)),
    facts: parts.facts,
    seal: parts.seal,
    key: parts.key,
    ...(parts.log && { log: parts.log }),
  };
}

/** Makes the proof that a seal stands in the log, at the log's present size. */
export function proveSeal(log: MerkleLog, leafIndex: number, checkpoint: string): LogInclusion {
  return { leafIndex, treeSize: log.size, path: base64(log.inclusionProof(leafIndex)), checkpoint };
}

/** The text of a proof file. */
export function formatProof(proof: Proof): string {
  return `${canonicalJson(proof)}\n`;
}

/** The steps of a verification, in order. */
export const ProofSteps = ['form', 'record', 'key', 'seal', 'inclusion', 'log'] as const;
export type ProofStep = (typeof ProofSteps)[number];

export interface ProofProblem {
  readonly step: ProofStep;
  readonly message: string;
}

export interface ProofVerdict {
  readonly valid: boolean;
  /** How many steps were checked. */
  readonly checked: number;
  readonly problems: readonly ProofProblem[];
  /** What the proof is about; undefined when it could not be read. */
  readonly subject?: {
    readonly sessionId: string;
    readonly oid: string;
    readonly sealedAtMs: number;
    readonly signedBy: string;
    /** Whether the key is one the caller trusts; false when none was given. */
    readonly isTrustedKey: boolean;
  };
}

const KEYS = ['facts', 'key', 'leafIndex', 'log', 'path', 'record', 'seal', 'treeSize', 'type', 'version'];
const LOG_KEYS = ['checkpoint', 'leafIndex', 'path', 'treeSize'];

function hashes(path: readonly string[]): Buffer[] {
  return path.map((text) => {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length !== HASH_BYTES || bytes.toString('base64') !== text)
      throw new WeirError('PROOF_INVALID', 'A hash of the path is not 32 bytes in base64.');
    return bytes;
  });
}

function isPath(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= 64 && value.every((item) => typeof item === 'string');
}

function isLog(value: unknown): value is LogInclusion {
  const log = value as LogInclusion;
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).every((key) => LOG_KEYS.includes(key)) &&
    isPath(log.path) &&
    typeof log.checkpoint === 'string' &&
    Number.isSafeInteger(log.leafIndex) &&
    Number.isSafeInteger(log.treeSize)
  );
}

/** Reads a proof file, checking its form only. Throws PROOF_INVALID. */
export function parseProof(text: string): Proof {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new WeirError('PROOF_INVALID', 'The file is no JSON: it was altered or cut off.', { cause: error });
  }
  const proof = value as Proof;
  if (typeof value !== 'object' || value === null || proof.type !== PROOF_TYPE)
    throw new WeirError('PROOF_INVALID', 'The file is no proof of Weir.');
  const version: unknown = proof.version;
  if (version !== PROOF_VERSION)
    throw new WeirError(
      'PROOF_INVALID',
      `The proof has version ${JSON.stringify(version)}; known is ${PROOF_VERSION}.`,
    );
  const isWhole =
    Object.keys(proof).every((key) => KEYS.includes(key)) &&
    typeof proof.record === 'object' &&
    typeof proof.facts === 'object' &&
    isPath(proof.path) &&
    typeof proof.seal === 'string' &&
    typeof proof.key === 'string' &&
    Number.isSafeInteger(proof.leafIndex) &&
    Number.isSafeInteger(proof.treeSize) &&
    (proof.log === undefined || isLog(proof.log));
  if (!isWhole) throw new WeirError('PROOF_INVALID', 'The proof lacks a part, or has a part too many.');
  if (`${canonicalJson(value)}\n` !== text)
    throw new WeirError('PROOF_INVALID', 'The file is not in its canonical form: a byte of it was altered.');
  return proof;
}

/**
 * Verifies a proof from its own data. `trustedKeys` are verifier key texts known from elsewhere; with some given, a proof
 * by another key fails at step "key". Never throws for a bad proof: the problems say which step failed.
 */
export function verifyProof(proof: string | Proof, trustedKeys: readonly string[] = []): ProofVerdict {
  const steps = new Stepwise<ProofStep>();
  const { attempt, problems } = steps;
  const read = attempt('form', () => parseProof(typeof proof === 'string' ? proof : formatProof(proof)));
  if (read === undefined) return { valid: false, checked: steps.checked, problems };
  const leaf = attempt('record', () => recordLeaf(read));
  const key = attempt('key', () => checkKey(read.key, trustedKeys));
  const seal = key && attempt('seal', () => openSessionSeal(read.seal, read.facts, [key]));
  if (leaf && seal) attempt('inclusion', () => checkInclusion(read, leaf, seal));
  if (key && read.log) attempt('log', () => checkLog(read, key));
  return {
    valid: problems.length === 0,
    checked: steps.checked,
    problems,
    subject: {
      sessionId: read.facts.sessionId,
      oid: read.record.drop?.oid,
      sealedAtMs: seal?.sealedAtMs ?? 0,
      signedBy: read.key,
      isTrustedKey: trustedKeys.includes(read.key),
    },
  };
}

function recordLeaf(proof: Proof): Buffer {
  const text = canonicalJson(proof.record);
  const record = parseDropRecord(text, 'The record of the proof');
  if (record.sessionId !== proof.facts.sessionId)
    throw new WeirError(
      'PROOF_INVALID',
      `The record is of session "${record.sessionId}", the seal of "${proof.facts.sessionId}".`,
    );
  return dropRecordLeaf(text);
}

function checkKey(text: string, trusted: readonly string[]): NoteVerifier {
  const key = parseVerifierKey(text);
  if (trusted.length > 0 && !trusted.includes(text))
    throw new WeirError(
      'PROOF_INVALID',
      `The proof is signed by "${key.name}" (${key.keyId}), which is not a key you trust.`,
    );
  return key;
}

function checkInclusion(
  proof: Proof,
  leaf: Buffer,
  seal: { readonly size: number; readonly root: Uint8Array },
): void {
  if (seal.size !== proof.treeSize)
    throw new WeirError(
      'PROOF_INVALID',
      `The seal is over ${seal.size} records, the proof over ${proof.treeSize}.`,
    );
  const root = rootFromInclusionProof(proof.leafIndex, proof.treeSize, leaf, hashes(proof.path));
  if (root === undefined)
    throw new WeirError('PROOF_INVALID', 'The path has the wrong length for its place in the tree.');
  if (Buffer.compare(root, seal.root) !== 0)
    throw new WeirError(
      'PROOF_INVALID',
      'The record and its path lead to another root than the sealed one: one was altered.',
    );
}

function checkLog(proof: Proof, key: NoteVerifier): void {
  const log = proof.log as LogInclusion;
  const checkpoint = openLogCheckpoint(log.checkpoint, [key]);
  const isIn =
    checkpoint.size === log.treeSize &&
    verifyInclusion(log.leafIndex, log.treeSize, sealLeaf(proof.seal), hashes(log.path), checkpoint.root);
  if (!isIn) throw new WeirError('PROOF_INVALID', "The seal is not at its place in the device's log.");
}
