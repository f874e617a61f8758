/** The parameter `timeout`: whatever an application does, it ends then, in ERROR, and lets go of what it held. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BarrierAppDROP } from '../../../engine/drops/app-drop.ts';
import { subGraphRunner } from '../../../engine/drops/apps/subgraph.ts';
import type { DataDROP } from '../../../engine/drops/data-drop.ts';
import { AppDROPStates, DROPStates } from '../../../engine/protocol/index.ts';
import { GraphRun, isRunning, type Spec } from './apps/run-graph.ts';

const MEMORY = 'dlg.data.drops.memory.InMemoryDROP';
const SHORT = 0.1;
const limit = (seconds: unknown) => ({ componentParams: { timeout: { name: 'timeout', value: seconds } } });

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A server that takes connections and says nothing. */
async function silent(): Promise<number> {
  const server = createServer((socket) => sockets.push(socket.on('error', () => undefined).resume()));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** One that says when it was asked, and when its first client has left. */
async function silentUntil(answer = '') {
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined).once('close', () => left.resolve()));
    socket.on('data', () => {
      asked.resolve();
      socket.write(answer);
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, asked: asked.promise, left: left.promise };
}

function graph(dropclass: string, spec: Record<string, unknown>, more: readonly Spec[] = []): GraphRun {
  return new GraphRun([
    { oid: 'app', dropclass, outputs: ['o'], ...spec },
    { oid: 'o', dropclass: MEMORY },
    ...more,
  ]);
}

async function failureOf(run: GraphRun): Promise<string> {
  await run.run();
  expect(run.app('app').execStatus).toBe(AppDROPStates.ERROR);
  if (run.app('app').outputs.length > 0) expect(run.drop('o').status).toBe(DROPStates.ERROR);
  return run.errorOf('app').message;
}

const late = (className: string) => `${className} app took longer than its timeout of 0.1 s and was ended.`;

