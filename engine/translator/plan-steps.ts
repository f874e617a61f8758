import { stringifyPythonJson } from '../reproducibility/index.ts';
import { emitDropTexts } from './emit-text.ts';
import type { WorkOptions } from './errors.ts';
import type { LogicalGraph } from './logical-graph.ts';
import { foldGraph, type DropFacts } from './outline.ts';
import { partitionGraph } from './partition/index.ts';
import { hostsFor, indicesAsHosts, neededOf, placeTexts, sizesOf } from './places.ts';
import { factsOf, planDrops, planGraph, type PlanDrops } from './plan-graph.ts';
import { planUnroll, type UnrollOptions, type UnrollPlan } from './plan.ts';
import type { Stepped, Steps } from './step-types.ts';
import { textOf } from './text.ts';

/** Unrolling, dividing and mapping a logical graph without its drops ever being there all at once. */

const PIECE_LENGTH = 1 << 16;

/** Only signing needs the drops themselves, and views of all of them at once. */
export function canStreamPlan(steps: Steps, isSigned: boolean): boolean {
  if (isSigned || steps.roots === true || steps.partition?.visual === true) return false;
  if (steps.viewLabel !== undefined || steps.schedule !== undefined) return false;
  return steps.partition !== undefined || steps.map === undefined;
}

/** One part on one node, of which nobody wants statistics, is written without a look at the links. */
export function isOnePart({ partition: asked, map, outline }: Steps): boolean {
  if (asked?.algorithm !== 'metis' || outline !== undefined) return false;
  const { numPartitions = 1, numIslands = 1 } = asked;
  return numPartitions === 1 && numIslands <= 1 && map !== undefined && 'nodes' in map;
}

export function takePlanSteps(
  graph: LogicalGraph,
  steps: Steps,
  options: UnrollOptions & WorkOptions,
): Stepped {
  // Every error of the graph comes here, before the first drop.
  const plan = planUnroll(graph, options);
  const drops = plan.dropCount;
  const write = (placeOf: (drop: number) => string): Generator<string, void, undefined> =>
    streamTexts(plan, placeOf, steps, options);
  if (steps.partition === undefined && steps.outline === undefined) return { drops, texts: write(() => '') };
  if (isOnePart(steps) && steps.map !== undefined) {
    const { nodes, islands } = hostsFor(steps.map, { nodes: 1, islands: 1 });
    const place = `,"node":${JSON.stringify(nodes[0])},"island":${JSON.stringify(islands[0])}`;
    return { drops, texts: write(() => place) };
  }
  return { drops, ...placedPlan(plan, steps, options, write) };
}

function placedPlan(
  plan: UnrollPlan,
  steps: Steps,
  options: WorkOptions,
  write: (placeOf: (drop: number) => string) => Generator<string, void, undefined>,
): Omit<Stepped, 'drops'> {
  const numbered = planDrops(plan);
  const links = planGraph(plan, numbered);
  const work = { signal: options.signal, onProgress: options.onProgress };
  const found =
    steps.partition === undefined ? undefined : partitionGraph(links, { ...steps.partition, ...work });
  const node = found?.placement.node;
  const outline =
    steps.outline === undefined
      ? undefined
      : foldGraph(links, (drop) => planFacts(numbered, drop, node?.[drop] ?? -1), steps.outline.limit);
  if (found === undefined) return { ...(outline === undefined ? {} : { outline }), texts: write(() => '') };
  const { placement, result } = found;
  const needed = neededOf(placement.node, (drop) => placement.islandOfNode[placement.node[drop] ?? 0] ?? 0);
  const hosts = steps.map === undefined ? indicesAsHosts(needed) : hostsFor(steps.map, needed);
  const places = placeTexts(placement, hosts);
  const sizes = sizesOf(placement.node);
  return {
    result,
    ...(sizes === undefined ? {} : { sizes }),
    ...(outline === undefined ? {} : { outline }),
    texts: write((drop) => places[placement.node[drop] ?? 0] ?? ''),
  };
}

function planFacts(drops: PlanDrops, drop: number, part: number): DropFacts {
  const facts = factsOf(drops.runOf(drop));
  return {
    name: drops.nameOf(drop) || drops.oidOf(drop),
    isApp: facts['categoryType'] !== 'Data',
    dropclass: textOf(facts['dropclass']),
    lgKey: drops.lgKeyOf(drop),
    part,
  };
}

/** Empty reproducibility data stands behind other keys of the drop itself; the same text in a string has its quotes escaped. */
const EMPTY_REPRODATA = ',"reprodata":{}';

/** With numbers as they were: `reprodata.out` shows them. */
const withTokens = (value: unknown): string => stringifyPythonJson(value, { ensureAscii: false });

function* streamTexts(
  plan: UnrollPlan,
  placeOf: (drop: number) => string,
  { dropsOnly = false, isPretty = false, isBare = false }: Steps,
  work: WorkOptions,
): Generator<string, void, undefined> {
  let text = '[';
  let drop = 0;
  for (const written of emitDropTexts(plan, work, isBare ? withTokens : JSON.stringify)) {
    const isDrop = drop < plan.dropCount;
    if (!isDrop && dropsOnly && written === '{}') continue;
    text += drop === 0 ? '\n' : ',\n';
    let piece = written;
    if (isDrop) {
      const bare = written.replace(EMPTY_REPRODATA, '');
      const place = placeOf(drop);
      piece = place === '' ? bare : `${bare.slice(0, -1)}${place}}`;
      drop++;
    }
    text += isPretty ? JSON.stringify(JSON.parse(piece), undefined, 2) : piece;
    if (text.length < PIECE_LENGTH) continue;
    yield text;
    text = '';
  }
  yield `${text}\n]\n`;
}
