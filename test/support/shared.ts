/** Where the results of the real system lie, for tests that compare with them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const SHARED = path.resolve(import.meta.dirname, '../../../shared');

/** Why tests that need a folder of ../shared are skipped, or undefined where it is there. */
export function missing(folder: string): string | undefined {
  return existsSync(path.join(SHARED, folder))
    ? undefined
    : `skipped: ../shared/${folder} is not on this machine`;
}

export function jsonFiles(folder: string): readonly string[] {
  const dir = path.join(SHARED, folder);
  return existsSync(dir)
    ? readdirSync(dir)
        .filter((name) => name.endsWith('.json'))
        .sort()
    : [];
}

export function readShared(...parts: string[]): unknown {
  return JSON.parse(readFileSync(path.join(SHARED, ...parts), 'utf8'));
}
