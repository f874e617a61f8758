import type { JsonObject } from '../protocol/index.ts';
import { convertConstructs } from './constructs.ts';
import { warnOfCycles } from './cycles.ts';
import type { TranslatorError } from './errors.ts';
import { GInvalidNode, GraphException, type WarningSink } from './errors.ts';
import { checkLinks, type ModelLink } from './link-rules.ts';
import { Category, type LogicalGraph } from './logical-graph.ts';
import { buildModel, checkNesting, countFieldOf, dopOf, type Model, type ModelNode } from './model.ts';
import { prepare } from './prepare.ts';
import { relationsOf, type Relation } from './relations.ts';
import type { TranslationRules } from './rules.ts';
import {
  dataWeightOf,
  groupDataTemplate,
  templateOf,
  type Template,
  type TemplateOptions,
} from './templates.ts';

/** A drop count above which a translation is refused unless the caller allows more. */
export const DEFAULT_MAX_DROPS = 10_000_000;
const MAX_EDGES_PER_DROP_LIMIT = 20;

export interface UnrollOptions extends Partial<TemplateOptions> {
  /** First part of every oid: the session or any other prefix. */
  readonly oidPrefix: string;
  readonly rules?: TranslationRules;
  /** Refuse a graph that would unroll to more drops (default ten million). */
  readonly maxDrops?: number;
  readonly warn?: WarningSink | undefined;
}

/**
 * A node and the numbers that make its drops: the j-th drop's place in the nested copies is j written in the mixed
 * base `radices` (outermost first). No drop exists as an object until it is asked for.
 */
export interface PlanNode {
  readonly model: ModelNode;
  readonly radices: readonly number[];
  /** How many of the last digits are iterations of directly nested Loops around it; they are its `loop_ctx`. */
  readonly loopDigits: number;
  readonly count: number;
  /** Whether its drops are part of the result (constructs mostly are not). */
  readonly isEmitted: boolean;
  readonly template: Template | undefined;
  /** GroupBy only: the common part of the data drop each group has. */
  readonly groupData: JsonObject | undefined;
}

/** A link as pairs of nodes that the translator made up or was given, before it becomes pairs of drops. */
export interface ArtificialLink {
  readonly source: ModelNode;
  readonly target: ModelNode;
}

export interface UnrollPlan {
  readonly oidPrefix: string;
  /** In the order of the result (spec 5.4). */
  readonly nodes: readonly PlanNode[];
  readonly byModel: ReadonlyMap<ModelNode, PlanNode>;
  readonly relations: readonly Relation[];
  readonly dropCount: number;
  readonly edgeCount: number;
  readonly reprodata: JsonObject;
  readonly model: Model;
}

/**
 * Works out everything about the physical graph but the drops themselves: cheap whatever the number of copies, and
 * where every error of a graph is found (spec/translator.md 4).
 */
export function planUnroll(graph: LogicalGraph, options: UnrollOptions): UnrollPlan {
  const rules = options.rules ?? 'daliuge';
  const prepared = convertConstructs(prepare(graph, rules, options.warn));
  const model = buildModel(prepared, rules, options.warn);
  const links = checkLinks(model);
  return planModel(model, links, options);
}

/** The second half of `planUnroll`, for callers that have looked at the links themselves. */
export function planModel(model: Model, links: readonly ModelLink[], options: UnrollOptions): UnrollPlan {
  const builder = new PlanBuilder(model, options);
  for (const root of model.roots) builder.visit(root, 1);
  const relations = relationsOf({
    links,
    artificial: builder.artificial,
    byModel: builder.byModel,
    rules: model.rules,
    warn: options.warn,
  });
  const dropCount = builder.dropCount;
  let edgeCount = 0;
  for (const relation of relations) edgeCount += relation.pairs.size;
  const maxDrops = options.maxDrops ?? DEFAULT_MAX_DROPS;
  if (edgeCount > maxDrops * MAX_EDGES_PER_DROP_LIMIT) throw tooManyEdges(relations, edgeCount, maxDrops);
  if (options.warn !== undefined) warnOfCycles(relations, options.warn);
  return {
    oidPrefix: options.oidPrefix,
    nodes: builder.nodes,
    byModel: builder.byModel,
    relations,
    dropCount,
    edgeCount,
    reprodata: model.reprodata,
    model,
  };
}

class PlanBuilder {
  readonly nodes: PlanNode[] = [];
  readonly byModel = new Map<ModelNode, PlanNode>();
  readonly artificial: ArtificialLink[] = [];
  dropCount = 0;
  readonly #rules: TranslationRules;
  readonly #maxDrops: number;
  readonly #template: TemplateOptions;

