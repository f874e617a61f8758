/**
 * First pass over a submitted list of dropspecs: notes where everything is and what every drop is. A dropspec that looks
 * like one before it is compared with that (spec-shape.ts); any other is read byte by byte.
 */
import { DROPLinkType, LINK_SPEC_KEY, type ErrorCode, type JsonObject } from '../protocol/index.ts';
import { hashBytes, sameBytes } from './byte-index.ts';
import type { ByteReader } from './byte-reader.ts';
import { LinkColumns, RowColumns } from './rows.ts';
import { SpecFlags } from './physical-graph.ts';
import { classify, KeyRoles, SPEC_KEYS, type SpecKey } from './spec-keys.ts';
import { SpecShape, type ShapeMember, type ShapeStep } from './spec-shape.ts';

const PARAMETER: SpecKey = { role: KeyRoles.parameter };

/** More shapes than this are not a pattern; they are forgotten and learned anew. */
const MAX_SHAPES = 64;

/** The members of the dropspec being read that decide what it is. */
class Current {
  row = 0;
  hasOid = false;
  /** Text of the oid where it does not stand in the graph as it is. */
  oid: string | undefined;
  category: string | undefined;
  dropclass: string | undefined;
  storage: string | undefined;
  node = '';
  flags = 0;
  hasRmode = false;

  start(row: number): void {
    this.row = row;
    this.hasOid = false;
    this.oid = undefined;
    this.category = undefined;
    this.dropclass = undefined;
    this.storage = undefined;
    this.node = '';
    this.flags = 0;
    this.hasRmode = false;
  }
}

interface CarefullyRead {
  readonly members: readonly ShapeMember[];
  /** Hash of the keys in their order. */
  readonly structure: number;
}

export class SpecReader {
  readonly rows = new RowColumns();
  readonly links = new LinkColumns();
  readonly classes: string[] = [];
  readonly nodes: string[] = [];
  readonly uids = new Map<number, string>();
  /** Plain copies of texts with escapes; their starts count down from -1 until they are settled. */
  readonly patches: Uint8Array[] = [];
  patchBytes = 0;
  reprodata: JsonObject | undefined;

  readonly #problem: (code: ErrorCode, message: string) => void;
  readonly #classIds = new Map<string, number>();
  readonly #nodeIds = new Map<string, number>();
  readonly #lastTexts = new Map<KeyRoles, { readonly bytes: Uint8Array; readonly text: string }>();
  /** Keys met so far -> their meaning, by hash of their bytes: most keys of a graph are met a million times. */
  readonly #keyCache = new Map<number, { readonly bytes: Uint8Array; readonly key: SpecKey }>();
  readonly #now = new Current();
  readonly #shapes = new Map<number, SpecShape>();
  #lastShape: SpecShape | undefined;
  #base = 0;
  #text: Buffer = Buffer.alloc(0);

  /** `problem` takes complaints about drops; it may throw. */
  constructor(problem: (code: ErrorCode, message: string) => void) {
    this.#problem = problem;
  }

  /** Reads one document, which stands at `base` in the text of the graph. Throws InvalidGraphException. */
  read(reader: ByteReader, base: number): void {
    this.#base = base;
    const { bytes } = reader;
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (reader.peek() === -1) reader.fail('the text is empty; a list of drops was expected');
    // Lists that were appended one after the other stand one after the other in the history.
    while (reader.peek() !== -1) this.#readOneList(reader);
  }

