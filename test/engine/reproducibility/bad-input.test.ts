import { describe, expect, it } from 'vitest';

import {
  commitRuntimeData,
  formatReprodataOut,
  initLgReproData,
  initLgtReproData,
  initPgtUnrollReproData,
  initRuntimeReproData,
  keysOf,
  mergeRuntimeData,
  parsePythonJson,
  parseReprodataOut,
  parseRMode,
  pythonRepr,
  rflagCaster,
  runtimeLevel,
  setKey,
  signaturesOf,
  signLogicalGraph,
  signPhysicalGraph,
  storeRuntimeData,
  stringifyPythonJson,
} from '../../../engine/reproducibility/index.ts';
import type { Any } from './golden.ts';

const lg = (): Any => ({
  nodeDataArray: [
    { id: 'a', category: 'Memory', categoryType: 'Data', fields: [] },
    { id: 'b', category: 'PythonApp', categoryType: 'Application', fields: [{ name: 'num_cpus', value: 1 }] },
  ],
  linkDataArray: [{ from: 'a', to: 'b' }],
});

describe('reading JSON with number tokens', () => {
  it('keeps what hashes need and writes it back', () => {
    const text =
      '{"b": 5.0, "10": 1, "2": 1e16, "a": [123456789012345678901, -0.0, 1e-05, true, null], "__proto__": {"x": NaN}}';
    const value = parsePythonJson(text) as Any;
    expect(keysOf(value)).toEqual(['b', '10', '2', 'a', '__proto__']);
    expect(stringifyPythonJson(value)).toBe(text.replace('1e16', '1e+16'));
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(pythonRepr({ ...value, a: 1 })).toBe(
      "{'b': 5.0, '10': 1, '2': 1e+16, 'a': 1, '__proto__': {'x': nan}}",
    );
    setKey(value, '3', 'last');
    expect(keysOf(value).at(-1)).toBe('3');
    expect(({} as Any).x).toBeUndefined();
  });

  it('refuses what is no JSON, with line and column', () => {
    for (const bad of [
      '',
      '{',
      '[1,]',
      '{"a":}',
      '{"a" 1}',
      "{'a':1}",
      '01',
      '1.',
      '.5',
      '+1',
      '"a',
      '"\n"',
      '"\\x"',
      '"\\u12"',
      'nul',
      '[1 2]',
      '{"a":1,}',
      '1 2',
      '-',
      '[',
      '"\\',
    ])
      expect(() => parsePythonJson(bad), JSON.stringify(bad)).toThrow(/no JSON document/);
    expect(() => parsePythonJson('{\n "a": x}')).toThrow(/line 2, column 7/);
    expect(() => parsePythonJson('['.repeat(1_000_000))).toThrow(/nested/);
    expect(parsePythonJson('\ufeff[1]')).toEqual([1]);
    expect(parsePythonJson('-Infinity')).toEqual(expect.objectContaining({ value: -Infinity }));
  });
});

