import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../../engine/drops/crc32c.ts';
import type { DataDROP } from '../../../../engine/drops/data-drop.ts';
import { readNpy, writeNpy } from '../../../../engine/drops/npy/index.ts';
import { readPickle, writePickle } from '../../../../engine/drops/pickle/index.ts';
import type { NumpyScalar } from '../../../../engine/drops/pyrepr/index.ts';
import {
  NdArray,
  PyDict,
  PyRange,
  pyStr,
  PyTuple,
  type PyValue,
} from '../../../../engine/drops/pyrepr/index.ts';
import { pairwiseSum, splitArray, toArray } from '../../../../engine/drops/apps/numpy.ts';
import { DROPStates } from '../../../../engine/protocol/index.ts';
import { GraphRun, textOf, type Spec } from './run-graph.ts';

const FILE = 'dlg.data.drops.file.FileDROP';
const MEMORY = 'dlg.data.drops.memory.InMemoryDROP';

/** Inputs with these contents into one application with so many outputs, all in memory. */
async function through(
  kind: string,
  inputs: readonly (Uint8Array | string)[],
  spec: Record<string, unknown> = {},
  outputs = 1,
): Promise<GraphRun> {
  const specs: Spec[] = [
    ...inputs.map((_, i) => ({ oid: `i${i}`, name: `in${i}`, dropclass: MEMORY })),
    { oid: 'app', dropclass: `dlg.apps.${kind}`, ...spec, inputs: inputs.map((_, i) => `i${i}`) },
    ...Array.from({ length: outputs }, (_, i) => ({ oid: `o${i}`, dropclass: MEMORY, producers: ['app'] })),
  ];
  const run = new GraphRun(specs);
  for (const [i, content] of inputs.entries())
    if (content.length > 0) await (run.drop(`i${i}`) as DataDROP).write(content);
  return run.run();
}

async function bytesOf(run: GraphRun, oid = 'o0'): Promise<Uint8Array> {
  return (run.drop(oid) as DataDROP).contents();
}

async function valueOf(run: GraphRun, oid = 'o0'): Promise<PyValue> {
  return readPickle(await bytesOf(run, oid));
}

const ints = (...values: number[]): NdArray => NdArray.of(BigInt64Array.from(values, BigInt));
const floats = (...values: number[]): NdArray => NdArray.of(Float64Array.from(values));

const matrix = NdArray.of(BigInt64Array.of(1n, 2n, 3n, 4n), [2, 2]);

describe('copies', () => {
  it('take the children of a container, and text as text', async () => {
    const run = new GraphRun([
      { oid: 'box', dropclass: 'dlg.data.drops.container.ContainerDROP', consumers: ['app'] },
      { oid: 'a', dropclass: MEMORY },
      { oid: 'b', dropclass: FILE, filepath: 'b.txt' },
      { oid: 'text', dropclass: MEMORY, pydata: { value: 'words', type: 'String' }, consumers: ['app'] },
      { oid: 'app', dropclass: 'dlg.apps.simple.CopyApp', outputs: ['o'] },
      { oid: 'o', dropclass: FILE, filepath: 'o.txt' },
    ]);
    const box = run.drop('box') as unknown as { addChild(child: unknown): void };
    for (const oid of ['a', 'b']) {
      await (run.drop(oid) as DataDROP).write(`${oid},`);
      await run.drop(oid).setCompleted();
      box.addChild(run.drop(oid));
    }
    await run.trigger([run.drop('box'), run.drop('text')]);
    await run.over();
    expect(await textOf(run.drop('o'))).toBe('a,b,words');
    expect(run.app('app').facts).toEqual({ copiedBytes: 9 });
  });

  it('of directories take the whole tree, also where some of it is there already', async () => {
    const directory = 'dlg.data.drops.directory.DirectoryDROP';
    const run = new GraphRun([
      { oid: 'd', dropclass: directory, dirname: 'from', create_if_missing: true, consumers: ['app'] },
      { oid: 'app', dropclass: 'dlg.apps.simple.CopyApp', outputs: ['o'] },
      { oid: 'o', dropclass: directory, dirname: 'to', create_if_missing: true },
    ]);
    mkdirSync(path.join(run.baseDir, 'from', 'deep'), { recursive: true });
    writeFileSync(path.join(run.baseDir, 'from', 'deep', 'x'), 'new');
    mkdirSync(path.join(run.baseDir, 'to', 'deep'), { recursive: true });
    writeFileSync(path.join(run.baseDir, 'to', 'deep', 'x'), 'old');
    await run.run();
    expect(readFileSync(path.join(run.baseDir, 'to', 'deep', 'x'), 'utf8')).toBe('new');
  });

  it('are refused without a buffer', () => {
    expect(() => new GraphRun([{ oid: 'app', dropclass: 'dlg.apps.simple.CopyApp', bufsize: 0 }])).toThrow(
      /at least 1 byte/,
    );
  });

  it('take a negative buffer for any, as Python reads', async () => {
    expect(await textOf((await through('simple.CopyApp', ['abc'], { bufsize: -1 })).drop('o0'))).toBe('abc');
  });
});

