/** Data in memory (seed `dlg.data.drops.memory.InMemoryDROP`, spec/engine.md 4.5). */
import { sha3Hasher, ChecksumTypes, DROPStates } from '../../protocol/index.ts';
import { crc32c } from '../crc32c.ts';
import { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { MemoryBuffer } from '../io/memory-buffer.ts';
import { MemoryIO } from '../io/memory-io.ts';
import { registerDrop } from '../registry.ts';
import { SpecText } from '../spec-text.ts';
import { initialContent, type InitialContent } from './pydata.ts';
import { EMPTY_SHA3_256 } from './reproduce.ts';

let lastBufferId = 0;

/** Content that somebody else holds (a Python worker) until it is needed here. */
export interface DeferredContent {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  bytes(): Promise<Uint8Array>;
  /** Told when it is not needed any more. */
  release(): Promise<void>;
}

export class InMemoryDROP extends DataDROP {
  static readonly lazy: boolean = true;

  readonly #memory: MemoryBuffer;
  readonly #isText: boolean;
  readonly #startedEmpty: boolean;
  #bufferId = 0;
  #deferred: DeferredContent | undefined;
  #fetching: Promise<void> | undefined;

  /** Throws InvalidEncodingException for a `pydata` that cannot be read. */
  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const initial = this.isPlain ? undefined : this.#initialContent();
    this.#isText = initial?.isText ?? false;
    this.#memory = new MemoryBuffer(initial?.bytes);
    this.#startedEmpty = this.#memory.length === 0;
  }

  #initialContent(): InitialContent | undefined {
    const text = new SpecText(this);
    return initialContent(this.parameters, this.uid, (value, ...keys) => text.exact(value, ...keys));
  }

  protected override defaultExpireAfterUse(): boolean {
    return true;
  }

  override get buftype(): 'str' | 'bytes' {
    return this.#isText ? 'str' : 'bytes';
  }

  /** Bytes in memory; what they were when the memory has been given back. */
  override get size(): number {
    return this.#deferred?.sizeBytes ?? this.#memory.length;
  }

  override set size(size: number) {
    super.size = size;
  }

  /** CRC-32C of what was written; of the initial value where nothing was; null for nothing at all. */
  override get checksum(): number | null {
    const known = super.checksum;
    if (known !== null || this.status !== DROPStates.COMPLETED || this.#memory.length === 0) return known;
    return (super.checksum = crc32c(this.#memory.whole()));
  }

  override set checksum(checksum: number) {
    super.checksum = checksum;
  }

  override get checksumType(): ChecksumTypes | null {
    return this.checksum === null ? null : ChecksumTypes.CRC_32C;
  }

  protected override get storesAsWritten(): boolean {
    return this.#startedEmpty && !this.#isText;
  }

  /** The bytes as they are now, whatever the state of the drop: a view where possible, not to be changed. */
  peek(): Uint8Array {
    return this.#memory.isFreed ? new Uint8Array(0) : this.#memory.whole();
  }

  /** What this drop holds elsewhere, as long as nobody needed it here. */
  get deferred(): DeferredContent | undefined {
    return this.#deferred;
  }

  /** Whether one write will be all there is, kept as it is, and nobody needs it as it comes. */
  get takesOneResult(): boolean {
    const isFresh = this.status === DROPStates.INITIALIZED && this.storesAsWritten;
    return isFresh && this.streamingConsumers.length === 0;
  }

  /**
   * Takes the place of one `write`: the content stays where it is and comes here with the first `open`. False where the
   * drop needs the bytes now (text, something written before, streaming consumers): then write them.
   */
  defer(content: DeferredContent): boolean {
    if (!this.takesOneResult) return false;
    this.#deferred = content;
    this.noteContentHash(content.sha256);
    this._flow.writing(this._row);
    return true;
  }

  async #fetch(): Promise<void> {
    const content = this.#deferred;
    if (!content) return;
    this.#fetching ??= (async () => {
      this.#memory.write(await content.bytes());
      this.#deferred = undefined;
      await content.release();
    })().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  override async delete(): Promise<void> {
    const content = this.#deferred;
    this.#deferred = undefined;
    await content?.release();
    await super.delete();
  }

  get dataURL(): string {
    this.#bufferId ||= ++lastBufferId;
    return `mem://${this.context.hostName}/${process.pid}/${this.#bufferId}`;
  }

  override getIO(): MemoryIO {
    return new MemoryIO(this.#memory, this.#isText, this.#deferred && (() => this.#fetch()));
  }

  override generateReproduceData(): Record<string, unknown> {
    if (this.status !== DROPStates.COMPLETED || this.#memory.isFreed) return { data_hash: EMPTY_SHA3_256 };
    const hash = sha3Hasher();
    hash.update(this.#memory.whole());
    return { data_hash: hash.digest() };
  }

  override async computeReproduceData(): Promise<Record<string, unknown>> {
    if (this.status !== DROPStates.COMPLETED || this.#memory.isFreed) return { data_hash: EMPTY_SHA3_256 };
    return { data_hash: await this.digest('sha3-256') };
  }
}

/** Upstream's other name for a memory drop that holds a pickled Python value. */
export const PythonObjectDROP = InMemoryDROP;

registerDrop(
  InMemoryDROP,
  'dlg.data.drops.memory.InMemoryDROP',
  'dlg.data.drops.InMemoryDROP',
  'dlg.data.drops.memory.PythonObjectDROP',
  'dlg.data.drops.PythonObjectDROP',
  'dlg.drop.InMemoryDROP',
);
