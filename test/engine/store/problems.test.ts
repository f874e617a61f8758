import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { canLoadSqlite } from '../../../engine/store/client.ts';
import { openStore } from '../../../engine/store/index.ts';
import {
  newSession,
  open,
  outcome,
  plainDrops,
  dropBatch,
  sessionWithDrops,
  startChild,
  stateBatch,
  tempDir,
} from './helpers.ts';

const isRoot = process.getuid?.() === 0;
const digest = (file: string) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/** So many that most of the file is theirs. */
const DROPS = 60_000;

async function closedStore(): Promise<{ dataDir: string; file: string }> {
  const dataDir = tempDir();
  const store = await openStore({ dataDir });
  const key = await sessionWithDrops(store, 'one', DROPS);
  await store.updateSession(key, { status: 'FINISHED' });
  await store.close();
  return { dataDir, file: store.file };
}

describe('a database of a newer Weir', () => {
  it('is refused with what to do, and left as it is', async () => {
    const { dataDir, file } = await closedStore();
    const db = new Sqlite(file);
    db.pragma('user_version = 999');
    db.close();
    const before = digest(file);
    await expect(openStore({ dataDir })).rejects.toMatchObject({
      code: 'STORE_NEWER',
      message: expect.stringMatching(/weir\.db.*version 999.*newer Weir/),
    });
    expect(digest(file)).toBe(before);
    expect(fs.readdirSync(dataDir).filter((name) => name.endsWith('.backup'))).toEqual([]);
  });

  it('is refused also where its version is still in the write-ahead log', async () => {
    const { dataDir, file } = await closedStore();
    const db = new Sqlite(file);
    onTestFinished(() => void db.close());
    db.pragma('user_version = 999');
    const before = digest(file);
    await expect(openStore({ dataDir })).rejects.toMatchObject({ code: 'STORE_NEWER' });
    expect(digest(file)).toBe(before);
  });
});

describe('a damaged database', () => {
  it('is refused when it is no database at all, and left as it is', async () => {
    const dataDir = tempDir();
    const file = path.join(dataDir, 'weir.db');
    fs.writeFileSync(file, 'This is a shopping list. '.repeat(500));
    const before = digest(file);
    await expect(openStore({ dataDir })).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: expect.stringContaining(file),
    });
    expect(digest(file)).toBe(before);
  });

  it('is refused when it is the database of something else', async () => {
    const dataDir = tempDir();
    const file = path.join(dataDir, 'weir.db');
    const db = new Sqlite(file);
    db.exec('CREATE TABLE recipe (name TEXT)');
    db.close();
    const before = digest(file);
    await expect(openStore({ dataDir })).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: expect.stringContaining('not one of Weir'),
    });
    expect(digest(file)).toBe(before);
  });

  it('is told by what reads or writes the damaged part, and what is whole can be read', async () => {
    const { dataDir, file } = await closedStore();
    const size = fs.statSync(file).size;
    const handle = fs.openSync(file, 'r+');
    // The drops were written last: the second half of the file is theirs, the list of sessions lies before it.
    const half = Math.floor(size / 2 / 8192) * 8192;
    fs.writeSync(handle, Buffer.alloc(size - half, 0xa5), 0, size - half, half);
    fs.closeSync(handle);
    const problems: unknown[] = [];
    const store = await openStore({ dataDir, onProblem: (error) => problems.push(error) });
    onTestFinished(() => store.close().catch(() => undefined));
    const session = (await store.session('one'))!;
    expect(session.drops).toBe(DROPS);
    await expect(store.drops(session.key, { offset: 0, limit: DROPS })).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
    });
    expect(problems).toEqual([]);
  });

  it('that is empty is taken for new', async () => {
    const dataDir = tempDir();
    fs.writeFileSync(path.join(dataDir, 'weir.db'), '');
    expect((await (await open({ dataDir })).sessions({})).total).toBe(0);
  });
});

describe('a folder that cannot be used', () => {
  it('is named: a file in its place', async () => {
    const place = path.join(tempDir(), 'file');
    fs.writeFileSync(place, '');
    await expect(openStore({ dataDir: place })).rejects.toMatchObject({
      code: 'STORE_PERMISSION',
      message: expect.stringContaining(place),
    });
  });

  it.skipIf(process.platform !== 'linux')('is named: a place where nobody may make one', async () => {
    await expect(openStore({ dataDir: '/proc/weir' })).rejects.toMatchObject({ code: 'STORE_PERMISSION' });
  });

  it.skipIf(!isRoot)('is named: a folder of somebody else, and a file of somebody else', async () => {
    const nobody = 65534;
    const { dataDir, file } = await closedStore();
    fs.chmodSync(dataDir, 0o755);
    for (const mode of [0o600, 0o644]) {
      fs.chmodSync(file, mode);
      const before = digest(file);
      const child = startChild(['open', dataDir], { uid: nobody });
      expect(await child.nextLine()).toMatch(/^STORE_PERMISSION .*weir\.db/);
      expect(digest(file)).toBe(before);
    }
    const child = startChild(['open', path.join(dataDir, 'below')], { uid: nobody });
    expect(await child.nextLine()).toMatch(/^STORE_PERMISSION /);
  });
});

