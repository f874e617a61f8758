/**
 * The order in which a drop is told of those before it: that of the walk (spec/reproducibility.md 5.2), which is the
 * order of keys in `<stage>_parenthashes`. Nothing is hashed in this order; only documents show it.
 */

import type { Parents, RootSets } from './root-sets.ts';
import type { Topology } from './topology.ts';

export class ParentOrder {
  readonly #parents: Parents;
  readonly #visit: Uint32Array;
  /** Under REPRODUCE, for drops with several data roots before them. Lists are shared where they are the same. */
  readonly #told = new Map<number, Uint32Array>();

  constructor(topology: Topology, parents: Parents) {
    this.#parents = parents;
    this.#visit = new Uint32Array(topology.ids.length);
    topology.visited.forEach((drop, i) => (this.#visit[drop] = i));
  }

  /** The parents of a drop. */
  parents(drop: number): Uint32Array {
    const { offsets, sources } = this.#parents;
    const parents = sources.subarray(offsets[drop], offsets[drop + 1]);
    if (parents.length < 2) return parents;
    return parents.slice().sort((a, b) => (this.#visit[a] as number) - (this.#visit[b] as number));
  }

  /** The data roots that a drop descends from: each parent passes on what it was told. */
  roots(drop: number, sets: RootSets): Uint32Array {
    if (sets.members(drop).length < 2) return sets.members(drop);
    const stack = [drop];
    while (stack.length > 0) {
      const now = stack[stack.length - 1] as number;
      const open = this.#told.has(now) ? [] : this.#untold(now, sets);
      if (open.length > 0) {
        for (const parent of open) stack.push(parent);
        continue;
      }
      if (!this.#told.has(now)) this.#told.set(now, this.#merged(now, sets));
      stack.pop();
    }
    return this.#told.get(drop) as Uint32Array;
  }

  #untold(drop: number, sets: RootSets): number[] {
    const open: number[] = [];
    for (const parent of this.parents(drop))
      if (sets.delivered(parent).length > 1 && !this.#told.has(parent)) open.push(parent);
    return open;
  }

  #merged(drop: number, sets: RootSets): Uint32Array {
    const whole = sets.members(drop).length;
    let first: Uint32Array | undefined;
    const all = new Set<number>();
    for (const parent of this.parents(drop)) {
      const theirs = sets.delivered(parent);
      const told = theirs.length > 1 ? (this.#told.get(parent) as Uint32Array) : theirs;
      first ??= told;
      for (const root of told) all.add(root);
      if (all.size === whole) break;
    }
    return first?.length === whole ? first : Uint32Array.from(all);
  }
}
