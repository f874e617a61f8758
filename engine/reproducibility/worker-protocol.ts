/** What the reproducibility worker can do: operation -> what goes in and what comes out. */

import type { BundleProblem } from './bundle.ts';
import type { ComparisonChoices } from './comparators.ts';
import type { Comparison } from './compare.ts';
import type { KeptComparison } from './kept-comparison.ts';
import type { HashedRMode } from './modes.ts';
import type { PhysicalStage } from './physical-signer.ts';
import type { RuntimePack } from './runtime-pack.ts';
import type { RecordMismatch, RecordPage, RecordSource, RecordTree } from './record-stream.ts';
import type { SessionFacts } from './session-seal.ts';
import type { EndedPage, SigningPlan, SigningResult, SpecPage } from './session-signing.ts';
import type { PhysicalSignStage, SignResult } from './sign.ts';

/** Records of a session as stored texts, with the signatures of its facts. */
export interface SessionRecords {
  readonly recordTexts: readonly string[];
  readonly signatures: Readonly<Partial<Record<HashedRMode, string | null>>>;
  readonly canonicalSignatures?: Readonly<Partial<Record<HashedRMode, string | null>>>;
}

/** What a verified bundle is about, without its records. */
export interface BundleSummary {
  readonly facts: SessionFacts;
  readonly seal: string;
  /** C2SP verifier key text of the device that sealed it; its name and id. */
  readonly key: string;
  readonly signedBy: string;
  readonly keyId: string;
  readonly sealedAtMs: number;
}

/** Drops that ended, by index: their status, and the SHA3-256 of their content where it is hashed. */
export interface EndedDrops {
  readonly drops: Uint32Array;
  readonly statuses: Uint8Array;
  readonly dataHashes: readonly (string | null)[];
  /** Roots by mode for drops with recompute data of their own, by position in `drops`. */
  readonly roots?: ReadonlyMap<number, readonly (string | null | undefined)[]>;
}

export interface WorkerOperations {
  /** Upstream's run-time stage of a session: opened, given its specifications, begun, told of ends, finished, read, closed. */
  'signing.open': { input: { id: string; plan: SigningPlan }; output: null };
  'signing.specs': { input: { id: string; page: SpecPage }; output: null };
  'signing.begin': { input: { id: string }; output: null };
  'signing.ended': { input: { id: string; page: EndedPage }; output: null };
  'signing.finish': { input: { id: string }; output: SigningResult };
  /** A page of `reprodata.out`, in `buffer` where it fits; both are handed over, not copied. */
  'signing.document': {
    input: { id: string; from: number; count: number; buffer?: ArrayBuffer };
    output: Uint8Array<ArrayBuffer>;
  };
  'signing.close': { input: { id: string }; output: null };
  /** The tree of a session's records: opened, given graph and pages in order, finished (which closes it). */
  'records.open': { input: { id: string; source: RecordSource }; output: null };
  'records.graph': { input: { id: string; bytes: Uint8Array }; output: null };
  'records.page': {
    input: { id: string; page: RecordPage };
    output: { tiles: readonly Uint8Array<ArrayBufferLike>[] };
  };
  'records.texts': { input: { id: string; page: RecordPage }; output: readonly string[] };
  'records.finish': { input: { id: string }; output: RecordTree & { mismatches: readonly RecordMismatch[] } };
  'records.close': { input: { id: string }; output: null };
  /** Begins the signing of a session while it runs. */
  'runtime.open': { input: { sessionId: string; pack: RuntimePack }; output: { drops: number } };
  /** As above, from the bytes of the physical graph as it was deployed. */
  'runtime.openGraph': {
    input: { sessionId: string; graph: Uint8Array };
    output: { drops: number; isSigned: boolean };
  };
  'runtime.ended': { input: { sessionId: string; ended: EndedDrops }; output: { finished: number } };
  /** The signatures; throws when a drop has not ended. */
  'runtime.signatures': { input: { sessionId: string }; output: Partial<Record<HashedRMode, string | null>> };
  /** Block hashes of a stage and mode, 32 bytes a drop. */
  'runtime.blocks': {
    input: { sessionId: string; stage: PhysicalStage; mode: HashedRMode };
    output: Uint8Array;
  };
  'runtime.close': { input: { sessionId: string }; output: null };
  /** Runs a stage over a physical list given as JSON bytes; with `full` the list comes back as JSON bytes. */
  sign: {
    input: { graph: Uint8Array; stage: PhysicalSignStage; full?: boolean };
    output: SignResult & { graph?: Uint8Array };
  };
  /** Weir's own signatures of a session. */
  canonicalSignatures: { input: { recordTexts: readonly string[] }; output: Record<HashedRMode, string> };
  /** Root of a session's records, and the proof path of one of them when asked for. */
  'ledger.root': {
    input: { recordTexts: readonly string[]; leafIndex?: number };
    output: { size: number; root: Uint8Array; path?: readonly Uint8Array[] };
  };
  compare: {
    input: {
      a: SessionRecords;
      b: SessionRecords;
      choices?: ComparisonChoices;
      maxListed?: number;
      marksFor?: HashedRMode;
    };
    output: Comparison;
  };
  /** Two sessions of one structure, by the records of the drops in which they may differ. */
  compareKept: {
    input: {
      structure: Pick<KeptComparison, 'count' | 'begins' | 'inputs'>;
      rows: readonly number[];
      a: SessionRecords;
      b: SessionRecords;
      choices?: ComparisonChoices;
      maxListed?: number;
      marksFor?: HashedRMode;
    };
    output: Comparison;
  };
  /** Verifies the bytes of a bundle. */
  checkBundle: {
    input: { bundle: Uint8Array; trustedKeys?: readonly string[] };
    output: {
      valid: boolean;
      checked: number;
      problems: readonly BundleProblem[];
      isTrustedKey: boolean;
      /** Only when valid. */
      summary?: BundleSummary;
    };
  };
}
export type WorkerOperation = keyof WorkerOperations;
export type WorkerInput<Op extends WorkerOperation> = WorkerOperations[Op]['input'];
export type WorkerOutput<Op extends WorkerOperation> = WorkerOperations[Op]['output'];

export interface WorkerRequest {
  readonly id: number;
  readonly op: WorkerOperation;
  readonly input: unknown;
}

/** An error crosses as its code, message and details. */
export interface WorkerFailure {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export type WorkerReply =
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly failure: WorkerFailure };