  #readOneList(reader: ByteReader): void {
    const first = reader.peek();
    if (first === 0x7b)
      reader.fail(
        'a list of drops ("[ ... ]") was expected, but this is an object; a logical graph must be translated first',
      );
    // The lone "]" that Python's streaming writer makes of an empty list.
    if (reader.accept(0x5d)) return;
    reader.expect(0x5b);
    // The pair [name, list] of files for the submit tool.
    if (reader.peek() === 0x22) {
      reader.readString();
      reader.expect(0x2c);
      reader.expect(0x5b);
      this.#readList(reader);
      reader.expect(0x5d);
    } else this.#readList(reader);
  }

  #readList(reader: ByteReader): void {
    if (reader.accept(0x5d)) return;
    const place = () => this.#place(reader);
    do {
      reader.place = () => '';
      if (reader.peek() !== 0x7b)
        reader.fail(`element ${this.rows.count + 1} of the list must be an object that describes a drop`);
      reader.place = place;
      this.#readSpec(reader);
    } while (reader.accept(0x2c));
    reader.expect(0x5d);
  }

  #place(reader: ByteReader): string {
    const { row, oid, hasOid } = this.#now;
    const start = (this.rows.oidStart[row] as number) - this.#base;
    const length = this.rows.oidLength[row] as number;
    if (oid !== undefined) return `drop ${oid}`;
    return hasOid ? `drop ${textOf(reader.bytes, start, length)}` : `drop number ${row + 1}`;
  }

  #readSpec(reader: ByteReader): void {
    const start = reader.pos;
    const links = this.links.count;
    const row = this.rows.add(start + this.#base);
    const now = this.#now;
    reader.sawNonFinite = false;
    const shape = this.#readByShape(reader, start, links);
    const read = shape ? undefined : this.#readWithCare(reader, start);
    if (reader.sawNonFinite) now.flags |= SpecFlags.NON_FINITE;
    this.rows.specLength[row] = reader.pos - start;
    if ((read?.members.length === 0 || now.hasRmode) && reader.peek() === 0x5d)
      return this.#takeReprodata(reader, row, links);
    this.rows.flags[row] = now.flags;
    this.#settleUid(row, reader);
    if (!now.hasOid)
      this.#problem(
        'GRAPH_INVALID',
        `The ${this.#place(reader)} has no "oid"; every drop needs an id of its own.`,
      );
    if (shape) {
      this.rows.kind[row] = shape.facts.kind;
      this.rows.classId[row] = shape.facts.classId;
    } else if (read && this.#classify(reader) && !reader.sawNonFinite) this.#learn(reader, start, read);
    this.rows.nodeId[row] = intern(now.node, this.nodes, this.#nodeIds);
  }

  #settleUid(row: number, reader: ByteReader): void {
    if (this.uids.size === 0) return;
    const uid = this.uids.get(row);
    if (uid === undefined) return;
    if (this.#now.hasOid && `drop ${uid}` === this.#place(reader)) this.uids.delete(row);
    else this.rows.flags[row] = (this.rows.flags[row] as number) | SpecFlags.OWN_UID;
  }

  /** The trailing element is no drop but graph-wide reproducibility data (spec/engine.md 8.1). */
  #takeReprodata(reader: ByteReader, row: number, links: number): void {
    const start = (this.rows.specStart[row] as number) - this.#base;
    this.reprodata = JSON.parse(
      textOf(reader.bytes, start, this.rows.specLength[row] as number),
    ) as JsonObject;
    this.rows.pop();
    this.uids.delete(row);
    this.links.count = links;
  }

  // --- by shape ----------------------------------------------------------------------------------------------------

  /** Reads a dropspec that looks like an earlier one; undefined, with nothing noted, where it does not. */
  #readByShape(reader: ByteReader, start: number, links: number): SpecShape | undefined {
    const last = this.#lastShape;
    const row = this.rows.count - 1;
    this.#now.start(row);
    if (!last) return undefined;
    const likely = last.next ?? last;
    for (const shape of likely === last ? [last] : [likely, last]) {
      if (this.#fits(shape, reader)) {
        last.next = shape;
        this.#lastShape = shape;
        return shape;
      }
      reader.pos = start;
      reader.sawNonFinite = false;
      this.links.count = links;
      this.rows.clear(row);
      this.uids.delete(row);
      this.#now.start(row);
    }
    return undefined;
  }

  #fits(shape: SpecShape, reader: ByteReader): boolean {
    const now = this.#now;
    now.node = shape.facts.node;
    now.flags = shape.flags;
    let differing: ShapeMember[] | undefined;
    for (const step of shape.steps) {
      let { from } = step;
      while (!shape.matches(this.#text, reader.pos, from, step.to)) {
        const member = shape.differing(this.#text, reader.pos, from, step);
        if (!member) return false;
        (differing ??= []).push(member);
        this.#pass(step, reader, from, member.valueStart);
        this.#value(member.key, reader);
        from = member.valueEnd;
      }
      this.#pass(step, reader, from, step.to);
      if (step.hole) this.#value(step.hole.key, reader);
    }
    if (differing) shape.loosen(differing);
    return true;
  }

  /** Passes over a stretch that is as in the shape; what is noted by place is noted. */
  #pass(step: ShapeStep, reader: ByteReader, from: number, to: number): void {
    const shift = reader.pos - from + this.#base;
    for (const member of step.noted) {
      if (member.valueStart < from || member.valueEnd > to) continue;
      const isName = member.key.role === KeyRoles.name;
      (isName ? this.rows.nameStart : this.rows.lgKeyStart)[this.#now.row] = member.textStart + shift;
      (isName ? this.rows.nameLength : this.rows.lgKeyLength)[this.#now.row] = member.textLength;
    }
    reader.pos += to - from;
  }

  // --- with care ---------------------------------------------------------------------------------------------------

  /** Reads a dropspec byte by byte. */
  #readWithCare(reader: ByteReader, start: number): CarefullyRead {
    const members: ShapeMember[] = [];
    let structure = 0;
    reader.pos++;
    if (reader.accept(0x7d)) return { members, structure };
    do {
      reader.readKey();
      const { stringStart, stringEnd } = reader;
      structure = Math.imul(
        structure ^ hashBytes(reader.bytes, stringStart, stringEnd - stringStart),
        0x01000193,
      );
      const key = this.#keyOf(reader);
      reader.peek();
      members.push(this.#member(key, reader, start));
    } while (reader.accept(0x2c));
    reader.expect(0x7d);
    return { members, structure };
  }

  #member(key: SpecKey, reader: ByteReader, start: number): ShapeMember {
    const { rows } = this;
    const now = this.#now;
    const valueStart = reader.pos;
    const patches = this.patches.length;
    const before = now.flags;
    now.flags = 0;
    this.#value(key, reader);
    const speaks = now.flags !== 0;
    now.flags |= before;
    const isName = key.role === KeyRoles.name;
    const isNoted = isName || key.role === KeyRoles.lgKey;
    return {
      key,
      speaks,
      valueStart: valueStart - start,
      valueEnd: reader.pos - start,
      textStart: isNoted
        ? ((isName ? rows.nameStart : rows.lgKeyStart)[now.row] as number) - this.#base - start
        : 0,
      textLength: isNoted ? ((isName ? rows.nameLength : rows.lgKeyLength)[now.row] as number) : 0,
      isConstant: this.patches.length === patches,
    };
  }

  /** What the drop is, by the members that say so. */
  #classify(reader: ByteReader): boolean {
    const now = this.#now;
    if (now.category === undefined) {
      this.#problem(
        'GRAPH_INVALID',
        `The ${this.#place(reader)} has no "categoryType"; one of Data, Application, Container, Socket was expected.`,
      );
      return false;
    }
    const what = classify(now.category, now.dropclass, now.storage);
    if (typeof what === 'string') {
      this.#problem('GRAPH_INVALID', `In ${this.#place(reader)}: ${what}.`);
      return false;
    }
    this.rows.kind[now.row] = what.kind;
    this.rows.classId[now.row] = intern(what.classPath, this.classes, this.#classIds);
    return true;
  }

  #learn(reader: ByteReader, start: number, { members, structure }: CarefullyRead): void {
    const { row, node } = this.#now;
    const last = this.#lastShape;
    const classId = this.rows.classId[row] as number;
    const id = structure ^ Math.imul(classId + 1, 0x9e3779b1);
    let shape = this.#shapes.get(id);
    if (!shape || shape === last || shape === last?.next) {
      const bytes = reader.bytes.subarray(start, reader.pos);
      shape = new SpecShape(bytes, members, { kind: this.rows.kind[row] as number, classId, node });
      if (this.#shapes.size === MAX_SHAPES) this.#shapes.clear();
      this.#shapes.set(id, shape);
    }
    if (last) last.next = shape;
    this.#lastShape = shape;
  }

  // --- values ------------------------------------------------------------------------------------------------------

  /** Reads the value of a member; the reader stands behind the colon. */
  #value({ role, link }: SpecKey, reader: ByteReader): void {
    const now = this.#now;
    switch (role) {
      case KeyRoles.inert:
      case KeyRoles.island:
        reader.skipValue();
        break;
      case KeyRoles.relation:
        this.#relation(reader, link as DROPLinkType);
        break;
      case KeyRoles.parent:
        if (reader.peek() === 0x6e) reader.skipValue();
        else this.#reference(reader, DROPLinkType.PARENT);
        break;
      case KeyRoles.oid:
        this.#oid(reader);
        break;
      case KeyRoles.uid:
        reader.readString();
        this.uids.set(now.row, reader.stringText());
        break;
      case KeyRoles.name:
        if (reader.peek() === 0x22) this.#id(reader, this.rows.nameStart, this.rows.nameLength);
        else reader.skipValue();
        break;
      case KeyRoles.lgKey:
        this.#token(reader);
        break;
      case KeyRoles.dropclass:
        now.dropclass = this.#optionalText(reader, role);
        break;
      case KeyRoles.storage:
        now.storage = this.#optionalText(reader, role);
        break;
      case KeyRoles.categoryType:
        now.category = this.#optionalText(reader, role);
        break;
      case KeyRoles.node:
        now.node = this.#optionalText(reader, role) ?? '';
        break;
      default:
        this.#parameter(role, reader);
    }
  }

  #parameter(role: KeyRoles, reader: ByteReader): void {
    const first = reader.peek();
    const at = reader.pos;
    reader.skipValue();
    const length = reader.pos - at;
    // Nothing said: null, "", {} and [].
    const isEmpty = first === 0x6e || (length === 2 && (first === 0x22 || first === 0x7b || first === 0x5b));
    if (role === KeyRoles.rmode) {
      const isFalsy = ['null', '0', '""', 'false'].includes(textOf(reader.bytes, at, Math.min(length, 8)));
      this.#now.hasRmode ||= !isFalsy;
      this.#now.flags |= SpecFlags.PARAMETERS;
    } else if (!isEmpty) this.#now.flags |= SpecFlags.PARAMETERS;
  }

  #keyOf(reader: ByteReader): SpecKey {
    const { stringStart, stringEnd, bytes } = reader;
    const length = stringEnd - stringStart;
    const hash = hashBytes(bytes, stringStart, length);
    const known = this.#keyCache.get(hash);
    if (known && known.bytes.length === length && sameBytes(bytes, stringStart, known.bytes, 0, length))
      return known.key;
    const key = SPEC_KEYS.get(reader.stringText()) ?? PARAMETER;
    if (!known) this.#keyCache.set(hash, { bytes: bytes.slice(stringStart, stringEnd), key });
    return key;
  }

  /** A text that is mostly the same as in the dropspec before: then no string is made. */
  #optionalText(reader: ByteReader, role: KeyRoles): string | undefined {
    if (reader.peek() !== 0x22) {
      reader.skipValue();
      return undefined;
    }
    reader.readString();
    const { bytes, stringStart, stringEnd } = reader;
    const length = stringEnd - stringStart;
    const last = this.#lastTexts.get(role);
    if (last && last.bytes.length === length && sameBytes(bytes, stringStart, last.bytes, 0, length))
      return last.text;
    const text = reader.stringText();
    this.#lastTexts.set(role, { bytes: bytes.slice(stringStart, stringEnd), text });
    return text;
  }

  /** Where a text stands; one with escapes gets a plain copy behind the graph's text. */
  #startOf(reader: ByteReader): number {
    if (!reader.stringEscaped) return reader.stringStart + this.#base;
    const plain = Buffer.from(reader.stringText(), 'utf8');
    this.patches.push(plain);
    this.patchBytes += plain.length;
    // Counted down from the end of what is there; settled when the text is complete.
    return (-(this.patchBytes - plain.length) - 1) >>> 0;
  }

  /** Length in bytes of the text that `#startOf` has just placed. */
  #lengthOf(reader: ByteReader): number {
    return reader.stringEscaped
      ? (this.patches.at(-1) as Uint8Array).length
      : reader.stringEnd - reader.stringStart;
  }

  #id(reader: ByteReader, starts: Uint32Array, lengths: Uint32Array): void {
    reader.readString();
    starts[this.#now.row] = this.#startOf(reader);
    lengths[this.#now.row] = this.#lengthOf(reader);
  }

  #oid(reader: ByteReader): void {
    const now = this.#now;
    this.#id(reader, this.rows.oidStart, this.rows.oidLength);
    now.hasOid = reader.stringEnd > reader.stringStart;
    now.oid = reader.stringEscaped ? reader.stringText() : undefined;
  }

  #token(reader: ByteReader): void {
    if (reader.peek() === 0x22) return this.#id(reader, this.rows.lgKeyStart, this.rows.lgKeyLength);
    const start = reader.pos;
    reader.skipValue();
    this.rows.lgKeyStart[this.#now.row] = start + this.#base;
    this.rows.lgKeyLength[this.#now.row] = reader.pos - start;
  }

  #relation(reader: ByteReader, type: DROPLinkType): void {
    if (reader.peek() === 0x6e) return reader.skipValue();
    if (reader.peek() !== 0x5b)
      reader.fail(`"${LINK_SPEC_KEY[type]}" must be a list of ids or of {"id": "port"} maps`);
    reader.pos++;
    if (reader.accept(0x5d)) return;
    do this.#reference(reader, type);
    while (reader.accept(0x2c));
    reader.expect(0x5d);
  }

  /** An id, or a map with one id as key and the port name as value. */
  #reference(reader: ByteReader, type: DROPLinkType): void {
    const first = reader.peek();
    if (first === 0x22) {
      reader.readString();
      this.#link(reader, type);
    } else if (first === 0x7b) {
      reader.pos++;
      if (reader.accept(0x7d)) return;
      do {
        reader.readKey();
        this.#link(reader, type);
        reader.skipValue();
      } while (reader.accept(0x2c));
      reader.expect(0x7d);
    } else reader.fail(`"${LINK_SPEC_KEY[type]}" must hold ids (texts) or {"id": "port"} maps`);
  }

  #link(reader: ByteReader, type: DROPLinkType): void {
    const start = this.#startOf(reader);
    this.links.add(this.#now.row, type, start, this.#lengthOf(reader));
  }
}

/** UTF-8 text of some bytes. */
export function textOf(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8');
}

function intern(value: string, list: string[], ids: Map<string, number>): number {
  let id = ids.get(value);
  if (id === undefined) {
    id = list.length;
    list.push(value);
    ids.set(value, id);
  }
  return id;
}
