/**
 * Which drop of one session is which of another: by id, then by logical id and coordinates, then by structure.
 */

import type { ComparableDrop, ComparisonSide } from './compare.ts';

export interface Alignment {
  /** Index of the partner in B for each drop of A, or -1. */
  readonly partnerOfA: readonly number[];
  readonly partnerOfB: readonly number[];
  readonly byId: number;
  readonly byLogicalId: number;
  readonly byStructure: number;
}

class Pairing {
  readonly ofA: number[];
  readonly ofB: number[];

  constructor(sizeA: number, sizeB: number) {
    this.ofA = new Array<number>(sizeA).fill(-1);
    this.ofB = new Array<number>(sizeB).fill(-1);
  }

  pair(a: number, b: number): void {
    this.ofA[a] = b;
    this.ofB[b] = a;
  }

  /** Pairs the drops still alone that have the same key, if the key is unique on both sides. Returns how many. */
  byKey(a: ComparisonSide, b: ComparisonSide, keyA: KeyOf, keyB: KeyOf): number {
    const left = uniqueKeys(a, this.ofA, keyA);
    const right = uniqueKeys(b, this.ofB, keyB);
    let count = 0;
    for (const [key, i] of left) {
      const j = right.get(key);
      if (i < 0 || j === undefined || j < 0) continue;
      this.pair(i, j);
      count++;
    }
    return count;
  }
}

type KeyOf = (drop: ComparableDrop, index: number) => string | undefined;

/** Key -> index, or -1 when several drops have the key. */
function uniqueKeys(side: ComparisonSide, partners: readonly number[], keyOf: KeyOf): Map<string, number> {
  const keys = new Map<string, number>();
  side.drops.forEach((drop, i) => {
    if ((partners[i] as number) >= 0) return;
    const key = keyOf(drop, i);
    if (key !== undefined) keys.set(key, keys.has(key) ? -1 : i);
  });
  return keys;
}

const logicalKey: KeyOf = (drop) =>
  drop.lgKey === null ? undefined : `${drop.lgKey}\n${drop.coordinates ?? ''}\n${drop.kind}`;

/** Rounds of pairing by structure: each can only use what the one before found. */
const MAX_ROUNDS = 16;

/** `pins`: pairs of ids that a person put together; ids that are not there, or pinned already, are passed over. */
export function alignDrops(
  a: ComparisonSide,
  b: ComparisonSide,
  pins: readonly (readonly [a: string, b: string])[] = [],
): Alignment {
  const pairing = new Pairing(a.drops.length, b.drops.length);
  for (const [left, right] of pins) {
    const i = a.drops.findIndex(({ oid }) => oid === left);
    const j = b.drops.findIndex(({ oid }) => oid === right);
    if (i >= 0 && j >= 0 && pairing.ofA[i] === -1 && pairing.ofB[j] === -1) pairing.pair(i, j);
  }
  const id: KeyOf = (drop) => drop.oid;
  const byId = pairing.byKey(a, b, id, id);
  const byLogicalId = pairing.byKey(a, b, logicalKey, logicalKey);
  let byStructure = 0;
  for (let round = 0; round < MAX_ROUNDS && pairing.ofA.includes(-1) && pairing.ofB.includes(-1); round++) {
    const found = structureRound(a, b, pairing);
    if (found === 0) break;
    byStructure += found;
  }
  return { partnerOfA: pairing.ofA, partnerOfB: pairing.ofB, byId, byLogicalId, byStructure };
}

/** Pairs drops of the same kind and name whose paired neighbours are the same. */
function structureRound(a: ComparisonSide, b: ComparisonSide, pairing: Pairing): number {
  const neighbours = (side: ComparisonSide, partner: (index: number) => number): string[] => {
    const lists: string[][] = side.drops.map(() => []);
    const { offsets, targets } = side.topology;
    for (let from = 0; from < side.drops.length; from++)
      for (let e = offsets[from] as number; e < (offsets[from + 1] as number); e++) {
        const to = targets[e] as number;
        // Neighbours are named by their index in B, so that both sides speak of the same drops.
        if (partner(from) >= 0) lists[to]?.push(`<${partner(from)}`);
        if (partner(to) >= 0) lists[from]?.push(`>${partner(to)}`);
      }
    return lists.map((list) => list.sort().join());
  };
  const aroundA = neighbours(a, (index) => pairing.ofA[index] as number);
  const aroundB = neighbours(b, (index) => ((pairing.ofB[index] as number) >= 0 ? index : -1));
  const key =
    (around: readonly string[]): KeyOf =>
    (drop, index) =>
      `${drop.kind}\n${drop.name}\n${around[index] ?? ''}`;
  return pairing.byKey(a, b, key(aroundA), key(aroundB));
}
