/**
 * The Merkle tree of the ledger (RFC 6962 2.1, RFC 9162 2.1): SHA-256, 00 before leaves, 01 before inner nodes, a tree
 * of n > 1 leaves splits at the largest power of two below n.
 *
 * {@link MerkleLog} keeps the hashes of all complete subtrees by level, so that a leaf is added in constant time on
 * average, and a proof is looked up, not computed: 64 bytes per leaf. {@link CompactRange} keeps only what an append
 * needs, 32 bytes per level, for logs whose leaves live elsewhere.
 */

import { createHash, hash } from 'node:crypto';

import { WeirError } from '../protocol/index.ts';

export const HASH_BYTES = 32;
/** Where the 65 bytes of an inner node are put together; one-shot hashing of them costs half of a hash object. */
const NODE = Buffer.alloc(1 + 2 * HASH_BYTES, 1);
const LEAF_PREFIX = Buffer.of(0);
const SHORT_LEAF = 4096;

/** Hash of a leaf from its bytes. */
export function leafHash(bytes: Uint8Array): Buffer {
  if (bytes.length > SHORT_LEAF) return createHash('sha256').update(LEAF_PREFIX).update(bytes).digest();
  const leaf = Buffer.allocUnsafe(bytes.length + 1);
  leaf[0] = 0;
  leaf.set(bytes, 1);
  return hash('sha256', leaf, 'buffer');
}

/** Hash of an inner node. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  NODE.set(left, 1);
  NODE.set(right, 1 + HASH_BYTES);
  return hash('sha256', NODE, 'buffer');
}

/** Root of the tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Buffer = createHash('sha256').digest();

/** Sizes stay exact as JavaScript numbers; 2^52 leaves are more than anybody has. */
function checkRange(value: number, max: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > max)
    throw new WeirError(
      'PROOF_INVALID',
      `${what} should be a whole number from 0 to ${max}, but is ${value}.`,
    );
}

/** One level of complete subtrees: their hashes end to end in a buffer that doubles. */
class Level {
  #bytes = Buffer.alloc(HASH_BYTES * 8);
  count = 0;

  push(hash: Uint8Array): void {
    const at = this.count * HASH_BYTES;
    if (at === this.#bytes.length) {
      const grown = Buffer.allocUnsafe(at * 2);
      this.#bytes.copy(grown);
      this.#bytes = grown;
    }
    this.#bytes.set(hash, at);
    this.count++;
  }

  at(index: number): Buffer {
    return this.#bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  }
}

/** An append-only tree with all its inner hashes. */
export class MerkleLog {
  readonly #levels: Level[] = [new Level()];

  /** Makes a tree of leaf hashes, each 32 bytes. */
  static of(leafHashes: Iterable<Uint8Array>): MerkleLog {
    const log = new MerkleLog();
    for (const hash of leafHashes) log.append(hash);
    return log;
  }

  get size(): number {
    return this.#levels[0]?.count ?? 0;
  }

