/**
 * A deployed physical graph in the form in which it goes to the thread that signs it: typed arrays that are handed over,
 * not copied.
 */

import { WeirError } from '../protocol/index.ts';
import type { HashedRMode } from './modes.ts';
import type { Column } from './leaf-sources.ts';
import { type PhysicalGraphShape, PhysicalSigner } from './physical-signer.ts';

export interface RuntimePack {
  readonly shape: PhysicalGraphShape;
  readonly lg: Readonly<Partial<Record<HashedRMode, Column>>>;
  /** Block hashes, 32 bytes a drop. Modes whose hashes equal another's before run time are left out. */
  readonly pgt: Readonly<Partial<Record<HashedRMode, Uint8Array>>>;
  readonly pg: Readonly<Partial<Record<HashedRMode, Uint8Array>>>;
}

/** Makes the signer that a pack describes. Throws REPRO_INVALID when the pack is not whole. */
export function signerOfPack(pack: RuntimePack): PhysicalSigner {
  const column = (mode: HashedRMode): Column => {
    const found = pack.lg[mode];
    if (found === undefined)
      throw new WeirError('REPRO_INVALID', `The graph has no logical block hashes of ${mode}.`);
    return found;
  };
  const signer = new PhysicalSigner(pack.shape, column);
  for (const stage of ['pgt', 'pg'] as const)
    for (const mode of pack.shape.modes) {
      const bytes = pack[stage][mode];
      if (bytes !== undefined) signer.loadBlockBytes(stage, mode, bytes);
    }
  return signer;
}

/** The buffers of a pack that may be handed over when it is sent to a thread. */
export function packBuffers(pack: RuntimePack): ArrayBuffer[] {
  const arrays: Uint8Array[] = [...Object.values(pack.pgt), ...Object.values(pack.pg)];
  return arrays.map((array) => array.buffer).filter((buffer) => buffer instanceof ArrayBuffer);
}
