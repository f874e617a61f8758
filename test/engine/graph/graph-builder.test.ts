import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphBuilder, layers, type PhysicalGraph } from '../../../engine/graph/index.ts';
import { InvalidGraphException } from '../../../engine/protocol/index.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'utf8'));
function build(...documents: readonly unknown[]): PhysicalGraph {
  const builder = new GraphBuilder();
  for (const document of documents)
    builder.add(bytes(typeof document === 'string' ? document : JSON.stringify(document)));
  return builder.finish();
}
const data = (oid: string, more: object = {}) => ({
  oid,
  categoryType: 'Data',
  dropclass: 'dlg.data.drops.memory.InMemoryDROP',
  ...more,
});
const app = (oid: string, more: object = {}) => ({
  oid,
  categoryType: 'Application',
  dropclass: 'dlg.apps.simple.CopyApp',
  ...more,
});

function complaint(...documents: readonly unknown[]): InvalidGraphException {
  try {
    build(...documents);
  } catch (error) {
    if (error instanceof InvalidGraphException) return error;
    throw error;
  }
  throw new Error('the graph was taken');
}

describe('a physical graph', () => {
  it('links drops whichever end mentions the link, and only once', () => {
    const graph = build([
      data('a', { consumers: [{ c: 'io' }] }),
      app('c', { inputs: ['a'], outputs: [{ b: 'out' }] }),
      data('b', { producers: ['c'] }),
    ]);
    expect(graph.consumers.targets(0)).toEqual([1]);
    expect(graph.outputs.targets(1)).toEqual([2]);
    expect(graph.consumers.size + graph.outputs.size).toBe(2);
    expect([0, 1, 2].filter((row) => graph.isRoot(row))).toEqual([0]);
    expect([0, 1, 2].filter((row) => graph.isLeaf(row))).toEqual([2]);
  });

  it('orders the inputs of an application by first mention over the whole document', () => {
    const graph = build([
      data('b', { consumers: ['c'] }),
      data('a', { consumers: ['c'] }),
      app('c', { inputs: ['a', 'b'] }),
    ]);
    expect(graph.consumers.sources(2).map((row) => graph.oid(row))).toEqual(['b', 'a']);
  });

  it('takes the trailing element with a truthy rmode, or an empty one, for reproducibility data', () => {
    expect(build([data('a'), { rmode: '4', signature: 'x' }]).reprodata).toEqual({
      rmode: '4',
      signature: 'x',
    });
    expect(build([data('a'), {}]).reprodata).toEqual({});
    expect(build([data('a'), {}]).count).toBe(1);
    expect(build([{}]).count).toBe(0);
  });

  it('reads the pair [name, list] of submit files, and the lone bracket of an empty list', () => {
    expect(build(['name', [data('a')]]).count).toBe(1);
    expect(build(']').count).toBe(0);
  });

  it('resolves class paths of every age', () => {
    const graph = build([
      { oid: 'a', categoryType: 'data', storage: 'Memory', dropclass: 'ignored.Here' },
      { oid: 'b', categoryType: 'data' },
      { oid: 'c', categoryType: 'app', dropclass: 'dfms.apps.simple.CopyApp' },
      { oid: 'd', categoryType: 'Container' },
      { oid: 'e', categoryType: 'socket' },
    ]);
    expect([0, 1, 2, 3, 4].map((row) => graph.classPath(row))).toEqual([
      'dlg.data.drops.memory.InMemoryDROP',
      'dlg.data.drops.file.FileDROP',
      'dlg.apps.simple.CopyApp',
      'dlg.data.drops.container.ContainerDROP',
      'dlg.apps.socket_listener.SocketListenerApp',
    ]);
    expect(graph.isApp(4)).toBe(true);
  });

  it('reads ids with escapes and of any script like any other', () => {
    const graph = build(
      '[{"oid":"a\\u00e9\\n","categoryType":"Data","dropclass":"x.Y","consumers":["\\u6c34"]},{"oid":"水","categoryType":"App","dropclass":"x.Z"}]',
    );
    expect([graph.oid(0), graph.oid(1)]).toEqual(['aé\n', '水']);
    expect(graph.consumers.targets(0)).toEqual([1]);
    expect(graph.rowOf('aé\n')).toBe(0);
  });

  it('reads NaN and Infinity as Python writes them', () => {
    const graph = build(
      '[{"oid":"a","categoryType":"Data","dropclass":"x.Y","v":NaN,"w":[-Infinity],"s":"NaN"}]',
    );
    expect(graph.spec(0)).toMatchObject({ v: null, w: [null], s: 'NaN' });
  });

  it('joins lists that were appended one after the other', () => {
    const graph = build([data('a', { consumers: [] })], [app('c')]);
    expect(graph.count).toBe(2);
    const builder = new GraphBuilder();
    builder.add(bytes(JSON.stringify([data('a', { consumers: ['c'] })])));
    builder.add(bytes(JSON.stringify([app('c')])));
    expect(builder.finish().consumers.targets(0)).toEqual([1]);
  });

  it('keeps an output to nowhere as a warning, since such graphs run on DALiuGE', () => {
    const graph = build([data('a'), app('c', { inputs: ['a'], outputs: ['ghost'] })]);
    expect(graph.columns.warnings).toEqual([expect.stringContaining('ghost')]);
  });

  it('gives every dropspec back as JSON.parse reads it', () => {
    const spec = fc.record({
      name: fc.string(),
      value: fc.jsonValue(),
      'odd key "': fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 8 }), (specs) => {
        const document = specs.map((one, i) => ({ ...data(`d${i}`), ...one }));
        // A key named like this inside a value is refused, which is tested elsewhere.
        fc.pre(!JSON.stringify(document).includes('__proto__'));
        const graph = build(document);
        document.forEach((one, row) => expect(graph.spec(row)).toEqual(JSON.parse(JSON.stringify(one))));
      }),
    );
  });

  it('notes the same of a drop whether it stands alone or among others that look like it', () => {
    const value = fc.oneof(
      fc.constantFrom<unknown>('', 'a', 'ab', 'é\n', null, 0, 1, 12, -1.5, true, [], {}, [1], { x: 'y' }),
      fc.jsonValue(),
    );
    const members = fc.record(
      {
        name: value,
        lg_key: value,
        node: fc.constantFrom('n1', 'n2', ''),
        storage: fc.constantFrom('File', 'Memory'),
        iid: value,
        value,
        consumers: fc.constantFrom([], null, undefined),
        rank: value,
        uid: fc.constantFrom('d', 'same', 'u'),
      },
      { requiredKeys: [] },
    );
    const spec = fc.tuple(fc.boolean(), members, fc.boolean());
    fc.assert(
      fc.property(fc.array(spec, { minLength: 2, maxLength: 12 }), fc.constantFrom(0, 1), (specs, indent) => {
        const document = specs.map(([isApp, { uid, ...more }, first], i) => {
          const oid = `d${i}`;
          const own = uid === undefined ? more : { ...more, uid: uid === 'same' ? oid : `${uid}${i}` };
          const kind = isApp ? app(oid) : data(oid);
          return first ? { ...own, ...kind } : { ...kind, ...own };
        });
        fc.pre(!JSON.stringify(document).includes('__proto__'));
        const together = build(JSON.stringify(document, null, indent));
        document.forEach((one, row) => {
          const alone = build(JSON.stringify([one], null, indent));
          const facts = (graph: PhysicalGraph, at: number) => [
            ...[graph.oid(at), graph.uid(at), graph.name(at), graph.lgKey(at), graph.node(at)],
            ...[graph.classPath(at), graph.isApp(at), graph.columns.kind[at]],
            Buffer.from(graph.specBytes(at)).toString('utf8'),
          ];
          expect(facts(together, row)).toEqual(facts(alone, 0));
          // A drop may be flagged for more than it says, never for less.
          const flags = alone.columns.flags[0] as number;
          expect((together.columns.flags[row] as number) & flags).toBe(flags);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('finds the byte that is wrong also in a drop that looks like those before it', () => {
    const text = JSON.stringify([data('a', { n: 1 }), data('b', { n: 2 }), data('c', { n: 3 })]);
    const from = text.indexOf('{"oid":"c"');
    for (let at = from; at < text.length; at++) {
      const broken = text.slice(0, at) + text.slice(at + 1);
      let isJson = true;
      try {
        JSON.parse(broken);
      } catch {
        isJson = false;
      }
      if (!isJson) expect(complaint(broken).code).toBe('GRAPH_NOT_JSON');
    }
  });

  it('puts every drop in a layer behind all that it waits for', () => {
    const graph = build([
      data('a', { consumers: ['x', 'y'] }),
      app('x', { outputs: ['b'] }),
      app('y', { inputs: ['b'] }),
      data('b'),
    ]);
    expect([...layers(graph)]).toEqual([0, 1, 3, 2]);
  });
});

describe('a graph that cannot be', () => {
  it.each([
    ['is not JSON', '[{"oid": "a", }]', 'GRAPH_NOT_JSON', /line 1, column 15/],
    ['is cut off', '[{"oid": "a", "name": "x', 'GRAPH_NOT_JSON', /drop a/],
    ['is an object', '{"a": 1}', 'GRAPH_NOT_JSON', /list of drops/],
    ['is empty', '', 'GRAPH_NOT_JSON', /empty/],
    ['has text after its end', '[] x', 'GRAPH_NOT_JSON', /"\["/],
    ['holds something that is no drop', [1], 'GRAPH_NOT_JSON', /element 1/],
    [
      'has a drop without oid',
      [{ categoryType: 'Data', dropclass: 'x.Y' }],
      'GRAPH_INVALID',
      /drop number 1.*"oid"/,
    ],
    ['has a drop without categoryType', [{ oid: 'f' }], 'GRAPH_INVALID', /drop f.*categoryType/],
    [
      'has an unknown categoryType',
      [{ oid: 'f', categoryType: 'Thing' }],
      'GRAPH_INVALID',
      /drop f.*"Thing"/,
    ],
    [
      'has an application without class',
      [{ oid: 'f', categoryType: 'Application' }],
      'GRAPH_INVALID',
      /drop f.*dropclass/,
    ],
    ['has two drops of one id', [data('a'), data('a')], 'GRAPH_DUPLICATE_OID', /"a"/],
    [
      'links to a drop that is not there',
      [data('a', { consumers: ['ghost'] })],
      'GRAPH_DANGLING_LINK',
      /a lists "ghost".*"consumers"/,
    ],
    [
      'links data to data',
      [data('a', { consumers: ['b'] }), data('b')],
      'RELATIONSHIP_INVALID',
      /a -> b.*data drops/,
    ],
    [
      'links applications to each other',
      [app('a', { outputs: ['b'] }), app('b')],
      'RELATIONSHIP_INVALID',
      /a -> b.*applications/,
    ],
    [
      'has a cycle',
      [data('a', { consumers: ['x'] }), app('x', { outputs: ['a'] })],
      'GRAPH_CYCLE',
      /a -> x -> a|x -> a -> x/,
    ],
    [
      'reaches for the prototype',
      '[{"oid":"a","categoryType":"Data","dropclass":"x.Y","__proto__":{"x":1}}]',
      'GRAPH_NOT_JSON',
      /drop a.*__proto__/,
    ],
    [
      'hides the prototype in an escape',
      '[{"oid":"a","x":{"\\u005f_proto__":1}}]',
      'GRAPH_NOT_JSON',
      /drop a.*__proto__/,
    ],
    [
      'has links of the wrong shape',
      [data('a', { consumers: 'b' })],
      'GRAPH_NOT_JSON',
      /drop a.*"consumers"/,
    ],
    [
      'is nested without end',
      `[{"oid":"a","x":${'['.repeat(100_000)}`,
      'GRAPH_NOT_JSON',
      /drop a.*nested deeper/,
    ],
  ])('because it %s says so and names the place', (_what, document, code, text) => {
    const error = complaint(document);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(text);
  });

  it('lists all of its problems at once, up to a limit', () => {
    const error = complaint(Array.from({ length: 100 }, (_, i) => ({ oid: `d${i}` })));
    expect((error.details['problems'] as unknown[]).length).toBe(20);
    expect(error.message).toMatch(/drop d0.*and 19 more problems/);
  });

  it('is never taken for a good one when a byte of it is lost', () => {
    const good = JSON.stringify([data('a', { consumers: ['c'], n: -1.5e3, t: [true, null, 'x'] }), app('c')]);
    fc.assert(
      fc.property(fc.nat(good.length - 1), (at) => {
        const broken = good.slice(0, at) + good.slice(at + 1);
        let isJson = true;
        try {
          JSON.parse(broken);
        } catch {
          isJson = false;
        }
        if (isJson) return;
        expect(complaint(broken).code).toBe('GRAPH_NOT_JSON');
      }),
    );
  });
});
