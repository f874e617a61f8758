/**
 * The block hashes of one drop in several modes, side by side: what is hashed for one mode does not wait for another, so
 * the hashes of a level of all trees are computed in pairs, and what two modes have in common is computed once.
 */

import { BlockIndex } from './block-index.ts';
import type { KnownLeaves } from './leaf-sources.ts';
import type { Digest, Sha3Arena } from './sha3-arena.ts';

const DIGEST = 32;
/** Trees of more leaves are computed one after the other: they have pairs enough of their own. */
const MAX_LEAVES = 64;
/** Nodes of a level, from the left, that are looked for in the other trees. */
const COMPARED = 4;

/**
 * Block digests of the drops in a stage and mode, and the leaf digests of their hexadecimal texts, made when first needed.
 * Drops whose blocks are made of the same parts share one.
 */
export class BlockColumn {
  readonly #blocks: Digest;
  readonly #leaves: Digest;
  readonly #hasLeaf: Uint8Array;
  /** The number of a drop's block. */
  readonly #of: Uint32Array;
  readonly #arena: Sha3Arena;
  #count = 0;
  #index = new BlockIndex();

  constructor(arena: Sha3Arena, count: number) {
    this.#arena = arena;
    this.#blocks = arena.room(count * DIGEST);
    this.#leaves = arena.room(count * DIGEST);
    this.#hasLeaf = new Uint8Array(count);
    this.#of = new Uint32Array(count);
  }

  /** Where the block of a drop is. */
  block(drop: number): Digest {
    return this.#blocks + (this.#of[drop] as number) * DIGEST;
  }

  /** Where the leaf of a drop is, or will be when what was put off has been computed. */
  leaf(drop: number): Digest {
    const block = this.#of[drop] as number;
    const leaf = this.#leaves + block * DIGEST;
    if (this.#hasLeaf[block] === 0) {
      this.#hasLeaf[block] = 1;
      this.#arena.addLeafHex(this.#blocks + block * DIGEST, leaf);
    }
    return leaf;
  }

  /** The number of a drop's block: the same for drops that share it. */
  numberOf(drop: number): number {
    return this.#of[drop] as number;
  }

  /** Whether it pays to ask for blocks that are there already. */
  get isShared(): boolean {
    return this.#index.isUseful;
  }

  /** Gives a drop the block made of these parts. True: it is a new one, and its hash is to be computed. */
  make(drop: number, parts: Uint32Array, length: number): boolean {
    const found = this.#index.find(parts, length);
    if (found >= 0) {
      this.#of[drop] = found;
      return false;
    }
    this.#index.add(this.#count, parts, length);
    this.makeOwn(drop);
    return true;
  }

  /** Gives a drop a block of its own. */
  makeOwn(drop: number): void {
    this.#of[drop] = this.#count++;
  }

  /** The blocks are others now: none, or those at this place, one a drop. */
  reset(bytes?: Uint8Array): void {
    this.#hasLeaf.fill(0);
    this.#index = new BlockIndex();
    this.#count = 0;
    if (bytes === undefined) return;
    this.#arena.write(bytes, this.#blocks);
    this.#count = this.#of.length;
    for (let drop = 0; drop < this.#count; drop++) this.#of[drop] = drop;
  }

  /** The blocks, 32 bytes a drop. */
  bytes(): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.#of.length * DIGEST);
    this.#of.forEach((_, drop) => out.set(this.#arena.view(this.block(drop), DIGEST), drop * DIGEST));
    return out;
  }
}

export class BlockForest {
  readonly #arena: Sha3Arena;
  /** Leaves that many drops have: what is above two of them is made once. */
  readonly #known: KnownLeaves;
  /** Leaves, then nodes, of the trees: {@link MAX_LEAVES} places each. */
  readonly #cells: Uint32Array;
  readonly #sizes: Uint32Array;
  /** Where the roots go. */
  readonly #outs: Uint32Array;
  /** Trees that have too many leaves for their places. */
  readonly #wide = new Map<number, Digest[]>();
  readonly #scratch: Digest;
  readonly #copies: Digest[] = [];
  /** The leftmost nodes of a level: what they are made of, where they are, and which level that was. */
  readonly #lefts: Uint32Array;
  readonly #rights: Uint32Array;
  readonly #places: Uint32Array;
  readonly #levels: Float64Array;
  #level = 0;