describe('an application with a timeout', () => {
  it('sleeps no longer than that', async () => {
    const run = graph('dlg.apps.simple.SleepApp', { sleep_time: 600, ...limit(SHORT) });
    expect(await failureOf(run)).toBe(late('SleepApp'));
  });

  it('may have it beside its other parameters', async () => {
    const run = graph('dlg.apps.simple.SleepApp', { sleep_time: 600, timeout: String(SHORT) });
    expect(await failureOf(run)).toBe(late('SleepApp'));
  });

  it('is not limited by an application argument of that name, by 0 or by nothing', async () => {
    const argument = { applicationArgs: { timeout: { name: 'timeout', value: 0.001 } } };
    for (const none of [argument, limit(0), limit(''), limit(null), { timeout: 0 }]) {
      const run = await graph('dlg.apps.simple.SleepApp', { sleep_time: 0.02, ...none }).run();
      expect(run.app('app').execStatus).toBe(AppDROPStates.FINISHED);
    }
  });

  it.each(['soon', -1, true, [1]])('fails by name where it is %j', async (value) => {
    const run = graph('dlg.apps.simple.SleepApp', { ...limit(value) });
    expect(await failureOf(run)).toMatch(
      /^SleepApp app: timeout must be a number of seconds, or 0 for none, but is /,
    );
  });

  it('listens no longer than that and frees its port', async () => {
    const listener = { host: '127.0.0.1', port: 0, ...limit(SHORT) };
    const run = graph('dlg.apps.socket_listener.SocketListenerApp', listener);
    await run.trigger();
    await run.logged(/^Waits for a connection/);
    const { port } = run.app('app').facts as { port: number };
    await run.over();
    expect(run.errorOf('app').message).toBe(late('SocketListenerApp'));
    const [refusal] = (await once(connect({ host: '127.0.0.1', port }), 'error')) as [{ code: string }];
    expect(refusal.code).toBe('ECONNREFUSED');
  });

  it('ends whoever connects and does not go on', async () => {
    const listener = { host: '127.0.0.1', port: 0, ...limit(SHORT) };
    const run = graph('dlg.apps.socket_listener.SocketListenerApp', listener);
    await run.trigger();
    await run.logged(/^Waits for a connection/);
    const socket = connect({ host: '127.0.0.1', port: run.app('app').facts['port'] as number });
    socket.on('error', () => undefined).write('half');
    await once(socket, 'close');
    await run.over();
    expect(run.errorOf('app').message).toBe(late('SocketListenerApp'));
  });

  it('asks a silent server once, whatever its tries', async () => {
    const port = await silent();
    const url = `http://127.0.0.1:${port}/`;
    const run = graph('dlg.apps.simple.UrlRetrieveApp', { url, n_tries: 3, ...limit(SHORT) });
    expect(await failureOf(run)).toBe(late('UrlRetrieveApp'));
    expect(run.log.filter(({ message }) => message.startsWith('Try'))).toEqual([]);
  });

  it('archives no longer than that', async () => {
    const archive = { ngasSrv: '127.0.0.1', ngasPort: await silent(), ngasTimeout: 600, ...limit(SHORT) };
    const run = graph('dlg.apps.archiving.NgasArchivingApp', { ...archive, inputs: ['i'], outputs: [] }, [
      { oid: 'i', dropclass: MEMORY },
    ]);
    await (run.drop('i') as DataDROP).write('x');
    expect(await failureOf(run)).toBe(late('NgasArchivingApp'));
  });

  it('ends the graph it runs', async () => {
    const run = graph('dlg.apps.subgraph.SubGraphLocal', { subgraph: '{}', ...limit(SHORT) });
    let isEnded = false;
    run.services.provide(subGraphRunner, {
      run: (_request, _progress, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            isEnded = true;
            reject(new Error('ended'));
          }),
        ),
    });
    expect(await failureOf(run)).toBe(late('SubGraphLocal'));
    expect(isEnded).toBe(true);
  });

  it('offers its results no longer than that', async () => {
    const transmitter = { inputs: ['i'], host: '127.0.0.1', port: 0, ...limit(SHORT) };
    const run = graph('dlg.dask_emulation.ResultTransmitter', transmitter, [{ oid: 'i', dropclass: MEMORY }]);
    expect(await failureOf(run)).toBe(late('ResultTransmitter'));
  });

  it('shows what its command said until then', async () => {
    const run = graph('dlg.apps.bash_shell_app.BashShellApp', {
      command: 'echo begun; sleep 600',
      ...limit(0.3),
    });
    await failureOf(run);
    expect(run.app('app').facts).toMatchObject({ stdout: 'begun\n', exitStatus: -15 });
  });

  it('that is cancelled before is cancelled', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const run = graph('dlg.apps.simple.SleepApp', { sleep_time: 600, ...limit(60) });
    await run.trigger();
    await isRunning(run.app('app'));
    await run.app('app').cancel();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(run.app('app').execStatus).toBe(AppDROPStates.CANCELLED);
    expect(run.errors.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that does not heed its end fails without it after a while', async () => {
    class Stubborn extends BarrierAppDROP {
      override run(): Promise<void> {
        return new Promise(() => undefined);
      }
    }
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const app = new Stubborn('app', 'app', { timeout: 1 });
    const over = app.execute();
    await vi.advanceTimersByTimeAsync(1000);
    expect(app.execStatus).toBe(AppDROPStates.RUNNING);
    expect(app.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(10_000);
    await over;
    expect(app.execStatus).toBe(AppDROPStates.ERROR);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a store that hangs', () => {
  const S3 = 'dlg.data.drops.s3_drop.S3DROP';
  const NGAS = 'dlg.data.drops.ngas.NgasDROP';
  const keys = { aws_access_key_id: 'a', aws_secret_access_key: 'b', Bucket: 'b' };
  const place = (port: number) => ({
    ...keys,
    endpoint_url: `http://127.0.0.1:${port}`,
    ngasSrv: '127.0.0.1',
    ngasPort: port,
    ngasTimeout: 600,
    read_timeout: 600,
  });

  it.each([S3, NGAS])('does not outlast whoever writes to it and is cancelled (%s)', async (dropclass) => {
    const { port, asked } = await silentUntil();
    const run = new GraphRun([
      { oid: 'a', dropclass: 'dlg.apps.simple.HelloWorldApp', outputs: ['s'] },
      { oid: 's', dropclass, ...place(port) },
    ]);
    await run.trigger();
    await asked;
    for (const drop of run.drops.values()) await drop.cancel();
    expect(run.drop('s').status).toBe(DROPStates.CANCELLED);
    expect(run.errors.size).toBe(0);
    await run.services.dispose();
  });

  it.each([S3, NGAS])('is let go by who asks for an object and is cancelled (%s)', async (dropclass) => {
    const { port, asked, left } = await silentUntil();
    const run = new GraphRun([{ oid: 's', dropclass, ...place(port) }]);
    const over = run.trigger();
    await asked;
    await run.drop('s').cancel();
    await Promise.all([over, left]);
    expect(run.drop('s').status).toBe(DROPStates.CANCELLED);
    expect(run.errors.size).toBe(0);
    await run.services.dispose();
  });

  it('ends with the timeout of who reads it, unless somebody else does', async () => {
    const { port, asked, left } = await silentUntil('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n');
    const copy = { dropclass: 'dlg.apps.simple.CopyApp', inputs: ['s'] };
    const run = new GraphRun([
      { oid: 's', dropclass: S3, ...place(port) },
      { ...copy, oid: 'app', outputs: ['o'], ...limit(SHORT) },
      { oid: 'o', dropclass: MEMORY },
      { ...copy, oid: 'other', outputs: ['p'] },
      { oid: 'p', dropclass: MEMORY },
    ]);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const over = run.trigger();
    await asked;
    await over;
    await isRunning(run.app('other'));
    // The time of the first, and of its reading that goes on for the other's sake.
    await vi.advanceTimersByTimeAsync(10_100);
    expect(run.errorOf('app').message).toBe(late('CopyApp'));
    expect(run.app('other').execStatus).toBe(AppDROPStates.RUNNING);
    await run.app('other').cancel();
    await left;
    await run.services.dispose();
  });
});

describe('an application that data drives, with a timeout', () => {
  const stream = (dropclass: string, more: Record<string, unknown>) =>
    graph(dropclass, { outputs: ['o'], ...more }, [
      { oid: 'i', dropclass: MEMORY, streamingConsumers: ['app'] },
    ]);

  it('has that time from its first data', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const run = stream('dlg.apps.crc.CRCStreamApp', limit(SHORT));
    await vi.advanceTimersByTimeAsync(1000);
    expect(run.app('app').execStatus).toBe(AppDROPStates.NOT_RUN);
    await (run.drop('i') as DataDROP).write('x');
    await vi.advanceTimersByTimeAsync(100);
    expect(run.app('app').execStatus).toBe(AppDROPStates.ERROR);
    expect(run.drop('o').status).toBe(DROPStates.ERROR);
    expect(run.errorOf('app').message).toBe(late('CRCStreamApp'));
    // Its writer goes on.
    expect(await (run.drop('i') as DataDROP).write('y')).toBe(1);
  });

  it('that is done in time stays so', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const run = stream('dlg.apps.crc.CRCStreamApp', limit(SHORT));
    await (run.drop('i') as DataDROP).write('x');
    await run.drop('i').setCompleted();
    await run.over();
    expect(vi.getTimerCount()).toBe(0);
    expect(run.app('app').execStatus).toBe(AppDROPStates.FINISHED);
  });

  it('ends its command', async () => {
    const run = new GraphRun([
      {
        oid: 'from',
        dropclass: 'dlg.apps.bash_shell_app.StreamingOutputBashApp',
        command: 'echo begun; exec sleep 600',
        outputs: ['i'],
      },
      { oid: 'i', dropclass: MEMORY, streamingConsumers: ['app'] },
      {
        oid: 'app',
        dropclass: 'dlg.apps.bash_shell_app.StreamingInputBashApp',
        command: 'cat; exec sleep 600',
        ...limit(0.3),
      },
    ]);
    await run.trigger();
    await run.over([run.app('app')]);
    expect(run.errorOf('app').message).toMatch(
      /^StreamingInputBashApp app took longer than its timeout of 0.3 s/,
    );
    await run.app('from').cancel();
    expect(run.app('app').execStatus).toBe(AppDROPStates.ERROR);
  });

  it('fails by name where it is no number', async () => {
    const run = stream('dlg.apps.crc.CRCStreamApp', limit('soon'));
    await (run.drop('i') as DataDROP).write('x');
    await run.over([run.app('app')]);
    expect(run.errorOf('app').message).toMatch(/^CRCStreamApp app: timeout must be a number of seconds/);
  });
});
