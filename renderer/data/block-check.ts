/**
 * Recomputes blocks of DALiuGE's block-DAG (spec/reproducibility.md 2.2, 5.1): SHA3-256 trees over texts. Shares no code
 * with the engine that wrote them, and takes nothing from it but the texts and the hashes they should give. Pure.
 */
import { sha3_256 } from '@noble/hashes/sha3.js';
import type { DropBlock } from '../../engine/api/contract.ts';
import { hex } from './signed-notes.ts';

const encoder = new TextEncoder();
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

function hash(...pieces: readonly Uint8Array[]): Uint8Array {
  const running = sha3_256.create();
  for (const piece of pieces) running.update(piece);
  return running.digest();
}

/**
 * Root of a list of texts in hexadecimal; null is hashed as Python's text for nothing. An unpaired last one moves up as it
 * is; no items make no root.
 */
export function treeRoot(items: readonly (string | null)[]): string | null {
  let level = items.map((item) => hash(LEAF, encoder.encode(item ?? 'None')));
  if (level.length === 0) return null;
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i] as Uint8Array, level[i + 1]];
      next.push(right === undefined ? left : hash(NODE, left, right));
    }
    level = next;
  }
  return hex(level[0] as Uint8Array);
}

/** A stage's leaves against the root that the block holds. */
export interface CheckedStage {
  readonly name: string;
  readonly leaves: readonly string[];
  readonly root: string | null;
  readonly holds: boolean;
}

export interface CheckedBlock {
  readonly block: DropBlock;
  /** The block hash as computed here. Undefined where not all parents are known, so that it cannot be. */
  readonly computed: string | undefined;
  readonly stages: readonly CheckedStage[];
  /** The block is what its items and parents give. */
  readonly holds: boolean;
}

/** Computes a block and the roots of its stages. */
export function checkBlock(block: DropBlock): CheckedBlock {
  const parents = block.parents.map((parent) => parent.block).sort();
  const isWhole = parents.length === block.parentCount;
  const computed = isWhole ? treeRoot([...block.items.map((item) => item.hash), ...parents]) : undefined;
  const stages = block.stages.map(({ name, leaves, root }) => ({
    name,
    leaves,
    root,
    holds: treeRoot(leaves) === root,
  }));
  return { block, computed: computed ?? undefined, stages, holds: computed === block.block };
}

/** Whether a drop's block is the one that the drop after it names. */
export const isNamedBy = (child: DropBlock, { uid, block }: DropBlock): boolean =>
  child.parents.some((parent) => parent.uid === uid && parent.block === block);

/** The first step of a path that does not hold; undefined when all do. */
export function firstBroken(path: readonly CheckedBlock[]): CheckedBlock | undefined {
  return path.find((step, i) => {
    const child = path[i - 1]?.block;
    return (
      (step.computed !== undefined && !step.holds) || (child !== undefined && !isNamedBy(child, step.block))
    );
  });
}
