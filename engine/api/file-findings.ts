/** "What is this file?": a graph, a proof, a bundle, a reproducibility record, or data that some drop made. Offline. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isJsonObject, messageOf, WeirError, whyUnreadable } from '../protocol/index.ts';
import {
  ALL_RMODES,
  CONSISTENCY_TYPE,
  importVerdict,
  parseReprodataOut,
  PROOF_TYPE,
  verifierKeyText,
  type BundleSummary,
  type ReprodataOut,
} from '../reproducibility/index.ts';
import type { Store } from '../store/index.ts';
import { sessionsLike } from './bundles.ts';
import type { FileFindings, MethodParams } from './contract.ts';
import type { ApiDeps } from './deps.ts';

type FileSource = MethodParams<'files.look'>['source'];

/** Enough of a file to see what it is. */
const HEAD_BYTES = 1 << 16;
/** Bundles and records are read as a whole. */
const MAX_READ_BYTES = 2 ** 30;
const SESSIONS_LISTED = 50;
const ZIP = Buffer.from('PK\u0003\u0004', 'latin1');

/** A file as it is looked at: its beginning, and the rest when it is wanted. */
interface Looked {
  readonly name: string;
  readonly sizeBytes: number;
  readonly head: Buffer;
  sha256(): Promise<string>;
  bytes(): Promise<Buffer>;
}

/** Says what a file is and whether what it claims holds. Throws FILE_UNREADABLE. */
export async function lookAtFile(deps: ApiDeps, source: FileSource): Promise<FileFindings> {
  const file = await looked(source);
  const kind = kindOf(file.head, file.name);
  // A graph is opened, not looked up; it may be large.
  const sha256 = kind === 'graph' ? '' : await file.sha256();
  return {
    name: file.name,
    sizeBytes: file.sizeBytes,
    sha256,
    kind,
    proof: kind === 'proof' || kind === 'consistency' ? (await file.bytes()).toString('utf8') : null,
    bundle: kind === 'bundle' ? await bundleFindings(deps, await file.bytes()) : null,
    reprodata:
      kind === 'reprodata' ? await reprodataFindings(deps.store, await file.bytes(), file.name) : null,
    made: sha256 === '' ? [] : [...(await deps.store.whoMade(sha256))],
  };
}

/** What a file is by how it begins. Throws FILE_UNREADABLE. */
export async function fileKind(file: string): Promise<FileFindings['kind']> {
  const { head, name } = await looked({ path: file });
  return kindOf(head, name);
}

/** The bytes of a bundle to be imported. Throws FILE_UNREADABLE. */
export async function fileBytes(source: FileSource): Promise<{ bytes: Buffer; name: string }> {
  const file = await looked(source);
  return { bytes: await file.bytes(), name: file.name };
}

async function looked(source: FileSource): Promise<Looked> {
  if ('base64' in source) {
    const bytes = Buffer.from(source.base64, 'base64');
    return {
      name: source.name,
      sizeBytes: bytes.length,
      head: bytes.subarray(0, HEAD_BYTES),
      sha256: () => Promise.resolve(createHash('sha256').update(bytes).digest('hex')),
      bytes: () => Promise.resolve(bytes),
    };
  }
  const file = source.path;
  try {
    const { size, isFile } = await stat(file).then((facts) => ({ size: facts.size, isFile: facts.isFile() }));
    if (!isFile)
      throw new WeirError('FILE_UNREADABLE', `${file} is no file; a file was expected.`, {
        details: { file },
      });
    return {
      name: path.basename(file),
      sizeBytes: size,
      head: await headOf(file),
      sha256: () => hashFile(file),
      bytes: () => wholeFile(file, size),
    };
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    return head.subarray(0, (await handle.read(head, 0, HEAD_BYTES, 0)).bytesRead);
  } finally {
    await handle.close();
  }
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }))
      hash.update(chunk as Buffer);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  return hash.digest('hex');
}

