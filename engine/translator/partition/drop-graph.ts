import { isJsonObject, type Json, type JsonObject } from '../../protocol/index.ts';
import { PyFloat } from '../../reproducibility/index.ts';
import { GPGTException, SchedulerException, shown } from '../errors.ts';
import { textOf } from '../text.ts';

/**
 * A physical graph as numbers (spec/translator.md 9): drops are indices in list order, edges are in the order in which
 * upstream meets them. Built once, read by every partitioner.
 */
export interface DropGraph {
  readonly size: number;
  readonly names: DropNames;
  readonly kind: Uint8Array;
  /** 1 for drops of category type Service. */
  readonly isService: Uint8Array;
  /** Execution time of applications, volume of data. */
  readonly weight: Float64Array;
  readonly cpus: Float64Array;
  /** Out-edges of drop i are `edgeTo[outStart[i]] ... edgeTo[outStart[i + 1] - 1]`. */
  readonly outStart: Int32Array;
  readonly edgeTo: Int32Array;
  readonly edgeWeight: Float64Array;
  /** Vertex number -> drop index, in the order in which upstream inserts vertices; and back. */
  readonly vertexDrop: Int32Array;
  readonly dropVertex: Int32Array;
  /** Drops that must share a partition have the same number here; -1 = free. */
  readonly together: Int32Array;
}

/** What is asked of a drop by name: for messages, and to look measured times up. No drop needs to exist as an object. */
export interface DropNames {
  oidOf(drop: number): string;
  nameOf(drop: number): string;
  /** Key of the logical drop; undefined where there is none. */
  lgKeyOf(drop: number): string | undefined;
}

export const DropKind = { DATA: 0, APP: 1, OTHER: 2 } as const;

/** Edge weight where an application feeds one whose time is not known. */
const UNKNOWN_TARGET_WEIGHT = 5;
const OUT_KEYS = ['streamingConsumers', 'consumers', 'outputs'] as const;

/** The drops of a physical graph and its reproducibility object. Accepts `[name, [drops]]` too (spec 8). */
export function splitPgt(pgt: unknown): { drops: JsonObject[]; trailer: JsonObject | undefined } {
  const list: unknown = Array.isArray(pgt) && typeof pgt[0] === 'string' ? (pgt as unknown[])[1] : pgt;
  if (!Array.isArray(list)) {
    throw new GPGTException(
      'pgt-malformed',
      `Expected a physical graph (a list of drops), found ${shown(list)}. Unroll a logical graph first.`,
    );
  }
  const drops: JsonObject[] = [];
  let trailer: JsonObject | undefined;
  list.forEach((item: unknown, index) => {
    if (!isJsonObject(item)) {
      throw new GPGTException(
        'pgt-malformed',
        `Expected element ${index + 1} of the physical graph to be a drop (an object), found ${shown(item)}.`,
      );
    }
    if (typeof item['oid'] === 'string') drops.push(item);
    else trailer = item;
  });
  return { drops, trailer };
}

/** Throws `pgt-unknown-oid` for an entry that names no drop and `pgt-malformed` for a repeated oid. */
export function buildDropGraph(drops: readonly JsonObject[]): DropGraph {
  const size = drops.length;
  const indexOf = new Map<string, number>();
  drops.forEach((drop, i) => {
    const oid = textOf(drop['oid']);
    if (indexOf.has(oid)) throw repeatedOid(oid);
    indexOf.set(oid, i);
  });
  const columns: DropColumns = {
    kind: Uint8Array.from(drops, kindOf),
    isService: Uint8Array.from(drops, (d) => (d['categoryType'] === 'Service' ? 1 : 0)),
    hasWeight: Uint8Array.from(drops, (d) => (d['weight'] === undefined ? 0 : 1)),
    weight: Float64Array.from(drops, (d) => wholeOr(d['weight'], 1)),
    cpus: Float64Array.from(drops, (d) => wholeOr(d['num_cpus'], 1)),
    together: togetherOf(size, (i) => drops[i]?.['exclusive_force_node']),
  };
  const names: DropNames = {
    oidOf: (i) => textOf(drops[i]?.['oid']),
    nameOf: (i) => textOf(drops[i]?.['name']),
    lgKeyOf: (i) => {
      const key = drops[i]?.['lg_key'];
      return typeof key === 'string' ? key : undefined;
    },
  };
  return graphFromColumns(columns, names, drops.length, function* targetsOf(i) {
    const drop = drops[i];
    for (const key of OUT_KEYS) {
      for (const oid of oidsIn(linkList(textOf(drop?.['oid']), key, drop?.[key]))) {
        const j = indexOf.get(oid);
        if (j === undefined) throw unknownOid(textOf(drop?.['oid']), key, oid);
        yield j;
      }
    }
  });
}

