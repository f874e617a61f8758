import { describe, expect, it } from 'vitest';
import { MAX_SPACER_PX, rowsInView, scrollTopFor } from '../../renderer/components/virtual-window.ts';

const view = (scrollTop: number, total: number) => ({ scrollTop, viewHeight: 640, rowHeight: 32, total });

describe('rows in view', () => {
  it('are those at the scroll position, with some around them', () => {
    expect(rowsInView(view(3200, 1000), 5)).toEqual({
      first: 95,
      end: 125,
      offsetPx: 95 * 32,
      spacerPx: 32_000,
    });
  });

  it('are all of a short list', () => {
    expect(rowsInView(view(0, 3))).toEqual({ first: 0, end: 3, offsetPx: 0, spacerPx: 96 });
  });

  it('are none of an empty list', () => {
    expect(rowsInView(view(0, 0))).toMatchObject({ first: 0, end: 0, spacerPx: 0 });
  });

  it.each([1_000_000, 25_000_000])('reach from the first to the last of %d rows', (total) => {
    const top = rowsInView(view(0, total));
    expect(top).toMatchObject({ first: 0, offsetPx: 0, spacerPx: MAX_SPACER_PX });
    const bottom = rowsInView(view(MAX_SPACER_PX - 640, total));
    expect(bottom.end).toBe(total);
    // The last row ends where the spacer does.
    expect(bottom.offsetPx + (bottom.end - bottom.first) * 32).toBeCloseTo(MAX_SPACER_PX, 3);
  });

  it('cover the view at every position of a very long list', () => {
    for (let scrollTop = 0; scrollTop < MAX_SPACER_PX - 640; scrollTop += 123_457) {
      const { first, end, offsetPx } = rowsInView(view(scrollTop, 1_000_000));
      expect(offsetPx).toBeLessThanOrEqual(scrollTop + 1e-6);
      expect(offsetPx + (end - first) * 32).toBeGreaterThanOrEqual(scrollTop + 640 - 1e-6);
    }
  });
});

describe('scrolling to a row', () => {
  it('stays where the row is in view already', () => expect(scrollTopFor(105, view(3200, 1000))).toBe(3200));

  it('moves as little as it must', () => {
    expect(scrollTopFor(99, view(3200, 1000))).toBe(99 * 32);
    expect(scrollTopFor(120, view(3200, 1000))).toBe(121 * 32 - 640);
  });

  it.each([0, 1, 12_345, 500_000, 999_999])('brings row %d of a million into view', (index) => {
    const scrollTop = scrollTopFor(index, view(4_000_000, 1_000_000));
    const { first, end, offsetPx } = rowsInView(view(scrollTop, 1_000_000), 0);
    expect(first).toBeLessThanOrEqual(index);
    expect(end).toBeGreaterThan(index);
    const top = offsetPx + (index - first) * 32;
    expect(top).toBeGreaterThanOrEqual(scrollTop - 0.01);
    expect(top + 32).toBeLessThanOrEqual(scrollTop + 640.01);
  });
});
