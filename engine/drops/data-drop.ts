/** Drops that hold data (seed `dlg.drop`, spec/engine.md 4.1, 4.2). */
import {
  ChecksumTypes,
  DataDROPError,
  DROPStates,
  InvalidDROPState,
  DROP_STATE_NAMES,
  messageOf,
  OutputDROPCancelled,
} from '../protocol/index.ts';
import { crc32c } from './crc32c.ts';
import { AbstractDROP, type DropKwargs } from './drop.ts';
import { DataIO, OpenMode } from './io/data-io.ts';
import { DataEvents, dataStep } from './machines.ts';

/** Default size of one read, in bytes. */
export const DEFAULT_READ_BYTES = 65536;

/** What a streaming consumer looks like to the drop it consumes. */
interface StreamReceiver {
  dataWritten(uid: string, data: Uint8Array): void | Promise<void>;
}

export abstract class DataDROP extends AbstractDROP {
  #writer: DataIO | undefined;
  readonly #readers = new Map<number, DataIO>();
  #nextDescriptor = 1;
  #externalReaders = 0;
  #size: number | null = null;
  #checksum: number | null = null;
  #checksumType: ChecksumTypes | null = null;
  #settling: Promise<void> | undefined;
  #expectedSize = -1;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
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

  // --- reading -----------------------------------------------------------------------------------------------------

  /** Opens the data for reading; the drop must be COMPLETED. Resolves to a descriptor for `read` and `close`. */
  async open(): Promise<number> {
    this.#expectReadable();
    const io = this.getIO();
    await io.open(OpenMode.OPEN_READ);
    const descriptor = this.#nextDescriptor++;
    this.#readers.set(descriptor, io);
    this._fire('open');
    return descriptor;
  }

  /** At most `count` bytes from an opened descriptor; empty at the end, null for storage without content. */
  async read(descriptor: number, count = DEFAULT_READ_BYTES): Promise<Uint8Array | null> {
    return this.#reader(descriptor).read(count);
  }

  /** Closes a descriptor. Also works after the drop has expired. */
  async close(descriptor: number): Promise<void> {
    const io = this.#reader(descriptor);
    this.#readers.delete(descriptor);
    await io.close();
    this.onReaderGone();
  }

  isBeingRead(): boolean {
    return this.#readers.size + this.#externalReaders > 0;
  }

  /** Counts readers that go to the storage without `open` (droputils' DROPFile). */
  incrRefCount(): void {
    this.#externalReaders++;
  }

  decrRefCount(): void {
    if (this.#externalReaders > 0) this.#externalReaders--;
    this.onReaderGone();
  }

  /** Told when a reader left; the data lifecycle manager may have waited for it. */
  onReaderGone: () => void = () => undefined;

  #expectReadable(): void {
    if (this.status !== DROPStates.COMPLETED)
      throw new InvalidDROPState(
        `Drop ${this.uid} can be read only when it is COMPLETED, but it is ${DROP_STATE_NAMES[this.status]}.`,
        { details: { uid: this.uid, status: this.status } },
      );
  }

