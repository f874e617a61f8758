/** Where Python and our worker are on this machine. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeirError } from '../../protocol/index.ts';

/** Commands to try, in order. WEIR_PYTHON alone where it is set: a user who names a Python means that one. */
export function pythonCandidates(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const chosen = env['WEIR_PYTHON'];
  return chosen ? [chosen] : ['python3', 'python'];
}

/** The folder that holds `weir_worker` and `compat`: resources/python of the repository or of the packaged program. */
export function pythonResources(): string {
  const bases: string[] = [];
  const packaged = (process as { resourcesPath?: string }).resourcesPath;
  if (packaged) bases.push(packaged);
  for (let here = path.dirname(fileURLToPath(import.meta.url)); ; here = path.dirname(here)) {
    bases.push(path.join(here, 'resources'), path.join(`${here}.unpacked`, 'resources'));
    if (here === path.dirname(here)) break;
  }
  for (const base of bases) {
    const folder = path.join(base, 'python');
    // Python cannot look into an archive.
    if (!folder.includes(`.asar${path.sep}`) && existsSync(path.join(folder, 'weir_worker', 'worker.py')))
      return folder;
  }
  throw new WeirError(
    'INTERNAL',
    `The folder resources/python is missing from this installation of Weir (looked below ${bases[0] ?? '/'}).`,
  );
}

/** The error for a machine without a usable Python. `tried` says what was found wrong with each. */
export function pythonUnavailable(tried: readonly string[]): WeirError {
  return new WeirError(
    'PYTHON_UNAVAILABLE',
    `This drop needs Python 3.8 or later, and none could be started here (${tried.join('; ')}). Install Python from https://www.python.org or your system's packages, or set WEIR_PYTHON to the full path of one.`,
    { details: { tried } },
  );
}
