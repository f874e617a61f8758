/** Python functions as applications (seed `dlg.apps.pyfunc.PyFuncApp`, spec/engine.md 6.5). */
import {
  DROPStates,
  DROP_STATE_NAMES,
  IncompleteDROPSpec,
  InvalidDROPState,
  isWeirError,
  messageOf,
} from '../../protocol/index.ts';
import { BarrierAppDROP, type Lane } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import { InMemoryDROP } from '../data/memory.ts';
import type { DropKwargs } from '../drop.ts';
import {
  bindArguments,
  PYTHON_POOL,
  PythonException,
  PythonObjectLost,
  type Binding,
  type BoundValue,
  type CallSettings,
  type Encoding,
  type FunctionInfo,
  type FunctionResult,
  type FunctionSpec,
  type NamedArgument,
  type PyArgument,
  type PyContent,
  type PythonPool,
} from '../python/index.ts';
import { registerDrop } from '../registry.ts';
import { argumentsOf, namedPorts, type Argument } from './named-ports.ts';
import { pathFor, pathOutputs } from './pyfunc-paths.ts';
import { HeldContent, HeldResult } from './pyfunc-held.ts';
import { encodingOf, PortReader } from './pyfunc-ports.ts';
import { SpecText } from '../spec-text.ts';
import { pythonSettings } from './python-drops.ts';
import { timeLimitMs } from './time-limit.ts';
import { writeContent } from './write-content.ts';

/** How often a call is made anew because a process that held one of its values ended in between. */
const TRIES_OF_LOST = 3;

export class PyFuncApp extends BarrierAppDROP {
  readonly #function: FunctionSpec;
  readonly #defaults: ReadonlyMap<string, PyArgument>;
  #info: FunctionInfo | undefined;
  #record: Record<string, unknown> | undefined;
  #facts: Record<string, unknown> = {};

  /** Throws IncompleteDROPSpec where neither func_name nor func_code is given. */
  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const name = textOf(kwargs['func_name']);
    const code = textOf(kwargs['func_code']);
    if (name === undefined && code === undefined)
      throw new IncompleteDROPSpec(
        `${this.constructor.name} ${this.uid} names no function; give func_name, func_code or both.`,
        { details: { uid: this.uid } },
      );
    this.#function = { ...(name !== undefined && { name }), ...(code !== undefined && { code }) };
    this.#defaults = defaultsOf(kwargs['func_defaults']);
  }

  override get lane(): Lane {
    return 'python';
  }

  /** The function, its source and its versions; a traceback where it failed. */
  override get facts(): Readonly<Record<string, unknown>> {
    return this.#facts;
  }

  /** The name of the function, as the graph has it. */
  get funcName(): string {
    return this.#function.name ?? this.#info?.name ?? '';
  }

  protected get pool(): PythonPool {
    return this.context.service(PYTHON_POOL);
  }

  /** What surrounds each call. */
  protected callSettings(): CallSettings {
    const timeoutMs = timeLimitMs(this);
    return { ...pythonSettings(this, this.signal), ...(timeoutMs !== undefined && { timeoutMs }) };
  }

  /**
   * Loads the function, so that one which does not exist fails the session before anything runs. A machine without
   * Python is no such failure: only the drops that need it fail, when their turn comes.
   */
  override async prepare(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      if (isWeirError(error) && error.code === 'PYTHON_UNAVAILABLE') return;
      throw error;
    }
  }

  async #load(): Promise<FunctionInfo> {
    this.#info ??= await this.pool.checkFunction(this.#function, this.callSettings());
    const { module, moduleVersion, sourceSha256, packages } = this.#info;
    this.#facts = { function: this.funcName, module, moduleVersion, sourceSha256, packages };
    return this.#info;
  }

  override async run(): Promise<void> {
    const outputs = this.#outputEncodings(await this.#load());
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

  /** Encoding of each output that is written here; the function itself writes those whose path it is given. */
  #outputEncodings(info: FunctionInfo): Map<DataDROP, Encoding> {
    const ports = namedPorts(this, 'outputs');
    const own = pathOutputs(this, info);
    return new Map(
      this.outputs
        .filter((drop) => !own.has(drop))
        .map((drop) => [drop, encodingOf(this, ports.find((port) => port.drops.includes(drop))?.name)]),
    );
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
    return this.call(outputs);
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
    for (let left = TRIES_OF_LOST; ; left--)
      try {
        return await this.#callOnce(outputs, wantTruth);
      } catch (error) {
        if (left > 0 && error instanceof PythonObjectLost && !error.isFinal) continue;
        this.#noteFailure(error);
        throw error;
      }
  }

  async #callOnce(outputs: readonly Encoding[], wantTruth: boolean): Promise<FunctionResult> {
    const info = await this.#load();
    const reader = new PortReader(this, namedPorts(this, 'inputs'));
    try {
      const decided = await this.#decidePaths(info, reader);
      const { args, kwargs } = bindArguments(info, {
        ports: reader.names.filter((name) => !decided.has(name)),
        applicationArgs: this.#argumentsWith(decided),
        componentParams: argumentsOf(this, 'componentParams'),
        parameters: this.parameters,
        parameterText: (name) => this.#parameterText(name),
        defaults: this.#defaults,
      });
      const result = await this.pool.runFunction({
        ...this.callSettings(),
        function: this.#function,
        args: await valuesOf(args, reader),
        kwargs: await namedValuesOf(kwargs, reader),
        outputs,
        wantRecord: true,
        wantDigest: true,
        wantTruth,
      });
      if (result.record !== undefined) this.#record = parsedRecord(result.record);
      return result;
    } finally {
      await reader.done();
    }
  }

  /** A parameter of the drop as the graph writes it, unless it was changed since. */
  #parameterText(name: string): string | undefined {
    const value = this.parameters[name];
    return value === undefined ? undefined : new SpecText(this).exact(value, name);
  }

  /** Gives the outputs the function writes their paths; the names of the arguments that carry them. */
  async #decidePaths(info: FunctionInfo, reader: PortReader): Promise<ReadonlySet<string>> {
    const decided = new Set<string>();
    for (const [drop, argument] of pathOutputs(this, info)) {
      const given = reader.names.includes(argument.name)
        ? await reader.text(argument.name)
        : (this.parameters[argument.name] ?? argument.value);
      this.parameters[argument.name] = pathFor(this, drop, textOf(given));
      decided.add(argument.name);
    }
    return decided;
  }

  /** The application arguments, those that carry a path with the path they carry now. */
  #argumentsWith(decided: ReadonlySet<string>): ReadonlyMap<string, Argument> {
    const all = new Map(argumentsOf(this));
    for (const name of decided)
      all.set(name, { ...(all.get(name) as Argument), value: this.parameters[name] });
    return all;
  }

  #noteFailure(error: unknown): void {
    if (error instanceof PythonException) {
      this.#facts = { ...this.#facts, exception: error.pythonType, traceback: error.traceback };
      this.context.log('error', this, error.traceback);
    } else this.context.log('error', this, messageOf(error));
  }

  override generateRecomputeData(): Record<string, unknown> {
    return this.#record ?? super.generateRecomputeData();
  }
}

