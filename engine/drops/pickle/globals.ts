/**
 * The only names a pickle may call here, each standing for a constructor of plain data. Nothing is looked up anywhere:
 * a name that is not in this file cannot be reached.
 */
import { dtypeParts, NdArray, NumpyScalar } from '../pyrepr/ndarray.ts';
import { PyByteArray, PyComplex, PyRange, PySet, PyTuple, type PyValue } from '../pyrepr/values.ts';
import { NeedsPython } from './errors.ts';

/** A dtype being read: its description grows when its state arrives. */
export class DtypeDraft {
  descr: string;
  constructor(descr: string) {
    this.descr = descr;
  }
}

/** An array whose state (shape, type, bytes) arrives after it was made. */
export class ArrayDraft {
  array: NdArray | undefined;
}

/** A name on the stack, waiting to be called. */
export class GlobalName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export type StackValue = PyValue | DtypeDraft | ArrayDraft | GlobalName;

const CALLABLE = new Map<string, (args: readonly StackValue[]) => StackValue | undefined>([
  ['builtins.set', ([items]) => (items === undefined ? new PySet([]) : asSet(items, false))],
  ['builtins.frozenset', ([items]) => (items === undefined ? new PySet([], true) : asSet(items, true))],
  ['builtins.complex', complex],
  ['builtins.range', range],
  ['builtins.bytearray', bytearray],
  ['builtins.bytes', ([first]) => (first === undefined ? new Uint8Array(0) : undefined)],
  ['_codecs.encode', encode],
  ['numpy.dtype', dtype],
  ['numpy.multiarray._reconstruct', () => new ArrayDraft()],
  ['numpy.multiarray.scalar', scalar],
  ['numpy.numeric._frombuffer', fromBuffer],
]);

/** Names that may be mentioned as arguments though they are never called here. */
const MENTIONED = new Set(['numpy.ndarray']);

/** numpy 1 and 2, Python 2 and 3 call the same things by different names. */
function canonical(module: string, name: string): string {
  const place = module.replace(/^__builtin__$/, 'builtins').replace(/^numpy\.(?:core|_core)\./, 'numpy.');
  return `${place}.${name}`;
}

/** The name `module.name` as a stack value. Throws NeedsPython for anything but constructors of plain data. */
export function globalName(module: string, name: string): GlobalName {
  const key = canonical(module, name);
  if (!CALLABLE.has(key) && !MENTIONED.has(key)) throw new NeedsPython(`"${module}.${name}"`);
  return new GlobalName(key);
}

/** The result of calling `target` with `args`. */
export function callGlobal(target: StackValue, args: StackValue): StackValue {
  if (!(target instanceof GlobalName) || !(args instanceof PyTuple))
    throw new NeedsPython('a call of something that is no plain constructor');
  const made = CALLABLE.get(target.name)?.(args.items);
  if (made === undefined) throw new NeedsPython(`"${target.name}" with unusual arguments`);
  return made;
}

function asSet(items: StackValue, isFrozen: boolean): PySet | undefined {
  if (Array.isArray(items)) return new PySet(items, isFrozen);
  return items instanceof PyTuple || items instanceof PySet ? new PySet(items.items, isFrozen) : undefined;
}

function complex([real, imag]: readonly StackValue[]): PyComplex | undefined {
  return typeof real === 'number' && typeof imag === 'number' ? new PyComplex(real, imag) : undefined;
}

function range([start, stop, step]: readonly StackValue[]): PyRange | undefined {
  return typeof start === 'bigint' && typeof stop === 'bigint' && typeof step === 'bigint'
    ? new PyRange(start, stop, step)
    : undefined;
}

function bytearray([content, encoding]: readonly StackValue[]): PyByteArray | undefined {
  if (content === undefined) return new PyByteArray(new Uint8Array(0));
  if (content instanceof Uint8Array) return new PyByteArray(content);
  return typeof content === 'string' && encoding === 'latin-1'
    ? new PyByteArray(new Uint8Array(Buffer.from(content, 'latin1')))
    : undefined;
}

/** How protocols below 3 write bytes: as text to be encoded in Latin-1. */
function encode([text, encoding]: readonly StackValue[]): Uint8Array | undefined {
  return typeof text === 'string' && (encoding === 'latin1' || encoding === 'latin-1')
    ? new Uint8Array(Buffer.from(text, 'latin1'))
    : undefined;
}

function dtype([code]: readonly StackValue[]): DtypeDraft {
  const text = code instanceof Uint8Array ? Buffer.from(code).toString('latin1') : code;
  if (typeof text !== 'string') throw new NeedsPython('an array of a composed type');
  return new DtypeDraft(/^[<>|=]/.test(text) ? text.replace('=', '<') : `|${text}`);
}

function scalar([type, data]: readonly StackValue[]): NumpyScalar | undefined {
  return type instanceof DtypeDraft && data instanceof Uint8Array
    ? new NumpyScalar(plainDescr(type), data)
    : undefined;
}

function fromBuffer([data, type, shape, order]: readonly StackValue[]): NdArray | undefined {
  const bytes = data instanceof PyByteArray ? data.bytes : data;
  if (!(bytes instanceof Uint8Array) || !(type instanceof DtypeDraft) || !(shape instanceof PyTuple))
    return undefined;
  return new NdArray(plainDescr(type), shape.items.map(Number), bytes, order === 'F');
}

function plainDescr(draft: DtypeDraft): string {
  if (!dtypeParts(draft.descr)) throw new NeedsPython(`numpy values of type "${draft.descr}"`);
  return draft.descr;
}

/** Applies a state (opcode BUILD) to a dtype or an array. */
export function applyState(target: StackValue, state: StackValue): void {
  if (target instanceof DtypeDraft && state instanceof PyTuple) return applyDtypeState(target, state);
  if (target instanceof ArrayDraft && state instanceof PyTuple) return applyArrayState(target, state);
  throw new NeedsPython('an object with a state of its own');
}

/** State: version, byte order, sub-array, names, fields, item size, alignment, flags. */
function applyDtypeState(target: DtypeDraft, state: PyTuple): void {
  const [, order, subarray, names, fields, itemBytes] = state.items;
  if (subarray !== null || names !== null || fields !== null)
    throw new NeedsPython('a numpy array of records');
  const code = target.descr.slice(1);
  const sign = order instanceof Uint8Array ? Buffer.from(order).toString('latin1') : order;
  if (typeof sign !== 'string') throw new NeedsPython('a numpy type without byte order');
  const kind = code[0] ?? '';
  const size = kind === 'S' ? `S${Number(itemBytes)}` : kind === 'U' ? `U${Number(itemBytes) / 4}` : code;
  target.descr = `${sign === '=' ? '<' : sign}${size}`;
}

/** State: version, shape, dtype, whether Fortran order, bytes. */
function applyArrayState(target: ArrayDraft, state: PyTuple): void {
  const [, shape, type, fortran, data] = state.items as readonly StackValue[];
  if (!(type instanceof DtypeDraft) || !(shape instanceof PyTuple) || !(data instanceof Uint8Array))
    throw new NeedsPython('a numpy array of objects');
  const isFortran = fortran === true || fortran === 1n;
  target.array = new NdArray(plainDescr(type), shape.items.map(Number), data, isFortran);
}