  constructor(model: Model, options: UnrollOptions) {
    this.#rules = model.rules;
    this.#maxDrops = options.maxDrops ?? DEFAULT_MAX_DROPS;
    this.#template = {
      zeroRun: options.zeroRun === true,
      appClass: options.appClass,
      rules: model.rules,
      warn: options.warn,
    };
  }

  /** Visits a node `instances` copies of whose parent exist: in the order in which drops are made (spec 5.2). */
  visit(node: ModelNode, instances: number): void {
    if (!node.isGroup) {
      if (node.category === Category.SERVICE && !node.isEmbeddedApp) return;
      const own = node.category === Category.MPI ? dopOf(node, this.#rules) : 1;
      this.#add(node, instances * own, true);
      return;
    }
    checkNesting(node, this.#rules);
    if (node.category !== Category.SCATTER) this.#addArtificialLinks(node);
    if (node.category === Category.GROUP_BY) checkGroupByInput(node);
    const copies = instances * dopOf(node, this.#rules);
    const isKept =
      node.category === Category.GROUP_BY ||
      (node.category === Category.SERVICE && this.#rules === 'daliuge');
    this.#add(node, copies, isKept);
    for (const child of node.children) this.visit(child, copies);
  }

  #add(node: ModelNode, count: number, isKept: boolean): void {
    const isEmitted =
      isKept &&
      node.category !== Category.START &&
      !(node.category === Category.END && this.#rules === 'corrected');
    const isGroupBy = node.isGroup && node.category === Category.GROUP_BY;
    if (isEmitted) this.dropCount += isGroupBy ? 2 * count : count;
    if (this.dropCount > this.#maxDrops) throw tooManyDrops(node, count, this.#maxDrops, this.#rules);
    const ownDigit = node.isGroup || node.category === Category.MPI;
    const radices = [...node.ancestors, ...(ownDigit ? [node] : [])].map((a) => dopOf(a, this.#rules));
    const plan: PlanNode = {
      model: node,
      radices,
      loopDigits: loopDigitsOf(node),
      count,
      isEmitted,
      template: isEmitted ? templateOf(node, this.#template) : undefined,
      groupData: isGroupBy
        ? groupDataTemplate(groupDataWeight(node, this.#rules), node.reprodata)
        : undefined,
    };
    this.nodes.push(plan);
    this.byModel.set(node, plan);
  }

  /** What closes a Loop and what hangs the first children of other constructs on them (spec 5.2); once per construct. */
  #addArtificialLinks(node: ModelNode): void {
    const starts = node.children.filter((c) => c.isStart);
    if (node.category === Category.LOOP) {
      const ends = node.children.filter((c) => c.isEnd);
      if (starts.length === 0 || ends.length === 0) {
        const missing = starts.length === 0 ? 'group_start' : 'group_end';
        throw new GInvalidNode(
          'loop-needs-start-and-end',
          `Expected the Loop "${node.name}" (${node.sourceId}) to contain a component with "group_start" and one with "group_end" set, found ` +
            `none with "${missing}". Mark where an iteration ${starts.length === 0 ? 'begins' : 'ends'}.`,
          { nodeId: node.sourceId, nodeName: node.name, fieldName: missing, expected: 'true', found: 'none' },
        );
      }
      for (const end of ends) {
        for (const start of starts) {
          this.artificial.push({ source: end, target: start });
          if (!start.inputs.includes(end)) start.inputs.push(end);
        }
      }
      return;
    }
    const first = starts.length > 0 ? starts : node.children.filter((c) => c.inputs.length === 0);
    for (const child of first) this.artificial.push({ source: node, target: child });
  }
}

function loopDigitsOf(node: ModelNode): number {
  let digits = 0;
  for (let i = node.ancestors.length - 1; i >= 0; i--) {
    if (node.ancestors[i]?.category !== Category.LOOP) break;
    digits++;
  }
  return digits;
}

function checkGroupByInput(node: ModelNode): void {
  const input = node.inputs[0];
  if (input === undefined || input.categoryType !== 'Application') return;
  throw new GInvalidNode(
    'groupby-input-kind',
    `Expected the GroupBy "${node.name}" (${node.sourceId}) to be fed by data, found the application "${input.name}" (${input.sourceId}). ` +
      'Put a data component between them.',
    {
      nodeId: node.sourceId,
      nodeName: node.name,
      fromId: input.sourceId,
      expected: 'Data',
      found: input.categoryType,
    },
  );
}

function groupDataWeight(node: ModelNode, rules: TranslationRules): number {
  const input = node.inputs[0];
  if (input === undefined) return 1;
  return input.ancestors.slice(0, -1).reduce((w, a) => w * dopOf(a, rules), dataWeightOf(input));
}

function tooManyDrops(
  node: ModelNode,
  count: number,
  maxDrops: number,
  rules: TranslationRules,
): TranslatorError {
  const around = [...node.ancestors, node].filter((a) => dopOf(a, rules) > 1);
  const story = around.map((a) => `${a.category} "${a.name}" (${dopOf(a, rules)})`).join(' x ');
  const largest = around.reduce<ModelNode | undefined>(
    (best, a) => (best === undefined || dopOf(a, rules) > dopOf(best, rules) ? a : best),
    undefined,
  );
  const field = countFieldOf(largest ?? node);
  return new GraphException(
    'too-many-drops',
    `Expected a graph of at most ${maxDrops.toLocaleString('en')} drops, found that "${node.name}" (${node.sourceId}) alone would have ` +
      `${count.toLocaleString('en')} copies${story === '' ? '' : `: ${story}`}. Lower a count.`,
    {
      nodeId: (largest ?? node).sourceId,
      nodeName: (largest ?? node).name,
      ...(field === undefined ? {} : { fieldName: field }),
      expected: `<= ${maxDrops}`,
      found: String(count),
    },
    'GRAPH_TOO_LARGE',
  );
}

function tooManyEdges(relations: readonly Relation[], edges: number, maxDrops: number): TranslatorError {
  const worst = relations.reduce((a, b) => (b.pairs.size > a.pairs.size ? b : a));
  const from = worst.source.model;
  const to = worst.target.model;
  return new GraphException(
    'too-many-drops',
    `Expected at most ${(maxDrops * MAX_EDGES_PER_DROP_LIMIT).toLocaleString('en')} links between drops, found ${edges.toLocaleString('en')}, ` +
      `most of them from "${from.name}" (${from.sourceId}) to "${to.name}" (${to.sourceId}). Lower a count around them.`,
    {
      nodeId: from.sourceId,
      nodeName: from.name,
      fromId: from.sourceId,
      toId: to.sourceId,
      found: String(edges),
    },
    'GRAPH_TOO_LARGE',
  );
}
