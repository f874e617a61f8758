/** SHA3-256 (FIPS 202) in whatever runtime this is: Electron's crypto (BoringSSL) has none. */
import { createHash, getHashes } from 'node:crypto';
import { sha3_256 } from '@noble/hashes/sha3.js';

/** A running hash; its digest is lower-case hexadecimal. */
export interface RunningHash {
  update(bytes: Uint8Array | string): void;
  digest(): string;
}

const hasNative = getHashes().includes('sha3-256');

/** A running SHA3-256. `native` false takes the portable one also where OpenSSL has its own. Texts are hashed as UTF-8. */
export function sha3Hasher(native = hasNative): RunningHash {
  if (native) {
    const hash = createHash('sha3-256');
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
  }
  const hash = sha3_256.create();
  return {
    update: (bytes) => void hash.update(typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes),
    digest: () => Buffer.from(hash.digest()).toString('hex'),
  };
}
