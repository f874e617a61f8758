/** What the window and the command ask of the history as a whole: drops, records, ways back, retention. */
import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyLog, verifyStored, type MethodResult } from '../../../engine/api/index.ts';
import { app, bytesOf, data, helloGraph, testHost, type TestHost } from '../../support/host.ts';
import { DROPStates } from '../../../engine/protocol/index.ts';
import type { Any } from '../reproducibility/golden.ts';

let host: TestHost;
beforeEach(async () => {
  host = await testHost();
});
afterEach(() => host.remove());

const file = (oid: string, more: object = {}) =>
  data(oid, { dropclass: 'dlg.data.drops.file.FileDROP', ...more });
/** printf WORD > f; cat f > g; a failing neighbour on demand. */
const pipeline = (word: string) => [
  app('w', 'dlg.apps.bash_shell_app.BashShellApp', { command: `printf ${word} > %o0`, outputs: ['f'] }),
  file('f', { producers: ['w'], consumers: ['c'] }),
  app('c', 'dlg.apps.bash_shell_app.BashShellApp', {
    command: 'cat %i0 > %o0',
    inputs: ['f'],
    outputs: ['g'],
  }),
  file('g', { producers: ['c'] }),
];

async function run(id: string, graph: object, graphName = 'pipeline.graph'): Promise<void> {
  const session = await host.manager.createSession(id, { graphName });
  await session.addGraphSpec(bytesOf(graph));
  await session.deploy('roots');
  await session.recorded();
}

const call = async (method: string, params: object): Promise<Any> => host.call(method, params);

describe('the content of data that expired', () => {
  it('is kept where it is small, and else the history says where it was and that it is gone', async () => {
    const [w, f, ...rest] = pipeline('word');
    const command = 'head -c 100000 /dev/zero > %o0';
    const graph = [{ ...w, command }, { ...f, persist: false, expireAfterUse: true }, ...rest];
    const small = [w, ...graph.slice(1)];
    for (const [id, drops] of Object.entries({ large: graph, small })) {
      const session = await host.manager.createSession(id, {});
      await session.addGraphSpec(bytesOf(drops));
      await session.deploy('roots');
      const drop = session.drop('f');
      await new Promise<void>((resolve) => {
        const handleEvent = () => drop.status === DROPStates.DELETED && resolve();
        drop.subscribe({ handleEvent }, 'status');
        handleEvent();
      });
      await session.recorded();
      await host.manager.destroySession(id);
    }
    const of = { uid: 'f', offset: 0, limit: 9 };
    const large = await call('sessions.content', { ...of, sessionId: 'large' });
    expect(large).toMatchObject({
      available: false,
      reason: expect.stringMatching(
        /larger than .* It was written to .*, and was deleted when it expired\.$/,
      ),
    });
    const kept = await call('sessions.content', { ...of, sessionId: 'small' });
    expect(Buffer.from(kept.base64, 'base64').toString()).toBe('word');
    const { drop } = await call('sessions.drop', { sessionId: 'small', uid: 'f' });
    expect(drop).toMatchObject({ status: 'DELETED' });
  });
});

