import { describe, expect, it } from 'vitest';
import {
  canonicalSignatures,
  comparatorsAsFunction,
  compareSides,
  DropMark,
  isWithin,
  recordTopology,
  sideOfRecords,
  type ComparisonSide,
  type DropRecord,
} from '../../../engine/reproducibility/index.ts';
import { chain, record } from './fixtures.ts';

function side(records: readonly DropRecord[]): ComparisonSide {
  const signatures = canonicalSignatures(records);
  return sideOfRecords(records, recordTopology(records), signatures, signatures);
}

/** A chain of eight in which one application sleeps a little longer. */
function slower(sleep: number): DropRecord[] {
  const records = chain(8);
  records[3] = record(3, { parameters: { sleep, label: '"3"' } });
  return records;
}

describe('a choice of how values are compared', () => {
  it('takes numbers for equal within a part of the larger one, also inside lists and as texts', () => {
    expect(isWithin(100, 101, 0.01)).toBe(true);
    expect(isWithin(100, 103, 0.01)).toBe(false);
    expect(isWithin(-1, 1, 0.01)).toBe(false);
    expect(isWithin('1.00', '1.001', 0.01)).toBe(true);
    expect(isWithin('', '0', 0.01)).toBe(false);
    expect(isWithin({ a: [1, 'x'] }, { a: [1.001, 'x'] }, 0.01)).toBe(true);
    expect(isWithin({ a: 1 }, { b: 1 }, 0.01)).toBe(false);
    expect(isWithin([1], { 0: 1 }, 0.01)).toBe(false);
  });

  it('lets a field pass that it ignores, and says that it did', () => {
    const isEqual = comparatorsAsFunction([{ field: 'sleep', as: 'ignore' }]);
    const { REPEAT, RERUN } = compareSides(side(chain(8)), side(slower(2)), {
      ...(isEqual && { isEqual }),
    }).rmodes;
    expect(REPEAT).toMatchObject({ verdict: 'differs', same: false, differing: [], affected: 0, excused: 1 });
    expect(RERUN).toMatchObject({ verdict: 'match', excused: 0 });
  });

  it('never turns a difference of signatures into a match', () => {
    const isEqual = comparatorsAsFunction([{ field: 'sleep', as: 'within', relative: 0.05 }]);
    const { REPEAT } = compareSides(side(chain(8)), side(slower(1.01)), {
      ...(isEqual && { isEqual }),
    }).rmodes;
    expect(REPEAT).toMatchObject({ verdict: 'differs', canonical: { verdict: 'differs' }, excused: 1 });
  });

  it('is nothing where nothing was chosen', () => {
    expect(comparatorsAsFunction([])).toBeUndefined();
  });
});

describe('pinning two drops', () => {
  it('pairs them whatever their ids say, and passes over ids that are not there', () => {
    const renamed = chain(3);
    renamed[0] = record(0, {
      drop: { ...record(0).drop, oid: 'other', lgKey: 'else', name: 'first' },
    });
    const free = compareSides(side(chain(3)), side(renamed));
    expect(free.alignment).toMatchObject({ removed: ['1_n0_0'], added: ['other'] });
    const pinned = compareSides(side(chain(3)), side(renamed), {
      pins: [
        ['1_n0_0', 'other'],
        ['nowhere', '1_n1_0'],
      ],
    });
    expect(pinned.alignment).toMatchObject({ removed: [], added: [] });
  });
});

describe('the marks of a comparison', () => {
  it('say of every drop whether it is the same, a cause, or after one', () => {
    const { marks } = compareSides(side(chain(6)), side(slower(2).slice(0, 6)), { marksFor: 'REPEAT' });
    const { SAME, CAUSE, AFFECTED } = DropMark;
    expect([...(marks?.ofA ?? [])]).toEqual([SAME, SAME, SAME, CAUSE, AFFECTED, AFFECTED]);
    expect([...(marks?.partnerOfA ?? [])]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('say that a drop has no partner', () => {
    const { marks } = compareSides(side(chain(6)), side(chain(5)), { marksFor: 'RERUN' });
    expect(marks?.ofA[5]).toBe(DropMark.ONLY_HERE);
    expect(marks?.partnerOfA[5]).toBe(-1);
  });

  it('are not made where nobody asked', () => {
    expect(compareSides(side(chain(2)), side(chain(2))).marks).toBeUndefined();
  });
});
