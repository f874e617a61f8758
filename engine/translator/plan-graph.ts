import {
  graphFromColumns,
  kindOfType,
  togetherOf,
  wholeOr,
  type DropGraph,
  type DropNames,
} from './partition/index.ts';
import type { PlanNode, UnrollPlan } from './plan.ts';
import { GROUP_DATA_SUFFIX, Iids, runsOf, type Run } from './runs.ts';
import { textOf } from './text.ts';

/** Where the drops of a run stand in the whole. */
export interface PlacedRun extends Run {
  readonly first: number;
}

/** The drops of a plan by number, in the order in which they are written. */
export interface PlanDrops extends DropNames {
  readonly size: number;
  readonly runs: readonly PlacedRun[];
  runOf(drop: number): PlacedRun;
}

/** Numbers the drops of a plan without making any. */
export function planDrops(plan: UnrollPlan): PlanDrops {
  const runs: PlacedRun[] = [];
  let size = 0;
  for (const run of runsOf(plan)) {
    runs.push({ ...run, first: size });
    size += run.node.count;
  }
  const runOf = (drop: number): PlacedRun => {
    let low = 0;
    let high = runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((runs[middle]?.first ?? 0) <= drop) low = middle;
      else high = middle - 1;
    }
    return runs[low] as PlacedRun;
  };
  return {
    size,
    runs,
    runOf,
    oidOf: (drop) => {
      const { node, isGroupData, first } = runOf(drop);
      const iid = new Iids(node).at(drop - first);
      return `${plan.oidPrefix}_${node.model.id}_${iid}${isGroupData ? GROUP_DATA_SUFFIX : ''}`;
    },
    nameOf: (drop) => textOf(factsOf(runOf(drop))['name']),
    lgKeyOf: (drop) => {
      const key = factsOf(runOf(drop))['lg_key'];
      return typeof key === 'string' ? key : undefined;
    },
  };
}

/** What all drops of a run have in common. */
export function factsOf({ node, isGroupData }: Run): Readonly<Record<string, unknown>> {
  return (isGroupData ? node.groupData : node.template?.spec) ?? {};
}

/**
 * The drop graph of a plan, column by column: what partitioning a million drops takes is the memory of these numbers,
 * not that of the drops. Equal to the graph that is built from the drops themselves.
 */
export function planGraph(plan: UnrollPlan, drops: PlanDrops = planDrops(plan)): DropGraph {
  const { size, runs } = drops;
  const kind = new Uint8Array(size);
  const isService = new Uint8Array(size);
  const hasWeight = new Uint8Array(size);
  const weight = new Float64Array(size);
  const cpus = new Float64Array(size);
  const firstOf = new Map<PlanNode, number>();
  const firstGroupData = new Map<PlanNode, number>();
  for (const run of runs) {
    const facts = factsOf(run);
    const end = run.first + run.node.count;
    const type = facts['categoryType'] ?? facts['type'];
    kind.fill(kindOfType(type), run.first, end);
    isService.fill(facts['categoryType'] === 'Service' ? 1 : 0, run.first, end);
    hasWeight.fill(facts['weight'] === undefined ? 0 : 1, run.first, end);
    weight.fill(wholeOr(facts['weight'] as never, 1), run.first, end);
    cpus.fill(wholeOr(facts['num_cpus'] as never, 1), run.first, end);
    (run.isGroupData ? firstGroupData : firstOf).set(run.node, run.first);
  }
  const tagOf = (drop: number): string | undefined => {
    const { node, isGroupData } = drops.runOf(drop);
    const force = node.model.forceNode;
    return isGroupData || force === undefined ? undefined : `${force}_0`;
  };
  const hasForce = runs.some((r) => r.node.model.forceNode !== undefined);
  const together = togetherOf(hasForce ? size : 0, tagOf);
  const columns = {
    kind,
    isService,
    hasWeight,
    weight,
    cpus,
    together: hasForce ? together : new Int32Array(size).fill(-1),
  };
  let run = runs[0];
  let at = 0;
  const found: number[] = [];
  const targetsOf = (drop: number): readonly number[] => {
    while (run !== undefined && drop >= run.first + run.node.count) run = runs[++at];
    found.length = 0;
    if (run === undefined) return found;
    const j = drop - run.first;
    if (run.node.groupData !== undefined && !run.isGroupData) {
      found.push((firstGroupData.get(run.node) ?? 0) + j);
      return found;
    }
    for (const { isSource, relation, other } of run.sides) {
      if (!isSource) continue;
      const base = firstOf.get(other) ?? 0;
      relation.pairs.forTargets(j, (k) => found.push(base + k));
    }
    return found;
  };
  return graphFromColumns(columns, drops, size, targetsOf, plan.edgeCount);
}
