/** Python functions as applications (seed `dlg.apps.pyfunc.PyFuncApp`, spec/engine.md 6.5). */
import {
  DROPStates,
  DROP_STATE_NAMES,
  InvalidDROPState,
  isWeirError,
  messageOf,
} from '../../protocol/index.ts';
import { BarrierAppDROP, type Lane } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import { InMemoryDROP } from '../data/memory.ts';
import type { AbstractDROP, DropKwargs } from '../drop.ts';
import {
  bindArguments,
  CallNotRun,
  PYTHON_POOL,
  PythonException,
  PythonObjectLost,
  type Binding,
  type BoundValue,
  type CallSettings,
  type Encoding,
  type FunctionCall,
  type FunctionInfo,
  type FunctionResult,
  type PyArgument,
  type PyContent,
  type PythonPool,
} from '../python/index.ts';
import { isAppOver } from '../machines.ts';
import { readParams } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { argumentsOf, namedPorts } from './named-ports.ts';
import { DropFunction } from './pyfunc-function.ts';
import { argumentsWith, decidePaths, pathOutputs } from './pyfunc-paths.ts';
import { HeldContent, HeldResult } from './pyfunc-held.ts';
import { encodingOf, outputEncodingOf, PortReader, whyUnread } from './pyfunc-ports.ts';
import { defaultsOf, FUNC_DEFAULTS, parsedRecord } from './pyfunc-texts.ts';
import { followersOf, type AheadFunction } from './run-ahead.ts';
import { SpecText } from '../spec-text.ts';
import { pythonSettings } from './python-drops.ts';
import { componentTimeLimitMs } from '../time-limit.ts';
import { writeContent } from './write-content.ts';

/** How often a call is made anew because a process that held one of its values ended in between. */
const TRIES_OF_LOST = 3;

const NONE_DECIDED: ReadonlySet<string> = new Set();

export class PyFuncApp extends BarrierAppDROP implements AheadFunction {
  readonly #function: DropFunction;
  readonly #defaults: ReadonlyMap<string, PyArgument>;
  /** JSON, as Python wrote it. */
  #record: string | undefined;
  /** The result of a call that was sent along with the one of the only producer of the only input. */
  #ahead: Promise<FunctionResult> | undefined;
  /** Of the failure. */
  #facts: Record<string, unknown> = {};

