import { checkCancelled, type WorkOptions } from '../errors.ts';
import { randomFrom, type Random } from './random.ts';
import { Refiner } from './refine.ts';
import { contract, edgeCut, matchHeavyEdges, type WeightedGraph } from './weighted-graph.ts';

export interface KwayOptions extends WorkOptions {
  readonly parts: number;
  /** Heaviest part allowed, as a multiple of the even share (1.01 = one percent more). */
  readonly tolerance: number;
  readonly seed?: number;
  /** Whole runs from different seeds, of which the best counts; absent = by the size of the graph. */
  readonly tries?: number;
  /** What is to be small; absent = the edge cut. */
  readonly cost?: (part: Int32Array) => number;
  /** Parts may stay empty where that spares edges and no part gets too heavy, as METIS leaves them in small graphs. */
  readonly mayLeaveEmpty?: boolean;
  /** Divides in two again and again, without a look at all parts together. */
  readonly isRecursive?: boolean;
}

/** Graphs up to this size are polished move by move where something else than the cut counts. */
const MAX_POLISHED = 300;
/** How much smaller a cut by bisection must be to make up for parts that are heavier by up to another vertex. */
const WORTH_IMBALANCE = 0.5;

/**
 * How far the graph is coarsened, in turns: where few vertices are left, whole clusters change sides at once; where
 * many are left, the first division is finer.
 */
const COARSENESS = [1, 0.33, 0.15];

/**
 * Divides a graph into parts of even weight with few edges between them: a multilevel k-way partitioner in the manner
 * of METIS (Karypis and Kumar 1998: heavy-edge matching, greedy growing, refinement while uncoarsening), with a seed
 * instead of chance. Every part gets at least one vertex if there are enough, unless parts may stay empty.
 */
export function kway(graph: WeightedGraph, options: KwayOptions): Int32Array {
  const { parts } = options;
  if (parts <= 1 || graph.size === 0) return new Int32Array(graph.size);
  const mayLeaveEmpty = options.mayLeaveEmpty === true;
  if (parts >= graph.size && !mayLeaveEmpty) return Int32Array.from({ length: graph.size }, (_, i) => i);
  const tries =
    options.tries ?? (graph.size <= 400 ? 24 : graph.size <= 4000 ? 8 : graph.size <= 40_000 ? 2 : 1);
  const limit = heaviestAllowed(graph, parts, options.tolerance);
  const cost = options.cost ?? ((part: Int32Array) => edgeCut(graph, part));
  let best: Int32Array | undefined;
  let bestCost = Infinity;
  let bestOver = Infinity;
  for (let n = 0; n < tries; n++) {
    checkCancelled(options.signal);
    options.onProgress?.({ phase: 'partition', done: n, total: tries });
    const random = randomFrom((options.seed ?? 1) + n * 7919);
    const part = multilevel(graph, parts, limit, random, options, COARSENESS[n % COARSENESS.length] ?? 1);
    if (mayLeaveEmpty) joinParts(graph, part, parts, limit);
    if (options.cost !== undefined && graph.size <= MAX_POLISHED) polish(graph, part, limit, options, cost);
    const over = excess(graph, part, parts, limit);
    const value = cost(part);
    if (over < bestOver || (over === bestOver && value < bestCost)) {
      best = part;
      bestCost = value;
      bestOver = over;
    }
  }
  const found = best ?? new Int32Array(graph.size);
  if (options.isRecursive !== true) return found;
  const halved = bisected(graph, parts, tries, options);
  return cost(halved) < cost(found) * WORTH_IMBALANCE ? halved : found;
}

/** The best of several recursive bisections. Each step may be off by a vertex, so parts are less even than those above. */
function bisected(graph: WeightedGraph, parts: number, tries: number, options: KwayOptions): Int32Array {
  const cost = options.cost ?? ((part: Int32Array) => edgeCut(graph, part));
  let best: Int32Array = new Int32Array(graph.size);
  let bestCost = Infinity;
  for (let n = 0; n < tries; n++) {
    checkCancelled(options.signal);
    const part = bisectRecursively(graph, parts, randomFrom((options.seed ?? 1) + n * 104_729));
    const value = cost(part);
    if (new Set(part).size < Math.min(parts, graph.size) || value >= bestCost) continue;
    best = part;
    bestCost = value;
  }
  return best;
}

