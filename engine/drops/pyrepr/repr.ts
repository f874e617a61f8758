/** Texts Python has for plain values: `repr` and `str`. */
import { arrayText } from './array-text.ts';
import { dtypeName, NdArray, NumpyScalar } from './ndarray.ts';
import { PyByteArray, PyComplex, PyDict, PyRange, PySet, PyTuple, type PyValue } from './values.ts';

/** Python's `repr` of a plain value. Containers that contain themselves show as `[...]`, as in Python. */
export function pyRepr(value: PyValue): string {
  return repr(value, new Set());
}

/** Python's `str`: a text is itself, everything else is its repr. */
export function pyStr(value: PyValue): string {
  if (typeof value === 'string') return value;
  if (value instanceof NumpyScalar)
    return arrayText(new NdArray(value.descr, [], value.data), pyRepr) ?? pyStr(value.value);
  if (value instanceof NdArray) return arrayText(value, pyRepr) ?? pyRepr(value);
  return pyRepr(value);
}

function repr(value: PyValue, inside: Set<object>): string {
  if (value === null) return 'None';
  switch (typeof value) {
    case 'boolean':
      return value ? 'True' : 'False';
    case 'bigint':
      return value.toString();
    case 'number':
      return reprFloat(value);
    case 'string':
      return reprText(value);
    default:
      return reprObject(value, inside);
  }
}

function reprObject(
  value: Exclude<PyValue, null | boolean | bigint | number | string>,
  inside: Set<object>,
): string {
  if (value instanceof Uint8Array) return reprBytes(value);
  if (value instanceof PyByteArray) return `bytearray(${reprBytes(value.bytes, true)})`;
  if (value instanceof PyComplex) return reprComplex(value);
  if (value instanceof PyRange)
    return value.step === 1n
      ? `range(${value.start}, ${value.stop})`
      : `range(${value.start}, ${value.stop}, ${value.step})`;
  if (value instanceof NumpyScalar) return repr(value.value, inside);
  if (value instanceof NdArray) return reprArray(value);
  const [open, close] = brackets(value);
  if (inside.has(value)) return `${open}...${close}`;
  inside.add(value);
  try {
    return reprItems(value, inside, open, close);
  } finally {
    inside.delete(value);
  }
}

function brackets(value: PyValue[] | PyTuple | PyDict | PySet): [string, string] {
  if (Array.isArray(value)) return ['[', ']'];
  if (value instanceof PyTuple) return ['(', ')'];
  if (value instanceof PyDict) return ['{', '}'];
  return value.isFrozen ? ['frozenset({', '})'] : ['{', '}'];
}

function reprItems(
  value: PyValue[] | PyTuple | PyDict | PySet,
  inside: Set<object>,
  open: string,
  close: string,
): string {
  if (value instanceof PyDict)
    return `{${value
      .entries()
      .map(([key, item]) => `${repr(key, inside)}: ${repr(item, inside)}`)
      .join(', ')}}`;
  const items = Array.isArray(value) ? value : value.items;
  if (value instanceof PySet && items.length === 0) return value.isFrozen ? 'frozenset()' : 'set()';
  const texts = items.map((item) => repr(item, inside));
  if (value instanceof PyTuple && texts.length === 1) return `(${texts[0]},)`;
  return `${open}${texts.join(', ')}${close}`;
}

/** Python's repr of a float: the shortest digits that read back, `e` from 1e16 and below 1e-4 on. */
export function reprFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  const negative = mantissa.startsWith('-') ? '-' : '';
  const figures = mantissa.replace('-', '').replace('.', '');
  if (exponent < 0) return `${negative}0.${'0'.repeat(-exponent - 1)}${figures}`;
  if (figures.length <= exponent + 1) return `${negative}${figures.padEnd(exponent + 1, '0')}.0`;
  return `${negative}${figures.slice(0, exponent + 1)}.${figures.slice(exponent + 1)}`;
}

function reprComplex(value: PyComplex): string {
  const part = (x: number): string => reprFloat(x).replace(/\.0$/, '');
  if (value.real === 0 && !Object.is(value.real, -0)) return `${part(value.imag)}j`;
  const imag = part(value.imag);
  return `(${part(value.real)}${/^[-]/.test(imag) ? '' : '+'}${imag}j)`;
}

/** Python's repr of bytes: b'...'. CPython escapes the single quotes of a bytearray even between double ones. */
export function reprBytes(bytes: Uint8Array, isByteArray = false): string {
  const hasSingle = bytes.includes(0x27);
  const quote = hasSingle && !bytes.includes(0x22) ? '"' : "'";
  let out = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    if (char === quote || char === '\\' || (isByteArray && char === "'")) out += `\\${char}`;
    else if (byte === 9) out += '\\t';
    else if (byte === 10) out += '\\n';
    else if (byte === 13) out += '\\r';
    else if (byte < 0x20 || byte >= 0x7f) out += `\\x${byte.toString(16).padStart(2, '0')}`;
    else out += char;
  }
  return `b${quote}${out}${quote}`;
}

// What str.isprintable refuses: control, format, surrogate, private, unassigned, and separators other than space.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/u;

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = '';
  for (const char of text) out += reprChar(char, quote);
  return `${quote}${out}${quote}`;
}

function reprChar(char: string, quote: string): string {
  if (char === quote || char === '\\') return `\\${char}`;
  if (char === '\t') return '\\t';
  if (char === '\n') return '\\n';
  if (char === '\r') return '\\r';
  if (char === ' ' || !UNPRINTABLE.test(char)) return char;
  const point = char.codePointAt(0) as number;
  if (point <= 0xff) return `\\x${point.toString(16).padStart(2, '0')}`;
  if (point <= 0xffff) return `\\u${point.toString(16).padStart(4, '0')}`;
  return `\\U${point.toString(16).padStart(8, '0')}`;
}

/** Close to numpy's own text for short arrays; long ones are cut in the middle as numpy does. */
function reprArray(array: NdArray): string {
  const items = array.elements();
  const shown = items.length > 1000 ? [...items.slice(0, 3), undefined, ...items.slice(-3)] : items;
  const texts = shown.map((item) => (item === undefined ? '...' : repr(item, new Set())));
  const plain = ['<i8', '<f8', '|b1'].includes(array.descr);
  const shape = array.shape.length === 1 ? '' : `, shape=(${array.shape.join(', ')})`;
  return `array([${texts.join(', ')}]${shape}${plain ? '' : `, dtype=${dtypeName(array.descr)}`})`;
}
