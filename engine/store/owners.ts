/**
 * Which processes have the store open. Each holds a lock on a small file of its own, which the operating system releases
 * when the process ends, however it ends. That is surer than a process id with a start time (ids are used again, and mean
 * nothing in another container that shares the folder), and the same on every platform, because SQLite makes the lock.
 *
 *   <data folder>/owners/<random>.lock   an empty database, held exclusively while its owner lives
 *   table owner                          who that is
 *
 * The row is written after the lock is held and removed before it is released, so a row without a lock is a dead process.
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Database } from './database.ts';
import { makeFolder } from './folders.ts';

interface OwnerRow {
  readonly id: number;
  readonly lock_name: string;
  readonly pid: number;
}

/** This process's place among the owners. */
export interface Owner {
  readonly id: number;
  /** Removes the row and the lock. */
  release(): void;
}

function lockFile(dataDir: string, name: string): string {
  return path.join(dataDir, 'owners', name);
}

/** Takes a lock and writes this process down as an owner. */
export function claimOwner(db: Database, dataDir: string): Owner {
  const name = `${randomUUID()}.lock`;
  const file = lockFile(dataDir, name);
  makeFolder(path.dirname(file));
  const lock = new Sqlite(file);
  let id: number;
  try {
    // Nothing is ever written: no journal beside the lock.
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
    const insert = db.prepare('INSERT INTO owner (lock_name, pid, host, opened_at) VALUES (?, ?, ?, ?)');
    id = Number(insert.run(name, process.pid, os.hostname(), Date.now()).lastInsertRowid);
  } catch (error) {
    lock.close();
    fs.rmSync(file, { force: true });
    throw error;
  }
  return {
    id,
    release() {
      try {
        db.prepare('DELETE FROM owner WHERE id = ?').run(id);
      } finally {
        lock.close();
        fs.rmSync(file, { force: true });
      }
    },
  };
}

/** Owners whose process lives. */
export function liveOwners(db: Database, dataDir: string): readonly OwnerRow[] {
  const rows = db.prepare<[], OwnerRow>('SELECT id, lock_name, pid FROM owner').all();
  return rows.filter((row) => isHeld(lockFile(dataDir, row.lock_name)));
}

/** Whether the owner with this id has the store open. */
export function isOwnerAlive(db: Database, dataDir: string, id: number): boolean {
  return liveOwners(db, dataDir).some((owner) => owner.id === id);
}

/** Removes owners whose process is dead, and their lock files. Call inside a transaction. */
export function dropDeadOwners(db: Database, dataDir: string): void {
  const rows = db.prepare<[], OwnerRow>('SELECT id, lock_name, pid FROM owner').all();
  const remove = db.prepare('DELETE FROM owner WHERE id = ?');
  for (const row of rows) {
    const file = lockFile(dataDir, row.lock_name);
    if (isHeld(file)) continue;
    remove.run(row.id);
    fs.rmSync(file, { force: true });
  }
}

/** Whether a living process holds the lock. A lock that cannot be looked at counts as held: better late than wrong. */
export function isHeld(file: string): boolean {
  if (!fs.existsSync(file)) return false;
  let lock: Database | undefined;
  try {
    lock = new Sqlite(file, { fileMustExist: true, timeout: 0 });
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN IMMEDIATE');
    lock.exec('ROLLBACK');
    return false;
  } catch {
    return true;
  } finally {
    lock?.close();
  }
}
