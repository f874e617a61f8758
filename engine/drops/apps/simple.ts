/** The simplest applications (seed `dlg.apps.simple`, spec/engine.md 6.9): nothing, waiting, copying, greeting. */
import { InvalidDropException, isWeirError } from '../../protocol/index.ts';
import { BarrierAppDROP, type AppDROP } from '../app-drop.ts';
import { DEFAULT_READ_BYTES, type DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { parsePythonJson } from '../data/python-json.ts';
import { floatParam, intParam, readParams } from '../params.ts';
import { PythonException } from '../python/index.ts';
import { fromJson, NdArray, PyRange, PyTuple, pyRepr, pyStr, type PyValue } from '../pyrepr/index.ts';
import { registerDrop } from '../registry.ts';
import { SpecText } from '../spec-text.ts';
import { copyInputs } from './copy.ts';
import { argumentsOf, namedPorts, pythonArgument, readableDrop } from './named-ports.ts';
import { itemAt, toArray } from './numpy.ts';
import { inPython, needsPython, orInPython, textFromPython } from './python-fallback.ts';
import { describeApp, loadValue, MAX_VALUE_BYTES, numberOf, unpickle } from './python-values.ts';
import { waitFor } from './wait.ts';

/** Does nothing once its inputs are there. */
export class NullBarrierApp extends BarrierAppDROP {
  /** Makes and checks nothing: a row without an object can stand for it. */
  static readonly lazy: boolean = true;

  /** @internal */
  override get _isSpare(): boolean {
    return this.isUntouched;
  }

  override run(): void {
    // The work is to have waited.
  }
}

/** The palette's placeholder for an application still to be written: running it ends in ERROR. */
export class DALiuGEApp extends BarrierAppDROP {}

const SLEEP = { sleepTime: floatParam('sleep_time', 0, 'Seconds to wait') } as const;

/** The seconds an application waits: of its named input `sleep_time`, else its parameter. What is no number is 0. */
async function sleepSeconds(app: AppDROP, parameter: number): Promise<number> {
  const port = namedPorts(app, 'inputs').find(({ name }) => name === 'sleep_time');
  const drop = port && readableDrop(port);
  if (!drop) return usableSeconds(parameter);
  const value = await orInPython<PyValue>(
    app,
    () => loadValue(drop),
    () => textFromPython(app, drop),
  );
  return usableSeconds(numberOf(value) ?? 0);
}

/** Nobody can sleep for less than nothing: that is no time, as upstream has it. */
function usableSeconds(seconds: number): number {
  return seconds > 0 ? seconds : 0;
}

/** The parameter as upstream takes it: null and "" are 0; text that is no number is refused when the drop is made. */
function sleepParameter(kwargs: DropKwargs, uid: string): number {
  return readParams(SLEEP, kwargs, uid).sleepTime;
}

/** Waits. */
export class SleepApp extends BarrierAppDROP {
  #parameter: number;
  #seconds: number | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#parameter = sleepParameter(kwargs, this.uid);
  }

  /** Seconds to wait when no input says otherwise. */
  get sleepTime(): number {
    return this.#parameter;
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return this.#seconds === undefined ? {} : { sleepSeconds: this.#seconds };
  }

  override async run(): Promise<void> {
    this.#seconds = await sleepSeconds(this, this.#parameter);
    await waitFor(this.#seconds * 1000, this.signal);
  }
}

const COPY = { bufsize: intParam('bufsize', DEFAULT_READ_BYTES, 'Bytes of one read') } as const;

function copyBytes(kwargs: DropKwargs, uid: string): number {
  const { bufsize } = readParams(COPY, kwargs, uid);
  if (bufsize === 0)
    throw new InvalidDropException(`${uid}: bufsize must be at least 1 byte, or below 0 for any, but is 0.`, {
      details: { uid, bufsize },
    });
  // Python reads everything at once then; here that is no reason to hold it all.
  return bufsize < 0 ? DEFAULT_READ_BYTES : bufsize;
}

/** Appends the content of every input, in order, to every output. */
export class CopyApp extends BarrierAppDROP {
  #bufsize: number;
  #copied = 0;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#bufsize = copyBytes(kwargs, this.uid);
  }

  get bufsize(): number {
    return this.#bufsize;
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return { copiedBytes: this.#copied };
  }

  override run(): Promise<void> {
    return this.copy();
  }

  protected async copy(): Promise<void> {
    this.#copied = 0;
    await copyInputs(this, this.#bufsize, (bytes) => {
      this.#copied += bytes;
    });
  }
}

