/** Chains of quick Python functions, which go to their worker together. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Services } from '../../../../engine/drops/context.ts';
import type { DataDROP } from '../../../../engine/drops/data-drop.ts';
import type { AbstractDROP } from '../../../../engine/drops/drop.ts';
import { PyFuncApp } from '../../../../engine/drops/apps/pyfunc.ts';
import { followersOf } from '../../../../engine/drops/apps/run-ahead.ts';
import type { FunctionResult, PyContent } from '../../../../engine/drops/python/index.ts';
import {
  APP_STATE_NAMES,
  AppDROPStates,
  DROP_STATE_NAMES,
  DROPStates,
} from '../../../../engine/protocol/index.ts';
import { whyNoPython } from '../pyrepr/python-oracle.ts';
import { GraphRun, isOver, isRunning, type Spec } from './run-graph.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'weir-ahead-'));
const file = (name: string): string => path.join(folder, name);
let services = new Services();
const made = [services];
const runs: GraphRun[] = [];
beforeEach(() => void made.push((services = new Services())));
afterAll(async () => {
  for (const one of made) await one.dispose();
  for (const { baseDir } of runs) rmSync(baseDir, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

const LENGTH = 5;
const PLAIN = 'return x + [len(x)]';

const memory = (oid: string, more: object = {}): Spec => ({
  oid,
  categoryType: 'Data',
  dropclass: 'dlg.data.drops.memory.InMemoryDROP',
  ...more,
});

/** What the function does before it returns: depends on files that the test makes and removes. */
const BODY = `
    import os
    print('this is', NAME)
    with open(TRACE, 'a') as trace:
        trace.write(NAME + '\\n')
    at = os.path.join(FOLDER, NAME)
    if os.path.exists(at + '.raise'):
        os.remove(at + '.raise')
        raise ValueError('asked to')
    if os.path.exists(at + '.exit'):
        os._exit(3)
    if os.path.exists(at + '.wait'):
        with open(at + '.wait') as gate:
            gate.read()
`;

function func(i: number, result: string, more: object): Spec {
  const name = `f${i}`;
  const body = BODY.replaceAll('NAME', `'${name}'`)
    .replace('TRACE', JSON.stringify(file('trace')))
    .replace('FOLDER', JSON.stringify(folder));
  return {
    oid: name,
    categoryType: 'Application',
    dropclass: 'dlg.apps.pyfunc.PyFuncApp',
    func_name: name,
    func_code: `def ${name}(x):${body}\n    ${result}`,
    applicationArgs: { x: { name: 'x', value: null, type: 'Object', usage: 'InputPort', encoding: 'dill' } },
    inputs: [{ [`d${i}`]: 'x' }],
    outputs: [`d${i + 1}`],
    ...more,
  };
}

interface Changes {
  readonly result?: string;
  readonly first?: string;
  /** More members of dropspecs, by oid. */
  readonly more?: Readonly<Record<string, object>>;
  readonly extra?: readonly Spec[];
  readonly mayRunAhead?: boolean;
}

/** d0 -> f0 -> d1 -> ... -> d5. */
function chain({
  result = PLAIN,
  first = '[]',
  more = {},
  extra = [],
  mayRunAhead = true,
}: Changes = {}): GraphRun {
  const specs: Spec[] = [memory('d0', { fields: [{ name: 'pydata', value: first, type: 'json' }] })];
  for (let i = 0; i < LENGTH; i++)
    specs.push(func(i, result, more[`f${i}`] ?? {}), memory(`d${i + 1}`, more[`d${i + 1}`] ?? {}));
  const run = new GraphRun([...specs, ...extra], { services, mayRunAhead });
  runs.push(run);
  return run;
}

/** A chain whose functions are known to be quick: one like it has run before. */
async function known(changes: Changes = {}): Promise<GraphRun> {
  await chain(changes).run();
  rmSync(file('trace'), { force: true });
  const run = chain(changes);
  for (const drop of run.drops.values()) if (drop instanceof PyFuncApp) await drop.prepare();
  return run;
}

/** Makes a function wait inside its call until the gate is opened: a named pipe, whose reader waits for a writer. */
function shut(name: string): void {
  execFileSync('mkfifo', [file(`${name}.wait`)]);
}
async function open(name: string): Promise<void> {
  await writeFile(file(`${name}.wait`), '');
}

const isFunction = (drop: AbstractDROP): drop is PyFuncApp => drop instanceof PyFuncApp;
const followers = (run: GraphRun, oid = 'f0'): number =>
  followersOf(run.app(oid) as PyFuncApp, isFunction).length;
const trace = (): string[] =>
  existsSync(file('trace')) ? readFileSync(file('trace'), 'utf8').trim().split('\n') : [];
