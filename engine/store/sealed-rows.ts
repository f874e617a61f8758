/**
 * Hashes over the rows of a session, section by section, for its seal to cover: whatever is altered in one of them later
 * gives another hash. Hashed is what is stored, byte by byte, before anything is unpacked.
 *
 *   hash of a block = SHA-256( section, then of each of its columns: N | R number | T length text | B length bytes )
 *
 * A block is a row of its table. Two things are hashed by what they mean: data drops that were given back after the
 * session's end (EXPIRED, DELETED) count as COMPLETED, because that is no part of the run; and errors, log, events and
 * outcomes may get more rows after the seal, which it does not cover. Beside each hash there may be check values (CRC-32)
 * by drop, and by field and place (grid-checks.ts). They prove nothing; they say which drop and field of a block it was.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { DROPStates } from '../protocol/index.ts';
import type { Database } from './database.ts';
import { BLOCK_SHIFT, float64s, uint16s, uint32s } from './layout.ts';
import type { SealedBlocks, SealedSection } from './ledger-contract.ts';
import { gridChecks, type Check, type Field } from './grid-checks.ts';
import { OutcomeReader } from './outcome-columns.ts';
import { SESSION_FIELDS } from './session-fields.ts';
import { textAt, unpackTexts } from './text-column.ts';

/** A value as SQLite gives it; texts are read as bytes, because an altered text need not be UTF-8. */
type Value = number | Buffer | null;
type Row = Readonly<Record<string, Value>>;
type Checks = readonly Check[];

interface Section {
  /** Selects `at` (the place of the block) and the hashed columns of blocks behind a place. */
  readonly sql: string;
  readonly columns: readonly string[];
  /** What is hashed in place of a column. */
  readonly settled?: { readonly column: string; readonly as: (value: Value) => Value };
  readonly checks?: (row: Row) => Checks;
  /** The fields of all rows in a block, in the order of `CHECKED_FIELDS` (ledger-contract.ts), and which drops the rows are of. */
  readonly grid?: (row: Row) => Grid;
}

interface Grid {
  readonly fields: readonly Field[];
  readonly drops: Uint32Array;
}

/** Which check values come with hashes. */
export interface WantedChecks {
  /** One for each drop of a block. */
  readonly byDrop: boolean;
  /** By field and place. */
  readonly byField: boolean;
}

const BEHIND = 'WHERE session = @key AND';
const text = (column: string): string => `CAST(${column} AS BLOB) AS ${column}`;

const TEXT_FIELDS: ReadonlySet<string> = new Set([
  'session_id',
  'status',
  'graph_name',
  'origin',
  'dir',
  'rmode',
  'host',
  'signatures',
]);

const SECTIONS: Readonly<Record<SealedSection, Section>> = {
  session: {
    sql: `SELECT 0 AS at, ${SESSION_FIELDS.map((field) => (TEXT_FIELDS.has(field) ? text(field) : field)).join(', ')}
          FROM session WHERE key = @key AND 0 > @after`,
    columns: SESSION_FIELDS,
    checks: (row) => SESSION_FIELDS.map((field, i) => [i, checkOf([encode(row[field] as Value)])] as const),
  },
  graph: {
    sql: `SELECT seq AS at, seq, data FROM graph_part ${BEHIND} seq > @after ORDER BY seq`,
    columns: ['seq', 'data'],
  },
  reprodata: {
    sql: `SELECT 0 AS at, data FROM reprodata ${BEHIND} 0 > @after`,
    columns: ['data'],
  },
  drops: {
    sql: `SELECT first_row AS at, first_row, count, kind, class_id, ${text('classes')}, uid_hash, name, lg_key, uid
          FROM drop_block ${BEHIND} first_row > @after ORDER BY first_row`,
    columns: ['first_row', 'count', 'kind', 'class_id', 'classes', 'uid_hash', 'name', 'lg_key', 'uid'],
    checks: dropChecks,
    grid: dropGrid,
  },
  states: {
    sql: `SELECT block AS at, block, status, exec, started_at, finished_at, size_bytes
          FROM state_block ${BEHIND} block > @after ORDER BY block`,
    columns: ['block', 'status', 'exec', 'started_at', 'finished_at', 'size_bytes'],
    settled: { column: 'status', as: settledStatuses },
    checks: stateChecks,
    grid: stateGrid,
  },
  events: {
    sql: `SELECT seq AS at, seq, min_row, max_row, rows, kind, value, at AS times
          FROM event_block ${BEHIND} seq > @after ORDER BY seq`,
    columns: ['seq', 'min_row', 'max_row', 'rows', 'kind', 'value', 'times'],
    checks: eventChecks,
    grid: eventGrid,
  },
  errors: {
    sql: `SELECT seq AS at, seq, at AS time, row, ${['uid', 'name', 'code', 'message', 'detail'].map(text).join(', ')}
          FROM error ${BEHIND} seq > @after ORDER BY seq`,
    columns: ['seq', 'time', 'row', 'uid', 'name', 'code', 'message', 'detail'],
    grid: (row) => rowGrid(row, ['seq', 'time', 'row', 'uid', 'name', 'code', 'message', 'detail']),
  },
  logs: {
    sql: `SELECT seq AS at, seq, at AS time, ${text('level')}, row, ${['uid', 'message'].map(text).join(', ')}
          FROM log ${BEHIND} seq > @after ORDER BY seq`,
    columns: ['seq', 'time', 'level', 'row', 'uid', 'message'],
    grid: (row) => rowGrid(row, ['seq', 'time', 'level', 'row', 'uid', 'message']),
  },
  outcomes: {
    sql: `SELECT seq AS at, seq, min_row, max_row, rows, hashes, data
          FROM outcome_block ${BEHIND} seq > @after ORDER BY seq`,
    columns: ['seq', 'min_row', 'max_row', 'rows', 'hashes', 'data'],
    checks: outcomeChecks,
    grid: outcomeGrid,
  },
  records: {
    sql: `SELECT tile AS at, tile, data FROM record_tile ${BEHIND} tile > @after ORDER BY tile`,
    columns: ['tile', 'data'],
  },
  uids: {
    sql: `SELECT first_hash AS at, first_hash, hashes, rows
          FROM uid_tile ${BEHIND} first_hash > @after ORDER BY first_hash`,
    columns: ['first_hash', 'hashes', 'rows'],
  },
  documents: {
    sql: `SELECT rowid AS at, ${text('name')}, data FROM document ${BEHIND} rowid > @after ORDER BY rowid`,
    columns: ['name', 'data'],
  },
};

