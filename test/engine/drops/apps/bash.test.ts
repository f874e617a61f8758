import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  appendLegacyArguments,
  replaceLegacy,
  replaceNames,
  shellQuote,
  substituteQuoted,
} from '../../../../engine/drops/apps/placeholders.ts';
import { Tail } from '../../../../engine/drops/apps/process.ts';
import type { DataDROP } from '../../../../engine/drops/data-drop.ts';
import { FileDROP } from '../../../../engine/drops/data/file.ts';
import { AppDROPStates, DROPStates } from '../../../../engine/protocol/index.ts';
import { GraphRun, isOver, isRunning, textOf, type RunOptions, type Spec } from './run-graph.ts';

const FILE = 'dlg.data.drops.file.FileDROP';
const MEMORY = 'dlg.data.drops.memory.InMemoryDROP';
const BASH = 'dlg.apps.bash_shell_app.';

function app(spec: Record<string, unknown>, kind = 'BashShellApp', oid = 'app'): Spec {
  return { oid, categoryType: 'Application', dropclass: `${BASH}${kind}`, ...spec };
}

function argument(name: string, value: unknown, more: object = {}): object {
  return {
    [name]: {
      name,
      value,
      type: 'String',
      usage: 'NoPort',
      encoding: 'dill',
      positional: false,
      precious: false,
      ...more,
    },
  };
}

async function stdoutOf(spec: Record<string, unknown>, options: RunOptions = {}): Promise<string> {
  const run = await new GraphRun([app(spec)], options).run();
  if (run.errors.size > 0) throw run.errors.get('app');
  return String(run.app('app').facts['stdout']);
}

describe('placeholders of a command', () => {
  it('become one word of the shell where they are paths, in whatever quotes they stand', () => {
    const place = `/a b/it's $5`;
    expect(substituteQuoted('cat {f}', '{f}', place)).toBe(`cat '/a b/it'\\''s $5'`);
    expect(substituteQuoted('cat "{f}"', '{f}', place)).toBe(String.raw`cat "/a b/it's \$5"`);
    expect(substituteQuoted("cat '{f}'", '{f}', place)).toBe(`cat '/a b/it'\\''s $5'`);
    expect(substituteQuoted('cat {f} "{f}"', '{f}', '/plain/path')).toBe('cat /plain/path "/plain/path"');
  });

  it('are put in as they are where they are values, and quoted on request', () => {
    const values = new Map([['x', { text: 'a b', isPath: false }]]);
    expect(replaceNames('echo {x} {x!q} {y}', values)).toBe("echo a b 'a b' {y}");
    expect(shellQuote('')).toBe("''");
  });

  it('of the time before 5.0.0 go by index and by uid, the longest index first', () => {
    const drops = Array.from(
      { length: 11 },
      (_, i) => new FileDROP(`f${i}`, `f${i}`, { filepath: `/tmp/f${i}` }),
    );
    expect(replaceLegacy('%i1 %i10 %o0 %i[f3] %iDataURL[f2]', drops, drops)).toBe(
      '/tmp/f1 /tmp/f10 /tmp/f0 /tmp/f3 file://localhost/tmp/f2',
    );
  });

  it('of that time come behind the command with prefix and separator', () => {
    const settings = {
      prefix: '--',
      separator: ' ',
      commandLineArguments: 'x',
      inputRedirection: '',
      outputRedirection: 'out',
    };
    expect(
      appendLegacyArguments(
        'run',
        ['p'],
        new Map([
          ['name', 'v'],
          ['n', '1'],
        ]),
        settings,
      ),
    ).toBe('run p --name v -n 1 > out');
    expect(appendLegacyArguments('run', [], new Map(), settings)).toBe('run x > out');
  });
});