/** Moves single vertices to parts of their neighbours as long as that lowers the cost. */
function polish(
  graph: WeightedGraph,
  part: Int32Array,
  limit: number,
  { parts, mayLeaveEmpty = false }: KwayOptions,
  cost: (part: Int32Array) => number,
): void {
  const least = mayLeaveEmpty ? 0 : 1;
  const load = new Float64Array(parts);
  const members = new Int32Array(parts);
  for (let i = 0; i < graph.size; i++) {
    const p = part[i] ?? 0;
    load[p] = (load[p] ?? 0) + (graph.weight[i] ?? 0);
    members[p] = (members[p] ?? 0) + 1;
  }
  let value = cost(part);
  for (let hasMoved = true; hasMoved;) {
    hasMoved = false;
    for (let i = 0; i < graph.size; i++) {
      const w = graph.weight[i] ?? 0;
      for (let e = graph.start[i] ?? 0; e < (graph.start[i + 1] ?? 0); e++) {
        const from = part[i] ?? 0;
        const to = part[graph.adjacent[e] ?? 0] ?? 0;
        if (to === from || (members[from] ?? 0) <= least || (load[to] ?? 0) + w > limit) continue;
        part[i] = to;
        const next = cost(part);
        if (next >= value) {
          part[i] = from;
          continue;
        }
        value = next;
        hasMoved = true;
        load[from] = (load[from] ?? 0) - w;
        load[to] = (load[to] ?? 0) + w;
        members[from] = (members[from] ?? 0) - 1;
        members[to] = (members[to] ?? 0) + 1;
      }
    }
  }
}

/**
 * The even share plus the tolerance, and one vertex more: as METIS does it, a part may end up with the vertex that
 * crosses the line, so that graphs of few heavy vertices can be cut where it is cheap.
 */
function heaviestAllowed(graph: WeightedGraph, parts: number, tolerance: number): number {
  let total = 0;
  let heaviest = 0;
  for (const w of graph.weight) {
    total += w;
    heaviest = Math.max(heaviest, w);
  }
  return (total / parts) * tolerance + heaviest * 0.98;
}

/** Puts parts together, those with most between them first, as long as the sum is allowed. */
function joinParts(graph: WeightedGraph, part: Int32Array, parts: number, limit: number): void {
  const load = new Float64Array(parts);
  const between = new Float64Array(parts * parts);
  for (let i = 0; i < graph.size; i++) {
    const p = part[i] ?? 0;
    load[p] = (load[p] ?? 0) + (graph.weight[i] ?? 0);
    for (let e = graph.start[i] ?? 0; e < (graph.start[i + 1] ?? 0); e++) {
      const at = p * parts + (part[graph.adjacent[e] ?? 0] ?? 0);
      between[at] = (between[at] ?? 0) + (graph.edgeWeight[e] ?? 0);
    }
  }
  for (;;) {
    let best = 0;
    let pair: readonly [number, number] | undefined;
    for (let p = 0; p < parts; p++)
      for (let q = p + 1; q < parts; q++) {
        const gain = between[p * parts + q] ?? 0;
        if (gain <= best || (load[p] ?? 0) + (load[q] ?? 0) > limit) continue;
        best = gain;
        pair = [p, q];
      }
    if (pair === undefined) return;
    const [p, q] = pair;
    for (let i = 0; i < graph.size; i++) if (part[i] === q) part[i] = p;
    load[p] = (load[p] ?? 0) + (load[q] ?? 0);
    load[q] = 0;
    for (let r = 0; r < parts; r++) {
      if (r !== p && r !== q) {
        const sum = (between[p * parts + r] ?? 0) + (between[q * parts + r] ?? 0);
        between[p * parts + r] = sum;
        between[r * parts + p] = sum;
      }
      between[q * parts + r] = 0;
      between[r * parts + q] = 0;
    }
  }
}

function excess(graph: WeightedGraph, part: Int32Array, parts: number, limit: number): number {
  const load = new Float64Array(parts);
  for (let i = 0; i < graph.size; i++)
    load[part[i] ?? 0] = (load[part[i] ?? 0] ?? 0) + (graph.weight[i] ?? 0);
  let over = 0;
  for (const l of load) over += Math.max(0, l - limit);
  return over;
}

function multilevel(
  graph: WeightedGraph,
  parts: number,
  limit: number,
  random: Random,
  options: KwayOptions,
  coarseness: number,
): Int32Array {
  const keepsAll = options.mayLeaveEmpty !== true;
  const coarsest = Math.max(Math.ceil(24 * parts * coarseness), Math.ceil(80 * coarseness));
  const levels: { graph: WeightedGraph; map: Int32Array }[] = [];
  let current = graph;
  const maxWeight = (limit * parts * 1.5) / coarsest;
  while (current.size > coarsest) {
    checkCancelled(options.signal);
    const { map, size } = matchHeavyEdges(current, maxWeight, random);
    if (size > current.size * 0.95) break;
    levels.push({ graph: current, map });
    current = contract(current, map, size);
  }
  let part = bisectRecursively(current, parts, random);
  const limits = new Float64Array(parts).fill(limit);
  new Refiner(current, part, limits, keepsAll).run(10);
  for (let l = levels.length - 1; l >= 0; l--) {
    checkCancelled(options.signal);
    const level = levels[l];
    if (level === undefined) continue;
    const fine = new Int32Array(level.graph.size);
    for (let i = 0; i < fine.length; i++) fine[i] = part[level.map[i] ?? 0] ?? 0;
    part = fine;
    new Refiner(level.graph, part, limits, keepsAll).run(level.graph.size > 100_000 ? 3 : 8);
  }
  return part;
}

function bisectRecursively(graph: WeightedGraph, parts: number, random: Random): Int32Array {
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
