/** Applications: drops that do something when their inputs are there (spec/engine.md section 5). */
import {
  AppDROPStates,
  DROPLinkType,
  DROPStates,
  InvalidDropException,
  InvalidRelationshipException,
  isWeirError,
  type Event,
} from '../protocol/index.ts';
import type { DataDROP } from './data-drop.ts';
import { AbstractDROP, type DropKwargs } from './drop.ts';
import { isAppOver } from './machines.ts';
import { Flags } from './table.ts';
import { timeLimitMs, tookTooLong, withinLimit } from './time-limit.ts';

/** Events that may be the end of an application. */
const EXECUTE_ENDS = ['producerFinished', 'execStatus'] as const;

/** What an application takes a place of while it runs; the session bounds how many of each kind run at once. */
export type Lane = 'inline' | 'process' | 'python' | 'worker';

export abstract class AppDROP extends AbstractDROP {
  #abort: AbortController | undefined;
  #children: AbstractDROP[] | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this._flow.table.setFlag(this._row, Flags.APP);
    if (this._hearsRecords()) this.hearNeighbours();
  }

  /** Which kind of work `run` is. Inline work is short or waits; it must not block the thread. */
  get lane(): Lane {
    return 'inline';
  }

  get execStatus(): AppDROPStates {
    return this._flow.table.execOf(this._row);
  }

  /** Aborted when the application is cancelled; long work listens to it. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  // --- relations ---------------------------------------------------------------------------------------------------

  /** Inputs in the order they were linked. */
  get inputs(): readonly DataDROP[] {
    const t = this._flow.table;
    return t.relations.consumers.sources(this._row).map((row) => t.drop(row) as DataDROP);
  }

  get streamingInputs(): readonly DataDROP[] {
    const t = this._flow.table;
    return t.relations.streaming.sources(this._row).map((row) => t.drop(row) as DataDROP);
  }

  get outputs(): readonly DataDROP[] {
    const t = this._flow.table;
    return t.relations.outputs.targets(this._row).map((row) => t.drop(row) as DataDROP);
  }

  get children(): readonly AbstractDROP[] {
    return this.childrenWith(this.#children ?? []);
  }

  addChild(child: AbstractDROP): void {
    if (child === this.parent)
      throw new InvalidRelationshipException(`${child.uid} cannot be both parent and child of ${this.uid}.`);
    (this.#children ??= []).push(child);
    child.parent = this;
  }

  addInput(input: AbstractDROP, _back = true): void {
    input._link(DROPLinkType.CONSUMER, this);
  }

  addStreamingInput(input: AbstractDROP, _back = true): void {
    input._link(DROPLinkType.STREAMING_CONSUMER, this);
  }

  addOutput(output: AbstractDROP, _back = true): void {
    this._link(DROPLinkType.OUTPUT, output);
  }

  // --- inputs report -----------------------------------------------------------------------------------------------

  override handleEvent(event: Event): void {
    if (event.type === 'dropCompleted')
      this.dropCompleted(String(event['uid']), event['status'] as DROPStates);
    else super.handleEvent(event);
  }

  /** An input has reached this state. */
  dropCompleted(_uid: string, _state: DROPStates): void {}

  /** A streaming input has received this data. May wait: the writer then waits too. */
  dataWritten(_uid: string, _data: Uint8Array): void | Promise<void> {}

  override _hearsRecords(): boolean {
    return super._hearsRecords() || this.#hearsEvents();
  }

  /** Whether the class handles events itself. */
  #hearsEvents(): boolean {
    return this.handleEvent !== AppDROP.prototype.handleEvent;
  }

  /** @internal What a class does with the report of an input is its own: a failure there is its failure. */
  override _inputAnnounced(row: number, state: DROPStates): void {
    const input = this._flow.table.drop(row);
    try {
      if (this.#hearsEvents()) this.handleEvent(input._eventFor('dropCompleted', { status: state }));
      else this.dropCompleted(input.uid, state);
    } catch (error) {
      this._flow.host.failed?.(this._row, error);
      this._flow.failApp(this._row);
    }
  }

  // --- running -----------------------------------------------------------------------------------------------------

  /**
   * The work. Returning (or resolving) is success, throwing is failure. Must stop soon after `signal` aborts.
   */
  run(): void | Promise<void> {
    throw new InvalidDropException(
      `${this.constructor.name} of drop ${this.uid} is a placeholder without work of its own; choose a component that does something.`,
      { details: { uid: this.uid } },
    );
  }

  /**
   * What is known about the last run, for whoever looks at the drop: command line, exit status, arguments, progress.
   * Plain data; empty where a class has nothing to tell.
   */
  get facts(): Readonly<Record<string, unknown>> {
    return {};
  }

  /**
   * Makes known in `facts` which code `run` would run, as far as that can be told before. Asked where results of an earlier
   * run may be taken over; what cannot be told is left out, and then the application runs.
   */
  identify(): Promise<void> {
    return Promise.resolve();
  }

  /** How often `run` is tried before the application fails. */
  get nTries(): number {
    return this._flow.table.rulesOf(this._row).nTries;
  }

  /**
   * Milliseconds all its tries may take, or, of an application that data drives, all from the first data to its end.
   * Undefined: as long as it does, or the class sees to its time itself.
   */
  protected get timeLimitMs(): number | undefined {
    return this.isPlain ? undefined : timeLimitMs(this);
  }

  /** @internal `run` with its tries, within its time. */
  _attempt(): void | Promise<void> {
    const limitMs = this.timeLimitMs;
    if (limitMs === undefined) return this.#try();
    return withinLimit(
      this,
      limitMs,
      () => this.#try(),
      () => this.#endWork(),
    );
  }

  /** Errors of Weir itself (bad arguments, failed commands) are final (spec 5.2). */
  #try(): void | Promise<void> {
    const tries = this.nTries;
    if (tries <= 1) return this.run();
    return this.#attempts(tries);
  }

  async #attempts(tries: number): Promise<void> {
    for (let left = tries; ; left--) {
      try {
        await this.run();
        return;
      } catch (error) {
        const isStopped = this.execStatus !== AppDROPStates.RUNNING || this.#abort?.signal.aborted;
        if (left <= 1 || isWeirError(error) || isStopped) throw error;
        this.context.log('warn', this, `Try ${tries - left + 1} of ${tries} failed: ${String(error)}`);
      }
    }
  }

  /**
   * Starts the application now, if it has not run yet, and resolves when it is over. Errors of `run` end in the state, not in a
   * rejection.
   */
  async execute(): Promise<void> {
    if (isAppOver(this.execStatus)) return;
    await new Promise<void>((resolve) => {
      this.#whenOver(resolve);
      this._flow.execute(this._row);
    });
  }

  #whenOver(then: () => void): void {
    const listener = {
      handleEvent: ({ type }: Event) => {
        // A cancelled application reports to nobody.
        if (type !== 'producerFinished' && this.execStatus !== AppDROPStates.CANCELLED) return;
        for (const ending of EXECUTE_ENDS) this.unsubscribe(listener, ending);
        then();
      },
    };
    for (const ending of EXECUTE_ENDS) this.subscribe(listener, ending);
  }

  /** @internal Data has started it: from now on its time counts. */
  _startedByData(): void {
    try {
      const limitMs = this.timeLimitMs;
      if (limitMs === undefined) return;
      const timer = setTimeout(() => {
        this._flow.host.failed?.(this._row, tookTooLong(this, limitMs));
        this._flow.failApp(this._row, true);
        this.#endWork();
      }, limitMs);
      this.#whenOver(() => clearTimeout(timer));
    } catch (error) {
      void this.setError(error);
    }
  }

  /** Starts the application in its turn. */
  asyncExecute(): void {
    this._flow.execute(this._row);
  }

  // --- state -------------------------------------------------------------------------------------------------------

  /** Completes an application from outside without running it; its outputs are not told (spec 5.1). */
  async setCompleted(): Promise<void> {
    this._flow.complete(this._row);
  }

  async setError(error?: unknown): Promise<void> {
    if (error !== undefined) this._flow.host.failed?.(this._row, error);
    if (this.execStatus <= AppDROPStates.RUNNING) this._flow.failApp(this._row);
    else this._flow.error(this._row);
  }

  async cancel(): Promise<void> {
    const isRunning = this.execStatus === AppDROPStates.RUNNING;
    this._flow.cancelApp(this._row);
    this.stopWork();
    if (isRunning) this.#letGo();
  }

  /** Work that runs is told to stop: its stream or its session is over. */
  async skip(): Promise<void> {
    const isRunning = this.execStatus === AppDROPStates.RUNNING;
    this._flow.skipApp(this._row);
    if (isRunning) this.#endWork();
  }

  #endWork(): void {
    this.stopWork();
    this.#letGo();
  }

  /** Tells the work of this application, running or about to, to stop. */
  protected stopWork(): void {
    // Made now if nobody asked yet: work that asks for the signal later must find it aborted.
    (this.#abort ??= new AbortController()).abort();
  }

  /** Its reads and writes that wait for somebody outside end, unless somebody else reads or writes the same. */
  #letGo(): void {
    const { instances, relations } = this._flow.table;
    for (const row of relations.consumers.sources(this._row))
      if (instances[row] && !this.#isReadByAnother(row)) instances[row]._breakOff();
    for (const row of relations.outputs.targets(this._row))
      if (instances[row] && !this.#isWrittenByAnother(row)) instances[row]._breakOff();
  }

  #isReadByAnother(data: number): boolean {
    const { consumers } = this._flow.table.relations;
    for (let e = consumers.firstOut(data); e >= 0; e = consumers.nextOut(e))
      if (this.#isAnotherRunning(consumers.to(e))) return true;
    return false;
  }

  #isWrittenByAnother(data: number): boolean {
    const { outputs } = this._flow.table.relations;
    for (let e = outputs.firstIn(data); e >= 0; e = outputs.nextIn(e))
      if (this.#isAnotherRunning(outputs.from(e))) return true;
    return false;
  }

  #isAnotherRunning(row: number): boolean {
    return row !== this._row && this._flow.table.execOf(row) === AppDROPStates.RUNNING;
  }

  async exists(): Promise<boolean> {
    return true;
  }
}

