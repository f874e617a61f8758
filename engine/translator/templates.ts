import type { Json, JsonObject } from '../protocol/index.ts';
import { GraphException, shown, type WarningSink } from './errors.ts';
import { Category, type LgField } from './logical-graph.ts';
import { integerOf, type ModelNode } from './model.ts';
import { textOf } from './text.ts';

const SLEEP_APP = 'dlg.apps.simple.SleepApp';
const IN_MEMORY = 'dlg.data.drops.memory.InMemoryDROP';
const DATA_CLASSES: Readonly<Record<string, string>> = {
  File: 'dlg.data.drops.file.FileDROP',
  Memory: IN_MEMORY,
  SharedMemory: 'dlg.data.drops.memory.SharedMemoryDROP',
  S3: 'dlg.data.drops.s3_drop.S3DROP',
  NGAS: 'dlg.data.drops.ngas.NgasDROP',
};
const APP_CLASS_KEYS = ['dropclass', 'Application Class', 'Application class', 'appclass'];
const DATA_CLASS_KEYS = ['dropclass', 'Data class', 'dataclass'];
const EXECUTION_TIME = /^execution[\s_]time/i;
const DATA_VOLUME = /^data[\s_]volume/i;

/** Keys of a drop spec that come from its place in the graph; a field of that name does not replace them. */
const DYNAMIC_KEYS = new Set([
  '__proto__',
  'oid',
  'iid',
  'lg_key',
  'name',
  'reprodata',
  'inputs',
  'outputs',
  'producers',
  'consumers',
  'streamingInputs',
  'streamingConsumers',
  'ports',
  'port_map',
  'fields',
  'applicationArgs',
  'constraintParams',
  'componentParams',
]);

/** What all drops of a node have in common (spec/translator.md 5.3), and what a field has fixed for all of them. */
export interface Template {
  readonly spec: Readonly<Record<string, Json>>;
  /** A field called `rank`, `loop_ctx` or `proc_index` stands where the place in the graph would. */
  readonly fixedRank: boolean;
  readonly fixedLoopContext: boolean;
  readonly hasLoopContext: boolean;
}

export interface TemplateOptions {
  readonly zeroRun: boolean;
  /** Class path that replaces the class of every application. */
  readonly appClass: string | undefined;
  readonly rules: 'daliuge' | 'corrected';
  readonly warn?: WarningSink | undefined;
}

/** The common part of the drops of a component. Throws `negative-execution-time`, `data-class-unknown`. */
export function templateOf(node: ModelNode, options: TemplateOptions): Template {
  const spec: Record<string, Json> = {
    name: node.name,
    categoryType: node.categoryType,
    category: node.category,
    dropclass: null,
    storage: node.category,
    reprodata: node.reprodata,
  };
  const isApp =
    node.categoryType === 'Application' ||
    node.category === Category.BRANCH ||
    node.category === Category.SERVICE;
  if (node.isGroup && node.category === Category.GROUP_BY) groupByPart(spec);
  else if (isApp) appPart(node, spec);
  else if (node.categoryType === 'Data') dataPart(node, spec);
  else spec['dropclass'] = otherClass(node);

  parameterPart(node.fields, spec);
  spec['fields'] = node.fields;
  const fieldKeys = new Set<string>();
  for (const field of node.fields) {
    // A field without a name becomes a key without one, as upstream has it.
    if ((field.name === '' && options.rules === 'corrected') || DYNAMIC_KEYS.has(field.name)) continue;
    spec[field.name] = field.value ?? null;
    fieldKeys.add(field.name);
  }
  if (node.subgraph !== undefined) spec['subgraph'] = node.subgraph;
  if (options.warn !== undefined) warnOfNumbers(node, options.warn);
  spec['lg_key'] = node.id;
  spec['name'] = node.name;
  applyOptions(spec, options);
  return {
    spec,
    fixedRank: fieldKeys.has('rank'),
    fixedLoopContext: fieldKeys.has('loop_ctx'),
    hasLoopContext: !node.isGroup,
  };
}

function groupByPart(spec: Record<string, Json>): void {
  spec['categoryType'] = 'Application';
  spec['dropclass'] = SLEEP_APP;
  spec['weight'] = 1;
  spec['sleep_time'] = 1;
}

