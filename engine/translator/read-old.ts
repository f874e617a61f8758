import { isJsonObject, type Json, type JsonObject } from '../protocol/index.ts';
import { isUsableAppType } from './logical-graph.ts';
import { textOf } from './text.ts';

/**
 * Logical graphs of EAGLE up to v5 (spec/translator.md 1.9): numeric keys, port arrays, `text` for names. They become
 * the OJS form; nothing that the translator reads is lost, drawing hints stay where they are.
 */

const CATEGORY_ALIASES: Readonly<Record<string, string>> = {
  memory: 'Memory',
  file: 'File',
  ngas: 'NGAS',
  s3: 'S3',
  scatter: 'Scatter',
  gather: 'Gather',
  loop: 'Loop',
  mkn: 'MKN',
  groupby: 'GroupBy',
  group_by: 'GroupBy',
  'group-by': 'GroupBy',
  subgraph: 'SubGraph',
  service: 'Service',
  branch: 'Branch',
  comment: 'Comment',
  description: 'Description',
  component: 'Component',
  docker: 'Docker',
  mpi: 'Mpi',
  MPI: 'Mpi',
  start: 'Start',
  end: 'End',
  bashshellapp: 'BashShellApp',
  pythonapp: 'PythonApp',
  dynlibapp: 'DynlibApp',
  variables: 'Variables',
};

const PORT_ARRAYS = [
  ['inputPorts', 'InputPort', 'input'],
  ['outputLocalPorts', 'OutputPort', 'input'],
  ['inputLocalPorts', 'InputPort', 'output'],
  ['outputPorts', 'OutputPort', 'output'],
] as const;

export function isOldDialect(graph: JsonObject): boolean {
  const nodes = graph['nodeDataArray'];
  return (
    Array.isArray(nodes) &&
    nodes.length > 0 &&
    nodes.every((n) => isJsonObject(n) && n['id'] === undefined && n['key'] !== undefined)
  );
}

export function convertOldDialect(graph: JsonObject): JsonObject {
  const nodes = Array.isArray(graph['nodeDataArray']) ? (graph['nodeDataArray'] as readonly Json[]) : [];
  const links = Array.isArray(graph['linkDataArray']) ? (graph['linkDataArray'] as readonly Json[]) : [];
  return {
    ...graph,
    nodeDataArray: nodes.map((n) => (isJsonObject(n) ? convertNode(n) : n)),
    linkDataArray: links.map((l) => (isJsonObject(l) ? convertLink(l) : l)),
  };
}

function convertNode(node: JsonObject): JsonObject {
  const out: Record<string, Json | undefined> = { ...node };
  for (const [array] of PORT_ARRAYS) delete out[array];
  delete out['key'];
  delete out['text'];
  out['id'] = textOf(node['key']);
  const name = node['name'] ?? node['text'];
  out['name'] = typeof name === 'string' ? name : '';
  const category = typeof node['category'] === 'string' ? node['category'] : '';
  out['category'] = CATEGORY_ALIASES[category] ?? category;
  const parent = node['parentId'] ?? node['parentKey'] ?? node['group'];
  delete out['group'];
  delete out['parentKey'];
  if (parent !== null && parent !== undefined) out['parentId'] = textOf(parent);

  const hasInput = isUsableAppType(node['inputApplicationType']);
  const hasOutput = isUsableAppType(node['outputApplicationType']);
  const ports = portFields(node);
  const own = [
    ...fieldsOf(node['fields'], 'ComponentParameter'),
    ...fieldsOf(node['applicationArgs'], 'ApplicationArgument'),
  ];
  delete out['applicationArgs'];
  const input = fieldsOf(node['inputAppFields'], 'ComponentParameter');
  const output = fieldsOf(node['outputAppFields'], 'ComponentParameter');
  // Ports of a construct belong to its embedded applications; with one application only, all are that one's.
  for (const { field, side } of ports) {
    if (side === 'output' && hasOutput) output.push(field);
    else if (hasInput) input.push(field);
    else if (hasOutput) input.push(field);
    else own.push(field);
  }
  out['fields'] = own;
  out['inputAppFields'] = input;
  out['outputAppFields'] = output;
  return out;
}

function portFields(node: JsonObject): { field: JsonObject; side: 'input' | 'output' }[] {
  const found: { field: JsonObject; side: 'input' | 'output' }[] = [];
  const seen = new Map<string, number>();
  for (const [array, usage, side] of PORT_ARRAYS) {
    const ports = node[array];
    if (!Array.isArray(ports)) continue;
    for (const port of ports as readonly Json[]) {
      if (!isJsonObject(port)) continue;
      const id = port['Id'] ?? port['id'];
      const name = port['IdText'] ?? port['name'];
      if (typeof id !== 'string') continue;
      const before = seen.get(id);
      if (before !== undefined) {
        const entry = found[before];
        if (entry !== undefined && entry.field['usage'] !== usage) {
          entry.field = { ...entry.field, usage: 'InputOutput' };
        }
        continue;
      }
      seen.set(id, found.length);
      found.push({
        field: {
          id,
          name: typeof name === 'string' && name !== '' ? name : id,
          value: '',
          defaultValue: '',
          type: typeof port['type'] === 'string' ? port['type'] : 'Unknown',
          parameterType: 'ApplicationArgument',
          usage,
        },
        side,
      });
    }
  }
  return found;
}

function fieldsOf(list: Json | undefined, parameterType: string): JsonObject[] {
  if (!Array.isArray(list)) return [];
  return (list as readonly Json[])
    .filter(isJsonObject)
    .map((f) => ({ usage: 'NoPort', parameterType, ...f }));
}

function convertLink(link: JsonObject): JsonObject {
  const out: Record<string, Json | undefined> = { ...link };
  for (const end of ['from', 'to', 'fromPort', 'toPort']) {
    const value = link[end];
    if (typeof value === 'number') out[end] = String(value);
  }
  const aware = link['loop_aware'];
  out['loop_aware'] = aware === true || aware === 1 || aware === '1' ? '1' : '0';
  return out;
}
