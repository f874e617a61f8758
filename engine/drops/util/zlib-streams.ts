/** Compressed and uncompressed content, read by count (seed `ZlibUncompressedStream`, spec/engine.md 7.4). */
import { Readable, type Transform } from 'node:stream';
import { createDeflate, createUnzip } from 'node:zlib';

export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Content through a transformation, exactly as many bytes at a time as are asked for. */
class TransformedContent {
  readonly #source: AsyncIterator<Uint8Array>;
  #pieces: Uint8Array[] = [];
  #held = 0;
  #isOver = false;
  #hasContent = false;

  constructor(content: ByteSource, transform: Transform) {
    const source = Readable.from(this.#noticed(content));
    source.on('error', (error) => transform.destroy(error));
    this.#source = source.pipe(transform)[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  }

  /** `n` bytes, fewer only at the end and none after it; all that is left for n <= 0. Rejects for damaged content. */
  async read(n = -1): Promise<Uint8Array> {
    const wanted = n > 0 ? n : Number.POSITIVE_INFINITY;
    while (this.#held < wanted && !this.#isOver) {
      const next = await this.#source.next().catch((error: unknown) => {
        // Nothing at all is no damaged content.
        if (!this.#hasContent && (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR') return undefined;
        throw error;
      });
      if (!next || next.done) {
        this.#isOver = true;
        break;
      }
      this.#pieces.push(next.value);
      this.#held += next.value.length;
    }
    const all = Buffer.concat(this.#pieces, this.#held);
    const taken = all.subarray(0, Math.min(wanted, all.length));
    const rest = all.subarray(taken.length);
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#held = rest.length;
    return taken;
  }

  async *#noticed(content: ByteSource): AsyncGenerator<Uint8Array> {
    for await (const piece of content) {
      if (piece.length > 0) this.#hasContent = true;
      yield piece;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = await this.read(1 << 16);
      if (piece.length === 0) return;
      yield piece;
    }
  }
}

/** Reads compressed content (zlib or gzip framing) and gives what it was before. */
export class ZlibUncompressedStream extends TransformedContent {
  constructor(content: ByteSource) {
    super(content, createUnzip());
  }
}

/** Reads content and gives it compressed (zlib framing). */
export class ZlibCompressedStream extends TransformedContent {
  constructor(content: ByteSource) {
    super(content, createDeflate());
  }
}
