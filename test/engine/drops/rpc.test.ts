import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BarrierAppDROP,
  DropMethods,
  DropProxy,
  FileDROP,
  InMemoryDROP,
  RPCClient,
  RPCServer,
  ZeroRPCServer,
  type AbstractDROP,
  type RemoteMember,
} from '../../../engine/drops/index.ts';
import { AppDROPStates, DROPStates } from '../../../engine/protocol/index.ts';
import { FrameParser, frameBytes } from '../../../engine/drops/util/frames.ts';
import { badServer } from './support/bad-server.ts';
import { contextIn, placedIn, temporaryDirectory } from './support/drops.ts';

type Remote = DropProxy & Record<string, RemoteMember>;

const drops = new Map<string, AbstractDROP>();
const server = new RPCServer(
  'localhost:1234',
  0,
  new DropMethods((session, uid) => drops.get(`${session}/${uid}`)),
);
const client = new RPCClient();
let temporary: ReturnType<typeof temporaryDirectory>;

beforeAll(async () => {
  temporary = temporaryDirectory();
  await server.start();
  await client.start();
});
afterAll(async () => {
  await client.shutdown();
  await server.shutdown();
  temporary.remove();
});

/** A drop of the server, and its proxy. */
function remote(drop: AbstractDROP): Remote {
  drops.set(`s/${drop.uid}`, drop);
  return new DropProxy(client, 'localhost', server.rpcPort, 's', drop.uid) as Remote;
}

describe('a proxy of a drop', () => {
  it('writes, completes and reads a drop of another process, with bytes as bytes', async () => {
    const drop = new FileDROP('a', 'a', placedIn(contextIn(temporary.dir), { filepath: 'a.bin' }));
    const proxy = remote(drop);
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 256);
    expect(await proxy.write?.(bytes)).toBe(300_000);
    expect(await proxy.status).toBe(DROPStates.WRITING);
    await proxy.setCompleted?.();
    expect([await proxy.isCompleted?.(), await proxy.size, await proxy.path]).toEqual([
      true,
      300_000,
      `${temporary.dir}/a.bin`,
    ]);
    const descriptor = await proxy.open?.();
    const piece = (await proxy.read?.(descriptor, 300_000)) as Uint8Array;
    expect(Buffer.from(bytes).equals(piece)).toBe(true);
    expect(await proxy.isBeingRead?.()).toBe(true);
    await proxy.close?.(descriptor);
    expect(drop.isBeingRead()).toBe(false);
  });

  it('knows its uid, has no relations, ignores events, and is no promise', async () => {
    const drop = new InMemoryDROP('b', 'b');
    const proxy = remote(drop);
    drop.addConsumer(new (class extends BarrierAppDROP {})('c', 'c'));
    expect(proxy.uid).toBe('b');
    for (const relation of ['inputs', 'streamingInputs', 'outputs', 'consumers', 'producers'])
      expect((proxy as unknown as Record<string, unknown>)[relation]).toEqual([]);
    expect(() => proxy.handleEvent()).not.toThrow();
    expect(await Promise.resolve(proxy)).toBe(proxy);
  });

  it('names drops by their uid, and passes whole numbers of any size', async () => {
    class Counter extends BarrierAppDROP {
      double(n: bigint): bigint {
        return 2n * n;
      }
      override run(): void {}
    }
    const app = new Counter('app', 'app');
    const input = new InMemoryDROP('in', 'in');
    app.addInput(input);
    const proxy = remote(app);
    expect(await proxy.double?.(2n ** 70n)).toBe(2n ** 71n);
    expect(await client.call('localhost', server.rpcPort, 'getDropProperty', ['s', 'app', 'inputs'])).toEqual(
      ['in'],
    );
    await proxy.execute?.();
    expect(await proxy.execStatus).toBe(AppDROPStates.FINISHED);
  });

  it('says what is not there: members, drops, methods of the server, internals', async () => {
    const proxy = remote(new InMemoryDROP('d', 'd'));
    await expect(Promise.resolve(proxy.nonsense)).rejects.toThrow(
      /Drop d \(InMemoryDROP\) has no property nonsense/,
    );
    await expect(proxy.nonsense?.()).rejects.toThrow(/Drop d \(InMemoryDROP\) has no method nonsense/);
    await expect(Promise.resolve(proxy._flow)).rejects.toThrow(/has no property _flow/);
    const stranger = new DropProxy(client, 'localhost', server.rpcPort, 's', 'stranger') as Remote;
    await expect(Promise.resolve(stranger.status)).rejects.toMatchObject({
      code: 'REMOTE',
      message: 'Session "s" has no drop stranger here.',
    });
    await expect(client.call('localhost', server.rpcPort, 'eval', ['1'])).rejects.toThrow(
      /has no method eval/,
    );
    await expect(proxy.getIO?.()).rejects.toThrow(/A MemoryIO cannot be sent to another process/);
    await expect(proxy.write?.(() => 1)).rejects.toThrow(/A function cannot be sent/);
  });

  it('carries over what went wrong there', async () => {
    const proxy = remote(new InMemoryDROP('e', 'e'));
    await expect(proxy.open?.()).rejects.toThrow(
      /Drop e can be read only when it is COMPLETED, but it is INITIALIZED/,
    );
  });
});

