import { stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { GraphParser, type PhysicalGraph } from '../../../engine/graph/index.ts';
import { SessionStates, WeirError } from '../../../engine/protocol/index.ts';
import type { SessionUpdate } from '../../../engine/store/index.ts';
import { app, bytesOf, data } from '../../support/host.ts';
import { testNode } from '../../support/node.ts';

const BASH = 'dlg.apps.bash_shell_app.BashShellApp';

/** Pairs of an application that touches nothing and its output. */
const pairs = (prefix: string, count: number, more: object = {}) =>
  Array.from({ length: count }, (_, i) => [
    app(`${prefix}a${i}`, 'dlg.apps.simple.SleepApp', {
      sleep_time: 0,
      outputs: [`${prefix}d${i}`],
      ...more,
    }),
    data(`${prefix}d${i}`),
  ]).flat();

const full = () => new WeirError('STORE_FULL', 'The disk of the history is full.');

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

it('a session that is deployed while its graph is still being read runs that graph', async () => {
  const { manager, store } = await testNode();
  const session = await manager.createSession('s');
  // Read on another thread.
  const adding = session.addGraphSpec(bytesOf(pairs('', 1000, { pad: 'x'.repeat(200) })), { later: true });
  const deploying = session.deploy('roots');
  await Promise.all([adding, deploying]);
  expect(await session.over).toBe(SessionStates.FINISHED);
  expect(session.status).toBe(SessionStates.FINISHED);
  expect(await store.session('s')).toMatchObject({ status: 'FINISHED', byState: { COMPLETED: 2000 } });
});

it('two large lists that are added at once stand one after the other in the history', async () => {
  const parser = new GraphParser();
  onTestFinished(() => parser.close());
  const lists = ['x', 'y'].map((prefix) => bytesOf(pairs(prefix, 10, { pad: 'p'.repeat(500_000) })));
  const sent = Buffer.concat(lists);
  const read = await Promise.all(lists.map((list) => parser.parse(list.slice())));
  const { manager, store } = await testNode(
    // As where the store falls behind: every piece is waited for. And both lists are read at the same time.
    (real) => ({ drained: () => real.flush() }),
    { parse: async (bytes) => read[lists.indexOf(bytes)] as PhysicalGraph },
  );
  const session = await manager.createSession('s');
  await Promise.all(lists.map((list) => session.addGraphSpec(list)));
  const kept = Buffer.concat((await store.graph(session.key)).map(({ bytes }) => bytes));
  expect(kept.equals(sent)).toBe(true);
});

it('a session that is deleted while it is deployed starts nothing afterwards, and is noted as cancelled', async () => {
  const { dir, manager, store } = await testNode();
  const session = await manager.createSession('s');
  const file = path.join(dir, 'started');
  await session.addGraphSpec(
    bytesOf([app('a', BASH, { command: `touch ${file}`, outputs: ['b'] }), data('b')]),
  );
  const isDeploying = Promise.withResolvers<void>();
  manager.subscribe(({ status }) => status === SessionStates.DEPLOYING && isDeploying.resolve());
  const deploying = session.deploy('roots');
  await isDeploying.promise;
  await manager.destroySession('s');
  await deploying;
  expect(await exists(file)).toBe(false);
  expect(await store.session('s')).toMatchObject({ status: 'CANCELLED' });
});

it('a session that is given up while it is deployed starts nothing, does not stand still, and all its drops are cancelled', async () => {
  const { manager, store } = await testNode();
  const session = await manager.createSession('s');
  await session.addGraphSpec(bytesOf(pairs('', 1000)));
  let stoodStill = false;
  manager.subscribe(({ isStalled }) => void (stoodStill ||= isStalled));
  const deploying = session.deploy('roots');
  await session.giveUp();
  await deploying;
  expect(stoodStill).toBe(false);
  expect(await store.session('s')).toMatchObject({ status: 'CANCELLED', byState: { CANCELLED: 2000 } });
});

it('a session that is given up before it is deployed is over, and cannot be deployed', async () => {
  const { manager, store } = await testNode();
  const session = await manager.createSession('s');
  const adding = session.addGraphSpec(bytesOf(pairs('', 1)));
  await session.giveUp();
  await adding;
  await expect(session.deploy('roots')).rejects.toMatchObject({ code: 'SESSION_STATE' });
  expect(await store.session('s')).toMatchObject({ status: 'CANCELLED', drops: 2 });
});

it('a history that refuses all from the first list on is told of once, and nobody is left unheard', async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => void unheard.push(error);
  process.on('unhandledRejection', hear);
  onTestFinished(() => void process.off('unhandledRejection', hear));
  const refuse = async () => Promise.reject(full());
  const { manager } = await testNode(() => ({ updateSession: refuse, appendGraph: refuse }));
  const session = await manager.createSession('s');
  await expect(session.addGraphSpec(bytesOf(pairs('', 1)))).rejects.toMatchObject({ code: 'STORE_FULL' });
  expect(session.parts).toEqual([]);
  await manager.destroySession('s');
  await new Promise((resolve) => setImmediate(resolve));
  expect(unheard).toEqual([]);
});

