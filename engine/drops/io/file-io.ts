import { open, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { makeDirectories } from '../util/make-directory.ts';
import { DataIO, OpenMode } from './data-io.ts';

/** Small writes are gathered up to this many bytes before the file is touched. */
const GATHER_BYTES = 1 << 16;

/** A file (seed `FileIO`): truncated when opened for writing, written piece by piece, never held in memory. */
export class FileIO extends DataIO {
  readonly #path: string;
  #handle: FileHandle | undefined;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;

  constructor(filePath: string) {
    super();
    this.#path = filePath;
  }

  protected override async doOpen(mode: OpenMode): Promise<void> {
    if (mode === OpenMode.OPEN_READ) {
      this.#handle = await open(this.#path, 'r');
      return;
    }
    try {
      this.#handle = await open(this.#path, 'w');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // The directory was there when the drop was made and is gone.
      await makeDirectories(path.dirname(this.#path));
      this.#handle = await open(this.#path, 'w');
    }
  }

  protected override async doRead(count: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafe(count);
    const { bytesRead } = await (this.#handle as FileHandle).read(buffer, 0, count, null);
    return bytesRead === count ? buffer : buffer.subarray(0, bytesRead);
  }

  protected override async doWrite(data: Uint8Array): Promise<number> {
    if (data.length >= GATHER_BYTES) {
      // Without an await before it, the write is under way when this returns, and the caller can sum meanwhile.
      if (this.#gatheredBytes > 0) await this.#flush();
      await writeAll(this.#handle as FileHandle, data);
      return data.length;
    }
    this.#gathered.push(Buffer.from(data));
    this.#gatheredBytes += data.length;
    if (this.#gatheredBytes >= GATHER_BYTES) await this.#flush();
    return data.length;
  }

  async #flush(): Promise<void> {
    if (this.#gatheredBytes === 0) return;
    const pieces = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    await writeAll(
      this.#handle as FileHandle,
      pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces),
    );
  }

  protected override async doClose(): Promise<void> {
    const handle = this.#handle;
    try {
      await this.#flush();
    } finally {
      this.#handle = undefined;
      await handle?.close();
    }
  }

  override async size(): Promise<number> {
    return (await stat(this.#path)).size;
  }

  override async exists(): Promise<boolean> {
    try {
      return (await stat(this.#path)).isFile();
    } catch (error) {
      if (isAbsence(error)) return false;
      throw error;
    }
  }

  override async delete(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

/** `write` may take less than it was given (a pipe, a nearly full disk). */
async function writeAll(handle: FileHandle, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length;) {
    const { bytesWritten } = await handle.write(data, at, data.length - at, null);
    at += bytesWritten;
  }
}

/** Whether an error of the file system says that something is not there. */
export function isAbsence(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
