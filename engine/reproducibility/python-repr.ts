/**
 * Python text forms: what upstream really hashes (spec/reproducibility.md 2.3).
 */

import { WeirError } from '../protocol/index.ts';
import { floatText, intText, keysOf, PyFloat, PyTuple } from './python-json.ts';

const PLAIN = /^[ !#-&(-[\]-~]*$/;
const NOT_PRINTABLE = /[\p{C}\p{Z}]/u;

/** Python's `repr` of a text. */
export function reprText(text: string): string {
  if (PLAIN.test(text)) return `'${text}'`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const char of text) out += reprChar(char, quote);
  return out + quote;
}

function reprChar(char: string, quote: string): string {
  if (char === quote || char === '\\') return `\\${char}`;
  if (char === '\t') return '\\t';
  if (char === '\n') return '\\n';
  if (char === '\r') return '\\r';
  const code = char.codePointAt(0) ?? 0;
  if (code >= 0x20 && code < 0x7f) return char;
  if (code >= 0x80 && !NOT_PRINTABLE.test(char)) return char;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

/** Python's text form of a byte string: `b'Hello\n'` with a literal backslash-n. */
export function reprBytes(bytes: Uint8Array): string {
  const quote = bytes.includes(39) && !bytes.includes(34) ? '"' : "'";
  let out = `b${quote}`;
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    if (char === quote || char === '\\') out += `\\${char}`;
    else if (byte === 9) out += '\\t';
    else if (byte === 10) out += '\\n';
    else if (byte === 13) out += '\\r';
    else if (byte < 0x20 || byte >= 0x7f) out += `\\x${byte.toString(16).padStart(2, '0')}`;
    else out += char;
  }
  return out + quote;
}

/**
 * Python's `repr` of a value that came from JSON. Numbers without a fraction are integers: a float such as 5.0 must
 * arrive as {@link PyFloat}, which the reader of python-json.ts sees to.
 */
export function pythonRepr(value: unknown): string {
  if (typeof value === 'string') return reprText(value);
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return Number.isInteger(value) ? intText(value) : floatText(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof PyFloat) return floatText(value.value);
  if (value instanceof PyTuple) {
    const items = value.items.map(pythonRepr);
    return items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`;
  }
  if (value instanceof Uint8Array) return reprBytes(value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  if (typeof value === 'object') {
    const object = value as Record<string, unknown>;
    return `{${keysOf(object)
      .map((key) => `${reprText(key)}: ${pythonRepr(object[key])}`)
      .join(', ')}}`;
  }
  throw new WeirError('REPRO_INVALID', `A ${typeof value} has no Python text form and cannot be hashed.`);
}

/** The text that is hashed for one entry of a dictionary: Python's text form of the tuple (key, value). */
export function tupleText(key: string, value: unknown): string {
  return `(${reprText(key)}, ${pythonRepr(value)})`;
}
