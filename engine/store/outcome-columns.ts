/**
 * Outcomes of drops in columns. On the way to the store's thread many small objects would cost more than writing them,
 * so a batch travels as a few typed arrays; on disk the outcomes between two commits become blocks sorted by row:
 *
 *   rows     Uint32 per outcome
 *   hashes   32 bytes per outcome, zeros where it has none
 *   data     deflate( flags Uint16[n] | padding to 8 | sizeBytes Float64[n] | checksum Float64[n] | texts )
 *            texts: Uint32 length of each of the 5 texts of each outcome, then the bytes, field by field so that records
 *            lie beside records and compress well
 *
 * Contents lie in a table of their own. An outcome recorded again is in a later block, which counts.
 */
import { isAscii } from 'node:buffer';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { DropOutcome, TextColumn } from './contract.ts';
import { badBatch } from './errors.ts';
import type { Field } from './grid-checks.ts';
import { textAt } from './text-column.ts';
import { HASH_BYTES } from './layout.ts';

const TEXT_FIELDS = ['dataUrl', 'path', 'reason', 'facts', 'record'] as const;
const FIELDS = TEXT_FIELDS.length;
const RECORD = TEXT_FIELDS.indexOf('record');

/** Bits of `flags`: which fields are not null. The texts have the bits 0 to 4. */
const HAS_RECORD = 1 << RECORD;
const HAS_SIZE = 1 << 5;
const HAS_CHECKSUM = 1 << 6;
const HAS_HASH = 1 << 7;
const HAS_CONTENT = 1 << 8;

const NOTHING = new Uint8Array(0);

/** Outcomes and bytes of text of a block at most. */
const ROWS_PER_BLOCK = 256;
const BYTES_PER_BLOCK = 512 * 1024;

export interface OutcomeColumns {
  readonly rows: Uint32Array;
  readonly flags: Uint16Array;
  readonly sizeBytes: Float64Array;
  readonly checksum: Float64Array;
  readonly hashes: Uint8Array;
  /** The texts of the first outcome, then those of the second, ... in the order of TEXT_FIELDS. */
  readonly texts: TextColumn;
  /** Contents of those outcomes that have one, in order. */
  readonly contents: readonly Uint8Array[];
}

/** An outcome as a block has it: without its content, which is known to exist or not. */
export interface BlockOutcome {
  readonly outcome: DropOutcome;
  readonly hasContent: boolean;
}

/** Packs outcomes for the thread. Contents are copied. Throws where a content hash is no SHA-256 in hexadecimal. */
export function packOutcomes(outcomes: readonly DropOutcome[]): OutcomeColumns {
  const count = outcomes.length;
  const columns = {
    rows: new Uint32Array(count),
    flags: new Uint16Array(count),
    sizeBytes: new Float64Array(count),
    checksum: new Float64Array(count),
    hashes: new Uint8Array(count * HASH_BYTES),
  };
  const hashes = Buffer.from(columns.hashes.buffer);
  const texts: string[] = [];
  const contents: Uint8Array[] = [];
  for (const [i, outcome] of outcomes.entries()) {
    const { row, sizeBytes, checksum, contentHash, content } = outcome;
    let flags = 0;
    for (const [bit, field] of TEXT_FIELDS.entries()) {
      const text = outcome[field];
      if (text !== null) flags |= 1 << bit;
      texts.push(text ?? '');
    }
    if (sizeBytes !== null) flags |= HAS_SIZE;
    if (checksum !== null) flags |= HAS_CHECKSUM;
    if (contentHash !== null) {
      flags |= HAS_HASH;
      if (contentHash.length !== 64 || hashes.write(contentHash, i * HASH_BYTES, 'hex') !== HASH_BYTES) {
        throw badBatch(`the content hash of row ${row} is no SHA-256 in hexadecimal`, { row, contentHash });
      }
    }
    if (content !== null) {
      flags |= HAS_CONTENT;
      contents.push(new Uint8Array(content));
    }
    columns.rows[i] = row;
    columns.flags[i] = flags;
    columns.sizeBytes[i] = sizeBytes ?? 0;
    columns.checksum[i] = checksum ?? 0;
  }
  return { ...columns, texts: joinTexts(texts), contents };
}

