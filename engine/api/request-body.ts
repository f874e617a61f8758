/** Bodies of requests as bytes: bounded, and unpacked whatever their sender called the packing (spec/managers.md 3.1). */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { isPacked, isZlib, packedRefusal } from '../graph/index.ts';
import { WeirError } from '../protocol/index.ts';

const unzlib = promisify(inflate);
const ungzip = promisify(gunzip);

/** All of a stream in one array of its own. Throws GRAPH_TOO_LARGE above `limitBytes`; the sender is told at once. */
export async function readBody(
  request: AsyncIterable<Buffer> | IncomingMessage,
  limitBytes: number,
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > limitBytes)
      throw new WeirError(
        'GRAPH_TOO_LARGE',
        `The request is larger than the ${Math.round(limitBytes / 2 ** 20)} MiB that are taken.`,
        { details: { limitBytes } },
      );
    chunks.push(chunk);
  }
  return joined(chunks, total);
}

function joined(chunks: readonly Buffer[], total: number): Uint8Array {
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Unpacks gzip (1f 8b) and zlib (78 ..) by their first bytes; anything else is returned as it is. */
export async function unpacked(bytes: Uint8Array, limitBytes: number): Promise<Uint8Array> {
  if (!isPacked(bytes)) return bytes;
  const options = { maxOutputLength: limitBytes, chunkSize: 1 << 18 };
  try {
    const out = await (isZlib(bytes) ? unzlib : ungzip)(bytes, options);
    return new Uint8Array(out.buffer, out.byteOffset, out.length);
  } catch (cause) {
    throw packedRefusal(cause, limitBytes);
  }
}
