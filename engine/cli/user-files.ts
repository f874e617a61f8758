/** Files the user hands over or asks for: read and written whole, with every failure in words. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { messageOf, WeirError } from '../protocol/index.ts';

export async function isFile(name: string): Promise<boolean> {
  return (await stat(name).catch(() => undefined))?.isFile() === true;
}

/** Why a file system call failed, for people. */
function reasonOf(cause: unknown): string {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'this user may not',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of its path is no folder',
    ENOSPC: 'the disk is full',
    EROFS: 'the disk is read-only',
  };
  return reasons[(cause as NodeJS.ErrnoException).code ?? ''] ?? messageOf(cause);
}

const unreadable = (name: string, cause: unknown): WeirError =>
  new WeirError('FILE_UNREADABLE', `The file ${name} cannot be read: ${reasonOf(cause)}.`, {
    cause,
    details: { file: name },
  });

/** Reads a file whole. Throws FILE_UNREADABLE, also for one of more than `maxBytes`. */
export async function readUserFile(name: string, maxBytes = Number.MAX_SAFE_INTEGER): Promise<Buffer> {
  try {
    const { size } = await stat(name);
    if (size > maxBytes)
      throw new WeirError(
        'FILE_UNREADABLE',
        `The file ${name} has ${size} bytes; at most ${maxBytes} are read here.`,
        { details: { file: name, sizeBytes: size } },
      );
    return await readFile(name);
  } catch (cause) {
    throw cause instanceof WeirError ? cause : unreadable(name, cause);
  }
}

/** SHA-256 of a file in hexadecimal. Throws FILE_UNREADABLE. */
export async function hashFile(name: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(name, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>)
      hash.update(chunk);
  } catch (cause) {
    throw unreadable(name, cause);
  }
  return hash.digest('hex');
}

/** Writes a file whole or not at all. Returns its size in bytes. Throws FILE_UNREADABLE. */
export async function writeWhole(file: string, chunks: Iterable<Uint8Array>): Promise<number> {
  const part = `${file}.${process.pid}.part`;
  let bytes = 0;
  try {
    const handle = await open(part, 'w');
    const out = handle.createWriteStream();
    const over = finished(out);
    over.catch(() => undefined);
    for (const chunk of chunks) {
      bytes += chunk.length;
      if (!out.write(chunk))
        await Promise.race([new Promise<void>((done) => out.once('drain', () => done())), over]);
    }
    out.end();
    await over;
    await rename(part, file);
    return bytes;
  } catch (cause) {
    await rm(part, { force: true });
    const isFolderMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = isFolderMissing
      ? `there is no folder ${path.dirname(path.resolve(file))}`
      : reasonOf(cause);
    throw new WeirError('FILE_UNREADABLE', `The file ${file} cannot be written: ${reason}.`, {
      cause,
      details: { file },
    });
  }
}
