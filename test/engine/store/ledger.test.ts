import fc from 'fast-check';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  CompactRange,
  inclusionPath,
  leafHash,
  MerkleLog,
  treeOf,
  verifyInclusion,
} from '../../../engine/reproducibility/index.ts';
import {
  openStore,
  RETENTION_KEY,
  textAt,
  type NewSeal,
  type PayloadParts,
  type Store,
} from '../../../engine/store/index.ts';
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

/** A seal as the host would make it, at the end of a log with these leaves. */
function sealOf(key: number, records: readonly string[], logLeaves: readonly Uint8Array[]): NewSeal {
  const leaves = records.map((record) => leafHash(Buffer.from(record)));
  const logLeaf = leafHash(Buffer.from(`seal of ${key}: ${records.length}`));
  const range = new CompactRange();
  for (const leaf of [...logLeaves, logLeaf]) range.append(leaf);
  const leafHashes = new Uint8Array(Buffer.concat(leaves));
  return {
    key,
    index: logLeaves.length,
    leafCount: records.length,
    root: MerkleLog.of(leaves).root(),
    facts: `{"sessionId":"s${key}"}`,
    seal: 'note\n\n— kiwi abc=\n',
    keyText: 'kiwi+1234+key',
    sealedAt: 5,
    logLeaf,
    logRange: new Uint8Array(Buffer.concat(range.peaks)),
    logCheckpoint: `checkpoint of ${logLeaves.length + 1}`,
    leafHashes,
    nodes: treeOf(leafHashes).nodes,
  };
}

const plain = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

async function threeSeals(): Promise<{ store: Store; keys: number[]; seals: NewSeal[] }> {
  const store = await open();
  const keys: number[] = [];
  const seals: NewSeal[] = [];
  for (const name of ['a', 'b', 'c']) {
    const key = await sessionWithDrops(store, name, 3);
    const seal = sealOf(
      key,
      [`${name}0`, `${name}1`, `${name}2`],
      seals.map((earlier) => earlier.logLeaf),
    );
    expect(await store.sealSession(seal)).toBe(true);
    keys.push(key);
    seals.push(seal);
  }
  return { store, keys, seals };
}

