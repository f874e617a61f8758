/**
 * The file `reprodata.out` (spec/reproducibility.md 9.8): read strictly, written byte for byte as upstream does.
 */

import { isJsonObject, WeirError } from '../protocol/index.ts';
import { keysOf, parsePythonJson, type PyObject, stringifyPythonJson } from './python-json.ts';

export type DropMap = ReadonlyMap<string, object> | Readonly<Record<string, object>>;

function* entriesOf(graph: DropMap): Generator<readonly [string, object]> {
  if (graph instanceof Map) {
    yield* graph as Map<string, object>;
    return;
  }
  for (const key of keysOf(graph)) yield [key, (graph as Record<string, object>)[key] as object];
}

const INDENT = 4;

/**
 * The text of the file in pieces, one drop each, so that large sessions need no text as large as the file.
 * `reprodata` is the graph-level data, null when the graph had none.
 */
export function* reprodataOutChunks(graph: DropMap, reprodata: object | null): Generator<string> {
  yield '[\n    {';
  let separator = '\n        ';
  const entry = (key: string, value: object): string =>
    `${separator}${stringifyPythonJson(key)}: ${stringifyPythonJson(value, { indent: INDENT, level: 2 })}`;
  for (const [oid, drop] of entriesOf(graph)) {
    if (oid === 'reprodata') continue;
    yield entry(oid, drop);
    separator = ',\n        ';
  }
  if (reprodata !== null && Object.keys(reprodata).length > 0) {
    yield entry('reprodata', reprodata);
    separator = ',\n        ';
  }
  yield separator.startsWith(',') ? '\n    },\n    ' : '},\n    ';
  yield `${stringifyPythonJson(reprodata ?? {}, { indent: INDENT, level: 1 })}\n]`;
}

/** The whole text of a small `reprodata.out`; large ones go through {@link reprodataOutChunks}. */
export function formatReprodataOut(graph: DropMap, reprodata: object | null): string {
  return [...reprodataOutChunks(graph, reprodata)].join('');
}

export interface ReprodataOut {
  /** oid -> drop specification, without the entry `reprodata`. */
  readonly drops: ReadonlyMap<string, PyObject>;
  /** The graph-level data; `{}` when the graph had none. */
  readonly reprodata: PyObject;
}

/**
 * Reads a `reprodata.out`, or the `graph` part that upstream's `submit -R` writes. Throws REPRO_INVALID with the reason
 * when the text is truncated or is something else.
 */
export function parseReprodataOut(text: string, fileName = 'reprodata.out'): ReprodataOut {
  let document: unknown;
  try {
    document = parsePythonJson(text);
  } catch (error) {
    throw new WeirError(
      'REPRO_INVALID',
      `${fileName} is truncated or no reproducibility record: ${messageText(error)}`,
      {
        cause: error,
      },
    );
  }
  const [graph, last] = Array.isArray(document) ? (document as unknown[]) : [document, undefined];
  if (Array.isArray(document) ? document.length !== 2 : !isJsonObject(document)) throw foreign(fileName);
  if (!isJsonObject(graph)) throw foreign(fileName);
  const drops = new Map<string, PyObject>();
  for (const key of keysOf(graph)) {
    if (key === 'reprodata') continue;
    const drop = graph[key];
    if (!isJsonObject(drop) || drop['oid'] !== key)
      throw new WeirError(
        'REPRO_INVALID',
        `${fileName}: the entry "${key}" should be a drop with that oid, but is not; this file was not written by a session.`,
        { details: { key } },
      );
    drops.set(key, drop);
  }
  const reprodata = last ?? graph['reprodata'] ?? {};
  if (!isJsonObject(reprodata)) throw foreign(fileName);
  return { drops, reprodata: reprodata };
}

function messageText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function foreign(fileName: string): WeirError {
  return new WeirError(
    'REPRO_INVALID',
    `${fileName} should be a list of the graph and its reproducibility data, as a session writes it, but is not.`,
  );
}
