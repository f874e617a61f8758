/**
 * How much the store costs beside better-sqlite3 alone with the same rows in one transaction, and how fast a session of a
 * million drops opens. Prints one table and, with --json, the figures.
 *
 *   node test/bench/store.ts [--drops 100000] [--big 1000000] [--rounds 5] [--json]
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import Sqlite from 'better-sqlite3';
import {
  CompactRange,
  inclusionPath,
  leafHash,
  treeOf,
  verifyInclusion,
} from '../../engine/reproducibility/index.ts';
import { openStore, textColumn, type DropOutcome, type Store } from '../../engine/store/index.ts';

const { values } = parseArgs({
  options: {
    drops: { type: 'string', default: '100000' },
    big: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const COUNT = Number(values.drops);
const BIG = Number(values.big);
const ROUNDS = Number(values.rounds);
const BATCH = 10_000;
const CLASSES = ['dlg.data.drops.memory.InMemoryDROP', 'dlg.apps.simple.SleepApp'];

const uidOf = (row: number) => `2026-01-01T00:00:00_${(row * 7919) % 1000}_${row}/0`;
const nameOf = (row: number) => (row % 2 ? `Sleep ${row % 50}` : `Memory ${row % 50}`);
const keyOf = (row: number) => `-${row % 100}`;

/** A record of about 450 bytes, as the ledger seals one for each drop. */
function recordOf(row: number): string {
  return JSON.stringify({
    v: 1,
    uid: uidOf(row),
    name: nameOf(row),
    class: CLASSES[row % 2],
    parameters: { sleep_time: 0, execution_time: 5, num_cpus: 1, group_start: false },
    inputs: [{ uid: uidOf(Math.max(0, row - 1)), sha256: hashOf(row - 1) }],
    code: { kind: 'builtin', version: '0.1.0' },
    status: 'COMPLETED',
    startedAt: 1_700_000_000_000 + row,
    finishedAt: 1_700_000_000_001 + row,
  });
}
const hashOf = (row: number) => createHash('sha256').update(String(row)).digest('hex');

interface Batch {
  readonly firstRow: number;
  readonly count: number;
}
function batches(count: number): Batch[] {
  return Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => ({
    firstRow: i * BATCH,
    count: Math.min(BATCH, count - i * BATCH),
  }));
}

const column = (batch: Batch, text: (row: number) => string) =>
  textColumn(Array.from({ length: batch.count }, (_, i) => text(batch.firstRow + i)));

const dropBatches = (count: number) =>
  batches(count).map((batch) => ({
    ...batch,
    uid: column(batch, uidOf),
    name: column(batch, nameOf),
    lgKey: column(batch, keyOf),
    kind: Uint8Array.from({ length: batch.count }, (_, i) => i % 2),
    classId: Uint16Array.from({ length: batch.count }, (_, i) => i % 2),
    classes: CLASSES,
  }));

const stateBatches = (count: number) =>
  batches(count).map(({ firstRow, count: rows }) => ({
    rows: Uint32Array.from({ length: rows }, (_, i) => firstRow + i),
    status: new Uint8Array(rows).fill(2),
    exec: Uint8Array.from({ length: rows }, (_, i) => (i % 2 ? 2 : 255)),
    startedAt: Float64Array.from({ length: rows }, (_, i) => 1.7e12 + firstRow + i),
    finishedAt: Float64Array.from({ length: rows }, (_, i) => 1.7e12 + firstRow + ((i * 7919) % 1000)),
    sizeBytes: Float64Array.from({ length: rows }, (_, i) => (i * 31) % 100_000),
  }));

/** Four events for each drop, as a run has them, mixed within the batch. */
const eventBatches = (count: number) =>
  batches(count).map(({ firstRow, count: rows }) => ({
    rows: Uint32Array.from({ length: rows * 4 }, (_, i) => firstRow + ((i * 7919) % rows)),
    kind: new Uint8Array(rows * 4),
    value: new Uint8Array(rows * 4).fill(2),
    at: Float64Array.from({ length: rows * 4 }, (_, i) => 1.7e12 + firstRow + i / 4),
  }));

const outcomes = (count: number): DropOutcome[] =>
  Array.from({ length: count }, (_, row) => ({
    row,
    sizeBytes: row % 1000,
    checksum: row,
    contentHash: row % 2 ? null : hashOf(row),
    dataUrl: `mem://localhost/${row}`,
    path: null,
    content: null,
    reason: null,
    facts: null,
    record: recordOf(row),
  }));

// --- measuring ---------------------------------------------------------------------------------------------------

function inTempDir<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'weir-bench-'));
  return work(dir).finally(() => fs.rmSync(dir, { recursive: true, force: true }));
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;

async function timed(work: () => Promise<unknown> | void): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** better-sqlite3 alone: one table, prepared statements, one durable transaction. */
function bare(schema: string, insert: string, rows: readonly unknown[][]): Promise<number> {
  return inTempDir(async (dir) => {
    const db = new Sqlite(path.join(dir, 'bare.db'));
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.exec(schema);
    const statement = db.prepare(insert);
    const ms = await timed(() => db.transaction(() => rows.forEach((row) => statement.run(row)))());
    db.close();
    return ms;
  });
}

