/**
 * Roots over lists that differ only at their beginning. Under REPRODUCE thousands of drops have the same long list of
 * parents after their own few hashes; the part of the tree above the parents alone is then built once:
 *
 *     own own own | p p p p p p p       leaves: 3 of the drop, then the shared ones
 *      \_/   \____/  \_/ \_/ \_/         nodes over an own leaf are made per drop,
 *        \____/        \__/   |          all others once
 */

import type { Digest, Sha3Arena } from './sha3-arena.ts';

export class TailTree {
  readonly #arena: Sha3Arena;
  readonly #lead: number;
  /** Digests by level; those over an own leaf are not set. */
  readonly #levels: Digest[][];

  /** `lead`: how many own leaves come before the shared ones; at least one. */
  constructor(arena: Sha3Arena, lead: number, shared: readonly Digest[]) {
    this.#arena = arena;
    this.#lead = lead;
    let level: Digest[] = [...new Array<Digest>(lead).fill(0), ...shared];
    this.#levels = [level];
    for (let mixed = lead; level.length > 1;) {
      const next: Digest[] = [];
      for (let i = 0; i < level.length; i += 2) {
        const [left, right] = [level[i] as Digest, level[i + 1]];
        if (right === undefined) next.push(left);
        else next.push(i < mixed ? 0 : arena.node(left, right, arena.place()));
      }
      mixed = Math.ceil(mixed / 2);
      level = next;
      this.#levels.push(level);
    }
  }

  /** The root with these own leaves, written to `out`. `own` is overwritten. */
  root(own: Digest[], out: Digest, scratch: Digest): Digest {
    const arena = this.#arena;
    let mixed = this.#lead;
    for (let height = 0; height + 1 < this.#levels.length; height++) {
      const level = this.#levels[height] as Digest[];
      const count = Math.ceil(mixed / 2);
      for (let i = 0; i < count; i++) {
        const left = own[2 * i] as Digest;
        const at = 2 * i + 1;
        const right = at < mixed ? (own[at] as Digest) : level[at];
        own[i] =
          right === undefined ? left : arena.node(left, right, scratch + 32 * (height * this.#lead + i));
      }
      mixed = count;
    }
    return arena.copy(own[0] as Digest, out);
  }

  /** Bytes of scratch that `root` needs. */
  get scratchBytes(): number {
    return 32 * this.#lead * this.#levels.length;
  }
}
