import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DROPStates } from '../../../engine/protocol/index.ts';
import {
  ALL_RMODES,
  commitRuntimeData,
  contentReproduceData,
  EMPTY_DATA_HASH,
  graphReproData,
  initLgReproData,
  initLgtReproData,
  initPgReproData,
  initPgtPartitionReproData,
  initPgtUnrollReproData,
  initRuntimeReproData,
  formatReprodataOut,
  NODES_KEY,
  parsePythonJson,
  ReproducibilityFlags,
  type RModeName,
  SessionSigning,
  storeRuntimeData,
  stringifyPythonJson,
} from '../../../engine/reproducibility/index.ts';
import type { Any } from './golden.ts';

const throughJson = (value: unknown): Any => parsePythonJson(stringifyPythonJson(value));

const drop = fc.record(
  {
    isData: fc.boolean(),
    category: fc.constantFrom('File', 'Memory', 'PythonApp', 'Odd'),
    iid: fc.constantFrom('0', '0-1', '0/0'),
    rank: fc.option(fc.array(fc.nat(2), { maxLength: 2 }), { nil: undefined }),
    execution_time: fc.constantFrom('5', '5.0', '"5"', '1e22', 'null'),
    dropclass: fc.constantFrom('a.B', 'c.D'),
    filepath: fc.option(fc.constantFrom('f', 'ü'), { nil: undefined }),
    node: fc.constantFrom('localhost', 'other'),
    name: fc.constantFrom('plain', 'other', 'ä', 'a"b', ''),
    loop_ctx: fc.constantFrom(null, '0', 1),
    ports: fc.constantFrom([], [{ name: 'io', oid: 'x0', direction: 'input' }]),
  },
  { requiredKeys: ['isData', 'category', 'execution_time', 'node'] },
);
const graphs = fc.integer({ min: 1, max: 24 }).chain((count) =>
  fc.record({
    drops: fc.array(drop, { minLength: count, maxLength: count }),
    edges: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 24 }),
  }),
);

/** Texts of drops, as somebody may write a physical graph by hand: edges lead from lower to higher rows. */
function texts({ drops, edges }: Any): string[] {
  return drops.map((one: Any, row: number) => {
    const { isData, execution_time: time, ...rest } = one;
    const targets = edges
      .filter(([a, b]: [number, number]) => a !== b && Math.min(a, b) === row)
      .map(([a, b]: [number, number], i: number) =>
        i % 3 === 2 ? `x${Math.max(a, b)}` : { [`x${Math.max(a, b)}`]: 'io' },
      );
    const spec = {
      oid: `x${row}`,
      categoryType: isData ? 'Data' : 'Application',
      storage: rest.category,
      island: 'here',
      ...rest,
      [isData ? 'consumers' : 'outputs']: targets,
    };
    return `${stringifyPythonJson(spec).slice(0, -1)}, "execution_time": ${time}}`;
  });
}

/** The file as the session makes it, pages and all. */
function signed(
  specs: readonly string[],
  reprodata: string,
  isBare: boolean,
): { text: string; signatures: Any } {
  const signing = new SessionSigning({ drops: specs.length, reprodata, isBare });
  const page = Math.ceil(specs.length / 2);
  for (let from = 0; from < specs.length; from += page) {
    const bytes = specs.slice(from, from + page).map((text) => Buffer.from(text));
    let at = 0;
    signing.addSpecs({
      text: Buffer.concat(bytes),
      start: Uint32Array.from(bytes, ({ length }) => (at += length) - length),
      length: Uint32Array.from(bytes, ({ length }) => length),
    });
  }
  signing.begin();
  const isHashed = specs.map((text) => (text.includes('"categoryType": "Data"') ? 1 : 0));
  signing.ended({
    rows: Uint32Array.from(specs, (_, row) => row),
    status: new Uint8Array(specs.length).fill(DROPStates.COMPLETED),
    isHashed: Uint8Array.from(isHashed),
    commits: new Map(),
  });
  const { signatures } = signing.finish();
  const pages = [signing.document(0, page)];
  if (specs.length > page) pages.push(signing.document(page, page));
  return { text: Buffer.concat(pages).toString(), signatures };
}

