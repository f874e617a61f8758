/**
 * Python processes that keep objects of the user's drop classes (resources/python/weir_worker/keeper.py): data drops,
 * and applications that are fed while data is written. Each session has its own, up to a number; while there are fewer
 * drops than that, every drop has a process for itself.
 */
import { WeirError } from '../../protocol/index.ts';
import { errorFor, PythonWorkerDied, type DescribedException } from './errors.ts';
import { frameBytes, type Frame, type FrameHeader } from '../util/frames.ts';
import type { PythonLauncher } from './launcher.ts';
import { LoggedLines } from './lines.ts';
import { type ProcessListener, type ProcessOptions, PythonProcess, type WorkerHello } from './process.ts';
import type { DropQuestions, LogStream, RemoteDropSpec } from './types.ts';
import { replyTo } from './questions.ts';

/** How long user code may go on after it was cancelled before its process is ended. */
const GRACE_MS = 2000;

/** An object to be made and kept. */
export interface KeepSpec {
  readonly kind: 'data' | 'app';
  /** Dotted path of the class. */
  readonly dropClass: string;
  readonly oid: string;
  readonly uid: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Objects of one group share processes, which have one working directory and environment. */
  readonly group: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Folders of the DLG_PATH. */
  readonly path?: readonly string[];
  readonly inputs?: readonly RemoteDropSpec[];
  readonly outputs?: readonly RemoteDropSpec[];
  readonly streamingInputs?: readonly RemoteDropSpec[];
  readonly onLog: (stream: LogStream, line: string) => void;
  /** Answers what the object asks about the drops around it. */
  readonly answer?: DropQuestions;
}

/** What an object answered. */
export interface KeptAnswer {
  readonly value: unknown;
  readonly data: Uint8Array | undefined;
}

interface Asked {
  readonly what: string;
  readonly label: string;
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
}

/** An object of a user's class, in a process of Python. */
export class KeptObject {
  readonly #keeper: Keeper;
  readonly #number: number;
  readonly #spec: KeepSpec;
  readonly about: Readonly<Record<string, unknown>>;

  constructor(keeper: Keeper, number: number, spec: KeepSpec, about: Readonly<Record<string, unknown>>) {
    this.#keeper = keeper;
    this.#number = number;
    this.#spec = spec;
    this.about = about;
    forgotten.register(this, { keeper: new WeakRef(keeper), number }, this);
  }

  /** Why the object is lost; undefined while it is there. */
  get goneBecause(): string | undefined {
    return this.#keeper.goneBecause;
  }

  /** The process that keeps it. */
  get pid(): number | undefined {
    return this.#keeper.pid;
  }

  /**
   * Has the object do something. Rejects with what the user's code raised, or PythonWorkerDied. When `signal` aborts,
   * the code has a little time to come to an end; then its process is ended.
   */
  async call(
    operation: string,
    details: Readonly<Record<string, unknown>> = {},
    options: { readonly data?: Uint8Array; readonly signal?: AbortSignal } = {},
  ): Promise<KeptAnswer> {
    const { uid, dropClass } = this.#spec;
    const what = `"${operation}" of ${dropClass} for drop "${uid}"`;
    const header = { t: 'do', obj: this.#number, op: operation, ...details };
    const frame = await this.#keeper.ask(header, what, `drop "${uid}"`, options);
    return { value: frame.header['v'], data: frame.attachments[0] };
  }

  release(): void {
    forgotten.unregister(this);
    this.#keeper.forget(this.#number);
  }
}

/** Objects nobody refers to any more and nobody released. */
const forgotten = new FinalizationRegistry<{ keeper: WeakRef<Keeper>; number: number }>(
  ({ keeper, number }) => keeper.deref()?.forget(number),
);

/** One process that keeps objects. */
class Keeper implements ProcessListener {
  readonly #process: PythonProcess;
  readonly #onGone: () => void;
  readonly #asked = new Map<number, Asked>();
  readonly #objects = new Map<number, { spec: KeepSpec; lines: Record<LogStream, LoggedLines> }>();
  #nextId = 1;
  #nextObject = 1;
  #gone: string | undefined;
  #killed: string | undefined;

  private constructor(process: PythonProcess, onGone: () => void) {
    this.#process = process;
    this.#onGone = onGone;
  }

  static async start(command: string, options: ProcessOptions, onGone: () => void): Promise<Keeper> {
    return PythonProcess.start(command, options, (process) => new Keeper(process, onGone));
  }

  get hello(): WorkerHello {
    return this.#process.hello;
  }

  get goneBecause(): string | undefined {
    return this.#gone;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  async make(spec: KeepSpec): Promise<KeptObject> {
    const number = this.#nextObject++;
    const lines = {
      out: new LoggedLines((line) => spec.onLog('out', line)),
      err: new LoggedLines((line) => spec.onLog('err', line)),
    };
    this.#objects.set(number, { spec, lines });
    const header = {
      t: 'make',
      obj: number,
      kind: spec.kind,
      cls: spec.dropClass,
      oid: spec.oid,
      uid: spec.uid,
      kwargs: spec.kwargs,
      ...(spec.cwd !== undefined && { cwd: spec.cwd }),
      ...(spec.env && { env: spec.env }),
      ...(spec.path && { path: spec.path }),
      ...(spec.inputs && { inputs: spec.inputs }),
      ...(spec.outputs && { outputs: spec.outputs }),
      ...(spec.streamingInputs && { streamingInputs: spec.streamingInputs }),
    };
    try {
      const frame = await this.ask(header, `${spec.dropClass} for drop "${spec.uid}"`, `drop "${spec.uid}"`);
      return new KeptObject(this, number, spec, frame.header['v'] as Record<string, unknown>);
    } catch (error) {
      this.forget(number);
      throw error;
    }
  }

