/** Who knows which drops there are, where their copies lie and when they were read (spec/engine.md 9.5). */
import type { DROPPhases } from '../../protocol/index.ts';
import { NoDropException, InvalidDropException } from '../../protocol/index.ts';
import type { AbstractDROP } from '../drop.ts';
import type { Sqlite, SqliteStatement, SqliteValue } from '../io/sqlite.ts';

export interface DropRegistry {
  /** Notes a drop with its first copy; one that is known already is replaced. */
  addDrop(drop: AbstractDROP): Promise<void>;
  /** Notes another copy. Rejects with NoDropException for unknown oids, InvalidDropException for copies it has. */
  addDropInstance(drop: AbstractDROP): Promise<void>;
  /** Uids of all copies. */
  getDropUids(oid: string): Promise<string[]>;
  setDropPhase(oid: string, phase: DROPPhases): Promise<void>;
  getDropPhase(oid: string): Promise<DROPPhases>;
  recordNewAccess(oid: string, atMs: number): Promise<void>;
  /** Milliseconds since 1970; -1 if never. */
  getLastAccess(oid: string): Promise<number>;
}

function unknown(oid: string): NoDropException {
  return new NoDropException(`The registry knows no drop with the oid "${oid}".`, { details: { oid } });
}

function known(uid: string): InvalidDropException {
  return new InvalidDropException(`The registry knows the copy "${uid}" already.`, { details: { uid } });
}

function urlOf(drop: AbstractDROP): string {
  try {
    return String((drop as Partial<{ dataURL: string }>).dataURL ?? '');
  } catch {
    // Containers have no URL of their own.
    return '';
  }
}

interface Entry {
  phase: DROPPhases;
  readonly urls: Map<string, string>;
  lastAccessMs: number;
}

export class InMemoryRegistry implements DropRegistry {
  readonly #entries = new Map<string, Entry>();

  #entry(oid: string): Entry {
    const entry = this.#entries.get(oid);
    if (!entry) throw unknown(oid);
    return entry;
  }

  async addDrop(drop: AbstractDROP): Promise<void> {
    this.#entries.set(drop.oid, {
      phase: drop.phase,
      urls: new Map([[drop.uid, urlOf(drop)]]),
      lastAccessMs: -1,
    });
  }

  async addDropInstance(drop: AbstractDROP): Promise<void> {
    const { urls } = this.#entry(drop.oid);
    if (urls.has(drop.uid)) throw known(drop.uid);
    urls.set(drop.uid, urlOf(drop));
  }

  async getDropUids(oid: string): Promise<string[]> {
    return [...this.#entry(oid).urls.keys()];
  }

  async setDropPhase(oid: string, phase: DROPPhases): Promise<void> {
    this.#entry(oid).phase = phase;
  }

  async getDropPhase(oid: string): Promise<DROPPhases> {
    return this.#entry(oid).phase;
  }

  async recordNewAccess(oid: string, atMs: number): Promise<void> {
    this.#entry(oid).lastAccessMs = atMs;
  }

  async getLastAccess(oid: string): Promise<number> {
    return this.#entry(oid).lastAccessMs;
  }
}

const TABLES: readonly SqliteStatement[] = [
  'CREATE TABLE IF NOT EXISTS dlg_drop (oid TEXT PRIMARY KEY, phase INTEGER NOT NULL)',
  'CREATE TABLE IF NOT EXISTS dlg_dropinstance (uid TEXT PRIMARY KEY, oid TEXT NOT NULL REFERENCES dlg_drop, dataRef TEXT NOT NULL)',
  'CREATE TABLE IF NOT EXISTS dlg_dropaccesstime (oid TEXT NOT NULL REFERENCES dlg_drop, accessTime TEXT NOT NULL, PRIMARY KEY (oid, accessTime))',
].map((sql) => ({ sql, values: [] }));

/** The registry in a SQLite file, with upstream's tables; times are ISO texts in UTC. */
export class RDBMSRegistry implements DropRegistry {
  readonly #sqlite: Sqlite;
  readonly #file: string;
  #made: Promise<unknown> | undefined;

  constructor(sqlite: Sqlite, file: string) {
    this.#sqlite = sqlite;
    this.#file = file;
  }

  async #run(...statements: [sql: string, ...values: SqliteValue[]][]): Promise<SqliteValue[][][]> {
    await (this.#made ??= this.#sqlite.run(this.#file, TABLES));
    return this.#sqlite.run(
      this.#file,
      statements.map(([sql, ...values]) => ({ sql, values })),
    );
  }

  async #phase(oid: string): Promise<SqliteValue | undefined> {
    const [rows] = await this.#run(['SELECT phase FROM dlg_drop WHERE oid = ?', oid]);
    return rows?.[0]?.[0];
  }

  async #expect(oid: string): Promise<SqliteValue> {
    const phase = await this.#phase(oid);
    if (phase === undefined) throw unknown(oid);
    return phase;
  }

  async addDrop(drop: AbstractDROP): Promise<void> {
    const insert = 'INSERT OR REPLACE INTO dlg_dropinstance (uid, oid, dataRef) VALUES (?, ?, ?)';
    await this.#run(
      ['DELETE FROM dlg_dropinstance WHERE oid = ?', drop.oid],
      ['DELETE FROM dlg_dropaccesstime WHERE oid = ?', drop.oid],
      ['INSERT OR REPLACE INTO dlg_drop (oid, phase) VALUES (?, ?)', drop.oid, BigInt(drop.phase)],
      [insert, drop.uid, drop.oid, urlOf(drop)],
    );
  }

  async addDropInstance(drop: AbstractDROP): Promise<void> {
    await this.#expect(drop.oid);
    const [rows] = await this.#run(['SELECT 1 FROM dlg_dropinstance WHERE uid = ?', drop.uid]);
    if (rows?.length) throw known(drop.uid);
    const insert = 'INSERT INTO dlg_dropinstance (uid, oid, dataRef) VALUES (?, ?, ?)';
    await this.#run([insert, drop.uid, drop.oid, urlOf(drop)]);
  }

  async getDropUids(oid: string): Promise<string[]> {
    await this.#expect(oid);
    const [rows] = await this.#run(['SELECT uid FROM dlg_dropinstance WHERE oid = ? ORDER BY rowid', oid]);
    return (rows ?? []).map(([uid]) => String(uid));
  }

  async setDropPhase(oid: string, phase: DROPPhases): Promise<void> {
    await this.#expect(oid);
    await this.#run(['UPDATE dlg_drop SET phase = ? WHERE oid = ?', BigInt(phase), oid]);
  }

  async getDropPhase(oid: string): Promise<DROPPhases> {
    return Number(await this.#expect(oid)) as DROPPhases;
  }

  async recordNewAccess(oid: string, atMs: number): Promise<void> {
    await this.#expect(oid);
    const insert = 'INSERT OR IGNORE INTO dlg_dropaccesstime (oid, accessTime) VALUES (?, ?)';
    await this.#run([insert, oid, new Date(atMs).toISOString()]);
  }

  async getLastAccess(oid: string): Promise<number> {
    await this.#expect(oid);
    const [rows] = await this.#run(['SELECT max(accessTime) FROM dlg_dropaccesstime WHERE oid = ?', oid]);
    const last = rows?.[0]?.[0];
    return typeof last === 'string' ? Date.parse(last) : -1;
  }
}
