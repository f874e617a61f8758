/**
 * JSON as Python reads and writes it (spec/reproducibility.md 2.3).
 *
 * `JSON.parse` forgets three things that reach hashes: whether a number was an integer or a float (`5` and `5.0` hash
 * differently), digits beyond 2^53, and the place of keys that look like integers. This reader keeps them and still
 * gives plain objects, so everything that only looks at names and texts need not know.
 */

import { WeirError } from '../protocol/index.ts';

/**
 * A float whose JavaScript number would pass for an integer or has no JSON text: 5.0, 1e22, -0.0, nan, inf.
 * All other floats are plain numbers with a fraction; integers are plain numbers, or bigints beyond 2^53.
 */
export class PyFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  valueOf(): number {
    return this.value;
  }

  toString(): string {
    return floatText(this.value);
  }

  toJSON(): number {
    return this.value;
  }
}

/** A Python tuple: prints with parentheses, becomes a JSON array. Only run-time data has them (spec 9.2). */
export class PyTuple {
  readonly items: readonly PyJson[];

  constructor(items: readonly PyJson[]) {
    this.items = items;
  }

  toJSON(): readonly PyJson[] {
    return this.items;
  }
}

export type PyJson =
  null | boolean | number | bigint | string | PyFloat | PyTuple | readonly PyJson[] | PyObject | undefined;
export interface PyObject {
  [key: string]: PyJson;
}

/** Holds the document order of keys where JavaScript would reorder them. Spreading an object keeps it. */
const KEY_ORDER = Symbol('key order');
type Ordered = Record<string, unknown> & { [KEY_ORDER]?: string[] };

/** Whether JavaScript moves this key to the front of an object. */
function isIndexKey(key: string): boolean {
  const first = key.charCodeAt(0);
  if (!(first >= 48 && first <= 57) || key.length > 10) return false;
  const n = Number(key);
  return n < 4294967295 && String(n) === key;
}

/** The keys of an object in document order. */
export function keysOf(object: object): string[] {
  const order = (object as Ordered)[KEY_ORDER];
  const keys = Object.keys(object);
  if (order === undefined) return keys;
  const known = order.filter((key) => Object.hasOwn(object, key));
  if (known.length === keys.length) return known;
  const seen = new Set(known);
  return [...known, ...keys.filter((key) => !seen.has(key))];
}

/** Sets a key as Python would: a new one goes last, whatever it looks like; `__proto__` is a key like any other. */
export function setKey(object: object, key: string, value: unknown): void {
  const target = object as Ordered;
  if (isIndexKey(key) && !Object.hasOwn(target, key)) (target[KEY_ORDER] ??= Object.keys(target)).push(key);
  else if (target[KEY_ORDER] !== undefined && !target[KEY_ORDER].includes(key)) target[KEY_ORDER].push(key);
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  else target[key] = value;
}

// --- reading ------------------------------------------------------------------------------------------------------

