import { existsSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DataDROP } from '../../../../engine/drops/index.ts';
import {
  ContainerDROP,
  DataLifecycleManager,
  DirectoryContainer,
  DirectoryStore,
  DROPWaiterCtx,
  FileDROP,
  FileSystemStore,
  HierarchicalStorageManager,
  InMemoryDROP,
  MemoryStore,
  NgasStore,
  RDBMSDrop,
  type LifecycleOptions,
} from '../../../../engine/drops/index.ts';
import type { Timers } from '../../../../engine/drops/lifecycle/due-list.ts';
import { AppDROPStates, DROPPhases, DROPStates } from '../../../../engine/protocol/index.ts';
import {
  contextIn,
  placedIn,
  temporaryDirectory,
  TestApp,
  TestReceiver,
  type TestContext,
} from '../support/drops.ts';
import { NgasServer } from '../support/ngas-server.ts';

/** Time that stands until it is told to go on. */
class FakeTime implements Timers {
  nowMs = 1_000_000;
  readonly #timers = new Map<number, { readonly run: () => void; readonly atMs: number }>();
  #last = 0;
  set(run: () => void, delayMs: number): number {
    this.#timers.set(++this.#last, { run, atMs: this.nowMs + delayMs });
    return this.#last;
  }
  clear(handle: unknown): void {
    this.#timers.delete(handle as number);
  }
  get waiting(): number {
    return this.#timers.size;
  }
  goOn(ms: number): void {
    this.nowMs += ms;
    for (const [handle, { run, atMs }] of [...this.#timers])
      if (atMs <= this.nowMs && this.#timers.delete(handle)) run();
  }
}

let temporary: ReturnType<typeof temporaryDirectory>;
let context: TestContext;
let time: FakeTime;
let manager: DataLifecycleManager;
let problems: unknown[];
let n = 0;

beforeAll(() => {
  temporary = temporaryDirectory();
});
afterAll(() => temporary.remove());
beforeEach(() => {
  time = new FakeTime();
  context = contextIn(path.join(temporary.dir, String(++n)), { now: () => time.nowMs });
  problems = [];
  start();
});
afterEach(() => manager.close());

function start(options: LifecycleOptions = {}): void {
  manager = new DataLifecycleManager({
    now: () => time.nowMs,
    timers: time,
    watchFiles: false,
    onProblem: (_drop, error) => problems.push(error),
    ...options,
  });
}

function memory(uid: string, kwargs = {}): InMemoryDROP {
  const drop = new InMemoryDROP(uid, uid, placedIn(context, { pydata: 'content', ...kwargs }));
  manager.addDrop(drop);
  return drop;
}

function file(uid: string, kwargs = {}): FileDROP {
  const drop = new FileDROP(uid, uid, placedIn(context, kwargs));
  manager.addDrop(drop);
  return drop;
}

/** An application that ends when the test says so, as a consumer of these drops. */
function consumerOf(...drops: DataDROP[]) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const app = new TestApp(`app-${++n}`, () => promise);
  for (const drop of drops) drop.addConsumer(app);
  return { app, finish: resolve, fail: reject };
}

const finished = (app: TestApp) => new DROPWaiterCtx(app);

describe('a drop that expires after use', () => {
  it('is deleted once its last consumer is over, whether that went well or not', async () => {
    const drop = file('f', { expireAfterUse: true, persist: false });
    const good = consumerOf(drop);
    const bad = consumerOf(drop);
    await drop.write('x');
    await drop.setCompleted();
    await finished(good.app).run(() => good.finish());
    await manager.idle();
    expect(drop.status).toBe(DROPStates.COMPLETED);
    await finished(bad.app).run(() => bad.fail(new Error('bad')));
    await manager.idle();
    expect(drop.status).toBe(DROPStates.DELETED);
    expect(existsSync(drop.path)).toBe(false);
  });

  it.each([
    ['skipped', (app: TestApp) => app.skip()],
    ['cancelled', (app: TestApp) => app.cancel()],
  ] as const)('counts a consumer that was %s as over', async (_how, end) => {
    const drop = memory('m', { expireAfterUse: true });
    const { app } = consumerOf(drop);
    await end(app);
    await drop.setCompleted();
    await manager.idle();
    expect(drop.status).toBe(DROPStates.DELETED);
  });

  it('waits for streaming consumers too', async () => {
    const drop = memory('m', { expireAfterUse: true });
    const receiver = new TestReceiver('r', 'r');
    drop.addStreamingConsumer(receiver);
    await drop.setCompleted();
    expect(drop.status).toBe(DROPStates.COMPLETED);
    await receiver.cancel();
    await manager.idle();
    expect(drop.status).toBe(DROPStates.DELETED);
  });

  it('stays while somebody reads it', async () => {
    const drop = memory('m', { expireAfterUse: true });
    const { app, finish } = consumerOf(drop);
    await drop.setCompleted();
    const one = await drop.open();
    const two = await drop.open();
    await finished(app).run(() => finish());
    expect(drop.status).toBe(DROPStates.COMPLETED);
    await drop.close(one);
    expect(drop.status).toBe(DROPStates.COMPLETED);
    expect(Buffer.from((await drop.read(two)) ?? []).toString()).toBe('content');
    await drop.close(two);
    await manager.idle();
    expect(drop.status).toBe(DROPStates.DELETED);
  });

  it('without consumers is a result and stays', async () => {
    const drop = memory('leaf', { expireAfterUse: true });
    await drop.setCompleted();
    await manager.idle();
    expect(drop.status).toBe(DROPStates.COMPLETED);
  });

  it('persists when the graph says so', async () => {
    const drop = memory('m', { persist: true, expireAfterUse: true });
    const { app, finish } = consumerOf(drop);
    await drop.setCompleted();
    await finished(app).run(() => finish());
    await manager.idle();
    expect(drop.status).toBe(DROPStates.COMPLETED);
  });

  it('only expires where deletion is off, and is deleted when asked for', async () => {
    start({ deleteExpired: false });
    const drop = memory('m', { expireAfterUse: true });
    const { app, finish } = consumerOf(drop);
    await drop.setCompleted();
    await finished(app).run(() => finish());
    await manager.idle();
    expect(drop.status).toBe(DROPStates.EXPIRED);
    expect(await drop.exists()).toBe(true);
    await manager.deleteExpiredDrops();
    expect(drop.status).toBe(DROPStates.DELETED);
  });

  it('that is a table leaves the database alone, and others expire beside it', async () => {
    const kwargs = {
      dbmodule: 'sqlite3',
      dbtable: 't',
      dbparams: { database: 'x.db' },
      expireAfterUse: true,
    };
    const table = new RDBMSDrop('t', 't', placedIn(context, kwargs));
    manager.addDrop(table);
    const beside = memory('m', { expireAfterUse: true });
    const { app, finish } = consumerOf(table, beside);
    for (const drop of [table, beside]) await drop.setCompleted();
    await manager.deleteLostDrops();
    await finished(app).run(() => finish());
    await manager.idle();
    expect([table.status, beside.status]).toEqual([DROPStates.DELETED, DROPStates.DELETED]);
    expect(problems).toEqual([]);
  });

  it('that cannot be deleted stays EXPIRED, and the problem is told', async () => {
    const drop = file('f', { expireAfterUse: true, persist: false, filepath: 'f' });
    const { app, finish } = consumerOf(drop);
    await drop.setCompleted();
    unlinkSync(drop.path);
    mkdirSync(drop.path);
    await finished(app).run(() => finish());
    await manager.idle();
    expect(drop.status).toBe(DROPStates.EXPIRED);
    expect(problems).toHaveLength(1);
  });
});

describe('a container that expires after use', () => {
  function container(...children: FileDROP[]): ContainerDROP {
    const drop = new ContainerDROP('c', 'c', placedIn(context, { expireAfterUse: true }));
    for (const child of children) drop.addChild(child);
    manager.addDrop(drop);
    return drop;
  }

  it('takes what lies in it along, which says so', async () => {
    const [one, two] = [file('1'), file('2')];
    const drop = container(one, two);
    const { app, finish } = consumerOf(drop);
    for (const each of [one, two, drop]) await each.setCompleted();
    await finished(app).run(() => finish());
    await manager.idle();
    expect([drop, one, two].map(({ status }) => status)).toEqual([
      DROPStates.DELETED,
      DROPStates.DELETED,
      DROPStates.DELETED,
    ]);
    expect(existsSync(one.path)).toBe(false);
  });

  it('takes its files along where it is a directory, too', async () => {
    const kwargs = { dirname: 'dir', create_if_missing: true, expireAfterUse: true };
    const drop = new DirectoryContainer('d', 'd', placedIn(context, kwargs));
    const one = file('1', { filepath: 'dir/1' });
    drop.addChild(one);
    manager.addDrop(drop);
    const { app, finish } = consumerOf(drop);
    for (const each of [one, drop]) await each.setCompleted();
    const descriptor = await one.open();
    await finished(app).run(() => finish());
    await manager.idle();
    expect(drop.status).toBe(DROPStates.COMPLETED);
    await one.close(descriptor);
    await manager.idle();
    expect([drop.status, one.status]).toEqual([DROPStates.DELETED, DROPStates.DELETED]);
    await expect(one.open()).rejects.toThrow(/1 can be read .* DELETED: its data went with d, /);
  });

  it('stays while what lies in it is used or read', async () => {
    const one = file('1');
    const drop = container(one);
    const whole = consumerOf(drop);
    const part = consumerOf(one);
    for (const each of [one, drop]) await each.setCompleted();
    const descriptor = await one.open();
    await finished(whole.app).run(() => whole.finish());
    expect(drop.status).toBe(DROPStates.COMPLETED);
    await finished(part.app).run(() => part.finish());
    expect(drop.status).toBe(DROPStates.COMPLETED);
    await one.close(descriptor);
    await manager.idle();
    expect([drop.status, one.status]).toEqual([DROPStates.DELETED, DROPStates.DELETED]);
  });

  it('keeps a child that has been used until it was used itself', async () => {
    const one = file('1', { expireAfterUse: true, persist: false });
    const drop = container(one);
    const part = consumerOf(one);
    const whole = consumerOf(drop);
    await one.setCompleted();
    await finished(part.app).run(() => part.finish());
    await manager.idle();
    expect(one.status).toBe(DROPStates.COMPLETED);
    await drop.setCompleted();
    await finished(whole.app).run(() => whole.finish());
    await manager.idle();
    expect([drop.status, one.status]).toEqual([DROPStates.DELETED, DROPStates.DELETED]);
  });
});

describe('a memory drop whose graph says nothing', () => {
  const use = async (drop: InMemoryDROP) => {
    const { app, finish } = consumerOf(drop);
    await drop.setCompleted();
    await finished(app).run(() => finish());
    await manager.idle();
  };

  it('stays by default', async () => {
    const drop = memory('m');
    await use(drop);
    expect(drop.status).toBe(DROPStates.COMPLETED);
  });

  it('expires where the session wants upstream’s habit', async () => {
    start({ expireDefaults: true });
    const drop = memory('m');
    const leaf = memory('leaf');
    await use(drop);
    await leaf.setCompleted();
    expect(drop.status).toBe(DROPStates.DELETED);
    expect(leaf.status).toBe(DROPStates.COMPLETED);
  });

  it('makes room when memory is over its budget, the oldest first', async () => {
    start({ budgetBytes: 25 });
    const drops = ['1', '2', '3'].map((uid) => memory(uid, { pydata: 'ten bytes!' }));
    const leaf = memory('leaf', { pydata: '5byte' });
    for (const drop of drops.slice(0, 2)) await use(drop);
    await leaf.setCompleted();
    expect(manager.memoryBytes).toBe(25);
    await use(drops[2] as InMemoryDROP);
    expect(drops.map(({ status }) => status)).toEqual([
      DROPStates.DELETED,
      DROPStates.COMPLETED,
      DROPStates.COMPLETED,
    ]);
    expect(leaf.status).toBe(DROPStates.COMPLETED);
    expect(manager.memoryBytes).toBe(25);
  });

  it('stays over budget while it is not used', async () => {
    start({ budgetBytes: 1 });
    const drop = memory('m');
    consumerOf(drop);
    const leaf = memory('leaf');
    await drop.setCompleted();
    await leaf.setCompleted();
    await manager.idle();
    expect([drop.status, leaf.status]).toEqual([DROPStates.COMPLETED, DROPStates.COMPLETED]);
  });
});

describe('a lifespan', () => {
  it('ends when it is over, also of a drop that persists, and of no other', async () => {
    const short = file('short', { lifespan: 0.3 });
    const long = file('long', { lifespan: 60 });
    const other = file('other');
    for (const drop of [short, long, other]) await drop.setCompleted();
    time.goOn(299);
    expect(short.status).toBe(DROPStates.COMPLETED);
    time.goOn(1);
    await manager.idle();
    expect(short.status).toBe(DROPStates.DELETED);
    expect(existsSync(short.path)).toBe(false);
    time.goOn(60_000);
    await manager.idle();
    expect([long.status, other.status]).toEqual([DROPStates.DELETED, DROPStates.COMPLETED]);
  });

  it('counts from the making of the drop and ends at its completion at the earliest', async () => {
    const drop = memory('m', { lifespan: 1 });
    time.goOn(5000);
    expect(drop.status).toBe(DROPStates.INITIALIZED);
    await drop.setCompleted();
    expect(drop.status).toBe(DROPStates.COMPLETED);
    time.goOn(0);
    await manager.idle();
    expect(drop.status).toBe(DROPStates.DELETED);
  });

  it('of a container is the longest of its children', async () => {
    const container = new ContainerDROP('c', 'c', placedIn(context));
    const one = new InMemoryDROP('1', '1', placedIn(context, { lifespan: 1 }));
    const two = new InMemoryDROP('2', '2', placedIn(context, { lifespan: 2 }));
    for (const child of [one, two]) {
      container.addChild(child);
      await child.setCompleted();
    }
    manager.addDrop(container);
    await container.setCompleted();
    time.goOn(1000);
    expect(container.status).toBe(DROPStates.COMPLETED);
    time.goOn(1000);
    await manager.idle();
    expect(container.status).toBe(DROPStates.DELETED);
    expect(await two.exists()).toBe(false);
  });

  it('of a container does not end while something in it has none, unless it has one itself', async () => {
    const container = (uid: string, kwargs = {}) => {
      const drop = new ContainerDROP(uid, uid, placedIn(context, kwargs));
      drop.addChild(memory(`${uid}-short`, { lifespan: 1 }));
      drop.addChild(memory(`${uid}-kept`));
      manager.addDrop(drop);
      return drop;
    };
    const drops = [container('silent'), container('limited', { lifespan: 2 })];
    for (const drop of drops) {
      for (const child of drop.children) await child.setCompleted();
      await drop.setCompleted();
    }
    time.goOn(1000);
    time.goOn(1000);
    await manager.idle();
    const statuses = drops.map(({ status, children }) => [status, ...children.map((child) => child.status)]);
    const { COMPLETED, DELETED } = DROPStates;
    expect(statuses).toEqual([
      [COMPLETED, DELETED, COMPLETED],
      [DELETED, DELETED, DELETED],
    ]);
  });

  it.each([
    [0, 0],
    ['0.5', 500],
    [-2, -2000],
    [1e-9, 1e-6],
    [false, 0],
    ['inf', Infinity],
    [Infinity, Infinity],
  ])('of %j is counted as Python does', (lifespan, ms) => {
    expect(memory('m', { lifespan }).expirationDate).toBeCloseTo(time.nowMs + ms, 5);
  });

  it.each([[-1], ['-1'], [''], [' '], [null], [undefined]])('of %j is none', (lifespan) => {
    const drop = memory('m', { lifespan });
    expect([drop.expirationDate, drop.expireAfterUse]).toEqual([-1, true]);
  });

  it.each([['abc'], ['nan'], [[]], [[5]], [{}]])('of %j is refused', (lifespan) => {
    expect(() => memory('m', { lifespan })).toThrow(/m: lifespan must be a number of seconds/);
  });

  it('without an end needs no timer', async () => {
    await memory('m', { lifespan: 'inf' }).setCompleted();
    expect(time.waiting).toBe(0);
  });

  it('that is over is what a reader is told, and so is use', async () => {
    const short = memory('short', { lifespan: 1 });
    const used = memory('used', { expireAfterUse: true });
    const { app, finish } = consumerOf(used);
    for (const drop of [short, used]) await drop.setCompleted();
    await finished(app).run(() => finish());
    time.goOn(1000);
    await manager.idle();
    await expect(short.open()).rejects.toThrow(/short can be read .* DELETED: its lifespan is over/);
    await expect(used.open()).rejects.toThrow(/used can be read .* DELETED: .*consumers had used it/);
  });

  it('leaves the data of a running application alone until it is over', async () => {
    const drop = file('f', { lifespan: 1 });
    const running = consumerOf(drop);
    const { app: waiting } = consumerOf(drop, memory('other', { pydata: undefined }));
    await drop.setCompleted();
    time.goOn(1000);
    await manager.idle();
    expect(drop.status).toBe(DROPStates.COMPLETED);
    expect(existsSync(drop.path)).toBe(true);
    await finished(running.app).run(() => running.finish());
    await manager.idle();
    expect(drop.status).toBe(DROPStates.DELETED);
    expect(waiting.execStatus).toBe(AppDROPStates.NOT_RUN);
  });

  it('needs one timer for any number of drops, and none when nothing is due', async () => {
    const plain = memory('plain');
    await plain.setCompleted();
    expect(time.waiting).toBe(0);
    for (let i = 0; i < 50; i++) {
      const drop = memory(`m${i}`, { lifespan: 50 - i });
      await drop.setCompleted();
    }
    expect(time.waiting).toBe(1);
    manager.removeDrops(Array.from({ length: 50 }, (_, i) => `m${i}`));
    expect(time.waiting).toBe(0);
  });
});

describe('data that vanishes', () => {
  it('is lost when it was complete, and not when nobody wrote it yet', async () => {
    const unwritten = file('unwritten');
    const lost = file('lost');
    const there = memory('there');
    await lost.setCompleted();
    await there.setCompleted();
    unlinkSync(lost.path);
    await manager.deleteLostDrops();
    expect([unwritten.phase, lost.phase, there.phase]).toEqual([
      DROPPhases.GAS,
      DROPPhases.LOST,
      DROPPhases.GAS,
    ]);
    expect(await manager.registry.getDropPhase('lost')).toBe(DROPPhases.LOST);
    expect(context.logged.join()).toMatch(/The data of lost is lost/);
    await unwritten.write('still writable');
    await unwritten.setCompleted();
    expect(unwritten.size).toBe(14);
  });

  it('is noticed when somebody reads it', async () => {
    const drop = file('lost');
    await drop.write('content');
    await drop.setCompleted();
    unlinkSync(drop.path);
    await expect(drop.contents()).rejects.toThrow(/lost could not be opened/);
    await manager.idle();
    expect(drop.phase).toBe(DROPPhases.LOST);
  });

  it('is noticed by itself where files are watched', async () => {
    start({ watchFiles: true });
    const drop = file('watched');
    const other = file('other');
    await drop.setCompleted();
    await other.setCompleted();
    const noticed = new Promise<void>((resolve) => {
      (context as { log: TestContext['log'] }).log = (_level, _drop, message) => {
        if (message.includes('is lost')) resolve();
      };
    });
    writeFileSync(path.join(context.baseDir, 'stranger'), '');
    unlinkSync(drop.path);
    await noticed;
    expect([drop.phase, other.phase]).toEqual([DROPPhases.LOST, DROPPhases.GAS]);
  });
});

describe('copies', () => {
  const stores = () => new HierarchicalStorageManager([new MemoryStore()]);

  it('are made of drops that persist, in the slowest store', async () => {
    const hsm = stores();
    hsm.addStore(new FileSystemStore('/', path.join(context.baseDir, 'copies')));
    start({ replicate: true, stores: hsm });
    const kept = memory('kept', { persist: true });
    const other = memory('other');
    await kept.setCompleted();
    await other.setCompleted();
    await manager.idle();
    expect(problems).toEqual([]);
    const uids = await manager.registry.getDropUids('kept');
    expect(uids).toHaveLength(2);
    expect(uids[1]).toMatch(/^kept:[0-9a-f]{10}$/);
    expect(kept.phase).toBe(DROPPhases.SOLID);
    expect(await manager.registry.getDropPhase('kept')).toBe(DROPPhases.SOLID);
    expect(await manager.registry.getDropUids('other')).toHaveLength(1);
  });

  it('are made anew from the last one when the data vanishes', async () => {
    start({ replicate: true, stores: stores() });
    const drop = file('f');
    await drop.write('content');
    await drop.setCompleted();
    await manager.idle();
    unlinkSync(drop.path);
    await manager.deleteLostDrops();
    expect(drop.phase).toBe(DROPPhases.SOLID);
    expect(await manager.registry.getDropUids('f')).toHaveLength(3);
    expect(problems).toEqual([]);
  });

  it('are kept in a directory of limited size', async () => {
    const directory = path.join(context.baseDir, 'store');
    mkdirSync(directory, { recursive: true });
    expect(() => new DirectoryStore(directory)).toThrow(/SIZE/);
    expect(await new DirectoryStore(directory, true).totalSpace()).toBe(1 << 30);
    writeFileSync(path.join(directory, 'SIZE'), '20');
    const store = new DirectoryStore(directory, true);
    start({ replicate: true, stores: new HierarchicalStorageManager([store]) });
    const fits = file('fits');
    await fits.write('fifteen bytes!!');
    await fits.setCompleted();
    await manager.idle();
    expect(fits.phase).toBe(DROPPhases.SOLID);
    expect(await store.availableSpace()).toBe(5);
    const large = file('large');
    await large.write('more than five');
    await large.setCompleted();
    await manager.idle();
    expect(large.phase).toBe(DROPPhases.GAS);
    expect(String(problems[0])).toMatch(/large with its 14 bytes cannot be copied.*5 bytes left/);
  });

  it('may go to an NGAS archive', async () => {
    const server = new NgasServer();
    const port = await server.start();
    start({ replicate: true, stores: new HierarchicalStorageManager([new NgasStore('127.0.0.1', port)]) });
    const drop = file('f');
    await drop.write('content');
    await drop.setCompleted();
    await manager.idle();
    await server.stop();
    expect(problems).toEqual([]);
    expect([...server.files.values()].map(String)).toEqual(['content']);
  });

  it('are refused of drops that are not complete', async () => {
    await expect(manager.replicateDrop(memory('m'))).rejects.toThrow(/m can be copied only.*INITIALIZED/);
  });

  it('need a store, and a mount point that is one', () => {
    expect(() => new HierarchicalStorageManager().getSlowestStore()).toThrow(/no store/);
    expect(() => new FileSystemStore(temporary.dir, temporary.dir)).toThrow(/none/);
  });
});

describe('the manager', () => {
  it('notes when drops are read', async () => {
    const drop = memory('m');
    await drop.setCompleted();
    expect(await manager.registry.getLastAccess('m')).toBe(-1);
    time.goOn(5);
    await drop.contents();
    await manager.idle();
    expect(await manager.registry.getLastAccess('m')).toBe(1_000_005);
  });

  it('takes drops that are complete already, and applications without harm', async () => {
    const drop = new InMemoryDROP('m', 'm', placedIn(context, { lifespan: 1 }));
    await drop.setCompleted();
    manager.addDrop(drop);
    manager.addDrop(drop);
    manager.addDrop(new TestApp('app'));
    time.goOn(1000);
    await manager.idle();
    expect(drop.status).toBe(DROPStates.DELETED);
  });

  it('does nothing with drops it was told to forget, or after it was closed', async () => {
    const forgotten = memory('forgotten', { lifespan: 1 });
    const closed = memory('closed', { lifespan: 1 });
    await forgotten.setCompleted();
    await closed.setCompleted();
    manager.removeDrops(['forgotten', 'nobody']);
    await manager.close();
    time.goOn(1000);
    expect([forgotten.status, closed.status]).toEqual([DROPStates.COMPLETED, DROPStates.COMPLETED]);
    expect(forgotten.hasListeners('status')).toBe(false);
    expect(closed.hasListeners('open')).toBe(false);
  });
});
