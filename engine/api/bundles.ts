/** Sessions as portable bundles: export from the history, import after verification (engine/reproducibility/bundle.ts). */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { APP_STATE_NAMES, DROP_STATE_NAMES, WeirError } from '../protocol/index.ts';
import {
  canonicalJson,
  checkBundle,
  importVerdict,
  makeBundle,
  MerkleLog,
  parseDropRecord,
  parseSessionSeal,
  parseVerifierKey,
  proveSeal,
  readZip,
  sha256Hex,
  zipChunks,
  type BundleContents,
  type BundleVerdict,
  type DropRecord,
  type LogInclusion,
} from '../reproducibility/index.ts';
import { checkSessionId, dropBatch, split } from '../session/index.ts';
import type { DropOutcome, SessionRow, Store, StoredSeal } from '../store/index.ts';
import { recordTexts } from './comparison.ts';
import type { ApiDeps } from './deps.ts';
import { sessionRow } from './graph-text.ts';
import { sealPart } from './proofs.ts';
import {
  documentText,
  ensureSealed,
  IMPORTED,
  ledgerOf,
  sealImported,
  sessionGraph,
} from './stored-session.ts';

const PIECE_BYTES = 4 * 2 ** 20;
const BATCH = 1024;

/** The bytes of a session's bundle, in pieces. Throws what `ensureSealed` throws. */
export async function exportBundle(deps: ApiDeps, sessionId: string): Promise<Iterable<Uint8Array>> {
  const { row, seal } = await ensureSealed(deps, sessionId);
  const { texts } = await sessionGraph(deps, row);
  const records = await recordTexts(deps, sessionId);
  const outputs: { oid: string; bytes: Uint8Array; isInput: boolean }[] = [];
  for (const [at, text] of records.entries()) {
    if (!text.includes('"content":{')) continue;
    const { content, drop, inputs } = parseDropRecord(text, `Record ${at}`);
    const kept = content && (await deps.store.outcome(row.key, at))?.content;
    if (kept && sha256Hex(kept) === content.sha256)
      outputs.push({ oid: drop.oid, bytes: kept, isInput: inputs.length === 0 });
  }
  const part = await sealPart(deps.store, row, seal);
  const isImported = part.seal !== seal.seal;
  const reprodataOut = await reprodataOf(deps.store, row);
  const logicalGraph = await deps.store.document(row.key, IMPORTED.logicalGraph);
  const manifest = isImported ? await documentText(deps.store, row.key, IMPORTED.manifest) : '';
  return zipChunks(
    makeBundle(
      {
        ...part,
        // The log as it was when the session was sealed, not as it is now: the same session is always the same bytes.
        ...(!isImported && { log: await sealedInclusion(deps.store, seal) }),
        recordTexts: records,
        graph: Buffer.concat(texts),
        ...(logicalGraph && { logicalGraph }),
        ...(reprodataOut && { reprodataOut }),
        outputs,
        exportedAtMs: parseSessionSeal(part.seal).sealedAtMs,
      },
      ledgerOf(deps).signer,
      manifest === '' ? undefined : manifest,
    ),
  );
}

/** The file that the session wrote, or that came with it. */
async function reprodataOf(store: Store, row: SessionRow): Promise<Uint8Array | undefined> {
  const imported = await store.document(row.key, IMPORTED.reprodata);
  if (imported || row.dir === '') return imported;
  return readFile(path.join(row.dir, 'reprodata.out')).catch(() => undefined);
}

/** Where a seal stands in the log as it was when the seal was its last. */
async function sealedInclusion(store: Store, seal: StoredSeal): Promise<LogInclusion> {
  const leaves = await store.logLeaves(0, seal.index + 1);
  return proveSeal(MerkleLog.of(split(leaves)), seal.index, seal.logCheckpoint);
}

