import { GPGTException, GPGTNoNeedMergeException } from '../errors.ts';
import type { TranslationRules } from '../rules.ts';
import { timeOf } from './statistics.ts';
import { DropKind, type DropGraph } from './drop-graph.ts';
import { kway } from './kway.ts';
import { weightedGraph, type WeightedGraph } from './weighted-graph.ts';

export interface Placement {
  /** Node index per drop. */
  readonly node: Int32Array;
  /** Island index per node. */
  readonly islandOfNode: Int32Array;
  readonly nodes: number;
  readonly islands: number;
}

/**
 * From partitions found to nodes and islands (spec/translator.md 12). One island: partitions are merged until there
 * are as many as nodes. More islands: the partitions are grouped, and each is a node.
 *
 * Throws `more-islands-than-nodes`, `insufficient-nodes` or `merge-not-needed`.
 */
export function placePartitions(
  graph: DropGraph,
  part: Int32Array,
  parts: number,
  wanted: { readonly numPartitions: number; readonly numIslands: number; readonly rules: TranslationRules },
): Placement {
  const islands = Math.max(1, wanted.numIslands);
  // Upstream's template has one worker slot more per island asked for.
  const extra = wanted.rules === 'daliuge' ? wanted.numIslands : 0;
  const workers = wanted.numPartitions + extra;
  if (islands > 1) {
    if (islands + parts > workers + islands) {
      throw new GPGTException(
        'insufficient-nodes',
        `Expected at least ${parts} nodes for ${parts} partitions in ${islands} islands, found ${workers}. ` +
          'Ask for more partitions, or for one island.',
        { expected: `>= ${parts}`, found: String(workers) },
      );
    }
    if (parts <= islands) {
      throw new GPGTNoNeedMergeException(
        'merge-not-needed',
        `Expected more partitions than islands, found ${parts} partitions for ${islands} islands. ` +
          'Ask for fewer islands or more partitions.',
        { expected: `> ${islands}`, found: String(parts) },
      );
    }
    const islandOfNode = kway(partitionGraph(graph, part, parts), {
      parts: islands,
      tolerance: 1.01,
      tries: 24,
    });
    return { node: part, islandOfNode, nodes: parts, islands };
  }
  if (workers >= parts) {
    return { node: part, islandOfNode: new Int32Array(parts), nodes: parts, islands: 1 };
  }
  const merged = kway(partitionGraph(graph, part, parts), { parts: workers, tolerance: 1.01, tries: 24 });
  return {
    node: part.map((p) => merged[p] ?? 0),
    islandOfNode: new Int32Array(workers),
    nodes: workers,
    islands: 1,
  };
}

/** Partitions as vertices, by application time; edges are what is sent between them. */
function partitionGraph(graph: DropGraph, part: Int32Array, parts: number): WeightedGraph {
  const weight = new Float64Array(parts);
  const from: number[] = [];
  const to: number[] = [];
  const edgeWeight: number[] = [];
  for (let i = 0; i < graph.size; i++) {
    const p = part[i] ?? 0;
    weight[p] = (weight[p] ?? 0) + (graph.kind[i] === DropKind.APP ? timeOf(graph, i) : 1);
    for (let e = graph.outStart[i] ?? 0; e < (graph.outStart[i + 1] ?? 0); e++) {
      const q = part[graph.edgeTo[e] ?? 0] ?? 0;
      if (p === q) continue;
      from.push(p);
      to.push(q);
      edgeWeight.push(Math.max(1, graph.edgeWeight[e] ?? 1));
    }
  }
  return weightedGraph(weight, Int32Array.from(from), Int32Array.from(to), Float64Array.from(edgeWeight));
}
