/**
 * Trees whose hashes are kept in tiles of 256 (RFC 6962 trees, as tlog tiles): the leaves, and the complete subtrees of 2^8,
 * 2^16, 2^24 leaves. What lies between is computed when needed, so that a proof reads a tile per height however large
 * the tree is.
 */
import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './merkle-log.ts';

const HASHES_PER_TILE = 256;

export interface TiledTree {
  readonly root: Uint8Array;
  /** Hashes of complete subtrees of 2^height leaves, for the heights 8, 16, 24. */
  readonly nodes: readonly { readonly height: number; readonly hashes: Uint8Array }[];
}

function parentsOf(hashes: Uint8Array): Uint8Array {
  const count = Math.floor(hashes.length / (2 * HASH_BYTES));
  const up = new Uint8Array(count * HASH_BYTES);
  for (let i = 0; i < count; i++) {
    const at = 2 * i * HASH_BYTES;
    up.set(
      nodeHash(hashes.subarray(at, at + HASH_BYTES), hashes.subarray(at + HASH_BYTES, at + 2 * HASH_BYTES)),
      i * HASH_BYTES,
    );
  }
  return up;
}

/** Root and inner hashes over leaf hashes given end to end (RFC 6962). */
export function treeOf(leafHashes: Uint8Array): TiledTree {
  const nodes: { height: number; hashes: Uint8Array }[] = [];
  let level = leafHashes;
  // What is left over at the right edge of each level, smallest first: RFC 6962 joins it from the right.
  let edge: Uint8Array | undefined;
  for (let height = 0; ; height++) {
    const count = level.length / HASH_BYTES;
    if (height > 0 && height % 8 === 0 && count > 0) nodes.push({ height, hashes: level });
    if (count === 0) return { root: Buffer.from(edge ?? EMPTY_ROOT), nodes };
    if (count % 2 === 1) {
      const last = level.subarray((count - 1) * HASH_BYTES);
      edge = edge === undefined ? last : nodeHash(last, edge);
    }
    level = parentsOf(level);
  }
}
/** Reads hashes of a kept tree: `count` of them at a height (0, 8, 16, 24) from an index. */
export type HashReader = (height: number, from: number, count: number) => Promise<Uint8Array>;

/** The inclusion path of a leaf (RFC 9162 2.1.3.1), reading a few KiB of a kept tree however large it is. */
export async function inclusionPath(reader: HashReader, leaf: number, size: number): Promise<Uint8Array[]> {
  const read = byTile(reader);
  const range = async (start: number, end: number): Promise<Uint8Array> => {
    const height = Math.ceil(Math.log2(end - start));
    if (2 ** height !== end - start) {
      const middle = start + 2 ** (height - 1);
      const [left, right] = await Promise.all([range(start, middle), range(middle, end)]);
      return nodeHash(left, right);
    }
    const stored = Math.min(24, Math.floor(height / 8) * 8);
    let hashes = await read(stored, start / 2 ** stored, 2 ** (height - stored));
    while (hashes.length > HASH_BYTES) hashes = parentsOf(hashes);
    return hashes;
  };
  // All are asked for at once: waiting for one after the other costs more than reading them.
  const path: Promise<Uint8Array>[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + 2 ** (Math.ceil(Math.log2(end - start)) - 1);
    path.unshift(leaf < middle ? range(middle, end) : range(start, middle));
    if (leaf < middle) end = middle;
    else start = middle;
  }
  return Promise.all(path);
}

/** Reads whole tiles, each once: a proof asks for many small stretches of few tiles. */
function byTile(read: HashReader): HashReader {
  const tiles = new Map<string, Promise<Uint8Array>>();
  return async (height, from, count) => {
    const first = Math.floor(from / HASHES_PER_TILE) * HASHES_PER_TILE;
    if (from + count > first + HASHES_PER_TILE) return read(height, from, count);
    const id = `${height} ${first}`;
    let tile = tiles.get(id);
    if (tile === undefined) {
      tile = read(height, first, HASHES_PER_TILE);
      tiles.set(id, tile);
    }
    return (await tile).subarray((from - first) * HASH_BYTES, (from - first + count) * HASH_BYTES);
  };
}
