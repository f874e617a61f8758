import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Services } from '../../../../engine/drops/context.ts';
import type { DataDROP } from '../../../../engine/drops/data-drop.ts';
import { readNpy, writeNpy } from '../../../../engine/drops/npy/index.ts';
import { readPickle } from '../../../../engine/drops/pickle/index.ts';
import { NdArray } from '../../../../engine/drops/pyrepr/index.ts';
import { AppDROPStates, DROPStates } from '../../../../engine/protocol/index.ts';
import { GraphRun, isRunning, textOf, type Spec } from './run-graph.ts';

const services = new Services();
afterAll(() => services.dispose());

const MEMORY = 'dlg.data.drops.memory.InMemoryDROP';
const FILE = 'dlg.data.drops.file.FileDROP';

function port(name: string, encoding: string, usage = 'InputPort', more: object = {}): object {
  return { name, value: null, type: 'Object', usage, encoding, positional: false, precious: false, ...more };
}

function app(spec: Record<string, unknown>): Spec {
  return { oid: 'app', categoryType: 'Application', dropclass: 'weir.apps.JsFuncApp', ...spec };
}

async function run(specs: readonly Spec[]): Promise<GraphRun> {
  const graph = new GraphRun(specs, { services });
  return graph.run();
}

describe('a function in JavaScript', () => {
  it('gets its arguments by name and gives its result to every output, each in its encoding', async () => {
    const graph = await run([
      { oid: 'in', dropclass: MEMORY, pydata: { value: '4', type: 'int' }, consumers: [{ app: 'x' }] },
      app({
        func_code: 'function scale(factor, x = 1) { return { product: x * factor }; }',
        func_name: 'scale',
        applicationArgs: { factor: port('factor', 'dill', 'NoPort', { value: 0.5 }), x: port('x', 'dill') },
        componentParams: { a: port('a', 'json', 'OutputPort'), b: port('b', 'pickle', 'OutputPort') },
        inputs: [{ in: 'x' }],
        outputs: [{ a: 'a' }, { b: 'b' }],
      }),
      { oid: 'a', dropclass: MEMORY },
      { oid: 'b', dropclass: MEMORY },
    ]);
    expect(await textOf(graph.drop('a'))).toBe('{"product":2}');
    expect(readPickle(await (graph.drop('b') as DataDROP).contents())).toMatchObject({ size: 1 });
  });

  it('is read from a module in the session directory, and read again when the module changes', async () => {
    const graph = new GraphRun(
      [
        app({
          func_module: 'tools.mjs',
          func_name: 'hello',
          componentParams: { o: port('o', 'utf-8', 'OutputPort') },
          outputs: [{ o: 'o' }],
        }),
        { oid: 'o', dropclass: MEMORY },
      ],
      { services },
    );
    writeFileSync(path.join(graph.baseDir, 'tools.mjs'), 'export function hello() { return "from disk"; }');
    await graph.run();
    expect(await textOf(graph.drop('o'))).toBe('from disk');
  });

  it('takes numpy arrays as typed arrays with a shape and writes them back', async () => {
    const graph = new GraphRun(
      [
        { oid: 'in', dropclass: MEMORY, consumers: [{ app: 'm' }] },
        app({
          func_code: 'm => Object.assign(m.map(v => v * 2), { shape: m.shape })',
          applicationArgs: { m: port('m', 'npy') },
          componentParams: { o: port('o', 'npy', 'OutputPort') },
          inputs: [{ in: 'm' }],
          outputs: [{ o: 'o' }],
        }),
        { oid: 'o', dropclass: MEMORY },
      ],
      { services },
    );
    const matrix = NdArray.of(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    await (graph.drop('in') as DataDROP).write(writeNpy(matrix));
    await graph.run();
    const result = readNpy(await (graph.drop('o') as DataDROP).contents());
    expect([result.descr, result.shape, result.elements()]).toEqual(['<f4', [2, 3], [2, 4, 6, 8, 10, 12]]);
  });

  it('can take its arguments as one object, bytes as bytes, and an output as the path it writes itself', async () => {
    const graph = await run([
      { oid: 'in', dropclass: FILE, filepath: 'in.bin', consumers: [{ app: 'data' }] },
      app({
        func_code: `async function copy({ data, target }) {
          const { writeFile } = await import('node:fs/promises');
          await writeFile(target, data.toString().length + ' characters');
        }`,
        func_name: 'copy',
        applicationArgs: { data: port('data', 'utf-8'), target: port('target', 'path', 'OutputPort') },
        inputs: [{ in: 'data' }],
        outputs: [{ o: 'target' }],
      }),
      { oid: 'o', dropclass: FILE, filepath: 'out.txt' },
    ]);
    expect(await textOf(graph.drop('o'))).toBe('0 characters');
  });

  it('takes plain inputs by position', async () => {
    const graph = await run([
      { oid: 'p', dropclass: MEMORY, pydata: { value: '5', type: 'int' }, consumers: ['app'] },
      { oid: 'q', dropclass: MEMORY, pydata: { value: '3', type: 'int' }, consumers: ['app'] },
      app({ func_code: '(a, b) => a - b', inputs: ['p', 'q'], outputs: ['o'] }),
      { oid: 'o', dropclass: MEMORY },
    ]);
    expect(readPickle(await (graph.drop('o') as DataDROP).contents())).toBe(2n);
  });

  it('that throws puts its drop in ERROR with name, message and stack', async () => {
    const graph = await run([
      app({
        func_code: 'function bad() { throw new RangeError("too far"); }',
        func_name: 'bad',
        outputs: ['o'],
      }),
      { oid: 'o', dropclass: MEMORY },
    ]);
    expect(graph.drop('o').status).toBe(DROPStates.ERROR);
    expect(graph.errorOf('app').message).toMatch(/app, function bad: RangeError: too far/);
    expect(String(graph.errorOf('app').details['detail'])).toContain('bad');
  });

  it.each([
    ['a module that is not there', { func_module: 'nowhere.mjs' }, /no module "nowhere.mjs"; looked for/],
    [
      'an export that is not there',
      { func_module: 'node:path', func_name: 'jion' },
      /no function "jion" in node:path/,
    ],
    [
      'an unknown encoding',
      { func_code: '() => 1', componentParams: { o: port('o', 'morse', 'OutputPort') } },
      /"morse"/,
    ],
    ['a thread that ends', { func_code: '() => process.exit(3)' }, /its thread ended with code 3/],
  ])('names %s', async (_what, spec, message) => {
    const graph = await run([app({ ...spec, outputs: [{ o: 'o' }] }), { oid: 'o', dropclass: MEMORY }]);
    expect(graph.drop('app').status).toBe(DROPStates.ERROR);
    expect(graph.errorOf('app').message).toMatch(message);
  });

  it('that never ends takes only its own drop with it, by timeout and by cancel', async () => {
    const timedOut = await run([
      app({ func_code: '() => { for (;;); }', timeout: 0.2, outputs: ['o'] }),
      { oid: 'o', dropclass: MEMORY },
    ]);
    expect(timedOut.errorOf('app').message).toMatch(/timeout of 0.2 s/);
    const graph = new GraphRun(
      [app({ func_code: '() => { for (;;); }', outputs: ['o'] }), { oid: 'o', dropclass: MEMORY }],
      { services },
    );
    const over = graph.trigger();
    await isRunning(graph.app('app'));
    await graph.app('app').cancel();
    await over;
    expect(graph.app('app').execStatus).toBe(AppDROPStates.CANCELLED);
    expect(graph.errors.size).toBe(0);
  });

  it('has what it prints in the log', async () => {
    const graph = await run([
      app({ func_code: '() => { console.log("working"); return 1; }', outputs: ['o'] }),
      { oid: 'o', dropclass: MEMORY },
    ]);
    expect(graph.log.map(({ message }) => message)).toContain('stdout: working');
  });

  it('is refused without a module or source', () => {
    expect(() => new GraphRun([app({ func_name: 'x' })])).toThrow(/has no function; give a module/);
  });
});
