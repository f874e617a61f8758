/**
 * Makes a PhysicalGraph of one or more submitted lists of dropspecs: one pass over the bytes notes where everything is,
 * a second resolves the links. Every complaint names the drop (spec/engine.md section 8; issue "bad input").
 */
import {
  DROPLinkType,
  EdgeTable,
  INVERSE_LINK,
  InvalidGraphException,
  LINK_SPEC_KEY,
  type ErrorCode,
  type JsonObject,
} from '../protocol/index.ts';
import { ByteIndex, hashBytes, sameBytes } from './byte-index.ts';
import { ByteReader } from './byte-reader.ts';
import { Column8, Column16, Column32 } from './columns.ts';
import { findCycle } from './cycles.ts';
import { PhysicalGraph, SpecFlags } from './physical-graph.ts';
import { classify, KeyRoles, SPEC_KEYS, SpecKinds, type SpecKey } from './spec-keys.ts';

/** Texts above this are refused: positions are 32-bit and the text is held while the session runs. */
export const MAX_GRAPH_BYTES = 2 ** 31 - 2 ** 20;

/** At most this many complaints are collected before the graph is given back. */
const MAX_PROBLEMS = 20;

export interface GraphProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The members of the dropspec being read that decide what it is. */
interface Current {
  /** Text of the oid, made when an error needs it. */
  oid: (() => string) | undefined;
  hasOid: boolean;
  category: string | undefined;
  dropclass: string | undefined;
  storage: string | undefined;
  node: string;
  flags: number;
}

const PARAMETER: SpecKey = { role: KeyRoles.parameter };

export class GraphBuilder {
  readonly #problems: GraphProblem[] = [];
  readonly #warnings: string[] = [];
  readonly #specStart = new Column32();
  readonly #specLength = new Column32();
  readonly #oidStart = new Column32();
  readonly #oidLength = new Column32();
  readonly #nameStart = new Column32();
  readonly #nameLength = new Column32();
  readonly #lgKeyStart = new Column32();
  readonly #lgKeyLength = new Column32();
  readonly #kind = new Column8();
  readonly #flags = new Column8();
  readonly #classId = new Column16();
  readonly #nodeId = new Column16();
  readonly #classes: string[] = [];
  readonly #classIds = new Map<string, number>();
  readonly #nodes: string[] = [];
  readonly #nodeIds = new Map<string, number>();
  readonly #uids = new Map<number, string>();
  /** Links as they were met: row, link type, and where the other id stands. */
  readonly #refRow = new Column32();
  readonly #refType = new Column8();
  readonly #refStart = new Column32();
  readonly #refLength = new Column32();
  readonly #links: { readonly lhs: string; readonly rhs: string; readonly type: DROPLinkType }[] = [];
  readonly #patches: Uint8Array[] = [];
  #patchLength = 0;
  readonly #lastTexts = new Map<KeyRoles, { readonly bytes: Uint8Array; readonly text: string }>();
  #text = new Uint8Array(0);
  #textLength = 0;
  #reprodata: JsonObject | undefined;
  /** Keys met so far -> their meaning, by hash of their bytes: most keys of a graph are met a million times. */
  readonly #keyCache = new Map<number, { readonly bytes: Uint8Array; readonly key: SpecKey }>();

  /** Reads one submitted list (UTF-8 JSON). The bytes are kept, not copied, when they are the only ones. */
  add(bytes: Uint8Array): void {
    if (this.#textLength + bytes.length > MAX_GRAPH_BYTES)
      throw new InvalidGraphException(
        `The graph is ${((this.#textLength + bytes.length) / 2 ** 30).toFixed(1)} GiB of text; at most ${(MAX_GRAPH_BYTES / 2 ** 30).toFixed(1)} GiB can be run. Split it into several sessions.`,
        { details: { bytes: this.#textLength + bytes.length, limit: MAX_GRAPH_BYTES } },
        'GRAPH_TOO_LARGE',
      );
    const base = this.#textLength;
    if (base === 0) this.#text = bytes as Uint8Array<ArrayBuffer>;
    else {
      const joined = new Uint8Array(base + bytes.length);
      joined.set(this.#text.subarray(0, base));
      joined.set(bytes, base);
      this.#text = joined;
    }
    this.#textLength = base + bytes.length;
    const reader = new ByteReader(bytes);
    this.#readDocument(reader, base);
  }

  /** "lhs is a `type` of rhs", added after the lists (REST `graph/link`). */
  link(lhs: string, type: DROPLinkType, rhs: string): void {
    this.#links.push({ lhs, type, rhs });
  }

  // --- first pass --------------------------------------------------------------------------------------------------

  #readDocument(reader: ByteReader, base: number): void {
    if (reader.peek() === -1) reader.fail('the text is empty; a list of drops was expected');
    // Lists that were appended one after the other stand one after the other in the history.
    while (reader.peek() !== -1) this.#readOneList(reader, base);
  }

  #readOneList(reader: ByteReader, base: number): void {
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
      this.#readList(reader, base);
      reader.expect(0x5d);
    } else this.#readList(reader, base);
  }

  #readList(reader: ByteReader, base: number): void {
    if (reader.accept(0x5d)) return;
    do {
      if (reader.peek() !== 0x7b)
        reader.fail(`element ${this.#kind.length + 1} of the list must be an object that describes a drop`);
      this.#readSpec(reader, base);
    } while (reader.accept(0x2c));
    reader.expect(0x5d);
  }

