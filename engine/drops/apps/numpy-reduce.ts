/** numpy's sum, prod, min, max over axes, and their element-wise counterparts, for plain numeric arrays. */
import { InvalidDropException } from '../../protocol/index.ts';
import { dtypeParts, NdArray, type DtypeParts } from '../pyrepr/index.ts';
import { NeedsPython } from '../pickle/index.ts';
import { AS_FLOAT32, AS_FLOAT64, pairwiseSum, product, type Rounding } from './numpy.ts';

/** Element-wise operations by numpy's names. */
export type Combine = 'add' | 'multiply' | 'minimum' | 'maximum';
/** Reductions and the operation that goes on with their results. */
export const REDUCTIONS: Readonly<Record<string, Combine>> = {
  sum: 'add',
  prod: 'multiply',
  min: 'minimum',
  max: 'maximum',
};
export const COMBINATIONS: readonly Combine[] = ['add', 'multiply', 'minimum', 'maximum'];

/** Numbers of one array: integers exactly, floats as doubles. */
type Numbers =
  { readonly isFloat: false; readonly v: bigint[] } | { readonly isFloat: true; readonly v: number[] };

function numbersOf(array: NdArray, isFloat: boolean): Numbers {
  const flat = array.elements();
  if (isFloat) return { isFloat, v: flat.map(Number) };
  return { isFloat, v: flat.map((x) => BigInt(x as bigint | boolean)) };
}

function partsOf(array: NdArray): DtypeParts {
  const parts = dtypeParts(array.descr) as DtypeParts;
  // Complex numbers, half floats, texts: numpy itself knows what becomes of them.
  if (!'biuf'.includes(parts.kind) || (parts.kind === 'f' && parts.width === 2))
    throw new NeedsPython(`an array of type ${array.descr}`);
  return parts;
}

const INT: Readonly<Record<Combine, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => a + b,
  multiply: (a, b) => a * b,
  minimum: (a, b) => (a < b ? a : b),
  maximum: (a, b) => (a > b ? a : b),
};
// Math.min and Math.max hand NaN on, as numpy does.
const FLOAT: Readonly<Record<Combine, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  multiply: (a, b) => a * b,
  minimum: Math.min,
  maximum: Math.max,
};

/** The type numpy gives a reduction: sums and products of small integers grow to 64 bits. */
function reducedType(array: NdArray, op: Combine): string {
  const { kind } = partsOf(array);
  if (kind === 'f' || op === 'minimum' || op === 'maximum') return array.descr;
  return kind === 'u' ? '<u8' : '<i8';
}

/**
 * Reduces over `axes`, or over everything (null). Throws RangeError for axes that do not exist, NeedsPython for types that
 * only numpy works on.
 */
export function reduceArray(array: NdArray, op: Combine, axes: readonly number[] | null): NdArray {
  const dims = array.shape.length;
  const gone = new Set((axes ?? array.shape.map((_, i) => i)).map((axis) => (axis < 0 ? axis + dims : axis)));
  for (const axis of gone)
    if (axis < 0 || axis >= dims)
      throw new RangeError(`axis ${axis} does not exist in an array of shape (${array.shape.join(', ')})`);
  const shape = array.shape.filter((_, i) => !gone.has(i));
  const target = targetIndices(array.shape, gone);
  const descr = reducedType(array, op);
  const { kind, width } = partsOf(array);
  const numbers = numbersOf(array, kind === 'f');
  const count = product(shape);
  if (product(array.shape) === 0 && (op === 'minimum' || op === 'maximum'))
    throw new InvalidDropException('The smallest or largest element of an empty array does not exist.');
  if (numbers.isFloat) {
    const round = width === 4 ? AS_FLOAT32 : AS_FLOAT64;
    if (op === 'add') return pack(descr, shape, sums(numbers.v, array.shape, gone, target, count, round));
    const step = (a: number, b: number): number => round(FLOAT[op](a, b));
    return pack(descr, shape, fold(numbers.v, target, count, step, op === 'multiply' ? 1 : 0));
  }
  return pack(descr, shape, fold(numbers.v, target, count, INT[op], op === 'multiply' ? 1n : 0n));
}

