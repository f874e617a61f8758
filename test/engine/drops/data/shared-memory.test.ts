import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlasmaDROP, PlasmaFlightDROP, SharedMemoryDROP } from '../../../../engine/drops/index.ts';
import { SHARED_MEMORY, SharedMemoryManager } from '../../../../engine/drops/io/shared-memory.ts';
import { contextIn, placedIn, temporaryDirectory, type TestContext } from '../support/drops.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
let context: TestContext;
beforeAll(() => {
  temporary = temporaryDirectory();
  context = contextIn(temporary.dir);
});
afterAll(async () => {
  await context.services.dispose();
  temporary.remove();
});

describe('a shared-memory drop', () => {
  it('can be read by others as a file of the system', async () => {
    const drop = new SharedMemoryDROP('s', 's', placedIn(context));
    await drop.write('shared ');
    await drop.write('data');
    await drop.setCompleted();
    expect(readFileSync(drop.path, 'utf8')).toBe('shared data');
    expect(Buffer.from(await drop.contents()).toString()).toBe('shared data');
    expect(drop.size).toBe(11);
    expect(drop.dataURL).toMatch(/^shmem:\/\/localhost\//);
  });

  it('does not mix with a drop whose name begins alike', async () => {
    const one = new SharedMemoryDROP('a', 'a-rather-long-name-1', placedIn(context));
    const two = new SharedMemoryDROP('b', 'a-rather-long-name-2', placedIn(context));
    await one.write('one');
    await two.write('two');
    await one.setCompleted();
    await two.setCompleted();
    expect(Buffer.from(await one.contents()).toString()).toBe('one');
  });

  it('may begin with a value of the graph', async () => {
    const drop = new SharedMemoryDROP('p', 'p', placedIn(context, { pydata: { value: 5, type: 'int' } }));
    await drop.setCompleted();
    expect(Buffer.from(await drop.contents()).toString('base64')).toBe('gARLBS4=');
  });

  it('is empty when nobody wrote it', async () => {
    const drop = new SharedMemoryDROP('e', 'e', placedIn(context));
    await drop.setCompleted();
    expect((await drop.contents()).length).toBe(0);
    expect(drop.size).toBe(0);
  });

  it('goes with its session', async () => {
    const drop = new SharedMemoryDROP('g', 'g', placedIn(context));
    await drop.write('x');
    await drop.setCompleted();
    await context.service(SHARED_MEMORY).destroySession('another session');
    expect(existsSync(drop.path)).toBe(true);
    await context.service(SHARED_MEMORY).destroySession(context.sessionId);
    expect(existsSync(drop.path)).toBe(false);
  });
});

describe('the manager of shared memory', () => {
  it('knows the blocks of each session and frees all at the end', async () => {
    const manager = new SharedMemoryManager(temporary.dir);
    const block = manager.registerDrop('d', 's1');
    manager.registerSession('s2');
    expect([...manager.sessions.keys()]).toEqual(['s1', 's2']);
    expect([...(manager.sessions.get('s1') ?? [])]).toEqual(['d']);
    await manager.shutdownSession('unknown');
    await manager.shutdownAll();
    expect(manager.sessions.size).toBe(0);
    expect(existsSync(path.dirname(block))).toBe(false);
  });

  it('frees what a process that is gone left behind', () => {
    // Process ids of Linux end at 2^22.
    const left = path.join(temporary.dir, 'weir-shm-4194305-0badcafe');
    mkdirSync(left);
    new SharedMemoryManager(temporary.dir).registerDrop('d', 's');
    expect(existsSync(left)).toBe(false);
  });
});

describe('a plasma drop', () => {
  it('is kept in shared memory, and its log says so', async () => {
    const uid = 'twenty-characters-id';
    const drop = new PlasmaDROP(uid, uid, placedIn(context));
    await drop.write('x');
    await drop.setCompleted();
    expect(Buffer.from(await drop.contents()).toString()).toBe('x');
    expect(drop.dataURL).toBe(`plasma://${Buffer.from(uid).toString('hex')}`);
    expect(context.logged.join('\n')).toMatch(/twenty-characters-id is kept in shared memory/);
  });

  it('has an id of its own where its uid is none', () => {
    expect(new PlasmaFlightDROP('p', 'p', placedIn(context)).dataURL).toMatch(
      /^plasmaflight:\/\/[0-9a-f]{40}$/,
    );
    expect(new PlasmaDROP('p', 'p', placedIn(context, { object_id: 'ab' })).dataURL).toBe('plasma://6162');
  });
});
