/**
 * All records of a session, page by page: stored ones as they are, the others made from specification and state. Gives
 * their leaves, the root of the tree and Weir's own signatures. Lives in the worker thread.
 */

import { createHash, type Hash, hash } from 'node:crypto';

import {
  APP_STATE_NAMES,
  type DROPStates,
  type EdgeColumns,
  EdgeTable,
  WeirError,
} from '../protocol/index.ts';
import { CanonicalSigner, inputsIn } from './canonical-signature.ts';
import type { DropRecord } from './drop-record.ts';
import { dropRecordLeaf, parseDropRecord } from './drop-record.ts';
import { HASH_BYTES } from './merkle-log.ts';
import { type TiledTree, treeOf } from './tiled-tree.ts';
import { ComparisonKeeper } from './kept-comparison.ts';
import { ALL_RMODES, type HashedRMode, type RModeName } from './modes.ts';
import { packRecordTiles, RECORDS_PER_TILE, recordTileLines } from './record-tiles.ts';
import { type DerivedFacts, RecordWriter } from './record-writer.ts';
import { commitRuntimeData, contentReproduceData, EMPTY_DATA_HASH } from './runtime.ts';
import { parseSpec, type SpecPage } from './session-signing.ts';
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

const NEWLINE = 0x0a;

const lineAt = (bytes: Buffer, starts: Uint32Array, i: number): string =>
  bytes.toString('utf8', starts[i], (starts[i + 1] as number) - 1);

export class RecordStream {
  readonly #source: RecordSource;
  readonly #edges: {
    readonly consumers: EdgeTable;
    readonly streaming: EdgeTable;
    readonly outputs: EdgeTable;
  };
  readonly #leaves: Buffer;
  readonly #comparison: ComparisonKeeper;
  readonly #writer: RecordWriter;
  /** Weir's own signatures, where they are wanted. */
  readonly #signer: CanonicalSigner | undefined;
  #rowOf: ReadonlyMap<string, number> | undefined;
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
    const signer = source.wantsSignatures ? new CanonicalSigner() : undefined;
    this.#signer = signer;
    this.#writer = new RecordWriter({
      oids: source.oids,
      contents: source.contents,
      record: (spec, facts) => this.#derived(spec, facts),
      groups: signer && ((record) => signer.groupsOf(record)),
    });
  }

  /** A piece of the graph's text, in order. */
  addGraph(bytes: Uint8Array): void {
    this.#graph.update(bytes);
  }

  /** The record texts of a page, in order. Does not count them into the tree. */
  texts(page: RecordPage): string[] {
    this.#write(page, () => undefined);
    const { bytes, starts } = this.#writer;
    const stored = new Map<number, number>(Array.from(page.rows, (row, i) => [row, i]));
    return Array.from({ length: page.status.length }, (_, i) => {
      const at = stored.get(page.firstRow + i);
      return at === undefined ? lineAt(bytes, starts, i) : textAt(page.records, at);
    });
  }

  /** Writes the lines of a page; `each` is told of every drop when its line is there, with its stored text if it has one. */
  #write(page: RecordPage, each: (i: number, row: number, stored: string | undefined) => void): void {
    const writer = this.#writer;
    const { text, start, length } = page.specs;
    writer.begin(start.length);
    let next = 0;
    for (let i = 0; i < start.length; i++) {
      const row = page.firstRow + i;
      let stored: string | undefined;
      if (page.rows[next] === row) {
        stored = textAt(page.records, next++);
        writer.text('');
      } else {
        const from = start[i] as number;
        writer.derived(text, from, from + (length[i] as number), this.#facts(row, page, i));
      }
      each(i, row, stored);
    }
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
    this.#write(page, (i, row, stored) => {
      if (stored === undefined) this.#addDerived(i, row);
      else this.#addStored(stored, row, page, i);
      this.#count++;
    });
    const { bytes, starts } = this.#writer;
    if (page.kept === undefined) return packRecordTiles(bytes, starts);
    const lines = Array.from({ length: page.status.length }, (_, i) => lineAt(bytes, starts, i));
    this.#compareKept(lines, page.kept, page.firstRow);
    return [];
  }

  #addDerived(i: number, row: number): void {
    const { bytes, starts, claimEnd, groups } = this.#writer;
    const [from, end] = [starts[i] as number, (starts[i + 1] as number) - 1];
    // A leaf begins with a zero byte, which may stand for the newline before it meanwhile.
    bytes[from - 1] = 0;
    this.#leaves.set(hash('sha256', bytes.subarray(from - 1, end), 'buffer'), row * HASH_BYTES);
    bytes[from - 1] = NEWLINE;
    if (claimEnd > 0) this.#comparison.addClaims(bytes.subarray(from, claimEnd));
    else this.#comparison.add(bytes.toString('utf8', from, end));
    if (groups !== undefined) this.#signer?.add(groups, null, this.#inputRows(row));
  }

  #addStored(text: string, row: number, page: RecordPage, i: number): void {
    this.#leaves.set(dropRecordLeaf(text), row * HASH_BYTES);
    this.#comparison.add(text);
    const record = this.#parsed(text, row);
    if (record === undefined) return;
    this.#compare(record, row, page, i);
    if (this.#signer === undefined) return;
    this.#rowOf ??= new Map(Array.from(this.#source.isApp, (_, at) => [textAt(this.#source.oids, at), at]));
    this.#signer.add(this.#signer.groupsOf(record), record.content, inputsIn(record, this.#rowOf));
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

  #inputRows(row: number): number[] {
    const { consumers, streaming, outputs } = this.#edges;
    if (this.#source.isApp[row] !== 1) return outputs.sources(row);
    const read = consumers.sources(row);
    for (const input of streaming.sources(row)) read.push(input);
    return read;
  }

  #facts(row: number, page: RecordPage, i: number): DerivedFacts {
    return {
      row,
      classId: this.#source.classId[row] as number,
      status: page.status[i] as number,
      exec: page.exec[i] as number,
      startedAtMs: page.startedAt[i] as number,
      finishedAtMs: page.finishedAt[i] as number,
      inputs: this.#inputRows(row),
    };
  }

  #derived(specText: string, facts: DerivedFacts): DropRecord {
    const source = this.#source;
    const { row, classId, exec } = facts;
    const isApp = source.isApp[row] === 1;
    const status = facts.status as DROPStates;
    return recordOfSpec(parseSpec(specText), source, {
      classPath: source.classes[classId] as string,
      isApp,
      status,
      ...(isApp && exec !== 255 && { execStatus: APP_STATE_NAMES[exec] as string }),
      startedAtMs: facts.startedAtMs,
      finishedAtMs: facts.finishedAtMs,
      inputs: facts.inputs.map((input) => ({
        oid: textAt(source.oids, input),
        sha256: source.contents.get(input) ?? null,
      })),
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
    return {
      size,
      ...treeOf(leafHashes),
      leafHashes,
      canonicalSignatures: this.#signer?.size === size ? signaturesOrNone(this.#signer) : {},
      graphSha256: this.#graph.digest('hex'),
      comparison: this.#comparison.finish(this.#source.oids, this.#source.isApp, this.#edges),
    };
  }
}

/** Graphs with circles have no order to sign; they have records all the same. */
function signaturesOrNone(signer: CanonicalSigner): Partial<Record<HashedRMode, string>> {
  try {
    return signer.signatures();
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
