/** Python functions, branches and user classes as drops of a small graph. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Services } from '../../../../engine/drops/context.ts';
import { crc32c } from '../../../../engine/drops/crc32c.ts';
import type { DataDROP } from '../../../../engine/drops/data-drop.ts';
import { pythonAppClass } from '../../../../engine/drops/apps/index.ts';
import type { DeferredContent, InMemoryDROP } from '../../../../engine/drops/data/memory.ts';
import { readPickle } from '../../../../engine/drops/pickle/index.ts';
import { pyRepr } from '../../../../engine/drops/pyrepr/index.ts';
import { registerDrop } from '../../../../engine/drops/registry.ts';
import { APP_STATE_NAMES, DROP_STATE_NAMES } from '../../../../engine/protocol/index.ts';
import { whyNoPython } from '../pyrepr/python-oracle.ts';
import { GraphRun, type Spec } from './run-graph.ts';

const services = new Services();
const runs: GraphRun[] = [];
afterEach(() => {
  for (const run of runs.splice(0)) rmSync(run.baseDir, { recursive: true, force: true });
});
afterAll(() => services.dispose());

function graph(specs: readonly Spec[], env: Record<string, string> = {}, baseDir?: string): GraphRun {
  const run = new GraphRun(specs, { services, env, ...(baseDir !== undefined && { baseDir }) });
  runs.push(run);
  return run;
}

const MEMORY = 'dlg.data.drops.memory.InMemoryDROP';
const FILE = 'dlg.data.drops.file.FileDROP';

function value(oid: string, type: string, content: unknown): Spec {
  return { oid, categoryType: 'Data', dropclass: MEMORY, fields: [{ name: 'pydata', value: content, type }] };
}

const memory = (oid: string): Spec => ({ oid, categoryType: 'Data', dropclass: MEMORY });
const file = (oid: string, more: Record<string, unknown> = {}): Spec => ({
  oid,
  categoryType: 'Data',
  dropclass: FILE,
  ...more,
});

function func(oid: string, code: string, more: Record<string, unknown>): Spec {
  const name = /def (\w+)/.exec(code)?.[1];
  return {
    oid,
    categoryType: 'Application',
    dropclass: 'dlg.apps.pyfunc.PyFuncApp',
    func_name: name,
    func_code: code,
    ...more,
  };
}

const port = (name: string, usage: string, encoding: string | null, more: Record<string, unknown> = {}) => ({
  [name]: { name, value: null, type: 'Object', usage, encoding, positional: false, precious: false, ...more },
});

async function text(run: GraphRun, oid: string): Promise<string> {
  return Buffer.from(await (run.drop(oid) as DataDROP).contents()).toString('utf8');
}

const state = (run: GraphRun, oid: string): string => DROP_STATE_NAMES[run.drop(oid).status] as string;

describe.skipIf(whyNoPython)('a Python function as an application', () => {
  it('reads its ports, runs and writes the result to every output', async () => {
    const run = await graph([
      value('x', 'Integer', 3),
      func('f', 'def add(a, b=1):\n    return a + b', {
        applicationArgs: {
          ...port('a', 'InputPort', 'dill'),
          ...port('b', 'NoPort', 'dill', { value: 0, type: 'Integer' }),
        },
        componentParams: { ...port('sum', 'OutputPort', 'utf-8'), ...port('raw', 'OutputPort', 'dill') },
        inputs: [{ x: 'a' }],
        outputs: [{ o: 'sum' }, { p: 'raw' }],
      }),
      file('o', { filepath: 'sum.txt' }),
      memory('p'),
    ]).run();
    expect(await text(run, 'o')).toBe('3');
    expect(readPickle(await (run.drop('p') as DataDROP).contents())).toBe(3n);
    expect(run.app('f').generateRecomputeData()).toEqual({ args: { a: 3, b: 0 } });
    expect(run.app('f').facts).toMatchObject({ function: 'add' });
  });

  it('counts what it writes as binary or npy like any other content', async () => {
    const run = await graph([
      func('f', 'def f():\n    return b"hello"', {
        componentParams: { ...port('b', 'OutputPort', 'binary') },
        outputs: [{ o: 'b' }, { p: 'b' }],
      }),
      file('o', { filepath: 'o.bin' }),
      memory('p'),
    ]).run();
    for (const oid of ['o', 'p']) {
      const drop = run.drop(oid) as DataDROP;
      expect([drop.size, drop.checksum, await text(run, oid)]).toEqual([
        5,
        crc32c(Buffer.from('hello')),
        'hello',
      ]);
    }
  });

  it('runs again while tries are left, then fails with the traceback', async () => {
    const run = await graph([
      func('f', 'def boom():\n    print("once")\n    raise ValueError("no good")', {
        n_tries: 3,
        outputs: [{ o: 'r' }],
      }),
      memory('o'),
    ]).run();
    expect(state(run, 'o')).toBe('ERROR');
    expect(run.log.filter((line) => line.message === 'once')).toHaveLength(3);
    expect(run.errorOf('f').message).toBe('ValueError: no good');
    expect(run.app('f').facts['traceback']).toContain('raise ValueError');
  });

  it('serves one drop on two ports, and leaves event ports unread', async () => {
    const run = await graph([
      value('x', 'Integer', 2),
      func('f', 'def f(a, b, **kw):\n    return repr((a, b, kw))', {
        applicationArgs: {
          ...port('a', 'InputPort', 'dill'),
          ...port('b', 'InputPort', 'pickle'),
          ...port('go', 'InputPort', 'dill', { type: 'Event' }),
        },
        componentParams: port('r', 'OutputPort', 'utf-8'),
        inputs: [{ x: 'a' }, { x: 'b' }, { x: 'a' }, { n: 'go' }],
        outputs: [{ o: 'r' }],
      }),
      { oid: 'n', categoryType: 'Data', dropclass: 'dlg.data.drops.data_base.NullDROP', consumers: ['f'] },
      memory('o'),
    ]).run();
    expect(await text(run, 'o')).toBe('(2, 2, {})');
  });

  it.each([null, ''])(
    'leaves the default where a port is declared to have no encoding (%j), and says so',
    async (none) => {
      const run = await graph([
        value('x', 'Integer', 2),
        func('f', 'def f(a=7, b=8, c=9):\n    return repr((a, b, c))', {
          applicationArgs: {
            ...port('a', 'InputPort', none),
            ...port('b', 'InputPort', none, { value: 1 }),
            c: { name: 'c', value: null, type: 'Object', usage: 'InputPort' },
          },
          componentParams: port('r', 'OutputPort', 'utf-8'),
          inputs: [{ x: 'a' }, { x: 'b' }, { x: 'c' }],
          outputs: [{ o: 'r' }],
        }),
        memory('o'),
      ]).run();
      // Only "a": "b" has a value of its own, which brings the default encoding, and of "c" nothing is said.
      expect(await text(run, 'o')).toBe('(7, 2, 2)');
      expect(run.log.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
        expect.stringMatching(/^Port "a" of f has no encoding, so its data is not read/),
      ]);
    },
  );

  it('names port, drop and what to use for an encoding that does not exist', async () => {
    const run = await graph([
      value('x', 'Integer', 2),
      func('f', 'def f(a):\n    return a', {
        applicationArgs: port('a', 'InputPort', 'yaml'),
        inputs: [{ x: 'a' }],
        outputs: [{ o: 'r' }],
      }),
      memory('o'),
    ]).run();
    expect(run.errorOf('f').message).toMatch(
      /Port "a" of f has the encoding "yaml", which does not exist; use one of dill/,
    );
  });

  it('leaves outputs empty that are raw where the result is neither bytes nor text, and says so', async () => {
    for (const [result, content] of [
      ['[1, 2]', ''],
      ['"text"', 'text'],
      ['b"bytes"', 'bytes'],
    ] as const) {
      const run = await graph([
        func('f', `def f():\n    return ${result}`, {
          componentParams: { ...port('r', 'OutputPort', 'raw'), ...port('p', 'OutputPort', 'pickle') },
          outputs: [{ o: 'r' }, { p: 'p' }],
        }),
        memory('o'),
        memory('p'),
      ]).run();
      expect([state(run, 'f'), await text(run, 'o')]).toEqual(['COMPLETED', content]);
      expect((await (run.drop('p') as DataDROP).contents()).length).toBeGreaterThan(0);
      const warned = run.log.some(({ message }) => /output o takes bytes and text only/.test(message));
      expect(warned).toBe(content === '');
    }
  });

  it('fails where the result has no form in the encoding of an output', async () => {
    for (const [encoding, message] of [
      ['binary', /encoding 'binary', which takes bytes or text, but is of type list/],
      ['dataurl', /names a place, not a format/],
    ] as const) {
      const run = await graph([
        func('f', 'def f():\n    return [1, 2]', {
          componentParams: port('r', 'OutputPort', encoding),
          outputs: [{ o: 'r' }],
        }),
        memory('o'),
      ]).run();
      expect(state(run, 'o')).toBe('ERROR');
      expect(run.errorOf('f').message).toMatch(message);
    }
  });

  it('writes a port that is an argument too as dill, as DALiuGE does, and says so', async () => {
    const through = (code: string) =>
      graph([
        value('i', 'String', 'in'),
        func('f', code, {
          applicationArgs: port('x', 'InputOutput', 'utf-8'),
          inputs: [{ i: 'x' }],
          outputs: [{ o: 'x' }],
        }),
        memory('o'),
      ]).run();
    const named = await through('def f(x="d"):\n    return "out"');
    expect(readPickle(await (named.drop('o') as DataDROP).contents())).toBe('out');
    expect(named.log.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/Port "x" of f is an argument .* "utf-8" counts for reading.* as "dill"/),
    );
    // An argument that the function does not name keeps its encoding.
    const unnamed = await through('def f(**given):\n    return "out"');
    expect(await text(unnamed, 'o')).toBe('out');
    expect(unnamed.log).toEqual([]);
  });

  it('lets the function write a file whose name its argument decides', async () => {
    const run = await graph([
      value('name', 'String', 'made_{auto}.txt'),
      func('w', 'def write(filepath):\n    open(filepath, "w").write("by hand")\n    return "returned"', {
        applicationArgs: port('filepath', 'InputOutput', 'path'),
        componentParams: port('out', 'OutputPort', 'utf-8'),
        inputs: [{ name: 'filepath' }],
        outputs: [{ f: 'filepath' }, { o: 'out' }],
      }),
      file('f', { filepath: '', producers: [{ w: 'filepath' }], port_map: { filepath: 'filepath' } }),
      memory('o'),
    ]).run();
    expect(await text(run, 'f')).toBe('by hand');
    expect(path.basename((run.drop('f') as unknown as { path: string }).path)).toMatch(/^made_f_.*\.txt$/);
    expect(await text(run, 'o')).toBe('returned');
  });

  it('gives the function the expanded path where its argument begins with a variable', async () => {
    const run = graph(
      [
        func('w', 'def write(filepath):\n    open(filepath, "w").write(filepath)', {
          applicationArgs: port('filepath', 'OutputPort', 'path', { value: '$WEIR_TEST_NAME' }),
          outputs: [{ f: 'filepath' }],
        }),
        file('f', { filepath: '', producers: [{ w: 'filepath' }], port_map: { filepath: 'filepath' } }),
      ],
      { WEIR_TEST_NAME: 'named.txt' },
    );
    await run.run();
    expect(await text(run, 'f')).toBe(path.join(run.baseDir, 'named.txt'));
  });

  it('passes large values on, from memory and from files', async () => {
    const big = 'def make():\n    return b"x" * (9 << 20)';
    const run = await graph([
      func('m', big, {
        componentParams: port('r', 'OutputPort', 'binary'),
        outputs: [{ f: 'r' }, { p: 'r' }],
      }),
      file('f', { filepath: 'big.dat' }),
      memory('p'),
      ...['f', 'p'].flatMap((source) => [
        func(`c_${source}`, 'def count(a):\n    return len(a)', {
          applicationArgs: port('a', 'InputPort', 'binary'),
          componentParams: port('r', 'OutputPort', 'utf-8'),
          inputs: [{ [source]: 'a' }],
          outputs: [{ [`o_${source}`]: 'r' }],
        }),
        memory(`o_${source}`),
      ]),
    ]).run();
    expect(await text(run, 'o_f')).toBe(String(9 << 20));
    expect(await text(run, 'o_p')).toBe(String(9 << 20));
  });

  it('leaves a large result in the worker while only Python functions read it', async () => {
    const list = (n: string): string => `def make():\n    return list(range(${n}))`;
    const count = (oid: string, from: string, to: string, encoding = 'dill'): Spec[] => [
      func(oid, 'def count(a):\n    a.append(1)\n    return len(a)', {
        applicationArgs: port('a', 'InputPort', encoding),
        componentParams: port('r', 'OutputPort', 'utf-8'),
        inputs: [{ [from]: 'a' }],
        outputs: [{ [to]: 'r' }],
      }),
      memory(to),
    ];
    const run = await graph([
      func('m', list('50000'), {
        componentParams: port('r', 'OutputPort', 'pickle'),
        outputs: [{ p: 'r' }, { q: 'r' }],
      }),
      memory('p'),
      memory('q'),
      ...count('c1', 'p', 'o1'),
      ...count('c2', 'p', 'o2'),
      ...count('c3', 'q', 'o3', 'pickle'),
    ]).run();
    for (const oid of ['o1', 'o2', 'o3']) expect(await text(run, oid)).toBe('50001');
    const held = run.drop('p') as InMemoryDROP;
    expect(held.deferred).toBeDefined();
    const { sizeBytes, sha256 } = held.deferred as DeferredContent;
    expect(held.size).toBe(sizeBytes);
    const bytes = await held.contents();
    expect(held.deferred).toBeUndefined();
    expect(bytes.length).toBe(sizeBytes);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    expect(held.contentHash).toBe(sha256);
    await (run.drop('q') as InMemoryDROP).delete();
    expect((run.drop('q') as InMemoryDROP).deferred).toBeUndefined();
  });

  it('leaves a large result as it was written, whatever its module does with it later', async () => {
    const code = path.join(mkdtempSync(path.join(tmpdir(), 'weir-kept-')), 'code');
    mkdirSync(code);
    writeFileSync(
      path.join(code, 'kept_state.py'),
      [
        'KEPT = [[0], [0] * 50000]',
        'def make(): return KEPT[1]',
        'def nested(): return KEPT * 1',
        'def change(go, go2): KEPT[0][0] = 7; KEPT[1][0] = 7',
        'def show(a, b, go): return repr((a[0], b[0], b[1][0]))',
      ].join('\n'),
    );
    const named = (oid: string, ports: readonly string[], from: Record<string, string>[], to: string) => ({
      ...func(oid, '', { inputs: from, outputs: [{ [to]: 'r' }] }),
      func_name: `kept_state.${oid}`,
      func_code: '',
      applicationArgs: Object.assign({}, ...ports.map((name) => port(name, 'InputPort', 'dill'))) as object,
      componentParams: port('r', 'OutputPort', oid === 'show' ? 'utf-8' : 'dill'),
    });
    const run = graph(
      [
        named('make', [], [], 'm'),
        named('nested', [], [], 'n'),
        named('change', ['go', 'go2'], [{ m: 'go' }, { n: 'go2' }], 'c'),
        named('show', ['a', 'b', 'go'], [{ m: 'a' }, { n: 'b' }, { c: 'go' }], 'o'),
        ...['m', 'n', 'c', 'o'].map(memory),
      ],
      { DLG_PATH: code },
    );
    await run.run();
    expect((run.drop('m') as InMemoryDROP).deferred).toBeDefined();
    expect(await text(run, 'o')).toBe('(0, [0], 0)');
    rmSync(path.dirname(code), { recursive: true });
  });

  it('gets None for what holds nothing, and bytes for what is no text', async () => {
    const show = (oid: string, from: string, encoding: string): Spec[] => [
      func(oid, 'def show(a):\n    return repr(a)', {
        applicationArgs: port('a', 'InputPort', encoding),
        componentParams: port('r', 'OutputPort', 'utf-8'),
        inputs: [{ [from]: 'a' }],
        outputs: [{ [`o_${oid}`]: 'r' }],
      }),
      memory(`o_${oid}`),
    ];
    const run = await graph([
      { oid: 'nothing', categoryType: 'Data', dropclass: 'dlg.data.drops.data_base.NullDROP' },
      value('five', 'Integer', 5),
      ...show('utf8', 'nothing', 'utf-8'),
      ...show('path', 'nothing', 'path'),
      ...show('bytes', 'five', 'utf-8'),
    ]).run();
    expect(await text(run, 'o_utf8')).toBe('None');
    expect(await text(run, 'o_path')).toBe('None');
    expect(await text(run, 'o_bytes')).toBe(String.raw`b'\x80\x04K\x05.'`);
  });

  it('is a load failure when it cannot be imported', async () => {
    const run = graph([{ ...func('f', '', {}), func_name: 'no_such_module_abc.f', func_code: '' }]);
    await expect(run.app('f').prepare?.()).rejects.toMatchObject({ code: 'DROP_BAD_IMPORT' });
    expect(() => graph([{ ...func('g', '', {}), func_name: '', func_code: '' }])).toThrow(
      /names no function/,
    );
  });

  it('fails alone where there is no Python', async () => {
    const own = new Services();
    const before = process.env['WEIR_PYTHON'];
    process.env['WEIR_PYTHON'] = '/nonexistent/python';
    try {
      const run = new GraphRun(
        [func('f', 'def f():\n    return 1', { outputs: [{ o: 'r' }] }), memory('o')],
        { services: own },
      );
      runs.push(run);
      await run.app('f').prepare?.();
      await run.run();
      expect(run.errorOf('f').message).toMatch(/needs Python 3.8 or later/);
      expect(state(run, 'o')).toBe('ERROR');
    } finally {
      if (before === undefined) delete process.env['WEIR_PYTHON'];
      else process.env['WEIR_PYTHON'] = before;
      await own.dispose();
    }
  });

  it('is ended by cancel', async () => {
    const run = graph([
      func(
        'f',
        'import time\ndef f():\n    print("going")\n    import sys; sys.stdout.flush()\n    time.sleep(600)',
        { outputs: [{ o: 'r' }] },
      ),
      memory('o'),
    ]);
    await run.trigger();
    await run.app('f').cancel();
    await run.drop('o').cancel();
    await run.over();
    expect(APP_STATE_NAMES[run.app('f').execStatus]).toBe('CANCELLED');
  });
});

describe.skipIf(whyNoPython)('a branch with a Python condition', () => {
  const branch = (code: string, more: Record<string, unknown> = {}): Spec => ({
    ...func('b', code, more),
    dropclass: 'dlg.apps.simple.Branch',
    outputs: [{ yes: 'true' }, { no: 'false' }],
    ports: [
      { name: 'true', oid: 'yes', direction: 'output' },
      { name: 'false', oid: 'no', direction: 'output' },
    ],
  });

  it('copies its input to the side the condition says and skips the other', async () => {
    const run = await graph([
      value('in', 'Integer', 5),
      branch('def cond(x):\n    return x > 100', {
        applicationArgs: port('x', 'InputPort', 'dill'),
        inputs: [{ in: 'x' }],
      }),
      memory('yes'),
      memory('no'),
    ]).run();
    expect([state(run, 'yes'), state(run, 'no')]).toEqual(['SKIPPED', 'COMPLETED']);
    expect(readPickle(await (run.drop('no') as DataDROP).contents())).toBe(5n);
    expect(run.app('b').facts['condition']).toBe(false);
  });

  it('takes answers in words and any truth, and without inputs passes on the parameter x', async () => {
    for (const [answer, taken] of [
      ['"False"', 'no'],
      ['1', 'yes'],
      ['[]', 'no'],
      ['"true"', 'yes'],
    ] as const) {
      const run = await graph([
        branch(`def cond(x):\n    return ${answer}`, { x: 7 }),
        memory('yes'),
        memory('no'),
      ]).run();
      expect(state(run, taken), answer).toBe('COMPLETED');
      expect(pyRepr(readPickle(await (run.drop(taken) as DataDROP).contents()))).toBe('7');
    }
  });
});

describe.skipIf(whyNoPython)('an application class of the user', () => {
  const MODULE = [
    'from dlg.apps.app_base import BarrierAppDROP',
    'from dlg.data.drops import FileDROP, InMemoryDROP',
    'from dlg.droputils import allDropContents, copyDropContents, DROPFile, load_pickle',
    'from dlg.meta import dlg_batch_input, dlg_batch_output, dlg_bool_param, dlg_component, dlg_int_param, dlg_string_param',
    'from dlg.exceptions import InvalidDropException',
    '',
    'class Shout(BarrierAppDROP):',
    '    """Shouts."""',
    '    component_meta = dlg_component("Shout", "shouts", [dlg_batch_input("text/*", [])], [dlg_batch_output("text/*", [])], [])',
    '    times = dlg_int_param("how often", 1)',
    '    end = dlg_string_param("at the end", "!")',
    '    quiet = dlg_bool_param("not at all", False)',
    '    def initialize(self, **kwargs):',
    '        super().initialize(**kwargs)',
    '        self.ready = True',
    '    def run(self):',
    '        assert self.ready and not self.quiet',
    '        said = allDropContents(self.inputs[0]).decode()',
    '        with DROPFile(self.inputs[0]) as again:',
    '            assert again.read(2) == said[:2].encode()',
    '        print("shouting", self.inputs[0].size, isinstance(self.inputs[0], InMemoryDROP))',
    '        for output in self.outputs:',
    '            kind = "file" if isinstance(output, FileDROP) and hasattr(output, "path") else "memory"',
    '            output.write((said.upper() + self.end) * self.times + kind)',
    '',
    'class Sulk(BarrierAppDROP):',
    '    def run(self):',
    '        raise InvalidDropException(self, "not today")',
  ].join('\n');

  function app(
    cls: string,
    more: Record<string, unknown> = {},
  ): { run: GraphRun; start: () => Promise<GraphRun> } {
    registerDrop(pythonAppClass(`weir_test_shouts.${cls}`), `weir_test_shouts.${cls}`);
    const run = graph([
      value('in', 'String', 'hello'),
      {
        oid: 'a',
        categoryType: 'Application',
        dropclass: `weir_test_shouts.${cls}`,
        inputs: ['in'],
        outputs: ['o', 'f'],
        ...more,
      },
      memory('o'),
      file('f', { filepath: 'f.txt' }),
    ]);
    const code = path.join(run.context.dlgRoot, 'code');
    mkdirSync(code, { recursive: true });
    writeFileSync(path.join(code, 'weir_test_shouts.py'), MODULE);
    return { run, start: () => run.run() };
  }

  it('runs in a worker with proxies of its inputs and outputs', async () => {
    const { run, start } = app('Shout', { times: '2', quiet: 'False' });
    await run.app('a').prepare?.();
    await start();
    expect(await text(run, 'o')).toBe('HELLO!HELLO!memory');
    expect(await text(run, 'f')).toBe('HELLO!HELLO!file');
    expect(run.log.map((line) => line.message)).toContain('shouting 5 True');
  });

  it('fails with what it raises', async () => {
    const { run, start } = app('Sulk');
    await start();
    expect(run.errorOf('a').message).toContain('not today');
    expect(state(run, 'o')).toBe('ERROR');
  });

  it('is a load failure when the module has no such class', async () => {
    const { run } = app('Missing');
    await expect(run.app('a').prepare?.()).rejects.toMatchObject({ code: 'DROP_BAD_IMPORT' });
  });
});
