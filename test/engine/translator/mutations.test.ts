/** Real graphs, broken in the ways people break them: each is refused with its reason and the place. */
import { describe, expect, it } from 'vitest';
import { checkLogicalGraph, takeSteps, TranslatorError } from '../../../engine/translator/index.ts';
import { hasGolden, readGraphText, type Loose } from './golden.ts';

type Break = (graph: Loose) => { nodeId?: string; link?: number; fieldName?: string };

const node = (graph: Loose, category: string): Loose =>
  graph.nodeDataArray.find((n: Loose) => n.category === category);
const setCount =
  (category: string, field: string, value: unknown): Break =>
  (graph) => {
    const found = node(graph, category);
    for (const f of found.fields) if (f.name === field) f.value = value;
    return { nodeId: found.id, fieldName: field };
  };
const withoutFlag =
  (flag: string): Break =>
  (graph) => {
    const loop = node(graph, 'Loop');
    for (const n of graph.nodeDataArray)
      if (n.parentId === loop.id) n.fields = n.fields.filter((f: Loose) => f.name !== flag);
    return { nodeId: loop.id, fieldName: flag };
  };

const LOOP = 'syn_loop_in_scatter';
const GATHER = 'syn_scatter_nested';
const REAL = 'tr_cont_img_mvp';

const cases: [what: string, graph: string, change: Break, reason: string][] = [
  ['no copies', GATHER, setCount('Scatter', 'num_of_copies', 0), 'count-not-positive'],
  ['no copies, as text', GATHER, setCount('Scatter', 'num_of_copies', '0'), 'count-not-positive'],
  ['fewer than no copies', GATHER, setCount('Scatter', 'num_of_copies', -3), 'count-not-positive'],
  ['copies that are no number', GATHER, setCount('Scatter', 'num_of_copies', 'ten'), 'count-not-integer'],
  ['copies that are a fraction', GATHER, setCount('Scatter', 'num_of_copies', '2.5'), 'count-not-integer'],
  ['copies that are a list', GATHER, setCount('Scatter', 'num_of_copies', [3]), 'count-not-integer'],
  ['copies without value', GATHER, setCount('Scatter', 'num_of_copies', null), 'count-not-integer'],
  ['more copies than can be', GATHER, setCount('Scatter', 'num_of_copies', 1e15), 'too-many-drops'],
  [
    'more copies than numbers hold',
    GATHER,
    setCount('Scatter', 'num_of_copies', '9'.repeat(40)),
    'too-many-drops',
  ],
  ['more iterations than can be', LOOP, setCount('Loop', 'num_of_iter', 4_000_000_000), 'too-many-drops'],
  ['iterations that are no number', LOOP, setCount('Loop', 'num_of_iter', 'forever'), 'count-not-integer'],
  ['a width of nothing', GATHER, setCount('Gather', 'num_of_inputs', 0), 'count-not-positive'],
  ['a loop without a start', LOOP, withoutFlag('group_start'), 'loop-needs-start-and-end'],
  ['a loop without an exit', LOOP, withoutFlag('group_end'), 'loop-needs-start-and-end'],
  [
    'a gather nothing leads to',
    GATHER,
    (graph) => {
      const gather = node(graph, 'Gather');
      graph.linkDataArray = graph.linkDataArray.filter((l: Loose) => l.to !== gather.id);
      return { nodeId: gather.id };
    },
    'gather-without-input',
  ],
  [
    'a link from a component that was deleted',
    REAL,
    (graph) => {
      const { from } = graph.linkDataArray[0];
      graph.nodeDataArray = graph.nodeDataArray.filter((n: Loose) => n.id !== from);
      return { link: 0 };
    },
    'link-unknown-node',
  ],
  [
    'a link to a port that was deleted',
    GATHER,
    (graph) => {
      const apps = new Set(
        graph.nodeDataArray.filter((n: Loose) => n.categoryType === 'Application').map((n: Loose) => n.id),
      );
      const link = graph.linkDataArray.findIndex((l: Loose) => apps.has(l.from));
      graph.linkDataArray[link].fromPort = 'gone';
      return { link, fieldName: 'fromPort' };
    },
    'link-unknown-port',
  ],
  [
    'half a link',
    REAL,
    (graph) => {
      delete graph.linkDataArray[2].to;
      return { link: 2 };
    },
    'link-malformed',
  ],
  [
    'a category nobody knows',
    REAL,
    (graph) => {
      const found = graph.nodeDataArray.find((n: Loose) => n.categoryType === 'Application');
      found.category = 'Teapot';
      delete found.categoryType;
      return { nodeId: found.id, fieldName: 'category' };
    },
    'category-unknown',
  ],
  [
    'a construct nobody knows',
    GATHER,
    (graph) => {
      const found = node(graph, 'Scatter');
      found.category = 'Teapot';
      found.inputApplicationType = 'None';
      return { nodeId: found.id };
    },
    'unknown-group-kind',
  ],
  [
    'two components of one id',
    REAL,
    (graph) => {
      const [first, second] = graph.nodeDataArray;
      second.id = first.id;
      return { nodeId: first.id };
    },
    'node-id-duplicate',
  ],
  [
    'a construct inside itself',
    GATHER,
    (graph) => {
      const found = node(graph, 'Scatter');
      found.parentId = found.id;
      return { nodeId: found.id };
    },
    'parent-cycle',
  ],
  [
    'a component whose fields were cut off',
    REAL,
    (graph) => {
      const found = graph.nodeDataArray[3];
      found.fields = 'half';
      return { nodeId: found.id, fieldName: 'fields' };
    },
    'field-malformed',
  ],
  [
    'a negative execution time',
    REAL,
    (graph) => {
      const found = graph.nodeDataArray.find(
        (n: Loose) =>
          n.fields.some((f: Loose) => f.name === 'execution_time') && n.categoryType === 'Application',
      );
      for (const f of found.fields) if (f.name === 'execution_time') f.value = -1;
      return { nodeId: found.id, fieldName: 'execution_time' };
    },
    'negative-execution-time',
  ],
];

