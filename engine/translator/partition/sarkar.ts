import { checkCancelled, type WorkOptions } from '../errors.ts';
import { PathCover } from './cover.ts';
import type { DropGraph } from './drop-graph.ts';

export interface SarkarOptions extends WorkOptions {
  /** Limit of parallel application work per partition, in num_cpus. */
  readonly maxCpu: number;
  /** Limit of the number of parallel drops per partition; undefined = none (min_num_parts). */
  readonly maxMem: number | undefined;
  /** Per edge: whether it may be zeroed at all (pso); absent = all. */
  readonly mayZero?: Uint8Array;
  /** Edges in the order in which they are tried; absent = by falling weight. */
  readonly order?: Int32Array;
}

export interface SarkarResult {
  /** Partition number per drop. */
  readonly part: Int32Array;
  readonly parts: number;
  /** Edge weights after zeroing: an edge that was rejected keeps its weight (spec 10). */
  readonly edgeWeight: Float64Array;
  /** Upstream's bookkeeping of the degree of parallelism, in the order of its partition list. */
  readonly claimedDop: readonly number[];
  /** Edges that were tried and could not be zeroed. */
  readonly crossing: readonly number[];
}

interface Cluster {
  /** Order of creation; the cluster with the lower number absorbs the other. */
  readonly number: number;
  members: number[];
  /** Upper bounds of the true degree of parallelism, exact where marked. */
  cpu: number;
  cpuIsExact: boolean;
  mem: number;
  memIsExact: boolean;
  claimedCpu: number;
  claimedMem: number;
}

/**
 * Edge zeroing after Sarkar (spec/translator.md 11.4): heaviest edge first, both ends go into one partition if its
 * degree of parallelism allows; then neighbours without any edge are merged while that works.
 */
export function sarkar(graph: DropGraph, options: SarkarOptions): SarkarResult {
  return new EdgeZeroing(graph, options).run();
}

class EdgeZeroing {
  readonly #graph: DropGraph;
  readonly #options: SarkarOptions;
  readonly #cpuCover: PathCover;
  readonly #memCover: PathCover | undefined;
  readonly #clusterOf: Cluster[];
  readonly #edgeWeight: Float64Array;
  readonly #edgeFrom: Int32Array;
  readonly #crossing: number[] = [];