async function newSession(store: Store): Promise<number> {
  return store.createSession({
    sessionId: 'bench',
    graphName: 'bench.graph',
    origin: 'bench',
    dir: '/',
    rmode: 'ALL',
    createdAt: 0,
    host: { name: 'bench', platform: process.platform, version: '0' },
  });
}

function withStore(work: (store: Store, key: number) => Promise<number>): Promise<number> {
  return inTempDir(async (dataDir) => {
    const store = await openStore({ dataDir });
    const ms = await work(store, await newSession(store));
    await store.close();
    return ms;
  });
}

const dropRow = (row: number) => [
  1,
  row,
  uidOf(row),
  nameOf(row),
  keyOf(row),
  row % 2,
  row % 2,
  0,
  row % 2 ? 0 : 255,
];
const DROP_TABLE =
  'CREATE TABLE d (session INTEGER, row INTEGER, uid TEXT, name TEXT, lg_key TEXT, kind INTEGER, class INTEGER, status INTEGER, exec INTEGER, PRIMARY KEY (session, row)) WITHOUT ROWID';
const OUTCOME_TABLE =
  'CREATE TABLE o (id INTEGER PRIMARY KEY, size REAL, checksum INTEGER, hash BLOB, url TEXT, record TEXT)';

interface Result {
  readonly name: string;
  readonly bareMs: number;
  readonly storeMs: number;
  readonly ratio: number;
}

async function compare(
  name: string,
  alone: () => Promise<number>,
  ours: () => Promise<number>,
): Promise<Result> {
  const bareMs: number[] = [];
  const storeMs: number[] = [];
  // By turns, so that a busy machine is busy for both.
  for (let round = 0; round < ROUNDS; round++) {
    bareMs.push(await alone());
    storeMs.push(await ours());
  }
  return { name, bareMs: median(bareMs), storeMs: median(storeMs), ratio: median(storeMs) / median(bareMs) };
}

async function comparisons(): Promise<Result[]> {
  const dropRows = Array.from({ length: COUNT }, (_, row) => dropRow(row));
  const all = outcomes(COUNT);
  const outcomeRows = all.map((o) => [
    o.row,
    o.sizeBytes,
    o.checksum,
    o.contentHash === null ? null : Buffer.from(o.contentHash, 'hex'),
    o.dataUrl,
    o.record,
  ]);
  const question = (row: readonly unknown[] | undefined) => row?.map(() => '?').join(', ') ?? '';
  return [
    await compare(
      `${COUNT} drops, static part`,
      () => bare(DROP_TABLE, `INSERT INTO d VALUES (${question(dropRows[0])})`, dropRows),
      () =>
        withStore((store, key) => {
          const posted = dropBatches(COUNT);
          return timed(() => Promise.all(posted.map((batch) => store.addDrops(key, batch))));
        }),
    ),
    await compare(
      `${COUNT} drops, static part, states, 4 events each`,
      () => bare(DROP_TABLE, `INSERT INTO d VALUES (${question(dropRows[0])})`, dropRows),
      () =>
        withStore((store, key) => {
          const [drops, states, events] = [dropBatches(COUNT), stateBatches(COUNT), eventBatches(COUNT)];
          return timed(async () => {
            for (const batch of drops) void store.addDrops(key, batch);
            for (const batch of states) void store.recordStates(key, batch);
            for (const batch of events) void store.recordEvents(key, batch);
            await store.flush();
          });
        }),
    ),
    await compare(
      `${COUNT} outcomes with a record of ${recordOf(12_345).length} bytes`,
      () => bare(OUTCOME_TABLE, `INSERT INTO o VALUES (${question(outcomeRows[0])})`, outcomeRows),
      () =>
        withStore(async (store, key) => {
          for (const batch of dropBatches(COUNT)) void store.addDrops(key, batch);
          await store.flush();
          return timed(async () => {
            for (let from = 0; from < COUNT; from += 1000)
              void store.recordOutcomes(key, all.slice(from, from + 1000));
            await store.flush();
          });
        }),
    ),
    await readRecords(all),
  ];
}

/** Reading all records back in order, beside reading the bare table. */
function readRecords(all: readonly DropOutcome[]): Promise<Result> {
  return inTempDir(async (dir) => {
    const db = new Sqlite(path.join(dir, 'bare.db'));
    db.exec(OUTCOME_TABLE);
    const insert = db.prepare('INSERT INTO o (id, record) VALUES (?, ?)');
    db.transaction(() => all.forEach((o) => insert.run(o.row, o.record)))();
    const store = await openStore({ dataDir: dir });
    const key = await newSession(store);
    for (const batch of dropBatches(COUNT)) void store.addDrops(key, batch);
    for (let from = 0; from < COUNT; from += 1000)
      void store.recordOutcomes(key, all.slice(from, from + 1000));
    await store.flush();
    const result = await compare(
      `${COUNT} records read in order`,
      () => timed(() => void db.prepare('SELECT id, record FROM o ORDER BY id').all()),
      () =>
        timed(async () => {
          for (let from = 0; from < COUNT; from += 5000) await store.records(key, from, 5000);
        }),
    );
    await store.close();
    db.close();
    return result;
  });
}

