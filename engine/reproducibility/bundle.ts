/**
 * The portable bundle of a session: what its files are, how they are made and how they are checked before anything of
 * them is believed. The bytes of the archive are store-zip.ts; reading and writing files is the host's.
 *
 *     ro-crate-metadata.json   RO-Crate 1.1, Workflow Run Crate
 *     manifest.txt             signed note: SHA-256, size and path of every other file
 *     facts.json seal.txt key.txt log.json    the session's facts, its seal, who signed, where in the log
 *     exporter.txt             who signed the manifest, where that is another device (one that had imported the session)
 *     records.jsonl.gz         the records, in the order of the tree
 *     graph.json.gz            the physical graph as deployed
 *     logical.graph.gz  reprodata.out.gz      where there is one
 *     outputs/…                contents of data drops, named by oid
 */

import { gzipSync } from 'node:zlib';

import { WeirError } from '../protocol/index.ts';
import { canonicalJson, sha256Hex } from './canonical.ts';
import { parseDropRecord } from './drop-record.ts';
import type { LogInclusion } from './proof.ts';
import { type CrateFile, roCrateMetadata } from './ro-crate.ts';
import type { SessionFacts } from './session-seal.ts';
import { type NoteSigner, signNote, verifierKeyText } from './signed-note.ts';
import type { ZipEntry } from './store-zip.ts';

/** First line of a manifest. */
export const BUNDLE_HEADER = 'weir-bundle 1';
export const BUNDLE_EXTENSION = '.dlgsession.zip';

/** Fixed names of entries. */
export const BundlePaths = {
  METADATA: 'ro-crate-metadata.json',
  MANIFEST: 'manifest.txt',
  FACTS: 'facts.json',
  SEAL: 'seal.txt',
  KEY: 'key.txt',
  /** The key of the device that wrote the bundle, where that is not the one that sealed the session. */
  EXPORTER: 'exporter.txt',
  LOG: 'log.json',
  RECORDS: 'records.jsonl.gz',
  GRAPH: 'graph.json.gz',
  LOGICAL_GRAPH: 'logical.graph.gz',
  REPRODATA: 'reprodata.out.gz',
} as const;
export const OUTPUTS_FOLDER = 'outputs/';
const FIXED: ReadonlySet<string> = new Set(Object.values(BundlePaths));

export interface BundleParts {
  readonly facts: SessionFacts;
  readonly seal: string;
  /** Verifier key text of the device that sealed the session. */
  readonly key: string;
  readonly log?: LogInclusion;
  /** Canonical texts of the records, in tree order. */
  readonly recordTexts: readonly string[];
  /** The physical graph document whose SHA-256 is in the facts. */
  readonly graph: Uint8Array;
  readonly logicalGraph?: Uint8Array;
  readonly reprodataOut?: Uint8Array;
  /** Contents of data drops; `isInput`: nothing in the session made it, it was given to it. */
  readonly outputs: readonly {
    readonly oid: string;
    readonly bytes: Uint8Array;
    readonly isInput?: boolean;
  }[];
  /** What the crate gives as its date. The same session gives the same bytes when it is the time of its seal. */
  readonly exportedAtMs: number;
  readonly agentName?: string;
  readonly license?: string;
}