it('a list that the history loses is heard of by whoever added it, and by nobody else', async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => void unheard.push(error);
  process.on('unhandledRejection', hear);
  onTestFinished(() => void process.off('unhandledRejection', hear));
  const { manager } = await testNode((real) => ({
    appendGraph: async () => Promise.reject(full()),
    // The list is lost before its session is noted.
    updateSession: (key, update) =>
      new Promise<void>((resolve) => setImmediate(resolve)).then(() => real.updateSession(key, update)),
  }));
  const session = await manager.createSession('s');
  await expect(session.addGraphSpec(bytesOf(pairs('', 1)))).rejects.toMatchObject({ code: 'STORE_FULL' });
  await new Promise((resolve) => setImmediate(resolve));
  expect(unheard).toEqual([]);
});

it('nothing runs on when the history refuses to note that the session runs', async () => {
  const { dir, manager, store } = await testNode((real) => ({
    updateSession: (key: number, update: SessionUpdate) =>
      update.status === 'RUNNING'
        ? real.flush().then(() => Promise.reject(full()))
        : real.updateSession(key, update),
  }));
  const session = await manager.createSession('s');
  const file = path.join(dir, 'second');
  const graph = [
    app('a', BASH, { command: 'sleep 600', outputs: ['b'] }),
    data('b', { consumers: ['c'] }),
    app('c', BASH, { command: `touch ${file}`, outputs: ['d'] }),
    data('d'),
  ];
  await session.addGraphSpec(bytesOf(graph));
  await expect(session.deploy('roots')).rejects.toMatchObject({ code: 'STORE_FULL' });
  expect(await session.over).toBe(SessionStates.FAILED);
  expect(await exists(file)).toBe(false);
  expect(await store.session('s')).toMatchObject({ status: 'FAILED', byState: { CANCELLED: 4 } });
});

it('a session whose drops the history refuses is not noted as finished, though they all ran', async () => {
  const ran = Promise.withResolvers<void>();
  const { manager, store } = await testNode((real) => ({
    addDrops: () => ran.promise.then(() => real.flush()).then(() => Promise.reject(full())),
  }));
  manager.subscribe(({ isOver }) => isOver && ran.resolve());
  const session = await manager.createSession('s');
  await session.addGraphSpec(bytesOf(pairs('', 1)));
  await expect(session.deploy('roots')).rejects.toMatchObject({ code: 'STORE_FULL' });
  expect(await session.over).toBe(SessionStates.FAILED);
  expect(await store.session('s')).toMatchObject({ status: 'FAILED' });
});

it('a session whose history takes no more can be deleted all the same', async () => {
  let isFull = false;
  const { manager } = await testNode((real) => ({
    flush: () => (isFull ? Promise.reject(full()) : real.flush()),
  }));
  const session = await manager.createSession('s');
  await session.addGraphSpec(bytesOf(pairs('', 1)));
  await session.deploy('roots');
  await session.recorded();
  isFull = true;
  await expect(manager.destroySession('s')).rejects.toMatchObject({ code: 'STORE_FULL' });
  isFull = false;
  expect(manager.has('s')).toBe(false);
});

it.each(['before it has a graph', 'before it is deployed'])(
  'a session that is deleted %s is noted as cancelled',
  async (when) => {
    const { manager, store } = await testNode();
    const session = await manager.createSession('s');
    if (when === 'before it is deployed') await session.addGraphSpec(bytesOf(pairs('', 1)), { later: true });
    await manager.destroySession('s');
    expect(await store.session('s')).toMatchObject({
      status: 'CANCELLED',
      finishedAt: expect.any(Number) as number,
    });
    expect(await store.heldBy(session.key)).toBe(null);
  },
);

