/**
 * Storage behind a data drop (spec/engine.md 4.3). One object serves one opening, for reading or for writing; every
 * operation may wait, so that a full pipe or a slow server holds its writer back.
 */
export const OpenMode = { OPEN_WRITE: 0, OPEN_READ: 1 } as const;
export type OpenMode = (typeof OpenMode)[keyof typeof OpenMode];

/** Bytes per read where a storage object reads on its own account. */
const READ_BYTES = 1 << 20;

export abstract class DataIO {
  #mode: OpenMode | undefined;

  /** Opens for reading or writing. Throws where the storage cannot be opened; the drop then goes to ERROR. */
  async open(mode: OpenMode): Promise<void> {
    await this.doOpen(mode);
    this.#mode = mode;
  }

  /**
   * At most `count` bytes; an empty array at the end and only there; null where there is nothing to read at all (null
   * storage). The array may be a view of the stored data: readers do not write into it.
   */
  async read(count: number): Promise<Uint8Array | null> {
    this.#expect(OpenMode.OPEN_READ, 'read');
    return this.doRead(count);
  }

  /** Writes all of `data`; resolves to the bytes written once more may be written. `data` is the caller's afterwards. */
  async write(data: Uint8Array): Promise<number> {
    this.#expect(OpenMode.OPEN_WRITE, 'written');
    return this.doWrite(data);
  }

  /** Writes text: as UTF-8, unless the storage is made of text. */
  async writeText(text: string): Promise<number> {
    this.#expect(OpenMode.OPEN_WRITE, 'written');
    return this.doWriteText(text);
  }

  /** Closes, and keeps what was written; closing what is closed is fine. */
  async close(): Promise<void> {
    if (this.#mode === undefined) return;
    try {
      await this.doClose();
    } finally {
      this.#mode = undefined;
    }
  }

  /** Closes without finishing what was begun: a half upload is given up. Where nothing can be given up, a close. */
  async abort(): Promise<void> {
    if (this.#mode === undefined) return;
    try {
      await this.doAbort();
    } finally {
      this.#mode = undefined;
    }
  }

  /** Nobody wants the data any more: what waits for somebody else (the other end of a pipe) rejects. */
  breakOff(): void {}

  get isOpened(): boolean {
    return this.#mode !== undefined;
  }

  get mode(): OpenMode | undefined {
    return this.#mode;
  }

  /** Everything from here to the end of what is opened for reading, in one array. */
  async buffer(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (;;) {
      const piece = await this.read(READ_BYTES);
      if (!piece || piece.length === 0) break;
      pieces.push(piece);
    }
    return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
  }

  #expect(mode: OpenMode, verb: string): void {
    if (this.#mode === mode) return;
    const found = this.#mode === undefined ? 'it is closed' : 'it was opened the other way';
    throw new TypeError(`This ${this.constructor.name} cannot be ${verb}: ${found}.`);
  }

  protected abstract doOpen(mode: OpenMode): Promise<void>;
  protected abstract doRead(count: number): Promise<Uint8Array | null>;
  protected abstract doWrite(data: Uint8Array): Promise<number>;
  protected async doWriteText(text: string): Promise<number> {
    return this.doWrite(Buffer.from(text, 'utf8'));
  }
  protected abstract doClose(): Promise<void>;
  protected async doAbort(): Promise<void> {
    await this.doClose();
  }
  /** Size of what is stored, in bytes. */
  abstract size(): Promise<number>;
  abstract exists(): Promise<boolean>;
  /** Removes what is stored; what is not there is removed already. */
  abstract delete(): Promise<void>;
}
