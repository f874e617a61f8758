/** Whole contents of drops, raw and as values (seed `dlg.droputils` and `dlg.drop_loaders`, spec/engine.md 7.1, 7.2). */
import { InvalidEncodingException } from '../protocol/index.ts';
import { DEFAULT_READ_BYTES, type DataDROP } from './data-drop.ts';
import type { AbstractDROP } from './drop.ts';
import { isNpy, readNpy, writeNpy } from './npy/index.ts';
import { readPickle, writePickle } from './pickle/index.ts';
import {
  NdArray,
  NumpyScalar,
  PyByteArray,
  PyComplex,
  PyDict,
  PyRange,
  PySet,
  PyTuple,
  typeName,
  type PyValue,
} from './pyrepr/index.ts';

/** All bytes of a COMPLETED drop, read `bufsize` bytes at a time. */
export function allDropContents(drop: DataDROP, bufsize?: number): Promise<Uint8Array> {
  return drop.contents(undefined, bufsize);
}

/** The bytes as they are. */
export function loadBinary(drop: DataDROP): Promise<Uint8Array> {
  return allDropContents(drop);
}

interface Container {
  readonly children: readonly AbstractDROP[];
}

/**
 * Copies the content of one drop into another, `bufsize` bytes at a time; of a container the contents of its children,
 * one after the other. Text goes into a text drop as text. Neither drop is completed.
 */
export async function copyDropContents(
  source: DataDROP,
  target: DataDROP,
  bufsize = DEFAULT_READ_BYTES,
): Promise<void> {
  const { children } = source as Partial<Container>;
  if (Array.isArray(children)) {
    for (const child of children) await copyDropContents(child as DataDROP, target, bufsize);
    return;
  }
  if (source.buftype !== 'str') {
    for await (const piece of source.stream(bufsize)) await target.writeOrThrow(piece);
    return;
  }
  const decoder = new TextDecoder();
  for await (const piece of source.stream(bufsize))
    await target.writeOrThrow(decoder.decode(piece, { stream: true }));
  const rest = decoder.decode();
  if (rest !== '') await target.writeOrThrow(rest);
}

/** A plain value as programs here write it: besides the values of Python, objects, maps and sets of such. */
export type PlainValue =
  | PyValue
  | undefined
  | readonly PlainValue[]
  | { readonly [name: string]: PlainValue }
  | ReadonlyMap<PyValue, PlainValue>
  | ReadonlySet<PyValue>;

/**
 * Writes a plain value as a pickle that Python reads. As everywhere, a bigint is an integer and a number a float; objects and
 * maps become dictionaries. Throws InvalidEncodingException for what is no plain value.
 */
export async function savePickle(drop: DataDROP, data: PlainValue): Promise<void> {
  await drop.writeOrThrow(writePickle(asPython(data, drop.uid)));
}

function asPython(value: unknown, uid: string): PyValue {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map((item) => asPython(item, uid));
  if (value instanceof Map)
    return new PyDict([...value].map(([key, item]) => [asPython(key, uid), asPython(item, uid)]));
  if (value instanceof Set) return new PySet([...value].map((item) => asPython(item, uid)));
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new InvalidEncodingException(`A ${typeof value} cannot be pickled into drop ${uid}.`);
  if (typeof value !== 'object') return value as PyValue;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null)
    return new PyDict(Object.entries(value).map(([name, item]) => [name, asPython(item, uid)]));
  if (PYTHON_CLASSES.some((Class) => value instanceof Class)) return value as PyValue;
  throw new InvalidEncodingException(
    `A ${value.constructor.name} cannot be pickled into drop ${uid}; plain data, bytes and NdArray can.`,
    { details: { uid } },
  );
}

const PYTHON_CLASSES = [
  Uint8Array,
  PyTuple,
  PyDict,
  PySet,
  PyComplex,
  PyRange,
  PyByteArray,
  NdArray,
  NumpyScalar,
];

/** The value of a pickle of plain data; null for an empty drop. Nothing but plain data is made from it. */
export async function loadPickle(drop: DataDROP): Promise<PyValue> {
  const bytes = await drop.contents();
  return bytes.length === 0 ? null : readPickle(bytes);
}

/** Writes an array in the npy format. */
export async function saveNpy(drop: DataDROP, array: NdArray): Promise<void> {
  await drop.writeOrThrow(writeNpy(array));
}

/** Upstream's other name. */
export const saveNumpy = saveNpy;

/**
 * The array of an npy file. With `allowPickle` also an array that was pickled, as `numpy.load` has it. Throws
 * InvalidEncodingException for everything else.
 */
export async function loadNpy(drop: DataDROP, allowPickle = false): Promise<NdArray> {
  const bytes = await drop.contents();
  if (isNpy(bytes) || !allowPickle) return readNpy(bytes);
  const value = readPickle(bytes);
  if (value instanceof NdArray) return value;
  throw new InvalidEncodingException(
    `Drop ${drop.uid} was to hold an array, but holds a pickled ${typeName(value)}.`,
    { details: { uid: drop.uid } },
  );
}

/** Upstream's other name; pickled arrays are taken, as there. */
export const loadNumpy = (drop: DataDROP) => loadNpy(drop, true);

/** The content as text. Throws InvalidEncodingException where it is not UTF-8. */
export async function loadUtf8(drop: DataDROP): Promise<string> {
  const bytes = await drop.contents();
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new InvalidEncodingException(`Drop ${drop.uid} was to hold UTF-8 text, but its bytes are none.`, {
      cause,
      details: { uid: drop.uid },
    });
  }
}

/** Writes bytes as they are. */
export async function saveBinary(drop: DataDROP, data: Uint8Array): Promise<void> {
  await drop.writeOrThrow(data);
}
