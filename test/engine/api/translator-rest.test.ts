/** The translator's REST interface over real HTTP, as EAGLE and DALiuGE's clients use it (spec/translator.md 16). */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TranslatorFiles, translatorServer } from '../../../engine/api/index.ts';
import { testHost } from '../../support/host.ts';
import { app, data, link, rawGraph, scatter } from '../translator/graphs.ts';

type Drop = Record<string, unknown> & { oid: string; node?: string; island?: string };

const graph = JSON.stringify(
  rawGraph(
    [app('a', undefined, { execution_time: 2 }), data('d'), scatter('s', 4), app('b', 's'), data('e', 's')],
    [link('a', 'd'), link('d', 'b'), link('b', 'e')],
  ),
);

let dir: string;
let server: Awaited<ReturnType<typeof translatorServer>>;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'weir-tm-'));
  await mkdir(path.join(dir, 'lg', 'stored'), { recursive: true });
  await writeFile(path.join(dir, 'lg', 'stored', 'small.graph'), graph);
  await writeFile(path.join(dir, 'secret.graph'), '{"secret": true}');
  await symlink(path.join(dir, 'secret.graph'), path.join(dir, 'lg', 'stored', 'link.graph'));
  server = await translatorServer({
    host: '127.0.0.1',
    port: 0,
    translatorFiles: new TranslatorFiles(path.join(dir, 'lg'), path.join(dir, 'pgt')),
  });
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

const get = (where: string, query: Record<string, string> = {}) =>
  fetch(`${server.url}${where}?${new URLSearchParams(query).toString()}`, { redirect: 'manual' });
const post = (where: string, form: Record<string, string> = {}) =>
  fetch(server.url + where, { method: 'POST', body: new URLSearchParams(form) });

async function drops(answer: Response | Promise<Response>): Promise<Drop[]> {
  const settled = await answer;
  expect(settled.status).toBe(200);
  return (await settled.json()) as Drop[];
}

async function generated(more: Record<string, string> = {}): Promise<string> {
  const answer = await post('/gen_pgt', { lg_name: 'mine.graph', json_data: graph, num_par: '3', ...more });
  expect(answer.status).toBe(200);
  const id = /mine\d+_pgt\.graph/.exec(await answer.text())?.[0];
  expect(id).toBeDefined();
  return id as string;
}

describe('graphs in forms', () => {
  it('are filled, unrolled, divided and mapped, one step at a time or in one', async () => {
    const filled = await post('/lg_fill', { lg_content: graph.replace('"name":"d"', '"name":"~{who}"'), parameters: '{"who":"z"}', rmode: 'RERUN' }); // prettier-ignore
    expect(await filled.json()).toMatchObject({
      nodeDataArray: expect.arrayContaining([expect.objectContaining({ name: 'z' })]) as unknown,
      reprodata: { rmode: '1' },
    });
    const pgt = await drops(post('/unroll', { lg_content: graph, oid_prefix: 'P' }));
    expect(pgt).toHaveLength(11);
    expect(pgt[0]?.oid).toMatch(/^P_/);
    const divided = await drops(
      post('/partition', { pgt_content: JSON.stringify(pgt), num_partitions: '2' }),
    );
    const both = await drops(post('/unroll_and_partition', { lg_content: graph, oid_prefix: 'P', num_partitions: '2' })); // prettier-ignore
    expect(both).toEqual(divided);
    const mapped = await drops(post('/map', { pgt_content: JSON.stringify(divided), nodes: 'dim,n1,n2,n3' }));
    expect(new Set(mapped.slice(0, -1).map((drop) => drop.island))).toEqual(new Set(['dim']));
    expect(mapped.slice(0, -1).every((drop) => /^n[123]$/.test(drop.node ?? ''))).toBe(true);
  });

  it('come as multipart forms too, as a browser sends files', async () => {
    const form = new FormData();
    form.set('lg_content', new Blob([graph]), 'small.graph');
    expect(await drops(fetch(`${server.url}/unroll`, { method: 'POST', body: form }))).toHaveLength(11);
  });

  it('get the time as prefix when they name none', async () => {
    const [first] = await drops(post('/unroll', { lg_name: 'stored/small.graph' }));
    expect(first?.oid).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d_/);
  });

  it.each([
    ['/unroll', {}, 400],
    ['/unroll', { lg_name: 'a', lg_content: '{}' }, 400],
    ['/unroll', { lg_content: '{x' }, 400],
    ['/unroll', { lg_content: '{"modelData":{},"nodeDataArray":[],"linkDataArray":[]}' }, 500],
    ['/unroll', { lg_name: 'nope.graph' }, 400],
    ['/unroll', { lg_name: '../secret.graph' }, 400],
    ['/unroll', { lg_name: 'stored/link.graph' }, 400],
    ['/lg_fill', { lg_content: graph, parameters: '{"x' }, 400],
    ['/lg_fill', { lg_content: '{"modelData":{},"nodeDataArray":[{"id":"~zz"}]}' }, 500],
    ['/partition', { pgt_content: '[]', algorithm: 'zzz' }, 422],
    ['/partition', { pgt_content: '[]', num_partitions: 'two' }, 422],
    ['/map', {}, 400],
    ['/jsonbody', {}, 422],
    ['/gen_pgt', {}, 422],
    ['/gen_pgt', { lg_name: 'x.graph', json_data: '{oops' }, 500],
    ['/gen_pgt', { lg_name: '../x.graph', json_data: graph }, 400],
  ])('%s with %o answers %i and says why', async (where, form, status) => {
    const answer = await post(where, form);
    expect(answer.status).toBe(status);
    const { detail } = (await answer.json()) as { detail: string };
    expect(detail.length).toBeGreaterThan(10);
    expect(detail).not.toContain('secret": true');
  });
});

