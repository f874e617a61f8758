/** Compares what is stored of a session with the hashes that its seal covers, and names what differs. */
import { HASH_BYTES, type Coverage, type SessionFacts } from '../reproducibility/index.ts';
import { checksOf, coverageOfHashes, sectionHashes } from '../session/index.ts';
import {
  CHECKED_FIELDS,
  GRID_LABELS,
  gridDifference,
  SEALED_SECTIONS,
  SESSION_FIELDS,
  type SealedSection,
  type SealedSectionHashes,
  type SessionRow,
  type Store,
  type StoredSeal,
} from '../store/index.ts';
import { droppedParts, type LoggedRetention } from './retention-acts.ts';
import type { Report } from './verdict.ts';

const DROPS_PER_BLOCK = 1024;
/** Drops and blocks of one section that are named one by one. */
const LISTED = 50;

/** The table of each section, and what one of its rows is called. */
const TABLES: Readonly<Record<SealedSection, readonly [table: string, what: string]>> = {
  session: ['session', 'the fact'],
  graph: ['graph_part', 'a piece of the graph'],
  reprodata: ['reprodata', 'the reproducibility data'],
  drops: ['drop_block', 'id, name, class or logical key'],
  states: ['state_block', 'state, time or size'],
  events: ['event_block', 'an event'],
  errors: ['error', 'an error'],
  logs: ['log', 'a log entry'],
  outcomes: ['outcome_block', 'outcome (size, checksum, path, URL, facts, hash or record)'],
  records: ['record_tile', 'a kept record'],
  uids: ['uid_tile', 'where a drop is found'],
  documents: ['document', 'a document'],
};
/** Sections that may have got more rows after the seal, and those that retention may have emptied. */
const GROWING: ReadonlySet<SealedSection> = new Set(['events', 'errors', 'logs', 'outcomes', 'documents']);
const isRemovable = (section: SealedSection): section is 'events' | 'logs' =>
  section === 'events' || section === 'logs';

export interface Covered {
  readonly store: Store;
  readonly row: SessionRow;
  readonly seal: StoredSeal;
  readonly facts: SessionFacts;
  readonly report: Report;
  /** What the log says was taken from it. */
  readonly retained: readonly LoggedRetention[];
  /** The uid of a row, or its number where it cannot be read. */
  readonly nameOf: (row: number) => Promise<string>;
}

/** Checks every section; notes what an old seal does not cover. */
export async function checkCoverage(covered: Covered): Promise<void> {
  const { facts, report } = covered;
  if (facts.covers === undefined) {
    report.note(
      'seal',
      'It is of version 1: it covers the records and the facts of the session, but not its events, errors, log, sizes, paths and times of running.',
    );
    return;
  }
  for (const section of Object.keys(facts.covers))
    if (!(SEALED_SECTIONS as readonly string[]).includes(section))
      report.note(
        'seal',
        `It covers "${section}", which this Weir does not know; update Weir to have it checked.`,
      );
  for (const section of SEALED_SECTIONS) {
    const sealed = facts.covers[section];
    if (sealed)
      await report.attempt(`table ${TABLES[section][0]}`, () => checkSection(covered, section, sealed));
  }
}

const isSame = (a: Coverage, b: Coverage): boolean => a.blocks === b.blocks && a.sha256 === b.sha256;

async function checkSection(covered: Covered, section: SealedSection, sealed: Coverage): Promise<void> {
  const { store, row, seal, facts, report } = covered;
  const [table] = TABLES[section];
  const now = await sectionHashes(store, row.key, section, checksOf(facts.drops, facts.checks));
  const kept = await store.sealedHashes(seal.index, section);
  report.checked += sealed.blocks;
  const isKeptSealed = isSame(coverageOfHashes(kept.hashes), sealed);
  const present = now.hashes.subarray(0, sealed.blocks * HASH_BYTES);
  if (isSame(coverageOfHashes(present), sealed)) {
    if (!isKeptSealed)
      report.add('table sealed_tile', `The kept hashes of table ${table} were altered.`, {
        table: 'sealed_tile',
      });
    else if (!startsWith(now.checks, kept.checks))
      report.add('table sealed_tile', `The kept check values of table ${table} were altered.`, {
        table: 'sealed_tile',
      });
    checkAdded(covered, section, now.hashes.length / HASH_BYTES - sealed.blocks);
    return;
  }
  if (isRemovable(section) && droppedParts(covered.retained).includes(section)) {
    noteRemoved(covered, section, now.hashes.length / HASH_BYTES);
    return;
  }
  if (isRemovable(section) && now.hashes.length === 0) {
    report.add(
      `table ${table}`,
      `All its rows are gone, and no act of retention in the log of this device took them: they were removed by hand.`,
      { table },
    );
    return;
  }
  if (!isKeptSealed) {
    report.add(`table ${table}`, 'It is not what was sealed, and neither are the hashes kept of it.', {
      table,
    });
    return;
  }
  await nameDifferences(covered, section, now, { section, ...kept });
}

