/** Takes in the specifications of a session that is to be signed, page by page (session-signing.ts). */

import { BareDocuments, type BareSession } from './bare-documents.ts';
import { isDataDrop, RELATIONS, ShapeBuilder } from './graph-shape.ts';
import { KnownLeaves } from './leaf-sources.ts';
import { rflagCaster, type RModeName } from './modes.ts';
import { PhysicalSigner } from './physical-signer.ts';
import { parsePythonJson, parseWithTokens, type PyObject } from './python-json.ts';
import { signerOfPack } from './runtime-pack.ts';
import { Sha3Arena } from './sha3-arena.ts';
import { type DocumentSigner, hashedModes, PackBuilder, writeBlocks } from './signer-documents.ts';
import { latin, type SpecForm, SpecForms, valueEnd } from './spec-forms.ts';
import { UNHASHED_KEYS, SpecStages } from './spec-stages.ts';
import type { SpecStore } from './spec-store.ts';

function utf8(bytes: Uint8Array, from: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', from, end);
}

/** A specification of which only texts and relations are read. */
export function parseSpecLoosely(text: string): PyObject {
  try {
    return JSON.parse(text) as PyObject;
  } catch {
    return parsePythonJson(text) as PyObject;
  }
}

export interface SigningIntake {
  /** Takes the next specification, the text at [from, end). */
  add(bytes: Uint8Array, from: number, end: number): void;
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

  add(bytes: Uint8Array, from: number, end: number): void {
    if (this.#isMixed) return;
    // Only hashes and edges are read here, so number tokens do not matter.
    const drop = parseSpecLoosely(utf8(bytes, from, end));
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

/** What follows from a form; holes by their number, -1 where the form has none. */
interface FormFacts {
  /** The first drop of the form, and how many keys it has. */
  readonly row: number;
  readonly keys: number;
  readonly isData: boolean;
  readonly oid: number;
  readonly iid: number;
  readonly rank: number;
  readonly relations: readonly number[];
}

function factsOf({ holes }: SpecForm, row: number, keys: number, drop: PyObject): FormFacts | undefined {
  const hole = (key: string): number => holes.indexOf(key);
  if (hole('oid') < 0) return undefined;
  return {
    row,
    keys,
    isData: isDataDrop(drop),
    ...{ oid: hole('oid'), iid: hole('iid'), rank: hole('rank') },
    relations: RELATIONS.map(hole).filter((at) => at >= 0),
  };
}

/**
 * Adds the ids in a relation list of plain ASCII: texts, or objects of one key. False for anything else.
 */
function readRelation(bytes: Uint8Array, from: number, end: number, targets: string[]): boolean {
  if (bytes[from] !== BRACKET) return false;
  let at = from + 1;
  let isObject = false;
  for (; at < end - 1; at++) {
    const c = bytes[at] as number;
    if (c <= SPACE || c === COMMA) continue;
    if (c === BRACE) {
      if (isObject) return false;
      isObject = true;
      continue;
    }
    if (c !== QUOTE) return false;
    const close = bytes.indexOf(QUOTE, at + 1);
    targets.push(latin(bytes, at + 1, close));
    at = close;
    if (!isObject) continue;
    // The port, which is a text in most graphs, and the end of the object.
    do at++;
    while ((bytes[at] as number) <= SPACE || bytes[at] === COLON);
    const to = valueEnd(bytes, at, end);
    if (to < 0) return false;
    at = to;
    while ((bytes[at] as number) <= SPACE) at++;
    if (bytes[at] !== BRACE_END) return false;
    isObject = false;
  }
  return true;
}
const [QUOTE, COMMA, COLON, BRACE, BRACE_END, BRACKET, SPACE] = [0x22, 0x2c, 0x3a, 0x7b, 0x7d, 0x5b, 0x20];

/** Drops without data. */
export class BareIntake implements SigningIntake {
  readonly #arena = new Sha3Arena();
  readonly #known = new KnownLeaves(this.#arena);
  readonly #shape: ShapeBuilder;
  readonly #stages: SpecStages;
  readonly #mode: RModeName;
  readonly #specs: SpecStore;
  readonly #forms = new SpecForms(UNHASHED_KEYS);
  readonly #facts: (FormFacts | undefined)[] = [];
  readonly #targets: string[] = [];

  constructor(specs: SpecStore, count: number, mode: RModeName, nodes: readonly PyObject[] | undefined) {
    this.#specs = specs;
    this.#mode = mode;
    // What DALiuGE cannot sign need not have its gate, which leaves RERUN without any structure.
    this.#shape = new ShapeBuilder(count, nodes !== undefined);
    this.#stages = new SpecStages(count, mode, nodes, this.#arena);
  }

  add(bytes: Uint8Array, from: number, end: number): void {
    const form = this.#forms.read(bytes, from, end);
    const known = form && this.#facts[form.index];
    if (known !== undefined && this.#addLike(known, bytes)) return;
    const drop = parseWithTokens(utf8(bytes, from, end)) as PyObject;
    const row = this.#shape.oids.length;
    const keys = Object.keys(drop).length;
    this.#specs.setKeys(row, keys);
    this.#stages.add(row, drop);
    this.#shape.add(drop);
    if (form !== undefined && known === undefined) this.#facts[form.index] = factsOf(form, row, keys, drop);
  }

  /** Adds a drop of a form that is known. False where its own values are not what they are in most graphs. */
  #addLike(facts: FormFacts, bytes: Uint8Array): boolean {
    const { starts, ends } = this.#forms;
    const textOf = (hole: number): string => latin(bytes, starts[hole] as number, ends[hole] as number);
    const oid = textOf(facts.oid);
    if (!oid.startsWith('"')) return false;
    this.#targets.length = 0;
    for (const hole of facts.relations)
      if (!readRelation(bytes, starts[hole] as number, ends[hole] as number, this.#targets)) return false;
    const row = this.#shape.oids.length;
    this.#specs.setKeys(row, facts.keys);
    this.#stages.addLike(row, facts.row, facts.rank < 0 ? undefined : textOf(facts.rank));
    this.#shape.begin(oid.slice(1, -1), facts.isData, facts.iid >= 0 && textOf(facts.iid) !== '"0/0"');
    for (const target of this.#targets) this.#shape.edge(target);
    return true;
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
