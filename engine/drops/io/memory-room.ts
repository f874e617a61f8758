/** A machine without memory ends its largest process, which would be the Host with everything it runs. */
import { WeirError } from '../../protocol/index.ts';

/** What stays free for everything else, in bytes. */
const RESERVE_BYTES = 256 << 20;
/** The system is asked once per this many new bytes. */
const STRIDE_BYTES = 64 << 20;

let untilAsked = STRIDE_BYTES;

/**
 * Called before large memory drops grow by so many bytes, whichever they are. Throws OUT_OF_MEMORY where less than a reserve would stay
 * free for the machine, or for the container this runs in.
 */
export function expectRoom(bytes: number): void {
  untilAsked -= bytes;
  if (untilAsked > 0) return;
  const available = process.availableMemory();
  if (available >= bytes + RESERVE_BYTES) {
    untilAsked = STRIDE_BYTES;
    return;
  }
  throw new WeirError(
    'OUT_OF_MEMORY',
    `there is no room for it: ${mebibytes(available)} MiB of memory are left on this machine, and the last ${mebibytes(RESERVE_BYTES)} are kept free. Data of this size belongs into a file drop.`,
    { details: { availableBytes: available } },
  );
}

const mebibytes = (bytes: number): number => Math.round(bytes / 1024 / 1024);
