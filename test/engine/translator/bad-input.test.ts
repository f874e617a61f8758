import { describe, expect, it } from 'vitest';
import {
  checkLogicalGraph,
  graphKind,
  mapToNodes,
  parseAlgorithmOptions,
  partition,
  readLogicalGraph,
  TranslatorError,
  unroll,
} from '../../../engine/translator/index.ts';
import type { JsonObject } from '../../../engine/protocol/index.ts';
import { app, construct, data, gather, graphOf, link, loop, rawGraph, scatter } from './graphs.ts';

function failure(action: () => unknown): TranslatorError {
  try {
    action();
  } catch (error) {
    if (error instanceof TranslatorError) return error;
    throw error;
  }
  throw new Error('expected an error, found none');
}

function refusal(nodes: readonly JsonObject[], links: readonly JsonObject[] = []): TranslatorError {
  return failure(() => unroll(readLogicalGraph(rawGraph(nodes, links)), { oidPrefix: 'S' }));
}

describe('a graph that cannot be unrolled names the place', () => {
  const cases: [string, string, JsonObject[], JsonObject[], object][] = [
    [
      'text as a number of copies',
      'count-not-integer',
      [scatter('s', 'many'), app('a', 's')],
      [],
      { nodeId: 's', fieldName: 'num_of_copies', found: '"many"' },
    ],
    [
      'a fraction in text',
      'count-not-integer',
      [loop('l', '2.5'), app('a', 'l', { group_start: true }), data('d', 'l', { group_end: true })],
      [],
      { nodeId: 'l', fieldName: 'num_of_iter' },
    ],
    [
      'a count of zero',
      'count-not-positive',
      [scatter('s', 0), app('a', 's')],
      [],
      { nodeId: 's', found: '0' },
    ],
    [
      'a negative count',
      'count-not-positive',
      [scatter('s', -3), app('a', 's')],
      [],
      { nodeId: 's', found: '-3' },
    ],
    [
      'a Loop without a count',
      'count-missing',
      [construct('l', 'Loop'), app('a', 'l', { group_start: true }), data('d', 'l', { group_end: true })],
      [],
      { nodeId: 'l', fieldName: 'num_of_iter' },
    ],
    [
      'a Loop without an end',
      'loop-needs-start-and-end',
      [loop('l', 2), app('a', 'l', { group_start: true })],
      [],
      { nodeId: 'l', fieldName: 'group_end' },
    ],
    ['a Gather without inputs', 'gather-without-input', [gather('g', 2)], [], { nodeId: 'g' }],
    [
      'a link to nowhere',
      'link-unknown-node',
      [app('a')],
      [link('a', 'b')],
      { link: 0, fromId: 'a', toId: 'b' },
    ],
    [
      'a link to a port that is gone',
      'link-unknown-port',
      [app('a'), data('d')],
      [link('a', 'd', { fromPort: 'old' })],
      { link: 0, nodeId: 'a', fieldName: 'fromPort', found: 'old' },
    ],
    [
      'a link without a port',
      'link-unknown-port',
      [app('a'), data('d')],
      [{ from: 'a', to: 'd', fromPort: 'a.out' }],
      { nodeId: 'd', fieldName: 'toPort' },
    ],
    [
      'an unknown category',
      'category-unknown',
      [{ id: 'x', name: 'x', category: 'Teapot', fields: [] }],
      [],
      { nodeId: 'x', fieldName: 'category', found: 'Teapot' },
    ],
    [
      'an unknown construct',
      'unknown-group-kind',
      [construct('x', 'Teapot')],
      [],
      { nodeId: 'x', found: 'Teapot' },
    ],
    [
      'a node without id',
      'node-id-missing',
      [{ name: 'x', category: 'Memory', fields: [] }, app('a')],
      [],
      { nodeName: 'x', fieldName: 'id' },
    ],
    ['two nodes of one id', 'node-id-duplicate', [app('a'), data('a')], [], { nodeId: 'a' }],
    [
      'a node inside itself',
      'parent-cycle',
      [scatter('s', 2, 't'), scatter('t', 2, 's')],
      [],
      { nodeId: 's' },
    ],
    [
      'fields that are no list',
      'field-malformed',
      [{ id: 'x', name: 'x', category: 'Memory', fields: 3 }],
      [],
      { nodeId: 'x', fieldName: 'fields' },
    ],
    ['a node that is no object', 'node-malformed', ['x' as unknown as JsonObject], [], {}],
    ['a half-drawn link', 'link-malformed', [app('a')], [{ from: 'a' }], { link: 0 }],
    ['no nodes', 'no-nodes', [], [], {}],
    [
      'a category type that nobody knows',
      'category-unknown',
      [{ ...app('a'), category: 'Frobnicator', categoryType: 'Wibble' }],
      [],
      { nodeId: 'a', fieldName: 'categoryType', found: 'Wibble' },
    ],
  ];
  it.each(cases)('%s', (_name, reason, nodes, links, place) => {
    const error = refusal(nodes, links);
    expect(error.reason).toBe(reason);
    expect(error.place).toMatchObject(place);
    expect(error.message).toMatch(/^Expected .*found/s);
    expect(error.details).toMatchObject({ reason });
  });

  it('refuses too many copies before making any, with the way they multiply', () => {
    const error = refusal([scatter('s', 100_000), scatter('t', 1_000_000_000, 's'), app('a', 't')]);
    expect(error.code).toBe('GRAPH_TOO_LARGE');
    expect(error.message).toContain('Scatter "s" (100000) x Scatter "t" (1000000000)');
    expect(error.place.nodeId).toBe('t');
    const few = graphOf([scatter('s', 11), app('a', 's')]);
    expect(failure(() => unroll(few, { oidPrefix: 'S', maxDrops: 10 })).reason).toBe('too-many-drops');
  });

  it('refuses links that would join every copy with every other', () => {
    const nodes = [
      scatter('s', 1000),
      ...['l', 'm'].flatMap((l) => [
        loop(l, 3, 's'),
        app(`${l}a`, l, { group_start: true }),
        data(`${l}d`, l, { group_end: true }),
      ]),
    ];
    const links = [link('la', 'ld'), link('ma', 'md'), link('ld', 'ma')];
    const error = failure(() => unroll(graphOf(nodes, links), { oidPrefix: 'S', maxDrops: 20_000 }));
    expect(error.message).toMatch(/links between drops/);
    expect(error.place).toMatchObject({ fromId: 'ld', toId: 'ma' });
  });

  it('tells of numbers that are none and counts them 1, as DALiuGE does without a word', () => {
    const warnings: string[] = [];
    const graph = graphOf([
      app('a', undefined, { execution_time: 'long', num_cpus: 'many' }),
      data('d', undefined, { data_volume: '2.5' }),
      app('b', undefined, { execution_time: '' }),
    ]);
    const pgt = unroll(graph, { oidPrefix: 'S', warn: (w) => warnings.push(w.message) });
    expect(warnings).toEqual([
      'Expected field "execution_time" of "a" (a) to be a whole number, found "long"; 1 is used.',
      'Expected field "num_cpus" of "a" (a) to be a whole number, found "many"; 1 is used.',
      'Expected field "data_volume" of "d" (d) to be a whole number, found "2.5"; 1 is used.',
    ]);
    expect(pgt.slice(0, 3).map((drop) => drop['weight'])).toEqual([1, 1, 1]);
  });

  it('tells of a Scatter that is not marked as a construct; its contents are made once', () => {
    const warnings: string[] = [];
    const graph = graphOf(
      [{ ...scatter('s', 3), isGroup: false }, app('a', 's'), data('d', 's')],
      [link('a', 'd')],
    );
    const pgt = unroll(graph, { oidPrefix: 'S', warn: (w) => warnings.push(w.message) });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^Expected the Scatter "s" \(s\) around "a" to be a construct \("isGroup" true\), found/,
      ),
    ]);
    expect(pgt.map((drop) => drop['oid']).filter((oid) => oid !== undefined)).toEqual([
      'S_s_0',
      'S_a_0',
      'S_d_0',
    ]);
  });

  it('warns of a cycle when it unrolls and refuses to partition it', () => {
    const graph = graphOf([app('a'), data('d')], [link('a', 'd'), link('d', 'a')]);
    const warnings: string[] = [];
    const pgt = unroll(graph, { oidPrefix: 'S', warn: (w) => warnings.push(w.reason) });
    expect(warnings).toEqual(['cycle']);
    for (const algorithm of ['metis', 'mysarkar', 'none', 'measured', 'pso'] as const) {
      const error = failure(() => partition(pgt, { algorithm }));
      expect(error.code).toBe('GRAPH_CYCLE');
      expect(error.message).toContain('S_a_0');
    }
  });
});

