/** WebCrypto, which browsers give to pages of trusted origins only: loopback, https, the app's own scheme. */
import { S } from '../strings.ts';
import { HostError } from './errors.ts';

/** Throws UNSUPPORTED with a sentence where the page has none. */
export function subtleCrypto(): SubtleCrypto {
  const found = (globalThis.crypto as Partial<Crypto> | undefined)?.subtle;
  if (found === undefined) throw new HostError('UNSUPPORTED', S.reproducibility.prove.noCrypto);
  return found;
}
