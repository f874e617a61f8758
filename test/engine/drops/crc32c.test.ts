import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../engine/drops/index.ts';

/** The definition: one bit at a time. */
function bitwise(data: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of data) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  }
  return ~c >>> 0;
}

describe('CRC-32C', () => {
  it.each([
    ['the check value of the standard', Buffer.from('123456789'), 3808858755],
    ['32 bytes of zeros (RFC 3720)', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones (RFC 3720)', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['nothing', Buffer.alloc(0), 0],
  ])('of %s is right', (_what, data, expected) => {
    expect(crc32c(data)).toBe(expected);
  });

  it('is right for any length and any place in memory, in one piece or in several', () => {
    const memory = new Uint8Array(400).map((_, i) => (i * 2654435761) >>> 11);
    for (let from = 0; from < 5; from++)
      for (let length = 0; length < 300; length += 1 + (length % 7)) {
        const data = memory.subarray(from, from + length);
        const expected = bitwise(data);
        expect(crc32c(data)).toBe(expected);
        const cut = Math.floor(length / 3);
        expect(crc32c(data.subarray(cut), crc32c(data.subarray(0, cut)))).toBe(expected);
      }
  });
});
