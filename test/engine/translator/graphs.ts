import { readLogicalGraph, type LogicalGraph } from '../../../engine/translator/index.ts';
import type { Json, JsonObject } from '../../../engine/protocol/index.ts';

/** Small logical graphs for tests. Every node has the ports `<id>.in` and `<id>.out`. */

type Values = Readonly<Record<string, Json>>;

function fields(id: string, values: Values): JsonObject[] {
  return [
    ...Object.entries(values).map(([name, value]) => ({
      id: `${id}.${name}`,
      name,
      value,
      defaultValue: '',
      type: 'String',
      parameterType: 'ComponentParameter',
      usage: 'NoPort',
    })),
    ...ports(id),
  ];
}

function ports(id: string): JsonObject[] {
  return [port(`${id}.in`, 'in', 'InputPort'), port(`${id}.out`, 'out', 'OutputPort')];
}

function port(id: string, name: string, usage: string): JsonObject {
  return { id, name, value: '', defaultValue: '', parameterType: 'ApplicationArgument', usage };
}

function within(parent: string | undefined): JsonObject {
  return parent === undefined ? {} : { parentId: parent };
}

export function app(id: string, parent?: string, values: Values = {}, category = 'PythonApp'): JsonObject {
  return {
    id,
    name: id,
    category,
    categoryType: 'Application',
    isGroup: false,
    fields: fields(id, { dropclass: 'dlg.apps.simple.CopyApp', execution_time: 2, ...values }),
    ...within(parent),
  };
}

export function data(id: string, parent?: string, values: Values = {}, category = 'Memory'): JsonObject {
  return {
    id,
    name: id,
    category,
    categoryType: 'Data',
    isGroup: false,
    fields: fields(id, { data_volume: 3, ...values }),
    ...within(parent),
  };
}

export function construct(
  id: string,
  category: string,
  values: Values = {},
  parent?: string,
  apps: { input?: string; output?: string } = {},
): JsonObject {
  const own = Object.entries(values).map(([name, value]) => ({
    id: `${id}.${name}`,
    name,
    value,
    defaultValue: '',
    parameterType: 'ConstructParameter',
    usage: 'NoPort',
  }));
  return {
    id,
    name: id,
    category,
    categoryType: 'Construct',
    isGroup: true,
    fields: own,
    inputApplicationType: apps.input ?? 'None',
    outputApplicationType: apps.output ?? 'None',
    inputAppFields: apps.input === undefined ? [] : ports(id),
    outputAppFields: apps.output === undefined ? [] : ports(`${id}.exit`),
    ...within(parent),
  };
}

export function scatter(id: string, copies: Json, parent?: string, appType?: string): JsonObject {
  const apps = appType === undefined ? {} : { input: appType };
  return construct(id, 'Scatter', { num_of_copies: copies }, parent, apps);
}

export function gather(
  id: string,
  width: Json,
  parent?: string,
  appType: string | undefined = 'PythonApp',
): JsonObject {
  return construct(id, 'Gather', { num_of_inputs: width }, parent, { input: appType });
}

export function loop(id: string, iterations: Json, parent?: string): JsonObject {
  return construct(id, 'Loop', { num_of_iter: iterations }, parent);
}

export function link(from: string, to: string, extra: JsonObject = {}): JsonObject {
  return { from, to, fromPort: `${from}.out`, toPort: `${to}.in`, loop_aware: '0', ...extra };
}

/** The graph as EAGLE would save it. */
export function rawGraph(nodes: readonly JsonObject[], links: readonly JsonObject[] = []): JsonObject {
  return {
    modelData: { schemaVersion: 'OJS', filePath: 't.graph' },
    nodeDataArray: nodes,
    linkDataArray: links,
  };
}

export function graphOf(nodes: readonly JsonObject[], links: readonly JsonObject[] = []): LogicalGraph {
  return readLogicalGraph(rawGraph(nodes, links));
}
