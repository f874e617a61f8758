/**
 * The database file: opening it, telling what is wrong with it, bringing it to the present form. Only the store's thread
 * loads this module, because better-sqlite3 blocks and its native part needs the check of client.ts first.
 */
import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { foreignDatabase, newerSchema, olderWeirRuns, storeError } from './errors.ts';
import { makeFolder } from './folders.ts';
import { APPLICATION_ID } from './layout.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';
import { liveOwners } from './owners.ts';

export type Database = Sqlite.Database;

export interface OpenDatabaseOptions {
  readonly dataDir: string;
  readonly lockTimeoutMs: number;
  readonly maxSizeBytes: number | null;
  /** The forms to go through; another list only in tests of the migration itself. */
  readonly migrations?: readonly Migration[];
}

export const DATABASE_NAME = 'weir.db';

/**
 * Opens `weir.db` in the data folder, making both where they are missing. Throws a WeirError: STORE_PERMISSION,
 * STORE_NEWER, STORE_DAMAGED, STORE_LOCKED, STORE_FULL or STORE_FAILED; a file it refuses is left as it was.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const dataDir = path.resolve(options.dataDir);
  const file = path.join(dataDir, DATABASE_NAME);
  let db: Database | undefined;
  try {
    makeFolder(dataDir);
    const migrations = options.migrations ?? MIGRATIONS;
    inspect(file, migrations, options.lockTimeoutMs);
    db = new Sqlite(file, { timeout: options.lockTimeoutMs });
    configure(db, options);
    await migrate(db, file, dataDir, migrations);
    return db;
  } catch (error) {
    db?.close();
    throw storeError(error, file);
  }
}

/** Looks at an existing file without writing to it, and throws where it is none of ours or too new. */
function inspect(file: string, migrations: readonly Migration[], timeout: number): void {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined || stat.size === 0) return;
  const db = new Sqlite(file, { readonly: true, fileMustExist: true, timeout });
  try {
    const version = schemaVersion(db);
    const latest = migrations.at(-1)?.version ?? 0;
    if (!isOurs(db)) {
      const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
      if (version !== 0 || tables !== 0) throw foreignDatabase(file);
    }
    if (version > latest) throw newerSchema(file, version, latest);
  } finally {
    db.close();
  }
}

function isOurs(db: Database): boolean {
  return db.pragma('application_id', { simple: true }) === APPLICATION_ID;
}

export function schemaVersion(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

/** Pages that the write-ahead log may grow to before they are copied into the file: 64 MiB. */
const CHECKPOINT_PAGES = 8192;

function configure(db: Database, options: OpenDatabaseOptions): void {
  // Only a new file takes the page size. Blobs of 8 to 64 KiB want larger pages than SQLite's 4 KiB.
  db.pragma('page_size = 8192');
  enterWalMode(db, options.lockTimeoutMs);
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma('cache_size = -32768');
  db.pragma('temp_store = MEMORY');
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  db.pragma(`journal_size_limit = ${CHECKPOINT_PAGES * 8192}`);
  if (options.maxSizeBytes !== null) {
    const pageSize = Number(db.pragma('page_size', { simple: true }));
    db.pragma(`max_page_count = ${Math.max(1, Math.floor(options.maxSizeBytes / pageSize))}`);
  }
}

/**
 * Two processes that make one new file at the same moment may meet in the change to WAL mode, where SQLite does not wait
 * for the lock by itself.
 */
function enterWalMode(db: Database, timeoutMs: number): void {
  const until = performance.now() + timeoutMs;
  for (;;) {
    try {
      db.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const busy = error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY');
      if (!busy || performance.now() > until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/**
 * Carries out the migrations the file has not had, all in one transaction. A file that had some is first copied to
 * `weir.db.v<version>.backup`, and is refused while an older Weir still has it open.
 */
export async function migrate(
  db: Database,
  file: string,
  dataDir: string,
  migrations: readonly Migration[],
): Promise<void> {
  const latest = migrations.at(-1)?.version ?? 0;
  const before = schemaVersion(db);
  if (before === latest) return;
  if (before > 0) {
    const alive = liveOwners(db, dataDir);
    if (alive.length > 0) {
      throw olderWeirRuns(
        file,
        alive.map((owner) => owner.pid),
      );
    }
    await backUp(db, `${file}.v${before}.backup`);
  }
  db.transaction(() => {
    // Another process may have done it while this one waited for the lock.
    const version = schemaVersion(db);
    if (version > latest) throw newerSchema(file, version, latest);
    for (const migration of migrations) if (migration.version > version) db.exec(migration.sql);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${Math.max(version, latest)}`);
  }).immediate();
}

/** Copies the database, with what is still in its write-ahead log. The copy appears under its name only when complete. */
async function backUp(db: Database, target: string): Promise<void> {
  const partial = `${target}.${process.pid}.part`;
  try {
    await db.backup(partial, { progress: () => 4096 });
    fs.renameSync(partial, target);
  } finally {
    fs.rmSync(partial, { force: true });
  }
}