/** What a drop graph needs of every drop. */
export interface DropColumns {
  readonly kind: Uint8Array;
  readonly isService: Uint8Array;
  /** 0 where the drop states no weight at all. */
  readonly hasWeight: Uint8Array;
  readonly weight: Float64Array;
  readonly cpus: Float64Array;
  readonly together: Int32Array;
}

/**
 * The graph of drops whose facts stand in columns. `targetsOf` gives what a drop feeds, in the order of
 * `streamingConsumers`, `consumers`, `outputs`; repetitions count once.
 */
export function graphFromColumns(
  columns: DropColumns,
  names: DropNames,
  size: number,
  targetsOf: (drop: number) => Iterable<number>,
  edgesExpected = size,
): DropGraph {
  const { kind, isService, hasWeight, weight, cpus, together } = columns;
  const outStart = new Int32Array(size + 1);
  const targets = new IntList(edgesExpected);
  const seenFrom = new Int32Array(size).fill(-1);
  for (let i = 0; i < size; i++) {
    for (const j of targetsOf(i)) {
      if (seenFrom[j] === i) continue;
      seenFrom[j] = i;
      targets.push(j);
    }
    outStart[i + 1] = targets.length;
  }
  const edgeTo = targets.values();
  const edgeWeight = new Float64Array(edgeTo.length);
  for (let i = 0; i < size; i++) {
    const isOwn = kind[i] !== DropKind.APP || isService[i] === 1;
    for (let e = outStart[i] ?? 0; e < (outStart[i + 1] ?? 0); e++) {
      const j = edgeTo[e] ?? 0;
      edgeWeight[e] = isOwn
        ? (weight[i] ?? 1)
        : hasWeight[j] === 0
          ? UNKNOWN_TARGET_WEIGHT
          : (weight[j] ?? 1);
    }
  }
  const order = vertexOrder(size, outStart, edgeTo);
  return { size, names, kind, isService, weight, cpus, outStart, edgeTo, edgeWeight, ...order, together };
}

/** A growing list of whole numbers without the overhead of a JavaScript array of millions. */
export class IntList {
  #items: Int32Array;
  length = 0;

  constructor(expected: number) {
    this.#items = new Int32Array(Math.max(16, expected));
  }

