/**
 * Checks a stored session against its seal, from the bytes of the store alone: graph, states, records, contents, all rows
 * the seal covers, the seal, the device's log. Says what does not hold and names the drop.
 */
import {
  HASH_BYTES,
  canonicalJson,
  COMPARISON_DOCUMENT,
  dropRecordLeaf,
  openSessionSeal,
  parseVerifierKey,
  sha256Hex,
  treeOf,
  verifierKeyText,
  verifyInclusion,
  openLogCheckpoint,
  sealLeaf,
  type DropRecord,
  type LogInclusion,
  type SessionFacts,
} from '../reproducibility/index.ts';
import { codeOf, endOf, recordTree, type CheckedTree } from '../session/index.ts';
import type { PhysicalGraph } from '../graph/index.ts';
import type { SessionRow, StoredSeal } from '../store/index.ts';
import { checkCoverage } from './coverage-check.ts';
import type { ApiDeps } from './deps.ts';
import { sessionRow } from './graph-text.ts';
import { checkLog, openStoredSeal, verifyLog } from './log-verification.ts';
import { droppedParts, entriesOf, loggedRetention, type LoggedRetention } from './retention-acts.ts';
import {
  documentText,
  endedSession,
  IMPORTED,
  isOver,
  ledgerOf,
  loadSession,
  parseStored,
  sealOf,
  sessionGraph,
  storedRecords,
} from './stored-session.ts';
import { joinVerdicts, Report, type Verdict } from './verdict.ts';

type Retention = Awaited<ReturnType<typeof loggedRetention>>;

const SESSIONS_AT_ONCE = 500;

/**
 * Verifies a session, and the log its seal stands in unless `withLog` is false. Throws only where there is nothing to
 * verify: no such session, or one that is not over.
 */
export async function verifyStored(
  deps: ApiDeps,
  sessionId: string,
  withLog = true,
  retention?: Retention,
): Promise<Verdict> {
  const row = await verifiable(deps, sessionId);
  const report = new Report();
  const seal = await sealOf(deps.store, row);
  if (!seal) {
    if (await deps.store.document(row.key, IMPORTED.seal))
      await report.attempt('seal', () => checkImported(deps, row, report));
    else {
      report.checked++;
      report.add(
        'seal',
        `Session ${sessionId} is recorded but not sealed: nothing shows that its records are what they were.`,
      );
    }
    return report.verdict();
  }
  const facts = await report.attempt('seal', () => openSeal(deps, seal, report));
  if (withLog) await report.attempt('log', () => checkLog(deps, report));
  const loaded = await report.attempt('graph', () => sessionGraph(deps, row));
  const nameOf = namer(deps, row, loaded?.graph);
  const retained = entriesOf(
    retention ?? (await loggedRetention(deps.store)),
    { sessionId, createdAtMs: facts?.createdAtMs ?? row.createdAt, key: row.key },
    facts,
  );
  if (facts) {
    await report.attempt('session', () => checkFacts(row, facts, seal, report));
    await report.attempt('history', () =>
      checkCoverage({ store: deps.store, row, seal, facts, report, nameOf, retained }),
    );
    if (facts.importedFrom)
      await report.attempt('imported seal', () => checkOrigin(deps, row, facts, report));
  }
  await report.attempt('history', () => checkContradictions(deps, row, nameOf, report, retained));
  if (loaded) await report.attempt('records', () => checkRecords(deps, row, seal, facts, loaded, report));
  return report.verdict();
}

/** A session that is over. One that has a seal was over: then its state was altered, which is for the verdict to say. */
async function verifiable(deps: ApiDeps, sessionId: string): Promise<SessionRow> {
  const live = deps.manager.find(sessionId);
  const row = await sessionRow(deps.store, sessionId);
  return live === undefined && row.sealIndex !== null ? row : endedSession(deps, sessionId);
}

/** Verifies the whole history: the file, the log, every session. Sessions without a seal are noted. */
export async function verifyHistory(deps: ApiDeps): Promise<Verdict> {
  const file = new Report();
  await file.attempt('history', async () => {
    for (const { table, message } of await deps.store.contradictions())
      file.add(`table ${table}`, message, { table });
  });
  const verdicts: (readonly [string, Verdict])[] = [
    ['', file.verdict()],
    ['', await verifyLog(deps)],
  ];
  const retention = await loggedRetention(deps.store);
  for (let offset = 0; ; offset += SESSIONS_AT_ONCE) {
    const { sessions } = await deps.store.sessions({ offset, limit: SESSIONS_AT_ONCE });
    for (const row of sessions)
      verdicts.push([`session ${row.sessionId}`, await verifyOne(deps, row, retention)]);
    if (sessions.length < SESSIONS_AT_ONCE) return joinVerdicts(verdicts);
  }
}