it('a session whose only list was refused has nothing to deploy, and takes a better one', async () => {
  const { manager } = await testNode();
  const session = await manager.createSession('s');
  await expect(session.addGraphSpec(bytesOf([{ oid: 'a' }]))).rejects.toMatchObject({
    code: 'GRAPH_INVALID',
  });
  await expect(session.deploy('roots')).rejects.toMatchObject({ code: 'SESSION_STATE' });
  expect(session.status).toBe(SessionStates.BUILDING);
  await session.addGraphSpec(bytesOf(pairs('', 1)));
  await session.deploy('roots');
  expect(await session.over).toBe(SessionStates.FINISHED);
});

it('drops that are triggered while they are deployed start when they are, and those of no deployment are ignored', async () => {
  const { manager, store } = await testNode();
  const session = await manager.createSession('s');
  await session.triggerDrops(['a0']);
  await session.addGraphSpec(bytesOf(pairs('', 500)));
  await session.triggerDrops(['a0']);
  const deploying = session.deploy([]);
  const all = Array.from({ length: 500 }, (_, i) => `a${i}`);
  await Promise.all([session.triggerDrops(all), deploying]);
  expect(await session.over).toBe(SessionStates.FINISHED);
  expect(await store.session('s')).toMatchObject({ byState: { COMPLETED: 1000 } });
});

it('a list that the history did not take can be given again, and is kept once', async () => {
  let isLocked = true;
  const { manager, store } = await testNode((real) => ({
    appendGraph: async (key, part) => {
      // The first half of it gets through.
      await real.appendGraph(key, isLocked ? { bytes: part.bytes.slice(0, 10) } : part);
      if (isLocked) throw new WeirError('STORE_LOCKED', 'Another process holds the history.');
    },
  }));
  const session = await manager.createSession('s');
  const list = pairs('', 1);
  await expect(session.addGraphSpec(bytesOf(list))).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  expect(session.parts).toEqual([]);
  isLocked = false;
  await session.addGraphSpec(bytesOf(list));
  await session.deploy('roots');
  expect(await session.over).toBe(SessionStates.FINISHED);
  const kept = Buffer.concat((await store.graph(session.key)).map(({ bytes }) => bytes));
  expect(JSON.parse(kept.toString('utf8'))).toEqual(list);
});

it('nothing of a list starts that was to be kept later, and was not', async () => {
  const { dir, manager } = await testNode(() => ({ appendGraph: async () => Promise.reject(full()) }));
  const session = await manager.createSession('s');
  const file = path.join(dir, 'started');
  await session.addGraphSpec(
    bytesOf([app('a', BASH, { command: `touch ${file}`, outputs: ['b'] }), data('b')]),
    { later: true },
  );
  await expect(session.deploy('roots')).rejects.toMatchObject({ code: 'STORE_FULL' });
  expect(await session.over).toBe(SessionStates.FAILED);
  expect(await exists(file)).toBe(false);
});

it('a node that is shut down ends sessions that are being made, and makes no more', async () => {
  const { manager, store } = await testNode();
  const creating = manager.createSession('s');
  await Promise.all([creating, manager.shutdown()]);
  expect(await store.session('s')).toMatchObject({ status: 'CANCELLED' });
  await expect(manager.createSession('t')).rejects.toMatchObject({ code: 'SESSION_STATE' });
});

it('a session that is deleted while it is being cancelled is noted with its drops first', async () => {
  const { manager, store, problems } = await testNode();
  const session = await manager.createSession('s');
  await session.addGraphSpec(
    bytesOf([app('a', BASH, { command: 'sleep 600', outputs: ['b'] }), data('b'), ...pairs('', 500)]),
  );
  await session.deploy(['a']);
  await Promise.all([session.cancel(), manager.destroySession('s')]);
  expect(await store.session('s')).toMatchObject({ status: 'CANCELLED', byState: { CANCELLED: 1002 } });
  expect(problems).toEqual([]);
});

it('a session that is given up takes no more: it stays cancelled', async () => {
  const { manager, store } = await testNode();
  const session = await manager.createSession('s');
  const adding = session.addGraphSpec(bytesOf(pairs('', 1)), { later: true });
  const givingUp = session.giveUp();
  await expect(session.deploy('roots')).rejects.toMatchObject({ code: 'SESSION_STATE' });
  await Promise.all([adding, givingUp]);
  expect(await store.session('s')).toMatchObject({ status: 'CANCELLED' });
});
