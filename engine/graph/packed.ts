/** Graphs come plain or packed, whatever their sender calls the packing (spec/managers.md 3.1). */
import { gunzipSync, inflateSync } from 'node:zlib';
import { InvalidGraphException, messageOf } from '../protocol/index.ts';

/** Room for what is unpacked: that many times the packed bytes, graphs being mostly below that, but no more than this at once. */
const USUAL_RATIO = 32;
const MAX_CHUNK_BYTES = 64 << 20;
/** Buffers from this size on are their owner's alone; smaller ones lie in Node's pool. */
const MIN_CHUNK_BYTES = 64 << 10;

/** Whether bytes are a zlib stream, by its header (RFC 1950 2.2). No JSON begins like this. */
export function isZlib(bytes: Uint8Array): boolean {
  return bytes[0] === 0x78 && ((0x78 << 8) | (bytes[1] ?? 0)) % 31 === 0;
}

/** Whether bytes are a zlib or gzip stream. */
export function isPacked(bytes: Uint8Array): boolean {
  return isZlib(bytes) || (bytes[0] === 0x1f && bytes[1] === 0x8b);
}

/**
 * The plain bytes, in an array that may have room behind them; plain ones as they are. Blocks while it unpacks: for threads that
 * may. Mostly they fit into one chunk, whose untouched rest costs nothing, and are not copied once more: every page that
 * is new to the process costs some microseconds. Throws InvalidGraphException: GRAPH_TOO_LARGE above `limitBytes`, GRAPH_NOT_JSON for broken streams.
 */
export function unpackGraph(bytes: Uint8Array, limitBytes: number): Uint8Array {
  if (!isPacked(bytes)) return bytes;
  const options = {
    maxOutputLength: limitBytes,
    chunkSize: Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, bytes.length * USUAL_RATIO)),
  };
  try {
    const out = isZlib(bytes) ? inflateSync(bytes, options) : gunzipSync(bytes, options);
    return new Uint8Array(out.buffer, out.byteOffset, out.length);
  } catch (cause) {
    throw packedRefusal(cause, limitBytes);
  }
}

/** What to say of a stream that cannot be unpacked. */
export function packedRefusal(cause: unknown, limitBytes: number): InvalidGraphException {
  const isTooLarge = (cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
  return new InvalidGraphException(
    isTooLarge
      ? `The graph is larger than ${(limitBytes / 2 ** 30).toFixed(1)} GiB when it is unpacked.`
      : `The packed graph cannot be unpacked: ${messageOf(cause)}.`,
    { cause },
    isTooLarge ? 'GRAPH_TOO_LARGE' : 'GRAPH_NOT_JSON',
  );
}
