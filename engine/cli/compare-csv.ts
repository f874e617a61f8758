/** The CSV files of DALiuGE's comparison tool, of two sides (spec/reproducibility.md 10). */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import {
  ALL_RMODES,
  compareSummaries,
  comparisonCsv,
  comparisonFileNames,
  ReproducibilityFlags,
  summariseFile,
  summaryCsv,
  type SignatureSummary,
} from '../reproducibility/index.ts';
import { readUserFile, writeWhole } from './user-files.ts';

/** One side: a file as that tool reads it, or the signatures of a session. */
export type CsvSide =
  | { readonly file: string }
  | { readonly session: string; readonly signatures: Readonly<Record<string, string>> };

export interface CsvFiles {
  readonly summary: string;
  /** Null where there is no pair. */
  readonly comparison: string | null;
}

/**
 * Writes the two files into a folder, which is made when it is missing. As with that tool, a mode that neither side has
 * counts as equal there, and a file of a single mode has no signature. Throws FILE_UNREADABLE, REPRO_INVALID.
 */
export async function writeCsv(
  dir: string,
  sides: readonly [CsvSide, CsvSide],
  now: Date,
): Promise<CsvFiles> {
  const names = namesOf(sides);
  const entries = new Map<string, SignatureSummary>();
  for (const [i, side] of sides.entries()) entries.set(names[i] as string, await summaryOf(side));
  await mkdir(dir, { recursive: true }).catch(() => undefined);
  const stamp = comparisonFileNames({ date: now, microseconds: now.getMilliseconds() * 1000 });
  const write = async (name: string, text: string): Promise<string> => {
    const file = path.join(dir, name);
    await writeWhole(file, [Buffer.from(text)]);
    return file;
  };
  const { text, failure } = summaryCsv(entries);
  if (failure) throw failure;
  const comparison = comparisonCsv(compareSummaries(entries));
  return {
    summary: await write(stamp.summary, text),
    comparison: comparison === undefined ? null : await write(stamp.comparison, comparison),
  };
}

/** Last parts of paths, as that tool has them; whole paths where they are the same, so that neither covers the other. */
function namesOf(sides: readonly [CsvSide, CsvSide]): readonly string[] {
  const short = sides.map((side) => ('file' in side ? path.basename(side.file) : side.session));
  if (short[0] !== short[1]) return short;
  const long = sides.map((side) => ('file' in side ? side.file : side.session));
  return long[0] === long[1] ? [`${long[0]} (1)`, `${long[1]} (2)`] : long;
}

async function summaryOf(side: CsvSide): Promise<SignatureSummary> {
  if ('file' in side) return summariseFile((await readUserFile(side.file)).toString('utf8'));
  return new Map(ALL_RMODES.map((mode) => [ReproducibilityFlags[mode], side.signatures[mode] ?? null]));
}
