import type { Random } from './random.ts';
import { Refiner } from './refine.ts';
import { edgeCut, type WeightedGraph } from './weighted-graph.ts';

/** Divides in two again and again; every part gets its share of the weight, as near as single vertices allow. */
export function bisectRecursively(graph: WeightedGraph, parts: number, random: Random): Int32Array {
  const part = new Int32Array(graph.size);
  const all = Int32Array.from({ length: graph.size }, (_, i) => i);
  divide(graph, all, parts, 0, part, random);
  return part;
}

function divide(
  graph: WeightedGraph,
  vertices: Int32Array,
  parts: number,
  first: number,
  part: Int32Array,
  random: Random,
): void {
  if (parts <= 1) {
    for (const v of vertices) part[v] = first;
    return;
  }
  const sub = induced(graph, vertices);
  const leftParts = parts >> 1;
  const side = bisect(sub, leftParts / parts, random);
  const left = vertices.filter((_, n) => side[n] === 0);
  const right = vertices.filter((_, n) => side[n] === 1);
  divide(graph, left, leftParts, first, part, random);
  divide(graph, right, parts - leftParts, first + leftParts, part, random);
}

function induced(graph: WeightedGraph, vertices: Int32Array): WeightedGraph {
  if (vertices.length === graph.size) return graph;
  const number = new Int32Array(graph.size).fill(-1);
  vertices.forEach((v, n) => {
    number[v] = n;
  });
  const start = new Int32Array(vertices.length + 1);
  const adjacent: number[] = [];
  const edgeWeight: number[] = [];
  vertices.forEach((v, n) => {
    for (let e = graph.start[v] ?? 0; e < (graph.start[v + 1] ?? 0); e++) {
      const to = number[graph.adjacent[e] ?? 0] ?? -1;
      if (to < 0) continue;
      adjacent.push(to);
      edgeWeight.push(graph.edgeWeight[e] ?? 0);
    }
    start[n + 1] = adjacent.length;
  });
  return {
    size: vertices.length,
    start,
    adjacent: Int32Array.from(adjacent),
    edgeWeight: Float64Array.from(edgeWeight),
    weight: Float64Array.from(vertices, (v) => graph.weight[v] ?? 0),
  };
}

const BISECTION_TRIES = 6;

/** Two sides with the share of weight asked for: grown from a seed, refined; the best of a few. */
function bisect(graph: WeightedGraph, leftShare: number, random: Random): Int32Array {
  let total = 0;
  let heaviest = 0;
  for (const w of graph.weight) {
    total += w;
    heaviest = Math.max(heaviest, w);
  }
  const slack = total * 0.01 + heaviest;
  const limits = Float64Array.from([total * leftShare + slack, total * (1 - leftShare) + slack]);
  let best: Int32Array | undefined;
  let bestCut = Infinity;
  for (let n = 0; n < BISECTION_TRIES; n++) {
    const side = grow(graph, total * leftShare, random);
    new Refiner(graph, side, limits).run(6);
    const cut = edgeCut(graph, side);
    if (cut < bestCut) {
      bestCut = cut;
      best = side;
    }
  }
  return best ?? new Int32Array(graph.size);
}

/** Grows side 0 from a random vertex, always by the vertex with the most weight towards it. */
function grow(graph: WeightedGraph, target: number, random: Random): Int32Array {
  const { size, start, adjacent, edgeWeight, weight } = graph;
  const side = new Int32Array(size).fill(1);
  const pull = new Float64Array(size);
  const frontier = new Set<number>();
  let load = 0;
  let left = size;
  while (load < target && left > 1) {
    let next = -1;
    for (const v of frontier) if (next < 0 || (pull[v] ?? 0) > (pull[next] ?? 0)) next = v;
    if (next < 0) {
      next = Math.floor(random() * size);
      while (side[next] === 0) next = (next + 1) % size;
    }
    if (load > 0 && load + (weight[next] ?? 0) - target > target - load) break;
    frontier.delete(next);
    side[next] = 0;
    load += weight[next] ?? 0;
    left--;
    for (let e = start[next] ?? 0; e < (start[next + 1] ?? 0); e++) {
      const to = adjacent[e] ?? 0;
      if (side[to] === 0) continue;
      // Degree-aware pull: weight towards the grown side minus what would stay outside.
      if (pull[to] === 0) {
        let outside = 0;
        for (let f = start[to] ?? 0; f < (start[to + 1] ?? 0); f++) outside += edgeWeight[f] ?? 0;
        pull[to] = -outside;
      }
      pull[to] = (pull[to] ?? 0) + 2 * (edgeWeight[e] ?? 0);
      frontier.add(to);
    }
  }
  return side;
}
