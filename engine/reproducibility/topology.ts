/**
 * The walk that every stage shares (spec/reproducibility.md 5.2): a Kahn walk with a stack, over indices.
 */

import { WeirError } from '../protocol/index.ts';
import { ReproKeyError } from './fields.ts';
import { keysOf, type PyObject } from './python-json.ts';

/** A directed graph by index, with the order in which upstream visits it. */
export interface Topology {
  readonly ids: readonly string[];
  /** Targets of node i: `targets[offsets[i]]` to `targets[offsets[i + 1] - 1]`, in edge order, duplicates kept. */
  readonly offsets: Uint32Array;
  readonly targets: Uint32Array;
  /** Indices in visiting order; nodes on or behind a cycle are missing. */
  readonly visited: Uint32Array;
  readonly isRoot: Uint8Array;
  readonly isLeaf: Uint8Array;
}

/**
 * Orders a graph. `edges` holds pairs of indices (from, to) in edge order. `isSkipped` names nodes that are taken off
 * the stack without being visited; their successors are then not reached through them.
 */
export function buildTopology(
  ids: readonly string[],
  edges: ArrayLike<number>,
  isSkipped?: (index: number) => boolean,
): Topology {
  const count = ids.length;
  const offsets = new Uint32Array(count + 1);
  const indegree = new Uint32Array(count);
  for (let e = 0; e < edges.length; e += 2) {
    const from = edges[e] as number;
    const to = edges[e + 1] as number;
    offsets[from + 1] = (offsets[from + 1] as number) + 1;
    indegree[to] = (indegree[to] as number) + 1;
  }
  for (let i = 0; i < count; i++) offsets[i + 1] = (offsets[i + 1] as number) + (offsets[i] as number);
  const targets = new Uint32Array(edges.length / 2);
  const next = offsets.slice(0, count);
  for (let e = 0; e < edges.length; e += 2) {
    const from = edges[e] as number;
    targets[next[from] as number] = edges[e + 1] as number;
    next[from] = (next[from] as number) + 1;
  }
  const isRoot = Uint8Array.from(indegree, (degree) => (degree === 0 ? 1 : 0));
  const isLeaf = new Uint8Array(count);
  for (let i = 0; i < count; i++) if (offsets[i] === offsets[i + 1]) isLeaf[i] = 1;
  const visited = visit({ offsets, targets, isRoot }, indegree, isSkipped);
  return { ids, offsets, targets, visited, isRoot, isLeaf };
}

function visit(
  graph: Pick<Topology, 'offsets' | 'targets' | 'isRoot'>,
  open: Uint32Array,
  isSkipped: ((index: number) => boolean) | undefined,
): Uint32Array {
  const { offsets, targets, isRoot } = graph;
  const count = isRoot.length;
  const stack = new Uint32Array(count);
  const visited = new Uint32Array(count);
  let height = 0;
  let done = 0;
  for (let i = 0; i < count; i++) if (isRoot[i]) stack[height++] = i;
  while (height > 0) {
    const node = stack[--height] as number;
    if (isSkipped?.(node)) continue;
    visited[done++] = node;
    for (let e = offsets[node] as number; e < (offsets[node + 1] as number); e++) {
      const target = targets[e] as number;
      const left = (open[target] as number) - 1;
      open[target] = left;
      if (left === 0) stack[height++] = target;
    }
  }
  return visited.slice(0, done);
}

function indexOf(index: ReadonlyMap<string, number>, id: string, where: string): number {
  const found = index.get(id);
  if (found === undefined) throw new ReproKeyError(id, where);
  return found;
}

function requireKey(object: PyObject, key: string, where: string): string {
  if (!Object.hasOwn(object, key)) throw new ReproKeyError(key, where);
  const id = object[key];
  // Old editors numbered their nodes.
  if (typeof id === 'string' || typeof id === 'number') return String(id);
  throw new WeirError(
    'REPRO_INVALID',
    `"${key}" of ${where} should be a text, but is ${JSON.stringify(id)}.`,
  );
}

/** The topology of a logical graph: `linkDataArray` over node ids. A node without `reprodata` is skipped. */
export function logicalTopology(nodes: readonly PyObject[], links: readonly PyObject[]): Topology {
  const index = new Map<string, number>();
  const ids = nodes.map((node, i) => {
    const id = requireKey(node, 'id', `node ${i} of nodeDataArray`);
    index.set(id, i);
    return id;
  });
  const edges: number[] = [];
  links.forEach((link, i) => {
    const where = `nodeDataArray, to which link ${i} points,`;
    const from = requireKey(link, 'from', `link ${i} of linkDataArray`);
    const to = requireKey(link, 'to', `link ${i} of linkDataArray`);
    edges.push(indexOf(index, from, where), indexOf(index, to, where));
  });
  return buildTopology(ids, edges, (i) => nodes[i]?.['reprodata'] === undefined);
}

/** The oid in an entry of a relation list: a text, or an object whose first key it is. */
export function relationOid(entry: unknown): string {
  if (typeof entry === 'string') return entry;
  if (typeof entry === 'object' && entry !== null) {
    const first = keysOf(entry)[0];
    if (first !== undefined) return first;
  }
  throw new WeirError(
    'REPRO_INVALID',
    `A relation should be an oid or an object {oid: port}, but is ${JSON.stringify(entry)}.`,
  );
}

/** The topology of physical drops: `outputs`, then `consumers` of each drop, and no other relation. */
export function physicalTopology(drops: readonly PyObject[]): Topology {
  const index = new Map<string, number>();
  const ids = drops.map((drop, i) => {
    const oid = requireKey(drop, 'oid', `drop ${i} of the list`);
    index.set(oid, i);
    return oid;
  });
  const edges: number[] = [];
  drops.forEach((drop, from) => {
    for (const key of ['outputs', 'consumers']) {
      const list = drop[key];
      if (!Array.isArray(list)) continue;
      for (const entry of list as unknown[]) {
        const oid = relationOid(entry);
        edges.push(from, indexOf(index, oid, `The drop list, to which "${key}" of "${ids[from]}" points,`));
      }
    }
  });
  return buildTopology(ids, edges);
}
