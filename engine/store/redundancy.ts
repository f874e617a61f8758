/**
 * What the store keeps twice must say the same: counters of a session, the index of contents, the owners of tiles, the
 * last state that events tell. None of it is sealed, because it follows from what is.
 */
import { createHash } from 'node:crypto';
import Sqlite from 'better-sqlite3';
import type { Database } from './database.ts';
import type { DropColumns } from './drop-columns.ts';
import { float64s, outcomeId, uint32s, HASH_BYTES } from './layout.ts';
import type { Contradiction, PayloadParts } from './ledger-contract.ts';
import { stateName } from './live-session.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { OutcomeReader } from './outcome-columns.ts';
import { DROPStates } from '../protocol/index.ts';

/** No event of a drop's state is kept. */
const UNTOLD = 255;
/** Contradictions that are listed of one kind. */
const LISTED = 100;

interface Counters {
  readonly row_count: number;
  readonly by_state: string;
  readonly error_count: number;
}

export class Redundancy {
  readonly #db: Database;
  readonly #columns: DropColumns;

  constructor(db: Database, columns: DropColumns) {
    this.#db = db;
    this.#columns = columns;
  }

  /** Whether the file itself is whole, and every reference in it leads somewhere. */
  ofFile(): Contradiction[] {
    const found: Contradiction[] = [];
    const add = (table: string, message: string): void => void found.push({ table, row: null, message });
    const check = this.#db.pragma(`integrity_check(${LISTED})`) as readonly {
      readonly integrity_check: string;
    }[];
    for (const { integrity_check: message } of check)
      if (message !== 'ok') add('database file', `SQLite finds it damaged: ${message}.`);
    for (const name of this.#otherForm())
      add(name, `The form of ${name} in the file is not the one that Weir made: it was altered.`);
    const lost = this.#db.pragma('foreign_key_check') as readonly {
      readonly table: string;
      readonly parent: string;
    }[];
    for (const { table, parent } of lost.slice(0, LISTED))
      add(table, `A row of table ${table} belongs to a ${parent} that is not there: its key was altered.`);
    const strays = this.#db
      .prepare<[], number>(
        `SELECT count(*) FROM content WHERE id / 2147483648 NOT IN (SELECT key FROM session)`,
      )
      .pluck()
      .get();
    if (strays)
      add('content', `${strays} kept contents belong to no session: the key of a session was altered.`);
    return found;
  }

  /** Tables, indexes and triggers that are not as the migrations make them: without its triggers a seal could be changed. */
  #otherForm(): string[] {
    const fresh = new Sqlite(':memory:');
    try {
      for (const { sql } of MIGRATIONS) fresh.exec(sql);
      const formOf = (db: Database): Map<string, string> =>
        new Map(
          db
            .prepare<[], { readonly name: string; readonly sql: string }>(
              "SELECT name, coalesce(sql, '') AS sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
            )
            .all()
            .map(({ name, sql }) => [name, sql]),
        );
      const [made, found] = [formOf(fresh), formOf(this.#db)];
      return [...new Set([...made.keys(), ...found.keys()])].filter(
        (name) => made.get(name) !== found.get(name),
      );
    } finally {
      fresh.close();
    }
  }

  /** What contradicts itself in one session; `dropped`: what retention has taken from it. */
  ofSession(key: number, dropped: readonly PayloadParts[]): Contradiction[] {
    const counters = this.#db
      .prepare<[number], Counters>('SELECT row_count, by_state, error_count FROM session WHERE key = ?')
      .get(key);
    if (counters === undefined) return [];
    return [
      ...this.#counters(key, counters),
      ...this.#tiles(key),
      ...(dropped.includes('events') ? [] : this.#givenBack(key, counters)),
      ...this.#contents(key, dropped.includes('contents')),
    ];
  }

  #counters(key: number, counters: Counters): Contradiction[] {
    const found: Contradiction[] = [];
    const compare = (what: string, kept: string | number, counted: string | number | undefined): void => {
      if (kept !== counted)
        found.push({
          table: 'session',
          row: null,
          message: `The session's ${what} is kept as ${kept}, but counted are ${counted ?? 0}: it was altered.`,
        });
    };
    const one = (sql: string): number | undefined => this.#db.prepare<[number], number>(sql).pluck().get(key);
    const rows = one('SELECT coalesce(sum(count), 0) FROM drop_block WHERE session = ?');
    compare('number of drops', counters.row_count, rows);
    compare('number of errors', counters.error_count, one('SELECT count(*) FROM error WHERE session = ?'));
    if (rows === counters.row_count) compare('drops by state', counters.by_state, this.#byState(key, rows));
    return found;
  }

  #byState(key: number, rowCount: number): string {
    const counts = new Uint32Array(256);
    for (const state of this.#columns.states(key, rowCount).status) counts[state] = (counts[state] ?? 0) + 1;
    const named: Record<string, number> = {};
    for (const [state, count] of counts.entries()) if (count > 0) named[stateName(state)] = count;
    return JSON.stringify(named);
  }

  #tiles(key: number): Contradiction[] {
    const gaps = this.#db
      .prepare<[number], number>(
        `SELECT count(*) FROM (SELECT 1 FROM sealed_tile WHERE session = ?
           GROUP BY seal, section HAVING max(tile) + 1 <> count(*))`,
      )
      .pluck()
      .get(key);
    const misplaced = gaps
      ? [
          {
            table: 'sealed_tile',
            row: null,
            message: 'A row of table sealed_tile has another number: it was altered.',
          },
        ]
      : [];
    return misplaced.concat(this.#owners(key));
  }

  #owners(key: number): { table: string; row: null; message: string }[] {
    return ['tree_tile', 'sealed_tile'].flatMap((table) => {
      const wrong = this.#db
        .prepare<[number, number], number>(
          `SELECT count(*) FROM ${table} WHERE (seal IN (SELECT idx FROM seal WHERE session = ?)) <> (session = ?)`,
        )
        .pluck()
        .get(key, key);
      const message = `${wrong ?? 0} rows of table ${table} are of another session than their seal: the key was altered.`;
      return wrong ? [{ table, row: null, message }] : [];
    });
  }

  /** Drops are EXPIRED or DELETED only where an event says so, and COMPLETED where none does. */
  #givenBack(key: number, { row_count: rowCount }: Counters): Contradiction[] {
    const isGivenBack = (state: number): boolean =>
      state === DROPStates.EXPIRED || state === DROPStates.DELETED;
    const told = this.#lastTold(key, rowCount);
    const found: Contradiction[] = [];
    for (const [row, state] of this.#columns.states(key, rowCount).status.entries()) {
      const last = told[row] ?? UNTOLD;
      if (state === last || !(isGivenBack(state) || isGivenBack(last)) || found.length >= LISTED) continue;
      const message = `Its state is ${stateName(state)}, but its last event says ${last === UNTOLD ? 'nothing' : stateName(last)}: one was altered.`;
      found.push({ table: 'state_block', row, message });
    }
    return found;
  }

  #lastTold(key: number, rowCount: number): Uint8Array {
    const told = new Uint8Array(rowCount).fill(UNTOLD);
    const latest = new Float64Array(rowCount).fill(Number.NEGATIVE_INFINITY);
    const blocks = this.#db
      .prepare<
        [number],
        { readonly rows: Buffer; readonly kind: Buffer; readonly value: Buffer; readonly at: Buffer }
      >('SELECT rows, kind, value, at FROM event_block WHERE session = ? ORDER BY seq')
      .iterate(key);
    for (const block of blocks) {
      const [rows, at] = [uint32s(block.rows), float64s(block.at)];
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i] ?? 0;
        if (block.kind[i] !== 0 || row >= rowCount || (at[i] ?? 0) < (latest[row] ?? 0)) continue;
        told[row] = block.value[i] ?? UNTOLD;
        latest[row] = at[i] ?? 0;
      }
    }
    return told;
  }

  /** Every content that an outcome speaks of is there, has the hash it should have, and is found by it. */
  #contents(key: number, areDropped: boolean): Contradiction[] {
    const found: Contradiction[] = [];
    const add = (table: string, row: number, message: string): void => {
      if (found.length < LISTED) found.push({ table, row, message });
    };
    const isIndexed = this.#db
      .prepare<[Buffer, number], number>('SELECT 1 FROM content_index WHERE hash = ? AND id = ?')
      .pluck();
    const kept = this.#db.prepare<[number], Buffer>('SELECT data FROM content WHERE id = ?').pluck();
    const isWaiting = this.#db
      .prepare<[number], number>('SELECT hashes_wait FROM session WHERE key = ?')
      .pluck()
      .get(key);
    const blocks = this.#db
      .prepare<[number], { readonly rows: Buffer; readonly hashes: Buffer; readonly data: Buffer }>(
        'SELECT rows, hashes, data FROM outcome_block WHERE session = ? ORDER BY seq',
      )
      .iterate(key);
    for (const { rows: bytes, hashes, data } of blocks) {
      const rows = uint32s(bytes);
      const reader = readerOf(rows, hashes, data);
      for (let i = 0; reader !== undefined && i < rows.length; i++) {
        const row = rows[i] ?? 0;
        const { outcome, hasContent } = reader.at(i);
        const hash = hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
        if (outcome.contentHash !== null && isWaiting === 0 && !isIndexed.get(hash, outcomeId(key, row)))
          add(
            'content_index',
            row,
            'Its content is not found by its hash: the index of contents was altered.',
          );
        if (!hasContent) continue;
        const content = kept.get(outcomeId(key, row));
        if (content === undefined && !areDropped)
          add(
            'content',
            row,
            'Its kept content is gone or is kept for another drop, and no act of retention in the log took it: it was altered.',
          );
        if (
          content &&
          outcome.contentHash !== null &&
          !createHash('sha256').update(content).digest().equals(hash)
        )
          add('content', row, 'Its kept content is not what was recorded: it was altered.');
      }
    }
    return found;
  }
}

/** A block that cannot be unpacked is told by its hash; here it says nothing. */
function readerOf(rows: Uint32Array, hashes: Uint8Array, data: Uint8Array): OutcomeReader | undefined {
  try {
    return new OutcomeReader(rows, hashes, data);
  } catch {
    return undefined;
  }
}
