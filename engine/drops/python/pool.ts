/** The pool of Python workers. The contract is at the top of index.ts. */
import { availableParallelism } from 'node:os';
import { messageOf, WeirError } from '../../protocol/index.ts';
import { PyContent, type PyObject } from './content.ts';
import { errorFor, type DescribedException } from './errors.ts';
import type { Frame, FrameHeader } from '../util/frames.ts';
import { PythonKeepers } from './keepers.ts';
import { PythonLauncher, type LaunchOptions } from './launcher.ts';
import { Marshaller } from './marshal.ts';
import { JobQueue, type Job } from './queue.ts';
import type {
  AppCall,
  CallSettings,
  ClassInfo,
  Encoding,
  FunctionCall,
  FunctionInfo,
  FunctionResult,
  FunctionSpec,
  PyArgument,
  PythonInfo,
  ValueOperation,
  ValueResult,
} from './types.ts';
import { carriedOf, PythonWorker, type OutDescription } from './worker.ts';

export interface PythonPoolOptions extends LaunchOptions {
  /** Most processes at a time; the number of processors by default. */
  readonly maxWorkers?: number;
  /** Calls that may wait; more are refused. */
  readonly maxQueued?: number;
  /** Most processes of one session that keep drops of the user's classes. */
  readonly maxKeepers?: number;
}

const DEFAULT_QUEUED = 1_000_000;
const DEFAULT_KEEPERS = 8;
const INFO_PACKAGES = ['numpy', 'dill', 'daliuge-engine', 'daliuge-common'];

export type ObjectsLostListener = (lost: readonly PyObject[], because: string) => void;

export class PythonPool {
  readonly #launcher: PythonLauncher;
  readonly #maxWorkers: number;
  readonly #workers = new Set<PythonWorker>();
  /** Idle ones, the one used last at the end: its caches are warm. */
  readonly #idle: PythonWorker[] = [];
  readonly #queue: JobQueue;
  readonly #functions = new Map<string, Promise<FunctionInfo>>();
  readonly #lostListeners = new Set<ObjectsLostListener>();
  /** Processes that keep drops of the user's classes. */
  readonly keepers: PythonKeepers;
  #starting = 0;
  #isClosed = false;

