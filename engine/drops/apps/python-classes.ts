/** Finds drop classes of the user, for class paths Weir does not know. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pythonDataClass } from '../data/python-data.ts';
import type { DropClass } from '../registry.ts';
import { pythonAppClass } from './python-app.ts';

/**
 * Classes are those of a module of that name in one of `folders` (the DLG_PATH). Whether the module holds the class, and
 * whether it is one of applications or of data, is found out when the session is deployed.
 */
export function pythonClassFinder(
  folders: () => readonly string[],
): (dotted: string, isApp: boolean) => DropClass | undefined {
  return (dotted, isApp) => {
    const parts = dotted.split('.');
    if (parts.length < 2 || parts[0] === 'dlg' || !parts.every((part) => /^[A-Za-z_]\w*$/.test(part)))
      return undefined;
    const module = parts.slice(0, -1);
    const isThere = folders().some(
      (folder) =>
        existsSync(`${path.join(folder, ...module)}.py`) ||
        existsSync(path.join(folder, ...module, '__init__.py')),
    );
    if (!isThere) return undefined;
    return isApp ? pythonAppClass(dotted) : pythonDataClass(dotted);
  };
}
