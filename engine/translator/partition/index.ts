import type { JsonObject } from '../../protocol/index.ts';
import { GPGTException } from '../errors.ts';
import {
  buildDropGraph,
  splitPgt,
  topologicalOrder,
  withoutServiceLinks,
  type DropGraph,
} from './drop-graph.ts';
import { partitionMeasured } from './measured.ts';
import { partitionMetis } from './metis.ts';
import { checkOptions, type CheckedOptions, type PartitionOptions } from './options.ts';
import { placePartitions, type Placement } from './placement.ts';
import { sarkar, type SarkarResult } from './sarkar.ts';
import {
  criticalPath,
  loadImbalance,
  longestPath,
  sum,
  weightsBetween,
  type PartitionResult,
} from './statistics.ts';
import { partitionSwarm } from './swarm.ts';

export interface Partitioned {
  /** The physical graph with `node` and `island`, the reproducibility object last if there was one. */
  readonly pgt: JsonObject[];
  readonly result: PartitionResult;
  /** Partition found per drop, before partitions were merged to fit the nodes. */
  readonly part: Int32Array;
  readonly placement: Placement;
}

/** Partitions found and what upstream would say about them; nothing is placed yet. */
export interface Partitioning {
  readonly part: Int32Array;
  readonly parts: number;
  readonly result: PartitionResult;
  readonly claimedDop?: readonly number[];
}

/**
 * Divides a physical graph template among `numPartitions` nodes and `numIslands` islands (spec/translator.md 11, 12).
 * The template given stays as it is. Every drop of the result carries `node: "#i"` and `island: "#j"`.
 *
 * Throws `pgt-malformed`, `pgt-unknown-oid`, `cycle`, `option-invalid`, `merge-not-needed`, `insufficient-nodes`.
 */
export function partition(pgt: unknown, options: PartitionOptions): Partitioned {
  const { drops, trailer } = splitPgt(pgt);
  if (drops.length === 0) {
    throw new GPGTException('pgt-malformed', 'Expected a physical graph with at least one drop, found none.');
  }
  const { placement, result, part } = partitionGraph(buildDropGraph(drops), options);
  const placed: JsonObject[] = drops.map((drop, i) => {
    const node = placement.node[i] ?? 0;
    return {
      ...drop,
      node: `#${node}`,
      island: `#${placement.islandOfNode[node] ?? 0}`,
      ...(options.visual === true
        ? {
            iid: drop['iid'] ?? 0,
            humanReadableKey: `${i + 1}_${String((drop['iid'] as string | undefined) ?? '0')}`,
          }
        : {}),
    };
  });
  if (trailer !== undefined) placed.push(trailer);
  return { pgt: placed, result, part, placement };
}

/** The same for a graph of numbers, which takes the memory of its columns only. Throws as {@link partition}. */
export function partitionGraph(graph: DropGraph, options: PartitionOptions): Omit<Partitioned, 'pgt'> {
  const checked = checkOptions(options);
  topologicalOrder(graph); // Throws for a cycle.
  const { part, parts, result } = findPartitions(graph, options, checked);
  const placement =
    options.algorithm === 'none'
      ? { node: part, islandOfNode: new Int32Array(1), nodes: 1, islands: 1 }
      : placePartitions(graph, part, parts, {
          numPartitions: checked.numPartitions,
          numIslands: checked.numIslands,
          rules: options.rules ?? 'daliuge',
        });
  if (placement.islands > 1) result.num_islands = placement.islands;
  return { result, part, placement };
}

