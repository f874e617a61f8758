/** One byte altered in any column of any table of the history is found, and what it belongs to is named. */
import path from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  exportBundle,
  importBundle,
  verifyHistory,
  verifyStored,
  type Verdict,
} from '../../../engine/api/index.ts';
import { app, bytesOf, data, testHost, type TestHost } from '../../support/host.ts';

const FILE = 'dlg.data.drops.file.FileDROP';
const BASH = 'dlg.apps.bash_shell_app.BashShellApp';

/** Commands, files, memory, applications that do nothing of their own. */
const pipeline = [
  app('w', BASH, { command: 'printf one > %o0', outputs: ['f'] }),
  data('f', { dropclass: FILE, producers: ['w'], consumers: ['c'] }),
  app('c', 'dlg.apps.simple.CopyApp', { inputs: ['f'], outputs: ['g'] }),
  data('g', { producers: ['c'], consumers: ['s'] }),
  app('s', 'dlg.apps.simple.SleepApp', { sleepTime: 0, inputs: ['g'], outputs: ['h'] }),
  data('h', { producers: ['s'] }),
];
const failing = [
  app('x', BASH, { command: 'echo why >&2; exit 3', outputs: ['y'] }),
  data('y', { dropclass: FILE, producers: ['x'] }),
];

/**
 * Columns in which an altered byte changes nothing that the history says, and why. Everything else must be found; what is
 * kept twice is held against what it was counted from.
 */
const CACHES: Readonly<Record<string, string>> = {
  'owner.*': 'processes that have the file open just now',
  'sqlite_sequence.*': 'the next keys that SQLite gives',
  'session.owner': 'the process that runs and records the session; it says nothing once that is dead',
  'session.last_at': 'when the session was last heard of, for the case that its process dies',
  'session.hashes_wait': 'whether the index of contents is still to be made: then it is made again',
  'session.pinned_at': 'what a person wishes of standing rules; the log says what they took',
};

let dataDir: string;
let elsewhere: TestHost;
let host: TestHost;
let db: Database.Database;

beforeAll(async () => {
  const first = await testHost();
  ({ dataDir } = first);
  for (const [id, graph] of [
    ['ran', pipeline],
    ['failed', failing],
    ['pruned', pipeline],
    ['deleted', failing],
  ] as const) {
    const session = await first.manager.createSession(id);
    await session.addGraphSpec(bytesOf(graph));
    await session.deploy('roots');
    await session.over;
    session.note(new Error('Something that happened beside the drops.'));
    await session.recorded();
  }
  await first.call('history.prune', { keep: 0, except: ['ran', 'failed', 'deleted'] });
  await first.call('sessions.delete', { sessionId: 'deleted' });
  elsewhere = await testHost();
  const session = await elsewhere.manager.createSession('taken');
  await session.addGraphSpec(bytesOf(pipeline));
  await session.deploy('roots');
  await session.recorded();
  const bundle = Buffer.concat([...(await exportBundle(elsewhere.deps, 'taken'))]);
  await importBundle(first.deps, bundle, 'taken.zip');
  await first.close();
  // A Host of its own, as `weir verify` would start it: it knows nothing but the file.
  host = await testHost({ dataDir });
  db = new Database(path.join(dataDir, 'weir.db'));
  db.pragma('foreign_keys = OFF');
}, 120_000);
afterAll(async () => {
  db.close();
  await host.remove();
  await elsewhere.remove();
});

interface Cell {
  readonly table: string;
  readonly column: string;
  readonly rowid: number | bigint | Readonly<Record<string, unknown>>;
  readonly value: unknown;
  /** The cell with a byte altered. */
  readonly altered: unknown;
}

const TEXT = Symbol('text');

function alter(value: unknown, at: number): unknown {
  if (typeof value === 'number') {
    // One bit of an integer, however it is stored.
    if (Number.isSafeInteger(value)) return Number(BigInt(value) ^ 64n);
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    bytes[2] = (bytes[2] as number) ^ 1;
    return bytes.readDoubleLE();
  }
  const bytes = Buffer.from(value as string | Buffer);
  const place = Math.min(bytes.length - 1, Math.floor(bytes.length * at));
  bytes[place] = (bytes[place] as number) ^ 1;
  return typeof value === 'string' ? { [TEXT]: bytes } : bytes;
}

/** First and last row of every table, every column, a byte in the middle and the last one. */
function* cells(): Generator<Cell> {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  for (const table of tables) {
    const rows = db.prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[];
    for (const row of new Set([rows[0], rows.at(-1)]))
      for (const [column, value] of Object.entries(row ?? {})) {
        if (value === null || (typeof value !== 'number' && (value as string | Buffer).length === 0))
          continue;
        const places = typeof value === 'number' ? [0] : [0.5, 1];
        for (const at of places)
          yield { table, column, rowid: row as Record<string, unknown>, value, altered: alter(value, at) };
      }
  }
}