describe('bad reproducibility data', () => {
  it('is refused when reprodata.out is truncated or something else', () => {
    const good = formatReprodataOut({ a: { oid: 'a' } }, { rmode: '1' });
    expect(parseReprodataOut(good).drops.size).toBe(1);
    for (const cut of [1, 10, good.length - 2])
      expect(() => parseReprodataOut(good.slice(0, cut)), `${cut}`).toThrow(/truncated/);
    for (const foreign of [
      '[]',
      '3',
      '"x"',
      '[1,2]',
      '[{},3]',
      '[{"a":{"oid":"b"}},{}]',
      '[{"a":1},{}]',
      '[{},{},{}]',
    ])
      expect(() => parseReprodataOut(foreign), foreign).toThrow(/reprodata\.out/);
    expect(formatReprodataOut(new Map(), null)).toBe('[\n    {},\n    {}\n]');
  });

  it('is refused, by name, when the graph is malformed', () => {
    expect(() => initLgtReproData(lg(), ['1'])).toThrow(/a list was given/);
    const numbered = lg();
    numbered.nodeDataArray[0].id = { deep: 1 };
    expect(() => signLogicalGraph(numbered, '1')).toThrow(/"id" of node 0/);
    const counted = lg();
    counted.nodeDataArray[0].inputPorts = 3;
    expect(() => initLgtReproData(counted, '1')).toThrow(/"inputPorts" of node "a"/);
    expect(() =>
      initPgtUnrollReproData([{ oid: 'x', categoryType: 'Data', outputs: [3] }, { rmode: '0' }]),
    ).not.toThrow();
    const dangling = [{ oid: 'x', categoryType: 'Data', outputs: [3] }, { rmode: '1' }];
    expect(() => initPgtUnrollReproData(dangling)).toThrow();
    expect(() => signPhysicalGraph([{ oid: 'x' }], 'pg')).toThrow(/no reproducibility data/);
    expect(() => signaturesOf({ rmode: '1' })).toThrow(/no signature/);
    expect(() => runtimeLevel({ oid: 'x', reprodata: { rmode: 'ReproducibilityFlags.NOTHING' } })).toThrow(
      /mode number/,
    );
    expect(() => storeRuntimeData({ reprodata: {} }, commitRuntimeData('RERUN', { status: 2 }))).toThrow(
      /rmode/,
    );
    expect(() => rflagCaster({})).toThrow(/an object was given/);
  });

  it('is refused when a person types a mode that is none', () => {
    expect(parseRMode('all')).toBe('ALL');
    expect(parseRMode('-1')).toBe('ALL');
    expect(parseRMode('Reproducibility.RERUN')).toBe('RERUN');
    for (const bad of ['two', '3', '', '1.0']) expect(() => parseRMode(bad), bad).toThrow(/no R-mode/);
  });

  it('does not let a key of a graph reach an object it should not', () => {
    const graph = lg();
    graph.nodeDataArray[1].fields.push(
      { name: '__proto__', value: { polluted: 1 } },
      { name: 'constructor', value: 'x' },
    );
    signLogicalGraph(graph, '-1');
    expect(({} as Any).polluted).toBeUndefined();
    const drops = [
      {
        oid: '__proto__',
        categoryType: 'Data',
        consumers: ['b'],
        reprodata: graph.nodeDataArray[0].reprodata,
      },
      { oid: 'b', categoryType: 'Application', reprodata: graph.nodeDataArray[1].reprodata },
      graph.reprodata,
    ];
    initPgtUnrollReproData(drops);
    expect(Object.keys(drops[1].reprodata.REPEAT.pgt_parenthashes)).toEqual(['__proto__']);
  });

  it('of several nodes is merged into one signature, and contradictions are refused', () => {
    const graph = lg();
    signLogicalGraph(graph, '-1');
    const list = (): Any[] =>
      parsePythonJson(
        stringifyPythonJson([
          {
            oid: 'a',
            categoryType: 'Data',
            storage: 'Memory',
            node: 'n0',
            island: 'i',
            rank: [0],
            consumers: [{ b: 'io' }],
            reprodata: graph.nodeDataArray[0].reprodata,
          },
          {
            oid: 'b',
            categoryType: 'Application',
            node: 'n1',
            island: 'i',
            rank: [0],
            reprodata: graph.nodeDataArray[1].reprodata,
          },
          graph.reprodata,
        ]),
      ) as Any[];
    const prepared = list();
    signPhysicalGraph(prepared, 'pgt');
    signPhysicalGraph(prepared, 'pg');
    const whole = (): { map: Map<string, Any>; repro: Any } => {
      const drops = parsePythonJson(stringifyPythonJson(prepared)) as Any[];
      const repro = drops.pop();
      return { map: new Map(drops.map((drop) => [drop.oid, drop])), repro };
    };
    const done = commitRuntimeData('ALL', { status: 2 });
    const one = whole();
    for (const drop of one.map.values()) storeRuntimeData(drop, done);
    initRuntimeReproData(one.map, one.repro);
    const two = whole();
    mergeRuntimeData(two.map, two.repro, [
      { node: 'n1', commits: [['b', done]] },
      { node: 'n0', commits: [['a', done]] },
    ]);
    expect(two.repro).toEqual(one.repro);
    const merge = (parts: Any[]): unknown => mergeRuntimeData(whole().map, whole().repro, parts);
    expect(() => merge([{ node: 'n0', commits: [['z', done]] }])).toThrow(/"z"/);
    expect(() =>
      merge([
        { node: 'n0', commits: [['a', done]] },
        { node: 'n1', commits: [['a', done]] },
      ]),
    ).toThrow(/both claim/);
  });

  it('leaves a graph alone that has none', () => {
    const graph = { nodeDataArray: [], linkDataArray: [] };
    expect(initLgReproData(graph)).toBe(graph);
    const list = [{ oid: 'a' }];
    expect(initPgtUnrollReproData(list)).toEqual([{ oid: 'a' }]);
    expect(initRuntimeReproData({}, null)).toBeNull();
  });
});