async function verifyOne(deps: ApiDeps, row: SessionRow, retention: Retention): Promise<Verdict> {
  const report = new Report();
  if (!isOver(row.status) && row.sealIndex === null)
    report.note('seal', `It is ${row.status}: it is sealed when it is over.`);
  else if (row.sealIndex === null && !(await deps.store.document(row.key, IMPORTED.seal)))
    report.note(
      'seal',
      row.status === 'INTERRUPTED'
        ? 'It was interrupted before it could be sealed: nothing shows that its records are what they were.'
        : 'It is not sealed: nothing shows that its records are what they were.',
    );
  else
    return (
      (await report.attempt('session', () => verifyStored(deps, row.sessionId, false, retention))) ??
      report.verdict()
    );
  return report.verdict();
}

function namer(
  deps: ApiDeps,
  row: SessionRow,
  graph: PhysicalGraph | undefined,
): (at: number) => Promise<string> {
  return async (at) => {
    if (graph && at >= 0 && at < graph.count) return graph.uid(at);
    try {
      const { rows } = await deps.store.drops(row.key, { offset: at, limit: 1 });
      return rows[0]?.uid ?? `in row ${at}`;
    } catch {
      // Neither the graph nor the columns can be read: the number is all there is.
      return `in row ${at}`;
    }
  };
}

/** A time as text, also one that was altered into no time at all. */
const dateOf = (at: number): string => (Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at));

async function checkContradictions(
  deps: ApiDeps,
  row: SessionRow,
  nameOf: (at: number) => Promise<string>,
  report: Report,
  retained: readonly LoggedRetention[],
): Promise<void> {
  const dropped = droppedParts(retained);
  const last = retained.findLast((entry) => droppedParts([entry]).length > 0);
  if ((last?.droppedAtMs ?? null) !== row.payloadDroppedAt)
    report.add(
      'session',
      row.payloadDroppedAt === null
        ? 'The log says that contents, events or logs of it were removed, but the store does not: one was altered.'
        : `The store says that contents, events or logs of it were removed on ${dateOf(row.payloadDroppedAt)}, but the log has no act of retention of that time: it was altered, or they were removed by hand.`,
      { table: 'session' },
    );
  if (dropped.includes('contents') && last)
    report.note('contents', `They were removed on ${dateOf(last.droppedAtMs)}; their hashes are kept.`);
  for (const { table, row: at, message } of await deps.store.contradictions(row.key, dropped))
    if (at === null) report.add(`table ${table}`, message, { table });
    else report.drop(await nameOf(at), message, table);
}

/** The seal that an imported session came with, opened with the facts and the key that came with it. */
async function openImported(deps: ApiDeps, row: SessionRow) {
  const facts = JSON.parse(await documentText(deps.store, row.key, IMPORTED.facts)) as SessionFacts;
  const note = await documentText(deps.store, row.key, IMPORTED.seal);
  const key = parseVerifierKey(await documentText(deps.store, row.key, IMPORTED.key));
  return { facts, note, key, seal: openSessionSeal(note, facts, [key]) };
}

