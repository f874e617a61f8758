/** Checks of option values, with complaints for people. */
import { InvalidArgumentError } from 'commander';

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
