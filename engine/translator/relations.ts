import { GraphException, type WarningSink } from './errors.ts';
import type { ModelLink } from './link-rules.ts';
import { Category } from './logical-graph.ts';
import {
  areMknHalves,
  dopDifference,
  dopOf,
  gatheredBy,
  countOf,
  groupByLevels,
  levelOf,
  type ModelNode,
} from './model.ts';
import { blocks, equalKeys, fanIn, fanOut, gatherInto, nextIteration, type Pairs } from './pairs.ts';
import type { ArtificialLink, PlanNode } from './plan.ts';
import { lastPort, portName, unknownPort } from './ports.ts';
import type { PrepLink } from './prepare.ts';
import type { TranslationRules } from './rules.ts';

/** A link of the logical graph as pairs of drops, with what stands in the lists of both (spec/translator.md 6.3). */
export interface Relation {
  readonly source: PlanNode;
  readonly target: PlanNode;
  readonly pairs: Pairs;
  /** True: `outputs`/`producers` and a port map; false: `consumers`/`inputs`. */
  readonly isOutput: boolean;
  /** Whether the source drops are the data drops of a GroupBy. */
  readonly fromGroupData: boolean;
  readonly outName: string | null;
  readonly inName: string | null;
  /** Closes a loop or starts the next batch: leads to a later copy, so it makes no cycle. */
  readonly isForward: boolean;
}

export interface RelationInput {
  readonly links: readonly ModelLink[];
  readonly artificial: readonly ArtificialLink[];
  readonly byModel: ReadonlyMap<ModelNode, PlanNode>;
  readonly rules: TranslationRules;
  readonly warn: WarningSink | undefined;
}

interface Ports {
  readonly out: string | null;
  readonly in: string | null;
}

const NO_PORTS: Ports = { out: null, in: null };

interface Gathered {
  readonly source: PlanNode;
  readonly pairs: Pairs;
  readonly width: number;
  readonly given: PrepLink;
}

/** All links, given ones first, then the added ones, those of Gathers last (spec 6, 6.2); repetitions once. */
export function relationsOf(input: RelationInput): Relation[] {
  return new RelationBuilder(input).build();
}

class RelationBuilder {
  readonly #input: RelationInput;
  readonly #relations: Relation[] = [];
  readonly #seen = new Set<string>();
  readonly #gathered = new Map<ModelNode, Gathered[]>();
  readonly #sequenced: ModelLink[] = [];
  /** Nodes joined by a loop-aware link: upstream takes every link between the two for one. */
  readonly #loopAware: ReadonlySet<string>;

  constructor(input: RelationInput) {
    this.#input = input;
    this.#loopAware = new Set(input.links.filter((l) => l.given.loopAware).map(pairKey));
  }

