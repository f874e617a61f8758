import { GPGTException } from './errors.ts';
import type { Placement } from './partition/index.ts';

/** Where a partitioned graph goes: hosts in upstream's order (islands first), or as many parts as there are on a few nodes. */
export type MapTarget =
  | { readonly hosts: readonly string[]; readonly islands: number }
  | { readonly islands: readonly string[]; readonly nodes: readonly string[] };

/** What stands for each node index and each island index of a graph. */
export interface Hosts {
  readonly nodes: readonly string[];
  readonly islands: readonly string[];
}

/** How many node and island indices a graph uses. */
export interface Needed {
  readonly nodes: number;
  readonly islands: number;
}

/**
 * The hosts of a graph (spec/translator.md 13): of a list in upstream's order the first are islands, the rest nodes,
 * and there must be enough; of the other form the hosts take turns. Throws `nodes-missing`, `node-index-out-of-range`.
 */
export function hostsFor(target: MapTarget, needed: Needed): Hosts {
  if (!('hosts' in target)) {
    const turns = (hosts: readonly string[], count: number): string[] =>
      Array.from({ length: count }, (_, i) => hosts[i % hosts.length] ?? '');
    if (target.nodes.length === 0 || target.islands.length === 0) throw missing(0, target.islands.length);
    return {
      nodes: turns(target.nodes, needed.nodes),
      islands: turns(target.islands, needed.islands),
    };
  }
  const { hosts, islands: count } = target;
  if (hosts.length === 0 || count < 1 || hosts.length <= count) throw missing(hosts.length, count);
  const found = { nodes: hosts.slice(count), islands: hosts.slice(0, count) };
  for (const key of ['nodes', 'islands'] as const) {
    if (needed[key] <= found[key].length) continue;
    throw new GPGTException(
      'node-index-out-of-range',
      `Expected ${needed[key]} ${key} for this graph, found ${found[key].length}. List more hosts, or partition the graph for ${found[key].length}.`,
      { expected: String(needed[key]), found: String(found[key].length) },
    );
  }
  return found;
}

function missing(hosts: number, islands: number): GPGTException {
  return new GPGTException(
    'nodes-missing',
    `Expected more hosts than islands (the islands first, then the nodes), found ${hosts} host(s) for ${islands} island(s). ` +
      'List the host of every island and of every node.',
    { expected: `> ${islands}`, found: String(hosts) },
  );
}

/** `#i` for every index: a template that is not mapped yet. */
export function indicesAsHosts(needed: Needed): Hosts {
  const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `#${i}`);
  return { nodes: numbered(needed.nodes), islands: numbered(needed.islands) };
}

/** The number behind `#`; -1 for anything else. */
export function indexIn(value: unknown): number {
  return typeof value === 'string' && /^#\d+$/.test(value) ? Number(value.slice(1)) : -1;
}

/** Highest indices in use, plus one. */
export function neededOf(node: Int32Array, islandOf: (drop: number) => number): Needed {
  let nodes = 0;
  let islands = 0;
  for (let i = 0; i < node.length; i++) {
    nodes = Math.max(nodes, (node[i] ?? -1) + 1);
    islands = Math.max(islands, islandOf(i) + 1);
  }
  return { nodes, islands };
}

/** For each node the text that puts a drop there. */
export function placeTexts(
  { node, islandOfNode }: Pick<Placement, 'node' | 'islandOfNode'>,
  hosts: Hosts,
): string[] {
  let nodes = 0;
  for (const n of node) nodes = Math.max(nodes, n + 1);
  return Array.from({ length: nodes }, (_, n) => {
    const island = hosts.islands[islandOfNode[n] ?? 0] ?? '';
    return `,"node":${JSON.stringify(hosts.nodes[n] ?? '')},"island":${JSON.stringify(island)}`;
  });
}

/** Drops per node index; undefined for a graph that is not partitioned. */
export function sizesOf(nodes: Iterable<number>): number[] | undefined {
  const sizes: number[] = [];
  for (const index of nodes) {
    if (index < 0) continue;
    while (sizes.length <= index) sizes.push(0);
    sizes[index] = (sizes[index] ?? 0) + 1;
  }
  return sizes.length === 0 ? undefined : sizes;
}
