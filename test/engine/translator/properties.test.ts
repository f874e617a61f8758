import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkLogicalGraph,
  leavesOf,
  partition,
  readLogicalGraph,
  rootsOf,
  TranslatorError,
  unroll,
  unrollJson,
} from '../../../engine/translator/index.ts';
import type { JsonObject } from '../../../engine/protocol/index.ts';
import { app, data, gather, graphOf, link, loop, scatter } from './graphs.ts';

/** A pipeline in nested Scatters and Loops: what it is made of, and how many drops that must give. */
interface Built {
  readonly nodes: JsonObject[];
  readonly links: JsonObject[];
  readonly drops: number;
}

type Shape =
  | { readonly kind: 'step' }
  | { readonly kind: 'scatter' | 'loop'; readonly copies: number; readonly inside: Shape[] };

const shape = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constant<Shape>({ kind: 'step' }),
    fc.record({
      kind: fc.constantFrom('scatter' as const, 'loop' as const),
      copies: fc.integer({ min: 1, max: 3 }),
      inside: fc.array(tie('shape'), { minLength: 1, maxLength: 2 }),
    }),
  ),
})).shape;

/** Chains of application and data; what goes into a construct starts from the data before it. */
function build(shapes: readonly Shape[]): Built {
  const nodes: JsonObject[] = [];
  const links: JsonObject[] = [];
  let drops = 0;
  let counter = 0;
  const walk = (
    list: readonly Shape[],
    parent: string | undefined,
    copies: number,
    before: string | undefined,
  ): void => {
    let last = before;
    for (const item of list) {
      const id = `n${counter++}`;
      if (item.kind === 'step') {
        nodes.push(app(`${id}a`, parent), data(`${id}d`, parent));
        links.push(link(`${id}a`, `${id}d`));
        if (last !== undefined) links.push(link(last, `${id}a`));
        last = `${id}d`;
        drops += 2 * copies;
        continue;
      }
      const inner = copies * item.copies;
      if (item.kind === 'scatter') {
        nodes.push(scatter(id, item.copies, parent));
        walk(item.inside, id, inner, last);
        continue;
      }
      nodes.push(
        loop(id, item.copies, parent),
        app(`${id}s`, id, { group_start: true }),
        data(`${id}e`, id, { group_end: true }),
      );
      links.push(link(`${id}s`, `${id}e`));
      if (last !== undefined) links.push(link(last, `${id}s`, { loop_aware: '1' }));
      drops += 2 * inner;
      walk(item.inside, id, inner, `${id}e`);
    }
  };
  walk(shapes, undefined, 1, undefined);
  return { nodes, links, drops };
}

function pairs(drops: readonly JsonObject[], keys: readonly string[], isForward: boolean): string[] {
  const found: string[] = [];
  for (const drop of drops) {
    for (const key of keys) {
      for (const entry of (drop[key] ?? []) as readonly (JsonObject | string)[]) {
        const other = typeof entry === 'string' ? entry : (Object.keys(entry)[0] ?? '');
        const own = drop['oid'] as string;
        found.push(isForward ? `${own}>${other}` : `${other}>${own}`);
      }
    }
  }
  return found.sort();
}

/** Heaviest antichain of a small set of drops, by trying the drops one after the other. */
function widest(size: number, reach: readonly boolean[][]): number {
  let best = 0;
  const go = (at: number, chosen: number[]): void => {
    if (chosen.length + size - at <= best) return;
    if (at === size) {
      best = chosen.length;
      return;
    }
    if (chosen.every((c) => reach[c]?.[at] !== true && reach[at]?.[c] !== true)) go(at + 1, [...chosen, at]);
    go(at + 1, chosen);
  };
  go(0, []);
  return best;
}

const graphs = fc.array(shape, { minLength: 1, maxLength: 3 }).map(build);

