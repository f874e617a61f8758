/** Several steps of a translation at once, against the signatures of the real system (shared/golden/repro). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeSteps, type Steps } from '../../../engine/translator/index.ts';
import { app, data, link, rawGraph, scatter } from './graphs.ts';

const shared = path.resolve('..', 'shared');
const goldenDir = path.join(shared, 'golden', 'repro', 'graphs');
const names = existsSync(goldenDir) ? readdirSync(goldenDir).filter((name) => name.endsWith('.json')) : [];

interface Stage {
  readonly signature?: string;
  readonly same_as?: string;
}
interface Golden {
  readonly graph: string;
  readonly oid_prefix?: string;
  readonly partition?: { readonly partitions: number; readonly islands: number };
  readonly nodes?: readonly string[];
  readonly results: Readonly<Record<string, Readonly<Record<string, Stage>>>>;
}

type Item = Readonly<Record<string, unknown>>;
const resultOf = (text: string, steps: Steps): Item[] => {
  const parsed = JSON.parse([...takeSteps(text, steps).texts].join('')) as Item | Item[];
  return Array.isArray(parsed) ? parsed : [parsed];
};

function stepsTo(stage: 'lg' | 'pgt_partition' | 'pg', mode: string, golden: Golden): Steps {
  const { partition, nodes = [] } = golden;
  return {
    rmode: mode,
    isStepwise: true,
    ...(stage === 'lg' ? {} : { unroll: { oidPrefix: golden.oid_prefix ?? '1' } }),
    ...(stage === 'lg'
      ? {}
      : {
          partition: {
            algorithm: 'metis' as const,
            numPartitions: partition?.partitions ?? 1,
            numIslands: partition?.islands ?? 1,
          },
        }),
    ...(stage === 'pg' ? { map: { hosts: nodes, islands: partition?.islands ?? 1 } } : {}),
  };
}

// Nodes without a category cannot be read as a logical graph, which Weir says rather than signing them.
const UNREADABLE = ['h_unknown.json'];

describe.skipIf(names.length === 0)('signatures along the steps (needs ../shared)', () => {
  it.each(names.filter((name) => !UNREADABLE.includes(name)))('are those of the real system: %s', (name) => {
    const golden = JSON.parse(readFileSync(path.join(goldenDir, name), 'utf8')) as Golden;
    const text = readFileSync(path.join(shared, golden.graph), 'utf8');
    let compared = 0;
    for (const [mode, stages] of Object.entries(golden.results)) {
      if (mode === 'NOTHING' || mode === 'ALL') continue;
      for (const stage of ['lg', 'pgt_partition', 'pg'] as const) {
        const given = stages[stage];
        const wanted = given?.same_as === undefined ? given : golden.results[given.same_as]?.[stage];
        if (wanted?.signature === undefined) continue;
        const last = resultOf(text, stepsTo(stage, mode, golden)).at(-1);
        const reprodata = (stage === 'lg' ? last?.['reprodata'] : last) as Record<string, unknown>;
        expect({ mode, stage, ...(reprodata[mode] as object) }).toEqual({ mode, stage, signature: wanted.signature }); // prettier-ignore
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(0);
  });
});

/** Cyclic graphs have no signature, so the real system stops before. */
function hasUnrollStage(name: string): boolean {
  const golden = JSON.parse(readFileSync(path.join(goldenDir, name), 'utf8')) as Golden;
  const isUnrolled = Object.values(golden.results).some((stages) => stages['pgt_unroll'] !== undefined);
  return isUnrolled && !UNREADABLE.includes(name);
}