  async ask(
    header: FrameHeader,
    what: string,
    label: string,
    options: { readonly data?: Uint8Array; readonly signal?: AbortSignal } = {},
  ): Promise<Frame> {
    if (this.#gone !== undefined) throw new PythonWorkerDied(what, this.#gone, this.#process.lastLines);
    const { data, signal } = options;
    const id = this.#nextId++;
    const kept = this.#objects.get(header['obj'] as number);
    if (kept) for (const lines of Object.values(kept.lines)) lines.restart();
    const bytes = frameBytes({ ...header, id }, data ? [data] : []);
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      timer = setTimeout(() => this.#kill(`${what} was cancelled and did not come to an end`), GRACE_MS);
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const frame = await new Promise<Frame>((resolve, reject) => {
        this.#asked.set(id, { what, label, resolve, reject });
        this.#process.send(bytes);
      });
      if (frame.header['ok'] !== true) throw errorFor(frame.header['error'] as DescribedException, label);
      return frame;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Lets go of an object. */
  forget(number: number): void {
    if (!this.#objects.delete(number) || this.#gone !== undefined) return;
    this.#process.send(frameBytes({ t: 'forget', obj: number }));
  }

  #kill(because: string): void {
    this.#killed ??= because;
    this.#process.kill();
  }

  /** Ends the process; what is going on in it is rejected. */
  async close(): Promise<void> {
    if (this.#asked.size > 0) this.#kill('its session is over');
    else this.#process.endInput();
    // Compiled code that never lets Python go on keeps even an idle process from reading the end of its input.
    const timer = setTimeout(() => this.#kill('it did not end by itself'), GRACE_MS);
    await this.#process.exited;
    clearTimeout(timer);
  }

  // --- what comes in -----------------------------------------------------------------------------------------------

  /** @internal */
  frame(frame: Frame): void {
    const { header } = frame;
    if (header.t === 'log') this.#logged(header);
    else if (header.t === 'host') void this.#questioned(frame);
    else if (header.t === 'result') {
      const asked = this.#asked.get(header['id'] as number);
      this.#asked.delete(header['id'] as number);
      asked?.resolve(frame);
    }
  }

  #logged(header: FrameHeader): void {
    const kept = this.#objects.get(header['id'] as number);
    for (const [stream, text] of header['log'] as [LogStream, string][]) {
      if (stream === 'err') this.#process.note('printed', text);
      kept?.lines[stream].pushText(text);
    }
  }

  /** @internal Nobody knows which object wrote past Python's own streams: all hear of it. */
  rawOutput(chunk: Buffer): void {
    this.#process.note('raw', chunk.toString('utf8'));
    for (const { lines } of this.#objects.values()) lines.err.push(chunk);
  }

  async #questioned(frame: Frame): Promise<void> {
    const kept = this.#objects.get(frame.header['id'] as number);
    const reply = await replyTo(frame, kept?.spec.answer, 'Nothing that may ask is kept under this number.');
    if (this.#gone === undefined) this.#process.send(reply);
  }

  /** @internal */
  ended(cause: string): void {
    this.#gone = this.#killed ?? cause;
    for (const { lines } of this.#objects.values()) lines.err.end();
    for (const { what, reject } of this.#asked.values())
      reject(new PythonWorkerDied(what, this.#gone, this.#process.lastLines));
    this.#asked.clear();
    this.#objects.clear();
    this.#onGone();
  }
}

/** A process that is there or comes up, and how many objects it has. */
interface Slot {
  readonly keeper: Promise<Keeper>;
  load: number;
}

export class PythonKeepers {
  readonly #launcher: PythonLauncher;
  readonly #most: number;
  readonly #groups = new Map<string, Slot[]>();
  #isClosed = false;

  /** `most`: processes of one group. */
  constructor(launcher: PythonLauncher, most: number) {
    this.#launcher = launcher;
    this.#most = most;
  }

  /** Makes an object. Rejects with what its class raised, BadModuleException, PYTHON_UNAVAILABLE. */
  async keep(spec: KeepSpec): Promise<KeptObject> {
    if (this.#isClosed) throw new WeirError('CANCELLED', 'Weir is shutting down.');
    const slot = this.#slotFor(spec.group);
    slot.load++;
    const keeper = await slot.keeper;
    return keeper.make(spec);
  }

  #slotFor(group: string): Slot {
    let slots = this.#groups.get(group);
    if (!slots) this.#groups.set(group, (slots = []));
    if (slots.length >= this.#most) return slots.reduce((a, b) => (b.load < a.load ? b : a));
    const all = slots;
    const leave = (): void => {
      const at = all.indexOf(slot);
      if (at >= 0) all.splice(at, 1);
    };
    const slot: Slot = {
      load: 0,
      keeper: this.#launcher.launch((command, options) => Keeper.start(command, options, leave), {
        keeper: true,
      }),
    };
    slot.keeper.catch(leave);
    slots.push(slot);
    return slot;
  }

  /** Processes of a group that run or come up. */
  count(group: string): number {
    return this.#groups.get(group)?.length ?? 0;
  }

  /** Ends the processes of a group, with all objects in them. */
  async closeGroup(group: string): Promise<void> {
    const slots = [...(this.#groups.get(group) ?? [])];
    this.#groups.delete(group);
    await Promise.all(
      slots.map(({ keeper }) =>
        keeper.then(
          (one) => one.close(),
          () => undefined,
        ),
      ),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#groups.keys()].map((group) => this.closeGroup(group)));
  }
}