async function wholeFile(file: string, sizeBytes: number): Promise<Buffer> {
  if (sizeBytes > MAX_READ_BYTES)
    throw new WeirError(
      'FILE_UNREADABLE',
      `${file} has more than 1 GiB; use the command “weir verify FILE”.`,
      {
        details: { file, sizeBytes },
      },
    );
  try {
    return await readFile(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): WeirError {
  if (cause instanceof WeirError) return cause;
  return new WeirError('FILE_UNREADABLE', `The file ${file} cannot be read: ${whyUnreadable(cause)}.`, {
    cause,
    details: { file },
  });
}

/** What a file is by how it begins. Only these beginnings are claims; whether they hold is looked at after. */
export function kindOf(head: Uint8Array, name = ''): FileFindings['kind'] {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length);
  if (bytes.subarray(0, ZIP.length).equals(ZIP)) return 'bundle';
  // What is packed shows nothing of itself: its name says what it is meant to be.
  if (bytes[0] === 0x1f && bytes[1] === 0x8b)
    return /\.(graph|json|pgt?)\.gz$/i.test(name) ? 'graph' : 'data';
  const text = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trimStart();
  if (text.includes(`"type":"${CONSISTENCY_TYPE}"`)) return 'consistency';
  if (text.startsWith('{') && text.includes(`"type":"${PROOF_TYPE}"`)) return 'proof';
  // A list that begins with a map of drops, each under its own oid: what a session writes at its end.
  if (/^\[\s*\{\s*("[^"]*")\s*:\s*\{\s*"(oid|reprodata)"/.test(text)) return 'reprodata';
  return /\.(graph|pgt?)$/i.test(name) || looksLikeGraph(text) ? 'graph' : 'data';
}

/** A list of drops, or an object with the parts of a logical graph; an empty one is a graph with nothing in it. */
function looksLikeGraph(text: string): boolean {
  if (/^\[\s*(\]|\{)/.test(text))
    return /^\[\s*\]/.test(text) || /"(oid|categoryType|dropclass|reprodata)"/.test(text);
  return text.startsWith('{') && /"(modelData|nodeDataArray|linkDataArray|nodes|edges)"/.test(text);
}

async function bundleFindings(deps: ApiDeps, bytes: Buffer): Promise<NonNullable<FileFindings['bundle']>> {
  const { valid, checked, problems, summary } = await check(deps, bytes);
  return {
    valid,
    checked,
    problems: problems.map(({ entry, message }) => ({ where: entry, message })),
    session: summary ? describe(deps, summary) : null,
    stored: summary ? await storedAs(deps.store, summary) : null,
  };
}

async function check(deps: ApiDeps, bundle: Uint8Array) {
  try {
    if (deps.ledger) return await deps.ledger.worker().call('checkBundle', { bundle });
  } catch (error) {
    // A ZIP that is no bundle is a finding, too.
    return {
      valid: false,
      checked: 1,
      problems: [{ entry: 'bundle', message: messageOf(error) }],
      summary: undefined,
    };
  }
  throw new WeirError('STORE_DAMAGED', 'This device has no usable key, so bundles cannot be checked here.');
}

function describe(
  deps: ApiDeps,
  { facts, sealedAtMs, signedBy, keyId, key }: BundleSummary,
): NonNullable<NonNullable<FileFindings['bundle']>['session']> {
  return {
    sessionId: facts.sessionId,
    graphName: facts.graphName,
    status: facts.status,
    drops: facts.drops,
    rmode: facts.rmode,
    createdAt: facts.createdAtMs,
    finishedAt: facts.finishedAtMs,
    sealedAt: sealedAtMs,
    signedBy,
    keyId,
    isOwnKey: deps.ledger !== undefined && verifierKeyText(deps.ledger.signer) === key,
  };
}

async function storedAs(store: Store, { facts, seal }: BundleSummary): Promise<string | null> {
  const existing = await sessionsLike(store, facts.sessionId);
  if (importVerdict({ ...facts, seal }, existing) !== 'same') return null;
  return existing.find((one) => one.seal === seal)?.stored ?? null;
}

async function reprodataFindings(
  store: Store,
  bytes: Buffer,
  name: string,
): Promise<NonNullable<FileFindings['reprodata']>> {
  let read: ReprodataOut;
  try {
    read = parseReprodataOut(bytes.toString('utf8'), name);
  } catch (error) {
    return { drops: 0, problem: messageOf(error), signatures: {}, sessions: [] };
  }
  const signatures: Record<string, string> = {};
  for (const mode of ALL_RMODES) {
    const one = read.reprodata[mode];
    const signature = isJsonObject(one) ? one['signature'] : undefined;
    if (typeof signature === 'string') signatures[mode] = signature;
  }
  return {
    drops: read.drops.size,
    problem: null,
    signatures,
    sessions: await sameSessions(store, signatures),
  };
}

/** Sessions that have one of these signatures in the same mode. */
async function sameSessions(store: Store, signatures: Readonly<Record<string, string>>) {
  const found = new Map<
    string,
    { sessionId: string; graphName: string; createdAt: number; modes: string[] }
  >();
  for (const [mode, signature] of Object.entries(signatures)) {
    const { sessions } = await store.sessions({ signature, limit: SESSIONS_LISTED });
    for (const { sessionId, graphName, createdAt, signatures: theirs } of sessions) {
      if (theirs[mode] !== signature) continue;
      const known = found.get(sessionId);
      if (known) known.modes.push(mode);
      else found.set(sessionId, { sessionId, graphName, createdAt, modes: [mode] });
    }
  }
  return [...found.values()].sort((a, b) => b.modes.length - a.modes.length || b.createdAt - a.createdAt);
}
