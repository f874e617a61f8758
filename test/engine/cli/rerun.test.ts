/** `weir rerun` and `resume`, as a person calls them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../../engine/store/index.ts';
import { bash, file, fresh, historyOf, pipeline, weirHere as weir } from '../../support/weir-here.ts';
import type { Any } from '../reproducibility/golden.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'weir-rerun-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('weir rerun --reuse', () => {
  it('says for every drop why it was taken over or not', async () => {
    const store = await historyOf(folder, ['a', pipeline('one')]);
    const { json } = await weir('rerun', 'a', '--reuse', '--session', 'b', '--json', ...store);
    expect(json).toMatchObject({ sessionId: 'b', status: 'FINISHED', reused: 2 });
    expect(json.decisions.map((one: Any) => [one.uid, one.kind, one.isReused])).toEqual([
      ['w', 'app', true],
      ['f', 'data', true],
      ['c', 'app', true],
      ['g', 'data', true],
    ]);
    for (const one of json.decisions) expect(one.reason).toMatch(/\.$/);
    const { out } = await weir('rerun', 'a', '--reuse', '--session', 'c', ...store);
    expect(out).toMatch(/results of 2 of 2 applications taken over\n {2}reused w: .*\n {2}reused c: /);
  });
});

describe('weir resume', () => {
  it('keeps what was completed and runs what was not', async () => {
    const missing = path.join(folder, 'missing');
    const graph = fresh(folder, 'graph');
    await writeFile(
      graph,
      JSON.stringify([
        bash('w', 'printf one > %o0', { outputs: ['f'] }),
        file('f', { producers: ['w'], consumers: ['c'] }),
        bash('c', `cat ${missing} %i0 > %o0`, { inputs: ['f'], outputs: ['g'] }),
        file('g', { producers: ['c'] }),
      ]),
    );
    const store = ['--data-dir', fresh(folder, 'history')];
    expect((await weir('run', graph, '--session', 'a', ...store)).status).toBe(1);
    await writeFile(missing, 'two ');
    const { json, status } = await weir('resume', 'a', '--session', 'b', '--json', ...store);
    expect([status, json.status, json.reused]).toEqual([0, 'FINISHED', 1]);
    expect((await weir('cat', 'b', 'g', ...store)).out).toBe('two one');
    expect(await weir('resume', 'b', ...store)).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringMatching(/nothing to go on with/),
    });
    expect((await weir('resume', 'nobody', ...store)).status).toBe(2);
  });

  it('says that it has nothing to run where Weir was killed before the graph was kept, or not all of it was', async () => {
    const dataDir = fresh(folder, 'history');
    const store = await openStore({ dataDir });
    const host = { name: 'here', platform: 'linux-x64', version: '0' };
    const about = { graphName: 'g', origin: 'rest', rmode: 'NOTHING', dir: folder, createdAt: 0, host };
    await store.createSession({ ...about, sessionId: 'none' });
    const half = await store.createSession({ ...about, sessionId: 'half' });
    await store.appendGraph(half, { bytes: new Uint8Array(Buffer.from('[{"oid": "a", ')) });
    // Sessions that are not over when the store is closed belong to nobody.
    await store.close();
    const none = await weir('resume', 'none', '--data-dir', dataDir);
    expect([none.status, none.err]).toEqual([
      2,
      expect.stringMatching(/has no graph of session none: it was INTERRUPTED before one was kept/),
    ]);
    expect((await weir('rerun', 'half', '--data-dir', dataDir)).err).toMatch(
      /has not all of the graph of session half/,
    );
  });
});
