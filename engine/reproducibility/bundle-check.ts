/** Verification of a bundle from its own data: no engine, no store, no network. Used before every import. */

import { gunzipSync } from 'node:zlib';

import { WeirError } from '../protocol/index.ts';
import {
  BundlePaths,
  type BundleLimits,
  type BundleProblem,
  checkEntryHeaders,
  DEFAULT_BUNDLE_LIMITS,
  outputPath,
  OUTPUTS_FOLDER,
  parseManifest,
  splitRecords,
} from './bundle.ts';
import { canonicalJson, sha256Hex } from './canonical.ts';
import { treeRoot } from './canonical-signature.ts';
import { signatureTable } from './compare-documents.ts';
import { type DropRecord, dropRecordLeaf } from './drop-record.ts';
import { verifyInclusion } from './merkle-log.ts';
import type { LogInclusion } from './proof.ts';
import { parseReprodataOut } from './reprodata-out.ts';
import {
  openLogCheckpoint,
  isKnownFactsVersion,
  openSessionSeal,
  sealLeaf,
  SESSION_FACTS_TYPE,
  SESSION_FACTS_VERSION,
  type SessionFacts,
  type SessionSeal,
} from './session-seal.ts';
import { type NoteVerifier, openNote, parseVerifierKey } from './signed-note.ts';
import type { ZipEntry } from './store-zip.ts';

export interface BundleOptions {
  readonly limits?: BundleLimits;
  /** Verifier key texts known from elsewhere, of the sealing or the exporting device. */
  readonly trustedKeys?: readonly string[];
}

/** What a bundle holds, all of it verified. */
export interface BundleContents {
  readonly facts: SessionFacts;
  readonly seal: string;
  readonly openedSeal: SessionSeal;
  readonly key: string;
  /** The signed list of its files. */
  readonly manifest: string;
  readonly log?: LogInclusion;
  readonly recordTexts: readonly string[];
  readonly graph: Buffer;
  readonly logicalGraph?: Buffer;
  readonly reprodataOut?: Buffer;
  readonly outputs: ReadonlyMap<string, Uint8Array>;
}

export interface BundleVerdict {
  readonly valid: boolean;
  /** How many things were checked: files, records, signatures. */
  readonly checked: number;
  readonly problems: readonly BundleProblem[];
  /** Whether the session was sealed with one of the trusted keys. */
  readonly isTrustedKey: boolean;
  /** Only when valid. */
  readonly contents?: BundleContents;
}

/** Graphs and records are some twenty times smaller when packed; what grows more than this was made to. */
const MAX_RATIO = 250;
/** What may be unpacked whatever its ratio. */
const PLAIN_BYTES = 64 * 2 ** 20;

class Checker {
  readonly problems: BundleProblem[] = [];
  checked = 0;
  #left: number;
  readonly #entries: ReadonlyMap<string, Uint8Array>;

  constructor(entries: readonly ZipEntry[], limits: BundleLimits) {
    this.#entries = new Map(entries.map(({ path, bytes }) => [path, bytes]));
    this.#left = limits.maxExpandedBytes;
  }

