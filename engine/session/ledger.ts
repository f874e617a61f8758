/**
 * The ledger of one device: gathers a session's records into a tree, seals its root and facts with the device's key, and
 * appends the seal to the device's log (docs/reproducibility.md). The hashing is done in the worker thread.
 */
import type { Json } from '../protocol/index.ts';
import { WeirError } from '../protocol/index.ts';
import {
  canonicalHash,
  canonicalJson,
  CHECKS_FORM,
  COMPARISON_DOCUMENT,
  CompactRange,
  HASH_BYTES,
  RECORDS_PER_TILE,
  retentionTree,
  sealLeaf,
  sealRetention,
  sealSession,
  SESSION_FACTS_TYPE,
  SESSION_FACTS_VERSION,
  signLogCheckpoint,
  verifierKeyText,
  type NoteSigner,
  type RetentionAct,
  type RecordPage,
  type RecordSource,
  type RecordTree,
  type RecordMismatch,
  type ReproducibilityWorker,
  type RModeName,
  type ImportedFrom,
  type SessionFacts,
} from '../reproducibility/index.ts';
import type { PhysicalGraph } from '../graph/index.ts';
import type { NewLogEntry, NewRetention, Store } from '../store/index.ts';
import { coverageOf, coveredSections } from './coverage.ts';
import { Slices } from './slices.ts';
import { specPage, textColumn } from './spec-pages.ts';

const PAGE = 4096;
/** Weir's own signatures read all records at once: up to this many. */
const MAX_SIGNED_RECORDS = 250_000;
/** Sealing again because another process sealed at the same time. */
const TRIES = 20;

/** What a session needs to be recorded and sealed. One per Host. */
export interface Ledger {
  /** The thread, started when first needed. */
  readonly worker: () => ReproducibilityWorker;
  readonly signer: NoteSigner;
  /** What this node is: system, processor, versions. Its hash is in every record. */
  readonly environment: Json;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The states of a session's drops as columns, by row. */
export interface StateColumns {
  readonly status: Uint8Array;
  readonly exec: Uint8Array;
  readonly startedAt: Float64Array;
  readonly finishedAt: Float64Array;
}

export interface LedgerSession {
  readonly key: number;
  readonly sessionId: string;
  readonly node: string;
  readonly environmentSha256: string;
  readonly rmode: RModeName;
  readonly graph: PhysicalGraph;
  /** The graph's text as it was submitted, in pieces. */
  readonly graphText: readonly Uint8Array[];
  readonly isHashedClass: Uint8Array;
  readonly states: StateColumns;
  /** SHA-256 of contents by row. */
  readonly contents: ReadonlyMap<number, string>;
  /** Whether some drops have stored records; where none has, they are not looked for. */
  readonly hasRecords: boolean;
}

export const environmentHash = (environment: Json): string => canonicalHash(environment);

/** Rows whose texts are copied in one go: some milliseconds of work. */
const ROWS_AT_ONCE = 65_536;

/** What the thread needs to know of a session before its records. Gives the thread back now and then. */
export async function recordSource(session: LedgerSession): Promise<RecordSource> {
  const { graph } = session;
  const c = graph.columns;
  const slices = new Slices();
  const isApp = new Uint8Array(c.count);
  const bytes: Uint8Array[] = [];
  const offsets = new Uint32Array(c.count + 1);
  for (let first = 0; first < c.count; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, c.count - first);
    const part = textColumn(graph, c.oidStart, c.oidLength, { first, count });
    const before = offsets[first] as number;
    for (let i = 1; i <= count; i++) offsets[first + i] = before + (part.offsets[i] as number);
    for (let row = first; row < first + count; row++) isApp[row] = graph.isApp(row) ? 1 : 0;
    bytes.push(part.bytes);
    if (slices.isOver) await slices.pause();
  }
  return {
    sessionId: session.sessionId,
    node: session.node,
    environmentSha256: session.environmentSha256,
    rmode: session.rmode,
    oids: { bytes: new Uint8Array(Buffer.concat(bytes)), offsets },
    isApp,
    classId: c.classId,
    classes: c.classes,
    isHashedClass: session.isHashedClass,
    consumers: c.consumers,
    streaming: c.streaming,
    outputs: c.outputs,
    contents: session.contents,
    wantsSignatures: c.count <= MAX_SIGNED_RECORDS,
  };
}

