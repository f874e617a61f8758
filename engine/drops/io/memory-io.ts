import { DataIO } from './data-io.ts';
import type { MemoryBuffer } from './memory-buffer.ts';

/**
 * Reads and writes a {@link MemoryBuffer} that several such objects share (seed `MemoryIO`). In a text buffer bytes
 * are kept as base64 text and text as it is (spec/engine.md 4.3); bytes that arrive in pieces make one base64 text.
 */
export class MemoryIO extends DataIO {
  readonly #memory: MemoryBuffer;
  readonly #isText: boolean;
  /** Brings content here that is somewhere else until it is needed. */
  readonly #fetch: (() => Promise<void>) | undefined;
  #at = 0;
  /** Up to two bytes that wait for their base64 group to be full. */
  #open: Uint8Array = new Uint8Array(0);

  constructor(memory: MemoryBuffer, isText = false, fetch?: () => Promise<void>) {
    super();
    this.#fetch = fetch;
    this.#memory = memory;
    this.#isText = isText;
  }

  protected override async doOpen(): Promise<void> {
    if (this.#memory.isFreed) throw new TypeError('This memory was freed and cannot be opened.');
    await this.#fetch?.();
    this.#at = 0;
  }

  protected override async doRead(count: number): Promise<Uint8Array> {
    const piece = this.#memory.read(this.#at, count);
    this.#at += piece.length;
    return piece;
  }

  protected override async doWrite(data: Uint8Array): Promise<number> {
    if (!this.#isText) {
      this.#memory.write(data);
      return data.length;
    }
    const all = this.#open.length > 0 ? Buffer.concat([this.#open, data]) : data;
    const whole = all.length - (all.length % 3);
    this.#open = new Uint8Array(all.subarray(whole));
    this.#base64(all.subarray(0, whole));
    return data.length;
  }

  protected override async doWriteText(text: string): Promise<number> {
    this.#endGroup();
    const bytes = Buffer.from(text, 'utf8');
    this.#memory.write(bytes);
    return bytes.length;
  }

  protected override async doClose(): Promise<void> {
    this.#endGroup();
  }

  #endGroup(): void {
    this.#base64(this.#open);
    this.#open = new Uint8Array(0);
  }

  #base64(bytes: Uint8Array): void {
    if (bytes.length > 0)
      this.#memory.write(
        Buffer.from(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'), 'latin1'),
      );
  }

  override async buffer(): Promise<Uint8Array> {
    if (this.#at === 0 && this.isOpened) {
      this.#at = this.#memory.length;
      return this.#memory.whole();
    }
    return super.buffer();
  }

  override async size(): Promise<number> {
    return this.#memory.length;
  }

  override async exists(): Promise<boolean> {
    return !this.#memory.isFreed;
  }

  override async delete(): Promise<void> {
    this.#memory.free();
  }
}
