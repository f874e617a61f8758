/** The translator's commands, and runs that begin with a logical graph. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../../../engine/cli/index.ts';
import { DROP_STATE_NAMES, SESSION_STATE_NAMES } from '../../../engine/protocol/index.ts';
import { testHost, type TestHost } from '../../support/host.ts';
import { weir } from '../../support/weir.ts';
import { app, data, link, rawGraph, scatter } from '../translator/graphs.ts';

const graph = rawGraph(
  [app('a'), data('d'), scatter('s', 4), app('b', 's'), data('e', 's')],
  [link('a', 'd'), link('d', 'b'), link('b', 'e')],
);
type Drop = Record<string, unknown>;

let dir: string;
let file: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'weir-translate-'));
  file = path.join(dir, 'small.graph');
  await writeFile(file, JSON.stringify(graph));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Run {
  readonly status: number;
  readonly stderr: string;
  readonly drops: Drop[];
  readonly text: string;
}

let runs = 0;
/** Runs a command in this process; what it writes goes to a file. */
async function command(...args: string[]): Promise<Run> {
  const output = path.join(dir, `out-${runs++}`);
  let stderr = '';
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    stderr += String(chunk);
    return true;
  });
  process.exitCode = undefined;
  try {
    await main([...args, '-o', output]);
  } finally {
    spy.mockRestore();
  }
  const status = Number(process.exitCode ?? 0);
  process.exitCode = undefined;
  const text = existsSync(output) ? await readFile(output, 'utf8') : '';
  const parsed: unknown = text === '' ? [] : JSON.parse(text);
  return { status, stderr, text, drops: Array.isArray(parsed) ? (parsed as Drop[]) : [] };
}

describe('weir unroll, partition, map', () => {
  it('do one after the other what the combined command does', async () => {
    const unrolled = await command('unroll', '-L', file, '-p', 'P');
    expect(unrolled.drops).toHaveLength(11);
    expect(unrolled.drops.at(-1)).toEqual({});
    const template = path.join(dir, 'small.pgt');
    await writeFile(template, unrolled.text);
    const divided = await command('partition', '-P', template, '-N', '2', '--stats');
    const statistics = JSON.parse(divided.stderr) as { drops: number; algo: string; part_sizes: number[] };
    expect(statistics).toMatchObject({ drops: 10, algo: 'METIS_LB90', num_parts: 2 });
    expect(statistics.part_sizes.reduce((sum, size) => sum + size, 0)).toBe(10);
    const both = await command('unroll-and-partition', '-L', file, '-p', 'P', '-N', '2', '-f');
    expect(both.drops).toEqual(divided.drops);
    expect(both.text).toContain('\n  "oid": "P_a_0",\n');
    const parted = path.join(dir, 'small.pgtp');
    await writeFile(parted, divided.text);
    const mapped = await command('map', '-P', parted, '-N', 'dim,one,two,three');
    expect(mapped.drops.slice(0, -1).every((drop) => drop['island'] === 'dim')).toBe(true);
    const nodes = new Set(mapped.drops.slice(0, -1).map((drop) => drop['node']));
    expect([...nodes].every((node) => ['one', 'two', 'three'].includes(String(node)))).toBe(true);
    expect(await readdir(dir)).not.toContainEqual(expect.stringContaining('.part'));
  });

  it('replace applications and times as asked', async () => {
    const { drops } = await command('unroll', '-L', file, '--app', '1', '-z');
    const apps = drops.filter((drop) => drop['categoryType'] === 'Application');
    expect(apps.map((drop) => [drop['dropclass'], drop['sleep_time']])).toEqual(
      apps.map(() => ['dlg.apps.simple.SleepApp', 0]),
    );
  });

  it('ask a manager for its nodes when none are named', async () => {
    const server = createServer((_request, response) => response.end('["n1","n2","n3"]')).listen(
      0,
      '127.0.0.1',
    );
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      const parted = path.join(dir, 'asked.pgtp');
      await writeFile(parted, (await command('unroll-and-partition', '-L', file, '-N', '2')).text);
      const port = String((server.address() as AddressInfo).port);
      const { drops } = await command('map', '-P', parted, '-H', '127.0.0.1', '-p', port);
      expect(drops[0]?.['island']).toBe('127.0.0.1');
      expect(String(drops[0]?.['node'])).toMatch(/^n[123]$/);
    } finally {
      server.close();
    }
  });

  it.each([
    ['a link to nobody', { ...graph, linkDataArray: [link('a', 'nobody')] }, ['unroll', '-L'], /nobody/],
    [
      'copies that are no number',
      rawGraph([scatter('s', 'many'), app('b', 's')], []),
      ['unroll', '-L'],
      /"many"/,
    ],
    [
      'a hundred million drops',
      rawGraph([scatter('s', 100_000_000), app('b', 's')], []),
      ['unroll', '-L'],
      /100/,
    ],
    ['a logical graph instead of a list', graph, ['partition', '-P'], /list of drops/],
    ['a list instead of a logical graph', [], ['unroll', '-L'], /logical graph/],
    ['an option there is not', graph, ['unroll-and-partition', '-A', 'max_cup=1', '-L'], /max_cup/],
    ['a placeholder without value', { ...graph, note: '~who' }, ['fill', '-L'], /"who"/],
    ['parts without end', graph, ['unroll-and-partition', '-N', '1e12', '-L'], /at most 1000000 partitions/],
  ])('refuse %s with status 2 and the place', async (_what, content, [name = '', ...options], message) => {
    const bad = path.join(dir, `bad-${runs}.graph`);
    await writeFile(bad, JSON.stringify(content));
    const { status, stderr, text } = await command(name, ...options, bad);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    expect(text).toBe('');
  });

  it('say on standard error, and not in the graph, that islands cannot be formed', async () => {
    const { status, stderr, text } = await command('unroll-and-partition', '-L', file, '-N', '2', '-i', '2');
    expect([status, text]).toEqual([1, '']);
    expect(stderr).toMatch(/island/);
  });
});

