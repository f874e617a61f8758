/** Two sessions as one graph: what is the same, what is a first cause, what is affected, what only one of them has. */
import { setImmediate } from 'node:timers/promises';
import type { EdgeTable } from '../protocol/index.ts';
import { layers, type PhysicalGraph } from '../graph/index.ts';
import { DropMark, type ComparisonMarks, type HashedRMode } from '../reproducibility/index.ts';
import { compareStored, type CompareOptions } from './comparison.ts';
import type { MethodResult } from './contract.ts';
import type { ApiDeps } from './deps.ts';
import { endedSession, sessionGraph } from './stored-session.ts';

export type ComparisonGraph = MethodResult<'sessions.compareGraph'>;
type Marks = ComparisonGraph['nodes'][number]['marks'];

/** Rows or edges gone through before others may have the thread. */
const SLICE = 20_000;
const IN_A = 1;
const IN_B = 2;

interface Node {
  readonly id: string;
  readonly name: string;
  readonly kind: 'data' | 'app';
  readonly dropclass: string;
  count: number;
  layer: number;
  readonly marks: Marks;
  a: string | null;
  b: string | null;
}

export interface GraphOptions extends CompareOptions {
  readonly mode: HashedRMode;
  readonly folded: boolean;
  readonly limit: number;
}

/** The graph of both sessions with the marks of one mode. Throws what `compareStored` throws. */
export async function comparisonGraph(
  deps: ApiDeps,
  a: string,
  b: string,
  { mode, folded, limit, ...options }: GraphOptions,
): Promise<ComparisonGraph> {
  const { marks, rmodes } = await compareStored(deps, a, b, { ...options, marksFor: mode });
  const [left, right] = [await graphOf(deps, a), await graphOf(deps, b)];
  const found = marks ?? { ofA: new Uint8Array(left.count), partnerOfA: new Int32Array(left.count).fill(-1) };
  const union = new Union(folded, limit);
  const ofA = await union.addA(left, found);
  const ofB = await union.addB(right, found, ofA);
  await union.addEdges(left, ofA, IN_A);
  await union.addEdges(right, ofB, IN_B);
  const isRecorded =
    rmodes[mode].verdict !== 'not recorded' || rmodes[mode].canonical.verdict !== 'not recorded';
  return {
    folded,
    isRecorded,
    totalDrops: union.total,
    nodes: union.nodes.map((node) => ({ ...node })),
    edges: union.edges,
    truncated: union.isTruncated,
  };
}

async function graphOf(deps: ApiDeps, sessionId: string): Promise<PhysicalGraph> {
  return (await sessionGraph(deps, await endedSession(deps, sessionId))).graph;
}

const NO_MARKS: Marks = { same: 0, cause: 0, affected: 0, onlyA: 0, onlyB: 0 };

class Union {
  readonly nodes: Node[] = [];
  isTruncated = false;
  total = 0;
  readonly #folded: boolean;
  readonly #limit: number;
  readonly #byKey = new Map<string, number>();
  readonly #edges = new Map<number, number>();

  constructor(folded: boolean, limit: number) {
    this.#folded = folded;
    this.#limit = limit;
  }

  get edges(): [number, number, number][] {
    // The number of nodes is an upper bound of every index, so a pair is one number.
    return [...this.#edges].map(([key, sides]) => [Math.floor(key / this.#limit), key % this.#limit, sides]);
  }

  /** Node of each row of A; -1 where it is not drawn. */
  async addA(graph: PhysicalGraph, { ofA }: ComparisonMarks): Promise<Int32Array> {
    const nodeOf = new Int32Array(graph.count).fill(-1);
    const layer = layers(graph);
    for (let row = 0; row < graph.count; row++) {
      if (row % SLICE === SLICE - 1) await setImmediate();
      const node = this.#node(graph, row, '', layer[row] ?? 0);
      if (node < 0) continue;
      nodeOf[row] = node;
      const entry = this.nodes[node] as Node;
      entry.marks[nameOf(ofA[row] ?? DropMark.SAME)]++;
      entry.a ??= graph.uid(row);
    }
    return nodeOf;
  }

  /** Node of each row of B: that of its partner, else one of its own. */
  async addB(graph: PhysicalGraph, { partnerOfA }: ComparisonMarks, ofA: Int32Array): Promise<Int32Array> {
    const nodeOf = new Int32Array(graph.count).fill(-2);
    for (const [row, partner] of partnerOfA.entries()) if (partner >= 0) nodeOf[partner] = ofA[row] ?? -1;
    const layer = layers(graph);
    for (let row = 0; row < graph.count; row++) {
      if (row % SLICE === SLICE - 1) await setImmediate();
      const isAlone = nodeOf[row] === -2;
      // A drop of B and one of A that nobody paired may have the same id: they are two.
      const node = isAlone ? this.#node(graph, row, '+', layer[row] ?? 0) : (nodeOf[row] as number);
      nodeOf[row] = node;
      if (node < 0) continue;
      const entry = this.nodes[node] as Node;
      if (isAlone) entry.marks.onlyB++;
      entry.b ??= graph.uid(row);
    }
    return nodeOf;
  }

  async addEdges(graph: PhysicalGraph, nodeOf: Int32Array, side: number): Promise<void> {
    const tables: readonly EdgeTable[] = [graph.consumers, graph.streaming, graph.outputs];
    for (const table of tables)
      for (let e = 0; e < table.size; e++) {
        if (e % SLICE === SLICE - 1) await setImmediate();
        const [from, to] = [nodeOf[table.from(e)] ?? -1, nodeOf[table.to(e)] ?? -1];
        if (from < 0 || to < 0 || from === to) continue;
        const key = from * this.#limit + to;
        this.#edges.set(key, (this.#edges.get(key) ?? 0) | side);
      }
  }

  /** The node of a row, made when it is the first of its key; -1 when there are too many. */
  #node(graph: PhysicalGraph, row: number, side: string, layer: number): number {
    this.total++;
    const logical = graph.lgKey(row) || `${graph.name(row)}\u0000${graph.classPath(row)}`;
    const key = this.#folded ? logical : `${side}${graph.uid(row)}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      const entry = this.nodes[known] as Node;
      entry.count++;
      entry.layer = Math.min(entry.layer, layer);
      return known;
    }
    if (this.nodes.length >= this.#limit) {
      this.isTruncated = true;
      return -1;
    }
    this.#byKey.set(key, this.nodes.length);
    return (
      this.nodes.push({
        id: this.#folded ? (key.split('\u0000')[0] as string) : graph.uid(row),
        name: graph.name(row),
        kind: graph.isApp(row) ? 'app' : 'data',
        dropclass: graph.classPath(row),
        count: 1,
        layer,
        marks: { ...NO_MARKS },
        a: null,
        b: null,
      }) - 1
    );
  }
}

function nameOf(mark: number): keyof Marks {
  if (mark === DropMark.CAUSE) return 'cause';
  if (mark === DropMark.AFFECTED) return 'affected';
  return mark === DropMark.ONLY_HERE ? 'onlyA' : 'same';
}
