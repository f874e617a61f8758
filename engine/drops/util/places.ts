/** Where DALiuGE keeps its things on disk, and small questions about names (seed `dlg.utils`, spec/engine.md 7.4). */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** DLG_ROOT, or `~/dlg`, which then becomes DLG_ROOT for this process and its children. Nothing is made. */
export function getDlgDir(env: Record<string, string | undefined> = process.env): string {
  return (env['DLG_ROOT'] ||= path.join(homedir(), 'dlg'));
}

export function getDlgPidDir(): string {
  return path.join(getDlgDir(), 'pid');
}

export function getDlgLogsDir(): string {
  return path.join(getDlgDir(), 'logs');
}

/** Where sessions have their directories. */
export function getDlgWorkDir(): string {
  return path.join(getDlgDir(), 'workspace');
}

/** Where additional code is looked for. */
export function getDlgPath(): string {
  return path.join(getDlgDir(), 'code');
}

/** `$DLG_ROOT` is the root directory; `$DLG_x` its value in the environment, or the text itself where it has none. */
export function getDlgVariable(key: string): string {
  if (key === '$DLG_ROOT') return getDlgDir();
  return process.env[key.replace(/^\$/, '')] ?? key;
}

/** Makes a directory and those above it; one that is there is fine. */
export function createDirIfMissing(directory: string): void {
  mkdirSync(directory, { recursive: true });
}

/** Whether a path is absolute; what is no path is given back. */
export function isabs(value: string): boolean;
export function isabs(value: null | undefined): null | undefined;
export function isabs(value: string | null | undefined): boolean | string | null | undefined {
  return value ? path.isAbsolute(value) : value;
}

/** Name of the pipeline in a graph file: its base name without `.json` or `.graph`. */
export function fnameToPipname(fname: string): string {
  return path.basename(fname).replace(/\.(json|graph)$/, '');
}

/** Escapes quotes for a text that goes into quotes of a shell: `'` becomes `'\''`, `"` becomes `\"`. */
export function escapeQuotes(text: string, singleQuotes = true, doubleQuotes = true): string {
  let escaped = text;
  if (singleQuotes) escaped = escaped.replaceAll("'", `'\\''`);
  if (doubleQuotes) escaped = escaped.replaceAll('"', '\\"');
  return escaped;
}
