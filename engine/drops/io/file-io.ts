import { open, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { makeDirectories } from '../util/make-directory.ts';
import { DataIO, OpenMode } from './data-io.ts';
import { PipeReader, PipeWriter } from './named-pipe.ts';

/** Small writes are gathered up to this many bytes before the file is touched. */
const GATHER_BYTES = 1 << 16;

/**
 * A file (seed `FileIO`): truncated when opened for writing, written piece by piece, never held in memory. A named pipe
 * that lies there is met by whoever stands at its other end.
 */
export class FileIO extends DataIO {
  readonly #path: string;
  #handle: FileHandle | undefined;
  #reader: PipeReader | undefined;
  #writer: PipeWriter | undefined;
  readonly #meeting = new AbortController();
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;

  constructor(filePath: string) {
    super();
    this.#path = filePath;
  }

  protected override async doOpen(mode: OpenMode): Promise<void> {
    const isPipe = (await stat(this.#path).catch(ifAbsent))?.isFIFO() === true;
    if (mode === OpenMode.OPEN_READ) {
      if (isPipe) this.#reader = await PipeReader.open(this.#path);
      else this.#handle = await open(this.#path, 'r');
      return;
    }
    if (isPipe) {
      this.#writer = await PipeWriter.open(this.#path, this.#meeting.signal);
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

  override breakOff(): void {
    this.#meeting.abort();
    this.#reader?.close();
    this.#writer?.close();
  }

  protected override async doRead(count: number): Promise<Uint8Array> {
    if (this.#reader) return this.#reader.read(count);
    const buffer = Buffer.allocUnsafe(count);
    const { bytesRead } = await (this.#handle as FileHandle).read(buffer, 0, count, null);
    return bytesRead === count ? buffer : buffer.subarray(0, bytesRead);
  }

  protected override async doWrite(data: Uint8Array): Promise<number> {
    if (data.length >= GATHER_BYTES) {
      // Without an await before it, the write is under way when this returns, and the caller can sum meanwhile.
      if (this.#gatheredBytes > 0) await this.#flush();
      await this.#put(data);
      return data.length;
    }
    this.#gathered.push(Buffer.from(data));
    this.#gatheredBytes += data.length;
    // Whoever reads a pipe waits for what is written.
    if (this.#gatheredBytes >= GATHER_BYTES || this.#writer) await this.#flush();
    return data.length;
  }

  #put(data: Uint8Array): Promise<void> {
    return this.#writer?.write(data) ?? writeAll(this.#handle as FileHandle, data);
  }

  async #flush(): Promise<void> {
    if (this.#gatheredBytes === 0) return;
    const pieces = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    await this.#put(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
  }

  protected override async doClose(): Promise<void> {
    const handle = this.#handle;
    this.#reader?.close();
    try {
      await this.#flush();
      await this.#writer?.finish();
    } finally {
      this.#handle = undefined;
      await handle?.close();
    }
  }

  /** What a pipe has not taken goes nowhere any more. */
  protected override async doAbort(): Promise<void> {
    if (this.#writer) this.#writer.close();
    else await this.doClose();
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

/** For `catch`: what is not there is undefined. */
export function ifAbsent(error: unknown): undefined {
  if (!isAbsence(error)) throw error;
}

/** Whether an error of the file system says that something is not there. */
export function isAbsence(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
