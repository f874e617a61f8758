/** The pool of Python workers. The contract is at the top of index.ts. */
import { availableParallelism } from 'node:os';
import { messageOf, WeirError } from '../../protocol/index.ts';
import { PyContent, type PyObject } from './content.ts';
import { CallNotRun, errorFor, type DescribedException } from './errors.ts';
import type { Frame, FrameHeader } from '../util/frames.ts';
import { KnownFunctions } from './known-functions.ts';
import { PythonKeepers } from './keepers.ts';
import { PythonLauncher, type LaunchOptions } from './launcher.ts';
import { Marshaller } from './marshal.ts';
import { JobQueue, type Job } from './queue.ts';
import { UsualTimes } from './usual-times.ts';
import type {
  AppCall,
  CallSettings,
  CheckedFunction,
  ClassInfo,
  FunctionCall,
  FunctionIdentity,
  FunctionInfo,
  FunctionResult,
  FunctionSpec,
  PythonInfo,
  ValueOperation,
  ValueResult,
} from './types.ts';
import { carriedOf, PythonWorker, type OutDescription, type Sent } from './worker.ts';
import { callHeader, functionHeader, functionResult, surroundings, whatOf } from './call-frames.ts';

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
/** How long a call that was withdrawn too late may go on before its process is ended. */
const WITHDRAWN_MS = 2000;
const INFO_PACKAGES = ['numpy', 'dill', 'daliuge-engine', 'daliuge-common'];

export type ObjectsLostListener = (lost: readonly PyObject[], because: string) => void;