describe('a full disk', () => {
  it('is told once; later writes fail with it, reads go on, nothing is half-written', async () => {
    const dataDir = tempDir();
    const problems: Error[] = [];
    const store = await openStore({
      dataDir,
      maxSizeBytes: 2_000_000,
      onProblem: (error) => problems.push(error),
    });
    onTestFinished(() => store.close());
    const key = await sessionWithDrops(store, 'one', 100);
    await store.recordStates(key, stateBatch([{ row: 0, status: 2 }]));
    const content = randomBytes(60_000);
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, row) =>
        Promise.all([
          store.recordOutcomes(key, [outcome(row, { content })]),
          store.recordStates(key, stateBatch([{ row, status: 3 }])),
        ]),
      ),
    );
    const failed = results.filter((result) => result.status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    for (const { reason } of failed) expect(reason).toMatchObject({ code: 'STORE_FULL' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      code: 'STORE_FULL',
      message: expect.stringMatching(/full.*Make room/),
    });

    await expect(store.createSession(newSession('two'))).rejects.toMatchObject({ code: 'STORE_FULL' });
    await expect(store.flush()).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect(problems).toHaveLength(1);
    expect(store.pendingBytes).toBe(0);
    const { status } = await store.states(key);
    const session = (await store.session('one'))!;
    let errors = 0;
    for (const [row, result] of results.entries()) {
      // What was promised is there with its outcome.
      if (result.status === 'fulfilled') expect(status[row]).toBe(3);
      if (status[row] !== 3) continue;
      errors++;
      expect(await store.outcome(key, row)).toMatchObject({ row });
    }
    expect(session.byState['ERROR'] ?? 0).toBe(errors);
  });

  it.skipIf(!isRoot || process.platform !== 'linux')(
    'of a real file system is told the same way',
    async () => {
      const dataDir = tempDir();
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'weir-test', dataDir], { stdio: 'pipe' });
      } catch (error) {
        console.warn(`no file system can be mounted here: ${String(error)}`);
        return;
      }
      onTestFinished(() => void execFileSync('umount', ['--lazy', dataDir]));
      const problems: Error[] = [];
      const store = await openStore({ dataDir, onProblem: (error) => problems.push(error) });
      const key = await sessionWithDrops(store, 'one', 100);
      const content = randomBytes(500_000);
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, row) => store.recordOutcomes(key, [outcome(row, { content })])),
      );
      expect(results.some((result) => result.status === 'rejected')).toBe(true);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'STORE_FULL' });
      }
      expect(problems).toHaveLength(1);
      expect((await store.session('one'))?.drops).toBe(100);
      await store.close();
    },
  );
});

describe('a database that another process does not let go of', () => {
  it('is waited for and then told, and writing works again afterwards', async () => {
    const dataDir = tempDir();
    const problems: Error[] = [];
    const store = await open({ dataDir, lockTimeoutMs: 50, onProblem: (error) => problems.push(error) });
    const key = await sessionWithDrops(store, 'one', 3);
    const other = new Sqlite(store.file);
    onTestFinished(() => void other.close());
    other.exec('BEGIN IMMEDIATE');
    await expect(store.addDrops(key, dropBatch(plainDrops(2), 3))).rejects.toMatchObject({
      code: 'STORE_LOCKED',
    });
    await expect(openStore({ dataDir, lockTimeoutMs: 50 })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    expect((await store.session('one'))?.drops).toBe(3);
    other.exec('ROLLBACK');
    await store.addDrops(key, dropBatch(plainDrops(2), 3));
    expect((await store.session('one'))?.drops).toBe(5);
    expect(problems).toEqual([]);
  });
});

describe('a Node that is too old for SQLite', () => {
  it('is told from one that is not, and from Electron, which brings its own build', () => {
    expect(canLoadSqlite({ node: '24.21.0', napi: '10' })).toBe(true);
    expect(canLoadSqlite({ node: '20.20.2', napi: '9' })).toBe(false);
    expect(canLoadSqlite({ node: '20.18.1', napi: '9', electron: '33.2.1' })).toBe(true);
  });
});
