/** Sides of a comparison from files: logical graphs, physical lists, `reprodata.out` (engine/reproducibility/compare.ts). */

import { isJsonObject, WeirError } from '../protocol/index.ts';
import type { ComparisonSide, SignatureTable } from './compare.ts';
import { sideOfReproData } from './compare-sides.ts';
import { ALL_RMODES, type HashedRMode, modesOf, rflagCaster } from './modes.ts';
import type { PyJson, PyObject } from './python-json.ts';
import { splitReproData } from './stages.ts';
import { logicalTopology, physicalTopology } from './topology.ts';

/** The signatures that a graph-level `reprodata` has; null for modes it carries without one. */
export function signatureTable(reprodata: object | undefined): SignatureTable {
  const table: Partial<Record<HashedRMode, string | null>> = {};
  const repro = reprodata as PyObject | undefined;
  if (repro === undefined || !Object.hasOwn(repro, 'rmode')) return table;
  for (const mode of modesOf(rflagCaster(repro['rmode']))) {
    if (!(ALL_RMODES as readonly string[]).includes(mode)) continue;
    const part = repro[mode] as PyObject | undefined;
    // Old files keep the signature of their only mode at the top.
    const signature = part?.['signature'] ?? repro['signature'];
    table[mode as HashedRMode] = typeof signature === 'string' ? signature : null;
  }
  return table;
}

/**
 * The side of a parsed document (read it with `parsePythonJson`). Throws REPRO_INVALID naming the file when it is
 * neither a graph nor a `reprodata.out`.
 */
export function sideOfDocument(document: PyJson, fileName: string): ComparisonSide {
  if (isJsonObject(document) && Array.isArray(document['nodeDataArray'])) {
    const nodes = document['nodeDataArray'] as PyObject[];
    const links = (document['linkDataArray'] ?? []) as PyObject[];
    return sideOfReproData(
      nodes,
      logicalTopology(nodes, links),
      signatureTable(document['reprodata'] as object | undefined),
    );
  }
  if (isJsonObject(document)) return sideOfMap(document, undefined, fileName);
  if (Array.isArray(document)) {
    const list = document as unknown as PyObject[];
    const [first, second] = list;
    if (list.length === 2 && isJsonObject(first) && !Object.hasOwn(first, 'oid') && isJsonObject(second))
      return sideOfMap(first, second, fileName);
    if (list.every(isJsonObject)) {
      const { drops, repro } = splitReproData(list);
      return sideOfReproData(drops, physicalTopology(drops), signatureTable(repro));
    }
  }
  throw notComparable(fileName);
}

function notComparable(fileName: string): WeirError {
  return new WeirError(
    'REPRO_INVALID',
    `${fileName} is neither a graph nor a reprodata.out; it cannot be compared.`,
  );
}

/** A map of drops, as in a `reprodata.out` or the graph part of it. */
function sideOfMap(map: PyObject, reprodata: PyObject | undefined, fileName: string): ComparisonSide {
  const drops: PyObject[] = [];
  for (const [key, drop] of Object.entries(map)) {
    if (key === 'reprodata') continue;
    if (!isJsonObject(drop) || drop['oid'] !== key) throw notComparable(fileName);
    drops.push(drop);
  }
  const repro = reprodata ?? (map['reprodata'] as PyObject | undefined);
  return sideOfReproData(drops, physicalTopology(drops), signatureTable(repro));
}
