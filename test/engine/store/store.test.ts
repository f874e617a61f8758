import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DROPStates } from '../../../engine/protocol/index.ts';
import { openStore, textColumn } from '../../../engine/store/index.ts';
import {
  dropBatch,
  eventBatch,
  newSession,
  open,
  outcome,
  plainDrops,
  sessionWithDrops,
  stateBatch,
  tempDir,
} from './helpers.ts';

const HASH_A = 'a'.repeat(64);
const HASH_B = 'b'.repeat(64);

describe('the store', () => {
  it('makes the folder and the file, and finds a session again after a restart', async () => {
    const dataDir = path.join(tempDir(), 'deep', 'inside');
    const first = await openStore({ dataDir });
    expect(first.file).toBe(path.join(dataDir, 'weir.db'));
    expect(fs.existsSync(first.file)).toBe(true);
    const key = await sessionWithDrops(first, 'one', 10);
    await first.recordStates(
      key,
      stateBatch([{ row: 3, status: 2, exec: 2, startedAt: 5, finishedAt: 7.25 }]),
    );
    await first.updateSession(key, { status: 'FINISHED', finishedAt: 9, signatures: { RERUN: 'abc' } });
    await first.close();

    const again = await open({ dataDir });
    expect(again.interrupted).toEqual([]);
    const session = await again.session('one');
    expect(session).toMatchObject({
      key,
      status: 'FINISHED',
      graphName: 'hello.graph',
      finishedAt: 9,
      startedAt: null,
      drops: 10,
      byState: { INITIALIZED: 9, COMPLETED: 1 },
      errorCount: 0,
      signatures: { RERUN: 'abc' },
      host: { name: 'kiwi', platform: 'linux', version: '0.1.0' },
    });
    const { rows } = await again.drops(key, { offset: 3, limit: 1 });
    expect(rows).toEqual([
      {
        row: 3,
        uid: '2026-01-01T00:00:00_3_0',
        name: 'Copy',
        kind: 1,
        dropclass: 'dlg.apps.simple.CopyApp',
        lgKey: 'copy',
        status: DROPStates.COMPLETED,
        exec: 2,
        startedAt: 5,
        finishedAt: 7.25,
        sizeBytes: null,
      },
    ]);
  });

  it('serves another store in the same thread, each with its own sessions', async () => {
    const first = await open();
    const second = await openStore({ dataDir: tempDir(), beside: first });
    const [one, two] = await Promise.all([
      sessionWithDrops(first, 'one', 10),
      sessionWithDrops(second, 'two', 20),
    ]);
    await Promise.all([
      first.updateSession(one, { status: 'FINISHED' }),
      second.updateSession(two, { status: 'FAILED' }),
    ]);
    expect(await first.session('one')).toMatchObject({ status: 'FINISHED', drops: 10 });
    expect(await first.session('two')).toBeUndefined();
    expect(await second.session('two')).toMatchObject({ status: 'FAILED', drops: 20 });

    await second.close();
    await expect(second.session('two')).rejects.toThrow(/is closed/);
    expect(await first.session('one')).toMatchObject({ drops: 10 });
  });

  it('says why another store cannot be opened in its thread, and goes on', async () => {
    const first = await open();
    const dataDir = tempDir();
    fs.writeFileSync(
      path.join(dataDir, 'weir.db'),
      'this is no database, and too long to be an empty one'.repeat(99),
    );
    await expect(openStore({ dataDir, beside: first })).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    await sessionWithDrops(first, 'one', 1);
    await first.close();
    await expect(openStore({ dataDir: tempDir(), beside: first })).rejects.toThrow(/is closed/);
  });

  it('leaves no other file behind once it is closed', async () => {
    const dataDir = tempDir();
    const store = await openStore({ dataDir });
    await sessionWithDrops(store, 'one', 10);
    await store.close();
    expect(fs.readdirSync(dataDir).sort()).toEqual(['owners', 'weir.db']);
    expect(fs.readdirSync(path.join(dataDir, 'owners'))).toEqual([]);
  });

  it('refuses a second session of the same id and keeps the first', async () => {
    const store = await open();
    await store.createSession(newSession('one', { graphName: 'first' }));
    await expect(store.createSession(newSession('one'))).rejects.toMatchObject({
      code: 'SESSION_EXISTS',
      name: 'SessionAlreadyExistsException',
    });
    expect(await store.session('one')).toMatchObject({ graphName: 'first' });
  });

  it('says so when a session is unknown, for every method that names one', async () => {
    const store = await open();
    const unknown = { code: 'SESSION_UNKNOWN' };
    await expect(store.updateSession(7, { status: 'RUNNING' })).rejects.toMatchObject(unknown);
    await expect(store.addDrops(7, dropBatch(plainDrops(1)))).rejects.toMatchObject(unknown);
    await expect(store.recordLogs(7, [])).rejects.toMatchObject(unknown);
    await expect(store.deleteSession(7)).rejects.toMatchObject(unknown);
    await expect(store.drops(7, { offset: 0, limit: 1 })).rejects.toMatchObject(unknown);
    await expect(store.graph(7)).rejects.toMatchObject(unknown);
    await expect(store.reprodata(7)).rejects.toMatchObject(unknown);
    expect(await store.session('nobody')).toBeUndefined();
  });

  it('refuses batches that contradict themselves or the session, and keeps what came with them', async () => {
    const store = await open();
    const key = await sessionWithDrops(store, 'one', 5);
    const wrong = { code: 'INTERNAL' };
    const short = { ...stateBatch([{ row: 1, status: 2 }]), status: new Uint8Array(0) };
    const results = await Promise.allSettled([
      store.recordStates(key, stateBatch([{ row: 1, status: 2 }])),
      store.recordStates(key, stateBatch([{ row: 5, status: 2 }])),
      store.recordStates(key, short),
      store.recordEvents(key, eventBatch([{ row: 9, kind: 0, value: 1, at: 1 }])),
      store.recordOutcomes(key, [outcome(0), outcome(5)]),
      store.recordOutcomes(key, [outcome(0, { contentHash: 'no hash' })]),
      store.addDrops(key, dropBatch(plainDrops(2), 7)),
      store.addDrops(key, { ...dropBatch(plainDrops(2), 5), uid: textColumn(['only one']) }),
      store.addDrops(key, { ...dropBatch(plainDrops(2), 5), classes: [] }),
      // A value no column takes: a fault of the caller must not take others down.
      store.recordLogs(key, [
        { at: 1, level: 'info', row: null, uid: null, message: {} as unknown as string },
      ]),
      store.recordStates(key, stateBatch([{ row: 2, status: 3 }])),
    ]);
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      ...Array.from({ length: 9 }, () => 'rejected'),
      'fulfilled',
    ]);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject(wrong);
    expect((await store.session('one'))?.byState).toEqual({ INITIALIZED: 3, COMPLETED: 1, ERROR: 1 });
    expect(await store.outcome(key, 0)).toBeUndefined();
    expect((await store.logs(key, { offset: 0, limit: 9 })).total).toBe(0);
    expect((await store.session('one'))?.drops).toBe(5);
  });

  it('leaves unknown times and sizes as they are when a later batch does not know them', async () => {
    const store = await open();
    const key = await sessionWithDrops(store, 'one', 1);
    await store.recordStates(key, stateBatch([{ row: 0, status: 1, startedAt: 10 }]));
    await store.recordStates(key, stateBatch([{ row: 0, status: 2, finishedAt: 20, sizeBytes: 3 }]));
    await store.recordStates(key, stateBatch([{ row: 0, status: 4 }]));
    const { rows } = await store.drops(key, { offset: 0, limit: 1 });
    expect(rows[0]).toMatchObject({ status: 4, startedAt: 10, finishedAt: 20, sizeBytes: 3 });
  });

  it('keeps the parts of a graph in order, byte for byte', async () => {
    const store = await open();
    const key = await store.createSession(newSession('one'));
    const texts = ['[{"oid":"ä"}]', '', JSON.stringify(plainDrops(5000))];
    for (const text of texts) await store.appendGraph(key, { bytes: Buffer.from(text) });
    const parts = await store.graph(key);
    expect(parts.map((part) => Buffer.from(part.bytes).toString())).toEqual(texts);
  });

  it('does not take the bytes of a graph from its caller', async () => {
    const store = await open();
    const key = await store.createSession(newSession('one'));
    const bytes = new TextEncoder().encode('[]'.repeat(10_000));
    await store.appendGraph(key, { bytes });
    expect(bytes.byteLength).toBe(20_000);
  });

  it('tells the events of one drop in the order of arrival', async () => {
    const store = await open();
    const key = await sessionWithDrops(store, 'one', 3);
    await store.recordEvents(
      key,
      eventBatch([
        { row: 2, kind: 0, value: 1, at: 10 },
        { row: 0, kind: 1, value: 1, at: 11 },
        { row: 2, kind: 0, value: 2, at: 9.5 },
      ]),
    );
    await store.recordEvents(key, eventBatch([{ row: 2, kind: 2, value: 2, at: 12 }]));
    expect(await store.events(key, 2)).toEqual([
      { kind: 0, value: 1, at: 10 },
      { kind: 0, value: 2, at: 9.5 },
      { kind: 2, value: 2, at: 12 },
    ]);
    expect(await store.events(key, 1)).toEqual([]);
  });

  it('keeps errors and counts them, all or of one drop', async () => {
    const store = await open();
    const key = await sessionWithDrops(store, 'one', 3);
    const error = { row: 1, uid: 'u1', name: 'n', code: 'APP_FAILED', message: 'no', detail: null, at: 5 };
    const general = { ...error, row: null, uid: null, name: null, detail: 'long text' };
    await store.recordErrors(key, [error, general]);
    await store.recordErrors(key, [{ ...error, message: 'again' }]);
    expect(await store.errors(key, 10)).toEqual([error, general, { ...error, message: 'again' }]);
    expect(await store.errors(key, 1)).toEqual([error]);
    expect(await store.errors(key, 10, 1)).toEqual([error, { ...error, message: 'again' }]);
    expect((await store.session('one'))?.errorCount).toBe(3);
  });

  it('pages and filters logs', async () => {
    const store = await open();
    const key = await sessionWithDrops(store, 'one', 3);
    const logs = Array.from({ length: 10 }, (_, i) => ({
      at: i,
      level: i % 2 ? ('warn' as const) : ('info' as const),
      row: i % 5 === 0 ? 1 : null,
      uid: i % 5 === 0 ? 'u1' : null,
      message: `Line 100% of ${i}`,
    }));
    await store.recordLogs(key, logs.slice(0, 4));
    await store.recordLogs(key, logs.slice(4));
    const all = await store.logs(key, { offset: 2, limit: 3 });
    expect(all.total).toBe(10);
    expect(all.entries).toEqual([2, 3, 4].map((i) => ({ seq: i, ...logs[i] })));
    expect((await store.logs(key, { offset: 0, limit: 99, level: 'warn' })).total).toBe(5);
    expect((await store.logs(key, { offset: 0, limit: 99, row: 1 })).entries.map((e) => e.seq)).toEqual([
      0, 5,
    ]);
    expect((await store.logs(key, { offset: 0, limit: 99, text: 'line 100% OF 7' })).entries).toMatchObject([
      { seq: 7 },
    ]);
  });

  it('keeps what came of a drop, and the latest word counts', async () => {
    const store = await open();
    const key = await sessionWithDrops(store, 'one', 3);
    const full = outcome(1, {
      sizeBytes: 2 ** 40,
      checksum: 4_294_967_295,
      contentHash: HASH_A,
      dataUrl: 'file://kiwi/x',
      path: '/x',
      content: Uint8Array.of(0, 255, 1),
      facts: '{"exit":0}',
      record: '{"canonical":1}',
    });
    await store.recordOutcomes(key, [full, outcome(0, { reason: 'too large' })]);
    const read = await store.outcome(key, 1);
    expect({ ...read, content: [...(read?.content ?? [])] }).toEqual({ ...full, content: [0, 255, 1] });
    expect(await store.outcome(key, 0)).toEqual(outcome(0, { reason: 'too large' }));
    expect(await store.outcome(key, 2)).toBeUndefined();
    await store.recordOutcomes(key, [outcome(1, { contentHash: HASH_B })]);
    expect(await store.outcome(key, 1)).toEqual(outcome(1, { contentHash: HASH_B }));
    expect(await store.whoMade(HASH_A)).toEqual([]);
    expect(await store.whoMade(HASH_B)).toHaveLength(1);
  });

  it('gives outcomes back as they were, whatever they hold and however often they are recorded', async () => {
    const store = await open();
    let runs = 0;
    const text = fc.option(
      fc.string({ unit: 'grapheme', maxLength: 20 }).map((value) => value.toWellFormed()),
    );
    const anyOutcome = fc.record({
      row: fc.nat({ max: 900 }),
      sizeBytes: fc.option(fc.nat()),
      checksum: fc.option(fc.nat()),
      contentHash: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/)),
      dataUrl: text,
      path: text,
      content: fc.option(fc.uint8Array({ maxLength: 50 })),
      reason: text,
      facts: text,
      record: text,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyOutcome, { maxLength: 80 }), { maxLength: 4 }),
        async (batches) => {
          const key = await sessionWithDrops(store, `run ${runs++}`, 901);
          const posted = batches.map((batch) => store.recordOutcomes(key, batch));
          if (runs % 2) await Promise.all(posted);
          const latest = new Map(batches.flat().map((each) => [each.row, each]));
          for (const [row, expected] of [...latest].slice(-20)) {
            const read = await store.outcome(key, row);
            expect(read && { ...read, content: read.content && new Uint8Array(read.content) }).toEqual(
              expected,
            );
            if (expected.contentHash !== null) {
              expect(await store.whoMade(expected.contentHash)).toContainEqual(
                expect.objectContaining({
                  sessionId: `run ${runs - 1}`,
                  uid: `2026-01-01T00:00:00_${row}_0`,
                }),
              );
            }
          }
          await store.flush();
        },
      ),
      { numRuns: 30 },
    );
  });

  it('tells which drops of which sessions made a content', async () => {
    const store = await open();
    const one = await sessionWithDrops(store, 'one', 3);
    const two = await sessionWithDrops(store, 'two', 3);
    await store.recordOutcomes(one, [outcome(0, { contentHash: HASH_A })]);
    await store.recordOutcomes(two, [
      outcome(2, { contentHash: HASH_A.toUpperCase() }),
      outcome(1, { contentHash: HASH_B }),
    ]);
    await store.recordStates(two, stateBatch([{ row: 2, status: 2, finishedAt: 44 }]));
    expect(await store.whoMade(HASH_A)).toEqual([
      { sessionId: 'one', uid: '2026-01-01T00:00:00_0_0', name: 'File', finishedAt: null },
      { sessionId: 'two', uid: '2026-01-01T00:00:00_2_0', name: 'File', finishedAt: 44 },
    ]);
    await store.deleteSession(one);
    expect((await store.whoMade(HASH_A)).map((maker) => maker.sessionId)).toEqual(['two']);
    expect(await store.whoMade('c'.repeat(64))).toEqual([]);
  });

  it('finds a content among more than are indexed at once, before and after the session is over', async () => {
    const store = await open();
    const count = 20_000;
    const key = await sessionWithDrops(store, 'one', count);
    const hashOf = (row: number) => row.toString(16).padStart(64, '0');
    await store.recordOutcomes(
      key,
      Array.from({ length: count }, (_, row) => outcome(row, { contentHash: hashOf(row) })),
    );
    const makers = async (row: number) => (await store.whoMade(hashOf(row))).map((maker) => maker.uid);
    for (const row of [0, 16_383, 16_384, count - 1])
      expect(await makers(row)).toEqual([`2026-01-01T00:00:00_${row}_0`]);
    await store.updateSession(key, { status: 'FINISHED' });
    await store.flush();
    for (const row of [0, 16_383, 16_384, count - 1])
      expect(await makers(row)).toEqual([`2026-01-01T00:00:00_${row}_0`]);
  });

  it('keeps reprodata and says when there is none', async () => {
    const store = await open();
    const key = await store.createSession(newSession('one'));
    expect(await store.reprodata(key)).toBeNull();
    await store.updateSession(key, { reprodata: '{"rmode":"1"}' });
    await store.updateSession(key, { reprodata: '{"rmode":"ä"}' });
    expect(await store.reprodata(key)).toBe('{"rmode":"ä"}');
  });

  it('finds a drop by its uid, also one that is not ASCII, and does not invent one', async () => {
    const store = await open();
    const drops = [...plainDrops(3000), { ...plainDrops(1)[0]!, uid: 'größe_1' }];
    const key = await store.createSession(newSession('one'));
    await store.addDrops(key, dropBatch(drops));
    expect(await store.dropByUid(key, 'größe_1')).toMatchObject({ row: 3000 });
    expect(await store.dropByUid(key, '2026-01-01T00:00:00_2999_0')).toMatchObject({ row: 2999, exec: 0 });
    expect(await store.dropByUid(key, '2026-01-01T00:00:00_2999_')).toBeUndefined();
  });

  it('forgets a deleted session entirely and gives its key to no other', async () => {
    const store = await open();
    const key = await sessionWithDrops(store, 'one', 2000);
    const row = 1999;
    await store.appendGraph(key, { bytes: Buffer.from('[]') });
    await store.recordEvents(key, eventBatch([{ row, kind: 0, value: 1, at: 1 }]));
    await store.recordOutcomes(key, [outcome(row, { contentHash: HASH_A })]);
    await store.recordLogs(key, [{ at: 1, level: 'info', row: null, uid: null, message: 'm' }]);
    await store.deleteSession(key);
    expect(await store.session('one')).toBeUndefined();
    await expect(store.drops(key, { offset: 0, limit: 1 })).rejects.toMatchObject({
      code: 'SESSION_UNKNOWN',
    });
    const next = await sessionWithDrops(store, 'one', 1);
    expect(next).toBeGreaterThan(key);
    expect(await store.graph(next)).toEqual([]);
    expect(await store.events(next, 0)).toEqual([]);
    expect((await store.logs(next, { offset: 0, limit: 1 })).total).toBe(0);
  });

  it('answers a read with what was written before it', async () => {
    const store = await open();
    const key = await sessionWithDrops(store, 'one', 4);
    void store.recordStates(key, stateBatch([{ row: 0, status: 2 }]));
    void store.updateSession(key, { status: 'RUNNING' });
    expect(await store.session('one')).toMatchObject({
      status: 'RUNNING',
      byState: { INITIALIZED: 3, COMPLETED: 1 },
    });
  });

  it('counts what is not yet durable and calls back when it is little', async () => {
    const store = await open();
    const key = await store.createSession(newSession('one'));
    expect(store.pendingBytes).toBe(0);
    const written = store.addDrops(key, dropBatch(plainDrops(1000)));
    expect(store.pendingBytes).toBeGreaterThan(20_000);
    await store.drained(1_000_000);
    expect(store.pendingBytes).toBeGreaterThan(20_000);
    await store.drained(0);
    expect(store.pendingBytes).toBe(0);
    await written;
  });

  it('writes what was posted before it is closed, and nothing after', async () => {
    const dataDir = tempDir();
    const store = await openStore({ dataDir });
    const key = await store.createSession(newSession('one'));
    const late = store.addDrops(key, dropBatch(plainDrops(10)));
    const finished = store.updateSession(key, { status: 'FINISHED' });
    const closed = store.close();
    await expect(store.flush()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await Promise.all([late, finished, closed, store.close()]);
    await expect(store.sessions({})).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await (await open({ dataDir })).session('one')).toMatchObject({ status: 'FINISHED', drops: 10 });
  });
});

