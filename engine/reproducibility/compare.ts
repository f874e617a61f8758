/**
 * Comparison of two sessions, graphs or `reprodata.out` files: per R-mode match, differs or not recorded, and the first
 * causes (design/ux-and-trust.md 3).
 */

import { alignDrops, type Alignment } from './align.ts';
import { ALL_RMODES, type HashedRMode } from './modes.ts';
import { pythonRepr } from './python-repr.ts';
import { type FieldClass, modeBits, type RecordField } from './record-classes.ts';
import type { Topology } from './topology.ts';

/** A drop as the comparison sees it. */
export interface ComparableDrop {
  readonly oid: string;
  readonly lgKey: string | null;
  /** Where in scatters and loops it is. */
  readonly coordinates: string | null;
  readonly name: string;
  /** Kind for alignment by structure: class and category. */
  readonly kind: string;
  readonly fields: () => readonly RecordField[];
}

/** One of the two things compared. */
export interface ComparisonSide {
  readonly drops: readonly ComparableDrop[];
  readonly topology: Topology;
  /** The signature of each mode that was recorded; null or missing: not recorded. */
  readonly signatures: SignatureTable;
  /** Weir's own signatures (canonical-signature.ts), which cover more. */
  readonly canonicalSignatures?: SignatureTable;
}

export type SignatureTable = Readonly<Partial<Record<HashedRMode, string | null>>>;

export const ModeVerdict = { MATCH: 'match', DIFFERS: 'differs', NOT_RECORDED: 'not recorded' } as const;
export type ModeVerdict = (typeof ModeVerdict)[keyof typeof ModeVerdict];

export interface DifferingField {
  readonly class: FieldClass;
  readonly name: string;
  /** undefined where the side has no such field. */
  readonly a: unknown;
  readonly b: unknown;
}

export interface DifferingDrop {
  readonly a: string | null;
  readonly b: string | null;
  readonly name: string;
  /** True for a first cause; false for a later drop that changed by itself too (code, parameter, structure). */
  readonly isFirst: boolean;
  readonly fields: readonly DifferingField[];
}

/** Two signatures and what they say. `same` is null when it cannot be said, because a side was not recorded. */
export interface SignatureComparison {
  readonly verdict: ModeVerdict;
  readonly same: boolean | null;
  readonly a: string | null;
  readonly b: string | null;
}

export interface ModeComparison extends SignatureComparison {
  /** The same for Weir's own signatures. */
  readonly canonical: SignatureComparison;
  readonly differing: readonly DifferingDrop[];
  /** Drops after a cause: their difference may follow from it. */
  readonly affected: number;
  /** Fields that differ and that the person comparing let pass (`isEqual`). */
  readonly excused: number;
}

/** What the drawing of a comparison marks a drop as. */
export const DropMark = { SAME: 0, CAUSE: 1, AFFECTED: 2, ONLY_HERE: 3 } as const;

/** The marks of one mode and who is whose partner, by index. */
export interface ComparisonMarks {
  /** A `DropMark` for each drop of A. */
  readonly ofA: Uint8Array;
  /** Index in B of each drop of A, or -1. Drops of B that nobody points to are only there. */
  readonly partnerOfA: Int32Array;
}

export interface Comparison {
  /** Only where `marksFor` asked for them. */
  readonly marks?: ComparisonMarks;
  readonly rmodes: Readonly<Record<HashedRMode, ModeComparison>>;
  readonly alignment: {
    readonly byId: number;
    readonly byLogicalId: number;
    readonly byStructure: number;
    /** Drops of A without counterpart, and of B. */
    readonly removed: readonly string[];
    readonly added: readonly string[];
  };
}

export interface ComparisonOptions {
  /** How many differing drops are listed per mode; the rest is counted. Default 1000. */
  readonly maxListed?: number;
  /** Whether two values are the same for the person comparing, e.g. within a tolerance. Never makes a hash match. */
  readonly isEqual?: (
    field: { readonly class: FieldClass; readonly name: string },
    a: unknown,
    b: unknown,
  ) => boolean;
  /** Pairs of drops that belong together whatever their ids say. */
  readonly pins?: readonly (readonly [a: string, b: string])[];
  /** The mode whose marks are wanted. */
  readonly marksFor?: HashedRMode;
}

function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return pythonRepr(a) === pythonRepr(b);
}

/** In what two drops differ. */
export interface PairDifference {
  readonly fields: readonly (DifferingField & { readonly modes: number })[];
  readonly modes: number;
  /** Bits of the modes of each field that was let pass. */
  readonly excused: readonly number[];
}

