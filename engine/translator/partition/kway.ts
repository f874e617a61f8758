import { checkCancelled, type WorkOptions } from '../errors.ts';
import { bisectRecursively } from './bisect.ts';
import { LenientRefiner } from './lenient.ts';
import { randomFrom, type Random } from './random.ts';
import { Refiner } from './refine.ts';
import { contract, edgeCut, loadsOf, matchHeavyEdges, type WeightedGraph } from './weighted-graph.ts';

export interface KwayOptions extends WorkOptions {
  readonly parts: number;
  /** Heaviest part allowed, as a multiple of the even share (1.01 = one percent more). */
  readonly tolerance: number;
  /** The tolerance that was asked for, where `tolerance` is rounded up; METIS's procedure for small graphs needs it. */
  readonly exactTolerance?: number;
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
  // More parts than vertices only make the even share smaller.
  const parts = Math.min(options.parts, graph.size);
  if (options.parts <= 1 || graph.size === 0) return new Int32Array(graph.size);
  const mayLeaveEmpty = options.mayLeaveEmpty === true;
  if (parts >= graph.size && !mayLeaveEmpty) return Int32Array.from({ length: graph.size }, (_, i) => i);
  const tries =
    options.tries ?? (graph.size <= 400 ? 24 : graph.size <= 4000 ? 8 : graph.size <= 40_000 ? 2 : 1);
  const limit = heaviestAllowed(graph, options.parts, options.tolerance);
  const least = fewestParts(graph, parts, limit);
  const cost = options.cost ?? ((part: Int32Array) => edgeCut(graph, part));
  let best: Int32Array | undefined;
  let bestCost = Infinity;
  let bestOver = Infinity;
  for (let n = 0; n < tries; n++) {
    checkCancelled(options.signal);
    options.onProgress?.({ phase: 'partition', done: n, total: tries });
    const random = randomFrom((options.seed ?? 1) + n * 7919);
    // Where parts may stay empty, dividing into fewer from the start finds what joining them afterwards does not.
    const used = mayLeaveEmpty ? parts - (n % (parts - least + 1)) : parts;
    const part = multilevel(graph, used, limit, random, options, COARSENESS[n % COARSENESS.length] ?? 1);
    if (mayLeaveEmpty) joinParts(graph, part, parts, limit);
    if (options.cost !== undefined && graph.size <= MAX_POLISHED)
      polish(graph, part, limit, { parts, mayLeaveEmpty }, cost);
    const over = excess(graph, part, parts, limit);
    const value = cost(part);
    if (over < bestOver || (over === bestOver && value < bestCost)) {
      best = part;
      bestCost = value;
      bestOver = over;
    }
  }
  let found = best ?? new Int32Array(graph.size);
  if (mayLeaveEmpty && options.isRecursive !== true) {
    const usual = usualOfMetis(graph, parts, options, cost);
    if (cost(usual) < bestCost) found = usual;
  }
  if (options.isRecursive !== true) return found;
  const halved = bisected(graph, parts, tries, options);
  return cost(halved) < cost(found) * WORTH_IMBALANCE ? halved : found;
}

/** Runs of METIS's procedure on a small graph, of which the middle one counts. */
const METIS_RUNS = 15;

/**
 * What METIS makes of a graph with hardly more vertices than parts. It lets parts get too heavy there, up to the whole
 * graph in one, depending on where it starts: of several starts the middle one by cost is taken, so that neither the
 * cut nor the balance is worse than what METIS gives as a rule.
 */
function usualOfMetis(
  graph: WeightedGraph,
  parts: number,
  options: KwayOptions,
  cost: (part: Int32Array) => number,
): Int32Array {
  const tolerance = options.exactTolerance ?? options.tolerance;
  const share = totalOf(graph) / options.parts;
  const runs: { part: Int32Array; value: number; heaviest: number }[] = [];
  for (let n = 0; n < METIS_RUNS; n++) {
    checkCancelled(options.signal);
    const random = randomFrom((options.seed ?? 1) + n * 31);
    const part = bisectRecursively(graph, parts, random);
    new LenientRefiner(graph, part, { parts, share, tolerance, random }).run();
    runs.push({ part, value: cost(part), heaviest: Math.max(...loadsOf(graph, part, parts)) });
  }
  runs.sort((a, b) => a.value - b.value || a.heaviest - b.heaviest);
  return runs[METIS_RUNS >> 1]?.part ?? new Int32Array(graph.size);
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
  { parts, mayLeaveEmpty }: { readonly parts: number; readonly mayLeaveEmpty: boolean },
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

/** Parts that are needed at least when none is heavier than the limit. */
function fewestParts(graph: WeightedGraph, parts: number, limit: number): number {
  return Math.max(1, Math.min(parts, Math.ceil(totalOf(graph) / limit)));
}

function totalOf(graph: WeightedGraph): number {
  return graph.weight.reduce((sum, w) => sum + w, 0);
}

/** Puts parts together, those with most between them first, as long as the sum is allowed. */
function joinParts(graph: WeightedGraph, part: Int32Array, parts: number, limit: number): void {
  const load = loadsOf(graph, part, parts);
  const between = new Float64Array(parts * parts);
  for (let i = 0; i < graph.size; i++) {
    const p = part[i] ?? 0;
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
  let over = 0;
  for (const l of loadsOf(graph, part, parts)) over += Math.max(0, l - limit);
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