/** As `textColumn`, by one encoding of all texts together: they are short and many. */
function joinTexts(texts: readonly string[]): TextColumn {
  const bytes = new TextEncoder().encode(texts.join(''));
  const offsets = new Uint32Array(texts.length + 1);
  const isPlain = isAscii(bytes);
  let total = 0;
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i] ?? '';
    total += isPlain ? text.length : Buffer.byteLength(text);
    offsets[i + 1] = total;
  }
  return { bytes, offsets };
}

/** Calls back for every outcome that has a content hash. */
export function eachHash(columns: OutcomeColumns, take: (row: number, hash: Buffer) => void): void {
  for (let i = 0; i < columns.rows.length; i++) {
    if (((columns.flags[i] ?? 0) & HAS_HASH) !== 0) take(columns.rows[i] ?? 0, hashAt(columns.hashes, i));
  }
}

/** Calls back for every outcome that has a content. */
export function eachContent(columns: OutcomeColumns, take: (row: number, content: Uint8Array) => void): void {
  let next = 0;
  for (let i = 0; i < columns.rows.length; i++) {
    if (((columns.flags[i] ?? 0) & HAS_CONTENT) === 0) continue;
    const content = columns.contents[next++];
    if (content === undefined) throw badBatch('outcomes have fewer contents than they say', {});
    take(columns.rows[i] ?? 0, content);
  }
}

function hashAt(hashes: Uint8Array, index: number): Buffer {
  return Buffer.from(hashes.buffer, hashes.byteOffset + index * HASH_BYTES, HASH_BYTES);
}

export interface OutcomeBlock {
  readonly minRow: number;
  readonly maxRow: number;
  readonly rows: Uint32Array;
  readonly hashes: Uint8Array;
  readonly data: Buffer;
}

/** Where an outcome lies among several batches. */
interface Place {
  readonly columns: OutcomeColumns;
  readonly index: number;
  readonly row: number;
}

/** Joins batches in their order of arrival and cuts them into blocks; of several outcomes of a row the last counts. */
export function mergeOutcomes(batches: readonly OutcomeColumns[]): OutcomeBlock[] {
  const blocks: OutcomeBlock[] = [];
  let part: Place[] = [];
  let bytes = 0;
  for (const place of placesByRow(batches)) {
    part.push(place);
    bytes += bytesOf(place);
    if (part.length < ROWS_PER_BLOCK && bytes < BYTES_PER_BLOCK) continue;
    blocks.push(encode(part));
    part = [];
    bytes = 0;
  }
  if (part.length > 0) blocks.push(encode(part));
  return blocks;
}

function placesByRow(batches: readonly OutcomeColumns[]): Iterable<Place> {
  const places: Place[] = [];
  let isAscending = true;
  let last = -1;
  for (const columns of batches) {
    for (let index = 0; index < columns.rows.length; index++) {
      const row = columns.rows[index] ?? 0;
      places.push({ columns, index, row });
      if (row <= last) isAscending = false;
      last = row;
    }
  }
  if (isAscending) return places;
  const latest = new Map(places.map((place) => [place.row, place]));
  return [...latest.values()].sort((a, b) => a.row - b.row);
}

function bytesOf({ columns, index }: Place): number {
  const { offsets } = columns.texts;
  return (offsets[(index + 1) * FIELDS] ?? 0) - (offsets[index * FIELDS] ?? 0);
}

/** Where the columns of the deflated part begin. */
function layoutOf(count: number): {
  readonly sizes: number;
  readonly lengths: number;
  readonly bytes: number;
} {
  const sizes = Math.ceil((count * 2) / 8) * 8;
  const lengths = sizes + count * 16;
  return { sizes, lengths, bytes: lengths + count * FIELDS * 4 };
}

