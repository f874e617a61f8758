/**
 * The part of the store's contract that the ledger and the history across sessions need. The store keeps hashes, notes and
 * texts and gives them back; it computes and verifies none of them (engine/reproducibility does).
 */
import type { StoredDrop, TextColumn } from './contract.ts';

/** A session's seal with its place in the device's log of seals. Hashes are 32 bytes (SHA-256). */
export interface NewSeal {
  /** Key of the session. */
  readonly key: number;
  /** Where it goes in the log: the number of seals there are now. */
  readonly index: number;
  /** Number of records, and the root of the tree over them in the order of rows. */
  readonly leafCount: number;
  readonly root: Uint8Array;
  /** Canonical JSON of the session's facts. */
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
  /** Leaf hashes of the records, end to end. */
  readonly leafHashes: Uint8Array;
  /** Hashes of the complete subtrees of 2^height leaves, end to end, for the heights 8, 16, 24 where there are any. */
  readonly nodes: readonly { readonly height: number; readonly hashes: Uint8Array }[];
}

/** A seal as it is kept: for ever, also when its session is deleted. */
export interface StoredSeal extends Omit<NewSeal, 'leafHashes' | 'nodes'> {
  readonly sessionId: string;
}

export interface SealQuery {
  /** Seals of this session only; a session that was resumed may have several, and the last is the one of its records. */
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
  /** Removes what takes room from a session that is over. Resolves with the bytes it took in the file. */
  dropPayload(key: number, parts: readonly PayloadParts[]): Promise<number>;
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
