/**
 * The stages before run time from specifications alone, for graphs whose drops do not carry their reproducibility data:
 *
 * - graphs that the translator wrote without it: the trailing element holds the data of the logical nodes once, each
 *   drop names its own (`{"node": 3}`), and the physical stages follow from the specification;
 * - physical graphs that came without any: each drop stands for a logical node of its own, without links; who depends on
 *   whom is in the physical stages.
 *
 * The hashes are those of the stage functions (stages.ts) over the same graph, written out.
 */

import { WeirError } from '../protocol/index.ts';
import { DataExtractor } from './data-extractor.ts';
import {
  type FieldTable,
  lgFields,
  lgtFields,
  pgFields,
  pgtPartitionFields,
  pgtUnrollFields,
  ReproKeyError,
} from './fields.ts';
import { isDataDrop } from './graph-shape.ts';
import type { Column, LeafSource } from './leaf-sources.ts';
import { dictionaryLeaves, type MerkleItem, merkleRoot } from './merkle.ts';
import { type HashedRMode, modesOf, type RModeName, rmodeText } from './modes.ts';
import type { PhysicalSigner } from './physical-signer.ts';
import { keysOf, parseWithTokens, type PyObject, setKey } from './python-json.ts';
import { pythonRepr } from './python-repr.ts';
import type { Digest, Sha3Arena } from './sha3-arena.ts';
import { OWN_KEYS } from './spec-forms.ts';

/** Where a graph without its drops' data has that of its logical nodes: in the trailing element. */
export const NODES_KEY = 'weir_nodes';
/** What such a drop has as `reprodata`: the place of its node in that list. */
export const NODE_KEY = 'node';

/** Where the translator had put the drops before they were mapped: graphs of this form have one part. */
const ONE_PART = { node: '#0', island: '#0' } as const;
/** Distinct placements and ranks remembered. */
const MAX_KNOWN = 16_384;

const DATA_STAGES = ['lgt', 'lg', 'pgt', 'pg'] as const;
type DataStage = (typeof DATA_STAGES)[number];

/** The data of a stage and mode of drops of one kind; those with ranks are made per drop. */
type KindData = Readonly<Record<DataStage, ReadonlyMap<RModeName, PyObject>>>;

/** What a drop that is its own logical node has as fields. */
interface LogicalValues {
  readonly values: PyObject;
  readonly argumentNames: readonly string[];
}

interface Kind {
  readonly index: number;
  readonly data: KindData;
  /** For the modes that cover ranks: leaves of the fields around the rank, null where it goes; undefined: no rank. */
  readonly aroundRank: readonly (Digest | null)[];
}

/** Modes whose unroll data has the rank. */
const RANKED: HashedRMode = 'RECOMPUTE';
/** Whether the unroll data of a mode covers the rank. */
export const isRanked = (mode: RModeName): boolean => mode === 'RECOMPUTE' || mode === 'REPLICATE_COMP';

/** Keys that nothing depends on before run time but ids, structure and ranks. The data that names a node is none. */
export const UNHASHED_KEYS = OWN_KEYS.filter((key) => key !== 'reprodata');

const LGT_NAMES = lgtFields(RANKED).map(([name]) => name);
const PHYSICAL_NAMES = ['categoryType', 'storage', 'dt', 'node', 'island'];

export class SpecStages {
  readonly #mode: RModeName;
  readonly #nodes: readonly PyObject[] | undefined;
  readonly #arena: Sha3Arena;
  readonly #extractors = new Map<DataStage, DataExtractor>(DATA_STAGES.map((s) => [s, new DataExtractor()]));
  readonly #kinds = new Map<string, Kind>();
  readonly #list: Kind[] = [];
  readonly #kindOf: Uint32Array;
  readonly #nodeOf: Uint32Array;
  /** Where the root of the unroll data of a ranked mode is, and behind it the leaf of its text. */
  readonly #ranked: Uint32Array;
  readonly #rankedRoots = new Map<string, Digest>();
  /** The same by the text of the rank. */
  readonly #rankTexts = new Map<string, Digest>();
  readonly #tables = new Map<string, FieldTable>();

