import type { Json, JsonObject } from '../protocol/index.ts';
import { PyFloat } from '../reproducibility/index.ts';
import { GInvalidNode, GraphException, shown, type WarningSink } from './errors.ts';
import { Category, categoryTypeOf, type LgField } from './logical-graph.ts';
import type { PreparedGraph, PrepLink, PrepNode } from './prepare.ts';
import type { TranslationRules } from './rules.ts';
import { textOf } from './text.ts';

/** A node of the prepared graph with its place in the hierarchy (spec/translator.md 3). */
export interface ModelNode {
  readonly index: number;
  readonly id: string;
  /** The id the node has in the graph; differs for a construct whose id went to its application. */
  readonly sourceId: string;
  readonly name: string;
  readonly category: string;
  /** Undefined only where upstream has none either and takes the node for data. */
  readonly categoryType: string;
  /** Whether the graph itself said the type; a Gather counts a source without one as data. */
  readonly isGroup: boolean;
  readonly attrs: Readonly<Record<string, Json | undefined>>;
  readonly fields: readonly LgField[];
  readonly reprodata: JsonObject;
  readonly subgraph: JsonObject | undefined;
  readonly forceNode: string | undefined;
  readonly isEmbeddedApp: boolean;
  readonly isMkn: boolean;
  parent: ModelNode | undefined;
  /** In node order. */
  readonly children: ModelNode[];
  /** Outermost first. */
  ancestors: readonly ModelNode[];
  isStart: boolean;
  isEnd: boolean;
  /** Distinct sources of links into the node, in link order. */
  readonly inputs: ModelNode[];
  dop: number | undefined;
}

export interface Model {
  readonly nodes: readonly ModelNode[];
  readonly roots: readonly ModelNode[];
  readonly byId: ReadonlyMap<string, ModelNode>;
  readonly links: readonly PrepLink[];
  readonly reprodata: JsonObject;
  readonly rules: TranslationRules;
}

const NESTABLE = new Set<string>([Category.SCATTER, Category.LOOP, Category.GROUP_BY]);
const NOT_BUILT = new Set<string>([Category.COMMENT, Category.DESCRIPTION, Category.VARIABLES]);

/** Every type that EAGLE has written (spec 1.6). */
const CATEGORY_TYPES: ReadonlySet<string> = new Set([
  'Application',
  'Data',
  'Construct',
  'Group',
  'Control',
  'Service',
  'Container',
  'Socket',
  'Other',
  'Unknown',
]);

export function buildModel(graph: PreparedGraph, rules: TranslationRules, warn?: WarningSink): Model {
  const nodes = graph.nodes.map(modelNode);
  const byId = new Map(nodes.map((n) => [n.id, n]));
  const warned = new Set<ModelNode>();
  graph.nodes.forEach((prep, i) => {
    const node = nodes[i];
    if (node === undefined || prep.parentId === undefined) return;
    const parent = byId.get(prep.parentId);
    // An id that names nothing, or something that holds nothing, leaves the node at the top (spec 1.3).
    if (parent?.isGroup === true) node.parent = parent;
    else if (parent !== undefined && !warned.has(parent)) {
      warned.add(parent);
      warn?.({
        reason: 'parent-holds-nothing',
        message: `Expected the ${parent.category} "${parent.name}" (${parent.sourceId}) around "${node.name}" to be a construct ("isGroup" true), found that it is none; what it should hold stands at the top, once. Set "isGroup", or move it out.`,
        place: { nodeId: parent.sourceId, nodeName: parent.name, fieldName: 'isGroup' },
      });
    }
  });
  for (const node of nodes) {
    node.ancestors = ancestorsOf(node);
    if (node.parent === undefined) continue;
    if (NOT_BUILT.has(node.category)) {
      if (rules === 'corrected') continue;
      warn?.({
        reason: 'comment-inside-construct',
        message: `The ${node.category} "${node.name}" (${node.sourceId}) inside "${node.parent.name}" becomes a drop without meaning; move it out.`,
        place: { nodeId: node.sourceId, nodeName: node.name },
      });
    }
    node.parent.children.push(node);
    const attrs = node.attrs;
    node.isStart = isTrue(attrs['group_start'] ?? attrs['Group start']);
    node.isEnd = !node.isStart && isTrue(attrs['group_end'] ?? attrs['Group end']);
  }
  return {
    nodes,
    roots: nodes.filter((n) => n.parent === undefined && !NOT_BUILT.has(n.category)),
    byId,
    links: graph.links,
    reprodata: graph.reprodata,
    rules,
  };
}

