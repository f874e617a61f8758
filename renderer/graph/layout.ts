/**
 * A layered drawing: a column per layer (left to right), nodes of a column ordered by the middle of their neighbours.
 * Linear in nodes and edges but for the sorting; the same graph always gives the same drawing. Pure.
 */
import type { GraphView } from '../../engine/api/contract.ts';

export const NODE_WIDTH = 172;
export const NODE_HEIGHT = 54;
const COLUMN_PITCH = NODE_WIDTH + 52;
const ROW_PITCH = NODE_HEIGHT + 18;
const SWEEPS = 4;

export interface Layout {
  /** Left and top of each node, in pixels at scale 1. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly width: number;
  readonly height: number;
  /** Node indices of each column from top to bottom. */
  readonly columns: readonly (readonly number[])[];
  /** Neighbours of each node, by node index. */
  readonly producers: readonly (readonly number[])[];
  readonly consumers: readonly (readonly number[])[];
}

interface Neighbours {
  readonly producers: number[][];
  readonly consumers: number[][];
}

function neighboursOf(view: GraphView): Neighbours {
  const producers: number[][] = view.nodes.map(() => []);
  const consumers: number[][] = view.nodes.map(() => []);
  for (const [from, to] of view.edges) {
    consumers[from]?.push(to);
    producers[to]?.push(from);
  }
  return { producers, consumers };
}

function columnsOf(view: GraphView): number[][] {
  const byLayer = new Map<number, number[]>();
  for (const [index, { layer }] of view.nodes.entries()) {
    const column = byLayer.get(layer);
    if (column === undefined) byLayer.set(layer, [index]);
    else column.push(index);
  }
  return [...byLayer].sort(([a], [b]) => a - b).map(([, column]) => column);
}

/** The mean of `of` over `nodes`, or `otherwise` when there are none. */
function mean(nodes: readonly number[], of: Float64Array, otherwise: number): number {
  if (nodes.length === 0) return otherwise;
  let sum = 0;
  for (const node of nodes) sum += of[node] ?? 0;
  return sum / nodes.length;
}

/** Orders a column by the mean place of its neighbours on one side. The sort is stable, so equal ones keep their order. */
function orderColumn(column: number[], neighbours: readonly number[][], place: Float64Array): void {
  const middle = new Map(column.map((node) => [node, mean(neighbours[node] ?? [], place, place[node] ?? 0)]));
  column.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
  for (const [index, node] of column.entries()) place[node] = index - (column.length - 1) / 2;
}

/** Puts a column's nodes where their neighbours are, in order and without overlap. */
function alignColumn(
  column: readonly number[],
  neighbours: readonly (readonly number[])[],
  y: Float64Array,
): void {
  const wanted = column.map((node) => mean(neighbours[node] ?? [], y, y[node] ?? 0));
  const placed: number[] = [];
  let shift = 0;
  for (const [index, want] of wanted.entries()) {
    const lowest = index === 0 ? -Infinity : (placed[index - 1] ?? 0) + ROW_PITCH;
    placed.push(Math.max(want, lowest));
    shift += want - (placed[index] ?? 0);
  }
  shift /= Math.max(1, column.length);
  for (const [index, node] of column.entries()) y[node] = (placed[index] ?? 0) + shift;
}

/** Lays out a graph. Works for any graph, also one with no edges or no nodes. */
export function layOut(view: GraphView): Layout {
  const { producers, consumers } = neighboursOf(view);
  const columns = columnsOf(view);
  const place = new Float64Array(view.nodes.length);
  for (const column of columns) {
    for (const [index, node] of column.entries()) place[node] = index - (column.length - 1) / 2;
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const column of columns) orderColumn(column, producers, place);
    for (const column of columns.toReversed()) orderColumn(column, consumers, place);
  }
  const x = new Float64Array(view.nodes.length);
  const y = new Float64Array(view.nodes.length);
  for (const [index, column] of columns.entries()) {
    for (const node of column) {
      x[node] = index * COLUMN_PITCH;
      y[node] = (place[node] ?? 0) * ROW_PITCH;
    }
  }
  for (const column of columns.slice(1)) alignColumn(column, producers, y);
  for (const column of columns.slice(0, -1).toReversed()) alignColumn(column, consumers, y);
  let top = Infinity;
  let bottom = -Infinity;
  for (const value of y) {
    top = Math.min(top, value);
    bottom = Math.max(bottom, value);
  }
  if (view.nodes.length === 0) top = bottom = 0;
  for (let node = 0; node < y.length; node++) y[node] = Math.round((y[node] ?? 0) - top);
  return {
    x,
    y,
    width: Math.max(1, columns.length) * COLUMN_PITCH - (COLUMN_PITCH - NODE_WIDTH),
    height: Math.round(bottom - top) + NODE_HEIGHT,
    columns,
    producers,
    consumers,
  };
}
