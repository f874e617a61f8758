import { isWeirError, type JsonObject } from '../protocol/index.ts';
import {
  initLgReproData,
  initLgtReproData,
  initPgReproData,
  initPgtPartitionReproData,
  initPgtUnrollReproData,
  modesOf,
  NODE_KEY,
  NODES_KEY,
  parsePythonJson,
  parseRMode,
  rflagCaster,
  rmodeText,
  stringifyPythonJson,
} from '../reproducibility/index.ts';
import { fillConfiguration } from './configure.ts';
import { GraphException, shown, type WarningSink, type WorkOptions } from './errors.ts';
import { fillText } from './fill.ts';
import { gojsView } from './gojs.ts';
import { graphKind } from './graph-kind.ts';
import { GraphKind, type LogicalGraph } from './logical-graph.ts';
import { mapToNodes, rootsOf, withoutEmptyReprodata } from './mapping.ts';
import { outlineOf } from './outline.ts';
import { partition, splitPgt, type PartitionResult } from './partition/index.ts';
import { hostsFor, indexIn, sizesOf, type MapTarget } from './places.ts';
import { canStreamPlan, isOnePart, takePlanSteps } from './plan-steps.ts';
import { readLogicalGraph } from './read.ts';
import { scheduleOf } from './schedule.ts';
import type { Stepped, Steps, StepsWork } from './step-types.ts';
import { unroll } from './unroll.ts';
import { withActive, withConfiguration, withValues } from './values.ts';

/**
 * Does `steps` with a graph given as JSON text. Throws the errors of the steps, all of them before the first piece of
 * text is taken. Graphs with reproducibility data are read and written with their number tokens, as hashes need them.
 */
export function takeSteps(text: string, steps: Steps, work: StepsWork = {}): Stepped {
  const source = steps.parameters === undefined ? text : fillText(text, steps.parameters);
  const isSigned = steps.rmode !== undefined || source.includes('"rmode"');
  const hasTokens = isSigned || steps.isBare === true;
  const json = hasTokens ? (parsePythonJson(source) as unknown) : parseJson(source);
  const kind = graphKind(json);
  if (kind === GraphKind.LOGICAL) return fromLogical(json, steps, work, isSigned);
  if (!Array.isArray(json) || needsLogical(steps)) throw notThat(json, steps);
  return placed(listOf(json), steps, work, isSigned);
}

function needsLogical(steps: Steps): boolean {
  return (
    steps.unroll !== undefined ||
    steps.parameters !== undefined ||
    steps.configuration !== undefined ||
    steps.fillConfiguration !== undefined ||
    steps.active !== undefined ||
    (steps.values?.length ?? 0) > 0
  );
}

