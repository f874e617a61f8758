/**
 * The part of the store's contract that the ledger and the history across sessions need. The store keeps hashes, notes and
 * texts and gives them back; it computes and verifies none of them (engine/reproducibility does).
 */
import type { StoredDrop, TextColumn } from './contract.ts';

/** An entry of the device's log: the seal of a session or of an act of retention. Hashes are 32 bytes (SHA-256). */
export interface NewLogEntry {
  /** Where it goes in the log: the number of entries there are now. */
  readonly index: number;
  /** Number of leaves, and the root of the tree over them: records of a session in the order of rows. */
  readonly leafCount: number;
  readonly root: Uint8Array;
  /** Canonical JSON of the session's facts, or of what the act took. */
  readonly facts: string;
  /** The signed note over root and facts. */
  readonly seal: string;
  /** The key that signed, as a C2SP verifier key text. */
  readonly keyText: string;
  readonly sealedAt: number;
  /** Leaf of the seal in the log. */
  readonly logLeaf: Uint8Array;
  /** Compact range of the log with this seal: its peaks, largest subtree first, end to end. */
  readonly logRange: Uint8Array;
  /** Signed checkpoint of the log with this seal. */
  readonly logCheckpoint: string;
}

/** A session's seal with its place in the device's log of seals. */
export interface NewSeal extends NewLogEntry {
  /** Key of the session. */
  readonly key: number;
  /** Leaf hashes of the records, end to end. */
  readonly leafHashes: Uint8Array;
  /** Hashes of the complete subtrees of 2^height leaves, end to end, for the heights 8, 16, 24 where there are any. */
  readonly nodes: readonly { readonly height: number; readonly hashes: Uint8Array }[];
  /** Hashes of the rows that the seal covers beside the records; absent in seals of older form. */
  readonly covered?: readonly SealedSectionHashes[];
}

/** The parts of a session's history whose rows a seal covers, one after the other. */
export const SEALED_SECTIONS = [
  'session',
  'graph',
  'reprodata',
  'drops',
  'states',
  'events',
  'errors',
  'logs',
  'outcomes',
  'records',
  'uids',
  'documents',
] as const;
export type SealedSection = (typeof SEALED_SECTIONS)[number];

/** The fields that check values tell apart. */
export const CHECKED_FIELDS: Readonly<Partial<Record<SealedSection, readonly string[]>>> = {
  drops: ['id', 'name', 'logical key', 'kind', 'class', 'hash of the id'],
  states: ['state', 'execution state', 'time of starting', 'time of ending', 'size'],
  events: ['drop that an event is of', 'kind of an event', 'value of an event', 'time of an event'],
  errors: ['number', 'time', 'row', 'uid', 'name', 'code', 'message', 'detail'],
  logs: ['number', 'time', 'level', 'row', 'uid', 'message'],
  outcomes: [
    'parts',
    'size',
    'checksum',
    'content hash',
    'data URL',
    'path',
    'reason',
    'facts of the run',
    'record',
  ],
};

/** Hashes of blocks of a section (sealed-rows.ts), in order. */
export interface SealedBlocks {
  /** SHA-256 of each block, end to end. */
  readonly hashes: Uint8Array;
  /**
   * Of each block: the number of its check values, then label and CRC-32 of each. A label is the row of a drop, the number
   * of a field of the session, or a place in a grid (grid-checks.ts).
   */
  readonly checks: Uint32Array;
  /** Where to go on, or null where that was the last. */
  readonly last: number | null;
}

/** All hashes of a section as a seal covers them. */
export interface SealedSectionHashes extends Omit<SealedBlocks, 'last'> {
  readonly section: SealedSection;
}

/** Something that is kept twice and does not say the same, with the drop it is about. */
export interface Contradiction {
  readonly table: string;
  readonly row: number | null;
  readonly message: string;
}

/** An act of retention with its place in the log, and what is removed with it, in one transaction. */
export interface NewRetention extends NewLogEntry {
  /** Sessions that are over, by key, and what goes of them. */
  readonly drops: readonly { readonly key: number; readonly parts: readonly PayloadParts[] }[];
  /** Sessions that go as a whole. */
  readonly deletes?: readonly number[];
  /** A document of the device that goes with it. */
  readonly document?: string;
}

/** The key that acts of retention have in place of a session's. */
export const RETENTION_KEY = 0;

/** An entry of the log as it is kept: for ever, also when its session is deleted. */
export interface StoredSeal extends NewLogEntry {
  /** Key of its session, or `RETENTION_KEY`. */
  readonly key: number;
  /** Empty for acts of retention. */
  readonly sessionId: string;
}

export interface SealQuery {
  /** Seals of this session only, or acts of retention (`RETENTION_KEY`); a session that was resumed may have several, and the last is the one of its records. */
  readonly key?: number;
  /** From this place in the log. */
  readonly from?: number;
  readonly limit?: number;
}

