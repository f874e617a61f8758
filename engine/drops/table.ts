/**
 * The states and relations of many drops as columns. A drop object (AbstractDROP) is a view on one row and is made when
 * somebody touches it; a drop that only passes completion on needs no object at all. That keeps a million drops
 * small and lets their states be handed to other threads as they are.
 *
 * Drops made by hand start in a table of their own; linking two of them merges the tables, the smaller into the larger.
 */
import { EdgeTable, type AppDROPStates, type DROPStates } from '../protocol/index.ts';
import type { AbstractDROP } from './drop.ts';
import type { Flow } from './flow.ts';

/** Bits of the `flags` column. */
export const Flags = {
  APP: 1,
  BLOCK_SKIP: 2,
  /** executionMode EXTERNAL: completion is not passed on to consumers. */
  EXTERNAL: 4,
  /** The row stands for a drop on another node; its instance is a proxy. */
  REMOTE: 8,
  /** The session counts this drop's completion. */
  LEAF: 16,
  /** An end drop: its completion ends the session. */
  END: 32,
  /** Input-fired: runs when its inputs have reported. */
  FIRED_BY_INPUTS: 64,
  /** Has per-row input rules in the sparse map `rules`. */
  RULES: 128,
  /** Its class has methods of its own for what its neighbours report: the flow calls them. */
  HEARS: 256,
  /** `dropCompleted` went out: who is linked from now on has to be told. */
  ANNOUNCED: 512,
  /** Failed while its streaming inputs are still written: reports when they are over. */
  REPORTS_LATER: 1024,
} as const;

/** Input rules of an application that are not the defaults. */
export interface InputRules {
  readonly nEffectiveInputs: number;
  readonly errorThreshold: number;
  readonly nTries: number;
}
export const DEFAULT_RULES: InputRules = { nEffectiveInputs: -1, errorThreshold: 0, nTries: 1 };

/** Makes the drop objects of rows that have none yet. */
export interface DropSource {
  make(row: number): AbstractDROP;
}

/** Relations, by the side that owns the list: consumers of data, outputs of applications, children of containers. */
export interface Relations {
  readonly consumers: EdgeTable;
  readonly streaming: EdgeTable;
  /** from: application, to: data drop. */
  readonly outputs: EdgeTable;
  readonly children: EdgeTable;
}

export function noRelations(): Relations {
  return {
    consumers: new EdgeTable(),
    streaming: new EdgeTable(),
    outputs: new EdgeTable(),
    children: new EdgeTable(),
  };
}

function grow<T extends Uint8Array | Uint16Array | Uint32Array>(column: T, length: number): T {
  const next = new (column.constructor as new (n: number) => T)(length);
  next.set(column);
  return next;
}

export class DropTable {
  size = 0;
  status = new Uint8Array(0);
  exec = new Uint8Array(0);
  flags = new Uint16Array(0);
  /** Reports received: of inputs for an application, of producers for a data drop. */
  done = new Uint32Array(0);
  errors = new Uint32Array(0);
  skipped = new Uint32Array(0);
  readonly relations: Relations;
  readonly rules = new Map<number, InputRules>();
  readonly instances: (AbstractDROP | undefined)[];
  source: DropSource | undefined;
  /** Whether any row has HEARS. */
  hasHearers = false;
  /** The flow that moves the drops of this table; a Flow registers itself here. */
  flow: Flow | undefined;

  constructor(rows = 0, relations: Relations = noRelations()) {
    this.relations = relations;
    // At its full length from the start: an array that is filled from the middle turns into a dictionary. And filled, as V8 takes
    // an array of holes alone for one of integers, and what it compiles for one session would not fit the next.
    this.instances = new Array<AbstractDROP | undefined>(rows).fill(undefined);
    if (rows > 0) {
      this.#resize(rows);
      this.size = rows;
    }
  }

  /** A new row in state INITIALIZED / NOT_RUN. */
  addRow(flags: number): number {
    if (this.size === this.status.length) this.#resize(Math.max(2, this.size * 2));
    const row = this.size++;
    this.flags[row] = flags;
    return row;
  }

  /** The drop object of a row, made now if there is none. */
  drop(row: number): AbstractDROP {
    const there = this.instances[row];
    if (there) return there;
    if (!this.source) throw new RangeError(`row ${row} of this table has no drop`);
    try {
      const made = this.source.make(row);
      this.instances[row] = made;
      return made;
    } catch (error) {
      // A drop enters itself before its constructor is through.
      this.instances[row] = undefined;
      throw error;
    }
  }

  statusOf(row: number): DROPStates {
    return this.status[row] as DROPStates;
  }

  execOf(row: number): AppDROPStates {
    return this.exec[row] as AppDROPStates;
  }

  isApp(row: number): boolean {
    return ((this.flags[row] as number) & Flags.APP) !== 0;
  }

  hasFlag(row: number, flag: number): boolean {
    return ((this.flags[row] as number) & flag) !== 0;
  }

  setFlag(row: number, flag: number, on = true): void {
    const now = this.flags[row] as number;
    this.flags[row] = on ? now | flag : now & ~flag;
  }

  rulesOf(row: number): InputRules {
    return this.hasFlag(row, Flags.RULES) ? (this.rules.get(row) ?? DEFAULT_RULES) : DEFAULT_RULES;
  }

  /** Moves every row of another table (of drops made by hand) to the end of this one. */
  absorb(other: DropTable): number {
    const base = this.size;
    const total = base + other.size;
    if (total > this.status.length) this.#resize(Math.max(total, this.status.length * 2));
    this.size = total;
    for (const column of ['status', 'exec', 'flags', 'done', 'errors', 'skipped'] as const)
      this[column].set(other[column].subarray(0, other.size), base);
    for (const name of ['consumers', 'streaming', 'outputs', 'children'] as const) {
      const edges = other.relations[name];
      for (let e = 0; e < edges.size; e++) this.relations[name].add(edges.from(e) + base, edges.to(e) + base);
    }
    for (const [row, rules] of other.rules) this.rules.set(row + base, rules);
    this.hasHearers ||= other.hasHearers;
    for (let row = 0; row < other.size; row++) {
      const drop = other.instances[row];
      if (!drop) continue;
      this.instances[row + base] = drop;
      drop._moveTo(this, row + base);
    }
    other.size = 0;
    return base;
  }

  #resize(rows: number): void {
    this.status = grow(this.status, rows);
    this.exec = grow(this.exec, rows);
    this.flags = grow(this.flags, rows);
    this.done = grow(this.done, rows);
    this.errors = grow(this.errors, rows);
    this.skipped = grow(this.skipped, rows);
  }
}