/** An application that runs once enough of its inputs are COMPLETED (spec/engine.md 5.3, 5.4). */
export abstract class InputFiredAppDROP extends AppDROP {
  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const table = this._flow.table;
    table.setFlag(this._row, Flags.FIRED_BY_INPUTS);
    if (this.dropCompleted !== InputFiredAppDROP.prototype.dropCompleted) this.hearNeighbours();
    const rules = {
      nEffectiveInputs: wholeNumber(this, kwargs, 'n_effective_inputs', this.defaultEffectiveInputs()),
      errorThreshold: wholeNumber(this, kwargs, 'input_error_threshold', 0),
      nTries: wholeNumber(this, kwargs, 'n_tries', 1),
    };
    refuseUnless(
      rules.errorThreshold >= 0 && rules.errorThreshold <= 100,
      this,
      'input_error_threshold',
      'a percentage from 0 to 100',
      rules.errorThreshold,
    );
    refuseUnless(
      rules.nEffectiveInputs > 0 || rules.nEffectiveInputs === -1,
      this,
      'n_effective_inputs',
      'a number above 0, or -1 for all inputs',
      rules.nEffectiveInputs,
    );
    refuseUnless(rules.nTries >= 1, this, 'n_tries', 'a number of at least 1', rules.nTries);
    if (rules.nEffectiveInputs !== -1 || rules.errorThreshold !== 0 || rules.nTries !== 1) {
      table.rules.set(this._row, rules);
      table.setFlag(this._row, Flags.RULES);
    }
  }

  /** Undefined: the argument is mandatory. */
  protected defaultEffectiveInputs(): number | undefined {
    return undefined;
  }

  override _acceptInput(input: AbstractDROP, type: DROPLinkType): void {
    if (type === DROPLinkType.STREAMING_CONSUMER)
      throw new InvalidRelationshipException(
        `${this.uid} (${this.constructor.name}) starts when its inputs are complete and cannot take the streaming input ${input.uid}; link it as a normal input.`,
        { details: { uid: this.uid, input: input.uid } },
      );
  }

  override dropCompleted(_uid: string, state: DROPStates): void {
    if (state !== DROPStates.COMPLETED && state !== DROPStates.ERROR && state !== DROPStates.SKIPPED)
      throw new InvalidDropException(
        `${this.uid} was told that an input is in state ${state}, which ends nothing.`,
      );
    this._flow.inputReported(this._row, state);
  }
}

/** An application that waits for all of its inputs (unless the graph gives n_effective_inputs, spec 5.5). */
export abstract class BarrierAppDROP extends InputFiredAppDROP {
  protected override defaultEffectiveInputs(): number | undefined {
    return -1;
  }
}

function wholeNumber(
  drop: AbstractDROP,
  kwargs: DropKwargs,
  name: string,
  fallback: number | undefined,
): number {
  const given = kwargs[name];
  if (given === undefined || given === null || given === '') {
    if (fallback === undefined)
      throw new InvalidDropException(`${drop.uid}: the argument ${name} is missing.`, {
        details: { uid: drop.uid, name },
      });
    return fallback;
  }
  const value = Number(given);
  refuseUnless(Number.isFinite(value), drop, name, 'a whole number', given);
  return Math.trunc(value);
}

function refuseUnless(
  fine: boolean,
  drop: AbstractDROP,
  name: string,
  expected: string,
  found: unknown,
): void {
  if (!fine)
    throw new InvalidDropException(
      `${drop.uid}: ${name} must be ${expected}, but is ${JSON.stringify(found)}.`,
      {
        details: { uid: drop.uid, name, found },
      },
    );
}