describe('any nested graph', () => {
  it('has as many drops as its copies multiply to, mirrored relations and no repetitions', () => {
    fc.assert(
      fc.property(graphs, ({ nodes, links, drops }) => {
        const pgt = unroll(graphOf(nodes, links), { oidPrefix: 'S' });
        expect(pgt).toHaveLength(drops + 1);
        const list = pgt.slice(0, -1);
        expect(new Set(list.map((d) => d['oid'])).size).toBe(drops);
        const forward = pairs(list, ['outputs', 'consumers'], true);
        expect(pairs(list, ['inputs', 'producers'], false)).toEqual(forward);
        expect(new Set(forward).size).toBe(forward.length);
        for (const drop of list) {
          expect(drop['iid']).toBe((drop['rank'] as number[]).join('-'));
          expect(drop['oid']).toBe(`S_${String(drop['lg_key'] as string)}_${String(drop['iid'] as string)}`);
        }
        expect(rootsOf(pgt).length).toBeGreaterThan(0);
        expect(leavesOf(pgt).length).toBeGreaterThan(0);
      }),
      { numRuns: 150 },
    );
  });

  it('is the same as text and as objects', () => {
    fc.assert(
      fc.property(graphs, fc.integer({ min: 1, max: 5000 }), ({ nodes, links }, piece) => {
        const graph = graphOf(
          [...nodes, scatter('gs', 4), data('gp', 'gs'), gather('g', 3)],
          [...links, link('gp', 'g')],
        );
        const text = [...unrollJson(graph, { oidPrefix: 'S"\\' }, piece)].join('');
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(unroll(graph, { oidPrefix: 'S"\\' }))));
      }),
      { numRuns: 60 },
    );
  });

  it('is partitioned whole: every drop once, within the parallelism allowed, the same each time', () => {
    fc.assert(
      fc.property(
        graphs,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        ({ nodes, links }, cpu, parts) => {
          const pgt = unroll(graphOf(nodes, links), { oidPrefix: 'S' });
          const size = pgt.length - 1;
          for (const algorithm of ['metis', 'mysarkar', 'min_num_parts', 'measured', 'none'] as const) {
            const options = { algorithm, max_cpu: cpu, numPartitions: parts };
            const found = partition(pgt, options);
            expect(found.pgt).toHaveLength(size + 1);
            for (const drop of found.pgt.slice(0, -1)) {
              expect(drop['node']).toMatch(/^#\d+$/);
              expect(drop['island']).toBe('#0');
            }
            expect(found.pgt.map((d) => d['oid'])).toEqual(pgt.map((d) => d['oid']));
            expect(partition(pgt, options).part).toEqual(found.part);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('keeps the antichain of every edge-zeroing partition within max_cpu', () => {
    fc.assert(
      fc.property(graphs, fc.integer({ min: 1, max: 3 }), ({ nodes, links }, cpu) => {
        const pgt = unroll(graphOf(nodes, links), { oidPrefix: 'S' }).slice(0, -1);
        fc.pre(pgt.length <= 60);
        const { part } = partition(pgt, { algorithm: 'mysarkar', max_cpu: cpu, numPartitions: pgt.length });
        const index = new Map(pgt.map((d, i) => [d['oid'] as string, i]));
        const reach = pgt.map(() => pgt.map(() => false));
        for (const pair of pairs(pgt, ['outputs', 'consumers'], true)) {
          const [a = '', b = ''] = pair.split('>');
          const row = reach[index.get(a) ?? 0];
          if (row !== undefined) row[index.get(b) ?? 0] = true;
        }
        for (let k = 0; k < pgt.length; k++) {
          for (const row of reach) {
            if (row[k] !== true) continue;
            reach[k]?.forEach((r, j) => {
              if (r) row[j] = true;
            });
          }
        }
        for (const p of new Set(part)) {
          const members = [...part.keys()].filter((i) => part[i] === p);
          if (members.length > 18) continue;
          const sub = members.map((i) => members.map((j) => reach[i]?.[j] === true));
          expect(widest(members.length, sub)).toBeLessThanOrEqual(cpu);
        }
      }),
      { numRuns: 80 },
    );
  });
});

describe('any JSON at all', () => {
  it('is read or refused with a reason, never with a crash', () => {
    const messy = fc.oneof(
      fc.jsonValue(),
      fc.record({
        modelData: fc.oneof(fc.jsonValue(), fc.constant({})),
        nodeDataArray: fc.array(
          fc.oneof(
            fc.jsonValue(),
            fc.record(
              {
                id: fc.constantFrom('a', 'b', 'c', 1),
                name: fc.oneof(fc.string(), fc.jsonValue()),
                category: fc.constantFrom(
                  'Scatter',
                  'Gather',
                  'Loop',
                  'GroupBy',
                  'MKN',
                  'SubGraph',
                  'Memory',
                  'PythonApp',
                  'Mpi',
                  'Service',
                  'ExclusiveForceNode',
                  'Start',
                ),
                isGroup: fc.boolean(),
                parentId: fc.constantFrom('a', 'b', 'c'),
                inputApplicationType: fc.constantFrom('PythonApp', 'None'),
                outputApplicationType: fc.constantFrom('PythonApp', 'None'),
                fields: fc.array(
                  fc.record({
                    id: fc.constantFrom('p', 'q'),
                    name: fc.constantFrom(
                      'num_of_copies',
                      'num_of_iter',
                      'group_start',
                      'group_end',
                      'group_key',
                      'oid',
                      'category',
                      'weight',
                      'rank',
                    ),
                    value: fc.oneof(fc.jsonValue(), fc.integer({ min: -1, max: 3 })),
                    usage: fc.constantFrom('InputPort', 'OutputPort', 'InputOutput', 'NoPort'),
                  }),
                  { maxLength: 4 },
                ),
              },
              { requiredKeys: [] },
            ),
          ),
          { maxLength: 5 },
        ),
        linkDataArray: fc.array(
          fc.record({
            from: fc.constantFrom('a', 'b', 'c'),
            to: fc.constantFrom('a', 'b', 'c'),
            fromPort: fc.constantFrom('p', 'q'),
            toPort: fc.constantFrom('p', 'q'),
            loop_aware: fc.constantFrom('0', '1', true),
          }),
          { maxLength: 4 },
        ),
      }),
    );
    fc.assert(
      fc.property(messy, fc.constantFrom('daliuge' as const, 'corrected' as const), (json, rules) => {
        const problems = checkLogicalGraph(json, { rules, maxDrops: 1000 });
        const hasErrors = problems.some((p) => p.severity === 'error');
        try {
          const pgt = unroll(readLogicalGraph(json), { oidPrefix: 'S', rules, maxDrops: 1000 });
          expect(hasErrors).toBe(false);
          const drops = pgt.slice(0, -1);
          expect(pairs(drops, ['inputs', 'producers'], false)).toEqual(
            pairs(drops, ['outputs', 'consumers'], true),
          );
        } catch (error) {
          if (!(error instanceof TranslatorError)) throw error;
          expect(hasErrors).toBe(true);
        }
      }),
      { numRuns: 1500 },
    );
  });
});
