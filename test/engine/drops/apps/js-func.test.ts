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

  it('that leaves something behind troubles no other: its thread ends with it', async () => {
    const threadAfter = async (statement: string): Promise<string> => {
      const code = `async () => { ${statement}; return (await import('node:worker_threads')).threadId; }`;
      const graph = await run([
        app({
          func_code: code,
          componentParams: { o: port('o', 'json', 'OutputPort') },
          outputs: [{ o: 'o' }],
        }),
        { oid: 'o', dropclass: MEMORY },
      ]);
      return textOf(graph.drop('o'));
    };
    const clean = await threadAfter('console.log("nothing left")');
    // A thread that goes on would end with what this throws, and the next function with it.
    expect(await threadAfter('setTimeout(() => { throw new Error("late"); }, 1e6)')).toBe(clean);
    const next = await threadAfter('setInterval(() => console.log("still here"), 1e6)');
    expect(next).not.toBe(clean);
    expect(await threadAfter('0')).not.toBe(next);
  });

  it('is not answered by what another one sends by itself', async () => {
    const abuse = `async () => {
      const { parentPort } = await import('node:worker_threads');
      parentPort.postMessage({ id: -1, ok: true, isClean: true, results: [], used: [] });
      parentPort.postMessage('nonsense');
      return 1;
    }`;
    for (const [code, result] of [
      [abuse, '1'],
      ['() => 2', '2'],
    ] as const) {
      const graph = await run([
        app({
          func_code: code,
          componentParams: { o: port('o', 'json', 'OutputPort') },
          outputs: [{ o: 'o' }],
        }),
        { oid: 'o', dropclass: MEMORY },
      ]);
      expect(await textOf(graph.drop('o'))).toBe(result);
    }
  });

  it.each([
    ['a list', 'json', '[1, { a: undefined }]', '[1,{}]'],
    ['a map', 'json', 'new Map([["a", new Set([1n])]])', '{"a":[1]}'],
    [
      'an array of numbers',
      'json',
      'Object.assign(Int8Array.of(1, 2, 3, 4), { shape: [2, 2] })',
      '[[1,2],[3,4]]',
    ],
    ['bytes', 'json', 'Buffer.from("ab")', '[97,98]'],
    ['a date', 'json', '[new Date(0)]', '["1970-01-01T00:00:00.000Z"]'],
    ['bytes', 'utf-8', 'Buffer.from("ab")', 'ab'],
    ['an object', 'UTF-8', '({ a: Float32Array.of(1) })', '{"a":[1]}'],
    ['nothing', 'json', 'undefined', 'null'],
    ['text', 'eval', '[1, "x", true]', "[1, 'x', True]"],
  ])('gives %s as %s', async (_what, encoding, expression, text) => {
    const graph = await run([
      app({
        func_code: `() => (${expression})`,
        componentParams: { o: port('o', encoding, 'OutputPort') },
        outputs: [{ o: 'o' }],
      }),
      { oid: 'o', dropclass: MEMORY },
    ]);
    expect(await textOf(graph.drop('o'))).toBe(text);
  });

  it('gives lists of lists of numbers as an array', async () => {
    const graph = await run([
      app({
        func_code: '() => [[1, 2, 3], [4, 5, 6n]]',
        componentParams: { o: port('o', 'npy', 'OutputPort') },
        outputs: [{ o: 'o' }],
      }),
      { oid: 'o', dropclass: MEMORY },
    ]);
    const { shape, descr } = readNpy(await (graph.drop('o') as DataDROP).contents());
    expect([shape, descr]).toEqual([[2, 3], '<f8']);
  });

  it.each([
    ['json', '() => () => 1', /JSON has no form for a function/],
    ['json', '() => 2n ** 70n', /JSON has no form for a number as large as 1180591620717411303424/],
    ['json', '() => new Map([[{}, 1]])', /JSON has no form for a map with an object of Object as a key/],
    ['json', 'function* f() { yield 1; }', /an object of Generator has no data that could be written/],
    ['pickle', '() => [Promise.resolve(1)]', /an object of Promise has no data that could be written/],
    ['pickle', '() => { const a = []; a.push(a); return a; }', /A value that holds itself/],
    [
      'npy',
      '() => [[1, 2], [3]]',
      /all of one length where they lie in lists, but the function returned a list/,
    ],
    ['binary', '() => {}', /writes bytes or text, but the function returned nothing/],
    ['json', '() => { throw { a: 1 }; }', /Error: \{ a: 1 \}/],
    ['json', '() => { throw new Error("outer", { cause: new Error("inner") }); }', /Error: outer \(inner\)/],
  ])('is told what cannot be %s: %s', async (encoding, code, message) => {
    const graph = await run([
      app({
        func_code: code,
        componentParams: { o: port('o', encoding, 'OutputPort') },
        outputs: [{ o: 'o' }],
      }),
      { oid: 'o', dropclass: MEMORY },
    ]);
    expect(graph.drop('o').status).toBe(DROPStates.ERROR);
    expect(graph.errorOf('app').message).toMatch(message);
  });

  it('fails where text was to come and its bytes are none', async () => {
    const graph = new GraphRun(
      [
        { oid: 'in', dropclass: MEMORY, consumers: [{ app: 'x' }] },
        app({
          func_code: '(x) => x',
          applicationArgs: { x: port('x', 'utf-8') },
          inputs: [{ in: 'x' }],
          outputs: ['o'],
        }),
        { oid: 'o', dropclass: MEMORY },
      ],
      { services },
    );
    await (graph.drop('in') as DataDROP).write(Uint8Array.of(0xff, 0x41));
    await graph.run();
    expect(graph.errorOf('app').message).toMatch(
      /argument "x" cannot be read: .* UTF-8 text, but its bytes are none/,
    );
  });

  it.each([
    ["(url = 'http://a/b', x) => [url, x]", '["http://a/b",5]'],
    ["(a = ')', x) => [a, x]", '[")",5]'],
    ['(a = /[)/]/, x) => [a.source, x]', '["[)/]",5]'],
    ['(a = `(${[1, "}"].length},`, x) => [a, x]', '["(2,",5]'],
    ['(a = (p, q) => p, /* b, */ x = 2) => [typeof a, x]', '["function",5]'],
    ['async(x)=>[x]', '[5]'],
    ['async x => [x];', '[5]'],
    ['(x) => { const f = [x]; return f; }', '[5]'],
    ['function g(v) { return [v]; }\nfunction f(x) { return g(x); }', '[5]'],
    ['import path from "node:path";\nconst f = (x) => [path.sep, x];', '["/",5]'],
    ['export const g = 1;\nexport function f(x) { return [x]; }', '[5]'],
  ])('is understood however it is written: %s', async (code, result) => {
    const graph = await run([
      { oid: 'in', dropclass: MEMORY, pydata: { value: '5', type: 'int' }, consumers: [{ app: 'x' }] },
      app({
        func_code: code,
        func_name: 'f',
        applicationArgs: { x: port('x', 'dill') },
        componentParams: { o: port('o', 'json', 'OutputPort') },
        inputs: [{ in: 'x' }],
        outputs: [{ o: 'o' }],
      }),
      { oid: 'o', dropclass: MEMORY },
    ]);
    expect(graph.errors).toEqual(new Map());
    expect(await textOf(graph.drop('o'))).toBe(result);
  });

  it('may be of a CommonJS module, whatever form its exports have', async () => {
    const graph = new GraphRun(
      [
        app({
          func_module: 'tools.cjs',
          func_name: 'go',
          componentParams: { o: port('o', 'utf-8', 'OutputPort') },
          outputs: [{ o: 'o' }],
        }),
        { oid: 'o', dropclass: MEMORY },
      ],
      { services },
    );
    const names = ['g', 'o'];
    writeFileSync(
      path.join(graph.baseDir, 'tools.cjs'),
      `module.exports = { [${JSON.stringify(names)}.join('')]: () => 'common' };`,
    );
    await graph.run();
    expect(await textOf(graph.drop('o'))).toBe('common');
  });

  it('is refused without a module or source', () => {
    expect(() => new GraphRun([app({ func_name: 'x' })])).toThrow(/has no function; give a module/);
  });
});
