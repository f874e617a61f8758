/**
 * Reads the members of dropspecs into the columns of a graph: ids, names and links by place, what decides the kind of a
 * drop as text, everything else passed over with its syntax checked.
 */
import { DROPLinkType, LINK_SPEC_KEY } from '../protocol/index.ts';
import { hashBytes, sameBytes } from './byte-index.ts';
import type { ByteReader } from './byte-reader.ts';
import { SpecFlags } from './physical-graph.ts';
import { LinkColumns, RowColumns } from './rows.ts';
import { KeyRoles, SPEC_KEYS, type SpecKey } from './spec-keys.ts';

const PARAMETER: SpecKey = { role: KeyRoles.parameter };

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

export class SpecMembers {
  readonly rows = new RowColumns();
  readonly links = new LinkColumns();
  readonly uids = new Map<number, string>();
  /** Plain copies of texts with escapes; their starts count down from -1 until they are settled. */
  readonly patches: Uint8Array[] = [];
  patchBytes = 0;
  /** The dropspec that is being read. */
  readonly now = new Current();
  /** Where the document that is being read stands in the text of the graph. */
  base = 0;
  readonly #lastTexts = new Map<KeyRoles, { readonly bytes: Uint8Array; readonly text: string }>();
  /** Keys met so far -> their meaning, by hash of their bytes: most keys of a graph are met a million times. */
  readonly #keyCache = new Map<number, { readonly bytes: Uint8Array; readonly key: SpecKey }>();

  /** Reads the value of a member; the reader stands behind the colon. */
  read({ role, link }: SpecKey, reader: ByteReader): void {
    const now = this.now;
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
      this.now.hasRmode ||= !isFalsy;
      this.now.flags |= SpecFlags.PARAMETERS;
    } else if (!isEmpty) this.now.flags |= SpecFlags.PARAMETERS;
  }

  keyOf(reader: ByteReader): SpecKey {
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
    if (!reader.stringEscaped) return reader.stringStart + this.base;
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
    starts[this.now.row] = this.#startOf(reader);
    lengths[this.now.row] = this.#lengthOf(reader);
  }

  #oid(reader: ByteReader): void {
    const now = this.now;
    this.#id(reader, this.rows.oidStart, this.rows.oidLength);
    now.hasOid = reader.stringEnd > reader.stringStart;
    now.oid = reader.stringEscaped ? reader.stringText() : undefined;
  }

  #token(reader: ByteReader): void {
    if (reader.peek() === 0x22) return this.#id(reader, this.rows.lgKeyStart, this.rows.lgKeyLength);
    const start = reader.pos;
    reader.skipValue();
    this.rows.lgKeyStart[this.now.row] = start + this.base;
    this.rows.lgKeyLength[this.now.row] = reader.pos - start;
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
    this.links.add(this.now.row, type, start, this.#lengthOf(reader));
  }
}

/** UTF-8 text of some bytes. */
export function textOf(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8');
}
