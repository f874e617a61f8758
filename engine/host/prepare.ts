/** From a graph of any kind to a physical graph that can be deployed here. */
import type {
  GraphDrawing,
  GraphFile,
  GraphInspection,
  GraphTranslation,
  TranslationChoices,
  TranslationWork,
} from '../api/index.ts';
import { dropClass } from '../drops/index.ts';
import { MAX_GRAPH_BYTES, type GraphParser, type PhysicalGraph } from '../graph/index.ts';
import { InvalidGraphException, isWeirError, messageOf } from '../protocol/index.ts';
import type { ClassFinder } from '../session/index.ts';
import {
  drawInWorker,
  GraphKind,
  graphKind,
  stepsInWorker,
  type PartitionAlgorithm,
  type Steps,
  type StepsReply,
} from '../translator/index.ts';
import { assertThisMachine } from './this-machine.ts';

const BRACE = 0x7b;
const BRACKET = 0x5b;
/** As `dlg unroll` has it without -p: the same graph has the same drop ids in every session, so that runs can be compared. */
const OID_PREFIX = '1';
/** Every part runs on this node: a Host is one node manager. */
const THIS_NODE = 'localhost';
const NO_MODE = 'NOTHING';

/** Where the JSON begins: white space and a byte order mark may come before. */
function start(bytes: Uint8Array): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < bytes.length && (bytes[at] as number) <= 0x20) at++;
  return at;
}

export function isLogical(file: GraphFile): boolean {
  return file.bytes[start(file.bytes)] === BRACE;
}

/** Longest dropspec that is looked at to tell a template from a physical graph. */
const MAX_FIRST_BYTES = 1 << 22;

/** The text of the first object of a list; undefined where there is none, or it is too long to be one drop. */
function firstObject(bytes: Uint8Array): string | undefined {
  let at = start(bytes) + 1;
  while (at < bytes.length && bytes[at] !== BRACE) {
    if ((bytes[at] as number) > 0x20) return undefined;
    at++;
  }
  let depth = 0;
  let isText = false;
  const end = Math.min(bytes.length, at + MAX_FIRST_BYTES);
  for (let i = at; i < end; i++) {
    const c = bytes[i];
    if (isText) {
      if (c === 0x5c) i++;
      else if (c === 0x22) isText = false;
    } else if (c === 0x22) isText = true;
    else if (c === BRACE || c === BRACKET) depth++;
    else if ((c === 0x7d || c === 0x5d) && --depth === 0)
      return Buffer.from(bytes.buffer, bytes.byteOffset + at, i + 1 - at).toString('utf8');
  }
  return undefined;
}

/** What a graph is, told by its content; of a list only the first drop is looked at. */
export function kindOf(file: GraphFile): GraphInspection['kind'] {
  if (isLogical(file)) return 'logical';
  const text = firstObject(file.bytes);
  if (text === undefined) return 'physical';
  try {
    const kind = graphKind([JSON.parse(text)]);
    return kind === GraphKind.TEMPLATE || kind === GraphKind.PARTITIONED ? 'template' : 'physical';
  } catch {
    // Not JSON: the reader of physical graphs says where.
    return 'physical';
  }
}

/** Whether a list of drops can be deployed as it is: nothing was asked for, and it is mapped or names no nodes at all. */
function isReady(file: GraphFile, kind: GraphInspection['kind'], choices: TranslationChoices): boolean {
  if (kind === 'logical') return false;
  const isPlain =
    choices.algorithm === undefined && choices.partitions === undefined && choices.nodes === undefined;
  if (kind === 'physical') return isPlain && choices.parameters === undefined;
  const text = firstObject(file.bytes) ?? '';
  return isPlain && (choices.rmode ?? NO_MODE) === NO_MODE && !/"node"\s*:\s*"#/.test(text);
}

