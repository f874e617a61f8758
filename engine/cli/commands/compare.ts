/** `weir compare`: per R-mode the same or not, and which drops differ first (design/cli.md, design/ux-and-trust.md 3). */
import path from 'node:path';
import type { Command } from 'commander';
import { compareStored, sessionSide } from '../../api/index.ts';
import type { Host } from '../../host/index.ts';
import { messageOf, WeirError } from '../../protocol/index.ts';
import {
  comparatorsAsFunction,
  compareSides,
  parseDropRecord,
  parsePythonJson,
  recordTopology,
  sideOfDocument,
  sideOfRecords,
  type Comparator,
  type Comparison,
  type ComparisonSide,
  type DifferingDrop,
  type DifferingField,
  type ModeComparison,
} from '../../reproducibility/index.ts';
import { writeCsv, type CsvSide } from '../compare-csv.ts';
import { DATA_DIR, JSON_FLAG, type StoreOptions as Options } from '../options.ts';
import { EXIT, print, printJson } from '../output.ts';
import { isFile, readUserFile } from '../user-files.ts';
import { pairOf } from '../values.ts';
import { withHost } from '../with-host.ts';

export function compareCommand(program: Command): void {
  program
    .command('compare')
    .argument('<a>', 'session id, graph file or reprodata.out')
    .argument('<b>', 'the other one')
    .description(
      'say for every R-mode whether two sessions or files are the same, and where they first differ',
    )
    .option('--csv <dir>', "also write the two CSV files of DALiuGE's comparison tool")
    .option('--ignore <field...>', 'do not list these fields as differences; signatures stay what they are')
    .option(
      '--within <field=part...>',
      'nor these, where numbers differ by no more than this part, e.g. size=0.01',
    )
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action(async (a: string, b: string, options: CompareOptions) => {
      const { comparison, sides } = await compared(a, b, options);
      const document = comparisonDocument(comparison, a, b);
      const csv = options.csv === undefined ? undefined : await writeCsv(options.csv, sides, new Date());
      if (options.json) printJson({ ...document, ...(csv && { csv }) });
      else {
        print(comparisonText(comparison, document, a, b));
        if (csv) print(`CSV: ${csv.summary}${csv.comparison === null ? '' : `, ${csv.comparison}`}`);
      }
      process.exitCode = document.same ? EXIT.ok : EXIT.failed;
    });
}

interface CompareOptions extends Options {
  readonly csv?: string;
  readonly ignore?: readonly string[];
  readonly within?: readonly string[];
}

interface Compared {
  readonly comparison: Comparison;
  readonly sides: readonly [CsvSide, CsvSide];
}

/** Files are compared as they are, sessions by their records, one of each by what both have. */
async function compared(a: string, b: string, options: CompareOptions): Promise<Compared> {
  const comparators = comparatorsOf(options);
  const isEqual = comparatorsAsFunction(comparators);
  const compare = (left: ComparisonSide, right: ComparisonSide): Comparison =>
    compareSides(left, right, isEqual ? { isEqual } : {});
  const areFiles = [await isFile(a), await isFile(b)];
  if (areFiles.every(Boolean))
    return { comparison: compare(await fileSide(a), await fileSide(b)), sides: [{ file: a }, { file: b }] };
  return withHost(options, async (host) => ({
    sides: [await csvSideOf(host, a, areFiles[0] === true), await csvSideOf(host, b, areFiles[1] === true)],
    comparison: areFiles.some(Boolean)
      ? compare(await sideOf(host, a, areFiles[0] === true), await sideOf(host, b, areFiles[1] === true))
      : await compareStored(host.deps, a, b, { comparators }),
  }));
}

/** Throws USAGE for a tolerance that is none. */
function comparatorsOf({ ignore = [], within = [] }: CompareOptions): Comparator[] {
  const tolerances = within.map((text): Comparator => {
    const [field, part] = pairOf(text, '--within');
    const relative = Number(part);
    if (part.trim() !== '' && relative >= 0 && relative <= 1) return { field, as: 'within', relative };
    throw new WeirError('USAGE', `--within expects a part from 0 to 1, e.g. ${field}=0.01, found "${part}".`);
  });
  return [...ignore.map((field): Comparator => ({ field, as: 'ignore' })), ...tolerances];
}

async function csvSideOf(host: Host, name: string, isAFile: boolean): Promise<CsvSide> {
  if (isAFile) return { file: name };
  return { session: name, signatures: (await host.store.session(name))?.signatures ?? {} };
}

async function fileSide(file: string): Promise<ComparisonSide> {
  const bytes = await readUserFile(file);
  let document;
  try {
    document = parsePythonJson(bytes.toString('utf8'));
  } catch (cause) {
    throw new WeirError('REPRO_INVALID', `${file} is truncated or not JSON: ${messageOf(cause)}`, { cause });
  }
  return sideOfDocument(document, file);
}

/** A session beside a file: by the file the session wrote, else by its records. */
async function sideOf(host: Host, name: string, isAFile: boolean): Promise<ComparisonSide> {
  if (isAFile) return fileSide(name);
  const row = await host.store.session(name);
  const written = row ? path.join(row.dir, 'reprodata.out') : '';
  if (row && row.dir !== '' && (await isFile(written))) return fileSide(written);
  const side = await sessionSide(host.deps, name);
  const records = side.recordTexts.map((text, i) => parseDropRecord(text, `Record ${i} of ${name}`));
  return sideOfRecords(records, recordTopology(records), side.signatures, side.canonicalSignatures ?? {});
}

interface ComparisonDocument {
  /** Whether everything that both have is the same. */
  readonly same: boolean;
  /** The verdict in words. */
  readonly sentence: string;
  readonly verdicts: Readonly<Record<string, string>>;
  readonly rmodes: Readonly<Record<string, unknown>>;
  readonly canonical: Readonly<Record<string, unknown>>;
  readonly alignment: Comparison['alignment'];
}

