import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlowEvents, type DataDROP } from '../../../engine/drops/index.ts';
import {
  DROP_STATE_NAMES,
  DROPLinkType,
  DROPStates,
  SESSION_STATE_NAMES,
  SessionStates,
} from '../../../engine/protocol/index.ts';
import type { Session } from '../../../engine/session/index.ts';
import { app, bytesOf, data, helloGraph, testHost, type TestHost } from '../../support/host.ts';

let host: TestHost;
beforeEach(async () => {
  host = await testHost();
});
afterEach(() => host.remove());

async function run(graph: unknown, completed: readonly string[] | 'roots' = 'roots'): Promise<Session> {
  const session = await host.manager.createSession('s');
  await session.addGraphSpec(bytesOf(graph));
  await session.deploy(completed);
  return session;
}

const stateOf = (session: Session, uid: string) => DROP_STATE_NAMES[session.drop(uid).status];

describe('a session', () => {
  it('goes from PRISTINE over BUILDING to FINISHED and is recorded at each step', async () => {
    const session = await host.manager.createSession('s');
    expect(session.status).toBe(SessionStates.PRISTINE);
    expect((await host.store.session('s'))?.status).toBe('PRISTINE');
    await session.addGraphSpec(bytesOf(helloGraph));
    expect((await host.store.session('s'))?.status).toBe('BUILDING');
    await session.deploy('roots');
    expect(SESSION_STATE_NAMES[await session.over]).toBe('FINISHED');
    const row = await host.store.session('s');
    expect(row).toMatchObject({ status: 'FINISHED', drops: 2, byState: { COMPLETED: 2 }, errorCount: 0 });
    expect(Buffer.from((await host.store.outcome(row!.key, 1))!.content!).toString()).toBe('Hello Ada');
  });

  it('refuses a second session of one id, also when the first is only in the history', async () => {
    const session = await run(helloGraph);
    await session.over;
    await expect(host.manager.createSession('s')).rejects.toThrow(/exists already/);
    await host.manager.destroySession('s');
    await expect(host.manager.createSession('s')).rejects.toThrow(/exists already/);
  });

  it.each(['', '..', 'a/b', 'a\\b', 'x'.repeat(300), '漢'.repeat(100)])('refuses the id %j', async (id) => {
    await expect(host.manager.createSession(id)).rejects.toThrow(/session id/);
  });

  it('takes several lists and links between them', async () => {
    const session = await host.manager.createSession('s');
    await session.addGraphSpec(
      bytesOf([data('a', { fields: [{ name: 'pydata', value: 'x', type: 'str' }] })]),
    );
    await session.addGraphSpec(bytesOf([app('c', 'dlg.apps.simple.CopyApp'), data('b')]));
    session.linkGraphParts('a', DROPLinkType.CONSUMER, 'c');
    session.linkGraphParts('c', DROPLinkType.OUTPUT, 'b');
    await session.deploy('roots');
    await session.over;
    expect(Buffer.from(await (session.drop('b') as DataDROP).contents()).toString()).toContain('x');
  });

  it('refuses an id that an earlier list had, and links to drops it does not have', async () => {
    const session = await host.manager.createSession('s');
    await session.addGraphSpec(bytesOf([data('a')]));
    await expect(session.addGraphSpec(bytesOf([data('a')]))).rejects.toThrow(/"a" already/);
    expect(() => session.linkGraphParts('a', DROPLinkType.CONSUMER, 'nobody')).toThrow(/no drop "nobody"/);
  });

  it('names the drop whose class nobody knows', async () => {
    const session = await host.manager.createSession('s');
    await expect(session.addGraphSpec(bytesOf([app('c', 'dlg.apps.simple.NoSuchApp')]))).rejects.toThrow(
      /Drop c .*NoSuchApp/,
    );
  });

  it('fails at once, with the others cancelled, when a drop cannot be made', async () => {
    const session = await run([
      app('sh', 'dlg.apps.bash_shell_app.BashShellApp', { outputs: ['b'] }),
      data('b'),
      data('other'),
    ]);
    expect(await session.over).toBe(SessionStates.FAILED);
    expect(stateOf(session, 'sh')).toBe('ERROR');
    expect(stateOf(session, 'other')).toBe('CANCELLED');
    const [error] = await host.store.errors(session.key, 10);
    expect(error).toMatchObject({ uid: 'sh', message: expect.stringContaining('command') });
  });

  it('finishes at deployment when it is empty, and says so when drops were asked for', async () => {
    const session = await host.manager.createSession('empty');
    await session.deploy([]);
    expect(await session.over).toBe(SessionStates.FINISHED);
    const other = await host.manager.createSession('other');
    await expect(other.deploy(['x'])).rejects.toThrow(/no drops/);
  });

  it('cancels what runs and keeps what was completed', async () => {
    const graph = [
      data('a', { consumers: ['sleep'] }),
      app('sleep', 'dlg.apps.simple.SleepApp', { sleep_time: 60, outputs: ['b'] }),
      data('b'),
    ];
    const session = await run(graph);
    await session.cancel();
    expect(await session.over).toBe(SessionStates.CANCELLED);
    expect([stateOf(session, 'a'), stateOf(session, 'sleep'), stateOf(session, 'b')]).toEqual([
      'COMPLETED',
      'CANCELLED',
      'CANCELLED',
    ]);
    expect((await host.store.session('s'))?.status).toBe('CANCELLED');
  });

  it('ends by its end drop and skips what is left', async () => {
    const graph = [
      data('a', { consumers: ['c'] }),
      app('c', 'dlg.apps.simple.NullBarrierApp', { outputs: ['end'] }),
      data('end', { dropclass: 'dlg.data.drops.data_base.EndDROP' }),
      data('never', { consumers: ['n'] }),
      app('n', 'dlg.apps.simple.NullBarrierApp', { outputs: ['m'] }),
      data('m'),
    ];
    const session = await run(graph, ['a']);
    expect(await session.over).toBe(SessionStates.FINISHED);
    expect(stateOf(session, 'm')).toBe('SKIPPED');
  });

  it('knows when it stands still', async () => {
    const session = await run(
      [
        data('a', { consumers: ['c'] }),
        app('c', 'dlg.apps.simple.NullBarrierApp', { outputs: ['b'] }),
        data('b'),
      ],
      [],
    );
    expect(session.isStalled).toBe(true);
    await session.triggerDrops(['a', 'unknown']);
    expect(await session.over).toBe(SessionStates.FINISHED);
  });

  it('does not stand still when it is about to end', async () => {
    // The application fails at once, for want of an input.
    const graph = [app('c', 'dlg.apps.simple.AverageArraysApp', { outputs: ['b'] }), data('b')];
    const session = await host.manager.createSession('s');
    const stalled: boolean[] = [];
    host.manager.subscribe((changed) => stalled.push(changed.isStalled));
    await session.addGraphSpec(bytesOf(graph));
    await session.deploy('roots');
    stalled.push(session.isStalled);
    expect(await session.over).toBe(SessionStates.FAILED);
    expect(stalled).not.toContain(true);
  });

  it('ends after the application whose output cannot be stored, which fails and was never complete', async () => {
    const graph = [
      app('hello', 'dlg.apps.simple.HelloWorldApp', { outputs: ['f'] }),
      data('f', { dropclass: 'dlg.data.drops.file.FileDROP', filepath: 'folder/..' }),
    ];
    const session = await run(graph);
    expect(await session.over).toBe(SessionStates.FAILED);
    expect([stateOf(session, 'f'), stateOf(session, 'hello')]).toEqual(['ERROR', 'ERROR']);
    const events = (await host.store.events(session.key, 0)).map(({ kind, value }) => [kind, value]);
    expect(events).toEqual([
      [FlowEvents.execStatus, 1],
      [FlowEvents.execStatus, 3],
      [FlowEvents.status, 3],
      [FlowEvents.producerFinished, 3],
    ]);
  });

  it('gives every session a directory of its own for relative paths', async () => {
    const graph = [
      app('hello', 'dlg.apps.simple.HelloWorldApp', { outputs: ['f'] }),
      data('f', { dropclass: 'dlg.data.drops.file.FileDROP', filepath: 'greeting.txt' }),
    ];
    const session = await run(graph);
    await session.over;
    expect(await readFile(path.join(session.dir, 'greeting.txt'), 'utf8')).toBe('Hello World');
  });

  it('reads a large graph on another thread and gives its text back unchanged', async () => {
    const graph = Array.from({ length: 4000 }, (_, i) => data(`é${i}"`, { note: 'x'.repeat(40) }));
    const session = await host.manager.createSession('large');
    await session.addGraphSpec(bytesOf(graph));
    const pieces = await host.store.graph(session.key);
    expect(JSON.parse(Buffer.concat(pieces.map((piece) => piece.bytes)).toString('utf8'))).toEqual(graph);
    await session.deploy('roots');
    await session.over;
    expect(session.table.status.every((status) => status === DROPStates.COMPLETED)).toBe(true);
  });
});
