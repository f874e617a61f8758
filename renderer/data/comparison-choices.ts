/** How a person wants two sessions compared, as it stands in the address: so a link keeps it. Pure. */
import type { ComparisonChoices, SessionComparison } from '../../engine/api/contract.ts';
import { S } from '../strings.ts';
import { hasDifference, textOfField, type DifferingField, type ModeComparison } from './comparison-view.ts';

export type Comparator = NonNullable<ComparisonChoices['comparators']>[number];
export type Pin = NonNullable<ComparisonChoices['pins']>[number];

/** Tolerances that are offered. */
export const TOLERANCES: readonly number[] = [0.0001, 0.001, 0.01, 0.1];

const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 2 });
export const formatTolerance = (relative: number): string => percent.format(relative);

interface Query {
  readonly [key: string]: string;
}

function listIn(query: Query, key: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(query[key] ?? '[]');
    return Array.isArray(value) ? (value as unknown[]) : [];
  } catch {
    // An address somebody shortened: nothing was chosen.
    return [];
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** Comparators: pairs of field and tolerance, null to ignore it. */
export function comparatorsOf(query: Query): readonly Comparator[] {
  return listIn(query, 'as').flatMap((entry): Comparator[] => {
    const [field, relative] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (!isText(field)) return [];
    if (relative === null) return [{ field, as: 'ignore' }];
    const isUsable = typeof relative === 'number' && relative >= 0 && relative <= 1;
    return isUsable ? [{ field, as: 'within', relative }] : [];
  });
}

export function pinsOf(query: Query): readonly Pin[] {
  return listIn(query, 'pins').flatMap((entry): Pin[] => {
    const [a, b] = Array.isArray(entry) ? (entry as unknown[]) : [];
    return isText(a) && isText(b) ? [[a, b]] : [];
  });
}

const listText = (list: readonly unknown[]): string => (list.length === 0 ? '' : JSON.stringify(list));

export const comparatorsText = (comparators: readonly Comparator[]): string =>
  listText(comparators.map((one) => [one.field, one.as === 'ignore' ? null : one.relative]));

export const pinsText = (pins: readonly Pin[]): string => listText(pins);

/** The comparators with another for one field; undefined: exactly. */
export function withComparator(
  comparators: readonly Comparator[],
  field: string,
  choice: number | 'ignore' | undefined,
): readonly Comparator[] {
  const others = comparators.filter((one) => one.field !== field);
  if (choice === undefined) return others;
  return [
    ...others,
    choice === 'ignore' ? { field, as: 'ignore' } : { field, as: 'within', relative: choice },
  ];
}

/** Whether a tolerance means anything for the values of a field. */
export function isNumeric({ a, b }: Pick<DifferingField, 'a' | 'b'>): boolean {
  const isNumber = (value: unknown): boolean =>
    typeof value === 'number' || (isText(value) && value.trim() !== '' && Number.isFinite(Number(value)));
  return isNumber(a) && isNumber(b);
}

/** A choice in words. */
export const describeComparator = (one: Comparator): string =>
  one.as === 'ignore'
    ? S.reproducibility.compare.chosen.ignored(one.field)
    : S.reproducibility.compare.chosen.within(one.field, formatTolerance(one.relative));

/** Whether a mode differs by its hashes, but in nothing that the person wanted compared. Never called a match. */
export const isEqualAsChosen = (mode: ModeComparison): boolean =>
  hasDifference(mode) && mode.excused > 0 && mode.differing.length === 0;

/** The whole comparison as text, for a mail or a notebook. */
export function comparisonAsText(
  a: string,
  b: string,
  { rmodes, alignment }: SessionComparison,
  choices: ComparisonChoices,
): string {
  const texts = S.reproducibility.compare;
  const lines = [`${texts.a}: ${a}`, `${texts.b}: ${b}`, ''];
  for (const one of choices.comparators ?? [])
    lines.push(`${texts.chosen.title}: ${describeComparator(one)}`);
  for (const [left, right] of choices.pins ?? []) lines.push(texts.chosen.pinned(left, right));
  for (const [mode, found] of Object.entries(rmodes)) {
    lines.push(`${mode}: DALiuGE ${found.verdict}, Weir ${found.canonical.verdict}`);
    if (isEqualAsChosen(found)) lines.push(`  ${texts.chosen.equal}`);
    for (const { a: inA, b: inB, name, isFirst, fields } of found.differing) {
      lines.push(
        `  ${isFirst ? texts.graph.marks.cause : texts.later}: ${name} (${inA ?? '–'} | ${inB ?? '–'})`,
      );
      for (const field of fields)
        lines.push(
          `    ${field.class}, ${field.name}: ${textOfField(field.a) ?? texts.absent} | ${textOfField(field.b) ?? texts.absent}`,
        );
    }
    if (found.affected > 0) lines.push(`  ${texts.affected(found.affected)}`);
  }
  for (const uid of alignment.removed) lines.push(`${texts.removed}: ${uid}`);
  for (const uid of alignment.added) lines.push(`${texts.added}: ${uid}`);
  return `${lines.join('\n')}\n`;
}

/** A letter for each different signature of a mode, in the order of the sessions; undefined: not recorded. */
export function groupsOf(signatures: readonly (string | null)[]): readonly (string | undefined)[] {
  const letters = new Map<string, string>();
  return signatures.map((signature) => {
    if (signature === null) return undefined;
    let letter = letters.get(signature);
    if (letter === undefined) {
      letter = letterOf(letters.size);
      letters.set(signature, letter);
    }
    return letter;
  });
}

/** A, B, …, Z, AA, AB, … */
function letterOf(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : `${letterOf(Math.floor(index / 26) - 1)}${last}`;
}
