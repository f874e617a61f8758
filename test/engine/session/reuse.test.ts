/** Reruns that take over results: what is taken over, what is not, and why; signatures come out the same. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportBundle, importBundle, prepareRerun, verifyStored } from '../../../engine/api/index.ts';
import { DROPLinkType } from '../../../engine/protocol/index.ts';
import type { DropDecision, Session } from '../../../engine/session/index.ts';
import { app, bytesOf, data, testHost, type TestHost } from '../../support/host.ts';

let host: TestHost;
beforeEach(async () => {
  host = await testHost();
});
afterEach(() => host.remove());

const BASH = 'dlg.apps.bash_shell_app.BashShellApp';
const file = (oid: string, more: object = {}) =>
  data(oid, { dropclass: 'dlg.data.drops.file.FileDROP', ...more });

/** in -> c -> f -> copy -> m */
const graph = (input: string) => [
  file('in', { filepath: input, consumers: ['c'] }),
  app('c', BASH, { command: 'cat %i0 > %o0', inputs: ['in'], outputs: ['f'] }),
  file('f', { producers: ['c'], consumers: ['copy'] }),
  app('copy', 'dlg.apps.simple.CopyApp', { inputs: ['f'], outputs: ['m'] }),
  data('m', { producers: ['copy'] }),
];

async function run(id: string, specs: object): Promise<Session> {
  const session = await host.manager.createSession(id);
  await session.addGraphSpec(bytesOf(specs));
  await session.deploy('roots');
  await session.recorded();
  return session;
}

interface Rerun {
  readonly session: Session;
  readonly decisions: ReadonlyMap<string, DropDecision>;
  readonly reused: number;
}

async function rerun(of: string, id: string): Promise<Rerun> {
  const { session, reuse } = await prepareRerun(host.deps, of, id, true);
  await session.deploy('roots', reuse);
  await session.recorded();
  const { table } = session;
  const stateOf = (row: number) => ({ status: table.statusOf(row), exec: table.execOf(row) });
  const decisions = reuse!.explain(session.graph!, stateOf);
  return { session, decisions: new Map(decisions.map((one) => [one.uid, one])), reused: reuse!.count };
}

const reason = ({ decisions }: Rerun, uid: string): string => decisions.get(uid)?.reason ?? '';

async function input(text: string): Promise<string> {
  const where = path.join(host.dataDir, 'input');
  await writeFile(where, text);
  return where;
}