function notThat(json: unknown, steps: Steps): Error {
  // Says what was found instead of a logical graph.
  if (needsLogical(steps))
    try {
      readLogicalGraph(json);
    } catch (error) {
      return error as Error;
    }
  return new GraphException(
    'pgt-malformed',
    `Expected a physical graph (a list of drops), found ${shown(json)}. Unroll a logical graph first.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (cause) {
    throw new GraphException(
      'not-json',
      `Expected a graph as JSON, found text that is not JSON (${cause instanceof Error ? cause.message : String(cause)}). Check the file.`,
      {},
      'GRAPH_NOT_JSON',
      cause,
    );
  }
}

/** The drops of `[name, [drops]]` or of a plain list, the reproducibility object last. */
function listOf(json: readonly unknown[]): JsonObject[] {
  const { drops, trailer } = splitPgt(json);
  return trailer === undefined ? drops : [...drops, trailer];
}

// --- logical graphs -----------------------------------------------------------------------------------------------

function fromLogical(json: unknown, steps: Steps, work: StepsWork, isSigned: boolean): Stepped {
  let graph = configured(readLogicalGraph(json), steps, work.warn);
  if (steps.rmode !== undefined) graph = signed(graph, steps.rmode);
  const bare = steps.isBare === true && isOnePart(steps) ? bared(graph) : undefined;
  if (steps.unroll === undefined) {
    if (steps.partition !== undefined || steps.map !== undefined) throw notThat(json, {});
    const text = isSigned
      ? stringifyPythonJson(graph, steps.isPretty ? { indent: 2 } : {})
      : JSON.stringify(graph, undefined, steps.isPretty ? 2 : undefined);
    return { drops: 0, texts: [`${text}\n`] };
  }
  const options = { ...steps.unroll, warn: work.warn, ...workOf(work) };
  if (bare !== undefined && canStreamPlan(steps, false)) return takePlanSteps(bare, steps, options);
  if (canStreamPlan(steps, isSigned)) return takePlanSteps(graph, steps, options);
  let list = unroll(graph, options);
  if (isSigned) {
    // The partition stage makes all of it anew (spec/reproducibility.md 8.2); for wide scatters the shared dictionaries of
    // the unroll stage take a time that grows with the square of the copies.
    const isRedone =
      steps.isStepwise === true && steps.partition !== undefined && graph.reprodata !== undefined;
    if (!isRedone) initPgtUnrollReproData(list, { isEnumCategoryType: enumeratedIn(graph, list) });
    if (steps.isStepwise === true) list = unshared(list);
  } else list = withoutEmptyReprodata(list);
  return placed(list, steps, work, isSigned, steps.isStepwise === true ? undefined : graph);
}

function workOf({ signal, onProgress }: StepsWork): WorkOptions {
  return { signal, onProgress };
}

function configured(graph: LogicalGraph, steps: Steps, warn: WarningSink | undefined): LogicalGraph {
  const noticed = warn === undefined ? {} : { warn };
  let result = graph;
  if (steps.active !== undefined) result = withActive(result, steps.active);
  if (steps.fillConfiguration !== undefined) {
    const rules = { rules: 'corrected' as const, ...noticed };
    result = fillConfiguration(result, steps.fillConfiguration, rules);
  }
  if (steps.configuration !== undefined) result = withConfiguration(result, steps.configuration, warn);
  return withValues(result, steps.values ?? [], warn);
}

/** Runs the stages `lgt` and `lg`. What another mode has left in the graph would make them fail, and is taken off. */
function signed(graph: LogicalGraph, rmode: string): LogicalGraph {
  const mode = parseRMode(rmode);
  const { reprodata: before, ...rest } = graph;
  const isOther = before !== undefined && rflagCaster(before['rmode']) !== mode;
  const nodeDataArray = graph.nodeDataArray.map((node) => {
    if (isOther || node['reprodata'] === undefined) {
      const { reprodata: _old, ...bare } = node;
      return bare;
    }
    return { ...node, reprodata: { ...(node['reprodata'] as JsonObject) } };
  });
  const fresh = { ...rest, nodeDataArray } as LogicalGraph;
  return initLgReproData(initLgtReproData(fresh, rmodeText(mode)));
}

/**
 * The graph with the data of its nodes taken together: each node names its own, and drops made of it do. Undefined where
 * that is not all there is to say: nodes of other modes than the graph's, nodes without hashes.
 */
function bared(graph: LogicalGraph): LogicalGraph | undefined {
  const filled = graph.reprodata === undefined ? filledWithNothing(graph) : graph;
  const repro = filled?.reprodata;
  if (filled === undefined || repro?.['rmode'] === undefined) return undefined;
  const mode = rflagCaster(repro['rmode']);
  const nodes = filled.nodeDataArray.map((node) => node['reprodata'] as JsonObject | undefined);
  const isWhole = nodes.every(
    (data) =>
      data !== undefined &&
      rflagCaster(data['rmode']) === mode &&
      modesOf(mode).every((name) => (data[name] as JsonObject | undefined)?.['lg_blockhash'] !== undefined),
  );
  if (!isWhole) return undefined;
  const nodeDataArray = filled.nodeDataArray.map((node, i) => ({ ...node, reprodata: { [NODE_KEY]: i } }));
  return { ...filled, nodeDataArray, reprodata: { ...repro, [NODES_KEY]: nodes } } as unknown as LogicalGraph;
}

/** What `dlg fill` makes of a graph when no mode was asked for. Undefined for one that it would refuse. */
function filledWithNothing(graph: LogicalGraph): LogicalGraph | undefined {
  try {
    return signed(graph, 'NOTHING');
  } catch (error) {
    // Such a graph runs all the same; there is no reprodata.out of it.
    if (isWeirError(error) && error.code === 'REPRO_INVALID') return undefined;
    throw error;
  }
}

/** Drops whose category type the translator filled in, which upstream hashes in another form (spec/reproducibility.md 8.3). */
function enumeratedIn(graph: LogicalGraph, list: readonly JsonObject[]): (oid: string) => boolean {
  const nodes = new Map(graph.nodeDataArray.map((node) => [node.id, node]));
  const filledIn = new Set<unknown>();
  for (const drop of list) {
    const { oid, lg_key: key, categoryType } = drop;
    const node = typeof key === 'string' ? nodes.get(key) : undefined;
    const isStated = node?.category === 'GroupBy' || node?.categoryType === categoryType;
    if (typeof oid === 'string' && (node === undefined || !isStated)) filledIn.add(oid);
  }
  return (oid) => filledIn.has(oid);
}

/** Gives every drop mode dictionaries of its own, as writing and reading JSON would. */
function unshared(list: readonly JsonObject[]): JsonObject[] {
  return list.map((drop) => {
    const data = drop['reprodata'];
    return data === undefined ? drop : { ...drop, reprodata: copyOf(data) as JsonObject };
  });
}

function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy: Record<PropertyKey, unknown> = { ...value };
  for (const key of Object.keys(copy)) copy[key] = copyOf(copy[key]);
  return copy;
}

// --- physical graphs ----------------------------------------------------------------------------------------------

function placed(
  given: JsonObject[],
  steps: Steps,
  work: StepsWork,
  isSigned: boolean,
  sharedFrom?: LogicalGraph,
): Stepped {
  let list = given;
  let result: PartitionResult | undefined;
  if (steps.partition !== undefined) {
    const found = partition(list, { ...steps.partition, ...workOf(work) });
    list = found.pgt;
    result = found.result;
    if (isSigned) {
      const shared = sharedFrom === undefined ? {} : { isEnumCategoryType: enumeratedIn(sharedFrom, list) };
      initPgtPartitionReproData(list, shared);
    }
  }
  const sizes = sizesOf(list.map((drop) => indexIn(drop['node'])));
  const outline = steps.outline === undefined ? undefined : outlineOf(list, steps.outline.limit);
  if (steps.map !== undefined) {
    list = mapped(list, steps.map);
    if (isSigned) {
      if (sharedFrom !== undefined) list = unshared(list);
      initPgReproData(list);
    }
  }
  if (steps.dropsOnly === true) list = list.filter((item) => Object.keys(item).length > 0);
  const other =
    steps.viewLabel !== undefined
      ? gojsView(list, steps.viewLabel)
      : steps.schedule !== undefined
        ? scheduleOf(list, steps.schedule)
        : undefined;
  return {
    drops: list.filter((item) => typeof item['oid'] === 'string').length,
    ...(result === undefined ? {} : { result }),
    ...(sizes === undefined ? {} : { sizes }),
    ...(outline === undefined ? {} : { outline }),
    ...(steps.roots === true ? { roots: rootsOf(list) } : {}),
    texts: other === undefined ? listTexts(list, isSigned, steps.isPretty === true) : [inOnePiece(other)],
  };
}

/** The text of a view or a schedule, which is one document. Throws `too-many-drops` where it is longer than a text can be. */
function inOnePiece(value: unknown): string {
  try {
    return stringifyPythonJson(value);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new GraphException(
      'too-many-drops',
      'Expected a graph whose view is at most 512 MiB of text, found a longer one. Look at the graph in fewer copies; partitioning and mapping it need no view.',
      {},
      'GRAPH_TOO_LARGE',
      cause,
    );
  }
}

/** Puts in hosts; with as many islands and nodes as the graph has where the target says that hosts take turns. */
function mapped(list: readonly JsonObject[], target: MapTarget): JsonObject[] {
  if ('hosts' in target) return mapToNodes(list, target.hosts, target.islands);
  const count = (key: 'node' | 'island'): number =>
    list.reduce((most, drop) => Math.max(most, indexIn(drop[key]) + 1), 1);
  const { nodes, islands } = hostsFor(target, { nodes: count('node'), islands: count('island') });
  return mapToNodes(list, [...islands, ...nodes], islands.length);
}

const PIECE_LENGTH = 1 << 16;

function* listTexts(
  list: readonly JsonObject[],
  isSigned: boolean,
  isPretty: boolean,
): Generator<string, void, undefined> {
  let text = '[';
  for (const [i, item] of list.entries()) {
    text += i === 0 ? '\n' : ',\n';
    text += isSigned
      ? stringifyPythonJson(item, isPretty ? { indent: 2 } : {})
      : JSON.stringify(item, undefined, isPretty ? 2 : undefined);
    if (text.length < PIECE_LENGTH) continue;
    yield text;
    text = '';
  }
  yield `${text}\n]\n`;
}
