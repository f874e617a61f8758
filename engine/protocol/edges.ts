/**
 * Relations between rows of a table, compact and growable: one entry per edge, chained in order of creation from both
 * ends. 16 bytes an edge and 24 bytes a row for each kind in use; no array object per drop.
 *
 *   row ── firstFwd ──> edge ── nextFwd ──> edge ...      (what the `from` row lists: consumers, outputs, children)
 *   row ── firstBack ─> edge ── nextBack ─> edge ...      (what the `to` row lists: inputs, producers, parent)
 */

const NONE = -1;

function grown(array: Int32Array, length: number, fill: number): Int32Array<ArrayBuffer> {
  const next = new Int32Array(length);
  next.set(array.subarray(0, Math.min(array.length, length)));
  if (fill !== 0) next.fill(fill, array.length);
  return next;
}

export class EdgeTable {
  #from = new Int32Array(0);
  #to = new Int32Array(0);
  #nextFwd = new Int32Array(0);
  #nextBack = new Int32Array(0);
  #firstFwd = new Int32Array(0);
  #lastFwd = new Int32Array(0);
  #firstBack = new Int32Array(0);
  #lastBack = new Int32Array(0);
  #countFwd = new Int32Array(0);
  #countBack = new Int32Array(0);
  #size = 0;

  /** Edges in the table. */
  get size(): number {
    return this.#size;
  }

  from(edge: number): number {
    return this.#from[edge] as number;
  }

  to(edge: number): number {
    return this.#to[edge] as number;
  }

  /** Makes room for this many rows and edges at once, so that a large graph is not copied while it grows. */
  reserve(rows: number, edges: number): void {
    if (rows > this.#firstFwd.length) this.#growRows(rows);
    if (edges > this.#from.length) this.#growEdges(edges);
  }

  /** Adds an edge at the end of both lists. Whether it is there already is the caller's question (`has`). */
  add(from: number, to: number): void {
    const needed = Math.max(from, to) + 1;
    if (needed > this.#firstFwd.length) this.#growRows(Math.max(needed, this.#firstFwd.length * 2, 4));
    if (this.#size === this.#from.length) this.#growEdges(Math.max(this.#size * 2, 4));
    const edge = this.#size++;
    this.#from[edge] = from;
    this.#to[edge] = to;
    this.#nextFwd[edge] = NONE;
    this.#nextBack[edge] = NONE;
    const lastF = this.#lastFwd[from] as number;
    if (lastF === NONE) this.#firstFwd[from] = edge;
    else this.#nextFwd[lastF] = edge;
    this.#lastFwd[from] = edge;
    const lastB = this.#lastBack[to] as number;
    if (lastB === NONE) this.#firstBack[to] = edge;
    else this.#nextBack[lastB] = edge;
    this.#lastBack[to] = edge;
    this.#countFwd[from] = (this.#countFwd[from] as number) + 1;
    this.#countBack[to] = (this.#countBack[to] as number) + 1;
  }

  /** Whether from -> to is there. Linear in the shorter of the two lists. */
  has(from: number, to: number): boolean {
    if (this.outDegree(from) <= this.inDegree(to)) {
      for (let e = this.firstOut(from); e !== NONE; e = this.nextOut(e)) if (this.#to[e] === to) return true;
    } else {
      for (let e = this.firstIn(to); e !== NONE; e = this.nextIn(e)) if (this.#from[e] === from) return true;
    }
    return false;
  }

  /** First edge that leaves a row, or -1. */
  firstOut(row: number): number {
    return row < this.#firstFwd.length ? (this.#firstFwd[row] as number) : NONE;
  }

  nextOut(edge: number): number {
    return this.#nextFwd[edge] as number;
  }

  /** First edge that arrives at a row, or -1. */
  firstIn(row: number): number {
    return row < this.#firstBack.length ? (this.#firstBack[row] as number) : NONE;
  }

  nextIn(edge: number): number {
    return this.#nextBack[edge] as number;
  }

  outDegree(row: number): number {
    return row < this.#countFwd.length ? (this.#countFwd[row] as number) : 0;
  }

  inDegree(row: number): number {
    return row < this.#countBack.length ? (this.#countBack[row] as number) : 0;
  }

  /** Rows this row points to, in order. Allocates: for people and for small lists. */
  targets(row: number): number[] {
    const out: number[] = [];
    for (let e = this.firstOut(row); e !== NONE; e = this.nextOut(e)) out.push(this.#to[e] as number);
    return out;
  }

  /** Rows that point to this row, in order. */
  sources(row: number): number[] {
    const out: number[] = [];
    for (let e = this.firstIn(row); e !== NONE; e = this.nextIn(e)) out.push(this.#from[e] as number);
    return out;
  }

  #growRows(rows: number): void {
    this.#firstFwd = grown(this.#firstFwd, rows, NONE);
    this.#lastFwd = grown(this.#lastFwd, rows, NONE);
    this.#firstBack = grown(this.#firstBack, rows, NONE);
    this.#lastBack = grown(this.#lastBack, rows, NONE);
    this.#countFwd = grown(this.#countFwd, rows, 0);
    this.#countBack = grown(this.#countBack, rows, 0);
  }

  #growEdges(edges: number): void {
    this.#from = grown(this.#from, edges, 0);
    this.#to = grown(this.#to, edges, 0);
    this.#nextFwd = grown(this.#nextFwd, edges, 0);
    this.#nextBack = grown(this.#nextBack, edges, 0);
  }

  /** The bare columns, to hand the table to another thread without copying it row by row. */
  export(): EdgeColumns {
    return {
      size: this.#size,
      columns: [
        this.#from,
        this.#to,
        this.#nextFwd,
        this.#nextBack,
        this.#firstFwd,
        this.#lastFwd,
        this.#firstBack,
        this.#lastBack,
        this.#countFwd,
        this.#countBack,
      ],
    };
  }

  static import(columns: EdgeColumns): EdgeTable {
    const table = new EdgeTable();
    const [a, b, c, d, e, f, g, h, i, j] = columns.columns;
    table.#size = columns.size;
    table.#from = a as Int32Array<ArrayBuffer>;
    table.#to = b as Int32Array<ArrayBuffer>;
    table.#nextFwd = c as Int32Array<ArrayBuffer>;
    table.#nextBack = d as Int32Array<ArrayBuffer>;
    table.#firstFwd = e as Int32Array<ArrayBuffer>;
    table.#lastFwd = f as Int32Array<ArrayBuffer>;
    table.#firstBack = g as Int32Array<ArrayBuffer>;
    table.#lastBack = h as Int32Array<ArrayBuffer>;
    table.#countFwd = i as Int32Array<ArrayBuffer>;
    table.#countBack = j as Int32Array<ArrayBuffer>;
    return table;
  }
}

export interface EdgeColumns {
  readonly size: number;
  readonly columns: readonly Int32Array[];
}
