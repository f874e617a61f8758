import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha3Hasher } from '../../../engine/protocol/index.ts';

test('no bytes have the digest that FIPS 202 gives', () => {
  expect(sha3Hasher(false).digest()).toBe('a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a');
});

test('bytes that come in pieces have one digest, in OpenSSL and without it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.string()), { maxLength: 8 }),
      (pieces) => {
        const [native, portable] = [sha3Hasher(true), sha3Hasher(false)];
        for (const piece of pieces) {
          native.update(piece);
          portable.update(piece);
        }
        expect(portable.digest()).toBe(native.digest());
      },
    ),
  );
});
