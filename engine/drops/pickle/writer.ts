/**
 * Writes plain data as protocol 4 pickles, byte for byte what CPython's C pickler writes for the same values.
 *
 * Python remembers objects by identity. Where JavaScript has none (texts, small bytes) the rule is that of values that
 * came from Python's json module: keys of dicts and texts of one character are one object, other equal texts are not.
 */
import { dtypeParts, NdArray, NumpyScalar, type DtypeParts } from '../pyrepr/ndarray.ts';
import {
  type PyByteArray,
  PyComplex,
  PyDict,
  PyRange,
  PySet,
  PyTuple,
  type PyValue,
} from '../pyrepr/values.ts';
import { Op } from './opcodes.ts';

const FRAME_TARGET = 64 * 1024;
const FRAME_MIN = 4;
const FRAME_HEADER = 9;
const BATCH = 1000;
const MAX_DEPTH = 2000;

/** The pickle of a plain value. Throws RangeError for values nested too deeply. */
export function writePickle(value: PyValue): Uint8Array {
  const writer = new PickleWriter();
  writer.whole(value);
  return writer.done();
}

type Key = object | string;

class PickleWriter {
  #out = Buffer.allocUnsafe(256);
  #length = 0;
  #frameStart = -1;
  #depth = 0;
  readonly #memo = new Map<Key, number>();

  whole(value: PyValue): void {
    this.#room(2);
    this.#out[this.#length++] = Op.PROTO;
    this.#out[this.#length++] = 4;
    this.#save(value);
    this.#op(Op.STOP);
    this.#closeFrame();
  }

  done(): Uint8Array {
    return new Uint8Array(this.#out.subarray(0, this.#length));
  }

  // --- output and frames -------------------------------------------------------------------------------------------

  #room(count: number): void {
    if (this.#length + count <= this.#out.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.#length + count));
    this.#out.copy(larger, 0, 0, this.#length);
    this.#out = larger;
  }

  #start(count: number): void {
    this.#room(count + FRAME_HEADER);
    if (this.#frameStart >= 0) return;
    this.#frameStart = this.#length;
    this.#length += FRAME_HEADER;
  }

  #op(op: number): void {
    this.#start(1);
    this.#out[this.#length++] = op;
  }