describe('the log of seals', () => {
  it('gives back every seal as it was sealed, in order, and the leaves of the log', async () => {
    const { store, keys, seals } = await threeSeals();
    const stored = await store.seals({});
    for (const [i, { leafHashes: _leaves, nodes: _nodes, ...seal }] of seals.entries()) {
      const { sessionId, ...rest } = stored[i]!;
      expect(sessionId).toBe('abc'[i]);
      const hex = (s: object) =>
        JSON.stringify(s, (_, v: unknown) => (v instanceof Uint8Array ? plain(v) : v));
      expect(
        JSON.parse(
          hex({
            ...rest,
            root: plain(rest.root),
            logLeaf: plain(rest.logLeaf),
            logRange: plain(rest.logRange),
          }),
        ),
      ).toEqual(
        JSON.parse(
          hex({
            ...seal,
            root: plain(seal.root),
            logLeaf: plain(seal.logLeaf),
            logRange: plain(seal.logRange),
          }),
        ),
      );
    }
    expect((await store.lastSeal())?.index).toBe(2);
    expect((await store.seals({ from: 1, limit: 1 })).map((s) => s.index)).toEqual([1]);
    expect((await store.seals({ key: keys[2]! })).map((s) => s.index)).toEqual([2]);
    expect(plain(await store.logLeaves(1, 9))).toBe(
      plain(Buffer.concat([seals[1]!.logLeaf, seals[2]!.logLeaf])),
    );
    expect((await store.session('b'))?.sealIndex).toBe(1);
  });

  it('is empty at first', async () => {
    const store = await open();
    expect(await store.lastSeal()).toBeUndefined();
    expect(await store.seals({})).toEqual([]);
    expect(await store.logLeaves(0, 10)).toHaveLength(0);
    await sessionWithDrops(store, 'a', 1);
    expect((await store.session('a'))?.sealIndex).toBeNull();
  });

  it('refuses a seal that was made for another place, and stays as it is', async () => {
    const { store, keys, seals } = await threeSeals();
    expect(await store.sealSession({ ...sealOf(keys[0]!, ['x'], []), index: 1 })).toBe(false);
    expect(await store.sealSession({ ...sealOf(keys[0]!, ['x'], []), index: 4 })).toBe(false);
    expect(await store.seals({})).toHaveLength(seals.length);
  });

  it('lets two processes that seal at once take turns', async () => {
    const dataDir = tempDir();
    const stores = [await open({ dataDir }), await open({ dataDir })];
    const seal = async (store: Store, name: string) => {
      const key = await sessionWithDrops(store, name, 1);
      for (;;) {
        const leaves = (await store.seals({})).map((s) => s.logLeaf);
        if (await store.sealSession(sealOf(key, [name], leaves))) return;
      }
    };
    await Promise.all(
      stores.flatMap((store, i) => ['a', 'b', 'c'].map((name) => seal(store, `${name}${i}`))),
    );
    const log = await stores[0]!.seals({});
    expect(log.map((s) => s.index)).toEqual([0, 1, 2, 3, 4, 5]);
    const range = new CompactRange();
    for (const { logLeaf, logRange } of log) {
      range.append(logLeaf);
      expect(plain(logRange)).toBe(plain(Buffer.concat(range.peaks)));
    }
  });

  it('refuses a seal whose hashes do not fit its tree', async () => {
    const store = await open();
    const key = await sessionWithDrops(store, 'a', 300);
    const records = Array.from({ length: 300 }, (_, i) => `r${i}`);
    const good = sealOf(key, records, []);
    for (const bad of [
      { leafCount: 299 },
      { root: good.root.slice(1) },
      { logLeaf: new Uint8Array(31) },
      { logRange: new Uint8Array(0) },
      { nodes: [] },
      { nodes: [{ height: 8, hashes: new Uint8Array(64) }] },
    ]) {
      await expect(store.sealSession({ ...good, ...bad })).rejects.toMatchObject({ code: 'INTERNAL' });
    }
    await expect(store.sealSession({ ...good, key: 99 })).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
    expect(await store.sealSession(good)).toBe(true);
  });

  it('is never changed, not even by SQL', async () => {
    const { store } = await threeSeals();
    const db = new Sqlite(store.file);
    onTestFinished(() => void db.close());
    expect(() => db.exec("UPDATE seal SET facts = ''")).toThrow(/never changed/);
    expect(() => db.exec('DELETE FROM seal')).toThrow(/never removed/);
    expect(() =>
      db.exec(
        'INSERT INTO seal SELECT 7, session, session_id, leaf_count, root, facts, seal, key_text, sealed_at, log_leaf, log_range, log_checkpoint FROM seal LIMIT 1',
      ),
    ).toThrow(/end of the log/);
  });

  it('outlives its sessions', async () => {
    const { store, keys, seals } = await threeSeals();
    await store.deleteSession(keys[1]!);
    expect((await store.seals({})).map((s) => s.sessionId)).toEqual(['a', 'b', 'c']);
    expect(plain(await store.logLeaves(0, 3))).toBe(plain(Buffer.concat(seals.map((s) => s.logLeaf))));
    expect(await store.treeHashes(1, 0, 0, 3)).toHaveLength(0);
    expect(plain(await store.treeHashes(2, 0, 0, 3))).toBe(plain(seals[2]!.leafHashes));
    await store.createSession(newSession('b'));
    expect((await store.session('b'))?.sealIndex).toBeNull();
  });
});

describe('the tree of a sealed session', () => {
  it('proves any of its records from the parts of it that are read', async () => {
    const store = await open();
    const count = 70_000;
    const key = await sessionWithDrops(store, 'a', 3);
    const records = Array.from({ length: count }, (_, i) => `record ${i}`);
    const seal = sealOf(key, records, []);
    await store.sealSession(seal);
    for (const leaf of [0, 1, 255, 256, 65_535, 65_536, 69_999]) {
      const path = await inclusionPath(
        (height, from, n) => store.treeHashes(0, height, from, n),
        leaf,
        count,
      );
      expect(verifyInclusion(leaf, count, leafHash(Buffer.from(records[leaf]!)), path, seal.root)).toBe(true);
    }
  });

  it('gives any range of its hashes at any height', async () => {
    const store = await open();
    const key = await sessionWithDrops(store, 'a', 3);
    const seal = sealOf(
      key,
      Array.from({ length: 1000 }, (_, i) => `${i}`),
      [],
    );
    await store.sealSession(seal);
    const levels = new Map([[0, seal.leafHashes], ...seal.nodes.map((n) => [n.height, n.hashes] as const)]);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, 8),
        fc.nat({ max: 1100 }),
        fc.nat({ max: 600 }),
        async (height, from, n) => {
          const expected = levels.get(height)!.subarray(from * 32, (from + n) * 32);
          expect(plain(await store.treeHashes(0, height, from, n))).toBe(plain(expected));
        },
      ),
      { numRuns: 50 },
    );
    expect(await store.treeHashes(0, 16, 0, 5)).toHaveLength(0);
    expect(await store.treeHashes(7, 0, 0, 5)).toHaveLength(0);
  });
});

