/** Arrays of random numbers and their averages (seed `dlg.apps.simple`, spec/engine.md 6.9). */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { InvalidDropException } from '../../protocol/index.ts';
import { BarrierAppDROP } from '../app-drop.ts';
import { truthy, type DropKwargs } from '../drop.ts';
import { boolParam, floatParam, intParam, readParams, stringParam } from '../params.ts';
import { NeedsPython } from '../pickle/index.ts';
import { NdArray, NumpyScalar, PyTuple, type PyValue } from '../pyrepr/index.ts';
import { registerDrop } from '../registry.ts';
import { namedPorts, readableDrop } from './named-ports.ts';
import { AS_FLOAT32, AS_FLOAT64, expectArray, pairwiseSum, product, type Rounding } from './numpy.ts';
import { orInPython, textFromPython, writeFromPython } from './python-fallback.ts';
import { describeApp, loadValue, numberOf, saveValue } from './python-values.ts';

const RANDOM = {
  integer: boolParam('integer', true, 'Whole numbers instead of fractions'),
  low: floatParam('low', 0, 'Smallest value'),
  high: floatParam('high', 100, 'Limit of the values (not reached)'),
  size: intParam('size', 100, 'Number of values'),
  keepArray: boolParam('keep_array', false, 'Keep the array in the drop after it was written'),
} as const;

/** Elements an array may have here: more would not fit one piece of memory. */
const MAX_ELEMENTS = 2 ** 28;

/** Pickles a numpy array of random numbers to all outputs. Ports named like parameters override them. */
export class RandomArrayApp extends BarrierAppDROP {
  readonly #params;
  #array: NdArray | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#params = readParams(RANDOM, kwargs, this.uid);
  }

  get integer(): boolean {
    return this.#params.integer;
  }

  get low(): number {
    return this.#params.low;
  }

  get high(): number {
    return this.#params.high;
  }

  /** The array of the last run, where `keep_array` asks for it. */
  get array(): NdArray | undefined {
    return this.#array;
  }

  override async run(): Promise<void> {
    if (this.outputs.length === 0)
      throw new InvalidDropException(`${describeApp(this)} has no output for its array; link one.`);
    const array = this.#make(await this.#settings());
    if (this.#params.keepArray) this.#array = array;
    await saveValue(this.outputs, array);
  }

  /** The parameters, with what named inputs say in their place. */
  async #settings(): Promise<{ integer: boolean; low: number; high: number; size: number }> {
    const settings = { ...this.#params };
    for (const port of namedPorts(this, 'inputs')) {
      const drop = readableDrop(port);
      if (!drop || !['integer', 'low', 'high', 'size'].includes(port.name)) continue;
      const value = await orInPython<PyValue>(
        this,
        () => loadValue(drop),
        () => textFromPython(this, drop),
      );
      const name = port.name as 'integer' | 'low' | 'high' | 'size';
      if (name === 'integer') settings.integer = truthy(value);
      else settings[name] = numberOf(value) ?? settings[name];
    }
    return settings;
  }

  #make({
    integer,
    low,
    high,
    size,
  }: {
    integer: boolean;
    low: number;
    high: number;
    size: number;
  }): NdArray {
    if (!(size >= 0) || size > MAX_ELEMENTS)
      throw new InvalidDropException(
        `${describeApp(this)}: size must be from 0 to ${MAX_ELEMENTS}, but is ${size}.`,
      );
    if (!integer) return NdArray.of(Float64Array.from({ length: size }, () => (Math.random() + low) * high));
    const [from, to] = [Math.trunc(low), Math.trunc(high)];
    if (from >= to)
      throw new InvalidDropException(
        `${describeApp(this)}: there are no whole numbers from low (${from}) up to high (${to}); raise high.`,
      );
    const random = (): bigint => BigInt(from) + BigInt(Math.floor(Math.random() * (to - from)));
    return NdArray.of(BigInt64Array.from({ length: size }, random));
  }
}

const AVERAGE = { method: stringParam('method', 'mean', 'mean, median, or any reduction of numpy') } as const;

/**
 * Averages all elements of all inputs together, along the first axis: flat inputs give one number, lists of rows give
 * one row (as upstream does; its documentation speaks of vectors). Methods other than mean and median (max, std, ...)
 * are left to numpy.
 */
