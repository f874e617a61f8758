/** What stands as text in dropspecs of Python functions, and in what Python writes of them. */
import { dictParam } from '../params.ts';
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

/** Defaults of a function by name: `{kwargs: {name: base64 dill}}` of delayed graphs, or plain values; as a map or its text. */
export const FUNC_DEFAULTS = dictParam('func_defaults', null, 'Values of arguments the graph does not give');

/** What `FUNC_DEFAULTS` read, as arguments by name. */
export function defaultsOf(table: Readonly<Record<string, unknown>> | null): ReadonlyMap<string, PyArgument> {
  const found = new Map<string, PyArgument>();
  const dilled = table?.['kwargs'];
  if (typeof dilled === 'object' && dilled !== null) {
    for (const [name, text] of Object.entries(dilled))
      if (typeof text === 'string') found.set(name, { kind: 'dill64', text });
    return found;
  }
  for (const [name, value] of Object.entries(table ?? {})) found.set(name, { kind: 'json', value });
  return found;
}
