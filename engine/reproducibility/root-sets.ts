/** What drops know of those before them, for the signer of large graphs (physical-signer.ts). */

import type { BlockColumn } from './block-forest.ts';
import type { Sha3Arena } from './sha3-arena.ts';
import { TailTree } from './tail-tree.ts';
import type { Topology } from './topology.ts';

/** The parents of drop i: `sources[offsets[i]]` to `sources[offsets[i + 1] - 1]`, each once. */
export interface Parents {
  readonly offsets: Uint32Array;
  readonly sources: Uint32Array;
}

/** The parents of each drop, each once. */
export function uniqueParents(topology: Topology): Parents {
  const count = topology.ids.length;
  const offsets = new Uint32Array(count + 1);
  const seenBy = new Int32Array(count).fill(-1);
  const each = (use: (from: number, to: number) => void): void => {
    seenBy.fill(-1);
    for (let from = 0; from < count; from++)
      for (let e = topology.offsets[from] as number; e < (topology.offsets[from + 1] as number); e++) {
        const to = topology.targets[e] as number;
        if (seenBy[to] === from) continue;
        seenBy[to] = from;
        use(from, to);
      }
  };
  each((_, to) => {
    offsets[to + 1] = (offsets[to + 1] as number) + 1;
  });
  for (let i = 0; i < count; i++) offsets[i + 1] = (offsets[i + 1] as number) + (offsets[i] as number);
  const sources = new Uint32Array(offsets[count] as number);
  const next = offsets.slice(0, count);
  each((from, to) => {
    sources[next[to] as number] = from;
    next[to] = (next[to] as number) + 1;
  });
  return { offsets, sources };
}

/**
 * Under REPRODUCE a drop knows the data roots it descends from. Equal sets are one object, so that the pipelines behind
 * a few inputs share them, and the tree above a set's hashes is made once.
 */
export class RootSets {
  readonly #members: Uint32Array[] = [new Uint32Array(0)];
  readonly #of: Uint32Array;
  /** What a drop tells those after it: data roots speak for themselves, the others pass on what they know. */
  readonly #passedOn: Uint32Array;
  #tails = new Map<string, TailTree>();

  constructor(topology: Topology, isData: Uint8Array, parents: Parents) {
    this.#of = new Uint32Array(topology.ids.length);
    this.#passedOn = new Uint32Array(topology.ids.length);
    const pairs = new Map<number, number>();
    const byContent = new Map<string, number>([['', 0]]);
    for (const drop of topology.visited) {
      let set = 0;
      for (let e = parents.offsets[drop] as number; e < (parents.offsets[drop + 1] as number); e++)
        set = this.#union(set, this.#passedOn[parents.sources[e] as number] as number, pairs, byContent);
      this.#of[drop] = set;
      const speaks = topology.isRoot[drop] === 1 && isData[drop] === 1;
      this.#passedOn[drop] = speaks ? this.#intern(Uint32Array.of(drop), byContent) : set;
    }
  }

  #intern(members: Uint32Array, byContent: Map<string, number>): number {
    const key = members.join();
    let set = byContent.get(key);
    if (set === undefined) {
      set = this.#members.push(members) - 1;
      byContent.set(key, set);
    }
    return set;
  }

  #union(a: number, b: number, pairs: Map<number, number>, byContent: Map<string, number>): number {
    if (a === b || b === 0) return a;
    if (a === 0) return b;
    const key = Math.min(a, b) * 2 ** 26 + Math.max(a, b);
    let set = pairs.get(key);
    if (set === undefined) {
      const members = new Set([...(this.#members[a] as Uint32Array), ...(this.#members[b] as Uint32Array)]);
      set = this.#intern(Uint32Array.from([...members].sort((x, y) => x - y)), byContent);
      pairs.set(key, set);
    }
    return set;
  }

  /** The number of a drop's set: the same for drops that descend from the same data roots. */
  numberOf(drop: number): number {
    return this.#of[drop] as number;
  }

  members(drop: number): Uint32Array {
    return this.#members[this.#of[drop] as number] as Uint32Array;
  }

  /** The roots that a drop tells those after it of. */
  delivered(drop: number): Uint32Array {
    return this.#members[this.#passedOn[drop] as number] as Uint32Array;
  }

  /** The tree over the hashes of a drop's set, for drops with `lead` own leaves. All of them have their block. */
  tail(drop: number, lead: number, arena: Sha3Arena, column: BlockColumn): TailTree {
    const set = this.#of[drop] as number;
    const key = `${set} ${lead}`;
    let tail = this.#tails.get(key);
    if (tail === undefined) {
      const leaves = this.sorted(drop, arena, column).map((root) => column.leaf(root));
      arena.runJobs();
      tail = new TailTree(arena, lead, leaves);
      this.#tails.set(key, tail);
    }
    return tail;
  }

  /** A drop's set in the order of the members' blocks. */
  sorted(drop: number, arena: Sha3Arena, column: BlockColumn): number[] {
    const roots = [...this.members(drop)];
    return roots.length < 2 ? roots : roots.sort((a, b) => arena.compare(column.block(a), column.block(b)));
  }

  /** Forgets the trees: the hashes of the next stage are others. */
  clear(): void {
    this.#tails = new Map();
  }
}