  build(): Relation[] {
    for (const link of this.#input.links) this.#given(link);
    for (const link of this.#input.artificial) this.#added(link);
    for (const [gather, batches] of this.#gathered) this.#gather(gather, batches);
    return this.#relations;
  }

  #given(link: ModelLink): void {
    const { source, target } = link;
    const from = this.#input.byModel.get(source);
    const to = this.#input.byModel.get(target);
    if (from === undefined || to === undefined) return;
    if (isConstruct(source, Category.SUB_GRAPH) || isConstruct(target, Category.SUB_GRAPH)) return;
    if (source.category === Category.START) return;
    if (isConstruct(source, Category.GATHER)) {
      this.#sequenced.push(link);
      return;
    }
    if (isConstruct(target, Category.GATHER)) {
      this.#toGather(link, from, to);
      return;
    }
    const pairs = isConstruct(target, Category.GROUP_BY)
      ? this.#groupPairs(from, to)
      : this.#pairs(link, from, to);
    const ports = this.#portsOf(link.given, source, target);
    this.#push(from, to, pairs, ports, isForwardPairs(pairs));
  }

  #added({ source, target }: ArtificialLink): void {
    const from = this.#input.byModel.get(source);
    const to = this.#input.byModel.get(target);
    if (from === undefined || to === undefined) return;
    if (isConstruct(source, Category.SUB_GRAPH) || isConstruct(source, Category.GATHER)) return;
    if (source.category === Category.START) return;
    if (source.isGroup && target.isGroup) return;
    const ports: Ports = { out: lastPort(source, 'out'), in: lastPort(target, 'in') };
    if (source.isGroup) {
      if (from.count !== to.count) throw countMismatch(source, from.count, target, to.count);
      this.#push(from, to, fanIn(from.count, to.count, 1), ports, false);
      return;
    }
    const given: PrepLink = {
      index: -1,
      from: source.id,
      to: target.id,
      fromPort: undefined,
      toPort: undefined,
      loopAware: false,
    };
    const pairs = this.#pairs({ given, source, target }, from, to);
    this.#push(from, to, pairs, ports, isForwardPairs(pairs));
  }

  #toGather(link: ModelLink, from: PlanNode, to: PlanNode): void {
    const { rules } = this.#input;
    const width = countOf(link.target);
    const outer = to.count / Math.max(1, dopOf(link.target, rules));
    const segment = outer > 0 ? from.count / outer : from.count;
    const isFirst = link.target.inputs[0] === link.source;
    const pairs = gatherInto(from.count, isFirst ? gatheredBy(link.target, rules) : segment, width);
    const batches = Math.ceil(segment / width) * outer;
    if (batches > to.count) throw countMismatch(link.source, from.count, link.target, to.count * width);
    const list = this.#gathered.get(link.target) ?? [];
    list.push({ source: from, pairs, width, given: link.given });
    this.#gathered.set(link.target, list);
  }

