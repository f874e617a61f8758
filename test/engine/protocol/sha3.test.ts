import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sha3 } from '../../../engine/protocol/index.ts';

const expected = (bytes: Uint8Array): string => createHash('sha3-256').update(bytes).digest('hex');

test('no bytes have the digest that FIPS 202 gives', () => {
  expect(new Sha3().hex()).toBe('a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a');
});

test('every length around the block size has the digest of OpenSSL', () => {
  for (let length = 0; length <= 300; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 131 + length) & 0xff);
    expect(new Sha3().update(bytes).hex()).toBe(expected(bytes));
  }
});

test('bytes that come in pieces have the digest of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 }), (pieces) => {
      const hash = new Sha3();
      for (const piece of pieces) hash.update(piece);
      expect(hash.hex()).toBe(expected(Buffer.concat(pieces)));
    }),
  );
});