  attempt<T>(entry: string, check: () => T): T | undefined {
    this.checked++;
    try {
      return check();
    } catch (error) {
      this.problems.push({ entry, message: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  bytes(path: string): Uint8Array {
    const bytes = this.#entries.get(path);
    if (bytes === undefined) throw new WeirError('BUNDLE_INVALID', `The bundle has no ${path}.`);
    return bytes;
  }

  text(path: string): string {
    return Buffer.from(this.bytes(path)).toString('utf8');
  }

  expanded(path: string): Buffer {
    let bytes: Buffer;
    try {
      const packed = this.bytes(path);
      const most = Math.max(PLAIN_BYTES, packed.length * MAX_RATIO);
      bytes = gunzipSync(packed, { maxOutputLength: Math.max(1, Math.min(this.#left, 2 ** 31, most)) });
    } catch (error) {
      const isBomb = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
      throw new WeirError(
        'BUNDLE_INVALID',
        isBomb ? `${path} expands to more than is accepted.` : `${path} is no whole gzip file.`,
        {
          cause: error,
        },
      );
    }
    this.#left -= bytes.length;
    return bytes;
  }
}

/** Verifies the entries of a bundle. Never throws for a bad bundle: the problems name the entries. */
export function checkBundle(entries: readonly ZipEntry[], options: BundleOptions = {}): BundleVerdict {
  const limits = options.limits ?? DEFAULT_BUNDLE_LIMITS;
  const trusted = options.trustedKeys ?? [];
  const headers = entries.map(({ path, bytes }) => ({ path, sizeBytes: bytes.length, isRegularFile: true }));
  const checker = new Checker(entries, limits);
  checker.problems.push(...checkEntryHeaders(headers, limits));
  if (checker.problems.length > 0) return verdict(checker, false);
  const key = checker.attempt(BundlePaths.KEY, () => readKey(checker, BundlePaths.KEY));
  const exporter = checker.has(BundlePaths.EXPORTER)
    ? checker.attempt(BundlePaths.EXPORTER, () => readKey(checker, BundlePaths.EXPORTER))
    : key;
  // The manifest is signed by whoever wrote the bundle; the seal is checked against the key of the session only.
  checkManifest(checker, entries, exporter === undefined ? [] : [exporter], trusted);
  const isTrustedKey = key !== undefined && trusted.includes(checker.text(BundlePaths.KEY).trimEnd());
  if (trusted.length > 0 && key !== undefined && !isTrustedKey)
    checker.problems.push({
      entry: BundlePaths.KEY,
      message: `The session was sealed by "${key.name}" (${key.keyId}), which is not a key you trust.`,
    });
  const facts = checker.attempt(BundlePaths.FACTS, () => readFacts(checker));
  if (key === undefined || facts === undefined) return verdict(checker, isTrustedKey);
  const sealText = checker.attempt(BundlePaths.SEAL, () => checker.text(BundlePaths.SEAL)) ?? '';
  const seal = checker.attempt(BundlePaths.SEAL, () => openSessionSeal(sealText, facts, [key]));
  const recordTexts = checker.attempt(BundlePaths.RECORDS, () => checkRecords(checker, facts, seal));
  const graph = checker.attempt(BundlePaths.GRAPH, () => checkGraph(checker, facts));
  const log = checker.has(BundlePaths.LOG)
    ? checker.attempt(BundlePaths.LOG, () => checkLog(checker, sealText, key))
    : undefined;
  const reprodataOut = checker.has(BundlePaths.REPRODATA)
    ? checker.attempt(BundlePaths.REPRODATA, () => checkReprodata(checker, facts))
    : undefined;
  const logicalGraph = checker.has(BundlePaths.LOGICAL_GRAPH)
    ? checker.attempt(BundlePaths.LOGICAL_GRAPH, () => checker.expanded(BundlePaths.LOGICAL_GRAPH))
    : undefined;
  const outputs = checkOutputs(checker, entries, recordTexts ?? []);
  if (checker.problems.length > 0 || !seal || !recordTexts || !graph) return verdict(checker, isTrustedKey);
  return verdict(checker, isTrustedKey, {
    facts,
    seal: sealText,
    openedSeal: seal,
    key: checker.text(BundlePaths.KEY).trimEnd(),
    manifest: checker.text(BundlePaths.MANIFEST),
    recordTexts,
    graph,
    outputs,
    ...(log && { log }),
    ...(reprodataOut && { reprodataOut }),
    ...(logicalGraph && { logicalGraph }),
  });
}

function verdict(checker: Checker, isTrustedKey: boolean, contents?: BundleContents): BundleVerdict {
  return {
    valid: checker.problems.length === 0,
    checked: checker.checked,
    problems: checker.problems,
    isTrustedKey,
    ...(contents && { contents }),
  };
}

function readKey(checker: Checker, path: string): NoteVerifier {
  const text = checker.text(path);
  if (!text.endsWith('\n'))
    throw new WeirError('BUNDLE_INVALID', 'The key file does not end in a newline: it was altered.');
  return parseVerifierKey(text.slice(0, -1));
}

/** Every file must be the one that the manifest names, and no other may be there. */
function checkManifest(
  checker: Checker,
  entries: readonly ZipEntry[],
  keys: readonly NoteVerifier[],
  trusted: readonly string[],
): void {
  const lines = checker.attempt(BundlePaths.MANIFEST, () => {
    const verifiers = [...keys, ...trusted.map(parseVerifierKey)];
    return parseManifest(openNote(checker.text(BundlePaths.MANIFEST), verifiers).text);
  });
  if (lines === undefined) return;
  const listed = new Map(lines.map((line) => [line.path, line]));
  for (const { path, bytes } of entries) {
    if (path === BundlePaths.MANIFEST) continue;
    checker.attempt(path, () => {
      const line = listed.get(path);
      listed.delete(path);
      if (line === undefined)
        throw new WeirError('BUNDLE_INVALID', `${path} is not in the manifest: it was added.`);
      if (line.sizeBytes !== bytes.length || line.sha256 !== sha256Hex(bytes))
        throw new WeirError(
          'BUNDLE_INVALID',
          `${path} was altered: its hash is not the one in the manifest.`,
        );
    });
  }
  for (const path of listed.keys())
    checker.problems.push({ entry: path, message: `${path} is missing: the manifest names it.` });
}

function readFacts(checker: Checker): SessionFacts {
  const text = checker.text(BundlePaths.FACTS);
  const facts = JSON.parse(text) as SessionFacts;
  const version: unknown = facts.version;
  if (facts.type !== SESSION_FACTS_TYPE || !isKnownFactsVersion(version))
    throw new WeirError(
      'BUNDLE_INVALID',
      `The facts have version ${JSON.stringify(version)}; known are 1 to ${SESSION_FACTS_VERSION}.`,
    );
  if (canonicalJson(facts) !== text)
    throw new WeirError('BUNDLE_INVALID', 'The facts are not in canonical form: they were altered.');
  return facts;
}

function checkRecords(checker: Checker, facts: SessionFacts, seal: SessionSeal | undefined): string[] {
  const texts = splitRecords(checker.expanded(BundlePaths.RECORDS).toString('utf8'));
  checker.checked += texts.length;
  if (texts.length !== facts.drops)
    throw new WeirError(
      'PROOF_INVALID',
      `There are ${texts.length} records, but the session had ${facts.drops} drops.`,
    );
  if (seal !== undefined && Buffer.compare(treeRoot(texts.map(dropRecordLeaf)), seal.root) !== 0)
    throw new WeirError(
      'PROOF_INVALID',
      'The records lead to another root than the sealed one: a record was altered.',
    );
  const oids = new Set<string>();
  for (const text of texts) {
    const record = JSON.parse(text) as DropRecord;
    if (record.sessionId !== facts.sessionId)
      throw new WeirError(
        'PROOF_INVALID',
        `The record of "${record.drop.oid}" is of another session, "${record.sessionId}".`,
      );
    if (oids.has(record.drop.oid))
      throw new WeirError('PROOF_INVALID', `There are two records of "${record.drop.oid}".`);
    oids.add(record.drop.oid);
  }
  return texts;
}

function checkGraph(checker: Checker, facts: SessionFacts): Buffer {
  const graph = checker.expanded(BundlePaths.GRAPH);
  if (sha256Hex(graph) !== facts.graphSha256)
    throw new WeirError(
      'PROOF_INVALID',
      'The graph is not the one that the session ran: its hash is not the one in the facts.',
    );
  return graph;
}

function checkLog(checker: Checker, seal: string, key: NoteVerifier): LogInclusion {
  const text = checker.text(BundlePaths.LOG);
  const log = JSON.parse(text) as LogInclusion;
  if (canonicalJson(log) !== text)
    throw new WeirError('BUNDLE_INVALID', 'The log entry is not in canonical form: it was altered.');
  const checkpoint = openLogCheckpoint(log.checkpoint, [key]);
  const path = log.path.map((hash) => Buffer.from(hash, 'base64'));
  const isIn =
    checkpoint.size === log.treeSize &&
    verifyInclusion(log.leafIndex, log.treeSize, sealLeaf(seal), path, checkpoint.root);
  if (!isIn) throw new WeirError('PROOF_INVALID', "The seal is not at its place in the device's log.");
  return log;
}

function checkReprodata(checker: Checker, facts: SessionFacts): Buffer {
  const bytes = checker.expanded(BundlePaths.REPRODATA);
  const table = signatureTable(parseReprodataOut(bytes.toString('utf8'), BundlePaths.REPRODATA).reprodata);
  for (const [mode, signature] of Object.entries(table)) {
    const sealed = facts.signatures[mode as keyof typeof facts.signatures] ?? null;
    if (sealed !== signature)
      throw new WeirError(
        'PROOF_INVALID',
        `Its ${mode} signature is not the one in the sealed facts: one of them was altered.`,
      );
  }
  return bytes;
}

function checkOutputs(
  checker: Checker,
  entries: readonly ZipEntry[],
  recordTexts: readonly string[],
): Map<string, Uint8Array> {
  const outputs = new Map<string, Uint8Array>();
  const files = entries.filter(({ path }) => path.startsWith(OUTPUTS_FOLDER));
  if (files.length === 0) return outputs;
  const records = new Map<string, DropRecord>();
  for (const text of recordTexts) {
    const record = JSON.parse(text) as DropRecord;
    records.set(outputPath(record.drop.oid), record);
  }
  for (const { path, bytes } of files)
    checker.attempt(path, () => {
      const record = records.get(path);
      if (record === undefined)
        throw new WeirError('PROOF_INVALID', `${path} belongs to no drop of the session.`);
      if (record.content === null || record.content.sha256 !== sha256Hex(bytes))
        throw new WeirError(
          'PROOF_INVALID',
          `${path} is not what "${record.drop.oid}" held: its hash is not the recorded one.`,
        );
      outputs.set(record.drop.oid, bytes);
    });
  return outputs;
}

export const ImportVerdict = { NEW: 'new', SAME: 'same', CONFLICT: 'conflict' } as const;
export type ImportVerdict = (typeof ImportVerdict)[keyof typeof ImportVerdict];

/**
 * Whether a verified bundle may be added: new, the very session that is there already, or another run under the same id,
 * which must be kept apart under the id given to it and never merged.
 */
export function importVerdict(
  incoming: { readonly sessionId: string; readonly runId: string; readonly seal: string },
  existing: readonly { readonly sessionId: string; readonly runId: string; readonly seal: string }[],
): ImportVerdict {
  const known = existing.filter(
    (session) => session.sessionId === incoming.sessionId || session.runId === incoming.runId,
  );
  if (known.length === 0) return 'new';
  return known.some((session) => session.seal === incoming.seal) ? 'same' : 'conflict';
}
