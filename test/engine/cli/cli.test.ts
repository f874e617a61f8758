import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, watch, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { app, data, helloGraph } from '../../support/host.ts';
import { firstLine, startWeir, weir } from '../../support/weir.ts';

let dir: string;
let dataDir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'weir-cli-'));
  dataDir = path.join(dir, 'data');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function file(name: string, graph: unknown): Promise<string> {
  const where = path.join(dir, name);
  await writeFile(where, typeof graph === 'string' || Buffer.isBuffer(graph) ? graph : JSON.stringify(graph));
  return where;
}
/** Resolves when something is written into a folder. */
async function firstChange(folder: string): Promise<void> {
  for await (const change of watch(folder)) if (change) return;
}
const here = () => ['--data-dir', dataDir];

describe('weir run', () => {
  it('prints one JSON document, writes the outputs and exits with 0', async () => {
    const graph = await file('hello.graph', helloGraph);
    const outputs = path.join(dir, 'outputs');
    const { status, stdout } = await weir([
      'run',
      graph,
      '--json',
      '--drops',
      '--outputs',
      outputs,
      '--session',
      'first',
      ...here(),
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      sessionId: 'first',
      status: 'FINISHED',
      drops: { total: 2, byState: { COMPLETED: 2 } },
      errors: [],
      dropStates: { hello: { status: 'COMPLETED', execStatus: 'FINISHED' }, b: { status: 'COMPLETED' } },
    });
    expect(await readdir(outputs)).toEqual(['b']);
    expect(await readFile(path.join(outputs, 'b'), 'utf8')).toBe('Hello Ada');
  });

  it('is found again by history, show and cat', async () => {
    const { sessions } = JSON.parse((await weir(['history', '--json', ...here()])).stdout) as {
      sessions: unknown[];
    };
    expect(sessions).toContainEqual(
      expect.objectContaining({ sessionId: 'first', status: 'FINISHED', graphName: 'hello.graph' }),
    );
    expect((await weir(['cat', 'first', 'b', ...here()])).stdout).toBe('Hello Ada');
    expect(JSON.parse((await weir(['show', 'first', 'b', '--json', ...here()])).stdout)).toMatchObject({
      drop: { uid: 'b', status: 'COMPLETED' },
    });
    expect((await weir(['show', 'first', ...here()])).stdout).toMatch(/^FINISHED {2}first/);
  });

  it('exits with 1 and names the drop when a drop fails', async () => {
    const graph = await file('fails.graph', [
      app('sh', 'dlg.apps.bash_shell_app.BashShellApp', {
        command: 'echo sorry >&2; exit 3',
        outputs: ['b'],
      }),
      data('b'),
    ]);
    const { status, stdout } = await weir(['run', graph, '--json', '--ephemeral']);
    expect(status).toBe(1);
    const document = JSON.parse(stdout) as { status: string; errors: { uid: string; message: string }[] };
    expect(document.status).toBe('FAILED');
    expect(document.errors[0]).toMatchObject({ uid: 'sh', message: expect.stringContaining('3') });
  });

  it('reads standard input and packed files', async () => {
    expect(
      (await weir(['run', '-', '--json', '--ephemeral'], { input: JSON.stringify(helloGraph) })).status,
    ).toBe(0);
    const packed = await file('hello.graph.gz', gzipSync(JSON.stringify(helloGraph)));
    expect((await weir(['run', packed, '--json', '--ephemeral'])).status).toBe(0);
  });

  it('gives up what stands still, and what takes longer than --timeout', async () => {
    const waiting = await file('waiting.graph', [
      data('a', { executionMode: 1, consumers: ['c'] }),
      app('c', 'dlg.apps.simple.CopyApp', { outputs: ['b'] }),
      data('b'),
    ]);
    const stalled = await weir(['run', waiting, '--json', '--ephemeral']);
    expect(stalled.status).toBe(1);
    expect(stalled.stdout).toContain('stands still');
    expect((await weir(['run', waiting, '--ephemeral'])).stdout).toContain(
      '  ERROR The session stands still',
    );
    const sleeping = await file('sleeping.graph', [
      app('s', 'dlg.apps.simple.SleepApp', { sleep_time: 600 }),
    ]);
    const late = await weir(['run', sleeping, '--json', '--ephemeral', '--timeout', '0.2']);
    expect(late.status).toBe(1);
    expect(JSON.parse(late.stdout)).toMatchObject({ status: 'CANCELLED' });
  });

  it('cancels on Ctrl-C and keeps the session', async () => {
    const command = `touch ${path.join(dir, 'started')}; sleep 600`;
    const sleeping = await file('ctrl-c.graph', [
      app('s', 'dlg.apps.bash_shell_app.BashShellApp', { command, outputs: ['b'] }),
      data('b'),
    ]);
    const seen = watch(dir)[Symbol.asyncIterator]();
    let next = seen.next();
    const child = startWeir(['run', sleeping, '--json', '--session', 'interrupted', ...here()]);
    const line = firstLine(child);
    for (;;) {
      const { value } = await next;
      if (value?.filename === 'started') break;
      next = seen.next();
    }
    await seen.return?.();
    child.kill('SIGINT');
    expect(JSON.parse(await line)).toMatchObject({ status: 'CANCELLED' });
    expect((await weir(['history', '--json', '--status', 'cancelled', ...here()])).stdout).toContain(
      '"interrupted"',
    );
  });
});