/** A session that ran elsewhere: the seal it came with, and that it is the one that was taken in. */
async function checkOrigin(
  deps: ApiDeps,
  row: SessionRow,
  facts: SessionFacts,
  report: Report,
): Promise<void> {
  const from = facts.importedFrom as NonNullable<SessionFacts['importedFrom']>;
  const { facts: theirs, note, key, seal } = await openImported(deps, row);
  const altered = (what: string): void =>
    report.add('imported seal', `${what} is not what was taken in: it was altered.`, { table: 'document' });
  if (sha256Hex(note) !== from.sealSha256) altered('The seal the session came with');
  if ((await documentText(deps.store, row.key, IMPORTED.key)) !== from.key) altered('The key of that seal');
  if (canonicalJson(theirs) !== (await documentText(deps.store, row.key, IMPORTED.facts)))
    altered('The text of its facts');
  const log = await documentText(deps.store, row.key, IMPORTED.log);
  if ((log === '' ? null : sha256Hex(log)) !== from.logSha256) altered('Its place in the log of that device');
  if (theirs.sessionId !== from.sessionId || theirs.graphSha256 !== facts.graphSha256)
    altered('The session or graph that the seal is of');
  const own = await sealOf(deps.store, row);
  if (own && Buffer.compare(seal.root, own.root) !== 0)
    report.add('imported seal', 'The records are not those that the seal of the other device is over.');
  if (log !== '') await report.attempt('imported log entry', () => checkInclusion(log, note, key));
  report.note(
    'seal',
    `It ran on another device: ${key.name} (${key.keyId}) sealed it on ${new Date(seal.sealedAtMs).toISOString()}. The seal of this device says only that nothing was altered since it was imported.`,
  );
}

function checkInclusion(text: string, seal: string, key: ReturnType<typeof parseVerifierKey>): void {
  const log = JSON.parse(text) as LogInclusion;
  if (canonicalJson(log) !== text) throw new Error('It is not in canonical form: it was altered.');
  const checkpoint = openLogCheckpoint(log.checkpoint, [key]);
  const path = log.path.map((hash) => Buffer.from(hash, 'base64'));
  if (
    checkpoint.size !== log.treeSize ||
    !verifyInclusion(log.leafIndex, log.treeSize, sealLeaf(seal), path, checkpoint.root)
  )
    throw new Error('The seal is not at its place in the log of its device: it was altered.');
}

/** A session that was imported before this device sealed what it takes in: its records against the seal it came with. */
async function checkImported(deps: ApiDeps, row: SessionRow, report: Report): Promise<void> {
  const { store } = deps;
  const { facts, seal, key } = await openImported(deps, row);
  report.note(
    'seal',
    `It ran on another device, whose seal (${key.name}) it carries; what is stored beside its records is not covered by any seal.`,
  );
  const { graph, texts } = await sessionGraph(deps, row);
  if (sha256Hex(Buffer.concat(texts)) !== facts.graphSha256)
    report.add('graph', 'The graph is not the one that was sealed: a byte of it was altered.');
  const leaves: Buffer[] = [];
  for await (const { row: at, text: record } of storedRecords(store, row.key, graph.count)) {
    report.checked++;
    leaves.push(dropRecordLeaf(record));
    if (!parseStored(record, graph.uid(at))) report.drop(graph.uid(at), 'Its record was altered.');
  }
  if (leaves.length !== facts.drops || Buffer.compare(treeOf(Buffer.concat(leaves)).root, seal.root) !== 0)
    report.add(
      'records',
      'The records lead to another root than the sealed one: one was altered or is missing.',
    );
  await checkOutcomes(deps, row, graph, report);
}

function openSeal(deps: ApiDeps, seal: StoredSeal, report: Report): SessionFacts {
  const facts = openStoredSeal(seal);
  if (seal.keyText !== verifierKeyText(ledgerOf(deps).signer))
    report.add(
      'seal',
      `It was made with the key ${seal.keyText.split('+')[0]}, which is not the key of this device: the store was copied from another device, or the key was replaced.`,
    );
  return facts;
}

function checkFacts(row: SessionRow, facts: SessionFacts, seal: StoredSeal, report: Report): void {
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['id', row.sessionId, facts.sessionId],
    ['id kept with the seal', seal.sessionId, facts.sessionId],
    ['graph name', row.graphName.toWellFormed(), facts.graphName],
    ['R-mode', row.rmode, facts.rmode],
    ['status', row.status, facts.status],
    ['time of creation', row.createdAt, facts.createdAtMs],
    ['time of its end', row.finishedAt, facts.finishedAtMs],
    ['number of drops', row.drops, facts.drops],
    ['signatures', canonicalJson(row.signatures), canonicalJson(facts.signatures)],
  ];
  for (const [what, found, sealed] of pairs)
    if (found !== sealed)
      report.add(
        'session',
        `The session's ${what} is ${JSON.stringify(found)}, but ${JSON.stringify(sealed)} was sealed: it was altered.`,
        { table: 'session' },
      );
}

