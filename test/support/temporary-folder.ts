/** Everything tests put into the folder for temporary files goes into one of their own, which is gone when they are over. */
import { chmodSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Vitest's global set-up: the processes of the tests get this environment. */
export default function setup(): () => Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-tests-'));
  // A database server does not run as root, and has to get to its own folder in there.
  chmodSync(folder, 0o711);
  process.env['TMPDIR'] = folder;
  return () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
