/** Python literals: what `ast.literal_eval` takes. Nothing is executed; there are no names, calls or operators. */
import { InvalidEncodingException } from '../../protocol/index.ts';
import { PyComplex, PyDict, PySet, PyTuple, typeName, type PyValue } from './values.ts';

const MAX_DEPTH = 200;
const SPACE = /[ \t\f\r\n]/;
const NUMBER =
  /^(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:(?:\d(?:_?\d)*)?\.\d(?:_?\d)*|\d(?:_?\d)*\.?)(?:[eE][+-]?\d(?:_?\d)*)?[jJ]?)/;
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The value of a Python literal. Throws InvalidEncodingException that says what is wrong and where. */
export function parseLiteral(text: string): PyValue {
  const parser = new LiteralParser(text);
  return parser.whole();
}

class LiteralParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): PyValue {
    this.#skipSpace();
    const first = this.#value();
    this.#skipSpace();
    if (this.#peek() === ',') return this.#tupleAfter(first, '');
    if (this.#at < this.#text.length) this.#fail('the end of the literal');
    return first;
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #skipSpace(): void {
    for (;;) {
      while (SPACE.test(this.#peek())) this.#at++;
      if (this.#peek() === '#') while (this.#at < this.#text.length && this.#peek() !== '\n') this.#at++;
      else return;
    }
  }

  #fail(expected: string): never {
    const found = this.#text.slice(this.#at, this.#at + 20);
    throw new InvalidEncodingException(
      `A Python literal was expected, but at character ${this.#at} there is ${found ? JSON.stringify(found) : 'the end'} instead of ${expected}.`,
      { details: { at: this.#at } },
    );
  }

  #value(): PyValue {
    if (++this.#depth > MAX_DEPTH) this.#fail('a literal that is nested less deeply');
    try {
      return this.#unnestedValue();
    } finally {
      this.#depth--;
    }
  }

  #unnestedValue(): PyValue {
    const char = this.#peek();
    if (char === '[') return this.#items(']');
    if (char === '(') return this.#parenthesised();
    if (char === '{') return this.#braced();
    if (
      char === '"' ||
      char === "'" ||
      /^(?:[rRuU]|[bB][rR]?|[rR][bB])["']/.test(this.#text.slice(this.#at, this.#at + 3))
    )
      return this.#strings();
    if (/[0-9.+-]/.test(char)) return this.#number();
    return this.#word();
  }

  #word(): PyValue {
    const word = /^[A-Za-z_]\w*/.exec(this.#text.slice(this.#at, this.#at + 40))?.[0] ?? '';
    if (word === 'set' && /^set\s*\(\s*\)/.test(this.#text.slice(this.#at, this.#at + 40))) {
      this.#at = this.#text.indexOf(')', this.#at) + 1;
      return new PySet([]);
    }
    const known: Readonly<Record<string, PyValue>> = { None: null, True: true, False: false };
    if (!Object.hasOwn(known, word)) this.#fail('a value');
    this.#at += word.length;
    return known[word] as PyValue;
  }

  // --- containers --------------------------------------------------------------------------------------------------

  #items(close: string): PyValue[] {
    this.#at++;
    const items: PyValue[] = [];
    for (;;) {
      this.#skipSpace();
      if (this.#peek() === close) break;
      items.push(this.#value());
      this.#separator(close);
    }
    this.#at++;
    return items;
  }

  /** After an item: a comma, or the closing bracket, which stays. */
  #separator(close: string): void {
    this.#skipSpace();
    if (this.#peek() === ',') this.#at++;
    else if (this.#peek() !== close) this.#fail(`"," or "${close}"`);
  }

  #parenthesised(): PyValue {
    this.#at++;
    this.#skipSpace();
    if (this.#peek() === ')') {
      this.#at++;
      return new PyTuple([]);
    }
    const first = this.#value();
    this.#skipSpace();
    if (this.#peek() === ',') return this.#tupleAfter(first, ')');
    if (this.#peek() !== ')') this.#fail('")"');
    this.#at++;
    return first;
  }

  #tupleAfter(first: PyValue, close: string): PyTuple {
    const items = [first];
    for (;;) {
      this.#skipSpace();
      if (this.#peek() === close) break;
      if (this.#peek() !== ',') this.#fail(`"," or ${close ? `"${close}"` : 'the end'}`);
      this.#at++;
      this.#skipSpace();
      if (this.#peek() === close) break;
      items.push(this.#value());
    }
    this.#at += close.length;
    return new PyTuple(items);
  }

  #braced(): PyValue {
    this.#at++;
    this.#skipSpace();
    if (this.#peek() === '}') {
      this.#at++;
      return new PyDict();
    }
    const first = this.#value();
    this.#skipSpace();
    return this.#peek() === ':' ? this.#dict(first) : this.#set(first);
  }

  #dict(firstKey: PyValue): PyDict {
    const dict = new PyDict();
    for (let key = firstKey; ; key = this.#value()) {
      this.#skipSpace();
      if (this.#peek() !== ':') this.#fail('":"');
      this.#at++;
      this.#skipSpace();
      const value = this.#value();
      this.#asKey(() => dict.set(key, value));
      this.#separator('}');
      this.#skipSpace();
      if (this.#peek() === '}') break;
    }
    this.#at++;
    return dict;
  }

  #set(first: PyValue): PySet {
    const items = [first];
    this.#separator('}');
    for (;;) {
      this.#skipSpace();
      if (this.#peek() === '}') break;
      items.push(this.#value());
      this.#separator('}');
    }
    this.#at++;
    return this.#asKey(() => new PySet(items));
  }

  #asKey<T>(make: () => T): T {
    try {
      return make();
    } catch (error) {
      throw new InvalidEncodingException(`The Python literal cannot be: ${(error as Error).message}.`);
    }
  }

  // --- numbers -----------------------------------------------------------------------------------------------------

  /** A signed number, or the sum of a real and an imaginary one. */
  #number(): PyValue {
    const first = this.#signed();
    const before = this.#at;
    this.#skipSpace();
    const sign = this.#peek();
    if ((sign !== '+' && sign !== '-') || first instanceof PyComplex) {
      this.#at = before;
      return first;
    }
    this.#at++;
    this.#skipSpace();
    const second = this.#unsigned();
    if (!(second instanceof PyComplex)) this.#fail('an imaginary number: other sums are no literals');
    return new PyComplex(Number(first), sign === '-' ? 0 - second.imag : second.imag);
  }

  #signed(): bigint | number | PyComplex {
    const sign = this.#peek();
    if (sign !== '+' && sign !== '-') return this.#unsigned();
    this.#at++;
    this.#skipSpace();
    const value = this.#unsigned();
    if (sign === '+') return value;
    return value instanceof PyComplex ? new PyComplex(-value.real, -value.imag) : -value;
  }

  #unsigned(): bigint | number | PyComplex {
    const match = NUMBER.exec(this.#text.slice(this.#at, this.#at + 5000));
    if (!match) this.#fail('a number');
    const raw = match[0];
    this.#at += raw.length;
    if (/\w/.test(this.#peek())) this.#fail('the end of the number');
    const digits = raw.replaceAll('_', '');
    if (/^0[xXoObB]/.test(digits)) return BigInt(digits.toLowerCase());
    if (/[jJ]$/.test(digits)) return new PyComplex(0, Number(digits.slice(0, -1)));
    if (/[.eE]/.test(digits)) return Number(digits);
    if (/^0+[1-9]/.test(digits)) this.#fail('a number without leading zeros');
    return BigInt(digits);
  }

  // --- text --------------------------------------------------------------------------------------------------------

  /** One or more adjacent string literals. */
  #strings(): PyValue {
    let joined = this.#string();
    for (;;) {
      const before = this.#at;
      this.#skipSpace();
      if (!/^(?:[rRuU]|[bB][rR]?|[rR][bB])?["']/.test(this.#text.slice(this.#at, this.#at + 3))) {
        this.#at = before;
        return joined;
      }
      const next = this.#string();
      if (typeof joined === 'string' && typeof next === 'string') joined += next;
      else if (joined instanceof Uint8Array && next instanceof Uint8Array)
        joined = Buffer.concat([joined, next]);
      else this.#fail(`a ${typeName(joined)} as before`);
    }
  }

  #string(): string | Uint8Array {
    const prefix = (/^[A-Za-z]*/.exec(this.#text.slice(this.#at, this.#at + 3))?.[0] ?? '').toLowerCase();
    this.#at += prefix.length;
    const single = this.#peek();
    const quote = this.#text.startsWith(single.repeat(3), this.#at) ? single.repeat(3) : single;
    this.#at += quote.length;
    const isBytes = prefix.includes('b');
    let out = '';
    while (!this.#text.startsWith(quote, this.#at)) {
      const char = this.#peek();
      if (char === '' || (char === '\n' && quote.length === 1)) this.#fail(`the closing ${quote}`);
      if (char === '\\') out += this.#escape(prefix.includes('r'), isBytes);
      else {
        if (isBytes && char.charCodeAt(0) > 0x7f) this.#fail('an ASCII character');
        out += char;
        this.#at++;
      }
    }
    this.#at += quote.length;
    return isBytes ? new Uint8Array(Buffer.from(out, 'latin1')) : out;
  }

  #escape(isRaw: boolean, isBytes: boolean): string {
    const next = this.#text[this.#at + 1] ?? '';
    if (isRaw) {
      this.#at += 2;
      return `\\${next}`;
    }
    if (next === '\n') {
      this.#at += 2;
      return '';
    }
    const simple = SIMPLE_ESCAPES[next];
    if (simple !== undefined) {
      this.#at += 2;
      return simple;
    }
    return this.#coded(isBytes) ?? this.#unknownEscape(next);
  }

  #unknownEscape(next: string): string {
    this.#at += 2;
    return `\\${next}`;
  }

  /** An escape that gives a character by number. */
  #coded(isBytes: boolean): string | undefined {
    const rest = this.#text.slice(this.#at, this.#at + 10);
    const octal = /^\\([0-7]{1,3})/.exec(rest);
    if (octal) {
      this.#at += octal[0].length;
      return String.fromCharCode(parseInt(octal[1] as string, 8) & (isBytes ? 0xff : 0x1ff));
    }
    if (!/^\\[xuU]/.test(rest) || (isBytes && rest[1] !== 'x')) {
      if (!isBytes && rest[1] === 'N')
        this.#fail('a character by number: names of characters are not supported');
      return undefined;
    }
    const length = { x: 2, u: 4, U: 8 }[rest[1] as 'x' | 'u' | 'U'];
    const digits = rest.slice(2, 2 + length);
    const point = parseInt(digits, 16);
    if (digits.length < length || !/^[0-9a-fA-F]+$/.test(digits) || point > 0x10ffff)
      this.#fail(`${length} hexadecimal digits of a character`);
    this.#at += 2 + length;
    return String.fromCodePoint(point);
  }
}