  /**
   * Every gathered drop goes to the application of the Gather, or to its first child if it has none (spec 6.2). Where a
   * component inside is marked as a start as well, upstream feeds that one and leaves the application without inputs.
   */
  #gather(gather: ModelNode, batches: readonly Gathered[]): void {
    const receivers = this.#input.artificial
      .filter((l) => l.source === gather && !l.target.isGroup)
      .map((l) => l.target);
    const application = receivers.find((r) => r.isEmbeddedApp);
    const receiver = this.#input.rules === 'corrected' ? (application ?? receivers[0]) : receivers[0];
    const to = receiver === undefined ? undefined : this.#input.byModel.get(receiver);
    const gatherCount = this.#input.byModel.get(gather)?.count ?? 0;
    if (receiver !== undefined && to !== undefined) {
      if (to.count !== gatherCount) throw countMismatch(gather, gatherCount, receiver, to.count);
      for (const { source, pairs, given } of batches) {
        // A child that stands in for the application gets its inputs without port names, as upstream has it.
        const isStandIn = !receiver.isEmbeddedApp && this.#input.rules === 'daliuge';
        const ports = isStandIn ? NO_PORTS : this.#portsOf(given, source.model, receiver);
        this.#push(source, to, pairs, ports, false);
      }
    }
    for (const link of this.#sequenced.filter((l) => l.source === gather)) {
      const next = this.#input.byModel.get(link.target);
      if (next === undefined) continue;
      for (const { source, width, given } of batches) {
        const pairs = blocks(source.count, next.count, width, width, 1);
        const ports: Ports = {
          out: portName(source.model, given.fromPort, 'out', false) ?? null,
          in: portName(link.target, link.given.toPort, 'in', false) ?? null,
        };
        this.#push(source, next, pairs, ports, true);
      }
    }
  }

  #push(source: PlanNode, target: PlanNode, pairs: Pairs, ports: Ports, isForward: boolean): void {
    if (!source.isEmitted || !target.isEmitted || pairs.size === 0) return;
    const key = JSON.stringify([source.model.index, target.model.index, ports.out, ports.in]);
    const exact = `${key}${pairs.key}`;
    if (this.#seen.has(exact)) return;
    this.#seen.add(exact);
    this.#relations.push({
      source,
      target,
      pairs,
      isOutput: isApplicationLike(source.model),
      fromGroupData: isConstruct(source.model, Category.GROUP_BY),
      outName: ports.out,
      inName: ports.in,
      isForward,
    });
  }

  /** The rules of spec 6.1, rows 6 to 11, in their order. */
  #pairs(link: ModelLink, from: PlanNode, to: PlanNode): Pairs {
    const { source, target } = link;
    const rules = this.#input.rules;
    const sourceLoop = source.parent?.category === Category.LOOP ? source.parent : undefined;
    const targetLoop = target.parent?.category === Category.LOOP ? target.parent : undefined;
    if (sourceLoop !== undefined && sourceLoop === targetLoop && source.isEnd && target.isStart) {
      return nextIteration(from.count, dopOf(sourceLoop, rules));
    }
    if (sourceLoop !== undefined && targetLoop !== undefined && !related(source, target)) {
      return this.#equalIterations(from, to);
    }
    const width = dopDifference(source, target, rules);
    const levelS = levelOf(source);
    const levelT = levelOf(target);
    const isAware = link.given.loopAware || (rules === 'daliuge' && this.#loopAware.has(pairKey(link)));
    if (isAware && sourceLoop !== undefined && levelS > levelT) {
      const dop = dopOf(sourceLoop, rules);
      this.#checkChunks(from, width, to, source, target);
      return fanIn(from.count, to.count, width, { of: dop, take: dop - 1 });
    }
    if (isAware && targetLoop !== undefined && levelT > levelS) {
      this.#checkChunks(to, width, from, source, target);
      return fanOut(from.count, to.count, width, { of: dopOf(targetLoop, rules), take: 0 });
    }
    if (areMknHalves(source, target)) {
      const s = dopOf(source.parent ?? source, rules);
      const t = dopOf(target.parent ?? target, rules);
      return blocks(from.count, to.count, s, t, 0);
    }
    if (levelS >= levelT) {
      this.#checkChunks(from, width, to, source, target);
      return fanIn(from.count, to.count, width);
    }
    this.#checkChunks(to, width, from, source, target);
    return fanOut(from.count, to.count, width);
  }

  #checkChunks(many: PlanNode, width: number, few: PlanNode, source: ModelNode, target: ModelNode): void {
    if (Math.ceil(many.count / width) <= few.count) return;
    throw countMismatch(source, many.count, target, few.count * width);
  }

  /** Iteration i of one Loop to iteration i of the other; `corrected` keeps to the surrounding copy too. */
  #equalIterations(from: PlanNode, to: PlanNode): Pairs {
    const shared = this.#input.rules === 'corrected' ? sharedAncestors(from.model, to.model) : 0;
    const numbers = new Map<string, number>();
    const keysOf = (node: PlanNode): Int32Array => {
      const keys = new Int32Array(node.count);
      const digits = new Array<number>(node.radices.length).fill(0);
      for (let j = 0; j < node.count; j++) {
        digitsOf(node, j, digits);
        const loop = digits.slice(node.model.ancestors.length - node.loopDigits, node.model.ancestors.length);
        const key = `${digits.slice(0, shared).join('-')}/${loop.join('-')}`;
        const number = numbers.get(key) ?? numbers.size;
        numbers.set(key, number);
        keys[j] = number;
      }
      return keys;
    };
    return equalKeys(keysOf(from), keysOf(to), `loop:${shared}`);
  }

  /** The corner turn of a GroupBy (spec 5.6). */
  #groupPairs(from: PlanNode, to: PlanNode): Pairs {
    const groupBy = to.model;
    const levels = groupByLevels(groupBy, this.#input.rules);
    const positions = levels.map((l) => from.model.ancestors.indexOf(l));
    const isDefault = positions.length === 1 && positions[0] === from.model.ancestors.length - 1;
    const outer = groupBy.ancestors.length;
    const isTwoDeeper = from.model.ancestors.length === outer + 2;
    const keepsOuter = outer > 0 && (isTwoDeeper || !isDefault || this.#input.rules === 'corrected');
    const texts: string[] = [];
    const digits = new Array<number>(from.radices.length).fill(0);
    for (let j = 0; j < from.count; j++) {
      digitsOf(from, j, digits);
      const lead = keepsOuter ? digits.slice(0, outer) : [];
      texts.push([...lead, ...positions.map((p) => digits[p] ?? 0)].join('-'));
    }
    const distinct = [...new Set(texts)];
    if (isDefault && this.#input.rules === 'daliuge') distinct.sort((a, b) => (a < b ? -1 : 1));
    else distinct.sort(byNumbers);
    if (distinct.length !== to.count) throw countMismatch(from.model, distinct.length, groupBy, to.count);
    const numberOf = new Map(distinct.map((t, i) => [t, i]));
    const sourceKeys = Int32Array.from(texts, (t) => numberOf.get(t) ?? 0);
    const targetKeys = Int32Array.from({ length: to.count }, (_, i) => i);
    return equalKeys(sourceKeys, targetKeys, `group:${positions.join(',')}`);
  }

  /**
   * The port names of a given link. An application as source must have both ports; for data a missing name is null,
   * as upstream has it, and told as a warning.
   */
  #portsOf(given: PrepLink, source: ModelNode, target: ModelNode): Ports {
    const isStrict = isApplicationLike(source) && !source.isGroup;
    const out = portName(source, given.fromPort, 'out', isStrict);
    const into = portName(target, given.toPort, 'in', isStrict);
    if (isStrict && out === undefined) throw unknownPort(given, source, 'fromPort', given.fromPort);
    if (isStrict && into === undefined) throw unknownPort(given, target, 'toPort', given.toPort);
    if ((out === undefined && !source.isGroup) || (into === undefined && !target.isGroup)) {
      const side = out === undefined ? source : target;
      this.#input.warn?.({
        reason: 'port-unnamed',
        message:
          `Link ${given.index + 1} from "${source.name}" (${source.sourceId}) to "${target.name}" (${target.sourceId}) names a port that ` +
          `"${side.name}" does not have; the drops are linked without a port name.`,
        place: {
          link: given.index,
          fromId: source.sourceId,
          toId: target.sourceId,
          nodeId: side.sourceId,
          nodeName: side.name,
        },
      });
    }
    return { out: out ?? null, in: into ?? null };
  }
}

