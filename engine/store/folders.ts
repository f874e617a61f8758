import fs from 'node:fs';
import path from 'node:path';

/**
 * Makes a folder and those above it. Not by `recursive`, which never comes back where a file system answers ENOENT to a
 * new folder in one that exists (/proc does).
 */
export function makeFolder(folder: string): void {
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = path.dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it in the meantime.
    if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
