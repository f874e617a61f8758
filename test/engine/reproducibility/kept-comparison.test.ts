import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { EdgeTable } from '../../../engine/protocol/index.ts';
import {
  canonicalSignatures,
  compareKept,
  ComparisonKeeper,
  compareSides,
  differingRows,
  type DropRecord,
  dropRecordText,
  type KeptComparison,
  readKeptComparison,
  recordTopology,
  sideOfRecords,
} from '../../../engine/reproducibility/index.ts';
import { chain, record } from './fixtures.ts';

/** What is kept of records whose drops feed one another as their inputs say. */
function kept(records: readonly DropRecord[]): KeptComparison {
  const keeper = new ComparisonKeeper(records.length);
  const edges = { consumers: new EdgeTable(), streaming: new EdgeTable(), outputs: new EdgeTable() };
  const rowOf = new Map(records.map(({ drop }, row) => [drop.oid, row]));
  const isApp = Uint8Array.from(records, ({ drop }) => (drop.categoryType === 'Application' ? 1 : 0));
  for (const [row, item] of records.entries()) {
    keeper.add(dropRecordText(item));
    for (const { oid } of item.inputs)
      edges[isApp[row] === 1 ? 'consumers' : 'outputs'].add(rowOf.get(oid) ?? 0, row);
  }
  const oids = records.map(({ drop }) => Buffer.from(drop.oid));
  const offsets = new Uint32Array(records.length + 1);
  oids.forEach(({ length }, i) => (offsets[i + 1] = (offsets[i] ?? 0) + length));
  const read = readKeptComparison(keeper.finish({ bytes: Buffer.concat(oids), offsets }, isApp, edges));
  if (!read) throw new Error('what was written cannot be read');
  return read;
}

const side = (records: readonly DropRecord[], rows: readonly number[]) => {
  const signatures = canonicalSignatures(records);
  const some = rows.map((row) => records[row] as DropRecord);
  return { records: some, signatures, canonicalSignatures: signatures };
};
const whole = (records: readonly DropRecord[]) => {
  const signatures = canonicalSignatures(records);
  return sideOfRecords(records, recordTopology(records), signatures, signatures);
};
/** The same run at another time. */
const again = (records: readonly DropRecord[]): DropRecord[] =>
  records.map((item) => ({
    ...item,
    sessionId: 'again',
    timing: { startedAtMs: 5, finishedAtMs: 6 },
  }));

describe('comparing by hashes that were kept', () => {
  it('finds nothing between a run and the same run at another time', () => {
    const records = chain(600);
    expect(differingRows(kept(records), kept(again(records)))).toEqual([]);
  });

  it('does not look at where a result was taken over from', () => {
    const records = chain(3);
    const reused = again(records).map((item) => ({ ...item, reusedFrom: { sessionId: 'a"', oid: 'b\\' } }));
    expect(differingRows(kept(records), kept(reused))).toEqual([]);
    const named = records.map((item) => ({
      ...item,
      parameters: { ',"sessionId":"': ',"sessionId":"', x: 1 },
    }));
    const other = named.map((item) => ({ ...item, parameters: { ...item.parameters, x: 2 } }));
    expect(differingRows(kept(named), kept(other))).toEqual([0, 1, 2]);
  });

  it('says what comparing all records says', () => {
    const count = 40;
    const change = fc.record({
      row: fc.nat(count - 1),
      kind: fc.constantFrom('parameter', 'outcome', 'code', 'environment'),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 5 }), (changes) => {
        const records = chain(count);
        const changed = again(records);
        for (const { row, kind } of changes) {
          const item = changed[row] as DropRecord;
          if (kind === 'parameter') changed[row] = { ...item, parameters: { sleep: 9 } };
          else if (kind === 'outcome') changed[row] = { ...item, outcome: { status: 'ERROR', exitCode: 3 } };
          else if (kind === 'code') changed[row] = { ...item, code: { command: 'other' } };
          else changed[row] = { ...item, environmentSha256: 'e'.repeat(64) };
        }
        const [a, b] = [kept(records), kept(changed)];
        const rows = differingRows(a, b) ?? [];
        expect(rows).toEqual([...new Set(changes.map(({ row }) => row))].sort((x, y) => x - y));
        const options = { marksFor: 'RECOMPUTE', maxListed: 3 } as const;
        expect(compareKept(a, rows, side(records, rows), side(changed, rows), options)).toEqual(
          compareSides(whole(records), whole(changed), options),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('tells sessions of another structure, and bytes that are something else', () => {
    const records = chain(6);
    const other = [...records];
    other[5] = record(5, { inputs: [{ oid: '1_n0_0', sha256: null }] });
    expect(differingRows(kept(records), kept(other))).toBeUndefined();
    expect(differingRows(kept(records), kept(chain(7)))).toBeUndefined();
    expect(readKeptComparison(undefined)).toBeUndefined();
    expect(readKeptComparison(new Uint8Array(100))).toBeUndefined();
    expect(readKeptComparison(Buffer.from(`weircmp1${'x'.repeat(80)}`))).toBeUndefined();
  });
});
