/** A session as the history has it, in the form in which its records are read and checked. */
import { randomUUID } from 'node:crypto';
import type { PhysicalGraph } from '../graph/index.ts';
import { isWeirError, SESSION_STATE_NAMES, SessionStates, WeirError } from '../protocol/index.ts';
import {
  ALL_RMODES,
  parseDropRecord,
  sha256Hex,
  type DropRecord,
  type RModeName,
  type SessionFacts,
} from '../reproducibility/index.ts';
import {
  environmentHash,
  hashedClasses,
  sealRecords,
  type Ledger,
  type LedgerSession,
  type StateColumns,
  type SealedAbout,
} from '../session/index.ts';
import type { SessionRow, Store, StoredSeal } from '../store/index.ts';
import type { ApiDeps } from './deps.ts';
import { readKept, sessionRow } from './graph-text.ts';

const PAGE = 4096;

/** The ledger of this device. Throws STORE_DAMAGED where it has none. */
export function ledgerOf(deps: Pick<ApiDeps, 'ledger'>): Ledger {
  if (deps.ledger) return deps.ledger;
  throw new WeirError(
    'STORE_DAMAGED',
    'This device has no usable key (device.key in the data folder), so nothing can be proved here. Put the right file back and start Weir again.',
  );
}

const OVER: ReadonlySet<string> = new Set([
  ...[SessionStates.FINISHED, SessionStates.FAILED, SessionStates.CANCELLED].map(
    (s) => SESSION_STATE_NAMES[s] as string,
  ),
  'INTERRUPTED',
]);

/** Whether a session in this state is over: nothing of it changes any more. */
export const isOver = (status: string): boolean => OVER.has(status);

/** Waits for what follows the end of a session that is over. One that runs is not waited for: nobody knows how long. */
export async function recordedIfOver(deps: Pick<ApiDeps, 'manager'>, sessionId: string): Promise<void> {
  const live = deps.manager.find(sessionId);
  if (live?.isOver) await live.recorded();
}

/** The session of this id, which must be over. Throws NoSessionException, SESSION_STATE. */
export async function endedSession(deps: ApiDeps, sessionId: string): Promise<SessionRow> {
  await recordedIfOver(deps, sessionId);
  const row = await sessionRow(deps.store, sessionId);
  if (isOver(row.status)) return row;
  throw new WeirError('SESSION_STATE', `Session ${sessionId} is ${row.status}; wait until it is over.`, {
    details: { sessionId, status: row.status },
  });
}

/** Where the facts of an imported session's own seal are kept. */
export const IMPORTED = {
  facts: 'imported/facts.json',
  seal: 'imported/seal.txt',
  key: 'imported/key.txt',
  log: 'imported/log.json',
  manifest: 'imported/manifest.txt',
  reprodata: 'imported/reprodata.out',
  logicalGraph: 'imported/logical.graph',
  origin: 'imported/origin.json',
} as const;

/** The last seal of a session here, if it has one. */
export async function sealOf(store: Store, row: SessionRow): Promise<StoredSeal | undefined> {
  if (row.sealIndex === null) return undefined;
  const [seal] = await store.seals({ from: row.sealIndex, limit: 1 });
  return seal?.key === row.key ? seal : undefined;
}

/** The rows of a session that have stored records, page by page. */
export async function* storedRecords(
  store: Pick<Store, 'records'>,
  key: number,
  count: number,
): AsyncGenerator<{ readonly row: number; readonly text: string }> {
  for (let from = 0; from < count; from += PAGE) {
    const { rows, records } = await store.records(key, from, Math.min(PAGE, count - from));
    const bytes = Buffer.from(records.bytes.buffer, records.bytes.byteOffset, records.bytes.length);
    for (const [i, row] of rows.entries())
      yield { row, text: bytes.toString('utf8', records.offsets[i], records.offsets[i + 1]) };
  }
}

function emptyStates(count: number): StateColumns {
  return {
    status: new Uint8Array(count),
    exec: new Uint8Array(count).fill(255),
    startedAt: new Float64Array(count).fill(NaN),
    finishedAt: new Float64Array(count).fill(NaN),
  };
}

