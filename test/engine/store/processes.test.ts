import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../../engine/store/index.ts';
import { newSession, open, sessionWithDrops, startChild, stateBatch, tempDir } from './helpers.ts';

describe('a process that is killed', () => {
  it('loses nothing it was told is durable, and its session is shown as interrupted', async () => {
    const dataDir = tempDir();
    const child = startChild(['write', dataDir, 'run', '100000']);
    const durable = new Set<number>();
    while (durable.size < 57) {
      const [word, row] = (await child.nextLine()).split(' ');
      expect(word).toBe('durable');
      durable.add(Number(row));
    }
    await child.kill();

    const store = await open({ dataDir });
    expect(store.interrupted).toEqual(['run']);
    const session = (await store.session('run'))!;
    const { key } = session;
    expect(session).toMatchObject({ status: 'INTERRUPTED', drops: 100_000, startedAt: 1001 });
    const { status } = await store.states(key);
    for (const row of durable) {
      expect(status[row]).toBe(2);
      expect(await store.events(key, row)).toEqual([{ at: 2000 + row, kind: 0, value: 2 }]);
      expect(Buffer.from((await store.outcome(key, row))!.content!).toString()).toBe(`content ${row}`);
    }
    // What was under way is there as a whole or not at all, and it all agrees.
    const completed = status.filter((state) => state === 2).length;
    expect(completed).toBeGreaterThanOrEqual(durable.size);
    expect(session.byState).toEqual({ INITIALIZED: 100_000 - completed, COMPLETED: completed });
    const logs = await store.logs(key, { offset: 0, limit: 1_000_000 });
    const lastRow = Math.max(...logs.entries.map((entry) => entry.row ?? 0));
    expect(session.finishedAt).toBe(2000 + Math.max(lastRow, status.lastIndexOf(2)));
    expect(await store.graph(key)).toHaveLength(1);
    expect((await store.dropByUid(key, 'uid99999'))?.row).toBe(99_999);
  });

  it('is mentioned once: at the next opening its session is history', async () => {
    const dataDir = tempDir();
    const child = startChild(['hold', dataDir, 'run']);
    expect(await child.nextLine()).toBe('holding');
    await child.kill();
    const first = await openStore({ dataDir });
    expect(first.interrupted).toEqual(['run']);
    await first.close();
    const second = await open({ dataDir });
    expect(second.interrupted).toEqual([]);
    expect(await second.session('run')).toMatchObject({ status: 'INTERRUPTED', finishedAt: 2000 });
    expect(fs.readdirSync(path.join(dataDir, 'owners'))).toHaveLength(1);
  });
});

describe('two processes on one store', () => {
  it('do not take each other for dead, and see each other work', async () => {
    const dataDir = tempDir();
    const child = startChild(['hold', dataDir, 'theirs']);
    expect(await child.nextLine()).toBe('holding');

    const store = await open({ dataDir });
    expect(store.interrupted).toEqual([]);
    const theirs = (await store.session('theirs'))!;
    expect(theirs).toMatchObject({ status: 'RUNNING', byState: { INITIALIZED: 9, COMPLETED: 1 } });

    const ours = await sessionWithDrops(store, 'ours', 100);
    const writing = store.recordStates(ours, stateBatch([{ row: 7, status: 2 }]));
    child.say('write');
    expect(await child.nextLine()).toBe('written');
    await writing;
    expect((await store.session('theirs'))?.byState).toEqual({ INITIALIZED: 8, COMPLETED: 2 });
    expect(await store.events(theirs.key, 1)).toEqual([{ at: 2001, kind: 0, value: 2 }]);

    child.say('end');
    expect(await child.ended).toBe(0);
    expect(await store.session('theirs')).toMatchObject({ status: 'FINISHED', finishedAt: 3000 });
    expect((await store.session('ours'))?.byState).toEqual({ INITIALIZED: 99, COMPLETED: 1 });
  });

  it('do not delete what the other is running, but what a dead one left', async () => {
    const dataDir = tempDir();
    const child = startChild(['hold', dataDir, 'theirs']);
    await child.nextLine();
    const store = await open({ dataDir });
    const { key } = (await store.session('theirs'))!;
    await expect(store.deleteSession(key)).rejects.toMatchObject({
      code: 'SESSION_STATE',
      message: expect.stringContaining(String(child.process.pid)),
    });
    await child.kill();
    await store.deleteSession(key);
    expect(await store.session('theirs')).toBeUndefined();
  });

  it('may open a new store at the same moment', async () => {
    const dataDir = tempDir();
    const children = Array.from({ length: 4 }, () => startChild(['open', dataDir]));
    expect(await Promise.all(children.map((child) => child.nextLine()))).toEqual(new Array(4).fill('opened'));
    expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0, 0]);
  });
});

describe('a session without a process', () => {
  it('is interrupted when its store was closed before it was over', async () => {
    const dataDir = tempDir();
    const first = await openStore({ dataDir });
    await first.createSession(newSession('left', { createdAt: 77 }));
    await first.close();
    const second = await open({ dataDir });
    expect(second.interrupted).toEqual(['left']);
    expect(await second.session('left')).toMatchObject({ status: 'INTERRUPTED', finishedAt: 77 });
  });

  it('belongs to who resumes it', async () => {
    const dataDir = tempDir();
    const first = await openStore({ dataDir });
    const key = await sessionWithDrops(first, 'left', 5);
    await first.recordStates(key, stateBatch([{ row: 0, status: 2 }]));
    await first.close();
    const second = await open({ dataDir });
    await second.updateSession(key, { status: 'RUNNING' });
    const third = await open({ dataDir });
    expect(third.interrupted).toEqual([]);
    await second.recordStates(key, stateBatch([{ row: 1, status: 2 }]));
    expect(await third.session('left')).toMatchObject({
      status: 'RUNNING',
      byState: { INITIALIZED: 3, COMPLETED: 2 },
    });
  });
});
