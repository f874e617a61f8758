import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatClock,
  formatDateTime,
  formatDuration,
  formatShare,
  formatWhen,
  NOTHING,
  spanMs,
} from '../../renderer/format.ts';

describe('durations', () => {
  it.each([
    [0, '0 ms'],
    [0.421, '0.421 ms'],
    [310.4, '310 ms'],
    [999.7, '1.00 s'],
    [4230, '4.23 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min 00 s'],
    [187_000, '3 min 07 s'],
    [7_500_000, '2 h 05 min'],
    [86_400_000 * 3 + 4 * 3_600_000, '3 d 4 h'],
  ])('%d ms is "%s"', (durationMs, text) => expect(formatDuration(durationMs)).toBe(text));

  it('that are not known are a dash', () => expect(formatDuration(null)).toBe(NOTHING));

  it('run until now while there is no end, and are never negative', () => {
    expect(spanMs(100, null, 350)).toBe(250);
    expect(spanMs(100, 180, 350)).toBe(80);
    expect(spanMs(400, null, 350)).toBe(0);
    expect(spanMs(null, null, 350)).toBeNull();
  });
});

describe('sizes', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1 kB'],
    [3_612, '3.61 kB'],
    [999_600, '1 MB'],
    [2_147_483_648, '2.15 GB'],
  ])('%d is "%s"', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it('that are not known are a dash', () => expect(formatBytes(null)).toBe(NOTHING));
});

describe('shares', () => {
  it('never round up to all, nor down to nothing', () => {
    expect(formatShare(999_999, 1_000_000)).toBe('99%');
    expect(formatShare(1, 1_000_000)).toBe('<1%');
    expect(formatShare(5, 5)).toBe('100%');
    expect(formatShare(0, 0)).toBe('0%');
  });
});

describe('times', () => {
  const noon = new Date(2026, 10, 25, 12, 0).getTime();
  it('are as short as they can be understood', () => {
    expect(formatWhen(noon - 3_600_000, noon)).toMatch(/^11:00/);
    expect(formatWhen(noon - 20 * 3_600_000, noon)).toMatch(/^yesterday, /);
    expect(formatWhen(new Date(2026, 2, 3, 8, 5).getTime(), noon)).toMatch(/Mar 3/);
    expect(formatWhen(new Date(2024, 2, 3).getTime(), noon)).toMatch(/2024/);
  });

  it('that have not come are a dash', () => {
    expect(formatDateTime(null)).toBe(NOTHING);
    expect(formatClock(null)).toBe(NOTHING);
  });

  it('of events show milliseconds', () => {
    expect(formatClock(new Date(2026, 10, 25, 9, 5, 7, 42).getTime())).toBe('09:05:07.042');
  });
});
