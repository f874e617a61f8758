/**
 * How many paths are needed to run through every vertex at least `weight` times, in graphs that grow by merging: by
 * Dilworth's theorem that is the weight of the heaviest antichain, the degree of parallelism of a partition
 * (spec/translator.md 11.4). The cover of a merged partition is the two covers side by side, improved by joining the
 * end of one path to the start of another as long as that helps; so a test costs a few searches instead of a new flow.
 */
export class PathCover {
  readonly #weight: Float64Array;
  /** Paths that start and end at a vertex; flow through it; flow on an edge. */
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #through: Float64Array;
  readonly #flow: number[] = [];
  readonly #edgeFrom: number[] = [];
  readonly #edgeTo: number[] = [];
  readonly #out: number[][];
  readonly #in: number[][];
  readonly #seenIn: Int32Array;
  readonly #seenOut: Int32Array;
  #epoch = 0;
  #undo: (() => void)[] = [];
  /** Where a search came from, per side of a vertex: a step to undo or do. */
  readonly #viaIn: Int32Array;
  readonly #viaOut: Int32Array;

  constructor(weight: Float64Array) {
    const size = weight.length;
    this.#weight = weight;
    this.#starts = weight.slice();
    this.#ends = weight.slice();
    this.#through = weight.slice();
    this.#out = Array.from({ length: size }, () => []);
    this.#in = Array.from({ length: size }, () => []);
    this.#seenIn = new Int32Array(size);
    this.#seenOut = new Int32Array(size);
    this.#viaIn = new Int32Array(size);
    this.#viaOut = new Int32Array(size);
  }

  addEdge(from: number, to: number): void {
    const edge = this.#flow.length;
    this.#flow.push(0);
    this.#edgeFrom.push(from);
    this.#edgeTo.push(to);
    this.#out[from]?.push(edge);
    this.#in[to]?.push(edge);
  }

  /** Takes the last edge added out again; its flow must have been undone before. */
  dropLastEdge(): void {
    this.#flow.pop();
    const from = this.#edgeFrom.pop() ?? 0;
    const to = this.#edgeTo.pop() ?? 0;
    this.#out[from]?.pop();
    this.#in[to]?.pop();
  }

  /** Forget how to undo: what was improved stays. */
  keep(): void {
    this.#undo = [];
  }

  /** Undo everything since the last `keep`. */
  restore(): void {
    for (let i = this.#undo.length - 1; i >= 0; i--) this.#undo[i]?.();
    this.#undo = [];
  }

  /**
   * Joins paths within `vertices` until there are at most `limit` of the `value` there are, or no two can be joined:
   * then the number returned is exact.
   */
  reduce(vertices: Iterable<number>[], value: number, limit: number): { value: number; isExact: boolean } {
    let current = value;
    while (current > limit) {
      const gain = this.#joinOnce(vertices);
      if (gain === 0) return { value: current, isExact: true };
      current -= gain;
    }
    return { value: current, isExact: false };
  }

  /** One breadth-first search for an end that can be led to a start; returns how many paths it saved. */
  #joinOnce(vertices: Iterable<number>[]): number {
    this.#epoch++;
    const epoch = this.#epoch;
    // Queue entries: vertex v as 2v (surplus arriving at v) and 2v + 1 (surplus leaving v).
    const queue: number[] = [];
    for (const part of vertices) {
      for (const v of part) {
        if ((this.#ends[v] ?? 0) <= 0) continue;
        this.#seenOut[v] = epoch;
        this.#viaOut[v] = -1;
        queue.push(2 * v + 1);
      }
    }
    for (let at = 0; at < queue.length; at++) {
      const state = queue[at] ?? 0;
      const v = state >> 1;
      if ((state & 1) === 1) this.#spreadFromOut(v, epoch, queue);
      else if ((this.#starts[v] ?? 0) > 0) return this.#apply(v);
      else this.#spreadFromIn(v, epoch, queue);
    }
    return 0;
  }

  #spreadFromOut(v: number, epoch: number, queue: number[]): void {
    for (const edge of this.#out[v] ?? []) {
      const to = this.#edgeTo[edge] ?? 0;
      if (this.#seenIn[to] === epoch) continue;
      this.#seenIn[to] = epoch;
      this.#viaIn[to] = edge;
      queue.push(2 * to);
    }
    if ((this.#through[v] ?? 0) > (this.#weight[v] ?? 0) && this.#seenIn[v] !== epoch) {
      this.#seenIn[v] = epoch;
      this.#viaIn[v] = -1;
      queue.push(2 * v);
    }
  }

  #spreadFromIn(v: number, epoch: number, queue: number[]): void {
    if (this.#seenOut[v] !== epoch) {
      this.#seenOut[v] = epoch;
      this.#viaOut[v] = -2;
      queue.push(2 * v + 1);
    }
    for (const edge of this.#in[v] ?? []) {
      if ((this.#flow[edge] ?? 0) <= 0) continue;
      const from = this.#edgeFrom[edge] ?? 0;
      if (this.#seenOut[from] === epoch) continue;
      this.#seenOut[from] = epoch;
      this.#viaOut[from] = edge;
      queue.push(2 * from + 1);
    }
  }

  /** Carries out the way found to `start`, by as much as every step allows. */
  #apply(start: number): number {
    const steps = this.#stepsTo(start);
    let amount = this.#starts[start] ?? 0;
    for (const step of steps) {
      if (step.kind === 'unflow') amount = Math.min(amount, this.#flow[step.at] ?? 0);
      else if (step.kind === 'less') {
        amount = Math.min(amount, (this.#through[step.at] ?? 0) - (this.#weight[step.at] ?? 0));
      } else if (step.kind === 'end') amount = Math.min(amount, this.#ends[step.at] ?? 0);
    }
    this.#change(this.#starts, start, -amount);
    for (const { kind, at } of steps) {
      if (kind === 'end') this.#change(this.#ends, at, -amount);
      else if (kind === 'flow') this.#changeFlow(at, amount);
      else if (kind === 'unflow') this.#changeFlow(at, -amount);
      else this.#change(this.#through, at, kind === 'more' ? amount : -amount);
    }
    return amount;
  }

  #stepsTo(start: number): { kind: 'end' | 'flow' | 'unflow' | 'more' | 'less'; at: number }[] {
    const steps: { kind: 'end' | 'flow' | 'unflow' | 'more' | 'less'; at: number }[] = [];
    let v = start;
    let isIn = true;
    for (;;) {
      if (isIn) {
        const via = this.#viaIn[v] ?? -1;
        if (via === -1) steps.push({ kind: 'less', at: v });
        else {
          steps.push({ kind: 'flow', at: via });
          v = this.#edgeFrom[via] ?? 0;
        }
        isIn = false;
        continue;
      }
      const via = this.#viaOut[v] ?? -1;
      if (via === -1) {
        steps.push({ kind: 'end', at: v });
        return steps;
      }
      if (via === -2) steps.push({ kind: 'more', at: v });
      else {
        steps.push({ kind: 'unflow', at: via });
        v = this.#edgeTo[via] ?? 0;
      }
      isIn = true;
    }
  }

  #change(values: Float64Array, at: number, by: number): void {
    values[at] = (values[at] ?? 0) + by;
    this.#undo.push(() => {
      values[at] = (values[at] ?? 0) - by;
    });
  }

  #changeFlow(edge: number, by: number): void {
    this.#flow[edge] = (this.#flow[edge] ?? 0) + by;
    this.#undo.push(() => {
      this.#flow[edge] = (this.#flow[edge] ?? 0) - by;
    });
  }
}