  #reader(descriptor: number): DataIO {
    const io = this.#readers.get(descriptor);
    if (!io)
      throw new InvalidDROPState(
        `Drop ${this.uid} has no open descriptor ${String(descriptor)}; open the drop first.`,
        {
          details: { uid: this.uid },
        },
      );
    return io;
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
        );
      chunks.push(chunk);
    }
    return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, total);
  }

  /** The content piece by piece, with one descriptor that is closed however the reading ends. */
  async *stream(chunkBytes = 1 << 20): AsyncGenerator<Uint8Array> {
    const descriptor = await this.open();
    try {
      for (;;) {
        const chunk = await this.read(descriptor, chunkBytes);
        if (!chunk || chunk.length === 0) return;
        yield chunk;
      }
    } finally {
      await this.close(descriptor);
    }
  }

  // --- writing -----------------------------------------------------------------------------------------------------

  /**
   * Writes a piece of the data. Resolves to the bytes written once the storage and every streaming consumer have taken
   * them, or to a DataDROPError: -1 cancelled, -2 not writable any more, -3 neither bytes nor text.
   */
  async write(data: Uint8Array | string): Promise<number> {
    const status = this.status;
    if (status === DROPStates.CANCELLED) return DataDROPError.DROP_CANCELLED_BEFORE_WRITE;
    if (status > DROPStates.WRITING) return DataDROPError.INCORRECT_DROP_STATE;
    const bytes = this.toBytes(data);
    if (!bytes) return DataDROPError.INCORRECT_DATA_FORMAT;
    const written = await this.#store(bytes);
    this.#size = (this.#size ?? 0) + written;
    for (const consumer of this.streamingConsumers)
      await (consumer as unknown as StreamReceiver).dataWritten(this.uid, bytes);
    if (this.context.env['DLG_DISABLE_CHECKSUM'] === undefined) {
      this.#checksumType = ChecksumTypes.CRC_32C;
      this.#checksum = crc32c(bytes, this.#checksum ?? 0);
    }
    if (this.#expectedSize > 0 && this.#size >= this.#expectedSize) await this.setCompleted();
    else this._flow.writing(this._row);
    return written;
  }

  /** Like `write`, for applications: a cancelled output is an exception, everything else that refuses too. */
  async writeOrThrow(data: Uint8Array | string): Promise<number> {
    const written = await this.write(data);
    if (written === DataDROPError.DROP_CANCELLED_BEFORE_WRITE)
      throw new OutputDROPCancelled(`Output ${this.uid} was cancelled before it was written.`, {
        details: { uid: this.uid },
      });
    return written;
  }

  /** The bytes to store for what was handed to `write`, or undefined for what cannot be written. */
  protected toBytes(data: Uint8Array | string): Uint8Array | undefined {
    if (typeof data === 'string') return Buffer.from(data, 'utf8');
    return data instanceof Uint8Array ? data : undefined;
  }

  async #store(bytes: Uint8Array): Promise<number> {
    try {
      if (!this.#writer) {
        const io = this.getIO();
        await io.open(OpenMode.OPEN_WRITE);
        this.#writer = io;
      }
      return await this.#writer.write(bytes);
    } catch (error) {
      // Consumers hear of it (upstream forgot them, spec 13 #8).
      this._fail(error);
      throw error;
    }
  }

  async #closeWriter(): Promise<void> {
    const writer = this.#writer;
    if (!writer) return;
    this.#writer = undefined;
    try {
      await writer.close();
    } catch (error) {
      this.context.log('warn', this, `Closing the storage of ${this.uid} failed: ${messageOf(error)}`);
      throw error;
    }
  }

  // --- state -------------------------------------------------------------------------------------------------------

  async setCompleted(): Promise<void> {
    if (this.#settling) return this.#settling;
    const step = dataStep(this.status, DataEvents.complete);
    if (step.refused)
      throw new InvalidDROPState(
        `Drop ${this.uid} cannot become COMPLETED: it is ${DROP_STATE_NAMES[this.status]} already.`,
        { details: { uid: this.uid, status: this.status } },
      );
    if (!step.settles) return this._flow.complete(this._row);
    if (!this.#writer && !this.onCompleting) return this._flow.complete(this._row);
    this.#settling = this.#finish();
    try {
      await this.#settling;
    } finally {
      this.#settling = undefined;
    }
  }

  async #finish(): Promise<void> {
    try {
      await this.#closeWriter();
      await this.onCompleting?.();
    } catch (error) {
      this._fail(error);
      return;
    }
    this._flow.complete(this._row);
  }

  /** Storage that must be asked before the drop is COMPLETED (file size, server status). A rejection makes it ERROR. */
  protected onCompleting?(): Promise<void>;

  async setError(error?: unknown): Promise<void> {
    if (error !== undefined) this._flow.host.failed?.(this._row, error);
    if (this.#writer) await this.#abandonWriter();
    this._flow.error(this._row);
  }

  async cancel(): Promise<void> {
    this._flow.cancel(this._row);
    await this.#abandonWriter();
  }

  async skip(): Promise<void> {
    this._flow.skip(this._row);
    if (this.status === DROPStates.SKIPPED) await this.#abandonWriter();
  }

  async #abandonWriter(): Promise<void> {
    // Logged by #closeWriter; a drop that ends badly anyway does not end twice.
    await this.#closeWriter().catch(() => undefined);
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
  }

  /** The checksum, computed by reading the data when it was written from outside. Null for empty data. */
  async computeChecksum(): Promise<number | null> {
    if (this.#checksum !== null || this.status !== DROPStates.COMPLETED) return this.#checksum;
    let running: number | undefined;
    for await (const chunk of this.stream()) running = crc32c(chunk, running ?? 0);
    if (running !== undefined) {
      this.#checksum = running;
      this.#checksumType = ChecksumTypes.CRC_32C;
    }
    return this.#checksum;
  }

  async exists(): Promise<boolean> {
    return this.getIO().exists();
  }

  async delete(): Promise<void> {
    return this.getIO().delete();
  }
}
