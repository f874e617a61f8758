/**
 * Block hashes of large physical graphs, in columns instead of documents.
 *
 * The stage functions of stages.ts work on `reprodata` objects, seven dictionaries a drop under ALL; most of their time
 * goes into making those. A PhysicalSigner holds 32-byte digests by drop, mode and stage, gives the same block hashes
 * and signatures, and takes run-time data drop by drop while a session runs, so that nothing is left to do at its end.
 * It computes what upstream does where mode dictionaries are not shared (spec/reproducibility.md 8.2, "stepwise").
 */

import { WeirError } from '../protocol/index.ts';
import { BlockColumn, BlockForest } from './block-forest.ts';
import { MAX_PARTS } from './block-index.ts';
import { ReproKeyError } from './fields.ts';
import { type Column, KnownLeaves, type LeafSource, StatusLeafMaker } from './leaf-sources.ts';
import { agglomerateLeaves } from './merkle.ts';
import { ALL_RMODES, type HashedRMode } from './modes.ts';
import { ParentOrder } from './parent-order.ts';
import { type Parents, RootSets, uniqueParents } from './root-sets.ts';
import { RuntimeStage } from './runtime-stage.ts';
import { type Digest, Sha3Arena } from './sha3-arena.ts';
import { buildTopology, type Topology } from './topology.ts';

export type { Column } from './leaf-sources.ts';
export type PhysicalStage = 'pgt' | 'pg' | 'rg';

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
/** Where RERUN lets every drop speak, its copy for science has the same hashes. */
const OPEN_TWIN: typeof STATIC_TWIN = { ...STATIC_TWIN, REPLICATE_SCI: 'RERUN' };

const DIGEST = 32;
/** Up to so many data roots are put into the tree like other parents; more share a tree of their own. */
const FEW_ROOTS = 4;

/** One mode in a stage: its hashes, and the sources of the leaves before those of the parents. */
export interface Lane {
  readonly mode: HashedRMode;
  readonly column: BlockColumn;
  readonly own: readonly LeafSource[];
}

export class PhysicalSigner {
  readonly #shape: PhysicalGraphShape;
  readonly #topology: Topology;
  readonly #twins: typeof STATIC_TWIN;
  readonly #arena: Sha3Arena;
  readonly #known: KnownLeaves;
  readonly #columns = new Map<string, BlockColumn>();
  readonly #lg = new Map<HashedRMode, LeafSource>();
  readonly #parents: Parents;
  readonly #forest: BlockForest;
  readonly #tailScratch: Digest;
  readonly #parts = new Uint32Array(MAX_PARTS);
  #sets: RootSets | undefined;
  #order: ParentOrder | undefined;
  #runtime: RuntimeStage | undefined;
  readonly #status: StatusLeafMaker;

  constructor(
    shape: PhysicalGraphShape,
    lgBlocks: (mode: HashedRMode) => Column,
    arena: Sha3Arena = new Sha3Arena(),
    known: KnownLeaves = new KnownLeaves(arena),
  ) {
    this.#shape = shape;
    this.#arena = arena;
    this.#known = known;
    this.#status = new StatusLeafMaker(arena, this.#known);
    const ids = new Array<string>(shape.count).fill('');
    this.#topology = buildTopology(ids, shape.edges);
    if (this.#topology.visited.length < shape.count)
      throw new WeirError(
        'REPRO_INVALID',
        'The drops depend on one another in a circle; such a graph cannot be signed here.',
      );
    this.#parents = uniqueParents(this.#topology);
    this.#forest = new BlockForest(arena, this.#known, shape.modes.length, widest(this.#parents) + 8);
    this.#tailScratch = arena.room(64 * DIGEST * 40);
    this.#twins = shape.isGated.includes(1) ? STATIC_TWIN : OPEN_TWIN;
    for (const mode of shape.modes) this.#lg.set(mode, this.#known.column(lgBlocks(mode)));
  }

  get modes(): readonly HashedRMode[] {
    return this.#shape.modes;
  }

  /** The mode whose hashes of this stage are also those of `mode`, among the modes of the graph. */
  #owner(stage: PhysicalStage, mode: HashedRMode): HashedRMode {
    const twin = stage === 'rg' ? undefined : this.#twins[mode];
    return twin !== undefined && this.#shape.modes.includes(twin) ? twin : mode;
  }