function pairKey({ source, target }: ModelLink): string {
  return `${source.index}-${target.index}`;
}

function isForwardPairs(pairs: Pairs): boolean {
  return pairs.key.startsWith('next:');
}

function isConstruct(node: ModelNode, category: string): boolean {
  return node.isGroup && node.category === category;
}

function isApplicationLike(node: ModelNode): boolean {
  return node.categoryType === 'Application' || node.categoryType === 'Control';
}

function related(a: ModelNode, b: ModelNode): boolean {
  return sharedAncestors(a, b) === Math.min(a.ancestors.length, b.ancestors.length);
}

function sharedAncestors(a: ModelNode, b: ModelNode): number {
  let n = 0;
  while (n < a.ancestors.length && n < b.ancestors.length && a.ancestors[n] === b.ancestors[n]) n++;
  return n;
}

/** Writes j in the mixed base of the node into `digits`. */
export function digitsOf(node: PlanNode, j: number, digits: number[]): void {
  let rest = j;
  for (let d = node.radices.length - 1; d >= 0; d--) {
    const radix = node.radices[d] ?? 1;
    digits[d] = rest % radix;
    rest = Math.floor(rest / radix);
  }
}

function byNumbers(a: string, b: string): number {
  const x = a.split('-').map(Number);
  const y = b.split('-').map(Number);
  for (let i = 0; i < x.length; i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function countMismatch(a: ModelNode, countA: number, b: ModelNode, countB: number): GraphException {
  return new GraphException(
    'internal-count-mismatch',
    `Expected the copies of "${a.name}" (${a.sourceId}) and "${b.name}" (${b.sourceId}) to fit each other, found ${countA} and ${countB}. ` +
      'Check the constructs around both.',
    {
      nodeId: b.sourceId,
      nodeName: b.name,
      fromId: a.sourceId,
      toId: b.sourceId,
      expected: String(countA),
      found: String(countB),
    },
  );
}
