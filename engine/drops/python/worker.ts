/** One Python worker process. */
import type { Carried, ObjectKeeper } from './content.ts';
import { PyObject } from './content.ts';
import { CallNotRun, errorFor, PythonWorkerDied, type DescribedException } from './errors.ts';
import { frameBytes, type Frame, type FrameHeader } from '../util/frames.ts';
import { LoggedLines } from './lines.ts';
import { OrderedOutput } from './marks.ts';
import { type ProcessListener, type ProcessOptions, PythonProcess, type WorkerHello } from './process.ts';
import type { DropQuestions, Encoding, LogStream } from './types.ts';
import { replyTo } from './questions.ts';

/** What is going on in a worker. */
interface Running {
  readonly id: number;
  readonly what: string;
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
  readonly onLog: ((stream: LogStream, line: string) => void) | undefined;
  readonly answer: DropQuestions | undefined;
  readonly lines: Record<LogStream, LoggedLines>;
  readonly onBegin: (() => void) | undefined;
  killed: Error | undefined;
}

/** A request on its way. */
export interface Sent {
  readonly answer: Promise<Frame>;
  /** It is not wanted any more: a call that follows others is not run if it has not begun. */
  withdraw(): void;
}

export interface RequestOptions {
  /** For messages: what is being run for whom. */
  readonly what: string;
  readonly onLog?: ((stream: LogStream, line: string) => void) | undefined;
  readonly answer?: DropQuestions | undefined;
  /** Told when everything sent before is answered: now the process works on this. */
  readonly onBegin?: (() => void) | undefined;
}

