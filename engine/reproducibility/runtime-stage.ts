/** The order in which drops get their run-time block: as soon as they and all before them have ended. */

import type { LeafSource } from './leaf-sources.ts';
import type { Parents } from './root-sets.ts';
import type { Digest } from './sha3-arena.ts';
import type { Topology } from './topology.ts';

/** Outgoing edges of a drop up to which earlier ones are looked through for the same target. */
const NARROW = 64;

export interface RuntimeGraph {
  readonly topology: Topology;
  readonly parents: Parents;
  /** How many modes there are. */
  readonly modes: number;
}

export class RuntimeStage {
  readonly #graph: RuntimeGraph;
  readonly #isDelivered: Uint8Array;
  readonly #isDone: Uint8Array;
  /** Parents without block, by drop. */
  readonly #open: Uint32Array;
  /** Leaves of the run-time roots, by drop and mode. */
  readonly #roots: Uint32Array;
  readonly #blocks: (drop: number) => void;
  /** The leaf of data that is not hashed. */
  readonly nothing: Digest;
  #done = 0;
  #wide: { readonly drop: number; readonly first: ReadonlyMap<number, number> } | undefined;

  /** `blocks` computes those of a drop. */
  constructor(graph: RuntimeGraph, nothing: Digest, blocks: (drop: number) => void) {
    const count = graph.topology.ids.length;
    const { offsets } = graph.parents;
    this.#graph = graph;
    this.nothing = nothing;
    this.#blocks = blocks;
    this.#isDelivered = new Uint8Array(count);
    this.#isDone = new Uint8Array(count);
    this.#open = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.#open[i] = (offsets[i + 1] as number) - (offsets[i] as number);
    this.#roots = new Uint32Array(count * graph.modes);
  }

  /** How many drops have their block. */
  get done(): number {
    return this.#done;
  }

  isDone(drop: number): boolean {
    return this.#isDone[drop] === 1;
  }

  /** A drop has ended. False: that was known. */
  deliver(drop: number): boolean {
    if (this.#isDelivered[drop] === 1) return false;
    this.#isDelivered[drop] = 1;
    return true;
  }

  setRoot(drop: number, mode: number, leaf: Digest): void {
    this.#roots[drop * this.#graph.modes + mode] = leaf;
  }

  /** The roots of one mode, by its index. */
  source(mode: number): LeafSource {
    const { modes } = this.#graph;
    return { leaf: (drop) => this.#roots[drop * modes + mode] as Digest };
  }

  /** Computes the blocks of a drop that was delivered, and of those that waited for it, if they can be. */
  advance(start: number): void {
    if ((this.#open[start] as number) > 0) return;
    const stack = [start];
    const { offsets, targets } = this.#graph.topology;
    for (let drop = stack.pop(); drop !== undefined; drop = stack.pop()) {
      this.#blocks(drop);
      this.#isDone[drop] = 1;
      this.#done++;
      for (let e = offsets[drop] as number; e < (offsets[drop + 1] as number); e++) {
        // Parents are counted once.
        if (this.#isRepeated(drop, e)) continue;
        const target = targets[e] as number;
        const open = (this.#open[target] as number) - 1;
        this.#open[target] = open;
        if (open === 0 && this.#isDelivered[target] === 1) stack.push(target);
      }
    }
  }

  /** Whether an earlier edge of the same drop has the same target. */
  #isRepeated(drop: number, edge: number): boolean {
    const { offsets, targets } = this.#graph.topology;
    const target = targets[edge] as number;
    const first = offsets[drop] as number;
    if (edge - first <= NARROW) {
      for (let e = first; e < edge; e++) if (targets[e] === target) return true;
      return false;
    }
    if (this.#wide?.drop !== drop) {
      const seen = new Map<number, number>();
      for (let e = first; e < (offsets[drop + 1] as number); e++)
        if (!seen.has(targets[e] as number)) seen.set(targets[e] as number, e);
      this.#wide = { drop, first: seen };
    }
    return this.#wide.first.get(target) !== edge;
  }
}