describe('greetings', () => {
  it.each([
    ['the first of a tuple', writePickle(new PyTuple(['Ann', 'Bob'])), 'Hello, Ann'],
    ['the first of an array', writePickle(floats(1.5, 2)), 'Hello, 1.5'],
    ['the first row of an array, as numpy writes it', writePickle(matrix), 'Hello, [1 2]'],
    ['the first byte of bytes as its number', writePickle(Uint8Array.of(97, 98)), 'Hello, 97'],
    ['the first of a range', writePickle(new PyRange(4n, 9n, 2n)), 'Hello, 4'],
    ['the first of a text, as Python has it', writePickle('Zoe'), 'Hello, Z'],
    ['bytes that are no pickle, as their repr', 'plain', "Hello, b'plain'"],
    ['a list without a first item as its bytes', writePickle([]), "Hello, b'\\x80\\x04]\\x94.'"],
  ])('name %s', async (_what, content, greeting) => {
    expect(await textOf((await through('simple.HelloWorldApp', [content])).drop('o0'))).toBe(greeting);
  });

  it('fail on an empty input', async () => {
    const run = await through('simple.HelloWorldApp', ['']);
    expect(run.errorOf('app').message).toMatch(/is empty and names nobody/);
  });

  it('take an empty name for what it is', async () => {
    expect(await textOf((await through('simple.HelloWorldApp', [], { greet: '' })).drop('o0'))).toBe(
      'Hello ',
    );
  });

  it.each([
    [true, 'Hello True'],
    [5, 'Hello 5'],
    [null, 'Hello None'],
    [[1, 'a'], "Hello [1, 'a']"],
    [{ a: 1.5 }, "Hello {'a': 1.5}"],
  ])('write %j as Python does', async (greet, greeting) => {
    expect(await textOf((await through('simple.HelloWorldApp', [], { greet })).drop('o0'))).toBe(greeting);
  });
});

describe('a greeting', () => {
  it('tells 3.0 from 3 where the argument is a Float', async () => {
    const applicationArgs = { greet: { name: 'greet', value: 3, type: 'Float', usage: 'NoPort' } };
    const run = await through('simple.HelloWorldApp', [], { greet: 3, applicationArgs });
    expect(await textOf(run.drop('o0'))).toBe('Hello 3.0');
  });
});

