/** The little of numpy that components need: arrays from lists, splitting, reducing, combining. */
import { NeedsPython } from '../pickle/index.ts';
import {
  dtypeParts,
  NdArray,
  NumpyScalar,
  PyRange,
  PyTuple,
  type DtypeParts,
  type PyValue,
} from '../pyrepr/index.ts';

type Nested = readonly PyValue[];

function itemsOf(value: PyValue): Nested | undefined {
  if (Array.isArray(value)) return value;
  if (value instanceof PyRange) return rangeItems(value);
  return value instanceof PyTuple ? value.items : undefined;
}

function rangeItems({ start, stop, step }: PyRange): bigint[] {
  const items: bigint[] = [];
  for (let at = start; step > 0n ? at < stop : at > stop; at += step) items.push(at);
  return items;
}

/**
 * `numpy.array(value)` for plain values: bool, int64, float64, text and bytes arrays of any dimension. Undefined where
 * numpy would need an array of Python objects (ragged lists, dictionaries).
 */
export function toArray(value: PyValue): NdArray | undefined {
  if (value instanceof NdArray) return value;
  if (value instanceof NumpyScalar) return new NdArray(value.descr, [], value.data);
  const items = itemsOf(value);
  if (items?.length && items.every((item) => item instanceof NdArray)) return stack(items);
  const shape = shapeOf(value);
  if (!shape) return undefined;
  const flat: PyValue[] = [];
  flatten(value, flat);
  return fromFlat(flat, shape);
}

/** `toArray` that must succeed. Throws NeedsPython for what only numpy itself makes an array of: mixed values, complex numbers, ... */
export function expectArray(value: PyValue): NdArray {
  const array = toArray(value);
  if (array) return array;
  throw new NeedsPython('a value that is no array of plain numbers or texts');
}

function shapeOf(value: PyValue): number[] | undefined {
  const items = itemsOf(value);
  if (!items) return [];
  const [first] = items;
  if (first === undefined) return [0];
  const inner = shapeOf(first);
  if (!inner) return undefined;
  for (const item of items) {
    const shape = shapeOf(item);
    if (!shape || shape.length !== inner.length || shape.some((n, i) => n !== inner[i])) return undefined;
  }
  return [items.length, ...inner];
}

function flatten(value: PyValue, into: PyValue[]): void {
  const items = itemsOf(value);
  if (items) for (const item of items) flatten(item, into);
  else into.push(value instanceof NumpyScalar ? value.value : value);
}

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

function fromFlat(flat: Nested, shape: readonly number[]): NdArray | undefined {
  if (flat.length === 0) return NdArray.of(new Float64Array(0), shape);
  if (flat.every((v) => typeof v === 'boolean'))
    return new NdArray(
      '|b1',
      shape,
      Uint8Array.from(flat, (v) => (v ? 1 : 0)),
    );
  if (flat.every((v) => typeof v === 'bigint' || typeof v === 'boolean')) {
    const whole = flat.map((v) => BigInt(v));
    if (whole.some((v) => v < MIN_INT64 || v > MAX_INT64)) return undefined;
    return NdArray.of(BigInt64Array.from(whole), shape);
  }
  if (flat.every((v) => typeof v === 'number' || typeof v === 'bigint' || typeof v === 'boolean'))
    return NdArray.of(Float64Array.from(flat, Number), shape);
  if (flat.every((v) => typeof v === 'string')) return textArray(flat, shape);
  return undefined;
}

function textArray(texts: readonly string[], shape: readonly number[]): NdArray {
  const points = texts.map((text) => Array.from(text, (c) => c.codePointAt(0) as number));
  const width = points.reduce((widest, { length }) => Math.max(widest, length), 1);
  const data = new Uint32Array(width * texts.length);
  points.forEach((text, i) => data.set(text, i * width));
  return new NdArray(`<U${width}`, shape, new Uint8Array(data.buffer));
}

