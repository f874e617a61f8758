import { DropKind, topologicalOrder, type DropGraph } from './drop-graph.ts';

/** What upstream tells about a partitioning (spec/translator.md 10), and what Weir adds to it. */
export interface PartitionResult {
  readonly algo: string;
  readonly min_exec_time: number | null;
  readonly total_data_movement: number;
  readonly exec_time: number | null;
  readonly num_parts?: number;
  num_islands?: number;
  /** Added by Weir: heaviest part x parts / total, by application time; longest chain without any transfer. */
  readonly load_imbalance?: number;
  readonly critical_path?: number;
  readonly edge_cut?: number;
}

/** The longest path with the transfer times given, and the application time along that path. */
export interface LongestPath {
  readonly length: number;
  readonly work: number;
}

/** Vertex weight of the scheduling graph: applications cost time, data costs none. */
export function timeOf(graph: DropGraph, i: number): number {
  return graph.kind[i] === DropKind.APP ? (graph.weight[i] ?? 0) : 0;
}

/**
 * `len(v) = max over predecessors u of (len(u) + edge(u, v) + weight(u) + (weight(v) if v is a leaf))` (spec 9); of
 * equal predecessors the later one in the list counts.
 */
export function longestPath(graph: DropGraph, edgeWeight: Float64Array): LongestPath {
  const { size, outStart, edgeTo } = graph;
  const length = new Float64Array(size);
  const from = new Int32Array(size).fill(-1);
  for (const u of topologicalOrder(graph)) {
    for (let e = outStart[u] ?? 0; e < (outStart[u + 1] ?? 0); e++) {
      const v = edgeTo[e] ?? 0;
      const isLeaf = outStart[v] === outStart[v + 1];
      const reach =
        (length[u] ?? 0) + (edgeWeight[e] ?? 0) + timeOf(graph, u) + (isLeaf ? timeOf(graph, v) : 0);
      const known = from[v] ?? -1;
      const isBetter = known < 0 || reach > (length[v] ?? 0) || (reach === length[v] && u > known);
      if (!isBetter) continue;
      length[v] = reach;
      from[v] = u;
    }
  }
  let end = 0;
  for (let i = 1; i < size; i++) if ((length[i] ?? 0) >= (length[end] ?? 0)) end = i;
  let work = 0;
  for (let at = size === 0 ? -1 : end; at >= 0; at = from[at] ?? -1) work += timeOf(graph, at);
  return { length: size === 0 ? 0 : (length[end] ?? 0), work };
}

/** Edge weights with the edges inside a part set to nothing. */
export function weightsBetween(graph: DropGraph, part: Int32Array): Float64Array {
  const weights = graph.edgeWeight.slice();
  for (let i = 0; i < graph.size; i++) {
    for (let e = graph.outStart[i] ?? 0; e < (graph.outStart[i + 1] ?? 0); e++) {
      if (part[i] === part[graph.edgeTo[e] ?? 0]) weights[e] = 0;
    }
  }
  return weights;
}

export function sum(values: Float64Array): number {
  let total = 0;
  for (const v of values) total += v;
  return total;
}

/** Heaviest part x number of parts / total, by application time. 1 is even. */
export function loadImbalance(graph: DropGraph, part: Int32Array, parts: number): number {
  const load = new Float64Array(parts);
  let total = 0;
  for (let i = 0; i < graph.size; i++) {
    const time = timeOf(graph, i);
    load[part[i] ?? 0] = (load[part[i] ?? 0] ?? 0) + time;
    total += time;
  }
  return total === 0 ? 1 : (load.reduce((most, l) => Math.max(most, l), 0) * parts) / total;
}

/** Longest chain of applications if no transfer took time: no placement can be faster. */
export function criticalPath(graph: DropGraph): number {
  return longestPath(graph, new Float64Array(graph.edgeTo.length)).length;
}