  push(value: number): void {
    if (this.length === this.#items.length) {
      const grown = new Int32Array(this.#items.length * 2);
      grown.set(this.#items);
      this.#items = grown;
    }
    this.#items[this.length++] = value;
  }

  at(index: number): number {
    return this.#items[index] ?? 0;
  }

  set(index: number, value: number): void {
    this.#items[index] = value;
  }

  values(): Int32Array {
    return this.#items.slice(0, this.length);
  }
}

export function repeatedOid(oid: string): GPGTException {
  return new GPGTException(
    'pgt-malformed',
    `Expected every drop to have an oid of its own, found "${oid}" twice.`,
    { oid },
    'GRAPH_DUPLICATE_OID',
  );
}

/** Data, application or neither, by the category type. */
export function kindOfType(type: unknown): number {
  if (type === 'Data' || type === 'plain' || type === 'data') return DropKind.DATA;
  if (type === 'Application' || type === 'app' || type === 'Service') return DropKind.APP;
  return DropKind.OTHER;
}

function kindOf(drop: JsonObject): number {
  return kindOfType(drop['categoryType'] ?? drop['type']);
}

/**
 * A relation of a drop as the list it must be; absent and null count as empty. Throws `pgt-malformed` for anything else,
 * and for an entry that is neither an oid nor an object of them.
 */
export function linkList(oid: string, key: string, given: unknown): readonly Json[] {
  if (given === undefined || given === null) return [];
  const isEntry = (entry: Json): boolean => typeof entry === 'string' || isJsonObject(entry);
  if (Array.isArray(given) && (given as Json[]).every(isEntry)) return given as Json[];
  throw new GPGTException(
    'pgt-malformed',
    `Expected "${key}" of drop "${oid}" to be a list of oids, found ${shown(given)}. Unroll the graph again, or mend the list.`,
    { oid, fieldName: key, found: shown(given) },
  );
}

/** A whole number as `int()` would give it. */
export function wholeOr(value: Json | undefined, fallback: number): number {
  const isText = typeof value === 'string' && value.trim() !== '';
  const number = isText || (value as unknown) instanceof PyFloat ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? Math.trunc(number) : fallback;
}

export function* oidsIn(list: readonly Json[]): Generator<string, void, undefined> {
  for (const entry of list) {
    if (typeof entry === 'string') yield entry;
    else if (isJsonObject(entry)) yield* Object.keys(entry);
  }
}

/**
 * The graph as upstream's schedulers see it: what leaves a Service drop does not count there (spec 9). The same object
 * where there is none.
 */
export function withoutServiceLinks(graph: DropGraph): DropGraph {
  if (!graph.isService.includes(1)) return graph;
  const outStart = new Int32Array(graph.size + 1);
  const kept: number[] = [];
  for (let i = 0; i < graph.size; i++) {
    for (let e = graph.outStart[i] ?? 0; e < (graph.outStart[i + 1] ?? 0); e++) {
      if (graph.isService[i] !== 1) kept.push(e);
    }
    outStart[i + 1] = kept.length;
  }
  const edgeTo = Int32Array.from(kept, (e) => graph.edgeTo[e] ?? 0);
  return {
    ...graph,
    outStart,
    edgeTo,
    edgeWeight: Float64Array.from(kept, (e) => graph.edgeWeight[e] ?? 0),
    ...vertexOrder(graph.size, outStart, edgeTo),
  };
}

function vertexOrder(
  size: number,
  outStart: Int32Array,
  targets: Int32Array,
): { vertexDrop: Int32Array; dropVertex: Int32Array } {
  const vertexDrop = new Int32Array(size);
  const dropVertex = new Int32Array(size).fill(-1);
  let next = 0;
  const insert = (drop: number): void => {
    if (dropVertex[drop] !== -1) return;
    dropVertex[drop] = next;
    vertexDrop[next] = drop;
    next++;
  };
  for (let i = 0; i < size; i++) {
    insert(i);
    for (let e = outStart[i] ?? 0; e < (outStart[i + 1] ?? 0); e++) insert(targets[e] ?? 0);
  }
  return { vertexDrop, dropVertex };
}

/** Drops of one instance of an ExclusiveForceNode stay together. */
export function togetherOf(size: number, tagOf: (drop: number) => unknown): Int32Array {
  const together = new Int32Array(size).fill(-1);
  const numbers = new Map<string, number>();
  for (let i = 0; i < size; i++) {
    const tag = tagOf(i);
    if (typeof tag !== 'string') continue;
    const number = numbers.get(tag) ?? numbers.size;
    numbers.set(tag, number);
    together[i] = number;
  }
  return together;
}

export function unknownOid(from: string, key: string, oid: string): GPGTException {
  return new GPGTException(
    'pgt-unknown-oid',
    `Expected "${key}" of drop "${from}" to name drops of the graph, found "${oid}", which is not one.`,
    { oid: from, fieldName: key, found: oid },
    'GRAPH_DANGLING_LINK',
  );
}

/** Drops in an order in which sources come before targets. Throws `cycle` naming the drops on one. */
export function topologicalOrder(graph: DropGraph): Int32Array {
  const { size, outStart, edgeTo } = graph;
  const left = new Int32Array(size);
  for (const j of edgeTo) left[j] = (left[j] ?? 0) + 1;
  const order = new Int32Array(size);
  let filled = 0;
  for (let i = 0; i < size; i++) if (left[i] === 0) order[filled++] = i;
  for (let at = 0; at < filled; at++) {
    const i = order[at] ?? 0;
    for (let e = outStart[i] ?? 0; e < (outStart[i + 1] ?? 0); e++) {
      const j = edgeTo[e] ?? 0;
      left[j] = (left[j] ?? 0) - 1;
      if (left[j] === 0) order[filled++] = j;
    }
  }
  if (filled < size) throw cycleError(graph, left);
  return order;
}

function cycleError(graph: DropGraph, left: Int32Array): SchedulerException {
  // Every drop left over has an unfinished source: walking backwards must come round.
  const before = new Int32Array(graph.size).fill(-1);
  for (let i = 0; i < graph.size; i++) {
    if ((left[i] ?? 0) === 0) continue;
    for (let e = graph.outStart[i] ?? 0; e < (graph.outStart[i + 1] ?? 0); e++) {
      const j = graph.edgeTo[e] ?? 0;
      if ((left[j] ?? 0) > 0) before[j] = i;
    }
  }
  let at = left.findIndex((n) => n > 0);
  const seen = new Set<number>();
  while (at >= 0 && !seen.has(at)) {
    seen.add(at);
    at = before[at] ?? -1;
  }
  const cycle: number[] = [];
  const start = at;
  do {
    cycle.push(at);
    at = before[at] ?? -1;
  } while (at !== start && at >= 0);
  const nameOf = (i: number): string => `"${graph.names.nameOf(i)}" (${graph.names.oidOf(i)})`;
  const names = cycle.reverse().slice(0, 6).map(nameOf).join(' -> ');
  return new SchedulerException(
    'cycle',
    `Expected a graph without cycles, found ${cycle.length} drops that wait for each other: ${names}${cycle.length > 6 ? ' -> ...' : ''}. ` +
      'Remove one of the links between them.',
    { oid: graph.names.oidOf(cycle[0] ?? 0) },
    'GRAPH_CYCLE',
  );
}
