/** Checks the device's log: every seal in it with all that is kept beside it, every checkpoint, and their order. */
import {
  auditLog,
  canonicalJson,
  CompactRange,
  openRetention,
  openSessionSeal,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  sealLeaf,
  verifierKeyText,
  type NotedSeal,
  type RetentionAct,
  type SessionFacts,
} from '../reproducibility/index.ts';
import type { StoredSeal } from '../store/index.ts';
import type { ApiDeps } from './deps.ts';
import { entriesOf, isRetention, loggedRetention } from './retention-acts.ts';
import { ledgerOf } from './stored-session.ts';
import { Report, type Verdict } from './verdict.ts';

/** Seals that are read at once. */
const PAGE = 1000;

/** Audits the log alone: every seal and checkpoint this device has made. */
export async function verifyLog(deps: ApiDeps): Promise<Verdict> {
  const report = new Report();
  await report.attempt('log', () => checkLog(deps, report));
  return report.verdict();
}

export async function checkLog(deps: ApiDeps, report: Report): Promise<void> {
  const { signer } = ledgerOf(deps);
  const seals = await allSeals(deps);
  const audit = auditLog({
    seals: seals.map(({ seal }) => seal),
    checkpoints: seals.map(({ logCheckpoint }) => logCheckpoint),
    verifiers: [parseVerifierKey(verifierKeyText(signer))],
    deviceName: signer.name,
  });
  report.checked += audit.checked;
  // A clock that was set back makes no log invalid, but the times in it are to be doubted.
  for (const { kind, where, message } of audit.findings)
    if (kind === 'clock set back') report.note(`log, ${where}`, message);
    else report.add(`log, ${where}`, message, { table: 'seal' });
  const range = new CompactRange();
  const retention = await loggedRetention(deps.store);
  for (const [i, seal] of seals.entries()) {
    const where = `log, seal ${i} (${isRetention(seal) ? 'an act of retention' : `session ${seal.sessionId}`})`;
    range.append(sealLeaf(seal.seal));
    await report.attempt(where, () => checkPlace(seal, i, range));
    if (isRetention(seal)) {
      await report.attempt(where, () => openStoredAct(seal));
      continue;
    }
    await report.attempt(where, () => void openStoredSeal(seal));
    await checkSession(deps, seal, where, report, retention);
  }
}

async function allSeals(deps: ApiDeps): Promise<StoredSeal[]> {
  const seals: StoredSeal[] = [];
  for (let from = 0; ;) {
    const page = await deps.store.seals({ from, limit: PAGE });
    seals.push(...page);
    if (page.length < PAGE) return seals;
    from = (page.at(-1) as StoredSeal).index + 1;
  }
}

/** What is kept of the log beside a seal follows from the seals before it. */
function checkPlace(seal: StoredSeal, place: number, range: CompactRange): void {
  if (seal.index !== place)
    throw new Error(
      `It is kept as number ${seal.index}: its number was altered, or seals before it are gone.`,
    );
  if (Buffer.compare(sealLeaf(seal.seal), seal.logLeaf) !== 0) throw new Error('Its leaf was altered.');
  if (Buffer.compare(Buffer.concat(range.peaks), seal.logRange) !== 0)
    throw new Error('The range of the log kept with it was altered.');
  if (parseCheckpoint(parseNote(seal.logCheckpoint).text).size !== place + 1)
    throw new Error('The checkpoint kept with it is that of another place: it was exchanged.');
}

/** An act of retention with what is kept beside it. Throws what does not hold. */
function openStoredAct(seal: StoredSeal): void {
  const act = JSON.parse(seal.facts) as RetentionAct;
  if (seal.sessionId !== '')
    throw new Error('It has the id of a session, which it is not of: it was altered.');
  checkBeside(seal, act, openRetention(seal.seal, act, [parseVerifierKey(seal.keyText)]));
}

/** A seal with its facts; what is kept beside it must say the same. Throws what does not hold. */
export function openStoredSeal(seal: StoredSeal): SessionFacts {
  const facts = JSON.parse(seal.facts) as SessionFacts;
  checkBeside(seal, facts, openSessionSeal(seal.seal, facts, [parseVerifierKey(seal.keyText)]));
  if (facts.sessionId !== seal.sessionId)
    throw new Error('The id of the session kept beside it is not the sealed one: it was altered.');
  return facts;
}

function checkBeside(seal: StoredSeal, facts: object, opened: NotedSeal): void {
  if (canonicalJson(facts) !== seal.facts)
    throw new Error('The facts are not in canonical form: they were altered.');
  if (Buffer.compare(opened.root, seal.root) !== 0 || opened.size !== seal.leafCount)
    throw new Error('Root or size kept beside it are not the sealed ones: they were altered.');
  if (opened.sealedAtMs !== seal.sealedAt)
    throw new Error('The time kept beside it is not the sealed one: it was altered.');
}

/** The session of a seal may have been deleted, which the log then says, but it has not got another key. */
async function checkSession(
  deps: ApiDeps,
  seal: StoredSeal,
  where: string,
  report: Report,
  retention: Awaited<ReturnType<typeof loggedRetention>>,
): Promise<void> {
  const row = await deps.store.session(seal.sessionId);
  if (row?.key === seal.key) return;
  const facts = await report.attempt(where, () => JSON.parse(seal.facts) as SessionFacts);
  const createdAtMs = facts?.createdAtMs ?? 0;
  const run = { sessionId: seal.sessionId, createdAtMs, key: seal.key };
  const deleted = entriesOf(retention, run, facts).findLast(({ parts }) => parts.includes('session'));
  const other = row ? ' The one of this id in the history is another run.' : '';
  if (deleted)
    report.note(
      where,
      deleted.reason === 'adopted'
        ? `The session it is of is not in the history any more; it was deleted before that was an entry of the log.${other}`
        : `The session it is of was deleted on ${new Date(deleted.droppedAtMs).toISOString()}, as the log says.${other}`,
    );
  else if (row && row.createdAt === createdAtMs)
    report.add(
      where,
      `Session ${seal.sessionId} is kept under the key ${row.key}, but was sealed under ${seal.key}: one was altered.`,
      { table: 'session' },
    );
  else
    report.add(
      where,
      `The session it is of is gone, and no entry of the log says that it was deleted: it was removed by hand.${other}`,
      { table: 'session' },
    );
}
