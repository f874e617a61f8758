/**
 * Writes the records of drops that did nothing of their own, a page at a time, as bytes. Records of drops whose
 * specifications have one form (spec-forms.ts) are the same text around ids, coordinates, inputs and times; that text is
 * made once, by the function that makes every record (spec-record.ts), and held against it.
 */

import { canonicalJson } from './canonical.ts';
import type { Groups } from './canonical-signature.ts';
import { type DropInput, type DropRecord, dropRecordText } from './drop-record.ts';
import type { Texts } from './record-stream.ts';
import { OWN_KEYS, type SpecForm, SpecForms } from './spec-forms.ts';

/** Templates that are remembered, and groups of one. */
const MAX_TEMPLATES = 4096;
const MAX_GROUPS = 4096;
const NEWLINE = 0x0a;
const [QUOTE, BACKSLASH, SPACE, LAST_ASCII] = [0x22, 0x5c, 0x20, 0x7e];
/** The first letter of null. */
const NULL = 0x6e;

/** What a record has beside its specification. */
export interface DerivedFacts {
  readonly row: number;
  readonly classId: number;
  readonly status: number;
  readonly exec: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly inputs: readonly number[];
}

export interface RecordWriterOptions {
  readonly oids: Texts;
  /** SHA-256 of contents by row. */
  readonly contents: ReadonlyMap<number, string>;
  /** The record of a drop, from the text of its specification. */
  readonly record: (spec: string, facts: DerivedFacts) => DropRecord;
  /** What is signed of a record; undefined where nothing is. */
  readonly groups: ((record: DropRecord) => Groups) | undefined;
}

/** The text of records around what differs, in its order: iid, name, id, inputs, end, start. */
interface Template {
  readonly pieces: readonly Buffer[];
  /** How much of the piece behind the inputs belongs to what a comparison looks at. */
  readonly claimed: number;
  readonly iid: number;
  readonly name: number;
  readonly oid: number;
  readonly record: DropRecord;
  readonly groups: Map<string, Groups>;
}

export class RecordWriter {
  readonly #options: RecordWriterOptions;
  readonly #forms = new SpecForms(OWN_KEYS);
  readonly #templates = new Map<number, Template | null>();
  #out = Buffer.allocUnsafe(1 << 20);
  #at = 0;
  #count = 0;
  #starts = new Uint32Array(1);
  /** The hash of what is signed of the record written last. */
  groups: Groups | undefined;
  /** Where what a comparison may look at ends in it; 0 where that was not worked out. */
  claimEnd = 0;

  constructor(options: RecordWriterOptions) {
    this.#options = options;
  }

  /** Begins a page of so many records. */
  begin(count: number): void {
    this.#at = 0;
    this.#count = 0;
    this.#starts = new Uint32Array(count + 1);
    this.#line();
  }

  /** The bytes of the page: a newline before each record. They hold until the next page begins. */
  get bytes(): Buffer {
    return this.#out.subarray(0, this.#at);
  }

  /** Where each record begins, and where the one after the last would. */
  get starts(): Uint32Array {
    return this.#starts;
  }