const statesOf = (run: GraphRun): string[] =>
  Array.from({ length: LENGTH }, (_, i) => APP_STATE_NAMES[run.app(`f${i}`).execStatus] as string);
const contentsOf = async (run: GraphRun): Promise<string[]> =>
  Promise.all(
    Array.from({ length: LENGTH }, async (_, i) =>
      Buffer.from(await (run.drop(`d${i + 1}`) as DataDROP).contents()).toString('base64'),
    ),
  );

describe.skipIf(whyNoPython)(`a chain of Python functions (${whyNoPython ?? 'with Python'})`, () => {
  it('goes to its worker together once its functions are known to be quick', async () => {
    const first = chain();
    for (let i = 0; i < LENGTH; i++) await (first.app(`f${i}`) as PyFuncApp).prepare();
    expect(followers(first)).toBe(0);
    await first.run();
    const second = await known();
    expect(followers(second)).toBe(LENGTH - 1);
    expect(followers(second, 'f3')).toBe(1);
  });

  it.each([
    ['small values', PLAIN, '[]'],
    ['large values that stay in the worker', 'return x + [len(x)] * 40000', '[]'],
    [
      'values that are changed in place',
      'x.append(len(x))\n    return x',
      JSON.stringify(Array(40000).fill(7)),
    ],
    ['None', 'return None', '[]'],
  ])('gives what it gives one by one: %s', async (_, result, first) => {
    const together = await (await known({ result, first })).run();
    const alone = await chain({ result, first, mayRunAhead: false }).run();
    expect(followers(chain({ result, first }))).toBe(0);
    expect(await contentsOf(together)).toEqual(await contentsOf(alone));
    expect(statesOf(together)).toEqual(Array(LENGTH).fill('FINISHED'));
    for (const oid of together.drops.keys())
      expect(together.events.get(oid), oid).toEqual(alone.events.get(oid));
  });

  it('gives every function its own lines of output', async () => {
    const run = await (await known()).run();
    const said = run.log.filter(({ message }) => message.startsWith('this is'));
    expect(said.map(({ uid, message }) => `${uid}: ${message}`)).toEqual(
      Array.from({ length: LENGTH }, (_, i) => `f${i}: this is f${i}`),
    );
  });

  it('gives every function what its child processes wrote', async () => {
    const result = `os.system('echo child of ' + NAME)\n    ${PLAIN}`;
    const changes = { more: {}, result: result.replace('NAME', 'os.path.basename(at)') };
    const run = await (await known(changes)).run();
    const said = run.log.filter(({ message }) => message.startsWith('child of'));
    expect(said.map(({ uid, message }) => `${uid}: ${message}`)).toEqual(
      Array.from({ length: LENGTH }, (_, i) => `f${i}: child of f${i}`),
    );
  });

  it('stops at the function that fails: nothing behind it runs', async () => {
    const run = await known();
    writeFileSync(file('f2.raise'), '');
    await run.run();
    expect(statesOf(run)).toEqual(['FINISHED', 'FINISHED', 'ERROR', 'ERROR', 'ERROR']);
    expect(run.errorOf('f2').message).toContain('asked to');
    expect(trace()).toEqual(['f0', 'f1', 'f2']);
  });

  it('runs on when a later try of its first function succeeds', async () => {
    const run = await known({ more: { f0: { n_tries: 2 } } });
    writeFileSync(file('f0.raise'), '');
    await run.run();
    expect(statesOf(run)).toEqual(Array(LENGTH).fill('FINISHED'));
    expect(trace()).toEqual(['f0', 'f0', 'f1', 'f2', 'f3', 'f4']);
  });

  it('forgets what was not run when a later try is sent alone', async () => {
    const run = await known({ more: { f0: { n_tries: 2 } } });
    const next = run.app('f1') as PyFuncApp;
    writeFileSync(file('f0.raise'), '');
    // After the first try of f0 nobody knows any more how long f1 takes: the second one goes alone.
    let asked = 0;
    Object.defineProperty(next, '_usualSeconds', { get: () => (asked++ === 0 ? 0.001 : undefined) });
    await run.run();
    expect(asked).toBeGreaterThan(1);
    expect(statesOf(run)).toEqual(Array(LENGTH).fill('FINISHED'));
    expect(trace()).toEqual(['f0', 'f0', 'f1', 'f2', 'f3', 'f4']);
  });

  it('fails at a function that cannot be called as its graph says, not before it', async () => {
    await chain().run();
    const x = { name: 'x', type: 'Object', usage: 'InputPort', encoding: 'klingon' };
    const run = chain({ more: { f1: { applicationArgs: { x } } } });
    for (const drop of run.drops.values()) if (drop instanceof PyFuncApp) await drop.prepare();
    await run.run();
    expect(statesOf(run)).toEqual(['FINISHED', 'ERROR', 'ERROR', 'ERROR', 'ERROR']);
    expect(run.errorOf('f1').message).toContain('"klingon", which does not exist');
  });

  it('loses to a dead worker only the function that killed it and what waits for it', async () => {
    const run = await known();
    writeFileSync(file('f1.exit'), '');
    await run.run();
    rmSync(file('f1.exit'));
    expect(statesOf(run)).toEqual(['FINISHED', 'ERROR', 'ERROR', 'ERROR', 'ERROR']);
    expect(run.errorOf('f1').message).toContain('exited with status 3');
    expect(statesOf(await chain().run())).toEqual(Array(LENGTH).fill('FINISHED'));
  });

  it('ends the function that takes longer than its time limit, counted from when it began', async () => {
    const run = await known({
      more: { f1: { componentParams: { timeout: { name: 'timeout', value: 0.3 } } } },
    });
    shut('f1');
    await run.run();
    rmSync(file('f1.wait'));
    expect(statesOf(run)).toEqual(['FINISHED', 'ERROR', 'ERROR', 'ERROR', 'ERROR']);
    expect(run.errorOf('f1').message).toContain('took longer than the 0.3 s');
  });

  it('ends the function that is cancelled while it runs', async () => {
    const run = await known();
    shut('f1');
    await run.trigger();
    await isRunning(run.app('f1'));
    await run.app('f1').cancel();
    rmSync(file('f1.wait'));
    expect(run.app('f1').execStatus).toBe(AppDROPStates.CANCELLED);
    expect(statesOf(await chain().run())).toEqual(Array(LENGTH).fill('FINISHED'));
  });

  it('runs to the function that was cancelled before its turn, and no further', async () => {
    const run = await known({ result: 'return x + [len(x)] * 40000' });
    shut('f1');
    await run.trigger();
    await isRunning(run.app('f1'));
    await run.app('f2').cancel();
    // Answered on the same way as the cancelling, behind it: the worker has heard.
    await (run.drop('d1') as DataDROP).contents();
    await open('f1');
    await isOver(run.drop('d2'));
    expect(DROP_STATE_NAMES[run.drop('d2').status]).toBe('COMPLETED');
    expect(statesOf(run).slice(0, 4)).toEqual(['FINISHED', 'FINISHED', 'CANCELLED', 'NOT_RUN']);
    expect(trace()).not.toContain('f3');
    rmSync(file('f1.wait'));
    expect(statesOf(await chain().run())).toEqual(Array(LENGTH).fill('FINISHED'));
  });

  it.each(['before', 'after'])(
    'lets go of a result that comes %s its function is cancelled',
    async (when) => {
      const run = chain();
      const f1 = run.app('f1') as PyFuncApp;
      const released = Promise.withResolvers<void>();
      const content = { release: () => Promise.resolve(released.resolve()) } as unknown as PyContent;
      const result = {
        contents: new Map([['dill', content]]),
        nothingIn: new Set(),
        typeName: 'list',
        seconds: 0,
      } as unknown as FunctionResult;
      const answer = Promise.withResolvers<FunctionResult>();
      f1._takeAhead(answer.promise);
      if (when === 'before') {
        answer.resolve(result);
        await answer.promise;
      }
      await f1.cancel();
      answer.resolve(result);
      await released.promise;
      expect(f1.execStatus).toBe(AppDROPStates.CANCELLED);
    },
  );

  const gate = memory('gate', { fields: [{ name: 'pydata', value: '1', type: 'json' }] });
  it.each<readonly [string, Changes]>([
    ['waits for something else, too', { extra: [{ ...gate, consumers: ['f1'] }] }],
    ['is not told of its input', { more: { d1: { executionMode: 1 } } }],
    [
      'is given a path',
      {
        more: {
          f1: { applicationArgs: { x: { name: 'x', type: 'Object', usage: 'InputPort', encoding: 'path' } } },
        },
      },
    ],
    ['may run with fewer inputs', { more: { f1: { n_effective_inputs: 1 } } }],
    [
      'reads what has other readers',
      { extra: [{ ...func(9, PLAIN, { outputs: [] }), inputs: [{ d1: 'x' }] }] },
    ],
    ['reads a file', { more: { d1: { dropclass: 'dlg.data.drops.file.FileDROP' } } }],
  ])('waits for its turn where the function %s', async (_, changes) => {
    await chain().run();
    const run = chain(changes);
    for (const drop of run.drops.values()) if (drop instanceof PyFuncApp) await drop.prepare();
    expect(followers(run)).toBe(0);
  });

  it('leaves alone what was decided otherwise meanwhile', async () => {
    const run = await known();
    await run.app('f1').skip();
    expect(followers(run)).toBe(0);
    expect(run.drop('d2').status).toBe(DROPStates.SKIPPED);
  });
});
