import { describe, expect, it } from 'vitest';
import { partition, unroll, type LogicalGraph } from '../../../engine/translator/index.ts';
import type { JsonObject } from '../../../engine/protocol/index.ts';
import { app, construct, data, gather, graphOf, link, loop, scatter } from './graphs.ts';

function edges(graph: LogicalGraph, rules: 'daliuge' | 'corrected' = 'daliuge'): string[] {
  const found: string[] = [];
  for (const drop of unroll(graph, { oidPrefix: 'S', rules })) {
    for (const key of ['outputs', 'consumers']) {
      for (const entry of (drop[key] ?? []) as readonly (string | JsonObject)[]) {
        const to = typeof entry === 'string' ? entry : (Object.keys(entry)[0] ?? '');
        found.push(`${(drop['oid'] as string).slice(2)} > ${to.slice(2)}`);
      }
    }
  }
  return found.sort();
}

function oids(graph: LogicalGraph, rules: 'daliuge' | 'corrected' = 'daliuge'): string[] {
  return unroll(graph, { oidPrefix: 'S', rules })
    .slice(0, -1)
    .map((d) => (d['oid'] as string).slice(2));
}

describe('what DALiuGE does that one would not expect', () => {
  const looped = (...aware: string[]): LogicalGraph =>
    graphOf(
      [data('in'), loop('l', 3), app('a', 'l', { group_start: true }), data('d', 'l', { group_end: true })],
      [link('a', 'd'), ...aware.map((loop_aware) => link('in', 'a', { loop_aware }))],
    );

  it('takes all links between two components as loop aware when one of them is', () => {
    const once = edges(looped('1')).filter((e) => e.startsWith('in'));
    expect(once).toEqual(['in_0 > a_0-0']);
    expect(edges(looped('0', '1')).filter((e) => e.startsWith('in'))).toEqual(once);
    expect(edges(looped('0', '1'), 'corrected').filter((e) => e.startsWith('in'))).toHaveLength(4);
  });

  it('feeds a component inside a Gather that is marked as a start instead of the application', () => {
    const nodes = [scatter('s', 2), data('p', 's'), gather('g', 2), app('f', 'g', { group_start: true })];
    const graph = graphOf(nodes, [link('p', 'g')]);
    expect(edges(graph)).toEqual(['p_0-0 > f_0-0', 'p_0-1 > f_0-0']);
    expect(edges(graph, 'corrected')).toEqual(['p_0-0 > g_0-0', 'p_0-1 > g_0-0']);
  });

  it('loses what leaves a Service when it schedules, unless it is told to correct that', () => {
    const pgt = [
      { oid: 'a', categoryType: 'Service', weight: 5, outputs: ['b'] },
      { oid: 'b', categoryType: 'Data', weight: 1, producers: ['a'] },
    ];
    const dataMovement = (rules: 'daliuge' | 'corrected'): number =>
      partition(pgt, { algorithm: 'none', rules }).result.total_data_movement;
    expect(dataMovement('daliuge')).toBe(0);
    expect(dataMovement('corrected')).toBe(5);
  });
});

