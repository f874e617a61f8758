/** The end of a session: what it left is made durable, then signed and sealed. */
import { SESSION_STATE_NAMES, SessionStates } from '../protocol/index.ts';
import type { Store } from '../store/index.ts';
import type { Deployment } from './deployment.ts';

/** How long the parts of a run took, in milliseconds. */
export interface SessionTimings {
  loadMs: number | null;
  deployMs: number | null;
  executeMs: number | null;
  recordMs: number | null;
}

export interface SessionEndOptions {
  readonly store: Store;
  /** Key of the session in the store. */
  readonly key: number;
  readonly timings: SessionTimings;
  readonly deployment: () => Deployment | undefined;
  /** Resolves when what was submitted is durable. */
  readonly kept: () => Promise<void>;
  /** Resolves when the history has what it needs of a session that runs. */
  readonly noted: () => Promise<unknown>;
  /** The state it ends in, which is another one where the history takes not all; and that something changed. */
  readonly become: (state: SessionStates) => void;
  readonly onProblem: (error: unknown) => void;
}

export class SessionEnd {
  /** Resolves with the final state once the states of all drops are durable. */
  readonly over: Promise<SessionStates>;
  /** Resolves when DALiuGE's signatures are noted, too, or it is known that there are none. */
  readonly signed: Promise<void>;
  finishedAt: number | null = null;

  readonly #options: SessionEndOptions;
  #state: SessionStates = SessionStates.FINISHED;
  #settled: Promise<void> | undefined;
  #recorded: Promise<void> = Promise.resolve();
  #resolveOver!: (state: SessionStates) => void;
  #resolveSigned!: () => void;
  #isSigned = false;
  #isDisposed = false;

  constructor(options: SessionEndOptions) {
    this.#options = options;
    this.over = new Promise((resolve) => (this.#resolveOver = resolve));
    this.signed = new Promise((resolve) => (this.#resolveSigned = resolve));
  }

  get hasBegun(): boolean {
    return this.#settled !== undefined;
  }

  /** Whether DALiuGE's signatures of the session are noted, or it is known that there are none. */
  get isSigned(): boolean {
    return this.#isSigned;
  }

  /** Ends it, once; `breakOff` is done before what it left is noted. */
  begin(state: SessionStates, breakOff?: () => Promise<void> | undefined): void {
    this.#state = state;
    this.finishedAt = Date.now();
    this.#settled = this.#settle(breakOff).catch((error: unknown) => this.#endUnrecorded(error));
  }

  /** Resolves when what follows the session's end is done too: it is signed and sealed, `reprodata.out` is written. */
  async recorded(): Promise<void> {
    await this.over;
    await this.#recorded;
  }

  /** Lets what has begun come to its end; from then on nobody asks how it went. */
  async dispose(): Promise<void> {
    await this.#settled;
    await this.#recorded;
    this.#isDisposed = true;
  }

  get #about() {
    const status = SESSION_STATE_NAMES[this.#state] as string;
    return { status, finishedAt: this.finishedAt ?? Date.now() };
  }

  async #settle(breakOff?: () => Promise<void> | undefined): Promise<void> {
    const { store, key, timings, deployment, kept, noted } = this.#options;
    const started = performance.now();
    if (breakOff) {
      await breakOff();
      this.finishedAt = Date.now();
    }
    await kept();
    // One that failed says what the history refused.
    if (this.#state !== SessionStates.FAILED) await noted();
    const records = (await deployment()?.records.settle()) ?? {};
    deployment()?.recorder.flush();
    await store.flush();
    timings.recordMs = performance.now() - started;
    // Held until it is sealed: another process would seal it as it is now.
    await store.updateSession(key, { ...this.#about, ...known(timings), ...records, isHeld: true });
    this.#recorded = this.#finishRecords();
    this.#options.become(this.#state);
    this.#resolveOver(this.#state);
  }

  /** The history took not all (a full disk): the session is over all the same, and did not go well. */
  async #endUnrecorded(error: unknown): Promise<void> {
    const { store, key, onProblem, become } = this.#options;
    onProblem(error);
    this.#state = SessionStates.FAILED;
    // Where it takes something again, it should not say that the session runs.
    await store.updateSession(key, { ...this.#about, isHeld: false }).catch(onProblem);
    become(this.#state);
    this.#resolveOver(this.#state);
    this.#sign();
  }

  async #finishRecords(): Promise<void> {
    const { store, key, deployment, onProblem } = this.#options;
    try {
      await deployment()?.records.finish(this.#about, () => this.#sign());
    } catch (error) {
      if (!this.#isDisposed) onProblem(error);
    } finally {
      this.#sign();
      await store.updateSession(key, { isHeld: false }).catch(onProblem);
    }
  }

  /** The signatures are there, or there are none. */
  #sign(): void {
    if (this.#isSigned) return;
    this.#isSigned = true;
    this.#resolveSigned();
    this.#options.become(this.#state);
  }
}

function known(timings: SessionTimings): Partial<Record<keyof SessionTimings, number>> {
  const entries = Object.entries(timings).filter((entry): entry is [string, number] => entry[1] !== null);
  return Object.fromEntries(entries);
}