/** Puts a value into the cell of a row that has these values. */
function put(cell: Cell, value: unknown, current: unknown): void {
  const row = { ...(cell.rowid as Record<string, unknown>), [cell.column]: current };
  const entries = Object.entries(row);
  const asText = (one: unknown): Buffer | undefined => (one as Record<symbol, Buffer> | null)?.[TEXT];
  const bound = (one: unknown): unknown => asText(one) ?? one;
  const where = entries
    .map(([name, one]) => `${name} IS ${asText(one) ? 'CAST(? AS TEXT)' : '?'}`)
    .join(' AND ');
  const triggers = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all() as {
    name: string;
    sql: string;
  }[];
  db.transaction(() => {
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
    const { changes } = db
      .prepare(
        `UPDATE ${cell.table} SET ${cell.column} = ${asText(value) ? 'CAST(? AS TEXT)' : '?'} WHERE ${where}`,
      )
      .run(bound(value), ...entries.map(([, one]) => bound(one)));
    for (const { sql } of triggers) db.exec(sql);
    expect(changes, `${cell.table}.${cell.column}`).toBe(1);
  })();
}

/** What a problem must name: the table, or a session, drop or seal that the cell is part of. */
const NAMED = /session (ran|failed|taken|pruned)|drop \w|table \w|seal \d|checkpoint of size \d/;

