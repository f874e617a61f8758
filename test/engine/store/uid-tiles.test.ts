import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortByHash } from '../../../engine/store/uid-tiles.ts';
import { dropBatch, newSession, open, plainDrops } from './helpers.ts';

const NO_CHECKS = { byDrop: false, byField: false };

describe('finding a drop of a large session by its uid', () => {
  it('gives every drop, and none for a uid there is not, with tiles as without', async () => {
    const store = await open();
    const key = await store.createSession(newSession('a'));
    const drops = plainDrops(17_000);
    await store.addDrops(key, dropBatch(drops));
    const rows = [0, 1, 1023, 1024, 4095, 4096, 9999, 16_383, 16_384, 16_999];
    const found = async () =>
      Promise.all(
        [...rows.map((row) => drops[row]?.uid ?? ''), 'nobody', ''].map((uid) => store.dropByUid(key, uid)),
      );
    const before = await found();
    expect(before.map((drop) => drop?.row)).toEqual([...rows, undefined, undefined]);
    await store.indexUids(key);
    expect(await found()).toEqual(before);
    // Made again, they are the same.
    await store.indexUids(key);
    expect(await found()).toEqual(before);
    const { hashes } = await store.sealedBlocks(key, 'uids', -1, 100, NO_CHECKS);
    expect(hashes).toHaveLength(Math.ceil(17_000 / 4096) * 32);
    expect((await store.sealedBlocks(key, 'uids', -1, 100, NO_CHECKS)).last).toBeNull();
  });

  it('sorts rows by hash in both ways alike, equal hashes by row', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 0xffffffff })), { maxLength: 200 }),
        (list) => {
          const all = Uint32Array.from(list);
          const narrow = sortByHash(all, false);
          expect(sortByHash(all, true)).toEqual(narrow);
          const expected = [...list.entries()].sort(([i, a], [j, b]) => a - b || i - j);
          expect([...narrow.rows]).toEqual(expected.map(([row]) => row));
          expect([...narrow.hashes]).toEqual(expected.map(([, hash]) => hash));
        },
      ),
    );
  });
});
