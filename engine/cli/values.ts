/** Checks of option values, with complaints for people. */
import { readFile } from 'node:fs/promises';
import { text as textFrom } from 'node:stream/consumers';
import { InvalidArgumentError } from 'commander';
import { isJsonObject, messageOf, WeirError, type JsonObject } from '../protocol/index.ts';
import { PARTITION_ALGORITHMS } from '../translator/index.ts';

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('A number above 0 was expected.');
  return value;
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('A whole number was expected.');
  return value;
}

const RMODES: Readonly<Record<string, number>> = {
  ALL: -1,
  NOTHING: 0,
  RERUN: 1,
  REPEAT: 2,
  RECOMPUTE: 4,
  REPRODUCE: 5,
  REPLICATE_SCI: 6,
  REPLICATE_COMP: 7,
  REPLICATE_TOTAL: 8,
};

/** The name of an R-mode given by name or number (spec/reproducibility.md section 1). */
export function rmodeName(text: string): string {
  const upper = text.trim().toUpperCase();
  if (Object.hasOwn(RMODES, upper)) return upper;
  const named = Object.entries(RMODES).find(([, value]) => String(value) === upper);
  if (!named)
    throw new InvalidArgumentError(`One of ${Object.keys(RMODES).join(', ')} or their numbers was expected.`);
  return named[0];
}

export function countFromOne(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('A whole number from 1 was expected.');
  return value;
}

/** What stands between commas, without blanks around it; what is empty does not count. */
export function commaSeparated(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Hosts separated by commas; one at least. */
export function hostList(text: string): string[] {
  const hosts = commaSeparated(text);
  const odd = hosts.find((host) => /[\s/#]/.test(host));
  if (hosts.length === 0 || odd !== undefined)
    throw new InvalidArgumentError('Hosts separated by commas were expected, e.g. nm1,nm2:8000.');
  return hosts;
}

/** For options that may be repeated. */
export function collected(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

export function algorithmName(text: string): string {
  if ((PARTITION_ALGORITHMS as readonly string[]).includes(text)) return text;
  throw new InvalidArgumentError(`One of ${PARTITION_ALGORITHMS.join(', ')} was expected.`);
}

/**
 * Values of `-p`: `name=value` or a JSON object, which overrides the others whatever the order (spec/translator.md 15).
 * Throws USAGE.
 */
export function parametersOf(given: readonly string[]): JsonObject {
  const named: Record<string, string> = {};
  const objects: JsonObject[] = [];
  for (const text of given) {
    if (text.trimStart().startsWith('{')) objects.push(jsonObject(text));
    else {
      const [name, value] = pairOf(text, '-p');
      named[name] = value;
    }
  }
  return Object.assign(named, ...objects) as JsonObject;
}

function jsonObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new WeirError('USAGE', `The JSON object given with -p is not JSON: ${messageOf(cause)}.`, {
      cause,
    });
  }
  if (isJsonObject(value)) return value;
  throw new WeirError('USAGE', 'A JSON object of names and values was expected with -p.');
}

/** `name=value` in its two halves; the value may hold further equals signs. Throws USAGE. */
export function pairOf(text: string, option: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new WeirError('USAGE', `${option} expects name=value, found "${text}".`, { details: { option } });
}

/** The JSON document in a file; `-` is standard input. Throws FILE_UNREADABLE or USAGE. */
export async function readJsonFile(file: string): Promise<unknown> {
  const reading = file === '-' ? textFrom(process.stdin) : readFile(file, 'utf8');
  const text = await reading.catch((cause: unknown) => {
    throw new WeirError('FILE_UNREADABLE', `The file ${file} cannot be read: ${messageOf(cause)}.`, {
      cause,
      details: { file },
    });
  });
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new WeirError('USAGE', `The file ${file} is not JSON: ${messageOf(cause)}.`, {
      cause,
      details: { file },
    });
  }
}