async function allStates(store: Store, key: number, count: number): Promise<StateColumns> {
  const states = emptyStates(count);
  for (let offset = 0; offset < count; offset += PAGE) {
    const { rows } = await store.drops(key, { offset, limit: PAGE });
    for (const drop of rows) setState(states, drop);
  }
  return states;
}

function setState(states: StateColumns, drop: Awaited<ReturnType<Store['dropByUid']>> & object): void {
  states.status[drop.row] = drop.status;
  states.exec[drop.row] = drop.exec;
  states.startedAt[drop.row] = drop.startedAt ?? NaN;
  states.finishedAt[drop.row] = drop.finishedAt ?? NaN;
}

/** The SHA-256 of the content in a stored record; undefined for none, and for a record that cannot be read. */
function contentHashIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as DropRecord).content?.sha256;
  } catch {
    // Not the place to complain: whoever checks records says which one is damaged.
    return undefined;
  }
}

export function factsOf(seal: StoredSeal | undefined): SessionFacts | undefined {
  return seal ? (JSON.parse(seal.facts) as SessionFacts) : undefined;
}

/** The session with what its records are made of; with `drop`, only what the record of that drop needs. */
export async function loadSession(
  deps: ApiDeps,
  row: SessionRow,
  graph: PhysicalGraph,
  texts: readonly Uint8Array[],
  only?: { readonly uid: string; readonly row: number },
): Promise<LedgerSession> {
  const { store } = deps;
  const seal = await sealOf(store, row);
  const [environment] = Object.keys(factsOf(seal)?.environments ?? {});
  const contents = new Map<number, string>();
  let states: StateColumns;
  if (only === undefined) {
    states = await allStates(store, row.key, graph.count);
    for await (const { row: at, text } of storedRecords(store, row.key, graph.count)) {
      const hash = contentHashIn(text);
      if (hash !== undefined) contents.set(at, hash);
    }
  } else {
    states = emptyStates(graph.count);
    const drop = await store.dropByUid(row.key, only.uid);
    if (drop) setState(states, drop);
    const inputs = graph.isApp(only.row)
      ? [...graph.consumers.sources(only.row), ...graph.streaming.sources(only.row)]
      : [];
    for (const input of inputs)
      for await (const { text } of storedRecords(
        { records: (key, from, n) => store.records(key, input + from, n) },
        row.key,
        1,
      )) {
        const hash = contentHashIn(text);
        if (hash !== undefined) contents.set(input, hash);
      }
  }
  return {
    key: row.key,
    // Records of an imported session have the id it had where it ran.
    sessionId: factsOf(seal)?.importedFrom?.sessionId ?? row.sessionId,
    node: row.host.name,
    environmentSha256: environment ?? environmentHash(ledgerOf(deps).environment),
    rmode: rmodeOf(row.rmode),
    graph,
    graphText: texts,
    isHashedClass: hashedClasses(graph),
    states,
    contents,
    hasRecords: true,
  };
}

function rmodeOf(text: string): RModeName {
  return text === 'ALL' || (ALL_RMODES as readonly string[]).includes(text) ? (text as RModeName) : 'NOTHING';
}

/** Graph of a session as bytes and parsed. Throws SESSION_STATE where it was never kept, and what a damaged history gives. */
export async function sessionGraph(
  deps: ApiDeps,
  row: SessionRow,
): Promise<{ readonly graph: PhysicalGraph; readonly texts: readonly Uint8Array[] }> {
  const texts = (await deps.store.graph(row.key)).map(({ bytes }) => bytes);
  const live = deps.manager.find(row.sessionId);
  if (live?.graph && live.parts.length === 1) return { graph: live.graph, texts };
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  const whole = new Uint8Array(total);
  let at = 0;
  for (const text of texts) {
    whole.set(text, at);
    at += text.length;
  }
  return { graph: await readKept(row, whole, (text) => deps.parser.parse(text)), texts };
}

/**
 * The seal of a session that is over. One that was put off (a large session without an R-mode) is made now. Throws
 * SESSION_STATE for a session that was interrupted: nobody can say any more what it did.
 */