describe('weir verify of a whole history', () => {
  it('finds an intact history intact', async () => {
    const verdict = await verifyHistory(host.deps);
    expect(verdict.problems).toEqual([]);
    expect(verdict.notes.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/ran on another device/),
    );
  });

  it('has something in every table', () => {
    const empty = ['content', 'content_index', 'error', 'log', 'event_block', 'record_tile', 'sealed_tile', 'document']
      .filter((table) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() === 0); // prettier-ignore
    expect(empty).toEqual([]);
  });

  it('tells what retention took, as the log says, from what is gone without an entry', async () => {
    const { problems, notes } = await verifyHistory(host.deps);
    expect(problems).toEqual([]);
    const said = notes.map(({ where, message }) => `${where}: ${message}`).join('\n');
    expect(said).toMatch(
      /session pruned, table event_block: Its rows were removed by a person on .*, as the log says/,
    );
    expect(said).toMatch(/\(session deleted\): The session it is of was deleted on .*, as the log says/);
    /** Does this to the file as somebody would who knows it, and puts the file back. */
    const after = async (...statements: readonly string[]): Promise<string> => {
      db.exec('BEGIN');
      const copies = ['session', 'event_block', 'log', 'content', 'document'].map((table) => {
        db.exec(`CREATE TEMP TABLE kept_${table} AS SELECT * FROM ${table}`);
        return table;
      });
      for (const sql of statements) db.exec(sql);
      db.exec('COMMIT');
      const verdict = await verifyHistory(host.deps);
      for (const table of copies)
        db.exec(
          `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept_${table}; DROP TABLE temp.kept_${table}`,
        );
      return verdict.problems.map(({ where, message }) => `${where}: ${message}`).join('\n');
    };
    const ofRan = "(SELECT key FROM session WHERE session_id = 'ran')";
    const drop = "UPDATE session SET payload_dropped_at = 1764000000000 WHERE session_id = 'ran'";
    expect(await after(`DELETE FROM event_block WHERE session = ${ofRan}`, drop)).toMatch(
      /session ran, table event_block: All its rows are gone, and no act of retention .* removed by hand/,
    );
    expect(await after(`DELETE FROM log WHERE session = ${ofRan}`)).toMatch(
      /session ran, table log: All its rows/,
    );
    expect(await after(`DELETE FROM content WHERE id / 2147483648 = ${ofRan}`, drop)).toMatch(
      /session ran, drop g: Its kept content is gone .* no act of retention/,
    );
    expect(await after(drop)).toMatch(
      /session ran, session: .* the log has no act of retention of that time/,
    );
    expect(await after("UPDATE session SET payload_dropped_at = NULL WHERE session_id = 'pruned'")).toMatch(
      /session pruned, session: The log says .* but the store does not/,
    );
    // A marker that was put there by hand is taken for nothing: what is sealed by now knows the log.
    expect(
      await after(
        `DELETE FROM event_block WHERE session = ${ofRan}`,
        drop,
        "INSERT INTO document VALUES (0, 'retention-to-adopt', x'')",
      ),
    ).toMatch(/session ran, table event_block: All its rows are gone/);
  });

  it('finds that a trigger was taken away which keeps seals as they are', async () => {
    const { sql } = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'seal_is_not_changed'").get() as {
      sql: string;
    };
    db.exec('DROP TRIGGER seal_is_not_changed');
    const { problems } = await verifyHistory(host.deps);
    db.exec(sql);
    expect(problems).toMatchObject([{ table: 'seal_is_not_changed' }]);
  });

  it('names the drop, the field or the row, not only the table', async () => {
    const key = db.prepare("SELECT key FROM session WHERE session_id = 'ran'").pluck().get() as number;
    const rowOf = (uid: string): number => pipeline.findIndex((drop) => drop.oid === uid);
    const flip = (bytes: Buffer, at: number): Buffer => {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] as number) ^ 1;
      return copy;
    };
    /** Alters one cell of the session, asks, and puts it back. */
    const asked = async (
      table: string,
      column: string,
      where: string,
      change: (value: Buffer) => unknown,
    ): Promise<Verdict['problems']> => {
      const name = table === 'session' ? 'key' : 'session';
      const { id, value } = db
        .prepare(`SELECT rowid AS id, ${column} AS value FROM ${table} WHERE ${name} = ? AND ${where}`)
        .get(key) as { id: number; value: Buffer };
      const update = db.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`);
      expect(update.run(change(value), id).changes).toBe(1);
      const { problems } = await verifyStored(host.deps, 'ran', false);
      update.run(value, id);
      return problems;
    };

    const blocks = db
      .prepare('SELECT seq, rows FROM event_block WHERE session = ? ORDER BY seq')
      .all(key) as { seq: number; rows: Buffer }[];
    const places = blocks.flatMap(({ seq, rows }) =>
      Array.from({ length: rows.length / 4 }, (_, at) => ({ seq, at, row: rows.readUInt32LE(at * 4) })),
    );
    const ofG = places.find(({ row }) => row === rowOf('g'));
    expect(ofG).toBeDefined();
    expect(
      await asked('event_block', 'at', `seq = ${ofG?.seq}`, (value) => flip(value, (ofG?.at ?? 0) * 8)),
    ).toMatchObject([
      { uid: 'g', table: 'event_block', message: expect.stringMatching(/^Its time of an event/) },
    ]);
    expect(
      await asked('state_block', 'size_bytes', 'block = 0', (value) => flip(value, rowOf('f') * 8 + 6)),
    ).toMatchObject([{ uid: 'f', table: 'state_block', message: expect.stringMatching(/^Its size /) }]);
    // Among the deflated columns of outcomes: the size of one of them.
    const kept = (
      db.prepare('SELECT seq, rows FROM outcome_block WHERE session = ?').all(key) as {
        seq: number;
        rows: Buffer;
      }[]
    ).find(({ rows }) => new Uint32Array(new Uint8Array(rows).buffer).includes(rowOf('f')));
    const held = [...new Uint32Array(new Uint8Array(kept?.rows ?? []).buffer)];
    const size = Math.ceil((held.length * 2) / 8) * 8 + held.indexOf(rowOf('f')) * 8;
    expect(
      await asked('outcome_block', 'data', `seq = ${kept?.seq}`, (value) =>
        deflateRawSync(flip(inflateRawSync(value), size + 6)),
      ),
    ).toContainEqual(
      expect.objectContaining({
        uid: 'f',
        table: 'outcome_block',
        message: expect.stringMatching(/^Its size /),
      }),
    );
    // Of what cannot be unpacked any more, the drops that it holds are told.
    expect(
      await asked('outcome_block', 'data', `seq = ${kept?.seq}`, (value) => flip(value, 0)),
    ).toContainEqual(expect.objectContaining({ table: 'outcome_block' }));
    expect(await asked('session', 'dir', 'true', (value) => `${String(value)}x`)).toMatchObject([
      { where: 'session', message: expect.stringMatching(/ dir is not what was sealed/) },
    ]);
    expect(await asked('error', 'message', 'seq = 0', (value) => `${String(value)}!`)).toMatchObject([
      { where: 'table error', message: expect.stringMatching(/^Row 0 of error .* its message was altered/) },
    ]);
  });

  it('finds one byte altered in any column of any table, and names what it belongs to', async () => {
    const missed: string[] = [];
    const unnamed: string[] = [];
    let altered = 0;
    for (const cell of cells()) {
      const id = `${cell.table}.${cell.column}`;
      if (CACHES[id] !== undefined || CACHES[`${cell.table}.*`] !== undefined) continue;
      altered++;
      put(cell, cell.altered, cell.value);
      let verdict: Verdict;
      try {
        verdict = await verifyHistory(host.deps);
      } finally {
        put(cell, cell.value, cell.altered);
      }
      if (verdict.valid) missed.push(`${id} of ${JSON.stringify(cell.rowid).slice(0, 100)}`);
      else if (!verdict.problems.some(({ where, table }) => NAMED.test(where) || table === cell.table))
        unnamed.push(`${id}: ${JSON.stringify(verdict.problems)}`);
    }
    expect(altered).toBeGreaterThan(150);
    expect({ missed, unnamed }).toEqual({ missed: [], unnamed: [] });
    expect((await verifyHistory(host.deps)).problems).toEqual([]);
  }, 600_000);
});
