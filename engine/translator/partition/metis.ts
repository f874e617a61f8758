import type { WorkOptions } from '../errors.ts';
import { DropKind, type DropGraph } from './drop-graph.ts';
import { kway } from './kway.ts';
import { contract, edgeCut, weightedGraph, type WeightedGraph } from './weighted-graph.ts';

export interface MetisOptions extends WorkOptions {
  readonly parts: number;
  /** 0 minimise the edge cut, 1 the communication volume. */
  readonly minGoal: 0 | 1;
  /** Recursive bisection (METIS's ptype 1) instead of k-way. */
  readonly isRecursive?: boolean;
  /** 1..100, higher = stricter: allowed excess (101 - value) / 1000 (spec 11.3). */
  readonly maxLoadImbalance: number;
  readonly seed?: number;
  /** As METIS does it: parts of small graphs may stay empty. */
  readonly mayLeaveEmpty?: boolean;
}

/** Graphs with fewer drops for each part than this are small: METIS leaves parts of them empty. */
const SMALL_DROPS_PER_PART = 4;
/** Larger graphs are divided evenly, however many the parts: what METIS does with small ones takes parts squared. */
const MAX_SMALL = 400;

export interface MetisResult {
  readonly part: Int32Array;
  readonly edgeCut: number;
  /** The goal's value: cut or communication volume. */
  readonly objective: number;
}

/** The graph METIS gets (spec/translator.md 11.3): execution times as weights, data volumes on the edges. */
export function metisGraph(graph: DropGraph, times?: Float64Array): WeightedGraph {
  const edges = graph.edgeTo.length;
  const from = new Int32Array(edges);
  const edgeWeight = new Float64Array(edges);
  const isData = (i: number): boolean => graph.kind[i] === DropKind.DATA;
  for (let i = 0; i < graph.size; i++) {
    for (let e = graph.outStart[i] ?? 0; e < (graph.outStart[i + 1] ?? 0); e++) {
      from[e] = i;
      const j = graph.edgeTo[e] ?? 0;
      const dataEnd = isData(i) ? i : j;
      edgeWeight[e] = Math.max(1, graph.weight[dataEnd] ?? 1);
    }
  }
  const weight =
    times ?? Float64Array.from({ length: graph.size }, (_, i) => (isData(i) ? 1 : (graph.weight[i] ?? 1)));
  return weightedGraph(weight, from, graph.edgeTo, edgeWeight);
}

/** Vertex sizes for the communication volume: the volume of data, 1 for applications. */
export function vertexSizes(graph: DropGraph): Float64Array {
  return Float64Array.from({ length: graph.size }, (_, i) =>
    graph.kind[i] === DropKind.DATA ? (graph.weight[i] ?? 1) : 1,
  );
}

export function partitionMetis(graph: DropGraph, options: MetisOptions, times?: Float64Array): MetisResult {
  const full = metisGraph(graph, times);
  const sizes = vertexSizes(graph);
  const volume = (part: Int32Array): number => communicationVolume(full, part, sizes);
  const { small, map } = contractTogether(graph, full);
  const spread = (part: Int32Array): Int32Array =>
    map === undefined ? part : Int32Array.from(map, (c) => part[c] ?? 0);
  const tolerance = 1 + Math.max(1, 101 - options.maxLoadImbalance) / 1000;
  const smallPart = kway(small, {
    parts: options.parts,
    // METIS itself rounds the limit up; five percent is what it is measured by here.
    tolerance: Math.max(tolerance, Math.min(1.03, 1 + (tolerance - 1) * 2)),
    exactTolerance: tolerance,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    isRecursive: options.isRecursive === true,
    mayLeaveEmpty:
      options.mayLeaveEmpty === true &&
      small.size <= MAX_SMALL &&
      small.size < SMALL_DROPS_PER_PART * options.parts,
    ...(options.minGoal === 1 ? { cost: (part) => volume(spread(part)) } : {}),
    signal: options.signal,
    onProgress: options.onProgress,
  });
  const part = spread(smallPart);
  const cut = edgeCut(full, part);
  return { part, edgeCut: cut, objective: options.minGoal === 1 ? volume(part) : cut };
}

/** Drops of one ExclusiveForceNode instance become one vertex. */
function contractTogether(
  graph: DropGraph,
  full: WeightedGraph,
): { small: WeightedGraph; map: Int32Array | undefined } {
  if (graph.together.every((t) => t < 0)) return { small: full, map: undefined };
  const map = new Int32Array(graph.size);
  const first = new Map<number, number>();
  let count = 0;
  for (let i = 0; i < graph.size; i++) {
    const tag = graph.together[i] ?? -1;
    const known = tag < 0 ? undefined : first.get(tag);
    if (known !== undefined) {
      map[i] = known;
      continue;
    }
    if (tag >= 0) first.set(tag, count);
    map[i] = count++;
  }
  return { small: contract(full, map, count), map };
}

/** Sum over vertices of size x number of other parts among its neighbours. */
export function communicationVolume(graph: WeightedGraph, part: Int32Array, sizes: Float64Array): number {
  let volume = 0;
  const seen = new Map<number, number>();
  for (let i = 0; i < graph.size; i++) {
    let others = 0;
    for (let e = graph.start[i] ?? 0; e < (graph.start[i + 1] ?? 0); e++) {
      const p = part[graph.adjacent[e] ?? 0] ?? 0;
      if (p === part[i] || seen.get(p) === i) continue;
      seen.set(p, i);
      others++;
    }
    volume += others * (sizes[i] ?? 1);
  }
  return volume;
}
