import type { JsonObject } from '../protocol/index.ts';
import { GPGTException } from './errors.ts';
import { buildDropGraph, splitPgt, topologicalOrder, type DropGraph } from './partition/index.ts';

/** What can be drawn of the times of a partitioned graph (spec/translator.md 12, 16). */
export type ScheduleKind = 'gantt' | 'lanes';

/** A matrix is for looking at: one with more cells than this is refused. */
const MAX_CELLS = 4_000_000;

/**
 * The planned times of a graph as upstream's viewer wants them: `gantt` has a row per drop and a column per unit of time,
 * 1 while the drop runs; `lanes` has, part after part with a row of zeros between, a row per lane with the number of
 * the drop (from 1) that runs there. Throws when the matrix would be too large, or a link leads nowhere.
 */
export function scheduleOf(pgt: unknown, kind: ScheduleKind): number[][] {
  const { drops } = splitPgt(pgt);
  const graph = buildDropGraph(drops);
  const order = topologicalOrder(graph);
  return kind === 'gantt' ? gantt(graph, order) : lanes(graph, order, drops);
}

function timeOf(graph: DropGraph, drop: number): number {
  return Math.max(0, Math.round(graph.weight[drop] ?? 0)) * (graph.kind[drop] === 0 ? 0 : 1);
}

/** Earliest starts; only links for which `counts` is true delay their target. */
function startsOf(
  graph: DropGraph,
  order: Iterable<number>,
  counts: (from: number, to: number) => boolean,
): Float64Array {
  const starts = new Float64Array(graph.size);
  for (const u of order) {
    const end = (starts[u] ?? 0) + timeOf(graph, u);
    for (let e = graph.outStart[u] ?? 0; e < (graph.outStart[u + 1] ?? 0); e++) {
      const v = graph.edgeTo[e] ?? 0;
      if (counts(u, v)) starts[v] = Math.max(starts[v] ?? 0, end);
    }
  }
  return starts;
}

function checkSize(rows: number, columns: number): void {
  if (rows * columns <= MAX_CELLS) return;
  throw new GPGTException(
    'option-invalid',
    `Expected a schedule of at most ${MAX_CELLS} cells, found ${rows} rows of ${columns} time units. It is too large to be drawn.`,
  );
}

function makespanOf(graph: DropGraph, starts: Float64Array): number {
  let end = 0;
  for (let i = 0; i < graph.size; i++) end = Math.max(end, (starts[i] ?? 0) + timeOf(graph, i));
  return end;
}

function gantt(graph: DropGraph, order: Iterable<number>): number[][] {
  const starts = startsOf(graph, order, () => true);
  const makespan = makespanOf(graph, starts);
  checkSize(graph.size, makespan);
  return Array.from({ length: graph.size }, (_, i) => {
    const row = new Array<number>(makespan).fill(0);
    const start = starts[i] ?? 0;
    return row.fill(1, start, start + timeOf(graph, i));
  });
}

function lanes(graph: DropGraph, order: Iterable<number>, drops: readonly JsonObject[]): number[][] {
  const sequence = [...order];
  const starts = startsOf(graph, sequence, (u, v) => drops[u]?.['node'] === drops[v]?.['node']);
  const makespan = makespanOf(graph, starts);
  const byPart = new Map<unknown, number[]>();
  for (const u of sequence) {
    if (timeOf(graph, u) === 0) continue;
    const part = drops[u]?.['node'];
    const members = byPart.get(part);
    if (members === undefined) byPart.set(part, [u]);
    else members.push(u);
  }
  const rows: number[][] = [];
  for (const members of byPart.values()) {
    if (rows.length > 0) rows.push(new Array<number>(makespan).fill(0));
    const ends: number[] = [];
    const first = rows.length;
    for (const u of members.sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0))) {
      const start = starts[u] ?? 0;
      let lane = ends.findIndex((end) => end <= start);
      if (lane < 0) {
        lane = ends.length;
        checkSize(rows.length + 1, makespan);
        rows.push(new Array<number>(makespan).fill(0));
      }
      ends[lane] = start + timeOf(graph, u);
      rows[first + lane]?.fill(u + 1, start, ends[lane]);
    }
  }
  return rows;
}
