/** From `reprodata` documents to a PhysicalSigner (physical-signer.ts), and its results back into them. */

import { WeirError } from '../protocol/index.ts';
import { ReproKeyError } from './fields.ts';
import { ALL_RMODES, type HashedRMode, modesOf, rflagCaster, type RModeName } from './modes.ts';
import type { Column } from './leaf-sources.ts';
import type { PhysicalGraphShape, PhysicalSigner, PhysicalStage } from './physical-signer.ts';
import { type PyObject, setKey } from './python-json.ts';
import type { RuntimeCommit } from './runtime.ts';
import { type RuntimePack, signerOfPack } from './runtime-pack.ts';
import { relationOid } from './topology.ts';

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

function hashedModes(mode: RModeName): HashedRMode[] {
  return modesOf(mode).filter((name): name is HashedRMode =>
    (ALL_RMODES as readonly string[]).includes(name),
  );
}

function textIn(dictionary: PyObject, key: string, oid: string): string {
  const value = dictionary[key];
  if (typeof value !== 'string') throw new ReproKeyError(key, `"${oid}"`);
  return value;
}

function edgesOf(drops: readonly PyObject[], oids: readonly string[]): number[] {
  const index = new Map<string, number>(oids.map((oid, i) => [oid, i]));
  const edges: number[] = [];
  drops.forEach((drop, from) => {
    for (const key of ['outputs', 'consumers']) {
      const list = drop[key];
      if (!Array.isArray(list)) continue;
      for (const entry of list as unknown[]) {
        const oid = relationOid(entry);
        const to = index.get(oid);
        if (to === undefined)
          throw new ReproKeyError(oid, `The graph, to which "${key}" of "${oids[from]}" points,`);
        edges.push(from, to);
      }
    }
  });
  return edges;
}

function isDataDrop(drop: PyObject): boolean {
  const type = drop['categoryType'];
  return typeof type === 'string' && type.toLowerCase() === 'data';
}

export interface DocumentSigner {
  readonly signer: PhysicalSigner;
  readonly oids: readonly string[];
  /** Index of each oid: what `addRuntime` takes. */
  readonly indexOf: ReadonlyMap<string, number>;
}

function modeDictionaries(
  specs: readonly PyObject[],
  oids: readonly string[],
  mode: RModeName,
  name: HashedRMode,
): PyObject[] {
  return specs.map((drop, i) => {
    const repro = drop['reprodata'] as PyObject | undefined;
    if (repro === undefined) throw new ReproKeyError('reprodata', `"${oids[i]}"`);
    if (rflagCaster(repro['rmode']) !== mode)
      throw new WeirError('REPRO_INVALID', `Drop "${oids[i]}" has another R-mode than its graph.`);
    if (repro[name] === undefined) throw new ReproKeyError(name, `The reprodata of "${oids[i]}"`);
    return repro[name] as PyObject;
  });
}

/**
 * Packs drops that have gone through the `pg` stage for signing, here or in another thread. Undefined when the graph's
 * mode hashes nothing. Throws ReproKeyError for missing data, REPRO_INVALID when a drop has another mode than the graph;
 * such graphs go through `initRuntimeReproData`.
 */
export function packRuntimeGraph(drops: readonly object[], reprodata: object): RuntimePack | undefined {
  const specs = drops as readonly PyObject[];
  const mode = rflagCaster((reprodata as PyObject)['rmode']);
  const modes = hashedModes(mode);
  if (modes.length === 0) return undefined;
  const oids = specs.map((drop) => drop['oid'] as string);
  const lg: Partial<Record<HashedRMode, Column>> = {};
  const blocks: Record<'pgt' | 'pg', Partial<Record<HashedRMode, Uint8Array>>> = { pgt: {}, pg: {} };
  for (const name of modes) {
    const dictionaries = modeDictionaries(specs, oids, mode, name);
    const column = new ColumnBuilder(specs.length);
    dictionaries.forEach((dictionary, i) =>
      column.set(i, textIn(dictionary, 'lg_blockhash', oids[i] as string)),
    );
    lg[name] = { values: column.values, of: column.of };
    for (const stage of ['pgt', 'pg'] as const) {
      const bytes = Buffer.alloc(specs.length * 32);
      dictionaries.forEach((dictionary, i) => {
        const text = textIn(dictionary, `${stage}_blockhash`, oids[i] as string);
        if (text.length !== 64 || bytes.write(text, i * 32, 32, 'hex') !== 32)
          throw new WeirError(
            'REPRO_INVALID',
            `The ${stage}_blockhash of "${oids[i]}" is no hash: ${JSON.stringify(text)}.`,
          );
      });
      blocks[stage][name] = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    }
  }
  const shape: PhysicalGraphShape = {
    count: specs.length,
    edges: Uint32Array.from(edgesOf(specs, oids)),
    isData: Uint8Array.from(specs, (drop) => (isDataDrop(drop) ? 1 : 0)),
    isGated: Uint8Array.from(specs, (drop) => (Object.hasOwn(drop, 'iid') && drop['iid'] !== '0/0' ? 1 : 0)),
    modes,
  };
  return { shape, lg, ...blocks };
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
