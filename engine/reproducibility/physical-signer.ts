/**
 * Block hashes of large physical graphs, in columns instead of documents.
 *
 * The stage functions of stages.ts work on `reprodata` objects, seven dictionaries a drop under ALL; most of their time
 * goes into making those. A PhysicalSigner holds 32-byte digests by drop, mode and stage, gives the same block hashes
 * and signatures, and takes run-time data drop by drop while a session runs, so that nothing is left to do at its end.
 * It computes what upstream does where mode dictionaries are not shared (spec/reproducibility.md 8.2, "stepwise").
 */

import { WeirError } from '../protocol/index.ts';
import { ReproKeyError } from './fields.ts';
import { agglomerateLeaves } from './merkle.ts';
import { ALL_RMODES, type HashedRMode } from './modes.ts';
import { tupleText } from './python-repr.ts';
import { type Parents, RootSets, uniqueParents } from './root-sets.ts';
import { type Digest, Sha3Arena } from './sha3-arena.ts';
import { buildTopology, type Topology } from './topology.ts';

export type PhysicalStage = 'pgt' | 'pg' | 'rg';

/** Values by drop with few distinct ones: `values[of[drop]]`. null is a root of no data. */
export interface Column {
  readonly values: readonly (string | null)[];
  readonly of: Uint32Array;
}

export interface PhysicalGraphShape {
  readonly count: number;
  /** Pairs (from, to) of drop indices: per drop its `outputs`, then its `consumers`. */
  readonly edges: ArrayLike<number>;
  /** 1 where the drop is data. */
  readonly isData: Uint8Array;
  /** 1 where RERUN delivers nothing: the drop has an `iid` other than "0/0" (spec 5.4). */
  readonly isGated: Uint8Array;
  readonly modes: readonly HashedRMode[];
}

/** Modes whose hashes before run time equal those of another mode. */
const STATIC_TWIN: Readonly<Partial<Record<HashedRMode, HashedRMode>>> = {
  REPLICATE_COMP: 'RECOMPUTE',
  REPLICATE_TOTAL: 'REPEAT',
};

const DIGEST = 32;

/** Block digests of one stage and mode, and the leaf digests of their hexadecimal texts, made when first needed. */
interface BlockColumn {
  readonly blocks: Digest;
  readonly leaves: Digest;
  readonly hasLeaf: Uint8Array;
}

export class PhysicalSigner {
  readonly #shape: PhysicalGraphShape;
  readonly #topology: Topology;
  readonly #arena = new Sha3Arena();
  readonly #columns = new Map<string, BlockColumn>();
  readonly #lg = new Map<HashedRMode, { leaves: readonly Digest[]; of: Uint32Array }>();
  readonly #known = new Map<string | null, Digest>();
  readonly #parents: Parents;
  readonly #scratch: Digest;
  readonly #own: Digest[] = [];
  readonly #empty: Digest;
  #sets: RootSets | undefined;
  #runtime: RuntimeState | undefined;

  constructor(shape: PhysicalGraphShape, lgBlocks: (mode: HashedRMode) => Column) {
    this.#shape = shape;
    const ids = new Array<string>(shape.count).fill('');
    this.#topology = buildTopology(ids, shape.edges);
    if (this.#topology.visited.length < shape.count)
      throw new WeirError(
        'REPRO_INVALID',
        'The drops depend on one another in a circle; such a graph cannot be signed here.',
      );
    this.#parents = uniqueParents(this.#topology);
    this.#empty = this.#arena.leafBytes(new Uint8Array(0));
    this.#scratch = this.#arena.room(64 * DIGEST * 40);
    for (const mode of shape.modes) {
      const { values, of } = lgBlocks(mode);
      this.#lg.set(mode, { leaves: values.map((value) => this.#leafOf(value)), of });
    }
  }

  get modes(): readonly HashedRMode[] {
    return this.#shape.modes;
  }

  /** The leaf of a root or block text; null is hashed as "None". */
  #leafOf(text: string | null): Digest {
    let digest = this.#known.get(text);
    if (digest === undefined) {
      digest = this.#arena.leafText(text ?? 'None');
      this.#known.set(text, digest);
    }
    return digest;
  }