/** What retention took is no more to be compared; the seal still has its hash. */
function noteRemoved({ report, retained }: Covered, section: 'events' | 'logs', added: number): void {
  const [table] = TABLES[section];
  const entry = retained.findLast(({ parts }) => parts.includes(section)) as LoggedRetention;
  const at = new Date(entry.droppedAtMs).toISOString();
  report.note(
    `table ${table}`,
    entry.reason === 'adopted'
      ? `Its rows were removed on ${at}, as the store said when acts of retention were not entries of the log yet; the seal still has their hash.`
      : `Its rows were removed by ${entry.reason === 'rules' ? 'a standing rule' : 'a person'} on ${at}, as the log says; the seal still has their hash.`,
  );
  if (added > 0)
    report.note(`table ${table}`, `${added} of its rows came after the seal, which does not cover them.`);
}

function checkAdded({ report }: Covered, section: SealedSection, added: number): void {
  const [table] = TABLES[section];
  if (added === 0) return;
  if (GROWING.has(section))
    report.note(`table ${table}`, `${added} of its rows came after the seal, which does not cover them.`);
  else report.add(`table ${table}`, `It has ${added} rows more than were sealed.`, { table });
}

function startsWith(list: Uint32Array, start: Uint32Array): boolean {
  return list.length >= start.length && start.every((value, i) => list[i] === value);
}

/** Check values of each block: label -> value. */
function checksByBlock({ checks, hashes }: SealedSectionHashes): Map<number, number>[] {
  const blocks: Map<number, number>[] = [];
  for (let block = 0, at = 0; block < hashes.length / HASH_BYTES; block++) {
    const values = new Map<number, number>();
    const count = checks[at++] ?? 0;
    for (let i = 0; i < count; i++, at += 2) values.set(checks[at] ?? 0, checks[at + 1] ?? 0);
    blocks.push(values);
  }
  return blocks;
}

const hashAt = (hashes: Uint8Array, block: number): string =>
  Buffer.from(hashes.subarray(block * HASH_BYTES, (block + 1) * HASH_BYTES)).toString('hex');

async function nameDifferences(
  covered: Covered,
  section: SealedSection,
  now: SealedSectionHashes,
  then: SealedSectionHashes,
): Promise<void> {
  const { report } = covered;
  const [table] = TABLES[section];
  const places = new Map<string, number>();
  for (let i = 0; i < now.hashes.length / HASH_BYTES; i++) places.set(hashAt(now.hashes, i), i);
  const [before, after] = [checksByBlock(then), checksByBlock(now)];
  const told = new Set<string>();
  let blockPlaces: readonly number[] | undefined;
  for (let block = 0; block < before.length && told.size < LISTED; block++) {
    if (places.has(hashAt(then.hashes, block))) continue;
    blockPlaces ??= await covered.store.blockPlaces(covered.row.key, section);
    const at = { block, place: blockPlaces[block] };
    const found = await differencesIn(covered, section, at, before[block], after[block]);
    for (const { uid, message } of found) {
      if (told.size >= LISTED || told.has(`${uid} ${message}`)) continue;
      told.add(`${uid} ${message}`);
      if (uid !== undefined) report.drop(uid, message, table);
      else report.add(section === 'session' ? 'session' : `table ${table}`, message, { table });
    }
  }
  if (told.size === 0)
    report.add(
      `table ${table}`,
      'Its rows are not in the order in which they were sealed, or some were added.',
      { table },
    );
}