  #readSpec(reader: ByteReader, base: number): void {
    const row = this.#kind.length;
    const now: Current = {
      oid: undefined,
      hasOid: false,
      category: undefined,
      dropclass: undefined,
      storage: undefined,
      node: '',
      flags: 0,
    };
    reader.place = () => (now.oid === undefined ? `drop number ${row + 1}` : `drop ${now.oid()}`);
    reader.sawNonFinite = false;
    const start = reader.pos;
    const refs = this.#refRow.length;
    let hasRmode = false;
    let keys = 0;
    this.#pushRow(start + base);
    reader.pos++;
    if (!reader.accept(0x7d)) {
      do {
        keys++;
        reader.readKey();
        hasRmode = this.#member(reader, base, row, now) || hasRmode;
      } while (reader.accept(0x2c));
      reader.expect(0x7d);
    }
    if (reader.sawNonFinite) now.flags |= SpecFlags.NON_FINITE;
    this.#specLength.set(row, reader.pos - start);
    if (reader.peek() === 0x5d && (keys === 0 || hasRmode)) return this.#takeReprodata(row, refs);
    this.#finishSpec(reader, row, now);
  }

  #pushRow(specStart: number): void {
    this.#specStart.push(specStart);
    for (const column of [
      this.#specLength,
      this.#oidStart,
      this.#oidLength,
      this.#nameStart,
      this.#nameLength,
      this.#lgKeyStart,
      this.#lgKeyLength,
    ])
      column.push(0);
    this.#kind.push(0);
    this.#flags.push(0);
    this.#classId.push(0);
    this.#nodeId.push(0);
  }

  /** The trailing element is no drop but graph-wide reproducibility data (spec 8.1). */
  #takeReprodata(row: number, refs: number): void {
    const start = this.#specStart.get(row);
    const bytes = this.#text.subarray(start, start + this.#specLength.get(row));
    this.#reprodata = JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'),
    ) as JsonObject;
    for (const column of [
      this.#specStart,
      this.#specLength,
      this.#oidStart,
      this.#oidLength,
      this.#nameStart,
      this.#nameLength,
      this.#lgKeyStart,
      this.#lgKeyLength,
    ])
      column.pop();
    this.#kind.pop();
    this.#flags.pop();
    this.#classId.pop();
    this.#nodeId.pop();
    while (this.#refRow.length > refs) {
      this.#refRow.pop();
      this.#refType.pop();
      this.#refStart.pop();
      this.#refLength.pop();
    }
  }

  /** One member of a dropspec; the reader stands behind the colon. True for a truthy `rmode`. */
  #member(reader: ByteReader, base: number, row: number, now: Current): boolean {
    const { role, link } = this.#keyOf(reader);
    switch (role) {
      case KeyRoles.inert:
      case KeyRoles.island:
        reader.skipValue();
        break;
      case KeyRoles.relation:
        this.#relation(reader, base, row, link as DROPLinkType);
        break;
      case KeyRoles.parent:
        if (reader.peek() === 0x6e) reader.skipValue();
        else this.#reference(reader, base, row, DROPLinkType.PARENT);
        break;
      case KeyRoles.oid:
        this.#id(reader, base, row, this.#oidStart, this.#oidLength);
        now.oid = textAt(reader);
        now.hasOid = reader.stringEnd > reader.stringStart;
        break;
      case KeyRoles.uid: {
        reader.readString();
        this.#uids.set(row, reader.stringText());
        break;
      }
      case KeyRoles.name:
        if (reader.peek() === 0x22) this.#id(reader, base, row, this.#nameStart, this.#nameLength);
        else reader.skipValue();
        break;
      case KeyRoles.lgKey:
        this.#token(reader, base, row);
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
      case KeyRoles.rmode: {
        const at = reader.pos;
        reader.skipValue();
        now.flags |= SpecFlags.PARAMETERS;
        return !['null', '0', '""', 'false'].includes(
          Buffer.from(reader.bytes.subarray(at, reader.pos)).toString('utf8').trim(),
        );
      }
      default: {
        const first = reader.peek();
        const at = reader.pos;
        reader.skipValue();
        // Nothing said: null, "", {} and [].
        const empty =
          first === 0x6e || (reader.pos - at === 2 && (first === 0x22 || first === 0x7b || first === 0x5b));
        if (!empty) now.flags |= SpecFlags.PARAMETERS;
      }
    }
    return false;
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

  /** Notes where a text stands; one with escapes gets a plain copy behind the graph's text. */
  #span(reader: ByteReader, base: number): [start: number, length: number] {
    if (!reader.stringEscaped) return [reader.stringStart + base, reader.stringEnd - reader.stringStart];
    const plain = Buffer.from(reader.stringText(), 'utf8');
    this.#patches.push(plain);
    this.#patchLength += plain.length;
    // Counted from the end of what is there; settled in #joinPatches.
    return [-(this.#patchLength - plain.length) - 1, plain.length];
  }

  #id(reader: ByteReader, base: number, row: number, starts: Column32, lengths: Column32): void {
    reader.readString();
    const [start, length] = this.#span(reader, base);
    starts.set(row, start >>> 0);
    lengths.set(row, length);
  }

  #token(reader: ByteReader, base: number, row: number): void {
    if (reader.peek() === 0x22) {
      this.#id(reader, base, row, this.#lgKeyStart, this.#lgKeyLength);
      return;
    }
    const start = reader.pos;
    reader.skipValue();
    this.#lgKeyStart.set(row, start + base);
    this.#lgKeyLength.set(row, reader.pos - start);
  }

  #relation(reader: ByteReader, base: number, row: number, type: DROPLinkType): void {
    if (reader.peek() === 0x6e) return reader.skipValue();
    if (reader.peek() !== 0x5b)
      reader.fail(`"${LINK_SPEC_KEY[type]}" must be a list of ids or of {"id": "port"} maps`);
    reader.pos++;
    if (reader.accept(0x5d)) return;
    do this.#reference(reader, base, row, type);
    while (reader.accept(0x2c));
    reader.expect(0x5d);
  }

  /** An id, or a map with one id as key and the port name as value. */
  #reference(reader: ByteReader, base: number, row: number, type: DROPLinkType): void {
    const first = reader.peek();
    if (first === 0x22) {
      reader.readString();
      this.#pushReference(reader, base, row, type);
    } else if (first === 0x7b) {
      reader.pos++;
      if (reader.accept(0x7d)) return;
      do {
        reader.readKey();
        this.#pushReference(reader, base, row, type);
        reader.skipValue();
      } while (reader.accept(0x2c));
      reader.expect(0x7d);
    } else reader.fail(`"${LINK_SPEC_KEY[type]}" must hold ids (texts) or {"id": "port"} maps`);
  }

  #pushReference(reader: ByteReader, base: number, row: number, type: DROPLinkType): void {
    const [start, length] = this.#span(reader, base);
    this.#refRow.push(row);
    this.#refType.push(type);
    this.#refStart.push(start >>> 0);
    this.#refLength.push(length);
  }

  #finishSpec(reader: ByteReader, row: number, now: Current): void {
    if (!now.hasOid)
      this.#problem(
        'GRAPH_INVALID',
        `The ${reader.place()} has no "oid"; every drop needs an id of its own.`,
      );
    if (now.category === undefined)
      this.#problem(
        'GRAPH_INVALID',
        `The ${reader.place()} has no "categoryType"; one of Data, Application, Container, Socket was expected.`,
      );
    else {
      const what = classify(now.category, now.dropclass, now.storage);
      if (typeof what === 'string') this.#problem('GRAPH_INVALID', `In ${reader.place()}: ${what}.`);
      else {
        this.#kind.set(row, what.kind);
        this.#classId.set(row, intern(what.classPath, this.#classes, this.#classIds));
      }
    }
    this.#nodeId.set(row, intern(now.node, this.#nodes, this.#nodeIds));
    const uid = this.#uids.get(row);
    if (uid !== undefined) {
      if (uid === now.oid?.()) this.#uids.delete(row);
      else now.flags |= SpecFlags.OWN_UID;
    }
    this.#flags.set(row, now.flags);
  }

  #problem(code: ErrorCode, message: string): void {
    this.#problems.push({ code, message });
    if (this.#problems.length >= MAX_PROBLEMS) this.#giveUp();
  }

  #giveUp(): never {
    const [first] = this.#problems;
    const more = this.#problems.length - 1;
    throw new InvalidGraphException(
      `${first?.message}${more > 0 ? ` (and ${more} more problem${more > 1 ? 's' : ''})` : ''}`,
      { details: { problems: this.#problems } },
      first?.code ?? 'GRAPH_INVALID',
    );
  }

  // --- second pass -------------------------------------------------------------------------------------------------

  /** The finished graph. Throws InvalidGraphException with all problems found (`details.problems`). */
  finish(): PhysicalGraph {
    this.#joinPatches();
    const count = this.#kind.length;
    const index = ByteIndex.forRows(count);
    const text = this.#text;
    const oidStart = this.#oidStart.done();
    const oidLength = this.#oidLength.done();
    for (let row = 0; row < count; row++) {
      const start = oidStart[row] as number;
      const length = oidLength[row] as number;
      const same = (other: number) =>
        oidLength[other] === length && sameBytes(text, oidStart[other] as number, text, start, length);
      if (length > 0 && index.insert(row, hashBytes(text, start, length), same) >= 0)
        this.#problem(
          'GRAPH_DUPLICATE_OID',
          `Two drops have the id "${this.#textAt(start, length)}"; every drop needs an id of its own.`,
        );
    }
    const edges = this.#resolve(index, oidStart, oidLength);
    if (this.#problems.length > 0) this.#giveUp();
    const columns = {
      count,
      text,
      specStart: this.#specStart.done(),
      specLength: this.#specLength.done(),
      oidStart,
      oidLength,
      nameStart: this.#nameStart.done(),
      nameLength: this.#nameLength.done(),
      lgKeyStart: this.#lgKeyStart.done(),
      lgKeyLength: this.#lgKeyLength.done(),
      kind: this.#kind.done(),
      flags: this.#flags.done(),
      classId: this.#classId.done(),
      nodeId: this.#nodeId.done(),
      classes: this.#classes,
      nodes: this.#nodes,
      uids: this.#uids,
      indexSlots: index.slots,
      indexHashes: index.hashes,
      consumers: edges.consumers.export(),
      streaming: edges.streaming.export(),
      outputs: edges.outputs.export(),
      children: edges.children.export(),
      reprodata: this.#reprodata,
      warnings: this.#warnings,
    };
    const graph = new PhysicalGraph(columns);
    const cycle = findCycle(graph);
    if (cycle) {
      const names = cycle.map((row) => graph.oid(row));
      this.#problem(
        'GRAPH_CYCLE',
        `The graph has a cycle: ${[...names.slice(0, 6), ...(names.length > 6 ? ['...'] : []), names[0]].join(' -> ')}. No drop of it could ever start; remove one of these links.`,
      );
      this.#giveUp();
    }
    return graph;
  }

  #joinPatches(): void {
    const base = this.#textLength;
    const text = this.#patchLength === 0 ? this.#text : new Uint8Array(base + this.#patchLength);
    if (this.#patchLength > 0) {
      text.set(this.#text.subarray(0, base));
      let at = base;
      for (const patch of this.#patches) {
        text.set(patch, at);
        at += patch.length;
      }
      const settle = (starts: Column32) => {
        for (let i = 0; i < starts.length; i++) {
          const start = starts.get(i) | 0;
          if (start < 0) starts.set(i, base - start - 1);
        }
      };
      for (const starts of [this.#oidStart, this.#nameStart, this.#lgKeyStart, this.#refStart])
        settle(starts);
    }
    this.#text = text;
  }

  #textAt(start: number, length: number): string {
    return Buffer.from(this.#text.buffer, this.#text.byteOffset + start, length).toString('utf8');
  }

  #resolve(index: ByteIndex, oidStart: Uint32Array, oidLength: Uint32Array) {
    const edges = {
      consumers: new EdgeTable(),
      streaming: new EdgeTable(),
      outputs: new EdgeTable(),
      children: new EdgeTable(),
    };
    const text = this.#text;
    const total = this.#refRow.length;
    edges.consumers.reserve(this.#kind.length, Math.ceil(total / 4));
    edges.outputs.reserve(this.#kind.length, Math.ceil(total / 4));
    for (let i = 0; i < total; i++) {
      const start = this.#refStart.get(i);
      const length = this.#refLength.get(i);
      const other = index.find(
        hashBytes(text, start, length),
        (row) => oidLength[row] === length && sameBytes(text, oidStart[row] as number, text, start, length),
      );
      const row = this.#refRow.get(i);
      const type = this.#refType.get(i) as DROPLinkType;
      const place = () => this.#textAt(oidStart[row] as number, oidLength[row] as number);
      if (other < 0) this.#dangling(place(), type, this.#textAt(start, length));
      else this.#connect(edges, type, other, row);
    }
    for (const { lhs, type, rhs } of this.#links) {
      const find = (oid: string) => {
        const key = Buffer.from(oid, 'utf8');
        const row = index.find(
          hashBytes(key, 0, key.length),
          (r) => oidLength[r] === key.length && sameBytes(text, oidStart[r] as number, key, 0, key.length),
        );
        if (row < 0)
          this.#problem(
            'GRAPH_DANGLING_LINK',
            `The link ${lhs} - ${rhs} names the drop "${oid}", which is not in the graph.`,
          );
        return row;
      };
      const l = find(lhs);
      const r = find(rhs);
      // The dropspec of lhs would list rhs under `type`.
      if (l >= 0 && r >= 0) this.#connect(edges, type, r, l);
    }
    return edges;
  }

  /**
   * A link to a drop that is not there. An output nobody made room for is lost but stops nothing, and graphs with such
   * run on DALiuGE; everything else that dangles is refused.
   */
  #dangling(oid: string, type: DROPLinkType, target: string): void {
    if (type === DROPLinkType.OUTPUT) {
      if (this.#warnings.length < MAX_PROBLEMS)
        this.#warnings.push(
          `Drop ${oid} lists the output "${target}", which is not in the graph; the link is left out.`,
        );
      return;
    }
    this.#problem(
      'GRAPH_DANGLING_LINK',
      `Drop ${oid} lists "${target}" among its "${LINK_SPEC_KEY[type]}", but the graph has no such drop; add it or remove the link.`,
    );
  }

  /** The dropspec of `row` lists `other` under the key of `type`. */
  #connect(
    edges: { consumers: EdgeTable; streaming: EdgeTable; outputs: EdgeTable; children: EdgeTable },
    type: DROPLinkType,
    other: number,
    row: number,
  ): void {
    const forward =
      type === DROPLinkType.CONSUMER ||
      type === DROPLinkType.STREAMING_CONSUMER ||
      type === DROPLinkType.OUTPUT ||
      type === DROPLinkType.CHILD;
    const [from, to] = forward ? [row, other] : [other, row];
    const normal = forward ? type : (INVERSE_LINK[type] as DROPLinkType);
    const table =
      normal === DROPLinkType.CONSUMER
        ? edges.consumers
        : normal === DROPLinkType.STREAMING_CONSUMER
          ? edges.streaming
          : normal === DROPLinkType.OUTPUT
            ? edges.outputs
            : edges.children;
    if (table.has(from, to)) return;
    if (table !== edges.children && !this.#fits(table === edges.outputs, from, to)) return;
    table.add(from, to);
  }

  #fits(isOutput: boolean, from: number, to: number): boolean {
    const app = (row: number) =>
      this.#kind.get(row) === SpecKinds.app || this.#kind.get(row) === SpecKinds.socket;
    const [appRow, dataRow] = isOutput ? [from, to] : [to, from];
    if (app(appRow) && !app(dataRow)) return true;
    const name = (row: number) => this.#textAt(this.#oidStart.get(row), this.#oidLength.get(row));
    this.#problem(
      'RELATIONSHIP_INVALID',
      `The link ${name(from)} -> ${name(to)} joins two ${app(appRow) ? 'applications' : 'data drops'}; data and applications must alternate. Put a ${app(appRow) ? 'data drop' : 'application'} between them.`,
    );
    return false;
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

/** The text of the string a reader has just passed over, when it is asked for. */
function textAt(reader: ByteReader): () => string {
  const { stringStart, stringEnd, stringEscaped, bytes } = reader;
  return () => {
    const raw = Buffer.from(bytes.buffer, bytes.byteOffset + stringStart, stringEnd - stringStart).toString(
      'utf8',
    );
    return stringEscaped ? (JSON.parse(`"${raw}"`) as string) : raw;
  };
}
