/**
 * The record of one drop: everything that can be said years later about what it was, what it read, what it made. Its
 * canonical form (RFC 8785) is a leaf of the session's Merkle tree. docs/reproducibility.md describes the fields.
 */

import { type DropStateName, type Json, WeirError } from '../protocol/index.ts';
import { canonicalJson } from './canonical.ts';
import { leafHash } from './merkle-log.ts';
import type { HashedRMode } from './modes.ts';

export const DROP_RECORD_TYPE = 'weir-drop-record';
/** Raised when the meaning of a field changes; readers refuse versions they do not know. */
export const DROP_RECORD_VERSION = 1;

/** What the drop was. */
export interface DropIdentity {
  readonly oid: string;
  /** Key of the logical node; null for drops the translator invented. */
  readonly lgKey: string | null;
  /** Where in scatters and loops the drop is, e.g. "0-1". */
  readonly iid: string | null;
  readonly name: string;
  readonly categoryType: string;
  readonly category: string;
  readonly dropClass: string;
}

/** A drop this one depends on. `sha256` is the content it had when it was read; null for applications and unknown. */
export interface DropInput {
  readonly oid: string;
  readonly sha256: string | null;
  readonly port?: string;
}

/** The code that ran. Whatever does not apply is absent. */
export interface CodeIdentity {
  readonly command?: string;
  /** SHA-256 of the source of the function or component. */
  readonly functionSha256?: string;
  readonly functionName?: string;
  readonly imageDigest?: string;
  /** Package name -> version. */
  readonly packages?: Readonly<Record<string, string>>;
}

/** Stored data: null for applications and for data without content. */
export interface ContentIdentity {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Class of storage, e.g. "File". */
  readonly storage: string;
}

export interface DropTiming {
  /** Milliseconds since 1970 by the node's clock; null when it never happened. */
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
}

export interface DropOutcome {
  readonly status: DropStateName;
  /** Execution state of an application. */
  readonly execStatus?: string;
  readonly exitCode?: number;
  readonly errorMessage?: string;
  readonly stdoutSha256?: string;
  readonly stderrSha256?: string;
}

export interface DropRecord {
  readonly type: typeof DROP_RECORD_TYPE;
  readonly version: typeof DROP_RECORD_VERSION;
  readonly sessionId: string;
  readonly drop: DropIdentity;
  readonly parameters: Readonly<Record<string, Json>>;
  readonly inputs: readonly DropInput[];
  readonly code: CodeIdentity;
  readonly content: ContentIdentity | null;
  /** The node that ran it, and the hash of its description in the session's facts. */
  readonly node: string;
  readonly environmentSha256: string;
  readonly timing: DropTiming;
  readonly outcome: DropOutcome;
  /** DALiuGE's own run-time Merkle roots, by mode (SHA3-256; spec/reproducibility.md 9). */
  readonly upstream: Readonly<Partial<Record<HashedRMode, string | null>>>;
  /** Set when the result was taken over from another session: where from. */
  readonly reusedFrom?: { readonly sessionId: string; readonly oid: string };
}

export type DropRecordFacts = Omit<DropRecord, 'type' | 'version'>;

/**
 * Makes a record of facts, with its keys in canonical order, which makes its text cheap. Values that have no canonical
 * form must have gone through `portable` before.
 */
export function makeDropRecord(facts: DropRecordFacts): DropRecord {
  const { drop, code, content, outcome, timing } = facts;
  return {
    code: inOrder(code),
    content: content && { sha256: content.sha256, sizeBytes: content.sizeBytes, storage: content.storage },
    drop: {
      category: drop.category,
      categoryType: drop.categoryType,
      dropClass: drop.dropClass,
      iid: drop.iid,
      lgKey: drop.lgKey,
      name: drop.name,
      oid: drop.oid,
    },
    environmentSha256: facts.environmentSha256,
    inputs: facts.inputs.map(inOrder),
    node: facts.node,
    outcome: inOrder(outcome),
    parameters: inOrder(facts.parameters),
    ...(facts.reusedFrom && { reusedFrom: inOrder(facts.reusedFrom) }),
    sessionId: facts.sessionId,
    timing: { finishedAtMs: timing.finishedAtMs, startedAtMs: timing.startedAtMs },
    type: DROP_RECORD_TYPE,
    upstream: inOrder(facts.upstream),
    version: DROP_RECORD_VERSION,
  };
}

/** The object with its keys in order; itself when they are. */
function inOrder<T extends object>(object: T): T {
  const keys = Object.keys(object);
  if (keys.every((key, i) => i === 0 || (keys[i - 1] as string) < key)) return object;
  const entries = Object.entries(object) as [string, unknown][];
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) as T;
}

/** The text that is hashed and stored. */
export function dropRecordText(record: DropRecord): string {
  return canonicalJson(record);
}

/** The leaf of a stored record text. */
export function dropRecordLeaf(text: string): Buffer {
  return leafHash(Buffer.from(text));
}

/**
 * Reads a stored record. Throws PROOF_INVALID when the text is not the canonical form of a record of a version we
 * know; `where` names it in the error.
 */
export function parseDropRecord(text: string, where: string): DropRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new WeirError('PROOF_INVALID', `${where} is no JSON: it was altered or cut off.`, { cause: error });
  }
  const record = value as Partial<DropRecord> | null;
  if (typeof record !== 'object' || record === null || record.type !== DROP_RECORD_TYPE)
    throw new WeirError('PROOF_INVALID', `${where} is no record of a drop.`);
  if (record.version !== DROP_RECORD_VERSION)
    throw new WeirError(
      'PROOF_INVALID',
      `${where} is a record of version ${String(record.version)}; this Weir knows version ${DROP_RECORD_VERSION}. Update Weir.`,
    );
  if (canonicalJson(record) !== text)
    throw new WeirError('PROOF_INVALID', `${where} is not in canonical form: it was altered.`);
  if (
    typeof record.drop?.oid !== 'string' ||
    !Array.isArray(record.inputs) ||
    typeof record.outcome?.status !== 'string'
  )
    throw new WeirError('PROOF_INVALID', `${where} lacks fields that every record has.`);
  return record as DropRecord;
}