  /** Throws IncompleteDROPSpec where neither func_name nor func_code is given. */
  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#function = new DropFunction(this, kwargs);
    this.#defaults = defaultsOf(readParams({ defaults: FUNC_DEFAULTS }, kwargs, this.uid).defaults);
  }

  override get lane(): Lane {
    return 'python';
  }

  /** The function, its source and its versions; a traceback where it failed. */
  override get facts(): Readonly<Record<string, unknown>> {
    return { ...this.#function.facts, ...this.#facts };
  }

  /** The name of the function, as the graph has it. */
  get funcName(): string {
    return this.#function.name;
  }

  protected get pool(): PythonPool {
    return this.context.service(PYTHON_POOL);
  }

  /** The pool sees to it: waiting for a worker takes no time of the function. */
  protected override get timeLimitMs(): undefined {
    return undefined;
  }

  /** What surrounds each call. */
  protected callSettings(): CallSettings {
    const timeoutMs = componentTimeLimitMs(this);
    return { ...pythonSettings(this, this.signal), ...(timeoutMs !== undefined && { timeoutMs }) };
  }

  /**
   * Looks at the function, so that one which does not exist fails the session before anything runs. A machine without
   * Python is no such failure: only the drops that need it fail, when their turn comes.
   */
  override async prepare(): Promise<void> {
    try {
      await this.#function.check({ pool: this.pool, settings: this.callSettings() });
    } catch (error) {
      if (isWeirError(error) && error.code === 'PYTHON_UNAVAILABLE') return;
      throw error;
    }
  }

  #load(): Promise<FunctionInfo> {
    return this.#function.load({ pool: this.pool, settings: this.callSettings() });
  }

  /** @internal */
  override async _attempt(): Promise<void> {
    try {
      await super._attempt();
    } finally {
      this.#function.release();
    }
  }

  override async run(): Promise<void> {
    const outputs = this.#outputEncodings(await this.#load());
    this.#noteOtherEncodings(outputs);
    const result = await this.call([...new Set(outputs.values())]);
    try {
      const held = new HeldResult(() => this.#runAgain([...new Set(outputs.values())]));
      for (const [drop, encoding] of outputs)
        if (result.nothingIn.has(encoding)) this.#noteNothing(drop, result.typeName);
        else await hand(drop, result.contents.get(encoding) as PyContent, held);
    } finally {
      for (const content of result.contents.values()) await content.release();
    }
  }

  /** As DALiuGE: the output stays empty. There, nobody is told. */
  #noteNothing(drop: DataDROP, typeName: string): void {
    this.context.log(
      'warn',
      this,
      `The result of ${this.uid} is of type ${typeName}; the encoding "raw" of its output ${drop.uid} takes bytes and text only, so nothing is written. Use "pickle" to write any value.`,
    );
  }

  /** As DALiuGE, where it is a line in a log of the node. */
  #noteUnread(port: string): void {
    this.context.log(
      'warn',
      this,
      `Port "${port}" of ${this.uid} has no encoding, so its data is not read and the argument keeps its default. Choose one ("pickle" for values of Python) to have it read.`,
    );
  }

  /** Encoding of each output that is written here; the function itself writes those whose path it is given. */
  #outputEncodings(info: FunctionInfo): Map<DataDROP, Encoding> {
    const ports = namedPorts(this, 'outputs');
    const own = pathOutputs(this, info);
    return new Map(
      this.outputs
        .filter((drop) => !own.has(drop))
        .map((drop) => {
          const port = ports.find(({ drops }) => drops.includes(drop))?.name;
          return [drop, outputEncodingOf(this, port, info)];
        }),
    );
  }

  /** As DALiuGE, where nobody is told. */
  #noteOtherEncodings(outputs: ReadonlyMap<DataDROP, Encoding>): void {
    for (const { name, drops } of namedPorts(this, 'outputs')) {
      const [declared, written] = [encodingOf(this, name), drops[0] && outputs.get(drops[0])];
      if (written !== undefined && written !== declared)
        this.context.log(
          'warn',
          this,
          `Port "${name}" of ${this.uid} is an argument of its function too: its encoding "${declared}" counts for reading, and what comes out is written as "${written}", as on DALiuGE. Give the output a port of another name to have it written as "${declared}".`,
        );
    }
  }

  /**
   * The same call once more, for a result that went with its worker. Only of what gave nothing but its result, and
   * whose inputs are still there; throws with the reason otherwise.
   */
  async #runAgain(outputs: readonly Encoding[]): Promise<FunctionResult> {
    const why = this.#whyNotAgain(await this.#load());
    if (why !== undefined) throw new InvalidDROPState(why, { details: { uid: this.uid } });
    this.context.log(
      'warn',
      this,
      `${this.uid} runs again, as its result went with the process that held it.`,
    );
    try {
      return await this.call(outputs);
    } finally {
      this.#function.release();
    }
  }

  #whyNotAgain(info: FunctionInfo): string | undefined {
    if (pathOutputs(this, info).size > 0) return `the function of ${this.uid} also writes files`;
    const reader = new PortReader(this, namedPorts(this, 'inputs'));
    const places = reader.names.filter((port) => ['path', 'dataurl'].includes(encodingOf(this, port)));
    if (places.length > 0)
      return `the function of ${this.uid} is given a place in "${places[0]}" and may have changed what is there`;
    const gone = this.inputs.find(
      (drop) => drop.status !== DROPStates.COMPLETED && drop.status !== DROPStates.SKIPPED,
    );
    return gone && `input ${gone.uid} of ${this.uid} is ${DROP_STATE_NAMES[gone.status]}`;
  }

  /** Binds and runs the function; again where a value it needs is lost just before it begins. */
  protected async call(outputs: readonly Encoding[], wantTruth = false): Promise<FunctionResult> {
    this.#facts = {};
    for (let left = TRIES_OF_LOST; ; left--)
      try {
        const result = await (this.#claimAhead() ?? this.#callOnce(outputs, wantTruth));
        this.#record = result.record ?? this.#record;
        return result;
      } catch (error) {
        if (error instanceof CallNotRun) continue;
        if (left > 0 && error instanceof PythonObjectLost && !error.isFinal) continue;
        this.#noteFailure(error);
        throw error;
      }
  }

  async #callOnce(outputs: readonly Encoding[], wantTruth: boolean): Promise<FunctionResult> {
    const info = await this.#load();
    const reader = new PortReader(this, namedPorts(this, 'inputs'));
    for (const port of reader.unencoded) this.#noteUnread(port);
    try {
      const decided = await decidePaths(this, info, reader);
      const { args, kwargs } = this.#bind(
        info,
        reader.names.filter((name) => !decided.has(name)),
        decided,
      );
      return await this.pool.runFunction({
        ...this.#described(info, outputs),
        args: await reader.values(args),
        kwargs: await reader.namedValues(kwargs),
        wantTruth,
        ...(this.context.mayRunAhead && { followers: () => followersOf(this, isFunction) }),
      });
    } finally {
      await reader.done();
    }
  }

  /** Which value goes where, given the ports that bring one. */
  #bind(info: FunctionInfo, ports: readonly string[], decided: ReadonlySet<string>): Binding {
    return bindArguments(info, {
      ports,
      applicationArgs: argumentsWith(this, decided),
      componentParams: argumentsOf(this, 'componentParams'),
      parameters: this.parameters,
      parameterText: (name) => this.#parameterText(name),
      defaults: this.#defaults,
    });
  }

  /** All of a call but its values. */
  #described(info: FunctionInfo, outputs: readonly Encoding[]): Omit<FunctionCall, 'args' | 'kwargs'> {
    const timedAs = this.#function.identityIn(this.pool);
    return {
      ...this.callSettings(),
      function: this.#function.spec,
      outputs,
      wantRecord: true,
      wantDigest: true,
      ...(timedAs !== undefined && { timedAs }),
    };
  }

  // --- running ahead: see run-ahead.ts -----------------------------------------------------------------------------

  /** @internal Subclasses do something of their own with the result. */
  get _isPlain(): boolean {
    return this.constructor === PyFuncApp;
  }

  /** @internal */
  get _usualSeconds(): number | undefined {
    const name = this.#function.identityIn(this.pool);
    return name === undefined ? undefined : this.pool.usualSeconds(name);
  }

  /** @internal */
  _callOn(input: DataDROP, writtenAs: Encoding): FunctionCall | undefined {
    const info = this.#function.knownIn(this.pool);
    const [port, ...others] = namedPorts(this, 'inputs');
    if (!info || !port || others.length > 0 || port.drops.length !== 1 || port.drops[0] !== input)
      return undefined;
    const encoding = encodingOf(this, port.name);
    const isPlace = encoding === 'path' || encoding === 'dataurl';
    if (isPlace || whyUnread(this, port.name) !== undefined) return undefined;
    if (pathOutputs(this, info).size > 0) return undefined;
    const { args, kwargs } = this.#bind(info, [port.name], NONE_DECIDED);
    const known = (value: BoundValue): PyArgument =>
      value.kind === 'port' ? { kind: 'previous', writtenAs, encoding } : value;
    return {
      ...this.#described(info, [...new Set(this.#outputEncodings(info).values())]),
      args: args.map(known),
      kwargs: kwargs.map(({ name, value }) => ({ name, value: known(value) })),
    };
  }

  /** @internal What goes into an output that is `raw` depends on the result. */
  _encodingOf(output: DataDROP): Encoding | undefined {
    const info = this.#function.knownIn(this.pool);
    const encoding = info && this.#outputEncodings(info).get(output);
    return encoding === 'raw' ? undefined : encoding;
  }

  /** @internal */
  _takeAhead(result: Promise<FunctionResult>): void {
    this.#ahead = result;
    const forget = (taken: FunctionResult) => {
      // Cancelled before its turn came.
      if (this.#ahead === result && isAppOver(this.execStatus)) releaseAll(taken);
    };
    const drop = (error: unknown) => {
      // The one before it failed, and may be tried again alone. Any other failure is this drop's, to be told in its turn.
      if (this.#ahead === result && error instanceof CallNotRun) this.#ahead = undefined;
    };
    result.then(forget, drop);
  }

  protected override stopWork(): void {
    super.stopWork();
    // It is there, and its turn will not come any more.
    void this.#claimAhead()?.then(releaseAll, () => undefined);
  }

  #claimAhead(): Promise<FunctionResult> | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead;
  }

  /** A parameter of the drop as the graph writes it, unless it was changed since. */
  #parameterText(name: string): string | undefined {
    const value = this.parameters[name];
    return value === undefined ? undefined : new SpecText(this).exact(value, name);
  }

  #noteFailure(error: unknown): void {
    if (error instanceof PythonException) {
      this.#facts = { exception: error.pythonType, traceback: error.traceback };
      this.context.log('error', this, error.traceback);
    } else this.context.log('error', this, messageOf(error));
  }

  override generateRecomputeData(): Record<string, unknown> {
    return this.#record === undefined ? super.generateRecomputeData() : parsedRecord(this.#record);
  }
}

function isFunction(drop: AbstractDROP): drop is PyFuncApp {
  return drop instanceof PyFuncApp;
}

function releaseAll({ contents }: FunctionResult): void {
  for (const content of contents.values()) content.release().catch(() => undefined);
}

/** Leaves a result with the worker where only Python functions will read it; writes it otherwise. */
async function hand(drop: DataDROP, content: PyContent, result: HeldResult): Promise<void> {
  if (content.isLazy && content.digest && drop instanceof InMemoryDROP && isReadByPythonOnly(drop)) {
    const held = new HeldContent(`drop "${drop.uid}"`, content.share(), content.digest, result);
    if (drop.defer(held)) return;
    await held.release();
  }
  await writeContent(drop, content);
}

function isReadByPythonOnly(drop: DataDROP): boolean {
  const { consumers } = drop;
  return consumers.length > 0 && consumers.every((consumer) => consumer instanceof PyFuncApp);
}

registerDrop(PyFuncApp, 'dlg.apps.pyfunc.PyFuncApp', 'dlg.apps.pyfunc.PyMemberApp');
