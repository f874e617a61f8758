/** Drops that hold data (seed `dlg.drop`, spec/engine.md 4.1, 4.2). */
import { createHash, type Hash } from 'node:crypto';
import {
  sha3Hasher,
  ChecksumTypes,
  DataDROPError,
  DROPException,
  DROPStates,
  InvalidDROPState,
  DROP_STATE_NAMES,
  isWeirError,
  messageOf,
  OutputDROPCancelled,
  type Event,
} from '../protocol/index.ts';
import { crc32c } from './crc32c.ts';
import { AbstractDROP, type DropKwargs } from './drop.ts';
import type { DataIO } from './io/data-io.ts';
import { OpenMode } from './io/data-io.ts';
import { DataEvents, dataStep } from './machines.ts';

/** Default size of one read, in bytes. */
export const DEFAULT_READ_BYTES = 65536;
/** Bytes that are stored, summed or read without giving other work its turn: a few milliseconds. */
const TURN_BYTES = 8 << 20;

/** What a streaming consumer looks like to the drop it consumes. */
interface StreamReceiver {
  dataWritten(uid: string, data: Uint8Array): void | Promise<void>;
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

export abstract class DataDROP extends AbstractDROP {
  /** Whether the graph itself says `expireAfterUse`; where not, it is the habit of the class (spec/engine.md 4.4). */
  readonly expireAfterUseGiven: boolean;
  /** Told when a reader left; the data lifecycle manager may have waited for it. */
  onReaderGone: (() => void) | undefined;

  #writer: DataIO | undefined;
  #readers: Map<number, DataIO> | undefined;
  #nextDescriptor = 1;
  #externalReaders = 0;
  #size: number | null = null;
  #checksum: number | null = null;
  #checksumType: ChecksumTypes | null = null;
  #hash: Hash | undefined;
  #contentHash: string | null = null;
  /** The end of the last write that was asked for; never rejects. */
  #writing: Promise<void> | undefined;
  #settling: Promise<void> | undefined;
  #expectedSize = -1;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.expireAfterUseGiven = kwargs['expireAfterUse'] !== undefined;
    const expected = kwargs['expectedSize'];
    if (expected) {
      this.#expectedSize = Math.trunc(Number(expected));
      delete this.parameters['expectedSize'];
    }
  }

  /** A fresh storage object for this drop's data. */
  abstract getIO(): DataIO;
  /** A URL that names the data, with this node as host. */
  abstract get dataURL(): string;

  /** What kind of buffer the content is: 'str' for text, 'bytes', or null where it is no buffer. */
  get buftype(): 'str' | 'bytes' | null {
    return null;
  }

  // --- reading -----------------------------------------------------------------------------------------------------

