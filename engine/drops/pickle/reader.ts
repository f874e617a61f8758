/** Reads plain data from pickles of protocols 0 to 5. Nothing in a pickle can run code here. */
import { NdArray } from '../pyrepr/ndarray.ts';
import { PyByteArray, PyDict, PySet, PyTuple, type PyValue } from '../pyrepr/values.ts';
import { parseLiteral } from '../pyrepr/literal.ts';
import { BadPickle, NeedsPython } from './errors.ts';
import {
  applyState,
  ArrayDraft,
  callGlobal,
  DtypeDraft,
  GlobalName,
  globalName,
  type StackValue,
} from './globals.ts';
import { Op } from './opcodes.ts';

const MARK = Symbol('mark');
type Slot = StackValue | typeof MARK;

/** How many values a pickle may make: bounds what a small hostile pickle can blow up to. */
const MAX_VALUES = 50_000_000;

/**
 * The value of a pickle. Bytes after its end are ignored, as Python does.
 *
 * Throws NeedsPython where it holds anything but plain data, BadPickle where it is damaged or no pickle at all.
 */
export function readPickle(data: Uint8Array): PyValue {
  return new PickleReader(data).read();
}

class PickleReader {
  readonly #data: Buffer;
  #at = 0;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, StackValue>();
  #made = 0;

