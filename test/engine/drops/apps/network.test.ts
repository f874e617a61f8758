import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AppDROP } from '../../../../engine/drops/app-drop.ts';
import type { DataDROP } from '../../../../engine/drops/data-drop.ts';
import { readPickle, writePickle } from '../../../../engine/drops/pickle/index.ts';
import { AppDROPStates, DROPStates } from '../../../../engine/protocol/index.ts';
import { BAD_WAY_NAMES, BAD_WAYS, badServer } from '../support/bad-server.ts';
import { NgasServer } from '../support/ngas-server.ts';
import { GraphRun, textOf } from './run-graph.ts';

const MEMORY = 'dlg.data.drops.memory.InMemoryDROP';
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('retrieving an address', () => {
  async function serve(answer: RequestListener): Promise<string> {
    const server = createServer(answer);
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function retrieve(url: string): GraphRun {
    return new GraphRun([
      { oid: 'app', dropclass: 'dlg.apps.simple.UrlRetrieveApp', url, outputs: ['a', 'b'] },
      { oid: 'a', dropclass: MEMORY },
      { oid: 'b', dropclass: MEMORY },
    ]);
  }

  it('writes the body to all outputs', async () => {
    const url = await serve((_request, response) => response.end('body'));
    const run = await retrieve(`${url}/x`).run();
    expect([await textOf(run.drop('a')), await textOf(run.drop('b'))]).toEqual(['body', 'body']);
    expect(run.app('app').facts).toEqual({ url: `${url}/x`, httpStatus: 200, receivedBytes: 4 });
  });

  it('names address and cause when the server refuses, resets or is not there', async () => {
    const refusing = await retrieve(await serve((_q, response) => response.writeHead(404).end('gone'))).run();
    expect(refusing.errorOf('app').message).toMatch(/the server answered 404 Not Found/);
    expect(refusing.drop('a').status).toBe(DROPStates.ERROR);
    const resetting = await retrieve(
      await serve((_q, response) => {
        response.writeHead(200, { 'Content-Length': '100' });
        response.write('half');
        response.socket?.resetAndDestroy();
      }),
    ).run();
    expect(resetting.errorOf('app').message).toMatch(/could not read http:\/\/127.0.0.1/);
    const absent = await retrieve('http://127.0.0.1:1/').run();
    expect(absent.errorOf('app').message).toMatch(/could not read http:\/\/127.0.0.1:1\//);
    for (const url of ['', 'not an address', 'file:///etc/passwd'])
      expect((await retrieve(url).run()).errorOf('app').message).toMatch(/needs a web address/);
  });

  it('logs in with the user and password of the address, and shows them nowhere', async () => {
    let login: string | undefined;
    const url = await serve((request, response) => {
      login = request.headers.authorization;
      response.writeHead(403).end();
    });
    const run = await retrieve(url.replace('//', '//me:p%40ss@')).run();
    expect(login).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
    expect(run.errorOf('app').message).toMatch(`could not read ${url}/: the server answered 403`);
    expect(JSON.stringify([run.app('app').facts, run.log])).not.toMatch(/p%40ss|p@ss/);
  });

  it('names address and cause when the server falls silent', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const url = await serve((_request, response) => response.writeHead(200).write('half'));
    const run = retrieve(url);
    const written = new Promise<void>((resolve) =>
      run.drop('b').subscribe({ handleEvent: () => resolve() }, 'status'),
    );
    await run.trigger();
    await written;
    await vi.advanceTimersByTimeAsync(30_000);
    await run.over();
    vi.useRealTimers();
    expect(run.errorOf('app').message).toBe(
      `UrlRetrieveApp app could not read ${url}: the server was silent for 30 s.`,
    );
  });

  it('ends when it is cancelled, however long the server takes', async () => {
    let asked = (): void => undefined;
    const request = new Promise<void>((resolve) => (asked = resolve));
    const run = retrieve(await serve(() => asked()));
    await run.trigger();
    await request;
    for (const drop of run.drops.values()) await drop.cancel();
    expect(run.app('app').execStatus).toBe(AppDROPStates.CANCELLED);
    expect(run.errors.size).toBe(0);
  });
});

describe('listening for data', () => {
  function listen(spec: Record<string, unknown>): GraphRun {
    return new GraphRun([
      {
        oid: 'app',
        dropclass: 'dlg.apps.socket_listener.SocketListenerApp',
        host: '127.0.0.1',
        port: 0,
        ...spec,
        outputs: ['a'],
      },
      { oid: 'a', dropclass: MEMORY },
    ]);
  }

  /** The port, once the application has said that it listens. */
  async function portOf(app: AppDROP, run: GraphRun): Promise<number> {
    await run.logged(/^Waits for a connection/);
    return app.facts['port'] as number;
  }

  it('takes everything one sender sends', async () => {
    const run = listen({ bufsize: '16' });
    await run.trigger();
    const socket = connect({ host: '127.0.0.1', port: await portOf(run.app('app'), run) });
    socket.write('some ');
    socket.end('data');
    await run.over();
    expect(await textOf(run.drop('a'))).toBe('some data');
  });

  it('is refused inputs and impossible ports, and names the port that is taken', async () => {
    expect(
      () =>
        new GraphRun([
          { oid: 'i', dropclass: MEMORY, consumers: ['app'] },
          { oid: 'app', dropclass: 'dlg.apps.socket_listener.SocketListenerApp' },
        ]),
    ).toThrow(/takes no inputs, but i was linked/);
    for (const impossible of [65_536, -1, 80.5, 'http'])
      expect(() => listen({ port: impossible })).toThrow(/^app: parameter port must be a (port|number)/);
    const taken = createServer();
    servers.push(taken);
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    expect((await listen({ port }).run()).errorOf('app').message).toMatch(/EADDRINUSE/);
  });

  it('needs an output', async () => {
    const alone = { oid: 'app', dropclass: 'dlg.apps.socket_listener.SocketListenerApp', port: 0 };
    const run = await new GraphRun([alone]).run();
    expect(run.errorOf('app').message).toBe(
      'SocketListenerApp app has no output for what it receives; link one.',
    );
  });

  it('ends when it is cancelled, before and while somebody sends', async () => {
    const waiting = listen({});
    await waiting.trigger();
    await portOf(waiting.app('app'), waiting);
    await waiting.app('app').cancel();
    const sending = listen({});
    await sending.trigger();
    const socket = connect({ host: '127.0.0.1', port: await portOf(sending.app('app'), sending) });
    const closed = once(socket, 'close');
    socket.on('error', () => undefined);
    socket.write('x');
    const written = new Promise<void>((resolve) =>
      sending.drop('a').subscribe({ handleEvent: () => resolve() }, 'status'),
    );
    await written;
    for (const drop of sending.drops.values()) await drop.cancel();
    await closed;
    for (const run of [waiting, sending]) {
      expect(run.app('app').execStatus).toBe(AppDROPStates.CANCELLED);
      expect(run.errors.size).toBe(0);
    }
  });
});

describe('archiving in NGAS', () => {
  function archive(port: number, more: Record<string, unknown> = {}): GraphRun {
    return new GraphRun([
      { oid: 'data', dropclass: MEMORY, consumers: ['app'], ...more },
      {
        oid: 'app',
        dropclass: 'dlg.apps.archiving.NgasArchivingApp',
        ngasSrv: '127.0.0.1',
        ngasPort: port,
        ngasMime: 'text/ascii',
      },
    ]);
  }

  it('stores the input under its uid and type', async () => {
    const server = new NgasServer();
    const run = archive(await server.start());
    await (run.drop('data') as DataDROP).write('to keep');
    await run.run();
    await server.stop();
    expect(server.files.get('data')?.toString()).toBe('to keep');
    expect(server.requests[0]?.type).toBe('text/ascii');
    expect(run.app('app').facts['archivedBytes']).toBe(7);
  });

  it('fails by name when the archive refuses or is not there, or the input is a directory', async () => {
    const server = new NgasServer();
    server.misbehaviour = 'refuse';
    const refused = await archive(await server.start()).run();
    await server.stop();
    expect(refused.errorOf('app').message).toMatch(/NGAS 127.0.0.1:\d+ refused QARCHIVE/);
    expect((await archive(1).run()).errorOf('app').message).toMatch(
      /could not archive data in NGAS at 127.0.0.1:1: .*ECONNREFUSED/,
    );
    const directory = await archive(1, {
      dropclass: 'dlg.data.drops.directory.DirectoryDROP',
      dirname: 'd',
    }).run();
    expect(directory.errorOf('app').message).toMatch(/archives single files, but data is a DirectoryDROP/);
  });
});

describe('archiving in an NGAS that goes wrong', () => {
  function archive(port: number, more: Record<string, unknown> = {}): GraphRun {
    return new GraphRun([
      { oid: 'data', dropclass: MEMORY, consumers: ['app'] },
      {
        oid: 'app',
        dropclass: 'dlg.apps.archiving.NgasArchivingApp',
        ngasSrv: '127.0.0.1',
        ngasPort: port,
        ngasTimeout: 0.2,
        ...more,
      },
    ]);
  }

  it.each(BAD_WAY_NAMES)('fails by name, in time, where it %s', async (way) => {
    const { behave, isSilent } = BAD_WAYS[way];
    const bad = await badServer(behave);
    const run = archive(bad.port, { ngasTimeout: isSilent ? 0.2 : 30 });
    await (run.drop('data') as DataDROP).write('to keep');
    await run.run();
    await bad.stop();
    const { message } = run.errorOf('app');
    expect(message).toMatch(`NgasArchivingApp app could not archive data in NGAS at 127.0.0.1:${bad.port}: `);
    expect(message).toMatch(
      isSilent ? /did not answer within 0.2 s/ : /ECONNRESET|broke off|hang up|Parse|500/,
    );
  });

  it('fails where it answers byte by byte', async () => {
    const bad = await badServer((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n'));
      const drops = setInterval(() => socket.write('.'), 20);
      socket.once('close', () => clearInterval(drops));
    });
    const run = await archive(bad.port).run();
    await bad.stop();
    expect(run.errorOf('app').message).toMatch(/did not answer within 0.2 s/);
  });

  it('fails where it takes nothing', async () => {
    const bad = await badServer((socket) => void socket.pause());
    const run = archive(bad.port);
    await (run.drop('data') as DataDROP).write(new Uint8Array(30_000_000));
    await run.run();
    await bad.stop();
    expect(run.errorOf('app').message).toMatch(/took nothing for 0.2 s/);
  });

  it.each([
    ['500 Full', /refused QARCHIVE of file data with HTTP 500: Full/],
    ['200 OK', /answered when it had \d+ of the 30000000 bytes of file data/],
  ])('fails where it answers %s before it has all of the file', async (status, why) => {
    const bad = await badServer((socket) =>
      socket.once('data', () => socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 4\r\n\r\nFull`)),
    );
    const run = archive(bad.port, { ngasTimeout: 30 });
    await (run.drop('data') as DataDROP).write(new Uint8Array(30_000_000));
    await run.run();
    await bad.stop();
    expect(run.errorOf('app').message).toMatch(why);
  });
});

describe('handing results to a client', () => {
  async function freePort(): Promise<number> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }

  it('sends one length and one pickle, with failed and empty inputs in their places', async () => {
    const port = await freePort();
    const run = new GraphRun([
      { oid: 'a', dropclass: MEMORY, pydata: { value: '5', type: 'int' }, consumers: ['t'] },
      { oid: 'b', dropclass: MEMORY, consumers: ['t'] },
      { oid: 'c', dropclass: MEMORY, consumers: ['t'] },
      { oid: 't', dropclass: 'dlg.dask_emulation.ResultTransmitter', host: '127.0.0.1', port },
    ]);
    await run.drop('b').setError();
    await run.drop('a').setCompleted();
    await run.drop('c').setCompleted();
    await run.logged(/^Hands the result out/);
    const socket = connect({ host: '127.0.0.1', port });
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    await run.over([run.drop('t')]);
    const all = Buffer.concat(chunks);
    expect(all.readInt32BE(0)).toBe(all.length - 4);
    expect(readPickle(all.subarray(4))).toEqual([5n, 'Error', null]);
  });

  /** A result that is larger than what connections hold on their way. */
  async function offered(): Promise<[GraphRun, number]> {
    const port = await freePort();
    const run = new GraphRun([
      { oid: 'a', dropclass: MEMORY, consumers: ['t'] },
      { oid: 't', dropclass: 'dlg.dask_emulation.ResultTransmitter', host: '127.0.0.1', port },
    ]);
    await (run.drop('a') as DataDROP).write(writePickle('x'.repeat(20_000_000)));
    await run.drop('a').setCompleted();
    await run.logged(/^Hands the result out/);
    return [run, port];
  }

  it('fails by name where the client breaks off', async () => {
    const [run, port] = await offered();
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => undefined);
    socket.once('data', () => socket.resetAndDestroy());
    await run.over([run.drop('t')]);
    expect(run.errorOf('t').message).toMatch(
      /^ResultTransmitter t: the client broke off while it was handed the result: ./,
    );
  });

  it('ends when it is cancelled while the client does not read', async () => {
    const [run, port] = await offered();
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'readable');
    const closed = once(socket, 'close');
    await run.app('t').cancel();
    socket.on('error', () => undefined).resume();
    await closed;
    expect(run.app('t').execStatus).toBe(AppDROPStates.CANCELLED);
    expect(run.errors.size).toBe(0);
  });
});
