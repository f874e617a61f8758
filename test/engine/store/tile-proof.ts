import { nodeHash } from '../../../engine/reproducibility/index.ts';
import type { NewSeal, Store } from '../../../engine/store/index.ts';

const HASH_BYTES = 32;

/** Hashes one level up: of every two neighbours; an odd last one is left out, its subtree is not complete. */
function parents(hashes: Uint8Array): Uint8Array {
  const count = Math.floor(hashes.length / (2 * HASH_BYTES));
  const up = new Uint8Array(count * HASH_BYTES);
  for (let i = 0; i < count; i++) {
    const at = 2 * i * HASH_BYTES;
    const [left, right] = [
      hashes.subarray(at, at + HASH_BYTES),
      hashes.subarray(at + HASH_BYTES, at + 2 * HASH_BYTES),
    ];
    up.set(nodeHash(left, right), i * HASH_BYTES);
  }
  return up;
}

/** The inner hashes a seal carries: of complete subtrees of 2^8, 2^16, 2^24 leaves. */
export function innerNodes(leafHashes: Uint8Array): NewSeal['nodes'] {
  const nodes: { height: number; hashes: Uint8Array }[] = [];
  let level = leafHashes;
  for (let height = 1; level.length >= 2 * HASH_BYTES; height++) {
    level = parents(level);
    if (height % 8 === 0 && level.length > 0) nodes.push({ height, hashes: level });
  }
  return nodes;
}

/** An inclusion proof (RFC 9162 2.1.3.1) from what the store keeps of a tree, reading a few KiB of it. */
export async function inclusionPath(
  store: Store,
  seal: number,
  leaf: number,
  size: number,
): Promise<Uint8Array[]> {
  const range = async (start: number, end: number): Promise<Uint8Array> => {
    const height = Math.ceil(Math.log2(end - start));
    if (2 ** height !== end - start) {
      const middle = start + 2 ** (height - 1);
      return nodeHash(await range(start, middle), await range(middle, end));
    }
    const stored = Math.floor(height / 8) * 8;
    let hashes = await store.treeHashes(seal, stored, start / 2 ** stored, 2 ** (height - stored));
    while (hashes.length > HASH_BYTES) hashes = parents(hashes);
    return hashes;
  };
  const path: Uint8Array[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + 2 ** (Math.ceil(Math.log2(end - start)) - 1);
    path.unshift(await (leaf < middle ? range(middle, end) : range(start, middle)));
    if (leaf < middle) end = middle;
    else start = middle;
  }
  return path;
}