  /** `nodes`: reproducibility data of the logical nodes; without it each drop is its own. */
  constructor(count: number, mode: RModeName, nodes: readonly PyObject[] | undefined, arena: Sha3Arena) {
    this.#mode = mode;
    this.#nodes = nodes;
    this.#arena = arena;
    this.#kindOf = new Uint32Array(count);
    this.#nodeOf = new Uint32Array(nodes === undefined ? 0 : count);
    this.#ranked = new Uint32Array(this.#hasRanked ? count : 0);
  }

  get #hasRanked(): boolean {
    return modesOf(this.#mode).some(isRanked);
  }

  /** Adds the drop of a row. */
  add(row: number, drop: PyObject): void {
    if (!Object.hasOwn(drop, 'categoryType')) throw new ReproKeyError('categoryType', `"${nameOf(drop)}"`);
    if (this.#nodes !== undefined) this.#nodeOf[row] = this.#nodeIndex(drop);
    const kind = this.#kind(drop);
    this.#kindOf[row] = kind.index;
    if (this.#hasRanked) this.#ranked[row] = this.#rankedRoot(kind, drop['rank']);
  }

  /** Adds the drop of a row that differs from that of an earlier one in what {@link UNHASHED_KEYS} names; `rank` as JSON. */
  addLike(row: number, like: number, rank: string | undefined): void {
    const kind = this.#list[this.#kindOf[like] as number] as Kind;
    this.#kindOf[row] = kind.index;
    if (this.#nodes !== undefined) this.#nodeOf[row] = this.#nodeOf[like] as number;
    if (!this.#hasRanked) return;
    const key = `${kind.index} ${rank}`;
    let root = this.#rankTexts.get(key);
    if (root === undefined) {
      root = this.#rankedRoot(kind, rank === undefined ? undefined : parseWithTokens(rank));
      if (this.#rankTexts.size < MAX_KNOWN) this.#rankTexts.set(key, root);
    }
    this.#ranked[row] = root;
  }

  #nodeIndex(drop: PyObject): number {
    const at = (drop['reprodata'] as PyObject | undefined)?.[NODE_KEY];
    if (typeof at === 'number' && this.#nodes?.[at] !== undefined) return at;
    throw new WeirError(
      'REPRO_INVALID',
      `Drop "${nameOf(drop)}" should name one of the ${this.#nodes?.length} logical nodes of its graph, but has ${JSON.stringify(at)}.`,
    );
  }

  // --- what is hashed of a drop -------------------------------------------------------------------------------------

  /** The logical fields of a drop that is its own node: its keys, and the arguments that are kept apart. */
  #logicalValues(drop: PyObject): LogicalValues {
    let values = drop;
    const argumentNames: string[] = [];
    for (const key of ['fields', 'applicationArgs']) {
      const list = drop[key];
      if (typeof list !== 'object' || list === null) continue;
      if (values === drop) values = { ...drop };
      for (const entryKey of Object.keys(list)) {
        const entry = (list as PyObject)[entryKey];
        const isEntry = typeof entry === 'object' && entry !== null && Object.hasOwn(entry, 'value');
        const { name, value } = isEntry ? (entry as PyObject) : { name: undefined, value: entry };
        const own = Array.isArray(list) && typeof name === 'string' ? name : entryKey;
        setKey(values, own, value);
        if (key === 'applicationArgs') argumentNames.push(own);
      }
    }
    return { values, argumentNames };
  }

  #lgTable(mode: RModeName, drop: PyObject, argumentNames: readonly string[]): FieldTable {
    const category = typeof drop['category'] === 'string' ? drop['category'] : '';
    if (argumentNames.length > 0) return lgFields(mode, category, argumentNames);
    const key = `${mode} ${category}`;
    let table = this.#tables.get(key);
    if (table === undefined) {
      table = lgFields(mode, category);
      this.#tables.set(key, table);
    }
    return table;
  }

  #kind(drop: PyObject): Kind {
    let key = '';
    const add = (values: PyObject, names: readonly string[]): void => {
      for (const name of names) key += keyText(Object.hasOwn(values, name) ? values[name] : undefined);
    };
    add(drop, PHYSICAL_NAMES);
    let logical: LogicalValues | undefined;
    if (this.#nodes === undefined) {
      logical = this.#logicalValues(drop);
      add(drop, LGT_NAMES);
      for (const [name] of this.#lgTable(RANKED, drop, logical.argumentNames)) {
        key += `${name}=`;
        add(logical.values, [name]);
      }
    }
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      const data = this.#dataOf(drop, logical);
      kind = { index: this.#list.length, data, aroundRank: this.#aroundRank(data.pgt.get(RANKED)) };
      this.#list.push(kind);
      this.#kinds.set(key, kind);
    }
    return kind;
  }

  /** The data of all stages, of the ranked modes without the rank. */
  #dataOf(drop: PyObject, logical: LogicalValues | undefined): KindData {
    const data = {
      lgt: new Map<RModeName, PyObject>(),
      lg: new Map<RModeName, PyObject>(),
      pgt: new Map<RModeName, PyObject>(),
      pg: new Map<RModeName, PyObject>(),
    };
    const where = `"${nameOf(drop)}"`;
    const isData = isDataDrop(drop);
    const extract = (stage: DataStage, mode: RModeName, source: PyObject, table: FieldTable): void => {
      const extractor = this.#extractors.get(stage) as DataExtractor;
      data[stage].set(mode, extractor.extract(source, table, where));
    };
    // The partition numbers are gone by now; the form of graph that has them no more has one part.
    const placed = this.#nodes === undefined ? drop : { ...drop, ...ONE_PART };
    const pgtFields = this.#nodes === undefined ? pgtUnrollFields : pgtPartitionFields;
    for (const mode of new Set([...modesOf(this.#mode), ...(this.#hasRanked ? [RANKED] : [])])) {
      if (logical !== undefined) {
        extract('lgt', mode, drop, lgtFields(mode));
        extract('lg', mode, logical.values, this.#lgTable(mode, drop, logical.argumentNames));
      }
      extract('pgt', mode, withoutRank(placed), pgtFields(mode, isData));
      extract('pg', mode, drop, pgFields(mode));
    }
    return data;
  }

  // --- ranks --------------------------------------------------------------------------------------------------------

  /** Leaves of the unroll data of a ranked mode; null stands where the rank goes. */
  #aroundRank(data: PyObject | undefined): (Digest | null)[] {
    if (data === undefined) return [];
    const { merkleroot: _, ...fields } = data;
    const leaves: (Digest | null)[] = dictionaryLeaves(fields).map((text) =>
      this.#arena.leafBytes(Buffer.from(text)),
    );
    leaves.splice(rankPlace(fields), 0, null);
    return leaves;
  }

  /** The root of the unroll data with this rank, and its leaf. */
  #rankedRoot(kind: Kind, rank: unknown): Digest {
    const text = rank === undefined || rank === null ? '' : `('rank', ${pythonRepr(rank)})`;
    const key = `${kind.index} ${text}`;
    let place = this.#rankedRoots.get(key);
    if (place !== undefined) return place;
    const arena = this.#arena;
    place = arena.room(64);
    const mark = arena.mark();
    const leaves: Digest[] = [];
    for (const digest of kind.aroundRank)
      if (digest !== null) leaves.push(digest);
      else if (text !== '') leaves.push(arena.leafBytes(Buffer.from(text)));
    arena.copy(arena.root(leaves), place);
    arena.leafHex(place, place + 32);
    arena.release(mark);
    if (this.#rankedRoots.size < MAX_KNOWN) this.#rankedRoots.set(key, place);
    return place;
  }

  // --- signing ------------------------------------------------------------------------------------------------------

  /** The logical block hashes. */
  lgBlocks(): (mode: HashedRMode) => Column {
    const nodes = this.#nodes;
    if (nodes === undefined)
      return (mode) => ({ values: this.#list.map((kind) => ownBlock(kind, mode)), of: this.#kindOf });
    return (mode) => ({
      values: nodes.map((node, i) => {
        const block = (node[mode] as PyObject | undefined)?.['lg_blockhash'];
        if (typeof block !== 'string') throw new ReproKeyError('lg_blockhash', `Logical node number ${i}`);
        return block;
      }),
      of: this.#nodeOf,
    });
  }

  #column(stage: 'pgt' | 'pg', mode: HashedRMode): Column {
    return {
      values: this.#list.map(({ data }) => data[stage].get(mode)?.['merkleroot'] as string | null),
      of: this.#kindOf,
    };
  }

  /** Takes a signer through the stages before run time. */
  sign(signer: PhysicalSigner): void {
    const ranked: LeafSource = { leaf: (drop) => (this.#ranked[drop] as Digest) + 32 };
    signer.signPgt((mode) => (isRanked(mode) ? ranked : this.#column('pgt', mode)));
    signer.signPg((mode) => this.#column('pg', mode));
  }

  // --- documents ----------------------------------------------------------------------------------------------------

  /** A key for drops whose data is the same but for ranks, blocks and parents. */
  likeness(row: number): string {
    return `${this.#kindOf[row]} ${this.#nodeOf[row] ?? ''}`;
  }

  /** Where the root of the unroll data of the ranked modes is. */
  rankedRoot(row: number): Digest {
    return this.#ranked[row] as Digest;
  }

  /** Puts the data of the stages before run time into a drop's document, with places for blocks and parents. */
  complete(drop: PyObject): void {
    const kind = this.#kind(drop);
    const node = this.#nodes?.[this.#nodeIndex(drop)];
    const repro: PyObject = { rmode: rmodeText(this.#mode) };
    for (const mode of modesOf(this.#mode)) {
      const logical = node?.[mode] as PyObject | undefined;
      repro[mode] = {
        ...(logical ?? {
          rmode: rmodeText(mode),
          lgt_data: kind.data.lgt.get(mode),
          lg_parenthashes: {},
          lg_data: kind.data.lg.get(mode),
          lg_blockhash: ownBlock(kind, mode),
        }),
        pgt_parenthashes: {},
        pgt_data: isRanked(mode) ? this.#rankedData(drop, mode) : kind.data.pgt.get(mode),
        pgt_blockhash: null,
        pg_parenthashes: {},
        pg_data: kind.data.pg.get(mode),
        pg_blockhash: null,
      };
    }
    drop['reprodata'] = repro;
  }

  #rankedData(drop: PyObject, mode: RModeName): PyObject {
    const isData = isDataDrop(drop);
    return this.#nodes === undefined
      ? this.#fresh().extract(drop, pgtUnrollFields(mode, isData), 'A drop')
      : this.#fresh().extract({ ...drop, ...ONE_PART }, pgtPartitionFields(mode, isData), 'A drop');
  }

  /** An extractor that does not grow with the number of ranks. */
  #fresh(): DataExtractor {
    if (this.#rankedUses++ % MAX_KNOWN === 0) this.#rankedExtractor = new DataExtractor();
    return this.#rankedExtractor;
  }
  #rankedExtractor = new DataExtractor();
  #rankedUses = 0;
}

/** The block of a logical node that no link leads to. */
function ownBlock({ data }: Kind, mode: RModeName): string | null {
  const root = (stage: 'lgt' | 'lg'): MerkleItem =>
    (data[stage].get(mode)?.['merkleroot'] ?? null) as MerkleItem;
  return merkleRoot([root('lgt'), root('lg')]);
}

/** Gives a drop the data of its logical node: all there is in mode NOTHING. */
export function completeLogical(drop: PyObject, nodes: readonly PyObject[]): void {
  const at = (drop['reprodata'] as PyObject | undefined)?.[NODE_KEY];
  const node = typeof at === 'number' ? nodes[at] : undefined;
  // Run-time data is filed in it, so every drop gets its own.
  if (node !== undefined) drop['reprodata'] = { ...node };
}

const nameOf = ({ oid }: PyObject): string => (typeof oid === 'string' ? oid : '?');

/** A text that differs for values that hash differently. */
function keyText(value: unknown): string {
  if (value === undefined || value === null) return '~';
  return typeof value === 'string' ? `${value.length}:${value}` : `!${pythonRepr(value)}\u0000`;
}

function withoutRank(drop: PyObject): PyObject {
  const { rank: _, ...rest } = drop;
  return rest;
}

/** The rank comes after the type and the storage. */
function rankPlace(fields: PyObject): number {
  return keysOf(fields).filter((name) => name === 'categoryType' || name === 'storage' || name === 'dt')
    .length;
}
