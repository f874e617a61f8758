import { isJsonObject, type Json, type JsonObject } from '../protocol/index.ts';
import { GraphException, shown } from './errors.ts';

/**
 * Replaces the placeholders `~name`, `~{name}` and `~~` of a logical graph (spec/translator.md 14).
 *
 * `graph` is JSON text with placeholders (they may stand outside strings) or a parsed value. Inside strings a value is
 * put in as DALiuGE writes it (`True`, `None`, `{'k': 1}`), escaped so that the document stays JSON; outside strings
 * as a JSON literal. Throws `placeholder-invalid`, `placeholder-without-value` or `not-json`.
 */
export function fill(graph: unknown, parameters: JsonObject): Json {
  const filled = fillText(typeof graph === 'string' ? graph : JSON.stringify(graph), parameters);
  try {
    return JSON.parse(filled) as Json;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GraphException(
      'not-json',
      `Expected JSON after the parameters were filled in, found text that is not JSON (${why}). Check the graph and the values.`,
      {},
      'GRAPH_NOT_JSON',
      cause,
    );
  }
}

/** The same from text to text, for a reader that keeps the tokens of numbers. */
export function fillText(graph: string, parameters: JsonObject): string {
  return replacePlaceholders(graph, flatten(parameters));
}

/** Nested objects are reachable by dotted names too; of two equal names the later one counts. */
function flatten(parameters: JsonObject): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>();
  const walk = (object: JsonObject, prefix: string): void => {
    for (const [key, value] of Object.entries(object)) {
      if (value === undefined) continue;
      found.set(prefix + key, value);
      if (isJsonObject(value)) walk(value, `${prefix}${key}.`);
    }
  };
  walk(parameters, '');
  return found;
}

const NAME = /[_a-z][_a-z0-9.]*/iy;

function replacePlaceholders(text: string, values: ReadonlyMap<string, Json>): string {
  const out: string[] = [];
  let inString = false;
  let copied = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x22) inString = !inString;
    else if (char === 0x5c && inString) i++;
    else if (char === 0x7e) {
      out.push(text.slice(copied, i));
      const { replacement, length } = placeholderAt(text, i, values, inString);
      out.push(replacement);
      i += length - 1;
      copied = i + 1;
    }
  }
  out.push(text.slice(copied));
  return out.join('');
}

function placeholderAt(
  text: string,
  at: number,
  values: ReadonlyMap<string, Json>,
  inString: boolean,
): { replacement: string; length: number } {
  if (text[at + 1] === '~') return { replacement: '~', length: 2 };
  const braced = text[at + 1] === '{';
  NAME.lastIndex = at + (braced ? 2 : 1);
  const name = NAME.exec(text)?.[0];
  const closed = !braced || text[NAME.lastIndex] === '}';
  if (name === undefined || !closed) {
    const line = text.slice(0, at).split('\n').length;
    throw new GraphException(
      'placeholder-invalid',
      `Expected a parameter name after "~" (as in ~name or ~{name}), found ${shown(text.slice(at, at + 20))} on line ${line}. ` +
        'Write ~~ for the character ~ itself.',
      { found: text.slice(at, at + 20), expected: '~name, ~{name} or ~~' },
    );
  }
  const value = values.get(name);
  if (value === undefined) {
    throw new GraphException(
      'placeholder-without-value',
      `Expected a value for the parameter "${name}", found none. Give it with -p ${name}=VALUE.`,
      { fieldName: name, expected: 'value', found: 'nothing' },
    );
  }
  const length = (braced ? 3 : 1) + name.length;
  return { replacement: inString ? escaped(pythonText(value)) : JSON.stringify(value), length };
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** `str(value)` of Python. */
function pythonText(value: Json): string {
  return typeof value === 'string' ? value : pythonRepr(value);
}

function pythonRepr(value: Json): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    const body = value
      .replaceAll('\\', '\\\\')
      .replaceAll('\n', '\\n')
      .replaceAll('\r', '\\r')
      .replaceAll('\t', '\\t');
    return quote + (quote === "'" ? body.replaceAll("'", "\\'") : body) + quote;
  }
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(pythonRepr).join(', ')}]`;
  const entries = Object.entries(value as JsonObject);
  return `{${entries.map(([k, v]) => `${pythonRepr(k)}: ${pythonRepr(v ?? null)}`).join(', ')}}`;
}