/** Verifies the bytes of a bundle. Bytes that are no bundle at all are a verdict too. */
export function verifyBundle(bytes: Uint8Array, trustedKeys: readonly string[] = []): BundleVerdict {
  try {
    return checkBundle(readZip(bytes), { trustedKeys });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { valid: false, checked: 1, problems: [{ entry: 'bundle', message }], isTrustedKey: false };
  }
}

export interface Imported {
  readonly sessionId: string;
  /** False: this very session was in the history already. */
  readonly isNew: boolean;
  /** Name of the device that sealed it. */
  readonly signedBy: string;
  /** Whether that is one of the keys the caller trusts. */
  readonly isTrustedKey: boolean;
}

/**
 * Adds a bundle to the history after verifying it. Throws BUNDLE_INVALID with the first problem, SESSION_EXISTS for another
 * run under an id that is taken: give it another with `as`.
 */
export async function importBundle(
  deps: ApiDeps,
  bytes: Uint8Array,
  source: string,
  as?: string,
  trustedKeys: readonly string[] = [],
): Promise<Imported> {
  // What is no key is refused before anything is looked at.
  trustedKeys.forEach(parseVerifierKey);
  const verdict = verifyBundle(bytes, trustedKeys);
  const { contents } = verdict;
  if (!verdict.valid || !contents) {
    const [first] = verdict.problems;
    throw new WeirError(
      'BUNDLE_INVALID',
      `${source} is not imported: ${first ? `${first.entry}: ${first.message}` : 'it is no bundle.'}`,
      { details: { problems: verdict.problems } },
    );
  }
  const { facts } = contents;
  const sessionId = as ?? facts.sessionId;
  checkSessionId(sessionId);
  const who = { signedBy: parseVerifierKey(contents.key).name, isTrustedKey: verdict.isTrustedKey };
  const existing = await sessionsLike(deps.store, facts.sessionId, sessionId);
  const kind = importVerdict({ ...facts, seal: contents.seal }, existing);
  if (kind === 'same')
    return {
      sessionId: existing.find(({ seal }) => seal === contents.seal)?.stored ?? sessionId,
      isNew: false,
      ...who,
    };
  if (existing.some(({ stored }) => stored === sessionId))
    throw new WeirError(
      'SESSION_EXISTS',
      `There is another session "${sessionId}" in the history, of another run; the two are not merged. Import this one under another id (--as).`,
      { details: { sessionId } },
    );
  await store(deps, contents, sessionId, source);
  return { sessionId, isNew: true, ...who };
}

/** Sessions of the history that have one of these ids, with their seals. */
export async function sessionsLike(
  store: Store,
  ...ids: readonly string[]
): Promise<{ stored: string; sessionId: string; runId: string; seal: string }[]> {
  const found: { stored: string; sessionId: string; runId: string; seal: string }[] = [];
  const { sessions } = await store.sessions({ limit: 100_000 });
  for (const row of sessions) {
    const text = async (name: string) =>
      Buffer.from((await store.document(row.key, name)) ?? []).toString('utf8');
    const isImported = row.origin.startsWith('import ');
    if (!isImported && !ids.includes(row.sessionId)) continue;
    const [seal] = isImported ? [] : (await store.seals({ key: row.key })).slice(-1);
    const factsText = isImported ? await text(IMPORTED.facts) : (seal?.facts ?? '');
    const facts =
      factsText === ''
        ? { sessionId: row.sessionId, runId: '' }
        : (JSON.parse(factsText) as { sessionId: string; runId: string });
    found.push({
      stored: row.sessionId,
      ...facts,
      seal: isImported ? await text(IMPORTED.seal) : (seal?.seal ?? ''),
    });
  }
  return found;
}

