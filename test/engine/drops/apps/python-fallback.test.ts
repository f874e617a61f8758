/** Built-in applications on values that only Python can make. */
import { rmSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Services } from '../../../../engine/drops/context.ts';
import type { DataDROP } from '../../../../engine/drops/data-drop.ts';
import { DROP_STATE_NAMES } from '../../../../engine/protocol/index.ts';
import { askPython, whyNoNumpy, whyNoPython } from '../pyrepr/python-oracle.ts';
import { GraphRun, textOf, type Spec } from './run-graph.ts';

const services = new Services();
const withoutPython = new Services();
const runs: GraphRun[] = [];
afterEach(() => {
  for (const run of runs.splice(0)) rmSync(run.baseDir, { recursive: true, force: true });
});
afterAll(async () => {
  await services.dispose();
  await withoutPython.dispose();
});

const SIMPLE = 'dlg.apps.simple';
const memory = (oid: string, more: object = {}): Spec => ({
  oid,
  categoryType: 'Data',
  dropclass: 'dlg.data.drops.memory.InMemoryDROP',
  ...more,
});
const app = (oid: string, dropclass: string, more: object = {}): Spec => ({
  oid,
  categoryType: 'Application',
  dropclass,
  ...more,
});

/** A drop that holds the pickle of a Python expression. */
function pickled(oid: string, expression: string): Spec {
  const script = [
    'import base64, collections, decimal, datetime, fractions, pickle',
    `answer = base64.b64encode(pickle.dumps(${expression}, 4)).decode()`,
  ].join('\n');
  const content = askPython<string>(script, null);
  return memory(oid, { fields: [{ name: 'pydata', value: content, type: 'object' }] });
}

/** repr() of the pickles in some outputs. */
async function reprs(run: GraphRun, ...oids: readonly string[]): Promise<string[]> {
  const contents: string[] = [];
  for (const oid of oids)
    contents.push(Buffer.from(await (run.drop(oid) as DataDROP).contents()).toString('base64'));
  return askPython<string[]>(
    'import base64, pickle\nanswer = [repr(pickle.loads(base64.b64decode(c))) for c in cases]',
    contents,
  );
}

async function run(specs: readonly Spec[], from = services): Promise<GraphRun> {
  const made = new GraphRun(specs, { services: from });
  runs.push(made);
  return made.run();
}

const state = (made: GraphRun, oid: string) => DROP_STATE_NAMES[made.drop(oid).status];

const half = 'fractions.Fraction(1, 2)';
const third = 'fractions.Fraction(1, 3)';