describe('constructs that DALiuGE cannot unroll', () => {
  it('hands what is linked back from inside a Gather to an output application', () => {
    const graph = graphOf(
      [
        scatter('s', 4),
        data('p', 's'),
        gather('g', 2),
        data('x', 'g'),
        app('y', 'g'),
        data('z', 'g'),
        data('out'),
      ],
      [link('p', 'g'), link('g', 'x'), link('x', 'y'), link('y', 'z'), link('z', 'g'), link('g', 'out')],
    );
    const found = edges(graph);
    const output = found.find((e) => e.startsWith('z_0-0 > '))?.slice('z_0-0 > '.length) ?? '';
    const second = output.replace(/_0-0$/, '_0-1');
    expect(output).toMatch(/_0-0$/);
    expect(found).toEqual(
      [
        ...['p_0-0 > g_0-0', 'p_0-1 > g_0-0', 'p_0-2 > g_0-1', 'p_0-3 > g_0-1'],
        ...[0, 1].flatMap((i) => [`g_0-${i} > x_0-${i}`, `x_0-${i} > y_0-${i}`, `y_0-${i} > z_0-${i}`]),
        ...[`z_0-0 > ${output}`, `z_0-1 > ${second}`, `${output} > out_0`, `${second} > out_0`],
      ].sort(),
    );
  });

  it('takes any category as the embedded application of a Scatter', () => {
    const graph = graphOf(
      [data('in'), scatter('s', 2, undefined, 'PyFuncApp'), data('p', 's')],
      [link('in', 's'), link('s', 'p')],
    );
    expect(edges(graph)).toEqual(['in_0 > s_0', 's_0 > p_0-0', 's_0 > p_0-1']);
  });

  it('closes a loop at an application, by its last output port', () => {
    const graph = graphOf(
      [loop('l', 3), app('a', 'l', { group_start: true }), app('b', 'l', { group_end: true })],
      [link('a', 'b')],
    );
    expect(edges(graph)).toEqual([
      'a_0-0 > b_0-0',
      'a_0-1 > b_0-1',
      'a_0-2 > b_0-2',
      'b_0-0 > a_0-1',
      'b_0-1 > a_0-2',
    ]);
    const second = unroll(graph, { oidPrefix: 'S' }).find((d) => d['oid'] === 'S_a_0-1');
    expect(second?.['port_map']).toEqual({ in: 'out' });
  });

  it('runs the batches of a sequentialised Scatter one after the other', () => {
    const graph = graphOf(
      [
        data('p'),
        scatter('s', 5),
        app('w', 's', { group_start: true }),
        data('r', 's'),
        construct('g', 'Gather', { num_of_inputs: 2 }),
      ],
      [link('p', 'w'), link('w', 'r'), link('r', 'g'), link('g', 'w')],
    );
    const batches = edges(graph).filter((e) => e.startsWith('r_'));
    expect(batches).toEqual([
      'r_0-0 > w_0-2',
      'r_0-0 > w_0-3',
      'r_0-1 > w_0-2',
      'r_0-1 > w_0-3',
      'r_0-2 > w_0-4',
      'r_0-3 > w_0-4',
    ]);
  });

  it('unrolls MKN: m inputs into each instance, the contents k times, the output application n times', () => {
    const graph = graphOf(
      [
        scatter('s', 4),
        data('p', 's'),
        construct('k', 'MKN', { m: 2, k: 3, n: 1 }, undefined, { input: 'PythonApp', output: 'PythonApp' }),
        app('w', 'k'),
        data('o'),
      ],
      [
        link('p', 'k'),
        link('k', 'w'),
        { from: 'w', fromPort: 'w.out', to: 'k', toPort: 'k.exit.in' },
        { from: 'k', fromPort: 'k.exit.out', to: 'o', toPort: 'o.in' },
      ],
    );
    const names = unroll(graph, { oidPrefix: 'S' }).slice(0, -1);
    expect(names.filter((d) => d['lg_key'] === 'w')).toHaveLength(6);
    expect(names.filter((d) => d['lg_key'] === 'k')).toHaveLength(2);
    const all = edges(graph);
    expect(all.filter((e) => e.startsWith('p_') && e.includes('> k_'))).toEqual([
      'p_0-0 > k_0-0',
      'p_0-1 > k_0-0',
      'p_0-2 > k_0-1',
      'p_0-3 > k_0-1',
    ]);
    expect(all.filter((e) => e.endsWith('> o_0'))).toHaveLength(2);
    expect(all.filter((e) => e.startsWith('w_'))).toHaveLength(6);
  });

  it('keeps the contents of an ExclusiveForceNode on one node', () => {
    const inside = Array.from({ length: 6 }, (_, i) => app(`x${i}`, 'f'));
    const outside = Array.from({ length: 6 }, (_, i) => app(`y${i}`));
    const graph = graphOf([construct('f', 'ExclusiveForceNode'), ...inside, ...outside]);
    const pgt = unroll(graph, { oidPrefix: 'S' });
    expect(oids(graph)).toContain('x0_0');
    for (const algorithm of ['metis', 'mysarkar', 'measured'] as const) {
      const placed = partition(pgt, { algorithm, numPartitions: 3, max_cpu: 2 }).pgt;
      const nodes = new Set(
        placed.filter((d) => String(d['name'] as string).startsWith('x')).map((d) => d['node']),
      );
      expect(nodes.size, algorithm).toBe(1);
    }
  });

  it('gives the contents of a SubGraph to its input application and leads through its output application', () => {
    const graph = graphOf(
      [
        data('in'),
        construct('g', 'SubGraph', {}, undefined, { input: 'PythonApp', output: 'PythonApp' }),
        data('x', 'g'),
        app('w', 'g'),
        data('y', 'g'),
        data('o'),
      ],
      [
        link('in', 'g'),
        link('g', 'x'),
        link('x', 'w'),
        link('w', 'y'),
        { from: 'y', fromPort: 'y.out', to: 'g', toPort: 'g.exit.in' },
        { from: 'g', fromPort: 'g.exit.out', to: 'o', toPort: 'o.in' },
      ],
    );
    const pgt = unroll(graph, { oidPrefix: 'S' });
    const input = pgt.find((d) => d['lg_key'] === 'g');
    const inner = input?.['subgraph'] as { nodeDataArray: JsonObject[]; linkDataArray: JsonObject[] };
    expect(inner.nodeDataArray.map((n) => n['id'])).toEqual(['x', 'w', 'y']);
    expect(inner.linkDataArray).toHaveLength(2);
    const path = edges(graph)
      .map((e) => e.replace(/[0-9a-f]{8}-[0-9a-f-]+_/, 'out_'))
      .sort();
    expect(path).toEqual(['g_0-0 > y_0-0', 'in_0 > g_0-0', 'out_0-0 > o_0', 'y_0-0 > out_0-0']);
  });

  it('groups by the constructs a group_key names', () => {
    const graph = graphOf(
      [
        scatter('a', 2),
        scatter('b', 3, 'a'),
        data('p', 'b'),
        construct('g', 'GroupBy', { group_key: 'a' }),
        gather('end', 1),
      ],
      [
        { from: 'p', fromPort: 'p.out', to: 'g', toPort: 'x' },
        { from: 'g', fromPort: 'x', to: 'end', toPort: 'end.in' },
      ],
    );
    const grouped = edges(graph).filter((e) => e.startsWith('p_'));
    expect(grouped).toEqual([
      'p_0-0-0 > g_0-0',
      'p_0-0-1 > g_0-0',
      'p_0-0-2 > g_0-0',
      'p_0-1-0 > g_0-1',
      'p_0-1-1 > g_0-1',
      'p_0-1-2 > g_0-1',
    ]);
  });
});

