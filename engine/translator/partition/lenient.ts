import { shuffled, type Random } from './random.ts';
import { loadsOf, type WeightedGraph } from './weighted-graph.ts';

/** A move that saves g may make a part g times this heavier than allowed, as METIS has it. */
const OVERLOAD_PER_GAIN = 5;
const PASSES = 10;
/** How far a part may be over its limit before parts are evened out in between. */
const EVEN_ENOUGH = 1.02;

export interface LenientOptions {
  /** Parts that are in use. */
  readonly parts: number;
  /** Weight of a part when all that were asked for are even. */
  readonly share: number;
  /** Heaviest part wanted, as a multiple of the share. */
  readonly tolerance: number;
  readonly random: Random;
}

/**
 * Improves a partition in place as METIS does it (greedy k-way refinement, Karypis and Kumar 1998): vertices go to the
 * part they are tied to most, also when that gets too heavy, by as much as the move saves; parts are evened out along
 * their borders only. In graphs with hardly more vertices than parts that pulls parts together until some are empty.
 */
export class LenientRefiner {
  readonly #graph: WeightedGraph;
  readonly #part: Int32Array;
  readonly #parts: number;
  readonly #heaviest: number;
  readonly #lightest: number;
  readonly #load: Float64Array;
  /** Weight of the edges from the vertex looked at to each part. */
  readonly #ties: Float64Array;
  readonly #random: Random;

  constructor(graph: WeightedGraph, part: Int32Array, { parts, share, tolerance, random }: LenientOptions) {
    this.#graph = graph;
    this.#part = part;
    this.#parts = parts;
    this.#random = random;
    this.#load = loadsOf(graph, part, parts);
    this.#ties = new Float64Array(parts);
    this.#heaviest = Math.floor(share * tolerance);
    this.#lightest = Math.floor(share / tolerance);
  }

  run(): void {
    // Twice, as METIS does it for a graph and for what it is coarsened to: graphs this small are not coarsened.
    for (let level = 0; level < 2; level++) {
      if (!this.#isEven(EVEN_ENOUGH)) this.#repeat(1, () => this.#evenOut());
      this.#repeat(PASSES, () => this.#pull(OVERLOAD_PER_GAIN));
    }
    if (this.#isEven(1)) return;
    this.#repeat(PASSES, () => this.#evenOut());
    this.#repeat(PASSES, () => this.#pull(0));
  }

  #repeat(passes: number, step: () => number): void {
    for (let pass = 0; pass < passes; pass++) if (step() === 0) return;
  }

  #isEven(slack: number): boolean {
    return this.#load.every((load) => load <= this.#heaviest * slack);
  }

  /** Fills `#ties`; returns the weight of the edges that stay inside the vertex's own part. */
  #tiesOf(i: number): number {
    const { start, adjacent, edgeWeight } = this.#graph;
    this.#ties.fill(0);
    for (let e = start[i] ?? 0; e < (start[i + 1] ?? 0); e++) {
      const p = this.#part[adjacent[e] ?? 0] ?? 0;
      this.#ties[p] = (this.#ties[p] ?? 0) + (edgeWeight[e] ?? 0);
    }
    return this.#ties[this.#part[i] ?? 0] ?? 0;
  }

  /** The vertices, those first that are tied to few other parts strongly; equals in random order. */
  #inTurn(): Int32Array {
    const rank = new Float64Array(this.#graph.size);
    for (let i = 0; i < rank.length; i++) {
      const inside = this.#tiesOf(i);
      let others = 0;
      let outside = 0;
      this.#ties.forEach((tie, p) => {
        if (p === this.#part[i] || tie === 0) return;
        others++;
        outside += tie;
      });
      rank[i] = (others > 0 ? outside / Math.sqrt(others) : 0) - inside;
    }
    return shuffled(this.#graph.size, this.#random).sort((a, b) => (rank[b] ?? 0) - (rank[a] ?? 0));
  }

  /** Moves every vertex once to the part it is tied to most, if that saves something or evens out; returns how many moved. */
  #pull(overloadPerGain: number): number {
    let moves = 0;
    for (const i of this.#inTurn()) {
      const inside = this.#tiesOf(i);
      const weight = this.#graph.weight[i] ?? 0;
      const from = this.#part[i] ?? 0;
      if (inside > 0 && this.#loadOf(from) - weight < this.#lightest) continue;
      let target = -1;
      for (let p = 0; p < this.#parts; p++) {
        const tie = this.#ties[p] ?? 0;
        const gain = tie - inside;
        const after = this.#loadOf(p) + weight;
        if (p === from || tie === 0 || gain < 0) continue;
        if (after > this.#heaviest + overloadPerGain * gain) continue;
        if (gain === 0 && this.#loadOf(from) <= after) continue;
        const best = target < 0 ? -1 : (this.#ties[target] ?? 0);
        if (tie > best || (tie === best && this.#loadOf(p) < this.#loadOf(target))) target = p;
      }
      if (target < 0) continue;
      this.#move(i, target);
      moves++;
    }
    return moves;
  }

  /** Moves vertices of parts that are too heavy to the lightest part they touch; returns how many moved. */
  #evenOut(): number {
    if (this.#load.every((load) => load <= this.#heaviest && load >= this.#lightest)) return 0;
    let moves = 0;
    for (const i of this.#inTurn()) {
      const inside = this.#tiesOf(i);
      const weight = this.#graph.weight[i] ?? 0;
      const from = this.#part[i] ?? 0;
      if (this.#loadOf(from) - weight < this.#lightest) continue;
      let target = -1;
      for (let p = 0; p < this.#parts; p++) {
        const after = this.#loadOf(p) + weight;
        if (p === from || (this.#ties[p] ?? 0) === 0) continue;
        if (after > this.#heaviest && after > this.#loadOf(from)) continue;
        if (target < 0 || this.#loadOf(p) < this.#loadOf(target)) target = p;
      }
      if (target < 0) continue;
      const isNeeded = this.#loadOf(from) >= this.#heaviest || this.#loadOf(target) <= this.#lightest;
      if (!isNeeded && (this.#ties[target] ?? 0) < inside) continue;
      this.#move(i, target);
      moves++;
    }
    return moves;
  }

  #loadOf(p: number): number {
    return this.#load[p] ?? 0;
  }

  #move(i: number, to: number): void {
    const weight = this.#graph.weight[i] ?? 0;
    const from = this.#part[i] ?? 0;
    this.#load[from] = this.#loadOf(from) - weight;
    this.#load[to] = this.#loadOf(to) + weight;
    this.#part[i] = to;
  }
}
