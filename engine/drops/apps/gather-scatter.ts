/** Gathering many inputs into one output and scattering one input over many (spec/engine.md 6.9). */
import { DaliugeException, InvalidDropException, isWeirError, messageOf } from '../../protocol/index.ts';
import { BarrierAppDROP } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { isNpy, readNpy, writeNpy } from '../npy/index.ts';
import { boolParam, dictParam, intParam, listParam, readParams, stringParam } from '../params.ts';
import { fromJson, type NdArray, PyDict, type PyValue } from '../pyrepr/index.ts';
import { registerDrop } from '../registry.ts';
import { copyInputs } from './copy.ts';
import { combineArrays, COMBINATIONS, reduceArray, REDUCTIONS, type Combine } from './numpy-reduce.ts';
import { pickledArray } from './named-ports.ts';
import { expectArray, itemAt, splitArray } from './numpy.ts';
import { needsPython, orInPython, writeFromPython, type RemoteOperation } from './python-fallback.ts';
import { describeApp, loadValue, MAX_VALUE_BYTES, saveValue } from './python-values.ts';

/** Bytes of one read while contents are strung together. */
const BLOCK_BYTES = 1 << 20;

/** Strings the raw contents of all inputs together, into every output. */
export class GenericGatherApp extends BarrierAppDROP {
  override run(): Promise<void> {
    return copyInputs(this, BLOCK_BYTES);
  }
}

/** Inputs that are no pickle count as bytes. */
const LENIENT = { lenient: true };

/** The value of an input, or its bytes where they are no pickle. */
async function valueOrBytes(input: DataDROP): Promise<PyValue> {
  try {
    return await loadValue(input);
  } catch (error) {
    // A pickle only Python understands is not just some bytes: the reader would be surprised.
    if (!isWeirError(error) || needsPython(error)) throw error;
    return input.contents(MAX_VALUE_BYTES);
  }
}

/** Writes the list of what `read` finds in the inputs; Python makes it where nothing else can read an input. */
export function writeList(
  app: BarrierAppDROP,
  read: (input: DataDROP) => Promise<PyValue>,
  more: Pick<RemoteOperation, 'params'> = {},
): Promise<void> {
  const { inputs, outputs } = app;
  return orInPython(
    app,
    async () => {
      const values: PyValue[] = [];
      for (const input of inputs) values.push(await read(input));
      await saveValue(outputs, values);
    },
    () => writeFromPython(app, { operation: 'gather', inputs, ...more }, () => outputs),
  );
}

/** Writes the list of all input values. Each output holds the same list (upstream let it grow from one to the next). */
export class ArrayGatherApp extends BarrierAppDROP {
  override run(): Promise<void> {
    return writeList(this, valueOrBytes, { params: LENIENT });
  }
}

const DICT = { valueDict: dictParam('value_dict', null, 'Entries the dictionary begins with') } as const;

