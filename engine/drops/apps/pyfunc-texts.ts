/** What stands as text in dropspecs of Python functions, and in what Python writes of them. */
import type { PyArgument } from '../python/index.ts';

/** A record in Python's JSON. NaN and the infinities, which JSON does not have, stand there as texts. */
export function parsedRecord(text: string): Record<string, unknown> {
  const plain = /NaN|Infinity/.test(text)
    ? text.replaceAll(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) =>
        token.startsWith('"') ? token : JSON.stringify(token),
      )
    : text;
  return JSON.parse(plain) as Record<string, unknown>;
}

/** `func_defaults`: `{kwargs: {name: base64 dill}}` of delayed graphs, or plain values by name; also as JSON text. */
export function defaultsOf(given: unknown): ReadonlyMap<string, PyArgument> {
  const found = new Map<string, PyArgument>();
  const table = typeof given === 'string' ? parsed(given) : given;
  if (typeof table !== 'object' || table === null || Array.isArray(table)) return found;
  const dilled = (table as { kwargs?: unknown }).kwargs;
  if (typeof dilled === 'object' && dilled !== null) {
    for (const [name, text] of Object.entries(dilled))
      if (typeof text === 'string') found.set(name, { kind: 'dill64', text });
    return found;
  }
  for (const [name, value] of Object.entries(table)) found.set(name, { kind: 'json', value });
  return found;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Editors leave all sorts of blanks there; what is no JSON gives no defaults.
    return undefined;
  }
}
