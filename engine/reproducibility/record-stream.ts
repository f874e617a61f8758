/**
 * All records of a session, page by page: stored ones as they are, the others made from specification and state. Gives
 * their leaves, the root of the tree and Weir's own signatures. Lives in the worker thread.
 */

import { createHash, type Hash } from 'node:crypto';

import {
  APP_STATE_NAMES,
  type DROPStates,
  type EdgeColumns,
  EdgeTable,
  WeirError,
} from '../protocol/index.ts';
import { canonicalSignatures } from './canonical-signature.ts';
import type { DropInput, DropRecord } from './drop-record.ts';
import { dropRecordLeaf, dropRecordText, parseDropRecord } from './drop-record.ts';
import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './merkle-log.ts';
import { ALL_RMODES, type HashedRMode, type RModeName } from './modes.ts';
import { packRecordTiles, RECORDS_PER_TILE, recordTileLines } from './record-tiles.ts';
import { commitRuntimeData, contentReproduceData, EMPTY_DATA_HASH } from './runtime.ts';
import { parseSpec, type SpecPage, specsIn } from './session-signing.ts';
import { type RecordPlace, recordOfSpec, settledStatus } from './spec-record.ts';

/** UTF-8 texts end to end, and n + 1 offsets. */
export interface Texts {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** What is known of a session before its records are read. */
export interface RecordSource extends RecordPlace {
  readonly rmode: RModeName;
  readonly oids: Texts;
  readonly isApp: Uint8Array;
  readonly classId: Uint16Array;
  readonly classes: readonly string[];
  /** By class id: 1 where upstream hashes the content of such a drop. */
  readonly isHashedClass: Uint8Array;
  /** Who reads which data, who writes which. */
  readonly consumers: EdgeColumns;
  readonly streaming: EdgeColumns;
  readonly outputs: EdgeColumns;
  /** SHA-256 of contents, by row, where there is one. */
  readonly contents: ReadonlyMap<number, string>;
  /** Weir's own signatures need all records at once: false for sessions that are too large. */
  readonly wantsSignatures: boolean;
}

/** Drops [firstRow, firstRow + n): their specifications and states, and the records that are stored. */
export interface RecordPage {
  readonly firstRow: number;
  readonly specs: SpecPage;
  readonly status: Uint8Array;
  readonly exec: Uint8Array;
  readonly startedAt: Float64Array;
  readonly finishedAt: Float64Array;
  /** Rows that have a stored record, ascending. */
  readonly rows: Uint32Array;
  readonly records: Texts;
  /** Tiles of these drops as they are kept (record-tiles.ts), to be compared. */
  readonly kept?: readonly Uint8Array[];
}

export interface RecordTree {
  readonly size: number;
  readonly root: Uint8Array;
  readonly leafHashes: Uint8Array;
  /** Hashes of complete subtrees of 2^height leaves, for the heights 8, 16, 24. */
  readonly nodes: readonly { readonly height: number; readonly hashes: Uint8Array }[];
  readonly canonicalSignatures: Readonly<Partial<Record<HashedRMode, string>>>;
  /** SHA-256 of the graph's text, in hexadecimal, as far as it was given. */
  readonly graphSha256: string;
}

/** A stored record that does not belong to its drop's state. */
export interface RecordMismatch {
  readonly row: number;
  readonly message: string;
}

const textAt = (texts: Texts, index: number): string =>
  Buffer.from(texts.bytes.buffer, texts.bytes.byteOffset, texts.bytes.length).toString(
    'utf8',
    texts.offsets[index],
    texts.offsets[index + 1],
  );

export class RecordStream {
  readonly #source: RecordSource;
  readonly #edges: {
    readonly consumers: EdgeTable;
    readonly streaming: EdgeTable;
    readonly outputs: EdgeTable;
  };
  readonly #leaves: Buffer;
  readonly #records: DropRecord[] = [];
  readonly #graph: Hash = createHash('sha256');
  readonly mismatches: RecordMismatch[] = [];
  #count = 0;

