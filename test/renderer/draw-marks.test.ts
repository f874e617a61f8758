import { describe, expect, it } from 'vitest';
import { describeMarks, needsAttention, overallMark, type Marks } from '../../renderer/graph/draw-marks.ts';

const marks = (change: Partial<Marks>): Marks => ({
  same: 0,
  cause: 0,
  affected: 0,
  onlyA: 0,
  onlyB: 0,
  ...change,
});

describe('a node of a comparison', () => {
  it('looks like what is looked for: causes before what one side has alone, before what follows, before the same', () => {
    expect(overallMark(marks({ same: 900, affected: 99, onlyB: 2, cause: 1 }))).toBe('cause');
    expect(overallMark(marks({ same: 900, affected: 99, onlyB: 2 }))).toBe('onlyB');
    expect(overallMark(marks({ same: 900, affected: 99 }))).toBe('affected');
    expect(overallMark(marks({ same: 900 }))).toBe('same');
    expect(overallMark(marks({}))).toBe('same');
  });

  it('is pointed at from outside the view when it is a cause or stands alone, not when it only follows', () => {
    expect(needsAttention(marks({ cause: 1, same: 5 }))).toBe(true);
    expect(needsAttention(marks({ onlyA: 1 }))).toBe(true);
    expect(needsAttention(marks({ affected: 7 }))).toBe(false);
  });

  it('is said in words with its numbers', () => {
    expect(describeMarks(marks({ same: 1200, cause: 1 }))).toBe('First cause 1, Same 1,200');
  });
});
