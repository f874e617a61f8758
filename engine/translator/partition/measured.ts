import type { WorkOptions } from '../errors.ts';
import { DropKind, topologicalOrder, type DropGraph } from './drop-graph.ts';
import { partitionMetis } from './metis.ts';

export interface MeasuredOptions extends WorkOptions {
  readonly parts: number;
  /** Applications a partition runs at once. */
  readonly lanes: number;
  readonly maxLoadImbalance: number;
  readonly seed: number;
  /** Run times in seconds by oid or by logical graph key. */
  readonly seconds: ReadonlyMap<string, number>;
}

export interface MeasuredResult {
  readonly part: Int32Array;
  /** Simulated time from start to end in seconds, with transfers between partitions. */
  readonly makespan: number;
  /** Seconds per drop that were used. */
  readonly times: Float64Array;
}

/** A transfer of one unit of volume against one unit of planned execution time: what upstream's scale implies. */
const TRANSFER_SHARE = 0.1;
const SEEDS = 4;

/**
 * Partitions by what earlier sessions took: run times from the history weigh the applications, and of several
 * candidates (balanced cuts, and a list schedule that puts each application where it can end first) the one with the
 * shortest simulated run is taken.
 */
export function partitionMeasured(graph: DropGraph, options: MeasuredOptions): MeasuredResult {
  const { times, secondsPerUnit } = timesOf(graph, options.seconds);
  const transfer = secondsPerUnit * TRANSFER_SHARE;
  const order = topologicalOrder(graph);
  const simulate = (part: Int32Array): number => makespanOf(graph, part, times, order, options, transfer);
  const total = times.reduce((a, b) => a + b, 0);
  const floor = total > 0 ? total / (graph.size * 1000) : 1;
  const weights = times.map((t) => t + floor);
  const candidates: Int32Array[] = [];
  for (let n = 0; n < (graph.size > 50_000 ? 1 : SEEDS); n++) {
    const found = partitionMetis(
      graph,
      {
        parts: options.parts,
        minGoal: 0,
        maxLoadImbalance: options.maxLoadImbalance,
        seed: options.seed + n * 104_729,
        signal: options.signal,
        onProgress: options.onProgress,
      },
      weights,
    );
    candidates.push(found.part);
  }
  // Drops that must stay together are only honoured by the cuts.
  if (graph.together.every((t) => t < 0)) {
    candidates.push(listSchedule(graph, times, order, options, transfer));
  }
  let best = candidates[0] ?? new Int32Array(graph.size);
  let bestTime = Infinity;
  for (const part of candidates) {
    const time = simulate(part);
    if (time < bestTime) {
      best = part;
      bestTime = time;
    }
  }
  return { part: best, makespan: bestTime, times };
}

/** Seconds of every application: measured, or its planned time in the measured ones' scale. */
function timesOf(
  graph: DropGraph,
  seconds: ReadonlyMap<string, number>,
): { times: Float64Array; secondsPerUnit: number } {
  const known = new Float64Array(graph.size).fill(-1);
  let measured = 0;
  let planned = 0;
  for (let i = 0; i < graph.size; i++) {
    if (graph.kind[i] !== DropKind.APP) continue;
    const key = graph.names.lgKeyOf(i);
    const found = seconds.get(graph.names.oidOf(i)) ?? (key === undefined ? undefined : seconds.get(key));
    if (found === undefined || !Number.isFinite(found) || found < 0) continue;
    known[i] = found;
    measured += found;
    planned += Math.max(1, graph.weight[i] ?? 1);
  }
  const secondsPerUnit = planned > 0 && measured > 0 ? measured / planned : 1;
  const times = new Float64Array(graph.size);
  for (let i = 0; i < graph.size; i++) {
    if (graph.kind[i] !== DropKind.APP) continue;
    const k = known[i] ?? -1;
    times[i] = k >= 0 ? k : (graph.weight[i] ?? 1) * secondsPerUnit;
  }
  return { times, secondsPerUnit };
}

function transferSeconds(graph: DropGraph, edge: number, perUnit: number): number {
  return (graph.edgeWeight[edge] ?? 0) * perUnit;
}