/** Drops [from, end) of a session as the thread takes them. */
export async function recordPage(
  store: Pick<Store, 'records'>,
  session: LedgerSession,
  from: number,
  end: number,
): Promise<RecordPage> {
  const { states } = session;
  const stored = session.hasRecords
    ? await store.records(session.key, from, end - from)
    : { rows: new Uint32Array(0), records: { bytes: new Uint8Array(0), offsets: new Uint32Array(1) } };
  return {
    firstRow: from,
    specs: specPage(session.graph, from, end),
    status: states.status.slice(from, end),
    exec: states.exec.slice(from, end),
    startedAt: states.startedAt.slice(from, end),
    finishedAt: states.finishedAt.slice(from, end),
    rows: stored.rows,
    records: stored.records,
  };
}

export type CheckedTree = RecordTree & { readonly mismatches: readonly RecordMismatch[] };

/** What is done with the records that are made again while a tree is computed. */
export const MadeRecords = {
  /** They are kept for proofs: the session is being sealed. */
  keep: 'keep',
  /** Those that are kept are compared: the session is being checked. */
  compare: 'compare',
  /** Nothing: the session was sealed before they were kept. */
  leave: 'leave',
} as const;
export type MadeRecords = (typeof MadeRecords)[keyof typeof MadeRecords];

/**
 * The tree over all records of a session, computed in the thread, a page after the other: what is held of the session at
 * once are its columns and a page.
 */
export async function recordTree(
  worker: ReproducibilityWorker,
  store: Pick<Store, 'records' | 'putRecordTiles' | 'recordTiles'>,
  session: LedgerSession,
  made: MadeRecords,
): Promise<CheckedTree> {
  const id = `${session.sessionId} ${session.key} ${++lastId}`;
  await worker.call('records.open', { id, source: await recordSource(session) });
  try {
    for (const bytes of session.graphText) await worker.call('records.graph', { id, bytes });
    const { count } = session.graph;
    let writing: Promise<void> = Promise.resolve();
    for (let from = 0; from < count; from += PAGE) {
      const end = Math.min(count, from + PAGE);
      const page = await recordPage(store, session, from, end);
      const [first, tiles] = [from / RECORDS_PER_TILE, Math.ceil((end - from) / RECORDS_PER_TILE)];
      const answer = await worker.call('records.page', {
        id,
        page:
          made === 'compare' ? { ...page, kept: await store.recordTiles(session.key, first, tiles) } : page,
      });
      await writing;
      if (made === 'keep') writing = store.putRecordTiles(session.key, first, answer.tiles);
    }
    await writing;
    return await worker.call('records.finish', { id });
  } catch (error) {
    await worker.call('records.close', { id });
    throw error;
  }
}
let lastId = 0;

/** Texts of the records of drops [from, end), stored or made again. */
export async function recordTexts(
  worker: ReproducibilityWorker,
  store: Pick<Store, 'records'>,
  session: LedgerSession,
  from: number,
  end: number,
): Promise<readonly string[]> {
  const id = `${session.sessionId} ${session.key} ${++lastId}`;
  const page = await recordPage(store, session, from, end);
  const { bytes, offsets } = page.records;
  if (page.rows.length === end - from)
    return Array.from(page.rows, (_row, i) =>
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', offsets[i], offsets[i + 1]),
    );
  await worker.call('records.open', { id, source: await recordSource(session) });
  try {
    return await worker.call('records.texts', { id, page });
  } finally {
    await worker.call('records.close', { id });
  }
}

/** What is sealed of a session beside its records. */
export interface SealedAbout {
  /** Its id here, where its records have another. */
  readonly sessionId?: string;
  readonly runId: string;
  readonly graphName: string;
  readonly status: string;
  readonly createdAtMs: number;
  readonly finishedAtMs: number;
  readonly signatures: Readonly<Record<string, string>>;
  /** What the seal the session came with says of it; only for one that ran on another device. */
  readonly imported?: {
    readonly from: ImportedFrom;
    readonly facts: SessionFacts;
  };
}