export class AverageArraysApp extends BarrierAppDROP {
  readonly #method: string;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#method = readParams(AVERAGE, kwargs, this.uid).method;
  }

  get method(): string {
    return this.#method;
  }

  override async run(): Promise<void> {
    if (this.outputs.length === 0 || this.inputs.length === 0)
      throw new InvalidDropException(
        `${describeApp(this)} needs at least one input and one output, but has ${this.inputs.length} and ${this.outputs.length}.`,
      );
    const params = { method: this.#method };
    const inPython = (): Promise<void> =>
      writeFromPython(this, { operation: 'average', inputs: this.inputs, params }, () => this.outputs);
    if (this.#method !== 'mean' && this.#method !== 'median') return inPython();
    await orInPython(this, () => this.#averageHere(), inPython);
  }

  async #averageHere(): Promise<void> {
    const elements: PyValue[] = [];
    let isSingle = true;
    for (const input of this.inputs) {
      const value = await loadValue(input);
      isSingle &&= value === null || isFloat32(value);
      for (const element of elementsOf(value)) elements.push(element);
    }
    // The average of nothing is not a number, as numpy has it.
    if (elements.length === 0) return saveValue(this.outputs, NumpyScalar.float64(Number.NaN));
    const all = expectArray(elements);
    isSingle ||= isFloat32(all) || elements.every(isFloat32);
    await saveValue(this.outputs, this.#average(all, isSingle));
  }

  /** `isSingle`: in float32, as numpy averages nothing but such. */
  #average(all: NdArray, isSingle: boolean): PyValue {
    const numbers = all.numbers();
    if (!numbers && /[SU]/.test(all.descr))
      throw new InvalidDropException(`${describeApp(this)}: its inputs hold ${all.descr}, not numbers.`);
    if (!numbers) throw new NeedsPython(`an array of type ${all.descr}`);
    const [rows = 0, ...shape] = all.shape;
    const width = product(shape);
    const round = isSingle ? AS_FLOAT32 : AS_FLOAT64;
    const columns = Float64Array.from({ length: width }, (_, column) =>
      this.#method === 'mean'
        ? mean(numbers, { rows, width, column, round })
        : round(
            median(Float64Array.from({ length: rows }, (_, row) => numbers[row * width + column] as number)),
          ),
    );
    if (!isSingle)
      return shape.length === 0 ? NumpyScalar.float64(columns[0] as number) : NdArray.of(columns, shape);
    const single = NdArray.of(Float32Array.from(columns), shape);
    return shape.length === 0 ? new NumpyScalar(single.descr, single.data) : single;
  }
}

function elementsOf(value: PyValue): readonly PyValue[] {
  if (value === null) return [];
  if (value instanceof PyTuple) return value.items;
  if (Array.isArray(value)) return value;
  if (value instanceof NdArray && value.shape.length > 0) {
    if (value.shape.length === 1) return value.elements();
    return Array.from({ length: value.shape[0] as number }, (_, i) => {
      const part = value.slice(i, i + 1);
      return new NdArray(part.descr, value.shape.slice(1), part.data);
    });
  }
  return [value];
}

function isFloat32(value: PyValue): boolean {
  return (value instanceof NdArray || value instanceof NumpyScalar) && /^[<>=]f4$/.test(value.descr);
}

interface Column {
  readonly rows: number;
  readonly width: number;
  readonly column: number;
  readonly round: Rounding;
}

/** numpy adds flat arrays pairwise and rows one after the other. */
function mean(numbers: Float64Array, { rows, width, column, round }: Column): number {
  if (width === 1) return round(pairwiseSum(numbers, 0, rows, round) / rows);
  let sum = 0;
  for (let row = 0; row < rows; row++) sum = round(sum + (numbers[row * width + column] as number));
  return round(sum / rows);
}

function median(values: Float64Array): number {
  if (values.some(Number.isNaN)) return Number.NaN;
  values.sort();
  const half = values.length >> 1;
  const upper = values[half] as number;
  return values.length % 2 === 1 ? upper : ((values[half - 1] as number) + upper) / 2;
}

const THRASH = { size: intParam('size', 100, 'Length of the list') } as const;
/** Milliseconds of work between two turns of the event loop. */
const SLICE_MS = 5;

/** Work that grows with the square of `size`: a load for tests. Pickles a list of `size` random floats. */
export class ListAppendThrashingApp extends BarrierAppDROP {
  readonly #size: number;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#size = readParams(THRASH, kwargs, this.uid).size;
  }

  override async run(): Promise<void> {
    if (this.outputs.length === 0)
      throw new InvalidDropException(`${describeApp(this)} has no output for its list; link one.`);
    let list: number[] = [];
    let since = performance.now();
    while (list.length < this.#size) {
      // A new list for every element, on purpose.
      list = [...list, Math.random()];
      if (performance.now() - since < SLICE_MS) continue;
      await nextTurn();
      if (this.signal.aborted) return;
      since = performance.now();
    }
    await saveValue(this.outputs, list);
  }
}

registerDrop(RandomArrayApp, 'dlg.apps.simple.RandomArrayApp');
registerDrop(AverageArraysApp, 'dlg.apps.simple.AverageArraysApp');
registerDrop(ListAppendThrashingApp, 'dlg.apps.simple.ListAppendThrashingApp');
