/**
 * Directories with all that is missing above them. Node's own `recursive` tries for ever below a directory that is there
 * and takes none (`/proc`): a path in a graph must not hang the Host.
 */
import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

const isFolder = { throwIfNoEntry: false } as const;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;

/** Makes a directory and those above it; one that is there is fine. Throws what the file system says. */
export function makeDirectoriesSync(directory: string): void {
  if (statSync(directory, isFolder)?.isDirectory()) return;
  const above = path.dirname(directory);
  if (above !== directory) makeDirectoriesSync(above);
  try {
    mkdirSync(directory);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (codeOf(error) !== 'EEXIST' || !statSync(directory, isFolder)?.isDirectory()) throw error;
  }
}

/** The same without blocking. */
export async function makeDirectories(directory: string): Promise<void> {
  if (await isDirectory(directory)) return;
  const above = path.dirname(directory);
  if (above !== directory) await makeDirectories(above);
  try {
    await mkdir(directory);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await isDirectory(directory))) throw error;
  }
}

async function isDirectory(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