describe('corrected rules', () => {
  it('nest a Gather, batch by batch inside each copy', () => {
    const graph = graphOf(
      [scatter('s', 2), scatter('t', 3, 's'), data('p', 't'), gather('g', 2, 's'), data('o', 's')],
      [link('p', 'g'), link('g', 'o')],
    );
    expect(() => unroll(graph, { oidPrefix: 'S' })).toThrow(/Scatters, Loops and GroupBys/);
    expect(edges(graph, 'corrected')).toEqual([
      'g_0-0-0 > o_0-0',
      'g_0-0-1 > o_0-0',
      'g_0-1-0 > o_0-1',
      'g_0-1-1 > o_0-1',
      'p_0-0-0 > g_0-0-0',
      'p_0-0-1 > g_0-0-0',
      'p_0-0-2 > g_0-0-1',
      'p_0-1-0 > g_0-1-0',
      'p_0-1-1 > g_0-1-0',
      'p_0-1-2 > g_0-1-1',
    ]);
  });

  it('keep iterations of two Loops inside one copy of the Scatter around them', () => {
    const graph = graphOf(
      [
        scatter('s', 2),
        loop('l', 2, 's'),
        app('a', 'l', { group_start: true }),
        data('d', 'l', { group_end: true }),
        loop('m', 2, 's'),
        app('b', 'm', { group_start: true }),
        data('e', 'm', { group_end: true }),
      ],
      [link('a', 'd'), link('b', 'e'), link('d', 'b')],
    );
    const crossing = (e: string): boolean => e.startsWith('d_') && e.includes('> b_');
    expect(edges(graph).filter(crossing)).toHaveLength(8);
    expect(edges(graph, 'corrected').filter(crossing)).toEqual([
      'd_0-0-0 > b_0-0-0',
      'd_0-0-1 > b_0-0-1',
      'd_0-1-0 > b_0-1-0',
      'd_0-1-1 > b_0-1-1',
    ]);
  });

  it('make no drops of comments and End nodes', () => {
    const comment = {
      id: 'c',
      name: 'c',
      category: 'Comment',
      categoryType: 'Other',
      isGroup: false,
      fields: [],
    };
    const end = { ...data('e'), category: 'End', categoryType: 'Control' };
    const graph = graphOf([scatter('s', 2), app('a', 's'), { ...comment, parentId: 's' }, end]);
    expect(oids(graph)).toEqual(['a_0-0', 'a_0-1', 'c_0-0', 'c_0-1', 'e_0']);
    expect(oids(graph, 'corrected')).toEqual(['a_0-0', 'a_0-1']);
  });

  it('give as many nodes as were asked for', () => {
    const graph = graphOf(Array.from({ length: 20 }, (_, i) => app(`a${i}`)));
    const pgt = unroll(graph, { oidPrefix: 'S' });
    const nodesOf = (rules: 'daliuge' | 'corrected'): number =>
      new Set(
        partition(pgt, { algorithm: 'mysarkar', max_cpu: 2, numPartitions: 3, rules })
          .pgt.slice(0, -1)
          .map((d) => d['node']),
      ).size;
    expect(nodesOf('daliuge')).toBe(4);
    expect(nodesOf('corrected')).toBe(3);
  });
});

describe('options of unroll', () => {
  it('replace the class of applications; a zero run stays one', () => {
    const graph = graphOf([app('a'), data('d')], [link('a', 'd')]);
    const [a, d] = unroll(graph, { oidPrefix: 'S', appClass: 'my.App', zeroRun: true });
    expect(a).toMatchObject({ dropclass: 'my.App', sleep_time: 0 });
    expect(d?.['sleep_time']).toBeUndefined();
    const [b] = unroll(graph, { oidPrefix: 'S', appClass: 'my.App' });
    expect(b).toMatchObject({ dropclass: 'my.App', sleep_time: 2 });
  });
});