  constructor(data: Uint8Array) {
    this.#data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  }

  read(): PyValue {
    for (;;) {
      const op = this.#byte('an opcode');
      if (op === Op.STOP) return finished(this.#pop());
      if (++this.#made > MAX_VALUES) throw new BadPickle('a pickle of fewer values', this.#at);
      const act = ACTIONS.get(op);
      if (!act) throw this.#unknown(op);
      act(this);
    }
  }

  #unknown(op: number): Error {
    if (OBJECT_OPS.has(op)) return new NeedsPython('objects of classes');
    return new BadPickle('a known opcode', this.#at - 1);
  }

  // --- input -------------------------------------------------------------------------------------------------------

  #need(count: number, what: string): void {
    if (count < 0 || this.#at + count > this.#data.length) throw new BadPickle(what, this.#at);
  }

  #byte(what: string): number {
    this.#need(1, what);
    return this.#data[this.#at++] as number;
  }

  uint(bytes: 1 | 2 | 4): number {
    this.#need(bytes, 'a number');
    const value = this.#data.readUIntLE(this.#at, bytes);
    this.#at += bytes;
    return value;
  }

  int32(): number {
    this.#need(4, 'a number');
    this.#at += 4;
    return this.#data.readInt32LE(this.#at - 4);
  }

  length8(): number {
    this.#need(8, 'a length');
    const value = this.#data.readBigUInt64LE(this.#at);
    this.#at += 8;
    if (value > BigInt(this.#data.length)) throw new BadPickle('a length within the data', this.#at - 8);
    return Number(value);
  }

  double(): number {
    this.#need(8, 'a float');
    this.#at += 8;
    return this.#data.readDoubleBE(this.#at - 8);
  }

  bytes(count: number): Uint8Array {
    this.#need(count, `${count} bytes`);
    this.#at += count;
    return new Uint8Array(this.#data.subarray(this.#at - count, this.#at));
  }

  text(count: number): string {
    this.#need(count, `text of ${count} bytes`);
    this.#at += count;
    return this.#data.toString('utf8', this.#at - count, this.#at);
  }

  line(): string {
    const end = this.#data.indexOf(0x0a, this.#at);
    if (end < 0) throw new BadPickle('a line', this.#at);
    const line = this.#data.toString('latin1', this.#at, end);
    this.#at = end + 1;
    return line;
  }

  // --- stack and memo ----------------------------------------------------------------------------------------------

  push(value: Slot): void {
    this.#stack.push(value);
  }

  pushMark(): void {
    this.#stack.push(MARK);
  }

  #pop(): StackValue {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw new BadPickle('a value on the stack', this.#at);
    return value;
  }

  pop(): StackValue {
    return this.#pop();
  }

  /** Drops the top, a mark included. */
  drop(): void {
    this.#stack.pop();
  }

  top(): StackValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw new BadPickle('a value on the stack', this.#at);
    return value;
  }

  /** Everything above the last mark; the mark goes too. */
  popToMark(): StackValue[] {
    const at = this.#stack.lastIndexOf(MARK);
    if (at < 0) throw new BadPickle('a mark on the stack', this.#at);
    const values = this.#stack.splice(at);
    values.shift();
    return values as StackValue[];
  }

  put(index: number): void {
    this.#memo.set(index, this.top());
  }

  memoize(): void {
    this.#memo.set(this.#memo.size, this.top());
  }

  get(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw new BadPickle(`a remembered value ${index}`, this.#at);
    this.push(value);
  }

  bad(expected: string): BadPickle {
    return new BadPickle(expected, this.#at);
  }
}

/** Turns drafts into values, wherever they are inside containers. */
function finished(value: StackValue): PyValue {
  if (value instanceof ArrayDraft) {
    if (!value.array) throw new NeedsPython('an array without content');
    return value.array;
  }
  if (value instanceof DtypeDraft) throw new NeedsPython('a numpy type as a value');
  if (value instanceof GlobalName) throw new NeedsPython(`"${value.name}" as a value`);
  return value;
}

function tuple(reader: PickleReader, items: readonly StackValue[]): void {
  // A tuple cannot be finished later, so its arrays must be; those of numpy's own calls never are drafts.
  reader.push(
    new PyTuple(items.map((item) => (item instanceof ArrayDraft ? finished(item) : (item as PyValue)))),
  );
}

function append(reader: PickleReader, items: readonly StackValue[]): void {
  const list = reader.top();
  if (!Array.isArray(list)) throw new NeedsPython('an object that is filled like a list');
  for (const item of items) list.push(finished(item));
}

function setItems(reader: PickleReader, items: readonly StackValue[]): void {
  const dict = reader.top();
  if (!(dict instanceof PyDict)) throw new NeedsPython('an object that is filled like a dict');
  if (items.length % 2) throw reader.bad('a value for each key');
  for (let i = 0; i < items.length; i += 2)
    dict.set(asKey(items[i] as StackValue), finished(items[i + 1] as StackValue));
}

function asKey(value: StackValue): PyValue {
  const key = finished(value);
  if (key instanceof NdArray) throw new NeedsPython('an unusual key of a dict');
  return key;
}

/** A little-endian two's complement integer of any length. */
function longOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  const hex = Buffer.from(bytes).reverse().toString('hex');
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`));
}

function decimal(reader: PickleReader, text: string): bigint {
  if (!/^[+-]?\d+$/.test(text.trim())) throw reader.bad('a decimal number');
  return BigInt(text.trim());
}

/** The texts of protocol 0: `\uXXXX` and `\UXXXXXXXX` are escapes, the rest is Latin-1. */
function rawUnicode(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, four?: string, eight?: string) =>
    String.fromCodePoint(parseInt(four ?? (eight as string), 16)),
  );
}

function quoted(reader: PickleReader, line: string): string {
  const value = parseLiteral(line.trim());
  if (typeof value !== 'string') throw reader.bad('a quoted text');
  return value;
}

const OBJECT_OPS = new Set<number>([
  Op.PERSID,
  Op.BINPERSID,
  Op.INST,
  Op.OBJ,
  Op.NEWOBJ,
  Op.NEWOBJ_EX,
  Op.EXT1,
  Op.EXT2,
  Op.EXT4,
  Op.NEXT_BUFFER,
  Op.READONLY_BUFFER,
]);

type Action = (r: PickleReader) => void;

function addToSet(r: PickleReader): void {
  const items = r.popToMark().map(finished);
  const set = r.top();
  if (!(set instanceof PySet)) throw r.bad('a set');
  set.add(items);
}

function textGlobal(r: PickleReader): void {
  const module = r.line();
  r.push(globalName(module, r.line()));
}

function stackGlobal(r: PickleReader): void {
  const name = r.pop();
  const module = r.pop();
  if (typeof name !== 'string' || typeof module !== 'string') throw r.bad('a name');
  r.push(globalName(module, name));
}

function reduce(r: PickleReader): void {
  const args = r.pop();
  r.push(callGlobal(r.pop(), args));
}

function build(r: PickleReader): void {
  const state = r.pop();
  applyState(r.top(), state);
}

function intLine(r: PickleReader): void {
  const line = r.line();
  r.push(line === '01' ? true : line === '00' ? false : decimal(r, line));
}

function floatLine(r: PickleReader): void {
  const line = r.line().trim();
  const special: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity };
  const value = special[line] ?? Number(line);
  if (line === '' || (Number.isNaN(value) && line !== 'nan')) throw r.bad('a float');
  r.push(value);
}

const ACTIONS = new Map<number, Action>([
  [Op.PROTO, (r) => void (r.uint(1) > 5 && fail(r.bad('a protocol up to 5')))],
  [Op.FRAME, (r) => void r.length8()],
  [Op.MARK, (r) => r.pushMark()],
  [Op.POP, (r) => r.drop()],
  [Op.POP_MARK, (r) => void r.popToMark()],
  [Op.DUP, (r) => r.push(r.top())],
  [Op.NONE, (r) => r.push(null)],
  [Op.NEWTRUE, (r) => r.push(true)],
  [Op.NEWFALSE, (r) => r.push(false)],
  [Op.INT, intLine],
  [Op.BININT, (r) => r.push(BigInt(r.int32()))],
  [Op.BININT1, (r) => r.push(BigInt(r.uint(1)))],
  [Op.BININT2, (r) => r.push(BigInt(r.uint(2)))],
  [Op.LONG, (r) => r.push(decimal(r, r.line().replace(/L$/, '')))],
  [Op.LONG1, (r) => r.push(longOf(r.bytes(r.uint(1))))],
  [Op.LONG4, (r) => r.push(longOf(r.bytes(r.int32())))],
  [Op.FLOAT, floatLine],
  [Op.BINFLOAT, (r) => r.push(r.double())],
  [Op.STRING, (r) => r.push(quoted(r, r.line()))],
  [Op.BINSTRING, (r) => r.push(Buffer.from(r.bytes(r.int32())).toString('latin1'))],
  [Op.SHORT_BINSTRING, (r) => r.push(Buffer.from(r.bytes(r.uint(1))).toString('latin1'))],
  [Op.UNICODE, (r) => r.push(rawUnicode(r.line()))],
  [Op.SHORT_BINUNICODE, (r) => r.push(r.text(r.uint(1)))],
  [Op.BINUNICODE, (r) => r.push(r.text(r.uint(4)))],
  [Op.BINUNICODE8, (r) => r.push(r.text(r.length8()))],
  [Op.SHORT_BINBYTES, (r) => r.push(r.bytes(r.uint(1)))],
  [Op.BINBYTES, (r) => r.push(r.bytes(r.uint(4)))],
  [Op.BINBYTES8, (r) => r.push(r.bytes(r.length8()))],
  [Op.BYTEARRAY8, (r) => r.push(new PyByteArray(r.bytes(r.length8())))],
  [Op.EMPTY_LIST, (r) => r.push([])],
  [Op.LIST, (r) => r.push(r.popToMark().map(finished))],
  [Op.APPEND, (r) => appendOne(r)],
  [Op.APPENDS, (r) => appendMany(r)],
  [Op.EMPTY_TUPLE, (r) => tuple(r, [])],
  [Op.TUPLE1, (r) => tupleOf(r, 1)],
  [Op.TUPLE2, (r) => tupleOf(r, 2)],
  [Op.TUPLE3, (r) => tupleOf(r, 3)],
  [Op.TUPLE, (r) => tuple(r, r.popToMark())],
  [Op.EMPTY_DICT, (r) => r.push(new PyDict())],
  [Op.DICT, (r) => dictOf(r)],
  [Op.SETITEM, (r) => setItem(r)],
  [Op.SETITEMS, (r) => setMany(r)],
  [Op.EMPTY_SET, (r) => r.push(new PySet([]))],
  [Op.ADDITEMS, addToSet],
  [Op.FROZENSET, (r) => r.push(new PySet(r.popToMark().map(finished), true))],
  [Op.PUT, (r) => r.put(Number(decimal(r, r.line())))],
  [Op.BINPUT, (r) => r.put(r.uint(1))],
  [Op.LONG_BINPUT, (r) => r.put(r.uint(4))],
  [Op.MEMOIZE, (r) => r.memoize()],
  [Op.GET, (r) => r.get(Number(decimal(r, r.line())))],
  [Op.BINGET, (r) => r.get(r.uint(1))],
  [Op.LONG_BINGET, (r) => r.get(r.uint(4))],
  [Op.GLOBAL, textGlobal],
  [Op.STACK_GLOBAL, stackGlobal],
  [Op.REDUCE, reduce],
  [Op.BUILD, build],
]);

function fail(error: Error): never {
  throw error;
}

function appendOne(r: PickleReader): void {
  const item = r.pop();
  append(r, [item]);
}

function appendMany(r: PickleReader): void {
  const items = r.popToMark();
  append(r, items);
}

function tupleOf(r: PickleReader, count: number): void {
  const items: StackValue[] = [];
  for (let i = 0; i < count; i++) items.unshift(r.pop());
  tuple(r, items);
}

function dictOf(r: PickleReader): void {
  const items = r.popToMark();
  r.push(new PyDict());
  setItems(r, items);
}

function setItem(r: PickleReader): void {
  const value = r.pop();
  const key = r.pop();
  setItems(r, [key, value]);
}

function setMany(r: PickleReader): void {
  const items = r.popToMark();
  setItems(r, items);
}