/** The fields in which a pair differs; undefined when in none that counts. */
export function differences(
  a: ComparableDrop,
  b: ComparableDrop,
  options: ComparisonOptions,
): PairDifference | undefined {
  const left = a.fields();
  const right = b.fields();
  const found: (DifferingField & { modes: number })[] = [];
  const excused: number[] = [];
  const note = (field: RecordField, va: unknown, vb: unknown): void => {
    if (field.modes === 0 || sameValue(va, vb)) return;
    if (options.isEqual?.(field, va, vb)) excused.push(field.modes);
    else found.push({ class: field.class, name: field.name, a: va, b: vb, modes: field.modes });
  };
  const isAligned = left.length === right.length && left.every((field, i) => isSameField(field, right[i]));
  if (isAligned) left.forEach((field, i) => note(field, field.value, right[i]?.value));
  else {
    const keyOf = (field: RecordField): string => `${field.class} ${field.name} ${field.modes}`;
    const others = new Map(right.map((field) => [keyOf(field), field]));
    for (const field of left) {
      const other = others.get(keyOf(field));
      others.delete(keyOf(field));
      note(field, field.value, other?.value);
    }
    for (const field of others.values()) note(field, undefined, field.value);
  }
  if (found.length === 0 && excused.length === 0) return undefined;
  return { fields: found, modes: found.reduce((bits, field) => bits | field.modes, 0), excused };
}

function isSameField(a: RecordField, b: RecordField | undefined): boolean {
  return b !== undefined && a.class === b.class && a.name === b.name && a.modes === b.modes;
}

/** Classes that a drop cannot have inherited from the ones before it. */
const OWN_CLASSES: ReadonlySet<FieldClass> = new Set(['structure', 'code', 'parameter']);

/** Compares two sides. Linear in drops and edges. */
export function compareSides(
  a: ComparisonSide,
  b: ComparisonSide,
  options: ComparisonOptions = {},
): Comparison {
  const alignment = alignDrops(a, b, options.pins);
  const pairs = alignment.partnerOfA.map((partner, i) =>
    partner < 0
      ? undefined
      : differences(a.drops[i] as ComparableDrop, b.drops[partner] as ComparableDrop, options),
  );
  return compareAligned(a, b, { alignment, pairs, structure: edgeDifferences(a, b, alignment) }, options);
}

/** What a comparison says, once it is known which drops belong together and in what they differ. */
export function compareAligned(
  a: ComparisonSide,
  b: ComparisonSide,
  found: Found,
  options: ComparisonOptions,
): Comparison {
  const { alignment } = found;
  const rmodes = {} as Record<HashedRMode, ModeComparison>;
  let marks: ComparisonMarks | undefined;
  for (const mode of ALL_RMODES) {
    const ofA = mode === options.marksFor ? new Uint8Array(a.drops.length) : undefined;
    rmodes[mode] = compareMode(mode, a, b, found, options, ofA);
    if (ofA) marks = { ofA, partnerOfA: Int32Array.from(alignment.partnerOfA) };
  }
  const oids = (side: ComparisonSide, partners: Int32Array): string[] =>
    side.drops.filter((_, i) => (partners[i] as number) < 0).map((drop) => drop.oid);
  return {
    rmodes,
    ...(marks && { marks }),
    alignment: {
      byId: alignment.byId,
      byLogicalId: alignment.byLogicalId,
      byStructure: alignment.byStructure,
      removed: oids(a, Int32Array.from(alignment.partnerOfA)),
      added: oids(b, Int32Array.from(alignment.partnerOfB)),
    },
  };
}

/** What is known of two sides before modes are looked at. */
export interface Found {
  readonly alignment: Alignment;
  /** Differences of each drop of A with its partner. */
  readonly pairs: readonly (PairDifference | undefined)[];
  /** Parents that each drop of A has and its partner has not, and the other way round. */
  readonly structure: ReadonlyMap<number, DifferingField>;
}

function parentsOf(topology: Topology): number[][] {
  const parents: number[][] = topology.ids.map(() => []);
  for (let from = 0; from < topology.ids.length; from++)
    for (let e = topology.offsets[from] as number; e < (topology.offsets[from + 1] as number); e++)
      parents[topology.targets[e] as number]?.push(from);
  return parents;
}

function edgeDifferences(
  a: ComparisonSide,
  b: ComparisonSide,
  alignment: Alignment,
): Map<number, DifferingField> {
  const found = new Map<number, DifferingField>();
  const parentsA = parentsOf(a.topology);
  const parentsB = parentsOf(b.topology);
  const names = (side: ComparisonSide, list: readonly number[]): string[] =>
    list.map((p) => side.drops[p]?.name ?? '').sort();
  parentsA.forEach((parents, i) => {
    const partner = alignment.partnerOfA[i] as number;
    if (partner < 0) return;
    const theirs = parentsB[partner] as number[];
    if (!isSameSet(parents, theirs, alignment.partnerOfA))
      found.set(i, { class: 'structure', name: 'edges from', a: names(a, parents), b: names(b, theirs) });
  });
  return found;
}