describe('records', () => {
  const texts = (read: Awaited<ReturnType<Store['records']>>) =>
    Object.fromEntries([...read.rows].map((row, i) => [row, textAt(read.records, i)]));

  it('come back in the order of rows, the latest of each, whatever the order they were written in', async () => {
    const store = await open();
    let runs = 0;
    const record = fc.record({
      row: fc.nat({ max: 1200 }),
      record: fc.option(fc.string({ unit: 'grapheme', maxLength: 8 }).map((value) => value.toWellFormed())),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(record, { maxLength: 300 }), { maxLength: 4 }),
        fc.nat({ max: 1300 }),
        fc.nat({ max: 1300 }),
        async (batches, first, count) => {
          const key = await sessionWithDrops(store, `run ${runs++}`, 1201);
          for (const batch of batches) {
            const posted = store.recordOutcomes(
              key,
              batch.map(({ row, record: text }) => outcome(row, { record: text })),
            );
            if (batch.length % 2) await posted;
          }
          await store.flush();
          const latest = new Map(batches.flat().map((each) => [each.row, each.record]));
          const expected = [...latest].filter(
            ([row, text]) => text !== null && row >= first && row < first + count,
          );
          const read = await store.records(key, first, count);
          expect([...read.rows]).toEqual(expected.map(([row]) => row).sort((a, b) => a - b));
          expect(texts(read)).toEqual(Object.fromEntries(expected));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('of a block that was altered are told, not made up', async () => {
    const dataDir = tempDir();
    const first = await openStore({ dataDir });
    const key = await sessionWithDrops(first, 'a', 10);
    await first.recordOutcomes(key, [outcome(0, { record: 'x'.repeat(1000) })]);
    await first.close();
    const db = new Sqlite(first.file);
    db.prepare('UPDATE outcome_block SET data = ?').run(Buffer.from('no deflate data'));
    db.close();
    const store = await open({ dataDir });
    await expect(store.records(key, 0, 10)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    await expect(store.outcome(key, 0)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect((await store.session('a'))?.drops).toBe(10);
  });
});

describe('retention', () => {
  it('takes contents, events and logs, and leaves records, hashes and seals', async () => {
    const store = await open();
    const key = await sessionWithDrops(store, 'a', 3);
    await store.recordOutcomes(key, [
      outcome(0, { content: Buffer.alloc(1000, 1), contentHash: HASH_A, record: 'r0' }),
      outcome(1, { reason: 'too large' }),
    ]);
    await store.recordEvents(key, eventBatch([{ row: 0, kind: 0, value: 1, at: 1 }]));
    await store.recordLogs(key, [{ at: 1, level: 'info', row: 0, uid: 'u', message: 'm' }]);
    await store.sealSession(sealOf(key, ['r0'], []));
    const entry = async () => {
      const { key: _, leafHashes: _l, nodes: _n, ...rest } = sealOf(key, ['r0'], []);
      const last = await store.lastSeal();
      return { ...rest, index: last ? last.index + 1 : 0 };
    };
    const drop = async (of: number, parts: PayloadParts[]) =>
      store.retain({ ...(await entry()), drops: [{ key: of, parts }] });
    await expect(drop(key, ['contents'])).rejects.toMatchObject({ code: 'SESSION_STATE' });
    await store.updateSession(key, { status: 'FINISHED' });
    expect((await store.session('a'))?.payloadDroppedAt).toBeNull();

    expect(await drop(key, ['contents'])).toBe(1000);
    expect(await store.outcome(key, 0)).toMatchObject({
      content: null,
      contentHash: HASH_A,
      record: 'r0',
      reason: expect.stringContaining('retention'),
    });
    expect(await store.outcome(key, 1)).toMatchObject({ content: null, reason: 'too large' });
    expect(await store.events(key, 0)).toHaveLength(1);
    expect(await drop(key, ['events', 'logs'])).toBeGreaterThan(0);
    expect(await store.events(key, 0)).toEqual([]);
    expect((await store.logs(key, { offset: 0, limit: 1 })).total).toBe(0);
    expect(await store.whoMade(HASH_A)).toHaveLength(1);
    expect(await store.seals({ key })).toHaveLength(1);
    expect((await store.session('a'))?.payloadDroppedAt).toBe(5);
    // Each was an entry of the log, which nothing that failed left behind.
    expect(
      (await store.seals({ key: RETENTION_KEY })).map(({ index, sessionId }) => [index, sessionId]),
    ).toEqual([
      [1, ''],
      [2, ''],
    ]);
    expect(await store.retain({ ...(await entry()), index: 7, drops: [] })).toBeNull();
    await expect(drop(99, ['contents'])).rejects.toMatchObject({ code: 'SESSION_UNKNOWN' });
  });
});

describe('the search for drops', () => {
  async function history() {
    const store = await open();
    for (const name of ['one', 'two', 'three']) {
      const key = await store.createSession(newSession(name));
      const drops = [...plainDrops(3), { ...plainDrops(1)[0]!, uid: `only-${name}`, name: `Only ${name}` }];
      await store.addDrops(key, dropBatch(drops));
      await store.recordStates(key, stateBatch([{ row: 3, status: 2 }]));
      if (name !== 'two') await store.recordOutcomes(key, [outcome(3, { contentHash: HASH_A })]);
    }
    return store;
  }
  const all = async (store: Store, query: object) => {
    const found: string[] = [];
    for (let before: number | undefined; ;) {
      const page = await store.searchDrops({
        limit: 2,
        ...query,
        ...(before === undefined ? {} : { before }),
      });
      found.push(...page.found.map(({ sessionId, drop }) => `${sessionId}:${drop.uid}`));
      if (page.next === null) return found;
      before = page.next;
    }
  };

  it('looks through all sessions, newest first, and says where to go on', async () => {
    const store = await history();
    expect(await all(store, { text: 'ONLY' })).toEqual(['three:only-three', 'two:only-two', 'one:only-one']);
    expect(await all(store, { name: 'Only two' })).toEqual(['two:only-two']);
    expect(await all(store, { name: 'Only' })).toEqual([]);
    expect(await all(store, { status: 2, text: 'o' })).toEqual([
      'three:only-three',
      'two:only-two',
      'one:only-one',
    ]);
    const first = await store.searchDrops({ text: 'only', limit: 1 });
    expect(first.found).toHaveLength(1);
    expect(first.next).not.toBeNull();
  });

  it('finds what made a content, also together with other wishes', async () => {
    const store = await history();
    expect(await all(store, { contentHash: HASH_A })).toEqual(['three:only-three', 'one:only-one']);
    expect(await all(store, { contentHash: HASH_A, name: 'Only one' })).toEqual(['one:only-one']);
    expect(await all(store, { contentHash: HASH_A, status: 3 })).toEqual([]);
    expect(await all(store, { contentHash: 'b'.repeat(64) })).toEqual([]);
  });
});

describe('documents', () => {
  it('are kept with a session or with the device, and go with their session', async () => {
    const store = await open();
    const key = await store.createSession(newSession('a'));
    const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();
    await store.putDocument(key, 'seal', Buffer.from('theirs'));
    await store.putDocument(key, 'seal', Buffer.from('theirs, again'));
    await store.putDocument(null, 'witness/1', Buffer.from('one'));
    await store.putDocument(null, 'witness/2', Buffer.from(''));
    await store.putDocument(null, 'other', Buffer.from('x'));
    expect(text(await store.document(key, 'seal'))).toBe('theirs, again');
    expect(text(await store.document(null, 'witness/2'))).toBe('');
    expect(await store.document(null, 'seal')).toBeUndefined();
    expect(await store.documents(null, 'witness/')).toEqual(['witness/1', 'witness/2']);
    expect(await store.documents(key)).toEqual(['seal']);
    await expect(store.putDocument(99, 'x', Buffer.from(''))).rejects.toMatchObject({
      code: 'SESSION_UNKNOWN',
    });
    await store.deleteSession(key);
    expect(await store.documents(key)).toEqual([]);
  });
});
