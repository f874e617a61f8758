import type { Json, JsonObject } from '../protocol/index.ts';
import { buildDropGraph, splitPgt, topologicalOrder } from './partition/index.ts';
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

interface Folding {
  readonly drop: JsonObject;
  readonly id: string;
  readonly parts: Map<number, number>;
  count: number;
  layer: number;
}

/** Folds a physical graph. Throws `pgt-unknown-oid` and `cycle` as partitioning does. */
export function outlineOf(pgt: readonly JsonObject[], limit: number): Outline {
  const { drops } = splitPgt(pgt);
  const graph = buildDropGraph(drops);
  const layer = new Int32Array(graph.size);
  for (const u of topologicalOrder(graph)) {
    for (let e = graph.outStart[u] ?? 0; e < (graph.outStart[u + 1] ?? 0); e++) {
      const v = graph.edgeTo[e] ?? 0;
      layer[v] = Math.max(layer[v] ?? 0, (layer[u] ?? 0) + 1);
    }
  }
  const folded: Folding[] = [];
  const indexOf = new Map<string, number>();
  const nodeOf = Int32Array.from(drops, (drop, i) => {
    const id = keyOf(drop);
    let index = indexOf.get(id);
    if (index === undefined) {
      index = folded.length;
      indexOf.set(id, index);
      folded.push({ drop, id, parts: new Map(), count: 0, layer: layer[i] ?? 0 });
    }
    const node = folded[index] as Folding;
    node.count++;
    node.layer = Math.min(node.layer, layer[i] ?? 0);
    const part = partOf(drop['node']);
    if (part >= 0) node.parts.set(part, (node.parts.get(part) ?? 0) + 1);
    return index;
  });
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

function keyOf(drop: JsonObject): string {
  const key = drop['lg_key'];
  return typeof key === 'string' && key !== ''
    ? key
    : `${textOf(drop['name'])}\u0000${textOf(drop['dropclass'])}`;
}

function partOf(node: Json | undefined): number {
  return typeof node === 'string' && /^#\d+$/.test(node) ? Number(node.slice(1)) : -1;
}

function nodeFrom({ drop, id, parts, count, layer }: Folding): OutlineNode {
  return {
    id,
    name: textOf(drop['name'] ?? drop['nm'] ?? drop['oid']),
    isApp: drop['categoryType'] !== 'Data',
    dropclass: textOf(drop['dropclass']),
    count,
    layer,
    parts: [...parts].sort(([a], [b]) => a - b),
  };
}