  constructor(graph: DropGraph, options: SarkarOptions) {
    this.#graph = graph;
    this.#options = options;
    this.#cpuCover = new PathCover(graph.cpus);
    // Without a cluster larger than the limit the second test can never fail.
    const needsMem = options.maxMem !== undefined && options.maxMem < graph.size;
    this.#memCover = needsMem ? new PathCover(new Float64Array(graph.size).fill(1)) : undefined;
    this.#edgeWeight = graph.edgeWeight.slice();
    this.#edgeFrom = new Int32Array(graph.edgeTo.length);
    for (let i = 0; i < graph.size; i++) this.#edgeFrom.fill(i, graph.outStart[i], graph.outStart[i + 1]);
    this.#clusterOf = Array.from({ length: graph.size }, (_, i) => ({
      number: graph.dropVertex[i] ?? i,
      members: [i],
      cpu: graph.cpus[i] ?? 1,
      cpuIsExact: true,
      mem: 1,
      memIsExact: true,
      claimedCpu: graph.cpus[i] ?? 1,
      claimedMem: 1,
    }));
  }

  run(): SarkarResult {
    this.#joinTogether();
    const order = this.#options.order ?? edgesByWeight(this.#graph);
    order.forEach((edge, n) => {
      if (n % 256 === 0) {
        checkCancelled(this.#options.signal);
        this.#options.onProgress?.({ phase: 'partition', done: n, total: order.length });
      }
      this.#tryEdge(edge);
    });
    const list = this.#reduceList();
    return this.#result(list);
  }

  /** What an ExclusiveForceNode holds is one partition from the start, whatever its size. */
  #joinTogether(): void {
    const first = new Map<number, Cluster>();
    for (const i of this.#graph.vertexDrop) {
      const tag = this.#graph.together[i] ?? -1;
      const own = this.#clusterOf[i];
      if (tag < 0 || own === undefined) continue;
      const cluster = first.get(tag);
      if (cluster === undefined) first.set(tag, own);
      else this.#absorb(cluster, own, cluster.cpu + own.cpu, cluster.mem + own.mem, true);
    }
    for (const cluster of first.values()) {
      cluster.claimedCpu = cluster.cpu;
      cluster.claimedMem = cluster.mem;
    }
  }

  #tryEdge(edge: number): void {
    const before = this.#edgeWeight[edge] ?? 0;
    const u = this.#edgeFrom[edge] ?? 0;
    const v = this.#graph.edgeTo[edge] ?? 0;
    const a = this.#clusterOf[u];
    const b = this.#clusterOf[v];
    if (a === undefined || b === undefined) return;
    if (this.#options.mayZero !== undefined && this.#options.mayZero[edge] === 0) {
      if (a !== b) this.#crossing.push(edge);
      return;
    }
    this.#edgeWeight[edge] = 0;
    if (a === b) return;
    const [left, right] = a.number < b.number ? [a, b] : [b, a];
    if (this.#merge(left, right, { from: u, to: v })) return;
    this.#edgeWeight[edge] = before;
    this.#crossing.push(edge);
  }

  #merge(left: Cluster, right: Cluster, edge: { from: number; to: number } | undefined): boolean {
    const { maxCpu, maxMem } = this.#options;
    const cpu = this.#fits(this.#cpuCover, left, right, edge, Math.max(maxCpu, right.claimedCpu), 'cpu');
    if (cpu === undefined) return false;
    let mem: { value: number; isExact: boolean } | undefined = {
      value: left.mem + right.mem,
      isExact: false,
    };
    if (this.#memCover !== undefined && maxMem !== undefined) {
      mem = this.#fits(this.#memCover, left, right, edge, Math.max(maxMem, right.claimedMem), 'mem');
    }
    if (mem === undefined) {
      // The cpu cover was improved and has the edge; neither may stay for a merge that does not happen.
      this.#takeBack(this.#cpuCover, edge);
      return false;
    }
    this.#cpuCover.keep();
    this.#memCover?.keep();
    this.#absorb(left, right, cpu.value, mem.value, false);
    left.cpuIsExact = cpu.isExact;
    left.memIsExact = mem.isExact;
    left.claimedCpu = Math.max(maxCpu, right.claimedCpu);
    left.claimedMem = Math.max(maxMem ?? 0, right.claimedMem);
    return true;
  }

  /** The degree of parallelism of the union if it is within `limit`; otherwise everything is as before. */
  #fits(
    cover: PathCover,
    left: Cluster,
    right: Cluster,
    edge: { from: number; to: number } | undefined,
    limit: number,
    dimension: 'cpu' | 'mem',
  ): { value: number; isExact: boolean } | undefined {
    const value = left[dimension] + right[dimension];
    const isExact = dimension === 'cpu' ? left.cpuIsExact && right.cpuIsExact : false;
    if (edge !== undefined) cover.addEdge(edge.from, edge.to);
    if (value <= limit) return { value, isExact: isExact && edge === undefined };
    const reduced = cover.reduce([left.members, right.members], value, limit);
    if (reduced.value <= limit) return reduced;
    this.#takeBack(cover, edge);
    return undefined;
  }

  #takeBack(cover: PathCover, edge: { from: number; to: number } | undefined): void {
    cover.restore();
    if (edge !== undefined) cover.dropLastEdge();
  }

  #absorb(left: Cluster, right: Cluster, cpu: number, mem: number, isExact: boolean): void {
    // The smaller list is appended, so that no drop moves more than log n times.
    if (left.members.length < right.members.length)
      [left.members, right.members] = [right.members, left.members];
    for (const i of right.members) left.members.push(i);
    for (const i of left.members) this.#clusterOf[i] = left;
    left.cpu = cpu;
    left.mem = mem;
    left.cpuIsExact = isExact;
    left.memIsExact = isExact;
  }

  /**
   * The list sorted once by claimed parallelism; neighbours merge without an edge, and after each success the walk
   * starts again. What was tried before a success and did not change cannot succeed now, so stepping back by one is
   * the same as starting again.
   */
  #reduceList(): Cluster[] {
    const list = [...new Set(this.#clusterOf)].sort((a, b) => a.number - b.number);
    list.sort((a, b) => a.claimedCpu - b.claimedCpu);
    let i = 0;
    while (i < list.length - 1) {
      checkCancelled(this.#options.signal);
      const a = list[i];
      const b = list[i + 1];
      if (a === undefined || b === undefined) break;
      const [left, right] = a.number < b.number ? [a, b] : [b, a];
      if (this.#merge(left, right, undefined)) {
        list.splice(left === a ? i + 1 : i, 1);
        i = Math.max(0, i - 1);
      } else i++;
    }
    return list;
  }

  #result(list: readonly Cluster[]): SarkarResult {
    const numbered = [...list].sort((a, b) => a.number - b.number);
    const part = new Int32Array(this.#graph.size);
    numbered.forEach((cluster, n) => {
      for (const i of cluster.members) part[i] = n;
    });
    return {
      part,
      parts: list.length,
      edgeWeight: this.#edgeWeight,
      claimedDop: list.map((c) => c.claimedCpu),
      crossing: this.#crossing,
    };
  }
}

/** Edges by falling weight; equal ones in the order of the graph: by source vertex, then as they were added. */
export function edgesByWeight(graph: DropGraph): Int32Array {
  const order = new Int32Array(graph.edgeTo.length);
  let filled = 0;
  for (const drop of graph.vertexDrop) {
    for (let e = graph.outStart[drop] ?? 0; e < (graph.outStart[drop + 1] ?? 0); e++) order[filled++] = e;
  }
  const position = new Int32Array(order.length);
  order.forEach((e, n) => {
    position[e] = n;
  });
  return order.sort((a, b) => {
    const difference = (graph.edgeWeight[b] ?? 0) - (graph.edgeWeight[a] ?? 0);
    return difference !== 0 ? difference : (position[a] ?? 0) - (position[b] ?? 0);
  });
}
