/**
 * A validating reader of JSON bytes that makes no objects: it walks over UTF-8 text and reports where things are. The
 * dialect is Python's `json`: NaN, Infinity and -Infinity are numbers too (spec/managers.md 3.1).
 */
import { InvalidGraphException } from '../protocol/index.ts';

/** Nesting deeper than this is refused before any stack is in danger. */
export const MAX_DEPTH = 512;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const PROTO = Buffer.from('__proto__');

/** A stretch of bytes: where it starts in the text, and its length. */
export interface Span {
  start: number;
  length: number;
}

export class ByteReader {
  readonly bytes: Uint8Array;
  pos = 0;
  /** The string that `readString` last passed over: its bytes without the quotes. */
  stringStart = 0;
  stringEnd = 0;
  stringEscaped = false;
  /** Set when a NaN or Infinity was met: such text is not plain JSON. */
  sawNonFinite = false;
  /** Names the place for error messages: the drop that is being read. */
  place: () => string = () => '';

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.pos = 3;
  }

  /** Moves past white space and returns the next byte, or -1 at the end. */
  peek(): number {
    const { bytes } = this;
    let c = bytes[this.pos];
    while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) c = bytes[++this.pos];
    return c ?? -1;
  }

  expect(byte: number): void {
    const found = this.peek();
    if (found !== byte) this.fail(`"${String.fromCharCode(byte)}" was expected`);
    this.pos++;
  }

  /** Whether the next byte is this one; passes over it if so. */
  accept(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.pos++;
    return true;
  }

  /** Passes over a string and notes where its contents are. */
  readString(): void {
    if (this.peek() !== QUOTE) this.fail('a text in double quotes was expected');
    const { bytes } = this;
    let i = this.pos + 1;
    this.stringStart = i;
    this.stringEscaped = false;
    for (;;) {
      const c = bytes[i];
      // Letters and digits first: they are most of all text.
      if ((c as number) > QUOTE && c !== BACKSLASH) i++;
      else if (c === QUOTE) break;
      else if (c === BACKSLASH) {
        this.stringEscaped = true;
        i = this.#escape(i);
      } else if (c === undefined) {
        this.pos = i;
        this.fail('the text ends inside a string');
      } else if (c < 0x20) {
        this.pos = i;
        this.fail('a control character stands inside a string; write it as an escape');
      } else i++;
    }
    this.stringEnd = i;
    this.pos = i + 1;
  }

  #escape(at: number): number {
    const c = this.bytes[at + 1];
    if (c === 0x75) {
      for (let k = 2; k < 6; k++) {
        const h = this.bytes[at + k] ?? 0;
        const hex = (h >= 0x30 && h <= 0x39) || (h >= 0x41 && h <= 0x46) || (h >= 0x61 && h <= 0x66);
        if (!hex) {
          this.pos = at;
          this.fail('\\u must be followed by four hexadecimal digits');
        }
      }
      return at + 6;
    }
    if (c === undefined || !'"\\/bfnrt'.includes(String.fromCharCode(c))) {
      this.pos = at;
      this.fail('a backslash must be followed by one of "\\/bfnrtu');
    }
    return at + 2;
  }

  /** Text of the string last read. */
  stringText(): string {
    const raw = Buffer.from(
      this.bytes.buffer,
      this.bytes.byteOffset + this.stringStart,
      this.stringEnd - this.stringStart,
    ).toString('utf8');
    return this.stringEscaped ? (JSON.parse(`"${raw}"`) as string) : raw;
  }

  /** Passes over a key and its colon. `__proto__` is refused: nothing may reach into JavaScript's own objects. */
  readKey(): void {
    this.readString();
    if (this.stringEnd - this.stringStart >= PROTO.length) {
      const isProto = this.stringEscaped
        ? this.stringText() === '__proto__'
        : this.stringEnd - this.stringStart === PROTO.length &&
          this.bytes[this.stringStart] === 0x5f &&
          this.stringText() === '__proto__';
      if (isProto) this.fail('the key "__proto__" is not allowed in a graph; remove it');
    }
    this.expect(0x3a);
  }

  /** Passes over any value, checking its syntax. */
  skipValue(depth = 0): void {
    if (depth > MAX_DEPTH) this.fail(`the text is nested deeper than ${MAX_DEPTH} levels`);
    const c = this.peek();
    if (c === QUOTE) this.readString();
    else if (c === 0x7b) this.#skipObject(depth);
    else if (c === 0x5b) this.#skipArray(depth);
    else if (c === 0x74) this.#word('true');
    else if (c === 0x66) this.#word('false');
    else if (c === 0x6e) this.#word('null');
    else if (c === 0x2d || (c >= 0x30 && c <= 0x39) || c === 0x4e || c === 0x49) this.#number();
    else if (c === -1) this.fail('the text ends too early; a value was expected');
    else this.fail(`a value was expected, found "${String.fromCharCode(c)}"`);
  }

  #skipObject(depth: number): void {
    this.pos++;
    if (this.accept(0x7d)) return;
    do {
      this.readKey();
      this.skipValue(depth + 1);
    } while (this.accept(0x2c));
    this.expect(0x7d);
  }

  #skipArray(depth: number): void {
    this.pos++;
    if (this.accept(0x5d)) return;
    do this.skipValue(depth + 1);
    while (this.accept(0x2c));
    this.expect(0x5d);
  }

  #word(word: string): void {
    for (let k = 0; k < word.length; k++)
      if (this.bytes[this.pos + k] !== word.charCodeAt(k)) this.fail(`"${word}" was expected`);
    this.pos += word.length;
  }

  #number(): void {
    const { bytes } = this;
    if (bytes[this.pos] === 0x2d) this.pos++;
    const c = bytes[this.pos];
    if (c === 0x4e) return this.#nonFinite('NaN');
    if (c === 0x49) return this.#nonFinite('Infinity');
    if (c === 0x30) this.pos++;
    else this.#digits();
    if (bytes[this.pos] === 0x2e) {
      this.pos++;
      this.#digits();
    }
    if (bytes[this.pos] === 0x65 || bytes[this.pos] === 0x45) {
      this.pos++;
      if (bytes[this.pos] === 0x2b || bytes[this.pos] === 0x2d) this.pos++;
      this.#digits();
    }
  }

  #nonFinite(word: string): void {
    this.sawNonFinite = true;
    this.#word(word);
  }

  #digits(): void {
    const start = this.pos;
    let c = this.bytes[this.pos] ?? 0;
    while (c >= 0x30 && c <= 0x39) c = this.bytes[++this.pos] ?? 0;
    if (this.pos === start) this.fail('a digit was expected');
  }

  /** Throws: what was expected here, with line, column and the drop. */
  fail(what: string): never {
    let line = 1;
    let lineStart = 0;
    const end = Math.min(this.pos, this.bytes.length);
    for (let i = 0; i < end; i++)
      if (this.bytes[i] === 0x0a) {
        line++;
        lineStart = i + 1;
      }
    const place = this.place();
    const column = end - lineStart + 1;
    throw new InvalidGraphException(
      `The graph is not valid JSON at line ${line}, column ${column}${place ? ` (${place})` : ''}: ${what}.`,
      { details: { line, column, offset: end, drop: place } },
      'GRAPH_NOT_JSON',
    );
  }
}
