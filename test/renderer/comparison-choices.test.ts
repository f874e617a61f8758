import { describe, expect, it } from 'vitest';
import {
  comparatorsOf,
  comparatorsText,
  comparisonAsText,
  describeComparator,
  groupsOf,
  isEqualAsChosen,
  isNumeric,
  pinsOf,
  pinsText,
  withComparator,
} from '../../renderer/data/comparison-choices.ts';
import type { ModeComparison } from '../../renderer/data/comparison-view.ts';

const DIFFERS = { verdict: 'differs', same: false, a: 'x', b: 'y' } as const;
const mode = (change: Partial<ModeComparison> = {}): ModeComparison => ({
  ...DIFFERS,
  canonical: DIFFERS,
  differing: [],
  affected: 0,
  excused: 0,
  ...change,
});

describe('choices in an address', () => {
  it('come back as they were, with any character in names', () => {
    const comparators = withComparator(withComparator([], 'a "b", ü', 'ignore'), 'solint', 0.01);
    expect(comparatorsOf({ as: comparatorsText(comparators) })).toEqual(comparators);
    const pins = [['1_a_0', '2,b']] as [string, string][];
    expect(pinsOf({ pins: pinsText(pins) })).toEqual(pins);
    expect(comparatorsText([])).toBe('');
  });

  it('are none where somebody shortened or made up the address', () => {
    expect(comparatorsOf({ as: '[["a"' })).toEqual([]);
    expect(comparatorsOf({ as: '[[1,2],["x",7],["y",null],"z"]' })).toEqual([{ field: 'y', as: 'ignore' }]);
    expect(pinsOf({ pins: '{"a":1}' })).toEqual([]);
    expect(pinsOf({ pins: '[["a"]]' })).toEqual([]);
  });

  it('are one for each field, and go when it is compared exactly again', () => {
    const once = withComparator([], 'f', 'ignore');
    expect(withComparator(once, 'f', 0.1)).toEqual([{ field: 'f', as: 'within', relative: 0.1 }]);
    expect(withComparator(once, 'f', undefined)).toEqual([]);
    expect(describeComparator({ field: 'f', as: 'within', relative: 0.0001 })).toBe(
      'f: numbers within 0.01%',
    );
  });
});

describe('a tolerance', () => {
  it('is offered for numbers only, also where they are texts', () => {
    expect(isNumeric({ a: 1, b: '2.5' })).toBe(true);
    expect(isNumeric({ a: 1, b: 'two' })).toBe(false);
    expect(isNumeric({ a: 1, b: undefined })).toBe(false);
    expect(isNumeric({ a: ' ', b: 1 })).toBe(false);
  });

  it('makes sessions equal as chosen only where something was let pass and nothing else differs', () => {
    expect(isEqualAsChosen(mode({ excused: 2 }))).toBe(true);
    expect(isEqualAsChosen(mode())).toBe(false);
    const same = { verdict: 'match', same: true } as const;
    expect(isEqualAsChosen(mode({ ...same, canonical: { ...DIFFERS, ...same }, excused: 1 }))).toBe(false);
  });
});

describe('a comparison as text', () => {
  it('has the verdicts of both signatures, the causes with their fields, and what was chosen', () => {
    const differing = [
      {
        a: '1_a_0',
        b: '1_a_0',
        name: 'Calibrate',
        isFirst: true,
        fields: [{ class: 'parameter', name: 'solint', a: 30, b: 60 }],
      },
    ];
    const text = comparisonAsText(
      'first',
      'second',
      {
        rmodes: { REPEAT: mode({ differing, affected: 3 }) },
        alignment: { byId: 1, byLogicalId: 0, byStructure: 0, removed: ['gone'], added: [] },
      },
      { comparators: [{ field: 'host', as: 'ignore' }] },
    );
    expect(text).toContain('REPEAT: DALiuGE differs, Weir differs');
    expect(text).toContain('First cause: Calibrate (1_a_0 | 1_a_0)');
    expect(text).toContain('parameter, solint: 30 | 60');
    expect(text).toContain('host: not compared');
    expect(text).toContain('Only in A: gone');
  });
});

describe('groups of equal signatures', () => {
  it('are letters in the order of the sessions; what was not recorded equals nothing', () => {
    expect(groupsOf(['x', null, 'y', 'x', null])).toEqual(['A', undefined, 'B', 'A', undefined]);
    const many = groupsOf(Array.from({ length: 28 }, (_, i) => String(i)));
    expect(many.slice(25)).toEqual(['Z', 'AA', 'AB']);
  });
});