function stepsFor(kind: GraphInspection['kind'], choices: TranslationChoices): Steps {
  const { parameters, configuration, active, values, rmode, algorithm, options, nodes, islandHosts } =
    choices;
  const partitions = choices.partitions ?? nodes?.length;
  const islands = choices.islands ?? islandHosts?.length;
  const isPartitioned = kind === 'logical' || algorithm !== undefined || partitions !== undefined;
  return {
    ...(parameters === undefined ? {} : { parameters }),
    ...(configuration === undefined ? {} : { configuration }),
    ...(active === undefined ? {} : { active }),
    ...(values === undefined ? {} : { values }),
    ...(kind === 'logical' ? { unroll: { oidPrefix: choices.oidPrefix ?? OID_PREFIX } } : {}),
    ...(kind === 'logical' && rmode !== undefined && rmode !== NO_MODE ? { rmode } : {}),
    isStepwise: true,
    isBare: true,
    ...(isPartitioned
      ? {
          partition: {
            algorithm: (algorithm ?? 'metis') as PartitionAlgorithm,
            numPartitions: partitions ?? 1,
            numIslands: islands ?? 1,
            // Exactly as many nodes as were asked for, where upstream's command gives one more for each island.
            rules: 'corrected',
            ...(choices.measuredSeconds === undefined ? {} : { measuredSeconds: choices.measuredSeconds }),
            ...options,
          },
        }
      : {}),
    map: { islands: islandHosts ?? nodes?.slice(0, 1) ?? [THIS_NODE], nodes: nodes ?? [THIS_NODE] },
    dropsOnly: true,
  };
}

async function translated(
  file: GraphFile,
  steps: Steps,
  work: TranslationWork,
): Promise<{ bytes: Uint8Array; reply: StepsReply }> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  const reply = await stepsInWorker(file.bytes, steps, {
    signal: work.signal,
    onProgress: work.onProgress,
    onBytes: (piece) => {
      pieces.push(piece);
      total += piece.length;
      if (total > MAX_GRAPH_BYTES)
        throw new InvalidGraphException(
          `${file.name} becomes a physical graph of more than ${(MAX_GRAPH_BYTES / 2 ** 30).toFixed(1)} GiB, which is more than can be run. Lower the number of copies.`,
          { details: { bytes: total } },
          'GRAPH_TOO_LARGE',
        );
    },
  });
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return { bytes, reply };
}

/**
 * The physical graph of a graph of any kind, for this node. Logical graphs and templates are translated in a thread of
 * their own; physical graphs come back as they are. Rejects with the translator's errors, which name the place, and with
 * USAGE for hosts that are not this machine.
 */
export async function toPhysical(
  file: GraphFile,
  choices: TranslationChoices = {},
  work: TranslationWork = {},
): Promise<GraphFile> {
  const kind = kindOf(file);
  assertThisMachine([...(choices.nodes ?? []), ...(choices.islandHosts ?? [])]);
  if (isReady(file, kind, choices)) return file;
  if (kind === 'physical' && choices.parameters !== undefined)
    throw new InvalidGraphException(
      `${file.name} is a physical graph: it has no parameters to fill in. Give its logical graph.`,
    );
  const { bytes, reply } = await translated(file, stepsFor(kind, choices), work);
  for (const warning of reply.warnings) work.onWarning?.(warning.message);
  const sizes = reply.sizes ?? [];
  if (sizes.length > 1)
    work.onWarning?.(
      `The graph is divided into ${sizes.length} parts of ${listed(sizes)} drops; this is one node, and it runs all of them.`,
    );
  return { ...file, bytes };
}

const MAX_LISTED = 16;

function listed(numbers: readonly number[]): string {
  const shown = numbers.slice(0, MAX_LISTED).join(', ');
  return numbers.length > MAX_LISTED ? `${shown}, ...` : shown;
}

const OUTLINE_NODES = 5000;

