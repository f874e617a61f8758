import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const IN_MEMORY_BYTES = 4 << 20;

/** Keeps what is to be sent until its length is known: small in memory, large in a temporary file. */
export class Spool {
  #pieces: Uint8Array[] = [];
  #length = 0;
  #file: FileHandle | undefined;
  readonly #path = path.join(tmpdir(), `weir-spool-${randomUUID()}`);

  get length(): number {
    return this.#length;
  }

  async write(data: Uint8Array): Promise<void> {
    this.#length += data.length;
    this.#pieces.push(new Uint8Array(data));
    if (this.#length < IN_MEMORY_BYTES) return;
    this.#file ??= await open(this.#path, 'wx+', 0o600);
    const pieces = this.#pieces;
    this.#pieces = [];
    for (const piece of pieces) await this.#file.appendFile(piece);
  }

  /** All of it from the start. */
  async *read(): AsyncGenerator<Uint8Array> {
    if (this.#file) {
      for (let at = 0; ;) {
        const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(1 << 18), 0, 1 << 18, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    }
    yield* this.#pieces;
  }

  async dispose(): Promise<void> {
    this.#pieces = [];
    await this.#file?.close();
    this.#file = undefined;
    await rm(this.#path, { force: true });
  }
}