/** What retention may take from a session. Drops, states, records, hashes and seals stay. */
export const PayloadParts = { contents: 'contents', events: 'events', logs: 'logs' } as const;
export type PayloadParts = (typeof PayloadParts)[keyof typeof PayloadParts];

export interface DropSearch {
  /** Part of uid or name, upper and lower case of ASCII letters being the same. */
  readonly text?: string;
  /** The whole name. */
  readonly name?: string;
  readonly status?: number;
  /** Execution state of an application, e.g. RUNNING. */
  readonly exec?: number;
  /** Hex SHA-256 of the content. */
  readonly contentHash?: string;
  /** Go on with sessions older than this key: `next` of the answer before. */
  readonly before?: number;
  readonly limit: number;
}

export interface DropFound {
  readonly key: number;
  readonly sessionId: string;
  readonly drop: StoredDrop;
}

export interface LedgerStore {
  /**
   * Appends a seal to the log. False where the log has another length than `seal.index` by now (another process sealed
   * too): sign again for the new place.
   */
  sealSession(seal: NewSeal): Promise<boolean>;
  /** Seals in the order of the log; all by default. */
  seals(query: SealQuery): Promise<readonly StoredSeal[]>;
  /** The last seal of the log: its index, range and checkpoint are what the next one builds on. */
  lastSeal(): Promise<StoredSeal | undefined>;
  /** Leaves [from, from + count) of the log, end to end; fewer where it ends. */
  logLeaves(from: number, count: number): Promise<Uint8Array>;
  /** Hashes [from, from + count) at a height (0: leaves; 8, 16, 24) of the tree of the seal with this index. */
  treeHashes(index: number, height: number, from: number, count: number): Promise<Uint8Array>;
  /** Records of rows [firstRow, firstRow + count) that have one, ascending. */
  records(
    key: number,
    firstRow: number,
    count: number,
  ): Promise<{ readonly rows: Uint32Array; readonly records: TextColumn }>;
  /** Hashes of up to `limit` blocks of a section behind the place `after` (-1: from the first), of what is stored now. */
  sealedBlocks(
    key: number,
    section: SealedSection,
    after: number,
    limit: number,
    wants: { readonly byDrop: boolean; readonly byField: boolean },
  ): Promise<SealedBlocks>;
  /** The drops that the rows of the block at this place of a section are of; none where it cannot be read. */
  blockDrops(key: number, section: SealedSection, place: number): Promise<Uint32Array>;
  /** The places of all blocks of a section: `first_row` of drops, numbers of blocks otherwise. */
  blockPlaces(key: number, section: SealedSection): Promise<readonly number[]>;
  /** The hashes of a section as they were when the seal with this index was made; empty where it has none. */
  sealedHashes(index: number, section: SealedSection): Promise<Omit<SealedBlocks, 'last'>>;
  /**
   * Keeps records that were made of specification and state: tiles of 256 drops from number `first` on, each as
   * `record_tile` has it; empty ones are not kept.
   */
  putRecordTiles(key: number, first: number, tiles: readonly Uint8Array[]): Promise<void>;
  /** `count` tiles from number `first` on; empty where there is none. */
  recordTiles(key: number, first: number, count: number): Promise<readonly Uint8Array[]>;
  /** Makes the drops of a large session findable by uid without reading much; before it is sealed. */
  indexUids(key: number): Promise<void>;
  /**
   * What contradicts itself in a session; without a key: in the file as a whole. `dropped`: what retention has taken from
   * the session, as the log says.
   */
  contradictions(key?: number, dropped?: readonly PayloadParts[]): Promise<readonly Contradiction[]>;
  /** Puts the whole text of a graph in the place of what was appended: lists that were joined and linked. */
  replaceGraph(key: number, pieces: readonly Uint8Array[]): Promise<void>;
  /**
   * Appends an act of retention to the log and removes what it says. Resolves with the bytes that took in the file, or
   * null where the log has another length than `act.index` by now: then nothing was removed; sign again.
   */
  retain(act: NewRetention): Promise<number | null>;
  /** Spares a session from standing rules, or no more. */
  pinSession(key: number, isPinned: boolean): Promise<void>;
  /** Bytes that `retain` would remove. */
  payloadBytes(key: number, parts: readonly PayloadParts[]): Promise<number>;
  /**
   * Drops of all sessions, newest session first. A call looks through as much as takes a short time; `next` says where
   * to go on, or null where there is no more.
   */
  searchDrops(
    query: DropSearch,
  ): Promise<{ readonly found: readonly DropFound[]; readonly next: number | null }>;
  /** Keeps a small document (an imported seal, a witness's checkpoint) with a session, or null: with the device. */
  putDocument(key: number | null, name: string, bytes: Uint8Array): Promise<void>;
  document(key: number | null, name: string): Promise<Uint8Array | undefined>;
  /** Names of documents that begin with `prefix`, in alphabetical order. */
  documents(key: number | null, prefix?: string): Promise<readonly string[]>;
}