/** What a translation would give, without running it: statistics and the parts of every logical drop. */
export async function translateGraph(
  file: GraphFile,
  choices: TranslationChoices,
  work: TranslationWork = {},
): Promise<GraphTranslation> {
  const kind = kindOf(file);
  const partitions = choices.partitions ?? choices.nodes?.length ?? 1;
  const steps = stepsFor(kind, { ...choices, partitions });
  let sizeBytes = 0;
  const reply = await stepsInWorker(
    file.bytes,
    { ...steps, outline: { limit: OUTLINE_NODES } },
    {
      signal: work.signal,
      onProgress: work.onProgress,
      onBytes: (piece) => void (sizeBytes += piece.length),
    },
  );
  const { outline } = reply;
  return {
    name: file.name,
    drops: reply.drops,
    sizeBytes,
    statistics: { ...reply.result },
    parts: [...(reply.sizes ?? [])],
    nodes: (outline?.nodes ?? []).map(({ isApp, parts, ...node }) => ({
      ...node,
      kind: isApp ? 'app' : 'data',
      parts: parts.map(([part, count]): [number, number] => [part, count]),
    })),
    edges: (outline?.edges ?? []).map(([from, to, links]): [number, number, number] => [from, to, links]),
    truncated: outline?.isTruncated ?? false,
    warnings: reply.warnings.map(({ message }) => message),
  };
}

/** What a graph is and, of a logical graph, what there is to draw, to edit and to mend. */
export async function openGraph(file: GraphFile, active?: string): Promise<GraphDrawing> {
  const kind = kindOf(file);
  const bare = { kind, name: file.name, nodes: [], links: [], fields: [], configurations: [], problems: [] };
  if (kind !== 'logical') return bare;
  const drawing = await drawInWorker(file.bytes, active === undefined ? {} : { active });
  return {
    ...bare,
    nodes: [...drawing.nodes],
    links: drawing.links.map(([from, to]): [number, number] => [from, to]),
    fields: drawing.fields.map((field) => ({ ...field, options: [...field.options] })),
    configurations: [...drawing.configurations],
    problems: drawing.problems.map(({ severity, reason, message, place }) => ({
      severity,
      code: reason,
      message,
      nodeId: place.nodeId ?? null,
    })),
  };
}

/** What a graph is and whether it can be run, without running it. `find` knows classes that are not Weir's own. */
export async function inspectGraph(
  file: GraphFile,
  parser: GraphParser,
  find: ClassFinder = () => undefined,
): Promise<GraphInspection> {
  const kind = kindOf(file);
  try {
    const physical = await toPhysical(file);
    const graph = await parser.parse(physical.bytes.slice());
    return { kind, name: file.name, drops: graph.count, problems: unknownClasses(graph, find) };
  } catch (error) {
    if (!isWeirError(error)) throw error;
    const listed = error.details['problems'];
    const problems = Array.isArray(listed)
      ? (listed as { code: string; message: string }[])
      : [{ code: error.code as string, message: messageOf(error) }];
    return { kind, name: file.name, drops: 0, problems };
  }
}

/** Every class that no drop can be made of, with the first drop that wants it. */
function unknownClasses(graph: PhysicalGraph, find: ClassFinder): { code: string; message: string }[] {
  const wanted = new Map<string, { row: number; count: number }>();
  for (let row = 0; row < graph.count; row++) {
    const path = graph.classPath(row);
    const known = wanted.get(path);
    if (known === undefined) wanted.set(path, { row, count: 1 });
    else known.count++;
  }
  const problems: { code: string; message: string }[] = [];
  for (const [path, { row, count }] of wanted) {
    const isApp = graph.isApp(row);
    if (dropClass(path) !== undefined || find(path, isApp) !== undefined) continue;
    const drops =
      count === 1 ? `Drop ${graph.oid(row)} wants` : `${count} drops, ${graph.oid(row)} first, want`;
    problems.push({
      code: 'GRAPH_UNKNOWN_CLASS',
      message: `${drops} the ${isApp ? 'application' : 'data'} class "${path}", which is neither part of Weir nor found as Python code on DLG_PATH; correct "dropclass", or put the module there.`,
    });
  }
  return problems;
}
