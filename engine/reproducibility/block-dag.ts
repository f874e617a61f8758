/**
 * Block hashes: what makes each drop's hash depend on everything before it (spec/reproducibility.md 5).
 *
 *   block(X) = root of [ X's own roots of this and earlier stages..., the blocks of X's parents, sorted ]
 *
 * The functions work on the mode dictionaries of the drops in place. Where several drops hold the same dictionary
 * (upstream's unroll in one process, spec 8.2), that sharing has its effect on the hashes here as it has there.
 */

import { ReproKeyError } from './fields.ts';
import { leaf, type MerkleItem } from './merkle.ts';
import { type RModeName } from './modes.ts';
import { type PyObject, setKey } from './python-json.ts';
import { type Digest, Sha3Arena } from './sha3-arena.ts';
import type { Topology } from './topology.ts';

export type BlockStage = 'lg' | 'pgt' | 'pg' | 'rg';

/** One drop or node as the walk sees it, for one mode. */
export interface BlockNodes {
  /** The dictionary of the mode being built; throws ReproKeyError when the drop has none. */
  dictionary(index: number): PyObject;
  /** The drop's own mode. */
  mode(index: number): RModeName;
  /** Whether the drop is data, for REPRODUCE. */
  isData(index: number, dictionary: PyObject): boolean;
  /** Whether RERUN delivers nothing from here (spec 5.4). */
  isGated(index: number): boolean;
}

const EMPTY_BYTES = new Uint8Array(0);

function rootOf(dictionary: PyObject, key: string): MerkleItem {
  const data = dictionary[key] as PyObject | undefined;
  if (data === undefined) throw new ReproKeyError(key, 'A mode dictionary');
  if (!Object.hasOwn(data, 'merkleroot')) throw new ReproKeyError('merkleroot', key);
  return data['merkleroot'] as string | null;
}

/** Spec 11: what DALiuGE's translator ends in when links of the logical graph close a circle. */
const CIRCLE =
  'The logical graph goes round in a circle (links that close a loop), so its nodes have no order to be signed in; DALiuGE cannot sign it either. ' +
  'Run it with --rmode NOTHING, or take the links out that close the circle: a Loop needs none. What runs is recorded and sealed in every mode.';

function required(dictionary: PyObject, key: string): string {
  const value = dictionary[key];
  if (typeof value !== 'string')
    throw new ReproKeyError(key, 'A mode dictionary', key === 'lg_blockhash' ? CIRCLE : undefined);
  return value;
}

/** The items before the parents (spec 5.1). */
function ownItems(stage: BlockStage, dictionary: PyObject, out: MerkleItem[]): void {
  out.length = 0;
  if (stage === 'lg') {
    out.push(rootOf(dictionary, 'lgt_data'), rootOf(dictionary, 'lg_data'));
  } else if (stage === 'pgt') {
    if (dictionary['pgt_data'] !== undefined) out.push(rootOf(dictionary, 'pgt_data'));
    if (dictionary['lg_blockhash'] !== undefined) out.push(required(dictionary, 'lg_blockhash'));
  } else if (stage === 'pg') {
    out.push(
      rootOf(dictionary, 'pg_data'),
      required(dictionary, 'pgt_blockhash'),
      required(dictionary, 'lg_blockhash'),
    );
  } else {
    out.push(
      dictionary['rg_data'] === undefined ? EMPTY_BYTES : rootOf(dictionary, 'rg_data'),
      required(dictionary, 'pg_blockhash'),
      required(dictionary, 'pgt_blockhash'),
      required(dictionary, 'lg_blockhash'),
    );
  }
}

/** How many leaf digests are kept; beyond it the oldest piece of the cache is dropped as a whole. */
const CACHE_LIMIT = 300_000;

/** Computes block hashes, remembering the leaf digests of texts that come back: roots, logical blocks, parents. */
export class BlockHasher {
  readonly #arena = new Sha3Arena();
  readonly #start = this.#arena.mark();
  readonly #cache = new Map<string, Digest>();
  #leaves: Digest[] = [];

  #cached(item: MerkleItem): Digest {
    const key = typeof item === 'string' ? item : item === null ? '\u0000None' : '\u0000empty';
    let digest = this.#cache.get(key);
    if (digest === undefined) {
      digest = leaf(this.#arena, item);
      this.#cache.set(key, digest);
    }
    return digest;
  }

