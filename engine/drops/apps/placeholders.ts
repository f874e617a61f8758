/**
 * Commands with placeholders (spec/engine.md 6.6): `{uid}` a drop's path, `{name}` an argument or port, and the syntax of
 * releases before 5.0.0 (`%i0`, appended arguments) for graphs as old as that.
 *
 * Values are put in as they are, as upstream does. Paths are quoted where the shell would take them apart, so that a
 * directory with a space in its name works (spec 13 #17); `{name!q}` quotes any value.
 */
import type { DataDROP } from '../data-drop.ts';
import { dataUrlOf, pathOf } from './named-ports.ts';

/** Text that reaches a shell unchanged without quotes. */
const HARMLESS = /^[A-Za-z0-9_@%+=:,./~^-]*$/;

/** `text` as one word of a shell command. */
export function shellQuote(text: string): string {
  return HARMLESS.test(text) && text !== '' ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

type Quoting = 'none' | 'single' | 'double';

/** How the shell reads the character at `end` of `command`. */
function quotingAt(command: string, end: number): Quoting {
  let state: Quoting = 'none';
  for (let i = 0; i < end; i++) {
    const c = command[i];
    if (c === '\\' && state !== 'single') i++;
    else if (c === "'" && state !== 'double') state = state === 'single' ? 'none' : 'single';
    else if (c === '"' && state !== 'single') state = state === 'double' ? 'none' : 'double';
  }
  return state;
}

/** `text` so that the shell sees it as it is, within the quotes that are open where it goes. */
function quotedFor(text: string, quoting: Quoting): string {
  if (HARMLESS.test(text)) return text;
  if (quoting === 'none') return shellQuote(text);
  if (quoting === 'single') return text.replaceAll("'", `'\\''`);
  return text.replaceAll(/[\\"$`]/g, String.raw`\$&`);
}

/** Every occurrence of `placeholder`, replaced so that the shell sees `text` as one piece. */
export function substituteQuoted(command: string, placeholder: string, text: string): string {
  let out = '';
  let from = 0;
  for (;;) {
    const at = command.indexOf(placeholder, from);
    if (at < 0) return out + command.slice(from);
    const before = out + command.slice(from, at);
    out = before + quotedFor(text, quotingAt(before, before.length));
    from = at + placeholder.length;
  }
}

/** Replaces `{uid}` by the path of that drop. */
export function replaceUids(command: string, drops: readonly DataDROP[]): string {
  return replaceEach(command, drops, pathOf);
}

/** Replaces `{uid}` by the data URL of that drop: for drops without a path, once every name had its turn. */
export function replaceUidsByUrl(command: string, drops: readonly DataDROP[]): string {
  return replaceEach(command, drops, dataUrlOf);
}

function replaceEach(
  command: string,
  drops: readonly DataDROP[],
  place: (drop: DataDROP) => string | undefined,
): string {
  let text = command;
  for (const drop of drops) {
    const found = text.includes(`{${drop.uid}}`) ? place(drop) : undefined;
    if (found !== undefined) text = substituteQuoted(text, `{${drop.uid}}`, found);
  }
  return text;
}

/** What a name in braces stands for; `isPath` makes it one word for the shell. */
export interface PlaceholderValue {
  readonly text: string;
  readonly isPath: boolean;
}

/** Replaces `{name}` and `{name!q}`. Names that stand for nothing stay as they are. */
export function replaceNames(command: string, values: ReadonlyMap<string, PlaceholderValue>): string {
  let text = command;
  for (const [name, value] of values) {
    text = substituteQuoted(text, `{${name}!q}`, value.text);
    text = value.isPath
      ? substituteQuoted(text, `{${name}}`, value.text)
      : text.replaceAll(`{${name}}`, () => value.text);
  }
  return text;
}

/** Whether `command` mentions the name in braces. */
export function mentions(command: string, name: string): boolean {
  return command.includes(`{${name}}`) || command.includes(`{${name}!q}`);
}

const LEGACY = /%[io](DataURL)?(\d+|\[)/;

/** Whether a text uses the placeholders of releases before 5.0.0. */
export function hasLegacyPlaceholders(text: string): boolean {
  return LEGACY.test(text);
}

/** Replaces `%iN`, `%oN`, `%i[UID]`, `%iDataURLN` and their like. Unknown indices stay as they are. */
export function replaceLegacy(
  command: string,
  inputs: readonly DataDROP[],
  outputs: readonly DataDROP[],
): string {
  let text = command;
  for (const [letter, drops] of [
    ['i', inputs],
    ['o', outputs],
  ] as const) {
    const paths = drops.map(pathOf).filter((path) => path !== undefined);
    const urls = drops
      .filter((drop) => pathOf(drop) === undefined)
      .map(dataUrlOf)
      .filter((url) => url !== undefined);
    for (const drop of drops) {
      text = substituteQuoted(text, `%${letter}[${drop.uid}]`, pathOf(drop) ?? dataUrlOf(drop) ?? '');
      text = substituteQuoted(text, `%${letter}DataURL[${drop.uid}]`, dataUrlOf(drop) ?? '');
    }
    // Longest index first: %i1 is the beginning of %i10.
    for (let i = urls.length - 1; i >= 0; i--)
      text = substituteQuoted(text, `%${letter}DataURL${i}`, urls[i] as string);
    for (let i = paths.length - 1; i >= 0; i--)
      text = substituteQuoted(text, `%${letter}${i}`, paths[i] as string);
  }
  return text;
}

/** Settings of the old way to append arguments to a command. */
export interface LegacySettings {
  readonly prefix: string;
  readonly separator: string;
  readonly commandLineArguments: string;
  readonly inputRedirection: string;
  readonly outputRedirection: string;
}

/** The command with its arguments behind it, as releases before 5.0.0 built it. */
export function appendLegacyArguments(
  command: string,
  positional: readonly string[],
  keyword: ReadonlyMap<string, string>,
  settings: LegacySettings,
): string {
  const words = [command];
  for (const value of positional) words.push(value.trim());
  for (const [name, value] of keyword) words.push(legacyKeyword(name.trim(), value.trim(), settings));
  if (words.length === 1 && settings.commandLineArguments !== '') words.push(settings.commandLineArguments);
  let text = words.join(' ');
  if (settings.outputRedirection !== '') text = `${text} > ${settings.outputRedirection}`;
  if (settings.inputRedirection !== '') text = `cat ${settings.inputRedirection} > ${text}`;
  return text.trim();
}

function legacyKeyword(name: string, value: string, { prefix, separator }: LegacySettings): string {
  const [lead, between] = prefix === '--' && name.length === 1 ? ['-', ' '] : [prefix.trim(), separator];
  return `${lead}${name}${between}${value}`;
}