describe.skipIf(!hasGolden)(
  'a real graph that was broken is refused with the place (needs ../shared)',
  () => {
    it.each(cases)('%s', (_what, name, change, reason) => {
      const graph: Loose = JSON.parse(readGraphText(name));
      const place = change(graph);
      const text = JSON.stringify(graph);
      let found: unknown;
      try {
        takeSteps(text, { unroll: { oidPrefix: 'X' } });
      } catch (error) {
        found = error;
      }
      expect(found).toBeInstanceOf(TranslatorError);
      const error = found as TranslatorError;
      expect(error.reason, error.message).toBe(reason);
      expect(error.place).toMatchObject(place);
      expect(error.message).toMatch(/^Expected .+ found .+/s);
      // The validator finds the same, and goes on looking.
      expect(checkLogicalGraph(graph).map((p) => p.reason)).toContain(reason);
    });

    it.each([
      ['cut in half', (text: string) => text.slice(0, text.length / 2), /not JSON/],
      ['empty', () => '', /JSON/],
      ['a web page', () => '<html></html>', /JSON/],
      ['a number', () => '7', /logical graph/],
      ['without nodes', () => '{"nodeDataArray":[],"linkDataArray":[],"modelData":{}}', /at least one node/],
      [
        'without links',
        () => '{"nodeDataArray":[{"id":"a","name":"a","category":"Memory"}],"modelData":{}}',
        undefined,
      ],
    ])('%s', (_what, change, message) => {
      const attempt = (): unknown => takeSteps(change(readGraphText(REAL)), { unroll: { oidPrefix: 'X' } });
      if (message === undefined) expect(attempt).not.toThrow();
      else expect(attempt).toThrow(message);
    });

    it('waits for itself: told when it is unrolled, refused with the drops when it is divided', () => {
      const text = readGraphText('syn_cycle');
      const warnings: string[] = [];
      const warn = (w: { reason: string }): void => void warnings.push(w.reason);
      takeSteps(text, { unroll: { oidPrefix: 'X' } }, { warn });
      expect(warnings).toContain('cycle');
      expect(() =>
        takeSteps(text, { unroll: { oidPrefix: 'X' }, partition: { algorithm: 'metis', numPartitions: 2 } }),
      ).toThrow(/without cycles, found \d+ drops that wait for each other/);
    });
  },
);