async function store(
  deps: ApiDeps,
  contents: BundleContents,
  sessionId: string,
  source: string,
): Promise<void> {
  const { store } = deps;
  const { facts } = contents;
  const [environment] = Object.values(facts.environments) as (Record<string, unknown> | undefined)[];
  const records = contents.recordTexts.map((text, i) => parseDropRecord(text, `Record ${i}`));
  const key = await store.createSession({
    sessionId,
    graphName: facts.graphName,
    origin: `import ${source}`,
    dir: '',
    rmode: facts.rmode,
    createdAt: facts.createdAtMs,
    host: {
      name: records[0]?.node ?? '',
      platform: [environment?.['system'], environment?.['architecture']].map(textOf).join('-'),
      version: facts.weirVersion,
    },
  });
  try {
    for (let at = 0; at < contents.graph.length; at += PIECE_BYTES)
      await store.appendGraph(key, { bytes: new Uint8Array(contents.graph.subarray(at, at + PIECE_BYTES)) });
    const graph = await deps.parser.parse(new Uint8Array(contents.graph));
    await store.addDrops(key, dropBatch(graph, { first: 0, count: graph.count }));
    await store.recordStates(key, statesOf(records));
    for (let from = 0; from < records.length; from += BATCH)
      await store.recordOutcomes(
        key,
        records.slice(from, from + BATCH).map((record, i) => outcomeOf(from + i, record, contents)),
      );
    const put = (name: string, text: string) =>
      store.putDocument(key, name, new Uint8Array(Buffer.from(text)));
    await put(IMPORTED.facts, canonicalJson(facts));
    await put(IMPORTED.seal, contents.seal);
    await put(IMPORTED.key, contents.key);
    await put(IMPORTED.manifest, contents.manifest);
    if (contents.log) await put(IMPORTED.log, canonicalJson(contents.log));
    const { reprodataOut, logicalGraph } = contents;
    if (reprodataOut) await store.putDocument(key, IMPORTED.reprodata, new Uint8Array(reprodataOut));
    if (logicalGraph) await store.putDocument(key, IMPORTED.logicalGraph, new Uint8Array(logicalGraph));
    await store.updateSession(key, {
      status: facts.status,
      finishedAt: facts.finishedAtMs,
      drops: facts.drops,
      signatures: signaturesIn(facts.signatures),
    });
    // A device without a key keeps what it imports unsealed, as everything else.
    if (deps.ledger) await sealImported(deps, await sessionRow(store, sessionId));
  } catch (error) {
    await store.deleteSession(key);
    throw error;
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function signaturesIn(
  signatures: Readonly<Record<string, string | null | undefined>>,
): Record<string, string> {
  const there = Object.entries(signatures).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(there);
}

function statesOf(records: readonly DropRecord[]) {
  const n = records.length;
  const time = (ms: number | null): number => ms ?? NaN;
  return {
    rows: Uint32Array.from({ length: n }, (_, i) => i),
    status: Uint8Array.from(records, ({ outcome }) => Math.max(0, DROP_STATE_NAMES.indexOf(outcome.status))),
    exec: Uint8Array.from(records, ({ outcome }) => {
      const exec =
        outcome.execStatus === undefined ? -1 : APP_STATE_NAMES.indexOf(outcome.execStatus as never);
      return exec < 0 ? 255 : exec;
    }),
    startedAt: Float64Array.from(records, ({ timing }) => time(timing.startedAtMs)),
    finishedAt: Float64Array.from(records, ({ timing }) => time(timing.finishedAtMs)),
    sizeBytes: Float64Array.from(records, ({ content }) => content?.sizeBytes ?? NaN),
  };
}

function outcomeOf(row: number, record: DropRecord, contents: BundleContents): DropOutcome {
  const content = contents.outputs.get(record.drop.oid) ?? null;
  return {
    row,
    sizeBytes: record.content?.sizeBytes ?? null,
    checksum: null,
    contentHash: record.content?.sha256 ?? null,
    dataUrl: null,
    path: null,
    content,
    reason: content || !record.content ? null : 'The content was not in the bundle.',
    facts: null,
    record: contents.recordTexts[row] as string,
  };
}