/** When everything is done if every partition runs up to `lanes` applications at once, first come first served. */
function makespanOf(
  graph: DropGraph,
  part: Int32Array,
  times: Float64Array,
  order: Int32Array,
  options: MeasuredOptions,
  transfer: number,
): number {
  const free = Array.from({ length: options.parts }, () => new Float64Array(options.lanes));
  const ready = new Float64Array(graph.size);
  let end = 0;
  for (const i of order) {
    const p = part[i] ?? 0;
    const finish = place(free[p], ready[i] ?? 0, times[i] ?? 0);
    end = Math.max(end, finish);
    for (let e = graph.outStart[i] ?? 0; e < (graph.outStart[i + 1] ?? 0); e++) {
      const j = graph.edgeTo[e] ?? 0;
      const arrival = finish + (part[j] === p ? 0 : transferSeconds(graph, e, transfer));
      ready[j] = Math.max(ready[j] ?? 0, arrival);
    }
  }
  return end;
}

/** Puts work of `time` on the lane that is free first; data takes no lane. */
function place(lanes: Float64Array | undefined, ready: number, time: number): number {
  if (time === 0 || lanes === undefined) return ready + time;
  let lane = 0;
  for (let l = 1; l < lanes.length; l++) if ((lanes[l] ?? 0) < (lanes[lane] ?? 0)) lane = l;
  const finish = Math.max(ready, lanes[lane] ?? 0) + time;
  lanes[lane] = finish;
  return finish;
}

/** Heterogeneous-earliest-finish-time in its plain form: by falling distance to the end, where it ends first. */
function listSchedule(
  graph: DropGraph,
  times: Float64Array,
  order: Int32Array,
  options: MeasuredOptions,
  transfer: number,
): Int32Array {
  const { size, outStart, edgeTo } = graph;
  const distance = new Float64Array(size);
  for (let n = size - 1; n >= 0; n--) {
    const i = order[n] ?? 0;
    let longest = 0;
    for (let e = outStart[i] ?? 0; e < (outStart[i + 1] ?? 0); e++) {
      const reach = transferSeconds(graph, e, transfer) + (distance[edgeTo[e] ?? 0] ?? 0);
      longest = Math.max(longest, reach);
    }
    distance[i] = longest + (times[i] ?? 0);
  }
  const position = new Int32Array(size);
  order.forEach((i, n) => {
    position[i] = n;
  });
  const byDistance = order.slice().sort((a, b) => {
    const difference = (distance[b] ?? 0) - (distance[a] ?? 0);
    return difference !== 0 ? difference : (position[a] ?? 0) - (position[b] ?? 0);
  });
  const arrivals: { from: number; edge: number }[][] = Array.from({ length: size }, () => []);
  for (let i = 0; i < size; i++) {
    for (let e = outStart[i] ?? 0; e < (outStart[i + 1] ?? 0); e++) {
      arrivals[edgeTo[e] ?? 0]?.push({ from: i, edge: e });
    }
  }
  const part = new Int32Array(size);
  const finish = new Float64Array(size);
  const free = Array.from({ length: options.parts }, () => new Float64Array(options.lanes));
  for (const i of byDistance) {
    let best = 0;
    let bestEnd = Infinity;
    for (let p = 0; p < options.parts; p++) {
      let ready = 0;
      for (const { from, edge } of arrivals[i] ?? []) {
        const cost = part[from] === p ? 0 : transferSeconds(graph, edge, transfer);
        ready = Math.max(ready, (finish[from] ?? 0) + cost);
      }
      const lane = Math.min(...(free[p] ?? []));
      const end = (times[i] ?? 0) === 0 ? ready : Math.max(ready, lane) + (times[i] ?? 0);
      if (end < bestEnd) {
        bestEnd = end;
        best = p;
      }
    }
    part[i] = best;
    let ready = 0;
    for (const { from, edge } of arrivals[i] ?? []) {
      const cost = part[from] === best ? 0 : transferSeconds(graph, edge, transfer);
      ready = Math.max(ready, (finish[from] ?? 0) + cost);
    }
    finish[i] = place(free[best], ready, times[i] ?? 0);
  }
  return part;
}