  /** `widest`: the most leaves that a tree will have. */
  constructor(arena: Sha3Arena, known: KnownLeaves, trees: number, widest: number) {
    this.#arena = arena;
    this.#known = known;
    this.#cells = new Uint32Array(trees * MAX_LEAVES);
    this.#sizes = new Uint32Array(trees);
    this.#outs = new Uint32Array(trees);
    this.#scratch = arena.room(Math.max(trees * MAX_LEAVES, widest) * DIGEST);
    this.#lefts = new Uint32Array(trees * COMPARED);
    this.#rights = new Uint32Array(trees * COMPARED);
    this.#places = new Uint32Array(trees * COMPARED);
    this.#levels = new Float64Array(trees * COMPARED);
  }

  /** Begins a tree whose root goes to `out`. */
  begin(t: number, out: Digest): void {
    this.#sizes[t] = 0;
    this.#outs[t] = out;
  }

  /** Adds a leaf, which may have been put off. */
  add(t: number, leaf: Digest): void {
    const size = this.#sizes[t] as number;
    if (size < MAX_LEAVES) this.#cells[t * MAX_LEAVES + size] = leaf;
    else {
      let wide = this.#wide.get(t);
      if (wide === undefined) {
        wide = [...this.#cells.subarray(t * MAX_LEAVES, (t + 1) * MAX_LEAVES)];
        this.#wide.set(t, wide);
      }
      wide.push(leaf);
    }
    this.#sizes[t] = size + 1;
  }

  /** Gives a tree up. */
  drop(t: number): void {
    this.#sizes[t] = 0;
    this.#wide.delete(t);
  }

  /** Computes the roots of the first `count` trees. */
  grow(count: number): void {
    const arena = this.#arena;
    const sizes = this.#sizes;
    arena.runJobs();
    if (this.#wide.size > 0) this.#growWide();
    let height = 0;
    for (let t = 0; t < count; t++) {
      const size = sizes[t] as number;
      if (size === 1) arena.copy(this.#cells[t * MAX_LEAVES] as Digest, this.#outs[t] as Digest);
      if (size > height) height = size;
    }
    let free = this.#scratch;
    for (; height > 1; height = (height + 1) >> 1) {
      this.#level++;
      for (let t = 0; t < count; t++) if ((sizes[t] as number) > 1) free = this.#raise(t, free);
      arena.runJobs();
      if (this.#copies.length > 0) this.#copy();
    }
  }

  #growWide(): void {
    for (const [t, leaves] of this.#wide) {
      this.#arena.rootInto(leaves, this.#outs[t] as Digest, this.#scratch);
      this.#sizes[t] = 0;
    }
    this.#wide.clear();
  }

  #copy(): void {
    const copies = this.#copies;
    for (let i = 0; i < copies.length; i += 2) this.#arena.copy(copies[i] as Digest, copies[i + 1] as Digest);
    copies.length = 0;
  }

  /** Combines the neighbours of a tree; nodes go to `free` and on. */
  #raise(t: number, free: Digest): Digest {
    const cells = this.#cells;
    const first = t * MAX_LEAVES;
    const count = this.#sizes[t] as number;
    let next = 0;
    for (let i = 0; i + 1 < count; i += 2) {
      const left = cells[first + i] as Digest;
      const right = cells[first + i + 1] as Digest;
      let place = next < COMPARED ? this.#elsewhere(t, next, left, right) : 0;
      if (place === 0) place = this.#known.pair(left, right);
      if (place > 0) {
        if (count === 2) this.#copies.push(place, this.#outs[t] as Digest);
      } else {
        place = count === 2 ? (this.#outs[t] as Digest) : free;
        if (count > 2) free += DIGEST;
        this.#arena.addNode(left, right, place);
      }
      if (next < COMPARED) this.#remember(t * COMPARED + next, left, right, place);
      cells[first + next++] = place;
    }
    if (count % 2 === 1) cells[first + next++] = cells[first + count - 1] as Digest;
    this.#sizes[t] = next;
    return free;
  }

  /** Where another tree of the same drop has this node; 0 where none has. */
  #elsewhere(t: number, node: number, left: Digest, right: Digest): Digest {
    const end = t * COMPARED;
    for (let at = node; at < end; at += COMPARED)
      if (this.#lefts[at] === left && this.#rights[at] === right && this.#levels[at] === this.#level)
        return this.#places[at] as Digest;
    return 0;
  }

  #remember(at: number, left: Digest, right: Digest, place: Digest): void {
    this.#lefts[at] = left;
    this.#rights[at] = right;
    this.#places[at] = place;
    this.#levels[at] = this.#level;
  }
}