function modelNode(prep: PrepNode, index: number): ModelNode {
  const attrs = prep.attrs;
  const name = textOf(attrs['name']);
  const category = typeof attrs['category'] === 'string' ? attrs['category'] : prep.source.category;
  const declared = attrs['categoryType'];
  let categoryType = typeof declared === 'string' && declared !== '' ? declared : categoryTypeOf(category);
  if (categoryType === undefined) {
    if (prep.isEmbeddedApp !== true) {
      throw new GInvalidNode(
        'category-unknown',
        `Expected node "${name}" (${prep.id}) to be of a category Weir knows or to say its "categoryType", found category ` +
          `${shown(category)} without a type. Set "categoryType" to Application or Data, or choose another component.`,
        { nodeId: prep.id, nodeName: name, fieldName: 'category', found: category },
      );
    }
    categoryType = 'Application';
  }
  if (!CATEGORY_TYPES.has(categoryType)) {
    throw new GInvalidNode(
      'category-unknown',
      `Expected "categoryType" of node "${name}" (${prep.id}) to be one of ${[...CATEGORY_TYPES].join(', ')}, found ${shown(categoryType)}. ` +
        'Set it to Application or Data, or choose another component.',
      { nodeId: prep.id, nodeName: name, fieldName: 'categoryType', found: categoryType },
    );
  }
  return {
    index,
    id: prep.id,
    sourceId: prep.source.id,
    name,
    category,
    categoryType,
    isGroup: prep.isGroup,
    attrs,
    fields: prep.fields,
    reprodata: prep.reprodata,
    subgraph: prep.subgraph,
    forceNode: prep.forceNode,
    isEmbeddedApp: prep.isEmbeddedApp === true,
    isMkn: prep.madeBy === 'MKN',
    parent: undefined,
    children: [],
    ancestors: [],
    isStart: false,
    isEnd: false,
    inputs: [],
    dop: undefined,
  };
}

function ancestorsOf(node: ModelNode): ModelNode[] {
  const found: ModelNode[] = [];
  let at = node.parent;
  while (at !== undefined) {
    found.push(at);
    at = at.parent;
  }
  return found.reverse();
}

function isTrue(value: Json | undefined): boolean {
  if (value === true || value === 1) return true;
  return typeof value === 'string' && /^(true|1)$/i.test(value);
}

/** Groups that upstream accepts at the top only (spec 3): an error naming the first one found inside another. */
export function checkNesting(node: ModelNode, rules: TranslationRules): void {
  if (!node.isGroup || node.parent === undefined || NESTABLE.has(node.category)) return;
  if (node.isMkn || (rules === 'corrected' && node.category !== Category.FORCE_NODE)) return;
  throw new GInvalidNode(
    'group-kind-not-nestable',
    `Expected the construct "${node.parent.name}" (${node.parent.sourceId}) to contain components, Scatters, Loops and GroupBys, found the ` +
      `${node.category} "${node.name}" (${node.sourceId}) in it. Move it out to the top level.`,
    { nodeId: node.sourceId, nodeName: node.name, fieldName: 'parentId', found: node.category },
  );
}

export function levelOf(node: ModelNode): number {
  return node.ancestors.length + (node.category === Category.MPI ? 1 : 0);
}

/** Whether one node's ancestors are a prefix of the other's (spec 3). */
export function areRelated(a: ModelNode, b: ModelNode): boolean {
  const length = Math.min(a.ancestors.length, b.ancestors.length);
  for (let i = 0; i < length; i++) if (a.ancestors[i] !== b.ancestors[i]) return false;
  return true;
}

/** Contents of an MKN and its output application: two sibling groups of one construct, linked every copy to every copy. */
export function areMknHalves(source: ModelNode, target: ModelNode): boolean {
  const a = source.parent;
  const b = target.parent;
  return a !== undefined && b !== undefined && a !== b && a.isMkn && b.isMkn && a.parent === b.parent;
}