/** Deeper documents are refused; Python's own reader gives up near the same depth. */
export const MAX_JSON_DEPTH = 990;

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  document(): PyJson {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('the end of the document');
    return value;
  }

  #fail(expected: string): never {
    const before = this.#text.slice(0, this.#at);
    const line = before.split('\n').length;
    const column = this.#at - before.lastIndexOf('\n');
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text[this.#at]) : 'the end';
    throw new WeirError(
      'GRAPH_NOT_JSON',
      `Expected ${expected} at line ${line}, column ${column}, found ${found}; this is no JSON document.`,
      { details: { line, column } },
    );
  }

  #space(): void {
    const text = this.#text;
    let at = this.#at;
    for (;;) {
      const c = text.charCodeAt(at);
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) break;
      at++;
    }
    this.#at = at;
  }

  #value(): PyJson {
    this.#space();
    const c = this.#text.charCodeAt(this.#at);
    if (c === 34) return this.#string();
    if (c === 123) return this.#object();
    if (c === 91) return this.#array();
    if (c === 45 || (c >= 48 && c <= 57)) return this.#number();
    return this.#word();
  }

  #word(): PyJson {
    for (const [word, value] of WORDS)
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    return this.#fail('a value');
  }

  #number(): PyJson {
    const text = this.#text;
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(text);
    if (match === null) {
      if (text.startsWith('-Infinity', this.#at)) {
        this.#at += 9;
        return new PyFloat(-Infinity);
      }
      return this.#fail('a number');
    }
    this.#at = NUMBER.lastIndex;
    const token = match[0];
    if (match[1] === undefined && match[2] === undefined) {
      const value = Number(token);
      if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
      return BigInt(token);
    }
    const value = Number(token);
    return Number.isInteger(value) || !Number.isFinite(value) ? new PyFloat(value) : value;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at + 1;
    let at = start;
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === 34) break;
      if (c === 92) return this.#escaped(start, at);
      if (c < 32 || Number.isNaN(c)) {
        this.#at = at;
        this.#fail('the end of a text');
      }
      at++;
    }
    this.#at = at + 1;
    return text.slice(start, at);
  }

  #escaped(start: number, firstEscape: number): string {
    const text = this.#text;
    let out = text.slice(start, firstEscape);
    let at = firstEscape;
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === 34) break;
      if (c === 92) {
        const code = text[at + 1] ?? '';
        if (code === 'u') {
          const hex = text.slice(at + 2, at + 6);
          if (!/^[0-9a-fA-F]{4}$/.test(hex)) {
            this.#at = at;
            this.#fail('four hexadecimal digits after \\u');
          }
          out += String.fromCharCode(parseInt(hex, 16));
          at += 6;
        } else {
          const plain = ESCAPES[code];
          if (plain === undefined) {
            this.#at = at;
            this.#fail('an escape sequence');
          }
          out += plain;
          at += 2;
        }
        continue;
      }
      if (c < 32 || Number.isNaN(c)) {
        this.#at = at;
        this.#fail('the end of a text');
      }
      const from = at;
      while (at < text.length) {
        const d = text.charCodeAt(at);
        if (d === 34 || d === 92 || d < 32) break;
        at++;
      }
      out += text.slice(from, at);
    }
    this.#at = at + 1;
    return out;
  }

  #enter(): void {
    if (++this.#depth > MAX_JSON_DEPTH)
      throw new WeirError(
        'GRAPH_NOT_JSON',
        `The document is nested more than ${MAX_JSON_DEPTH} levels deep; no graph needs that.`,
      );
    this.#at++;
    this.#space();
  }

  #array(): PyJson[] {
    this.#enter();
    const list: PyJson[] = [];
    if (this.#text.charCodeAt(this.#at) !== 93) {
      for (;;) {
        list.push(this.#value());
        this.#space();
        const c = this.#text.charCodeAt(this.#at);
        if (c === 93) break;
        if (c !== 44) this.#fail('a comma or "]"');
        this.#at++;
      }
    }
    this.#at++;
    this.#depth--;
    return list;
  }

  #object(): PyObject {
    this.#enter();
    const object: PyObject = {};
    let order: string[] | undefined;
    if (this.#text.charCodeAt(this.#at) !== 125) {
      for (;;) {
        if (this.#text.charCodeAt(this.#at) !== 34) this.#fail('a key in double quotes');
        const key = this.#string();
        this.#space();
        if (this.#text.charCodeAt(this.#at) !== 58) this.#fail('a colon');
        this.#at++;
        const value = this.#value();
        if (order === undefined && isIndexKey(key)) order = Object.keys(object);
        if (order !== undefined && !Object.hasOwn(object, key)) order.push(key);
        if (key === '__proto__') setKey(object, key, value);
        else object[key] = value;
        this.#space();
        const c = this.#text.charCodeAt(this.#at);
        if (c === 125) break;
        if (c !== 44) this.#fail('a comma or "}"');
        this.#at++;
        this.#space();
      }
    }
    this.#at++;
    this.#depth--;
    if (order !== undefined && Object.keys(object).some((key, i) => key !== order[i]))
      (object as Ordered)[KEY_ORDER] = order;
    return object;
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const WORDS: readonly (readonly [string, PyJson])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', new PyFloat(NaN)],
  ['Infinity', new PyFloat(Infinity)],
];

/**
 * Reads a JSON document keeping number tokens and key order; `NaN` and `Infinity` are accepted as Python does.
 * Throws GRAPH_NOT_JSON with line and column.
 */
export function parsePythonJson(text: string): PyJson {
  return new Reader(text).document();
}

/** A number that is no plain integer of JavaScript may stand there: then tokens matter. */
const TOKEN = /[:,[]\s*-?\d+(?:[.eE]|\d{15})/;

/**
 * As {@link parsePythonJson}, and where no number token matters many times as fast; keys that look like integers may
 * lose their place. For values that are looked up by name.
 */
export function parseWithTokens(text: string): PyJson {
  try {
    return (TOKEN.test(text) ? parsePythonJson(text) : JSON.parse(text)) as PyJson;
  } catch {
    // NaN and the infinities, which JSON lacks and Python writes.
    return parsePythonJson(text);
  }
}

// --- writing ------------------------------------------------------------------------------------------------------

/** Python's `repr` of a float: the digits JavaScript prints, in Python's layout. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential());
  if (match === null) return String(value);
  const [, sign = '', lead = '', rest = '', exponentText = '0'] = match;
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${lead}${rest && `.${rest}`}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${lead}${rest}`;
  const digits = (lead + rest).padEnd(exponent + 1, '0');
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1) || '0'}`;
}

const NOT_ASCII = /[\u007f-\uffff]/g;

function stringText(text: string, ensureAscii: boolean): string {
  const quoted = JSON.stringify(text);
  if (!ensureAscii) return quoted;
  return quoted.replace(NOT_ASCII, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return floatText(value);
}

export interface PythonJsonOptions {
  /** Spaces per level; without it the text is one line with `", "` and `": "`. */
  readonly indent?: number;
  /** The level the text starts at, for pieces of a larger document. */
  readonly level?: number;
  /** Whether non-ASCII characters are escaped; default true, as in Python. */
  readonly ensureAscii?: boolean;
}

/** Writes a value as Python's `json.dumps` does. A key with the value undefined is left out. */
export function stringifyPythonJson(value: unknown, options: PythonJsonOptions = {}): string {
  return writeValue(value, options.indent, options.level ?? 0, options.ensureAscii ?? true);
}

function writeValue(value: unknown, indent: number | undefined, level: number, ascii: boolean): string {
  if (typeof value === 'string') return stringText(value, ascii);
  if (value === null || value === undefined) return 'null';
  if (value === true) return 'true';
  if (value === false) return 'false';
  if (typeof value === 'number') return Number.isInteger(value) ? intText(value) : jsonFloat(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof PyFloat) return jsonFloat(value.value);
  const list = value instanceof PyTuple ? value.items : value;
  const parts: string[] = [];
  if (Array.isArray(list)) {
    for (const item of list as readonly unknown[]) parts.push(writeValue(item, indent, level + 1, ascii));
    return bracket('[', ']', parts, indent, level);
  }
  const object = value as Record<string, unknown>;
  for (const key of keysOf(object)) {
    const item = object[key];
    if (item === undefined) continue;
    parts.push(`${stringText(key, ascii)}: ${writeValue(item, indent, level + 1, ascii)}`);
  }
  return bracket('{', '}', parts, indent, level);
}

function bracket(
  open: string,
  close: string,
  parts: string[],
  indent: number | undefined,
  level: number,
): string {
  if (parts.length === 0) return open + close;
  if (indent === undefined) return open + parts.join(', ') + close;
  const inner = `\n${' '.repeat(indent * (level + 1))}`;
  return `${open}${inner}${parts.join(`,${inner}`)}\n${' '.repeat(indent * level)}${close}`;
}

/** Digits of an integral number: JavaScript would print 1e21 and more with an exponent. */
export function intText(value: number): string {
  return Math.abs(value) < 1e21 ? String(value === 0 ? 0 : value) : BigInt(value).toString();
}
