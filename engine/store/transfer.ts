/**
 * How typed arrays cross to the store's thread without a copy that could be spared.
 *
 * - A view of a SharedArrayBuffer goes as it is: the thread reads the same memory.
 * - Plain ArrayBuffers are handed over (and are empty for the caller afterwards) where the message uses nearly all of
 *   them. Several columns carved out of one ArrayBuffer count together.
 * - A view of a small part of a larger ArrayBuffer is copied: handing it over would take from the caller what it did not
 *   offer, and cloning the view would copy the whole buffer behind it.
 */

import { badBatch } from './errors.ts';

type View = Uint8Array | Uint16Array | Uint32Array | Float64Array;

export interface Packet {
  readonly value: unknown;
  readonly transfer: readonly ArrayBuffer[];
  /** Bytes of all typed arrays and texts in it. */
  readonly sizeBytes: number;
}

/** Allowed share of a buffer that the message does not use: alignment between columns. */
const SLACK_BYTES = 64;

/** Prepares a value of plain objects, arrays and typed arrays. `keep` copies plain buffers rather than take them. */
export function packet(value: unknown, keep = false): Packet {
  const used = new Map<ArrayBuffer, number>();
  const tally = { bytes: 0 };
  measure(value, used, tally);
  const taken = new Set<ArrayBuffer>();
  if (!keep) {
    for (const [buffer, bytes] of used) {
      // A buffer of the pool's size may be Node's pool itself, which cannot be handed over.
      if (bytes + SLACK_BYTES >= buffer.byteLength && buffer.byteLength !== Buffer.poolSize)
        taken.add(buffer);
    }
  }
  const copies = new Set<ArrayBuffer>();
  const rewritten = rewrite(value, taken, copies);
  return { value: rewritten, transfer: [...taken, ...copies], sizeBytes: tally.bytes };
}

/** Bytes of the texts and typed arrays of a value, roughly: what `pendingBytes` counts. */
export function sizeOf(value: unknown): number {
  const tally = { bytes: 0 };
  measure(value, new Map(), tally);
  return tally.bytes;
}

function isView(value: unknown): value is View {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function measure(value: unknown, used: Map<ArrayBuffer, number>, tally: { bytes: number }): void {
  if (typeof value === 'string') tally.bytes += value.length;
  else if (isView(value)) {
    tally.bytes += value.byteLength;
    const { buffer } = value;
    if (buffer instanceof ArrayBuffer && value.byteLength > 0) {
      used.set(buffer, (used.get(buffer) ?? 0) + value.byteLength);
    }
  } else if (typeof value === 'object' && value !== null) {
    tally.bytes += 16;
    for (const item of Object.values(value)) measure(item, used, tally);
  } else tally.bytes += 8;
}

function rewrite(value: unknown, taken: ReadonlySet<ArrayBuffer>, copies: Set<ArrayBuffer>): unknown {
  if (isView(value)) {
    const { buffer } = value;
    if (!(buffer instanceof ArrayBuffer) || taken.has(buffer)) return value;
    if (buffer.detached) throw badBatch('a batch has an array that was handed over to the store before', {});
    // `slice` of a Buffer shares memory, so the copy is made by its plain type.
    const copy = Buffer.isBuffer(value) ? new Uint8Array(value) : value.slice();
    if (copy.byteLength > 0) copies.add(copy.buffer);
    return copy;
  }
  if (Array.isArray(value)) return value.map((item) => rewrite(item, taken, copies));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, rewrite(item, taken, copies)]),
    );
  }
  return value;
}