/** Hashes of the blocks of a section behind a place, as many as `limit`; with check values by drop where wanted. */
export function sealedBlocks(
  db: Database,
  key: number,
  section: SealedSection,
  after: number,
  limit: number,
  wants: WantedChecks,
): SealedBlocks {
  const { sql, columns, settled, checks, grid } = SECTIONS[section];
  const rows = db
    .prepare<[Readonly<Record<string, number>>], Row>(`${sql} LIMIT @limit`)
    .iterate({ key, after, limit });
  const hashes: Buffer[] = [];
  const found: number[] = [];
  let last = after;
  for (const row of rows) {
    const hash = createHash('sha256').update(`${section}\n`);
    for (const column of columns) {
      const value = row[column] as Value;
      for (const part of encode(settled?.column === column ? settled.as(value) : value)) hash.update(part);
    }
    hashes.push(hash.digest());
    const of = [
      // The facts of a session are few, and have no other check values.
      ...(checks && (wants.byDrop || (wants.byField && !grid)) ? unlessUnreadable(() => checks(row)) : []),
      ...(grid && wants.byField ? unlessUnreadable(() => checksOfGrid(grid(row))) : []),
    ];
    found.push(of.length, ...of.flat());
    last = row['at'] as number;
  }
  return {
    hashes: new Uint8Array(Buffer.concat(hashes)),
    checks: Uint32Array.from(found),
    last: hashes.length === limit ? last : null,
  };
}

/** Places of the blocks of a section, in order: what their hashes are of. */
export function blockPlaces(db: Database, key: number, section: SealedSection): number[] {
  return db
    .prepare<[Readonly<Record<string, number>>], { readonly at: number }>(
      `SELECT at FROM (${SECTIONS[section].sql})`,
    )
    .all({ key, after: -1 })
    .map(({ at }) => at);
}

/**
 * The drops that the rows of a block are of, as it is now; none where it cannot be read. `place` is that of the block.
 */
export function blockDrops(db: Database, key: number, section: SealedSection, place: number): Uint32Array {
  const { sql, grid } = SECTIONS[section];
  const row = db
    .prepare<[Readonly<Record<string, number>>], Row>(`${sql} LIMIT 1`)
    .get({ key, after: place - 1 });
  const none = new Uint32Array(0);
  if (row === undefined || row['at'] !== place || grid === undefined) return none;
  try {
    return grid(row).drops;
  } catch {
    return none;
  }
}

const checksOfGrid = ({ fields, drops }: Grid): Checks => gridChecks(fields, drops.length);

function encode(value: Value): readonly Uint8Array[] {
  if (value === null) return [Buffer.from('N')];
  const head = Buffer.alloc(9);
  if (typeof value === 'number') {
    head.write('R');
    head.writeDoubleLE(value, 1);
    return [head];
  }
  head.write('B');
  head.writeDoubleLE(value.length, 1);
  return [head, value];
}

function checkOf(parts: readonly (readonly Uint8Array[])[]): number {
  let check = 0;
  for (const part of parts.flat()) check = crc32(part, check);
  return check;
}

/** What cannot be unpacked any more has no check values: then the block as a whole is named. */
function unlessUnreadable(make: () => Checks): Checks {
  try {
    return make();
  } catch {
    return [];
  }
}

function settledStatuses(value: Value): Value {
  if (!Buffer.isBuffer(value)) return value;
  const settled = Buffer.from(value);
  for (let i = 0; i < settled.length; i++)
    if (settled[i] === DROPStates.EXPIRED || settled[i] === DROPStates.DELETED)
      settled[i] = DROPStates.COMPLETED;
  return settled;
}

