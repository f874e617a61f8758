import type { JsonObject } from '../protocol/index.ts';
import { buildDropGraph, splitPgt, topologicalOrder, type DropGraph } from './partition/index.ts';
import { indexIn } from './places.ts';
import { textOf } from './text.ts';

/** All drops of one logical drop, and the parts they are in. */
export interface OutlineNode {
  /** The logical key; drops without one go by name and class, as in the drawing of a session. */
  readonly id: string;
  readonly name: string;
  readonly isApp: boolean;
  readonly dropclass: string;
  readonly count: number;
  /** Longest way from a root, of the first of its drops. */
  readonly layer: number;
  /** Pairs of node index and number of drops there, by index; empty for a graph that is not partitioned. */
  readonly parts: readonly (readonly [part: number, drops: number])[];
}

/** A physical graph folded to one node per logical drop: what can be drawn whatever the number of copies. */
export interface Outline {
  readonly nodes: readonly OutlineNode[];
  /** From node, to node, number of links. */
  readonly edges: readonly (readonly [from: number, to: number, links: number])[];
  /** Whether there were more nodes than the limit. */
  readonly isTruncated: boolean;
}

/** What the outline asks of every drop. */
export interface DropFacts {
  readonly name: string;
  readonly isApp: boolean;
  readonly dropclass: string;
  readonly lgKey: string | undefined;
  /** Index of its node; -1 for a drop that is not placed. */
  readonly part: number;
}

interface Folding {
  readonly facts: DropFacts;
  readonly id: string;
  readonly parts: Map<number, number>;
  count: number;
  layer: number;
}

/** Folds a physical graph. Throws `pgt-unknown-oid` and `cycle` as partitioning does. */
export function outlineOf(pgt: readonly JsonObject[], limit: number): Outline {
  const { drops } = splitPgt(pgt);
  return foldGraph(buildDropGraph(drops), (i) => factsOf(drops[i] ?? {}), limit);
}

/** Folds a graph of which there are only numbers and facts. Throws `cycle`. */
export function foldGraph(
  graph: DropGraph,
  factsOfDrop: (drop: number) => DropFacts,
  limit: number,
): Outline {
  const layer = new Int32Array(graph.size);
  for (const u of topologicalOrder(graph)) {
    for (let e = graph.outStart[u] ?? 0; e < (graph.outStart[u + 1] ?? 0); e++) {
      const v = graph.edgeTo[e] ?? 0;
      layer[v] = Math.max(layer[v] ?? 0, (layer[u] ?? 0) + 1);
    }
  }
  const folded: Folding[] = [];
  const indexOf = new Map<string, number>();
  const nodeOf = new Int32Array(graph.size);
  for (let i = 0; i < graph.size; i++) {
    const facts = factsOfDrop(i);
    const id = keyOf(facts);
    let index = indexOf.get(id);
    if (index === undefined) {
      index = folded.length;
      indexOf.set(id, index);
      folded.push({ facts, id, parts: new Map(), count: 0, layer: layer[i] ?? 0 });
    }
    const node = folded[index] as Folding;
    node.count++;
    node.layer = Math.min(node.layer, layer[i] ?? 0);
    const { part } = facts;
    if (part >= 0) node.parts.set(part, (node.parts.get(part) ?? 0) + 1);
    nodeOf[i] = index;
  }
  const links = new Map<number, number>();
  const shown = Math.min(limit, folded.length);
  for (let i = 0; i < graph.size; i++) {
    for (let e = graph.outStart[i] ?? 0; e < (graph.outStart[i + 1] ?? 0); e++) {
      const [from, to] = [nodeOf[i] ?? 0, nodeOf[graph.edgeTo[e] ?? 0] ?? 0];
      if (from === to || from >= shown || to >= shown) continue;
      const key = from * folded.length + to;
      links.set(key, (links.get(key) ?? 0) + 1);
    }
  }
  return {
    nodes: folded.slice(0, shown).map(nodeFrom),
    edges: [...links].map(([key, count]) => [Math.floor(key / folded.length), key % folded.length, count]),
    isTruncated: folded.length > shown,
  };
}

function factsOf(drop: JsonObject): DropFacts {
  const key = drop['lg_key'];
  return {
    name: textOf(drop['name'] ?? drop['nm'] ?? drop['oid']),
    isApp: drop['categoryType'] !== 'Data',
    dropclass: textOf(drop['dropclass']),
    lgKey: typeof key === 'string' ? key : undefined,
    part: indexIn(drop['node']),
  };
}

function keyOf({ lgKey, name, dropclass }: DropFacts): string {
  return lgKey !== undefined && lgKey !== '' ? lgKey : `${name}\u0000${dropclass}`;
}

function nodeFrom({ facts, id, parts, count, layer }: Folding): OutlineNode {
  const { name, isApp, dropclass } = facts;
  return { id, name, isApp, dropclass, count, layer, parts: [...parts].sort(([a], [b]) => a - b) };
}