describe('arrays of random numbers', () => {
  it('take their settings from named ports', async () => {
    const run = await new GraphRun([
      { oid: 'n', dropclass: MEMORY, pydata: { value: '3', type: 'int' }, consumers: [{ app: 'size' }] },
      {
        oid: 'app',
        dropclass: 'dlg.apps.simple.RandomArrayApp',
        size: 9,
        low: 5,
        high: 6,
        inputs: [{ n: 'size' }],
      },
      { oid: 'o0', dropclass: MEMORY, producers: ['app'] },
    ]).run();
    expect(((await valueOf(run)) as NdArray).elements()).toEqual([5n, 5n, 5n]);
  });

  it('are whole numbers below high or fractions from low times high', async () => {
    const whole = (await valueOf(
      await through('simple.RandomArrayApp', [], { size: 500, low: -2.9, high: 3 }),
    )) as NdArray;
    expect(whole.descr).toBe('<i8');
    expect(new Set(whole.elements())).toEqual(new Set([-2n, -1n, 0n, 1n, 2n]));
    const parts = (await valueOf(
      await through('simple.RandomArrayApp', [], { integer: 'False', low: 1, high: 10 }),
    )) as NdArray;
    for (const value of parts.numbers() ?? []) expect(value >= 10 && value < 20).toBe(true);
  });

  it.each(['', null])('are fractions where integer is %j', async (integer) => {
    const array = (await valueOf(await through('simple.RandomArrayApp', [], { integer }))) as NdArray;
    expect(array.descr).toBe('<f8');
  });

  it.each([
    [{ low: 5, high: 5 }, 1, /no whole numbers from low \(5\) up to high \(5\)/],
    [{ size: -1 }, 1, /size must be from 0/],
    [{}, 0, /no output for its array/],
  ])('%j with %i outputs is an error', async (spec, outputs, message) => {
    expect((await through('simple.RandomArrayApp', [], spec, outputs)).errorOf('app').message).toMatch(
      message,
    );
  });
});

describe('averages', () => {
  it('are one number of flat inputs, one row of rows', async () => {
    const flat = await valueOf(
      await through('simple.AverageArraysApp', [writePickle([1n, 11n]), writePickle([2n, 12n])]),
    );
    expect((flat as NumpyScalar).value).toBe(6.5);
    const rows = new PyTuple([ints(1, 2), ints(3, 4)]);
    const row = await valueOf(await through('simple.AverageArraysApp', [writePickle(rows)]));
    expect((row as NdArray).elements()).toEqual([2, 3]);
    const median = await through('simple.AverageArraysApp', [writePickle(floats(9, 1, 5, 2))], {
      method: 'median',
    });
    expect(((await valueOf(median)) as NumpyScalar).value).toBe(3.5);
  });

  it('of 32-bit floats alone are such, added up as such', async () => {
    const singles = NdArray.of(Float32Array.from({ length: 100 }, () => 0.1));
    const averages = [];
    for (const method of ['mean', 'median'])
      averages.push(
        await valueOf(await through('simple.AverageArraysApp', [writePickle(singles)], { method })),
      );
    expect((averages as NumpyScalar[]).map(({ descr }) => descr)).toEqual(['<f4', '<f4']);
    expect(averages.map((average) => pyStr(average))).toEqual(['0.10000003', '0.1']);
    const mixed = [writePickle(singles), writePickle(floats(0.1))];
    expect(((await valueOf(await through('simple.AverageArraysApp', mixed))) as NumpyScalar).descr).toBe(
      '<f8',
    );
  });

  it('add in blocks, pairwise, and so lose less than a plain loop (99.9999999999986)', () => {
    const tenths = Float64Array.from({ length: 1000 }, () => 0.1);
    expect(pairwiseSum(tenths)).toBe(100.00000000000001);
  });

  it('of nothing are not a number, as numpy has it', async () => {
    for (const method of ['mean', 'median']) {
      const average = await through('simple.AverageArraysApp', [writePickle([])], { method });
      expect(((await valueOf(average)) as NumpyScalar).value).toBeNaN();
    }
  });

  it('may be of more elements than a call has arguments, and so may be what is scattered', async () => {
    const many = new Array<bigint>(200_000).fill(3n);
    expect(pyStr(await valueOf(await through('simple.AverageArraysApp', [writePickle(many)])))).toBe('3.0');
    const texts = writePickle(new Array<string>(200_000).fill('ab'));
    const run = await through('simple.GenericScatterApp', [texts], { num_of_copies: 1 });
    expect(((await valueOf(run)) as NdArray).descr).toBe('<U2');
  });

  it('of texts are errors of a run', async () => {
    expect((await through('simple.AverageArraysApp', [writePickle(['a'])])).errorOf('app').message).toMatch(
      /not numbers/,
    );
  });
});

