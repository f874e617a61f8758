import { shuffled, type Random } from './random.ts';

/** An undirected graph with weights, every edge twice: the form the multilevel partitioner works on. */
export interface WeightedGraph {
  readonly size: number;
  readonly start: Int32Array;
  readonly adjacent: Int32Array;
  readonly edgeWeight: Float64Array;
  readonly weight: Float64Array;
}

/** Builds the graph from edges; parallel edges add up, loops are left out. */
export function weightedGraph(
  weight: Float64Array,
  from: Int32Array,
  to: Int32Array,
  edgeWeight: Float64Array,
): WeightedGraph {
  const size = weight.length;
  const degree = new Int32Array(size + 1);
  for (let e = 0; e < from.length; e++) {
    if (from[e] === to[e]) continue;
    degree[(from[e] ?? 0) + 1] = (degree[(from[e] ?? 0) + 1] ?? 0) + 1;
    degree[(to[e] ?? 0) + 1] = (degree[(to[e] ?? 0) + 1] ?? 0) + 1;
  }
  for (let i = 0; i < size; i++) degree[i + 1] = (degree[i + 1] ?? 0) + (degree[i] ?? 0);
  const next = degree.slice();
  const rawTo = new Int32Array(degree[size] ?? 0);
  const rawWeight = new Float64Array(degree[size] ?? 0);
  const put = (a: number, b: number, w: number): void => {
    const at = next[a] ?? 0;
    rawTo[at] = b;
    rawWeight[at] = w;
    next[a] = at + 1;
  };
  for (let e = 0; e < from.length; e++) {
    const a = from[e] ?? 0;
    const b = to[e] ?? 0;
    if (a === b) continue;
    put(a, b, edgeWeight[e] ?? 1);
    put(b, a, edgeWeight[e] ?? 1);
  }
  return merged(size, degree, rawTo, rawWeight, weight);
}

function merged(
  size: number,
  rawStart: Int32Array,
  rawTo: Int32Array,
  rawWeight: Float64Array,
  weight: Float64Array,
): WeightedGraph {
  const start = new Int32Array(size + 1);
  const seenAt = new Int32Array(size).fill(-1);
  let filled = 0;
  for (let i = 0; i < size; i++) {
    const begin = filled;
    for (let e = rawStart[i] ?? 0; e < (rawStart[i + 1] ?? 0); e++) {
      const j = rawTo[e] ?? 0;
      const at = seenAt[j] ?? -1;
      if (at >= begin) rawWeight[at] = (rawWeight[at] ?? 0) + (rawWeight[e] ?? 0);
      else {
        seenAt[j] = filled;
        rawTo[filled] = j;
        rawWeight[filled] = rawWeight[e] ?? 0;
        filled++;
      }
    }
    start[i + 1] = filled;
  }
  return { size, start, adjacent: rawTo.slice(0, filled), edgeWeight: rawWeight.slice(0, filled), weight };
}

/** Vertices put together by `map` (coarse vertex per vertex). */
export function contract(graph: WeightedGraph, map: Int32Array, size: number): WeightedGraph {
  const weight = new Float64Array(size);
  const first = new Int32Array(size).fill(-1);
  const next = new Int32Array(graph.size).fill(-1);
  for (let i = graph.size - 1; i >= 0; i--) {
    const c = map[i] ?? 0;
    weight[c] = (weight[c] ?? 0) + (graph.weight[i] ?? 0);
    next[i] = first[c] ?? -1;
    first[c] = i;
  }
  const start = new Int32Array(size + 1);
  const adjacent = new Int32Array(graph.adjacent.length);
  const edgeWeight = new Float64Array(graph.adjacent.length);
  const seenAt = new Int32Array(size).fill(-1);
  let filled = 0;
  for (let c = 0; c < size; c++) {
    const begin = filled;
    for (let i = first[c] ?? -1; i >= 0; i = next[i] ?? -1) {
      for (let e = graph.start[i] ?? 0; e < (graph.start[i + 1] ?? 0); e++) {
        const d = map[graph.adjacent[e] ?? 0] ?? 0;
        if (d === c) continue;
        const at = seenAt[d] ?? -1;
        if (at >= begin) edgeWeight[at] = (edgeWeight[at] ?? 0) + (graph.edgeWeight[e] ?? 0);
        else {
          seenAt[d] = filled;
          adjacent[filled] = d;
          edgeWeight[filled] = graph.edgeWeight[e] ?? 0;
          filled++;
        }
      }
    }
    start[c + 1] = filled;
  }
  return {
    size,
    start,
    adjacent: adjacent.slice(0, filled),
    edgeWeight: edgeWeight.slice(0, filled),
    weight,
  };
}

/**
 * Pairs neighbours along heavy edges; leaves of one hub, which have no free neighbour, pair with each other. Returns
 * the coarse vertex of every vertex.
 */
export function matchHeavyEdges(
  graph: WeightedGraph,
  maxWeight: number,
  random: Random,
): { map: Int32Array; size: number } {
  const { size, start, adjacent, edgeWeight, weight } = graph;
  const mate = new Int32Array(size).fill(-1);
  const waiting = new Map<number, number>();
  for (const i of shuffled(size, random)) {
    if (mate[i] !== -1) continue;
    let best = -1;
    let bestWeight = -1;
    let hub = -1;
    let hubWeight = -1;
    for (let e = start[i] ?? 0; e < (start[i + 1] ?? 0); e++) {
      const j = adjacent[e] ?? 0;
      const w = edgeWeight[e] ?? 0;
      if (w > hubWeight) {
        hubWeight = w;
        hub = j;
      }
      if (mate[j] !== -1 || w <= bestWeight || j === i) continue;
      if ((weight[i] ?? 0) + (weight[j] ?? 0) > maxWeight) continue;
      best = j;
      bestWeight = w;
    }
    if (best === -1 && (start[i + 1] ?? 0) - (start[i] ?? 0) <= 4) {
      // Two leaves of one hub, or two vertices without any edge (hub -1).
      const other = waiting.get(hub);
      if (other === undefined || mate[other] !== -1) {
        waiting.set(hub, i);
        continue;
      }
      waiting.delete(hub);
      if ((weight[i] ?? 0) + (weight[other] ?? 0) > maxWeight) continue;
      best = other;
    }
    if (best === -1) continue;
    mate[i] = best;
    mate[best] = i;
  }
  const map = new Int32Array(size).fill(-1);
  let coarse = 0;
  for (let i = 0; i < size; i++) {
    if (map[i] !== -1) continue;
    map[i] = coarse;
    const j = mate[i] ?? -1;
    if (j >= 0) map[j] = coarse;
    coarse++;
  }
  return { map, size: coarse };
}

/** Sum of the weights of edges between parts. */
export function edgeCut(graph: WeightedGraph, part: Int32Array): number {
  let cut = 0;
  for (let i = 0; i < graph.size; i++) {
    for (let e = graph.start[i] ?? 0; e < (graph.start[i + 1] ?? 0); e++) {
      if (part[i] !== part[graph.adjacent[e] ?? 0]) cut += graph.edgeWeight[e] ?? 0;
    }
  }
  return cut / 2;
}

/** The weight of each part. */
export function loadsOf(graph: WeightedGraph, part: Int32Array, parts: number): Float64Array {
  const load = new Float64Array(parts);
  for (let i = 0; i < graph.size; i++)
    load[part[i] ?? 0] = (load[part[i] ?? 0] ?? 0) + (graph.weight[i] ?? 0);
  return load;
}
