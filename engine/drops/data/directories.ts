import { DROPException, messageOf } from '../../protocol/index.ts';
import type { DropContext } from '../context.ts';
import { makeDirectoriesSync } from '../util/make-directory.ts';

const MAX_REMEMBERED = 10_000;
const made = new WeakMap<DropContext, Set<string>>();

/**
 * Makes a directory when a drop is made, as upstream does: commands expect it. A session with many files asks the
 * file system once per directory. Sync because constructors are. Throws DROPException naming the drop where it cannot.
 */
export function makeDirectorySync(context: DropContext, directory: string, drop: string): void {
  let known = made.get(context);
  if (!known) made.set(context, (known = new Set()));
  if (known.has(directory)) return;
  try {
    makeDirectoriesSync(directory);
  } catch (cause) {
    throw new DROPException(
      'FILE_UNREADABLE',
      `The directory of ${drop} cannot be made: ${messageOf(cause)}`,
      { cause, details: { directory } },
    );
  }
  if (known.size < MAX_REMEMBERED) known.add(directory);
}
