import { isJsonObject, type Json } from '../protocol/index.ts';
import { checkLogicalGraph, type GraphProblem } from './check.ts';
import { applyActiveConfiguration } from './configure.ts';
import {
  isPortUsage,
  isUsableAppType,
  type LgField,
  type LgNode,
  type LogicalGraph,
} from './logical-graph.ts';
import { readWithProblems } from './read.ts';
import { textOf } from './text.ts';
import { fieldKey, withActive } from './values.ts';

export interface DrawnNode {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  /** `Application`, `Data`, `Construct` and so on; empty when the graph does not say. */
  readonly categoryType: string;
  /** Index of the construct around it; -1 at the top. */
  readonly parent: number;
  readonly isGroup: boolean;
  /** How many copies or rounds a construct makes, as the graph writes it; null for all else. */
  readonly copies: string | null;
  /** Name of the application inside a construct; null for all else. */
  readonly application: string | null;
}

/** A field whose value can be set for one run. */
export interface EditableField {
  readonly node: string;
  readonly nodeName: string;
  /** As `FieldValue` wants it. */
  readonly field: string;
  readonly name: string;
  readonly value: Json;
  readonly type: string;
  readonly description: string;
  readonly options: readonly string[];
  /** The active configuration sets it, or it says how often a construct repeats: what people change first. */
  readonly isProminent: boolean;
  /** How often a construct repeats: what `DrawnNode.copies` shows. */
  readonly isCount: boolean;
}

export interface GraphConfiguration {
  readonly id: string;
  readonly name: string;
  readonly isActive: boolean;
}

/** A logical graph as a window shows it before it is translated. */
export interface LogicalDrawing {
  readonly nodes: readonly DrawnNode[];
  /** Pairs of node indices; links of embedded applications lead to their construct. */
  readonly links: readonly (readonly [from: number, to: number])[];
  readonly fields: readonly EditableField[];
  readonly configurations: readonly GraphConfiguration[];
  readonly problems: readonly GraphProblem[];
}

const COUNT_FIELDS = new Set([
  'num_of_copies',
  'num_of_iter',
  'num_of_inputs',
  'num_of_procs',
  'm',
  'n',
  'k',
]);
/** Says what a component is, not what it works with. */
const FIXED_FIELDS = new Set([
  'dropclass',
  'base_name',
  'func_code',
  'log_level',
  'group_start',
  'group_end',
]);
const MAX_FIELDS = 5000;

/**
 * What there is to show of a logical graph, broken or not, with the configuration `active` or its own active one. `input`
 * is JSON text or a parsed value. Never throws for a graph; throws `config-malformed` for a configuration it lacks.
 */
export function drawingOf(input: unknown, active?: string): LogicalDrawing {
  const read = readWithProblems(input);
  const graph =
    read.graph === undefined || active === undefined ? read.graph : withActive(read.graph, active);
  const problems = checkLogicalGraph(input);
  if (graph === undefined) return { nodes: [], links: [], fields: [], configurations: [], problems };
  const configured = applyActiveConfiguration(graph);
  const indexOf = new Map(configured.nodeDataArray.map((node, i) => [node.id, i]));
  const embedded = embeddedIn(configured, indexOf);
  const place = (id: string): number => indexOf.get(id) ?? embedded.get(id) ?? -1;
  return {
    nodes: configured.nodeDataArray.map((node) => drawnNode(node, place)),
    links: configured.linkDataArray
      .map(({ from, to }): readonly [number, number] => [place(from), place(to)])
      .filter(([from, to]) => from >= 0 && to >= 0 && from !== to),
    fields: editableFields(configured, configuredFields(graph)).slice(0, MAX_FIELDS),
    configurations: configurationsOf(graph),
    problems,
  };
}

/** Ids that links may use for the applications inside constructs. */
function embeddedIn(graph: LogicalGraph, indexOf: ReadonlyMap<string, number>): Map<string, number> {
  const found = new Map<string, number>();
  for (const node of graph.nodeDataArray) {
    for (const key of ['inputApplicationId', 'outputApplicationId']) {
      const id = node[key];
      if (typeof id === 'string' && id !== '') found.set(id, indexOf.get(node.id) ?? -1);
    }
  }
  return found;
}

function drawnNode(node: LgNode, place: (id: string) => number): DrawnNode {
  const isGroup = node.isGroup === true;
  const count = isGroup ? node.fields.find((f) => COUNT_FIELDS.has(f.name)) : undefined;
  const application = node['inputApplicationName'];
  const hasApplication = isUsableAppType(node['inputApplicationType']) && typeof application === 'string';
  return {
    id: node.id,
    name: node.name,
    category: node.category,
    categoryType: typeof node.categoryType === 'string' ? node.categoryType : '',
    parent: node.parentId === undefined ? -1 : place(node.parentId),
    isGroup,
    copies: count === undefined ? null : textOf(valueOf(count)),
    application: isGroup && hasApplication ? application : null,
  };
}

function valueOf(field: LgField): Json {
  return field.value === '' || field.value === undefined ? (field.defaultValue ?? '') : field.value;
}

function configuredFields(graph: LogicalGraph): ReadonlySet<string> {
  const found = new Set<string>();
  const all = graph.graphConfigurations;
  const active = typeof graph.activeGraphConfigId === 'string' ? all?.[graph.activeGraphConfigId] : undefined;
  const nodes = isJsonObject(active) ? active['nodes'] : undefined;
  if (!isJsonObject(nodes)) return found;
  for (const [node, entry] of Object.entries(nodes)) {
    const fields = isJsonObject(entry) ? entry['fields'] : undefined;
    if (isJsonObject(fields)) for (const field of Object.keys(fields)) found.add(`${node}\u0000${field}`);
  }
  return found;
}

/** What people change first comes first; else in the order of the graph. */
function editableFields(graph: LogicalGraph, configured: ReadonlySet<string>): EditableField[] {
  const found: EditableField[] = [];
  for (const node of graph.nodeDataArray) {
    for (const field of [...node.fields, ...(node.inputAppFields ?? []), ...(node.outputAppFields ?? [])]) {
      if (field.name === '' || FIXED_FIELDS.has(field.name) || field['readonly'] === true) continue;
      if (isPortUsage(field.usage, 'in') || isPortUsage(field.usage, 'out')) continue;
      const key = fieldKey(field);
      const isCount = node.isGroup === true && COUNT_FIELDS.has(field.name);
      const options = field['options'];
      found.push({
        node: node.id,
        nodeName: node.name,
        field: key,
        name: field.name,
        value: valueOf(field),
        type: typeof field.type === 'string' ? field.type : '',
        description: typeof field['description'] === 'string' ? field['description'] : '',
        options: Array.isArray(options) ? options.map(textOf) : [],
        isProminent: configured.has(`${node.id}\u0000${key}`) || isCount,
        isCount,
      });
    }
  }
  return [...found.filter((f) => f.isProminent), ...found.filter((f) => !f.isProminent)];
}

function configurationsOf(graph: LogicalGraph): GraphConfiguration[] {
  if (!isJsonObject(graph.graphConfigurations)) return [];
  return Object.entries(graph.graphConfigurations).map(([id, entry]) => {
    const model = isJsonObject(entry) ? entry['modelData'] : undefined;
    const name = isJsonObject(entry) ? (entry['name'] ?? (isJsonObject(model) ? model['name'] : '')) : '';
    return { id, name: textOf(name) || id, isActive: id === graph.activeGraphConfigId };
  });
}
