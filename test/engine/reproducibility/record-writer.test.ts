import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { APP_STATE_NAMES, DROPStates, EdgeTable } from '../../../engine/protocol/index.ts';
import {
  canonicalSignatures,
  ComparisonKeeper,
  type DropRecord,
  dropRecordLeaf,
  dropRecordText,
  MerkleLog,
  plainRoots,
  type RecordPage,
  type RecordSource,
  RecordStream,
  recordOfSpec,
  recordTileLines,
} from '../../../engine/reproducibility/index.ts';
import type { Any } from './golden.ts';

/** Values as most graphs have them, and such as nobody would think of. */
const name = fc.constantFrom('"n"', '"other"', '""', 'null', '7', '"ü"', '"a\\"b"', '"\\u0041"', '["x"]');
const drop = fc.record({
  kind: fc.constantFrom('app', 'data', 'odd'),
  name: fc.option(name, { nil: undefined }),
  iid: fc.option(fc.constantFrom('"0"', '"0-1"', '""', 'null', '3', '"ä"'), { nil: undefined }),
  rank: fc.constantFrom('[0]', '[1,2]', '[]', 'null'),
  parameter: fc.constantFrom('1', '"ü\\n"', '1.0', '{"value": 3, "name": "p"}', '12345678901234567890'),
  space: fc.constantFrom('', ' '),
  status: fc.constantFrom(DROPStates.COMPLETED, DROPStates.ERROR, DROPStates.EXPIRED),
  exec: fc.constantFrom(255, 2, 3),
  startedAt: fc.constantFrom(1764000000000.5, 0, NaN),
  finishedAt: fc.constantFrom(1764000000001, NaN),
  content: fc.option(fc.constantFrom('a'.repeat(64), 'b'.repeat(64)), { nil: undefined }),
  isTwice: fc.boolean(),
});
const sessions = fc.integer({ min: 1, max: 40 }).chain((count) =>
  fc.record({
    drops: fc.array(drop, { minLength: count, maxLength: count }),
    edges: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 60 }),
    ids: fc.constantFrom('d', 'ö', 'x"', 'y\\'),
  }),
);

const oidOf = (ids: string, row: number): string => (row % 3 === 0 ? `${ids}${row}` : `d${row}`);

function specText(ids: string, one: Any, row: number): string {
  const oid = JSON.stringify(oidOf(ids, row));
  const parts = [`"oid":${oid}`, `"categoryType":"${one.kind === 'app' ? 'Application' : 'Data'}"`];
  if (one.name !== undefined) parts.push(`"name":${one.space}${one.name}`);
  if (one.iid !== undefined) parts.push(`"iid":${one.iid}`);
  parts.push(`"rank":${one.rank}`, `"p":${one.parameter}`, `"category":"${one.kind}"`);
  if (one.isTwice) parts.push('"lg_key":"k"', '"name":"later"');
  return `{${parts.join(`,${one.space}`)}}`;
}

function made({ drops, edges, ids }: Any): { source: RecordSource; page: RecordPage; records: DropRecord[] } {
  const count = drops.length;
  const oids = drops.map((_: Any, row: number) => Buffer.from(oidOf(ids, row)));
  const offsets = new Uint32Array(count + 1);
  oids.forEach(({ length }: Buffer, i: number) => (offsets[i + 1] = (offsets[i] as number) + length));
  const tables = { consumers: new EdgeTable(), streaming: new EdgeTable(), outputs: new EdgeTable() };
  const isApp = Uint8Array.from(drops, (one: Any) => (one.kind === 'app' ? 1 : 0));
  for (const [a, b] of edges) {
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    const table = isApp[to] === 1 ? tables.consumers : tables.outputs;
    if (from !== to && !table.has(from, to)) table.add(from, to);
  }
  const contents = new Map<number, string>();
  drops.forEach((one: Any, row: number) => one.content !== undefined && contents.set(row, one.content));
  const texts: string[] = drops.map((one: Any, row: number) => specText(ids, one, row));
  const bytes = texts.map((text) => Buffer.from(text));
  let at = 0;
  const column = (key: string): number[] => drops.map((one: Any) => one[key]);
  const source: RecordSource = {
    ...{ sessionId: 's', node: 'here', environmentSha256: 'e', rmode: 'ALL', contents, isApp },
    oids: { bytes: Buffer.concat(oids), offsets },
    classId: Uint16Array.from(isApp),
    classes: ['a.Data', 'a.App'],
    isHashedClass: Uint8Array.of(1, 0),
    consumers: tables.consumers.export(),
    streaming: tables.streaming.export(),
    outputs: tables.outputs.export(),
    wantsSignatures: true,
  };
  const page: RecordPage = {
    firstRow: 0,
    specs: {
      text: Buffer.concat(bytes),
      start: Uint32Array.from(bytes, ({ length }) => (at += length) - length),
      length: Uint32Array.from(bytes, ({ length }) => length),
    },
    status: Uint8Array.from(column('status')),
    exec: Uint8Array.from(column('exec')),
    startedAt: Float64Array.from(column('startedAt')),
    finishedAt: Float64Array.from(column('finishedAt')),
    rows: new Uint32Array(0),
    records: { bytes: new Uint8Array(0), offsets: new Uint32Array(1) },
  };
  const records = drops.map((one: Any, row: number) => {
    const app = isApp[row] === 1;
    const inputs = (app ? tables.consumers : tables.outputs).sources(row);
    return recordOfSpec(JSON.parse(texts[row] as string), source, {
      classPath: source.classes[app ? 1 : 0] as string,
      isApp: app,
      status: one.status,
      ...(app && one.exec !== 255 && { execStatus: APP_STATE_NAMES[one.exec] as string }),
      startedAtMs: one.startedAt,
      finishedAtMs: one.finishedAt,
      inputs: inputs.map((input) => ({ oid: oidOf(ids, input), sha256: contents.get(input) ?? null })),
      content: null,
      code: {},
      upstream: plainRoots('ALL', one.status, !app),
    });
  });
  return { source, page, records };
}

describe('records that follow from specification and state, written by form', () => {
  it('are those that the one function for all records makes, whatever stands in the specifications', () => {
    fc.assert(
      fc.property(sessions, (session) => {
        const { source, page, records } = made(session);
        const texts = records.map(dropRecordText);
        const stream = new RecordStream(source);
        expect(stream.texts(page)).toEqual(texts);
        const tiles = stream.add(page);
        expect(tiles.flatMap(recordTileLines)).toEqual(texts);
        const tree = stream.finish();
        expect(Buffer.from(tree.root)).toEqual(MerkleLog.of(texts.map(dropRecordLeaf)).root());
        expect(tree.canonicalSignatures).toEqual(canonicalSignatures(records));
        const keeper = new ComparisonKeeper(texts.length);
        for (const text of texts) keeper.add(text);
        const edges = {
          consumers: EdgeTable.import(source.consumers),
          streaming: EdgeTable.import(source.streaming),
          outputs: EdgeTable.import(source.outputs),
        };
        expect(Buffer.from(tree.comparison)).toEqual(
          Buffer.from(keeper.finish(source.oids, source.isApp, edges)),
        );
      }),
      { numRuns: 150 },
    );
  });
});
