/**
 * Reproducibility modes ("R-modes") and how a value becomes one (spec/reproducibility.md 1).
 */

import { WeirError } from '../protocol/index.ts';
import { PyFloat } from './python-json.ts';

/** The modes with the numbers that graphs carry. 3 is not assigned. */
export const ReproducibilityFlags = {
  ALL: -1,
  NOTHING: 0,
  RERUN: 1,
  REPEAT: 2,
  RECOMPUTE: 4,
  REPRODUCE: 5,
  REPLICATE_SCI: 6,
  REPLICATE_COMP: 7,
  REPLICATE_TOTAL: 8,
  EXPERIMENTAL: 9,
} as const;
export type RModeName = keyof typeof ReproducibilityFlags;
export type ReproducibilityFlags = (typeof ReproducibilityFlags)[RModeName];

/** The modes that ALL stands for; their order is the key order of upstream's documents. */
export const ALL_RMODES = [
  'RERUN',
  'REPEAT',
  'RECOMPUTE',
  'REPRODUCE',
  'REPLICATE_SCI',
  'REPLICATE_COMP',
  'REPLICATE_TOTAL',
] as const satisfies readonly RModeName[];
export type HashedRMode = (typeof ALL_RMODES)[number];

const NAME_OF = new Map<number, RModeName>(
  Object.entries(ReproducibilityFlags).map(([name, value]) => [value, name as RModeName]),
);

/** The name of a mode number; undefined when no mode has this number. */
export function rmodeName(value: number): RModeName | undefined {
  return NAME_OF.get(value);
}

/** The modes a graph of this mode carries hashes for. */
export function modesOf(mode: RModeName): readonly RModeName[] {
  return mode === 'ALL' ? ALL_RMODES : [mode];
}

/** The text in which graphs store a mode: its number. */
export function rmodeText(mode: RModeName): string {
  return String(ReproducibilityFlags[mode]);
}

const PYTHON_INT = /^[+-]?\d+(_\d+)*$/;

/**
 * Reads any rmode value the way upstream does (spec 1.1). What is no mode is NOTHING.
 * Throws REPRO_INVALID for a list or an object, where upstream raises a type error.
 */
export function rflagCaster(value: unknown): RModeName {
  if (value === null || value === undefined) return 'NOTHING';
  if (value === true) return 'RERUN';
  if (value === false) return 'NOTHING';
  if (value instanceof PyFloat || typeof value === 'number' || typeof value === 'bigint')
    return NAME_OF.get(Math.trunc(Number(value))) ?? 'NOTHING';
  if (typeof value === 'string') return fromText(value);
  throw new WeirError(
    'REPRO_INVALID',
    `An R-mode is a number or a name, but ${Array.isArray(value) ? 'a list' : 'an object'} was given; ` +
      'use for example "4" or "RECOMPUTE".',
  );
}

function fromText(text: string): RModeName {
  const trimmed = text.trim();
  if (PYTHON_INT.test(trimmed)) return NAME_OF.get(Number(trimmed.replaceAll('_', ''))) ?? 'NOTHING';
  const bare = text.startsWith('Reproducibility.') ? text.slice('Reproducibility.'.length) : text;
  return ALL_RMODES.find((name) => name === bare) ?? 'NOTHING';
}

/**
 * Reads an rmode that a person typed: as {@link rflagCaster}, but the names ALL, NOTHING and EXPERIMENTAL and lower
 * case are understood too. Throws USAGE for what is no mode, where upstream silently takes NOTHING.
 */
export function parseRMode(text: string): RModeName {
  const cleaned = text.trim().replace(/^Reproducibility(Flags)?\./, '');
  if (PYTHON_INT.test(cleaned)) {
    const mode = NAME_OF.get(Number(cleaned));
    if (mode !== undefined) return mode;
  }
  const upper = cleaned.toUpperCase();
  if (Object.hasOwn(ReproducibilityFlags, upper)) return upper as RModeName;
  throw new WeirError(
    'USAGE',
    `"${text}" is no R-mode; expected one of ${Object.keys(ReproducibilityFlags).join(', ')} or its number.`,
  );
}