describe('the search for drops', () => {
  it('finds them by name, state and content in all sessions, newest first', async () => {
    await run('one', pipeline('word'));
    await run('two', pipeline('other'));
    const found = async (query: object) =>
      ((await call('history.drops', { limit: 10, ...query })) as MethodResult<'history.drops'>).found.map(
        ({ sessionId, uid }) => `${sessionId}:${uid}`,
      );
    expect(await found({ name: 'g' })).toEqual(['two:g', 'one:g']);
    expect(await found({ status: 'FINISHED', text: 'w' })).toEqual(['two:w', 'one:w']);
    expect(await found({ status: 'completed', name: 'f' })).toEqual(['two:f', 'one:f']);
    expect(await found({ status: 'RUNNING' })).toEqual([]);
    const { contentHash } = await call('sessions.drop', { sessionId: 'one', uid: 'f' });
    expect(await found({ contentHash: contentHash.toUpperCase() })).toEqual(['one:f', 'one:g']);
    await expect(found({ status: 'HAPPY' })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/no state of a drop/),
    });
  });

  it('takes application states in the table of one session, too', async () => {
    await run('one', pipeline('word'));
    const page = { sessionId: 'one', offset: 0, limit: 10 };
    expect((await call('sessions.drops', { ...page, status: 'FINISHED' })).rows).toHaveLength(2);
    expect((await call('sessions.drops', { ...page, status: 'NOT_RUN' })).rows).toEqual([]);
    await expect(call('sessions.drops', { ...page, status: 'HAPPY' })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('finds sessions by time and by signatures of either kind', async () => {
    await run('one', pipeline('word'));
    const { modes } = await call('sessions.reproducibility', { sessionId: 'one' });
    const own = modes.find((mode: { mode: string }) => mode.mode === 'REPRODUCE').canonical as string;
    const ids = async (query: object) =>
      (await call('sessions.list', query)).sessions.map((one: { sessionId: string }) => one.sessionId);
    expect(await ids({ signature: own.slice(0, 12).toUpperCase() })).toEqual(['one']);
    expect(await ids({ signature: 'ff'.repeat(32) })).toEqual([]);
    expect(await ids({ until: 1 })).toEqual([]);
    expect(await ids({ since: 1 })).toEqual(['one']);
  });
});

describe('the record of a drop', () => {
  it('says what it was, what it read, what ran and where, and that the seal covers it', async () => {
    await run('one', pipeline('word'));
    for (const uid of ['w', 'f', 'c', 'g']) {
      const { record, text, leaf, isSealed, environment } = await call('sessions.record', {
        sessionId: 'one',
        uid,
      });
      expect(isSealed, uid).toBe(true);
      expect(JSON.parse(text)).toEqual(record);
      expect(leaf).toMatch(/^[0-9a-f]{64}$/);
      expect(record).toMatchObject({ type: 'weir-drop-record', drop: { oid: uid }, sessionId: 'one' });
      expect(environment).toMatchObject({ architecture: process.arch, nodeVersion: process.versions.node });
    }
    const { record } = await call('sessions.record', { sessionId: 'one', uid: 'c' });
    expect(record.inputs).toEqual([{ oid: 'f', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(record.code.command).toContain('cat');
    expect(record.outcome).toMatchObject({ status: 'COMPLETED', execStatus: 'FINISHED', exitCode: 0 });
  });

  it('is there for drops that did nothing of their own, and refused for drops there are not', async () => {
    await run('one', helloGraph, 'hello');
    expect((await call('sessions.record', { sessionId: 'one', uid: 'hello' })).isSealed).toBe(true);
    await expect(call('sessions.record', { sessionId: 'one', uid: 'x' })).rejects.toThrow(/no drop "x"/);
    await expect(call('sessions.record', { sessionId: 'x', uid: 'x' })).rejects.toThrow(/x/);
  });
});

describe('the way back', () => {
  it('goes from a content over its producers to the roots, each drop once', async () => {
    await run('one', pipeline('word'));
    const { drops, truncated } = await call('history.lineage', { sessionId: 'one', uid: 'g' });
    expect(truncated).toBe(false);
    expect(drops.map((drop: { uid: string }) => drop.uid)).toEqual(['g', 'c', 'f', 'w']);
    expect(drops[1].code.command).toContain('cat');
    expect(drops[3].inputs).toEqual([]);
    expect((await call('history.lineage', { sessionId: 'one', uid: 'g', limit: 2 })).truncated).toBe(true);
  });

  it('names the earlier session that made what this one was given', async () => {
    await run('maker', pipeline('word'));
    const input = path.join(host.dataDir, 'input');
    await writeFile(input, 'word');
    await run('user', [
      file('in', { filepath: input, consumers: ['c'] }),
      app('c', 'dlg.apps.bash_shell_app.BashShellApp', {
        command: 'cat %i0 > %o0',
        inputs: ['in'],
        outputs: ['out'],
      }),
      file('out', { producers: ['c'] }),
    ]);
    const { drops } = await call('history.lineage', { sessionId: 'user', uid: 'out' });
    expect(drops.at(-1)).toMatchObject({ uid: 'in', inputs: [] });
    expect(drops.at(-1).earlier.map((one: { sessionId: string }) => one.sessionId)).toEqual([
      'maker',
      'maker',
    ]);
  });
});

describe('retention', () => {
  const isWhole = async (sessionId: string) => {
    const verdict = await verifyStored(host.deps, sessionId);
    expect(verdict.problems).toEqual([]);
    expect(verdict.valid).toBe(true);
  };

  it('says first what would go and changes nothing', async () => {
    await run('one', pipeline('word'));
    const told = await call('history.prune', { keep: 0, dryRun: true });
    expect(told).toMatchObject({
      dryRun: true,
      sessions: [{ sessionId: 'one', reasons: [/newest 0/] as unknown }],
    });
    expect(told.freedBytes).toBeGreaterThan(0);
    expect(
      (await call('sessions.content', { sessionId: 'one', uid: 'g', offset: 0, limit: 9 })).available,
    ).toBe(true);
  });

  it('takes contents, events and logs, keeps hashes and seals, and everything still verifies', async () => {
    await run('one', pipeline('word'));
    await run('two', pipeline('word'));
    const pruned = await call('history.prune', { keep: 1 });
    expect(pruned.sessions.map((one: { sessionId: string }) => one.sessionId)).toEqual(['one']);
    // What is still in memory can still be read.
    await host.manager.destroySession('one');
    const gone = await call('sessions.content', { sessionId: 'one', uid: 'g', offset: 0, limit: 9 });
    expect(gone).toMatchObject({ available: false, reason: expect.stringMatching(/retention/) });
    const detail = await call('sessions.drop', { sessionId: 'one', uid: 'g' });
    expect(detail).toMatchObject({
      events: [],
      logs: [],
      contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect((await call('sessions.record', { sessionId: 'one', uid: 'g' })).isSealed).toBe(true);
    await isWhole('one');
    await isWhole('two');
    expect((await verifyLog(host.deps)).problems).toEqual([]);
    // What is gone cannot go again.
    expect((await call('history.prune', { keep: 1 })).sessions).toEqual([]);
  });

  it('goes by age, by size, and by graph', async () => {
    await run('a1', pipeline('one'), 'a.graph');
    await run('a2', pipeline('two'), 'a.graph');
    await run('b1', pipeline('three'), 'b.graph');
    const chosen = async (rules: object) =>
      (await call('history.prune', { dryRun: true, ...rules })).sessions.map(
        (one: { sessionId: string }) => one.sessionId,
      );
    expect(await chosen({ keep: 1 })).toEqual(['a2', 'a1']);
    expect(await chosen({ keep: 1, perGraph: true })).toEqual(['a1']);
    expect(await chosen({ keep: 0, graph: 'B.' })).toEqual(['b1']);
    expect(await chosen({ keep: 0, except: ['b1', 'a1'] })).toEqual(['a2']);
    expect(await chosen({ olderThanMs: 3_600_000 })).toEqual([]);
    expect(await chosen({ olderThanMs: 0 })).toEqual(['b1', 'a2', 'a1']);
    const { keptBytes } = await call('history.prune', { dryRun: true, olderThanMs: 3_600_000 });
    expect(await chosen({ maxBytes: keptBytes })).toEqual([]);
    expect(await chosen({ maxBytes: keptBytes - 1 })).toEqual(['a1']);
    expect(await chosen({ maxBytes: 0 })).toEqual(['b1', 'a2', 'a1']);
    await expect(chosen({})).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('takes files only of folders that are the sessions own, and leaves reprodata.out', async () => {
    await run('one', pipeline('word'));
    const { dir } = await call('sessions.get', { sessionId: 'one' });
    const elsewhere = path.join(host.dataDir, 'elsewhere');
    await mkdir(elsewhere);
    await writeFile(path.join(elsewhere, 'precious'), 'x');
    await symlink(elsewhere, path.join(dir, 'link'));
    expect(existsSync(path.join(dir, 'reprodata.out'))).toBe(true);
    const pruned = await call('history.prune', { keep: 0, parts: ['files'] });
    expect(pruned.freedBytes).toBe(8);
    expect(existsSync(path.join(dir, 'reprodata.out'))).toBe(true);
    expect(existsSync(path.join(elsewhere, 'precious'))).toBe(true);
    expect(existsSync(path.join(dir, 'link'))).toBe(false);
    await isWhole('one');

    // A session whose folder is named elsewhere, as in a store that was copied.
    const key = await host.store.createSession({
      sessionId: 'copied',
      graphName: 'g',
      origin: 'file',
      dir: elsewhere,
      rmode: 'NOTHING',
      createdAt: 1,
      host: { name: '', platform: '', version: '' },
    });
    await host.store.updateSession(key, { status: 'FINISHED', finishedAt: 2 });
    expect((await call('history.prune', { keep: 0, parts: ['files'] })).sessions).toEqual([]);
    expect(existsSync(path.join(elsewhere, 'precious'))).toBe(true);
  });
});