  constructor(options: PythonPoolOptions = {}) {
    this.#launcher = new PythonLauncher(options);
    this.#maxWorkers = Math.max(1, options.maxWorkers ?? availableParallelism());
    this.#queue = new JobQueue(options.maxQueued ?? DEFAULT_QUEUED);
    this.keepers = new PythonKeepers(this.#launcher, options.maxKeepers ?? DEFAULT_KEEPERS);
  }

  // --- what it does ------------------------------------------------------------------------------------------------

  /** The Python of this machine. Throws PYTHON_UNAVAILABLE. */
  async info(packages: readonly string[] = INFO_PACKAGES): Promise<PythonInfo> {
    return this.#submit({ label: 'a look at Python' }, 'a look at Python', [], async (worker, run) => {
      const { header } = await run({ t: 'info', packages });
      return {
        version: worker.hello.python,
        implementation: worker.hello.implementation,
        executable: worker.hello.executable,
        packages: header['packages'] as PythonInfo['packages'],
        hasRealDlg: header['realDlg'] === true,
        modulePath: header['path'] as readonly string[],
      };
    });
  }

  /**
   * Loads a function and describes it. The answer is remembered for functions given by code; those given by name are
   * asked for anew, as their module may have changed. Throws BadModuleException where it cannot be had.
   */
  async checkFunction(spec: FunctionSpec, settings: CallSettings): Promise<FunctionInfo> {
    const key = spec.code ? `${spec.name ?? ''}\n${spec.code}` : undefined;
    const known = key === undefined ? undefined : this.#functions.get(key);
    if (known) return known;
    const found = this.#submit(
      settings,
      `the loading of ${spec.name ?? 'a function'}`,
      [],
      async (_, run) => {
        const { header } = await run({ t: 'inspect', name: spec.name ?? '', code: spec.code ?? '' });
        return header['function'] as FunctionInfo;
      },
    );
    if (key !== undefined) {
      this.#functions.set(key, found);
      found.catch(() => this.#functions.delete(key));
    }
    return found;
  }

  /** Loads a user's drop class and describes it. Throws BadModuleException where it cannot be had. */
  async checkClass(dropClass: string, settings: CallSettings): Promise<ClassInfo> {
    return this.#submit(settings, `the loading of ${dropClass}`, [], async (_, run) => {
      const { header } = await run({ t: 'inspect-class', cls: dropClass });
      return header['cls'] as ClassInfo;
    });
  }

  /** Runs a function. Rejects with PythonException, BadModuleException, InvalidEncodingException, PythonWorkerDied... */
  async runFunction(call: FunctionCall): Promise<FunctionResult> {
    const what = `${call.function.name || 'a function'} for ${call.label}`;
    const values = [...call.args, ...call.kwargs.map((named) => named.value)];
    return this.#submit(call, what, values, async (worker, run, marshaller) => {
      const args = await marshaller.all(call.args);
      const kwargs = await marshaller.named(call.kwargs);
      const header: FrameHeader = {
        t: 'call',
        name: call.function.name ?? '',
        ...(call.function.code && { code: call.function.code }),
        args,
        kwargs,
        out: call.outputs,
        ...(call.wantRecord && { record: true }),
        ...(call.wantDigest && { digest: true }),
        ...(call.wantTruth && { truth: true }),
      };
      const frame = await run(header, marshaller.attachments);
      marshaller.handedOver();
      return functionResult(worker, frame, call);
    });
  }

  /** Runs `run()` of a user's application class. Resolves to the record it makes itself, as JSON text, if any. */
  async runApp(call: AppCall): Promise<string | undefined> {
    const what = `${call.dropClass} for ${call.label}`;
    const { header } = await this.#submit(call, what, [], (_, run) =>
      run(
        {
          t: 'run-app',
          cls: call.dropClass,
          oid: call.oid,
          uid: call.uid,
          kwargs: call.kwargs,
          inputs: call.inputs,
          outputs: call.outputs,
        },
        [],
        call,
      ),
    );
    return (header['recompute'] as string | null | undefined) ?? undefined;
  }

  /** An operation of a built-in application on values the Host cannot read. */
  async runOperation(call: ValueOperation): Promise<ValueResult> {
    const what = `${call.operation} for ${call.label}`;
    return this.#submit(call, what, call.values, async (_, run, marshaller) => {
      const values = await marshaller.all(call.values);
      const { header, attachments } = await run(
        { t: 'op', op: call.operation, values, params: call.params ?? {}, enc: call.encoding, texts: true },
        marshaller.attachments,
      );
      const out = header['out'] as readonly OutDescription[];
      return {
        contents: out.map((one) => new PyContent(one.enc, carriedOf(one, attachments), undefined)),
        texts: header['texts'] as ValueResult['texts'],
      };
    });
  }

  /** Tells `listener` of objects that went with their worker; returns how to stop that. */
  onObjectsLost(listener: ObjectsLostListener): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** Processes that run now. */
  get workerCount(): number {
    return this.#workers.size;
  }

  /** Ends all processes and removes the temporary files. Waiting calls are rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#queue.rejectAll(new WeirError('CANCELLED', 'Weir is shutting down.'));
    await Promise.all([this.keepers.close(), ...[...this.#workers].map((worker) => worker.close())]);
    this.#launcher.clear();
  }

  // --- jobs --------------------------------------------------------------------------------------------------------

  #submit<T>(
    settings: CallSettings,
    what: string,
    values: readonly PyArgument[],
    work: (
      worker: PythonWorker,
      run: (header: FrameHeader, attachments?: readonly Uint8Array[], app?: AppCall) => Promise<Frame>,
      marshaller: Marshaller,
    ) => Promise<T>,
  ): Promise<T> {
    if (this.#isClosed) return Promise.reject(new WeirError('CANCELLED', 'Weir is shutting down.'));
    return new Promise<T>((resolve, reject) => {
      const job: Job = {
        values,
        settings,
        what,
        reject,
        start: async (worker) => {
          const marshaller = new Marshaller(worker);
          try {
            const run = (header: FrameHeader, attachments: readonly Uint8Array[] = [], app?: AppCall) =>
              this.#request(worker, job, header, attachments, app);
            resolve(await work(worker, run, marshaller));
          } catch (error) {
            reject(error instanceof Error ? error : new Error(messageOf(error)));
          } finally {
            await marshaller.done();
          }
        },
      };
      this.#queue.add(job);
      this.#dispatch();
    });
  }

  async #request(
    worker: PythonWorker,
    job: Job,
    header: FrameHeader,
    attachments: readonly Uint8Array[],
    app: AppCall | undefined,
  ): Promise<Frame> {
    const { settings, what } = job;
    const { signal, timeoutMs } = settings;
    if (signal?.aborted) throw cancelled(what);
    const stop = (): void => worker.kill(cancelled(what));
    signal?.addEventListener('abort', stop, { once: true });
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => worker.kill(timedOut(what, timeoutMs)), timeoutMs);
    try {
      const frame = await worker.request({ ...surroundings(settings), ...header }, attachments, {
        what,
        onLog: settings.onLog,
        answer: app?.answer,
      });
      if (frame.header['ok'] !== true)
        throw errorFor(frame.header['error'] as DescribedException, settings.label);
      return frame;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }

  // --- workers -----------------------------------------------------------------------------------------------------

  #dispatch(): void {
    for (;;) {
      const next = this.#queue.next(this.#idle);
      if (!next) break;
      const { job, worker } = next;
      this.#idle.splice(this.#idle.indexOf(worker), 1);
      void job.start(worker).finally(() => this.#freed(worker));
    }
    const wanted = Math.min(this.#queue.size, this.#maxWorkers - this.#workers.size) - this.#starting;
    for (let i = 0; i < wanted; i++) void this.#startWorker();
  }

  #freed(worker: PythonWorker): void {
    if (worker.isUsable && this.#workers.has(worker)) this.#idle.push(worker);
    this.#dispatch();
  }

  async #startWorker(): Promise<void> {
    this.#starting++;
    try {
      const worker = await this.#launcher.launch((command, options) =>
        PythonWorker.start(command, options, (gone) => this.#lost(gone)),
      );
      this.#workers.add(worker);
      if (this.#isClosed) await worker.close();
      else this.#idle.push(worker);
    } catch (error) {
      if (this.#workers.size === 0 && this.#starting === 1) this.#queue.rejectAll(error as Error);
    } finally {
      this.#starting--;
    }
    this.#dispatch();
  }

  #lost(worker: PythonWorker): void {
    this.#workers.delete(worker);
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    const lost = worker.heldObjects();
    const because = worker.goneBecause ?? 'it ended';
    if (lost.length && !this.#isClosed) for (const listener of this.#lostListeners) listener(lost, because);
    this.#dispatch();
  }
}

function functionResult(worker: PythonWorker, frame: Frame, call: FunctionCall): FunctionResult {
  const { header, attachments } = frame;
  const out = header['out'] as readonly OutDescription[];
  const handle = header['h'] as number | undefined;
  const size = Math.max(0, ...out.map((one) => one.size ?? one.est ?? 0));
  const object = handle === undefined ? undefined : worker.hold(handle, call.label, size);
  const contents = new Map<Encoding, PyContent>();
  for (const one of out) {
    const carried = one.est === undefined ? carriedOf(one, attachments) : undefined;
    const digest = one.sha256 === undefined ? undefined : { sizeBytes: one.est ?? 0, sha256: one.sha256 };
    contents.set(one.enc, new PyContent(one.enc, carried, object, digest));
  }
  return {
    contents,
    nothingIn: new Set(out.filter((one) => one.nothing === true).map((one) => one.enc)),
    typeName: String(header['type']),
    record: header['record'] as string | undefined,
    truth: header['truth'] as boolean | undefined,
    text: header['text'] as string | undefined,
    seconds: Number(header['seconds']),
  };
}

function surroundings(settings: CallSettings): Readonly<Record<string, unknown>> {
  return {
    ...(settings.cwd !== undefined && { cwd: settings.cwd }),
    ...(settings.env && { env: settings.env }),
    ...(settings.path && { path: settings.path }),
    ...(settings.scratchDir !== undefined && { scratch: settings.scratchDir }),
  };
}

function cancelled(what: string): WeirError {
  return new WeirError('CANCELLED', `The running of ${what} was cancelled.`);
}

function timedOut(what: string, timeoutMs: number): WeirError {
  return new WeirError(
    'TIMEOUT',
    `The running of ${what} took longer than the ${timeoutMs / 1000} s it was given and was ended.`,
    { details: { timeoutMs } },
  );
}
