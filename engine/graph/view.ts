/** A physical graph as a drawing: folded to its logical drops, or one node a drop. Pure; states are added by the caller. */
import type { EdgeTable } from '../protocol/index.ts';
import { layers } from './cycles.ts';
import type { PhysicalGraph } from './physical-graph.ts';

export interface ViewNode {
  readonly id: string;
  readonly name: string;
  readonly isApp: boolean;
  readonly classPath: string;
  count: number;
  layer: number;
}

export interface View {
  readonly nodes: readonly ViewNode[];
  /** Triples: from node, to node, number of links. */
  readonly edges: Int32Array;
  /** Node of every row; -1 where the row is not drawn. */
  readonly nodeOfRow: Int32Array;
  readonly truncated: boolean;
}

/** One node for all drops that share a logical key; drops without one are logical drops of their own name and class. */
export function foldedView(graph: PhysicalGraph, limit: number): View {
  return view(graph, limit, (row) => {
    const key = graph.lgKey(row);
    return key === '' ? `${graph.name(row)}\u0000${graph.classPath(row)}` : key;
  });
}

/** One node for every drop, up to `limit`. */
export function unfoldedView(graph: PhysicalGraph, limit: number): View {
  return view(graph, limit, (row) => graph.uid(row));
}

function view(graph: PhysicalGraph, limit: number, keyOf: (row: number) => string): View {
  const layer = layers(graph);
  const nodeOfRow = new Int32Array(graph.count).fill(-1);
  const byKey = new Map<string, number>();
  const nodes: ViewNode[] = [];
  let truncated = false;
  for (let row = 0; row < graph.count; row++) {
    const key = keyOf(row);
    let node = byKey.get(key);
    if (node === undefined) {
      if (nodes.length >= limit) {
        truncated = true;
        continue;
      }
      node = nodes.length;
      byKey.set(key, node);
      nodes.push({
        id: key.split('\u0000')[0] as string,
        name: graph.name(row),
        isApp: graph.isApp(row),
        classPath: graph.classPath(row),
        count: 0,
        layer: layer[row] as number,
      });
    }
    const entry = nodes[node] as ViewNode;
    entry.count++;
    entry.layer = Math.min(entry.layer, layer[row] as number);
    nodeOfRow[row] = node;
  }
  return { nodes, edges: foldEdges(graph, nodeOfRow, nodes.length), nodeOfRow, truncated };
}

function foldEdges(graph: PhysicalGraph, nodeOfRow: Int32Array, nodes: number): Int32Array {
  const counts = new Map<number, number>();
  const tables: readonly EdgeTable[] = [graph.consumers, graph.streaming, graph.outputs];
  for (const table of tables)
    for (let e = 0; e < table.size; e++) {
      const from = nodeOfRow[table.from(e)] as number;
      const to = nodeOfRow[table.to(e)] as number;
      if (from < 0 || to < 0) continue;
      const key = from * nodes + to;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  const edges = new Int32Array(counts.size * 3);
  let at = 0;
  for (const [key, count] of counts) {
    edges[at++] = Math.floor(key / nodes);
    edges[at++] = key % nodes;
    edges[at++] = count;
  }
  return edges;
}
