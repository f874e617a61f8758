/** The reading of drops that hold data (spec/engine.md 4.1). */
import { createHash } from 'node:crypto';
import {
  DROPException,
  DROPStates,
  DROP_STATE_NAMES,
  InvalidDROPState,
  isWeirError,
  messageOf,
  sha3Hasher,
} from '../protocol/index.ts';
import { AbstractDROP } from './drop.ts';
import { OpenMode, type DataIO } from './io/data-io.ts';

/** Default size of one read, in bytes. */
export const DEFAULT_READ_BYTES = 65536;
/** Bytes that are stored, summed or read without giving other work its turn: a few milliseconds. */
export const TURN_BYTES = 8 << 20;

export const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What the storage of a drop said, with the drop; an error of ours that names it as it is. */
export function storageError(drop: AbstractDROP, verb: string, cause: unknown): Error {
  if (isWeirError(cause) && isNamed(drop.uid, cause.message)) return cause;
  return new DROPException(
    isWeirError(cause) ? cause.code : 'FILE_UNREADABLE',
    `The storage of drop ${drop.uid} could not be ${verb}: ${messageOf(cause)}`,
    { cause, details: { uid: drop.uid, name: drop.name } },
  );
}

/** Whether a sentence has the uid as a word of its own: "mem" is not named by "memory", nor by a path that ends in it. */
function isNamed(uid: string, sentence: string): boolean {
  for (let at = sentence.indexOf(uid); at >= 0; at = sentence.indexOf(uid, at + 1)) {
    const [before, after] = [sentence[at - 1] ?? ' ', sentence[at + uid.length] ?? ' '];
    if (!/[\w/]/.test(before) && !/\w/.test(after)) return true;
  }
  return false;
}

/** The part of DataDROP that reads, and knows who reads. */
export abstract class ReadableDROP extends AbstractDROP {
  /** Told when a reader left; the data lifecycle manager may have waited for it. */
  onReaderGone: (() => void) | undefined;

  #readers: Map<number, DataIO> | undefined;
  #nextDescriptor = 1;
  #externalReaders = 0;

  /** A fresh storage object for this drop's data. */
  abstract getIO(): DataIO;

  /** Opens the data for reading; the drop must be COMPLETED. Resolves to a descriptor for `read` and `close`. */
  async open(): Promise<number> {
    this.#expectReadable();
    const io = this.getIO();
    const descriptor = this.#nextDescriptor++;
    // Known before it is open: opening may wait for somebody.
    const readers = (this.#readers ??= new Map<number, DataIO>()).set(descriptor, io);
    try {
      await io.open(OpenMode.OPEN_READ);
    } catch (error) {
      readers.delete(descriptor);
      this.onReaderGone?.();
      this._keeper?.notOpened?.(this);
      throw storageError(this, 'opened', error);
    }
    this._keeper?.opened?.(this);
    this._fire('open');
    return descriptor;
  }

  /** At most `count` bytes from an opened descriptor; empty at the end, null for storage without content. */
  async read(descriptor: number, count = DEFAULT_READ_BYTES): Promise<Uint8Array | null> {
    const io = this.#reader(descriptor);
    try {
      return await io.read(count);
    } catch (error) {
      throw storageError(this, 'read', error);
    }
  }

  /** Closes a descriptor. Also works after the drop has expired. */
  async close(descriptor: number): Promise<void> {
    const io = this.#reader(descriptor);
    this.#readers?.delete(descriptor);
    try {
      await io.close();
    } finally {
      this.onReaderGone?.();
    }
  }

  override _breakOff(): void {
    for (const io of this.#readers?.values() ?? []) io.breakOff();
  }

  isBeingRead(): boolean {
    return (this.#readers?.size ?? 0) + this.#externalReaders > 0;
  }

  /** Counts readers that go to the storage without `open` (droputils' DROPFile). */
  incrRefCount(): void {
    this.#externalReaders++;
  }

  decrRefCount(): void {
    if (this.#externalReaders > 0) this.#externalReaders--;
    this.onReaderGone?.();
  }

  #expectReadable(): void {
    const { status } = this;
    if (status !== DROPStates.COMPLETED)
      throw new InvalidDROPState(
        `Drop ${this.uid} can be read only when it is COMPLETED, but it is ${DROP_STATE_NAMES[status]}${this.#whyExpired()}.`,
        { details: { uid: this.uid, status } },
      );
  }

  #whyExpired(): string {
    if (this.status !== DROPStates.EXPIRED && this.status !== DROPStates.DELETED) return '';
    if (this.expirationDate !== -1 && this.expirationDate <= this.context.now())
      return ': its lifespan is over; give it a longer one, or none';
    if (this.expireAfterUse)
      return ': its data went when its consumers had used it; give it "persist" to keep it';
    return this.parent ? `: its data went with ${this.parent.uid}, which it lies in` : '';
  }

  #reader(descriptor: number): DataIO {
    const io = this.#readers?.get(descriptor);
    if (!io)
      throw new InvalidDROPState(
        `Drop ${this.uid} has no open descriptor ${String(descriptor)}; open the drop first.`,
        { details: { uid: this.uid } },
      );
    return io;
  }

  /** All the content in one array, read `chunkBytes` at a time. For content whose size is known to be small. */
  async contents(limitBytes = Number.MAX_SAFE_INTEGER, chunkBytes?: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let total = 0;
    for await (const chunk of this.stream(chunkBytes)) {
      total += chunk.length;
      if (total > limitBytes)
        throw new InvalidDROPState(
          `Drop ${this.uid} holds more than the ${limitBytes} bytes that were asked for at most.`,
          { details: { uid: this.uid, limitBytes } },
        );
      chunks.push(chunk);
    }
    return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, total);
  }

  /** The content piece by piece, with one descriptor that is closed however the reading ends. */
  async *stream(chunkBytes = 1 << 20): AsyncGenerator<Uint8Array> {
    const descriptor = await this.open();
    let untilTurn = TURN_BYTES;
    try {
      for (;;) {
        const chunk = await this.read(descriptor, chunkBytes);
        if (!chunk || chunk.length === 0) return;
        yield chunk;
        untilTurn -= chunk.length;
        if (untilTurn > 0) continue;
        untilTurn = TURN_BYTES;
        await nextTurn();
      }
    } finally {
      await this.close(descriptor);
    }
  }

  /** A digest of the content, by reading it. Lower-case hex. Throws unless the drop is COMPLETED. */
  async digest(algorithm: 'sha256' | 'sha3-256'): Promise<string> {
    if (algorithm === 'sha3-256') {
      const hash = sha3Hasher();
      for await (const chunk of this.finiteContent()) hash.update(chunk);
      return hash.digest();
    }
    const hash = createHash(algorithm);
    for await (const chunk of this.finiteContent()) hash.update(chunk);
    return hash.digest('hex');
  }

  /** The content for checks: nothing where it has no end (a device, a pipe). */
  protected async *finiteContent(): AsyncGenerator<Uint8Array> {
    if (await this.hasEnd()) yield* this.stream();
  }

  /** Whether reading the content comes to an end, whoever reads, and leaves it there for others. */
  async hasEnd(): Promise<boolean> {
    return true;
  }
}
