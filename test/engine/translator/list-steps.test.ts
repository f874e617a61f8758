/** Dividing and mapping graphs whose text is read in pieces must give what it gives with the graph in memory. */
import { describe, expect, it } from 'vitest';
import {
  bytesSource,
  canStreamList,
  takeListSteps,
  takeSteps,
  TranslatorError,
  unroll,
  readLogicalGraph,
  type ByteSource,
  type Steps,
} from '../../../engine/translator/index.ts';
import { buildDropGraph } from '../../../engine/translator/partition/index.ts';
import { planDrops, planGraph } from '../../../engine/translator/plan-graph.ts';
import { planUnroll } from '../../../engine/translator/plan.ts';
import { goldenNames, hasGolden, readGraphText } from './golden.ts';
import { app, construct, data, gather, graphOf, link, loop, scatter } from './graphs.ts';

const graph = graphOf(
  [
    data('in'),
    scatter('s', 3, undefined, 'PythonApp'),
    loop('l', 2, 's'),
    app('a', 'l', { group_start: true }),
    data('d', 'l', { group_end: true }),
    gather('g', 3),
    data('out'),
  ],
  [link('in', 's'), link('a', 'd'), link('d', 'g', { loop_aware: '1' }), link('g', 'out')],
);
const pgt = JSON.stringify(unroll(graph, { oidPrefix: 'X' }));

/** A source that hands out a few bytes at a time: every drop then lies across pieces. */
function inSmallPieces(text: string, windowBytes = 17): ByteSource {
  return { ...bytesSource(Buffer.from(text, 'utf8')), windowBytes };
}

function streamed(source: ByteSource, steps: Steps): { list: unknown; facts: object } {
  const stepped = takeListSteps(source, steps);
  if (stepped === undefined) throw new Error('expected a graph that can be streamed');
  const { texts, ...facts } = stepped;
  return { list: JSON.parse(Buffer.concat([...texts]).toString('utf8')), facts };
}

function held(text: string, steps: Steps): { list: unknown; facts: object } {
  const { texts, ...facts } = takeSteps(text, steps);
  return { list: JSON.parse([...texts].join('')), facts };
}

const cases: [string, Steps][] = [
  ['metis', { partition: { algorithm: 'metis', numPartitions: 3 } }],
  ['mysarkar', { partition: { algorithm: 'mysarkar', max_cpu: 2, numPartitions: 2 } }],
  ['islands', { partition: { algorithm: 'metis', numPartitions: 4, numIslands: 2, rules: 'corrected' } }],
  ['an outline', { partition: { algorithm: 'metis', numPartitions: 2 }, outline: { limit: 3 } }],
  [
    'hosts in turns',
    {
      partition: { algorithm: 'metis', numPartitions: 4, rules: 'corrected' },
      map: { islands: ['i'], nodes: ['a', 'b'] },
      dropsOnly: true,
    },
  ],
  ['several lines', { partition: { algorithm: 'metis', numPartitions: 2 }, isPretty: true }],
];