describe.skipIf(whyNoPython)(`components on objects of classes (${whyNoPython ?? 'with Python'})`, () => {
  it('gather them into a list, with what is no pickle as bytes', async () => {
    const made = await run([
      pickled('a', half),
      memory('b', { fields: [{ name: 'pydata', value: 'no pickle', type: 'raw bytes' }] }),
      app('g', `${SIMPLE}.ArrayGatherApp`, { inputs: ['a', 'b'], outputs: ['o'] }),
      memory('o'),
    ]);
    expect(await reprs(made, 'o')).toEqual([expect.stringMatching(/^\[Fraction\(1, 2\), /)]);
  });

  it('gather them into a dictionary by name', async () => {
    const made = await run([
      pickled('a', half),
      pickled('b', third),
      app('g', `${SIMPLE}.DictGatherApp`, { value_dict: '{"k": 5}', inputs: ['a', 'b'], outputs: ['o'] }),
      memory('o'),
    ]);
    expect(await reprs(made, 'o')).toEqual(["{'k': 5, 'a': Fraction(1, 2), 'b': Fraction(1, 3)}"]);
  });

  it('pick the first and leave the rest', async () => {
    const made = await run([
      pickled('a', `[${half}, ${third}, 7]`),
      app('p', `${SIMPLE}.PickOne`, { inputs: ['a'], outputs: ['one', 'rest'] }),
      memory('one'),
      memory('rest', { name: 'rest_array' }),
    ]);
    expect(await reprs(made, 'one', 'rest')).toEqual(['Fraction(1, 2)', '[Fraction(1, 3), 7]']);
  });

  it('scatter them', async () => {
    const made = await run([
      pickled('a', `[${half}, ${third}, ${half}]`),
      app('s', `${SIMPLE}.GenericScatterApp`, {
        num_of_copies: 3,
        element: true,
        inputs: ['a'],
        outputs: ['x', 'y', 'z'],
      }),
      memory('x'),
      memory('y'),
      memory('z'),
    ]);
    expect(await reprs(made, 'x', 'y', 'z')).toEqual(['Fraction(1, 2)', 'Fraction(1, 3)', 'Fraction(1, 2)']);
  });

  it('scatter lists of anything', async () => {
    const made = await run([
      pickled('a', "[{'k': 1}, None, {'k': 2}]"),
      app('s', `${SIMPLE}.GenericScatterApp`, {
        num_of_copies: 3,
        element: true,
        inputs: ['a'],
        outputs: ['x', 'y', 'z'],
      }),
      memory('x'),
      memory('y'),
      memory('z'),
    ]);
    expect(await reprs(made, 'x', 'y', 'z')).toEqual(["{'k': 1}", 'None', "{'k': 2}"]);
  });

  it('average them', async () => {
    const made = await run([
      pickled('a', `[${half}, ${half}]`),
      pickled('b', `[${third}, ${third}]`),
      app('m', `${SIMPLE}.AverageArraysApp`, { inputs: ['a', 'b'], outputs: ['o'] }),
      memory('o'),
    ]);
    expect(await reprs(made, 'o')).toEqual(['Fraction(5, 12)']);
  });

  it.skipIf(whyNoNumpy)(
    `reduce numbers by any method of numpy, and refuse what is none (${whyNoNumpy ?? 'with numpy'})`,
    async () => {
      const reduced = (oid: string, method: string): Spec =>
        app(`by-${oid}`, `${SIMPLE}.AverageArraysApp`, { method, inputs: ['a', 'b'], outputs: [oid] });
      const made = await run([
        pickled('a', '[[1, 9], [3, 4]]'),
        pickled('b', '[[5, 6]]'),
        ...['max', 'sum', 'std'].flatMap((method) => [reduced(method, method), memory(method)]),
        reduced('x', 'mode'),
        memory('x'),
        reduced('y', '__loader__'),
        memory('y'),
      ]);
      expect(await reprs(made, 'max', 'sum')).toEqual(['array([5, 9])', 'array([ 9, 19])']);
      expect(state(made, 'std')).toBe('COMPLETED');
      for (const oid of ['x', 'y'])
        expect(made.errorOf(`by-${oid}`).message).toMatch(/method must be mean, median or another reduction/);
    },
  );

  it.skipIf(whyNoNumpy)(
    `average, reduce and split what only numpy makes an array of (${whyNoNumpy ?? 'with numpy'})`,
    async () => {
      const made = await run([
        pickled('a', '[1+2j, 3j]'),
        pickled('b', '[2**70, 1]'),
        pickled('c', "[(1, 'a'), (2, 'b')]"),
        app('m', `${SIMPLE}.AverageArraysApp`, { inputs: ['a'], outputs: ['mean'] }),
        memory('mean'),
        app('n', `${SIMPLE}.AverageArraysApp`, { inputs: ['b'], outputs: ['big'] }),
        memory('big'),
        app('s', `${SIMPLE}.GenericScatterApp`, { num_of_copies: 2, inputs: ['c'], outputs: ['x', 'y'] }),
        memory('x'),
        memory('y'),
        app('g', `${SIMPLE}.GenericNpyGatherApp`, { inputs: ['a'], outputs: ['sum'] }),
        memory('sum'),
      ]);
      const texts = (await reprs(made, 'mean', 'big', 'x')).map((text) =>
        text.replace(/^np\.\w+\((.*)\)$/, '$1').replace(/^\((.*j)\)$/, '$1'),
      );
      expect(texts).toEqual(['0.5+2.5j', '5.902958103587057e+20', "array([['1', 'a']], dtype='<U21')"]);
      expect(state(made, 'sum')).toBe('COMPLETED');
    },
  );

  it('greet the first of them, and show as bytes what has no first', async () => {
    const made = await run([
      pickled('a', '[datetime.date(2026, 1, 2)]'),
      app('h', `${SIMPLE}.HelloWorldApp`, { inputs: ['a'], outputs: ['o'] }),
      memory('o'),
      pickled('b', half),
      app('i', `${SIMPLE}.HelloWorldApp`, { inputs: ['b'], outputs: ['p'] }),
      memory('p'),
    ]);
    expect(await textOf(made.drop('o'))).toBe('Hello, 2026-01-02');
    expect(await textOf(made.drop('p'))).toMatch(/^Hello, b'\\x80/);
  });

  it('put them into commands as text, and wait as long as they say', async () => {
    const made = await run([
      pickled('a', 'decimal.Decimal("0.015")'),
      app('c', 'dlg.apps.bash_shell_app.BashShellApp', {
        command: 'printf %s {n} > {o}',
        applicationArgs: {
          n: { name: 'n', value: null, type: 'Object', usage: 'InputPort', encoding: 'pickle' },
          o: { name: 'o', value: null, type: 'String', usage: 'OutputPort', encoding: 'path' },
        },
        inputs: [{ a: 'n' }],
        outputs: [{ o: 'o' }],
      }),
      { oid: 'o', categoryType: 'Data', dropclass: 'dlg.data.drops.file.FileDROP', filepath: 'o.txt' },
      app('w', `${SIMPLE}.SleepApp`, { inputs: [{ a: 'sleep_time' }], outputs: ['done'] }),
      memory('done'),
    ]);
    expect(await textOf(made.drop('o'))).toBe('0.015');
    expect(made.app('w').facts).toEqual({ sleepSeconds: 0.015 });
  });

  it('hand them out as results of delayed computations', async () => {
    const made = new GraphRun(
      [
        pickled('a', half),
        app('l', 'dlg.dask_emulation._Listifier', { inputs: ['a'], outputs: ['o'] }),
        memory('o', { consumers: ['t'] }),
        app('t', 'dlg.dask_emulation.ResultTransmitter', { port: 0 }),
      ],
      { services },
    );
    runs.push(made);
    await made.trigger();
    await made.logged(/Hands the result out/);
    expect(await reprs(made, 'o')).toEqual(['[Fraction(1, 2)]']);
    await made.app('t').cancel();
  });

  it('fail with what Python says of them, naming the drop', async () => {
    const made = await run([
      pickled('a', half),
      app('p', `${SIMPLE}.PickOne`, { inputs: ['a'], outputs: ['o'] }),
      memory('o'),
    ]);
    expect(state(made, 'o')).toBe('ERROR');
    expect(made.errorOf('p').message).toMatch(/a list, tuple or array was expected, not a Fraction/);
  });

  it('fail alone, with a sentence, where there is no Python', async () => {
    const before = process.env['WEIR_PYTHON'];
    const specs = [
      pickled('a', half),
      app('g', `${SIMPLE}.ArrayGatherApp`, { inputs: ['a'], outputs: ['o'] }),
      memory('o'),
    ];
    process.env['WEIR_PYTHON'] = '/no/such/python';
    try {
      const made = await run(specs, withoutPython);
      expect(made.errorOf('g').message).toMatch(
        /Drop g was given "fractions\.Fraction", which only Python can make or work on\. .*needs Python/,
      );
    } finally {
      if (before === undefined) delete process.env['WEIR_PYTHON'];
      else process.env['WEIR_PYTHON'] = before;
    }
  });
});

describe.skipIf(whyNoNumpy)(`npy components on unusual arrays (${whyNoNumpy ?? 'with numpy'})`, () => {
  const npy = (oid: string, expression: string): Spec => {
    const script = `import base64, io, numpy\nout = io.BytesIO()\nnumpy.save(out, ${expression})\nanswer = base64.b64encode(out.getvalue()).decode()`;
    return memory(oid, { npy: askPython<string>(script, null) });
  };

  async function withArrays(specs: readonly Spec[]): Promise<GraphRun> {
    const made = new GraphRun(specs, { services });
    runs.push(made);
    for (const spec of specs)
      if (typeof spec['npy'] === 'string')
        await (made.drop(spec.oid) as DataDROP).write(Buffer.from(spec['npy'], 'base64'));
    return made.run();
  }

  it('gather and scatter dates', async () => {
    const days = "numpy.array(['2026-01-01', '2026-01-03'], dtype='datetime64[D]')";
    const made = await withArrays([
      npy('a', days),
      npy('b', "numpy.array(['2025-06-01', '2026-02-03'], dtype='datetime64[D]')"),
      app('g', `${SIMPLE}.GenericNpyGatherApp`, { function: 'maximum', inputs: ['a', 'b'], outputs: ['o'] }),
      memory('o'),
      app('s', `${SIMPLE}.GenericNpyScatterApp`, {
        num_of_copies: 2,
        scatter_axes: [0],
        inputs: ['a'],
        outputs: ['x', 'y'],
      }),
      memory('x'),
      memory('y'),
    ]);
    const contents: string[] = [];
    for (const oid of ['o', 'x', 'y'])
      contents.push(Buffer.from(await (made.drop(oid) as DataDROP).contents()).toString('base64'));
    const texts = askPython<string[]>(
      'import base64, io, numpy\nanswer = [str(numpy.load(io.BytesIO(base64.b64decode(c)))) for c in cases]',
      contents,
    );
    expect(texts).toEqual(["['2026-01-01' '2026-02-03']", "['2026-01-01']", "['2026-01-03']"]);
  });
});