describe('a client', () => {
  it('gives a function for a method and the value of a property', async () => {
    const drop = new InMemoryDROP('f', 'f', { name: 'numbers' });
    remote(drop);
    const attribute = (name: string) => client.getDropAttribute('localhost', server.rpcPort, 's', 'f', name);
    expect(await attribute('name')).toBe('numbers');
    const isCompleted = (await attribute('isCompleted')) as () => Promise<unknown>;
    expect(await isCompleted()).toBe(false);
  });

  it('that is not running, or finds nobody, says so', async () => {
    await expect(new RPCClient().call('localhost', server.rpcPort, 'x', [])).rejects.toThrow(
      /start\(\) it first/,
    );
    await expect(client.call('localhost', 1, 'hasMethod', [])).rejects.toThrow(
      /hasMethod at localhost:1 was not answered/,
    );
  });

  it('is not left waiting by a server that goes away, or that talks nonsense', async () => {
    const nonsense = createServer((socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => nonsense.listen(0, 'localhost', resolve));
    const { port } = nonsense.address() as { port: number };
    await expect(client.call('localhost', port, 'x', [])).rejects.toThrow(
      /An RPC peer sent something that is no/,
    );
    nonsense.close();
    let called = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (called = resolve));
    const slow = new ZeroRPCServer('localhost', 0, {
      wait: () => {
        called();
        return new Promise(() => undefined);
      },
    });
    await slow.start();
    const waiting = client.call('localhost', slow.rpcPort, 'wait', []);
    await arrived;
    await slow.shutdown();
    await expect(waiting).rejects.toThrow(/wait at localhost:\d+ was not answered/);
  });
});

describe('a client whose server takes its time', () => {
  it('asks for a sign of life, and waits for as long as there is one', async () => {
    const slow = createServer((socket) => {
      const parser = new FrameParser();
      let call: unknown;
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        for (const { header } of parser.push(chunk)) {
          if (call !== undefined) {
            socket.write(frameBytes({ t: 'answer', id: header['id'], isException: true, value: {} }));
            socket.write(frameBytes({ t: 'answer', id: call, value: 'at last' }));
          }
          call = header['id'];
        }
      });
    });
    await new Promise<void>((resolve) => slow.listen(0, 'localhost', resolve));
    const patient = new RPCClient(100);
    await patient.start();
    expect(await patient.call('localhost', (slow.address() as { port: number }).port, 'x', [])).toBe(
      'at last',
    );
    await patient.shutdown();
    slow.close();
  });

  it('gives up one that shows none', async () => {
    const silent = await badServer(() => undefined);
    const impatient = new RPCClient(100);
    await impatient.start();
    await expect(impatient.call('127.0.0.1', silent.port, 'x', [])).rejects.toThrow(
      `x at 127.0.0.1:${silent.port} was not answered: the server gave no sign of life for 0.1 s`,
    );
    await impatient.shutdown();
    await silent.stop();
  });
});

describe('a server', () => {
  it('of a class of its own serves its methods, but not its starting and stopping', async () => {
    class Calculator extends ZeroRPCServer {
      add(a: number, b: number): number {
        return a + b;
      }
    }
    const calculator = new Calculator('localhost', 0);
    expect(calculator.rpcRunning).toBe(false);
    await calculator.start();
    expect(calculator.rpcRunning).toBe(true);
    const { rpcPort } = calculator;
    expect(await client.call('localhost', rpcPort, 'add', [2, 3])).toBe(5);
    await expect(client.call('localhost', rpcPort, 'shutdown', [])).rejects.toThrow(/has no method shutdown/);
    const second = new ZeroRPCServer('localhost', rpcPort);
    await expect(second.start()).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    await calculator.shutdown();
    expect(() => new ZeroRPCServer('localhost', 70_000)).toThrow(/from 0 to 65535, but is 70000/);
  });
});
