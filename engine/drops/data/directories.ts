import { mkdirSync } from 'node:fs';
import type { DropContext } from '../context.ts';

const MAX_REMEMBERED = 10_000;
const made = new WeakMap<DropContext, Set<string>>();

/**
 * Makes a directory when a drop is made, as upstream does: commands expect it. A session with many files asks the
 * file system once per directory. Sync because constructors are.
 */
export function makeDirectorySync(context: DropContext, directory: string): void {
  let known = made.get(context);
  if (!known) made.set(context, (known = new Set()));
  if (known.has(directory)) return;
  mkdirSync(directory, { recursive: true });
  if (known.size < MAX_REMEMBERED) known.add(directory);
}
