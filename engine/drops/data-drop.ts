/** Drops that hold data (seed `dlg.drop`, spec/engine.md 4.1, 4.2). */
import { createHash, type Hash } from 'node:crypto';
import {
  ChecksumTypes,
  DataDROPError,
  DROPStates,
  InvalidDropException,
  InvalidDROPState,
  DROP_STATE_NAMES,
  messageOf,
  OutputDROPCancelled,
  type AppDROPStates,
  type Event,
} from '../protocol/index.ts';
import { crc32c } from './crc32c.ts';
import type { DropKwargs } from './drop.ts';
import { OpenMode, type DataIO } from './io/data-io.ts';
import { DataEvents, dataStep, isAppOver } from './machines.ts';
import { nextTurn, ReadableDROP, storageError, TURN_BYTES } from './readable-drop.ts';

export { DEFAULT_READ_BYTES } from './readable-drop.ts';

/** What a streaming consumer looks like to the drop it consumes. */
interface StreamReceiver {
  readonly execStatus: AppDROPStates;
  setError(error: unknown): Promise<void>;
  dataWritten(uid: string, data: Uint8Array): void | Promise<void>;
}

export abstract class DataDROP extends ReadableDROP {
  /** Whether the graph itself says `expireAfterUse`; where not, it is the habit of the class (spec/engine.md 4.4). */
  readonly expireAfterUseGiven: boolean;

  /** The storage that is closed, or asked, before the drop is COMPLETED. */
  protected endingIO: DataIO | undefined;
  #writer: DataIO | undefined;
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
      const size = Number(expected);
      if (Number.isNaN(size))
        throw new InvalidDropException(
          `Drop ${this.uid}: expectedSize must be a number of bytes, but is ${JSON.stringify(expected)}.`,
          { details: { uid: this.uid } },
        );
      this.#expectedSize = Math.trunc(size);
      delete this.parameters['expectedSize'];
    }
    if (
      this.producerFinished !== DataDROP.prototype.producerFinished ||
      this.handleEvent !== DataDROP.prototype.handleEvent
    )
      this.hearNeighbours();
  }

  /** A URL that names the data, with this node as host. */
  abstract get dataURL(): string;

  /** What kind of buffer the content is: 'str' for text, 'bytes', or null where it is no buffer. */
  get buftype(): 'str' | 'bytes' | null {
    return null;
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
    await this.#feed(bytes);
    if (this.#expectedSize > 0 && (this.#size ?? 0) >= this.#expectedSize) await this.#settle();
    else this._flow.writing(this._row);
    return written;
  }

  /** What a streaming consumer cannot take is its own failure: the others go on, and so does the writer. */
  async #feed(bytes: Uint8Array): Promise<void> {
    for (const drop of this.streamingConsumers) {
      const consumer = drop as unknown as StreamReceiver;
      if (isAppOver(consumer.execStatus)) continue;
      try {
        await consumer.dataWritten(this.uid, bytes);
      } catch (error) {
        await consumer.setError(error);
      }
    }
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
      const error = storageError(this, 'written', cause);
      // Consumers hear of it (upstream forgot them, spec 13 #8).
      this.#failUnlessOver(error);
      await this.#abandonWriter();
      throw error;
    }
  }

  async #openWriter(): Promise<DataIO> {
    // Known before it is open: opening may wait for somebody.
    const io = (this.#writer = this.writerIO());
    await io.open(OpenMode.OPEN_WRITE);
    return io;
  }

  override _breakOff(): void {
    super._breakOff();
    this.#writer?.breakOff();
    this.endingIO?.breakOff();
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
    this.endingIO = this.#writer;
    this.#writer = undefined;
    await this.endingIO?.close();
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
      this.#failUnlessOver(storageError(this, 'completed', error));
      return;
    } finally {
      this.endingIO = undefined;
    }
    this._flow.complete(this._row);
  }

  /** What was given up because the drop is over is no failure of it. */
  #failUnlessOver(error: Error): void {
    if (dataStep(this.status, DataEvents.error).next === DROPStates.ERROR) this._fail(error);
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
    this.#writer?.breakOff();
    this.endingIO?.breakOff();
    while (this.#writing) await this.#writing;
    if (this.#writer) await this.#abandonWriter();
  }

  override handleEvent(event: Event): void {
    if (event.type === 'producerFinished')
      this.producerFinished(String(event['uid']), event['status'] as DROPStates);
    else super.handleEvent(event);
  }

  /** @internal A class with methods of its own for the reports of producers gets them as upstream has it. */
  override _inputAnnounced(row: number, state: DROPStates): void {
    const table = this._flow.table;
    try {
      this.handleEvent(
        table.drop(row)._eventFor('producerFinished', { status: state, execStatus: table.execOf(row) }),
      );
    } catch (error) {
      this._fail(error);
    }
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
    for await (const chunk of this.finiteContent()) running = crc32c(chunk, running ?? 0);
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
