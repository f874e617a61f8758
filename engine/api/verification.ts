/**
 * Checks a stored session against its seal, from the bytes of the store alone: graph, states, records, contents, the
 * seal, the device's log. Says what does not hold and names the drop.
 */
import { messageOf } from '../protocol/index.ts';
import {
  auditLog,
  canonicalJson,
  dropRecordLeaf,
  openSessionSeal,
  parseVerifierKey,
  sealLeaf,
  sha256Hex,
  treeOf,
  verifierKeyText,
  type DropRecord,
  type SessionFacts,
} from '../reproducibility/index.ts';
import { codeOf, endOf, recordTree, type CheckedTree } from '../session/index.ts';
import type { PhysicalGraph } from '../graph/index.ts';
import type { SessionRow, StoredSeal } from '../store/index.ts';
import type { ApiDeps } from './deps.ts';
import {
  endedSession,
  IMPORTED,
  ledgerOf,
  loadSession,
  parseStored,
  sealOf,
  sessionGraph,
  storedRecords,
} from './stored-session.ts';

const HASH_BYTES = 32;
/** Problems that are listed; the rest is counted in one line. */
const MAX_LISTED = 100;

export interface Problem {
  /** What does not hold: the seal, the log, a drop. */
  readonly where: string;
  readonly message: string;
  readonly uid: string | null;
}

export interface Verdict {
  readonly valid: boolean;
  readonly checked: number;
  readonly problems: readonly Problem[];
}

class Report {
  readonly #problems = new Map<string, Problem>();
  checked = 0;

  add(where: string, message: string, uid: string | null = null): void {
    this.#problems.set(`${where} ${message}`, { where, message, uid });
  }

  drop(uid: string, message: string): void {
    this.add(`drop ${uid}`, message, uid);
  }

  /** Carries out one check; what it throws is a problem. */
  async attempt<T>(where: string, check: () => T | Promise<T>): Promise<T | undefined> {
    this.checked++;
    try {
      return await check();
    } catch (error) {
      this.add(where, messageOf(error));
      return undefined;
    }
  }

  verdict(): Verdict {
    const all = [...this.#problems.values()];
    const problems = all.slice(0, MAX_LISTED);
    if (all.length > MAX_LISTED)
      problems.push({ where: 'more', message: `And ${all.length - MAX_LISTED} more.`, uid: null });
    return { valid: all.length === 0, checked: this.checked, problems };
  }
}

/** Verifies a session. Throws only where there is nothing to verify: no such session, or one that is not over. */
export async function verifyStored(deps: ApiDeps, sessionId: string): Promise<Verdict> {
  const row = await endedSession(deps, sessionId);
  const report = new Report();
  const seal = await sealOf(deps.store, row);
  if (!seal && (await deps.store.document(row.key, IMPORTED.seal))) {
    await report.attempt('seal', () => checkImported(deps, row, report));
    return report.verdict();
  }
  if (!seal) {
    report.checked++;
    report.add(
      'seal',
      `Session ${sessionId} is recorded but not sealed: nothing shows that its records are what they were.`,
    );
    return report.verdict();
  }
  const facts = await report.attempt('seal', () => openSeal(deps, seal));
  await report.attempt('log', () => checkLog(deps, report));
  if (facts) await report.attempt('session', () => checkFacts(row, facts, seal, report));
  const loaded = await report.attempt('graph', () => sessionGraph(deps, row));
  if (loaded) await report.attempt('records', () => checkRecords(deps, row, seal, facts, loaded, report));
  return report.verdict();
}

/** A session that ran elsewhere: its records against the seal it came with. */
async function checkImported(deps: ApiDeps, row: SessionRow, report: Report): Promise<void> {
  const { store } = deps;
  const text = async (name: string): Promise<string> =>
    Buffer.from((await store.document(row.key, name)) ?? []).toString('utf8');
  const facts = JSON.parse(await text(IMPORTED.facts)) as SessionFacts;
  const seal = openSessionSeal(await text(IMPORTED.seal), facts, [
    parseVerifierKey(await text(IMPORTED.key)),
  ]);
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

/** Audits the log alone: every seal and checkpoint this device has made. */
export async function verifyLog(deps: ApiDeps): Promise<Verdict> {
  const report = new Report();
  await report.attempt('log', () => checkLog(deps, report));
  return report.verdict();
}

function openSeal(deps: ApiDeps, seal: StoredSeal): SessionFacts {
  const facts = JSON.parse(seal.facts) as SessionFacts;
  if (canonicalJson(facts) !== seal.facts)
    throw new Error('The facts are not in canonical form: they were altered.');
  const opened = openSessionSeal(seal.seal, facts, [parseVerifierKey(seal.keyText)]);
  if (seal.keyText !== verifierKeyText(ledgerOf(deps).signer))
    throw new Error(
      `It was made with the key ${seal.keyText.split('+')[0]}, which is not the key of this device: the store was copied from another device, or the key was replaced.`,
    );
  if (Buffer.compare(opened.root, seal.root) !== 0 || opened.size !== seal.leafCount)
    throw new Error('Root or size kept beside it are not the sealed ones: they were altered.');
  if (opened.sealedAtMs !== seal.sealedAt)
    throw new Error('The time kept beside it is not the sealed one: it was altered.');
  return facts;
}

async function checkLog(deps: ApiDeps, report: Report): Promise<void> {
  const { signer } = ledgerOf(deps);
  const seals = await deps.store.seals({});
  const audit = auditLog({
    seals: seals.map(({ seal }) => seal),
    checkpoints: seals.map(({ logCheckpoint }) => logCheckpoint),
    verifiers: [parseVerifierKey(verifierKeyText(signer))],
    deviceName: signer.name,
  });
  report.checked += audit.checked;
  // A clock that was set back makes no log invalid (it is shown with the seal).
  for (const { kind, where, message } of audit.findings)
    if (kind !== 'clock set back') report.add(`log, ${where}`, message);
  for (const seal of seals)
    if (Buffer.compare(sealLeaf(seal.seal), seal.logLeaf) !== 0)
      report.add(`log, seal ${seal.index}`, `The leaf of session ${seal.sessionId} was altered.`);
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
  const tree = await recordTree(ledgerOf(deps).worker(), deps.store, session);
  report.checked += tree.size;
  if (facts && tree.graphSha256 !== facts.graphSha256)
    report.add('graph', 'The graph is not the one that was sealed: a byte of it was altered.');
  for (const { row: at, message } of tree.mismatches) report.drop(graph.uid(at), message);
  await checkTree(deps, graph, seal, tree, report);
  await checkOutcomes(deps, row, graph, report);
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
