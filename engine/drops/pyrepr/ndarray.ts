/** numpy arrays and scalars of plain types, as a type description and raw bytes. */
import { PyComplex, type PyValue } from './values.ts';

/** Kinds of elements that are plain data: bool, signed, unsigned, float, complex, bytes, text. */
const PLAIN = /^([<>|])([biufcSU])(\d+)$/;
const SIZES: Readonly<Record<string, readonly number[]>> = {
  b: [1],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  f: [2, 4, 8],
  c: [8, 16],
};

/** The parts of a numpy type description such as `<i8`. */
export interface DtypeParts {
  readonly order: '<' | '>' | '|';
  readonly kind: 'b' | 'i' | 'u' | 'f' | 'c' | 'S' | 'U';
  /** The number in the description: bytes of an element, characters for `U`. */
  readonly width: number;
  readonly itemBytes: number;
}

/** The parts of `descr`, or undefined where it is no plain type (objects, dates, records). */
export function dtypeParts(descr: string): DtypeParts | undefined {
  const match = PLAIN.exec(descr);
  if (!match) return undefined;
  const [, order, kind, digits] = match as unknown as [
    string,
    DtypeParts['order'],
    DtypeParts['kind'],
    string,
  ];
  const width = Number(digits);
  const sizes = SIZES[kind];
  if (sizes && !sizes.includes(width)) return undefined;
  return { order, kind, width, itemBytes: kind === 'U' ? 4 * width : width };
}

export type NumericTypedArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

const NAMES: Readonly<Record<string, string>> = {
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  c8: 'complex64',
  c16: 'complex128',
};

/** The name numpy shows for a plain type: `int64`, `bool`, `<U5`. */
export function dtypeName(descr: string): string {
  const parts = dtypeParts(descr);
  if (!parts) return descr;
  if (parts.kind === 'b') return 'bool';
  return NAMES[`${parts.kind}${parts.width}`] ?? descr;
}

/** An n-dimensional array. `data` holds the elements in C order, or Fortran order where `fortranOrder` says so. */
export class NdArray {
  readonly descr: string;
  readonly shape: readonly number[];
  readonly fortranOrder: boolean;
  readonly data: Uint8Array;

  /** Throws RangeError where the bytes do not fit type and shape. */
  constructor(descr: string, shape: readonly number[], data: Uint8Array, fortranOrder = false) {
    const parts = dtypeParts(descr);
    if (!parts) throw new RangeError(`"${descr}" is no plain numpy type.`);
    const count = shape.reduce((a, b) => a * b, 1);
    if (data.length !== count * parts.itemBytes)
      throw new RangeError(
        `An array of shape (${shape.join(', ')}) and type ${descr} takes ${count * parts.itemBytes} bytes, not ${data.length}.`,
      );
    this.descr = descr;
    this.shape = shape;
    this.data = data;
    this.fortranOrder = fortranOrder && shape.length > 1;
  }

  get pyTypeName(): string {
    return 'numpy.ndarray';
  }

  /** Number of elements. */
  get count(): number {
    return this.shape.reduce((a, b) => a * b, 1);
  }

  isTruthy(): boolean {
    if (this.count === 0) return false;
    if (this.count > 1)
      throw new TypeError('The truth value of an array with more than one element is ambiguous.');
    return new NumpyScalar(this.descr, this.data).isTruthy();
  }

  /** All elements in C order. */
  elements(): PyValue[] {
    const parts = dtypeParts(this.descr) as DtypeParts;
    const flat: PyValue[] = [];
    for (let at = 0; at < this.data.length; at += Math.max(parts.itemBytes, 1))
      flat.push(element(this.data, at, parts));
    return this.fortranOrder ? fromFortran(flat, this.shape) : flat;
  }

  /** The elements as numbers, for arithmetic; integers beyond 2^53 lose digits. Undefined for text. */
  numbers(): Float64Array | undefined {
    const parts = dtypeParts(this.descr) as DtypeParts;
    if (!'biuf'.includes(parts.kind)) return undefined;
    return Float64Array.from(this.elements(), (value) => Number(value));
  }

  /** The part of a one- or more-dimensional array along its first axis, from `start` up to `end`. */
  slice(start: number, end: number): NdArray {
    const length = this.shape[0];
    if (length === undefined) throw new RangeError('An array without dimensions has no parts.');
    const source = this.fortranOrder ? this.toC() : this;
    const row = length === 0 ? 0 : source.data.length / length;
    const from = Math.min(Math.max(start, 0), length);
    const to = Math.min(Math.max(end, from), length);
    return new NdArray(
      this.descr,
      [to - from, ...this.shape.slice(1)],
      source.data.subarray(from * row, to * row),
    );
  }

  /** The same array with its elements in C order. */
  toC(): NdArray {
    if (!this.fortranOrder) return this;
    const { itemBytes } = dtypeParts(this.descr) as DtypeParts;
    const out = new Uint8Array(this.data.length);
    fortranPositions(this.shape).forEach((from, to) => {
      out.set(this.data.subarray(from * itemBytes, (from + 1) * itemBytes), to * itemBytes);
    });
    return new NdArray(this.descr, this.shape, out);
  }

