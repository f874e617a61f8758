import { isJsonObject, type Json, type JsonObject } from '../protocol/index.ts';
import { GPGTException, shown } from './errors.ts';
import { oidsIn, splitPgt } from './partition/drop-graph.ts';
import { hostsFor, indexIn } from './places.ts';
import { textOf } from './text.ts';

/**
 * Replaces the `#` indices of a partitioned graph by hosts (spec/translator.md 13): the first `numIslands` hosts are
 * islands, the rest nodes. Drops without both keys stay as they are, hosts left over are not used. A host listed in
 * both parts is island and node. The graph given stays as it is; the reproducibility object stays last.
 *
 * Throws `nodes-missing` and `node-index-out-of-range`, which says how many are needed.
 */
export function mapToNodes(pgt: unknown, hosts: readonly string[], numIslands = 1): JsonObject[] {
  const { drops, trailer } = splitPgt(pgt);
  const needed = { nodes: 0, islands: 0 };
  for (const drop of drops) {
    needed.nodes = Math.max(needed.nodes, indexOf(drop, 'node') + 1);
    needed.islands = Math.max(needed.islands, indexOf(drop, 'island') + 1);
  }
  const found = hostsFor({ hosts, islands: numIslands }, needed);
  const mapped: JsonObject[] = drops.map((drop) => {
    const node = indexOf(drop, 'node');
    const island = indexOf(drop, 'island');
    if (drop['node'] === undefined || drop['island'] === undefined) return drop;
    return {
      ...drop,
      node: node < 0 ? drop['node'] : (found.nodes[node] ?? ''),
      island: island < 0 ? drop['island'] : (found.islands[island] ?? ''),
    };
  });
  if (trailer !== undefined) mapped.push(trailer);
  return mapped;
}

/** The number behind `#`; -1 for a drop without one, or with a host already. */
function indexOf(drop: JsonObject, key: 'node' | 'island'): number {
  const value = drop[key];
  if (value === undefined || value === null) return -1;
  if (typeof value !== 'string') {
    throw new GPGTException(
      'pgt-malformed',
      `Expected "${key}" of drop "${textOf(drop['oid'])}" to be a text like "#0", found ${shown(value)}.`,
      { oid: textOf(drop['oid']), fieldName: key, found: shown(value) },
    );
  }
  return indexIn(value);
}

const OUT_KEYS = ['outputs', 'consumers', 'streamingConsumers'] as const;

/** Drops a session starts with (spec 6.5): nothing feeds them, and nobody names them as output or consumer. */
export function rootsOf(pgt: unknown): string[] {
  return endsOf(pgt, ['inputs', 'streamingInputs', 'producers'], OUT_KEYS);
}

/** Drops nothing comes after; Service drops never count. */
export function leavesOf(pgt: unknown): string[] {
  const { drops } = splitPgt(pgt);
  const services = new Set(drops.filter((d) => d['categoryType'] === 'Service').map((d) => d['oid']));
  return endsOf(pgt, OUT_KEYS, ['inputs', 'streamingInputs', 'producers']).filter(
    (oid) => !services.has(oid),
  );
}

function endsOf(pgt: unknown, own: readonly string[], others: readonly string[]): string[] {
  const { drops } = splitPgt(pgt);
  const named = new Set<string>();
  for (const drop of drops) {
    for (const key of others) {
      const list = drop[key];
      if (Array.isArray(list)) for (const oid of oidsIn(list as readonly Json[])) named.add(oid);
    }
  }
  return drops
    .filter((drop) => {
      const isFed = own.some((key) => Array.isArray(drop[key]) && (drop[key] as readonly Json[]).length > 0);
      return !isFed && !named.has(drop['oid'] as string);
    })
    .map((drop) => drop['oid'] as string);
}

/** Removes `reprodata` from every drop when the graph was translated without reproducibility (spec 8.4). */
export function withoutEmptyReprodata(pgt: readonly JsonObject[]): JsonObject[] {
  const trailer = pgt.at(-1);
  const hasMode =
    isJsonObject(trailer) && typeof trailer['oid'] !== 'string' && trailer['rmode'] !== undefined;
  if (hasMode) return [...pgt];
  return pgt.map((drop) => {
    if (typeof drop['oid'] !== 'string' || !('reprodata' in drop)) return drop;
    const { reprodata: _reprodata, ...rest } = drop;
    return rest;
  });
}
