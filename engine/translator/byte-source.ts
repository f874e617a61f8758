/** Bytes that can be read again and again, of which only a window is in memory: a file, or bytes that are there anyway. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** How much is best read at once; absent = what is usual. */
  readonly windowBytes?: number;
  /** Up to `length` bytes from `offset`; fewer only at the end. The bytes stay valid until the next read. */
  read(offset: number, length: number): Uint8Array;
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    read: (offset, length) => bytes.subarray(offset, Math.min(bytes.length, offset + length)),
  };
}
