import { checkCancelled, type WorkOptions } from '../errors.ts';
import type { DropGraph } from './drop-graph.ts';
import { randomFrom } from './random.ts';
import { edgesByWeight, sarkar, type SarkarResult } from './sarkar.ts';
import { longestPath } from './statistics.ts';

export interface SwarmOptions extends WorkOptions {
  readonly maxCpu: number;
  readonly maxMem: number;
  readonly deadline: number | undefined;
  readonly swarmSize: number;
  /** How many of the heaviest edges the swarm decides about; all others are zeroed where that is allowed. */
  readonly topk: number;
  readonly seed: number;
}

const ITERATIONS = 100;
/** Edges looked at in all evaluations together: keeps a large graph from taking hours. */
const WORK_LIMIT = 4_000_000;
const LOWEST = 0.99;
const HIGHEST = 3.01;

/**
 * Particle swarm over one variable per edge (spec/translator.md 11.6): 1 zero the edge if the parallelism allows, 3
 * leave it. Upstream's 2 would also put drops in an order that no physical graph can carry; it counts as 1. Upstream
 * tells solutions apart by the `topk` heaviest edges only, so those are what is searched. Objective: the longest path, or with a deadline the number of partitions that meets it. The
 * plain edge zeroing is one of the particles, so the result is never worse than that.
 */
export function partitionSwarm(graph: DropGraph, options: SwarmOptions): SarkarResult {
  const edges = graph.edgeTo.length;
  const random = randomFrom(options.seed);
  const order = edgesByWeight(graph);
  const free = Math.min(options.topk, edges);
  const evaluate = (position: Float64Array): { result: SarkarResult; cost: number } => {
    const mayZero = new Uint8Array(edges).fill(1);
    position.forEach((x, n) => {
      if (Math.round(x) >= 3) mayZero[order[n] ?? 0] = 0;
    });
    const result = sarkar(graph, { maxCpu: options.maxCpu, maxMem: options.maxMem, mayZero, order });
    const length = longestPath(graph, result.edgeWeight).length;
    if (options.deadline === undefined) return { result, cost: length };
    // Beyond the deadline every solution is worse than any within it.
    const late = Math.max(0, length - options.deadline);
    return { result, cost: late > 0 ? graph.size + late : result.parts };
  };
  const size = Math.max(1, Math.min(options.swarmSize, Math.floor(WORK_LIMIT / Math.max(1, edges))));
  const rounds = Math.max(1, Math.min(ITERATIONS, Math.floor(WORK_LIMIT / Math.max(1, edges * size))));
  const position: Float64Array[] = [];
  const speed: Float64Array[] = [];
  const own: { position: Float64Array; cost: number }[] = [];
  let best = evaluate(new Float64Array(free).fill(1));
  let bestPosition = new Float64Array(free).fill(1);
  for (let p = 0; p < size; p++) {
    const start =
      p === 0
        ? new Float64Array(free).fill(1)
        : Float64Array.from({ length: free }, () => LOWEST + random() * (HIGHEST - LOWEST));
    position.push(start);
    speed.push(new Float64Array(free));
    own.push({ position: start.slice(), cost: Infinity });
  }
  for (let round = 0; round < rounds; round++) {
    checkCancelled(options.signal);
    options.onProgress?.({ phase: 'partition', done: round, total: rounds });
    for (let p = 0; p < size; p++) {
      const x = position[p];
      const v = speed[p];
      const memory = own[p];
      if (x === undefined || v === undefined || memory === undefined) continue;
      const found = evaluate(x);
      if (found.cost < memory.cost) {
        memory.cost = found.cost;
        memory.position = x.slice();
      }
      if (found.cost < best.cost) {
        best = found;
        bestPosition = x.slice();
      }
      for (let e = 0; e < free; e++) {
        const at = x[e] ?? 1;
        const next =
          0.5 * (v[e] ?? 0) +
          0.5 * random() * ((memory.position[e] ?? 1) - at) +
          0.5 * random() * ((bestPosition[e] ?? 1) - at);
        v[e] = next;
        x[e] = Math.min(HIGHEST, Math.max(LOWEST, at + next));
      }
    }
  }
  return best.result;
}