describe('the list of sessions', () => {
  async function threeSessions() {
    const store = await open();
    const a = await store.createSession(newSession('alpha', { createdAt: 100, graphName: 'Hello.graph' }));
    const b = await store.createSession(newSession('beta', { createdAt: 300, graphName: 'sleep_100%' }));
    await store.createSession(newSession('gamma', { createdAt: 200, graphName: 'hello_again' }));
    await store.updateSession(a, { status: 'FINISHED', signatures: { RERUN: 'feed01', REPEAT: 'cafe02' } });
    await store.updateSession(b, { status: 'FAILED' });
    return store;
  }
  const ids = async (store: Awaited<ReturnType<typeof open>>, query: object) =>
    (await store.sessions(query)).sessions.map((session) => session.sessionId);

  it('is in order of time, newest first, and in pages', async () => {
    const store = await threeSessions();
    expect(await ids(store, {})).toEqual(['beta', 'gamma', 'alpha']);
    const page = await store.sessions({ offset: 1, limit: 1 });
    expect(page).toMatchObject({ total: 3, sessions: [{ sessionId: 'gamma', status: 'PRISTINE' }] });
  });

  it('is filtered by text, graph, status, time and signature', async () => {
    const store = await threeSessions();
    expect(await ids(store, { text: 'HELLO' })).toEqual(['gamma', 'alpha']);
    expect(await ids(store, { text: 'bet' })).toEqual(['beta']);
    expect(await ids(store, { graph: '100%' })).toEqual(['beta']);
    expect(await ids(store, { graph: '_' })).toEqual(['beta', 'gamma']);
    expect(await ids(store, { status: 'FINISHED' })).toEqual(['alpha']);
    expect(await ids(store, { since: 200 })).toEqual(['beta', 'gamma']);
    expect(await ids(store, { signature: 'cafe02' })).toEqual(['alpha']);
    expect(await ids(store, { signature: 'FEED' })).toEqual(['alpha']);
    expect(await ids(store, { signature: 'eed' })).toEqual([]);
    expect(await ids(store, { status: 'FINISHED', since: 200 })).toEqual([]);
  });
});
