/** JavaScript values and the bytes of drops: the encodings of functions in JavaScript, both ways. */
import { InvalidEncodingException } from '../../protocol/index.ts';
import { readNpy, writeNpy } from '../npy/index.ts';
import { readPickle, writePickle } from '../pickle/index.ts';
import {
  dtypeParts,
  NdArray,
  NumpyScalar,
  parseLiteral,
  PyByteArray,
  PyComplex,
  PyDict,
  PyRange,
  pyRepr,
  PySet,
  PyTuple,
  type DtypeParts,
  type NumericTypedArray,
  type PyValue,
} from '../pyrepr/index.ts';

/** A typed array that knows its dimensions: what a numpy array is to a function in JavaScript. */
export type ShapedArray = NumericTypedArray & { shape?: readonly number[] };

/** The value of content under an encoding. */
export function decodeJs(bytes: Uint8Array, encoding: string): unknown {
  switch (encoding) {
    case 'dill':
    case 'pickle':
      return bytes.length === 0 ? null : toJs(readPickle(bytes));
    case 'json':
      return bytes.length === 0 ? null : (JSON.parse(textOf(bytes)) as unknown);
    case 'utf-8':
    case 'utf8':
    case 'path':
      return textOf(bytes);
    case 'eval':
      return bytes.length === 0 ? null : toJs(parseLiteral(textOf(bytes)));
    case 'npy':
      return toJs(readNpy(bytes));
    case 'binary':
    case 'raw':
    case 'bytes':
      return bytes;
    default:
      throw unknownEncoding(encoding);
  }
}

/** The content a value becomes under an encoding. */
export function encodeJs(value: unknown, encoding: string): Uint8Array {
  switch (encoding) {
    case 'dill':
    case 'pickle':
      return finite(() => writePickle(fromJs(value)));
    case 'json':
      return Buffer.from(jsonText(value), 'utf8');
    case 'utf-8':
    case 'utf8':
      if (value instanceof Uint8Array) return value;
      return Buffer.from(typeof value === 'string' ? value : jsonText(value), 'utf8');
    case 'eval':
      return Buffer.from(typeof value === 'string' ? value : finite(() => pyRepr(fromJs(value))), 'utf8');
    case 'npy':
      return writeNpy(arrayOf(value));
    case 'binary':
    case 'raw':
    case 'bytes':
      return bytesOf(value);
    default:
      throw unknownEncoding(encoding);
  }
}

/** A value that holds itself has no end. */
function finite<T>(write: () => T): T {
  try {
    return write();
  } catch (cause) {
    if (!(cause instanceof RangeError) || !/call stack/.test(cause.message)) throw cause;
    throw new InvalidEncodingException(
      'A value that holds itself, or is nested too deeply, cannot be written.',
      { cause },
    );
  }
}

function jsonText(value: unknown): string {
  return finite(() => JSON.stringify(forJson(value)));
}

/** What JSON has a form for: maps with texts as keys are objects, sets and arrays of numbers are lists. */
function forJson(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint' && BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)))
    return Number(value);
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
    throw new InvalidEncodingException(
      `JSON has no form for ${typeof value === 'bigint' ? `a number as large as ${value}` : kindOf(value)}; return plain data, or write it as a pickle.`,
    );
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(forJson);
  if (value instanceof Set) return [...value].map(forJson);
  if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [jsonKey(k), forJson(v)]));
  if (value instanceof ArrayBuffer) return [...new Uint8Array(value)];
  if (ArrayBuffer.isView(value)) return listOfView(value);
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return forJson((toJSON as () => unknown).call(value));
  const entries = entriesOf(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, forJson(item)]));
}

function listOfView(view: ArrayBufferView): unknown {
  if (view instanceof DataView) return [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)];
  const { shape = [(view as NumericTypedArray).length] } = view as ShapedArray;
  return nested([...(view as unknown as Iterable<number | bigint>)].map(forJson), shape, (item) => item);
}

function jsonKey(key: unknown): string {
  if (typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint') return String(key);
  throw new InvalidEncodingException(
    `JSON has no form for a map with ${kindOf(key)} as a key; write it as a pickle.`,
  );
}

const ENCODINGS = 'json, utf-8, binary, npy, pickle, eval, path, dataurl';

function unknownEncoding(encoding: string): InvalidEncodingException {
  return new InvalidEncodingException(
    `The encoding "${encoding}" does not exist for functions in JavaScript; use one of ${ENCODINGS}.`,
    { details: { encoding } },
  );
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new InvalidEncodingException('The content was to be UTF-8 text, but its bytes are none.', {
      cause,
    });
  }
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  throw new InvalidEncodingException(
    `The encoding "binary" writes bytes or text, but the function returned ${kindOf(value)}.`,
  );
}

function arrayOf(value: unknown): NdArray {
  const found = fromJs(value instanceof Uint8Array && !(value as ShapedArray).shape ? shaped(value) : value);
  if (found instanceof NdArray) return found;
  if (Array.isArray(found)) {
    const shape: number[] = [];
    for (let item: PyValue | undefined = found; Array.isArray(item); item = item[0]) shape.push(item.length);
    const flat: number[] = [];
    if (isRegular(found, shape, flat)) return NdArray.of(Float64Array.from(flat), shape);
  }
  if (typeof found === 'number' || typeof found === 'bigint')
    return NdArray.of(Float64Array.of(Number(found)), []);
  throw new InvalidEncodingException(
    `The encoding "npy" writes typed arrays and lists of numbers, all of one length where they lie in lists, but the function returned ${kindOf(value)}.`,
  );
}

