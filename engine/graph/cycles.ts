/** Cycles and layers of a physical graph, by taking away what has nothing before it (Kahn). Linear, without recursion. */
import type { EdgeTable } from '../protocol/index.ts';
import type { PhysicalGraph } from './physical-graph.ts';

function edgeTables(graph: PhysicalGraph): readonly EdgeTable[] {
  return [graph.consumers, graph.streaming, graph.outputs];
}

/** Longest-path layer of every row from the roots; rows on a cycle or behind one keep -1. */
export function layers(graph: PhysicalGraph): Int32Array {
  const { count } = graph;
  const tables = edgeTables(graph);
  const waiting = new Int32Array(count);
  const layer = new Int32Array(count).fill(-1);
  const ready = new Int32Array(count);
  let end = 0;
  for (let row = 0; row < count; row++) {
    let degree = 0;
    for (const table of tables) degree += table.inDegree(row);
    waiting[row] = degree;
    if (degree === 0) {
      layer[row] = 0;
      ready[end++] = row;
    }
  }
  const depth = new Int32Array(count);
  for (let at = 0; at < end; at++) {
    const row = ready[at] as number;
    layer[row] = depth[row] as number;
    for (const table of tables)
      for (let e = table.firstOut(row); e >= 0; e = table.nextOut(e)) {
        const next = table.to(e);
        depth[next] = Math.max(depth[next] as number, (depth[row] as number) + 1);
        waiting[next] = (waiting[next] as number) - 1;
        if (waiting[next] === 0) ready[end++] = next;
      }
  }
  return layer;
}

/** The rows of one cycle in order, or undefined. */
export function findCycle(graph: PhysicalGraph): number[] | undefined {
  const layer = layers(graph);
  const stuck = layer.indexOf(-1);
  if (stuck < 0) return undefined;
  // Every row that is left has one before it that is left too: walking back must come round.
  const seen = new Map<number, number>();
  const path: number[] = [];
  let row = stuck;
  while (!seen.has(row)) {
    seen.set(row, path.length);
    path.push(row);
    row = stuckBefore(graph, layer, row);
  }
  return path.slice(seen.get(row)).reverse();
}

function stuckBefore(graph: PhysicalGraph, layer: Int32Array, row: number): number {
  for (const table of edgeTables(graph))
    for (let e = table.firstIn(row); e >= 0; e = table.nextIn(e))
      if (layer[table.from(e)] === -1) return table.from(e);
  return row;
}