/** The partitions of one algorithm. `none` puts everything in one, which upstream cannot write (spec 11.2). */
export function findPartitions(
  whole: DropGraph,
  options: PartitionOptions,
  checked: CheckedOptions = checkOptions(options),
): Partitioning {
  const { signal, onProgress } = options;
  const graph = (options.rules ?? 'daliuge') === 'daliuge' ? withoutServiceLinks(whole) : whole;
  const work = { signal, onProgress };
  switch (options.algorithm) {
    case 'none': {
      const path = longestPath(graph, graph.edgeWeight);
      const part = new Int32Array(graph.size);
      const result = {
        algo: 'Raw_unrolling',
        min_exec_time: path.work,
        total_data_movement: sum(graph.edgeWeight),
        exec_time: path.length,
      };
      return { part, parts: 1, result: extended(graph, part, 1, result) };
    }
    case 'metis':
      return metis(whole, graph, options, checked);
    case 'mysarkar': {
      const found = sarkar(graph, { maxCpu: checked.max_cpu, maxMem: checked.max_mem, ...work });
      return sarkarFamily(graph, 'Edge Zero', found);
    }
    case 'min_num_parts': {
      const found = sarkar(graph, { maxCpu: checked.max_cpu, maxMem: undefined, ...work });
      return sarkarFamily(graph, 'Lookahead', found);
    }
    case 'pso': {
      const found = partitionSwarm(graph, {
        maxCpu: checked.max_cpu,
        maxMem: checked.max_mem,
        deadline: checked.deadline,
        swarmSize: checked.swarm_size,
        topk: checked.topk,
        seed: checked.seed,
        ...work,
      });
      return sarkarFamily(graph, 'Particle Swarm', found);
    }
    case 'measured': {
      const found = partitionMeasured(whole, {
        parts: checked.numPartitions,
        lanes: checked.max_cpu,
        maxLoadImbalance: checked.max_load_imb,
        seed: checked.seed,
        seconds: options.measuredSeconds ?? new Map(),
        ...work,
      });
      const weights = weightsBetween(whole, found.part);
      const result = {
        algo: 'Measured',
        min_exec_time: longestPath(whole, weights).work,
        total_data_movement: sum(weights),
        exec_time: found.makespan,
        num_parts: checked.numPartitions,
      };
      return {
        part: found.part,
        parts: checked.numPartitions,
        result: extended(graph, found.part, checked.numPartitions, result),
      };
    }
  }
}

/** Cuts the whole graph; the statistics are those of the one that is scheduled. */
function metis(
  whole: DropGraph,
  graph: DropGraph,
  options: PartitionOptions,
  checked: CheckedOptions,
): Partitioning {
  const { part, objective, edgeCut } = partitionMetis(whole, {
    parts: checked.numPartitions,
    minGoal: checked.min_goal === 1 ? 1 : 0,
    isRecursive: checked.ptype === 1,
    maxLoadImbalance: checked.max_load_imb,
    seed: checked.seed,
    mayLeaveEmpty: (options.rules ?? 'daliuge') === 'daliuge',
    signal: options.signal,
    onProgress: options.onProgress,
  });
  const path = longestPath(graph, weightsBetween(graph, part));
  const result = {
    algo: `METIS_LB${checked.max_load_imb}`,
    min_exec_time: path.work,
    total_data_movement: objective,
    exec_time: path.length,
    num_parts: checked.numPartitions,
    edge_cut: edgeCut,
  };
  return {
    part,
    parts: checked.numPartitions,
    result: extended(graph, part, checked.numPartitions, result),
  };
}

function sarkarFamily(graph: DropGraph, algo: string, found: SarkarResult): Partitioning {
  const path = longestPath(graph, found.edgeWeight);
  const result = {
    algo,
    min_exec_time: path.work,
    total_data_movement: sum(found.edgeWeight),
    exec_time: path.length,
    num_parts: found.parts,
  };
  return {
    part: found.part,
    parts: found.parts,
    result: extended(graph, found.part, found.parts, result),
    claimedDop: found.claimedDop,
  };
}

function extended(
  graph: DropGraph,
  part: Int32Array,
  parts: number,
  result: PartitionResult,
): PartitionResult {
  return {
    ...result,
    load_imbalance: Math.round(loadImbalance(graph, part, parts) * 10_000) / 10_000,
    critical_path: criticalPath(graph),
  };
}

export {
  buildDropGraph,
  DropKind,
  graphFromColumns,
  IntList,
  kindOfType,
  linkList,
  oidsIn,
  repeatedOid,
  splitPgt,
  togetherOf,
  topologicalOrder,
  unknownOid,
  wholeOr,
  type DropGraph,
  type DropNames,
} from './drop-graph.ts';
export {
  checkOptions,
  parseAlgorithmOptions,
  PARTITION_ALGORITHMS,
  type AlgorithmOptions,
  type PartitionAlgorithm,
  type PartitionOptions,
} from './options.ts';
export type { Placement } from './placement.ts';
export type { PartitionResult } from './statistics.ts';