const COUNT_KEYS: Readonly<Record<string, readonly string[]>> = {
  [Category.SCATTER]: ['num_of_copies', 'num_of_splits', 'Number of copies'],
  [Category.LOOP]: ['num_of_iter', 'Number of Iterations', 'Number of loops'],
  [Category.GATHER]: ['num_of_inputs'],
  [Category.MPI]: ['num_of_procs'],
};
const COUNT_DEFAULTS: Readonly<Record<string, number>> = { [Category.SCATTER]: 4, [Category.GATHER]: 1 };

/** The field that states how often a construct repeats; undefined for one that works it out. */
export function countFieldOf(node: ModelNode): string | undefined {
  const keys = COUNT_KEYS[node.category] ?? [];
  return keys.find((k) => node.attrs[k] !== undefined) ?? keys[0];
}

/**
 * The count a construct states: copies, iterations, processes, or the width of a Gather. Throws `count-missing`,
 * `count-not-integer`, `count-not-positive` naming node and field.
 */
export function countOf(node: ModelNode): number {
  const keys = COUNT_KEYS[node.category] ?? [];
  const key = keys.find((k) => node.attrs[k] !== undefined);
  const fallback = COUNT_DEFAULTS[node.category];
  const label = `${node.category} "${node.name}" (${node.sourceId})`;
  if (key === undefined) {
    if (fallback !== undefined) return fallback;
    throw new GInvalidNode(
      'count-missing',
      `Expected ${label} to have the field "${keys[0] ?? 'count'}", found none. Add it with a whole number of at least 1.`,
      { nodeId: node.sourceId, nodeName: node.name, fieldName: keys[0] ?? '', expected: 'whole number >= 1' },
    );
  }
  const raw = node.attrs[key];
  const count = integerOf(raw);
  const place = {
    nodeId: node.sourceId,
    nodeName: node.name,
    fieldName: key,
    expected: 'whole number >= 1',
    found: shown(raw),
  };
  if (count === undefined) {
    throw new GraphException(
      'count-not-integer',
      `Expected field "${key}" of ${label} to be a whole number, found ${shown(raw)}. Write the number itself.`,
      place,
    );
  }
  if (count < 1) {
    throw new GraphException(
      'count-not-positive',
      `Expected field "${key}" of ${label} to be at least 1, found ${shown(raw)}. Remove the construct if it should not run.`,
      place,
    );
  }
  return count;
}

/** Python's `int()`: numbers are truncated, text must be an integer; undefined when it is not one. */
export function integerOf(given: Json | undefined): number | undefined {
  // A graph read with its number tokens has floats as objects (reproducibility/python-json.ts).
  const value = (given as unknown) instanceof PyFloat ? Number(given) : given;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : undefined;
  if (typeof value !== 'string' || !/^\s*[+-]?\d+(_\d+)*\s*$/.test(value)) return undefined;
  const number = Number(value.replaceAll('_', '').trim());
  return Number.isFinite(number) ? number : undefined;
}

/** Copies of a node per instance of its parent (spec 3). */
export function dopOf(node: ModelNode, rules: TranslationRules, asking: readonly ModelNode[] = []): number {
  if (node.dop !== undefined) return node.dop;
  if (asking.includes(node)) {
    throw new GInvalidNode(
      'counts-depend-on-each-other',
      `Expected the size of ${node.category} "${node.name}" (${node.sourceId}) to follow from its inputs, found that they depend on it ` +
        'in turn. Break the circle of links.',
      { nodeId: node.sourceId, nodeName: node.name },
    );
  }
  const dop = computeDop(node, rules, [...asking, node]);
  node.dop = dop;
  return dop;
}

function computeDop(node: ModelNode, rules: TranslationRules, asking: readonly ModelNode[]): number {
  if (node.category === Category.MPI && !node.isGroup) return countOf(node);
  if (!node.isGroup) return 1;
  switch (node.category) {
    case Category.SCATTER:
    case Category.LOOP:
      return countOf(node);
    case Category.SUB_GRAPH:
    case Category.SERVICE:
      return 1;
    case Category.GROUP_BY:
      return groupByLevels(node, rules).reduce((n, c) => n * dopOf(c, rules, asking), 1);
    case Category.GATHER: {
      const width = countOf(node);
      return Math.ceil(gatheredBy(node, rules, asking) / width);
    }
    default:
      throw new GInvalidNode(
        'unknown-group-kind',
        `Expected the construct "${node.name}" (${node.sourceId}) to be one that Weir can unroll, found category ${shown(node.category)}` +
          (node.category === Category.MKN ? ' without both an input and an output application' : '') +
          '. Choose another construct.',
        { nodeId: node.sourceId, nodeName: node.name, fieldName: 'category', found: node.category },
      );
  }
}

