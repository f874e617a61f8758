import type { JsonObject } from '../protocol/index.ts';
import { buildDropGraph, splitPgt } from './partition/drop-graph.ts';

/**
 * The view of a physical graph that upstream's viewer reads (spec/translator.md 8.5): drops, partitions and islands as
 * nodes with numbers, edges as pairs of numbers. Partitions come after the drops, islands after the partitions.
 */
export function gojsView(pgt: unknown, label = 'Partition'): JsonObject {
  const { drops, trailer } = splitPgt(pgt);
  const graph = buildDropGraph(drops);
  const partKey = new Map<string, number>();
  const islandOf = new Map<string, string>();
  for (const drop of drops) {
    const node = drop['node'];
    if (typeof node !== 'string') continue;
    if (!partKey.has(node)) partKey.set(node, 0);
    if (typeof drop['island'] === 'string') islandOf.set(node, drop['island']);
  }
  const parts = [...partKey.keys()].sort(byNumber);
  parts.forEach((part, n) => partKey.set(part, drops.length + 1 + n));
  const islands = [...new Set(islandOf.values())].sort(byNumber);
  const islandKey = new Map(islands.map((island, n) => [island, drops.length + 1 + parts.length + n]));
  const showIslands = islands.length > 1;
  const nodeDataArray: JsonObject[] = drops.map((drop, i) => {
    const node = drop['node'];
    const group = typeof node === 'string' ? partKey.get(node) : undefined;
    const isData = drop['categoryType'] === 'Data';
    return {
      key: i + 1,
      oid: drop['oid'],
      category: isData ? 'Data' : 'Application',
      name: drop['name'] ?? '',
      iid: drop['iid'] ?? 0,
      ...(group === undefined ? {} : { group }),
    };
  });
  parts.forEach((part, n) => {
    const island = islandKey.get(islandOf.get(part) ?? '');
    nodeDataArray.push({
      key: partKey.get(part) ?? 0,
      isGroup: true,
      name: `${label}_${n + 1}`,
      ...(showIslands && island !== undefined ? { group: island } : {}),
    });
  });
  if (showIslands) {
    islands.forEach((island, n) => {
      nodeDataArray.push({ key: islandKey.get(island) ?? 0, isGroup: true, name: `Data_Island_${n + 1}` });
    });
  }
  const linkDataArray: JsonObject[] = [];
  for (let i = 0; i < graph.size; i++) {
    for (let e = graph.outStart[i] ?? 0; e < (graph.outStart[i + 1] ?? 0); e++) {
      linkDataArray.push({ from: i + 1, to: (graph.edgeTo[e] ?? 0) + 1 });
    }
  }
  return { class: 'go.GraphLinksModel', nodeDataArray, linkDataArray, reprodata: trailer ?? {} };
}

function byNumber(a: string, b: string): number {
  const x = Number(a.replace('#', ''));
  const y = Number(b.replace('#', ''));
  if (Number.isNaN(x) || Number.isNaN(y)) return a < b ? -1 : a > b ? 1 : 0;
  return x - y;
}
