import type { Json } from '../protocol/index.ts';
import { checkCancelled, type WorkOptions } from './errors.ts';
import type { PlanNode, UnrollPlan } from './plan.ts';
import { digitsOf, type Relation } from './relations.ts';

/** The drops of a plan in the order of the result (spec/translator.md 5.4), as numbers: what writers go by. */

export const PROGRESS_EVERY = 4096;

export type RelationKey = 'inputs' | 'outputs' | 'producers' | 'consumers';

/** One side of a relation as seen from a drop. */
export interface Side {
  readonly key: RelationKey;
  readonly other: PlanNode;
  readonly otherIsGroupData: boolean;
  readonly relation: Relation;
  readonly isSource: boolean;
  readonly port: string | null;
  readonly direction: 'input' | 'output';
  /** The entries made last: where many drops are linked to one, they share them. */
  readonly last: { other: number; entry: Json; port: Json };
}

/** A node's drops to be written: its own, or the data drops of a GroupBy. */
export interface Run {
  readonly node: PlanNode;
  readonly isGroupData: boolean;
  readonly sides: readonly Side[];
}

export const GROUP_DATA_SUFFIX = '-grp-data';

export function runsOf(plan: UnrollPlan): Run[] {
  const sides = new Map<PlanNode, Side[]>();
  const groupSides = new Map<PlanNode, Side[]>();
  const listOf = (map: Map<PlanNode, Side[]>, node: PlanNode): Side[] => {
    const list = map.get(node) ?? [];
    map.set(node, list);
    return list;
  };
  for (const relation of plan.relations) {
    const { source, target, isOutput, fromGroupData } = relation;
    listOf(fromGroupData ? groupSides : sides, source).push({
      key: isOutput ? 'outputs' : 'consumers',
      other: target,
      otherIsGroupData: false,
      relation,
      isSource: true,
      port: relation.outName,
      direction: 'output',
      last: { other: -1, entry: null, port: null },
    });
    listOf(sides, target).push({
      key: isOutput ? 'producers' : 'inputs',
      other: source,
      otherIsGroupData: fromGroupData,
      relation,
      isSource: false,
      port: relation.inName,
      direction: 'input',
      last: { other: -1, entry: null, port: null },
    });
  }
  const emitted = plan.nodes.filter((n) => n.isEmitted && n.count > 0);
  const groups = emitted.filter((n) => n.groupData !== undefined);
  const runs: Run[] = [];
  for (const node of emitted) {
    runs.push({ node, isGroupData: false, sides: sides.get(node) ?? [] });
    if (node !== groups[0]) continue;
    for (const group of groups) {
      runs.push({ node: group, isGroupData: true, sides: groupSides.get(group) ?? [] });
    }
  }
  return runs;
}

export function tell(plan: UnrollPlan, work: WorkOptions, done: number): void {
  checkCancelled(work.signal);
  work.onProgress?.({ phase: 'unroll', done, total: plan.dropCount });
}

/** Instance ids of a node (spec 5.1): `0`, then one index per surrounding construct, outermost first. */
export class Iids {
  readonly #node: PlanNode;
  readonly #digits: number[];
  #prefix = '0';
  #prefixOf = -1;

  constructor(node: PlanNode) {
    this.#node = node;
    this.#digits = new Array<number>(node.radices.length).fill(0);
  }

  at(j: number): string {
    const radix = this.#node.radices.at(-1);
    if (radix === undefined) return '0';
    const outer = Math.floor(j / radix);
    if (outer !== this.#prefixOf) {
      digitsOf(this.#node, j, this.#digits);
      this.#prefix = '0';
      for (let d = 0; d < this.#digits.length - 1; d++) this.#prefix += `-${this.#digits[d] ?? 0}`;
      this.#prefix += '-';
      this.#prefixOf = outer;
    }
    return this.#prefix + String(j % radix);
  }
}

/** `0`, then one index per surrounding construct, outermost first (spec 5.1). */
export function rankOf(node: PlanNode, j: number): number[] {
  const { radices } = node;
  const rank = new Array<number>(radices.length + 1).fill(0);
  let rest = j;
  for (let d = radices.length - 1; d >= 0; d--) {
    const radix = radices[d] ?? 1;
    rank[d + 1] = rest % radix;
    rest = Math.floor(rest / radix);
  }
  return rank;
}

export function isMpi(node: PlanNode): boolean {
  return node.model.category === 'Mpi' && !node.model.isGroup;
}

export function loopContext(node: PlanNode, rank: readonly number[]): string | null {
  if (node.loopDigits === 0) return null;
  const end = node.model.ancestors.length + 1;
  return rank.slice(end - node.loopDigits, end).join('-');
}