/** Sums of floats as numpy adds them: pairwise along the last axes where those are gone, else one after the other. */
function sums(
  values: readonly number[],
  shape: readonly number[],
  gone: ReadonlySet<number>,
  target: (index: number) => number,
  count: number,
  round: Rounding,
): number[] {
  let run = 1;
  for (let axis = shape.length - 1; axis >= 0 && gone.has(axis); axis--) run *= shape[axis] as number;
  const out = new Array<number>(count).fill(0);
  for (let from = 0; from < values.length; from += run) {
    const at = target(from);
    out[at] = round((out[at] as number) + pairwiseSum(values, from, run, round));
  }
  return out;
}

function fold<T>(
  values: readonly T[],
  target: (index: number) => number,
  count: number,
  op: (a: T, b: T) => T,
  empty: T,
): T[] {
  const out = new Array<T | undefined>(count).fill(undefined);
  values.forEach((value, i) => {
    const at = target(i);
    const before = out[at];
    out[at] = before === undefined ? value : op(before, value);
  });
  return out.map((value) => value ?? empty);
}

/** For each element in C order, where it goes in the array without the axes that are gone. */
function targetIndices(shape: readonly number[], gone: ReadonlySet<number>): (index: number) => number {
  const strides = new Array<number>(shape.length).fill(0);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (gone.has(i)) continue;
    strides[i] = stride;
    stride *= shape[i] as number;
  }
  return (index) => {
    let rest = index;
    let at = 0;
    for (let i = shape.length - 1; i >= 0; i--) {
      const length = shape[i] as number;
      at += (rest % length) * (strides[i] as number);
      rest = Math.floor(rest / length);
    }
    return at;
  };
}

/** Combines two arrays element by element; one of them may be a single number. */
export function combineArrays(a: NdArray, b: NdArray, op: Combine): NdArray {
  const shape = a.shape.length >= b.shape.length ? a.shape : b.shape;
  const isFine = [a, b].every((x) => x.shape.length === 0 || x.shape.join() === shape.join());
  if (!isFine)
    throw new InvalidDropException(
      `Arrays of shapes (${a.shape.join(', ')}) and (${b.shape.join(', ')}) cannot be combined element by element.`,
    );
  const descr = commonType(a, b);
  const isFloat = (dtypeParts(descr) as DtypeParts).kind === 'f';
  const [x, y] = [numbersOf(a, isFloat), numbersOf(b, isFloat)];
  const count = product(shape);
  const each = <T>(p: readonly T[], q: readonly T[], f: (l: T, r: T) => T): T[] =>
    Array.from({ length: count }, (_, i) =>
      f(p[p.length === 1 ? 0 : i] as T, q[q.length === 1 ? 0 : i] as T),
    );
  if (x.isFloat && y.isFloat) return pack(descr, shape, each(x.v, y.v, FLOAT[op]));
  return pack(descr, shape, each(x.v as bigint[], y.v as bigint[], INT[op]));
}

function commonType(a: NdArray, b: NdArray): string {
  if (a.descr === b.descr) return a.descr;
  const [p, q] = [partsOf(a), partsOf(b)];
  if (p.kind === 'f' && q.kind === 'f') return p.width >= q.width ? a.descr : b.descr;
  if (p.kind === 'f' || q.kind === 'f') return '<f8';
  return p.kind === 'u' && q.kind === 'u' ? '<u8' : '<i8';
}

function pack(descr: string, shape: readonly number[], values: readonly (bigint | number)[]): NdArray {
  const { kind, width, order } = dtypeParts(descr) as DtypeParts;
  const data = new Uint8Array(values.length * width);
  const view = new DataView(data.buffer);
  const little = order !== '>';
  values.forEach((value, i) => {
    const at = i * width;
    // Of the many numbers that are none, numpy has the positive one; processors like the negative.
    if (kind === 'f' && Number.isNaN(value)) value = Number.NaN;
    if (kind === 'f' && width === 8) view.setFloat64(at, Number(value), little);
    else if (kind === 'f') view.setFloat32(at, Number(value), little);
    else if (width === 8) view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), little);
    else if (width === 4) view.setUint32(at, Number(BigInt.asUintN(32, BigInt(value))), little);
    else if (width === 2) view.setUint16(at, Number(BigInt.asUintN(16, BigInt(value))), little);
    else view.setUint8(at, Number(BigInt.asUintN(8, BigInt(value))));
  });
  return new NdArray(descr, shape, data);
}