  /** Adds the text of a record that is there already, or none. */
  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#at += this.#out.write(text, this.#at);
    this.groups = undefined;
    this.claimEnd = 0;
    this.#end();
  }

  /** Adds the record of a drop whose specification is at [from, end) of `bytes`. */
  derived(bytes: Uint8Array, from: number, end: number, facts: DerivedFacts): void {
    const form = this.#forms.read(bytes, from, end);
    if (form !== undefined && this.#fill(form, bytes, from, end, facts)) return;
    const record = this.#record(bytes, from, end, facts);
    this.text(dropRecordText(record));
    this.groups = this.#options.groups?.(record);
  }

  #record(bytes: Uint8Array, from: number, end: number, facts: DerivedFacts): DropRecord {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', from, end);
    return this.#options.record(text, facts);
  }

  // --- templates ----------------------------------------------------------------------------------------------------

  #fill(form: SpecForm, bytes: Uint8Array, from: number, end: number, facts: DerivedFacts): boolean {
    const key = ((form.index * 65_536 + facts.classId) * 256 + facts.status) * 256 + facts.exec;
    let template = this.#templates.get(key);
    if (template === undefined) {
      if (this.#templates.size === MAX_TEMPLATES) return false;
      template = templateOf(form, this.#record(bytes, from, end, facts));
      this.#templates.set(key, template);
    }
    if (template === null) return false;
    const begin = this.#at;
    const whole = this.#pieces(template, bytes, facts);
    if (!whole) this.#at = begin;
    return whole;
  }

  #pieces(template: Template, bytes: Uint8Array, facts: DerivedFacts): boolean {
    const { pieces, iid, name, oid } = template;
    const [iidText, nameText, oidText] = [iid, name, oid].map((hole) => this.#own(bytes, hole));
    // Ids are texts; an empty name or coordinate counts as none, and what is no text is left to the slow way.
    if (oidText === null || [iidText, nameText, oidText].some((text) => text === undefined)) return false;
    this.#put(pieces[0] as Buffer);
    this.#ascii(iidText ?? 'null');
    this.#put(pieces[1] as Buffer);
    this.#ascii(nameText ?? (oidText as string));
    this.#put(pieces[2] as Buffer);
    this.#ascii(oidText as string);
    this.#put(pieces[3] as Buffer);
    if (!this.#inputs(facts.inputs)) return false;
    this.claimEnd = this.#at + template.claimed;
    this.#put(pieces[4] as Buffer);
    this.#ascii(timeText(facts.finishedAtMs));
    this.#put(pieces[5] as Buffer);
    this.#ascii(timeText(facts.startedAtMs));
    this.#put(pieces[6] as Buffer);
    this.groups = this.#options.groups && this.#groupsOf(template, iidText as string | null, facts);
    this.#end();
    return true;
  }

  /** The JSON of an own text; null where there is none or it is empty, undefined where the value is no text. */
  #own(bytes: Uint8Array, hole: number): string | null | undefined {
    if (hole < 0) return null;
    const [from, to] = [this.#forms.starts[hole] as number, this.#forms.ends[hole] as number];
    if (bytes[from] === NULL) return null;
    if (bytes[from] !== QUOTE) return undefined;
    if (to - from === 2) return null;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', from, to);
  }

  #groupsOf(template: Template, iidText: string | null, facts: DerivedFacts): Groups {
    const { contents } = this.#options;
    const { record } = template;
    const hasContents = facts.inputs.some((input) => contents.has(input));
    const key = `${facts.inputs.length} ${iidText}`;
    let groups = hasContents ? undefined : template.groups.get(key);
    if (groups !== undefined) return groups;
    const iid = iidText === null ? null : iidText.slice(1, -1);
    groups = (this.#options.groups as (record: DropRecord) => Groups)({
      ...record,
      drop: { ...record.drop, iid },
      // Which drops they are is in the blocks; here their contents count, and how many they are.
      inputs: facts.inputs.map((input): DropInput => ({ oid: '', sha256: contents.get(input) ?? null })),
    });
    if (!hasContents && template.groups.size < MAX_GROUPS) template.groups.set(key, groups);
    return groups;
  }

  // --- the page -----------------------------------------------------------------------------------------------------

  /** The list of inputs. False where an id would need escapes. */
  #inputs(inputs: readonly number[]): boolean {
    const { oids, contents } = this.#options;
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i] as number;
      this.#ascii(i === 0 ? '[{"oid":"' : '},{"oid":"');
      const from = oids.offsets[input] as number;
      const end = oids.offsets[input + 1] as number;
      this.#reserve(end - from);
      const out = this.#out;
      for (let k = from; k < end; k++) {
        const c = oids.bytes[k] as number;
        if (c < SPACE || c > LAST_ASCII || c === QUOTE || c === BACKSLASH) return false;
        out[this.#at++] = c;
      }
      const sha256 = contents.get(input);
      this.#ascii(sha256 === undefined ? '","sha256":null' : `","sha256":"${sha256}"`);
    }
    this.#ascii(inputs.length === 0 ? '[]' : '}]');
    return true;
  }

  #put(piece: Buffer): void {
    this.#reserve(piece.length);
    this.#out.set(piece, this.#at);
    this.#at += piece.length;
  }

  #ascii(text: string): void {
    this.#reserve(text.length);
    this.#at += this.#out.write(text, this.#at, 'latin1');
  }

  #end(): void {
    this.#count++;
    this.#line();
  }

  #line(): void {
    this.#reserve(1);
    this.#out[this.#at++] = NEWLINE;
    this.#starts[this.#count] = this.#at;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#out.length) return;
    const more = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.#at + bytes));
    this.#out.copy(more, 0, 0, this.#at);
    this.#out = more;
  }
}

const timeText = (ms: number): string => (Number.isFinite(ms) ? String(ms === 0 ? 0 : ms) : 'null');

/**
 * The text of a record around what differs between those of one form. Null where the record has something that others
 * of its form need not have, or is not written as is supposed here.
 */
function templateOf({ holes }: SpecForm, record: DropRecord): Template | null {
  const { code, content, drop, environmentSha256, node, outcome, parameters, sessionId } = record;
  const { type, upstream, version } = record;
  const inner = (value: object): string => canonicalJson(value).slice(1, -1);
  const { category, categoryType, dropClass, lgKey } = drop;
  const claimed = `,${inner({ node, outcome, parameters })}`;
  const pieces = [
    `{${inner({ code, content })},"drop":{${inner({ category, categoryType, dropClass })},"iid":`,
    `,${inner({ lgKey })},"name":`,
    ',"oid":',
    `},${inner({ environmentSha256 })},"inputs":`,
    `${claimed},${inner({ sessionId })},"timing":{"finishedAtMs":`,
    ',"startedAtMs":',
    `},${inner({ type, upstream, version })}}`,
  ];
  const own = [
    drop.iid,
    drop.name,
    drop.oid,
    record.inputs,
    record.timing.finishedAtMs,
    record.timing.startedAtMs,
  ];
  const text = pieces.map((piece, i) => piece + (i < own.length ? canonicalJson(own[i]) : '')).join('');
  if (content !== null || text !== dropRecordText(record)) return null;
  return {
    pieces: pieces.map((piece) => Buffer.from(piece)),
    claimed: Buffer.byteLength(claimed),
    ...{ iid: holes.indexOf('iid'), name: holes.indexOf('name'), oid: holes.indexOf('oid') },
    record,
    groups: new Map(),
  };
}