async function valuesOf(values: readonly BoundValue[], reader: PortReader): Promise<PyArgument[]> {
  const found: PyArgument[] = [];
  for (const value of values) found.push(value.kind === 'port' ? await reader.argument(value.port) : value);
  return found;
}

async function namedValuesOf(kwargs: Binding['kwargs'], reader: PortReader): Promise<NamedArgument[]> {
  const values = await valuesOf(
    kwargs.map((one) => one.value),
    reader,
  );
  return kwargs.map((one, i) => ({ name: one.name, value: values[i] as PyArgument }));
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

/** A record in Python's JSON. NaN and the infinities, which JSON does not have, stand there as texts. */
function parsedRecord(text: string): Record<string, unknown> {
  const plain = /NaN|Infinity/.test(text)
    ? text.replaceAll(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) =>
        token.startsWith('"') ? token : JSON.stringify(token),
      )
    : text;
  return JSON.parse(plain) as Record<string, unknown>;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `func_defaults`: `{kwargs: {name: base64 dill}}` of delayed graphs, or plain values by name; also as JSON text. */
function defaultsOf(given: unknown): ReadonlyMap<string, PyArgument> {
  const found = new Map<string, PyArgument>();
  const table = typeof given === 'string' ? parsed(given) : given;
  if (typeof table !== 'object' || table === null || Array.isArray(table)) return found;
  const dilled = (table as { kwargs?: unknown }).kwargs;
  if (typeof dilled === 'object' && dilled !== null) {
    for (const [name, text] of Object.entries(dilled))
      if (typeof text === 'string') found.set(name, { kind: 'dill64', text });
    return found;
  }
  for (const [name, value] of Object.entries(table)) found.set(name, { kind: 'json', value });
  return found;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Editors leave all sorts of blanks there; what is no JSON gives no defaults.
    return undefined;
  }
}

registerDrop(PyFuncApp, 'dlg.apps.pyfunc.PyFuncApp', 'dlg.apps.pyfunc.PyMemberApp');