  #opByte(op: number, byte: number): void {
    this.#start(2);
    this.#out[this.#length++] = op;
    this.#out[this.#length++] = byte;
  }

  #opUint32(op: number, value: number): void {
    this.#start(5);
    this.#out[this.#length++] = op;
    this.#length = this.#out.writeUInt32LE(value, this.#length);
  }

  #raw(bytes: Uint8Array): void {
    this.#start(bytes.length);
    this.#out.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A header and its content; a large content stands outside of any frame. */
  #sized(header: Uint8Array, content: Uint8Array): void {
    if (content.length < FRAME_TARGET) {
      this.#raw(header);
      this.#raw(content);
      return;
    }
    this.#closeFrame();
    for (const part of [header, content]) {
      this.#room(part.length);
      this.#out.set(part, this.#length);
      this.#length += part.length;
    }
  }

  #closeFrame(): void {
    if (this.#frameStart < 0) return;
    const start = this.#frameStart;
    const length = this.#length - start - FRAME_HEADER;
    if (length >= FRAME_MIN) {
      this.#out[start] = Op.FRAME;
      this.#out.writeBigUInt64LE(BigInt(length), start + 1);
    } else {
      this.#out.copy(this.#out, start, start + FRAME_HEADER, this.#length);
      this.#length -= FRAME_HEADER;
    }
    this.#frameStart = -1;
  }

  #boundary(): void {
    if (this.#frameStart >= 0 && this.#length - this.#frameStart - FRAME_HEADER >= FRAME_TARGET)
      this.#closeFrame();
  }

  // --- memo --------------------------------------------------------------------------------------------------------

  #memoize(key: Key | undefined): void {
    this.#op(Op.MEMOIZE);
    this.#memo.set(key ?? {}, this.#memo.size);
  }

  /** Writes a reference to what was written before; false when it is new. */
  #recall(key: Key): boolean {
    const index = this.#memo.get(key);
    if (index === undefined) return false;
    if (index < 256) this.#opByte(Op.BINGET, index);
    else this.#opUint32(Op.LONG_BINGET, index);
    return true;
  }

  // --- values ------------------------------------------------------------------------------------------------------

  #save(value: PyValue, isKey = false): void {
    this.#boundary();
    if (++this.#depth > MAX_DEPTH) throw new RangeError('The value is nested too deeply to be pickled.');
    this.#saveAny(value, isKey);
    this.#depth--;
  }

  #saveAny(value: PyValue, isKey: boolean): void {
    if (value === null) return this.#op(Op.NONE);
    switch (typeof value) {
      case 'boolean':
        return this.#op(value ? Op.NEWTRUE : Op.NEWFALSE);
      case 'bigint':
        return this.#int(value);
      case 'number':
        return this.#float(value);
      case 'string':
        return this.#text(value, isKey || isSingleLatin(value));
      default:
        return this.#object(value);
    }
  }

  #int(value: bigint): void {
    if (value >= 0n && value < 256n) return this.#opByte(Op.BININT1, Number(value));
    if (value >= 0n && value < 65536n) {
      this.#start(3);
      this.#out[this.#length++] = Op.BININT2;
      this.#length = this.#out.writeUInt16LE(Number(value), this.#length);
      return;
    }
    if (value >= -(2n ** 31n) && value < 2n ** 31n) return this.#opUint32(Op.BININT, Number(value) >>> 0);
    const bytes = twosComplement(value);
    if (bytes.length < 256) this.#opByte(Op.LONG1, bytes.length);
    else this.#opUint32(Op.LONG4, bytes.length);
    this.#raw(bytes);
  }

  #float(value: number): void {
    this.#start(9);
    this.#out[this.#length++] = Op.BINFLOAT;
    this.#length = this.#out.writeDoubleBE(value, this.#length);
  }

  #text(value: string, isShared: boolean): void {
    const key = isShared ? `s${value}` : undefined;
    if (key !== undefined && this.#recall(key)) return;
    const bytes = Buffer.from(value, 'utf8');
    const header =
      bytes.length < 256
        ? Buffer.from([Op.SHORT_BINUNICODE, bytes.length])
        : header32(Op.BINUNICODE, bytes.length);
    this.#sized(header, bytes);
    this.#memoize(key);
  }

  #bytes(value: Uint8Array): void {
    const key: Key =
      value.length === 0 ? 'b' : value.length === 1 ? `b${String.fromCharCode(value[0] as number)}` : value;
    if (this.#recall(key)) return;
    const header =
      value.length < 256
        ? Buffer.from([Op.SHORT_BINBYTES, value.length])
        : header32(Op.BINBYTES, value.length);
    this.#sized(header, value);
    this.#memoize(key);
  }

  #object(value: Exclude<PyValue, null | boolean | bigint | number | string>): void {
    if (value instanceof Uint8Array) return this.#bytes(value);
    if (value instanceof PyTuple) return this.#tuple(value);
    if (this.#recall(value)) return;
    if (Array.isArray(value)) return this.#list(value);
    if (value instanceof PyDict) return this.#dict(value);
    if (value instanceof PySet) return this.#set(value);
    if (value instanceof NdArray) return this.#array(value);
    if (value instanceof NumpyScalar) return this.#scalar(value);
    if (value instanceof PyComplex)
      return this.#reduced('builtins', 'complex', [value.real, value.imag], value);
    if (value instanceof PyRange)
      return this.#reduced('builtins', 'range', [value.start, value.stop, value.step], value);
    return this.#byteArray(value);
  }

  #byteArray(value: PyByteArray): void {
    this.#reduced('builtins', 'bytearray', value.bytes.length ? [value.bytes] : [], value);
  }

  #tuple(value: PyTuple): void {
    const { items } = value;
    if (items.length === 0) return this.#op(Op.EMPTY_TUPLE);
    if (this.#recall(value)) return;
    if (items.length > 3) this.#op(Op.MARK);
    for (const item of items) this.#save(item);
    // A tuple that holds itself through a list was written while its items were.
    if (this.#memo.has(value)) {
      if (items.length > 3) this.#op(Op.POP_MARK);
      else for (const _ of items) this.#op(Op.POP);
      this.#recall(value);
      return;
    }
    this.#op(([0, Op.TUPLE1, Op.TUPLE2, Op.TUPLE3] as const)[items.length as 1 | 2 | 3] ?? Op.TUPLE);
    this.#memoize(value);
  }

  #list(value: PyValue[]): void {
    this.#op(Op.EMPTY_LIST);
    this.#memoize(value);
    if (value.length === 1) {
      this.#save(value[0] as PyValue);
      this.#op(Op.APPEND);
      return;
    }
    for (let at = 0; at < value.length; at += BATCH) {
      this.#op(Op.MARK);
      for (const item of value.slice(at, at + BATCH)) this.#save(item);
      this.#op(Op.APPENDS);
    }
  }

  #dict(value: PyDict): void {
    this.#op(Op.EMPTY_DICT);
    this.#memoize(value);
    const entries = value.entries();
    const single = entries.length === 1;
    for (let at = 0; at < entries.length; at += BATCH) {
      if (!single) this.#op(Op.MARK);
      for (const [key, item] of entries.slice(at, at + BATCH)) {
        this.#save(key, true);
        this.#save(item);
      }
      this.#op(single ? Op.SETITEM : Op.SETITEMS);
    }
  }

  #set(value: PySet): void {
    if (value.isFrozen) {
      this.#op(Op.MARK);
      for (const item of value.items) this.#save(item);
      this.#op(Op.FROZENSET);
      this.#memoize(value);
      return;
    }
    this.#op(Op.EMPTY_SET);
    this.#memoize(value);
    for (let at = 0; at < value.items.length; at += BATCH) {
      this.#op(Op.MARK);
      for (const item of value.items.slice(at, at + BATCH)) this.#save(item);
      this.#op(Op.ADDITEMS);
    }
  }

  // --- calls -------------------------------------------------------------------------------------------------------

  #global(module: string, name: string): void {
    const key = `g${module}.${name}`;
    if (this.#recall(key)) return;
    this.#text(module, true);
    this.#text(name, true);
    this.#op(Op.STACK_GLOBAL);
    this.#memoize(key);
  }

  #reduced(module: string, name: string, args: PyValue[], value: object): void {
    this.#boundary();
    this.#global(module, name);
    this.#save(new PyTuple(args));
    this.#op(Op.REDUCE);
    this.#memoize(value);
  }

  /** numpy's own form, with the module path of numpy 1 that every numpy can read. */
  #array(value: NdArray): void {
    const parts = dtypeParts(value.descr) as DtypeParts;
    this.#global('numpy.core.multiarray', '_reconstruct');
    this.#global('numpy', 'ndarray');
    this.#save(new PyTuple([0n]));
    this.#save(new Uint8Array([0x62]));
    this.#op(Op.TUPLE3);
    this.#memoize(undefined);
    this.#op(Op.REDUCE);
    this.#memoize(value);
    this.#op(Op.MARK);
    this.#save(1n);
    this.#save(new PyTuple(value.shape.map(BigInt)));
    this.#dtype(value.descr, parts);
    this.#save(value.fortranOrder);
    this.#save(value.data);
    this.#op(Op.TUPLE);
    this.#memoize(undefined);
    this.#op(Op.BUILD);
  }

  #scalar(value: NumpyScalar): void {
    this.#global('numpy.core.multiarray', 'scalar');
    this.#dtype(value.descr, dtypeParts(value.descr) as DtypeParts);
    this.#save(value.data);
    this.#op(Op.TUPLE2);
    this.#memoize(undefined);
    this.#op(Op.REDUCE);
    this.#memoize(value);
  }

  #dtype(descr: string, parts: DtypeParts): void {
    const key = `d${descr}`;
    if (this.#recall(key)) return;
    const isSized = parts.kind === 'S' || parts.kind === 'U';
    this.#global('numpy', 'dtype');
    this.#text(`${parts.kind}${parts.width}`, false);
    this.#op(Op.NEWFALSE);
    this.#op(Op.NEWTRUE);
    this.#op(Op.TUPLE3);
    this.#memoize(undefined);
    this.#op(Op.REDUCE);
    this.#memoize(key);
    this.#op(Op.MARK);
    this.#save(3n);
    this.#text(parts.order, true);
    for (let i = 0; i < 3; i++) this.#op(Op.NONE);
    this.#save(isSized ? BigInt(parts.itemBytes) : -1n);
    this.#save(isSized ? (parts.kind === 'U' ? 4n : 1n) : -1n);
    this.#save(isSized && parts.kind === 'U' ? 8n : 0n);
    this.#op(Op.TUPLE);
    this.#memoize(undefined);
    this.#op(Op.BUILD);
  }
}

/** Texts of which CPython keeps one object each. */
function isSingleLatin(text: string): boolean {
  return text.length === 0 || (text.length === 1 && text.charCodeAt(0) < 256);
}

function header32(op: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(5);
  header[0] = op;
  header.writeUInt32LE(length, 1);
  return header;
}

/** The shortest little-endian two's complement form. */
function twosComplement(value: bigint): Uint8Array {
  let bytes = 1;
  while (value < -(1n << BigInt(8 * bytes - 1)) || value >= 1n << BigInt(8 * bytes - 1)) bytes++;
  const hex = BigInt.asUintN(8 * bytes, value)
    .toString(16)
    .padStart(2 * bytes, '0');
  return Buffer.from(hex, 'hex').reverse();
}