describe('gathering', () => {
  it('into a dictionary goes by input name, and loses none of the same name', async () => {
    const run = new GraphRun([
      { oid: 'a', name: 'same', dropclass: MEMORY, pydata: { value: '1', type: 'int' }, consumers: ['app'] },
      { oid: 'b', name: 'same', dropclass: MEMORY, pydata: { value: '2', type: 'int' }, consumers: ['app'] },
      { oid: 'app', dropclass: 'dlg.apps.simple.DictGatherApp', value_dict: '{"first": 0}', outputs: ['o0'] },
      { oid: 'o0', dropclass: MEMORY },
    ]);
    await run.run();
    expect(((await valueOf(run)) as PyDict).entries()).toEqual([
      ['first', 0n],
      ['same', 1n],
      ['b', 2n],
    ]);
  });

  it('into a dictionary starts with nothing as long as the palette has its say', async () => {
    const run = await through('simple.DictGatherApp', [writePickle(5n)], { value_dict: 'value_dict' });
    expect(((await valueOf(run)) as PyDict).entries().map(([, value]) => value)).toEqual([5n]);
  });

  it('into a list keeps bytes that are no pickle', async () => {
    const run = await through('simple.ArrayGatherApp', ['raw', writePickle(5n), '']);
    expect(await valueOf(run)).toEqual([new Uint8Array(Buffer.from('raw')), 5n, null]);
  });

  it.each([
    [{ function: 'sum' }, [], [21n]],
    [{ function: 'prod' }, [], [720n]],
    [{ function: 'max' }, [], [6n]],
    [{ function: 'sum', reduce_axes: [0] }, [3], [5n, 7n, 9n]],
    [{ function: 'min', reduce_axes: '[-1]' }, [2], [1n, 4n]],
    [{ function: 'add', reduce_axes: 'None' }, [2, 3], [1n, 2n, 3n, 4n, 5n, 6n]],
  ])('npy arrays with %j reduces and combines', async (spec, shape, elements) => {
    const matrix = NdArray.of(BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n), [2, 3]);
    const run = await through('simple.GenericNpyGatherApp', [writeNpy(matrix)], spec);
    const result = readNpy(await bytesOf(run));
    expect([result.shape, result.elements()]).toEqual([shape, elements]);
  });

  it('npy arrays adds floats pairwise along the last axes, as numpy does', async () => {
    const sumOf = async (array: NdArray, spec = {}) =>
      readNpy(await bytesOf(await through('simple.GenericNpyGatherApp', [writeNpy(array)], spec))).elements();
    const tenths = new Array<number>(10).fill(0.1);
    expect(await sumOf(floats(...tenths))).toEqual([1]);
    const rows = NdArray.of(Float64Array.from([...tenths, ...tenths]), [2, 10]);
    expect(await sumOf(rows, { reduce_axes: [1] })).toEqual([1, 1]);
    const column = NdArray.of(Float64Array.from(tenths.flatMap((x) => [x, x])), [10, 2]);
    expect(await sumOf(column, { reduce_axes: [0] })).toEqual([0.9999999999999999, 0.9999999999999999]);
    expect(await sumOf(NdArray.of(Float32Array.from(tenths)))).toEqual([Math.fround(1)]);
  });

  it('npy arrays of several inputs combines them element by element, in the larger type', async () => {
    const run = await through(
      'simple.GenericNpyGatherApp',
      [writeNpy(ints(1, 5)), writeNpy(floats(2.5, 3))],
      { function: 'maximum' },
    );
    const result = readNpy(await bytesOf(run));
    expect([result.descr, result.elements()]).toEqual(['<f8', [2.5, 5]]);
    const apart = await through('simple.GenericNpyGatherApp', [writeNpy(ints(1)), writeNpy(ints(1, 2))], {
      function: 'add',
    });
    expect(apart.errorOf('app').message).toMatch(/input i1: Arrays of shapes \(1\) and \(2\)/);
    const text = await through('simple.GenericNpyGatherApp', ['text'], {});
    expect(text.errorOf('app').message).toMatch(/Input i0 must hold an array in npy format/);
  });
});

