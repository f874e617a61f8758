/**
 * Upstream's comparison tool (spec/reproducibility.md 10): summaries of `reprodata.out` files, their comparison and the
 * CSV texts, defects included. For verdicts that tell "differs" from "not recorded" see compare.ts.
 */

import { isJsonObject } from '../protocol/index.ts';
import { ReproKeyError } from './fields.ts';
import { ALL_RMODES, ReproducibilityFlags, rflagCaster } from './modes.ts';
import { parsePythonJson } from './python-json.ts';

/** Signature by mode number, or null; a directory's summary may lack modes. */
export type SignatureSummary = ReadonlyMap<number, string | null>;

const NUMBERS = ALL_RMODES.map((mode) => ReproducibilityFlags[mode]);

/** The summary of one file's text. A single mode's signature is looked for where upstream does: at the top level. */
export function summariseFile(text: string): SignatureSummary {
  let data: unknown = parsePythonJson(text);
  if (Array.isArray(data)) data = (data as unknown[])[data.length - 1];
  const summary = new Map<number, string | null>(NUMBERS.map((number) => [number, null]));
  if (!isJsonObject(data) || !Object.hasOwn(data, 'rmode'))
    throw new ReproKeyError('rmode', 'A reprodata file');
  if (data['rmode'] === '-1') {
    for (const mode of ALL_RMODES) {
      const part = data[mode];
      summary.set(ReproducibilityFlags[mode], signatureIn(part));
    }
  } else summary.set(ReproducibilityFlags[rflagCaster(data['rmode'])], signatureIn(data));
  return summary;
}

function signatureIn(part: unknown): string | null {
  const signature = isJsonObject(part) ? part['signature'] : undefined;
  return typeof signature === 'string' ? signature : null;
}

/** The summary of a directory: its files' signatures that are there, later files over earlier ones. */
export function mergeSummaries(summaries: readonly SignatureSummary[]): SignatureSummary {
  const merged = new Map<number, string | null>();
  for (const summary of summaries)
    for (const [mode, signature] of summary) if (signature !== null) merged.set(mode, signature);
  return merged;
}

/** Every pair "a:b" in order of the entries; true where both have the mode and the values are equal, null included. */
export function compareSummaries(
  entries: ReadonlyMap<string, SignatureSummary>,
): ReadonlyMap<string, ReadonlyMap<number, boolean>> {
  const names = [...entries.keys()];
  const comparisons = new Map<string, ReadonlyMap<number, boolean>>();
  names.forEach((a, i) => {
    for (const b of names.slice(i + 1)) {
      const [left, right] = [entries.get(a), entries.get(b)] as [SignatureSummary, SignatureSummary];
      const verdicts = NUMBERS.map((mode): [number, boolean] => [
        mode,
        left.has(mode) && right.has(mode) && left.get(mode) === right.get(mode),
      ]);
      comparisons.set(`${a}:${b}`, new Map(verdicts));
    }
  });
  return comparisons;
}

const HEADER = ['workflow', ...ALL_RMODES];

/** One CSV row as Python's csv module writes it. */
export function csvRow(cells: readonly string[]): string {
  const text = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${text.join(',')}\r\n`;
}

/**
 * The text of `…-summary.csv`: null becomes an empty cell, an entry with an empty summary no row. `failure` is set, as
 * upstream raises it after what is written so far, when an entry lacks a mode.
 */
export function summaryCsv(entries: ReadonlyMap<string, SignatureSummary>): {
  text: string;
  failure?: ReproKeyError;
} {
  let text = csvRow(HEADER);
  for (const [name, summary] of entries) {
    if (summary.size === 0) continue;
    const missing = NUMBERS.find((mode) => !summary.has(mode));
    if (missing !== undefined)
      return { text, failure: new ReproKeyError(String(missing), `The summary of the directory "${name}"`) };
    text += csvRow([name, ...NUMBERS.map((mode) => summary.get(mode) ?? '')]);
  }
  return { text };
}

/** The text of `…-comparison.csv`; undefined when there is no pair and upstream writes none. */
export function comparisonCsv(
  comparisons: ReadonlyMap<string, ReadonlyMap<number, boolean>>,
): string | undefined {
  if (comparisons.size === 0) return undefined;
  let text = csvRow(HEADER);
  for (const [name, verdicts] of comparisons)
    text += csvRow([name, ...NUMBERS.map((mode) => (verdicts.get(mode) ? 'True' : 'False'))]);
  return text;
}

/** The names of the two files: the time in upstream's order, day first. `time` in local time, with microseconds. */
export function comparisonFileNames(time: { readonly date: Date; readonly microseconds: number }): {
  readonly summary: string;
  readonly comparison: string;
} {
  const { date } = time;
  const two = (value: number): string => String(value).padStart(2, '0');
  const stamp = [
    two(date.getDate()),
    two(date.getMonth() + 1),
    String(date.getFullYear()),
    two(date.getHours()),
    two(date.getMinutes()),
    two(date.getSeconds()),
    String(time.microseconds).padStart(6, '0'),
  ].join('-');
  return { summary: `${stamp}-summary.csv`, comparison: `${stamp}-comparison.csv` };
}
