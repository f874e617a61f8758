/** Files that the desktop hands over: as arguments of a start, of a second start, or by the file manager. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** File endings that are graphs, as the desktop file and the dialogs have them. */
const GRAPH_EXTENSIONS: readonly string[] = ['graph', 'json', 'gz'];

/** What the dialog offers first: graphs, and what Weir and DALiuGE write of sessions. Of any other file Weir says which drop made it. */
export const OPENED_EXTENSIONS: readonly string[] = [
  ...GRAPH_EXTENSIONS,
  'pgt',
  'pg',
  'dlgproof',
  'dlgsession',
  'zip',
  'out',
];

/**
 * The absolute paths among the arguments of a start. `argv` is `process.argv`; `appPath` is the application's folder where
 * it stands among them (unpackaged: `electron [switches] FOLDER FILE…`), undefined for a packaged application. Switches
 * are left out: a file whose name starts with a dash is given as ./-name.
 */
export function filesOfArguments(
  argv: readonly string[],
  appPath: string | undefined,
  workingDir: string,
): string[] {
  const folder = appPath === undefined ? 0 : argv.findIndex((a) => path.resolve(workingDir, a) === appPath);
  if (folder < 0) return [];
  return argv
    .slice(folder + 1)
    .filter((argument) => argument !== '' && !argument.startsWith('-'))
    .map((argument) => pathOfArgument(argument, workingDir))
    .filter((file): file is string => file !== undefined);
}

function pathOfArgument(argument: string, workingDir: string): string | undefined {
  if (/^file:\/\//i.test(argument)) {
    try {
      return fileURLToPath(argument);
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }
  // Other addresses (deep links, web pages) are no files.
  if (/^[a-z][a-z0-9+.-]+:/i.test(argument) && !path.isAbsolute(argument)) return undefined;
  return path.resolve(workingDir, argument);
}

/** The files in what a second start sent along; anything else there is not ours and is left out. */
export function filesOfSecondStart(data: unknown): string[] {
  const files = typeof data === 'object' && data !== null && 'files' in data ? data.files : undefined;
  if (!Array.isArray(files)) return [];
  return files.filter((file): file is string => typeof file === 'string' && path.isAbsolute(file));
}
