/** One Python worker process. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import { messageOf } from '../../protocol/index.ts';
import type { Carried, ObjectKeeper } from './content.ts';
import { PyObject } from './content.ts';
import { errorFor, PythonWorkerDied, type DescribedException } from './errors.ts';
import { frameBytes, FrameParser, type Frame, type FrameHeader } from './frames.ts';
import { LineSplitter } from './lines.ts';
import type { DropQuestions, Encoding, LogStream } from './types.ts';

const PROTOCOL_VERSION = 1;
const LINES_KEPT = 20;
const KILL_AFTER_MS = 2000;

/** Loads the worker package without leaving its folder on the user's module path. */
const BOOT = [
  'import sys',
  'root = sys.argv.pop()',
  'before, sys.dont_write_bytecode = sys.dont_write_bytecode, True',
  'sys.path[0] = root',
  'from weir_worker import worker, proxies',
  'sys.path.remove(root)',
  'sys.dont_write_bytecode = before',
  'worker.main()',
].join('\n');

export interface WorkerOptions {
  readonly resources: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Passed to the process as JSON. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface WorkerHello {
  readonly python: string;
  readonly implementation: string;
  readonly executable: string;
}

/** What is going on in a worker. */
interface Running {
  readonly id: number;
  readonly what: string;
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
  readonly onLog: ((stream: LogStream, line: string) => void) | undefined;
  readonly answer: DropQuestions | undefined;
  readonly lines: Record<LogStream, LineSplitter>;
  killed: Error | undefined;
}

export interface RequestOptions {
  /** For messages: what is being run for whom. */
  readonly what: string;
  readonly onLog?: ((stream: LogStream, line: string) => void) | undefined;
  readonly answer?: DropQuestions | undefined;
}

export class PythonWorker implements ObjectKeeper {
  readonly hello: WorkerHello;
  readonly #child: ChildProcess;
  readonly #onGone: (worker: PythonWorker) => void;
  #running: Running | undefined;
  #nextId = 1;
  readonly #asked = new Map<number, { resolve: (frame: Frame) => void; reject: (error: Error) => void }>();
  readonly #objects = new Map<number, WeakRef<PyObject>>();
  #releases: number[] = [];
  readonly #lastLines: string[];
  #gone: string | undefined;
  readonly #exited: Promise<void>;

  private constructor(
    child: ChildProcess,
    hello: WorkerHello,
    lastLines: string[],
    onGone: (worker: PythonWorker) => void,
  ) {
    this.#child = child;
    this.hello = hello;
    this.#lastLines = lastLines;
    this.#onGone = onGone;
    this.#exited = new Promise((resolve) => child.once('close', () => resolve()));
  }

