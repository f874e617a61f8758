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
  yield reprodataOutEntries([], reprodata, { isFirst: true, isLast: false });
  let isFirst = true;
  for (const entry of entriesOf(graph)) {
    if (entry[0] === 'reprodata') continue;
    const text = reprodataOutEntries([entry], reprodata, { isFirst, isLast: false });
    // The opening was given already.
    yield isFirst ? text.slice('[\n    {'.length) : text;
    isFirst = false;
  }
  const end = reprodataOutEntries([], reprodata, { isFirst, isLast: true });
  yield isFirst ? end.slice('[\n    {'.length) : end;
}

/** The text of a graph-level `reprodata` at a depth of the file. */
export function reprodataOutParts(reprodata: object, level: number): string {
  return stringifyPythonJson(reprodata, level === 0 ? {} : { indent: INDENT, level });
}

/**
 * A page of the file: some drops in order, with what comes before the first and after the last drop. All pages joined
 * are what {@link reprodataOutChunks} gives.
 */
export function reprodataOutEntries(
  entries: Iterable<readonly [string, object]>,
  reprodata: object | null,
  place: { readonly isFirst: boolean; readonly isLast: boolean },
): string {
  const chunks: string[] = [];
  if (place.isFirst) chunks.push('[\n    {');
  let separator = place.isFirst ? '\n        ' : ',\n        ';
  const add = (key: string, value: object): void => {
    const text = stringifyPythonJson(value, { indent: INDENT, level: 2 });
    chunks.push(`${separator}${stringifyPythonJson(key)}: ${text}`);
    separator = ',\n        ';
  };
  for (const [oid, drop] of entries) if (oid !== 'reprodata') add(oid, drop);
  if (!place.isLast) return chunks.join('');
  if (reprodata !== null && Object.keys(reprodata).length > 0) add('reprodata', reprodata);
  chunks.push(separator.startsWith(',') ? '\n    },\n    ' : '},\n    ');
  chunks.push(`${reprodataOutParts(reprodata ?? {}, 1)}\n]`);
  return chunks.join('');
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
