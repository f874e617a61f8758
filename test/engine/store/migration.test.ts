import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { migrate, openDatabase, schemaVersion } from '../../../engine/store/database.ts';
import { MIGRATIONS, type Migration } from '../../../engine/store/migrations/index.ts';
import { recover } from '../../../engine/store/recovery.ts';
import { openStore } from '../../../engine/store/index.ts';
import { tempDir } from './helpers.ts';

const LATEST = MIGRATIONS.at(-1)!.version;
const next: Migration = {
  version: LATEST + 1,
  name: 'next',
  sql: "CREATE TABLE next (x); INSERT INTO next VALUES ('new')",
};
const broken: Migration = {
  version: LATEST + 2,
  name: 'broken',
  sql: 'CREATE TABLE half (x); SELECT nonsense',
};

const options = (dataDir: string, migrations: readonly Migration[] = MIGRATIONS) => ({
  dataDir,
  lockTimeoutMs: 1000,
  maxSizeBytes: null,
  migrations,
});

async function oldDatabase(): Promise<string> {
  const dataDir = tempDir();
  const db = await openDatabase(options(dataDir));
  db.exec(
    "INSERT INTO session (session_id, status, graph_name, origin, dir, rmode, host, created_at) VALUES ('old', 'FINISHED', '', '', '', '', '{}', 1)",
  );
  db.close();
  return dataDir;
}

describe('migrations', () => {
  it('are numbered without gaps', () => {
    expect(MIGRATIONS.map((migration) => migration.version)).toEqual(MIGRATIONS.map((_, i) => i + 1));
  });

  it('bring an older database forward after a copy of it was made', async () => {
    const dataDir = await oldDatabase();
    const db = await openDatabase(options(dataDir, [...MIGRATIONS, next]));
    onTestFinished(() => void db.close());
    expect(schemaVersion(db)).toBe(LATEST + 1);
    expect(db.prepare('SELECT x FROM next').pluck().get()).toBe('new');
    expect(db.prepare('SELECT session_id FROM session').pluck().all()).toEqual(['old']);
    const copy = new Sqlite(path.join(dataDir, `weir.db.v${LATEST}.backup`), { readonly: true });
    onTestFinished(() => void copy.close());
    expect(schemaVersion(copy)).toBe(LATEST);
    expect(copy.prepare('SELECT session_id FROM session').pluck().all()).toEqual(['old']);
  });

  it('bring a database of the first version to the present one with all that is in it', async () => {
    const dataDir = tempDir();
    const first = await openDatabase(options(dataDir, MIGRATIONS.slice(0, 1)));
    first.exec(
      "INSERT INTO session (session_id, status, graph_name, origin, dir, rmode, host, created_at) VALUES ('v1', 'FINISHED', 'g', '', '', '', '{}', 1)",
    );
    first.close();
    const store = await openStore({ dataDir });
    onTestFinished(() => store.close());
    expect(await store.session('v1')).toMatchObject({
      graphName: 'g',
      sealIndex: null,
      payloadDroppedAt: null,
    });
    expect(fs.existsSync(path.join(dataDir, 'weir.db.v1.backup'))).toBe(true);
  });

  it('leave everything as it was when one of them fails', async () => {
    const dataDir = await oldDatabase();
    await expect(openDatabase(options(dataDir, [...MIGRATIONS, next, broken]))).rejects.toMatchObject({
      code: 'STORE_FAILED',
    });
    const db = await openDatabase(options(dataDir));
    onTestFinished(() => void db.close());
    expect(schemaVersion(db)).toBe(LATEST);
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE name IN ('next', 'half')").all();
    expect(tables).toEqual([]);
    expect(fs.readdirSync(dataDir).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('wait until an older Weir has let go of the store', async () => {
    const dataDir = await oldDatabase();
    const older = await openDatabase(options(dataDir));
    const { owner } = recover(older, dataDir);
    await expect(openDatabase(options(dataDir, [...MIGRATIONS, next]))).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining(String(process.pid)),
    });
    owner.release();
    older.close();
    const db = await openDatabase(options(dataDir, [...MIGRATIONS, next]));
    expect(schemaVersion(db)).toBe(LATEST + 1);
    db.close();
  });

  it('make no copy of a new database and do nothing to a present one', async () => {
    const dataDir = await oldDatabase();
    const db = await openDatabase(options(dataDir));
    await migrate(db, path.join(dataDir, 'weir.db'), dataDir, MIGRATIONS);
    db.close();
    expect(fs.readdirSync(dataDir).filter((name) => name.endsWith('.backup'))).toEqual([]);
  });
});
