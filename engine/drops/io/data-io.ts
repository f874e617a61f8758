/**
 * Storage behind a data drop (spec/engine.md 4.3). One object serves one opening, for reading or for writing; every
 * operation may wait, so that a full pipe or a slow server holds its writer back.
 */
export const OpenMode = { OPEN_WRITE: 0, OPEN_READ: 1 } as const;
export type OpenMode = (typeof OpenMode)[keyof typeof OpenMode];

export abstract class DataIO {
  #mode: OpenMode | undefined;

  /** Opens for reading or writing. Throws where the storage cannot be opened; the drop then goes to ERROR. */
  async open(mode: OpenMode): Promise<void> {
    await this.doOpen(mode);
    this.#mode = mode;
  }

  /** At most `count` bytes; an empty array at the end; null where there is nothing to read at all (null storage). */
  async read(count: number): Promise<Uint8Array | null> {
    this.#expect(OpenMode.OPEN_READ, 'read');
    return this.doRead(count);
  }

  /** Writes all of `data`; resolves to the bytes written once more may be written. */
  async write(data: Uint8Array): Promise<number> {
    this.#expect(OpenMode.OPEN_WRITE, 'written');
    return this.doWrite(data);
  }

  /** Closes; closing what is closed is fine. */
  async close(): Promise<void> {
    if (this.#mode === undefined) return;
    this.#mode = undefined;
    await this.doClose();
  }

  get isOpened(): boolean {
    return this.#mode !== undefined;
  }

  get mode(): OpenMode | undefined {
    return this.#mode;
  }

  #expect(mode: OpenMode, verb: string): void {
    if (this.#mode === mode) return;
    const found = this.#mode === undefined ? 'it is closed' : 'it was opened the other way';
    throw new TypeError(`This ${this.constructor.name} cannot be ${verb}: ${found}.`);
  }

  protected abstract doOpen(mode: OpenMode): Promise<void>;
  protected abstract doRead(count: number): Promise<Uint8Array | null>;
  protected abstract doWrite(data: Uint8Array): Promise<number>;
  protected abstract doClose(): Promise<void>;
  /** Size of what is stored, in bytes. */
  abstract size(): Promise<number>;
  abstract exists(): Promise<boolean>;
  abstract delete(): Promise<void>;
}
