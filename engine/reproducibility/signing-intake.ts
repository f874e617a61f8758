/** Takes in the specifications of a session that is to be signed, page by page (session-signing.ts). */

import { BareDocuments, type BareSession } from './bare-documents.ts';
import { ShapeBuilder } from './graph-shape.ts';
import { KnownLeaves } from './leaf-sources.ts';
import { rflagCaster, type RModeName } from './modes.ts';
import { PhysicalSigner } from './physical-signer.ts';
import { parsePythonJson, parseWithTokens, type PyObject } from './python-json.ts';
import { signerOfPack } from './runtime-pack.ts';
import { Sha3Arena } from './sha3-arena.ts';
import { type DocumentSigner, hashedModes, PackBuilder, writeBlocks } from './signer-documents.ts';
import { SpecStages } from './spec-stages.ts';
import type { SpecStore } from './spec-store.ts';

/** A specification of which only texts and relations are read. */
export function parseSpecLoosely(text: string): PyObject {
  try {
    return JSON.parse(text) as PyObject;
  } catch {
    return parsePythonJson(text) as PyObject;
  }
}

export interface SigningIntake {
  /** Takes the next specification. */
  add(text: string): void;
  /** When all are there. Undefined: the graph has to go through upstream's stage function. Throws ReproKeyError. */
  signer(): DocumentSigner | undefined;
  /** Puts what the drop does not carry into its document. */
  complete(drop: PyObject, row: number, signer: DocumentSigner): void;
  /** A fast writer of documents, where there is one. */
  documents(session: Pick<BareSession, 'signer' | 'commitKey' | 'document'>): BareDocuments | undefined;
}

/** Drops that carry their data. */
export class DocumentIntake implements SigningIntake {
  readonly #mode: RModeName;
  readonly #pack: PackBuilder;
  #isMixed = false;
  #failure: Error | undefined;

  constructor(count: number, mode: RModeName) {
    this.#mode = mode;
    this.#pack = new PackBuilder(count, mode);
  }

  add(text: string): void {
    if (this.#isMixed) return;
    // Only hashes and edges are read here, so number tokens do not matter.
    const drop = parseSpecLoosely(text);
    const repro = drop['reprodata'] as PyObject | null | undefined;
    this.#isMixed = rflagCaster(repro?.['rmode']) !== this.#mode;
    if (this.#isMixed || this.#failure !== undefined) return;
    try {
      this.#pack.add(drop);
    } catch (error) {
      this.#failure = error as Error;
    }
  }

  signer(): DocumentSigner | undefined {
    if (this.#isMixed) return undefined;
    if (this.#failure !== undefined) throw this.#failure;
    const pack = this.#pack.pack();
    const { oids, index } = this.#pack.shape;
    return { signer: signerOfPack(pack), oids, indexOf: index };
  }

  complete(): void {
    // The data is there.
  }

  documents(): undefined {
    return undefined;
  }
}

/** Drops without data. */
export class BareIntake implements SigningIntake {
  readonly #arena = new Sha3Arena();
  readonly #known = new KnownLeaves(this.#arena);
  readonly #shape: ShapeBuilder;
  readonly #stages: SpecStages;
  readonly #mode: RModeName;
  readonly #specs: SpecStore;

  constructor(specs: SpecStore, count: number, mode: RModeName, nodes: readonly PyObject[] | undefined) {
    this.#specs = specs;
    this.#mode = mode;
    // What DALiuGE cannot sign need not have its gate, which leaves RERUN without any structure.
    this.#shape = new ShapeBuilder(count, nodes !== undefined);
    this.#stages = new SpecStages(count, mode, nodes, this.#arena);
  }

  add(text: string): void {
    const drop = parseWithTokens(text) as PyObject;
    const row = this.#shape.oids.length;
    this.#specs.setKeys(row, Object.keys(drop).length);
    this.#stages.add(row, drop);
    this.#shape.add(drop);
  }

  signer(): DocumentSigner {
    const shape = this.#shape.shape(hashedModes(this.#mode));
    const signer = new PhysicalSigner(shape, this.#stages.lgBlocks(), this.#arena, this.#known);
    this.#stages.sign(signer);
    return { signer, oids: this.#shape.oids, indexOf: this.#shape.index };
  }

  complete(drop: PyObject, row: number, signer: DocumentSigner): void {
    this.#stages.complete(drop);
    for (const stage of ['pgt', 'pg'] as const) writeBlocks(signer, stage, row, drop);
  }

  documents(session: Pick<BareSession, 'signer' | 'commitKey' | 'document'>): BareDocuments {
    return new BareDocuments({ ...session, specs: this.#specs, stages: this.#stages, arena: this.#arena });
  }
}
