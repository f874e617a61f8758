/** From `reprodata` documents to a PhysicalSigner (physical-signer.ts), and its results back into them. */

import { WeirError } from '../protocol/index.ts';
import { ReproKeyError } from './fields.ts';
import { ALL_RMODES, type HashedRMode, modesOf, rflagCaster, type RModeName } from './modes.ts';
import { ShapeBuilder } from './graph-shape.ts';
import type { PhysicalSigner, PhysicalStage } from './physical-signer.ts';
import { type PyObject, setKey } from './python-json.ts';
import type { RuntimeCommit } from './runtime.ts';
import { type RuntimePack, signerOfPack } from './runtime-pack.ts';

/** Collects a column of texts, each distinct one once. */
export class ColumnBuilder {
  readonly #index = new Map<string | null, number>();
  readonly values: (string | null)[] = [];
  readonly of: Uint32Array;

  constructor(count: number) {
    this.of = new Uint32Array(count);
  }

  set(drop: number, value: string | null): void {
    let at = this.#index.get(value);
    if (at === undefined) {
      at = this.values.push(value) - 1;
      this.#index.set(value, at);
    }
    this.of[drop] = at;
  }
}

function textIn(dictionary: PyObject, key: string, oid: string): string {
  const value = dictionary[key];
  if (typeof value !== 'string') throw new ReproKeyError(key, `"${oid}"`);
  return value;
}

export interface DocumentSigner {
  readonly signer: PhysicalSigner;
  readonly oids: readonly string[];
  /** Index of each oid: what `addRuntime` takes. */
  readonly indexOf: ReadonlyMap<string, number>;
}

/** Modes whose hashes of a graph of this mode are signed. */
export function hashedModes(mode: RModeName): HashedRMode[] {
  return modesOf(mode).filter((name): name is HashedRMode =>
    (ALL_RMODES as readonly string[]).includes(name),
  );
}

/** Packs drops that have gone through the `pg` stage, one after the other; nothing is kept of a drop but its hashes. */
export class PackBuilder {
  readonly shape: ShapeBuilder;
  readonly #count: number;
  readonly #mode: RModeName;
  readonly #modes: readonly HashedRMode[];
  readonly #lg = new Map<HashedRMode, ColumnBuilder>();
  readonly #blocks: Record<'pgt' | 'pg', Partial<Record<HashedRMode, Buffer<ArrayBuffer>>>> = {
    pgt: {},
    pg: {},
  };

  /** `mode`: that of the graph. */
  constructor(count: number, mode: RModeName) {
    this.shape = new ShapeBuilder(count);
    this.#count = count;
    this.#mode = mode;
    this.#modes = hashedModes(mode);
    for (const name of this.#modes) {
      this.#lg.set(name, new ColumnBuilder(count));
      for (const stage of ['pgt', 'pg'] as const) this.#blocks[stage][name] = Buffer.alloc(count * 32);
    }
  }

  /** Adds the next drop. Throws ReproKeyError for missing data, REPRO_INVALID for another mode than the graph's. */
  add(drop: PyObject): void {
    const row = this.shape.oids.length;
    this.shape.add(drop);
    const oid = drop['oid'] as string;
    const repro = drop['reprodata'] as PyObject | undefined;
    if (repro === undefined || repro === null) throw new ReproKeyError('reprodata', `"${oid}"`);
    if (rflagCaster(repro['rmode']) !== this.#mode)
      throw new WeirError('REPRO_INVALID', `Drop "${oid}" has another R-mode than its graph.`);
    for (const name of this.#modes) {
      const dictionary = repro[name] as PyObject | undefined;
      if (dictionary === undefined) throw new ReproKeyError(name, `The reprodata of "${oid}"`);
      (this.#lg.get(name) as ColumnBuilder).set(row, textIn(dictionary, 'lg_blockhash', oid));
      for (const stage of ['pgt', 'pg'] as const) {
        const text = textIn(dictionary, `${stage}_blockhash`, oid);
        if (text.length !== 64 || this.#blocks[stage][name]?.write(text, row * 32, 32, 'hex') !== 32)
          throw new WeirError(
            'REPRO_INVALID',
            `The ${stage}_blockhash of "${oid}" is no hash: ${JSON.stringify(text)}.`,
          );
      }
    }
  }

  /** The pack of all drops. Throws ReproKeyError where a relation leads nowhere. */
  pack(): RuntimePack {
    if (this.shape.oids.length !== this.#count)
      throw new WeirError(
        'INTERNAL',
        `${this.#count} drops were expected, ${this.shape.oids.length} were given.`,
      );
    const bytes = (stage: 'pgt' | 'pg'): Partial<Record<HashedRMode, Uint8Array>> =>
      Object.fromEntries(
        Object.entries(this.#blocks[stage]).map(([name, { buffer, byteOffset, length }]) => [
          name,
          new Uint8Array(buffer, byteOffset, length),
        ]),
      );
    const lg = Object.fromEntries([...this.#lg].map(([name, { values, of }]) => [name, { values, of }]));
    return { shape: this.shape.shape(this.#modes), lg, pgt: bytes('pgt'), pg: bytes('pg') };
  }
}

/**
 * Packs drops that have gone through the `pg` stage for signing, here or in another thread. Undefined when the graph's
 * mode hashes nothing. Throws ReproKeyError for missing data, REPRO_INVALID when a drop has another mode than the graph;
 * such graphs go through `initRuntimeReproData`.
 */
export function packRuntimeGraph(drops: readonly object[], reprodata: object): RuntimePack | undefined {
  const mode = rflagCaster((reprodata as PyObject)['rmode']);
  if (hashedModes(mode).length === 0) return undefined;
  const builder = new PackBuilder(drops.length, mode);
  for (const drop of drops) builder.add(drop as PyObject);
  return builder.pack();
}

/** A signer in this thread. Undefined and errors: as {@link packRuntimeGraph}. */
export function signerOfDrops(drops: readonly object[], reprodata: object): DocumentSigner | undefined {
  const pack = packRuntimeGraph(drops, reprodata);
  if (pack === undefined) return undefined;
  const oids = (drops as readonly PyObject[]).map((drop) => drop['oid'] as string);
  return { signer: signerOfPack(pack), oids, indexOf: new Map(oids.map((oid, i) => [oid, i])) };
}

/** What `addRuntime` takes, from the payload of a drop's `reproducibility` event. */
export function runtimeRoots(signer: PhysicalSigner, commit: RuntimeCommit): (string | null | undefined)[] {
  const { merkleroot } = commit;
  // In a single mode upstream files the data where its run-time stage does not look (spec 9.6).
  if (merkleroot === null || typeof merkleroot === 'string') return signer.modes.map(() => undefined);
  return signer.modes.map((mode) => merkleroot[mode]);
}

/** Writes block and parent hashes of a stage into one drop's `reprodata`, when its document is wanted. */
export function writeBlocks(
  { signer, oids }: Pick<DocumentSigner, 'signer' | 'oids'>,
  stage: PhysicalStage,
  drop: number,
  spec: object,
): void {
  const repro = (spec as PyObject)['reprodata'] as PyObject;
  for (const mode of signer.modes) {
    const dictionary = repro[mode] as PyObject;
    const parents: PyObject = {};
    for (const [parent, block] of signer.parentHashes(stage, mode, drop))
      setKey(parents, oids[parent] as string, block);
    dictionary[`${stage}_parenthashes`] = parents;
    dictionary[`${stage}_blockhash`] = signer.blockHash(stage, mode, drop);
  }
}