/** Opening the store, the session and its first page; then some questions to a large session. */
function bigSession(): Promise<Record<string, number>> {
  return inTempDir(async (dataDir) => {
    let store = await openStore({ dataDir });
    const key = await newSession(store);
    for (const { firstRow } of batches(BIG)) await addBig(store, key, firstRow);
    await store.updateSession(key, { status: 'FINISHED' });
    await store.close();
    const ms: Record<string, number> = {};
    ms['open store, session, first page'] = await timed(async () => {
      store = await openStore({ dataDir });
      await store.session('bench');
      await store.drops(key, { offset: 0, limit: 100 });
    });
    const ask = async (name: string, question: () => Promise<unknown>) => {
      const each: number[] = [];
      for (let i = 0; i < ROUNDS; i++) each.push(await timed(question));
      ms[name] = median(each);
    };
    const page = { offset: 0, limit: 100 };
    await ask('session and first page', async () => {
      await store.session('bench');
      await store.drops(key, page);
    });
    await ask('page in the middle', () => store.drops(key, { ...page, offset: BIG / 2 }));
    await ask('page of one status', () => store.drops(key, { ...page, status: 2, offset: BIG / 2 }));
    await ask('page by size', () => store.drops(key, { ...page, sort: 'sizeBytes', offset: BIG / 2 }));
    await ask('page by uid', () => store.drops(key, { ...page, sort: 'uid', offset: BIG / 2 }));
    await ask('page by text', () => store.drops(key, { ...page, text: '99999' }));
    await ask('drop by uid', () => store.dropByUid(key, uidOf(BIG - 7)));
    await ask('events of a drop', () => store.events(key, BIG - 7));
    await ask('logical drops', () => store.logical(key));
    await benchLedger(store, key, ask);
    await store.close();
    ms['MB of the file'] = fs.statSync(path.join(dataDir, 'weir.db')).size / 1e6;
    return ms;
  });
}

/** A sealed tree over all drops, and a proof of one of them made and verified from what the store keeps. */
async function benchLedger(
  store: Store,
  key: number,
  ask: (name: string, question: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const leafHashes = new Uint8Array(BIG * 32);
  const range = new CompactRange();
  for (let i = 0; i < BIG; i++) {
    const leaf = leafHash(Buffer.from(`record ${i}`));
    leafHashes.set(leaf, i * 32);
    range.append(leaf);
  }
  const root = range.root();
  const logLeaf = leafHash(root);
  const seal = {
    key,
    leafCount: BIG,
    root,
    facts: '{}',
    seal: '',
    keyText: '',
    sealedAt: 0,
    logLeaf,
    logCheckpoint: '',
  };
  const nodes = treeOf(leafHashes).nodes;
  await ask('seal with hashes of its tree', async () => {
    const index = ((await store.lastSeal())?.index ?? -1) + 1;
    await store.sealSession({ ...seal, index, logRange: logLeaf, leafHashes, nodes });
  });
  await ask('proof of a drop, made and verified', async () => {
    const leaf = Math.floor(BIG / 3);
    const path = await inclusionPath((height, from, n) => store.treeHashes(0, height, from, n), leaf, BIG);
    const isIn = verifyInclusion(leaf, BIG, leafHash(Buffer.from(`record ${leaf}`)), path, root);
    if (!isIn) throw new Error('the proof does not hold');
  });
}

async function addBig(store: Store, key: number, firstRow: number): Promise<void> {
  const shift = <T extends { readonly rows: Uint32Array }>(batch: T) => {
    batch.rows.forEach((row, i) => (batch.rows[i] = row + firstRow));
    return batch;
  };
  const batch = { firstRow, count: Math.min(BATCH, BIG - firstRow) };
  const [drops] = dropBatches(batch.count);
  const [states] = stateBatches(batch.count);
  const [events] = eventBatches(batch.count);
  if (!drops || !states || !events) return;
  void store.addDrops(key, { ...drops, firstRow, uid: column(batch, uidOf), name: column(batch, nameOf) });
  void store.recordStates(key, shift(states));
  void store.recordEvents(key, shift(events));
  await store.drained(64_000_000);
}

const results = await comparisons();
const big = BIG > 0 ? await bigSession() : {};
if (values.json) console.log(JSON.stringify({ results, big }));
else {
  for (const { name, bareMs, storeMs, ratio } of results) {
    const columns = [
      `bare ${bareMs.toFixed(0)} ms`,
      `store ${storeMs.toFixed(0)} ms`,
      `ratio ${ratio.toFixed(2)}`,
    ];
    console.log(`${name.padEnd(55)} ${columns.map((text) => text.padStart(14)).join(' ')}`);
  }
  for (const [name, figure] of Object.entries(big)) {
    console.log(`${`${BIG} drops: ${name}`.padEnd(55)} ${figure.toFixed(1).padStart(10)}`);
  }
}
