import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Sha3Arena } from '../../../engine/reproducibility/index.ts';

const sha3 = (...parts: (Uint8Array | string)[]): string => {
  const hash = createHash('sha3-256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};
const ONE = Uint8Array.of(1);
const ZERO = Uint8Array.of(0);
const raw = (hex: string): Buffer => Buffer.from(hex, 'hex');

describe.each([
  ['two at a time', true],
  ['one at a time', false],
])('hashes that were put off, computed %s', (_, pairs) => {
  it('are those of node:crypto, whatever was put off and however much', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ isNode: fc.boolean(), a: fc.nat(9), b: fc.nat(9) }), { maxLength: 40 }),
        (jobs) => {
          const arena = new Sha3Arena({ pairs });
          const digests = Array.from({ length: 10 }, (_unused, i) => arena.leafText(`text ${i}`));
          const outs = jobs.map(({ isNode, a, b }) => {
            const [left, right, out] = [digests[a] as number, digests[b] as number, arena.place()];
            if (isNode) arena.addNode(left, right, out);
            else arena.addLeafHex(left, out);
            return out;
          });
          arena.runJobs();
          const hexes = digests.map((digest) => arena.hex(digest));
          jobs.forEach(({ isNode, a, b }, i) => {
            const [left, right] = [hexes[a] as string, hexes[b] as string];
            expect(arena.hex(outs[i] as number)).toBe(
              isNode ? sha3(ONE, raw(left), raw(right)) : sha3(ZERO, left),
            );
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('survive that the memory grows between them', () => {
    const arena = new Sha3Arena({ pairs });
    const [left, right] = [arena.leafText('left'), arena.leafText('right')];
    const [first, second] = [arena.place(), arena.place()];
    arena.addNode(left, right, first);
    arena.room(1 << 22);
    arena.addLeafHex(left, second);
    arena.runJobs();
    expect(arena.hex(first)).toBe(sha3(ONE, raw(arena.hex(left)), raw(arena.hex(right))));
    expect(arena.hex(second)).toBe(sha3(ZERO, arena.hex(left)));
  });

  it.each([0, 1, 3, 5000])('are written as text among %i other texts', (count) => {
    const arena = new Sha3Arena({ pairs });
    const digest = arena.leafText('digest');
    const piece = arena.room(8);
    arena.writeText('piece...', piece);
    const to = arena.room(count * 80 + 64);
    arena.beginTexts(to);
    let expected = '';
    for (let i = 0; i < count; i++) {
      const size = i % 9;
      arena.addText(piece, size);
      arena.addHex(digest);
      expected += 'piece...'.slice(0, size) + arena.hex(digest);
    }
    const end = arena.endTexts();
    expect(Buffer.from(arena.read(to, end - to)).toString('latin1')).toBe(expected);
  });

  it.each([1, 2, 3, 7, 2500])('give the root over %i leaves', (count) => {
    const arena = new Sha3Arena({ pairs });
    const leaves = Array.from({ length: count }, (_unused, i) => arena.leafText(String(i)));
    const want = arena.hex(arena.root([...leaves]));
    const out = arena.place();
    arena.rootInto(leaves, out, arena.room(32 * count));
    expect(arena.hex(out)).toBe(want);
  });
});
