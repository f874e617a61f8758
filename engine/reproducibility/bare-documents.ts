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
import { type SpecForm, SpecForms } from './spec-forms.ts';
import type { SpecStore } from './spec-store.ts';
import { isRanked, UNHASHED_KEYS, type SpecStages } from './spec-stages.ts';

const INDENT = 4;
/** Depth of a drop in the file, of its reproducibility data, of a map of parents. */
const [DROP_LEVEL, DATA_LEVEL, PARENTS_LEVEL] = [2, 3, 5];
const line = (level: number): string => `\n${' '.repeat(INDENT * level)}`;
const DROP_END = `${line(DROP_LEVEL)}}`;
const ENTRY_END = `"${line(PARENTS_LEVEL)}}`;
const DATA_KEY = `,${line(DATA_LEVEL)}"reprodata": `;
/** Room for the ids of parents as they stand before their hashes, and for a rank. */
const PREFIX_BYTES = 1 << 20;
const RANK_BYTES = 1 << 14;
const QUOTE = 0x22;
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
  /** Without the maps of parents and the ranks. */
  readonly bytes: number;
  /** How many maps and ranks there are. */
  readonly maps: Readonly<Record<Told, number>>;
  readonly ranks: number;
}

/** The text of specifications of one form, indented: pieces, and behind each the hole whose value comes there, or -1. */
interface Indented {
  readonly pieces: readonly Place[];
  readonly holes: readonly number[];
  /** The piece behind which the data goes. */
  readonly dataAfter: number;
}

interface Place {
  readonly from: number;
  readonly size: number;
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
  readonly #forms = new SpecForms(UNHASHED_KEYS);
  readonly #indented: (Indented | null | undefined)[] = [];
  readonly #whole = new JsonIndenter([...UNHASHED_KEYS, 'reprodata']);
  readonly #part = new JsonIndenter();
  readonly #longest: number;
  #page = 0;
  #size = 0;
  #at = 0;
  readonly #prefixes = new Map<number, Place>();
  readonly #prefixRoom: number;
  #prefixAt = 0;
  /** The rank of the drop that is written, as it stands in its data. */
  readonly #rankRoom: number;
  #rankSize = 0;
  /** Texts that are needed all the time. */
  readonly #separator: Place;
  readonly #nobody: Place;
  readonly #entryEnd: Place;

  constructor(session: BareSession) {
    this.#session = session;
    this.#arena = session.arena;
    this.#prefixRoom = session.arena.room(PREFIX_BYTES);
    this.#rankRoom = session.arena.room(RANK_BYTES);
    this.#separator = this.#placed(Buffer.from('",'));
    this.#nobody = this.#placed(Buffer.from('{}'));
    this.#entryEnd = this.#placed(Buffer.from(ENTRY_END));
    this.#longest = session.signer.oids.reduce((most, oid) => Math.max(most, oid.length), 0);
  }

