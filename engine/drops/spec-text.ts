/**
 * Values of a dropspec as they are written in the graph. JavaScript reads 5 and 5.0 as one number, and has no word for
 * NaN in JSON; Python tells them apart, and so must who hands values on to it.
 */
import type { AbstractDROP } from './drop.ts';

/** Finds the texts of values in the dropspec of one drop. */
export class SpecText {
  readonly #drop: AbstractDROP;
  #text: string | undefined;

  constructor(drop: AbstractDROP) {
    this.#drop = drop;
  }

  /**
   * The text of the value behind `keys`, where it says more than `value`, which was read from it: of whole numbers, of
   * null that may be NaN, and of what has such inside. Undefined otherwise, and where there is no text.
   */
  exact(value: unknown, ...keys: readonly string[]): string | undefined {
    const isOther =
      typeof value === 'number'
        ? !Number.isInteger(value) && Number.isFinite(value)
        : typeof value !== 'object';
    if (isOther) return undefined;
    const text = (this.#text ??= this.#drop.context.specText?.(this.#drop._row) ?? '');
    if (text === '' || (value === null && !/NaN|Infinity/.test(text))) return undefined;
    const found = valueAt(text, keys);
    return found === 'null' ? undefined : found;
  }
}

/**
 * The text of the value behind `keys` in a JSON text: names of members, numbers of elements. Of names that occur twice the
 * last counts, as for JSON.parse.
 */
export function valueAt(text: string, keys: readonly string[]): string | undefined {
  let start = skipSpace(text, 0);
  let end = text.length;
  for (const key of keys) {
    const found = text[start] === '[' ? element(text, start, Number(key)) : member(text, start, key);
    if (!found) return undefined;
    [start, end] = found;
  }
  return text.slice(start, end).trimEnd();
}

/** Start and end of the value of member `key` of the object at `at`. */
function member(text: string, at: number, key: string): [number, number] | undefined {
  if (text[at] !== '{') return undefined;
  let found: [number, number] | undefined;
  let here = skipSpace(text, at + 1);
  while (here < text.length && text[here] !== '}') {
    const keyEnd = stringEnd(text, here);
    const name = JSON.parse(text.slice(here, keyEnd)) as string;
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = valueEnd(text, start);
    if (name === key) found = [start, end];
    here = skipSpace(text, end);
    if (text[here] === ',') here = skipSpace(text, here + 1);
  }
  return found;
}

/** Start and end of element `index` of the list at `at`. */
function element(text: string, at: number, index: number): [number, number] | undefined {
  let here = skipSpace(text, at + 1);
  for (let i = 0; here < text.length && text[here] !== ']'; i++) {
    const end = valueEnd(text, here);
    if (i === index) return [here, end];
    here = skipSpace(text, end);
    if (text[here] === ',') here = skipSpace(text, here + 1);
  }
  return undefined;
}

function skipSpace(text: string, at: number): number {
  while (text.charCodeAt(at) <= 32) at++;
  return at;
}

/** Behind the closing quote of the string that begins at `at`. */
function stringEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  return text.length;
}

function valueEnd(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length;) {
    const unit = text[i] as string;
    if (unit === '"') {
      i = stringEnd(text, i);
      if (depth === 0) return i;
      continue;
    }
    if (unit === '{' || unit === '[') depth++;
    else if (unit === '}' || unit === ']') {
      if (depth === 0) return i;
      if (--depth === 0) return i + 1;
    } else if (depth === 0 && (unit === ',' || unit.charCodeAt(0) <= 32)) return i;
    i++;
  }
  return text.length;
}
