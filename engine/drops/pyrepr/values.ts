/**
 * Plain Python values in the Host. What has a JavaScript counterpart is one:
 *
 *     None null · bool boolean · int bigint · float number · str string · bytes Uint8Array · list array
 *
 * The rest are the small classes below. An integer is always a bigint and a float always a number: 5 and 5.0 are
 * different values to Python, in a repr, in a pickle and in a hash.
 */
import type { NdArray, NumpyScalar } from './ndarray.ts';

export type PyValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | PyValue[]
  | PyTuple
  | PyDict
  | PySet
  | PyComplex
  | PyRange
  | PyByteArray
  | NdArray
  | NumpyScalar;

export class PyTuple {
  readonly items: readonly PyValue[];
  constructor(items: readonly PyValue[]) {
    this.items = items;
  }
}

/** A dictionary in insertion order. Keys are compared as Python does for plain values. */
export class PyDict {
  readonly #entries: [key: PyValue, value: PyValue][] = [];
  readonly #index = new Map<string, number>();

  constructor(entries: Iterable<readonly [PyValue, PyValue]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#entries.length;
  }

  get(key: PyValue): PyValue | undefined {
    const at = this.#index.get(hashKey(key));
    return at === undefined ? undefined : this.#entries[at]?.[1];
  }

  set(key: PyValue, value: PyValue): void {
    const hash = hashKey(key);
    const at = this.#index.get(hash);
    if (at !== undefined) (this.#entries[at] as [PyValue, PyValue])[1] = value;
    else {
      this.#index.set(hash, this.#entries.length);
      this.#entries.push([key, value]);
    }
  }

  entries(): readonly (readonly [PyValue, PyValue])[] {
    return this.#entries;
  }
}

/** A set or frozenset in the order its items arrived. */
export class PySet {
  readonly #items: PyValue[] = [];
  readonly #seen = new Set<string>();
  readonly isFrozen: boolean;

  constructor(items: Iterable<PyValue>, isFrozen = false) {
    this.isFrozen = isFrozen;
    this.add(items);
  }

  get items(): readonly PyValue[] {
    return this.#items;
  }

  add(items: Iterable<PyValue>): void {
    for (const item of items) {
      const hash = hashKey(item);
      if (this.#seen.has(hash)) continue;
      this.#seen.add(hash);
      this.#items.push(item);
    }
  }
}

export class PyComplex {
  readonly real: number;
  readonly imag: number;
  constructor(real: number, imag: number) {
    this.real = real;
    this.imag = imag;
  }
}

export class PyRange {
  readonly start: bigint;
  readonly stop: bigint;
  readonly step: bigint;
  constructor(start: bigint, stop: bigint, step: bigint) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
}

export class PyByteArray {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/**
 * A text that is equal for keys Python holds equal: 1, 1.0 and True are one key. Throws TypeError for values that
 * cannot be keys, with the text Python has for it.
 */
export function hashKey(key: PyValue): string {
  if (key === null) return 'n';
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'boolean') return key ? 'i1' : 'i0';
  if (typeof key === 'bigint') return `i${key}`;
  if (typeof key === 'number') return Number.isInteger(key) ? `i${BigInt(key)}` : `f${key}`;
  if (key instanceof Uint8Array) return `b${Buffer.from(key).toString('latin1')}`;
  if (key instanceof PyTuple) return `t${JSON.stringify(key.items.map(hashKey))}`;
  if (key instanceof PyComplex) return key.imag === 0 ? hashKey(key.real) : `c${key.real},${key.imag}`;
  if (key instanceof PySet && key.isFrozen) return `z${JSON.stringify(key.items.map(hashKey).sort())}`;
  if (key instanceof PyRange) return `r${key.start},${key.stop},${key.step}`;
  throw new TypeError(`unhashable type: '${typeName(key)}'`);
}

/** The name Python has for the type of a value. */
export function typeName(value: PyValue): string {
  if (value === null) return 'NoneType';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    case 'string':
      return 'str';
    default:
  }
  if (value instanceof Uint8Array) return 'bytes';
  if (Array.isArray(value)) return 'list';
  if (value instanceof PyTuple) return 'tuple';
  if (value instanceof PyDict) return 'dict';
  if (value instanceof PySet) return value.isFrozen ? 'frozenset' : 'set';
  if (value instanceof PyComplex) return 'complex';
  if (value instanceof PyRange) return 'range';
  if (value instanceof PyByteArray) return 'bytearray';
  return value.pyTypeName;
}

/** A JSON value as Python's json module reads it: whole numbers are integers. (JSON.parse lost "5.0" long before.) */
export function fromJson(json: unknown): PyValue {
  if (json === null || json === undefined) return null;
  if (typeof json === 'boolean' || typeof json === 'string') return json;
  if (typeof json === 'number') return Number.isSafeInteger(json) ? BigInt(json) : json;
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json === 'object') return new PyDict(Object.entries(json).map(([k, v]) => [k, fromJson(v)]));
  throw new TypeError(`A JSON value was expected, not a ${typeof json}.`);
}

/** The number of a bool, int or float; undefined for everything else. */
export function asNumber(value: PyValue): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return undefined;
}

/** Python's truth of a value. */
export function isTruthy(value: PyValue): boolean {
  if (value === null) return false;
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'bigint':
      return value !== 0n;
    case 'number':
      return value !== 0;
    case 'string':
      return value !== '';
    default:
  }
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length > 0;
  if (value instanceof PyTuple || value instanceof PySet) return value.items.length > 0;
  if (value instanceof PyDict) return value.size > 0;
  if (value instanceof PyComplex) return value.real !== 0 || value.imag !== 0;
  if (value instanceof PyRange) return value.step > 0n ? value.start < value.stop : value.start > value.stop;
  if (value instanceof PyByteArray) return value.bytes.length > 0;
  return value.isTruthy();
}
