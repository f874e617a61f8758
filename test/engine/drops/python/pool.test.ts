import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { readPickle } from '../../../../engine/drops/pickle/index.ts';
import { fromJson, pyRepr } from '../../../../engine/drops/pyrepr/index.ts';
import {
  KeptFunction,
  PythonException,
  PythonObjectLost,
  PythonPool,
  PythonWorkerDied,
  pythonResources,
  type Encoding,
  type FunctionCall,
  type FunctionInfo,
  type FunctionResult,
  type LogStream,
  type PyArgument,
  type PyContent,
  type PyObject,
} from '../../../../engine/drops/python/index.ts';
import { ExistingProcess } from '../../../../engine/drops/util/process.ts';
import { askPython, whyNoNumpy, whyNoPython } from '../pyrepr/python-oracle.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'weir-pool-test-'));
const pools: PythonPool[] = [];

function makePool(options: ConstructorParameters<typeof PythonPool>[0] = {}): PythonPool {
  const pool = new PythonPool({ maxWorkers: 1, ...options });
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const json = (value: unknown): PyArgument => ({ kind: 'json', value });

function call(
  code: string,
  args: readonly PyArgument[] = [],
  more: Partial<FunctionCall> = {},
): FunctionCall {
  const name = /def (\w+)/.exec(code)?.[1] ?? '';
  return { label: 'drop "f"', function: { name, code }, args, kwargs: [], outputs: ['dill'], ...more };
}

async function textOf(result: FunctionResult, encoding: Encoding = 'utf-8'): Promise<string> {
  return Buffer.from(await content(result, encoding).bytes()).toString('utf8');
}

function content(result: FunctionResult, encoding: Encoding = 'dill'): PyContent {
  const found = result.contents.get(encoding);
  if (!found) throw new Error(`no result in ${encoding}`);
  return found;
}

const SHOW = 'def show(x):\n    return type(x).__name__ + ":" + repr(x)';
const MAKE = 'def make(n):\n    return [i * 1000003 for i in range(n)]';

describe.skipIf(whyNoPython)('a pool of Python workers', () => {
  it('runs functions by source, module and builtin name in one process', async () => {
    const pool = makePool();
    const sum = await pool.runFunction(call('def add(a, b):\n    return a + b', [json(3), json(4)]));
    expect(readPickle(await content(sum).bytes())).toBe(7n);
    for (const [name, args, text] of [
      ['math.sqrt', [json(16)], '4.0'],
      ['sorted', [json([3, 1])], '[1, 3]'],
      ['os.path.join', [json('a'), json('b')], 'a/b'],
      ['dlg.apps.simple_functions.getMax', [json(1), json(2)], '2'],
      ['object.__init__', [], '<object object at'],
      ['collections.OrderedDict', [], 'OrderedDict()'],
    ] as const) {
      const result = await pool.runFunction({ ...call('', args), function: { name }, outputs: ['utf-8'] });
      expect(await textOf(result), name).toContain(text);
    }
    expect(pool.workerCount).toBe(1);
  });

  it('knows its Python', async () => {
    const info = await makePool().info(['no-such-package']);
    expect(info.version).toMatch(/^3\./);
    expect(info.packages).toEqual({ 'no-such-package': null });
  });

  it('describes functions, and remembers those given by code', async () => {
    const pool = makePool();
    const code = 'def f(a, /, b, *args, c=1, **kw):\n    "Does things."\n    return 1';
    const checked = await pool.checkFunction({ name: 'f', code }, { label: 'drop "f"' });
    const info = checked.info as FunctionInfo;
    expect(info.parameters.map((p) => [p.name, p.kind, p.hasDefault])).toEqual([
      ['a', 'positional-only', false],
      ['b', 'normal', false],
      ['args', 'args', false],
      ['c', 'keyword-only', true],
      ['kw', 'kwargs', false],
    ]);
    expect(info.doc).toBe('Does things.');
    expect(info.sourceSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await pool.checkFunction({ name: 'f', code }, { label: 'another drop' })).toBe(checked);
  });

  it.each([
    [
      'names',
      '"Doc."\nimport os, json as j\nfrom math import *\nA: int = 1\nB = [A, -2, {"a": os.sep}]\nf = lambda x: A',
    ],
    [
      'classes',
      'class E(Exception):\n    code = 3\n    def of(self, x: "int" = 3) -> str: return ""\ndef f(): raise E()',
    ],
    [
      'imports that may fail',
      'try:\n    import no_such_abc\nexcept ImportError:\n    no_such_abc = None\ndef f(): pass',
    ],
    ['a main part', 'def f(): pass\nif __name__ == "__main__":\n    print(f())'],
  ])('knows of code that only gives %s what function it is before it runs', async (_, code) => {
    const { info } = await makePool().checkFunction({ name: 'f', code }, { label: 'drop "f"' });
    expect(info?.qualifiedName).toMatch(/^(f|<lambda>)$/);
  });

  it.each([
    ['calls', 'wrong()\ndef f(): pass'],
    ['decorates', 'from functools import cache\n@cache\ndef f(): return wrong'],
    ['calls for a default', 'def f(x=wrong()): pass'],
    ['calls for an annotation', 'def f(x: wrong()): pass'],
    ['calls in a class', 'class f:\n    wrong()'],
    ['derives from a class', 'import json\nclass f(json.JSONEncoder): pass'],
    ['sets an attribute', 'import os\nos.wrong = 1\ndef f(): pass'],
    ['changes a list', 'import sys\nsys.path += []\ndef f(): pass'],
    ['loops', 'for f in [print]: pass'],
    ['is longer than is looked through', `${'#'.repeat(1 << 20)}\ndef f(): pass`],
  ])('leaves code that %s to the drop it belongs to', async (_, code) => {
    const pool = makePool();
    const { identity, info } = await pool.checkFunction({ name: 'f', code }, { label: 'drop "f"' });
    expect(info).toBeUndefined();
    expect(identity.sourceSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.keys(identity.packages)).toEqual(['python']);
  });

  it('makes a function once for whoever keeps it, and lets it go', async () => {
    const pool = makePool();
    const code = 'print("made")\ncalls = []\ndef f():\n    calls.append(1)\n    return len(calls)';
    const kept = new KeptFunction();
    const lines: string[] = [];
    const settings = { label: 'drop "f"', onLog: (_: unknown, line: string) => void lines.push(line) };
    const info = await pool.loadFunction({ name: 'f', code, kept }, settings);
    const run = async (more: object) =>
      textOf(await pool.runFunction({ ...call(code, [], { outputs: ['utf-8'] }), ...settings, ...more }));
    const ours = { function: { name: 'f', code, kept } };
    expect([await run(ours), await run({}), await run(ours)]).toEqual(['1', '1', '2']);
    expect([info.name, lines]).toEqual(['f', ['made', 'made']]);
    kept.release();
    const count = 'import sys\ndef f(): return len(sys.modules["weir_worker.functions"]._kept)';
    expect(await run({ function: { name: 'f', code: count } })).toBe('0');
  });

  it('tells a function that cannot be loaded from one that fails', async () => {
    const pool = makePool();
    for (const spec of [
      { name: 'no_such_module_abc.func' },
      { name: 'nosuchbuiltin' },
      { name: 'os.nosuch' },
      { name: 'f', code: 'def g():\n    pass' },
      { name: 'f', code: 'def f(:\n' },
      { name: 'f', code: 'import no_such_module_abc\ndef f():\n    pass' },
    ])
      await expect(
        pool.checkFunction(spec, { label: 'drop "f"' }),
        JSON.stringify(spec),
      ).rejects.toMatchObject({
        name: 'BadModuleException',
        code: 'DROP_BAD_IMPORT',
      });
    const failing = pool.runFunction(call('def boom():\n    raise ValueError("no good")'));
    await expect(failing).rejects.toMatchObject({ name: 'PythonException', pythonType: 'ValueError' });
  });

  it('shows the traceback of user code without its own frames', async () => {
    const code = 'def inner(x):\n    return 1 / x\n\ndef boom(x):\n    return inner(x)';
    const failed = (await makePool()
      .runFunction({ ...call(code, [json(0)]), function: { name: 'boom', code } })
      .catch((error: unknown) => error)) as PythonException;
    expect(failed).toBeInstanceOf(PythonException);
    expect(failed.message).toBe('ZeroDivisionError: division by zero');
    expect(failed.traceback).toContain('return 1 / x');
    expect(failed.traceback).toContain('return inner(x)');
    expect(failed.traceback).not.toContain('weir_worker');
  });

  it('reads and writes every encoding', async () => {
    const pool = makePool();
    const cases: [PyArgument, string][] = [
      [{ kind: 'bytes', data: Buffer.from('[1, 2]'), encoding: 'utf-8' }, "str:'[1, 2]'"],
      [{ kind: 'bytes', data: Buffer.from('[1, 2]'), encoding: 'eval' }, 'list:[1, 2]'],
      [{ kind: 'bytes', data: Buffer.from(' '), encoding: 'eval' }, 'NoneType:None'],
      [{ kind: 'bytes', data: Buffer.from('gARLBS4=', 'base64'), encoding: 'dill' }, 'int:5'],
      [{ kind: 'bytes', data: Buffer.from('gARLBS4=', 'base64'), encoding: 'pickle' }, 'int:5'],
      [{ kind: 'bytes', data: new Uint8Array(), encoding: 'pickle' }, 'NoneType:None'],
      [{ kind: 'bytes', data: Buffer.from('Hello'), encoding: 'dill', isText: true }, "str:'Hello'"],
      [{ kind: 'bytes', data: Buffer.from('gARLBS4='), encoding: 'dill', isText: true }, 'int:5'],
      [{ kind: 'bytes', data: Buffer.from('raw'), encoding: 'binary' }, "str:'raw'"],
      [{ kind: 'bytes', data: Buffer.from([255]), encoding: 'binary' }, "bytes:b'\\xff'"],
      [{ kind: 'bytes', data: Buffer.from([255]), encoding: 'utf-8' }, "bytes:b'\\xff'"],
      [{ kind: 'bytes', data: Buffer.from('/a/b'), encoding: 'path' }, "str:'/a/b'"],
      [{ kind: 'float', value: 5 }, 'float:5.0'],
      [{ kind: 'literal', text: '{"a": [1, 2.5]}' }, "dict:{'a': [1, 2.5]}"],
      [{ kind: 'literal', text: '(1, None)' }, 'tuple:(1, None)'],
      [{ kind: 'dill64', text: 'gARLBS4=' }, 'int:5'],
    ];
    for (const [argument, text] of cases)
      expect(await textOf(await pool.runFunction(call(SHOW, [argument], { outputs: ['utf-8'] })))).toBe(text);
    const many = await pool.runFunction(
      call('def f():\n    return [1, "a"]', [], { outputs: ['dill', 'pickle', 'utf-8', 'eval'] }),
    );
    expect(pyRepr(readPickle(await content(many, 'dill').bytes()))).toBe("[1, 'a']");
    expect(await content(many, 'pickle').bytes()).toEqual(await content(many, 'dill').bytes());
    expect(await textOf(many, 'eval')).toBe("[1, 'a']");
    const binary = await pool.runFunction(call('def f():\n    return b"\\xff"', [], { outputs: ['binary'] }));
    expect([...(await content(binary, 'binary').bytes())]).toEqual([255]);
  });

  it('refuses values that do not fit their encoding, and says why', async () => {
    const pool = makePool();
    const results: [Encoding, string, RegExp][] = [
      ['path', '1', /names a place, not a format/],
      ['binary', '[1]', /takes bytes or text, but is of type list/],
      ['pickle', '(lambda: 1)', /cannot be pickled/],
    ];
    for (const [encoding, value, message] of results)
      await expect(
        pool.runFunction(call(`def f():\n    return ${value}`, [], { outputs: [encoding] })),
      ).rejects.toMatchObject({ name: 'InvalidEncodingException', message: expect.stringMatching(message) });
    for (const [data, encoding] of [
      [Buffer.from('__import__("os").getpid()'), 'eval'],
      [Buffer.from('no pickle'), 'pickle'],
    ] as const)
      await expect(pool.runFunction(call(SHOW, [{ kind: 'bytes', data, encoding }]))).rejects.toMatchObject({
        name: 'InvalidEncodingException',
      });
  });

  it('has nothing for raw outputs where the value is neither bytes nor text', async () => {
    const made = await makePool().runFunction(call('def f():\n    return [1]', [], { outputs: ['raw'] }));
    expect([...made.nothingIn]).toEqual(['raw']);
    expect((await content(made, 'raw').bytes()).length).toBe(0);
  });

  it('names dill and how to install it where a value needs it', async () => {
    const env = { ...process.env, PYTHONPATH: path.join(scratch, 'nodill') };
    mkdirSync(path.join(scratch, 'nodill', 'dill'), { recursive: true });
    writeFileSync(
      path.join(scratch, 'nodill', 'dill', '__init__.py'),
      'raise ModuleNotFoundError("No module named \'dill\'", name="dill")',
    );
    const pool = makePool({ env });
    const dilled = Buffer.from('\x80\x04\x8c\ndill._dill\x8c\x10_create_function\x93.', 'latin1');
    await expect(
      pool.checkFunction({ name: 'f', code: dilled.toString('base64') + '' }, { label: 'drop "f"' }),
    ).rejects.toMatchObject({
      name: 'BadModuleException',
      message: expect.stringMatching(/'dill' is not installed.*pip install dill/),
    });
    await expect(pool.runFunction(call('def f():\n    return lambda: 1'))).rejects.toThrow(
      /pip install dill/,
    );
  });

  it('gives each call its directory, environment and module path', async () => {
    const pool = makePool();
    const code = path.join(scratch, 'code');
    mkdirSync(code, { recursive: true });
    writeFileSync(
      path.join(code, 'mine_a.py'),
      'import os\ndef where(x):\n    return [x, os.getcwd(), os.environ["DLG_UID"]]',
    );
    const settings = { cwd: scratch, env: { DLG_UID: 'u1' }, path: [code] };
    const first = await pool.runFunction({
      ...call('', [json(1)]),
      function: { name: 'mine_a.where' },
      ...settings,
      outputs: ['utf-8'],
    });
    expect(await textOf(first)).toBe(`[1, '${scratch}', 'u1']`);
    const second = await pool.runFunction({
      ...call('', [json(2)]),
      function: { name: 'mine_a.where' },
      ...settings,
      cwd: '/',
      env: { DLG_UID: 'u2' },
      outputs: ['utf-8'],
    });
    expect(await textOf(second)).toBe("[2, '/', 'u2']");
  });

  it('loads a module of the DLG_PATH anew after its file changed', async () => {
    const pool = makePool();
    const code = path.join(scratch, 'changing');
    mkdirSync(code, { recursive: true });
    const run = async (): Promise<string> =>
      textOf(
        await pool.runFunction({
          ...call(''),
          function: { name: 'mine_b.f' },
          path: [code],
          outputs: ['utf-8'],
        }),
      );
    writeFileSync(path.join(code, 'mine_b.py'), 'def f():\n    return "old"');
    expect(await run()).toBe('old');
    writeFileSync(path.join(code, 'mine_b.py'), 'def f():\n    return "brand new"');
    expect(await run()).toBe('brand new');
  });

  it('keeps the globals and default values of one call from the next', async () => {
    const pool = makePool();
    const grow =
      'seen = []\ndef grow(x, more=[]):\n    more.append(x)\n    seen.append(x)\n    return len(more) + len(seen)';
    for (let i = 0; i < 3; i++)
      expect(readPickle(await content(await pool.runFunction(call(grow, [json(i)]))).bytes())).toBe(2n);
  });

  it('turns what code prints into lines, from Python, from C and from child processes', async () => {
    const lines: string[] = [];
    const code = [
      'import os, sys, subprocess',
      'def talk():',
      '    print("to stdout"); sys.stderr.write("to stderr\\n"); sys.stdout.buffer.write(b"bytes\\n")',
      '    os.write(1, b"descriptor one\\n")',
      '    subprocess.run([sys.executable, "-c", "print(\'a child\')"], check=True)',
      '    return 1',
    ].join('\n');
    const pool = makePool();
    await pool.runFunction(call(code, [], { onLog: (stream, line) => lines.push(`${stream} ${line}`) }));
    // Raw output takes another pipe: a second call is answered after all of it was read.
    await pool.runFunction(
      call('def f():\n    return 1', [], { onLog: (stream, line) => lines.push(`${stream} ${line}`) }),
    );
    expect(lines).toEqual(expect.arrayContaining(['out to stdout', 'err to stderr', 'out bytes']));
  });

  it('takes whatever is printed, logs the beginning, and cuts no character', async () => {
    const pool = makePool();
    const printed = async (body: string): Promise<readonly string[]> => {
      const lines: string[] = [];
      const onLog = (_stream: LogStream, line: string) => void lines.push(line);
      await pool.runFunction(call(`def f():\n    ${body}`, [], { onLog }));
      return lines;
    };
    const once = await printed('print("\\u20ac" * (24 << 20))');
    expect(once.join('')).toMatch(/^\u20ac{262144}\.\.\. \(further output is not logged\)$/);
    const raw = await printed(
      'import os, sys\n    sys.stdout.flush()\n    for _ in range(500): os.write(2, b"x" * 1023 + b"\\n")',
    );
    expect(raw.at(-1)).toBe('... (further output is not logged)');
    expect(raw).toHaveLength(257);
    expect(await printed('print("a" * 9, end="")')).toEqual(['aaaaaaaaa']);
  });

  it('writes to drops in pieces that a message holds', () => {
    const script = [
      'import sys',
      'sys.path.insert(0, cases)',
      'from weir_worker.proxies import RemoteDrop',
      'asked = []',
      'class Link:',
      '    def ask(self, operation, uid, data):',
      '        asked.append(len(data))',
      '        return (len(data) if len(asked) < 5 else -1), None',
      'drop = RemoteDrop({"oid": "d", "uid": "d"}, Link())',
      'big = memoryview(bytes(33 << 20))',
      'answer = [drop.write(big), drop.write(b""), drop.write(memoryview(b"abcd")[::2]), drop.write(big), asked]',
    ].join('\n');
    const MIB = 1 << 20;
    const sizes = [32 * MIB, MIB, 0, 2, 32 * MIB];
    expect(askPython(script, pythonResources())).toEqual([33 * MIB, 0, 2, -1, sizes]);
  });

  it('records the arguments as DALiuGE does', async () => {
    const pool = makePool();
    const code = 'def f(a, b=2, *, c="d", **kw):\n    return 1';
    const result = await pool.runFunction({
      ...call(code, [{ kind: 'float', value: 5 }], { wantRecord: true }),
      kwargs: [{ name: 'z', value: { kind: 'bytes', data: Buffer.from([255]), encoding: 'binary' } }],
    });
    expect(result.record).toBe('{"args": {"a": 5.0, "b": 2, "c": "d", "z": "b\'\\\\xff\'"}}');
    const branch = await pool.runFunction(call('def f():\n    return 1', [], { wantTruth: true }));
    expect([branch.truth, branch.text]).toEqual([true, '1']);
  });

  it.each([
    ['singledispatch', 'from functools import singledispatch as d'],
    ['a wrapper', 'from functools import wraps\ndef d(f):\n    return wraps(f)(lambda *args: f(*args))'],
  ])('gives values by position to a function that %s hides', async (_, deco) => {
    const code = `${deco}\n@d\ndef f(a, b=2, c=3):\n    return (a, b, c)`;
    const named = [
      { name: 'b', value: json(5) },
      { name: 'a', value: json(1) },
    ];
    const result = await makePool().runFunction({
      ...call(code),
      function: { name: 'f', code },
      kwargs: named,
    });
    expect(pyRepr(readPickle(await content(result).bytes()))).toBe('(1, 5, 3)');
  });

  it('looks for modules of the DLG_PATH behind what is installed, as DALiuGE does', async () => {
    const folder = path.join(scratch, 'shadows');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'statistics.py'), 'def mean(data):\n    return "mine"\n');
    const pool = makePool();
    const of = async (name: string, args: readonly PyArgument[]) =>
      textOf(
        await pool.runFunction({ ...call('', args), function: { name }, path: [folder], outputs: ['utf-8'] }),
      );
    expect(await of('statistics.mean', [json([1, 3])])).toBe('2');
  });

  it('fills a positional-only parameter that was left open with its default', async () => {
    const code = 'def f(a, b=7, /, c=0):\n    return repr((a, b, c))';
    const result = await makePool().runFunction(
      call(code, [json(1), { kind: 'default' }], {
        outputs: ['utf-8'],
        kwargs: [{ name: 'c', value: json(0) }],
      }),
    );
    expect(await textOf(result)).toBe('(1, 7, 0)');
  });
});