describe('bad input', () => {
  it.each<[string, unknown, RegExp]>([
    ['no JSON', '[{"oid": }]', /line 1, column 10.*drop number 1/],
    ['the wrong shape', [{ oid: 'a' }], /drop a.*categoryType/],
    ['duplicate oids', [data('a'), data('a')], /"a"/],
    ['a dangling link', [data('a', { consumers: ['ghost'] })], /a lists "ghost"/],
    ['an unknown class', [app('a', 'no.such.Class')], /Drop a.*no\.such\.Class/],
    [
      'a cycle',
      [data('a', { consumers: ['x'] }), app('x', 'dlg.apps.simple.CopyApp', { outputs: ['a'] })],
      /cycle/,
    ],
    [
      'a __proto__ key',
      '[{"oid":"a","categoryType":"Data","dropclass":"x.Y","__proto__":{}}]',
      /drop a.*__proto__/,
    ],
    ['an empty list', [], /empty list/],
  ])('with %s is refused with status 2, one or two lines and no session', async (what, graph, text) => {
    const where = await file(`bad ${what}.graph`, graph);
    const own = path.join(dir, `bad-${what.replace(/\W/g, '')}`);
    const { status, stdout, stderr } = await weir(['run', where, '--json', '--data-dir', own]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(text);
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(JSON.parse((await weir(['history', '--json', '--data-dir', own])).stdout)).toMatchObject({
      sessions: [],
    });
  });

  it('of 3 GiB is refused before it is read', async () => {
    const where = await file('huge.graph', '[');
    await truncate(where, 3 * 2 ** 30);
    const { status, stderr } = await weir(['run', where, '--ephemeral']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/3\.0 GiB/);
  });

  it.each([
    [['run', '/no/such/file.graph'], /no such file/],
    [['run', '/tmp'], /is a directory/],
    [['show', 'nobody', '--data-dir', '/tmp/weir-none'], /no session "nobody"/],
    [['bench', 'spiral'], /chain, fan, layered, cross/],
    [['run', 'x', '--timeout', 'soon'], /number above 0/],
    [['frobnicate'], /unknown command/],
  ])('%j is refused with status 2 and a sentence', async (args, text) => {
    const { status, stderr } = await weir(args);
    expect(status).toBe(2);
    expect(stderr).toMatch(text);
  });

  it('names the port that is in use', async () => {
    const first = startWeir(['node', '--json', '--port', '0', '--data-dir', path.join(dir, 'node1')]);
    const { url } = JSON.parse(await firstLine(first)) as { url: string };
    const { status, stderr } = await weir([
      'node',
      '--port',
      new URL(url).port,
      '--data-dir',
      path.join(dir, 'node2'),
    ]);
    first.kill('SIGTERM');
    expect(status).toBe(2);
    expect(stderr).toMatch(/in use.*--port/);
  });
});

describe('weir node, bench, doctor, version', () => {
  it('ends in good order when it is told to while it starts', async () => {
    const data = path.join(dir, 'begun');
    await mkdir(data);
    const written = firstChange(data);
    const child = startWeir(['node', '--json', '--port', '0', '--data-dir', data]);
    await written;
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
  });

  it('says in one JSON line when a node is ready, and ends in good order', async () => {
    const child = startWeir(['node', '--json', '--port', '0', '--ephemeral']);
    const ready = JSON.parse(await firstLine(child)) as { url: string; ready: boolean };
    expect(ready.ready).toBe(true);
    expect(await (await fetch(`${ready.url}/api/sessions`)).json()).toEqual([]);
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    await fetch(`${ready.url}/api/stop`, { method: 'POST' });
    expect(await closed).toBe(0);
  });

  it.each(['chain', 'fan', 'layered', 'cross'])(
    'bench %s finishes with every drop completed',
    async (shape) => {
      const { status, stdout } = await weir(['bench', shape, '--drops', '500', '--json']);
      expect(status).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ shape, status: 'FINISHED' });
    },
  );

  it('doctor lists checks with a remedy for each that is not fine', async () => {
    const { checks } = JSON.parse((await weir(['doctor', '--json', ...here()])).stdout) as {
      checks: { name: string; ok: boolean; remedy: string | null }[];
    };
    expect(checks.map((check) => check.name)).toEqual(
      expect.arrayContaining(['python', 'docker', 'disk', 'data folder', 'port', 'clock']),
    );
    for (const check of checks) expect(check.ok || check.remedy !== null).toBe(true);
  });

  it('version prints the version of the package', async () => {
    const { version } = JSON.parse(
      await readFile(path.resolve(import.meta.dirname, '../../../package.json'), 'utf8'),
    ) as { version: string };
    expect((await weir(['version'])).stdout).toBe(`Weir ${version}\n`);
  });
});