/** Seals a session and appends the seal to the device's log. Resolves when both are durable. */
export async function sealRecords(
  ledger: Ledger,
  store: Store,
  session: LedgerSession,
  about: SealedAbout,
): Promise<void> {
  const tree = await recordTree(ledger.worker(), store, session, MadeRecords.keep);
  await store.putDocument(session.key, COMPARISON_DOCUMENT, new Uint8Array(tree.comparison));
  await store.indexUids(session.key);
  const covered = await coveredSections(store, session.key, tree.size);
  const { imported } = about;
  const facts: SessionFacts = {
    type: SESSION_FACTS_TYPE,
    version: SESSION_FACTS_VERSION,
    sessionId: about.sessionId ?? session.sessionId,
    runId: about.runId,
    graphName: about.graphName.toWellFormed(),
    graphSha256: tree.graphSha256,
    rmode: session.rmode,
    status: about.status,
    createdAtMs: about.createdAtMs,
    finishedAtMs: about.finishedAtMs,
    drops: tree.size,
    signatures: about.signatures,
    canonicalSignatures: imported?.facts.canonicalSignatures ?? tree.canonicalSignatures,
    environments: imported?.facts.environments ?? { [session.environmentSha256]: ledger.environment },
    weirVersion: ledger.version,
    covers: coverageOf(covered),
    retentionLogged: true,
    checks: CHECKS_FORM,
    ...(imported && { importedFrom: imported.from }),
  };
  const sealedAt = Math.round(ledger.now());
  const seal = sealSession(facts, tree, sealedAt, ledger.signer);
  await appendToLog(ledger, store, { note: seal, sealedAt, what: `Session ${session.sessionId}` }, (place) =>
    store.sealSession({
      ...place,
      key: session.key,
      leafCount: tree.size,
      root: new Uint8Array(tree.root),
      facts: canonicalJson(facts),
      leafHashes: new Uint8Array(tree.leafHashes),
      nodes: tree.nodes.map(({ height, hashes }) => ({ height, hashes: new Uint8Array(hashes) })),
      covered,
    }),
  );
}

/** What an entry of the log has of its place in it. */
type LogPlace = Omit<NewLogEntry, 'leafCount' | 'root' | 'facts'>;

/** What is appended to the log of each ledger, one after the other: sessions of one process would be in one another's way. */
const appending = new WeakMap<Ledger, Promise<unknown>>();

/**
 * Appends a signed note to the device's log with a checkpoint of the log as it is then. `append` says false or null where
 * another process was faster; then it is called again with the next place.
 */
function appendToLog<T>(
  ledger: Ledger,
  store: Pick<Store, 'lastSeal'>,
  entry: LogNote,
  append: (place: LogPlace) => Promise<T | false | null>,
): Promise<T> {
  const before = appending.get(ledger) ?? Promise.resolve();
  const appended = before.then(() => appendNext(ledger, store, entry, append));
  appending.set(
    ledger,
    appended.catch(() => undefined),
  );
  return appended;
}

interface LogNote {
  readonly note: string;
  readonly sealedAt: number;
  /** What it is about, for the message where it cannot be appended. */
  readonly what: string;
}

async function appendNext<T>(
  ledger: Ledger,
  store: Pick<Store, 'lastSeal'>,
  { note, sealedAt, what }: LogNote,
  append: (place: LogPlace) => Promise<T | false | null>,
): Promise<T> {
  const leaf = sealLeaf(note);
  for (let tries = 0; tries < TRIES; tries++) {
    const last = await store.lastSeal();
    const range = new CompactRange(last ? last.index + 1 : 0, last ? split(last.logRange) : []);
    range.append(leaf);
    const appended = await append({
      index: range.size - 1,
      seal: note,
      keyText: verifierKeyText(ledger.signer),
      sealedAt,
      logLeaf: new Uint8Array(leaf),
      logRange: new Uint8Array(Buffer.concat(range.peaks)),
      logCheckpoint: signLogCheckpoint({ size: range.size, root: range.root() }, sealedAt, ledger.signer),
    });
    if (appended !== false && appended !== null) return appended;
  }
  throw new WeirError(
    'STORE_LOCKED',
    `${what} could not be sealed: other processes seal all the time. Try again when they are done.`,
  );
}

/** Signs an act of retention, appends it to the log and removes what it says. Resolves with the bytes that took. */
export async function recordRetention(
  ledger: Ledger,
  store: Store,
  act: RetentionAct,
  takes: Pick<NewRetention, 'drops' | 'deletes' | 'document'>,
): Promise<number> {
  const { size, root } = retentionTree(act);
  return appendToLog(
    ledger,
    store,
    { note: sealRetention(act, ledger.signer), sealedAt: act.atMs, what: 'What is to be removed' },
    (place) =>
      store.retain({
        ...place,
        ...takes,
        leafCount: size,
        root: new Uint8Array(root),
        facts: canonicalJson(act),
      }),
  );
}

/** Hashes that lie end to end. */
export function split(hashes: Uint8Array): Uint8Array[] {
  return Array.from({ length: hashes.length / HASH_BYTES }, (_, i) =>
    hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}