describe('a shell command', () => {
  it('knows who it is and where, apart from the process of the Host', async () => {
    const run = await new GraphRun([app({ command: 'echo $DLG_UID $DLG_SESSION_ID $DLG_ROOT $OWN; pwd' })], {
      env: { OWN: 'mine' },
    }).run();
    expect(run.app('app').facts['stdout']).toBe(`app golden ${run.context.dlgRoot} mine\n${run.baseDir}\n`);
    expect(process.cwd()).not.toBe(run.baseDir);
  });

  it('keeps values that are 0, false or empty, and floats that JSON wrote as 5', async () => {
    const args = {
      ...argument('zero', 0),
      ...argument('no', false),
      ...argument('empty', ''),
      ...argument('f', 5, { type: 'Float' }),
      ...argument('none', null),
    };
    expect(await stdoutOf({ command: 'echo {zero} {no} [{empty}] {f} {none}', applicationArgs: args })).toBe(
      '0 False [] 5.0 {none}\n',
    );
  });

  it('replaces names that values mention, in the order of the arguments', async () => {
    const args = { ...argument('x', '<{y}>'), ...argument('y', 'Y{x}') };
    expect(await stdoutOf({ command: "echo '{x}'", applicationArgs: args })).toBe('<Y{x}>\n');
  });

  it('reads a pickle where an array was announced, as numpy does', async () => {
    const run = new GraphRun([
      { oid: 'a', dropclass: MEMORY, pydata: { value: '5', type: 'int' }, consumers: ['c'] },
      {
        oid: 'c',
        dropclass: 'dlg.apps.bash_shell_app.BashShellApp',
        command: 'echo {x}',
        inputs: [{ a: 'x' }],
        applicationArgs: argument('x', null, { usage: 'InputPort', encoding: 'npy' }),
      },
    ]);
    await run.run();
    expect(run.app('c').facts['stdout']).toBe('5\n');
  });

  it('does not try a text as a pickle, nor read a port it does not mention', async () => {
    const run = new GraphRun([
      { oid: 't', dropclass: MEMORY, consumers: [{ app: 'text' }] },
      { oid: 'broken', dropclass: MEMORY, consumers: [{ app: 'unused' }] },
      app({
        command: 'echo "{text}"',
        applicationArgs: {
          ...argument('text', null, { encoding: 'utf-8' }),
          ...argument('unused', null, { encoding: 'npy' }),
        },
        inputs: [{ t: 'text' }, { broken: 'unused' }],
      }),
    ]);
    await (run.drop('t') as DataDROP).write('gASVBAAAAAAAAABLAS4=');
    await (run.drop('broken') as DataDROP).write('no array');
    await run.run();
    expect(run.app('app').facts['stdout']).toBe('gASVBAAAAAAAAABLAS4=\n');
  });

  it('serves one drop on two ports, an input listed twice, and paths with spaces', async () => {
    const run = new GraphRun([
      { oid: 'f', dropclass: FILE, filepath: 'a file.txt', consumers: [{ app: 'one' }] },
      app({
        command: 'cat {one} "{two}" {f} > {out}',
        applicationArgs: {
          ...argument('one', null, { encoding: 'path' }),
          ...argument('two', null, { encoding: 'path' }),
        },
        inputs: [{ f: 'one' }, { f: 'one' }, { f: 'two' }],
        outputs: [{ o: 'out' }],
      }),
      { oid: 'o', dropclass: FILE, filepath: 'sub dir/out.txt' },
    ]);
    writeFileSync(path.join(run.baseDir, 'a file.txt'), 'x');
    await run.run();
    expect(await textOf(run.drop('o'))).toBe('xxx');
  });

  it('puts in as several words what a drop without a path or an argument says, also under the encoding path', async () => {
    const run = new GraphRun([
      { oid: 'm', dropclass: MEMORY, pydata: { value: 'a b', type: 'String' }, consumers: [{ app: 'x' }] },
      app({
        command: "printf '%s|' {x} {y}",
        applicationArgs: {
          ...argument('x', null, { encoding: 'path' }),
          ...argument('y', 'c d', { encoding: 'path', usage: 'NoPort' }),
        },
        inputs: [{ m: 'x' }],
      }),
    ]);
    await run.run();
    expect(run.app('app').facts['stdout']).toBe('a|b|c|d|');
  });

  it.each([
    ['an unknown encoding', { encoding: 'morse' }, /encoding "morse", which does not exist/],
    ['content that is not what it should be', { encoding: 'npy' }, /not what its encoding "npy" says/],
    ['content that is no pickle', { encoding: 'pickle' }, /cannot be read as a pickled value/],
  ])('names %s', async (_what, more, message) => {
    const run = new GraphRun([
      { oid: 'd', dropclass: MEMORY, consumers: [{ app: 'x' }] },
      app({ command: 'echo {x}', applicationArgs: argument('x', null, more), inputs: [{ d: 'x' }] }),
    ]);
    await (run.drop('d') as DataDROP).write('hello');
    await run.run();
    expect(run.errorOf('app').message).toMatch(message);
    expect(run.errorOf('app').message).toContain('Drop d'.slice(5));
  });

  it('that fails tells command, status and its last lines, once', async () => {
    const run = await new GraphRun([
      app({ command: 'echo partial; echo first >&2; echo trouble >&2; exit 3', n_tries: 2, outputs: ['o'] }),
      { oid: 'o', dropclass: MEMORY },
    ]).run();
    expect(run.drop('o').status).toBe(DROPStates.ERROR);
    expect(run.errorOf('app')).toEqual({
      message: 'The command of BashShellApp app ended with exit status 3; the last it said: trouble',
      details: {
        uid: 'app',
        command: 'echo partial; echo first >&2; echo trouble >&2; exit 3',
        exitStatus: 3,
        stderr: 'first\ntrouble',
        stdout: 'partial',
      },
    });
    expect(run.app('app').generateRecomputeData()).toEqual({
      stdout: "b'partial\\n'",
      stderr: "b'first\\ntrouble\\n'",
      status: '3',
      command: 'echo partial; echo first >&2; echo trouble >&2; exit 3',
    });
    expect(run.log.filter(({ message }) => message.startsWith('Runs: '))).toHaveLength(1);
  });

  it('that names a program which is not there says so', async () => {
    const run = await new GraphRun([app({ command: 'no-such-program-here' })]).run();
    expect(run.errorOf('app').message).toMatch(/a program it names was not found.*no-such-program-here/);
  });

  it('longer than the system allows is an error of its drop', async () => {
    const run = await new GraphRun([app({ command: `echo ${'x'.repeat(3 << 20)}` })]).run();
    expect(run.errorOf('app').message).toMatch(/arguments are longer than the system allows/);
  });

  it('may print any amount of anything: the end of it is kept, the rest is counted', async () => {
    const run = await new GraphRun([
      app({ command: 'head -c 3000000 /dev/zero; printf "\\xff\\xfe end"' }),
    ]).run();
    const { stdoutBytes, stdout } = run.app('app').facts;
    expect(stdoutBytes).toBe(3_000_006);
    expect(String(stdout).length).toBeLessThan(300_000);
    expect(String(stdout)).toMatch(/ end$/);
    const tail = new Tail(4);
    for (const piece of ['ab', 'cdef', 'g']) tail.push(Buffer.from(piece));
    expect([tail.text(), tail.total, tail.isComplete]).toEqual(['defg', 7, false]);
  });

  it('that is cancelled ends with everything it started, without an error', async () => {
    const run = new GraphRun([
      app({ command: 'sleep 300 & echo $! > pid; trap "" TERM; wait; wait', outputs: ['o'] }),
      { oid: 'o', dropclass: FILE, filepath: 'o.txt' },
    ]);
    const bash = run.app('app');
    await run.trigger();
    await isRunning(bash);
    await fileAppears(path.join(run.baseDir, 'pid'));
    await bash.cancel();
    await run.drop('o').cancel();
    expect(bash.execStatus).toBe(AppDROPStates.CANCELLED);
    expect(run.errors.size).toBe(0);
    const pid = Number(readFileSync(path.join(run.baseDir, 'pid'), 'utf8'));
    await processEnds(pid);
  });

  it('is refused without text', () => {
    for (const command of [undefined, null, '', '  '])
      expect(() => new GraphRun([app({ command })])).toThrow(/BashShellApp app has no command to run/);
  });
});