  /** Opens the data for reading; the drop must be COMPLETED. Resolves to a descriptor for `read` and `close`. */
  async open(): Promise<number> {
    this.#expectReadable();
    const io = this.getIO();
    try {
      await io.open(OpenMode.OPEN_READ);
    } catch (error) {
      throw this.#storageError('opened', error);
    }
    const descriptor = this.#nextDescriptor++;
    (this.#readers ??= new Map<number, DataIO>()).set(descriptor, io);
    this._fire('open');
    return descriptor;
  }

  /** At most `count` bytes from an opened descriptor; empty at the end, null for storage without content. */
  async read(descriptor: number, count = DEFAULT_READ_BYTES): Promise<Uint8Array | null> {
    const io = this.#reader(descriptor);
    try {
      return await io.read(count);
    } catch (error) {
      throw this.#storageError('read', error);
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
    if (this.status !== DROPStates.COMPLETED)
      throw new InvalidDROPState(
        `Drop ${this.uid} can be read only when it is COMPLETED, but it is ${DROP_STATE_NAMES[this.status]}.`,
        { details: { uid: this.uid, status: this.status } },
      );
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

  #storageError(verb: string, cause: unknown): Error {
    if (isWeirError(cause)) return cause;
    return new DROPException(
      'FILE_UNREADABLE',
      `The storage of drop ${this.uid} could not be ${verb}: ${messageOf(cause)}`,
      { cause, details: { uid: this.uid, name: this.name } },
    );
  }

  /** All the content in one array. For content whose size is known to be small. */
  async contents(limitBytes = Number.MAX_SAFE_INTEGER): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let total = 0;
    for await (const chunk of this.stream()) {
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

  // --- writing -----------------------------------------------------------------------------------------------------

  /**
   * Writes a piece of the data. Resolves to the bytes written once the storage and every streaming consumer have taken
   * them, or to a DataDROPError: -1 cancelled, -2 not writable any more, -3 neither bytes nor text. Pieces that several
   * producers write at once are stored one after the other, in the order of the calls.
   */
  write(data: Uint8Array | string): Promise<number> {
    const before = this.#writing;
    const written = before ? before.then(() => this.#writeNow(data)) : this.#writeNow(data);
    const over: Promise<void> = written.then(
      () => this.#writeOver(over),
      () => this.#writeOver(over),
    );
    this.#writing = over;
    return written;
  }

  #writeOver(write: Promise<void>): void {
    if (this.#writing === write) this.#writing = undefined;
  }

  async #writeNow(data: Uint8Array | string): Promise<number> {
    const status = this.status;
    if (status === DROPStates.CANCELLED) return DataDROPError.DROP_CANCELLED_BEFORE_WRITE;
    if (status > DROPStates.WRITING) return DataDROPError.INCORRECT_DROP_STATE;
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) return DataDROPError.INCORRECT_DATA_FORMAT;
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
    const written = await this.#store(data, bytes);
    for (const consumer of this.streamingConsumers)
      await (consumer as unknown as StreamReceiver).dataWritten(this.uid, bytes);
    if (this.#expectedSize > 0 && (this.#size ?? 0) >= this.#expectedSize) await this.#settle();
    else this._flow.writing(this._row);
    return written;
  }

  /** Like `write`, for applications: a cancelled output is an exception. */
  async writeOrThrow(data: Uint8Array | string): Promise<number> {
    const written = await this.write(data);
    if (written === DataDROPError.DROP_CANCELLED_BEFORE_WRITE)
      throw new OutputDROPCancelled(`Output ${this.uid} was cancelled before it was written.`, {
        details: { uid: this.uid },
      });
    return written;
  }

  async #store(data: Uint8Array | string, bytes: Uint8Array): Promise<number> {
    try {
      const writer = this.#writer ?? (await this.#openWriter());
      let written = 0;
      // Summed while the storage takes it: files are written by other threads.
      if (typeof data === 'string') {
        const taking = writer.writeText(data);
        this.#sum(bytes);
        written = await taking;
      } else
        for (let at = 0; at === 0 || at < bytes.length; at += TURN_BYTES) {
          if (at > 0) await nextTurn();
          const slice = bytes.length <= TURN_BYTES ? bytes : bytes.subarray(at, at + TURN_BYTES);
          const taking = writer.write(slice);
          this.#sum(slice);
          written += await taking;
        }
      this.#size = (this.#size ?? 0) + written;
      return written;
    } catch (cause) {
      const error = this.#storageError('written', cause);
      // Consumers hear of it (upstream forgot them, spec 13 #8).
      this._fail(error);
      await this.#abandonWriter();
      throw error;
    }
  }

  async #openWriter(): Promise<DataIO> {
    const io = this.writerIO();
    await io.open(OpenMode.OPEN_WRITE);
    this.#writer = io;
    return io;
  }

  /** The storage object for the writing of this drop; asked for once. */
  protected writerIO(): DataIO {
    return this.getIO();
  }

  #sum(bytes: Uint8Array): void {
    if (this.context.env['DLG_DISABLE_CHECKSUM'] === undefined) {
      this.#checksumType = ChecksumTypes.CRC_32C;
      this.#checksum = crc32c(bytes, this.#checksum ?? 0);
    }
    if (this.context.hashing && this.storesAsWritten) (this.#hash ??= createHash('sha256')).update(bytes);
  }

  /** Whether the content is just what was written, one piece after the other. */
  protected get storesAsWritten(): boolean {
    return true;
  }

  async #closeWriter(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close();
  }

