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
import { HASH_BYTES } from './merkle-log.ts';
import { type TiledTree, treeOf } from './tiled-tree.ts';
import { ComparisonKeeper } from './kept-comparison.ts';
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

export interface RecordTree extends TiledTree {
  readonly size: number;
  readonly leafHashes: Uint8Array;
  readonly canonicalSignatures: Readonly<Partial<Record<HashedRMode, string>>>;
  /** SHA-256 of the graph's text, in hexadecimal, as far as it was given. */
  readonly graphSha256: string;
  /** What is kept for comparisons (kept-comparison.ts). */
  readonly comparison: Uint8Array;
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
  readonly #comparison: ComparisonKeeper;
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
    this.#comparison = new ComparisonKeeper(source.isApp.length);
  }

  /** A piece of the graph's text, in order. */
  addGraph(bytes: Uint8Array): void {
    this.#graph.update(bytes);
  }

  /** The record texts of a page, in order. Does not count them into the tree. */
  texts(page: RecordPage): string[] {
    return this.#recordsOf(page).texts;
  }

  /** Texts of a page, and the records of those that are made here. */
  #recordsOf(page: RecordPage): { readonly texts: string[]; readonly made: (DropRecord | undefined)[] } {
    const stored = new Map<number, number>();
    page.rows.forEach((row, i) => stored.set(row, i));
    const texts: string[] = [];
    const made: (DropRecord | undefined)[] = [];
    let i = 0;
    for (const spec of specsIn(page.specs)) {
      const row = page.firstRow + i;
      const at = stored.get(row);
      const record = at === undefined ? this.#derived(row, spec, page, i) : undefined;
      made.push(record);
      texts.push(record ? dropRecordText(record) : textAt(page.records, at as number));
      i++;
    }
    return { texts, made };
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
    const { texts, made } = this.#recordsOf(page);
    const lines = texts.map((text, i) => (made[i] ? text : ''));
    if (page.kept) this.#compareKept(lines, page.kept, page.firstRow);
    for (const [i, text] of texts.entries()) {
      this.#leaves.set(dropRecordLeaf(text), this.#count * HASH_BYTES);
      this.#comparison.add(text);
      const row = this.#count++;
      if (!stored.has(row) && !wantsSignatures) continue;
      const record = made[i] ?? this.#parsed(text, row);
      if (record === undefined) continue;
      if (stored.has(row)) this.#compare(record, row, page, i);
      if (wantsSignatures) this.#records.push(record);
    }
    return page.kept ? [] : packRecordTiles(lines);
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
      comparison: this.#comparison.finish(this.#source.oids, this.#source.isApp, this.#edges),
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