/** Resolves when a file has content; told by the directory, not by looking again and again. */
async function fileAppears(file: string): Promise<void> {
  const { watch } = await import('node:fs');
  const isThere = (): boolean => existsSync(file) && readFileSync(file, 'utf8') !== '';
  if (isThere()) return;
  await new Promise<void>((resolve) => {
    const watcher = watch(path.dirname(file), () => {
      if (!isThere()) return;
      watcher.close();
      resolve();
    });
    if (isThere()) {
      watcher.close();
      resolve();
    }
  });
}

/** Resolves when a process is gone: `tail --pid` waits for it. */
async function processEnds(pid: number): Promise<void> {
  const { execFile } = await import('node:child_process');
  await new Promise((resolve) =>
    execFile('tail', ['-f', '/dev/null', `--pid=${pid}`, '-s', '0.02'], resolve),
  );
}

describe('commands that stream', () => {
  function chain(more: Partial<Record<'so' | 'ch' | 'si', object>> = {}, others: Spec[] = []): GraphRun {
    return new GraphRun([
      app(
        { command: "printf 'one\\ntwo\\nthree\\n'", outputs: ['ch'], ...more.so },
        'StreamingOutputBashApp',
        'so',
      ),
      { oid: 'ch', dropclass: MEMORY, streamingConsumers: ['si'], ...more.ch },
      app(
        { command: 'wc -l > {cnt}', streamingInputs: ['ch'], outputs: ['cnt'], ...more.si },
        'StreamingInputBashApp',
        'si',
      ),
      { oid: 'cnt', dropclass: FILE, filepath: 'cnt.txt' },
      ...others,
    ]);
  }

  it('pass their output through a pipe on one node; the drop between holds its address', async () => {
    const run = await chain().run();
    expect((await textOf(run.drop('cnt'))).trim()).toBe('3');
    expect(await textOf(run.drop('ch'))).toMatch(/^pipe:\/\//);
    expect(existsSync((await textOf(run.drop('ch'))).slice(7))).toBe(false);
    expect(run.app('so').generateRecomputeData()['stdout']).toBe("b'<piped-out>'");
  });

  it('pass it through TCP between nodes', async () => {
    const run = await chain({ so: { node: 'localhost' }, ch: { node: 'elsewhere' } }).run();
    expect((await textOf(run.drop('cnt'))).trim()).toBe('3');
    expect(await textOf(run.drop('ch'))).toMatch(/^tcp:\/\/localhost:\d+$/);
  });

  it('can stand in a row', async () => {
    const run = await new GraphRun([
      app({ command: 'seq 5', outputs: ['a'] }, 'StreamingOutputBashApp', 'so'),
      { oid: 'a', dropclass: MEMORY, streamingConsumers: ['both'] },
      app({ command: 'tac', streamingInputs: ['a'], outputs: ['b'] }, 'StreamingInputOutputBashApp', 'both'),
      { oid: 'b', dropclass: MEMORY, streamingConsumers: ['si'] },
      app(
        { command: 'head -1 > {o}', streamingInputs: ['b'], outputs: ['o'] },
        'StreamingInputBashApp',
        'si',
      ),
      { oid: 'o', dropclass: FILE, filepath: 'o.txt' },
    ]).run();
    expect(await textOf(run.drop('o'))).toBe('5\n');
  });

  it('hold the writer back: a reader that stops early ends it', async () => {
    const run = await chain({
      so: { command: 'yes | head -c 200000000' },
      si: { command: 'head -1 > {cnt}' },
    }).run();
    expect(await textOf(run.drop('cnt'))).toBe('y\n');
  });

  it('do not wait for a writer that failed before it wrote, nor for a reader that never came', async () => {
    const failing = await chain({ so: { command: 'exit 9' } }).run();
    expect(failing.app('so').execStatus).toBe(AppDROPStates.ERROR);
    expect(failing.app('si').execStatus).toBe(AppDROPStates.FINISHED);
    expect((await textOf(failing.drop('cnt'))).trim()).toBe('0');
    const deaf = await chain({ so: { command: 'yes' }, si: { command: 'exit 4' } }).run();
    expect(deaf.app('si').execStatus).toBe(AppDROPStates.ERROR);
    expect(deaf.app('so').execStatus).toBe(AppDROPStates.ERROR);
  });

  it.each(['pipes', 'TCP'])('run once for each of several streams, over %s', async (way) => {
    const node = way === 'TCP' ? 'elsewhere' : undefined;
    const run = await chain({ ch: { node }, si: { command: 'cat >> {cnt}' } }, [
      app({ command: 'echo four', outputs: ['other'], node: 'localhost' }, 'StreamingOutputBashApp', 'so2'),
      { oid: 'other', dropclass: MEMORY, node, streamingConsumers: ['si'] },
      app({ command: 'exit 1', outputs: ['bad'] }, 'StreamingOutputBashApp', 'so3'),
      { oid: 'bad', dropclass: MEMORY, streamingConsumers: ['si'] },
    ]).run();
    const lines = (await textOf(run.drop('cnt'))).trim().split('\n').sort();
    expect(lines).toEqual(['four', 'one', 'three', 'two']);
  });

  it.each(['a pipe', 'TCP'])('let go of a writer whose reader cannot start, over %s', async (way) => {
    const node = way === 'TCP' ? { so: { node: 'localhost' }, ch: { node: 'elsewhere' } } : {};
    const graph = { ...node, si: { inputs: ['also'] } };
    const also = { oid: 'also', dropclass: MEMORY };
    const late = chain(graph, [also]);
    const written = new Promise<void>((resolve) =>
      late.drop('ch').subscribe({ handleEvent: ({ type }) => type === 'status' && resolve() }, 'status'),
    );
    await late.trigger([late.drop('so')]);
    await written;
    await late.drop('also').setError();
    await late.over();
    expect(late.errorOf('si').message).toMatch(/its input also ended in ERROR/);
    expect(late.drop('cnt').status).toBe(DROPStates.ERROR);
    const early = chain(graph, [also]);
    await early.drop('also').setError();
    await early.trigger([early.drop('so')]);
    await early.over();
    expect(early.errorOf('so').message).toMatch(/nobody streams from ch/);
  });

  it('need somebody to stream to, and an address to stream from', async () => {
    const alone = await new GraphRun([
      app({ command: 'yes', outputs: ['ch'] }, 'StreamingOutputBashApp', 'so'),
      { oid: 'ch', dropclass: MEMORY },
    ]).run();
    expect(alone.errorOf('so').message).toMatch(/nobody streams from ch/);
    const plain = chain();
    await plain.drop('ch').setCompleted();
    await isOver(plain.drop('si'));
    expect(plain.errorOf('si').message).toMatch(/ended without the address of a stream/);
    const other = chain();
    // The failure is that of who cannot read it, not of who wrote.
    expect(await (other.drop('ch') as DataDROP).write('hello')).toBe(5);
    expect(other.app('si').execStatus).toBe(AppDROPStates.ERROR);
    expect(other.errorOf('si').message).toMatch(/only from a pipe:\/\/ or tcp:\/\/ address/);
  });
});
