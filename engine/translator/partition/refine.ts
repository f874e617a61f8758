import type { WeightedGraph } from './weighted-graph.ts';

/** Moves tried beyond the best state before a pass gives up climbing. */
const CLIMB = 60;
/** Neighbours with more edges than this learn of a move only when their turn comes. */
const MAX_UPDATE_DEGREE = 128;

/** Limits of a refinement: heaviest allowed part, per part. */
export type PartLimits = Float64Array;

/** A binary heap of vertices by gain, highest first; entries may be stale and are checked when they come up. */
class GainHeap {
  readonly #vertex: number[] = [];
  readonly #gain: number[] = [];

  get size(): number {
    return this.#vertex.length;
  }

  clear(): void {
    this.#vertex.length = 0;
    this.#gain.length = 0;
  }

  topGain(): number {
    return this.#gain[0] ?? -Infinity;
  }

  push(vertex: number, gain: number): void {
    let at = this.#vertex.length;
    this.#vertex.push(vertex);
    this.#gain.push(gain);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if ((this.#gain[up] ?? 0) >= gain) break;
      this.#move(up, at);
      at = up;
    }
    this.#vertex[at] = vertex;
    this.#gain[at] = gain;
  }

  pop(): number {
    const top = this.#vertex[0] ?? -1;
    const vertex = this.#vertex.pop() ?? -1;
    const gain = this.#gain.pop() ?? 0;
    const size = this.#vertex.length;
    if (size === 0) return top;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= size) break;
      if (down + 1 < size && (this.#gain[down + 1] ?? 0) > (this.#gain[down] ?? 0)) down++;
      if ((this.#gain[down] ?? 0) <= gain) break;
      this.#move(down, at);
      at = down;
    }
    this.#vertex[at] = vertex;
    this.#gain[at] = gain;
    return top;
  }

  #move(from: number, to: number): void {
    this.#vertex[to] = this.#vertex[from] ?? 0;
    this.#gain[to] = this.#gain[from] ?? 0;
  }
}

/**
 * Improves a partition in place (k-way Fiduccia-Mattheyses): boundary vertices move to the part they have the most
 * edges to, also at a loss for a while; the best state met is kept. Overweight parts are emptied first.
 */
export class Refiner {
  readonly #graph: WeightedGraph;
  readonly #part: Int32Array;
  readonly #limits: PartLimits;
  readonly #load: Float64Array;
  readonly #members: Int32Array;
  readonly #conn: Float64Array;
  readonly #touched: number[] = [];
  readonly #heap = new GainHeap();
  readonly #locked: Uint8Array;
  /** Whether every part keeps at least one vertex. */
  readonly #keepsAll: boolean;
  #target = -1;

  constructor(graph: WeightedGraph, part: Int32Array, limits: PartLimits, keepsAll = true) {
    this.#keepsAll = keepsAll;
    this.#graph = graph;
    this.#part = part;
    this.#limits = limits;
    this.#load = new Float64Array(limits.length);
    this.#members = new Int32Array(limits.length);
    this.#conn = new Float64Array(limits.length);
    this.#locked = new Uint8Array(graph.size);
    for (let i = 0; i < graph.size; i++) {
      const p = part[i] ?? 0;
      this.#load[p] = (this.#load[p] ?? 0) + (graph.weight[i] ?? 0);
      this.#members[p] = (this.#members[p] ?? 0) + 1;
    }
  }

