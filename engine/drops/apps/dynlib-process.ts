/** The Host's side of the process that holds a dynamic library. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { DaliugeException, InvalidDropException, messageOf } from '../../protocol/index.ts';
import type { AppDROP } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import { listParam, readParams } from '../params.ts';
import { pyStr, fromJson } from '../pyrepr/index.ts';
import { pythonResources } from '../python/index.ts';
import { commandEnvironment } from './bash.ts';
import { frame, type DynlibMessage, type DynlibReport } from './dynlib-protocol.ts';
import { OutputLog } from './output-log.ts';
import { KILL_AFTER_MS, signalGroup, Tail } from './process.ts';

/** File descriptors of the child before those of drops: standard three and the reports. */
const FIRST_DROP_FD = 4;
const ERROR_LINES = 20;

export interface DynlibOptions {
  readonly lib: string;
  readonly isStreaming: boolean;
  readonly onReport: (report: DynlibReport) => void;
  /** The Python to hold the library, where it wants one around it. */
  readonly python: string | undefined;
}

export class DynlibProcess {
  readonly #app: AppDROP;
  readonly #options: DynlibOptions;
  readonly #child: ChildProcess;
  readonly #stderr = new Tail();
  readonly #stdout = new Tail();
  readonly #taken: (() => void)[] = [];
  #failure: string | undefined;
  /** Resolves when the process is over and its outputs are written; rejects where it failed. */
  readonly over: Promise<void>;

  constructor(app: AppDROP, options: DynlibOptions) {
    this.#app = app;
    this.#options = options;
    mkdirSync(app.context.baseDir, { recursive: true });
    // What cannot be said is known before there is a process to say it to.
    const start = startMessage(app, options);
    const drops = app.inputs.length + app.outputs.length;
    const [program, ...args] = options.python
      ? pythonProgram(options.python)
      : [nodeProgram(app), workerFile()];
    this.#child = spawn(program as string, args, {
      cwd: app.context.baseDir,
      env: { ...commandEnvironment(app), ELECTRON_RUN_AS_NODE: '1' },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe', ...Array.from({ length: drops }, () => 'pipe' as const)],
    });
    this.over = this.#supervise();
    this.over.catch(() => undefined);
    this.#send(start);
  }

  get facts(): Readonly<Record<string, unknown>> {
    return { pid: this.#child.pid, stdout: this.#stdout.text(), stderr: this.#stderr.text() };
  }

  /** Hands streamed data over; resolves when the library has dealt with it. */
  async data(uid: string, bytes: Uint8Array): Promise<void> {
    const taken = new Promise<void>((resolve) => this.#taken.push(resolve));
    this.#send({ kind: 'data', uid }, bytes);
    await Promise.race([taken, this.over]);
  }

  completed(uid: string, status: number): void {
    this.#send({ kind: 'completed', uid, status });
  }

  /** Asks the process to end, and makes it. */
  end(): void {
    signalGroup(this.#child.pid, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(this.#child.pid, 'SIGKILL'), KILL_AFTER_MS);
    this.#child.once('close', () => clearTimeout(timer));
  }

  #send(message: DynlibMessage, payload?: Uint8Array): void {
    if (this.#child.stdin?.writable) this.#child.stdin.write(frame(message, payload));
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#app;
    const log = new OutputLog(this.#app);
    const ended = this.#ended();
    this.#listen(log);
    const stop = (): void => this.end();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      const [how] = await Promise.all([ended, this.#carry()]);
      log.end();
      if (how !== undefined && !signal.aborted) throw this.#error(how);
    } finally {
      signal.removeEventListener('abort', stop);
      for (const resolve of this.#taken.splice(0)) resolve();
    }
  }

  /** How the process ended; undefined: well. */
  #ended(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(`its process could not be started: ${messageOf(error)}`));
      this.#child.once('close', (code, signal) => {
        if (this.#failure !== undefined) resolve(this.#failure);
        else if (signal) resolve(`its process crashed (${signal})`);
        else resolve(code === 0 ? undefined : `its process ended with exit status ${String(code)}`);
      });
    });
  }

  #listen(log: OutputLog): void {
    const { stdin, stdout, stderr, stdio } = this.#child;
    // A library that is gone does not read what was still to be sent.
    stdin?.on('error', () => undefined);
    stdout?.on('data', (chunk: Uint8Array) => {
      this.#stdout.push(chunk);
      log.push('stdout', chunk);
    });
    stderr?.on('data', (chunk: Uint8Array) => {
      this.#stderr.push(chunk);
      log.push('stderr', chunk);
    });
    const reports = createInterface({ input: stdio[3] as Readable });
    reports.on('line', (line) => this.#reported(JSON.parse(line) as DynlibReport));
  }

  #reported(message: DynlibReport): void {
    if (message.kind === 'failed') this.#failure = message.message;
    else if (message.kind === 'taken') this.#taken.shift()?.();
    this.#options.onReport(message);
  }

  /** Feeds the contents of inputs in and takes those of outputs out, each as fast as the slower side goes. */
  async #carry(): Promise<void> {
    const { inputs, outputs } = this.#app;
    const pipes = this.#child.stdio.slice(FIRST_DROP_FD);
    const feeds = inputs.map((input, i) => feed(input, pipes[i] as Writable));
    const takes = outputs.map((output, i) => take(pipes[inputs.length + i] as Readable, output));
    await Promise.all([...feeds, ...takes]);
  }

  #error(how: string): DaliugeException {
    const stderr = this.#stderr.lastLines(ERROR_LINES);
    return new DaliugeException(
      'APP_FAILED',
      `The library ${this.#options.lib} of ${this.#app.constructor.name} ${this.#app.uid} failed: ${how}${stderr === '' ? '' : `; the last it said: ${stderr.slice(stderr.lastIndexOf('\n') + 1)}`}.`,
      { details: { uid: this.#app.uid, lib: this.#options.lib, stderr } },
    );
  }
}