/** What the stage functions make of drops that went through the stage `pg`. */
function expected(drops: Any[], repro: Any, mode: RModeName): { text: string; signatures: Any } {
  for (const one of drops)
    storeRuntimeData(
      one,
      commitRuntimeData(mode, {
        status: DROPStates.COMPLETED,
        ...(one.categoryType === 'Data' && { reproduceData: contentReproduceData(EMPTY_DATA_HASH) }),
      }),
    );
  const graph = new Map<string, Any>(drops.map((one) => [one.oid, one]));
  initRuntimeReproData(graph, repro);
  const modes = mode === 'ALL' ? ALL_RMODES : [mode];
  return {
    text: formatReprodataOut(graph, repro),
    signatures: Object.fromEntries(modes.map((name) => [name, repro[name].signature])),
  };
}

const modes = fc.constantFrom<RModeName>('ALL', 'RERUN', 'RECOMPUTE', 'REPRODUCE', 'REPLICATE_TOTAL');

describe('signing a session whose drops carry no reproducibility data', () => {
  it('takes each drop for a logical node of its own, and lets RERUN see who depends on whom', () => {
    fc.assert(
      fc.property(graphs, modes, (graph, mode) => {
        const specs = texts(graph);
        const drops = specs.map((text) => parsePythonJson(text) as Any);
        const lg: Any = {
          nodeDataArray: drops.map((one) => ({
            id: one.oid,
            category: one.category,
            categoryType: one.categoryType,
            fields: Object.entries(one).map(([name, value]) => ({ name, value })),
          })),
          linkDataArray: [],
        };
        initLgReproData(initLgtReproData(lg, String(ReproducibilityFlags[mode])));
        drops.forEach((one, i) => (one.reprodata = lg.nodeDataArray[i].reprodata));
        // With this id DALiuGE lets RERUN pass on what it knows.
        for (const one of drops) if (one.iid !== undefined) one.iid = '0/0';
        initPgtUnrollReproData([...drops, lg.reprodata]);
        initPgReproData([...drops, lg.reprodata]);
        const want = expected(throughJson(drops), throughJson(lg.reprodata), mode);
        const found = signed(specs, stringifyPythonJson(graphReproData(mode)), true);
        expect(found.signatures).toEqual(want.signatures);
        expect(found.text.replaceAll(/"iid": "[^"]*"/g, '"iid": "0/0"')).toBe(want.text);
      }),
      { numRuns: 60 },
    );
  });

  it('takes the data of logical nodes that the trailing element holds once for all', () => {
    fc.assert(
      fc.property(graphs, modes, (graph, mode) => {
        const specs = texts({ ...graph, drops: graph.drops.map((one) => ({ ...one, node: 'localhost' })) });
        const lg: Any = {
          nodeDataArray: ['Data', 'Application'].map((categoryType) => ({
            id: categoryType,
            categoryType,
            category: 'X',
            fields: [{ name: 'num_cpus', value: 1 }],
          })),
          linkDataArray: [{ from: 'Data', to: 'Application' }],
        };
        initLgReproData(initLgtReproData(lg, String(ReproducibilityFlags[mode])));
        const nodes = lg.nodeDataArray.map((node: Any) => node.reprodata);
        const nodeOf = (one: Any): number => (one.categoryType === 'Data' ? 0 : 1);
        const drops = specs.map((text) => {
          const one = parsePythonJson(text) as Any;
          return { ...one, node: '#0', island: '#0', reprodata: throughJson(nodes[nodeOf(one)]) };
        });
        initPgtPartitionReproData([...drops, lg.reprodata]);
        const placed = drops.map((one) => ({ ...one, node: 'localhost', island: 'here' }));
        initPgReproData([...placed, lg.reprodata]);
        const want = expected(throughJson(placed), throughJson(lg.reprodata), mode);
        const bare = specs.map((text) => {
          const one = parsePythonJson(text) as Any;
          const { oid, categoryType, storage, island, ...rest } = one;
          return stringifyPythonJson({
            ...{ oid, categoryType, storage, island, ...rest },
            reprodata: { node: nodeOf(one) },
          });
        });
        const trailer = stringifyPythonJson({ ...graphReproData(mode), [NODES_KEY]: nodes });
        const found = signed(bare, trailer, false);
        expect(found.signatures).toEqual(want.signatures);
        expect(found.text).toBe(want.text);
      }),
      { numRuns: 60 },
    );
  });
});