  #column(stage: PhysicalStage, mode: HashedRMode): BlockColumn {
    const key = `${stage} ${this.#owner(stage, mode)}`;
    let column = this.#columns.get(key);
    if (column === undefined) {
      column = new BlockColumn(this.#arena, this.#shape.count);
      this.#columns.set(key, column);
    }
    return column;
  }

  #required(stage: PhysicalStage, mode: HashedRMode): BlockColumn {
    const column = this.#columns.get(`${stage} ${this.#owner(stage, mode)}`);
    if (column === undefined) throw new ReproKeyError(`${stage}_blockhash`, `The data of ${mode}`);
    return column;
  }

  /** Leaves of the logical blocks. */
  #logical(mode: HashedRMode): LeafSource {
    return this.#lg.get(mode) as LeafSource;
  }

  /** The unroll or partition stage: `data(mode)` are the roots of `pgt_data`. */
  signPgt(data: (mode: HashedRMode) => Column | LeafSource): void {
    this.#signStatic('pgt', (mode) => [this.#source(data(mode)), this.#logical(mode)]);
  }

  /** The physical graph stage: `data(mode)` are the roots of `pg_data`. */
  signPg(data: (mode: HashedRMode) => Column): void {
    this.#signStatic('pg', (mode) => [
      this.#known.column(data(mode)),
      this.#required('pgt', mode),
      this.#logical(mode),
    ]);
  }

  #source(data: Column | LeafSource): LeafSource {
    return 'leaf' in data ? data : this.#known.column(data);
  }

  #signStatic(stage: 'pgt' | 'pg', own: (mode: HashedRMode) => LeafSource[]): void {
    const modes = this.#shape.modes.filter((mode) => this.#owner(stage, mode) === mode);
    const lanes = modes.map((mode): Lane => {
      const column = this.#column(stage, mode);
      column.reset();
      return { mode, column, own: own(mode) };
    });
    this.#sets?.clear();
    for (const drop of this.#topology.visited) this.#blocks(lanes, drop);
  }

  /** The blocks of a drop in all modes of a stage, over its own leaves and what its parents deliver. */
  #blocks(lanes: readonly Lane[], drop: number): void {
    const forest = this.#forest;
    let many: Lane | undefined;
    for (let t = 0; t < lanes.length; t++) {
      const lane = lanes[t] as Lane;
      const { own, column, mode } = lane;
      if (!this.#isNew(lane, drop)) {
        forest.drop(t);
        continue;
      }
      forest.begin(t, column.block(drop));
      for (let i = 0; i < own.length; i++) forest.add(t, (own[i] as LeafSource).leaf(drop));
      if (mode !== 'REPRODUCE') this.#addParents(column, drop, t, mode === 'RERUN');
      else if (!this.#addRoots(column, drop, t)) {
        many = lane;
        forest.drop(t);
      }
    }
    forest.grow(lanes.length);
    if (many !== undefined) this.#overMany(many, drop);
  }

  /** Finds the block of a drop among those made of the same parts. True: there is none; it is to be computed. */
  #isNew({ own, column, mode }: Lane, drop: number): boolean {
    const { offsets, sources } = this.#parents;
    const from = offsets[drop] as number;
    const end = offsets[drop + 1] as number;
    const isOfRoots = mode === 'REPRODUCE';
    if (!column.isShared || (!isOfRoots && own.length + end - from > MAX_PARTS)) {
      column.makeOwn(drop);
      return true;
    }
    const parts = this.#parts;
    let length = 0;
    for (let i = 0; i < own.length; i++) parts[length++] = (own[i] as LeafSource).leaf(drop);
    if (isOfRoots) parts[length++] = this.#rootSets().numberOf(drop);
    else
      for (let e = from; e < end; e++) {
        const parent = sources[e] as number;
        if (mode === 'RERUN' && this.#shape.isGated[parent] === 1) continue;
        // In order, as it does not matter which parent has which of the blocks.
        const number = column.numberOf(parent);
        let at = length++;
        for (; at > own.length && (parts[at - 1] as number) > number; at--)
          parts[at] = parts[at - 1] as number;
        parts[at] = number;
      }
    return column.make(drop, parts, length);
  }

  #rootSets(): RootSets {
    return (this.#sets ??= new RootSets(this.#topology, this.#shape.isData, this.#parents));
  }

  /** Adds the data roots that a drop descends from, where they are few. False: they are many. */
  #addRoots(column: BlockColumn, drop: number, tree: number): boolean {
    const sets = this.#rootSets();
    const members = sets.members(drop);
    if (members.length > FEW_ROOTS) return false;
    if (members.length === 1) this.#forest.add(tree, column.leaf(members[0] as number));
    else for (const root of sets.sorted(drop, this.#arena, column)) this.#forest.add(tree, column.leaf(root));
    return true;
  }

  #overMany({ column, own }: Lane, drop: number): void {
    const leaves = own.map((source) => source.leaf(drop));
    this.#arena.runJobs();
    const tail = this.#rootSets().tail(drop, leaves.length, this.#arena, column);
    tail.root(leaves, column.block(drop), this.#tailScratch);
  }

  #addParents(column: BlockColumn, drop: number, tree: number, isGate: boolean): void {
    const { offsets, sources } = this.#parents;
    const isGated = this.#shape.isGated;
    const from = offsets[drop] as number;
    const end = offsets[drop + 1] as number;
    if (end - from === 1) {
      const parent = sources[from] as number;
      if (!isGate || isGated[parent] === 0) this.#forest.add(tree, column.leaf(parent));
      return;
    }
    const parents: number[] = [];
    for (let e = from; e < end; e++) {
      const parent = sources[e] as number;
      if (!isGate || isGated[parent] === 0) parents.push(parent);
    }
    // The order of block hashes is that of their texts.
    if (parents.length > 1) parents.sort((a, b) => this.#arena.compare(column.block(a), column.block(b)));
    for (const parent of parents) this.#forest.add(tree, column.leaf(parent));
  }

  /** Takes the block hashes of an earlier stage, 32 bytes per drop end to end. */
  loadBlockBytes(stage: 'pgt' | 'pg', mode: HashedRMode, bytes: Uint8Array): void {
    if (this.#owner(stage, mode) !== mode) return;
    const { count } = this.#shape;
    if (bytes.length !== count * DIGEST)
      throw new WeirError(
        'REPRO_INVALID',
        `The ${stage} blocks of ${mode} should have ${count * DIGEST} bytes, but have ${bytes.length}.`,
      );
    this.#column(stage, mode).reset(bytes);
  }

  // --- run time -----------------------------------------------------------------------------------------------------

  /**
   * Takes the run-time roots of one ended drop, one per mode in the order of `modes`; null is the root of empty data,
   * undefined stands for data that upstream does not hash (any single mode, spec 9.6). Its block, and those that waited
   * for it, are computed at once. Calling again for the same drop does nothing: events may come twice (spec 9.4).
   */
  addRuntime(drop: number, roots: readonly (string | null | undefined)[]): void {
    const stage = this.#runtimeStage(drop);
    if (!stage.deliver(drop)) return;
    this.#shape.modes.forEach((_, m) => {
      const root = roots[m];
      stage.setRoot(drop, m, root === undefined ? stage.nothing : this.#known.of(root));
    });
    stage.advance(drop);
  }

  /**
   * As {@link addRuntime}, from the facts of a drop without recompute data of its own: its status, and the SHA3-256 of
   * its content for data that is hashed. Hashes here what `commitRuntimeData` would hash.
   */
  addRuntimeFacts(drop: number, status: number, dataHash: string | null): void {
    const stage = this.#runtimeStage(drop);
    if (!stage.deliver(drop)) return;
    const { modes } = this.#shape;
    if (modes.length === 1) stage.setRoot(drop, 0, stage.nothing);
    else {
      const leaves = this.#status.of(status, dataHash);
      for (let m = 0; m < modes.length; m++)
        stage.setRoot(drop, m, leaves[RUNTIME_DATA[modes[m] as HashedRMode]]);
    }
    stage.advance(drop);
  }

  #runtimeStage(drop: number): RuntimeStage {
    if (drop < 0 || drop >= this.#shape.count)
      throw new WeirError(
        'REPRO_INVALID',
        `There is no drop number ${drop}; the graph has ${this.#shape.count}.`,
      );
    if (this.#runtime !== undefined) return this.#runtime;
    this.#sets?.clear();
    const stage: RuntimeStage = new RuntimeStage(
      { topology: this.#topology, parents: this.#parents, modes: this.#shape.modes.length },
      this.#arena.leafBytes(new Uint8Array(0)),
      (ended) => this.#blocks(lanes, ended),
    );
    const lanes = this.#shape.modes.map((mode, m): Lane => ({
      mode,
      column: this.#column('rg', mode),
      own: [stage.source(m), this.#required('pg', mode), this.#required('pgt', mode), this.#logical(mode)],
    }));
    this.#runtime = stage;
    return stage;
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
    return this.#required(stage, mode).bytes();
  }

  /** The block hash of one drop, in hexadecimal. */
  blockHash(stage: PhysicalStage, mode: HashedRMode, drop: number): string {
    const isMissing = stage === 'rg' && this.#runtime?.isDone(drop) !== true;
    if (isMissing) throw new ReproKeyError('rg_blockhash', `Drop number ${drop}`);
    return this.#arena.hex(this.#required(stage, mode).block(drop));
  }

  /** The blocks of a stage and mode, in the signer's memory. */
  blocksOf(stage: PhysicalStage, mode: HashedRMode): Pick<BlockColumn, 'block'> {
    return this.#required(stage, mode);
  }

  /** The parents of one drop whose hashes `<stage>_parenthashes` holds, in upstream's order. */
  parentsOf(mode: HashedRMode, drop: number): Uint32Array {
    this.#order ??= new ParentOrder(this.#topology, this.#parents);
    if (mode === 'REPRODUCE') return this.#order.roots(drop, this.#rootSets());
    const parents = this.#order.parents(drop);
    if (mode !== 'RERUN') return parents;
    return parents.filter((parent) => this.#shape.isGated[parent] === 0);
  }

  /** The parents' hashes of one drop as indices and hashes, what `<stage>_parenthashes` holds. */
  parentHashes(
    stage: PhysicalStage,
    mode: HashedRMode,
    drop: number,
  ): (readonly [parent: number, block: string])[] {
    return [...this.parentsOf(mode, drop)].map((parent) => [parent, this.blockHash(stage, mode, parent)]);
  }
}

function widest({ offsets }: Parents): number {
  let most = 0;
  for (let i = 1; i < offsets.length; i++)
    most = Math.max(most, (offsets[i] as number) - (offsets[i - 1] as number));
  return most;
}

/** What each mode hashes at run time under ALL of a drop without recompute data (spec 9.2). */
const RUNTIME_DATA = {
  RERUN: 'status',
  REPEAT: 'status',
  RECOMPUTE: 'status',
  REPRODUCE: 'content',
  REPLICATE_SCI: 'both',
  REPLICATE_COMP: 'both',
  REPLICATE_TOTAL: 'both',
} as const satisfies Record<HashedRMode, string>;

/** The modes in the order in which run-time roots are given under ALL. */
export const SIGNER_MODES: readonly HashedRMode[] = ALL_RMODES;
