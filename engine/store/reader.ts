/** Everything that asks the database. Each method sees one state of it: the thread runs it in a transaction of its own. */
import { inflateSync } from 'node:zlib';
import type {
  DropOutcome,
  DropQuery,
  GraphPart,
  LogicalRow,
  SessionQuery,
  SessionRow,
  Store,
  StoredDrop,
  StoredError,
  StoredLog,
} from './contract.ts';
import type { Database } from './database.ts';
import { DropColumns } from './drop-columns.ts';
import { logicalRows, queryDrops } from './drop-query.ts';
import { searchDrops } from './drop-search.ts';
import { unknownSession } from './errors.ts';
import { firstOf } from './event-blocks.ts';
import { float64s, uint32s } from './layout.ts';
import type {
  Contradiction,
  DropSearch,
  PayloadParts,
  SealedSection,
  SealQuery,
  StoredSeal,
} from './ledger-contract.ts';
import { LedgerReader } from './ledger-reader.ts';
import type { Handlers, ReadName } from './messages.ts';
import { Outcomes } from './outcomes.ts';
import { Redundancy } from './redundancy.ts';
import { blockDrops, blockPlaces, sealedBlocks, type WantedChecks } from './sealed-rows.ts';

type Answer<Name extends keyof Store> = Store[Name] extends (...args: never) => Promise<infer R> ? R : never;

interface SessionRecord {
  readonly key: number;
  readonly session_id: string;
  readonly status: string;
  readonly graph_name: string;
  readonly origin: string;
  readonly dir: string;
  readonly rmode: string;
  readonly host: string;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly load_ms: number | null;
  readonly deploy_ms: number | null;
  readonly execute_ms: number | null;
  readonly record_ms: number | null;
  readonly drops: number;
  readonly signatures: string;
  readonly by_state: string;
  readonly error_count: number;
  readonly seal_index: number | null;
  readonly payload_dropped_at: number | null;
  readonly pinned_at: number | null;
}

const SESSION_COLUMNS = `
  key, session_id, status, graph_name, origin, dir, rmode, host, created_at, started_at, finished_at, load_ms, deploy_ms,
  execute_ms, record_ms, coalesce(drops, row_count) AS drops, signatures, by_state, error_count,
  payload_dropped_at, pinned_at, (SELECT max(idx) FROM seal WHERE seal.session = session.key) AS seal_index`;

/** Sessions of one page where the query does not say. */
const PAGE = 100;

export class Reader implements Handlers<ReadName> {
  readonly #db: Database;
  readonly #columns: DropColumns;
  readonly #outcomes: Outcomes;
  readonly #ledger: LedgerReader;

  constructor(db: Database) {
    this.#db = db;
    this.#columns = new DropColumns(db);
    this.#outcomes = new Outcomes(db, this.#columns);
    this.#ledger = new LedgerReader(db);
  }

  readonly sessions = (query: SessionQuery): Answer<'sessions'> => {
    const { where, values } = sessionFilter(query);
    const total = this.#db
      .prepare<unknown[], number>(`SELECT count(*) FROM session ${where}`)
      .pluck()
      .get(...values);
    const rows = this.#db
      .prepare<unknown[], SessionRecord>(
        `SELECT ${SESSION_COLUMNS} FROM session ${where} ORDER BY created_at DESC, key DESC LIMIT ? OFFSET ?`,
      )
      .all(...values, query.limit ?? PAGE, query.offset ?? 0);
    return { sessions: rows.map(sessionRow), total: total ?? 0 };
  };

  readonly session = (sessionId: string): SessionRow | undefined => {
    const row = this.#db
      .prepare<[string], SessionRecord>(`SELECT ${SESSION_COLUMNS} FROM session WHERE session_id = ?`)
      .get(sessionId);
    return row === undefined ? undefined : sessionRow(row);
  };

  readonly graph = (key: number): GraphPart[] => {
    this.#rowCount(key);
    const parts = this.#db
      .prepare<[number], Buffer>('SELECT data FROM graph_part WHERE session = ? ORDER BY seq')
      .pluck()
      .all(key);
    return parts.map((data) => ({ bytes: inflateSync(data) }));
  };