  /** The root, in hexadecimal, over a drop's own items and its parents' blocks in sorted order. */
  block(own: readonly MerkleItem[], parents: readonly string[]): string {
    if (this.#cache.size > CACHE_LIMIT) {
      this.#cache.clear();
      this.#arena.release(this.#start);
    }
    const leaves = this.#leaves;
    leaves.length = 0;
    for (const item of own) leaves.push(this.#cached(item));
    for (const parent of parents) leaves.push(this.#cached(parent));
    const mark = this.#arena.mark();
    const text = this.#arena.hex(this.#arena.root(leaves));
    this.#arena.release(mark);
    return text;
  }
}

const NO_PARENTS: readonly string[] = [];

function sortedParents(map: PyObject | undefined): readonly string[] {
  if (map === undefined) return NO_PARENTS;
  const values = Object.values(map) as string[];
  return values.length > 1 ? values.sort() : values;
}

/**
 * Walks the graph for one mode and writes `<stage>_blockhash` and `<stage>_parenthashes` into the mode dictionaries.
 * The parent maps must have been reset before. Returns nothing: read the hashes from the dictionaries.
 */
export function chainBlocks(
  topology: Topology,
  stage: BlockStage,
  mode: RModeName,
  nodes: BlockNodes,
  hasher = new BlockHasher(),
): void {
  const parentsKey = `${stage}_parenthashes`;
  const blockKey = `${stage}_blockhash`;
  const delivery = new Delivery(topology, parentsKey, nodes);
  const own: MerkleItem[] = [];
  for (const index of topology.visited) {
    const dictionary = nodes.dictionary(index);
    ownItems(stage, dictionary, own);
    const block = hasher.block(own, sortedParents(dictionary[parentsKey] as PyObject | undefined));
    dictionary[blockKey] = block;
    const rule = nodes.mode(index) === 'ALL' ? mode : nodes.mode(index);
    if (rule === 'NOTHING') continue;
    if (rule === 'RERUN' && stage !== 'lg' && nodes.isGated(index)) continue;
    if (rule === 'REPRODUCE' && !announces(topology, index, nodes.isData(index, dictionary)))
      delivery.passOn(index, dictionary);
    else delivery.announce(index, block);
  }
}

/** Under REPRODUCE only data at either end of the graph speaks for itself. */
function announces(topology: Topology, index: number, isData: boolean): boolean {
  return isData && (topology.isRoot[index] === 1 || topology.isLeaf[index] === 1);
}

/** Gives successors what a visited drop tells them (spec 5.3). */
class Delivery {
  readonly #topology: Topology;
  readonly #key: string;
  readonly #nodes: BlockNodes;
  /** Maps handed on by reference: a long pipeline under REPRODUCE then holds one map, not one per drop. */
  readonly #lent = new WeakSet<object>();
  readonly #mayLend: boolean;

  constructor(topology: Topology, key: string, nodes: BlockNodes) {
    this.#topology = topology;
    this.#key = key;
    this.#nodes = nodes;
    this.#mayLend = !hasSharedDictionaries(topology, nodes);
  }

  announce(index: number, block: string): void {
    const { offsets, targets, ids } = this.#topology;
    const id = ids[index] as string;
    for (let e = offsets[index] as number; e < (offsets[index + 1] as number); e++)
      setKey(this.#ownMap(targets[e] as number), id, block);
  }

  passOn(index: number, dictionary: PyObject): void {
    const { offsets, targets } = this.#topology;
    const map = (dictionary[this.#key] as PyObject | undefined) ?? {};
    for (let e = offsets[index] as number; e < (offsets[index + 1] as number); e++) {
      const target = this.#nodes.dictionary(targets[e] as number);
      const known = target[this.#key] as PyObject;
      if (known === map) continue;
      if (this.#mayLend && Object.keys(known).length === 0) {
        // By the time X is visited its map is complete, so the successor may hold the same one until it gets more.
        this.#lent.add(map);
        target[this.#key] = map;
        continue;
      }
      const entries = Object.entries(map);
      if (entries.every(([id, block]) => known[id] === block)) continue;
      const own = this.#ownMap(targets[e] as number);
      for (const [id, block] of entries) setKey(own, id, block);
    }
  }

  /** The map of a drop, copied first if another drop holds it too. */
  #ownMap(index: number): PyObject {
    const dictionary = this.#nodes.dictionary(index);
    const map = (dictionary[this.#key] ??= {}) as PyObject;
    if (!this.#lent.has(map)) return map;
    const copy = { ...map };
    dictionary[this.#key] = copy;
    return copy;
  }
}

function hasSharedDictionaries(topology: Topology, nodes: BlockNodes): boolean {
  const seen = new Set<object>();
  for (const index of topology.visited) seen.add(nodes.dictionary(index));
  return seen.size < topology.visited.length;
}