  run(passes: number): void {
    this.#balance();
    for (let pass = 0; pass < passes; pass++) {
      if (this.#pass() <= 0) break;
    }
    this.#balance();
  }

  /** Gain of the best allowed move of a vertex; the part goes to `#target` (-1 = none). */
  #bestMove(i: number): number {
    const { start, adjacent, edgeWeight, weight } = this.#graph;
    const own = this.#part[i] ?? 0;
    for (const p of this.#touched) this.#conn[p] = 0;
    this.#touched.length = 0;
    for (let e = start[i] ?? 0; e < (start[i + 1] ?? 0); e++) {
      const p = this.#part[adjacent[e] ?? 0] ?? 0;
      if (this.#conn[p] === 0) this.#touched.push(p);
      this.#conn[p] = (this.#conn[p] ?? 0) + (edgeWeight[e] ?? 0);
    }
    const inside = this.#conn[own] ?? 0;
    let best = -Infinity;
    this.#target = -1;
    if (this.#keepsAll && (this.#members[own] ?? 0) <= 1) return best;
    for (const p of this.#touched) {
      if (p === own) continue;
      const load = (this.#load[p] ?? 0) + (weight[i] ?? 0);
      if (load > (this.#limits[p] ?? 0) && load >= (this.#load[own] ?? 0)) continue;
      const gain = (this.#conn[p] ?? 0) - inside;
      const isBetter =
        gain > best ||
        (gain === best && this.#target >= 0 && (this.#load[p] ?? 0) < (this.#load[this.#target] ?? 0));
      if (isBetter) {
        best = gain;
        this.#target = p;
      }
    }
    return best;
  }

  #move(i: number, to: number): void {
    const from = this.#part[i] ?? 0;
    const w = this.#graph.weight[i] ?? 0;
    this.#part[i] = to;
    this.#load[from] = (this.#load[from] ?? 0) - w;
    this.#load[to] = (this.#load[to] ?? 0) + w;
    this.#members[from] = (this.#members[from] ?? 0) - 1;
    this.#members[to] = (this.#members[to] ?? 0) + 1;
  }

  /** One pass; returns what it saved. */
  #pass(): number {
    const { size, start, adjacent } = this.#graph;
    this.#heap.clear();
    this.#locked.fill(0);
    for (let i = 0; i < size; i++) {
      const gain = this.#bestMove(i);
      if (this.#target >= 0) this.#heap.push(i, gain);
    }
    const moved: { vertex: number; from: number }[] = [];
    let saved = 0;
    let best = 0;
    let bestCount = 0;
    while (this.#heap.size > 0 && moved.length - bestCount < CLIMB) {
      const i = this.#heap.pop();
      if (this.#locked[i] === 1) continue;
      const gain = this.#bestMove(i);
      const target = this.#target;
      if (target < 0) continue;
      if (gain < this.#heap.topGain()) {
        this.#heap.push(i, gain);
        continue;
      }
      moved.push({ vertex: i, from: this.#part[i] ?? 0 });
      this.#locked[i] = 1;
      this.#move(i, target);
      saved += gain;
      if (saved > best) {
        best = saved;
        bestCount = moved.length;
      }
      for (let e = start[i] ?? 0; e < (start[i + 1] ?? 0); e++) {
        const j = adjacent[e] ?? 0;
        if (this.#locked[j] === 1) continue;
        if ((start[j + 1] ?? 0) - (start[j] ?? 0) > MAX_UPDATE_DEGREE) continue;
        const jGain = this.#bestMove(j);
        if (this.#target >= 0) this.#heap.push(j, jGain);
      }
    }
    for (let n = moved.length - 1; n >= bestCount; n--) {
      const undo = moved[n];
      if (undo !== undefined) this.#move(undo.vertex, undo.from);
    }
    return best;
  }

  /** Moves the cheapest vertices out of parts over their limit, and into parts that are empty. */
  #balance(): void {
    const { size, weight } = this.#graph;
    const parts = this.#limits.length;
    for (let p = 0; p < parts; p++) {
      if ((this.#load[p] ?? 0) <= (this.#limits[p] ?? 0)) continue;
      this.#heap.clear();
      for (let i = 0; i < size; i++) {
        if (this.#part[i] === p) this.#heap.push(i, this.#lossOf(i));
      }
      while ((this.#load[p] ?? 0) > (this.#limits[p] ?? 0) && this.#heap.size > 0) {
        const i = this.#heap.pop();
        if (this.#part[i] !== p || (this.#members[p] ?? 0) <= 1) continue;
        const loss = this.#lossOf(i);
        if (loss < this.#heap.topGain()) {
          this.#heap.push(i, loss);
          continue;
        }
        const target = this.#target >= 0 ? this.#target : this.#lightest();
        const after = (this.#load[target] ?? 0) + (weight[i] ?? 0);
        if (target === p || after >= (this.#load[p] ?? 0)) continue;
        this.#move(i, target);
      }
    }
    if (this.#keepsAll) this.#fillEmpty();
  }

  #lossOf(i: number): number {
    const gain = this.#bestMove(i);
    if (this.#target >= 0) return gain;
    return -(this.#conn[this.#part[i] ?? 0] ?? 0);
  }

  #lightest(): number {
    let best = 0;
    for (let p = 1; p < this.#load.length; p++) if ((this.#load[p] ?? 0) < (this.#load[best] ?? 0)) best = p;
    return best;
  }

  #fillEmpty(): void {
    const { size } = this.#graph;
    for (let p = 0; p < this.#limits.length; p++) {
      if ((this.#members[p] ?? 0) > 0) continue;
      let best = -1;
      let bestLoss = -Infinity;
      for (let i = 0; i < size; i++) {
        if ((this.#members[this.#part[i] ?? 0] ?? 0) <= 1) continue;
        this.#bestMove(i);
        const loss = -(this.#conn[this.#part[i] ?? 0] ?? 0);
        if (loss > bestLoss) {
          bestLoss = loss;
          best = i;
        }
      }
      if (best >= 0) this.#move(best, p);
    }
  }
}
