/** The source text of a Python function (func_code) is executed once for each drop. */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Services } from '../../../../engine/drops/context.ts';
import type { DataDROP } from '../../../../engine/drops/data-drop.ts';
import { BadModuleException } from '../../../../engine/protocol/index.ts';
import { whyNoPython } from '../pyrepr/python-oracle.ts';
import { GraphRun, type Spec } from './run-graph.ts';

const services = new Services();
const runs: GraphRun[] = [];
afterEach(() => {
  for (const run of runs.splice(0)) rmSync(run.baseDir, { recursive: true, force: true });
});
afterAll(() => services.dispose());

function graph(specs: readonly Spec[]): GraphRun {
  const run = new GraphRun(specs, { services });
  runs.push(run);
  return run;
}

const memory = (oid: string): Spec => ({
  oid,
  categoryType: 'Data',
  dropclass: 'dlg.data.drops.memory.InMemoryDROP',
});

const func = (oid: string, code: string, more: object = {}): Spec => ({
  oid,
  categoryType: 'Application',
  dropclass: 'dlg.apps.pyfunc.PyFuncApp',
  func_name: 'f',
  func_code: code,
  componentParams: { r: { name: 'r', value: null, type: 'Object', usage: 'OutputPort', encoding: 'utf-8' } },
  outputs: [{ [`o-${oid}`]: 'r' }],
  ...more,
});

async function checked(run: GraphRun): Promise<void> {
  for (const drop of run.drops.values()) await drop.prepare?.();
}

const textOf = async (run: GraphRun, oid: string): Promise<string> =>
  Buffer.from(await (run.drop(`o-${oid}`) as DataDROP).contents()).toString('utf8');

/** What stands in the file `made`, a line for each execution. */
const made = (run: GraphRun): string[] =>
  readFileSync(path.join(run.baseDir, 'made'), 'utf8').split('\n').filter(Boolean);

/** A text that does something when executed, and counts calls in a global. */
const COUNTS = `
import os
with open("made", "a") as file:
    file.write(os.environ["DLG_UID"] + chr(10))
print("made")
calls = 0
def f():
    global calls
    calls += 1
`;

describe.skipIf(whyNoPython)(`the code of a Python function (${whyNoPython ?? 'with Python'})`, () => {
  it('is executed once for each drop, when the drop runs, also where drops share it', async () => {
    const code = `${COUNTS}    return calls`;
    const oids = ['a', 'b', 'c'];
    const run = graph(oids.flatMap((oid) => [func(oid, code), memory(`o-${oid}`)]));
    await checked(run);
    expect(() => made(run)).toThrow('ENOENT');
    await run.run();
    expect(made(run).sort()).toEqual(oids);
    expect(run.log.filter(({ message }) => message === 'made').map(({ uid }) => uid)).toHaveLength(3);
    expect(await Promise.all(oids.map((oid) => textOf(run, oid)))).toEqual(['1', '1', '1']);
  });

  it('keeps its globals from one try to the next', async () => {
    const code = `${COUNTS}    if calls < 3:\n        raise OSError("not yet")\n    return calls`;
    const run = await graph([
      func('a', code, { n_tries: 4 }),
      func('b', code, { n_tries: 4 }),
      memory('o-a'),
      memory('o-b'),
    ]).run();
    expect([await textOf(run, 'a'), await textOf(run, 'b')]).toEqual(['3', '3']);
    expect(made(run).sort()).toEqual(['a', 'b']);
    expect(run.app('a').facts).toMatchObject({ function: 'f', packages: { python: expect.any(String) } });
    expect(run.app('a').facts).not.toHaveProperty('exception');
  });

  it('keeps globals of code that only gives names, too', async () => {
    const code =
      'calls = []\ndef f():\n    calls.append(1)\n    assert len(calls) > 1\n    return len(calls)';
    const run = await graph([func('a', code, { n_tries: 3 }), memory('o-a')]).run();
    expect(await textOf(run, 'a')).toBe('2');
  });

  it('is executed again where its process ended', async () => {
    const code = `${COUNTS}    if len(open("made").readlines()) < 2:\n        os._exit(7)\n    return calls`;
    const run = await graph([func('a', code, { n_tries: 2 }), memory('o-a')]).run();
    expect(await textOf(run, 'a')).toBe('1');
    expect(made(run)).toEqual(['a', 'a']);
  });

  it.each([
    ['a module that is missing', 'import no_such_module_abc\nprint(1)\ndef f(): pass', /no_such_module_abc/],
    [
      'an error before anything is called',
      'X = 1 / 0\nprint(1)\ndef f(): pass',
      /in line 1: ZeroDivisionError/,
    ],
    ['a name nothing gives', 'print(1)\ndef g(): pass', /gives nothing the name 'f'/],
    ['no Python', 'print(1)\ndef f(: pass', /neither Python source/],
  ])('that has %s fails before anything runs', async (_, code, message) => {
    const run = graph([func('a', code), memory('o-a')]);
    await expect(checked(run)).rejects.toThrow(message);
  });

  it.each([
    ['calls sys.exit', 'import sys\nsys.exit(3)\ndef f(): pass', /in line 2: SystemExit: 3$/],
    ['raises', '\n\nprint(1)\nint("x")\ndef f(): pass', /in line 4: ValueError: invalid literal/],
    ['gives something else the name', 'print(1)\nf = int(1)', /defines no function 'f'/],
  ])('that %s fails its drop', async (_, code, message) => {
    const run = await graph([func('a', code, { n_tries: 2 }), memory('o-a')]).run();
    expect(run.errors.get('a')).toBeInstanceOf(BadModuleException);
    expect(run.errorOf('a').message).toMatch(message);
  });

  it('may have blanks around it', async () => {
    const run = await graph([func('a', '\n   def f():\n       return 5\n   '), memory('o-a')]).run();
    expect(await textOf(run, 'a')).toBe('5');
  });
});