/** Where the content of a drop is in a bundle: readable, and a plain file name on every system. */
export function outputPath(oid: string): string {
  const safe = encodeURIComponent(oid).replace(
    /[*'()!~]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const isPlain = safe.length <= 180 && safe !== '' && !/^\.+$|\.$/.test(safe);
  return `${OUTPUTS_FOLDER}${isPlain ? safe : sha256Hex(oid)}`;
}

const gz = (bytes: Uint8Array | string): Buffer => gzipSync(bytes, { level: 6 });

interface Described {
  readonly entry: ZipEntry;
  readonly name: string;
  readonly encodingFormat: string;
  readonly role: CrateFile['role'];
  readonly oid?: string;
}

/**
 * The entries of a bundle, signed by the exporting device. Of a session that was imported, `original` is the manifest it
 * came with: where every file is still the one it names, the bundle is that very bundle again, byte for byte.
 */
export function makeBundle(parts: BundleParts, exporter: NoteSigner, original?: string): ZipEntry[] {
  if (original !== undefined) {
    const again = entriesOf(parts, parts.key);
    if (isManifestOf(original, again)) return withManifest(again, original);
  }
  const entries = entriesOf(parts, verifierKeyText(exporter));
  return withManifest(entries, signNote(manifestText(entries), [exporter]));
}

/** Whether a manifest, signatures and all, is over just these entries. */
function isManifestOf(manifest: string, entries: readonly ZipEntry[]): boolean {
  const text = manifestText(entries);
  return manifest.startsWith(text) && manifest[text.length] === '\n';
}

function withManifest(entries: readonly ZipEntry[], manifest: string): ZipEntry[] {
  const [metadata, ...others] = entries as readonly [ZipEntry, ...ZipEntry[]];
  return [metadata, { path: BundlePaths.MANIFEST, bytes: Buffer.from(manifest) }, ...others];
}

/** All entries but the manifest. */
function entriesOf(parts: BundleParts, exporterKey: string): ZipEntry[] {
  const files = describedFiles(parts, exporterKey);
  const crate = roCrateMetadata({
    facts: parts.facts,
    files: files.map(({ entry, ...rest }) => ({
      ...rest,
      path: entry.path,
      sizeBytes: entry.bytes.length,
      sha256: sha256Hex(entry.bytes),
    })),
    recordTexts: parts.recordTexts,
    exportedAtMs: parts.exportedAtMs,
    ...(parts.agentName !== undefined && { agentName: parts.agentName }),
    ...(parts.license !== undefined && { license: parts.license }),
  });
  const metadata = { path: BundlePaths.METADATA, bytes: Buffer.from(`${JSON.stringify(crate, null, 2)}\n`) };
  return [metadata, ...files.map(({ entry }) => entry)];
}

function describedFiles(parts: BundleParts, exporterKey: string): Described[] {
  const files: Described[] = [];
  const add = (
    path: string,
    bytes: Uint8Array | string,
    name: string,
    encodingFormat: string,
    role: CrateFile['role'],
    oid?: string,
  ): void => {
    files.push({
      entry: { path, bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes },
      name,
      encodingFormat,
      role,
      ...(oid !== undefined && { oid }),
    });
  };
  add(BundlePaths.GRAPH, gz(parts.graph), 'Physical graph', 'application/gzip', 'workflow');
  if (parts.logicalGraph)
    add(BundlePaths.LOGICAL_GRAPH, gz(parts.logicalGraph), 'Logical graph', 'application/gzip', 'other');
  add(BundlePaths.FACTS, canonicalJson(parts.facts), 'Facts of the session', 'application/json', 'record');
  add(BundlePaths.SEAL, parts.seal, 'Seal of the session', 'text/plain', 'record');
  add(BundlePaths.KEY, `${parts.key}\n`, 'Key that the seal is checked against', 'text/plain', 'record');
  if (exporterKey !== parts.key)
    add(
      BundlePaths.EXPORTER,
      `${exporterKey}\n`,
      'Key of the device that wrote the bundle',
      'text/plain',
      'record',
    );
  if (parts.log)
    add(BundlePaths.LOG, canonicalJson(parts.log), 'Place in the log of seals', 'application/json', 'record');
  const records = parts.recordTexts.map((text) => `${text}\n`).join('');
  add(BundlePaths.RECORDS, gz(records), 'Records of all drops', 'application/gzip', 'record');
  if (parts.reprodataOut)
    add(
      BundlePaths.REPRODATA,
      gz(parts.reprodataOut),
      'DALiuGE reproducibility data',
      'application/gzip',
      'record',
    );
  for (const { oid, bytes, isInput } of parts.outputs)
    add(
      outputPath(oid),
      bytes,
      `Content of ${oid}`,
      'application/octet-stream',
      isInput ? 'input' : 'output',
      oid,
    );
  return files;
}

/** The text of a manifest: one line per file, by path. */
export function manifestText(entries: readonly ZipEntry[]): string {
  const lines = entries.map(({ path, bytes }) => `${sha256Hex(bytes)} ${bytes.length} ${path}`);
  return [BUNDLE_HEADER, ...lines.sort((a, b) => comparePaths(pathIn(a), pathIn(b)))]
    .map((line) => `${line}\n`)
    .join('');
}

const pathIn = (line: string): string => line.slice(line.indexOf(' ', 65) + 1);
const comparePaths = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export interface ManifestLine {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Reads the text of a manifest. Throws BUNDLE_INVALID. */
export function parseManifest(text: string): ManifestLine[] {
  const [header, ...lines] = text.slice(0, -1).split('\n');
  if (header !== BUNDLE_HEADER || !text.endsWith('\n'))
    throw new WeirError(
      'BUNDLE_INVALID',
      `The manifest should begin with "${BUNDLE_HEADER}", but does not; update Weir if it is newer.`,
    );
  return lines.map((line) => {
    const match = /^([0-9a-f]{64}) (0|[1-9]\d{0,14}) (.+)$/u.exec(line);
    if (match === null)
      throw new WeirError(
        'BUNDLE_INVALID',
        `A line of the manifest is malformed: ${JSON.stringify(line.slice(0, 100))}.`,
      );
    return { sha256: match[1] as string, sizeBytes: Number(match[2]), path: match[3] as string };
  });
}

/**
 * Why a path may not be in a bundle; undefined when it may. Only the names of the format are allowed, so that unpacking
 * can write nowhere else.
 */
export function pathProblem(path: string): string | undefined {
  if (path.includes('\0') || path.includes('\\') || path.includes(':'))
    return 'has characters that are not allowed';
  if (path.startsWith('/') || path.split('/').some((part) => part === '..' || part === '.' || part === ''))
    return 'leads out of the folder it is unpacked in';
  if (path !== path.normalize('NFC') || path.length > 255) return 'is too long or not in normal form';
  if (FIXED.has(path)) return undefined;
  if (path.startsWith(OUTPUTS_FOLDER) && /^[A-Za-z0-9._%-]+$/.test(path.slice(OUTPUTS_FOLDER.length)))
    return undefined;
  return 'is no file of a bundle';
}

/** What the header of an entry says, before its bytes are read. */
export interface EntryHeader {
  readonly path: string;
  readonly sizeBytes: number;
  readonly isRegularFile: boolean;
}

export interface BundleLimits {
  readonly maxEntries: number;
  /** Of the bundle as it is, and of all it expands to. */
  readonly maxBytes: number;
  readonly maxExpandedBytes: number;
}

export const DEFAULT_BUNDLE_LIMITS: BundleLimits = {
  maxEntries: 60_000,
  maxBytes: 4 * 1024 ** 3,
  maxExpandedBytes: 8 * 1024 ** 3,
};

export interface BundleProblem {
  /** The entry, or "bundle" for what concerns it as a whole. */
  readonly entry: string;
  readonly message: string;
}

/** Checks names, kinds and sizes of entries, for readers that unpack: nothing is written before this is empty. */
export function checkEntryHeaders(
  headers: readonly EntryHeader[],
  limits = DEFAULT_BUNDLE_LIMITS,
): BundleProblem[] {
  const problems: BundleProblem[] = [];
  const seen = new Set<string>();
  let bytes = 0;
  for (const { path, sizeBytes, isRegularFile } of headers) {
    const problem = pathProblem(path);
    if (problem !== undefined)
      problems.push({ entry: path, message: `The path ${JSON.stringify(path)} ${problem}.` });
    if (!isRegularFile)
      problems.push({
        entry: path,
        message: `"${path}" is a link or a special file; only plain files are accepted.`,
      });
    const folded = path.toLowerCase();
    if (seen.has(folded)) problems.push({ entry: path, message: `"${path}" is there twice.` });
    seen.add(folded);
    bytes += sizeBytes;
  }
  if (headers.length > limits.maxEntries)
    problems.push({
      entry: 'bundle',
      message: `The bundle has ${headers.length} files; accepted are ${limits.maxEntries}.`,
    });
  if (bytes > limits.maxBytes)
    problems.push({
      entry: 'bundle',
      message: `The bundle has ${bytes} bytes; accepted are ${limits.maxBytes}.`,
    });
  return problems;
}

/** The record texts of an expanded records file. Throws PROOF_INVALID for a line that is no record. */
export function splitRecords(text: string): string[] {
  if (text === '') return [];
  if (!text.endsWith('\n')) throw new WeirError('PROOF_INVALID', 'The last record is cut off.');
  const lines = text.slice(0, -1).split('\n');
  lines.forEach((line, index) => parseDropRecord(line, `Record ${index}`));
  return lines;
}