function encode(places: readonly Place[]): OutcomeBlock {
  const count = places.length;
  const layout = layoutOf(count);
  const plain = new Uint8Array(layout.bytes + places.reduce((sum, place) => sum + bytesOf(place), 0));
  const flags = new Uint16Array(plain.buffer, 0, count);
  const sizes = new Float64Array(plain.buffer, layout.sizes, count * 2);
  const lengths = new Uint32Array(plain.buffer, layout.lengths, count * FIELDS);
  const rows = new Uint32Array(count);
  const hashes = new Uint8Array(count * HASH_BYTES);
  for (const [i, { columns, index, row }] of places.entries()) {
    rows[i] = row;
    flags[i] = columns.flags[index] ?? 0;
    sizes[i] = columns.sizeBytes[index] ?? 0;
    sizes[count + i] = columns.checksum[index] ?? 0;
    hashes.set(hashAt(columns.hashes, index), i * HASH_BYTES);
  }
  let end = layout.bytes;
  for (let field = 0; field < FIELDS; field++) {
    for (const [i, { columns, index }] of places.entries()) {
      const { offsets, bytes } = columns.texts;
      const from = offsets[index * FIELDS + field] ?? 0;
      const to = offsets[index * FIELDS + field + 1] ?? from;
      lengths[field * count + i] = to - from;
      if (to === from) continue;
      plain.set(bytes.subarray(from, to), end);
      end += to - from;
    }
  }
  const [minRow, maxRow] = [rows[0] ?? 0, rows[count - 1] ?? 0];
  return { minRow, maxRow, rows, hashes, data: deflateRawSync(plain, { level: 1 }) };
}

/** A block read back. */
export class OutcomeReader {
  readonly #rows: Uint32Array;
  readonly #hashes: Uint8Array;
  readonly #flags: Uint16Array;
  readonly #sizes: Float64Array;
  readonly #texts: TextColumn;

  /** Memory it takes, roughly. */
  readonly sizeBytes: number;

  constructor(rows: Uint32Array, hashes: Uint8Array = NOTHING, data: Uint8Array = NOTHING) {
    const plain = data.length === 0 ? NOTHING : new Uint8Array(inflateRawSync(data));
    const count = rows.length;
    const layout = layoutOf(count);
    const lengths = new Uint32Array(plain.buffer, layout.lengths, count * FIELDS);
    const offsets = new Uint32Array(count * FIELDS + 1);
    for (let i = 0; i < lengths.length; i++) offsets[i + 1] = (offsets[i] ?? 0) + (lengths[i] ?? 0);
    this.sizeBytes = plain.length + hashes.length + rows.byteLength * FIELDS;
    this.#rows = rows;
    this.#hashes = hashes;
    this.#flags = new Uint16Array(plain.buffer, 0, count);
    this.#sizes = new Float64Array(plain.buffer, layout.sizes, count * 2);
    this.#texts = { bytes: plain.subarray(layout.bytes), offsets };
  }

  /** UTF-8 of the record of an outcome, or null where it has none. */
  recordBytes(index: number): Uint8Array | null {
    if (((this.#flags[index] ?? 0) & HAS_RECORD) === 0) return null;
    const { bytes, offsets } = this.#texts;
    const at = RECORD * this.#rows.length + index;
    return bytes.subarray(offsets[at], offsets[at + 1]);
  }

  /** All fields as they are kept: flags, size, checksum, hash, then the texts. */
  fields(): Field[] {
    const count = this.#rows.length;
    const numbers = (from: number): Uint8Array =>
      new Uint8Array(this.#sizes.buffer, this.#sizes.byteOffset + from * 8, count * 8);
    const { bytes, offsets } = this.#texts;
    return [
      { bytes: new Uint8Array(this.#flags.buffer, this.#flags.byteOffset, count * 2), width: 2 },
      { bytes: numbers(0), width: 8 },
      { bytes: numbers(count), width: 8 },
      { bytes: this.#hashes, width: HASH_BYTES },
      ...TEXT_FIELDS.map((_, field) => ({
        bytes,
        offsets: offsets.subarray(field * count, (field + 1) * count + 1),
      })),
    ];
  }

  at(index: number): BlockOutcome {
    const count = this.#rows.length;
    const flags = this.#flags[index] ?? 0;
    const has = (bit: number) => (flags & bit) !== 0;
    const text = (field: number) => (has(1 << field) ? textAt(this.#texts, field * count + index) : null);
    return {
      hasContent: has(HAS_CONTENT),
      outcome: {
        row: this.#rows[index] ?? 0,
        sizeBytes: has(HAS_SIZE) ? (this.#sizes[index] ?? 0) : null,
        checksum: has(HAS_CHECKSUM) ? (this.#sizes[count + index] ?? 0) : null,
        contentHash: has(HAS_HASH) ? hashAt(this.#hashes, index).toString('hex') : null,
        dataUrl: text(0),
        path: text(1),
        content: null,
        reason: text(2),
        facts: text(3),
        record: text(4),
      },
    };
  }
}