describe('weir fill', () => {
  it('puts values in, JSON objects over single ones, and signs when asked', async () => {
    const template = path.join(dir, 'holes.graph');
    await writeFile(template, JSON.stringify(graph).replace('"name":"d"', '"name":"~who and ~{b.c}"'));
    const { text } = await command(
      'fill',
      '-L',
      template,
      '-p',
      'who=a=b',
      '-p',
      '{"b":{"c":3}}',
      '-R',
      'RERUN',
    );
    const filled = JSON.parse(text) as { nodeDataArray: { name: string }[]; reprodata: { rmode: string } };
    expect(filled.nodeDataArray.map(({ name }) => name)).toContain('a=b and 3');
    expect(filled.reprodata.rmode).toBe('1');
  });

  it('reads standard input and writes standard output', async () => {
    const { status, stdout } = await weir(['unroll', '-p', 'X'], { input: JSON.stringify(graph) });
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as Drop[])[0]).toMatchObject({ oid: 'X_a_0' });
  });
});

describe('a run that begins with a logical graph', () => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost();
  });
  afterAll(() => host.remove());

  async function run(params: object): Promise<{ status: string; states: Record<string, string> }> {
    const { sessionId } = (await host.call('sessions.run', params)) as { sessionId: string };
    const session = host.manager.get(sessionId);
    await session.over;
    const states: Record<string, string> = {};
    for (const part of session.parts)
      for (let row = 0; row < part.count; row++)
        states[part.oid(row)] = DROP_STATE_NAMES[session.table.status[row] as number] as string;
    return { status: SESSION_STATE_NAMES[session.status] as string, states };
  }

  it('does not begin a run that other machines are named for', async () => {
    const { status, stdout, stderr } = await weir(['run', '--ephemeral', '--nodes', 'localhost,nm1', '-'], {
      input: JSON.stringify(graph),
    });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^weir: Expected nodes on this machine .* found nm1, which is not/);
  });

  it('takes values, an algorithm and a number of parts', async () => {
    const { states, status } = await run({
      source: { sample: 'many-hellos' },
      values: [{ node: 'greeters', field: 'greeters-copies', value: 6 }],
      algorithm: 'mysarkar',
      partitions: 3,
      rmode: 'REPRODUCE',
    });
    expect(status).toBe('FINISHED');
    expect(Object.keys(states)).toHaveLength(18);
    await expect(run({ source: { sample: 'many-hellos' }, algorithm: 'magic' })).rejects.toMatchObject({ code: 'USAGE' }); // prettier-ignore
  });

  it('can be divided by what earlier sessions took', async () => {
    const result = await host.call('graphs.translate', {
      source: { sample: 'many-hellos' },
      algorithm: 'measured',
      partitions: 2,
    });
    expect(result).toMatchObject({
      drops: 12,
      statistics: { algo: 'Measured' },
      parts: expect.any(Array) as unknown,
    });
  });

  it('can be called off while it is translated', async () => {
    const large = rawGraph([scatter('s', 400_000), app('b', 's'), data('e', 's')], [link('b', 'e')]);
    const source = { text: JSON.stringify(large), name: 'large.graph' };
    let cancel: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (cancel = resolve));
    const stop = host.subscribe('translation', { ticket: 'T' }, () => cancel());
    const translation = host.call('graphs.translate', { source, ticket: 'T', partitions: 4 });
    const outcome = expect(translation).rejects.toMatchObject({ code: 'CANCELLED' });
    await begun;
    await host.call('graphs.cancel', { ticket: 'T' });
    await outcome;
    stop();
  });

  it('opens as a drawing with what can be set, in the values of a configuration', async () => {
    const open = (more: object) => host.call('graphs.open', { source: { sample: 'many-hellos' }, ...more });
    expect(await open({ configuration: 'large' })).toMatchObject({
      kind: 'logical',
      links: [
        [1, 2],
        [2, 3],
        [3, 4],
      ],
      problems: [],
      fields: expect.arrayContaining([
        expect.objectContaining({ node: 'greeters', name: 'num_of_copies', value: 24, isProminent: true }),
      ]) as unknown,
    });
    await expect(open({ configuration: 'none' })).rejects.toMatchObject({ code: 'TRANSLATION_FAILED' });
    expect(await host.call('graphs.open', { source: { sample: 'hello-world' } })).toMatchObject({
      kind: 'physical',
      nodes: [],
    });
  });

  // The physical graphs of the real system came of these logical graphs (shared/golden/engine, real_lg_*).
  const shared = path.resolve('..', 'shared');
  const goldenDir = path.join(shared, 'golden', 'engine');
  const graphDir = path.join(shared, 'graphs', 'translator');
  const cases = existsSync(goldenDir)
    ? readdirSync(goldenDir)
        .filter((name) => /^real_lg_.*(?<!_cmd)\.json$/.test(name))
        .map((name) => [name, logicalOf(name)] as const)
        .filter(([, logical]) => logical !== undefined)
    : [];

  function logicalOf(name: string): string | undefined {
    const stem = name.slice('real_lg_'.length, -'.json'.length);
    return readdirSync(graphDir).find((candidate) => candidate.endsWith(`_${stem}.graph`));
  }

  it.skipIf(cases.length === 0).each(cases)('ends as on the real system: %s', async (name, logical) => {
    const golden = JSON.parse(readFileSync(path.join(goldenDir, name), 'utf8')) as {
      expected: Outcome;
      expected_sane?: Partial<Outcome>;
    };
    const expected = { ...golden.expected, ...golden.expected_sane };
    const { status, states } = await run({ source: { path: path.join(graphDir, logical as string) } });
    expect(status).toBe(expected.session_status_name);
    const wanted = { ...golden.expected.drops, ...golden.expected_sane?.drops };
    expect(states).toEqual(
      Object.fromEntries(Object.entries(wanted).map(([oid, { status_name: state }]) => [oid, state])),
    );
  });
});

interface Outcome {
  readonly session_status_name: string;
  readonly drops: Readonly<Record<string, { readonly status_name: string }>>;
}
