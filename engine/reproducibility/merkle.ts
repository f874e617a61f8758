/**
 * Merkle roots by upstream's rules (spec/reproducibility.md 2.2, 2.3): SHA3-256, leaves in the given order, an unpaired
 * last element moves up as it is, no leaves make no root.
 */

import { createHash } from 'node:crypto';
import { sha3Hasher } from '../protocol/index.ts';
import { keysOf } from './python-json.ts';
import { tupleText } from './python-repr.ts';
import { type Digest, Sha3Arena } from './sha3-arena.ts';

/** What a tree may have as items: texts, byte strings, or null, which is hashed as the text "None". */
export type MerkleItem = string | Uint8Array | null;

const ONE = Buffer.of(1);
const ZERO = Buffer.of(0);

/** SHA3-256 in hexadecimal: upstream's hash of data contents. */
export function commonHash(bytes: Uint8Array | string): string {
  const hash = sha3Hasher();
  hash.update(bytes);
  return hash.digest();
}

/** A running {@link commonHash} for data that comes in pieces. */
export const commonHasher = sha3Hasher;

let shared: Sha3Arena | undefined;

/** Root of a list of items, in hexadecimal; null without items. */
export function merkleRoot(items: readonly MerkleItem[]): string | null {
  if (items.length === 0) return null;
  shared ??= new Sha3Arena();
  const mark = shared.mark();
  const arena = shared;
  const root = arena.hex(arena.root(items.map((item) => leaf(arena, item))));
  shared.release(mark);
  return root;
}

/** The leaf digest of an item. */
export function leaf(arena: Sha3Arena, item: MerkleItem): Digest {
  if (item === null) return arena.leafText('None');
  return typeof item === 'string' ? arena.leafText(item) : arena.leafBytes(item);
}

/** The texts hashed for a dictionary: one Python tuple text per entry, in order. A key set to undefined is absent. */
export function dictionaryLeaves(dictionary: object): string[] {
  const entries = dictionary as Record<string, unknown>;
  return keysOf(entries)
    .filter((key) => entries[key] !== undefined)
    .map((key) => tupleText(key, entries[key]));
}

/** Root of a dictionary, in hexadecimal; null when it is empty. */
export function dictionaryRoot(dictionary: object): string | null {
  return merkleRoot(dictionaryLeaves(dictionary));
}

/**
 * The graph signature: the block hashes of the leaf drops, sorted, in a tree built with SHA-256 (spec 6.2; the only
 * place where upstream does not use SHA3-256). Null without leaves.
 */
export function agglomerateLeaves(blockHashes: readonly string[]): string | null {
  if (blockHashes.length === 0) return null;
  const sha256 = (...parts: Uint8Array[]): Buffer => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  let level = [...blockHashes].sort().map((text) => sha256(ZERO, Buffer.from(text)));
  while (level.length > 1) {
    const next: Buffer[] = [];
    for (let i = 0; i + 1 < level.length; i += 2)
      next.push(sha256(ONE, level[i] as Buffer, level[i + 1] as Buffer));
    if (level.length % 2 === 1) next.push(level[level.length - 1] as Buffer);
    level = next;
  }
  return (level[0] as Buffer).toString('hex');
}