describe('stored graphs', () => {
  it('are read by name, or the first one without a name, and overwritten but never made', async () => {
    expect(await (await get('/jsonbody', { lg_name: 'stored/small.graph' })).json()).toEqual(
      JSON.parse(graph),
    );
    expect((await get('/jsonbody', { lg_name: 'nope.graph' })).status).toBe(404);
    expect((await post('/jsonbody', { lg_name: 'new.graph', lg_content: graph })).status).toBe(404);
    await writeFile(path.join(dir, 'lg', 'stored', 'mine.graph'), '{}');
    const saved = await post('/jsonbody', { lg_name: 'stored/mine.graph', lg_content: graph, rmode: '1' });
    expect([saved.status, await saved.json()]).toEqual([200, null]);
    const text = await readFile(path.join(dir, 'lg', 'stored', 'mine.graph'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({ reprodata: { rmode: '1' } });
  });

  it('are translated, shown, and given out with indices for nodes', async () => {
    const id = await generated();
    const view = JSON.parse((await (await get('/pgt_jsonbody', { pgt_name: id })).json()) as string) as {
      nodeDataArray: { isGroup?: boolean; name: string }[];
    };
    expect(view.nodeDataArray.filter((node) => node.isGroup).map((node) => node.name)).toContain(
      'Partition_1',
    );
    expect((await get('/pg_viewer', { pgt_view_name: id })).headers.get('content-type')).toMatch(
      /^text\/html/,
    );
    const spec = await drops(get('/gen_pg', { pgt_id: id, tpl_nodes_len: '4' }));
    expect(spec[0]).toMatchObject({ humanReadableKey: '1_0', island: '#0' });
    expect((await get('/gen_pg', { pgt_id: id })).status).toBe(500);
    expect((await get('/gen_pg', { pgt_id: 'zzz', tpl_nodes_len: '4' })).status).toBe(404);
  });

  it('heed the options that upstream ignores in the query', async () => {
    const name = { lg_name: 'stored/small.graph' };
    expect((await get('/gen_pgt', { ...name, algo: 'mysarkar', max_cpu: '1' })).status).toBe(200);
    expect((await get('/gen_pgt', { ...name, max_cpu: '0' })).status).toBe(500);
    expect((await get('/gen_pgt', { lg_name: 'nope.graph' })).status).toBe(404);
  });

  it('have schedules: no lane does two things at once, and each application is there for its time', async () => {
    const id = await generated({ algo: 'mysarkar', max_cpu: '2' });
    const rows = JSON.parse(
      (await (await get('/get_schedule_matrices', { pgt_id: id })).json()) as string,
    ) as number[][];
    const gantt = JSON.parse(
      (await (await get('/pgt_gantt_chart', { pgt_id: id })).json()) as string,
    ) as number[][];
    expect(gantt).toHaveLength(10);
    const busy = (matrix: number[][]) => matrix.flat().filter((cell) => cell > 0).length;
    expect(busy(gantt)).toBe(busy(rows));
    expect(busy(gantt)).toBeGreaterThan(0);
  });

  it('are mapped to the nodes given, fewer parts where there are fewer nodes', async () => {
    const id = await generated();
    const spec = await fetch(`${server.url}/gen_pg_spec`, {
      method: 'POST',
      body: JSON.stringify({ pgt_id: id, manager_host: 'dim', node_list: ['a', 'b'], tpl_nodes_len: 3 }),
    });
    const { pg_spec: pg, root_uids: roots } = JSON.parse((await spec.json()) as string) as {
      pg_spec: Drop[];
      root_uids: string[];
    };
    const placed = pg.filter((drop) => typeof drop.oid === 'string');
    expect(new Set(placed.map((drop) => drop.island))).toEqual(new Set(['dim:8001']));
    expect(placed.every((drop) => drop.node === 'a' || drop.node === 'b')).toBe(true);
    expect(roots).toEqual([placed.find((drop) => drop['lg_key'] === 'a')?.oid]);
  });
});

describe('a manager', () => {
  let manager: Server;
  const asked: { method: string; url: string; body: string }[] = [];
  beforeAll(async () => {
    manager = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        asked.push({
          method: request.method ?? '',
          url: request.url ?? '',
          body: Buffer.concat(chunks).toString(),
        });
        response.setHeader('content-type', 'application/json');
        if (request.url === '/api/nodes') response.end('["n1","n2","n3"]');
        else if (request.url === '/api/submission_method') response.end('{"methods":["SERVER"]}');
        else response.end('{}');
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => manager.once('listening', resolve));
  });
  afterAll(() => manager.close());
  const port = () => String((manager.address() as AddressInfo).port);

  it('is asked for its nodes, gets the session, and is where the browser is sent', async () => {
    const id = await generated();
    const answer = await get('/gen_pg', { pgt_id: id, dlg_mgr_host: '127.0.0.1', dlg_mgr_port: port(), dlg_mgr_deploy: '1' }); // prettier-ignore
    expect(answer.status).toBe(307);
    expect(answer.headers.get('location')).toMatch(/\/session\?sessionId=mine_/);
    expect(asked.map(({ method, url }) => `${method} ${url.replace(/mine_[^/]+/, 'S')}`)).toEqual([
      'GET /api/nodes',
      'POST /api/sessions',
      'POST /api/sessions/S/graph/append',
      'POST /api/sessions/S/deploy',
    ]);
    const graphSent = JSON.parse(asked[2]?.body ?? '[]') as Drop[];
    expect(graphSent[0]?.island).toBe(`127.0.0.1:${port()}`);
    expect(asked[3]?.body).toContain('completed=');
  });

  it.each([
    [
      'is not there',
      'http://127.0.0.1:9',
      /did not say which nodes it has \(http:\/\/127\.0\.0\.1:9\/api\/nodes\)/,
    ],
    ['is something else', undefined, /did not say which nodes it has .*: a JSON list of names was expected/],
  ])('that %s is named in the complaint, and nothing is deployed', async (_what, url, complaint) => {
    const id = await generated();
    const before = asked.length;
    const elsewhere = url ?? `http://127.0.0.1:${port()}/elsewhere/`;
    const answer = await get('/gen_pg', { pgt_id: id, dlg_mgr_url: elsewhere, dlg_mgr_deploy: '1' });
    expect(answer.status).toBe(500);
    expect(((await answer.json()) as { detail: string }).detail).toMatch(complaint);
    expect(asked.slice(before).filter(({ method }) => method === 'POST')).toEqual([]);
  });

  it('tells how it can be reached; one that does not answer has no methods', async () => {
    const query = { dlg_mgr_host: '127.0.0.1', dlg_mgr_port: port() };
    expect(await (await get('/api/submission_method', query)).json()).toEqual({ methods: ['SERVER'] });
    const silent = { dlg_mgr_url: 'http://127.0.0.1:9/x/' };
    expect(await (await get('/api/submission_method', silent)).json()).toEqual({ methods: [] });
  });
});

describe('the server', () => {
  it('is alive, and describes itself', async () => {
    const alive = await fetch(`${server.url}/`, { method: 'HEAD' });
    expect(alive.status).toBe(200);
    expect(alive.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await (await get('/openapi.json')).json()).toMatchObject({ openapi: '3.1.0' });
    for (const where of ['/', '/docs', '/show_gantt_chart?pgt_id=x'])
      expect((await fetch(server.url + where)).headers.get('content-type')).toMatch(/^text\/html/);
    expect(await (await get('/nope')).json()).toEqual({ detail: 'Not Found' });
  });

  it('turns away foreign pages, also those that only name a route in an image', async () => {
    const status = (headers: Record<string, string>) =>
      new Promise((resolve, reject) => {
        httpRequest(`${server.url}/jsonbody`, { headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect(await status({ origin: 'https://evil.example' })).toBe(403);
    expect(await status({ host: 'evil.example' })).toBe(403);
    expect(await status({ 'sec-fetch-site': 'cross-site' })).toBe(400);
    expect(await status({ 'sec-fetch-site': 'same-origin' })).toBe(200);
  });

  it('is part of a node too, where its paths are not taken', async () => {
    const host = await testHost({ http: { host: '127.0.0.1', port: 0 } });
    try {
      const answer = await fetch(`${host.url}/unroll`, { method: 'POST', body: new URLSearchParams({ lg_content: graph }) }); // prettier-ignore
      expect(await drops(answer)).toHaveLength(11);
      const methods = await fetch(`${host.url}/api/submission_method`);
      expect(await methods.json()).toEqual({ methods: ['BROWSER', 'SERVER'] });
    } finally {
      await host.remove();
    }
  });
});
