import { InvalidDropException } from '../../protocol/index.ts';
import { PyDict, pyRepr, PyTuple, pyStr, type PyValue } from '../pyrepr/index.ts';

/** JSON text as Python's `json.dumps` writes it: `", "` and `": "`, everything beyond ASCII escaped. */
export function pythonJsonText(value: PyValue): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'NaN';
    if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
    return pyRepr(value);
  }
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(pythonJsonText).join(', ')}]`;
  if (value instanceof PyTuple) return `[${value.items.map(pythonJsonText).join(', ')}]`;
  if (value instanceof PyDict)
    return `{${value
      .entries()
      .map(([key, item]) => `${quoted(keyText(key))}: ${pythonJsonText(item)}`)
      .join(', ')}}`;
  throw new InvalidDropException(`A value has no JSON form: ${pyRepr(value).slice(0, 100)}`);
}

function keyText(key: PyValue): string {
  return typeof key === 'string' ? key : key === null || typeof key === 'boolean' ? String(key) : pyStr(key);
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Stands for a number in JSON text until it is known whether Python would read an int or a float. */
const NUMBER_KEY = '\u0000number';
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?(?:Infinity|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|NaN/g;

/** JSON text as Python's json reads it: 1 and 1.0 differ, whole numbers may be long. Undefined for what is no JSON. */
export function parsePythonJson(text: string): PyValue | undefined {
  try {
    return revive(
      JSON.parse(
        text.replaceAll(STRING_OR_NUMBER, (token) =>
          token.startsWith('"') ? token : JSON.stringify({ [NUMBER_KEY]: token }),
        ),
      ),
    );
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function revive(json: unknown): PyValue {
  if (json === null || typeof json === 'boolean' || typeof json === 'string') return json;
  if (Array.isArray(json)) return json.map(revive);
  const entries = Object.entries(json as Record<string, unknown>);
  const [first] = entries;
  if (first?.[0] === NUMBER_KEY) {
    const token = first[1] as string;
    return /^-?\d+$/.test(token) ? BigInt(token) : Number(token);
  }
  return new PyDict(entries.map(([key, item]) => [key, revive(item)]));
}
