/**
 * What the rest of the engine may ask of the store. The store is one SQLite file owned by one worker thread; everything
 * here is a message to that thread. A write resolves when it is durable (committed with synchronous=FULL); writes
 * are committed in batches in the order they were posted.
 *
 * DropBatch, StateBatch and EventBatch are handed over: plain ArrayBuffers that a batch uses as a whole are detached when
 * the call returns, so no array may be in two batches. Views of SharedArrayBuffers stay usable but must not be changed
 * until the promise resolves. Everything else is copied.
 */
import type { LedgerStore } from './ledger-contract.ts';

export * from './ledger-contract.ts';

/** A column of texts without a JavaScript string per row: UTF-8 bytes and n+1 offsets. */
export interface TextColumn {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** What is known of a session when it is created. Times are milliseconds since 1970. */
export interface NewSession {
  readonly sessionId: string;
  readonly graphName: string;
  readonly origin: string;
  readonly dir: string;
  readonly rmode: string;
  readonly createdAt: number;
  readonly host: { readonly name: string; readonly platform: string; readonly version: string };
}

/** The static part of a batch of drops, posted once when the graph is deployed. Rows are firstRow, firstRow + 1, ... */
export interface DropBatch {
  readonly firstRow: number;
  readonly count: number;
  readonly uid: TextColumn;
  readonly name: TextColumn;
  readonly lgKey: TextColumn;
  /** 0 data, 1 application. */
  readonly kind: Uint8Array;
  /** Index into `classes`. */
  readonly classId: Uint16Array;
  readonly classes: readonly string[];
}

/**
 * New states of drops, one entry per drop that moved since the last batch (its latest state). NaN = unknown/unchanged
 * for the float columns. `exec` is NO_EXEC for data drops.
 */
export interface StateBatch {
  readonly rows: Uint32Array;
  readonly status: Uint8Array;
  readonly exec: Uint8Array;
  readonly startedAt: Float64Array;
  readonly finishedAt: Float64Array;
  readonly sizeBytes: Float64Array;
}

/** Raw events of drops in order of arrival. `value` is the wire integer of the state the event carries. */
export interface EventBatch {
  readonly rows: Uint32Array;
  readonly kind: Uint8Array;
  readonly value: Uint8Array;
  readonly at: Float64Array;
}

export interface StoredError {
  readonly row: number | null;
  readonly uid: string | null;
  readonly name: string | null;
  readonly code: string;
  readonly message: string;
  readonly detail: string | null;
  readonly at: number;
}

export interface StoredLog {
  readonly at: number;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly row: number | null;
  readonly uid: string | null;
  readonly message: string;
}

/** The kept content of a small data drop, and facts about any drop. Null content: too large or not readable, why in `reason`. */
export interface DropOutcome {
  readonly row: number;
  readonly sizeBytes: number | null;
  readonly checksum: number | null;
  /** Hex SHA-256 of the content. */
  readonly contentHash: string | null;
  readonly dataUrl: string | null;
  readonly path: string | null;
  readonly content: Uint8Array | null;
  readonly reason: string | null;
  /** JSON object of facts of the run (command, exit status, arguments, ...). */
  readonly facts: string | null;
  /** Canonical record of the drop (JSON text) as the ledger seals it, or null. */
  readonly record: string | null;
}

/** Session facts that change; undefined leaves a field as it is. */
export interface SessionUpdate {
  readonly status?: string;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly loadMs?: number;
  readonly deployMs?: number;
  readonly executeMs?: number;
  readonly recordMs?: number;
  readonly drops?: number;
  readonly graphName?: string;
  readonly rmode?: string;
  /** JSON: graph-level reproducibility data, as `reprodata.out` has it. */
  readonly reprodata?: string;
  readonly signatures?: Readonly<Record<string, string>>;
  /**
   * Whether this process still works on the session: no other one deletes or seals it then. By default it does so until the
   * session is over.
   */
  readonly isHeld?: boolean;
}

export interface SessionRow {
  readonly key: number;
  readonly sessionId: string;
  /** Upstream state name, or INTERRUPTED. */
  readonly status: string;
  readonly graphName: string;
  readonly origin: string;
  readonly dir: string;
  readonly rmode: string;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly loadMs: number | null;
  readonly deployMs: number | null;
  readonly executeMs: number | null;
  readonly recordMs: number | null;
  readonly drops: number;
  readonly byState: Readonly<Record<string, number>>;
  readonly errorCount: number;
  /** Place of its last seal in the device's log, or null. */
  readonly sealIndex: number | null;
  /** When a retention rule removed contents, events or logs, or null. */
  readonly payloadDroppedAt: number | null;
  /** Since when standing rules spare it, or null. */
  readonly pinnedAt: number | null;
  readonly signatures: Readonly<Record<string, string>>;
  readonly host: { readonly name: string; readonly platform: string; readonly version: string };
}

export interface SessionQuery {
  /** Part of the session's id or the graph's name, in any case. */
  readonly text?: string;
  readonly status?: string;
  /** Part of the graph's name, in any case. */
  readonly graph?: string;
  /** Created at this time or later. */
  readonly since?: number;
  /** Created before this time. */
  readonly until?: number;
  /** A signature of any R-mode, DALiuGE's or Weir's own, or its beginning. */
  readonly signature?: string;
  readonly offset?: number;
  readonly limit?: number;
}

export interface StoredDrop {
  readonly row: number;
  readonly uid: string;
  readonly name: string;
  readonly kind: 0 | 1;
  readonly dropclass: string;
  readonly lgKey: string;
  readonly status: number;
  /** 255 for data drops. */
  readonly exec: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly sizeBytes: number | null;
}

export type DropSort =
  'row' | 'name' | 'uid' | 'status' | 'startedAt' | 'finishedAt' | 'durationMs' | 'sizeBytes' | 'dropclass';

export interface DropQuery {
  /** Part of uid or name; upper and lower case of ASCII letters are the same. */
  readonly text?: string;
  readonly status?: number;
  /** Execution state of an application, e.g. RUNNING. */
  readonly exec?: number;
  readonly kind?: 0 | 1;
  readonly lgKey?: string;
  /** Unknown times and sizes come last in either direction; equal values in the order of rows. */
  readonly sort?: DropSort;
  readonly descending?: boolean;
  readonly offset: number;
  readonly limit: number;
}

/** One logical drop of a session: all drops that share an lg_key (or a name where there is none). */
export interface LogicalRow {
  readonly lgKey: string;
  readonly name: string;
  readonly kind: 0 | 1;
  readonly dropclass: string;
  readonly count: number;
  readonly byState: Readonly<Record<string, number>>;
}

/** A piece of a physical graph's text as it was submitted (UTF-8 JSON); all pieces joined in order are the text. */
export interface GraphPart {
  readonly bytes: Uint8Array;
  /** Whether `bytes` is a zlib stream of the piece already, as DALiuGE's clients send it: then it is kept as it is. */
  readonly packed?: boolean;
}

export interface Store extends LedgerStore {
  /** Path of the database file. */
  readonly file: string;
  /** Sessions that were not over when the store was opened: they are marked INTERRUPTED by the opening itself. */
  readonly interrupted: readonly string[];