export class PythonPool {
  readonly #launcher: PythonLauncher;
  readonly #maxWorkers: number;
  readonly #workers = new Set<PythonWorker>();
  /** Idle ones, the one used last at the end: its caches are warm. */
  readonly #idle: PythonWorker[] = [];
  readonly #queue: JobQueue;
  readonly #functions = new KnownFunctions();
  readonly #lostListeners = new Set<ObjectsLostListener>();
  readonly #times = new UsualTimes();
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
    const what = 'a look at Python';
    return this.#submit({ settings: { label: what }, what, values: [] }, async (worker, run) => {
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
   * What can be told of a function before it is to run. Remembered for functions given by code; those given by name are
   * asked for anew, as their module may have changed. Throws BadModuleException where it cannot be had.
   */
  async checkFunction(spec: FunctionSpec, settings: CallSettings): Promise<CheckedFunction> {
    return this.#functions.check(spec, async () => {
      const { header } = await this.#ofFunction('inspect', spec, settings);
      const info = header['function'] as FunctionInfo | undefined;
      return { identity: info ?? (header['identity'] as FunctionIdentity), info };
    });
  }

  /** Executes the code of a function for a drop, to be `kept`, and describes it. Throws BadModuleException. */
  async loadFunction(spec: FunctionSpec, settings: CallSettings): Promise<FunctionInfo> {
    const { header } = await this.#ofFunction('load', spec, settings);
    const info = header['function'] as FunctionInfo;
    this.#functions.note(spec, info);
    return info;
  }

  /** What is known of a function given by code, without asking. */
  knownFunction(spec: FunctionSpec): FunctionInfo | undefined {
    return this.#functions.infoOf(spec);
  }

  async #ofFunction(kind: 'inspect' | 'load', spec: FunctionSpec, settings: CallSettings): Promise<Frame> {
    const what = `the loading of ${spec.name ?? 'a function'}`;
    return this.#submit({ settings, what, values: [], kept: spec.kept }, (_, run) =>
      run({ t: kind, ...functionHeader(spec) }),
    );
  }

  /** Loads a user's drop class and describes it. Throws BadModuleException where it cannot be had. */
  async checkClass(dropClass: string, settings: CallSettings): Promise<ClassInfo> {
    const what = `the loading of ${dropClass}`;
    return this.#submit({ settings, what, values: [] }, async (_, run) => {
      const { header } = await run({ t: 'inspect-class', cls: dropClass });
      return header['cls'] as ClassInfo;
    });
  }

  /** Runs a function. Rejects with PythonException, BadModuleException, InvalidEncodingException, PythonWorkerDied... */
  async runFunction(call: FunctionCall): Promise<FunctionResult> {
    const what = whatOf(call);
    const values = [...call.args, ...call.kwargs.map((named) => named.value)];
    const { kept } = call.function;
    return this.#submit({ settings: call, what, values, kept }, async (worker, run, marshaller) => {
      const header = await callHeader(call, marshaller);
      const followers = this.#queue.size === 0 ? (call.followers?.() ?? []) : [];
      if (followers.length === 0)
        return this.#taken(worker, call, await run(header, marshaller.attachments), marshaller);
      const behind = await Promise.all(followers.map((one) => callHeader(one.call, marshaller)));
      const { promise, resolve } = Promise.withResolvers<Frame>();
      worker.together(() => {
        // A call follows only the one whose number it has: should one be missing, nothing behind it runs.
        resolve(run({ ...header, leads: 0 }, marshaller.attachments));
        for (const [i, follower] of followers.entries()) {
          const place = { follows: i, ...(i + 1 < followers.length && { leads: i + 1 }) };
          const settings = { settings: follower.call, what: whatOf(follower.call) };
          const frame = this.#request(worker, settings, { ...behind[i], t: 'call', ...place }, []);
          const result = frame.then((answer) => this.#taken(worker, follower.call, answer));
          // Whoever takes it hears of its failure when its turn comes, if it does.
          result.catch(() => undefined);
          follower.take(result);
        }
      });
      return this.#taken(worker, call, await promise, marshaller);
    });
  }

  #taken(worker: PythonWorker, call: FunctionCall, frame: Frame, marshaller?: Marshaller): FunctionResult {
    marshaller?.handedOver();
    const result = functionResult(worker, frame, call);
    if (call.timedAs !== undefined) this.#times.note(call.timedAs, result.seconds);
    return result;
  }

  /** Seconds a function took the last time, by what its calls gave as `timedAs`; undefined where nobody knows. */
  usualSeconds(timedAs: string): number | undefined {
    return this.#times.of(timedAs);
  }

  /** Runs `run()` of a user's application class. Resolves to the record it makes itself, as JSON text, if any. */
  async runApp(call: AppCall): Promise<string | undefined> {
    const what = `${call.dropClass} for ${call.label}`;
    const { header } = await this.#submit({ settings: call, what, values: [] }, (_, run) =>
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
    return this.#submit({ settings: call, what, values: call.values }, async (_, run, marshaller) => {
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
    wanted: Omit<Job, 'reject' | 'start'>,
    work: (
      worker: PythonWorker,
      run: (header: FrameHeader, attachments?: readonly Uint8Array[], app?: AppCall) => Promise<Frame>,
      marshaller: Marshaller,
    ) => Promise<T>,
  ): Promise<T> {
    if (this.#isClosed) return Promise.reject(new WeirError('CANCELLED', 'Weir is shutting down.'));
    return new Promise<T>((resolve, reject) => {
      const job: Job = {
        ...wanted,
        reject,
        start: async (worker) => {
          wanted.kept?._keptBy(worker);
          const marshaller = new Marshaller(worker);
          try {
            const run = (header: FrameHeader, attachments: readonly Uint8Array[] = [], app?: AppCall) =>
              this.#request(worker, job, header, attachments, app);
            resolve(await work(worker, run, marshaller));
          } catch (error) {
            reject(error instanceof Error ? error : new Error(messageOf(error)));
          } finally {
            await marshaller.done();
            await worker.idle();
          }
        },
      };
      this.#queue.add(job);
      this.#dispatch();
    });
  }

  async #request(
    worker: PythonWorker,
    { settings, what }: Pick<Job, 'settings' | 'what'>,
    header: FrameHeader,
    attachments: readonly Uint8Array[],
    app?: AppCall,
  ): Promise<Frame> {
    const { signal, timeoutMs } = settings;
    if (signal?.aborted) throw cancelled(what);
    let hasBegun = false;
    let sent: Sent | undefined;
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      // What stands before it is not to end with it.
      if (hasBegun) worker.kill(cancelled(what));
      else sent?.withdraw();
    };
    const begin = (): void => {
      hasBegun = true;
      // Withdrawn: it is not run, or had begun before the process heard of that.
      if (signal?.aborted) timer = setTimeout(stop, WITHDRAWN_MS);
      else if (timeoutMs !== undefined)
        timer = setTimeout(() => worker.kill(timedOut(what, timeoutMs)), timeoutMs);
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      sent = worker.request({ ...surroundings(settings), ...header }, attachments, {
        what,
        onLog: settings.onLog,
        answer: app?.answer,
        onBegin: begin,
      });
      const frame = await sent.answer;
      if (frame.header['notRun'] === true) throw new CallNotRun(what);
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