/** How many drops of its first input reach one instance of whatever is around a Gather. */
export function gatheredBy(
  node: ModelNode,
  rules: TranslationRules,
  asking: readonly ModelNode[] = [],
): number {
  const input = node.inputs[0];
  if (input === undefined) {
    throw new GInvalidNode(
      'gather-without-input',
      `Expected the Gather "${node.name}" (${node.sourceId}) to have an input, found none. Link the data to gather to it.`,
      { nodeId: node.sourceId, nodeName: node.name },
    );
  }
  if (input.category === Category.GROUP_BY && input.isGroup && rules === 'daliuge') {
    return dopOf(input, rules, asking);
  }
  if (input.category === Category.GROUP_BY && input.isGroup) {
    return dopDifference(node, input, rules, asking) * dopOf(input, rules, asking);
  }
  return dopDifference(node, input, rules, asking);
}

/** The constructs whose indices tell the groups of a GroupBy apart (spec 5.6). */
export function groupByLevels(node: ModelNode, _rules: TranslationRules): ModelNode[] {
  const input = node.inputs[0];
  if (input === undefined) {
    throw new GInvalidNode(
      'groupby-without-input',
      `Expected the GroupBy "${node.name}" (${node.sourceId}) to have an input, found none. Link the data to group to it.`,
      { nodeId: node.sourceId, nodeName: node.name },
    );
  }
  const innermost = input.parent;
  if (innermost === undefined) return [];
  const raw = node.attrs['group_key'];
  const text = textOf(raw ?? 'None').trim();
  if (text === 'None' || text === '-1' || text === '') return [innermost];
  const keys = text.split(',').map((k) => k.trim());
  const levels: ModelNode[] = [];
  for (const key of keys) {
    // An id may be that of the Scatter or, after 2.4, of its application; the construct then has a derived one.
    const level = input.ancestors.find((a) => a.id === key || a.sourceId === key);
    if (level !== undefined) {
      if (!levels.includes(level)) levels.push(level);
      continue;
    }
    const place = { nodeId: node.sourceId, nodeName: node.name, fieldName: 'group_key', found: text };
    const around = input.ancestors.map((a) => `${a.sourceId} ("${a.name}")`).join(', ');
    if (!/^-?\d+$/.test(key)) {
      throw new GraphException(
        'groupby-key-not-integer',
        `Expected "group_key" of the GroupBy "${node.name}" (${node.sourceId}) to be None or ids of constructs around its input (${around}), found ${shown(text)}.`,
        place,
      );
    }
    throw new GInvalidNode(
      keys.length === 1 ? 'groupby-single-key-mismatch' : 'groupby-multi-key-defect',
      `Expected "group_key" of the GroupBy "${node.name}" (${node.sourceId}) to name constructs around its input (${around}), found ${shown(key)}.`,
      place,
    );
  }
  return input.ancestors.filter((a) => levels.includes(a));
}

/**
 * How many drops of the deeper node there are per drop of the shallower one (spec 3); 1 on equal levels. A walk that
 * never meets the other node's parent goes up to the top, as the link between them cannot be valid.
 */
export function dopDifference(
  a: ModelNode,
  b: ModelNode,
  rules: TranslationRules,
  asking: readonly ModelNode[] = [],
): number {
  const levelA = levelOf(a);
  const levelB = levelOf(b);
  if (levelA === levelB) return 1;
  const [deep, shallow] = levelA > levelB ? [a, b] : [b, a];
  let product = 1;
  let at: ModelNode = deep;
  if (at.category === Category.MPI && !at.isGroup) product *= dopOf(at, rules, asking);
  while (at.parent !== undefined && at.parent !== shallow.parent) {
    product *= dopOf(at.parent, rules, asking);
    at = at.parent;
  }
  return product;
}
