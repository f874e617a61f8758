import { isJsonObject, type Json, type JsonObject } from '../protocol/index.ts';
import { textOf } from './text.ts';

/**
 * Logical graphs of the newest editor, schema "V4" (spec/translator.md 1.9): objects keyed by id instead of arrays,
 * embedded applications as nodes of their own. They become the OJS form.
 */

export function isV4(graph: JsonObject): boolean {
  return isJsonObject(graph['nodes']) && isJsonObject(graph['edges']);
}

const GROUPS = new Set([
  'Scatter',
  'Gather',
  'GroupBy',
  'Loop',
  'MKN',
  'SubGraph',
  'ExclusiveForceNode',
  'Service',
]);

/** What a field is for, as this editor names it, and as all others do. */
const PARAMETER_TYPES: Readonly<Record<string, string>> = {
  Application: 'ApplicationArgument',
  Component: 'ComponentParameter',
  Constraint: 'ConstraintParameter',
  Construct: 'ConstructParameter',
};

export function convertV4(graph: JsonObject): JsonObject {
  const nodes = values(graph['nodes']);
  const byId = new Map(nodes.map((n) => [textOf(n['id']), n]));
  const hostOf = new Map<string, string>();
  for (const node of nodes) {
    const host = node['embedId'];
    if (typeof host === 'string') hostOf.set(textOf(node['id']), host);
    for (const key of ['inputApplicationId', 'outputApplicationId']) {
      const app = node[key];
      if (typeof app === 'string' && byId.has(app)) hostOf.set(app, textOf(node['id']));
    }
  }
  const model = isJsonObject(graph['modelData']) ? graph['modelData'] : {};
  const { nodes: _nodes, edges, visuals, ...rest } = graph;
  return {
    ...rest,
    modelData: { ...model, schemaVersion: 'OJS' },
    nodeDataArray: nodes.filter((n) => !hostOf.has(textOf(n['id']))).map((n) => convertNode(n, byId)),
    linkDataArray: values(edges).map((e) => convertEdge(e, hostOf)),
    visualDataArray: values(visuals),
  };
}

function values(map: Json | undefined): JsonObject[] {
  if (Array.isArray(map)) return (map as readonly Json[]).filter(isJsonObject);
  if (!isJsonObject(map)) return [];
  return Object.entries(map).flatMap(([id, v]) => (isJsonObject(v) ? [{ id, ...v }] : []));
}

function fieldsOf(node: JsonObject): JsonObject[] {
  return values(node['fields']).map((field) => {
    const long = PARAMETER_TYPES[textOf(field['parameterType'])];
    return long === undefined ? field : { ...field, parameterType: long };
  });
}

function convertNode(node: JsonObject, byId: ReadonlyMap<string, JsonObject>): JsonObject {
  const { embedId: _embed, parentId, ...rest } = node;
  const out: Record<string, Json | undefined> = { ...rest, fields: fieldsOf(node) };
  if (typeof parentId === 'string') out['parentId'] = parentId;
  if (out['isGroup'] === undefined) out['isGroup'] = GROUPS.has(textOf(node['category']));
  for (const side of ['input', 'output'] as const) {
    const id = node[`${side}ApplicationId`];
    const app = typeof id === 'string' ? byId.get(id) : undefined;
    out[`${side}AppFields`] = app === undefined ? [] : fieldsOf(app);
    out[`${side}ApplicationName`] = app === undefined ? '' : (app['name'] ?? '');
    out[`${side}ApplicationType`] = app === undefined ? 'None' : (app['category'] ?? 'None');
  }
  return out;
}

function convertEdge(edge: JsonObject, hostOf: ReadonlyMap<string, string>): JsonObject {
  const { srcNodeId, destNodeId, srcPortId, destPortId, loopAware, ...rest } = edge;
  const end = (id: Json | undefined): Json | undefined =>
    typeof id === 'string' ? (hostOf.get(id) ?? id) : id;
  return {
    ...rest,
    from: end(srcNodeId),
    to: end(destNodeId),
    fromPort: srcPortId,
    toPort: destPortId,
    loop_aware: loopAware === true ? '1' : '0',
  };
}
