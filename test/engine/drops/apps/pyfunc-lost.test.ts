/** What becomes of results that stay in a Python worker when that worker's process ends. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Services } from '../../../../engine/drops/context.ts';
import type { DataDROP } from '../../../../engine/drops/data-drop.ts';
import { PYTHON_POOL } from '../../../../engine/drops/python/index.ts';
import { DROP_STATE_NAMES } from '../../../../engine/protocol/index.ts';
import { whyNoPython } from '../pyrepr/python-oracle.ts';
import { GraphRun, isOver, type Spec } from './run-graph.ts';

const services = new Services();
const runs: GraphRun[] = [];
afterEach(() => {
  for (const run of runs.splice(0)) rmSync(run.baseDir, { recursive: true, force: true });
});
afterAll(() => services.dispose());

const memory = (oid: string, more: object = {}): Spec => ({
  oid,
  categoryType: 'Data',
  dropclass: 'dlg.data.drops.memory.InMemoryDROP',
  ...more,
});
const number = (oid: string, value: number): Spec =>
  memory(oid, { fields: [{ name: 'pydata', value, type: 'Integer' }] });

const port = (name: string, encoding = 'dill') => ({
  [name]: { name, value: null, type: 'Object', usage: 'InputPort', encoding },
});

function func(oid: string, body: string, ports: Record<string, string>, outputs: readonly string[]): Spec {
  const args = Object.keys(ports);
  return {
    oid,
    categoryType: 'Application',
    dropclass: 'dlg.apps.pyfunc.PyFuncApp',
    func_name: oid,
    func_code: `import os, random\ndef ${oid}(${args.join(', ')}):\n    print("process", os.getpid())\n    ${body}`,
    applicationArgs: Object.assign({}, ...args.map((name) => port(name))) as object,
    inputs: Object.entries(ports).map(([name, drop]) => ({ [drop]: name })),
    outputs,
  };
}

/** x -> make -> big; big and gate -> take -> o. `gate` is completed by the test. */
function graph(makeBody: string, more: Partial<Spec> = {}): GraphRun {
  const run = new GraphRun(
    [
      number('x', 3),
      { ...func('make', makeBody, { n: 'x' }, ['big']), ...more },
      memory('big'),
      number('gate', 0),
      func('take', 'return len(values) + sum(values[:5])', { values: 'big', g: 'gate' }, ['o']),
      memory('o'),
    ],
    { services },
  );
  runs.push(run);
  return run;
}

/** Runs `make`, then ends the process that holds its result. */
async function loseResult(run: GraphRun): Promise<void> {
  await run.trigger([run.drop('x')]);
  await isOver(run.drop('big'));
  expect(run.errors.get('make')).toBeUndefined();
  const lost = new Promise<string>((resolve) => {
    const stop = services.get(PYTHON_POOL, run.context).onObjectsLost((_objects, because) => {
      stop();
      resolve(because);
    });
  });
  const line = run.log.findLast(({ message }) => message.startsWith('process '));
  process.kill(Number(line?.message.slice('process '.length)), 'SIGKILL');
  expect(await lost).toContain('SIGKILL');
}

async function finish(run: GraphRun): Promise<string> {
  await run.trigger([run.drop('gate')]);
  await isOver(run.drop('o'));
  return DROP_STATE_NAMES[run.drop('o').status] as string;
}

const PURE = 'return [n] * 100000';
const starts = (run: GraphRun, oid: string) =>
  run.log.filter(({ uid, message }) => uid === oid && message.startsWith('process ')).length;

describe.skipIf(whyNoPython)(`a result whose Python process ended (${whyNoPython ?? 'with Python'})`, () => {
  it('is computed again when the next function needs it', async () => {
    const run = graph(PURE);
    await loseResult(run);
    expect(await finish(run)).toBe('COMPLETED');
    expect(starts(run, 'make')).toBe(2);
    expect(run.log.map(({ message }) => message).join('\n')).toContain('make runs again');
  });

  it('is computed again when somebody looks at it, and but once', async () => {
    const run = graph(PURE);
    await loseResult(run);
    const big = run.drop('big') as DataDROP;
    const [one, two] = await Promise.all([big.contents(), big.contents()]);
    expect(one.length).toBe(big.size);
    expect(Buffer.compare(one, two)).toBe(0);
    expect(await finish(run)).toBe('COMPLETED');
    expect(starts(run, 'make')).toBe(2);
  });

  it('fails its reader by name where its input is gone', async () => {
    const run = graph(PURE);
    await loseResult(run);
    run.drop('x')._flow.expire(run.drop('x')._row);
    expect(await finish(run)).toBe('ERROR');
    expect(run.errorOf('take').message).toMatch(
      /The value of drop "big" was held by a Python process that is gone \(.*SIGKILL.*\), and cannot be computed again: input x of make is EXPIRED/,
    );
    expect(starts(run, 'make')).toBe(1);
  });

  it('fails its reader where the function gives another result each time', async () => {
    const run = graph('return [random.random() for _ in range(50000)]');
    await loseResult(run);
    expect(await finish(run)).toBe('ERROR');
    expect(run.errorOf('take').message).toMatch(/drop "big".*another result/);
  });

  it('fails its reader where the function fails this time', async () => {
    const run = graph('return [n] * 100000 if not os.path.exists("stop") else 1 // 0');
    await loseResult(run);
    writeFileSync(path.join(run.baseDir, 'stop'), '');
    expect(await finish(run)).toBe('ERROR');
    expect(run.errorOf('take').message).toMatch(/drop "big".*ZeroDivisionError/);
  });

  it('is not computed again by a function that was given a path', async () => {
    const run = graph('return [1] * 100000', { applicationArgs: port('n', 'path') });
    await loseResult(run);
    expect(await finish(run)).toBe('ERROR');
    expect(run.errorOf('take').message).toMatch(/given a place in "n" and may have changed what is there/);
  });

  it('comes back through a chain of lost results', async () => {
    const run = new GraphRun(
      [
        number('x', 3),
        func('one', 'return [n] * 90000', { n: 'x' }, ['a']),
        memory('a'),
        func('make', 'return a + [1]', { a: 'a' }, ['big']),
        memory('big'),
        number('gate', 0),
        func('take', 'return len(values)', { values: 'big', g: 'gate' }, ['o']),
        memory('o'),
      ],
      { services },
    );
    runs.push(run);
    await loseResult(run);
    expect(await finish(run)).toBe('COMPLETED');
    expect([starts(run, 'one'), starts(run, 'make')]).toEqual([2, 2]);
  });
});
