/**
 * What is kept of a session so that comparing it with another need not read its records: who depends on whom, and a hash
 * of what counts of each drop. Two sessions of one structure then differ where these hashes differ, and only the records
 * of those drops are read.
 *
 * The text, little endian: "weircmp1" | drops, edges (4 bytes each) | SHA-256 of ids and edges (32) | where each drop's
 * inputs begin (4 * (drops + 1)) | rows of the inputs (4 * edges) | the first 16 bytes of a SHA-256 per drop.
 */

import { createHash, hash } from 'node:crypto';

import type { EdgeTable } from '../protocol/index.ts';
import type { Alignment } from './align.ts';
import {
  type ComparableDrop,
  compareAligned,
  type Comparison,
  type ComparisonOptions,
  type ComparisonSide,
  differences,
  type SignatureTable,
} from './compare.ts';
import { sideOfRecords } from './compare-sides.ts';
import type { DropRecord } from './drop-record.ts';
import type { Texts } from './record-stream.ts';
import { buildTopology } from './topology.ts';

/** Name under which it is kept with a session. */
export const COMPARISON_DOCUMENT = 'comparison';
const MAGIC = Buffer.from('weircmp1');
const HEAD = MAGIC.length + 8;
const STRUCTURE = 32;
const CLAIMS = 16;
/** Claims are compared in stretches of so many drops first. */
const STRETCH = 256;