function stack(arrays: readonly NdArray[]): NdArray | undefined {
  const parts = arrays.map((array) => array.toC());
  const [first] = parts as [NdArray];
  const isAlike = parts.every((a) => a.descr === first.descr && a.shape.join() === first.shape.join());
  if (isAlike)
    return new NdArray(
      first.descr,
      [parts.length, ...first.shape],
      Buffer.concat(parts.map(({ data }) => data)),
    );
  if (parts.some((a) => a.shape.join() !== first.shape.join())) return undefined;
  return fromFlat(
    parts.flatMap((a) => a.elements()),
    [parts.length, ...first.shape],
  );
}

/** The item at `index` of the first axis: a scalar of a flat array, else an array of one dimension less. */
export function itemAt(array: NdArray, index: number): NdArray | NumpyScalar {
  const part = array.slice(index, index + 1);
  const shape = array.shape.slice(1);
  return shape.length === 0
    ? new NumpyScalar(array.descr, part.data)
    : new NdArray(array.descr, shape, part.data);
}

/** `numpy.array_split`: nearly equal parts along an axis, the first ones larger. Throws RangeError for a wrong axis. */
export function splitArray(array: NdArray, parts: number, axis = 0): NdArray[] {
  const at = axis < 0 ? axis + array.shape.length : axis;
  const length = array.shape[at];
  if (length === undefined)
    throw new RangeError(`axis ${axis} does not exist in an array of shape (${array.shape.join(', ')})`);
  const small = Math.floor(length / parts);
  const larger = length % parts;
  const result: NdArray[] = [];
  for (let i = 0, from = 0; i < parts; i++) {
    const to = from + small + (i < larger ? 1 : 0);
    result.push(sliceAxis(array, at, from, to));
    from = to;
  }
  return result;
}

function sliceAxis(array: NdArray, axis: number, from: number, to: number): NdArray {
  if (axis === 0) return array.slice(from, to);
  const source = array.toC();
  const { itemBytes } = dtypeParts(array.descr) as DtypeParts;
  const outer = product(array.shape.slice(0, axis));
  const inner = product(array.shape.slice(axis + 1)) * itemBytes;
  const length = array.shape[axis] as number;
  const run = (to - from) * inner;
  const data = new Uint8Array(outer * run);
  for (let o = 0; o < outer; o++) {
    const start = (o * length + from) * inner;
    data.set(source.data.subarray(start, start + run), o * run);
  }
  const shape = array.shape.map((n, i) => (i === axis ? to - from : n));
  return new NdArray(array.descr, shape, data);
}

export function product(lengths: readonly number[]): number {
  return lengths.reduce((a, b) => a * b, 1);
}

/** How a sum is rounded after every step: as float64, or as float32. */
export type Rounding = (value: number) => number;
export const AS_FLOAT64: Rounding = (value) => value;
export const AS_FLOAT32: Rounding = Math.fround;

/** Sum as numpy adds a flat array of floats: pairwise in blocks of 128, so that the last digits agree. */
export function pairwiseSum(
  a: ArrayLike<number>,
  from = 0,
  count = a.length - from,
  round = AS_FLOAT64,
): number {
  if (count < 8) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum = round(sum + (a[from + i] as number));
    return sum;
  }
  if (count > 128) {
    const half = Math.floor(count / 2);
    const first = half - (half % 8);
    return round(pairwiseSum(a, from, first, round) + pairwiseSum(a, from + first, count - first, round));
  }
  const r = Array.from({ length: 8 }, (_, j) => a[from + j] as number) as [
    number, number, number, number, number, number, number, number,
  ]; // prettier-ignore
  const whole = count - (count % 8);
  for (let i = 8; i < whole; i += 8)
    for (let j = 0; j < 8; j++) r[j] = round((r[j] as number) + (a[from + i + j] as number));
  const [left, right] = [
    round(round(r[0] + r[1]) + round(r[2] + r[3])),
    round(round(r[4] + r[5]) + round(r[6] + r[7])),
  ];
  let sum = round(left + right);
  for (let i = whole; i < count; i++) sum = round(sum + (a[from + i] as number));
  return sum;
}