  /** Starts a process with the Python `command`. Rejects with the reason, as text for people, where it does not come up. */
  static async start(
    command: string,
    options: WorkerOptions,
    onGone: (worker: PythonWorker) => void,
  ): Promise<PythonWorker> {
    const child = spawn(command, ['-c', BOOT, JSON.stringify(options.settings), options.resources], {
      env: options.env,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      // A group of its own, so that what user code started ends with it.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const lastLines: string[] = [];
    const errors = new LineSplitter((line) => keepLine(lastLines, line));
    let worker: PythonWorker | undefined;
    child.stderr?.on('data', (chunk: Buffer) => (worker ? worker.#rawOutput(chunk) : errors.push(chunk)));
    // A worker that ends while we write to it is noticed by its exit.
    for (const pipe of child.stdio) pipe?.on('error', () => undefined);
    const frames = new FrameParser();
    return new Promise((resolve, reject) => {
      child.once('error', (error) => reject(error));
      child.once('close', (code, signal) => {
        errors.end();
        if (worker) worker.#ended(code, signal);
        else reject(new Error(endedBeforeHello(code, signal, lastLines)));
      });
      child.stdout?.on('data', (chunk: Buffer) => {
        try {
          for (const frame of frames.push(chunk)) {
            if (worker) worker.#received(frame);
            else {
              worker = new PythonWorker(child, helloOf(frame), lastLines, onGone);
              resolve(worker);
            }
          }
        } catch (error) {
          keepLine(lastLines, messageOf(error));
          killGroup(child, 'SIGKILL');
        }
      });
    });
  }

  get goneBecause(): string | undefined {
    return this.#gone;
  }

  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  // --- requests ----------------------------------------------------------------------------------------------------

  /** Sends a request on the main channel, one at a time, and resolves with its answer. */
  async request(
    header: FrameHeader,
    attachments: readonly Uint8Array[],
    options: RequestOptions,
  ): Promise<Frame> {
    if (this.#gone !== undefined) throw new PythonWorkerDied(options.what, this.#gone, this.#lastLines);
    const id = this.#nextId++;
    const bytes = frameBytes({ ...header, id }, attachments);
    const { onLog } = options;
    try {
      return await new Promise<Frame>((resolve, reject) => {
        this.#running = {
          id,
          what: options.what,
          resolve,
          reject,
          onLog,
          answer: options.answer,
          lines: {
            out: new LineSplitter((line) => onLog?.('out', line)),
            err: new LineSplitter((line) => onLog?.('err', line)),
          },
          killed: undefined,
        };
        this.#child.stdin?.write(bytes);
      });
    } finally {
      this.#running = undefined;
    }
  }

  /** Ends the process because of `reason`; the running request is rejected with it. */
  kill(reason: Error): void {
    if (this.#running) this.#running.killed ??= reason;
    killGroup(this.#child, 'SIGTERM');
    const timer = setTimeout(() => killGroup(this.#child, 'SIGKILL'), KILL_AFTER_MS);
    void this.#exited.then(() => clearTimeout(timer));
  }

  /** Lets an idle worker end by itself, a busy one by force. Resolves when it has ended. */
  async close(): Promise<void> {
    if (this.#running) this.kill(new PythonWorkerDied(this.#running.what, 'Weir is shutting down', []));
    else {
      this.#child.stdin?.end();
      (this.#child.stdio[3] as Writable | null)?.end();
    }
    await this.#exited;
  }

  // --- objects -----------------------------------------------------------------------------------------------------

  /** Notes that the process holds an object under `handle`. */
  hold(handle: number, label: string, sizeBytes: number): PyObject {
    const object = new PyObject(this, handle, label, sizeBytes);
    this.#objects.set(handle, new WeakRef(object));
    forgotten.register(object, { worker: new WeakRef(this), handle });
    return object;
  }

  /** Objects that are gone if the process is gone now. */
  heldObjects(): readonly PyObject[] {
    return [...this.#objects.values()].flatMap((ref) => ref.deref() ?? []);
  }

  async encodeObject(handle: number, encoding: Encoding): Promise<Carried> {
    const frame = await this.#ask({ t: 'encode', h: handle, enc: encoding }, 'the content of an object');
    const [out] = frame.header['out'] as [OutDescription];
    return carriedOf(out, frame.attachments);
  }

  releaseObject(handle: number): void {
    this.#objects.delete(handle);
    if (this.#gone !== undefined) return;
    // Many releases of one turn travel together.
    if (this.#releases.push(handle) === 1) queueMicrotask(() => this.#flushReleases());
  }

  #flushReleases(): void {
    const handles = this.#releases;
    this.#releases = [];
    if (this.#gone === undefined) this.#control().write(frameBytes({ t: 'release', h: handles }));
  }

  #control(): Writable {
    return this.#child.stdio[3] as Writable;
  }

  /** Asks on the control channel, which is answered also while a function runs. */
  async #ask(header: FrameHeader, what: string): Promise<Frame> {
    if (this.#gone !== undefined) throw new PythonWorkerDied(what, this.#gone, this.#lastLines);
    const id = this.#nextId++;
    const frame = await new Promise<Frame>((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#control().write(frameBytes({ ...header, id }));
    });
    if (frame.header['ok'] !== true) throw errorFor(frame.header['error'] as DescribedException, what);
    return frame;
  }

  // --- what comes in -----------------------------------------------------------------------------------------------

  #received(frame: Frame): void {
    const { header } = frame;
    if (header.t === 'result') return this.#answered(frame);
    if (header.t === 'log') return this.#logged(header['log']);
    if (header.t === 'spill') return this.#spilled(header);
    if (header.t === 'host') void this.#questioned(frame);
  }

  #answered(frame: Frame): void {
    const id = frame.header['id'] as number;
    const asked = this.#asked.get(id);
    if (asked) {
      this.#asked.delete(id);
      asked.resolve(frame);
      return;
    }
    const running = this.#running;
    if (running?.id !== id) return;
    this.#logged(frame.header['log']);
    running.lines.out.end();
    running.lines.err.end();
    running.resolve(frame);
  }

  #logged(log: unknown): void {
    if (!Array.isArray(log)) return;
    for (const [stream, text] of log as [LogStream, string][]) {
      if (stream === 'err') for (const line of text.split('\n')) if (line) keepLine(this.#lastLines, line);
      this.#running?.lines[stream].pushText(text);
    }
  }

  /** What C code or child processes wrote, past Python's own streams. */
  #rawOutput(chunk: Buffer): void {
    for (const line of chunk.toString('utf8').split('\n')) if (line) keepLine(this.#lastLines, line);
    this.#running?.lines.err.push(chunk);
  }

  #spilled(header: FrameHeader): void {
    const object = this.#objects.get(header['h'] as number)?.deref();
    for (const [encoding, path] of Object.entries(header['files'] as Record<string, string>))
      object?.spilled(encoding as Encoding, { kind: 'file', path, sizeBytes: 0 });
  }

  async #questioned(frame: Frame): Promise<void> {
    const { op, uid, n, id, t: _t, a: _a, ...details } = frame.header;
    const running = this.#running;
    let reply: Buffer;
    try {
      if (!running?.answer || running.id !== id) throw new Error('Nothing that may ask is running.');
      const answer = await running.answer({
        operation: String(op),
        uid: String(uid),
        details,
        data: frame.attachments[0],
      });
      reply = frameBytes({ t: 'reply', n, v: answer.value ?? null }, answer.data ? [answer.data] : []);
    } catch (error) {
      reply = frameBytes({ t: 'reply', n, error: messageOf(error) });
    }
    if (this.#gone === undefined) this.#child.stdin?.write(reply);
  }

  #ended(code: number | null, signal: string | null): void {
    const cause = signal
      ? `it was ended by ${signal}${SIGNAL_MEANINGS[signal] ?? ''}`
      : `it exited with status ${code ?? '?'}`;
    this.#gone = this.#running?.killed?.message ?? cause;
    const running = this.#running;
    running?.lines.err.end();
    running?.reject(running.killed ?? new PythonWorkerDied(running.what, cause, [...this.#lastLines]));
    for (const asked of this.#asked.values())
      asked.reject(new PythonWorkerDied('the content of an object', cause, [...this.#lastLines]));
    this.#asked.clear();
    this.#onGone(this);
  }
}

const SIGNAL_MEANINGS: Readonly<Record<string, string>> = {
  SIGSEGV: ' (a crash in compiled code)',
  SIGKILL: ' (often the system, for want of memory)',
  SIGABRT: ' (compiled code gave up)',
};

/** Objects nobody refers to any more and nobody released. */
const forgotten = new FinalizationRegistry<{ worker: WeakRef<PythonWorker>; handle: number }>(
  ({ worker, handle }) => worker.deref()?.releaseObject(handle),
);

/** How a result describes one of its encodings. */
export interface OutDescription {
  readonly enc: Encoding;
  readonly at?: number;
  readonly file?: string;
  readonly size?: number;
  /** For contents that stay in the worker. */
  readonly est?: number;
  readonly sha256?: string;
}

/** Bytes or file of a description. */
export function carriedOf(out: OutDescription, attachments: readonly Uint8Array[]): Carried {
  if (out.file !== undefined) return { kind: 'file', path: out.file, sizeBytes: out.size ?? 0 };
  return { kind: 'bytes', data: attachments[out.at ?? -1] ?? new Uint8Array(0) };
}

function helloOf(frame: Frame): WorkerHello {
  const { header } = frame;
  if (header.t !== 'hello' || header['protocol'] !== PROTOCOL_VERSION)
    throw new Error('the worker speaks another version of the protocol');
  return {
    python: String(header['python']),
    implementation: String(header['implementation']),
    executable: String(header['executable']),
  };
}

function keepLine(lines: string[], line: string): void {
  lines.push(line.slice(0, 500));
  if (lines.length > LINES_KEPT) lines.shift();
}

function endedBeforeHello(code: number | null, signal: string | null, lines: readonly string[]): string {
  const end = signal ? `was ended by ${signal}` : `exited with status ${code ?? '?'}`;
  return lines.length ? `it ${end}: ${lines.at(-1)}` : `it ${end}`;
}

/** Signals the process and what it started. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // No such group any more: it ended by itself between the check and the call.
    child.kill(signal);
  }
}
