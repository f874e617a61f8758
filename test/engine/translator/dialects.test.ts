import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkLogicalGraph, readLogicalGraph, unroll } from '../../../engine/translator/index.ts';
import type { JsonObject } from '../../../engine/protocol/index.ts';
import { graphsDir, hasGolden, readGraphText } from './golden.ts';

const MEMORY = 'dlg.data.drops.memory.InMemoryDROP';

/** A scatter and the application that splits for it, as V4 lists nodes. */
const scatterV4 = (fields: JsonObject, splitterFields: JsonObject): JsonObject => ({
  s: {
    id: 's',
    name: 'split',
    category: 'Scatter',
    parentId: null,
    embedId: null,
    inputApplicationId: 'sa',
    fields,
  },
  sa: { id: 'sa', name: 'splitter', category: 'PyFuncApp', embedId: 's', fields: splitterFields },
});

describe('the dialects of the editor', () => {
  it('reads graphs with numeric keys and port arrays', () => {
    const graph = readLogicalGraph({
      modelData: {},
      nodeDataArray: [
        {
          key: -1,
          text: 'Split',
          category: 'Scatter',
          categoryType: 'Group',
          isGroup: true,
          inputApplicationType: 'PythonApp',
          outputApplicationType: 'None',
          inputPorts: [{ Id: 'i', IdText: 'event' }],
          outputLocalPorts: [{ Id: 's', IdText: 'start' }],
          fields: [{ name: 'num_of_copies', value: '2' }],
          inputAppFields: [{ name: 'execution_time', value: '7' }],
        },
        {
          key: -2,
          text: 'part',
          category: 'Memory',
          group: -1,
          inputPorts: [{ Id: 'p', IdText: 'start' }],
          fields: [{ name: 'data_volume', value: '5' }],
        },
        { key: -3, text: 'in', category: 'memory', outputPorts: [{ Id: 'q', IdText: 'event' }], fields: [] },
      ],
      linkDataArray: [
        { from: -3, fromPort: 'q', to: -1, toPort: 'i' },
        { from: -1, fromPort: 's', to: -2, toPort: 'p' },
      ],
    });
    const pgt = unroll(graph, { oidPrefix: 'S' });
    expect(pgt).toHaveLength(5);
    expect(pgt.find((d) => d['oid'] === 'S_-1_0')).toMatchObject({
      name: 'Split',
      weight: 7,
      inputs: [{ 'S_-3_0': 'event' }],
      outputs: [{ 'S_-2_0-0': 'start' }, { 'S_-2_0-1': 'start' }],
    });
    expect(pgt.find((d) => d['oid'] === 'S_-3_0')).toMatchObject({ dropclass: MEMORY });
  });

  it('reads graphs whose nodes, fields and edges are objects by id (V4)', () => {
    const port = (id: string, name: string, usage: string): JsonObject => ({
      id,
      name,
      value: '',
      usage,
      parameterType: 'ApplicationArgument',
    });
    const graph = readLogicalGraph({
      modelData: { schemaVersion: 'V4' },
      nodes: {
        ...scatterV4(
          { c: { id: 'c', name: 'num_of_copies', value: 2, usage: 'NoPort' } },
          { so: port('so', 'o', 'OutputPort') },
        ),
        d: {
          id: 'd',
          name: 'd',
          category: 'Memory',
          parentId: 's',
          embedId: null,
          fields: { di: port('di', 'i', 'InputOutput') },
        },
      },
      edges: {
        e: {
          id: 'e',
          srcNodeId: 'sa',
          srcPortId: 'so',
          destNodeId: 'd',
          destPortId: 'di',
          loopAware: false,
          closesLoop: false,
        },
      },
      visuals: {},
    });
    const pgt = unroll(graph, { oidPrefix: 'S' });
    expect(pgt.map((d) => d['oid'])).toEqual(['S_d_0-0', 'S_d_0-1', 'S_s_0', undefined]);
    expect(pgt[2]).toMatchObject({
      category: 'PyFuncApp',
      outputs: [{ 'S_d_0-0': 'o' }, { 'S_d_0-1': 'o' }],
    });
  });

  it('knows arguments and parameters by the short names of V4', () => {
    const field = (name: string, parameterType: string, value: string): [string, JsonObject] => [
      name,
      { id: name, name, value, usage: 'NoPort', parameterType },
    ];
    const graph = readLogicalGraph({
      modelData: { schemaVersion: 'V4' },
      nodes: {
        ...scatterV4(
          Object.fromEntries([field('num_of_copies', 'Construct', '1')]),
          Object.fromEntries([
            field('func_name', 'Component', 'len'),
            field('obj', 'Application', 'abc'),
            field('num_cpus', 'Constraint', '1'),
          ]),
        ),
        a: {
          id: 'a',
          name: 'a',
          category: 'PyFuncApp',
          parentId: null,
          embedId: null,
          fields: Object.fromEntries([field('x', 'Application', '1'), field('odd', 'Unknown', '1')]),
        },
      },
      edges: {},
    });
    const [a, split] = unroll(graph, { oidPrefix: 'S' });
    expect(a).toMatchObject({ applicationArgs: { x: { parameterType: 'ApplicationArgument' } }, odd: '1' });
    expect(split).toMatchObject({
      componentParams: { func_name: { value: 'len' } },
      applicationArgs: { obj: { value: 'abc' } },
      constraintParams: { num_cpus: { value: '1' } },
    });
  });

  it('takes the type from the category where a node says none, and numbers where ids are numbers', () => {
    const graph = readLogicalGraph({
      modelData: {},
      nodeDataArray: [{ id: 7, name: 'x', category: 'PyFuncApp', fields: [] }],
    });
    expect(unroll(graph, { oidPrefix: 'S' })[0]).toMatchObject({ oid: 'S_7_0', categoryType: 'Application' });
  });

  it('does not change the graph it reads or unrolls', () => {
    const given = {
      modelData: {},
      nodeDataArray: [
        {
          id: 'x',
          name: 'x',
          category: 'Memory',
          fields: [{ name: 'data_volume', value: '', defaultValue: 4 }],
        },
      ],
      linkDataArray: [],
    };
    const before = JSON.stringify(given);
    const graph = readLogicalGraph(given);
    expect(unroll(graph, { oidPrefix: 'S' })[0]).toMatchObject({ weight: 4, data_volume: '' });
    expect(JSON.stringify(given)).toBe(before);
  });

  it('is not led astray by a field called __proto__ or constructor', () => {
    const text =
      '{"nodeDataArray":[{"id":"x","name":"x","category":"Memory","fields":[{"name":"__proto__","value":{"oid":"evil"}},{"name":"constructor","value":"c"}]}]}';
    const [drop] = unroll(readLogicalGraph(text), { oidPrefix: 'S' });
    expect(drop).toMatchObject({ oid: 'S_x_0', constructor: 'c' });
    expect(Object.getPrototypeOf(drop)).toBe(Object.prototype);
  });
});

describe.skipIf(!hasGolden)('every real graph', () => {
  const names = existsSync(graphsDir) ? readdirSync(graphsDir).filter((f) => f.endsWith('.graph')) : [];
  it.each(names.filter((n) => !n.includes('big')))(
    '%s is checked without a crash, and unrolls when nothing is wrong',
    (name) => {
      const text = readGraphText(name);
      const errors = checkLogicalGraph(text).filter((p) => p.severity === 'error');
      if (errors.length > 0) {
        expect(() => unroll(readLogicalGraph(text), { oidPrefix: 'S' })).toThrow();
        for (const e of errors) expect(e.message).toMatch(/^Expected/);
      } else if (!name.startsWith('arch_summit')) {
        expect(unroll(readLogicalGraph(text), { oidPrefix: 'S' }).length).toBeGreaterThan(0);
      }
    },
  );
});