/** Whether lists lie in lists as `shape` says; puts their numbers into `flat`. */
function isRegular(item: PyValue, shape: readonly number[], flat: number[]): boolean {
  const [length, ...rest] = shape;
  if (length !== undefined)
    return Array.isArray(item) && item.length === length && item.every((part) => isRegular(part, rest, flat));
  if (typeof item !== 'number' && typeof item !== 'bigint') return false;
  flat.push(Number(item));
  return true;
}

function shaped(array: Uint8Array): ShapedArray {
  return Object.assign(new Uint8Array(array), { shape: [array.length] });
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `an object of ${String(Object.prototype.toString.call(value))
    .slice(8, -1)
    .replace(/^Object$/, value.constructor?.name ?? 'Object')}`;
}

type ArrayClass = new (buffer: ArrayBuffer) => NumericTypedArray;
const ARRAYS: Readonly<Record<string, ArrayClass>> = {
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  f4: Float32Array,
  f8: Float64Array,
  b1: Uint8Array,
};

/** A Python value as JavaScript has it: dictionaries as objects, arrays as typed arrays with a `shape`. */
export function toJs(value: PyValue): unknown {
  if (typeof value === 'bigint')
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(value)
      : value;
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(toJs);
  if (value instanceof PyTuple) return value.items.map(toJs);
  if (value instanceof PySet) return new Set(value.items.map(toJs));
  if (value instanceof PyDict) return dictToJs(value);
  if (value instanceof NumpyScalar) return toJs(value.value);
  if (value instanceof NdArray) return arrayToJs(value);
  if (value instanceof PyByteArray) return value.bytes;
  if (value instanceof PyRange) return rangeToJs(value);
  return { real: value.real, imag: value.imag };
}

function dictToJs(dict: PyDict): unknown {
  const entries = dict.entries();
  if (!entries.every(([key]) => typeof key === 'string'))
    return new Map(entries.map(([k, v]) => [toJs(k), toJs(v)]));
  return Object.fromEntries(entries.map(([k, v]) => [k as string, toJs(v)]));
}

function rangeToJs({ start, stop, step }: PyRange): unknown[] {
  const list: unknown[] = [];
  for (let i = start; step > 0n ? i < stop : i > stop; i += step) list.push(toJs(i));
  return list;
}

function arrayToJs(array: NdArray): unknown {
  const { kind, width, order } = dtypeParts(array.descr) as DtypeParts;
  const Class = ARRAYS[`${kind}${width}`];
  if (!Class || order === '>') return nested(array.elements(), array.shape, toJs);
  const source = array.toC().data;
  const typed = new Class(new Uint8Array(source).buffer);
  return Object.assign(typed, { shape: array.shape });
}

function nested<T>(flat: readonly T[], shape: readonly number[], leaf: (item: T) => unknown): unknown {
  const [length, ...rest] = shape;
  if (length === undefined) return leaf(flat[0] as T);
  const step = flat.length / Math.max(length, 1);
  return Array.from({ length }, (_, i) => nested(flat.slice(i * step, (i + 1) * step), rest, leaf));
}

/** A JavaScript value as Python has it: whole numbers are integers. Throws InvalidEncodingException for functions. */
export function fromJs(value: unknown): PyValue {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'boolean':
    case 'bigint':
    case 'string':
      return value;
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
    case 'object':
      return objectFromJs(value);
    default:
      throw new InvalidEncodingException(
        `A ${typeof value} cannot be written as a value; return plain data.`,
      );
  }
}

function objectFromJs(value: object): PyValue {
  if (value instanceof NdArray || value instanceof NumpyScalar || value instanceof PyComplex) return value;
  if (value instanceof PyTuple || value instanceof PyDict || value instanceof PySet) return value;
  if (value instanceof PyRange || value instanceof PyByteArray) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return viewFromJs(value);
  if (Array.isArray(value)) return value.map(fromJs);
  if (value instanceof Map) return new PyDict([...value].map(([k, v]) => [fromJs(k), fromJs(v)]));
  if (value instanceof Set) return new PySet([...value].map(fromJs));
  if (value instanceof Date) return value.toISOString();
  return new PyDict(entriesOf(value).map(([k, v]) => [k, fromJs(v)]));
}

/** What an object holds. Generators, promises and their like hold nothing to be seen, and are no values. */
function entriesOf(value: object): [string, unknown][] {
  const entries = Object.entries(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (entries.length > 0 || prototype === Object.prototype || prototype === null) return entries;
  throw new InvalidEncodingException(
    `${kindOf(value)} has no data that could be written; return plain data, or a list of what it gives.`,
  );
}

function viewFromJs(view: ArrayBufferView): PyValue {
  const { shape } = view as ShapedArray;
  if (view instanceof Uint8Array && !shape) return view;
  if (view instanceof DataView) return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const typed = view instanceof Uint8ClampedArray ? new Uint8Array(view) : (view as NumericTypedArray);
  return NdArray.of(typed, shape ?? [typed.length]);
}