/** Whether the partners of `parents` are `theirs`, in any order and number. */
function isSameSet(
  parents: readonly number[],
  theirs: readonly number[],
  partner: readonly number[],
): boolean {
  if (parents.length === theirs.length && parents.every((p, i) => partner[p] === theirs[i])) return true;
  const mapped = new Set(parents.map((p) => partner[p] as number));
  return mapped.size === new Set(theirs).size && theirs.every((p) => mapped.has(p));
}

function compareMode(
  mode: HashedRMode,
  a: ComparisonSide,
  b: ComparisonSide,
  found: Found,
  options: ComparisonOptions,
  marks?: Uint8Array,
): ModeComparison {
  const upstream = compareSignatures(a.signatures[mode], b.signatures[mode]);
  const canonical = compareSignatures(a.canonicalSignatures?.[mode], b.canonicalSignatures?.[mode]);
  const differs = upstream.same === false || canonical.same === false;
  return {
    ...upstream,
    canonical,
    ...(differs
      ? firstCauses(mode, a, b, found, options.maxListed ?? 1000, marks)
      : { differing: [], affected: 0 }),
    excused: differs ? excusedIn(mode, found) : 0,
  };
}

function excusedIn(mode: HashedRMode, { pairs }: Found): number {
  const bit = modeBits(mode);
  let count = 0;
  for (const pair of pairs) for (const modes of pair?.excused ?? []) if ((modes & bit) !== 0) count++;
  return count;
}

function compareSignatures(
  left: string | null | undefined,
  right: string | null | undefined,
): SignatureComparison {
  const [a, b] = [left ?? null, right ?? null];
  if (a === null || b === null) return { verdict: 'not recorded', same: null, a, b };
  return a === b ? { verdict: 'match', same: true, a, b } : { verdict: 'differs', same: false, a, b };
}

function firstCauses(
  mode: HashedRMode,
  a: ComparisonSide,
  b: ComparisonSide,
  found: Found,
  maxListed: number,
  marks?: Uint8Array,
): { differing: DifferingDrop[]; affected: number } {
  const bit = modeBits(mode);
  const { topology } = a;
  const isTainted = new Uint8Array(topology.ids.length);
  const differing: DifferingDrop[] = [];
  const later: DifferingDrop[] = [];
  let affected = 0;
  const isChained = mode !== 'REPRODUCE';
  for (const i of topology.visited) {
    const fields = claimedFields(i, bit, isChained, found);
    const partner = found.alignment.partnerOfA[i] as number;
    const isOwn = fields.length > 0 || (partner < 0 && isChained);
    if (isTainted[i]) affected++;
    if (marks) marks[i] = markOf(isOwn, isTainted[i] === 1, partner < 0);
    if (isOwn) {
      const drop = a.drops[i] as ComparableDrop;
      const entry: DifferingDrop = {
        a: drop.oid,
        b: partner < 0 ? null : (b.drops[partner]?.oid ?? null),
        name: drop.name,
        isFirst: !isTainted[i],
        fields: partner < 0 ? [{ class: 'structure', name: 'drop', a: drop.name, b: undefined }] : fields,
      };
      if (entry.isFirst) differing.push(entry);
      else if (entry.fields.some((field) => OWN_CLASSES.has(field.class))) later.push(entry);
    }
    if (isOwn || isTainted[i])
      for (let e = topology.offsets[i] as number; e < (topology.offsets[i + 1] as number); e++)
        isTainted[topology.targets[e] as number] = 1;
  }
  if (isChained) for (const added of addedDrops(b, found.alignment)) differing.push(added);
  return { differing: [...differing, ...later].slice(0, maxListed), affected };
}

function markOf(isOwn: boolean, isTainted: boolean, isAlone: boolean): number {
  if (isAlone && isOwn) return DropMark.ONLY_HERE;
  if (isTainted) return DropMark.AFFECTED;
  return isOwn ? DropMark.CAUSE : DropMark.SAME;
}

function claimedFields(index: number, bit: number, isChained: boolean, found: Found): DifferingField[] {
  const pair = found.pairs[index];
  const edge = isChained ? found.structure.get(index) : undefined;
  const fields: DifferingField[] = edge === undefined ? [] : [edge];
  if (pair !== undefined && (pair.modes & bit) !== 0)
    for (const field of pair.fields)
      if ((field.modes & bit) !== 0)
        fields.push({ class: field.class, name: field.name, a: field.a, b: field.b });
  return fields;
}

/** Drops that only B has, as far as no drop before them is of the same sort. */
function addedDrops(b: ComparisonSide, alignment: Alignment): DifferingDrop[] {
  const parents = parentsOf(b.topology);
  const added: DifferingDrop[] = [];
  b.drops.forEach((drop, i) => {
    if ((alignment.partnerOfB[i] as number) >= 0) return;
    if (parents[i]?.some((p) => (alignment.partnerOfB[p] as number) < 0)) return;
    const fields: DifferingField[] = [{ class: 'structure', name: 'drop', a: undefined, b: drop.name }];
    added.push({ a: null, b: drop.oid, name: drop.name, isFirst: true, fields });
  });
  return added;
}
