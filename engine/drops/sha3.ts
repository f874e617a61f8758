/** SHA3-256 of data in whatever runtime this is: Electron's crypto (BoringSSL) has none. */
import { createHash, getHashes } from 'node:crypto';
import { Sha3 } from '../protocol/index.ts';

const isNative = getHashes().includes('sha3-256');

/** A running SHA3-256 whose digest is lower-case hexadecimal. */
export function sha3Hasher(): { update(bytes: Uint8Array): void; digest(): string } {
  if (!isNative) {
    const hash = new Sha3();
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.hex() };
  }
  const hash = createHash('sha3-256');
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
}