type Difference = { readonly uid?: string; readonly message: string };
type Checks = ReadonlyMap<number, number>;
/** A block by its number among the sealed ones, and where it is kept now. */
type BlockAt = { readonly block: number; readonly place: number | undefined };

/** What differs in one block, as nearly as its check values tell. */
async function differencesIn(
  covered: Covered,
  section: SealedSection,
  at: BlockAt,
  before: Checks = new Map(),
  after: Checks = new Map(),
): Promise<readonly Difference[]> {
  const [table, what] = TABLES[section];
  const labels = differing(before, after);
  if (section === 'session' && labels.length > 0)
    return labels.map((label) => ({
      message: `The session's ${SESSION_FIELDS[label] ?? ''} is not what was sealed: it was altered.`,
    }));
  const byField = await fieldsIn(covered, section, at, before, after, new Set(labels));
  if (byField.length > 0) return byField;
  const drops = [...before.keys()].filter((label) => label < GRID_LABELS);
  if (labels.length === 0) return [{ message: await blockText(covered, section, at.block, drops) }];
  const message = `Its ${what.replace(/^an? /, '')} (table ${table}) is not what was sealed: it was altered.`;
  return Promise.all(labels.map(async (label) => ({ uid: await covered.nameOf(label), message })));
}

/** By field and place; with `only`, drops that are known to differ. */
async function fieldsIn(
  { store, row, nameOf }: Covered,
  section: SealedSection,
  { block, place }: BlockAt,
  before: Checks,
  after: Checks,
  only: ReadonlySet<number>,
): Promise<readonly Difference[]> {
  const fields = CHECKED_FIELDS[section];
  const [table] = TABLES[section];
  if (fields === undefined || place === undefined) return [];
  const drops = await store.blockDrops(row.key, section, place);
  const difference = gridDifference(before, after, drops.length);
  if (difference === undefined) return [];
  if (section === 'errors' || section === 'logs')
    return difference.places.map(({ field }) => ({
      message: `Row ${block} of ${table} is not what was sealed: its ${fields[field] ?? ''} was altered.`,
    }));
  const found: Difference[] = [];
  for (const { field, index } of difference.places) {
    const drop = drops[index];
    if (found.length >= LISTED || drop === undefined || (only.size > 0 && !only.has(drop))) continue;
    const isSure = only.size > 0 || !difference.isAmbiguous;
    const name = fields[field] ?? '';
    found.push({
      uid: await nameOf(drop),
      message: isSure
        ? `Its ${name} (table ${table}) is not what was sealed: it was altered.`
        : `Its ${name} (table ${table}), or that of others named with it, is not what was sealed: several were altered.`,
    });
  }
  return found;
}

/** Labels of drops whose check values differ or are on one side only; none where one side has none. */
function differing(before: Checks, after: Checks): number[] {
  const [then, now] = [before, after].map((checks) =>
    [...checks.keys()].filter((label) => label < GRID_LABELS),
  );
  if (then === undefined || now === undefined || then.length === 0) return [];
  // A block that is gone, or cannot be unpacked any more, is about all its drops.
  if (now.length === 0) return then.length <= LISTED ? then : [];
  const labels = new Set([...then, ...now]);
  return [...labels].filter((label) => before.get(label) !== after.get(label));
}

/** A row of a table of which no drop can be told: then the drops that it holds. */
async function blockText(
  covered: Covered,
  section: SealedSection,
  block: number,
  drops: readonly number[],
): Promise<string> {
  const [table, what] = TABLES[section];
  const isByDrop = section === 'drops' || section === 'states';
  const [first, last] = isByDrop
    ? [block * DROPS_PER_BLOCK, Math.min(covered.row.drops, (block + 1) * DROPS_PER_BLOCK) - 1]
    : [drops[0], drops.at(-1)];
  const span =
    first === undefined || last === undefined
      ? ''
      : `, which holds the drops ${await covered.nameOf(first)} to ${await covered.nameOf(last)},`;
  return `Row ${block} of ${table} (${what})${span} is not what was sealed: it was altered or is gone.`;
}
