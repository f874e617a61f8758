/** How names of files and directories are made from what a graph says (spec/engine.md 4.6, 4.8). */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { InvalidPathException } from '../../protocol/index.ts';
import type { DropContext } from '../context.ts';

export const PathType = { File: 'File', Directory: 'Directory' } as const;
export type PathType = (typeof PathType)[keyof typeof PathType];

/** Looks an environment variable up. */
export type Lookup = (name: string) => string | undefined;

/** The environment of a drop: that of its session, in which DLG_ROOT always has a value. */
export function environmentOf(context: DropContext): Lookup {
  return (name) => context.env[name] ?? (name === 'DLG_ROOT' ? context.dlgRoot : undefined);
}

/** What the placeholders of a name may stand for, besides `dlg`, `datetime`, `uid` and `auto`. */
export interface NameParts {
  readonly uid?: string | number | undefined;
  readonly humanKey?: string | null | undefined;
  /** Milliseconds since 1970, for `{datetime}`. */
  readonly now?: number;
  readonly [name: string]: unknown;
}

/** `{uid up to the first "_"}_{humanKey}` with `:` and `/` made harmless; null without a uid. */
export function baseUidPathname(
  uid: string | number | null | undefined,
  humanKey?: string | null,
): string | null {
  if (uid === null || uid === undefined || uid === '' || uid === 0) return null;
  const first = String(uid).split('_', 1)[0] as string;
  return `${first}_${humanKey ?? ''}`.replaceAll(/[:/]/g, '_');
}

/** The placeholders and their values. */
export function constructMap(parts: NameParts = {}): Record<string, string | null> {
  const { now, ...given } = parts;
  const map: Record<string, string | null> = {
    dlg: 'DALIGUE',
    datetime: localDate(now ?? Date.now()),
    uid: randomUUID(),
    auto: baseUidPathname(parts.uid, parts.humanKey),
  };
  for (const [name, value] of Object.entries(given))
    if (value !== undefined && value !== null)
      map[name] = typeof value === 'string' ? value : JSON.stringify(value);
  return map;
}

function localDate(now: number): string {
  const date = new Date(now);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The names between braces in `text`, in order. */
export function findDlgFstrings(text: unknown): string[] {
  if (typeof text !== 'string') return [];
  return [...text.matchAll(/\{([^{}]+)\}/g)].map((match) => match[1] as string);
}

/** Replaces each `{name}`. Throws InvalidPathException for names that `map` does not know or has no value for. */
export function replaceDlgFstring(
  text: string,
  map: Readonly<Record<string, string | null>>,
  where = 'A drop',
): string {
  let result = text;
  for (const name of findDlgFstrings(text)) {
    const value = Object.hasOwn(map, name) ? map[name] : undefined;
    if (typeof value !== 'string')
      throw new InvalidPathException(
        `${where}: the path "${text}" has the placeholder {${name}}, which ${value === null ? 'has no value here' : 'is unknown'}; known are ${Object.keys(map).join(', ')}.`,
        { details: { path: text, placeholder: name } },
      );
    result = result.replaceAll(`{${name}}`, value);
  }
  return result;
}

const VARIABLE = /\$(?:\{([^}]*)\}|([A-Za-z0-9_]+))/g;

/** Replaces `$VAR` and `${VAR}`; variables that are not set stay as they are. */
export function expandVariables(text: string, env: Lookup): string {
  return text.replaceAll(VARIABLE, (whole, braced?: string, plain?: string) => {
    return env(braced ?? plain ?? '') ?? whole;
  });
}

/** Expands a path. Throws InvalidPathException that names the variables which are not set, or for a `$` that names none. */
export function expandPath(text: string, env: Lookup, where: string): string {
  const unset = [...text.matchAll(VARIABLE)]
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((name) => env(name) === undefined);
  if (unset.length > 0)
    throw new InvalidPathException(
      `${where}: the path "${text}" has the environment variable ${unset.map((n) => `$${n}`).join(', ')}, which is not set; set it or correct the path.`,
      { details: { path: text, unset } },
    );
  const expanded = expandVariables(text, env);
  if (expanded === text && text.includes('$'))
    throw new InvalidPathException(
      `${where}: the path "${text}" has a "$" that names no environment variable; correct the path.`,
      { details: { path: text } },
    );
  return expanded;
}

export interface PathOptions extends NameParts {
  /** Where relative names lie. */
  readonly dirname?: string;
  /** Give the name alone, without `dirname`. */
  readonly relative?: boolean;
  readonly env?: Lookup;
}

/**
 * The path that a file or directory parameter stands for (seed `filepath_from_string`). Without a name, a file gets a
 * generated one when `humanKey` is given. Throws InvalidPathException for unset variables and unknown placeholders.
 */
export function filepathFromString(
  name: string | null | undefined,
  type: PathType,
  options: PathOptions = {},
): string | null | undefined {
  const { dirname = '', relative = false, env = (variable) => process.env[variable], ...parts } = options;
  let text = name ?? '';
  if (text === '' && type === PathType.File) {
    if (parts.humanKey === undefined || parts.humanKey === null) return name;
    text = baseUidPathname(parts.uid, parts.humanKey) ?? '';
  }
  const where = parts.uid === undefined ? 'A drop' : String(parts.uid);
  const expanded = replaceDlgFstring(expandPath(text, env, where), constructMap(parts), where);
  const directory = expandPath(dirname, env, where);
  if (relative || path.isAbsolute(expanded) || directory === '') return expanded;
  // Not path.join: a name that ends in "/" keeps it, and "" means the directory itself.
  return `${directory.replace(/\/+$/, '') || '/'}/${expanded}`.replace(/^\/\//, '/');
}
