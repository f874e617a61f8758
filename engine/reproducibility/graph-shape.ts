/** Collects what a PhysicalSigner needs to know of drops, one specification at a time. */

import { ReproKeyError } from './fields.ts';
import type { HashedRMode } from './modes.ts';
import type { PhysicalGraphShape } from './physical-signer.ts';
import type { PyObject } from './python-json.ts';
import { relationOid } from './topology.ts';

/** The relations that make edges, in the order in which upstream looks at them. */
export const RELATIONS = ['outputs', 'consumers'] as const;

/** Whether a drop is data, by the type it has in its specification. */
export function isDataDrop(drop: PyObject): boolean {
  const type = drop['categoryType'];
  return typeof type === 'string' && type.toLowerCase() === 'data';
}

export class ShapeBuilder {
  readonly #isData: Uint8Array;
  readonly #isGated: Uint8Array;
  readonly #index = new Map<string, number>();
  readonly oids: string[] = [];
  /** Edges by the row they start from: to a row, or to an id that was not known yet. */
  readonly #from: number[] = [];
  readonly #to: (number | string)[] = [];

  readonly #hasGate: boolean;

  /** `hasGate`: whether RERUN says nothing of drops with an `iid`, as upstream has it (spec 5.4). */
  constructor(count: number, hasGate = true) {
    this.#hasGate = hasGate;
    this.#isData = new Uint8Array(count);
    this.#isGated = new Uint8Array(count);
  }

  /** The index of each id. */
  get index(): ReadonlyMap<string, number> {
    return this.#index;
  }

  /** Adds the next drop. */
  add(drop: PyObject): void {
    const isGated = Object.hasOwn(drop, 'iid') && drop['iid'] !== '0/0';
    this.begin(drop['oid'] as string, isDataDrop(drop), isGated);
    for (const key of RELATIONS) {
      const list = drop[key];
      if (!Array.isArray(list)) continue;
      for (const entry of list as unknown[]) this.edge(relationOid(entry));
    }
  }

  /** Adds the next drop from what matters of it. `isGated`: it has an `iid` other than "0/0". */
  begin(oid: string, isData: boolean, isGated: boolean): void {
    const row = this.oids.length;
    this.oids.push(oid);
    this.#index.set(oid, row);
    this.#isData[row] = isData ? 1 : 0;
    if (this.#hasGate && isGated) this.#isGated[row] = 1;
  }

  /** The drop added last has this one in one of its {@link RELATIONS}; they come in that order. */
  edge(target: string): void {
    this.#from.push(this.oids.length - 1);
    this.#to.push(this.#index.get(target) ?? target);
  }

  /** The shape of all drops added. Throws ReproKeyError where a relation leads to a drop that is not there. */
  shape(modes: readonly HashedRMode[]): PhysicalGraphShape {
    const edges = new Uint32Array(2 * this.#from.length);
    this.#to.forEach((target, e) => {
      const from = this.#from[e] as number;
      const to = typeof target === 'number' ? target : this.#index.get(target);
      if (to === undefined)
        throw new ReproKeyError(
          String(target),
          `The graph, to which a relation of "${this.oids[from]}" points,`,
        );
      edges[2 * e] = from;
      edges[2 * e + 1] = to;
    });
    return { count: this.oids.length, edges, isData: this.#isData, isGated: this.#isGated, modes };
  }
}
