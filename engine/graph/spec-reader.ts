/**
 * First pass over a submitted list of dropspecs: notes where everything is and what every drop is. A dropspec that looks
 * like one before it is compared with that (spec-shape.ts); any other is read byte by byte.
 */
import { classify, type ErrorCode, type JsonObject } from '../protocol/index.ts';
import { hashBytes } from './byte-index.ts';
import type { ByteReader } from './byte-reader.ts';
import { SpecFlags } from './physical-graph.ts';
import { KeyRoles, type SpecKey } from './spec-keys.ts';
import { SpecMembers, textOf } from './spec-members.ts';
import { SpecShape, type ShapeMember, type ShapeStep } from './spec-shape.ts';

/** More shapes than this are not a pattern; they are forgotten and learned anew. */
const MAX_SHAPES = 64;

interface CarefullyRead {
  readonly members: readonly ShapeMember[];
  /** Hash of the keys in their order. */
  readonly structure: number;
}

export class SpecReader {
  readonly members = new SpecMembers();
  readonly classes: string[] = [];
  readonly nodes: string[] = [];
  reprodata: JsonObject | undefined;

  readonly #problem: (code: ErrorCode, message: string) => void;
  readonly #classIds = new Map<string, number>();
  readonly #nodeIds = new Map<string, number>();
  readonly #shapes = new Map<number, SpecShape>();
  #lastShape: SpecShape | undefined;
  #text: Buffer = Buffer.alloc(0);

  /** `problem` takes complaints about drops; it may throw. */
  constructor(problem: (code: ErrorCode, message: string) => void) {
    this.#problem = problem;
  }