  createSession(session: NewSession): Promise<number>;
  updateSession(key: number, update: SessionUpdate): Promise<void>;
  deleteSession(key: number): Promise<void>;
  /** The number of another living process that works on the session; null where there is none. */
  heldBy(key: number): Promise<number | null>;
  appendGraph(key: number, part: GraphPart): Promise<void>;
  /** Rows follow on those the session has: firstRow is their number. */
  addDrops(key: number, batch: DropBatch): Promise<void>;
  recordStates(key: number, batch: StateBatch): Promise<void>;
  recordEvents(key: number, batch: EventBatch): Promise<void>;
  recordErrors(key: number, errors: readonly StoredError[]): Promise<void>;
  recordLogs(key: number, logs: readonly StoredLog[]): Promise<void>;
  recordOutcomes(key: number, outcomes: readonly DropOutcome[]): Promise<void>;

  sessions(
    query: SessionQuery,
  ): Promise<{ readonly sessions: readonly SessionRow[]; readonly total: number }>;
  session(sessionId: string): Promise<SessionRow | undefined>;
  graph(key: number): Promise<readonly GraphPart[]>;
  drops(
    key: number,
    query: DropQuery,
  ): Promise<{ readonly rows: readonly StoredDrop[]; readonly total: number }>;
  dropByUid(key: number, uid: string): Promise<StoredDrop | undefined>;
  /** The row alone of a drop: a fraction of the work. */
  rowOfUid(key: number, uid: string): Promise<number | undefined>;
  logical(key: number): Promise<readonly LogicalRow[]>;
  /** All states of a session as two byte columns indexed by row. */
  states(key: number): Promise<{ readonly status: Uint8Array; readonly exec: Uint8Array }>;
  events(
    key: number,
    row: number,
  ): Promise<readonly { readonly at: number; readonly kind: number; readonly value: number }[]>;
  errors(key: number, limit: number, row?: number): Promise<readonly StoredError[]>;
  logs(
    key: number,
    query: {
      readonly offset: number;
      readonly limit: number;
      readonly level?: string;
      readonly text?: string;
      readonly row?: number;
    },
  ): Promise<{ readonly entries: readonly (StoredLog & { readonly seq: number })[]; readonly total: number }>;
  outcome(key: number, row: number): Promise<DropOutcome | undefined>;
  /** Sessions and drops that recorded a content of this SHA-256 (hex): "what made this file?". */
  whoMade(contentHash: string): Promise<
    readonly {
      readonly sessionId: string;
      readonly uid: string;
      readonly name: string;
      readonly finishedAt: number | null;
    }[]
  >;
  reprodata(key: number): Promise<string | null>;

  /** Resolves when everything posted so far is durable. Rejects where nothing can be written any more. */
  flush(): Promise<void>;
  /** Bytes posted and not yet durable: callers hold back above their limit. */
  readonly pendingBytes: number;
  /** Resolves once pendingBytes is below `bytes`, or nothing is pending. */
  drained(bytes: number): Promise<void>;
  /** Makes durable what was posted, and lets go of the file. Sessions that are not over then belong to nobody. */
  close(): Promise<void>;
}

export interface OpenStoreOptions {
  /** The folder of the database; made when missing. The file is `weir.db` in it. */
  readonly dataDir: string;
  /** Told once when the database cannot be written any more (full disk, read-only): every later write rejects with that error. */
  readonly onProblem?: (error: Error) => void;
  /** How long to wait for another process that is writing before failing with STORE_LOCKED; 30 seconds by default. */
  readonly lockTimeoutMs?: number;
  /** The largest the database may become; beyond it writes fail with STORE_FULL. No limit by default. */
  readonly maxSizeBytes?: number;
  /** A store whose thread serves this one too, and which is closed after it. A thread of its own by default. */
  readonly beside?: Store;
}
