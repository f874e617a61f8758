/**
 * What most dropspecs of a graph have in common. The copies of one component differ in their ids, their links and a few
 * values; everything else is the same text again and again. A shape remembers one dropspec that was read with care, and
 * the next ones are compared with it, stretch by stretch, instead of being read byte by byte.
 */
import { sameBytes } from './byte-index.ts';
import { SpecFlags } from './physical-graph.ts';
import { KeyRoles, type SpecKey } from './spec-keys.ts';

/** One member of the dropspec that a shape was made of; positions count from the start of that dropspec. */
export interface ShapeMember {
  readonly key: SpecKey;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Where the text in quotes stands, for names and keys that are noted by place. */
  readonly textStart: number;
  readonly textLength: number;
  /** Whether it is a parameter that says something. */
  readonly speaks: boolean;
  /** Whether the value was the same in every dropspec so far. */
  isConstant: boolean;
}

/** A stretch that is the same in every dropspec, and the value behind it that is not. */
export interface ShapeStep {
  readonly from: number;
  readonly to: number;
  /** Members whose values lie in the stretch. */
  readonly constants: readonly ShapeMember[];
  /** Those of them whose place is noted. */
  readonly noted: readonly ShapeMember[];
  readonly hole: ShapeMember | undefined;
}

/** What a dropspec of the shape is, whatever its values. */
export interface ShapeFacts {
  readonly kind: number;
  readonly classId: number;
  readonly node: string;
}

/** Above this many bytes a native comparison is faster than a loop. */
const NATIVE_BYTES = 96;

/** These decide what a drop is; a dropspec in which they differ has another shape. */
const DECIDING: readonly KeyRoles[] = [KeyRoles.dropclass, KeyRoles.storage, KeyRoles.categoryType];
/** These differ from drop to drop. */
const OWN: readonly KeyRoles[] = [
  ...[KeyRoles.oid, KeyRoles.uid, KeyRoles.relation, KeyRoles.parent, KeyRoles.rmode],
];
const NOTED: readonly KeyRoles[] = [KeyRoles.name, KeyRoles.lgKey];

export class SpecShape {
  readonly bytes: Buffer;
  readonly facts: ShapeFacts;
  /** The shape of the dropspec that came after the last one of this shape. */
  next: SpecShape | undefined;
  /** SpecFlags that the constant members bring. */
  flags = 0;
  #steps: readonly ShapeStep[];
  readonly #members: readonly ShapeMember[];

  /** `bytes` is the text of the dropspec, copied here. */
  constructor(bytes: Uint8Array, members: readonly ShapeMember[], facts: ShapeFacts) {
    this.bytes = Buffer.from(bytes);
    this.facts = facts;
    this.#members = members;
    for (const member of members) if (OWN.includes(member.key.role)) member.isConstant = false;
    this.#steps = this.#lay();
  }

  get steps(): readonly ShapeStep[] {
    return this.#steps;
  }

  /** These members turned out to differ; the next dropspecs are not compared there any more. */
  loosen(members: readonly ShapeMember[]): void {
    for (const member of members) member.isConstant = false;
    this.#steps = this.#lay();
  }

  #lay(): readonly ShapeStep[] {
    const steps: ShapeStep[] = [];
    let from = 0;
    let constants: ShapeMember[] = [];
    const noted = () => constants.filter((member) => NOTED.includes(member.key.role));
    this.flags = this.#members.some((member) => member.isConstant && member.speaks)
      ? SpecFlags.PARAMETERS
      : 0;
    for (const member of this.#members) {
      if (member.isConstant) {
        constants.push(member);
        continue;
      }
      steps.push({ from, to: member.valueStart, constants, noted: noted(), hole: member });
      from = member.valueEnd;
      constants = [];
    }
    steps.push({ from, to: this.bytes.length, constants, noted: noted(), hole: undefined });
    return steps;
  }

  /** Whether the stretch from `from` to `to` stands in `text` at `at`. */
  matches(text: Buffer, at: number, from: number, to: number): boolean {
    const length = to - from;
    if (at + length > text.length) return false;
    return length < NATIVE_BYTES
      ? sameBytes(text, at, this.bytes, from, length)
      : text.compare(this.bytes, from, to, at, at + length) === 0;
  }

  /** The constant member behind `from` in whose value `text` at `at` differs first; undefined where it differs elsewhere. */
  differing(text: Buffer, at: number, from: number, step: ShapeStep): ShapeMember | undefined {
    let i = from;
    while (i < step.to && text[at + i - from] === this.bytes[i]) i++;
    const member = step.constants.find(
      (one) => one.valueStart >= from && one.valueStart <= i && i <= one.valueEnd,
    );
    return member && !DECIDING.includes(member.key.role) ? member : undefined;
  }
}
