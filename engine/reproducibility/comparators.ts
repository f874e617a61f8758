/**
 * How the person comparing wants two values compared: exactly, within a tolerance, or not at all (design/ux-and-trust.md
 * 3.6). Plain data, so that a choice can stand in a link and cross to the thread. It never makes a signature match.
 */
import type { FieldClass } from './record-classes.ts';

/** One choice, for every field of that name. */
export type Comparator =
  | { readonly field: string; readonly as: 'ignore' }
  /** Numbers (also within lists and objects) may differ by this part of the larger one, e.g. 0.01 for one percent. */
  | { readonly field: string; readonly as: 'within'; readonly relative: number };

/** What a person said about a comparison. */
export interface ComparisonChoices {
  readonly comparators?: readonly Comparator[];
  /** Pairs of drops, A's id and B's, that belong together whatever their ids say. */
  readonly pins?: readonly (readonly [a: string, b: string])[];
}

type IsEqual = (
  field: { readonly class: FieldClass; readonly name: string },
  a: unknown,
  b: unknown,
) => boolean;

/** The choices as a function for `compareSides`; undefined when there are none. */
export function comparatorsAsFunction(comparators: readonly Comparator[] = []): IsEqual | undefined {
  if (comparators.length === 0) return undefined;
  const byField = new Map(comparators.map((one) => [one.field, one]));
  return ({ name }, a, b) => {
    const choice = byField.get(name);
    if (choice === undefined) return false;
    return choice.as === 'ignore' || isWithin(a, b, choice.relative);
  };
}

/** Whether two values are the same but for numbers that differ by at most `relative` of the larger one. */
export function isWithin(a: unknown, b: unknown, relative: number): boolean {
  if (Object.is(a, b)) return true;
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== undefined && right !== undefined)
    return Math.abs(left - right) <= relative * Math.max(Math.abs(left), Math.abs(right));
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [keysA, keysB] = [Object.keys(a), Object.keys(b)];
  return (
    keysA.length === keysB.length &&
    keysA.every(
      (key) =>
        Object.hasOwn(b, key) &&
        isWithin((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], relative),
    )
  );
}

/** A number, or a text that is nothing but one: graphs hold many numbers as texts. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
