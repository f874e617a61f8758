/**
 * What goes wrong outside goes wrong in one drop: its state is ERROR, its message names it and the cause, the session
 * ends, the Host lives. More of the same kind stands with each component.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppDROP, DataDROP } from '../../../../engine/drops/index.ts';
import { AppDROPStates, DROP_STATE_NAMES, SESSION_STATE_NAMES } from '../../../../engine/protocol/index.ts';
import type { Session } from '../../../../engine/session/index.ts';
import { app, bytesOf, data, testHost, type TestHost } from '../../../support/host.ts';
import { whyNoPython } from '../pyrepr/python-oracle.ts';

let host: TestHost;
beforeAll(async () => {
  host = await testHost();
});
afterAll(async () => {
  // Whatever happened before: it still runs graphs.
  const session = await run([app('h', 'dlg.apps.simple.HelloWorldApp', { outputs: ['o'] }), data('o')]);
  expect(SESSION_STATE_NAMES[session.status]).toBe('FINISHED');
  await host.remove();
});

let sessions = 0;
async function started(graph: unknown): Promise<Session> {
  const session = await host.manager.createSession(`bad-${sessions++}`);
  await session.addGraphSpec(bytesOf(graph));
  return session;
}
async function run(graph: unknown): Promise<Session> {
  const session = await started(graph);
  await session.deploy('roots');
  await session.over;
  return session;
}

/** Runs a graph whose drop `f` must fail; its message. */
async function failure(graph: unknown, state = 'ERROR'): Promise<string> {
  const session = await run(graph);
  expect([DROP_STATE_NAMES[session.drop('f').status], SESSION_STATE_NAMES[session.status]]).toEqual([
    state,
    'FAILED',
  ]);
  const row = await host.store.session(session.sessionId);
  const errors = await host.store.errors(row!.key, 10);
  expect(errors[0]?.uid).toBe('f');
  return errors[0]?.message ?? '';
}

const BASH = 'dlg.apps.bash_shell_app.BashShellApp';
const PYFUNC = 'dlg.apps.pyfunc.PyFuncApp';
const FILE = 'dlg.data.drops.file.FileDROP';
const port = (name: string, usage: string, encoding: string, value: unknown = null) => ({
  [name]: { name, value, type: 'Object', usage, encoding },
});
const timeout = (seconds: unknown) => ({
  componentParams: { timeout: { name: 'timeout', value: seconds, type: 'Float', usage: 'NoPort' } },
});
const func = (body: string, more: object = {}) =>
  app('f', PYFUNC, {
    func_name: 'f',
    func_code: `def f(x=None):\n    ${body}`,
    outputs: [{ o: 'r' }],
    ...more,
  });

describe('commands', () => {
  it('that are not there are named', async () => {
    expect(await failure([app('f', BASH, { command: 'no-such-program-of-ours' })])).toMatch(
      /BashShellApp f ended with exit status 127: a program it names was not found/,
    );
  });

  it('that never end are ended by their timeout', async () => {
    const message = await failure([app('f', BASH, { command: 'sleep 600', ...timeout(0.2) })]);
    expect(message).toBe('BashShellApp f took longer than its timeout of 0.2 s and was ended.');
  });

  it('are not limited by an argument of theirs that is called timeout, and refuse one that is no number', async () => {
    const args = { applicationArgs: { timeout: { name: 'timeout', value: 0.001, usage: 'NoPort' } } };
    const session = await run([app('f', BASH, { command: 'sleep 0.05; echo {timeout}', ...args })]);
    expect(SESSION_STATE_NAMES[session.status]).toBe('FINISHED');
    expect(await failure([app('f', BASH, { command: 'true', ...timeout('soon') })])).toMatch(
      /timeout must be a number of seconds, or 0 for none, but is "soon"/,
    );
  });

  it('may print gigabytes of anything while memory stays bounded', async () => {
    const before = process.memoryUsage().rss;
    const session = await run([app('f', BASH, { command: 'head -c 1000000000 /dev/zero' })]);
    expect(SESSION_STATE_NAMES[session.status]).toBe('FINISHED');
    expect(session.drop('f')).toMatchObject({ facts: { stdoutBytes: 1_000_000_000 } });
    expect(process.memoryUsage().rss - before).toBeLessThan(300 << 20);
  });

  it('with inputs whose file has vanished fail, naming the file', async () => {
    const session = await started([
      data('i', { dropclass: FILE, filepath: 'input.txt' }),
      app('gone', BASH, { command: 'rm {i}; true', inputs: ['i'], outputs: ['s'] }),
      data('s'),
      app('f', 'dlg.apps.simple.CopyApp', { inputs: ['s', 'i'], outputs: ['o'] }),
      data('o'),
    ]);
    await session.deploy('roots');
    await session.over;
    rmSync(path.join(session.dir, 'input.txt'), { force: true });
    const row = await host.store.session(session.sessionId);
    const errors = await host.store.errors(row!.key, 10);
    expect(errors.map(({ message }) => message).join()).toMatch(/drop i could not be opened: .*input\.txt/);
    expect(DROP_STATE_NAMES[session.drop('o').status]).toBe('ERROR');
  });

  it('with an output that is larger than memory go through it piece by piece', async () => {
    const before = process.memoryUsage().rss;
    const session = await run([
      app('w', BASH, { command: 'head -c 600000000 /dev/zero > {big}', outputs: ['big'] }),
      data('big', { dropclass: FILE, filepath: 'big.bin' }),
      app('crc', 'dlg.apps.crc.CRCApp', { inputs: ['big'], outputs: ['o'] }),
      data('o'),
    ]);
    expect(SESSION_STATE_NAMES[session.status]).toBe('FINISHED');
    expect((session.drop('big') as DataDROP).size).toBe(600_000_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 << 20);
    rmSync(path.join(session.dir, 'big.bin'));
  }, 60_000);
});