  readonly drops = (key: number, query: DropQuery): Answer<'drops'> =>
    queryDrops(this.#columns, key, this.#rowCount(key), query);

  readonly dropByUid = (key: number, uid: string): StoredDrop | undefined => {
    this.#rowCount(key);
    const row = this.#columns.rowOfUid(key, uid);
    return row === undefined ? undefined : this.#columns.drops(key, Uint32Array.of(row))[0];
  };

  readonly rowOfUid = (key: number, uid: string): number | undefined => {
    this.#rowCount(key);
    return this.#columns.rowOfUid(key, uid);
  };

  readonly logical = (key: number): LogicalRow[] => logicalRows(this.#columns, key, this.#rowCount(key));

  readonly states = (key: number): Answer<'states'> => this.#columns.states(key, this.#rowCount(key));

  readonly events = (key: number, row: number): Answer<'events'> => {
    this.#rowCount(key);
    const blocks = this.#db
      .prepare<
        [number, number, number],
        { readonly rows: Buffer; readonly kind: Buffer; readonly value: Buffer; readonly at: Buffer }
      >(
        `SELECT rows, kind, value, at FROM event_block INDEXED BY event_block_by_row
         WHERE session = ? AND min_row <= ? AND max_row >= ? ORDER BY seq`,
      )
      .all(key, row, row);
    const events: { at: number; kind: number; value: number }[] = [];
    for (const block of blocks) {
      const rows = uint32s(block.rows);
      const at = float64s(block.at);
      const first = firstOf(rows, row);
      for (let i = first; i >= 0 && rows[i] === row; i++) {
        events.push({ at: at[i] ?? 0, kind: block.kind[i] ?? 0, value: block.value[i] ?? 0 });
      }
    }
    return events;
  };

  readonly errors = (key: number, limit: number, row?: number): StoredError[] => {
    this.#rowCount(key);
    const columns = 'SELECT row, uid, name, code, message, detail, at FROM error WHERE session = ?';
    if (row === undefined) {
      return this.#db
        .prepare<[number, number], StoredError>(`${columns} ORDER BY seq LIMIT ?`)
        .all(key, limit);
    }
    return this.#db
      .prepare<[number, number, number], StoredError>(`${columns} AND row = ? ORDER BY seq LIMIT ?`)
      .all(key, row, limit);
  };

  readonly logs = (key: number, query: Parameters<Store['logs']>[1]): Answer<'logs'> => {
    this.#rowCount(key);
    const where = ['session = ?'];
    const values: (string | number)[] = [key];
    const add = (condition: string, value: string | number) => {
      where.push(condition);
      values.push(value);
    };
    if (query.level !== undefined) add('level = ?', query.level);
    if (query.row !== undefined) add('row = ?', query.row);
    if (query.text) add('instr(lower(message), lower(?)) > 0', query.text);
    const condition = where.join(' AND ');
    const total = this.#db
      .prepare<unknown[], number>(`SELECT count(*) FROM log WHERE ${condition}`)
      .pluck()
      .get(...values);
    const entries = this.#db
      .prepare<unknown[], StoredLog & { readonly seq: number }>(
        `SELECT seq, at, level, row, uid, message FROM log WHERE ${condition} ORDER BY seq LIMIT ? OFFSET ?`,
      )
      .all(...values, query.limit, query.offset);
    return { entries, total: total ?? 0 };
  };

  readonly outcome = (key: number, row: number): DropOutcome | undefined => {
    this.#rowCount(key);
    return this.#outcomes.outcome(key, row);
  };

  readonly whoMade = (contentHash: string): Answer<'whoMade'> => this.#outcomes.whoMade(contentHash);

  readonly seals = (query: SealQuery): StoredSeal[] => this.#ledger.seals(query);
  readonly lastSeal = (): StoredSeal | undefined => this.#ledger.lastSeal();
  readonly logLeaves = (from: number, count: number): Uint8Array => this.#ledger.logLeaves(from, count);
  readonly treeHashes = (index: number, height: number, from: number, count: number): Uint8Array =>
    this.#ledger.treeHashes(index, height, from, count);

  readonly records = (key: number, firstRow: number, count: number): Answer<'records'> => {
    this.#rowCount(key);
    return this.#ledger.records(key, firstRow, count);
  };

  readonly payloadBytes = (key: number, parts: readonly PayloadParts[]): number => {
    this.#rowCount(key);
    return this.#ledger.payloadBytes(key, parts);
  };

  readonly recordTiles = (key: number, first: number, count: number): Uint8Array[] =>
    this.#ledger.recordTiles(key, first, count);
  readonly sealedBlocks = (
    key: number,
    section: SealedSection,
    after: number,
    limit: number,
    wants: WantedChecks,
  ): Answer<'sealedBlocks'> => sealedBlocks(this.#db, key, section, after, limit, wants);

  readonly blockDrops = (key: number, section: SealedSection, place: number): Uint32Array =>
    blockDrops(this.#db, key, section, place);
  readonly blockPlaces = (key: number, section: SealedSection): number[] =>
    blockPlaces(this.#db, key, section);
  readonly sealedHashes = (index: number, section: SealedSection): Answer<'sealedHashes'> =>
    this.#ledger.sealedHashes(index, section);
  readonly contradictions = (key?: number, dropped: readonly PayloadParts[] = []): Contradiction[] => {
    const redundancy = new Redundancy(this.#db, this.#columns);
    return key === undefined ? redundancy.ofFile() : redundancy.ofSession(key, dropped);
  };

  readonly document = (key: number | null, name: string): Uint8Array | undefined =>
    this.#ledger.document(key, name);
  readonly documents = (key: number | null, prefix?: string): string[] => this.#ledger.documents(key, prefix);

  readonly searchDrops = (query: DropSearch): Answer<'searchDrops'> => {
    const rows = query.contentHash === undefined ? undefined : this.#outcomes.rowsWithHash(query.contentHash);
    return searchDrops(this.#db, this.#columns, query, rows);
  };

  readonly reprodata = (key: number): string | null => {
    this.#rowCount(key);
    const data = this.#db
      .prepare<[number], Buffer>('SELECT data FROM reprodata WHERE session = ?')
      .pluck()
      .get(key);
    return data === undefined ? null : inflateSync(data).toString('utf8');
  };

  /** The drops of a session. Throws SESSION_UNKNOWN. */
  #rowCount(key: number): number {
    const count = this.#db
      .prepare<[number], number>('SELECT row_count FROM session WHERE key = ?')
      .pluck()
      .get(key);
    if (count === undefined) throw unknownSession(key);
    return count;
  }
}

/** DALiuGE's signatures are kept with the session, Weir's own in the facts that were sealed, here or where it ran. */
const SIGNED = `(
  EXISTS (SELECT 1 FROM json_each(signatures) s WHERE instr(s.value, lower(?)) = 1)
  OR EXISTS (SELECT 1 FROM seal, json_each(seal.facts, '$.canonicalSignatures') s
             WHERE seal.session = session.key AND instr(s.value, lower(?)) = 1)
  OR EXISTS (SELECT 1 FROM document d, json_each(CAST(d.data AS TEXT), '$.canonicalSignatures') s
             WHERE d.session = session.key AND d.name = 'imported/facts.json' AND instr(s.value, lower(?)) = 1))`;

function sessionFilter(query: SessionQuery): {
  readonly where: string;
  readonly values: readonly (string | number)[];
} {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  if (query.text) {
    conditions.push('(instr(lower(session_id), lower(?)) > 0 OR instr(lower(graph_name), lower(?)) > 0)');
    values.push(query.text, query.text);
  }
  if (query.status !== undefined) {
    conditions.push('status = ?');
    values.push(query.status);
  }
  if (query.graph) {
    conditions.push('instr(lower(graph_name), lower(?)) > 0');
    values.push(query.graph);
  }
  if (query.since !== undefined) {
    conditions.push('created_at >= ?');
    values.push(query.since);
  }
  if (query.until !== undefined) {
    conditions.push('created_at < ?');
    values.push(query.until);
  }
  if (query.signature) {
    conditions.push(SIGNED);
    values.push(query.signature, query.signature, query.signature);
  }
  return { where: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, values };
}

function sessionRow(row: SessionRecord): SessionRow {
  return {
    key: row.key,
    sessionId: row.session_id,
    status: row.status,
    graphName: row.graph_name,
    origin: row.origin,
    dir: row.dir,
    rmode: row.rmode,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    loadMs: row.load_ms,
    deployMs: row.deploy_ms,
    executeMs: row.execute_ms,
    recordMs: row.record_ms,
    drops: row.drops,
    byState: parsedOr<Record<string, number>>(row.by_state, {}),
    errorCount: row.error_count,
    sealIndex: row.seal_index,
    payloadDroppedAt: row.payload_dropped_at,
    pinnedAt: row.pinned_at,
    signatures: parsedOr<Record<string, string>>(row.signatures, {}),
    host: parsedOr<SessionRow['host']>(row.host, { name: '', platform: '', version: '' }),
  };
}

/** A damaged text must not hide the session, nor all others in a list: `weir verify` says that it was altered. */
function parsedOr<T extends object>(text: string, otherwise: T): T {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as T) : otherwise;
  } catch {
    return otherwise;
  }
}