const bytesIn = (row: Row, column: string): Buffer => {
  const value = row[column];
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
};

function dropChecks(row: Row): Checks {
  const first = row['first_row'] as number;
  const count = row['count'] as number;
  const texts = ['uid', 'name', 'lg_key'].map((column) => unpackTexts(bytesIn(row, column), count));
  const kind = bytesIn(row, 'kind');
  const classes = JSON.parse(bytesIn(row, 'classes').toString('utf8')) as string[];
  const classId = uint16s(bytesIn(row, 'class_id'));
  const uidHash = uint32s(bytesIn(row, 'uid_hash'));
  return Array.from({ length: count }, (_, i) => {
    const facts = [
      kind[i],
      classes[classId[i] ?? -1],
      uidHash[i],
      ...texts.map((column) => textAt(column, i)),
    ];
    return [first + i, crc32(JSON.stringify(facts))] as const;
  });
}

function stateChecks(row: Row): Checks {
  const first = (row['block'] as number) << BLOCK_SHIFT;
  const status = settledStatuses(bytesIn(row, 'status')) as Buffer;
  const exec = bytesIn(row, 'exec');
  const numbers = ['started_at', 'finished_at', 'size_bytes'].map((column) => bytesIn(row, column));
  return Array.from({ length: status.length }, (_, i) => {
    const parts = numbers.map((bytes) => bytes.subarray(i * 8, i * 8 + 8));
    return [first + i, checkOf([[Buffer.of(status[i] ?? 0, exec[i] ?? 0), ...parts]])] as const;
  });
}

function eventChecks(row: Row): Checks {
  const rows = uint32s(bytesIn(row, 'rows'));
  const [kind, value, times] = [bytesIn(row, 'kind'), bytesIn(row, 'value'), float64s(bytesIn(row, 'times'))];
  const found = new Map<number, number>();
  const event = new DataView(new ArrayBuffer(10));
  for (let i = 0; i < rows.length; i++) {
    event.setUint8(0, kind[i] ?? 0);
    event.setUint8(1, value[i] ?? 0);
    event.setFloat64(2, times[i] ?? 0);
    const drop = rows[i] ?? 0;
    found.set(drop, crc32(new Uint8Array(event.buffer), found.get(drop) ?? 0));
  }
  return [...found];
}

function outcomeChecks(row: Row): Checks {
  const rows = uint32s(bytesIn(row, 'rows'));
  const reader = new OutcomeReader(rows, bytesIn(row, 'hashes'), bytesIn(row, 'data'));
  return [...rows].map((drop, i) => [drop, crc32(JSON.stringify(reader.at(i)))] as const);
}

/** Rows [first, first + count). */
const span = (first: number, count: number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, i) => first + i);

function dropGrid(row: Row): Grid {
  const count = row['count'] as number;
  const texts = ['uid', 'name', 'lg_key'].map((column) => unpackTexts(bytesIn(row, column), count));
  return {
    fields: [
      ...texts,
      { bytes: bytesIn(row, 'kind'), width: 1 },
      { bytes: bytesIn(row, 'class_id'), width: 2 },
      { bytes: bytesIn(row, 'uid_hash'), width: 4 },
    ],
    drops: span(row['first_row'] as number, count),
  };
}

function stateGrid(row: Row): Grid {
  const status = settledStatuses(bytesIn(row, 'status')) as Buffer;
  const numbers = ['started_at', 'finished_at', 'size_bytes'].map((column) => bytesIn(row, column));
  return {
    fields: [
      { bytes: status, width: 1 },
      { bytes: bytesIn(row, 'exec'), width: 1 },
      ...numbers.map((bytes) => ({ bytes, width: 8 })),
    ],
    drops: span((row['block'] as number) << BLOCK_SHIFT, status.length),
  };
}

function eventGrid(row: Row): Grid {
  const rows = bytesIn(row, 'rows');
  return {
    fields: [
      { bytes: rows, width: 4 },
      { bytes: bytesIn(row, 'kind'), width: 1 },
      { bytes: bytesIn(row, 'value'), width: 1 },
      { bytes: bytesIn(row, 'times'), width: 8 },
    ],
    drops: uint32s(rows),
  };
}

function outcomeGrid(row: Row): Grid {
  const drops = uint32s(bytesIn(row, 'rows'));
  const reader = new OutcomeReader(drops, bytesIn(row, 'hashes'), bytesIn(row, 'data'));
  return { fields: reader.fields(), drops };
}

/** A row of a table that has one for each entry; the drop it is about, or 0. */
function rowGrid(row: Row, columns: readonly string[]): Grid {
  const fields = columns.map((column) => {
    const bytes = Buffer.concat([...encode(row[column] as Value)]);
    return { bytes, width: bytes.length };
  });
  const drop = row['row'];
  return { fields, drops: Uint32Array.of(typeof drop === 'number' ? drop : 0) };
}
