/** Dynamic libraries as applications (seed `dlg.apps.dynlib`, spec/engine.md 6.8), each in a process of its own. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AppDROPStates, DaliugeException, DROPStates, InvalidDropException } from '../../protocol/index.ts';
import { AppDROP, BarrierAppDROP, type Lane } from '../app-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { readParams, secondsParam } from '../params.ts';
import { PYTHON_POOL } from '../python/index.ts';
import { registerDrop } from '../registry.ts';
import { componentTimeLimitMs, limitOf } from '../time-limit.ts';
import { DynlibProcess, wantsPython } from './dynlib-process.ts';
import type { DynlibReport } from './dynlib-protocol.ts';
import { describeApp } from './python-values.ts';

/** The library of a drop: `lib`, or `libpath` as palettes call it. */
function libraryOf(app: AppDROP, kwargs: DropKwargs): string {
  const lib = kwargs['lib'] || kwargs['libpath'];
  if (typeof lib !== 'string' || lib === '')
    throw new InvalidDropException(
      `${describeApp(app)} has no library to load; fill in its parameter "lib".`,
      { details: { uid: app.uid } },
    );
  // Without a directory the system's loader looks for it.
  return lib.includes('/') ? path.resolve(app.context.baseDir, lib) : lib;
}

/** SHA-256 of a library; undefined for one that the system's loader looks for, or that cannot be read. */
async function hashOf(lib: string): Promise<string | undefined> {
  if (!lib.includes('/')) return undefined;
  const bytes = await readFile(lib).catch(() => undefined);
  return bytes && createHash('sha256').update(bytes).digest('hex');
}

/** The facts of a library's run: which one it was, by name and by content. */
function factsOf(lib: string, sha256: string | undefined, process: DynlibProcess | undefined) {
  return { lib, function: path.basename(lib), ...(sha256 && { sourceSha256: sha256 }), ...process?.facts };
}

/** The Python a library wants around it. Throws PYTHON_UNAVAILABLE where there is none. */
async function pythonFor(app: AppDROP, lib: string): Promise<string | undefined> {
  if (!(await wantsPython(lib))) return undefined;
  return (await app.context.service(PYTHON_POOL).info([])).executable;
}

function expectUnix(app: AppDROP): void {
  if (process.platform === 'win32')
    throw new InvalidDropException(`${describeApp(app)}: dynamic libraries run on Linux and macOS only.`);
}

/** Runs `init` and `run` of a library once its inputs are complete. */
export class DynlibApp extends BarrierAppDROP {
  readonly #lib: string;
  #sha256: string | undefined;
  #process: DynlibProcess | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#lib = libraryOf(this, kwargs);
  }

  override get lane(): Lane {
    return 'process';
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return factsOf(this.#lib, this.#sha256, this.#process);
  }

  /** What stands beside the other parameters is the library's. */
  protected override get timeLimitMs(): number | undefined {
    return componentTimeLimitMs(this);
  }

  override async identify(): Promise<void> {
    this.#sha256 = await hashOf(this.#lib);
  }

  override async run(): Promise<void> {
    expectUnix(this);
    await this.identify();
    const python = await pythonFor(this, this.#lib);
    if (this.signal.aborted) return;
    this.#process = new DynlibProcess(this, {
      lib: this.#lib,
      python,
      isStreaming: false,
      onReport: () => undefined,
    });
    await this.#process.over;
  }
}

const PROC = {
  timeout: secondsParam('timeout', 600, 'Seconds the library may take; 0: as long as it takes'),
} as const;

/** As DynlibApp, with a limit to its time. (Upstream needs this one for a process of its own; here both have one.) */
export class DynlibProcApp extends DynlibApp {
  readonly #timeout: number;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#timeout = readParams(PROC, kwargs, this.uid).timeout;
  }

  protected override get timeLimitMs(): number | undefined {
    return limitOf(this.#timeout);
  }
}

/**
 * Hands data to a library while it is written. The library says when it runs and when it is done; the writer waits
 * until the library has dealt with what it wrote.
 */
export class DynlibStreamApp extends AppDROP {
  readonly #lib: string;
  #sha256: string | undefined;
  #process: DynlibProcess | undefined;
  #starting: Promise<DynlibProcess | undefined> | undefined;
  #isDone = false;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#lib = libraryOf(this, kwargs);
  }

  override get lane(): Lane {
    return 'process';
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return factsOf(this.#lib, this.#sha256, this.#process);
  }

  protected override get timeLimitMs(): number | undefined {
    return componentTimeLimitMs(this);
  }

  override async dataWritten(uid: string, data: Uint8Array): Promise<void> {
    if (this.execStatus > AppDROPStates.RUNNING) return;
    const process = await this.#started();
    await process?.data(uid, data);
  }

  override dropCompleted(uid: string, state: DROPStates): void {
    if (!this.#starting && state === DROPStates.SKIPPED) void this.skip();
    else if (this.execStatus <= AppDROPStates.RUNNING)
      void this.#started().then((process) => process?.completed(uid, state));
  }

  /** The process, started with the first data; undefined where it cannot be. */
  #started(): Promise<DynlibProcess | undefined> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#ended(error);
      return undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<DynlibProcess> {
    this._flow.startApp(this._row);
    expectUnix(this);
    this.#sha256 = await hashOf(this.#lib);
    const python = await pythonFor(this, this.#lib);
    this.#process = new DynlibProcess(this, {
      lib: this.#lib,
      python,
      isStreaming: true,
      onReport: (report) => this.#reported(report),
    });
    this.#process.over.then(
      () => this.#ended(undefined),
      (error: unknown) => this.#ended(error),
    );
    return this.#process;
  }

  #reported(report: DynlibReport): void {
    if (report.kind !== 'done') return;
    this.#isDone = report.status !== AppDROPStates.ERROR;
    // The library has no more to say: its outputs end with its process.
    this.#process?.end();
  }

  #ended(error: unknown): void {
    if (this.#isDone) this._flow.finishApp(this._row);
    else if (this.execStatus <= AppDROPStates.RUNNING)
      void this.setError(
        error ??
          new DaliugeException(
            'APP_FAILED',
            `The library of ${describeApp(this)} ended without saying it was done.`,
            {
              details: { uid: this.uid, lib: this.#lib },
            },
          ),
      );
  }
}

registerDrop(DynlibApp, 'dlg.apps.dynlib.DynlibApp');
registerDrop(DynlibProcApp, 'dlg.apps.dynlib.DynlibProcApp');
registerDrop(DynlibStreamApp, 'dlg.apps.dynlib.DynlibStreamApp');