describe('a list of drops that is read in pieces', () => {
  it.each(cases)('comes out as one that is in memory: %s', (_name, steps) => {
    expect(canStreamList(steps)).toBe(true);
    for (const source of [bytesSource(Buffer.from(pgt)), inSmallPieces(pgt)])
      expect(streamed(source, steps)).toEqual(held(pgt, steps));
  });

  it('is mapped, whatever stood for its places and wherever', () => {
    const partitioned = held(pgt, cases[2]?.[1] ?? {}).list as Record<string, unknown>[];
    const turned = partitioned.map(({ node, ...drop }) => (node === undefined ? drop : { node, ...drop }));
    const text = JSON.stringify(turned);
    const steps: Steps = { map: { hosts: ['i', 'j', 'a', 'b', 'c', 'd'], islands: 2 } };
    expect(streamed(inSmallPieces(text), steps)).toEqual(held(text, steps));
    const few: Steps = { map: { hosts: ['i', 'j', 'a'], islands: 2 } };
    expect(() => takeListSteps(inSmallPieces(text), few)).toThrow(/Expected 4 nodes for this graph, found 1/);
    const named = JSON.stringify(['name', turned]);
    expect(streamed(inSmallPieces(named), steps)).toEqual(held(named, steps));
  });

  it('keeps texts with quotes, brackets and other scripts byte for byte', () => {
    const text = JSON.stringify([
      { oid: 'ä"}]', name: '\\"[{', categoryType: 'Data', note: '你好 \u2028 😀', consumers: [{ b: 'x' }] },
      { oid: 'b', categoryType: 'Application', weight: '7' },
      {},
    ]);
    const steps: Steps = { partition: { algorithm: 'metis', numPartitions: 1 } };
    expect(streamed(inSmallPieces(text, 3), steps)).toEqual(held(text, steps));
  });

  it('is left to others when it is signed', () => {
    const text = JSON.stringify([{ oid: 'a', categoryType: 'Data' }, { rmode: '1' }]);
    expect(takeListSteps(inSmallPieces(text), { partition: { algorithm: 'metis' } })).toBeUndefined();
    expect(canStreamList({ map: { hosts: ['a', 'b'], islands: 1 }, roots: true })).toBe(false);
  });

  it.each([
    ['no list', '{"a":1}', 'not-json'],
    ['an element that is no drop', '[1]', 'pgt-malformed'],
    ['text that ends early', '[{"oid":"a"}', 'not-json'],
    ['a drop that ends early', '[{"oid":"a"', 'not-json'],
    ['a missing comma', '[{"oid":"a"} {"oid":"b"}]', 'not-json'],
    ['text behind the list', '[{"oid":"a"}] x', 'not-json'],
    ['an oid twice', '[{"oid":"a"},{"oid":"a"}]', 'pgt-malformed'],
    ['a link to nobody', '[{"oid":"a","outputs":["z"]}]', 'pgt-unknown-oid'],
    [
      'a cycle',
      '[{"oid":"a","categoryType":"Application","outputs":["b"]},{"oid":"b","categoryType":"Data","consumers":["a"]}]',
      'cycle',
    ],
  ])('refuses %s', (_name, text, reason) => {
    const attempt = (): unknown => takeListSteps(inSmallPieces(text), { partition: { algorithm: 'metis' } });
    let found: unknown;
    try {
      attempt();
    } catch (error) {
      found = error instanceof TranslatorError ? error.reason : error;
    }
    expect(found).toBe(reason);
  });

  it('says where a drop is no JSON', () => {
    const text = '[{"oid":"a"},{"oid":"b","x":tru}]';
    expect(() => takeListSteps(inSmallPieces(text), { partition: { algorithm: 'metis' } })).toThrow(
      /element 2 of the list.*"true" was expected/,
    );
  });
});

describe('the numbers of a plan', () => {
  const same = (text: string): void => {
    const logical = readLogicalGraph(text);
    const fromDrops = buildDropGraph(unroll(logical, { oidPrefix: 'X' }).slice(0, -1));
    const plan = planUnroll(logical, { oidPrefix: 'X' });
    const { names, ...columns } = planGraph(plan);
    const { names: wanted, ...wantedColumns } = fromDrops;
    expect(columns).toEqual(wantedColumns);
    for (let i = 0; i < columns.size; i += 5)
      for (const of of ['oidOf', 'nameOf', 'lgKeyOf'] as const) expect(names[of](i)).toBe(wanted[of](i));
    expect(planDrops(plan).size).toBe(columns.size);
  };

  it('are those of the drops that come of it', () => {
    same(JSON.stringify(graph));
    same(
      JSON.stringify(
        graphOf(
          [
            scatter('o', 2),
            scatter('p', 3, 'o'),
            data('d', 'p'),
            construct('b', 'GroupBy', {}),
            data('e', 'b'),
            app('f', 'b'),
          ],
          [link('d', 'b'), link('f', 'e')],
        ),
      ),
    );
  });

  it.skipIf(!hasGolden)('are those of the drops, for graphs of the real world', () => {
    for (const name of goldenNames('partition')) same(readGraphText(name));
  });
});