describe('servers', () => {
  const sockets = new Set<Socket>();
  let server: Server;
  let address = '';
  beforeAll(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.once('data', (request) => {
        if (request.includes('/reset')) socket.resetAndDestroy();
        else if (request.includes('/half')) {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it');
          socket.destroySoon();
        } else socket.end('this is no HTTP\r\n\r\n');
      });
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it.each(['/reset', '/half', '/nonsense'])('that answer like %s fail their drop by name', async (way) => {
    const message = await failure([
      app('f', 'dlg.apps.simple.UrlRetrieveApp', { url: address + way, outputs: ['o'] }),
      data('o'),
    ]);
    expect(message).toContain(`UrlRetrieveApp f could not read ${address}${way}:`);
  });
});

describe.skipIf(whyNoPython)(`functions (${whyNoPython ?? 'with Python'})`, () => {
  it('that do not exist fail the session before anything runs', async () => {
    const message = await failure([
      app('f', PYFUNC, { func_name: 'os.no_such_thing', outputs: ['o'] }),
      data('o'),
    ]);
    expect(message).toMatch(/drop "f": Error when loading 'os.no_such_thing'/);
  });

  it('with an encoding that does not exist name it, the port and what there is', async () => {
    const more = { applicationArgs: port('x', 'InputPort', 'morse'), inputs: [{ i: 'x' }] };
    const message = await failure([data('i'), func('return 1', more), data('o')]);
    expect(message).toMatch(/Port "x" of f has the encoding "morse", which does not exist; use one of dill,/);
  });

  it('with a result of the wrong kind for their output name both', async () => {
    const more = { componentParams: port('r', 'OutputPort', 'npy') };
    const message = await failure([func('return {"a": print}', more), data('o')]);
    expect(message).toMatch(/drop "f": the result.*npy/);
  });

  it('without a value for a parameter say which', async () => {
    const code = 'def f(a, b):\n    return a + b';
    const message = await failure([
      app('f', PYFUNC, {
        func_name: 'f',
        func_code: code,
        applicationArgs: port('a', 'NoPort', 'dill', 1),
        outputs: ['o'],
      }),
      data('o'),
    ]);
    expect(message).toMatch(/TypeError: unsupported operand type/);
  });

  it('that never end are ended by their timeout, and the next one runs', async () => {
    const message = await failure([func('\n    while True: pass', timeout(0.3)), data('o')]);
    expect(message).toMatch(
      /The running of f for drop "f" took longer than the 0\.3 s it was given and was ended/,
    );
    expect(SESSION_STATE_NAMES[(await run([func('return 1'), data('o')])).status]).toBe('FINISHED');
  });

  it('that print bytes and kill their process fail alone', async () => {
    const body = 'import os; os.write(1, bytes(range(256))); os.kill(os.getpid(), 9)';
    const message = await failure([func(body), data('o')]);
    expect(message).toMatch(/The Python process running f for drop "f" ended: it was ended by SIGKILL/);
  });
});

describe('branches', () => {
  it('without the ports they need say which', async () => {
    const message = await failure([
      app('f', 'dlg.apps.simple.Branch', {
        func_name: 'f',
        func_code: 'def f(x):\n    return True',
        outputs: ['o'],
      }),
      data('o'),
    ]);
    expect(message).toMatch(/f is a branch and needs an output on a port named "true"/);
  });
});

describe('numbers and names that make no sense', () => {
  it.each([
    [
      'dlg.apps.branch.BranchAppDrop',
      { outputs: ['o', 'p'] },
      /BranchAppDrop f is a branch without a condition/,
    ],
  ])('of a %s are refused', async (kind, args, message) => {
    expect(await failure([app('f', kind, args), data('o'), data('p')])).toMatch(message);
  });

  it.each([
    [
      'Waits for {nobody}.txt',
      /FileDROP f: the path "Waits for \{nobody\}\.txt" has the placeholder \{nobody\}/,
    ],
    ['$NOT_SET_ANYWHERE/f', /FileDROP f: the path .* has the environment variable \$NOT_SET_ANYWHERE/],
  ])('of the file %s are refused before anything runs', async (filepath, message) => {
    expect(await failure([{ oid: 'f', categoryType: 'Data', dropclass: FILE, filepath }])).toMatch(message);
  });

  it.each([
    [PYFUNC, { func_name: 'f', func_code: 'def f(x=None): pass' }],
    ['weir.apps.JsFuncApp', { func_code: 'export default () => 1' }],
  ])('of the defaults of a %s are refused', async (kind, args) => {
    expect(
      await failure([app('f', kind, { ...args, func_defaults: 'abc', outputs: ['o'] }), data('o')]),
    ).toMatch(/f: parameter func_defaults must be a map, but its text cannot be read as one .*: abc/);
  });

  it('of an expected size are refused', async () => {
    expect(await failure([data('f', { expectedSize: 'big' })])).toMatch(
      /Drop f: expectedSize must be a number of bytes, but is "big"/,
    );
  });
});

describe('links that make no sense', () => {
  const copy = (more: object) => app('f', 'dlg.apps.simple.CopyApp', more);

  it.each([
    [
      'a stream to an application that waits for its inputs',
      [data('a', { streamingConsumers: ['f'] }), copy({ outputs: ['o'] }), data('o')],
      /f \(CopyApp\) starts when its inputs are complete and cannot take the streaming input a/,
    ],
    [
      'a stream to one that needs no object',
      [data('a', { streamingConsumers: ['f'] }), app('f', 'dlg.apps.simple.NullBarrierApp')],
      /f \(NullBarrierApp\) starts when its inputs are complete/,
    ],
    [
      'a drop that is a stream and an input',
      [data('a', { streamingConsumers: ['f'], consumers: ['f'] }), app('f', 'dlg.apps.crc.CRCStreamApp')],
      /f is both a normal and a streaming consumer of a/,
    ],
    [
      'an input of a socket',
      [data('a'), { oid: 'f', categoryType: 'socket', port: 0, inputs: ['a'] }],
      /SocketListenerApp f gets its data from the network and takes no inputs, but a was linked to it/,
    ],
  ])('%s is refused before anything runs', async (_what, graph, message) => {
    expect(await failure(graph)).toMatch(message);
  });
});

describe('a session that an end drop ends', () => {
  it('stops what still runs and leaves nothing between', async () => {
    const session = await run([
      app('n', 'dlg.apps.simple.NullBarrierApp', { outputs: ['end'] }),
      data('end', { dropclass: 'dlg.data.drops.data_base.EndDROP' }),
      app('s', BASH, { command: 'sleep 1000', outputs: ['o'] }),
      data('o'),
    ]);
    const states = ['n', 'end', 's', 'o'].map((uid) => DROP_STATE_NAMES[session.drop(uid).status]);
    expect(states).toEqual(['COMPLETED', 'COMPLETED', 'SKIPPED', 'SKIPPED']);
    expect((session.drop('s') as AppDROP).execStatus).toBe(AppDROPStates.SKIPPED);
    expect((session.drop('s') as AppDROP).signal.aborted).toBe(true);
    expect(SESSION_STATE_NAMES[session.status]).toBe('FINISHED');
  });
});