const SESSION = ',"sessionId":"';
const REUSED = /,"reusedFrom":\{"oid":"(?:[^"\\]|\\.)*","sessionId":"(?:[^"\\]|\\.)*"\}$/;

/**
 * The part of a record's text that a comparison may look at: all but which session it was, from which one it was taken
 * over, and when. What comes after the session's id in the canonical order has no key of that name.
 */
function claimText(record: string): string {
  const text = record.slice(0, record.lastIndexOf(SESSION));
  return text.endsWith('"}') ? text.replace(REUSED, '') : text;
}

export interface SessionEdges {
  readonly consumers: EdgeTable;
  readonly streaming: EdgeTable;
  readonly outputs: EdgeTable;
}

/** Collects it, one record after the other. */
export class ComparisonKeeper {
  readonly #claims: Buffer;
  #count = 0;

  constructor(count: number) {
    this.#claims = Buffer.alloc(count * CLAIMS);
  }

  /** Adds the text of the next record. */
  add(record: string): void {
    this.addClaims(claimText(record));
  }

  /** Adds the part of the next record's text that a comparison may look at. */
  addClaims(claims: string | Uint8Array): void {
    hash('sha256', claims, 'buffer').copy(this.#claims, this.#count++ * CLAIMS, 0, CLAIMS);
  }

  /** The bytes to keep. */
  finish(
    oids: Texts,
    isApp: Uint8Array,
    { consumers, streaming, outputs }: SessionEdges,
  ): Uint8Array<ArrayBuffer> {
    const count = isApp.length;
    const begins = new Uint32Array(count + 1);
    const inputs: number[] = [];
    for (let row = 0; row < count; row++) {
      const lists = isApp[row] === 1 ? [consumers, streaming] : [outputs];
      for (const list of lists) for (const input of list.sources(row)) inputs.push(input);
      begins[row + 1] = inputs.length;
    }
    const edges = Uint32Array.from(inputs);
    const structure = createHash('sha256');
    for (const part of [oids.offsets, oids.bytes, begins, edges]) structure.update(bytesOf(part));
    const head = Buffer.alloc(HEAD);
    MAGIC.copy(head);
    head.writeUInt32LE(count, MAGIC.length);
    head.writeUInt32LE(edges.length, MAGIC.length + 4);
    return new Uint8Array(
      Buffer.concat([head, structure.digest(), bytesOf(begins), bytesOf(edges), this.#claims]),
    );
  }
}

const bytesOf = (array: Uint8Array | Uint32Array): Buffer =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength);

export interface KeptComparison {
  readonly count: number;
  readonly structure: Uint8Array;
  /** Inputs of drop i: `inputs[begins[i]]` to `inputs[begins[i + 1] - 1]`. */
  readonly begins: Uint32Array;
  readonly inputs: Uint32Array;
  readonly claims: Uint8Array;
}

/** Reads it; undefined for what is something else, or of a version that is not known. */
export function readKeptComparison(bytes: Uint8Array | undefined): KeptComparison | undefined {
  if (bytes === undefined || bytes.length < HEAD + STRUCTURE) return undefined;
  // A copy begins where numbers of four bytes may begin.
  const own = new Uint8Array(bytes);
  const head = Buffer.from(own.buffer, 0, HEAD);
  if (MAGIC.compare(head, 0, MAGIC.length) !== 0) return undefined;
  const count = head.readUInt32LE(MAGIC.length);
  const edges = head.readUInt32LE(MAGIC.length + 4);
  const begin = HEAD + STRUCTURE;
  const claims = begin + 4 * (count + 1 + edges);
  if (own.length !== claims + count * CLAIMS) return undefined;
  return {
    count,
    structure: own.subarray(HEAD, begin),
    begins: new Uint32Array(own.buffer, begin, count + 1),
    inputs: new Uint32Array(own.buffer, begin + 4 * (count + 1), edges),
    claims: own.subarray(claims),
  };
}

/** The rows in which two sessions may differ; undefined where they are not of one structure. */
export function differingRows(a: KeptComparison, b: KeptComparison): number[] | undefined {
  if (Buffer.compare(a.structure, b.structure) !== 0) return undefined;
  const rows: number[] = [];
  const isSame = (from: number, end: number): boolean =>
    Buffer.compare(
      a.claims.subarray(from * CLAIMS, end * CLAIMS),
      b.claims.subarray(from * CLAIMS, end * CLAIMS),
    ) === 0;
  for (let from = 0; from < a.count; from += STRETCH) {
    const end = Math.min(a.count, from + STRETCH);
    if (isSame(from, end)) continue;
    for (let row = from; row < end; row++) if (!isSame(row, row + 1)) rows.push(row);
  }
  return rows;
}

/** One session of a comparison of kept hashes: the records of the differing rows, in their order. */
export interface KeptSide {
  readonly records: readonly DropRecord[];
  readonly signatures: SignatureTable;
  readonly canonicalSignatures: SignatureTable;
}

/** Compares two sessions of one structure. Same result as `compareSides` over all records. */
export function compareKept(
  structure: Pick<KeptComparison, 'count' | 'begins' | 'inputs'>,
  rows: readonly number[],
  a: KeptSide,
  b: KeptSide,
  options: Omit<ComparisonOptions, 'pins'> = {},
): Comparison {
  const { count, begins, inputs } = structure;
  const edges = new Uint32Array(2 * inputs.length);
  for (let to = 0; to < count; to++)
    for (let e = begins[to] as number; e < (begins[to + 1] as number); e++) {
      edges[2 * e] = inputs[e] as number;
      edges[2 * e + 1] = to;
    }
  const topology = buildTopology(new Array<string>(count).fill(''), edges);
  const sideAt = ({ records, signatures, canonicalSignatures }: KeptSide): ComparisonSide => {
    const side = sideOfRecords(records, topology, signatures, canonicalSignatures);
    const drops = new Array<ComparableDrop>(count);
    rows.forEach((row, i) => (drops[row] = side.drops[i] as ComparableDrop));
    return { ...side, drops };
  };
  const [left, right] = [sideAt(a), sideAt(b)];
  const pairs = new Array<ReturnType<typeof differences>>(count);
  for (const row of rows) {
    const [of, with_] = [left.drops[row], right.drops[row]];
    if (of && with_) pairs[row] = differences(of, with_, options);
  }
  const partners = Array.from({ length: count }, (_, row) => row);
  const alignment: Alignment = {
    partnerOfA: partners,
    partnerOfB: partners,
    byId: count,
    byLogicalId: 0,
    byStructure: 0,
  };
  return compareAligned(left, right, { alignment, pairs, structure: new Map() }, options);
}