/** Waits, then copies. */
export class SleepAndCopyApp extends CopyApp {
  #parameter: number;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#parameter = sleepParameter(kwargs, this.uid);
  }

  override async run(): Promise<void> {
    const seconds = await sleepSeconds(this, this.#parameter);
    if (await waitFor(seconds * 1000, this.signal)) await this.copy();
  }
}

/** Greets whom its parameter or its one input names. */
export class HelloWorldApp extends BarrierAppDROP {
  #greet: string;
  #greeting: string | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#greet = this.#nameIn(kwargs['greet']);
  }

  /** Any value as Python writes it: null and an empty text, too, and 3.0 apart from 3. */
  #nameIn(greet: unknown): string {
    if (greet === undefined) return 'World';
    if (typeof greet === 'string') return greet;
    const argument = argumentsOf(this).get('greet');
    if (argument && argument.value === greet) return pyStr(pythonArgument(argument));
    const text = new SpecText(this).exact(greet, 'greet');
    return pyStr((text === undefined ? undefined : parsePythonJson(text)) ?? fromJson(greet));
  }

  get greet(): string {
    return this.#greet;
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return this.#greeting === undefined ? {} : { greeting: this.#greeting };
  }

  override async run(): Promise<void> {
    this.#greeting = await this.#compose();
    if (this.outputs.length === 0)
      throw new InvalidDropException(
        `${describeApp(this)} has no output to write its greeting to; link one.`,
      );
    for (const output of this.outputs) await output.writeOrThrow(this.#greeting);
  }

  async #compose(): Promise<string> {
    const [input, ...others] = this.inputs;
    if (!input) return `Hello ${this.#greet}`;
    if (others.length > 0)
      throw new InvalidDropException(
        `${describeApp(this)} greets whom its one input names, but has ${others.length + 1} inputs; gather them into one first.`,
        { details: { uid: this.uid, inputs: this.inputs.map(({ uid }) => uid) } },
      );
    const bytes = await input.contents(MAX_VALUE_BYTES);
    if (bytes.length === 0)
      throw new InvalidDropException(
        `${describeApp(this)}: its input ${input.uid} is empty and names nobody to greet.`,
      );
    if (input.buftype === 'str') return `Hello, ${Buffer.from(bytes).toString('utf8')}`;
    const first = await orInPython<PyValue | undefined>(
      this,
      async () => firstItem(() => unpickle(bytes, input)),
      () => this.#firstInPython(input),
    );
    return first === undefined ? `Hello, ${pyRepr(bytes)}` : `Hello, ${pyStr(first)}`;
  }

  /** The text of the first item of a value only Python can make; undefined where it has no items. */
  async #firstInPython(input: DataDROP): Promise<string | undefined> {
    try {
      const { contents, texts } = await inPython(this, {
        operation: 'first',
        inputs: [input],
        encoding: 'utf-8',
      });
      for (const content of contents) await content.release();
      return texts[0]?.str;
    } catch (error) {
      if (error instanceof PythonException && error.pythonType === 'BadOperand') return undefined;
      throw error;
    }
  }
}

/** The first item of a pickled sequence; undefined where the bytes are no pickle or the value has no items. */
function firstItem(load: () => PyValue): PyValue | undefined {
  let value: PyValue;
  try {
    value = load();
  } catch (error) {
    if (isWeirError(error) && !needsPython(error)) return undefined;
    throw error;
  }
  if (typeof value === 'string') return [...value][0];
  if (value instanceof PyTuple) return value.items[0];
  if (value instanceof Uint8Array) return value.length === 0 ? undefined : BigInt(value[0] as number);
  const array = value instanceof PyRange ? toArray(value) : value;
  if (array instanceof NdArray) return array.shape[0] ? itemAt(array, 0) : undefined;
  return Array.isArray(value) ? (value as readonly PyValue[])[0] : undefined;
}

registerDrop(NullBarrierApp, 'dlg.apps.simple.NullBarrierApp');
registerDrop(DALiuGEApp, 'dlg.apps.simple.DALiuGEApp');
registerDrop(SleepApp, 'dlg.apps.simple.SleepApp');
registerDrop(CopyApp, 'dlg.apps.simple.CopyApp');
registerDrop(SleepAndCopyApp, 'dlg.apps.simple.SleepAndCopyApp');
registerDrop(HelloWorldApp, 'dlg.apps.simple.HelloWorldApp');
