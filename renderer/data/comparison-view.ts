/** What is shown of a comparison, and in which order. Pure. */
import type { SessionComparison } from '../../engine/api/contract.ts';

export type ModeComparison = SessionComparison['rmodes'][string];
export type DifferingDrop = ModeComparison['differing'][number];
export type DifferingField = DifferingDrop['fields'][number];

/** Whether a mode differs: by DALiuGE's signature or by Weir's own, which covers more. */
export const hasDifference = ({ same, canonical }: ModeComparison): boolean =>
  same === false || canonical.same === false;

/** Modes that differ, in the order of the comparison. */
export function differingModes({ rmodes }: SessionComparison): readonly string[] {
  return Object.keys(rmodes).filter((mode) => hasDifference(rmodes[mode] as ModeComparison));
}

/** Whether at least one mode has a signature on both sides, so that something can be said. */
export function isAnythingRecorded({ rmodes }: SessionComparison): boolean {
  return Object.values(rmodes).some(({ same, canonical }) => same !== null || canonical.same !== null);
}

/** Sides that lack DALiuGE's signature. */
export function missingSides({ a, b }: Pick<ModeComparison, 'a' | 'b'>): 'a' | 'b' | 'both' | undefined {
  if (a !== null && b !== null) return undefined;
  if (a === null && b === null) return 'both';
  return a === null ? 'a' : 'b';
}

/** Order in which the classes of fields are shown: what people change first, first. */
const CLASS_ORDER = ['structure', 'code', 'parameter', 'input data', 'environment', 'outcome'];

/** The fields by class; order and time never count and are left out. */
export function byClass(
  fields: readonly DifferingField[],
): readonly (readonly [cls: string, fields: readonly DifferingField[]])[] {
  const groups = new Map<string, DifferingField[]>();
  for (const field of fields) {
    if (field.class === 'time') continue;
    const group = groups.get(field.class);
    if (group) group.push(field);
    else groups.set(field.class, [field]);
  }
  const place = (cls: string): number => {
    const at = CLASS_ORDER.indexOf(cls);
    return at < 0 ? CLASS_ORDER.length : at;
  };
  return [...groups].sort(([a], [b]) => place(a) - place(b));
}

/** A value as text; undefined where a side has no such field. */
export function textOfField(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