describe.skipIf(whyNoPython)('objects in a Python worker', () => {
  it('stay there while only Python reads them', async () => {
    const pool = makePool();
    const made = await pool.runFunction(call(MAKE, [json(50_000)]));
    expect(content(made).isLazy).toBe(true);
    const length = await pool.runFunction(
      call('def count(x):\n    return len(x)', [
        { kind: 'content', content: content(made), encoding: 'pickle' },
      ]),
    );
    expect(readPickle(await content(length).bytes())).toBe(50_000n);
    expect(content(made).object?.hasCarried('dill')).toBe(false);
    const bytes = await content(made).bytes();
    expect((readPickle(bytes) as bigint[])[49_999]).toBe(49_999n * 1000003n);
  });

  it('are private to each reader until the last one', async () => {
    const pool = makePool();
    const made = await pool.runFunction(call(MAKE, [json(20_000)]));
    const spoil = 'def spoil(x):\n    x.clear()\n    return 1';
    const argument: PyArgument = { kind: 'content', content: content(made), encoding: 'dill' };
    await pool.runFunction(call(spoil, [argument]));
    const count = await pool.runFunction(
      call('def count(x):\n    return len(x)', [{ ...argument, isLast: true }]),
    );
    expect(readPickle(await content(count).bytes())).toBe(20_000n);
    await expect(content(made).bytes()).rejects.toBeInstanceOf(PythonObjectLost);
  });

  it('are read through the encodings of both ports where these differ', async () => {
    const pool = makePool();
    const made = await pool.runFunction(call(MAKE, [json(20_000)], { outputs: ['utf-8', 'dill'] }));
    const shown = await pool.runFunction(
      call(
        'def kind(x):\n    return type(x).__name__ + x[:10]',
        [{ kind: 'content', content: content(made, 'utf-8'), encoding: 'utf-8' }],
        { outputs: ['utf-8'] },
      ),
    );
    expect(await textOf(shown)).toBe('str[0, 1000003'.slice(0, 13));
  });

  it('move to another worker through the Host only when they must', async () => {
    const pool = makePool({ maxWorkers: 2 });
    const made = await pool.runFunction(call(MAKE, [json(20_000)]));
    const slow = call('import time\ndef slow():\n    time.sleep(0.5)\n    return 1');
    const busy = pool.runFunction(slow);
    const readers = Array.from({ length: 4 }, () =>
      pool.runFunction(
        call('import os\ndef count(x):\n    return (len(x), os.getpid())', [
          { kind: 'content', content: content(made), encoding: 'dill' },
        ]),
      ),
    );
    for (const reader of await Promise.all(readers))
      expect(pyRepr(readPickle(await content(reader).bytes()))).toMatch(/^\(20000, \d+\)$/);
    await busy;
  });

  it('are handed out while their worker runs something else', async () => {
    const pool = makePool();
    const made = await pool.runFunction(call(MAKE, [json(20_000)]));
    const gate = path.join(scratch, 'gate');
    const wait =
      'import os, time\ndef wait(gate):\n    while not os.path.exists(gate):\n        time.sleep(0.01)\n    return 1';
    const waiting = pool.runFunction(call(wait, [json(gate)]));
    expect((readPickle(await content(made).bytes()) as unknown[]).length).toBe(20_000);
    writeFileSync(gate, '');
    await waiting;
  });

  it('are written to files when they become too many, and still read', async () => {
    const own = mkdtempSync(path.join(scratch, 'spill-'));
    const pool = makePool({ keptCount: 2, scratchDir: own });
    const made: FunctionResult[] = [];
    for (let i = 0; i < 5; i++) made.push(await pool.runFunction(call(MAKE, [json(20_000 + i)])));
    expect(readdirSync(own).length).toBe(3);
    for (const [i, result] of made.entries()) {
      const argument: PyArgument = { kind: 'content', content: content(result), encoding: 'dill' };
      const count = await pool.runFunction(call('def count(x):\n    return len(x)', [argument]));
      expect(readPickle(await content(count).bytes())).toBe(BigInt(20_000 + i));
      expect((readPickle(await content(result).bytes()) as unknown[]).length).toBe(20_000 + i);
      await content(result).release();
    }
    expect(readdirSync(own)).toEqual([]);
  });

  it('travel as files when they are large', async () => {
    const own = mkdtempSync(path.join(scratch, 'large-'));
    const pool = makePool({ inlineMaxBytes: 1000, scratchDir: own });
    const made = await pool.runFunction(
      call('def f():\n    return b"x" * 200000', [], { outputs: ['binary', 'utf-8'] }),
    );
    const carried = await content(made, 'binary').carried();
    expect(carried.kind).toBe('file');
    expect((await content(made, 'binary').bytes()).length).toBe(200_000);
    expect(await textOf(made)).toBe(`b'${'x'.repeat(200_000)}'`);
    for (const one of made.contents.values()) await one.release();
    expect(readdirSync(own)).toEqual([]);
  });

  it.skipIf(whyNoNumpy)('may be numpy arrays, passed on without encoding', async () => {
    const pool = makePool();
    const made = await pool.runFunction(
      call('import numpy\ndef f():\n    return numpy.arange(100000.0)', [], { outputs: ['npy', 'dill'] }),
    );
    expect(content(made, 'npy').isLazy).toBe(true);
    const sum = await pool.runFunction(
      call('def total(x):\n    return float(x.sum())', [
        { kind: 'content', content: content(made, 'npy'), encoding: 'npy' },
      ]),
    );
    expect(readPickle(await content(sum).bytes())).toBe(4999950000);
  });
});