  /** Puts a text where it stays. */
  #placed(bytes: Uint8Array): Place {
    const from = this.#arena.room(bytes.length);
    this.#arena.write(bytes, from);
    return { from, size: bytes.length };
  }

  /** The entries of drops [from, end), each after its separator; nothing before the first. Holds until the next call. */
  page(from: number, end: number, isFirst: boolean): Uint8Array {
    this.#at = this.#page;
    for (let row = from; row < end; row++) {
      this.#text(`${isFirst && row === from ? '' : ','}${line(DROP_LEVEL)}`);
      if (!this.#quickly(row)) this.#slowly(row);
    }
    return this.#arena.view(this.#page, this.#at - this.#page);
  }

  #slowly(row: number): void {
    const { document, signer } = this.#session;
    const text = stringifyPythonJson(document(row), { indent: INDENT, level: DROP_LEVEL });
    this.#text(`${stringifyPythonJson(signer.oids[row])}: ${text}`);
  }

  /** The entry of a drop from what is the same for drops like it. False where its text takes more than that. */
  #quickly(row: number): boolean {
    const { specs, commitKey, signer } = this.#session;
    const commit = commitKey(row);
    if (commit === undefined) return false;
    const { bytes, from, end } = specs.place(row);
    const begin = this.#at - this.#page;
    this.#text(`"${signer.oids[row]}": `);
    const form = this.#forms.read(bytes, from, end);
    const isDone =
      form === undefined
        ? this.#alone(row, bytes, from, end, commit)
        : this.#byForm(row, bytes, form, commit);
    if (!isDone) this.#at = this.#page + begin;
    return isDone;
  }

  #byForm(row: number, bytes: Uint8Array, form: SpecForm, commit: string): boolean {
    let spec = this.#indented[form.index];
    if (spec === undefined)
      this.#indented[form.index] = spec = this.#indentedForm(form, this.#session.specs.keys(row));
    if (spec === null) return false;
    const { starts, ends } = this.#forms;
    const rank = form.holes.indexOf('rank');
    if (rank >= 0 && !this.#readRank(bytes, starts[rank] as number, ends[rank] as number)) return false;
    return this.#spec(row, bytes, spec, this.#templateOf(row, `${commit} ${rank < 0}`));
  }

  /** A drop whose specification has no form: most of it is not the same in others. */
  #alone(row: number, bytes: Uint8Array, from: number, end: number, commit: string): boolean {
    const whole = this.#whole;
    if (!whole.indent(bytes, from, end, DROP_LEVEL) || whole.keys !== this.#session.specs.keys(row))
      return false;
    const rank = whole.members.get('rank');
    if (rank !== undefined && !this.#readRank(bytes, rank.from, rank.to)) return false;
    const template = this.#templateOf(row, `${commit} ${rank === undefined}`);
    const { text } = whole;
    const data = whole.members.get('reprodata');
    if (data !== undefined) {
      this.#bytes(text.subarray(0, data.outFrom));
      this.#fill(row, template);
      this.#bytes(text.subarray(data.outTo));
      return true;
    }
    this.#bytes(text.subarray(0, text.length - DROP_END.length));
    this.#text(DATA_KEY);
    this.#fill(row, template);
    this.#text(DROP_END);
    return true;
  }

  #templateOf(row: number, commit: string): Template {
    const key = `${this.#session.stages.likeness(row)} ${commit}`;
    let template = this.#templates.get(key);
    if (template === undefined) {
      template = this.#template(row);
      this.#templates.set(key, template);
    }
    return template;
  }

  #readRank(bytes: Uint8Array, from: number, end: number): boolean {
    if (!this.#part.indent(bytes, from, end, DATA_LEVEL + 3)) return false;
    const { text } = this.#part;
    if (text.length > RANK_BYTES) return false;
    this.#arena.write(text, this.#rankRoom);
    this.#rankSize = text.length;
    return true;
  }

  /** The specification with its data: where it names its node, else at its end. */
  #spec(row: number, bytes: Uint8Array, { pieces, holes, dataAfter }: Indented, template: Template): boolean {
    const { starts, ends } = this.#forms;
    for (let i = 0; i < pieces.length; i++) {
      const { from, size } = pieces[i] as Place;
      this.#reserve(size);
      this.#arena.move(from, this.#at, size);
      this.#at += size;
      if (i === dataAfter) this.#fill(row, template);
      const hole = holes[i] as number;
      if (hole < 0) continue;
      const [start, end] = [starts[hole] as number, ends[hole] as number];
      if (bytes[start] === QUOTE) this.#bytes(bytes.subarray(start, end));
      else if (this.#part.indent(bytes, start, end, DATA_LEVEL)) this.#bytes(this.#part.text);
      else return false;
    }
    return true;
  }

  /** The text of a form, indented and cut where its holes are; null where that takes more than moving white space. */
  #indentedForm(form: SpecForm, keys: number): Indented | null {
    const whole = this.#whole;
    if (!whole.indent(form.text, 0, form.text.length, DROP_LEVEL) || whole.keys !== keys) return null;
    const text = Buffer.from(whole.text);
    const cuts = form.holes.map((key, hole) => ({ hole, at: whole.members.get(key) as Member }));
    const data = whole.members.get('reprodata');
    if (data !== undefined) cuts.push({ hole: -1, at: data });
    cuts.sort((a, b) => a.at.outFrom - b.at.outFrom);
    const pieces: Place[] = [];
    let from = 0;
    for (const { at } of cuts) {
      pieces.push(this.#placed(text.subarray(from, at.outFrom)));
      from = at.outTo;
    }
    const holes = cuts.map(({ hole }) => hole);
    if (data !== undefined) {
      pieces.push(this.#placed(text.subarray(from)));
      return { pieces, holes: [...holes, -1], dataAfter: holes.indexOf(-1) };
    }
    const end = text.length - DROP_END.length;
    pieces.push(this.#placed(Buffer.concat([text.subarray(from, end), Buffer.from(DATA_KEY)])));
    pieces.push(this.#placed(Buffer.from(DROP_END)));
    return { pieces, holes: [...holes, -1, -1], dataAfter: pieces.length - 2 };
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
    const maps = { all: 0, open: 0, roots: 0 };
    let ranks = 0;
    const parts = text.split(MARK);
    for (let i = 0; i < parts.length; i += 4) {
      const [piece, hole, stage, mode] = parts.slice(i) as [string, Hole?, PhysicalStage?, HashedRMode?];
      const told = toldIn(mode ?? 'REPEAT');
      if (hole === Hole.PARENTS) maps[told]++;
      if (hole === Hole.RANK) ranks++;
      const { signer } = this.#session.signer;
      steps.push({
        ...this.#placed(Buffer.from(piece)),
        ...(hole && { hole }),
        told,
        blocks: signer.blocksOf(stage ?? 'rg', mode ?? (signer.modes[0] as HashedRMode)),
      });
    }
    return { steps, bytes: text.length + HEX * steps.length, maps, ranks };
  }

  #fill(row: number, { steps, bytes, maps, ranks }: Template): void {
    const arena = this.#arena;
    const parents = this.#parentsOf(row);
    const ofMap = (told: Told): number =>
      maps[told] * (parents[told].length * (this.#prefixSize + HEX + 2) + ENTRY_END.length + 2);
    this.#reserve(bytes + ofMap('all') + ofMap('open') + ofMap('roots') + ranks * this.#rankSize);
    arena.beginTexts(this.#at);
    for (const { from, size, hole, told, blocks } of steps) {
      arena.addText(from, size);
      if (hole === undefined) continue;
      if (hole === Hole.BLOCK) arena.addHex(blocks.block(row));
      else if (hole === Hole.RANK_ROOT) arena.addHex(this.#session.stages.rankedRoot(row));
      else if (hole === Hole.RANK) arena.addText(this.#rankRoom, this.#rankSize);
      else this.#parents(parents[told], blocks);
    }
    this.#at = arena.endTexts();
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

  #parents(told: Uint32Array, blocks: Step['blocks']): void {
    const arena = this.#arena;
    if (told.length === 0) return arena.addText(this.#nobody.from, this.#nobody.size);
    for (let i = 0; i < told.length; i++) {
      const parent = told[i] as number;
      const { from, size } = this.#prefix(parent);
      // Before it stands the bracket that opens the map.
      if (i === 0) arena.addText(from, size);
      else {
        arena.addText(this.#separator.from, this.#separator.size);
        arena.addText(from + 1, size - 1);
      }
      arena.addHex(blocks.block(parent));
    }
    arena.addText(this.#entryEnd.from, this.#entryEnd.size);
  }

  /** The most bytes of what stands before a parent's hash: characters beyond ASCII take six. */
  get #prefixSize(): number {
    return 6 * this.#longest + INDENT * (PARENTS_LEVEL + 1) + 9;
  }

  #prefix(parent: number): Place {
    let prefix = this.#prefixes.get(parent);
    if (prefix !== undefined) return prefix;
    if (this.#prefixAt + this.#prefixSize > PREFIX_BYTES) {
      // What was added is written before its text is overwritten.
      this.#arena.beginTexts(this.#arena.endTexts());
      this.#prefixes.clear();
      this.#prefixAt = 0;
    }
    const oid = stringifyPythonJson(this.#session.signer.oids[parent]);
    const from = this.#prefixRoom + this.#prefixAt;
    const size = this.#arena.writeText(`{${line(PARENTS_LEVEL + 1)}${oid}: "`, from);
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

  #bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#arena.write(bytes, this.#at);
    this.#at += bytes.length;
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
