import { describe, expect, it } from 'vitest';
import {
  fillFromForm,
  gojsView,
  mapFromForm,
  partitionFromForm,
  unrollAndPartitionFromForm,
  unrollFromForm,
} from '../../../engine/translator/index.ts';
import { app, data, link, rawGraph } from './graphs.ts';

/** Two pairs that have nothing to do with each other: they are not worth a link between two nodes. */
const pairs = JSON.stringify(
  rawGraph([app('a'), data('d'), app('b'), data('e')], [link('a', 'd'), link('b', 'e')]),
);
const text = JSON.stringify(rawGraph([app('a'), data('d'), app('b')], [link('a', 'd'), link('d', 'b')]));
const options = { defaultPrefix: 'NOW' };

describe('the routes of the translator', () => {
  it('unroll with the prefix given, or the time; without reproducibility there is no trace of it', () => {
    expect(unrollFromForm(text, {}, options).map((d) => d['oid'])).toEqual([
      'NOW_a_0',
      'NOW_d_0',
      'NOW_b_0',
      undefined,
    ]);
    const pgt = unrollFromForm(
      text,
      { oid_prefix: 'X', zero_run: 'true', default_app: 'dlg.apps.simple.SleepApp' },
      options,
    );
    expect(pgt[0]).toMatchObject({ oid: 'X_a_0', dropclass: 'dlg.apps.simple.SleepApp', sleep_time: 0 });
    expect(pgt[0]).not.toHaveProperty('reprodata');
  });

  it('heed the options of the algorithm', () => {
    const pgt = unrollFromForm(text, {}, options);
    const form = { algorithm: 'mysarkar', num_partitions: '2', algo_params: '{"max_cpu": 1}' };
    expect(new Set(partitionFromForm(JSON.stringify(pgt), form, options).map((d) => d['node']))).toContain(
      '#0',
    );
    expect(() => partitionFromForm(pgt, { algo_params: '{"max_cup": 1}' }, options)).toThrow(/max_cup/);
    expect(() => partitionFromForm(pgt, { num_partitions: 'two' }, options)).toThrow(/whole number/);
    expect(() => partitionFromForm(pgt, { algorithm: 'zzz' }, options)).toThrow(/zzz/);
  });

  it('split the list of hosts at its commas', () => {
    const pgt = unrollAndPartitionFromForm(pairs, { num_partitions: '2' }, options);
    const mapped = mapFromForm(pgt, { nodes: 'dim, nm1,nm2' }).slice(0, -1);
    expect(new Set(mapped.map((d) => d['island']))).toEqual(new Set(['dim']));
    expect([...new Set(mapped.map((d) => d['node']))].sort()).toEqual(['nm1', 'nm2']);
    expect(mapFromForm(pgt, {}, ['i', 'n', 'm'])[0]?.['island']).toBe('i');
  });

  it('fill parameters', () => {
    const template = text.replace('"name":"d"', '"name":"~who"');
    expect(fillFromForm(template, { parameters: '{"who": "me"}' })['nodeDataArray']).toContainEqual(
      expect.objectContaining({ id: 'd', name: 'me' }),
    );
    expect(() => fillFromForm(template, { parameters: '{"x' })).toThrow(/JSON/);
  });

  it('show drops, partitions and links to the viewer', () => {
    const view = gojsView(unrollAndPartitionFromForm(pairs, { num_partitions: '2' }, options));
    expect(view).toMatchObject({
      class: 'go.GraphLinksModel',
      linkDataArray: [
        { from: 1, to: 2 },
        { from: 3, to: 4 },
      ],
      reprodata: {},
    });
    const nodes = view['nodeDataArray'] as { key: number; name: string; isGroup?: boolean; group?: number }[];
    expect(nodes.filter((n) => n.isGroup === true).map((n) => [n.key, n.name])).toEqual([
      [5, 'Partition_1'],
      [6, 'Partition_2'],
    ]);
    for (const node of nodes.slice(0, 4)) expect([5, 6]).toContain(node.group);
  });
});