export async function ensureSealed(
  deps: ApiDeps,
  sessionId: string,
): Promise<{ row: SessionRow; seal: StoredSeal }> {
  const row = await endedSession(deps, sessionId);
  const there = await sealOf(deps.store, row);
  if (there) return { row, seal: there };
  if (await deps.store.document(row.key, IMPORTED.seal)) return sealImported(deps, row);
  if (row.status === 'INTERRUPTED')
    throw new WeirError(
      'SESSION_STATE',
      `Session ${sessionId} was interrupted before it could be sealed; there is nothing to prove it by.`,
      { details: { sessionId } },
    );
  const pid = await deps.store.heldBy(row.key);
  if (pid !== null)
    throw new WeirError(
      'SESSION_STATE',
      `Session ${sessionId} is over, but the Weir that ran it (process ${pid}) is still signing and sealing it; try again when it is done.`,
      { details: { sessionId, pid } },
    );
  if (row.rmode !== 'NOTHING' && Object.keys(row.signatures).length === 0)
    await deps.store.recordLogs(row.key, [
      {
        ...{ at: Date.now(), level: 'warn', row: null, uid: null },
        message: `There were no ${row.rmode} signatures when this session was sealed. Where nothing else here says why, Weir had ended before they were made; run the graph again to have some.`,
      },
    ]);
  const { graph, texts } = await sessionGraph(deps, row);
  await sealRecords(ledgerOf(deps), deps.store, await loadSession(deps, row, graph, texts), aboutOf(row));
  return sealedNow(deps, row);
}

/** What is sealed of a session beside its records, as it is kept of one that ended before. */
const aboutOf = (row: SessionRow): SealedAbout => ({
  runId: randomUUID(),
  graphName: row.graphName,
  status: row.status,
  createdAtMs: row.createdAt,
  finishedAtMs: row.finishedAt ?? row.createdAt,
  signatures: row.signatures,
});

async function sealedNow(
  deps: ApiDeps,
  { sessionId }: SessionRow,
): Promise<{ row: SessionRow; seal: StoredSeal }> {
  const row = await sessionRow(deps.store, sessionId);
  const seal = await sealOf(deps.store, row);
  if (seal) return { row, seal };
  throw new WeirError(
    'STORE_FAILED',
    `The seal of session ${sessionId} was written but cannot be read back.`,
  );
}

/** Text of a document of a session; empty where there is none. */
export async function documentText(store: Store, key: number, name: string): Promise<string> {
  return Buffer.from((await store.document(key, name)) ?? []).toString('utf8');
}

/**
 * Seals a session that was imported, with the key of this device: from now on nothing of it is altered unseen. What ran
 * and how is shown by the seal it came with, whose hash is in this one's facts.
 */
export async function sealImported(
  deps: ApiDeps,
  row: SessionRow,
): Promise<{ row: SessionRow; seal: StoredSeal }> {
  const { store } = deps;
  const text = (name: string): Promise<string> => documentText(store, row.key, name);
  const facts = JSON.parse(await text(IMPORTED.facts)) as SessionFacts;
  const log = await text(IMPORTED.log);
  const { graph, texts } = await sessionGraph(deps, row);
  const session = await loadSession(deps, row, graph, texts);
  const [environment] = Object.keys(facts.environments);
  await sealRecords(
    ledgerOf(deps),
    store,
    {
      ...session,
      sessionId: facts.sessionId,
      environmentSha256: environment ?? session.environmentSha256,
    },
    {
      sessionId: row.sessionId,
      ...aboutOf(row),
      imported: {
        facts,
        from: {
          key: await text(IMPORTED.key),
          sealSha256: sha256Hex(await text(IMPORTED.seal)),
          logSha256: log === '' ? null : sha256Hex(log),
          sessionId: facts.sessionId,
        },
      },
    },
  );
  return sealedNow(deps, row);
}

export function parseStored(text: string, where: string): DropRecord | undefined {
  try {
    return parseDropRecord(text, where);
  } catch (error) {
    if (isWeirError(error)) return undefined;
    throw error;
  }
}
