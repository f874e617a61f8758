import { describe, expect, it } from 'vitest';
import { HostError } from '../../renderer/data/errors.ts';
import { PagedRows, type FetchPage } from '../../renderer/data/paged-rows.ts';

/** A list of `total` numbers whose answers the test releases itself. */
function source(total: number, scale = 1) {
  const asked: number[] = [];
  const waiting: (() => void)[] = [];
  const fetch: FetchPage<number> = (offset, limit) => {
    asked.push(offset);
    return new Promise((resolve) => {
      waiting.push(() =>
        resolve({
          items: Array.from({ length: Math.min(limit, total - offset) }, (_, i) => (offset + i) * scale),
          total,
        }),
      );
    });
  };
  const answer = async (): Promise<void> => {
    for (const release of waiting.splice(0)) release();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { fetch, asked, answer };
}

function setUp(total = 1000) {
  const first = source(total);
  let changes = 0;
  const rows = new PagedRows<number>(first.fetch, () => changes++);
  return { rows, ...first, changes: () => changes };
}

describe('a long list in pages', () => {
  it('fetches the pages in view, each once, and gives their rows', async () => {
    const { rows, asked, answer, fetch } = setUp();
    rows.query(fetch);
    await answer();
    rows.show(150, 450);
    rows.show(160, 460);
    expect(asked).toEqual([0, 200, 400]);
    expect(rows.at(450)).toBeUndefined();
    await answer();
    expect(rows.at(450)).toBe(450);
    expect(rows.total).toBe(1000);
  });

  it('keeps what is shown until the first answer to a new query', async () => {
    const { rows, answer, fetch } = setUp();
    rows.query(fetch);
    await answer();
    const other = source(10, 7);
    rows.query(other.fetch);
    expect(rows.at(3)).toBe(3);
    expect(rows.isLoaded).toBe(false);
    await other.answer();
    expect(rows.at(3)).toBe(21);
    expect(rows.total).toBe(10);
  });

  it('throws away an answer to an older query', async () => {
    const { rows, answer, fetch } = setUp();
    rows.query(fetch);
    const other = source(10, 7);
    rows.query(other.fetch);
    await other.answer();
    await answer();
    expect(rows.at(3)).toBe(21);
    expect(rows.total).toBe(10);
  });

  it('shows old rows while a refresh is under way', async () => {
    const { rows, asked, answer, fetch } = setUp();
    rows.query(fetch);
    await answer();
    rows.show(0, 30);
    rows.refresh();
    expect(asked).toEqual([0, 0]);
    expect(rows.at(5)).toBe(5);
  });

  it('patches the rows it holds', async () => {
    const { rows, answer, fetch, changes } = setUp();
    rows.query(fetch);
    await answer();
    const before = changes();
    rows.patch((row) => (row === 4 ? -1 : row));
    expect(rows.at(4)).toBe(-1);
    expect(rows.at(5)).toBe(5);
    expect(changes()).toBe(before + 1);
  });

  it('holds forty pages at most, and fetches a page again that it gave back', async () => {
    const { rows, asked, answer, fetch } = setUp(100_000);
    rows.query(fetch);
    await answer();
    for (let page = 1; page <= 60; page++) {
      rows.show(page * 200, page * 200 + 20);
      await answer();
    }
    expect(rows.at(60 * 200)).toBe(12_000);
    expect(rows.at(0)).toBeUndefined();
    rows.show(0, 20);
    expect(asked.at(-1)).toBe(0);
  });

  it('keeps the error of a page that could not be fetched', async () => {
    const rows = new PagedRows<number>(
      () => Promise.reject(new HostError('STORE_FAILED', 'The history cannot be read.')),
      () => undefined,
    );
    rows.refresh();
    await new Promise((resolve) => setTimeout(resolve));
    expect(rows.error).toMatchObject({ code: 'STORE_FAILED', message: 'The history cannot be read.' });
  });
});