describe('what is not a logical graph is told apart by its content', () => {
  it.each([
    [[{ oid: 'a' }, {}], 'PGT'],
    [[{ oid: 'a', node: '#0', island: '#0' }], 'PGTP'],
    [[{ oid: 'a', node: 'host', island: 'host' }], 'PG'],
    [['name', [{ oid: 'a' }]], 'PGT'],
    [{ modelData: { fileType: 'palette' }, nodeDataArray: [] }, 'palette'],
    [{ nodeDataArray: [] }, 'LG'],
    [{ nodes: {}, edges: {} }, 'LG'],
    [42, 'unknown'],
    [{}, 'unknown'],
  ])('%j is %s', (json, kind) => {
    expect(graphKind(json)).toBe(kind);
    if (kind === 'LG') return;
    expect(failure(() => readLogicalGraph(json)).reason).toBe('not-a-graph');
  });

  it('says where text stops being JSON', () => {
    const error = failure(() => readLogicalGraph('{"nodeDataArray": [,]}'));
    expect(error).toMatchObject({ reason: 'not-json', code: 'GRAPH_NOT_JSON' });
  });
});

describe('the validator', () => {
  it('tells everything that is wrong, not only the first thing', () => {
    const nodes = [scatter('s', 'x'), app('a', 's', { execution_time: -1 }), gather('g', 1), loop('l', 2)];
    const problems = checkLogicalGraph(rawGraph(nodes, [link('a', 'nobody'), link('nobody', 'a')]));
    const reasons = new Set(problems.filter((p) => p.severity === 'error').map((p) => p.reason));
    expect([...reasons].sort()).toEqual([
      'count-not-integer',
      'gather-without-input',
      'link-unknown-node',
      'negative-execution-time',
    ]);
    expect(problems.filter((p) => p.reason === 'link-unknown-node')).toHaveLength(2);
  });

  it('finds nothing wrong with a graph that unrolls', () => {
    expect(checkLogicalGraph(rawGraph([app('a'), data('d')], [link('a', 'd')]))).toEqual([]);
  });
});

