/**
 * Values that a graph puts into memory drops (parameter `pydata`, seed `parse_pydata`, spec/engine.md 4.5): each becomes
 * the bytes that Python would read there, a pickle of the value. Nothing is executed: `eval` takes literals only, and
 * serialised objects stay the bytes they are until a Python worker opens them.
 */
import { InvalidEncodingException } from '../../protocol/index.ts';
import { truthy, type DropKwargs } from '../drop.ts';
import { writePickle } from '../pickle/index.ts';
import { fromJson, parseLiteral, pyStr, type PyValue } from '../pyrepr/index.ts';
import { parsePythonJson } from './python-json.ts';

/** What a memory drop starts with. */
export interface InitialContent {
  readonly bytes: Uint8Array;
  /** A "String" drop: its content is text, as UTF-8, and not a pickle. */
  readonly isText: boolean;
}

/** A value with its declared type, as the graph has it. `type` undefined: said without one. */
interface TypedValue {
  readonly value: unknown;
  readonly type: string | undefined;
  /** Where the value is in the dropspec: names of members, numbers of elements. */
  readonly keys: readonly string[];
}

/** The JSON text of a value of the dropspec, where it says more than the value (5.0, NaN). */
export type ExactText = (value: unknown, ...keys: readonly string[]) => string | undefined;

/**
 * The initial content by the arguments of a drop; undefined where it has none. The entry `pydata` of `fields` comes
 * first, then `pydata` itself: as `{value, type}`, or bare (upstream could not load that; the type then is that of the
 * application argument of this name, else that of the value). Throws InvalidEncodingException that names `uid`.
 */
export function initialContent(
  kwargs: DropKwargs,
  uid: string,
  exact?: ExactText,
): InitialContent | undefined {
  const given = findPydata(kwargs);
  return given && parsePydata(given.value, given.type, uid, () => exact?.(given.value, ...given.keys));
}

function findPydata(kwargs: DropKwargs): TypedValue | undefined {
  const fields = kwargs['fields'];
  if (Array.isArray(fields))
    for (const [i, field] of (fields as unknown[]).entries())
      if (isMap(field) && field['name'] === 'pydata') return typed(field, 'fields', String(i));
  const pydata = kwargs['pydata'];
  if (pydata === undefined || pydata === null) return undefined;
  if (isMap(pydata) && Object.hasOwn(pydata, 'value') && Object.hasOwn(pydata, 'type'))
    return typed(pydata, 'pydata');
  const args = kwargs['applicationArgs'];
  const declared = isMap(args) ? args['pydata'] : undefined;
  // A bare empty text says nothing, as upstream has it.
  if (pydata === '' && !isMap(declared)) return undefined;
  return { value: pydata, type: isMap(declared) ? typed(declared).type : undefined, keys: ['pydata'] };
}

function typed(entry: Readonly<Record<string, unknown>>, ...at: readonly string[]): TypedValue {
  const type = entry['type'];
  return {
    value: entry['value'],
    type: typeof type === 'string' && type !== '' ? type : undefined,
    keys: [...at, 'value'],
  };
}

/**
 * The content for a value of a declared type. See spec/engine.md 4.5 for the table of types. `exact` gives the JSON text
 * of the value where that says more than the value does.
 */
export function parsePydata(
  value: unknown,
  type: string | undefined,
  uid: string,
  exact: () => string | undefined = () => undefined,
): InitialContent {
  const kind = type?.toLowerCase() ?? kindOf(value);
  if (value instanceof Uint8Array) return { bytes: value, isText: false };
  if (kind === 'str' || kind === 'string') {
    const text = isNothing(value) ? '' : pyStr(asWritten(value, exact));
    return { bytes: Buffer.from(text, 'utf8'), isText: true };
  }
  if (value === null) return pickled(kind === 'bool' || kind === 'boolean' ? false : null);
  if (isNothing(value)) return pickled(new Uint8Array(0));
  if (kind === 'object' || kind.startsWith('object.') || kind === 'raw') {
    if (typeof value === 'string') return { bytes: fromBase64(value, kind, uid), isText: false };
    return pickled(asWritten(value, exact));
  }
  return pickled(plainValue(value, kind, uid, exact));
}

function asWritten(value: unknown, exact: () => string | undefined): PyValue {
  const text = exact();
  return (text === undefined ? undefined : parsePythonJson(text)) ?? fromJson(value);
}

/** Graphs write "None" or "" where a value is to come later. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 'None';
}

function kindOf(value: unknown): string {
  return typeof value === 'string' ? 'string' : 'json';
}

function pickled(value: PyValue): InitialContent {
  return { bytes: writePickle(value), isText: false };
}

function plainValue(value: unknown, kind: string, uid: string, exact: () => string | undefined): PyValue {
  switch (kind) {
    case 'int':
    case 'integer':
      return integer(value) ?? textBytes(value);
    case 'float':
      return float(value) ?? textBytes(value);
    case 'bool':
    case 'boolean':
      return truthy(value);
    case 'json':
      return typeof value === 'string'
        ? (parsePythonJson(value) ?? textBytes(value))
        : asWritten(value, exact);
    case 'eval':
      return typeof value === 'string' ? literal(value, uid) : asWritten(value, exact);
    default:
      return asWritten(value, exact);
  }
}

function textBytes(value: unknown): Uint8Array {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'utf8');
}

function integer(value: unknown): bigint | undefined {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
  if (typeof value !== 'string' || !/^\s*[+-]?\d+(_\d+)*\s*$/.test(value)) return undefined;
  const digits = value.trim().replaceAll('_', '');
  return digits.startsWith('-') ? -BigInt(digits.slice(1)) : BigInt(digits.replace('+', ''));
}

const FLOAT = /^[+-]?(?:(?:\d+(?:_\d+)*)?\.?(?:\d+(?:_\d+)*)?(?:e[+-]?\d+)?|inf(?:inity)?|nan)$/i;

function float(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const text = value.trim().toLowerCase();
  if (!FLOAT.test(text) || !/\d|inf|nan/.test(text)) return undefined;
  if (text.includes('nan')) return Number.NaN;
  if (text.includes('inf')) return text.startsWith('-') ? -Infinity : Infinity;
  const number = Number(text.replaceAll('_', ''));
  return Number.isNaN(number) ? undefined : number;
}

function literal(text: string, uid: string): PyValue {
  try {
    return parseLiteral(text.trim());
  } catch (cause) {
    throw new InvalidEncodingException(
      `Drop ${uid}: the initial value (pydata of type eval) must be a Python literal such as [1, 2] or {'a': 1}; expressions are not evaluated. Found: ${text.slice(0, 200)}`,
      { cause, details: { uid } },
    );
  }
}

function fromBase64(text: string, kind: string, uid: string): Uint8Array {
  const compact = text.replaceAll(/\s/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.length % 4 !== 0)
    throw new InvalidEncodingException(
      `Drop ${uid}: the initial value (pydata of type ${kind}) must be the base64 text of a pickled object, but is: ${text.slice(0, 80)}`,
      { details: { uid } },
    );
  return new Uint8Array(Buffer.from(compact, 'base64'));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}
