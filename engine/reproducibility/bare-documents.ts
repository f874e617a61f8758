/**
 * Pages of `reprodata.out` for drops that carry no data of their own (spec-stages.ts). Under ALL some 16 KB are written
 * for each drop, nearly all of it the same for all drops of a kind: that is a template with places for hashes, filled in
 * the memory in which the hashes are.
 */

import type { BlockColumn } from './block-forest.ts';
import { type Member, JsonIndenter } from './json-indent.ts';
import type { HashedRMode } from './modes.ts';
import type { PhysicalStage } from './physical-signer.ts';
import { type PyObject, stringifyPythonJson } from './python-json.ts';
import type { Sha3Arena } from './sha3-arena.ts';
import type { DocumentSigner } from './signer-documents.ts';
import type { SpecStore } from './spec-store.ts';
import { isRanked, type SpecStages } from './spec-stages.ts';

const INDENT = 4;
/** Depth of a drop in the file, of its reproducibility data, of a map of parents. */
const [DROP_LEVEL, DATA_LEVEL, PARENTS_LEVEL] = [2, 3, 5];
const line = (level: number): string => `\n${' '.repeat(INDENT * level)}`;
const DROP_END = `${line(DROP_LEVEL)}}`;
const ENTRY_END = `"${line(PARENTS_LEVEL)}}`;
/** Room for the ids of parents, each written once a drop. */
const PREFIX_BYTES = 1 << 20;
const HEX = 64;

/** What is put between the pieces of a template. */
const Hole = { BLOCK: 'block', PARENTS: 'parents', RANK: 'rank', RANK_ROOT: 'root' } as const;
type Hole = (typeof Hole)[keyof typeof Hole];

interface Step {
  /** The piece of text before the hole. */
  readonly from: number;
  readonly size: number;
  /** Absent behind the last piece. */
  readonly hole?: Hole;
  /** Which parents a map has: `all`, `open`, `roots`. */
  readonly told: Told;
  readonly blocks: Pick<BlockColumn, 'block'>;
}

/** Parents as the modes see them: all of them, those that RERUN lets speak, data roots. */
type Told = 'all' | 'open' | 'roots';

interface Template {
  readonly steps: readonly Step[];
  readonly bytes: number;
}

export interface BareSession {
  readonly specs: SpecStore;
  readonly stages: SpecStages;
  readonly signer: DocumentSigner;
  readonly arena: Sha3Arena;
  /** A key for what a drop committed; undefined where that is the drop's own. */
  readonly commitKey: (row: number) => string | undefined;
  /** The whole document of a drop, the slow way. */
  readonly document: (row: number) => PyObject;
}

export class BareDocuments {
  readonly #session: BareSession;
  readonly #arena: Sha3Arena;
  readonly #templates = new Map<string, Template>();
  readonly #indenter = new JsonIndenter(['rank', 'reprodata']);
  readonly #rankIndenter = new JsonIndenter();
  readonly #longest: number;
  #page = 0;
  #size = 0;
  #at = 0;
  readonly #prefixes = new Map<number, { readonly from: number; readonly size: number }>();
  readonly #prefixRoom: number;
  #prefixAt = 0;

  constructor(session: BareSession) {
    this.#session = session;
    this.#arena = session.arena;
    this.#prefixRoom = session.arena.room(PREFIX_BYTES);
    this.#longest = session.signer.oids.reduce((most, oid) => Math.max(most, oid.length), 0);
  }

  /** The entries of drops [from, end), each after its separator; nothing before the first. Holds until the next call. */
  page(from: number, end: number, isFirst: boolean): Uint8Array {
    this.#at = this.#page;
    for (let row = from; row < end; row++) {
      this.#text(`${isFirst && row === from ? '' : ','}${line(DROP_LEVEL)}`);
      this.#entry(row);
    }
    return this.#arena.view(this.#page, this.#at - this.#page);
  }

