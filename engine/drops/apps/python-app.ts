/** Application classes of the user, in Python (issue "the engine, whole", item 4). */
import {
  AppDROPStates,
  DROPLinkType,
  InvalidDropException,
  InvalidRelationshipException,
  isWeirError,
  messageOf,
  type DROPStates,
} from '../../protocol/index.ts';
import { BarrierAppDROP, type Lane } from '../app-drop.ts';
import type { AbstractDROP, DropKwargs } from '../drop.ts';
import { PYTHON_POOL, PythonException, type ClassInfo } from '../python/index.ts';
import type { DropClass } from '../registry.ts';
import { Flags } from '../table.ts';
import { answersAbout, pythonKwargs, pythonSettings, remoteSpec } from './python-drops.ts';
import { FedPythonApp } from './python-fed.ts';
import { RemoteReads } from './python-reads.ts';
import { componentTimeLimitMs } from '../time-limit.ts';

/**
 * An application of a Python class; its inputs and outputs are proxies there. Classes derived from InputFiredAppDROP
 * (or that just have a `run`) run in a worker of the pool when their inputs are there. Those derived from AppDROP alone
 * are fed: an object of them is kept while data is written, and says itself when it is finished.
 */
export abstract class PythonAppDROP extends BarrierAppDROP {
  readonly #kwargs: DropKwargs;
  #info: ClassInfo | undefined;
  #facts: Record<string, unknown> = {};
  #record: Record<string, unknown> | undefined;
  #fed: FedPythonApp | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#kwargs = kwargs;
    // Whoever reads while others write is not fired by its inputs; of the others the class decides (`prepare`).
    if (this._flow.table.relations.streaming.inDegree(this._row) > 0) this.#becomeFed();
  }

  /** Dotted path of the Python class. */
  abstract get pythonClass(): string;

  override get lane(): Lane {
    return 'python';
  }

  /** Of one that runs the pool sees to it: waiting for a worker takes no time of it. */
  protected override get timeLimitMs(): number | undefined {
    return this.#fed && componentTimeLimitMs(this);
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return this.#facts;
  }

  override _acceptInput(_input: AbstractDROP, type: DROPLinkType): void {
    if (type === DROPLinkType.STREAMING_CONSUMER) this.#becomeFed();
  }

  #becomeFed(): FedPythonApp {
    this._flow.table.setFlag(this._row, Flags.FIRED_BY_INPUTS, false);
    return (this.#fed ??= new FedPythonApp(this, {
      load: () => this.#load(),
      kwargs: () => pythonKwargs(this, this.#kwargs),
      finish: (execStatus, record) => this.#finish(execStatus, record),
      fail: (error) => this.#fail(error),
    }));
  }

  /** Loads the class, so that one which does not exist fails the session before anything runs. */
  override async prepare(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      if (isWeirError(error) && error.code === 'PYTHON_UNAVAILABLE') return;
      throw error;
    }
  }

  async #load(): Promise<void> {
    if (this.#info) return;
    const info = await this.context
      .service(PYTHON_POOL)
      .checkClass(this.pythonClass, pythonSettings(this, this.signal));
    if (!info.isApp)
      throw new InvalidDropException(
        `Drop ${this.uid} is an application, but the class "${this.pythonClass}" is ${info.isData ? 'one of data drops' : 'no drop class: it has neither run() nor the base AppDROP'}.`,
        { details: { uid: this.uid, class: this.pythonClass } },
      );
    if (this.streamingInputs.length > 0 && !info.isStreaming)
      throw new InvalidRelationshipException(
        `${this.uid} (${this.pythonClass}) starts when its inputs are complete and cannot take streaming inputs; link them as normal inputs, or derive the class from AppDROP.`,
        { details: { uid: this.uid, class: this.pythonClass } },
      );
    this.#info = info;
    this.#facts = { class: this.pythonClass, sourceSha256: info.sourceSha256, packages: info.packages };
    if (info.isStreaming) this.#becomeFed();
  }

  // --- run when the inputs are there ---------------------------------------------------------------------------------

  override async run(): Promise<void> {
    await this.#load();
    if (this.#info?.isStreaming)
      throw new InvalidDropException(
        `${this.uid} (${this.pythonClass}) is fed by its inputs, but none has brought it anything; link a streaming input.`,
        { details: { uid: this.uid } },
      );
    const reads = new RemoteReads();
    const timeoutMs = componentTimeLimitMs(this);
    try {
      const record = await this.context.service(PYTHON_POOL).runApp({
        ...pythonSettings(this, this.signal),
        ...(timeoutMs !== undefined && { timeoutMs }),
        dropClass: this.pythonClass,
        oid: this.oid,
        uid: this.uid,
        kwargs: pythonKwargs(this, this.#kwargs),
        inputs: this.inputs.map(remoteSpec),
        outputs: this.outputs.map(remoteSpec),
        answer: answersAbout(this, [...this.inputs, ...this.outputs], reads),
      });
      this.#keepRecord(record);
    } catch (error) {
      this.#noteFailure(error);
      throw error;
    } finally {
      await reads.closeAll();
    }
  }

  #keepRecord(record: unknown): void {
    if (typeof record === 'string') this.#record = JSON.parse(record) as Record<string, unknown>;
  }

  #noteFailure(error: unknown): void {
    const isTheirs = error instanceof PythonException;
    if (isTheirs) this.#facts = { ...this.#facts, exception: error.pythonType, traceback: error.traceback };
    this.context.log('error', this, isTheirs ? error.traceback : messageOf(error));
  }

  override generateRecomputeData(): Record<string, unknown> {
    return this.#record ?? super.generateRecomputeData();
  }

  // --- fed while data is written -------------------------------------------------------------------------------------

  override dataWritten(uid: string, data: Uint8Array): Promise<void> {
    return this.#becomeFed().written(uid, data);
  }

  override dropCompleted(uid: string, state: DROPStates): void {
    if (this.#fed) this.#fed.completed(uid, state);
    else super.dropCompleted(uid, state);
  }

  #finish(execStatus: AppDROPStates, record: unknown): void {
    this.#keepRecord(record);
    if (execStatus === AppDROPStates.ERROR)
      this.#fail(new InvalidDropException(`${this.uid} (${this.pythonClass}) set its execStatus to ERROR.`));
    else this._flow.finishApp(this._row);
  }

  /** Cancelled meanwhile: what its code says then is no failure. */
  #fail(error: unknown): void {
    if (this.execStatus > AppDROPStates.RUNNING) return;
    this.#noteFailure(error);
    void this.setError(error);
  }

  protected override stopWork(): void {
    super.stopWork();
    this.#fed?.cancel();
  }
}

/** The drop class that stands for the Python application class `dotted`. */
export function pythonAppClass(dotted: string): DropClass {
  return class extends PythonAppDROP {
    // What messages call it.
    static override readonly name = dotted;

    override get pythonClass(): string {
      return dotted;
    }
  };
}
