import { describe, expect, it } from 'vitest';
import {
  byClass,
  differingModes,
  isAnythingRecorded,
  missingSides,
  textOfField,
  type ModeComparison,
} from '../../renderer/data/comparison-view.ts';

const NONE = { verdict: 'not recorded', same: null, a: null, b: null } as const;
const SAME = { verdict: 'match', same: true, a: 'x', b: 'x' } as const;
const OTHER = { verdict: 'differs', same: false, a: 'x', b: 'y' } as const;
const mode = (own: typeof NONE | typeof SAME | typeof OTHER, canonical: ModeComparison['canonical']) => ({
  ...own,
  canonical,
  differing: [],
  affected: 0,
  excused: 0,
});
const alignment = { byId: 0, byLogicalId: 0, byStructure: 0, removed: [], added: [] };

describe('a comparison as it is shown', () => {
  it('counts a mode as differing by either signature, and never by a missing one', () => {
    const rmodes = { RERUN: mode(SAME, SAME), REPEAT: mode(SAME, OTHER), REPRODUCE: mode(NONE, NONE) };
    expect(differingModes({ rmodes, alignment })).toEqual(['REPEAT']);
  });

  it('knows when nothing can be said', () => {
    expect(isAnythingRecorded({ rmodes: { RERUN: mode(NONE, NONE) }, alignment })).toBe(false);
    expect(isAnythingRecorded({ rmodes: { RERUN: mode(NONE, SAME) }, alignment })).toBe(true);
  });

  it('names the sides without a signature', () => {
    expect(missingSides(SAME)).toBeUndefined();
    expect(missingSides({ a: null, b: 'x' })).toBe('a');
    expect(missingSides({ a: 'x', b: null })).toBe('b');
    expect(missingSides(NONE)).toBe('both');
  });

  it('groups fields by class in one order, and leaves out time, which never counts', () => {
    const field = (cls: string, name: string) => ({ class: cls, name });
    const groups = byClass([
      field('outcome', 'content'),
      field('time', 'started'),
      field('code', 'command'),
      field('outcome', 'size'),
      field('a class of the future', 'x'),
    ]);
    expect(groups.map(([cls, fields]) => [cls, fields.length])).toEqual([
      ['code', 1],
      ['outcome', 2],
      ['a class of the future', 1],
    ]);
  });

  it('tells a field that is absent from one that is null', () => {
    expect(textOfField(undefined)).toBeUndefined();
    expect(textOfField(null)).toBe('null');
    expect(textOfField('a "b"')).toBe('a "b"');
    expect(textOfField({ a: [1] })).toBe('{"a":[1]}');
  });
});
