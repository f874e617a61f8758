/** The REST interface over real HTTP, as DALiuGE's clients use it. */
import { readFile, truncate } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import path from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { app, bytesOf, data, helloGraph, testHost, type TestHost } from '../../support/host.ts';
import type { Any } from '../reproducibility/golden.ts';

let host: TestHost;
beforeAll(async () => {
  host = await testHost({ http: { host: '127.0.0.1', port: 0 } });
});
afterAll(() => host.remove());

let nextId = 0;
const newId = () => `session ${nextId++}`;
const url = (path: string) => `${host.url}/api${path}`;
const post = (
  path: string,
  body: string | Uint8Array<ArrayBuffer> | null,
  headers: Record<string, string> = {},
) => fetch(url(path), { method: 'POST', body, headers });
const json = { 'content-type': 'application/json' };

async function created(): Promise<string> {
  const id = newId();
  const answer = await post('/sessions', JSON.stringify({ sessionId: id }), json);
  expect(answer.status).toBe(200);
  return encodeURIComponent(id);
}

/** A request with headers that fetch does not let one set. */
function raw(headers: Record<string, string>): Promise<number | undefined> {
  const { hostname, port } = new URL(host.url as string);
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path: '/api/sessions', headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('the REST interface of a node', () => {
  it('shows sessions that are over until they are deleted, however many came after them', async () => {
    const { manager } = host;
    const run = async (): Promise<string> => {
      const sid = await created();
      await post(`/sessions/${sid}/graph/append`, Buffer.from(bytesOf(shown)), json);
      await post(`/sessions/${sid}/deploy`, 'completed=hello');
      await manager.find(decodeURIComponent(sid))?.recorded();
      return sid;
    };
    const file = data('b', { dropclass: 'dlg.data.drops.file.FileDROP', producers: ['hello'] });
    const shown = [helloGraph[0], file];
    const sid = await run();
    const id = decodeURIComponent(sid);
    const parts = ['', '/status', '/graph', '/graph/status', '/graph/size', '/graph/drop/b', '/graph/drop/data/b', '/repro/status', '/repro/data', '/dir']; // prettier-ignore
    const all = () =>
      Promise.all(parts.map(async (part) => (await fetch(url(`/sessions/${sid}${part}`))).json()));
    const before = await all();
    const listed = async (): Promise<Any> =>
      ((await (await fetch(url('/sessions'))).json()) as Any[]).find((one) => one.sessionId === id);
    const inList = await listed();
    const letGo = new Promise<void>((resolve) => manager.subscribe(() => manager.findPast(id) && resolve()));
    for (let i = 0; i < 9; i++) await run();
    await letGo;
    expect(manager.has(id)).toBe(false);
    expect(await all()).toEqual(before);
    expect(await listed()).toEqual(inList);
    const content = await fetch(`${host.url}/sessions/${sid}/graph/drop/data/b`);
    expect(await content.text()).toBe('Hello Ada');
    expect((await post(`/sessions/${sid}/deploy`, '')).status).toBe(555);
    expect((await fetch(url(`/sessions/${sid}`), { method: 'DELETE' })).status).toBe(200);
    expect((await fetch(url(`/sessions/${sid}/graph/status`))).status).toBe(404);
    expect(await listed()).toBe(undefined);
  });

  it('shows the links that were added before they are deployed, and ignores what is triggered too early', async () => {
    const sid = await created();
    const parts = [data('a'), app('copy', 'dlg.apps.simple.CopyApp'), data('b')];
    for (const part of parts) await post(`/sessions/${sid}/graph/append`, Buffer.from(bytesOf([part])), json);
    for (const [lhs, type, rhs] of [
      ['a', 0, 'copy'],
      ['b', 2, 'copy'],
    ])
      // prettier-ignore
      await post(`/sessions/${sid}/graph/link?lhOID=${lhs}&linkType=${type}&rhOID=${rhs}`, '');
    const linked = await (await fetch(url(`/sessions/${sid}/graph`))).json();
    expect(linked).toEqual({
      a: { ...parts[0], consumers: ['copy'] },
      copy: parts[1],
      b: { ...parts[2], producers: ['copy'] },
    });
    expect((await post(`/sessions/${sid}/trigger`, '["a"]', json)).status).toBe(200);
    await post(`/sessions/${sid}/deploy`, 'completed=a');
    await host.manager.get(decodeURIComponent(sid)).over;
    expect(await (await fetch(url(`/sessions/${sid}/graph`))).json()).toEqual(linked);
    expect(await (await fetch(url(`/sessions/${sid}/graph/status`))).json()).toMatchObject({
      b: { status: 2 },
    });
  });

  it.each([
    ['without an R-mode', 'NOTHING'],
    ['with an R-mode, whose graph brought no data of its own', 'REPEAT'],
  ])('gives the reproducibility data of a session %s as reprodata.out has it', async (_, rmode) => {
    const { sessionId } = await host.manager.createSession(newId(), { rmode });
    const sid = encodeURIComponent(sessionId);
    await post(`/sessions/${sid}/graph/append`, Buffer.from(bytesOf(helloGraph)), json);
    const asked = async (): Promise<Any> => (await fetch(url(`/sessions/${sid}/repro/data`))).json();
    expect(await asked()).toMatchObject({ graph: { b: { oid: 'b' }, hello: { oid: 'hello' } } });
    await post(`/sessions/${sid}/deploy`, 'completed=hello');
    const session = host.manager.get(decodeURIComponent(sid));
    await session.over;
    const answer = await asked();
    const written = JSON.parse(await readFile(path.join(session.dir, 'reprodata.out'), 'utf8'));
    expect(answer).toEqual({ graph: written[0], reprodata: written[1] });
    expect(Object.keys(answer)).toEqual(['graph', 'reprodata']);
    if (rmode === 'REPEAT') expect(answer.graph.b.reprodata.REPEAT.rg_blockhash).toMatch(/^[0-9a-f]{64}$/);
    // A file that was cut is not passed on as if it were whole.
    await truncate(path.join(session.dir, 'reprodata.out'), 40);
    expect(await asked()).toMatchObject({ graph: { b: { oid: 'b' } } });
  });

  it('runs a graph from creation to its end', async () => {
    const sid = await created();
    expect(
      await (await post(`/sessions/${sid}/graph/append`, Buffer.from(bytesOf(helloGraph)), json)).json(),
    ).toEqual({ Status: 'Success' });
    expect(await (await fetch(url(`/sessions/${sid}/graph/size`))).json()).toBe(2);
    expect((await fetch(url(`/sessions/${sid}/graph/status`))).status).toBe(400);
    expect((await post(`/sessions/${sid}/deploy`, 'completed=hello')).status).toBe(200);
    await host.manager.get(decodeURIComponent(sid)).over;
    expect(await (await fetch(url(`/sessions/${sid}/status`))).json()).toBe(4);
    expect(await (await fetch(url(`/sessions/${sid}/graph/status`))).json()).toEqual({
      b: { status: 2 },
      hello: { status: 2, execStatus: 2 },
    });
    expect(await (await fetch(url(`/sessions/${sid}/graph`))).json()).toEqual(
      Object.fromEntries(helloGraph.map((spec) => [spec.oid, spec])),
    );
    const whole = (await (await fetch(url(`/sessions/${sid}`))).json()) as {
      status: number;
      dir: { dir: string };
    };
    expect(whole.status).toBe(4);
    expect(whole.dir.dir).toContain('session');
    expect(await (await fetch(url('/sessions'))).json()).toContainEqual({
      sessionId: decodeURIComponent(sid),
      status: 4,
      size: 2,
    });
  });

  it.each([
    ['zlib bytes that are called gzip', deflateSync(bytesOf(helloGraph)), { 'content-encoding': 'gzip' }],
    ['real gzip', gzipSync(bytesOf(helloGraph)), { 'content-encoding': 'gzip' }],
    ['plain text', Buffer.from(bytesOf(helloGraph)), {}],
  ])('takes a graph as %s', async (_what, body, headers) => {
    const sid = await created();
    expect(
      (await post(`/sessions/${sid}/graph/append`, new Uint8Array(body), { ...json, ...headers })).status,
    ).toBe(200);
    expect(await (await fetch(url(`/sessions/${sid}/graph/size`))).json()).toBe(2);
  });

  it('answers with a length and never with a status between 201 and 299', async () => {
    const answer = await post('/sessions', JSON.stringify({ sessionId: newId() }), json);
    expect(answer.status).toBe(200);
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(0);
  });

  it('names its errors as the client rebuilds them', async () => {
    expect(await (await fetch(url('/sessions/nobody/graph'))).json()).toEqual({
      type: 'NoSessionException',
      args: ['nobody'],
    });
    expect((await fetch(url('/sessions/nobody/graph'))).status).toBe(404);
    const sid = await created();
    const again = await post('/sessions', JSON.stringify({ sessionId: decodeURIComponent(sid) }), json);
    expect([again.status, ((await again.json()) as { type: string }).type]).toEqual([
      409,
      'SessionAlreadyExistsException',
    ]);
    const bad = await post(`/sessions/${sid}/graph/append`, JSON.stringify([{ oid: 'x' }]), json);
    expect(bad.status).toBe(555);
    expect(await bad.json()).toEqual({
      type: 'ErrorManagerCaughtException',
      args: [expect.stringContaining('drop x')],
    });
    expect((await post(`/sessions/${sid}/cancel`, null)).status).toBe(555);
    expect((await post(`/sessions/${sid}/graph/append`, 'x', { 'content-type': 'text/csv' })).status).toBe(
      415,
    );
  });

  it('cancels and destroys', async () => {
    const sid = await created();
    const graph = [
      { oid: 's', categoryType: 'Application', dropclass: 'dlg.apps.simple.SleepApp', sleep_time: 60 },
    ];
    await post(`/sessions/${sid}/graph/append`, JSON.stringify(graph), json);
    await post(`/sessions/${sid}/deploy`, 'completed=s');
    expect((await post(`/sessions/${sid}/cancel`, null)).status).toBe(200);
    expect(await (await fetch(url(`/sessions/${sid}/status`))).json()).toBe(5);
    expect((await fetch(url(`/sessions/${sid}`), { method: 'DELETE' })).status).toBe(200);
    expect((await fetch(url(`/sessions/${sid}`))).status).toBe(404);
  });

  it('refuses foreign hosts and the pages of foreign origins, so that no web page can run graphs here', async () => {
    expect(await raw({ host: 'evil.example' })).toBe(403);
    expect(await raw({ host: 'localhost', origin: 'https://evil.example' })).toBe(403);
    expect(await raw({ host: 'localhost', origin: 'null' })).toBe(403);
    expect(await raw({ host: 'localhost:1', origin: 'http://dlg-tm.localhost' })).toBe(200);
  });
});

describe("Weir's own routes", () => {
  const call = async (method: string, params: unknown) => {
    const answer = await fetch(`${host.url}/weir/v1/call`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ method, params }),
    });
    return (await answer.json()) as { result?: unknown; error?: { code: string; message: string } };
  };

  it('answer calls of the contract and refuse what does not fit it', async () => {
    expect((await call('host.info', {})).result).toMatchObject({ version: 'test', apiVersion: 1 });
    expect((await call('sessions.get', { sessionId: 'nobody' })).error).toMatchObject({
      code: 'SESSION_UNKNOWN',
    });
    expect((await call('sessions.get', { sessionId: 5 })).error).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('/sessionId'),
    });
    expect((await call('constructor', {})).error).toMatchObject({ code: 'USAGE' });
  });

  it('run a graph that was handed over as text, and leave nothing behind of one that cannot be run', async () => {
    const { result } = await call('sessions.run', {
      source: { text: JSON.stringify(helloGraph), name: 'hello.graph' },
    });
    const { sessionId } = result as { sessionId: string };
    await host.manager.get(sessionId).over;
    expect(
      (await call('sessions.content', { sessionId, uid: 'b', offset: 0, limit: 100 })).result,
    ).toMatchObject({ base64: Buffer.from('Hello Ada').toString('base64') });
    expect((await call('sessions.drop', { sessionId, uid: 'hello' })).result).toMatchObject({
      drop: { execStatus: 'FINISHED' },
      relations: { outputs: ['b'] },
    });
    expect((await call('sessions.graph', { sessionId, folded: true, limit: 100 })).result).toMatchObject({
      totalDrops: 2,
      edges: [[0, 1, 1]],
    });
    const before = (await call('sessions.list', {})).result as { total: number };
    expect((await call('sessions.run', { source: { text: '[{]', name: 'bad' } })).error).toMatchObject({
      code: 'GRAPH_NOT_JSON',
    });
    expect(((await call('sessions.list', {})).result as { total: number }).total).toBe(before.total);
  });

  it('push a snapshot and then what changed', async () => {
    const socket = new WebSocket(`${String(host.url).replace('http', 'ws')}/weir/v1/push`);
    const messages: { id: number; message: { type: string; summary?: { status: string } } }[] = [];
    const finished = new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(String(data)) as (typeof messages)[number];
        messages.push(message);
        if (message.message.summary?.status === 'FINISHED') resolve();
      };
    });
    await new Promise((resolve) => (socket.onopen = resolve));
    const { result } = await call('sessions.run', {
      source: { text: JSON.stringify(helloGraph), name: 'push' },
    });
    socket.send(JSON.stringify({ id: 7, subscribe: 'session', params: result }));
    await finished;
    expect(messages[0]).toMatchObject({ id: 7, message: { type: 'snapshot' } });
    socket.close();
  });
});
