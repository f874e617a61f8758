import { cp, lstat, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeDirectories } from '../util/make-directory.ts';
import { DataIO } from './data-io.ts';
import { isAbsence } from './file-io.ts';

/**
 * A directory (seed `DirectoryIO`). Reading it gives nothing; writing takes the path of a directory and copies that
 * directory's contents here.
 */
export class DirectoryIO extends DataIO {
  readonly #directory: string;

  constructor(directory: string) {
    super();
    this.#directory = directory;
  }

  protected override async doOpen(): Promise<void> {}

  protected override async doRead(): Promise<null> {
    return null;
  }

  protected override async doWrite(data: Uint8Array): Promise<number> {
    return this.doWriteText(Buffer.from(data).toString('utf8'));
  }

  /** Copies the directory at `source` here; resolves to the bytes of all files that lie below it now. */
  protected override async doWriteText(source: string): Promise<number> {
    const found = await stat(source).catch((error: unknown) => {
      if (isAbsence(error)) return undefined;
      throw error;
    });
    if (!found?.isDirectory())
      throw new TypeError(
        `A directory drop is written with the path of a directory to copy, but "${source.slice(0, 200)}" is not one.`,
      );
    await copyDirectoryContents(source, this.#directory);
    return totalDirSize(this.#directory);
  }

  protected override async doClose(): Promise<void> {}

  override async size(): Promise<number> {
    return totalDirSize(this.#directory);
  }

  override async exists(): Promise<boolean> {
    try {
      return (await stat(this.#directory)).isDirectory();
    } catch (error) {
      if (isAbsence(error)) return false;
      throw error;
    }
  }

  override async delete(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Copies all that lies in `source` into `target`, which is made if it is missing (seed `copyDirectoryContents`). */
export async function copyDirectoryContents(source: string, target: string): Promise<void> {
  await makeDirectories(target);
  for (const name of await readdir(source))
    await cp(path.join(source, name), path.join(target, name), { recursive: true, force: true });
}

/** Bytes of all files below `directory`; symbolic links are not followed and not counted. */
export async function totalDirSize(directory: string): Promise<number> {
  let total = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const full = path.join(directory, entry.name);
    if (entry.isDirectory()) total += await totalDirSize(full);
    else if (entry.isFile()) total += (await lstat(full)).size;
  }
  return total;
}