/** Writes a dictionary of all input values by input name. (Upstream has no run method here, so it always fails.) */
export class DictGatherApp extends BarrierAppDROP {
  readonly #initial: Readonly<Record<string, unknown>>;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    // EAGLE's palette puts the parameter's own name where its value should be.
    const isUntouched = kwargs['value_dict'] === 'value_dict';
    this.#initial = (isUntouched ? null : readParams(DICT, kwargs, this.uid).valueDict) ?? {};
  }

  override run(): Promise<void> {
    const { inputs, outputs } = this;
    const keys = this.#keys();
    const params = { ...LENIENT, keys, initial: this.#initial };
    return orInPython(
      this,
      async () => {
        const dict = new PyDict(Object.entries(this.#initial).map(([k, v]) => [k, fromJson(v)]));
        for (const [i, input] of inputs.entries()) dict.set(keys[i] as string, await valueOrBytes(input));
        await saveValue(outputs, dict);
      },
      () => writeFromPython(this, { operation: 'dict', inputs, params }, () => outputs),
    );
  }

  /** Two inputs of one name: the second goes by its uid, so that none is lost. */
  #keys(): string[] {
    const taken = new Set<string>();
    return this.inputs.map((input) => {
      const key = taken.has(input.name) ? input.uid : input.name;
      taken.add(key);
      return key;
    });
  }
}

const NPY_GATHER = {
  function: stringParam('function', 'sum', 'sum, prod, min, max, add, multiply, minimum or maximum'),
  reduceAxes: listParam('reduce_axes', null, 'Axes to reduce; none: all of them'),
} as const;

/**
 * Reduces npy arrays (sum, prod, min, max), then combines them element by element; add, multiply, minimum and maximum
 * combine only. Lists of axes work here (numpy refuses upstream's).
 */
export class GenericNpyGatherApp extends BarrierAppDROP {
  readonly #function: string;
  readonly #axes: readonly number[] | null;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const given = kwargs['reduce_axes'];
    const params = readParams(
      NPY_GATHER,
      given === 'None' || given === 'null' ? { ...kwargs, reduce_axes: null } : kwargs,
      this.uid,
    );
    this.#function = params.function;
    this.#axes = params.reduceAxes?.map(Number) ?? null;
  }

  override async run(): Promise<void> {
    if (!(this.#function in REDUCTIONS) && !COMBINATIONS.includes(this.#function as Combine))
      throw new InvalidDropException(
        `${describeApp(this)}: function must be one of ${[...Object.keys(REDUCTIONS), ...COMBINATIONS].join(', ')}, but is "${this.#function}".`,
      );
    const { inputs, outputs } = this;
    const params = { function: this.#function, axes: this.#axes };
    return orInPython(
      this,
      () => this.#gather(),
      () =>
        writeFromPython(
          this,
          { operation: 'npy-gather', inputs, params, read: 'npy', encoding: 'npy' },
          () => outputs,
        ),
    );
  }

  async #gather(): Promise<void> {
    const reduce = REDUCTIONS[this.#function];
    const combine = reduce ?? (this.#function as Combine);
    let result: NdArray | undefined;
    for (const input of this.inputs) {
      const array = await loadArray(input);
      const part = reduce ? inPlace(this, input, () => reduceArray(array, reduce, this.#axes)) : array;
      const before = result;
      result = before ? inPlace(this, input, () => combineArrays(before, part, combine)) : part;
    }
    if (!result) throw new InvalidDropException(`${describeApp(this)} has no inputs to gather; link some.`);
    const bytes = writeNpy(result);
    for (const output of this.outputs) await output.writeOrThrow(bytes);
  }
}

async function loadArray(input: DataDROP): Promise<NdArray> {
  const bytes = await input.contents(MAX_VALUE_BYTES);
  try {
    if (isNpy(bytes)) return readNpy(bytes);
    return expectArray(pickledArray(bytes));
  } catch (cause) {
    throw new InvalidDropException(
      `Input ${input.uid} must hold an array in npy format, but does not: ${messageOf(cause)}`,
      { cause, details: { uid: input.uid } },
    );
  }
}

/** Work on an input whose errors name application and input. */
function inPlace<T>(app: BarrierAppDROP, input: DataDROP, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new InvalidDropException(`${describeApp(app)}, input ${input.uid}: ${messageOf(cause)}`, {
      cause,
      details: { uid: app.uid, input: input.uid },
    });
  }
}

const SCATTER = {
  copies: intParam('num_of_copies', 1, 'Number of parts'),
  element: boolParam('element', false, 'Only the first element of each part'),
} as const;

/** Splits the array or list in its first input into nearly equal parts, one for each output. */
export class GenericScatterApp extends BarrierAppDROP {
  readonly #params;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#params = readParams(SCATTER, kwargs, this.uid);
    expectCopies(this, this.#params.copies);
  }

  override async run(): Promise<void> {
    const { copies, element } = this.#params;
    const [input] = this.inputs;
    if (!input) throw new InvalidDropException(`${describeApp(this)} has no input to scatter; link one.`);
    if (this.outputs.length < copies)
      throw new InvalidDropException(
        `${describeApp(this)} makes ${copies} parts (num_of_copies), but has only ${this.outputs.length} outputs.`,
        { details: { uid: this.uid, copies, outputs: this.outputs.length } },
      );
    await orInPython(
      this,
      () => this.#scatter(input),
      () =>
        writeFromPython(
          this,
          { operation: 'scatter', inputs: [input], params: { parts: copies, element } },
          (i) => this.outputs.slice(i, i + 1),
        ),
    );
  }

  async #scatter(input: DataDROP): Promise<void> {
    const { copies, element } = this.#params;
    const value = await loadValue(input);
    // numpy splits any list: mixed ones as texts, others as objects.
    const array = expectArray(value);
    const parts = inPlace(this, input, () => splitArray(array, copies));
    for (const [i, part] of parts.entries()) {
      if (element && part.shape[0] === 0)
        throw new InvalidDropException(`${describeApp(this)}: part ${i} is empty and has no first element.`);
      await saveValue([this.outputs[i] as DataDROP], element ? itemAt(part, 0) : part);
    }
  }
}

function expectCopies(app: BarrierAppDROP, copies: number): void {
  if (copies < 1)
    throw new InvalidDropException(
      `${describeApp(app)}: num_of_copies must be at least 1, but is ${copies}.`,
    );
}

const NPY_SCATTER = {
  copies: intParam('num_of_copies', 1, 'Parts of each input'),
  axes: listParam('scatter_axes', [0], 'Axis of each input along which it is split'),
} as const;

/** Splits each npy input along its axis; part `p` of input `i` goes to output `i * num_of_copies + p`. */
export class GenericNpyScatterApp extends BarrierAppDROP {
  readonly #copies: number;
  readonly #axes: readonly number[];

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const { copies, axes } = readParams(NPY_SCATTER, kwargs, this.uid);
    expectCopies(this, copies);
    this.#copies = copies;
    this.#axes = (axes ?? [0]).map(Number);
  }

  override async run(): Promise<void> {
    const { inputs, outputs } = this;
    if (inputs.length * this.#copies !== outputs.length)
      throw new DaliugeException(
        'APP_FAILED',
        `${describeApp(this)} needs ${inputs.length * this.#copies} outputs (inputs times num_of_copies), but has ${outputs.length}.`,
        { details: { uid: this.uid } },
      );
    if (inputs.length !== this.#axes.length)
      throw new DaliugeException(
        'APP_FAILED',
        `${describeApp(this)} needs one scatter axis for each of its ${inputs.length} inputs, but scatter_axes has ${this.#axes.length}.`,
        { details: { uid: this.uid } },
      );
    for (const [i, input] of inputs.entries()) {
      const parts = outputs.slice(i * this.#copies, (i + 1) * this.#copies);
      const params = { parts: this.#copies, axis: this.#axes[i] };
      await orInPython(
        this,
        () => this.#split(input, this.#axes[i] as number, parts),
        () =>
          writeFromPython(
            this,
            { operation: 'npy-scatter', inputs: [input], params, read: 'npy', encoding: 'npy' },
            (p) => parts.slice(p, p + 1),
          ),
      );
    }
  }

  async #split(input: DataDROP, axis: number, outputs: readonly DataDROP[]): Promise<void> {
    const array = await loadArray(input);
    const parts = inPlace(this, input, () => splitArray(array, this.#copies, axis));
    for (const [p, part] of parts.entries()) await (outputs[p] as DataDROP).writeOrThrow(writeNpy(part));
  }
}

registerDrop(GenericGatherApp, 'dlg.apps.simple.GenericGatherApp');
registerDrop(ArrayGatherApp, 'dlg.apps.simple.ArrayGatherApp');
registerDrop(DictGatherApp, 'dlg.apps.simple.DictGatherApp');
registerDrop(GenericNpyGatherApp, 'dlg.apps.simple.GenericNpyGatherApp');
registerDrop(GenericScatterApp, 'dlg.apps.simple.GenericScatterApp');
registerDrop(GenericNpyScatterApp, 'dlg.apps.simple.GenericNpyScatterApp');
