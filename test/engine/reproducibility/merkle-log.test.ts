import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  CompactRange,
  EMPTY_ROOT,
  leafHash,
  MerkleLog,
  rootFromInclusionProof,
  verifyConsistency,
  verifyInclusion,
} from '../../../engine/reproducibility/index.ts';

/** The tree of the RFC by its definition, without any of the cleverness under test. */
function definedRoot(leaves: readonly Buffer[]): Buffer {
  const sha = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
  if (leaves.length === 0) return sha();
  if (leaves.length === 1) return sha(Buffer.of(0), leaves[0] as Buffer);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha(Buffer.of(1), definedRoot(leaves.slice(0, k)), definedRoot(leaves.slice(k)));
}

/** The leaves of the vectors that certificate transparency implementations share. */
const VECTOR_LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const VECTOR_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const leaves = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => Buffer.from(`leaf ${i}`));
const logOf = (data: readonly Buffer[]): MerkleLog => MerkleLog.of(data.map(leafHash));

describe('the Merkle tree of the ledger', () => {
  it('has the roots of the vectors that RFC 6962 implementations share', () => {
    const log = new MerkleLog();
    const range = new CompactRange();
    expect(log.root()).toEqual(EMPTY_ROOT);
    VECTOR_LEAVES.forEach((hex, i) => {
      log.append(leafHash(Buffer.from(hex, 'hex')));
      range.append(leafHash(Buffer.from(hex, 'hex')));
      expect(log.root().toString('hex')).toBe(VECTOR_ROOTS[i]);
      expect(range.root().toString('hex')).toBe(VECTOR_ROOTS[i]);
    });
    expect(log.inclusionProof(0, 8).map((hash) => hash.toString('hex'))).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(log.consistencyProof(1, 8).map((hash) => hash.toString('hex'))).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
  });

  it('has, at every size, the root that the definition gives', () => {
    const data = leaves(70);
    const log = logOf(data);
    for (let size = 0; size <= data.length; size++)
      expect(log.root(size)).toEqual(definedRoot(data.slice(0, size)));
  });

  it('proves every leaf of every size, and no leaf elsewhere', () => {
    const data = leaves(33);
    const log = logOf(data);
    for (let size = 1; size <= data.length; size++)
      for (let index = 0; index < size; index++) {
        const path = log.inclusionProof(index, size);
        const hash = log.leaf(index);
        const root = log.root(size);
        const proven = [...Array(size).keys()].filter((place) =>
          verifyInclusion(place, size, hash, path, root),
        );
        expect(proven).toEqual([index]);
      }
  });

  it('proves consistency between any two sizes, and refuses any other pair of roots', () => {
    const log = logOf(leaves(24));
    for (let to = 0; to <= 24; to++)
      for (let from = 0; from <= to; from++) {
        const path = log.consistencyProof(from, to);
        expect(verifyConsistency(from, to, log.root(from), log.root(to), path)).toBe(true);
        if (from > 0) expect(verifyConsistency(from, to, log.root(from - 1), log.root(to), path)).toBe(false);
        if (from > 0)
          expect(verifyConsistency(from, to, log.root(from), log.root(to - 1), path)).toBe(
            from === to && to === 0,
          );
        expect(verifyConsistency(from, to, log.root(from), log.root(to), [...path, Buffer.alloc(32)])).toBe(
          false,
        );
        if (path.length > 0)
          expect(verifyConsistency(from, to, log.root(from), log.root(to), path.slice(1))).toBe(false);
      }
  });

  it('refuses proofs altered anywhere', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (size, at, hash, byte, flip) => {
          const log = logOf(leaves(size));
          const index = at % size;
          const path = log.inclusionProof(index);
          const root = log.root();
          const altered = path.map((sibling) => Buffer.from(sibling));
          const victim = altered[hash % path.length] as Buffer;
          victim[byte % 32] = (victim[byte % 32] as number) ^ flip;
          expect(verifyInclusion(index, size, log.leaf(index), altered, root)).toBe(false);
          expect(verifyInclusion(index, size, log.leaf(index), path.slice(1), root)).toBe(false);
          expect(verifyInclusion(index, size, log.leaf(index), [...path, path[0] as Buffer], root)).toBe(
            false,
          );
          if (path.length > 1) {
            const swapped = [path[1] as Buffer, path[0] as Buffer, ...path.slice(2)];
            expect(verifyInclusion(index, size, log.leaf(index), swapped, root)).toBe(false);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('takes index and size from strangers without being led astray', () => {
    const hash = leafHash(Buffer.from('x'));
    for (const [index, size] of [
      [-1, 1],
      [1, 1],
      [0, 0],
      [0.5, 2],
      [0, 2 ** 60],
      [NaN, 4],
    ] as const)
      expect(rootFromInclusionProof(index, size, hash, [])).toBeUndefined();
    expect(() => logOf(leaves(3)).inclusionProof(3)).toThrow(/index of a leaf/);
    expect(() => logOf(leaves(3)).root(4)).toThrow(/size of a tree/);
    expect(() => logOf(leaves(3)).consistencyProof(3, 2)).toThrow();
    expect(() => new MerkleLog().append(Buffer.alloc(31))).toThrow(/32 bytes/);
  });

  it('goes on from a stored compact range as if it had never stopped', () => {
    const log = new MerkleLog();
    let range = new CompactRange();
    for (const data of leaves(77)) {
      log.append(leafHash(data));
      range.append(leafHash(data));
      range = new CompactRange(range.size, range.peaks);
      expect(range.root()).toEqual(log.root());
    }
    expect(() => new CompactRange(5, range.peaks)).toThrow(/compact range of 5/);
  });
});