/** Stages that one command does without JSON between them: hashes of shared dictionaries and of filled-in types. */
describe.skipIf(names.length === 0)('signatures of steps in one go (needs ../shared)', () => {
  it.each(names.filter(hasUnrollStage))('are those of the real system: %s', (name) => {
    const golden = JSON.parse(readFileSync(path.join(goldenDir, name), 'utf8')) as Golden;
    const text = readFileSync(path.join(shared, golden.graph), 'utf8');
    const islands = golden.partition?.islands ?? 1;
    const stages: Readonly<Record<string, Steps>> = {
      pgt_unroll: {},
      pgt_partition_shared: {
        partition: {
          algorithm: 'metis',
          numPartitions: golden.partition?.partitions ?? 1,
          numIslands: islands,
        },
      },
    };
    let compared = 0;
    for (const [mode, results] of Object.entries(golden.results)) {
      if (mode === 'NOTHING' || mode === 'ALL') continue;
      for (const [stage, steps] of Object.entries(stages)) {
        const given = results[stage];
        const wanted = given?.same_as === undefined ? given : golden.results[given.same_as]?.[stage];
        if (wanted?.signature === undefined) continue;
        const unrolled = { rmode: mode, unroll: { oidPrefix: golden.oid_prefix ?? '1' } };
        const last = resultOf(text, { ...unrolled, ...steps }).at(-1);
        expect({ mode, stage, ...(last?.[mode] as object) }).toEqual({ mode, stage, signature: wanted.signature }); // prettier-ignore
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(0);
  });
});

const small = JSON.stringify(
  rawGraph(
    [app('a'), data('d'), scatter('s', 4), app('b', 's'), data('e', 's')],
    [link('a', 'd'), link('d', 'b'), link('b', 'e')],
  ),
);
const here: Steps = {
  unroll: { oidPrefix: 'X' },
  partition: { algorithm: 'metis', numPartitions: 1 },
  map: { islands: ['here'], nodes: ['here'] },
  dropsOnly: true,
};

describe('steps', () => {
  it('write one part drop by drop as they would write it from the whole graph', () => {
    const streamed = resultOf(small, here);
    const held = resultOf(small, { ...here, roots: true });
    expect(streamed).toEqual(held);
    expect(streamed.every((drop) => drop['node'] === 'here' && drop['island'] === 'here')).toBe(true);
    expect(takeSteps(small, { ...here, roots: true }).roots).toEqual(['X_a_0']);
  });

  it('put as many parts as there are on the nodes there are', () => {
    const { nodes, ...rest } = { nodes: ['one', 'two'], ...here };
    const stepped = takeSteps(small, {
      ...rest,
      partition: { algorithm: 'metis', numPartitions: 5, rules: 'corrected' },
      map: { islands: ['one'], nodes },
    });
    const drops = JSON.parse([...stepped.texts].join('')) as Item[];
    expect(stepped.sizes).toHaveLength(5);
    expect(new Set(drops.map((drop) => drop['node']))).toEqual(new Set(nodes));
  });

  it('sum up which logical drops are in which part', () => {
    const { outline, drops } = takeSteps(small, {
      ...here,
      partition: { algorithm: 'metis', numPartitions: 2, rules: 'corrected' },
      outline: { limit: 100 },
    });
    expect(outline?.nodes.map(({ id, count }) => [id, count])).toEqual(
      expect.arrayContaining([
        ['a', 1],
        ['b', 4],
        ['e', 4],
      ]),
    );
    const inParts = outline?.nodes.flatMap(({ parts }) => parts.map(([, count]) => count)) ?? [];
    expect(inParts.reduce((sum, count) => sum + count, 0)).toBe(drops);
    const at = (id: string): number => outline?.nodes.findIndex((node) => node.id === id) ?? -1;
    expect(outline?.edges).toContainEqual([at('b'), at('e'), 4]);
  });

  it('set values over the active configuration, by field', () => {
    const values = [
      { node: 's', field: 's.num_of_copies', value: 2 },
      { node: 'b', field: 'b.execution_time', value: 9 },
    ];
    const drops = resultOf(small, { ...here, values });
    expect(drops.filter((drop) => drop['lg_key'] === 'b').map((drop) => drop['weight'])).toEqual([9, 9]);
    expect(() => takeSteps(small, { ...here, values: [{ node: 'zz', field: 'x', value: 1 }] })).toThrow(
      /"zz"/,
    );
    expect(() => takeSteps(small, { ...here, values: [{ node: 'b', field: 'x', value: 1 }] })).toThrow(/"x"/);
    const strange = { configuration: { id: 'c', nodes: { zz: { fields: {} } } } };
    expect(() => takeSteps(small, { ...here, ...strange })).toThrow(/node zz/);
  });

  it('sign a graph that was signed with another mode anew', () => {
    const [rerun] = resultOf(small, { rmode: 'RERUN' });
    const [again] = resultOf(JSON.stringify(rerun), { rmode: 'REPRODUCE' });
    const [fresh] = resultOf(small, { rmode: 'REPRODUCE' });
    expect(again).toEqual(fresh);
  });

  it.each([
    ['a list where a logical graph must be', '[]', { parameters: {} }, /logical graph/],
    [
      'a logical graph where a list must be',
      small,
      { partition: { algorithm: 'metis' as const } },
      /list of drops/,
    ],
    ['text that is no JSON', '{', { unroll: { oidPrefix: 'X' } }, /JSON/],
    [
      'a palette',
      '{"modelData":{"fileType":"Palette"},"nodeDataArray":[]}',
      { unroll: { oidPrefix: 'X' } },
      /palette/,
    ],
  ])('refuse %s', (_what, text, steps, message) => {
    expect(() => takeSteps(text, steps)).toThrow(message);
  });
});
