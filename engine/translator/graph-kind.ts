import { isJsonObject } from '../protocol/index.ts';
import { GraphKind } from './logical-graph.ts';

/**
 * What a parsed JSON document is, by its content, not by its name (spec/translator.md 1.9, 1.10, 8).
 *
 * An array is a physical graph: template without `node`, partitioned with `#` indices, mapped with host names. The old
 * `[name, [specs]]` pair counts as the list inside it. An object with nodes is a logical graph or a palette.
 */
export function graphKind(json: unknown): GraphKind {
  if (Array.isArray(json)) return kindOfList(json);
  if (!isJsonObject(json)) return GraphKind.UNKNOWN;
  const isV4 = isJsonObject(json['nodes']) && isJsonObject(json['edges']);
  if (!isV4 && !Array.isArray(json['nodeDataArray'])) return GraphKind.UNKNOWN;
  const model = isJsonObject(json['modelData']) ? json['modelData'] : {};
  const type = model['fileType'] ?? model['type'];
  if (typeof type === 'string' && type.toLowerCase() === 'palette') return GraphKind.PALETTE;
  return GraphKind.LOGICAL;
}

function kindOfList(list: readonly unknown[]): GraphKind {
  if (typeof list[0] === 'string') return Array.isArray(list[1]) ? kindOfList(list[1]) : GraphKind.UNKNOWN;
  let sawDrop = false;
  for (const item of list) {
    if (!isJsonObject(item)) return GraphKind.UNKNOWN;
    if (typeof item['oid'] !== 'string') continue;
    sawDrop = true;
    const node = item['node'];
    if (typeof node !== 'string') continue;
    return node.startsWith('#') ? GraphKind.PARTITIONED : GraphKind.PHYSICAL;
  }
  if (sawDrop) return GraphKind.TEMPLATE;
  return list.length <= 1 ? GraphKind.TEMPLATE : GraphKind.UNKNOWN;
}
