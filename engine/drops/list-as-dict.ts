import type { AbstractDROP } from './drop.ts';

/** A list of drops that also keeps the set of their uids, so that membership is one look-up (seed `ListAsDict`). */
export class ListAsDict extends Array<AbstractDROP> {
  readonly #uids: Set<string>;

  constructor(uids: Set<string>) {
    super();
    this.#uids = uids;
  }

  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  append(drop: AbstractDROP): void {
    this.#uids.add(drop.uid);
    this.push(drop);
  }
}