describe('scattering', () => {
  it('gives the first parts more, keeps types, and can give single elements', async () => {
    const run = await through(
      'simple.GenericScatterApp',
      [writePickle(['a', 'bcd', 'e', 'f'])],
      { num_of_copies: 3 },
      3,
    );
    const parts = await Promise.all(['o0', 'o1', 'o2'].map((oid) => valueOf(run, oid)));
    expect(parts.map((part) => (part as NdArray).elements())).toEqual([['a', 'bcd'], ['e'], ['f']]);
    expect((parts[0] as NdArray).descr).toBe('<U3');
    const single = await through(
      'simple.GenericScatterApp',
      [writePickle(floats(1, 2, 3, 4))],
      { num_of_copies: 2, element: true },
      2,
    );
    expect(((await valueOf(single, 'o1')) as NumpyScalar).value).toBe(3);
  });

  it('of npy arrays goes along the axis of each input', async () => {
    const matrix = NdArray.of(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    const run = await through(
      'simple.GenericNpyScatterApp',
      [writeNpy(matrix), writeNpy(matrix)],
      { num_of_copies: 2, scatter_axes: '[1, 0]' },
      4,
    );
    const parts = await Promise.all(
      ['o0', 'o1', 'o2', 'o3'].map(async (oid) => readNpy(await bytesOf(run, oid))),
    );
    expect(parts.map(({ shape }) => shape)).toEqual([
      [2, 2],
      [2, 1],
      [1, 3],
      [1, 3],
    ]);
    expect(parts[1]?.elements()).toEqual([3, 6]);
  });

  it.each([
    ['simple.GenericNpyScatterApp', { num_of_copies: 2 }, 1, /needs 2 outputs/],
    [
      'simple.GenericNpyScatterApp',
      { num_of_copies: 1, scatter_axes: [0, 1] },
      1,
      /one scatter axis for each/,
    ],
    ['simple.GenericNpyScatterApp', { num_of_copies: 1, scatter_axes: [4] }, 1, /axis 4 does not exist/],
    [
      'simple.GenericScatterApp',
      { num_of_copies: 1 },
      1,
      /no pickled value|cannot be read as a pickled value/,
    ],
  ])('%s with %j names what is wrong', async (kind, spec, outputs, message) => {
    const run = await through(kind, [writeNpy(ints(1, 2))], spec, outputs);
    expect(run.errorOf('app').message).toMatch(message);
  });

  it('splits and makes arrays as numpy does', () => {
    expect(splitArray(ints(1, 2, 3, 4, 5), 3).map((part) => part.shape[0])).toEqual([2, 2, 1]);
    expect(toArray([1n, 2.5])?.descr).toBe('<f8');
    expect(toArray([true, false])?.descr).toBe('|b1');
    expect(toArray([[1n], [1n, 2n]])).toBeUndefined();
    expect(toArray([2n ** 70n])).toBeUndefined();
    expect(toArray([])?.descr).toBe('<f8');
  });
});

describe('picking one', () => {
  it('of nothing leaves nothing, of other lists the items themselves', async () => {
    const pick = async (value: PyValue): Promise<[PyValue, PyValue]> => {
      const run = new GraphRun([
        { oid: 'i', dropclass: MEMORY, consumers: ['app'] },
        { oid: 'app', dropclass: 'dlg.apps.simple.PickOne', outputs: ['first', 'rest'] },
        { oid: 'first', dropclass: MEMORY },
        { oid: 'rest', name: 'rest_array', dropclass: MEMORY },
      ]);
      await (run.drop('i') as DataDROP).write(writePickle(value));
      await run.run();
      return [await valueOf(run, 'first'), await valueOf(run, 'rest')];
    };
    for (const nothing of [null, 0n, false]) expect(await pick(nothing)).toEqual([null, []]);
    for (const nothing of [[], new PyTuple([])]) {
      const [first, rest] = await pick(nothing);
      expect([first, (rest as NdArray).shape]).toEqual([null, [0]]);
    }
    const [first, rest] = await pick([new PyDict([['a', 1n]]), 'b']);
    expect([(first as PyDict).get('a'), rest]).toEqual([1n, ['b']]);
    const wrong = await through('simple.PickOne', [writePickle(5n)]);
    expect(wrong.errorOf('app').message).toMatch(/input i0 holds a int/);
  });
});

describe('checksums', () => {
  it('are decimal numbers, at once and while data streams', async () => {
    const run = await through('crc.CRCApp', ['123456789']);
    expect(await textOf(run.drop('o0'))).toBe('3808858755');
    const stream = new GraphRun([
      { oid: 's', dropclass: MEMORY, streamingConsumers: ['app'] },
      { oid: 'app', dropclass: 'dlg.apps.crc.CRCStreamApp', outputs: ['o0'] },
      { oid: 'o0', dropclass: MEMORY },
    ]);
    for (const piece of ['1234', '56789']) await (stream.drop('s') as DataDROP).write(piece);
    await stream.drop('s').setError();
    await stream.over([stream.drop('o0')]);
    expect(await textOf(stream.drop('o0'))).toBe(String(crc32c(Buffer.from('123456789'))));
  });

  it('of several streams are written once, when the first of them is over', async () => {
    const run = new GraphRun([
      { oid: 's', dropclass: MEMORY, streamingConsumers: ['app'] },
      { oid: 't', dropclass: MEMORY, streamingConsumers: ['app'] },
      { oid: 'app', dropclass: 'dlg.apps.crc.CRCStreamApp', outputs: ['o0'] },
      { oid: 'o0', dropclass: MEMORY },
    ]);
    const streams = ['s', 't'].map((oid) => run.drop(oid) as DataDROP);
    for (const stream of streams) await stream.write('12');
    await Promise.all(streams.map((stream) => stream.setCompleted()));
    await run.over();
    expect(await textOf(run.drop('o0'))).toBe(String(crc32c(Buffer.from('1212'))));
  });

  it('need one input and one output', async () => {
    expect((await through('crc.CRCApp', ['a', 'b'])).errorOf('app').message).toMatch(
      /exactly one input and one output, but has 2 and 1/,
    );
  });
});

describe('palette entries without work', () => {
  it.each([
    'simple.DALiuGEApp',
    'constructs.ScatterDrop',
    'constructs.CommentDrop',
    'branch.BranchAppDrop',
    'archiving.ExternalStoreApp',
  ])('%s says so when it runs', async (kind) => {
    const run = await through(
      kind,
      ['x'],
      {},
      kind.startsWith('branch') ? 2 : kind.startsWith('archiving') ? 0 : 1,
    );
    expect(run.drop('app').status).toBe(DROPStates.ERROR);
    expect(run.errorOf('app').message).toMatch(/placeholder|without a condition|does not say where/);
  });
});

describe('thrashing', () => {
  it('makes a list of random floats', async () => {
    const list = (await valueOf(
      await through('simple.ListAppendThrashingApp', [], { size: 50 }),
    )) as number[];
    expect(list).toHaveLength(50);
    expect(list.every((value) => value >= 0 && value < 1)).toBe(true);
  });
});
