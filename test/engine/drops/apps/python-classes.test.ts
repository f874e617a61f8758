/** Drop classes of the user's in Python, in sessions of a Host as a user runs them. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PYTHON_POOL, type DataDROP } from '../../../../engine/drops/index.ts';
import { pythonClassFinder, PythonAppDROP, PythonDataDROP } from '../../../../engine/drops/index.ts';
import { DROP_STATE_NAMES, SESSION_STATE_NAMES } from '../../../../engine/protocol/index.ts';
import type { Session } from '../../../../engine/session/index.ts';
import { app, bytesOf, data, testHost, type TestHost } from '../../../support/host.ts';
import { whyNoPython } from '../pyrepr/python-oracle.ts';

const MODULE = `
import os
import threading
import time

from dlg.apps.app_base import AppDROP, BarrierAppDROP
from dlg.apps.branch import BranchAppDrop
from dlg.data.drops.data_base import DataDROP
from dlg.data.drops.file import FileDROP
from dlg.data.io import DataIO, FileIO, OpenMode
from dlg.ddap_protocol import AppDROPStates, DROPStates
from dlg.droputils import allDropContents
from dlg.meta import dlg_int_param


class ListIO(DataIO):
    """Keeps pieces in a list of the drop."""

    def __init__(self, pieces):
        super().__init__()
        self._pieces = pieces

    def _open(self, **kwargs):
        if self._mode == OpenMode.OPEN_READ:
            self._all, self._at = b"".join(self._pieces), 0

    def _read(self, count, **kwargs):
        self._at += count
        return self._all[self._at - count : self._at]

    def _write(self, data, **kwargs):
        self._pieces.append(bytes(data))
        return len(data)

    def _close(self, **kwargs):
        pass

    def _size(self, **kwargs):
        return sum(map(len, self._pieces))

    def exists(self):
        return True

    def delete(self):
        self._pieces.clear()


class ListDROP(DataDROP):
    """Memory of the user's own making."""

    limit = dlg_int_param("most bytes", 1 << 30)

    def initialize(self, **kwargs):
        self.pieces = []
        if self.limit < 0:
            raise ValueError("limit must not be negative")
        print("made in", os.getpid())

    def getIO(self):
        return ListIO(self.pieces)

    @property
    def dataURL(self):
        return "list://%s/%d" % (self.uid, len(self.pieces))

    def generate_reproduce_data(self):
        return {"pieces": len(self.pieces)}


class StoneDROP(FileDROP):
    """A file with a mark at its end."""

    def setCompleted(self):
        with open(self.path, "ab") as file:
            file.write(b"(done)")
        super().setCompleted()


class ShoutDROP(FileDROP):
    """Stores in capitals, and reads with a mark in front of each piece."""

    def write(self, data, **kwargs):
        return super().write(bytes(data).upper() + b"!", **kwargs)

    def read(self, descriptor, count=65536, **kwargs):
        data = super().read(descriptor, count, **kwargs)
        return b"> " + data if data else data


class FullIO(ListIO):
    def _write(self, data, **kwargs):
        raise OSError(28, "the shelf is full")


class FullDROP(ListDROP):
    def getIO(self):
        return FullIO(self.pieces)


class ExitIO(ListIO):
    def _write(self, data, **kwargs):
        os._exit(3)


class ExitDROP(ListDROP):
    def getIO(self):
        return ExitIO(self.pieces)


class NotADrop:
    pass


class Longer(BranchAppDrop):
    limit = dlg_int_param("longest on the second output", 0)

    def condition(self):
        assert self.execStatus == AppDROPStates.RUNNING
        reading = self.inputs[0].getIO()
        reading.open(OpenMode.OPEN_READ)
        return len(reading.buffer()) > self.limit


class Count(AppDROP):
    """Counts bytes while they come, writes the number when they end."""

    def initialize(self, **kwargs):
        super().initialize(**kwargs)
        self.count, self.thread = 0, threading.current_thread()

    def dataWritten(self, uid, data):
        assert uid == self.streamingInputs[0].uid
        self.execStatus = AppDROPStates.RUNNING
        self.count += len(data)

    def dropCompleted(self, uid, drop_state):
        print("ended with", drop_state)
        for output in self.outputs:
            output.write(str(self.count))
        self.execStatus = AppDROPStates.FINISHED
        self._notifyAppIsFinished()

    def generate_recompute_data(self):
        return {"count": self.count}


class Late(AppDROP):
    """Is finished by a thread of its own, after its inputs."""

    def dropCompleted(self, uid, drop_state):
        self.execStatus = AppDROPStates.RUNNING
        threading.Thread(target=self.finish).start()

    def finish(self):
        self.outputs[0].write(b"late but there")
        self.execStatus = AppDROPStates.FINISHED
        self.notifyAppisFinished()


class Silent(AppDROP):
    """Has no notion of being finished."""

    def dataWritten(self, uid, data):
        self.outputs[0].write(data)


class Sour(AppDROP):
    def dataWritten(self, uid, data):
        raise ValueError("tastes bad")


class Stuck(AppDROP):
    def dataWritten(self, uid, data):
        print("stuck now")
        while True:
            time.sleep(60)


class Rows(BarrierAppDROP):
    def run(self):
        for number in range(3):
            self.outputs[0].write(b"row %d;" % number)

    def generate_recompute_data(self):
        return {"rows": 3, "odd": {1, 2}.__class__.__name__}
`;

const CLASS = (name: string) => `weir_test_kept.${name}`;
const LIST = CLASS('ListDROP');

let host: TestHost;
beforeAll(async () => {
  host = await testHost();
  await mkdir(path.join(host.dataDir, 'code'), { recursive: true });
  await writeFile(path.join(host.dataDir, 'code', 'weir_test_kept.py'), MODULE);
});
afterAll(() => host.remove());

let sessions = 0;
async function started(graph: unknown): Promise<Session> {
  const session = await host.manager.createSession(`kept-${sessions++}`);
  await session.addGraphSpec(bytesOf(graph));
  await session.deploy('roots');
  return session;
}

async function run(graph: unknown): Promise<Session> {
  const session = await started(graph);
  await session.over;
  return session;
}

const state = (session: Session, uid: string) => DROP_STATE_NAMES[session.drop(uid).status];
const dataOf = (session: Session, uid: string) => session.drop(uid) as DataDROP;
const text = async (session: Session, uid: string) =>
  Buffer.from(await dataOf(session, uid).contents()).toString('utf8');
const errorsOf = async (session: Session): Promise<string> => {
  const row = await host.store.session(session.sessionId);
  const found = await host.store.errors(row!.key, 50);
  return JSON.stringify(found);
};

const endProcesses = async (session: Session): Promise<void> => {
  const { context } = session.drop('hello');
  await context.service(PYTHON_POOL).keepers.closeGroup(session.sessionId);
};

const hello = (outputs: readonly string[], greet = 'Ada') =>
  app('hello', 'dlg.apps.simple.HelloWorldApp', { greet, outputs });
const copy = (oid: string, inputs: readonly string[], outputs: readonly string[]) =>
  app(oid, 'dlg.apps.simple.CopyApp', { inputs, outputs });
const kept = (oid: string, cls: string, more: object = {}) => data(oid, { dropclass: CLASS(cls), ...more });

describe.skipIf(whyNoPython)(`a data drop class of the user (${whyNoPython ?? 'with Python'})`, () => {
  it('stores what applications write, and gives it to those that read', async () => {
    const session = await run([
      hello(['own']),
      kept('own', 'ListDROP'),
      copy('again', ['own'], ['b']),
      data('b'),
    ]);
    expect(SESSION_STATE_NAMES[session.status]).toBe('FINISHED');
    const own = dataOf(session, 'own');
    expect(own).toBeInstanceOf(PythonDataDROP);
    expect(await text(session, 'b')).toBe('Hello Ada');
    expect([own.size, own.dataURL]).toEqual([9, 'list://own/1']);
    expect(own.checksum).toBe(dataOf(session, 'b').checksum);
    expect(await own.computeReproduceData()).toEqual({ pieces: 1 });
    expect(await own.exists()).toBe(true);
  });

  it('is read and written piece by piece, by several at once', async () => {
    const session = await run([
      hello(['own'], 'x'.repeat(300_000)),
      kept('own', 'ListDROP'),
      ...[1, 2, 3].flatMap((n) => [copy(`copy${n}`, ['own'], [`b${n}`]), data(`b${n}`)]),
    ]);
    for (const n of [1, 2, 3]) expect((await text(session, `b${n}`)).length).toBe(300_006);
  });

  it('can be an input that was there before, and can be deleted', async () => {
    const session = await run([kept('own', 'ListDROP'), copy('c', ['own'], ['b']), data('b')]);
    expect([state(session, 'own'), state(session, 'b')]).toEqual(['COMPLETED', 'COMPLETED']);
    expect(dataOf(session, 'own').size).toBe(0);
    await dataOf(session, 'own').delete();
    expect(await dataOf(session, 'own').exists()).toBe(false);
  });

  it('may build on the file drop, finish its file itself and have a path', async () => {
    const session = await run([
      hello(['stone']),
      kept('stone', 'StoneDROP', { filepath: 'kept/stone.txt' }),
      app('cat', 'dlg.apps.bash_shell_app.BashShellApp', {
        command: 'cat {stone} > {b}',
        inputs: ['stone'],
        outputs: ['b'],
      }),
      data('b', { dropclass: 'dlg.data.drops.file.FileDROP', filepath: 'b.txt' }),
    ]);
    expect(await text(session, 'b')).toBe('Hello Ada(done)');
    expect((dataOf(session, 'stone') as PythonDataDROP).path).toBe(
      path.join(session.dir, 'kept', 'stone.txt'),
    );
  });

  it.each([
    ['NoSuchDROP', /has no class 'NoSuchDROP'/],
    ['NotADrop', /no drop class: it has no getIO/],
    ['Count', /one of applications/],
  ])('fails the deployment where the class is no such thing: %s', async (cls, message) => {
    const session = await run([hello(['own']), kept('own', cls)]);
    expect(SESSION_STATE_NAMES[session.status]).toBe('FAILED');
    expect(await errorsOf(session)).toMatch(message);
    expect(state(session, 'hello')).toBe('CANCELLED');
  });

  it('fails the deployment with what its constructor raises', async () => {
    const session = await run([hello(['own']), kept('own', 'ListDROP', { limit: -1 })]);
    expect(await errorsOf(session)).toContain('ValueError: limit must not be negative');
  });

  it('goes to ERROR with what its storage raises, and tells its consumers', async () => {
    const session = await run([
      hello(['own']),
      kept('own', 'FullDROP'),
      copy('c', ['own'], ['b']),
      data('b'),
    ]);
    expect(state(session, 'own')).toBe('ERROR');
    expect(state(session, 'b')).toBe('ERROR');
    expect(await errorsOf(session)).toContain('the shelf is full');
  });

  it('takes nothing with it when its process ends', async () => {
    const session = await run([
      hello(['own', 'other']),
      kept('own', 'ExitDROP'),
      kept('other', 'ListDROP'),
      app('hi', 'dlg.apps.simple.HelloWorldApp', { outputs: ['third'] }),
      kept('third', 'ListDROP'),
    ]);
    expect(state(session, 'own')).toBe('ERROR');
    expect(state(session, 'third')).toBe('COMPLETED');
    expect(await text(session, 'third')).toBe('Hello World');
    expect(await errorsOf(session)).toMatch(/drop own.*exited with status 3/);
  });

  it('says that its data is lost when the process that kept it is gone', async () => {
    const session = await run([hello(['own']), kept('own', 'ListDROP')]);
    await endProcesses(session);
    const reading = dataOf(session, 'own').contents();
    await expect(reading).rejects.toThrow(/data of drop own is lost.*holds 0 bytes in place of 9/);
    await expect(dataOf(session, 'own').contents()).rejects.toThrow(/is lost/);
  });

  it('is written and read by methods of its own where it has any', async () => {
    const session = await run([
      hello(['shout']),
      kept('shout', 'ShoutDROP', { filepath: 'shout.txt' }),
      copy('c', ['shout'], ['b']),
      data('b'),
    ]);
    expect(await readFile(path.join(session.dir, 'shout.txt'), 'utf8')).toBe('HELLO ADA!');
    expect(dataOf(session, 'shout').size).toBe(10);
    expect(await text(session, 'b')).toBe('> HELLO ADA!');
    await endProcesses(session);
    expect(await text(session, 'shout')).toBe('> HELLO ADA!');
  });

  it('reads on where its data is outside of the process', async () => {
    const session = await run([hello(['stone']), kept('stone', 'StoneDROP')]);
    await endProcesses(session);
    expect(await text(session, 'stone')).toBe('Hello Ada(done)');
  });

  it('ends its processes with the session', async () => {
    const session = await run([hello(['own']), kept('own', 'ListDROP')]);
    const { keepers } = dataOf(session, 'own').context.service(PYTHON_POOL);
    expect(keepers.count(session.sessionId)).toBe(1);
    await host.manager.destroySession(session.sessionId);
    expect(keepers.count(session.sessionId)).toBe(0);
  });
});

describe.skipIf(whyNoPython)('an application class of the user that is fed', () => {
  const fed = (cls: string, more: object = {}) =>
    app('fed', CLASS(cls), { streamingInputs: ['s'], outputs: ['o'], ...more });

  it('gets the data while it is written and says when it is finished', async () => {
    const session = await run([
      app('rows', CLASS('Rows'), { outputs: ['s'] }),
      data('s'),
      fed('Count'),
      data('o'),
    ]);
    expect(SESSION_STATE_NAMES[session.status]).toBe('FINISHED');
    expect(await text(session, 'o')).toBe('18');
    expect((session.drop('fed') as PythonAppDROP).generateRecomputeData()).toEqual({ count: 18 });
    expect((session.drop('rows') as PythonAppDROP).generateRecomputeData()).toEqual({ rows: 3, odd: 'set' });
  });

  it('may finish later than its inputs, from a thread of its own', async () => {
    const session = await run([hello(['s']), data('s'), fed('Late'), data('o')]);
    expect(await text(session, 'o')).toBe('late but there');
  });

  it('that never speaks of finishing is over with its inputs', async () => {
    const session = await run([hello(['s']), data('s'), fed('Silent'), data('o')]);
    expect([state(session, 'fed'), await text(session, 'o')]).toEqual(['COMPLETED', 'Hello Ada']);
  });

  it('is told of normal inputs too, and derives from AppDROP alone', async () => {
    const session = await run([
      hello(['s']),
      data('s'),
      app('fed', CLASS('Count'), { inputs: ['s'], outputs: ['o'] }),
      data('o'),
    ]);
    expect(await text(session, 'o')).toBe('0');
  });

  it('goes to ERROR with what it raises; the writer is not harmed', async () => {
    const session = await run([hello(['s']), data('s'), fed('Sour'), data('o')]);
    expect([state(session, 's'), state(session, 'fed'), state(session, 'o')]).toEqual([
      'COMPLETED',
      'ERROR',
      'ERROR',
    ]);
    expect(await errorsOf(session)).toContain('ValueError: tastes bad');
  });

  it('is ended when it is cancelled and does not stop', async () => {
    const session = await started([hello(['s']), data('s'), fed('Stuck'), data('o')]);
    const isStuck = new Promise<void>((resolve) => {
      const { context } = session.drop('fed');
      const log = context.log.bind(context);
      Object.assign(context, {
        log: (...line: Parameters<typeof log>) => {
          log(...line);
          if (line[2].includes('stuck now')) resolve();
        },
      });
    });
    await isStuck;
    await session.cancel();
    expect(state(session, 'fed')).toBe('CANCELLED');
  });

  it('is ended by its timeout, and called by its name then', async () => {
    const timeout = { componentParams: { timeout: { name: 'timeout', value: 0.2 } } };
    const session = await run([hello(['s']), data('s'), fed('Stuck', timeout), data('o')]);
    expect([state(session, 'fed'), state(session, 'o')]).toEqual(['ERROR', 'ERROR']);
    expect(await errorsOf(session)).toContain(
      `${CLASS('Stuck')} fed took longer than its timeout of 0.2 s and was ended.`,
    );
  });

  it('cannot be one that starts when its inputs are complete', async () => {
    const session = await run([hello(['s']), data('s'), fed('Rows'), data('o')]);
    expect(SESSION_STATE_NAMES[session.status]).toBe('FAILED');
    expect(await errorsOf(session)).toMatch(/cannot take streaming inputs/);
  });
});

describe.skipIf(whyNoPython)('a branch of the user', () => {
  it('skips the output its condition does not take', async () => {
    for (const [limit, taken, skipped] of [
      [4, 'a', 'b'],
      [400, 'b', 'a'],
    ] as const) {
      const session = await run([
        hello(['s']),
        data('s'),
        app('longer', CLASS('Longer'), { inputs: ['s'], outputs: ['a', 'b'], limit }),
        ...['a', 'b'].flatMap((from) => [
          data(from),
          copy(`c${from}`, [from], [`o${from}`]),
          data(`o${from}`),
        ]),
      ]);
      expect(SESSION_STATE_NAMES[session.status], await errorsOf(session)).toBe('FINISHED');
      expect([state(session, `o${taken}`), state(session, `o${skipped}`)]).toEqual(['COMPLETED', 'SKIPPED']);
    }
  });
});

describe('drop classes of the user', () => {
  it('are found by the files of the DLG_PATH, whatever they are', () => {
    const find = pythonClassFinder(() => [path.join(host.dataDir, 'code')]);
    expect(find(LIST, false)?.prototype).toBeInstanceOf(PythonDataDROP);
    expect(find(CLASS('Count'), true)?.prototype).toBeInstanceOf(PythonAppDROP);
    for (const dotted of ['elsewhere.X', 'dlg.apps.nothing.X', '../x.Y', 'Shout'])
      expect(find(dotted, true), dotted).toBeUndefined();
  });

  it('fail by name, and alone, where there is no Python', async () => {
    const before = process.env['WEIR_PYTHON'];
    const withPython = host;
    process.env['WEIR_PYTHON'] = '/no/such/python';
    host = await testHost({ dataDir: path.join(withPython.dataDir, 'bare') });
    await cp(path.join(withPython.dataDir, 'code'), path.join(host.dataDir, 'code'), { recursive: true });
    try {
      const session = await run([
        hello(['own', 'b']),
        kept('own', 'ListDROP'),
        data('b'),
        app('hi', 'dlg.apps.simple.HelloWorldApp', { outputs: ['c'] }),
        data('c'),
      ]);
      expect(state(session, 'own')).toBe('ERROR');
      expect(state(session, 'c')).toBe('COMPLETED');
      expect(await errorsOf(session)).toMatch(/needs Python 3\.8 or later/);
    } finally {
      await host.remove();
      host = withPython;
      if (before === undefined) delete process.env['WEIR_PYTHON'];
      else process.env['WEIR_PYTHON'] = before;
    }
  });
});