export class PythonWorker implements ObjectKeeper, ProcessListener {
  readonly #process: PythonProcess;
  readonly #onGone: (worker: PythonWorker) => void;
  readonly #output = new OrderedOutput({
    frame: (frame) => this.#came(frame),
    raw: (chunk) => this.#cameRaw(chunk),
  });
  /** What was sent and is not answered, in order: the first is being worked on. */
  readonly #sent: Running[] = [];
  #onIdle: (() => void) | undefined;
  #nextId = 1;
  readonly #asked = new Map<number, { resolve: (frame: Frame) => void; reject: (error: Error) => void }>();
  readonly #objects = new Map<number, WeakRef<PyObject>>();
  #releases: number[] = [];
  #gone: string | undefined;
  #isDoomed = false;

  private constructor(process: PythonProcess, onGone: (worker: PythonWorker) => void) {
    this.#process = process;
    this.#onGone = onGone;
  }

  /** Starts a process with the Python `command`. Rejects with the reason, as text for people, where it does not come up. */
  static async start(
    command: string,
    options: ProcessOptions,
    onGone: (worker: PythonWorker) => void,
  ): Promise<PythonWorker> {
    return PythonProcess.start(command, options, (process) => new PythonWorker(process, onGone));
  }

  get hello(): WorkerHello {
    return this.#process.hello;
  }

  get goneBecause(): string | undefined {
    return this.#gone;
  }

  /** Whether it can take another call: not once it was told to end, however its last call came out. */
  get isUsable(): boolean {
    return this.#gone === undefined && !this.#isDoomed;
  }

  get isBusy(): boolean {
    return this.#sent.length > 0;
  }

  /** Resolves when everything that was sent is answered. */
  async idle(): Promise<void> {
    if (this.isBusy) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  get #running(): Running | undefined {
    return this.#sent[0];
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  // --- requests ----------------------------------------------------------------------------------------------------

  /** What `work` requests is sent in one piece. */
  together(work: () => void): void {
    this.#process.together(work);
  }

  /** Sends a request on the main channel. Requests are worked on one after the other. */
  request(header: FrameHeader, attachments: readonly Uint8Array[], options: RequestOptions): Sent {
    const { what, onLog, answer, onBegin } = options;
    if (this.#gone !== undefined) throw new PythonWorkerDied(what, this.#gone, this.#process.lastLines);
    const id = this.#nextId++;
    const bytes = frameBytes({ ...header, id }, attachments);
    const { promise, resolve, reject } = Promise.withResolvers<Frame>();
    const lines = {
      out: new LoggedLines((line) => onLog?.('out', line)),
      err: new LoggedLines((line) => onLog?.('err', line)),
    };
    this.#sent.push({ id, what, resolve, reject, onLog, answer, lines, onBegin, killed: undefined });
    if (this.#sent.length === 1) onBegin?.();
    this.#process.send(bytes);
    return {
      answer: promise,
      withdraw: () => this.#process.sendControl(frameBytes({ t: 'withdraw', withdrawn: id })),
    };
  }

  /** Ends the process because of `reason`; the running request is rejected with it. */
  kill(reason: Error): void {
    if (this.#running) this.#running.killed ??= reason;
    this.#isDoomed = true;
    this.#process.kill();
  }

  /** Lets an idle worker end by itself, a busy one by force. Resolves when it has ended. */
  async close(): Promise<void> {
    if (this.#running) this.kill(new PythonWorkerDied(this.#running.what, 'Weir is shutting down', []));
    else this.#process.endInput();
    await this.#process.exited;
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

  /** Lets go of a function that was kept. No call that names it is on its way any more. */
  forgetFunction(number: number): void {
    if (this.#gone === undefined) this.#process.sendControl(frameBytes({ t: 'forget', keep: number }));
  }

  #flushReleases(): void {
    const handles = this.#releases;
    this.#releases = [];
    if (this.#gone === undefined) this.#process.sendControl(frameBytes({ t: 'release', h: handles }));
  }

  /** Asks on the control channel, which is answered also while a function runs. */
  async #ask(header: FrameHeader, what: string): Promise<Frame> {
    if (this.#gone !== undefined) throw new PythonWorkerDied(what, this.#gone, this.#process.lastLines);
    const id = this.#nextId++;
    const frame = await new Promise<Frame>((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#process.sendControl(frameBytes({ ...header, id }));
    });
    if (frame.header['ok'] !== true) throw errorFor(frame.header['error'] as DescribedException, what);
    return frame;
  }

  // --- what comes in -----------------------------------------------------------------------------------------------

  /** @internal */
  frame(frame: Frame): void {
    this.#output.frame(frame);
  }

  #came(frame: Frame): void {
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
    this.#sent.shift();
    running.resolve(frame);
    if (this.#sent.length === 0) this.#rest();
    else this.#running?.onBegin?.();
  }

  #rest(): void {
    this.#onIdle?.();
    this.#onIdle = undefined;
  }

  #logged(log: unknown): void {
    if (!Array.isArray(log)) return;
    for (const [stream, text] of log as [LogStream, string][]) {
      if (stream === 'err') this.#process.note('printed', text);
      this.#running?.lines[stream].pushText(text);
    }
  }

  /** @internal What C code or child processes wrote, past Python's own streams. */
  rawOutput(chunk: Buffer): void {
    this.#output.raw(chunk);
  }

  #cameRaw(chunk: Buffer): void {
    this.#process.note('raw', chunk.toString('utf8'));
    this.#running?.lines.err.push(chunk);
  }

  #spilled(header: FrameHeader): void {
    const object = this.#objects.get(header['h'] as number)?.deref();
    for (const [encoding, path] of Object.entries(header['files'] as Record<string, string>))
      object?.spilled(encoding as Encoding, { kind: 'file', path, sizeBytes: 0 });
  }

  async #questioned(frame: Frame): Promise<void> {
    const running = this.#running?.id === frame.header['id'] ? this.#running : undefined;
    const reply = await replyTo(frame, running?.answer, 'Nothing that may ask is running.');
    if (this.#gone === undefined) this.#process.send(reply);
  }

  /** @internal */
  ended(cause: string): void {
    this.#output.end();
    const { lastLines } = this.#process;
    this.#gone = this.#running?.killed?.message ?? cause;
    const [running, ...behind] = this.#sent.splice(0);
    running?.lines.err.end();
    running?.reject(running.killed ?? new PythonWorkerDied(running.what, cause, lastLines));
    for (const sent of behind) sent.reject(new CallNotRun(sent.what));
    this.#rest();
    for (const asked of this.#asked.values())
      asked.reject(new PythonWorkerDied('the content of an object', cause, lastLines));
    this.#asked.clear();
    this.#onGone(this);
  }
}

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
  /** The encoding has no form for the value: nothing is to be written. */
  readonly nothing?: boolean;
}

/** Bytes or file of a description. */
export function carriedOf(out: OutDescription, attachments: readonly Uint8Array[]): Carried {
  if (out.file !== undefined) return { kind: 'file', path: out.file, sizeBytes: out.size ?? 0 };
  return { kind: 'bytes', data: attachments[out.at ?? -1] ?? new Uint8Array(0) };
}