function appPart(node: ModelNode, spec: Record<string, Json>): void {
  const weight = node.categoryType === 'Application' ? weightOf(node, EXECUTION_TIME) : 1;
  if (weight < 0) {
    const key = Object.keys(node.attrs).find((k) => EXECUTION_TIME.test(k)) ?? 'execution_time';
    throw new GraphException(
      'negative-execution-time',
      `Expected field "${key}" of "${node.name}" (${node.sourceId}) to be 0 or more seconds, found ${shown(node.attrs[key])}.`,
      { nodeId: node.sourceId, nodeName: node.name, fieldName: key, expected: '>= 0', found: shown(weight) },
    );
  }
  // An empty class counts as none: the engine gets the raw field all the same.
  let dropclass = classOf(node, ['appclass', ...APP_CLASS_KEYS]) || SLEEP_APP;
  if (dropclass === SLEEP_APP) {
    if (node.category === Category.BASH) dropclass = 'dlg.apps.bash_shell_app.BashShellApp';
    else if (node.category === Category.DOCKER) dropclass = 'dlg.apps.dockerapp.DockerApp';
  }
  // The orphan of a Service construct is an application whose class is its embedded application's name.
  if (node.isGroup && node.category === Category.SERVICE) dropclass = textOf(otherClass(node));
  spec['categoryType'] = 'Application';
  spec['dropclass'] = dropclass;
  spec['weight'] = weight;
  if (dropclass === SLEEP_APP) spec['sleep_time'] = weight;
  spec['num_cpus'] = integerOf(node.attrs['num_cpus']) ?? 1;
  const mkn = node.attrs['mkn'];
  if (mkn !== undefined) spec['mkn'] = mkn;
}

function dataPart(node: ModelNode, spec: Record<string, Json>): void {
  const stated = classOf(node, DATA_CLASS_KEYS);
  const dropclass = stated || (DATA_CLASSES[node.category] ?? stated);
  if (dropclass === undefined) {
    throw new GraphException(
      'data-class-unknown',
      `Expected the data component "${node.name}" (${node.sourceId}) of category ${node.category} to have a field "dropclass", found none. ` +
        'Add it, for example with the value dlg.data.drops.memory.InMemoryDROP.',
      { nodeId: node.sourceId, nodeName: node.name, fieldName: 'dropclass', found: node.category },
      'GRAPH_UNKNOWN_CLASS',
    );
  }
  spec['dropclass'] = dropclass;
  spec['weight'] = weightOf(node, DATA_VOLUME);
}

function otherClass(node: ModelNode): Json {
  if (node.categoryType === 'Other') return 'Other';
  if (node.categoryType === 'Construct' || node.categoryType === 'Control') {
    return node.attrs['inputApplicationName'] ?? '';
  }
  return null;
}

function classOf(node: ModelNode, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = node.attrs[key];
    if (typeof value === 'string') return value;
  }
  return undefined;
}

/** The first attribute of that name as a whole number; anything else counts 1 (spec 5.3). */
export function weightOf(node: ModelNode, pattern: RegExp): number {
  for (const key in node.attrs) {
    if (pattern.test(key)) return integerOf(node.attrs[key]) ?? 1;
  }
  return 1;
}

/** Tells of numbers that are none: DALiuGE counts them 1 without a word (spec 17, W11). */
function warnOfNumbers(node: ModelNode, warn: WarningSink): void {
  const pattern =
    node.categoryType === 'Application'
      ? EXECUTION_TIME
      : node.categoryType === 'Data'
        ? DATA_VOLUME
        : undefined;
  if (pattern === undefined) return;
  const names = [Object.keys(node.attrs).find((key) => pattern.test(key))];
  if (pattern === EXECUTION_TIME) names.push('num_cpus');
  for (const fieldName of names) {
    if (fieldName === undefined) continue;
    const value = node.attrs[fieldName];
    if (value === undefined || value === null || value === '' || integerOf(value) !== undefined) continue;
    warn({
      reason: 'number-not-integer',
      message: `Expected field "${fieldName}" of "${node.name}" (${node.sourceId}) to be a whole number, found ${shown(value)}; 1 is used.`,
      place: { nodeId: node.sourceId, nodeName: node.name, fieldName },
    });
  }
}

export function dataWeightOf(node: ModelNode): number {
  return weightOf(node, DATA_VOLUME);
}

const PARAMETER_KEYS: Readonly<Record<string, string>> = {
  ApplicationArgument: 'applicationArgs',
  ConstraintParameter: 'constraintParams',
  ComponentParameter: 'componentParams',
};

function parameterPart(fields: readonly LgField[], spec: Record<string, Json>): void {
  const parts: Record<string, Record<string, Json>> = {
    applicationArgs: {},
    constraintParams: {},
    componentParams: {},
  };
  for (const field of fields) {
    const part = parts[PARAMETER_KEYS[field.parameterType ?? ''] ?? ''];
    if (part !== undefined && field.name !== '__proto__') part[field.name] = field;
  }
  Object.assign(spec, parts);
}

/** Zero run and the replacement class (spec 8.3); a zero run is one also when classes are replaced. */
function applyOptions(spec: Record<string, Json>, options: TemplateOptions): void {
  if (options.appClass !== undefined && spec['categoryType'] === 'Application') {
    spec['dropclass'] = options.appClass;
    spec['sleep_time'] = spec['execution_time'] ?? 2;
  }
  if (options.zeroRun && spec['sleep_time'] !== undefined) spec['sleep_time'] = 0;
}

/** The common part of the data drops of a GroupBy (spec 5.5). */
export function groupDataTemplate(weight: number, reprodata: JsonObject): JsonObject {
  return {
    categoryType: 'Data',
    dropclass: IN_MEMORY,
    name: 'grpdata',
    weight,
    reprodata,
  };
}
