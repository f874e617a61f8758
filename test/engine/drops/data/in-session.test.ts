/** Data drops whose behaviour depends on the session around them. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  InMemoryDROP,
  loadPickle,
  registerDrop,
  type ContainerDROP,
  type DataDROP,
  type SharedMemoryDROP,
} from '../../../../engine/drops/index.ts';
import { pyRepr } from '../../../../engine/drops/pyrepr/index.ts';
import { DROPStates, DROP_STATE_NAMES, SESSION_STATE_NAMES } from '../../../../engine/protocol/index.ts';
import type { Session } from '../../../../engine/session/index.ts';
import { app, bytesOf, data, testHost, type TestHost } from '../../../support/host.ts';

let host: TestHost;
beforeAll(async () => {
  host = await testHost();
});
afterAll(() => host.remove());

let sessions = 0;
async function run(graph: unknown): Promise<Session> {
  const session = await host.manager.createSession(`data-${sessions++}`);
  await session.addGraphSpec(bytesOf(graph));
  await session.deploy('roots');
  await session.over;
  return session;
}
const state = (session: Session, uid: string) => DROP_STATE_NAMES[session.drop(uid).status];
const text = async (session: Session, uid: string) =>
  Buffer.from(await (session.drop(uid) as DataDROP).contents()).toString();

const hello = (oid: string, greet: string, output: string) =>
  app(oid, 'dlg.apps.simple.HelloWorldApp', { greet, outputs: [output] });
const container = (more: object = {}) => ({
  oid: 'c',
  categoryType: 'Container',
  dropclass: 'dlg.data.drops.container.ContainerDROP',
  consumers: ['copy'],
  ...more,
});
const rest = [
  hello('h1', 'Ada', 'k1'),
  hello('h2', 'Bob', 'k2'),
  app('copy', 'dlg.apps.simple.CopyApp', { inputs: ['c'], outputs: ['o'] }),
  data('o'),
];

describe('the initial value of a memory drop', () => {
  it.each([
    ['{"value": [1.0, 2, {"x": NaN}], "type": "list"}', "[1.0, 2, {'x': nan}]"],
    ['{"value": {"k": 5.0}, "type": "Json"}', "{'k': 5.0}"],
    ['{"value": 5.0, "type": "Unknown"}', '5.0'],
  ])('has the numbers of the graph: %s', async (field, repr) => {
    const session = await host.manager.createSession(`data-${sessions++}`);
    const spec = (fields: string) => `[{"oid":"a","categoryType":"Data",${fields},
      "dropclass":"dlg.data.drops.memory.InMemoryDROP"}]`;
    const graph = spec(`"fields":[{"name":"x","value":[7.0]},{"name":"pydata",${field.slice(1)}]`);
    await session.addGraphSpec(new Uint8Array(Buffer.from(graph)));
    await session.deploy('roots');
    await session.over;
    expect(pyRepr(await loadPickle(session.drop('a') as DataDROP))).toBe(repr);
  });
});

describe('a container in a graph', () => {
  it.each([
    ['by its children', [container({ children: ['k1', 'k2'] }), data('k1'), data('k2')]],
    ['by the parent of each', [container(), data('k1', { parent: 'c' }), data('k2', { parent: 'c' })]],
    [
      'by both',
      [container({ children: ['k1', 'k2'] }), data('k1', { parent: 'c' }), data('k2', { parent: 'c' })],
    ],
  ])('has what is related to it %s, and is complete when they are', async (_how, drops) => {
    const session = await run([...drops, ...rest]);
    const c = session.drop('c') as ContainerDROP;
    expect(c.children.map(({ uid }) => uid)).toEqual(['k1', 'k2']);
    expect(session.drop('k1').parent).toBe(c);
    expect(SESSION_STATE_NAMES[session.status]).toBe('FINISHED');
    expect(await text(session, 'o')).toBe('Hello AdaHello Bob');
  });

  it('fails with a child that failed, naming it', async () => {
    const session = await run([
      container({ children: ['k1', 'k2'] }),
      data('k1'),
      data('k2'),
      hello('h1', 'Ada', 'k1'),
      app('h2', 'dlg.apps.simple.DALiuGEApp', { outputs: ['k2'] }),
      ...rest.slice(2),
    ]);
    expect([state(session, 'c'), state(session, 'o')]).toEqual(['ERROR', 'ERROR']);
    const row = await host.store.session(session.sessionId);
    const errors = await host.store.errors(row!.key, 10);
    expect(JSON.stringify(errors)).toMatch(/container c cannot be COMPLETED: its child k2 is ERROR/);
  });
});

describe('shared memory of a session', () => {
  it('is there when the session is over, and freed when it goes', async () => {
    const shared = { dropclass: 'dlg.data.drops.memory.SharedMemoryDROP' };
    const session = await run([hello('h', 'Ada', 's'), data('s', shared)]);
    const other = await run([hello('h', 'Bob', 's'), data('s', shared)]);
    const [mine, theirs] = [session, other].map((one) => (one.drop('s') as SharedMemoryDROP).path);
    expect(await text(session, 's')).toBe('Hello Ada');
    await host.manager.destroySession(session.sessionId);
    expect([existsSync(mine as string), existsSync(theirs as string)]).toEqual([false, true]);
    expect(await text(other, 's')).toBe('Hello Bob');
  });
});

describe('a store of values in a graph', () => {
  const store = {
    oid: 'env',
    categoryType: 'Data',
    dropclass: 'dlg.data.drops.environmentvar_drop.EnvironmentVarDROP',
    name: 'vars',
    GREETING: 'hi there',
    COUNT: 3,
  };
  const argument = (name: string, value: unknown) => ({
    [name]: { name, value, type: 'String', usage: 'NoPort', encoding: 'dill' },
  });

  it('gives the applications behind it the values their arguments name, and leaves the others', async () => {
    const session = await run([
      store,
      app('b', 'dlg.apps.bash_shell_app.BashShellApp', {
        command: 'echo "{text} {count}" {other} > {o}',
        applicationArgs: {
          ...argument('text', '$vars.GREETING'),
          ...argument('count', '$vars.COUNT'),
          ...argument('other', "'$vars.NOTHING'"),
        },
        inputs: ['env'],
        outputs: ['o'],
      }),
      { oid: 'o', categoryType: 'Data', dropclass: 'dlg.data.drops.file.FileDROP' },
    ]);
    expect(await text(session, 'o')).toBe('hi there 3 $vars.NOTHING\n');
    expect(session.drop('b').getEnvironmentVariable('$vars.GREETING')).toBe('hi there');
  });
});

describe('a class of the user in a graph', () => {
  it('is made and hears of its producers, also where its base needs no object', async () => {
    const heard: unknown[] = [];
    class Told extends InMemoryDROP {
      override producerFinished(uid: string, state: DROPStates): void {
        heard.push([uid, state]);
        super.producerFinished(uid, state);
      }
    }
    registerDrop(Told, 'test.of.ours.Told');
    const session = await run([
      app('n', 'dlg.apps.simple.NullBarrierApp', { outputs: ['t'] }),
      { oid: 't', categoryType: 'Data', dropclass: 'test.of.ours.Told' },
    ]);
    expect(heard).toEqual([['n', DROPStates.COMPLETED]]);
    expect(state(session, 't')).toBe('COMPLETED');
  });
});