  /** A drop that ends badly does not end twice: what goes wrong now is only logged. */
  async #abandonWriter(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    try {
      await writer?.abort();
    } catch (error) {
      this.context.log('warn', this, `Giving up the storage of ${this.uid} failed: ${messageOf(error)}`);
    }
  }

  // --- state -------------------------------------------------------------------------------------------------------

  async setCompleted(): Promise<void> {
    while (this.#writing) await this.#writing;
    return this.#settle();
  }

  async #settle(): Promise<void> {
    if (this.#settling) return this.#settling;
    const step = dataStep(this.status, DataEvents.complete);
    if (step.refused)
      throw new InvalidDROPState(
        `Drop ${this.uid} cannot become COMPLETED: it is ${DROP_STATE_NAMES[this.status]} already.`,
        { details: { uid: this.uid, status: this.status } },
      );
    if (!step.settles || (!this.#writer && !this.onCompleting)) return this._flow.complete(this._row);
    const release = this._flow.hold();
    this.#settling = this.#finish();
    try {
      await this.#settling;
    } finally {
      this.#settling = undefined;
      release();
    }
  }

  async #finish(): Promise<void> {
    try {
      await this.#closeWriter();
      await this.onCompleting?.();
    } catch (error) {
      this._fail(this.#storageError('completed', error));
      return;
    }
    this._flow.complete(this._row);
  }

  /** Storage that must be asked before the drop is COMPLETED (file size, server status). A rejection makes it ERROR. */
  protected onCompleting?(): Promise<void>;

  async setError(error?: unknown): Promise<void> {
    if (error !== undefined) this._flow.host.failed?.(this._row, error);
    this._flow.error(this._row);
    await this.#abandonAfterWrite();
  }

  async cancel(): Promise<void> {
    this._flow.cancel(this._row);
    await this.#abandonAfterWrite();
  }

  async skip(): Promise<void> {
    this._flow.skip(this._row);
    if (this.status === DROPStates.SKIPPED) await this.#abandonAfterWrite();
  }

  async #abandonAfterWrite(): Promise<void> {
    while (this.#writing) await this.#writing;
    if (this.#writer) await this.#abandonWriter();
  }

  override handleEvent(event: Event): void {
    if (event.type === 'producerFinished')
      this.producerFinished(String(event['uid']), event['status'] as DROPStates);
    else super.handleEvent(event);
  }

  /** A producer has finished with this state (seed `producerFinished`). */
  producerFinished(_uid: string, dropState: DROPStates): void {
    this._flow.producerReported(this._row, dropState);
  }

  // --- facts -------------------------------------------------------------------------------------------------------

  override get size(): number | null {
    return this.#size;
  }

  /** Can be set once, for data that was written from outside, when the drop is COMPLETED or beyond. */
  override set size(size: number) {
    if (this.status <= DROPStates.WRITING || this.#size !== null)
      throw new InvalidDROPState(`The size of drop ${this.uid} can be set once, after it was completed.`);
    this.#size = size;
  }

  /** @internal For storage that knows better than the count of written bytes. */
  protected noteSize(size: number | null): void {
    this.#size = size;
  }

  /** @internal For storage that knows the SHA-256 of its content without having read it. */
  protected noteContentHash(sha256: string): void {
    this.#contentHash = sha256;
  }

  get checksumType(): ChecksumTypes | null {
    return this.#checksumType;
  }

  /** CRC-32C of what was written through this drop, as an unsigned integer; null where nothing was. */
  get checksum(): number | null {
    return this.#checksum;
  }

  /** Can be set once, for data that was written from outside, when the drop is COMPLETED or beyond. */
  set checksum(checksum: number) {
    if (this.status <= DROPStates.WRITING || this.#checksum !== null)
      throw new InvalidDROPState(`The checksum of drop ${this.uid} can be set once, after it was completed.`);
    this.#checksum = checksum;
    this.#checksumType = ChecksumTypes.CRC_32C;
  }

  /** The checksum, computed by reading the data when it was written from outside. Null for empty data. */
  async computeChecksum(): Promise<number | null> {
    if (this.#checksum !== null || this.status !== DROPStates.COMPLETED) return this.#checksum;
    let running: number | undefined;
    for await (const chunk of this.#content()) running = crc32c(chunk, running ?? 0);
    if (running !== undefined && this.#checksum === null) this.checksum = running;
    return this.#checksum;
  }

  /** SHA-256 of the content as lower-case hex, when it was made while writing (`context.hashing`) or computed; else null. */
  get contentHash(): string | null {
    if (this.#contentHash === null && this.#hash && this.status >= DROPStates.COMPLETED)
      this.#contentHash = this.#hash.digest('hex');
    return this.#contentHash;
  }

  /** The SHA-256 of the content, by reading it where it was not made while writing. Throws unless COMPLETED. */
  async computeContentHash(): Promise<string> {
    return this.contentHash ?? (this.#contentHash = await this.digest('sha256'));
  }

  /** A digest of the content, by reading it. Lower-case hex. Throws unless the drop is COMPLETED. */
  async digest(algorithm: 'sha256' | 'sha3-256'): Promise<string> {
    if (algorithm === 'sha3-256') {
      const hash = sha3Hasher();
      for await (const chunk of this.#content()) hash.update(chunk);
      return hash.digest();
    }
    const hash = createHash(algorithm);
    for await (const chunk of this.#content()) hash.update(chunk);
    return hash.digest('hex');
  }

  /** The content for checks: nothing where it has no end (a device, a pipe). */
  async *#content(): AsyncGenerator<Uint8Array> {
    if (await this.hasEnd()) yield* this.stream();
  }

  /** Whether reading the content comes to an end. */
  protected async hasEnd(): Promise<boolean> {
    return true;
  }

  /** What REPRODUCE records of this drop once it is over (spec/reproducibility.md 9.2); reads the content where needed. */
  async computeReproduceData(): Promise<Record<string, unknown>> {
    return this.generateReproduceData();
  }

  protected override reproduceData(): Promise<Record<string, unknown>> {
    return this.computeReproduceData();
  }

  async exists(): Promise<boolean> {
    return this.getIO().exists();
  }

  async delete(): Promise<void> {
    return this.getIO().delete();
  }
}
