/**
 * Lists of drops that were appended one after the other, and links added between them, as the one list that they are
 * deployed as. It is what the history keeps: whoever reads it later needs to know nothing of how it was submitted.
 */
import type { PhysicalGraph } from '../graph/index.ts';
import { LINK_SPEC_KEY, WeirError, type DROPLinkType } from '../protocol/index.ts';
import { parsePythonJson, setKey, stringifyPythonJson, type PyObject } from '../reproducibility/index.ts';
import { Slices } from './slices.ts';

/** "The dropspec of lhs lists rhs under `type`". */
export interface ListedLink {
  readonly lhs: string;
  readonly type: DROPLinkType;
  readonly rhs: string;
}

/**
 * The text of one list with the drops of all lists in their order, with the links in their dropspecs. Dropspecs without
 * links stay byte for byte as they were submitted. `reprodata`: JSON of the graph-level data, or null. Throws
 * GRAPH_DANGLING_LINK for a link of a drop that is in no list.
 */
export async function joinLists(
  lists: readonly PhysicalGraph[],
  links: readonly ListedLink[],
  reprodata: string | null,
): Promise<Uint8Array> {
  const linked = specsWithLinks(lists, links);
  const pieces: Uint8Array[] = [];
  const [comma, close] = [Buffer.from(',\n'), Buffer.from(']\n')];
  const slices = new Slices();
  for (const list of lists)
    for (let row = 0; row < list.count; row++) {
      pieces.push(
        pieces.length === 0 ? Buffer.from('[') : comma,
        linked.get(list)?.get(row) ?? list.specBytes(row),
      );
      if ((row & 255) === 255 && slices.isOver) await slices.pause();
    }
  if (pieces.length === 0) pieces.push(Buffer.from('['));
  if (reprodata !== null) pieces.push(...(pieces.length > 1 ? [comma] : []), Buffer.from(reprodata));
  pieces.push(close);
  return joined(pieces, slices);
}

async function joined(pieces: readonly Uint8Array[], slices: Slices): Promise<Uint8Array> {
  const text = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const [i, piece] of pieces.entries()) {
    text.set(piece, at);
    at += piece.length;
    if ((i & 255) === 255 && slices.isOver) await slices.pause();
  }
  return text;
}

/** The dropspecs that links were added to, by list and row. Throws GRAPH_DANGLING_LINK. */
export function specsWithLinks(
  lists: readonly PhysicalGraph[],
  links: readonly ListedLink[],
): ReadonlyMap<PhysicalGraph, ReadonlyMap<number, Uint8Array>> {
  const specs = new Map<PhysicalGraph, Map<number, PyObject>>();
  for (const { lhs, type, rhs } of links) {
    const list = lists.find((one) => one.rowOf(lhs) >= 0);
    if (list === undefined)
      throw new WeirError('GRAPH_DANGLING_LINK', `The session has no drop "${lhs}" to link.`, {
        details: { oid: lhs },
      });
    const row = list.rowOf(lhs);
    const known = specs.get(list) ?? new Map<number, PyObject>();
    specs.set(list, known);
    const spec = known.get(row) ?? (parsePythonJson(textOf(list.specBytes(row))) as PyObject);
    known.set(row, spec);
    addLink(spec, LINK_SPEC_KEY[type], rhs);
  }
  return new Map(
    [...specs].map(([list, known]) => [
      list,
      new Map([...known].map(([row, spec]) => [row, Buffer.from(stringifyPythonJson(spec))])),
    ]),
  );
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');

/** A drop has one parent; of everything else it has lists, whose entries may name ports. A link that is there is not added. */
function addLink(spec: PyObject, key: string, rhs: string): void {
  if (key === 'parent') {
    setKey(spec, key, rhs);
    return;
  }
  const before: readonly unknown[] = Array.isArray(spec[key]) ? spec[key] : [];
  const isThere = before.some(
    (entry) => entry === rhs || (typeof entry === 'object' && entry !== null && Object.hasOwn(entry, rhs)),
  );
  if (!isThere) setKey(spec, key, [...before, rhs] as never);
}
