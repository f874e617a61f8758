import { WeirError } from '../../protocol/index.ts';

/** Whether an answer ended before its end; Node says of it only "aborted". */
export function isCutOff(error: unknown): boolean {
  return (
    error instanceof Error && error.message === 'aborted' && 'code' in error && error.code === 'ECONNRESET'
  );
}

/**
 * Reads by count from something that arrives in pieces of its own size (a response, an object of a store). What was
 * read too much waits for the next read; nothing else is held. A source that is silent for too long is an error.
 */
export class ChunkReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #what: string;
  readonly #silenceMs: number | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #isOver = false;

  /** `what` names the source in messages, `silenceMs` is how long it may be silent; by default as long as it likes. */
  constructor(source: AsyncIterable<Uint8Array>, what: string, silenceMs?: number) {
    this.#source = source[Symbol.asyncIterator]();
    this.#what = what;
    this.#silenceMs = silenceMs;
  }

  /** At most `count` bytes; empty at the end and only there. */
  async read(count: number): Promise<Uint8Array> {
    while (this.#rest.length === 0 && !this.#isOver) {
      const next = await this.#next();
      if (next.done) this.#isOver = true;
      else this.#rest = next.value;
    }
    const piece = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    const silenceMs = this.#silenceMs;
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_resolve, reject) => {
      if (silenceMs === undefined) return;
      const say = `${this.#what} sent nothing for ${silenceMs / 1000} s while it was read.`;
      timer = setTimeout(() => reject(new WeirError('TIMEOUT', say)), silenceMs);
    });
    try {
      return await Promise.race([this.#source.next(), silence]);
    } catch (cause) {
      if (!isCutOff(cause)) throw cause;
      throw new WeirError('REMOTE', `${this.#what} broke off while it was read.`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the reading, at its end or before. */
  close(): void {
    this.#rest = new Uint8Array(0);
    if (this.#isOver) return;
    this.#isOver = true;
    // A source that is silent answers this only when its stream is destroyed, which is its owner's part.
    this.#source.return?.().catch(() => undefined);
  }
}