  #column(stage: PhysicalStage, mode: HashedRMode): BlockColumn {
    const twin = stage === 'rg' ? mode : (STATIC_TWIN[mode] ?? mode);
    const owner = this.#shape.modes.includes(twin) ? twin : mode;
    const key = `${stage} ${owner}`;
    let column = this.#columns.get(key);
    if (column === undefined) {
      const { count } = this.#shape;
      column = {
        blocks: this.#arena.room(count * DIGEST),
        leaves: this.#arena.room(count * DIGEST),
        hasLeaf: new Uint8Array(count),
      };
      this.#columns.set(key, column);
    }
    return column;
  }

  #leafAt(column: BlockColumn, drop: number): Digest {
    const leaf = column.leaves + drop * DIGEST;
    if (column.hasLeaf[drop] === 0) {
      this.#arena.leafHex(column.blocks + drop * DIGEST, leaf);
      column.hasLeaf[drop] = 1;
    }
    return leaf;
  }

  /** Whether the mode's hashes of this stage are those of a mode already computed. */
  #isTwin(stage: PhysicalStage, mode: HashedRMode): boolean {
    const twin = STATIC_TWIN[mode];
    return stage !== 'rg' && twin !== undefined && this.#shape.modes.includes(twin);
  }

  /** The unroll or partition stage: `data(mode)` are the roots of `pgt_data`. */
  signPgt(data: (mode: HashedRMode) => Column): void {
    this.#signStatic('pgt', data);
  }

  /** The physical graph stage: `data(mode)` are the roots of `pg_data`. */
  signPg(data: (mode: HashedRMode) => Column): void {
    this.#signStatic('pg', data);
  }

  #signStatic(stage: 'pgt' | 'pg', data: (mode: HashedRMode) => Column): void {
    for (const mode of this.#shape.modes) {
      if (this.#isTwin(stage, mode)) continue;
      const { values, of } = data(mode);
      const roots = values.map((value) => this.#leafOf(value));
      const column = this.#column(stage, mode);
      column.hasLeaf.fill(0);
      const lg = this.#lg.get(mode) as { leaves: readonly Digest[]; of: Uint32Array };
      const pgt = stage === 'pg' ? this.#required('pgt', mode) : undefined;
      this.#sets?.clear();
      for (const drop of this.#topology.visited) {
        const own = this.#own;
        own.length = 0;
        own.push(roots[of[drop] as number] as Digest);
        if (pgt !== undefined) own.push(this.#leafAt(pgt, drop));
        own.push(lg.leaves[lg.of[drop] as number] as Digest);
        this.#block(column, mode, drop);
      }
    }
  }

  #required(stage: PhysicalStage, mode: HashedRMode): BlockColumn {
    const twin = stage === 'rg' ? mode : (STATIC_TWIN[mode] ?? mode);
    const column = this.#columns.get(`${stage} ${twin}`) ?? this.#columns.get(`${stage} ${mode}`);
    if (column === undefined) throw new ReproKeyError(`${stage}_blockhash`, `The data of ${mode}`);
    return column;
  }

  /** The block of a drop over `#own` and what its parents deliver. */
  #block(column: BlockColumn, mode: HashedRMode, drop: number): void {
    const { offsets, sources } = this.#parents;
    const out = column.blocks + drop * DIGEST;
    if (mode === 'REPRODUCE') {
      this.#sets ??= new RootSets(this.#topology, this.#shape.isData, this.#parents);
      const tail = this.#sets.tail(
        drop,
        this.#own.length,
        this.#arena,
        (root) => this.#leafAt(column, root),
        column,
      );
      tail.root(this.#own, out, this.#scratch);
      return;
    }
    const first = this.#own.length;
    for (let e = offsets[drop] as number; e < (offsets[drop + 1] as number); e++) {
      const parent = sources[e] as number;
      if (mode === 'RERUN' && this.#shape.isGated[parent] === 1) continue;
      this.#own.push(this.#leafAt(column, parent));
    }
    if (this.#own.length > first + 1) this.#sortParents(column, first);
    this.#rootOfOwn(out);
  }

  /** Sorts parents' leaves by their block hashes, which is the order of their texts. */
  #sortParents(column: BlockColumn, first: number): void {
    const parents = this.#own.splice(first);
    parents.sort((a, b) =>
      this.#arena.compare(a - column.leaves + column.blocks, b - column.leaves + column.blocks),
    );
    for (const parent of parents) this.#own.push(parent);
  }

  #rootOfOwn(out: Digest): void {
    const own = this.#own;
    const arena = this.#arena;
    let count = own.length;
    if (count > 64) {
      arena.copy(arena.root(own), out);
      return;
    }
    let place = this.#scratch;
    while (count > 2) {
      let next = 0;
      for (let i = 0; i + 1 < count; i += 2) {
        arena.node(own[i] as Digest, own[i + 1] as Digest, place);
        own[next++] = place;
        place += DIGEST;
      }
      if (count % 2 === 1) own[next++] = own[count - 1] as Digest;
      count = next;
    }
    if (count === 2) arena.node(own[0] as Digest, own[1] as Digest, out);
    else arena.copy(own[0] as Digest, out);
  }

  /** Takes the block hashes of an earlier stage from documents: `block(drop)` is the text. */
  loadBlocks(stage: 'pgt' | 'pg', mode: HashedRMode, block: (drop: number) => string): void {
    if (this.#isTwin(stage, mode)) return;
    const column = this.#column(stage, mode);
    for (let drop = 0; drop < this.#shape.count; drop++) {
      this.#arena.readHex(block(drop), column.blocks + drop * DIGEST);
      column.hasLeaf[drop] = 0;
    }
  }

  /** As {@link loadBlocks}, from 32 bytes per drop end to end. */
  loadBlockBytes(stage: 'pgt' | 'pg', mode: HashedRMode, bytes: Uint8Array): void {
    if (this.#isTwin(stage, mode)) return;
    const { count } = this.#shape;
    if (bytes.length !== count * DIGEST)
      throw new WeirError(
        'REPRO_INVALID',
        `The ${stage} blocks of ${mode} should have ${count * DIGEST} bytes, but have ${bytes.length}.`,
      );
    const column = this.#column(stage, mode);
    this.#arena.write(bytes, column.blocks);
    column.hasLeaf.fill(0);
  }

  // --- run time -----------------------------------------------------------------------------------------------------

  /**
   * Takes the run-time roots of one ended drop, one per mode in the order of `modes`; null is the root of empty data,
   * undefined stands for data that upstream does not hash (any single mode, spec 9.6). Its block, and those that waited
   * for it, are computed at once. Calling again for the same drop does nothing: events may come twice (spec 9.4).
   */
  addRuntime(drop: number, roots: readonly (string | null | undefined)[]): void {
    const state = (this.#runtime ??= this.#startRuntime());
    if (drop < 0 || drop >= this.#shape.count)
      throw new WeirError(
        'REPRO_INVALID',
        `There is no drop number ${drop}; the graph has ${this.#shape.count}.`,
      );
    if (state.isDelivered[drop] === 1) return;
    state.isDelivered[drop] = 1;
    this.#shape.modes.forEach((_, m) => {
      const root = roots[m];
      state.roots[drop * this.#shape.modes.length + m] =
        root === undefined ? this.#empty : this.#runtimeLeaf(root);
    });
    if (state.open[drop] === 0) this.#advance(drop, state);
  }

  /**
   * As {@link addRuntime}, from the facts of a drop without recompute data of its own: its status, and the SHA3-256 of
   * its content for data that is hashed. Hashes here what `commitRuntimeData` would hash.
   */
  addRuntimeFacts(drop: number, status: number, dataHash: string | null): void {
    const { modes } = this.#shape;
    if (modes.length === 1) {
      this.addRuntime(drop, [undefined]);
      return;
    }
    const roots = this.#statusRoots(status);
    if (dataHash === null) {
      this.addRuntime(
        drop,
        modes.map((mode) => (mode === 'REPRODUCE' ? null : roots.text)),
      );
      return;
    }
    const arena = this.#arena;
    const data = arena.leafText(tupleText('data_hash', dataHash));
    const both = arena.hex(arena.node(roots.digest, data, arena.place()));
    const only = arena.hex(data);
    this.addRuntime(
      drop,
      modes.map((mode) => (mode === 'REPRODUCE' ? only : mode.startsWith('REPLICATE') ? both : roots.text)),
    );
  }

  #statusRoots(status: number): { readonly digest: Digest; readonly text: string } {
    let roots = this.#byStatus.get(status);
    if (roots === undefined) {
      const digest = this.#arena.leafText(tupleText('status', status));
      roots = { digest, text: this.#arena.hex(digest) };
      this.#byStatus.set(status, roots);
    }
    return roots;
  }
  readonly #byStatus = new Map<number, { readonly digest: Digest; readonly text: string }>();

  /** Roots of status data are few and kept; those of contents are as many as drops and are not looked up. */
  #runtimeLeaf(root: string | null): Digest {
    if (this.#known.size < 100_000 || this.#known.has(root)) return this.#leafOf(root);
    return this.#arena.leafText(root ?? 'None');
  }

  #startRuntime(): RuntimeState {
    const { count, modes } = this.#shape;
    const { offsets } = this.#parents;
    this.#sets?.clear();
    return {
      isDelivered: new Uint8Array(count),
      isDone: new Uint8Array(count),
      open: Uint32Array.from(
        { length: count },
        (_, i) => (offsets[i + 1] as number) - (offsets[i] as number),
      ),
      roots: new Float64Array(count * modes.length),
      done: 0,
      columns: modes.map((mode) => ({
        mode,
        rg: this.#column('rg', mode),
        pg: this.#required('pg', mode),
        pgt: this.#required('pgt', mode),
        lg: this.#lg.get(mode) as { leaves: readonly Digest[]; of: Uint32Array },
      })),
    };
  }

  #advance(start: number, state: RuntimeState): void {
    const stack = [start];
    const { offsets, targets } = this.#topology;
    for (let drop = stack.pop(); drop !== undefined; drop = stack.pop()) {
      this.#runtimeBlocks(drop, state);
      state.isDone[drop] = 1;
      state.done++;
      let last = -1;
      for (let e = offsets[drop] as number; e < (offsets[drop + 1] as number); e++) {
        const target = targets[e] as number;
        if (target === last || this.#isRepeated(drop, e)) continue;
        last = target;
        const open = (state.open[target] as number) - 1;
        state.open[target] = open;
        if (open === 0 && state.isDelivered[target] === 1) stack.push(target);
      }
    }
  }

  /** Whether an earlier edge of the same drop has the same target: parents are counted once. */
  #isRepeated(drop: number, edge: number): boolean {
    const { offsets, targets } = this.#topology;
    const target = targets[edge] as number;
    const first = offsets[drop] as number;
    if (edge - first > 64) {
      // Wide fans are checked by a set that is made once per drop.
      this.#wide ??= { drop: -1, seen: new Map() };
      if (this.#wide.drop !== drop) {
        const seen = new Map<number, number>();
        for (let e = first; e < (offsets[drop + 1] as number); e++)
          if (!seen.has(targets[e] as number)) seen.set(targets[e] as number, e);
        this.#wide = { drop, seen };
      }
      return this.#wide.seen.get(target) !== edge;
    }
    for (let e = first; e < edge; e++) if (targets[e] === target) return true;
    return false;
  }
  #wide: { drop: number; seen: Map<number, number> } | undefined;

  #runtimeBlocks(drop: number, state: RuntimeState): void {
    const { length } = state.columns;
    for (let m = 0; m < length; m++) {
      const { mode, rg, pg, pgt, lg } = state.columns[m] as RuntimeState['columns'][number];
      const own = this.#own;
      own.length = 0;
      own.push(
        state.roots[drop * length + m] as Digest,
        this.#leafAt(pg, drop),
        this.#leafAt(pgt, drop),
        lg.leaves[lg.of[drop] as number] as Digest,
      );
      this.#block(rg, mode, drop);
    }
  }

  /** How many drops have their run-time block. */
  get finishedDrops(): number {
    return this.#runtime?.done ?? 0;
  }

  // --- results ------------------------------------------------------------------------------------------------------

  /** The graph signature of a stage (spec 6.2). Throws ReproKeyError when a leaf has no block yet. */
  signature(stage: PhysicalStage, mode: HashedRMode): string | null {
    const blocks: string[] = [];
    this.#topology.isLeaf.forEach((isLeaf, drop) => {
      if (isLeaf) blocks.push(this.blockHash(stage, mode, drop));
    });
    return agglomerateLeaves(blocks);
  }

  signatures(stage: PhysicalStage): Partial<Record<HashedRMode, string | null>> {
    return Object.fromEntries(this.#shape.modes.map((mode) => [mode, this.signature(stage, mode)]));
  }

  /** The block hashes of a stage, 32 bytes per drop end to end. */
  blockBytes(stage: PhysicalStage, mode: HashedRMode): Uint8Array<ArrayBuffer> {
    return this.#arena.read(this.#required(stage, mode).blocks, this.#shape.count * DIGEST);
  }

  /** The block hash of one drop, in hexadecimal. */
  blockHash(stage: PhysicalStage, mode: HashedRMode, drop: number): string {
    const isMissing = stage === 'rg' && this.#runtime?.isDone[drop] !== 1;
    if (isMissing) throw new ReproKeyError('rg_blockhash', `Drop number ${drop}`);
    return this.#arena.hex(this.#required(stage, mode).blocks + drop * DIGEST);
  }

  /** The parents' hashes of one drop as indices and hashes, what `<stage>_parenthashes` holds. */
  parentHashes(
    stage: PhysicalStage,
    mode: HashedRMode,
    drop: number,
  ): (readonly [parent: number, block: string])[] {
    const { offsets, sources } = this.#parents;
    let parents: number[] = [...sources.subarray(offsets[drop], offsets[drop + 1])];
    if (mode === 'REPRODUCE') {
      this.#sets ??= new RootSets(this.#topology, this.#shape.isData, this.#parents);
      parents = [...this.#sets.members(drop)];
    } else if (mode === 'RERUN') parents = parents.filter((parent) => this.#shape.isGated[parent] === 0);
    return parents.map((parent) => [parent, this.blockHash(stage, mode, parent)]);
  }
}

interface RuntimeState {
  readonly isDelivered: Uint8Array;
  readonly isDone: Uint8Array;
  /** Parents without block, per drop. */
  readonly open: Uint32Array;
  /** Leaf digest of the run-time root, per drop and mode. */
  readonly roots: Float64Array;
  readonly columns: readonly {
    readonly mode: HashedRMode;
    readonly rg: BlockColumn;
    readonly pg: BlockColumn;
    readonly pgt: BlockColumn;
    readonly lg: { readonly leaves: readonly Digest[]; readonly of: Uint32Array };
  }[];
  done: number;
}

/** The modes in the order in which run-time roots are given under ALL. */
export const SIGNER_MODES: readonly HashedRMode[] = ALL_RMODES;
