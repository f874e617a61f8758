/** An application of the user's in Python that gets data while it is written (spec/engine.md 5.1, 6.11). */
import { AppDROPStates, DROPStates, type DROPStates as State } from '../../protocol/index.ts';
import type { AppDROP } from '../app-drop.ts';
import { PYTHON_POOL, type DropQuestions, type KeptObject } from '../python/index.ts';
import { answersAbout, pythonSettings, remoteSpec } from './python-drops.ts';
import { RemoteReads } from './python-reads.ts';

/** What the drop does for its object in Python. */
interface FedOwner {
  /** Checks the class. */
  readonly load: () => Promise<void>;
  readonly kwargs: () => Readonly<Record<string, unknown>>;
  /** `record`: JSON text of what the application records of itself. */
  readonly finish: (execStatus: AppDROPStates, record: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/** What every callback is answered with. */
interface Told {
  readonly exec: AppDROPStates;
  readonly recompute: string | null;
}

/**
 * The object of the class, its callbacks in order. A writer waits until `dataWritten` has returned: that is the
 * back-pressure. An exception makes the application ERROR and is no trouble to the writer.
 *
 * The application is over when it says so (`_notifyAppIsFinished`). One that never touches its `execStatus` has no
 * notion of that: it is over when its last input is.
 */
export class FedPythonApp {
  readonly #app: AppDROP & { readonly pythonClass: string };
  readonly #owner: FedOwner;
  readonly #reads = new RemoteReads();
  #kept: Promise<KeptObject> | undefined;
  #last: Promise<void> = Promise.resolve();
  #pending: Set<string> | undefined;
  #isOver = false;

  constructor(app: AppDROP & { readonly pythonClass: string }, owner: FedOwner) {
    this.#app = app;
    this.#owner = owner;
  }

  written(uid: string, data: Uint8Array): Promise<void> {
    this.#app._flow.startApp(this.#app._row);
    return this.#next(async (kept) => {
      await kept.call('written', { drop: uid }, { data, signal: this.#app.signal });
    });
  }

  completed(uid: string, state: State): void {
    const app = this.#app;
    this.#pending ??= new Set([...app.streamingInputs, ...app.inputs].map((input) => input.uid));
    this.#pending.delete(uid);
    const isLast = this.#pending.size === 0;
    if (state === DROPStates.SKIPPED && app.execStatus === AppDROPStates.NOT_RUN) {
      this.#isOver = true;
      void app.skip();
      return;
    }
    app._flow.startApp(app._row);
    void this.#next(async (kept) => {
      const { value } = await kept.call('completed', { drop: uid, state }, { signal: app.signal });
      const { exec, recompute } = value as Told;
      const isDone = exec === AppDROPStates.FINISHED || exec === AppDROPStates.ERROR;
      if (isDone || (isLast && exec === AppDROPStates.NOT_RUN)) this.#finish(exec, recompute);
    });
  }

  /** One callback after the other; nothing of them is thrown at who waits. */
  #next(work: (kept: KeptObject) => Promise<void>): Promise<void> {
    const done = this.#last.then(async () => {
      if (this.#isOver) return;
      try {
        await work(await this.#object());
      } catch (error) {
        if (this.#isOver) return;
        this.#end();
        this.#owner.fail(error);
      }
    });
    this.#last = done;
    return done;
  }

  #object(): Promise<KeptObject> {
    return (this.#kept ??= this.#make());
  }

  async #make(): Promise<KeptObject> {
    const app = this.#app;
    await this.#owner.load();
    const { cwd, env, path, onLog } = pythonSettings(app);
    return app.context.service(PYTHON_POOL).keepers.keep({
      kind: 'app',
      dropClass: app.pythonClass,
      oid: app.oid,
      uid: app.uid,
      kwargs: this.#owner.kwargs(),
      group: app.dlgSessionId,
      ...(cwd !== undefined && { cwd }),
      ...(env && { env }),
      ...(path && { path }),
      onLog,
      inputs: app.inputs.map(remoteSpec),
      outputs: app.outputs.map(remoteSpec),
      streamingInputs: app.streamingInputs.map(remoteSpec),
      answer: this.#answers(),
    });
  }

  #answers(): DropQuestions {
    const app = this.#app;
    const about = answersAbout(app, [...app.inputs, ...app.streamingInputs, ...app.outputs], this.#reads);
    return async (question) => {
      if (question.operation !== 'finished') return about(question);
      const { exec, recompute } = question.details;
      this.#finish(Number(exec) as AppDROPStates, recompute);
      return {};
    };
  }

  #finish(execStatus: AppDROPStates, record: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.#owner.finish(execStatus, record);
  }

  /** No more callbacks; the object goes once the one that runs has returned. */
  #end(): void {
    this.#isOver = true;
    void this.#last.then(() => this.#release());
  }

  async #release(): Promise<void> {
    const kept = await this.#kept?.catch(() => undefined);
    kept?.release();
    await this.#reads.closeAll();
  }

  /** The application was cancelled: its own `cancel` is called, whatever else it is doing has a moment to end. */
  cancel(): void {
    if (this.#isOver) return;
    const kept = this.#kept;
    this.#end();
    kept
      ?.then((object) => object.call('cancel'))
      .catch((error: unknown) =>
        this.#app.context.log('warn', this.#app, `Its cancel() failed: ${String(error)}`),
      );
  }
}