describe.skipIf(whyNoPython)('a Python worker that goes wrong', () => {
  it('takes only its own call with it', async () => {
    const pool = makePool();
    const exits = pool.runFunction(
      call(
        'import os, sys\ndef die():\n    sys.stderr.write("going down\\n"); sys.stderr.flush()\n    os.write(2, b"raw words\\n")\n    os._exit(3)',
      ),
    );
    const error = (await exits.catch((e: unknown) => e)) as PythonWorkerDied;
    expect(error).toBeInstanceOf(PythonWorkerDied);
    expect(error.message).toContain('die for drop "f"');
    expect(error.message).toContain('status 3');
    expect(error.message).toContain('raw words');
    const after = await pool.runFunction(call('def f():\n    return 1'));
    expect(readPickle(await content(after).bytes())).toBe(1n);
  });

  it('says where it crashed', async () => {
    const crash = 'import ctypes\ndef crash():\n    ctypes.string_at(0)';
    const { message } = (await makePool()
      .runFunction(call(crash))
      .catch((e: unknown) => e)) as PythonWorkerDied;
    expect(message).toContain('SIGSEGV (a crash in compiled code)');
    expect(message).toContain('line 3 in crash');
    expect(message).not.toContain('weir_worker');
  });

  it('is ended when it takes longer than it may', async () => {
    const hang = 'import time\ndef hang():\n    time.sleep(600)';
    await expect(makePool().runFunction(call(hang, [], { timeoutMs: 200 }))).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });

  it('is ended when its call is cancelled, and what it started too', async () => {
    const pool = makePool();
    const stop = new AbortController();
    const marker = path.join(scratch, 'child-alive');
    const code = [
      'import subprocess, sys',
      'def work(marker):',
      '    child = subprocess.Popen(["sleep", "600"])',
      '    open(marker, "w").write(str(child.pid))',
      '    print("started")',
      '    sys.stdout.flush()',
      '    child.wait()',
    ].join('\n');
    const run = pool.runFunction(call(code, [json(marker)], { signal: stop.signal, timeoutMs: 30_000 }));
    const checked = expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
    await new Promise<void>((resolve) => {
      const look = setInterval(() => {
        if (!existsSync(marker)) return;
        clearInterval(look);
        resolve();
      }, 10);
    });
    stop.abort();
    await checked;
  });

  it.each([
    ['in its group', '', true],
    ['in a session of its own', ', start_new_session=True', false],
  ])('ends at once although what it started goes on %s', async (_, how, isEnded) => {
    const code = [
      'import os, subprocess',
      'def leave(file):',
      `    child = subprocess.Popen(["sleep", "600"]${how})`,
      '    with open(file, "w") as out:',
      '        out.write(str(child.pid))',
      '    os.write(2, b"last words\\n")',
      '    os._exit(3)',
    ].join('\n');
    const file = path.join(scratch, `started${how.length}`);
    const error = (await makePool()
      .runFunction(call(code, [json(file)]))
      .catch((e: unknown) => e)) as PythonWorkerDied;
    expect(error).toBeInstanceOf(PythonWorkerDied);
    expect(error.message).toContain('status 3');
    expect(error.message).toContain('last words');
    const started = new ExistingProcess(Number(readFileSync(file, 'utf8')));
    if (!isEnded) started.kill();
    await started.wait();
  });

  it('closes although what it started goes on', async () => {
    const pool = makePool();
    const code =
      'import subprocess\ndef start():\n    return subprocess.Popen(["sleep", "600"], start_new_session=True).pid';
    const result = await pool.runFunction(call(code));
    const started = new ExistingProcess(Number(readPickle(await content(result).bytes())));
    await pool.close();
    expect(started.poll()).toBe(null);
    started.kill();
    await started.wait();
  });

  it.each([
    ['returns', 'return "copy" * 100000'],
    ['fails', 'raise ValueError("copy")'],
  ])('is not spoken for by a copy that user code made of it and that %s', async (_, ending) => {
    const lines: string[] = [];
    const code = [
      'import os, sys',
      'def twice():',
      '    print("before")',
      '    sys.stdout.write("half ")',
      '    copy = os.fork()',
      '    if copy == 0:',
      '        print("in the copy")',
      `        ${ending}`,
      '    status = os.waitpid(copy, 0)[1]',
      '    print("after")',
      '    return status',
    ].join('\n');
    const pool = makePool();
    const ended = Promise.withResolvers<void>();
    const onLog = (_stream: LogStream, line: string): void => {
      lines.push(line);
      if (line.includes('in the copy')) ended.resolve();
    };
    const result = await pool.runFunction(call(code, [], { onLog }));
    expect(readPickle(await content(result).bytes())).toBe(ending.startsWith('raise') ? 256n : 0n);
    await ended.promise;
    for (const said of ['before', 'in the copy', 'after'])
      expect(
        lines.filter((line) => line.includes(said)),
        said,
      ).toHaveLength(1);
    const after = await pool.runFunction(call('def f():\n    return 1'));
    expect(readPickle(await content(after).bytes())).toBe(1n);
  });

  it('leaves calls that were cancelled before they began unstarted', async () => {
    const pool = makePool();
    const stop = new AbortController();
    const first = pool.runFunction(call('import time\ndef slow():\n    time.sleep(0.3)\n    return 1'));
    const second = pool.runFunction(call('def f():\n    return 1', [], { signal: stop.signal }));
    stop.abort();
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
    await first;
  });

  it.each([
    ['its text', 'def __str__(self): raise SystemExit(3)', /^E: \(its text cannot be had: SystemExit\)$/],
    ['its name', '__module__ = 3', /^an exception whose class has no readable name: x$/],
  ])('tells of an exception that hides %s', async (_, body, message) => {
    const pool = makePool();
    const code = `class E(BaseException):\n    ${body}\ndef f():\n    raise E("x")`;
    const failing = pool.runFunction({ ...call(code), function: { name: 'f', code } });
    await expect(failing).rejects.toThrow(PythonException);
    await expect(failing).rejects.toThrow(message);
    expect(await textOf(await pool.runFunction(call('def g(): return 1', [], { outputs: ['utf-8'] })))).toBe(
      '1',
    );
    expect(pool.workerCount).toBe(1);
  });

  it('survives a module that ends the process when it is loaded', async () => {
    const folder = path.join(scratch, 'ending');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'ends_it.py'), 'import sys\nsys.exit(4)\n');
    const pool = makePool();
    const settings = { label: 'drop "f"', path: [folder] };
    const pidOf = async () =>
      textOf(
        await pool.runFunction(call('import os\ndef f(): return os.getpid()', [], { outputs: ['utf-8'] })),
      );
    const pid = await pidOf();
    for (const loading of [
      pool.checkFunction({ name: 'ends_it.f' }, settings),
      pool.checkClass('ends_it.C', settings),
    ])
      await expect(loading).rejects.toThrow(/Error when loading .*SystemExit: 4$/);
    expect(await pidOf()).toBe(pid);
  });

  it('survives sys.exit and endless recursion of user code', async () => {
    const pool = makePool();
    await expect(pool.runFunction(call('import sys\ndef f():\n    sys.exit("bye")'))).rejects.toMatchObject({
      pythonType: 'SystemExit',
      pythonMessage: 'bye',
    });
    await expect(pool.runFunction(call('def f():\n    return f()'))).rejects.toMatchObject({
      pythonType: 'RecursionError',
    });
    await pool.runFunction(call('import sys\ndef f():\n    sys.stdout.close()\n    return 1'));
    await pool.runFunction(call('def f():\n    print("still here")\n    return 1'));
    expect(pool.workerCount).toBe(1);
  });

  it('cannot take more memory than it may', async () => {
    const pool = makePool({ memoryLimitBytes: 2 ** 30 });
    await expect(
      pool.runFunction(call('def eat():\n    return len(bytearray(4 << 30))')),
    ).rejects.toMatchObject({ pythonType: 'MemoryError' });
  });

  it('reports the objects that went with it', async () => {
    const pool = makePool();
    const lost: string[] = [];
    pool.onObjectsLost((objects: readonly PyObject[]) => lost.push(...objects.map((object) => object.label)));
    const made = await pool.runFunction({ ...call(MAKE, [json(20_000)]), label: 'drop "maker"' });
    await expect(pool.runFunction(call('import os\ndef die():\n    os._exit(1)'))).rejects.toBeInstanceOf(
      PythonWorkerDied,
    );
    expect(lost).toEqual(['drop "maker"']);
    await expect(content(made).bytes()).rejects.toThrow(
      /drop "maker" was held by a Python process that is gone/,
    );
  });

  it('is told from no Python at all', async () => {
    const pool = makePool({ env: { WEIR_PYTHON: '/nonexistent/python' } });
    await expect(pool.runFunction(call('def f():\n    return 1'))).rejects.toMatchObject({
      code: 'PYTHON_UNAVAILABLE',
      message: expect.stringMatching(/\/nonexistent\/python: not found.*Install Python/),
    });
  });
});

describe.skipIf(whyNoPython)('operations on Python values', () => {
  it('scatter, pick, gather and average', async () => {
    const pool = makePool();
    const value: PyArgument = { kind: 'json', value: [1, 2, 3, 4, 5] };
    const settings = { label: 'drop "s"', encoding: 'eval' as const };
    const texts = async (
      operation: 'scatter' | 'pick' | 'gather' | 'average',
      values: PyArgument[],
      params = {},
    ): Promise<string[]> =>
      (await pool.runOperation({ ...settings, operation, values, params })).texts.map((t) => t.str);
    expect(await texts('scatter', [value], { parts: 2, element: true })).toEqual(['1', '4']);
    expect(await texts('pick', [value])).toEqual(['1', '[2, 3, 4, 5]']);
    expect(await texts('gather', [value, json(1)])).toEqual(['[[1, 2, 3, 4, 5], 1]']);
    expect(await texts('average', [value])).toEqual(['3.0']);
    expect(pyRepr(fromJson([1]))).toBe('[1]');
  });
});