describe('a rerun with reuse', () => {
  it('takes over commands and plain applications alike, and says why of every drop', async () => {
    await run('a', graph(await input('one')));
    const again = await rerun('a', 'b');
    expect(again.reused).toBe(2);
    expect([...again.decisions].map(([uid, { kind, isReused }]) => [uid, kind, isReused])).toEqual([
      ['in', 'data', false],
      ['c', 'app', true],
      ['f', 'data', true],
      ['copy', 'app', true],
      ['m', 'data', true],
    ]);
    expect(reason(again, 'in')).toMatch(/input of the graph/);
    expect(reason(again, 'f')).toMatch(/that of session a/);
    const { entries } = await host.store.logs(again.session.key, { offset: 0, limit: 99 });
    expect(entries.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^Taken over\. .*session a/),
    );
    expect((await verifyStored(host.deps, 'b')).problems).toEqual([]);
    // Taken over from what was itself taken over.
    expect((await rerun('b', 'c')).reused).toBe(2);
  });

  it('runs what gets another input, and what comes after it', async () => {
    await run('a', graph(await input('one')));
    await input('two');
    const again = await rerun('a', 'b');
    expect(again.reused).toBe(0);
    expect(reason(again, 'c')).toBe('Its input in has another content.');
    expect(reason(again, 'f')).toBe('c, which writes it, ran again.');
    expect(reason(again, 'copy')).toBe('Its input f has another content.');
  });

  it('does not take over data that is gone or is not what was recorded', async () => {
    const big = 'x'.repeat(100_000);
    await run('a', graph(await input(big)));
    const { dir } = await host.call('sessions.get', { sessionId: 'a' }).then((all) => all as { dir: string });
    const { path: kept } = (await host.call('sessions.drop', { sessionId: 'a', uid: 'f' })) as {
      path: string;
    };
    expect(kept.startsWith(dir)).toBe(true);
    await writeFile(kept, `${big.slice(1)}y`);
    expect(reason(await rerun('a', 'b'), 'c')).toMatch(/output f is gone, or is not what was recorded/);
    await rm(kept);
    expect(reason(await rerun('a', 'c'), 'c')).toMatch(/output f is gone/);
  });

  it('does not trust a record that is not what was sealed', async () => {
    await run('a', graph(await input('one')));
    await host.manager.destroySession('a');
    const db = new Database(host.store.file);
    const hashes = db.prepare<[], Buffer>('SELECT hashes FROM tree_tile WHERE height = 0').pluck().get()!;
    hashes[32] = (hashes[32] as number) ^ 1;
    db.prepare('UPDATE tree_tile SET hashes = ? WHERE height = 0').run(hashes);
    db.close();
    const again = await rerun('a', 'b');
    expect(again.reused).toBe(0);
    expect(reason(again, 'c')).toMatch(/does not hold|is not what was sealed/);
  });

  it('knows the code of JavaScript functions before they run, and sees that it changed', async () => {
    const module = path.join(host.dataDir, 'functions.mjs');
    const specs = [
      app('j', 'weir.apps.JsFuncApp', { func_module: module, func_name: 'hi', outputs: ['o'] }),
      data('o', { producers: ['j'] }),
    ];
    await writeFile(module, `export const hi = () => 'hello';`);
    await run('a', specs);
    expect(reason(await rerun('a', 'b'), 'j')).toMatch(/still verify/);
    await writeFile(module, `export const hi = () => 'goodbye';`);
    expect(reason(await rerun('a', 'c'), 'j')).toBe('Its source is another one.');
  });

  it('says of what did not start why, and of what failed that it did not finish', async () => {
    await run('a', [
      app('w', BASH, { command: 'exit 3', outputs: ['f'] }),
      file('f', { producers: ['w'], consumers: ['c'] }),
      app('c', BASH, { command: 'cat %i0 > %o0', inputs: ['f'], outputs: ['g'] }),
      file('g', { producers: ['c'] }),
    ]);
    const again = await rerun('a', 'b');
    expect(reason(again, 'w')).toBe('It did not finish in the earlier session: it was ERROR.');
    expect(reason(again, 'c')).toMatch(/did not start|it is ERROR/);
    expect(reason(again, 'g')).toMatch(/no content/);
  });
});

describe('a rerun', () => {
  it('of a session of several lists and a link runs the whole graph', async () => {
    const session = await host.manager.createSession('parts');
    await session.addGraphSpec(
      bytesOf([
        app('w', BASH, { command: 'printf word > %o0', outputs: ['f'] }),
        file('f', { producers: ['w'] }),
      ]),
    );
    await session.addGraphSpec(
      bytesOf([
        app('c', BASH, { command: 'cat %i0 > %o0', outputs: ['g'] }),
        file('g', { producers: ['c'] }),
      ]),
    );
    session.linkGraphParts('f', DROPLinkType.CONSUMER, 'c');
    await session.deploy('roots');
    await session.recorded();
    await host.manager.destroySession('parts');
    const again = await rerun('parts', 'again');
    expect(again.session.graph?.count).toBe(4);
    expect(again.reused).toBe(2);
    const g = (await host.call('sessions.content', {
      sessionId: 'again',
      uid: 'g',
      offset: 0,
      limit: 9,
    })) as {
      base64: string;
    };
    expect(Buffer.from(g.base64, 'base64').toString()).toBe('word');
  });

  it('of an imported session takes over what came with it', async () => {
    await run('a', graph(await input('one')));
    const bundle = Buffer.concat([...(await exportBundle(host.deps, 'a'))]);
    const other = await testHost();
    try {
      await importBundle(other.deps, bundle, 'a.zip');
      const { session, reuse } = await prepareRerun(other.deps, 'a', 'b', true);
      await session.deploy('roots', reuse);
      await session.recorded();
      expect(reuse!.decisions.get('c')).toMatchObject({ isReused: true });
      expect(reuse!.count).toBe(2);
    } finally {
      await other.remove();
    }
  });
});