/**
 * DALiuGE's signatures decide where both sides have some; where they have none, Weir's own do. Throws REPRO_INVALID where
 * the two have no mode in common: then it cannot be said.
 */
function comparisonDocument({ rmodes, alignment }: Comparison, a: string, b: string): ComparisonDocument {
  const modes = Object.entries(rmodes);
  const recorded = modes.filter(([, mode]) => mode.same !== null);
  const own = modes.filter(([, mode]) => mode.canonical.same !== null);
  if (recorded.length + own.length === 0) throw nothingInCommon(modes, a, b);
  const decisive =
    recorded.length > 0
      ? recorded.map(([name, mode]) => ({ name, same: mode.same }))
      : own.map(([name, mode]) => ({ name, same: mode.canonical.same }));
  const differing = decisive.filter(({ same }) => same !== true).map(({ name }) => name);
  const whose = recorded.length > 0 ? '' : " by Weir's own signatures";
  return {
    same: differing.length === 0,
    sentence:
      differing.length === 0
        ? `${a} and ${b} are the same${whose} in ${decisive.map(({ name }) => name).join(', ')}.`
        : `${a} and ${b} differ${whose} in ${differing.join(', ')}.`,
    verdicts: Object.fromEntries(modes.map(([name, mode]) => [name, mode.verdict])),
    rmodes: Object.fromEntries(
      recorded.map(([name, { verdict: _, canonical: _c, ...mode }]) => [name, mode]),
    ),
    canonical: Object.fromEntries(
      own.map(([name, { canonical, differing: drops, affected }]) => [
        name,
        { ...canonical, differing: drops, affected },
      ]),
    ),
    alignment,
  };
}

function nothingInCommon(
  modes: readonly (readonly [string, ModeComparison])[],
  a: string,
  b: string,
): WeirError {
  const of = (side: 'a' | 'b'): string => {
    const has = modes.filter(([, mode]) => mode[side] !== null || mode.canonical[side] !== null);
    return has.length === 0 ? 'no R-mode' : has.map(([name]) => name).join(', ');
  };
  return new WeirError(
    'REPRO_INVALID',
    `${a} and ${b} cannot be compared: they have no signature of the same R-mode (${a} has ${of('a')}; ${b} has ${of('b')}). Translate or run both with the same --rmode.`,
  );
}

/** Causes that are listed. */
const LISTED = 20;

interface Cause {
  readonly drop: DifferingDrop;
  readonly modes: string[];
}

/** The differing drops of all modes, each once with the modes it counts in, first causes before others. */
function causesOf(comparison: Comparison): Cause[] {
  const causes = new Map<string, Cause>();
  for (const [name, { differing }] of Object.entries(comparison.rmodes))
    for (const drop of differing) {
      const key = `${drop.a ?? ''} ${drop.b ?? ''}`;
      const known = causes.get(key);
      known?.modes.push(name);
      if (known === undefined) causes.set(key, { drop, modes: [name] });
      else if (drop.fields.length > known.drop.fields.length || (drop.isFirst && !known.drop.isFirst))
        causes.set(key, {
          drop: { ...drop, isFirst: drop.isFirst || known.drop.isFirst },
          modes: known.modes,
        });
    }
  return [...causes.values()].sort((x, y) => Number(y.drop.isFirst) - Number(x.drop.isFirst));
}

const shown = (value: unknown): string => {
  if (value === undefined) return '(none)';
  const text = JSON.stringify(value) ?? '';
  return text.length > 72 ? `${text.slice(0, 69)}…` : text;
};

/** Fields by class: structure, code, parameter, input data, environment, outcome. */
function fieldLines(fields: readonly DifferingField[]): string[] {
  return [...fields]
    .sort((x, y) => (x.class < y.class ? -1 : x.class > y.class ? 1 : 0))
    .map(({ class: kind, name, a, b }) => `      ${kind}  ${name}: ${shown(a)} -> ${shown(b)}`);
}

function comparisonText(comparison: Comparison, document: ComparisonDocument, a: string, b: string): string {
  const lines = [document.sentence, ''];
  for (const [name, mode] of Object.entries(comparison.rmodes)) {
    const own = mode.canonical.same === null ? '' : `  (Weir's own: ${mode.canonical.verdict})`;
    const after = mode.affected > 0 ? `  ${mode.affected} drop(s) after a cause` : '';
    const excused = mode.excused > 0 ? `  ${mode.excused} field(s) let pass` : '';
    lines.push(`${name.padEnd(16)} ${mode.verdict}${own}${after}${excused}`);
  }
  const causes = causesOf(comparison);
  if (causes.length > 0) lines.push('', 'Where they first differ:');
  for (const { drop, modes } of causes.slice(0, LISTED)) {
    const ids = drop.a === drop.b || drop.b === null ? drop.a : `${drop.a ?? '(none)'} / ${drop.b}`;
    lines.push(`  ${drop.isFirst ? '' : 'also '}${ids ?? ''} (${drop.name}) in ${modes.join(', ')}`);
    lines.push(...fieldLines(drop.fields));
  }
  if (causes.length > LISTED) lines.push(`  and ${causes.length - LISTED} more drops: --json has all`);
  const { removed, added } = comparison.alignment;
  const some = (ids: readonly string[]): string =>
    `${ids.slice(0, 10).join(', ')}${ids.length > 10 ? ` and ${ids.length - 10} more` : ''}`;
  if (removed.length > 0) lines.push('', `Only in ${a}: ${some(removed)}`);
  if (added.length > 0) lines.push('', `Only in ${b}: ${some(added)}`);
  return lines.join('\n');
}