async function feed(input: DataDROP, pipe: Writable): Promise<void> {
  pipe.on('error', () => undefined);
  try {
    for await (const chunk of input.stream()) {
      if (!pipe.writable) return;
      if (!pipe.write(chunk)) await drained(pipe);
    }
  } finally {
    pipe.end();
  }
}

function drained(pipe: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      pipe.off('drain', done).off('close', done).off('error', done);
      resolve();
    };
    pipe.on('drain', done).on('close', done).on('error', done);
  });
}

async function take(pipe: Readable, output: DataDROP): Promise<void> {
  for await (const chunk of pipe) await output.writeOrThrow(chunk as Uint8Array);
}

function startMessage(app: AppDROP, { lib, isStreaming }: DynlibOptions): DynlibMessage {
  const named = ({ uid, oid, name }: DataDROP): { uid: string; oid: string; name: string } => ({
    uid,
    oid,
    name,
  });
  return {
    kind: 'start',
    lib,
    isStreaming,
    ...named(app as unknown as DataDROP),
    ranks: ranksOf(app),
    params: libraryParams(app),
    values: app.parameters,
    inputs: app.inputs.map((drop, i) => ({ ...named(drop), status: drop.status, fd: FIRST_DROP_FD + i })),
    streamingInputs: app.streamingInputs.map(named),
    outputs: app.outputs.map((drop, i) => ({ ...named(drop), fd: FIRST_DROP_FD + app.inputs.length + i })),
  };
}

/** Parameters that are no settings of the engine, as texts: numbers, texts and truth values. */
const RANK = { rank: listParam('rank', null, 'Numbers that the library finds as its ranks') };

function ranksOf(app: AppDROP): number[] {
  const given = readParams(RANK, app.parameters, app.uid).rank ?? [];
  const ranks = given.map(Number);
  if (ranks.every(Number.isInteger)) return ranks;
  throw new InvalidDropException(
    `${app.uid}: parameter rank must be a list of whole numbers, but is ${JSON.stringify(given)}; correct it in the graph.`,
    { details: { uid: app.uid, rank: given } },
  );
}

/** Tables and relations of a dropspec, which are no parameters. */
const STRUCTURE =
  /^(applicationArgs|componentParams|constraintParams|fields|ports|port_map|reprodata|loop_ctx|rank|(streaming)?(inputs|consumers)|outputs|producers)$/i;

/** As Python writes them. */
function libraryParams(app: AppDROP): [string, string][] {
  return Object.entries(app.parameters).flatMap(([name, value]): [string, string][] =>
    value === undefined || (typeof value === 'object' && STRUCTURE.test(name))
      ? []
      : [[name, pyStr(fromJson(value))]],
  );
}

function workerFile(): string {
  const file = import.meta.url.endsWith('.ts') ? '../dynlib-worker.ts' : './dynlib-worker.js';
  return fileURLToPath(new URL(file, import.meta.url));
}

function pythonProgram(python: string): readonly string[] {
  const boot = 'import sys; sys.path[0] = sys.argv.pop(); from weir_worker import dynlib; dynlib.main()';
  return [python, '-B', '-c', boot, pythonResources()];
}

/**
 * Whether a library exports `init2` or `run2`, which take and give objects of Python: by the names in its file. A text
 * that happens to read so does no harm, as the Python process holds any library. A library that the system's loader has
 * to find is taken for a plain one.
 */
export async function wantsPython(lib: string): Promise<boolean> {
  if (!lib.includes('/')) return false;
  const bytes = await readFile(lib).catch(() => undefined);
  return (
    bytes !== undefined &&
    ['\0init2\0', '\0run2\0', '\0_init2\0', '\0_run2\0'].some((name) => bytes.includes(name))
  );
}

/** The program that runs JavaScript: this one (Electron acts as Node when told to), or the one WEIR_NODE names. */
function nodeProgram(app: AppDROP): string {
  return app.context.env['WEIR_NODE'] ?? process.execPath;
}