  /** Reads one document, which stands at `base` in the text of the graph. Throws InvalidGraphException. */
  read(reader: ByteReader, base: number): void {
    this.members.base = base;
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
        reader.fail(
          `element ${this.members.rows.count + 1} of the list must be an object that describes a drop`,
        );
      reader.place = place;
      this.#readSpec(reader);
    } while (reader.accept(0x2c));
    reader.expect(0x5d);
  }

  #place(reader: ByteReader): string {
    const { row, oid, hasOid } = this.members.now;
    const start = (this.members.rows.oidStart[row] as number) - this.members.base;
    const length = this.members.rows.oidLength[row] as number;
    if (oid !== undefined) return `drop ${oid}`;
    return hasOid ? `drop ${textOf(reader.bytes, start, length)}` : `drop number ${row + 1}`;
  }

  #readSpec(reader: ByteReader): void {
    const start = reader.pos;
    const links = this.members.links.count;
    const row = this.members.rows.add(start + this.members.base);
    const now = this.members.now;
    reader.sawNonFinite = false;
    const shape = this.#readByShape(reader, start, links);
    const read = shape ? undefined : this.#readWithCare(reader, start);
    if (reader.sawNonFinite) now.flags |= SpecFlags.NON_FINITE;
    this.members.rows.specLength[row] = reader.pos - start;
    if ((read?.members.length === 0 || now.hasRmode) && reader.peek() === 0x5d)
      return this.#takeReprodata(reader, row, links);
    this.members.rows.flags[row] = now.flags;
    this.#settleUid(row, reader);
    if (!now.hasOid)
      this.#problem(
        'GRAPH_INVALID',
        `The ${this.#place(reader)} has no "oid"; every drop needs an id of its own.`,
      );
    if (shape) {
      this.members.rows.kind[row] = shape.facts.kind;
      this.members.rows.classId[row] = shape.facts.classId;
    } else if (read && this.#classify(reader) && !reader.sawNonFinite) this.#learn(reader, start, read);
    this.members.rows.nodeId[row] = intern(now.node, this.nodes, this.#nodeIds);
  }

  #settleUid(row: number, reader: ByteReader): void {
    if (this.members.uids.size === 0) return;
    const uid = this.members.uids.get(row);
    if (uid === undefined) return;
    if (this.members.now.hasOid && `drop ${uid}` === this.#place(reader)) this.members.uids.delete(row);
    else this.members.rows.flags[row] = (this.members.rows.flags[row] as number) | SpecFlags.OWN_UID;
  }

  /** The trailing element is no drop but graph-wide reproducibility data (spec/engine.md 8.1). */
  #takeReprodata(reader: ByteReader, row: number, links: number): void {
    const start = (this.members.rows.specStart[row] as number) - this.members.base;
    this.reprodata = JSON.parse(
      textOf(reader.bytes, start, this.members.rows.specLength[row] as number),
    ) as JsonObject;
    this.members.rows.pop();
    this.members.uids.delete(row);
    this.members.links.count = links;
  }

  // --- by shape ----------------------------------------------------------------------------------------------------

  /** Reads a dropspec that looks like an earlier one; undefined, with nothing noted, where it does not. */
  #readByShape(reader: ByteReader, start: number, links: number): SpecShape | undefined {
    const last = this.#lastShape;
    const row = this.members.rows.count - 1;
    this.members.now.start(row);
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
      this.members.links.count = links;
      this.members.rows.clear(row);
      this.members.uids.delete(row);
      this.members.now.start(row);
    }
    return undefined;
  }

  #fits(shape: SpecShape, reader: ByteReader): boolean {
    const now = this.members.now;
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
        this.members.read(member.key, reader);
        from = member.valueEnd;
      }
      this.#pass(step, reader, from, step.to);
      if (step.hole) this.members.read(step.hole.key, reader);
    }
    if (differing) shape.loosen(differing);
    return true;
  }

  /** Passes over a stretch that is as in the shape; what is noted by place is noted. */
  #pass(step: ShapeStep, reader: ByteReader, from: number, to: number): void {
    const shift = reader.pos - from + this.members.base;
    for (const member of step.noted) {
      if (member.valueStart < from || member.valueEnd > to) continue;
      const isName = member.key.role === KeyRoles.name;
      (isName ? this.members.rows.nameStart : this.members.rows.lgKeyStart)[this.members.now.row] =
        member.textStart + shift;
      (isName ? this.members.rows.nameLength : this.members.rows.lgKeyLength)[this.members.now.row] =
        member.textLength;
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
      const key = this.members.keyOf(reader);
      reader.peek();
      members.push(this.#member(key, reader, start));
    } while (reader.accept(0x2c));
    reader.expect(0x7d);
    return { members, structure };
  }

  #member(key: SpecKey, reader: ByteReader, start: number): ShapeMember {
    const { rows } = this.members;
    const now = this.members.now;
    const valueStart = reader.pos;
    const patches = this.members.patches.length;
    const before = now.flags;
    now.flags = 0;
    this.members.read(key, reader);
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
        ? ((isName ? rows.nameStart : rows.lgKeyStart)[now.row] as number) - this.members.base - start
        : 0,
      textLength: isNoted ? ((isName ? rows.nameLength : rows.lgKeyLength)[now.row] as number) : 0,
      isConstant: this.members.patches.length === patches,
    };
  }

  /** What the drop is, by the members that say so. */
  #classify(reader: ByteReader): boolean {
    const now = this.members.now;
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
    this.members.rows.kind[now.row] = what.kind;
    this.members.rows.classId[now.row] = intern(what.classPath, this.classes, this.#classIds);
    return true;
  }

  #learn(reader: ByteReader, start: number, { members, structure }: CarefullyRead): void {
    const { row, node } = this.members.now;
    const last = this.#lastShape;
    const classId = this.members.rows.classId[row] as number;
    const id = structure ^ Math.imul(classId + 1, 0x9e3779b1);
    let shape = this.#shapes.get(id);
    if (!shape || shape === last || shape === last?.next) {
      const bytes = reader.bytes.subarray(start, reader.pos);
      shape = new SpecShape(bytes, members, { kind: this.members.rows.kind[row] as number, classId, node });
      if (this.#shapes.size === MAX_SHAPES) this.#shapes.clear();
      this.#shapes.set(id, shape);
    }
    if (last) last.next = shape;
    this.#lastShape = shape;
  }
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