  #entry(row: number): void {
    const { specs, stages, commitKey } = this.#session;
    const { bytes, from, end } = specs.place(row);
    const commit = commitKey(row);
    const indenter = this.#indenter;
    if (
      commit === undefined ||
      !indenter.indent(bytes, from, end, DROP_LEVEL) ||
      indenter.keys !== specs.keys(row)
    )
      return this.#slowly(row);
    const rank = indenter.members.get('rank');
    if (rank !== undefined && !this.#rankIndenter.indent(bytes, rank.from, rank.to, DATA_LEVEL + 3))
      return this.#slowly(row);
    const key = `${stages.likeness(row)} ${commit} ${rank === undefined}`;
    let template = this.#templates.get(key);
    if (template === undefined) {
      template = this.#template(row);
      this.#templates.set(key, template);
    }
    this.#around(row, indenter.text, indenter.members.get('reprodata'), template);
  }

  #slowly(row: number): void {
    const { document, signer } = this.#session;
    const text = stringifyPythonJson(document(row), { indent: INDENT, level: DROP_LEVEL });
    this.#text(`${stringifyPythonJson(signer.oids[row])}: ${text}`);
  }

  /** The specification with its data: where it names its node, else at its end. */
  #around(row: number, spec: Uint8Array, member: Member | undefined, template: Template): void {
    this.#text(`"${this.#session.signer.oids[row]}": `);
    if (member !== undefined) {
      this.#bytes(spec.subarray(0, member.outFrom));
      this.#fill(row, template);
      this.#bytes(spec.subarray(member.outTo));
      return;
    }
    this.#bytes(spec.subarray(0, spec.length - DROP_END.length));
    this.#text(`,${line(DATA_LEVEL)}"reprodata": `);
    this.#fill(row, template);
    this.#text(DROP_END);
  }

  // --- templates ----------------------------------------------------------------------------------------------------

  /** The data of a drop as text, with holes where drops like it differ. */
  #template(row: number): Template {
    const { document, signer } = this.#session;
    const repro = document(row)['reprodata'] as PyObject;
    const open: PyObject = { ...repro };
    for (const mode of signer.signer.modes) {
      const dictionary: PyObject = { ...(repro[mode] as PyObject) };
      for (const stage of ['pgt', 'pg', 'rg'] as const) {
        dictionary[`${stage}_blockhash`] = mark(Hole.BLOCK, stage, mode);
        dictionary[`${stage}_parenthashes`] = mark(Hole.PARENTS, stage, mode);
      }
      if (isRanked(mode)) {
        const data: PyObject = { ...(dictionary['pgt_data'] as PyObject) };
        if (data['rank'] !== undefined) data['rank'] = mark(Hole.RANK, 'pgt', mode);
        data['merkleroot'] = mark(Hole.RANK_ROOT, 'pgt', mode);
        dictionary['pgt_data'] = data;
      }
      open[mode] = dictionary;
    }
    const text = stringifyPythonJson(open, { indent: INDENT, level: DATA_LEVEL });
    return this.#cut(text.replaceAll(UNQUOTED, '$1'));
  }

  #cut(text: string): Template {
    const steps: Step[] = [];
    const parts = text.split(MARK);
    for (let i = 0; i < parts.length; i += 4) {
      const [piece, hole, stage, mode] = parts.slice(i) as [string, Hole?, PhysicalStage?, HashedRMode?];
      const from = this.#arena.room(piece.length);
      this.#arena.writeText(piece, from);
      const { signer } = this.#session.signer;
      steps.push({
        from,
        size: piece.length,
        ...(hole && { hole }),
        told: toldIn(mode ?? 'REPEAT'),
        blocks: signer.blocksOf(stage ?? 'rg', mode ?? (signer.modes[0] as HashedRMode)),
      });
    }
    return { steps, bytes: text.length + HEX * steps.length };
  }

  #fill(row: number, { steps, bytes }: Template): void {
    const arena = this.#arena;
    const parents = this.#parentsOf(row);
    this.#prefixes.clear();
    this.#prefixAt = 0;
    this.#reserve(bytes);
    for (const { from, size, hole, told, blocks } of steps) {
      arena.move(from, this.#at, size);
      this.#at += size;
      if (hole === undefined) continue;
      if (hole === Hole.BLOCK) this.#hex(blocks.block(row));
      else if (hole === Hole.RANK_ROOT) this.#hex(this.#session.stages.rankedRoot(row));
      else if (hole === Hole.RANK) this.#bytes(this.#rankIndenter.text, bytes);
      else this.#parents(parents[told], blocks, bytes);
    }
  }

  #parentsOf(row: number): Readonly<Record<Told, Uint32Array>> {
    const { signer } = this.#session.signer;
    const has = (mode: HashedRMode): boolean => signer.modes.includes(mode);
    return {
      all: signer.parentsOf('REPEAT', row),
      open: has('RERUN') ? signer.parentsOf('RERUN', row) : NOBODY,
      roots: has('REPRODUCE') ? signer.parentsOf('REPRODUCE', row) : NOBODY,
    };
  }

  #parents(told: Uint32Array, blocks: Step['blocks'], then: number): void {
    const arena = this.#arena;
    this.#reserve(then + told.length * (this.#prefixSize + HEX + 2) + ENTRY_END.length);
    if (told.length === 0) {
      this.#at += arena.writeText('{}', this.#at);
      return;
    }
    let separator = '{';
    for (const parent of told) {
      this.#at += arena.writeText(separator, this.#at);
      const { from, size } = this.#prefix(parent);
      arena.move(from, this.#at, size);
      this.#at += size;
      this.#hex(blocks.block(parent));
      separator = '",';
    }
    this.#at += arena.writeText(ENTRY_END, this.#at);
  }

  /** The most bytes of what stands before a parent's hash: characters beyond ASCII take six. */
  get #prefixSize(): number {
    return 6 * this.#longest + INDENT * (PARENTS_LEVEL + 1) + 8;
  }

  #prefix(parent: number): { readonly from: number; readonly size: number } {
    let prefix = this.#prefixes.get(parent);
    if (prefix !== undefined) return prefix;
    if (this.#prefixAt + this.#prefixSize > PREFIX_BYTES) {
      this.#prefixes.clear();
      this.#prefixAt = 0;
    }
    const oid = stringifyPythonJson(this.#session.signer.oids[parent]);
    const from = this.#prefixRoom + this.#prefixAt;
    const size = this.#arena.writeText(`${line(PARENTS_LEVEL + 1)}${oid}: "`, from);
    this.#prefixAt += size;
    prefix = { from, size };
    this.#prefixes.set(parent, prefix);
    return prefix;
  }

  // --- the page -----------------------------------------------------------------------------------------------------

  /** Makes room for so many bytes more. */
  #reserve(bytes: number): void {
    const used = this.#at - this.#page;
    if (used + bytes <= this.#size) return;
    this.#size = Math.max(2 * this.#size, used + bytes, 1 << 20);
    const page = this.#arena.room(this.#size);
    this.#arena.move(this.#page, page, used);
    this.#page = page;
    this.#at = page + used;
  }

  #text(text: string): void {
    this.#reserve(text.length);
    this.#at += this.#arena.writeText(text, this.#at);
  }

  #bytes(bytes: Uint8Array, then = 0): void {
    this.#reserve(bytes.length + then);
    this.#arena.write(bytes, this.#at);
    this.#at += bytes.length;
  }

  #hex(digest: number): void {
    this.#arena.writeHex(digest, this.#at);
    this.#at += HEX;
  }
}

function toldIn(mode: HashedRMode): Told {
  if (mode === 'REPRODUCE') return 'roots';
  return mode === 'RERUN' ? 'open' : 'all';
}

const NOBODY = new Uint32Array(0);
const mark = (hole: Hole, stage: PhysicalStage, mode: HashedRMode): string =>
  `\u0001${hole}.${stage}.${mode}\u0001`;
// As the writer escapes them; a text of the graph that had them would have to be one of a drop's own fields.
const MARK = /\\u0001(block|parents|rank|root)\.(pgt|pg|rg)\.([A-Z_]+)\\u0001/;
const UNQUOTED = /"(\\u0001(?:parents|rank)\.(?:pgt|pg|rg)\.[A-Z_]+\\u0001)"/g;