describe('a physical graph that cannot be partitioned or mapped', () => {
  const pgt = [
    { oid: 'a', categoryType: 'Application', outputs: [{ b: 'o' }] },
    { oid: 'b', categoryType: 'Data' },
    {},
  ];

  it.each([
    [{ outputs: 5 }, 'Expected "outputs" of drop "a" to be a list of oids, found 5.'],
    [{ consumers: ['d', 7] }, 'Expected "consumers" of drop "a" to be a list of oids, found ["d",7].'],
  ])('names a list of links that is none: %j', (links, message) => {
    const pgt = [{ oid: 'a', categoryType: 'Application', ...links }];
    expect(failure(() => partition(pgt, { algorithm: 'metis' })).message).toContain(message);
  });

  it('names an oid that nobody has', () => {
    const error = failure(() => partition([{ oid: 'a', outputs: ['x'] }], { algorithm: 'metis' }));
    expect(error).toMatchObject({ reason: 'pgt-unknown-oid', place: { oid: 'a', found: 'x' } });
  });

  it.each([
    ['an unknown algorithm', { algorithm: 'magic' }, 'algorithm-unknown'],
    ['no partitions', { algorithm: 'metis', numPartitions: 0 }, 'option-invalid'],
    ['both METIS goals', { algorithm: 'metis', ptype: 1, min_goal: 1 }, 'option-invalid'],
    [
      'as many islands as partitions',
      { algorithm: 'metis', numPartitions: 2, numIslands: 2 },
      'merge-not-needed',
    ],
  ])('refuses %s', (_name, options, reason) => {
    expect(failure(() => partition(pgt, options as never)).reason).toBe(reason);
  });

  it('refuses options it does not know, and values that are no numbers', () => {
    expect(parseAlgorithmOptions({ max_cpu: '4', deadline: null })).toEqual({ max_cpu: 4 });
    expect(failure(() => parseAlgorithmOptions({ max_cup: 4 })).message).toContain('max_cup');
    expect(failure(() => parseAlgorithmOptions({ max_cpu: 'four' })).reason).toBe('option-invalid');
  });

  it('says how many hosts are needed', () => {
    const placed = partition(pgt, { algorithm: 'metis', numPartitions: 2, rules: 'corrected' }).pgt;
    expect(failure(() => mapToNodes(placed, ['i', 'n'])).message).toMatch(/Expected 2 nodes.*found 1/);
    expect(failure(() => mapToNodes(placed, [])).reason).toBe('nodes-missing');
  });
});