  /** An array over the bytes of a typed array (no copy where the machine is little-endian, as all of ours are). */
  static of(values: NumericTypedArray, shape: readonly number[] = [values.length]): NdArray {
    return new NdArray(
      descrOf(values),
      shape,
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
  }
}

/** A single numpy value, e.g. numpy.float64. */
export class NumpyScalar {
  readonly descr: string;
  readonly data: Uint8Array;

  constructor(descr: string, data: Uint8Array) {
    const parts = dtypeParts(descr);
    if (!parts) throw new RangeError(`"${descr}" is no plain numpy type.`);
    if (data.length !== parts.itemBytes)
      throw new RangeError(`A value of type ${descr} takes ${parts.itemBytes} bytes, not ${data.length}.`);
    this.descr = descr;
    this.data = data;
  }

  get pyTypeName(): string {
    return `numpy.${dtypeName(this.descr)}`;
  }

  get value(): PyValue {
    return element(this.data, 0, dtypeParts(this.descr) as DtypeParts);
  }

  isTruthy(): boolean {
    const value = this.value;
    if (value instanceof PyComplex) return value.real !== 0 || value.imag !== 0;
    return typeof value === 'string'
      ? value !== ''
      : value instanceof Uint8Array
        ? value.length > 0
        : Number(value) !== 0;
  }

  static float64(value: number): NumpyScalar {
    return new NumpyScalar('<f8', new Uint8Array(new Float64Array([value]).buffer));
  }

  static int64(value: bigint): NumpyScalar {
    return new NumpyScalar('<i8', new Uint8Array(new BigInt64Array([value]).buffer));
  }
}

/** The type description of a typed array's elements. */
export function descrOf(values: NumericTypedArray): string {
  if (values instanceof Int8Array) return '|i1';
  if (values instanceof Int16Array) return '<i2';
  if (values instanceof Int32Array) return '<i4';
  if (values instanceof BigInt64Array) return '<i8';
  if (values instanceof Uint8Array) return '|u1';
  if (values instanceof Uint16Array) return '<u2';
  if (values instanceof Uint32Array) return '<u4';
  if (values instanceof BigUint64Array) return '<u8';
  return values instanceof Float32Array ? '<f4' : '<f8';
}

function element(data: Uint8Array, at: number, parts: DtypeParts): PyValue {
  const view = new DataView(data.buffer, data.byteOffset + at, parts.itemBytes);
  const little = parts.order !== '>';
  switch (parts.kind) {
    case 'b':
      return view.getUint8(0) !== 0;
    case 'i':
      return signed(view, parts.width, little);
    case 'u':
      return unsigned(view, parts.width, little);
    case 'f':
      return float(view, 0, parts.width, little);
    case 'c': {
      const half = parts.width / 2;
      return new PyComplex(float(view, 0, half, little), float(view, half, half, little));
    }
    case 'S':
      return trimmed(data.slice(at, at + parts.itemBytes));
    case 'U':
      return text(view, parts.width, little);
  }
}

function signed(view: DataView, width: number, little: boolean): bigint {
  if (width === 8) return view.getBigInt64(0, little);
  if (width === 4) return BigInt(view.getInt32(0, little));
  return BigInt(width === 2 ? view.getInt16(0, little) : view.getInt8(0));
}

function unsigned(view: DataView, width: number, little: boolean): bigint {
  if (width === 8) return view.getBigUint64(0, little);
  if (width === 4) return BigInt(view.getUint32(0, little));
  return BigInt(width === 2 ? view.getUint16(0, little) : view.getUint8(0));
}

function float(view: DataView, at: number, width: number, little: boolean): number {
  if (width === 8) return view.getFloat64(at, little);
  return width === 4 ? view.getFloat32(at, little) : half(view.getUint16(at, little));
}

/** IEEE 754 half precision. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function trimmed(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}

function text(view: DataView, width: number, little: boolean): string {
  let out = '';
  for (let i = 0; i < width; i++) {
    const point = view.getUint32(4 * i, little);
    if (point > 0x10ffff) throw new RangeError(`The text array holds ${point}, which is no character.`);
    out += String.fromCodePoint(point);
  }
  return out.replace(/\0+$/, '');
}

/** For each element in C order, its position in Fortran order. */
function fortranPositions(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const length of shape) {
    strides.push(stride);
    stride *= length;
  }
  let positions = [0];
  shape.forEach((length, axis) => {
    const step = strides[axis] as number;
    positions = positions.flatMap((base) => Array.from({ length }, (_, i) => base + i * step));
  });
  return positions;
}

function fromFortran(flat: readonly PyValue[], shape: readonly number[]): PyValue[] {
  return fortranPositions(shape).map((from) => flat[from] as PyValue);
}