async function checkRecords(
  deps: ApiDeps,
  row: SessionRow,
  seal: StoredSeal,
  facts: SessionFacts | undefined,
  { graph, texts }: { readonly graph: PhysicalGraph; readonly texts: readonly Uint8Array[] },
  report: Report,
): Promise<void> {
  const session = await loadSession(deps, row, graph, texts);
  if (graph.count !== seal.leafCount) {
    report.add(
      'graph',
      `The graph has ${graph.count} drops, but ${seal.leafCount} were sealed: it was altered.`,
    );
    return;
  }
  const tree = await recordTree(
    ledgerOf(deps).worker(),
    deps.store,
    session,
    facts?.covers?.['records'] ? 'compare' : 'leave',
  );
  report.checked += tree.size;
  if (facts && tree.graphSha256 !== facts.graphSha256)
    report.add('graph', 'The graph is not the one that was sealed: a byte of it was altered.');
  for (const { row: at, message } of tree.mismatches) report.drop(graph.uid(at), message);
  const kept = await deps.store.document(row.key, COMPARISON_DOCUMENT);
  if (kept && Buffer.compare(kept, tree.comparison) !== 0)
    report.add('records', 'The hashes of its drops that are kept for comparisons were altered.', {
      table: 'document',
    });
  await checkTree(deps, graph, seal, tree, report);
  // What is kept beside records is covered by seals from version 2 on; older ones leave it to the records to tell.
  if (!facts?.covers) await checkOutcomes(deps, row, graph, report);
}

async function checkTree(
  deps: ApiDeps,
  graph: PhysicalGraph,
  seal: StoredSeal,
  tree: CheckedTree,
  report: Report,
): Promise<void> {
  const { store } = deps;
  const kept = await store.treeHashes(seal.index, 0, 0, seal.leafCount);
  const isSealed = Buffer.compare(tree.root, seal.root) === 0;
  const isKeptSealed =
    kept.length === tree.leafHashes.length && Buffer.compare(treeOf(kept).root, seal.root) === 0;
  if (!isSealed && !isKeptSealed)
    report.add('records', 'The records lead to another root than the sealed one.');
  for (let at = 0; at < tree.leafHashes.length; at += HASH_BYTES) {
    const [now, then] = [tree.leafHashes.subarray(at, at + HASH_BYTES), kept.subarray(at, at + HASH_BYTES)];
    if (Buffer.compare(now, then) === 0) continue;
    const uid = graph.uid(at / HASH_BYTES);
    report.drop(
      uid,
      isSealed
        ? 'The kept hash of its record was altered.'
        : 'Its record, state or specification is not what was sealed: it was altered.',
    );
  }
  for (const { height, hashes } of tree.nodes) {
    const inner = await store.treeHashes(seal.index, height, 0, hashes.length / HASH_BYTES);
    if (Buffer.compare(inner, hashes) !== 0 && isSealed)
      report.add('tree', `A kept hash of the session's tree (height ${height}) was altered.`);
  }
}

/** What is kept beside records must say the same: hashes, contents, facts of the run. */
async function checkOutcomes(
  deps: ApiDeps,
  row: SessionRow,
  graph: PhysicalGraph,
  report: Report,
): Promise<void> {
  const { store } = deps;
  for await (const { row: at, text } of storedRecords(store, row.key, graph.count)) {
    const record = parseStored(text, graph.uid(at));
    const outcome = await store.outcome(row.key, at);
    if (!record || !outcome) continue;
    report.checked++;
    const uid = graph.uid(at);
    if ((record.content?.sha256 ?? null) !== outcome.contentHash)
      report.drop(uid, 'The content hash kept beside its record is another one: it was altered.');
    if (outcome.content && outcome.contentHash && sha256Hex(outcome.content) !== outcome.contentHash)
      report.drop(uid, 'Its kept content is not what was recorded: it was altered.');
    if (outcome.facts !== null && !record.reusedFrom && !saysTheSame(outcome.facts, record))
      report.drop(uid, 'The facts of its run are not the recorded ones: they were altered.');
  }
}

function saysTheSame(factsText: string, record: DropRecord): boolean {
  try {
    const facts = JSON.parse(factsText) as Record<string, unknown>;
    const { status: _, execStatus: _e, ...outcome } = record.outcome;
    return (
      canonicalJson(codeOf(facts)) === canonicalJson(record.code) &&
      canonicalJson(endOf(facts, record.outcome.errorMessage)) === canonicalJson(outcome)
    );
  } catch {
    return false;
  }
}