  constructor(source: RecordSource) {
    this.#source = source;
    this.#edges = {
      consumers: EdgeTable.import(source.consumers),
      streaming: EdgeTable.import(source.streaming),
      outputs: EdgeTable.import(source.outputs),
    };
    this.#leaves = Buffer.alloc(source.isApp.length * HASH_BYTES);
  }

  /** A piece of the graph's text, in order. */
  addGraph(bytes: Uint8Array): void {
    this.#graph.update(bytes);
  }

  /** The record texts of a page, in order. Does not count them into the tree. */
  texts(page: RecordPage): string[] {
    const stored = new Map<number, number>();
    page.rows.forEach((row, i) => stored.set(row, i));
    const texts: string[] = [];
    let i = 0;
    for (const spec of specsIn(page.specs)) {
      const row = page.firstRow + i;
      const at = stored.get(row);
      texts.push(
        at === undefined ? dropRecordText(this.#derived(row, spec, page, i)) : textAt(page.records, at),
      );
      i++;
    }
    return texts;
  }

  /**
   * Counts the records of the next page into the tree. Pages come in the order of rows. Returns the tiles of those that
   * are not stored (record-tiles.ts).
   */
  add(page: RecordPage): Uint8Array[] {
    if (page.firstRow !== this.#count)
      throw new WeirError(
        'INTERNAL',
        `Records from row ${this.#count} were expected, not from ${page.firstRow}.`,
      );
    const stored = new Set(page.rows);
    const { wantsSignatures } = this.#source;
    const texts = this.texts(page);
    const made = texts.map((text, i) => (stored.has(page.firstRow + i) ? '' : text));
    if (page.kept) this.#compareKept(made, page.kept, page.firstRow);
    for (const [i, text] of texts.entries()) {
      this.#leaves.set(dropRecordLeaf(text), this.#count * HASH_BYTES);
      const row = this.#count++;
      if (!stored.has(row) && !wantsSignatures) continue;
      const record = this.#parsed(text, row);
      if (record === undefined) continue;
      if (stored.has(row)) this.#compare(record, row, page, i);
      if (wantsSignatures) this.#records.push(record);
    }
    return page.kept ? [] : packRecordTiles(made);
  }

  /** Kept texts must be those that follow from specification and state. */
  #compareKept(made: readonly string[], kept: readonly Uint8Array[], firstRow: number): void {
    for (const [tile, bytes] of kept.entries()) {
      const from = tile * RECORDS_PER_TILE;
      const expected = made.slice(from, from + RECORDS_PER_TILE);
      const [first, last] = [from, from + expected.length - 1].map((i) =>
        textAt(this.#source.oids, firstRow + i),
      );
      let lines: readonly string[];
      try {
        lines = recordTileLines(bytes);
      } catch {
        // Of what cannot be unpacked nobody can say which line it was.
        const message = `The kept records of the drops ${first} to ${last} were altered.`;
        this.mismatches.push({ row: firstRow + from, message });
        continue;
      }
      if (lines.length === 0 && expected.every((line) => line === '')) continue;
      for (const [i, line] of expected.entries()) {
        if (lines[i] === line) continue;
        const row = firstRow + from + i;
        const oid = textAt(this.#source.oids, row);
        this.mismatches.push({
          row,
          message: `The kept record of ${oid} is not the sealed one: it was altered.`,
        });
      }
      if (lines.length > expected.length)
        this.mismatches.push({
          row: firstRow + from,
          message: `Beside the kept records of the drops ${first} to ${last} something was added.`,
        });
    }
  }

  #parsed(text: string, row: number): DropRecord | undefined {
    try {
      return parseDropRecord(text, `The record of ${textAt(this.#source.oids, row)}`);
    } catch (error) {
      this.mismatches.push({ row, message: error instanceof Error ? error.message : String(error) });
      return undefined;
    }
  }

  /** Columns that are kept beside a stored record must say the same. */
  #compare(record: DropRecord, row: number, page: RecordPage, i: number): void {
    const oid = textAt(this.#source.oids, row);
    const wrong = (what: string): void =>
      void this.mismatches.push({ row, message: `The ${what} of ${oid} is not the recorded one.` });
    if (record.drop.oid !== oid) wrong('id');
    if (record.sessionId !== this.#source.sessionId) wrong('session');
    if (record.outcome.status !== settledStatus(page.status[i] as DROPStates)) wrong('state');
    if ((record.content?.sha256 ?? null) !== (this.#source.contents.get(row) ?? null)) wrong('content hash');
    for (const [name, ms, column] of [
      ['start', record.timing.startedAtMs, page.startedAt],
      ['end', record.timing.finishedAtMs, page.finishedAt],
    ] as const)
      if (ms !== null && Number.isFinite(column[i]) && column[i] !== ms) wrong(name);
  }

  #inputs(row: number): DropInput[] {
    const { consumers, streaming, outputs } = this.#edges;
    const isApp = this.#source.isApp[row] === 1;
    const from = isApp ? [...consumers.sources(row), ...streaming.sources(row)] : outputs.sources(row);
    return from.map((input) => ({
      oid: textAt(this.#source.oids, input),
      sha256: this.#source.contents.get(input) ?? null,
    }));
  }

  #derived(row: number, specText: string, page: RecordPage, i: number): DropRecord {
    const source = this.#source;
    const classId = source.classId[row] as number;
    const isApp = source.isApp[row] === 1;
    const status = page.status[i] as DROPStates;
    const exec = page.exec[i] as number;
    return recordOfSpec(parseSpec(specText), source, {
      classPath: source.classes[classId] as string,
      isApp,
      status,
      ...(isApp && exec !== 255 && { execStatus: APP_STATE_NAMES[exec] as string }),
      startedAtMs: page.startedAt[i] as number,
      finishedAtMs: page.finishedAt[i] as number,
      inputs: this.#inputs(row),
      content: null,
      code: {},
      upstream: plainRoots(source.rmode, status, !isApp && source.isHashedClass[classId] === 1),
    });
  }

  /** The tree over all pages. Throws INTERNAL when some are missing. */
  finish(): RecordTree {
    const size = this.#source.isApp.length;
    if (this.#count !== size)
      throw new WeirError('INTERNAL', `${size} records were expected, ${this.#count} were given.`);
    const leafHashes = new Uint8Array(this.#leaves);
    const isWhole = this.#source.wantsSignatures && this.#records.length === size;
    return {
      size,
      ...treeOf(leafHashes),
      leafHashes,
      canonicalSignatures: isWhole ? signaturesOrNone(this.#records) : {},
      graphSha256: this.#graph.digest('hex'),
    };
  }
}

/** Graphs with circles have no order to sign; they have records all the same. */
function signaturesOrNone(records: readonly DropRecord[]): Partial<Record<HashedRMode, string>> {
  try {
    return canonicalSignatures(records);
  } catch (error) {
    if (error instanceof WeirError && error.code === 'REPRO_INVALID') return {};
    throw error;
  }
}

/** Upstream's run-time roots of a drop that recorded nothing but its status. */
export function plainRoots(
  rmode: RModeName,
  status: DROPStates,
  isHashed: boolean,
): Partial<Record<HashedRMode, string | null>> {
  if (rmode === 'NOTHING' || rmode === 'EXPERIMENTAL') return {};
  const settled = status === 4 || status === 5 ? 2 : status;
  const key = `${rmode} ${settled} ${isHashed}`;
  let roots = known.get(key);
  if (roots === undefined) {
    const { merkleroot } = commitRuntimeData(
      rmode,
      isHashed
        ? { status: settled, reproduceData: contentReproduceData(EMPTY_DATA_HASH) }
        : { status: settled },
    );
    roots = rootsByMode(rmode, merkleroot);
    known.set(key, roots);
  }
  return roots;
}
const known = new Map<string, Partial<Record<HashedRMode, string | null>>>();

/** Roots as a record has them, by mode in canonical order. */
export function rootsByMode(
  rmode: RModeName,
  merkleroot: string | null | Readonly<Record<HashedRMode, string | null>>,
): Partial<Record<HashedRMode, string | null>> {
  if (merkleroot === null || typeof merkleroot === 'string')
    return (ALL_RMODES as readonly string[]).includes(rmode) ? { [rmode]: merkleroot } : {};
  return Object.fromEntries([...ALL_RMODES].sort().map((mode) => [mode, merkleroot[mode]]));
}

function parentsOf(hashes: Uint8Array): Uint8Array {
  const count = Math.floor(hashes.length / (2 * HASH_BYTES));
  const up = new Uint8Array(count * HASH_BYTES);
  for (let i = 0; i < count; i++) {
    const at = 2 * i * HASH_BYTES;
    up.set(
      nodeHash(hashes.subarray(at, at + HASH_BYTES), hashes.subarray(at + HASH_BYTES, at + 2 * HASH_BYTES)),
      i * HASH_BYTES,
    );
  }
  return up;
}

/** Root and inner hashes over leaf hashes given end to end (RFC 6962). */
export function treeOf(leafHashes: Uint8Array): Pick<RecordTree, 'root' | 'nodes'> {
  const nodes: { height: number; hashes: Uint8Array }[] = [];
  let level = leafHashes;
  // What is left over at the right edge of each level, smallest first: RFC 6962 joins it from the right.
  let edge: Uint8Array | undefined;
  for (let height = 0; ; height++) {
    const count = level.length / HASH_BYTES;
    if (height > 0 && height % 8 === 0 && count > 0) nodes.push({ height, hashes: level });
    if (count === 0) return { root: Buffer.from(edge ?? EMPTY_ROOT), nodes };
    if (count % 2 === 1) {
      const last = level.subarray((count - 1) * HASH_BYTES);
      edge = edge === undefined ? last : nodeHash(last, edge);
    }
    level = parentsOf(level);
  }
}

/** Reads hashes of a kept tree: `count` of them at a height (0, 8, 16, 24) from an index. */
export type HashReader = (height: number, from: number, count: number) => Promise<Uint8Array>;

/** The inclusion path of a leaf (RFC 9162 2.1.3.1), reading a few KiB of a kept tree however large it is. */
export async function inclusionPath(read: HashReader, leaf: number, size: number): Promise<Uint8Array[]> {
  const range = async (start: number, end: number): Promise<Uint8Array> => {
    const height = Math.ceil(Math.log2(end - start));
    if (2 ** height !== end - start) {
      const middle = start + 2 ** (height - 1);
      return nodeHash(await range(start, middle), await range(middle, end));
    }
    const stored = Math.min(24, Math.floor(height / 8) * 8);
    let hashes = await read(stored, start / 2 ** stored, 2 ** (height - stored));
    while (hashes.length > HASH_BYTES) hashes = parentsOf(hashes);
    return hashes;
  };
  const path: Uint8Array[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + 2 ** (Math.ceil(Math.log2(end - start)) - 1);
    path.unshift(await (leaf < middle ? range(middle, end) : range(start, middle)));
    if (leaf < middle) end = middle;
    else start = middle;
  }
  return path;
}
