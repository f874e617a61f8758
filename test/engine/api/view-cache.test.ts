import { describe, expect, it } from 'vitest';
import { ViewCache } from '../../../engine/api/view-cache.ts';
import type { View } from '../../../engine/graph/index.ts';
import type { SessionRow, Store } from '../../../engine/store/index.ts';

/** A cache over a parser that counts what it draws. */
function cache(fails = false) {
  const drawn: string[] = [];
  const store = {
    graph: (key: number) => Promise.resolve([{ bytes: Uint8Array.of(key) }]),
  } as unknown as Store;
  const view = (bytes: Uint8Array): Promise<View> => {
    drawn.push(String(bytes[0]));
    return fails ? Promise.reject(new Error('damaged')) : Promise.resolve({} as View);
  };
  return { drawn, views: new ViewCache(store, { view }) };
}
const session = (key: number, drops = 10): SessionRow => ({ key, drops }) as SessionRow;

describe('drawings of graphs', () => {
  it('are made once for each session, size, kind and limit', async () => {
    const { drawn, views } = cache();
    const first = await views.get(session(1), true, 100);
    expect(await views.get(session(1), true, 100)).toBe(first);
    await views.get(session(1), false, 100);
    await views.get(session(1, 20), true, 100);
    expect(drawn).toEqual(['1', '1', '1']);
  });

  it('are kept for the few that were looked at last, and not for what is gone', async () => {
    const { drawn, views } = cache();
    for (const key of [1, 2, 3, 4, 1, 5, 1]) await views.get(session(key), true, 100);
    expect(drawn).toEqual(['1', '2', '3', '4', '5']);
    await views.get(session(2), true, 100);
    views.forget(1);
    await views.get(session(1), true, 100);
    expect(drawn).toEqual(['1', '2', '3', '4', '5', '2', '1']);
  });

  it('that failed are tried again', async () => {
    const { drawn, views } = cache(true);
    await expect(views.get(session(1), true, 100)).rejects.toThrow('damaged');
    await expect(views.get(session(1), true, 100)).rejects.toThrow('damaged');
    expect(drawn).toEqual(['1', '1']);
  });
});