  /** Adds the hash of a leaf and returns its index. */
  append(leaf: Uint8Array): number {
    if (leaf.length !== HASH_BYTES)
      throw new WeirError('PROOF_INVALID', `A leaf hash should have 32 bytes, but has ${leaf.length}.`);
    const index = this.size;
    let carried: Uint8Array = leaf;
    for (let height = 0; ; height++) {
      const level = (this.#levels[height] ??= new Level());
      level.push(carried);
      if (level.count % 2 === 1) return index;
      carried = nodeHash(level.at(level.count - 2), level.at(level.count - 1));
    }
  }

  leaf(index: number): Buffer {
    checkRange(index, this.size - 1, 'The index of a leaf');
    return Buffer.from((this.#levels[0] as Level).at(index));
  }

  /** Hash over the leaves from `start` to `end`; `start` is a multiple of the subtree's width. */
  #range(start: number, end: number): Buffer {
    let width = 1;
    let height = 0;
    while (width < end - start) {
      width *= 2;
      height++;
    }
    if (width === end - start) return Buffer.from((this.#levels[height] as Level).at(start / width));
    const middle = start + width / 2;
    return nodeHash(this.#range(start, middle), this.#range(middle, end));
  }

  /** Root over the first `size` leaves; default all. */
  root(size = this.size): Buffer {
    checkRange(size, this.size, 'The size of a tree');
    return size === 0 ? EMPTY_ROOT : this.#range(0, size);
  }

  /** The hashes that lead from a leaf to the root of the first `size` leaves, nearest first (RFC 9162 2.1.3.1). */
  inclusionProof(index: number, size = this.size): Buffer[] {
    checkRange(size, this.size, 'The size of a tree');
    checkRange(index, size - 1, 'The index of a leaf');
    const path: Buffer[] = [];
    let [start, end] = [0, size];
    while (end - start > 1) {
      const middle = start + splitPoint(end - start);
      if (index < middle) {
        path.push(this.#range(middle, end));
        end = middle;
      } else {
        path.push(this.#range(start, middle));
        start = middle;
      }
    }
    return path.reverse();
  }

  /** The hashes that show that the tree of `from` leaves is the beginning of that of `to` (RFC 9162 2.1.4.1). */
  consistencyProof(from: number, to = this.size): Buffer[] {
    checkRange(to, this.size, 'The size of a tree');
    checkRange(from, to, 'The size of the older tree');
    if (from === 0 || from === to) return [];
    const path: Buffer[] = [];
    let [start, end, isWhole] = [0, to, true];
    while (from !== end) {
      const middle = start + splitPoint(end - start);
      if (from <= middle) {
        path.push(this.#range(middle, end));
        end = middle;
      } else {
        path.push(this.#range(start, middle));
        start = middle;
        isWhole = false;
      }
    }
    if (!isWhole) path.push(this.#range(start, end));
    return path.reverse();
  }
}

/** The largest power of two smaller than n, for n > 1. */
function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/**
 * The right edge of a growing tree: the roots of its complete subtrees, largest first. Enough to append and to know the
 * root; can be stored and loaded, so that a log can go on without reading its leaves.
 */
export class CompactRange {
  #size: number;
  readonly #peaks: Buffer[];

  constructor(size = 0, peaks: readonly Uint8Array[] = []) {
    checkRange(size, Number.MAX_SAFE_INTEGER, 'The size of a compact range');
    let expected = 0;
    for (let n = size; n > 0; n = Math.floor(n / 2)) expected += n % 2;
    if (peaks.length !== expected || peaks.some((peak) => peak.length !== HASH_BYTES))
      throw new WeirError(
        'PROOF_INVALID',
        `A compact range of ${size} leaves has ${expected} hashes of 32 bytes.`,
      );
    this.#size = size;
    this.#peaks = peaks.map((peak) => Buffer.from(peak));
  }

  get size(): number {
    return this.#size;
  }

  get peaks(): readonly Buffer[] {
    return this.#peaks;
  }

  append(hash: Uint8Array): void {
    let carried: Buffer = Buffer.from(hash);
    for (let n = this.#size; n % 2 === 1; n = (n - 1) / 2)
      carried = nodeHash(this.#peaks.pop() as Buffer, carried);
    this.#peaks.push(carried);
    this.#size++;
  }

  root(): Buffer {
    if (this.#peaks.length === 0) return EMPTY_ROOT;
    return this.#peaks.reduceRight((right, left) => nodeHash(left, right));
  }
}

// --- verification (index and size come from strangers) -------------------------------------------------------------

/** The root that an inclusion proof leads to; undefined when the proof has the wrong length (RFC 9162 2.1.3.2). */
export function rootFromInclusionProof(
  index: number,
  size: number,
  hash: Uint8Array,
  path: readonly Uint8Array[],
): Buffer | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size)
    return undefined;
  let fn = index;
  let sn = size - 1;
  let root: Buffer = Buffer.from(hash);
  for (const sibling of path) {
    if (sn === 0 || sibling.length !== HASH_BYTES) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHash(sibling, root);
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else root = nodeHash(root, sibling);
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 ? root : undefined;
}

/** Whether a leaf is at `index` of the tree of `size` leaves with this root. */
export function verifyInclusion(
  index: number,
  size: number,
  hash: Uint8Array,
  path: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  return rootFromInclusionProof(index, size, hash, path)?.equals(root) ?? false;
}

/** Whether the tree of `from` leaves with `oldRoot` is the beginning of that of `to` leaves (RFC 9162 2.1.4.2). */
export function verifyConsistency(
  from: number,
  to: number,
  oldRoot: Uint8Array,
  newRoot: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || from > to) return false;
  if (path.some((hash) => hash.length !== HASH_BYTES)) return false;
  const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
  if (from === to) return path.length === 0 && same(oldRoot, newRoot);
  if (from === 0) return path.length === 0 && same(oldRoot, EMPTY_ROOT);
  const proof = isPowerOfTwo(from) ? [oldRoot, ...path] : [...path];
  const first = proof.shift();
  if (first === undefined) return false;
  let fn = from - 1;
  let sn = to - 1;
  while (fn % 2 === 1) {
    fn = (fn - 1) / 2;
    sn = Math.floor(sn / 2);
  }
  let fr: Uint8Array = first;
  let sr: Uint8Array = first;
  for (const hash of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = nodeHash(hash, fr);
      sr = nodeHash(hash, sr);
      while (fn % 2 === 0 && fn !== 0) {
        fn /= 2;
        sn = Math.floor(sn / 2);
      }
    } else sr = nodeHash(sr, hash);
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && same(fr, oldRoot) && same(sr, newRoot);
}

function isPowerOfTwo(n: number): boolean {
  while (n > 1 && n % 2 === 0) n /= 2;
  return n === 1;
}
