import { ByteReader } from '../graph/index.ts';
import type { ByteSource } from './byte-source.ts';
import { GPGTException, GraphException } from './errors.ts';

/** One element of a physical graph's list: where it stands in a window of its text. */
export interface Element {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Number of the element in the list, from 0. */
  readonly index: number;
}

const WINDOW_BYTES = 1 << 22;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** A window that moves over a source: bytes before `at` are let go. */
class Window {
  bytes: Uint8Array;
  at = 0;
  readonly #source: ByteSource;
  readonly #size: number;
  #base = 0;

  constructor(source: ByteSource, size: number) {
    this.#source = source;
    this.#size = size;
    this.bytes = source.read(0, size);
    if (this.bytes[0] === 0xef && this.bytes[1] === 0xbb && this.bytes[2] === 0xbf) this.at = 3;
  }

  /** The next byte that is no white space; -1 at the end. */
  peek(): number {
    for (;;) {
      const { bytes } = this;
      let c = bytes[this.at];
      while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) c = bytes[++this.at];
      if (c !== undefined) return c;
      if (!this.more()) return -1;
    }
  }

  /** Moves on so that the window starts at `at` and holds more of what follows; false when there is no more. */
  more(): boolean {
    const left = this.bytes.length - this.at;
    if (this.#base + this.bytes.length >= this.#source.sizeBytes) return false;
    this.#base += this.at;
    this.at = 0;
    this.bytes = this.#source.read(this.#base, Math.max(this.#size, 2 * left));
    return this.bytes.length > left;
  }

  fail(what: string): never {
    throw new GraphException(
      'not-json',
      `Expected a physical graph as JSON, found that ${what} at byte ${this.#base + this.at}. Check the file.`,
      {},
      'GRAPH_NOT_JSON',
    );
  }
}

/**
 * The elements of a physical graph's list, one after the other, without the rest of the text being held. Accepts
 * `[name, [drops]]` too (spec/translator.md 8). Only brackets and quotes are looked at: what is inside an element is
 * checked by whoever reads it. Throws `not-json` naming the byte, `pgt-malformed` for an element that is no object.
 */
export function* elementsOf(source: ByteSource): Generator<Element, void, undefined> {
  const window = new Window(source, source.windowBytes ?? WINDOW_BYTES);
  if (window.peek() !== OPEN_LIST) window.fail('no list begins');
  window.at++;
  const isNamed = window.peek() === QUOTE;
  if (isNamed) {
    window.at = endInside(window);
    if (window.peek() !== COMMA) window.fail('no comma stands behind the name');
    window.at++;
    if (window.peek() !== OPEN_LIST) window.fail('no list follows the name');
    window.at++;
  }
  for (let index = 0; ; index++) {
    const c = window.peek();
    if (c === CLOSE_LIST && index === 0) break;
    if (c === -1) window.fail('the text ends inside the list');
    if (c !== OPEN_OBJECT) {
      throw new GPGTException(
        'pgt-malformed',
        `Expected element ${index + 1} of the physical graph to be a drop (an object), found "${String.fromCharCode(c)}".`,
      );
    }
    const end = endInside(window);
    yield { bytes: window.bytes, start: window.at, end, index };
    window.at = end;
    const after = window.peek();
    if (after === CLOSE_LIST) break;
    if (after !== COMMA) window.fail(after === -1 ? 'the text ends inside the list' : 'a comma is missing');
    window.at++;
  }
  window.at++;
  if (isNamed) {
    if (window.peek() !== CLOSE_LIST) window.fail('the outer list does not end');
    window.at++;
  }
  if (window.peek() !== -1) window.fail('there is text behind the list');
}

/** End of the value that starts at the window's place, reading on as far as it takes. */
function endInside(window: Window): number {
  for (;;) {
    const end = endOfValue(window.bytes, window.at);
    if (end > 0) return end;
    if (!window.more()) window.fail('the text ends inside a drop');
  }
}

/** End of the object or text at `start`; -1 when the bytes end first. */
function endOfValue(bytes: Uint8Array, start: number): number {
  let depth = 0;
  const { length } = bytes;
  for (let i = start; i < length; i++) {
    const c = bytes[i];
    if (c === QUOTE) {
      for (i++; i < length; i++) {
        const s = bytes[i];
        if (s === BACKSLASH) i++;
        else if (s === QUOTE) break;
      }
      if (i >= length) return -1;
      if (depth === 0) return i + 1;
    } else if (c === OPEN_OBJECT || c === OPEN_LIST) depth++;
    else if (c === CLOSE_OBJECT || c === CLOSE_LIST) {
      depth--;
      if (depth === 0) return i + 1;
    }
  }
  return -1;
}

/** Keys of a drop that partitioning and mapping look at. */
const WANTED = [
  'oid',
  'name',
  'node',
  'island',
  'categoryType',
  'type',
  'weight',
  'num_cpus',
  'lg_key',
  'dropclass',
  'outputs',
  'consumers',
  'streamingConsumers',
  'exclusive_force_node',
  'rmode',
] as const;
export type WantedKey = (typeof WANTED)[number];
const WANTED_BY_LENGTH = new Map<number, readonly WantedKey[]>();
for (const key of WANTED)
  WANTED_BY_LENGTH.set(key.length, [...(WANTED_BY_LENGTH.get(key.length) ?? []), key]);

/** Reads elements of one list; the reader is made anew only when the window has moved. */
export class ElementReader {
  #reader: ByteReader | undefined;

  /**
   * Checks the syntax of an element and reports the values of the keys that matter here, in the order in which they
   * stand. Throws GRAPH_NOT_JSON naming the drop.
   */
  read(element: Element, visit: (key: WantedKey, start: number, end: number) => void): void {
    if (this.#reader?.bytes !== element.bytes) this.#reader = new ByteReader(element.bytes);
    const reader = this.#reader;
    reader.place = () => `element ${element.index + 1} of the list`;
    reader.pos = element.start + 1;
    if (reader.accept(CLOSE_OBJECT)) return;
    do {
      reader.readKey();
      const key = wantedKey(reader);
      reader.peek();
      const start = reader.pos;
      reader.skipValue(1);
      if (key !== undefined) visit(key, start, reader.pos);
    } while (reader.accept(COMMA));
    reader.expect(CLOSE_OBJECT);
  }
}

/** The key just read, if it is one of those wanted; compared byte by byte, as most are not. */
function wantedKey({ bytes, stringStart, stringEnd }: ByteReader): WantedKey | undefined {
  const candidates = WANTED_BY_LENGTH.get(stringEnd - stringStart);
  if (candidates === undefined) return undefined;
  search: for (const key of candidates) {
    for (let k = 0; k < key.length; k++) {
      if (bytes[stringStart + k] !== key.charCodeAt(k)) continue search;
    }
    return key;
  }
  return undefined;
}

/** The value at a place in the text that was read before; undefined for what only Python's JSON has, such as NaN. */
export function valueAt(bytes: Uint8Array, start: number, end: number): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
