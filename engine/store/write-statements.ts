/** The prepared statements of the writer. */
import type { Database } from './database.ts';

export type WriteStatements = ReturnType<typeof writeStatements>;

const UPDATE_SESSION = `
  UPDATE session SET
    status = coalesce(@status, status),
    started_at = coalesce(@startedAt, started_at),
    finished_at = coalesce(@finishedAt, finished_at),
    load_ms = coalesce(@loadMs, load_ms),
    deploy_ms = coalesce(@deployMs, deploy_ms),
    execute_ms = coalesce(@executeMs, execute_ms),
    record_ms = coalesce(@recordMs, record_ms),
    drops = coalesce(@drops, drops),
    graph_name = coalesce(@graphName, graph_name),
    rmode = coalesce(@rmode, rmode),
    signatures = coalesce(@signatures, signatures)
  WHERE key = @key`;

export function writeStatements(db: Database) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    savepoint: db.prepare('SAVEPOINT one_write'),
    rollbackTo: db.prepare('ROLLBACK TO one_write'),
    release: db.prepare('RELEASE one_write'),
    ...sessionStatements(db),
    ...dropStatements(db),
    ...journalStatements(db),
    ...outcomeStatements(db),
  };
}

function sessionStatements(db: Database) {
  return {
    findSession: db.prepare<[string], number>('SELECT key FROM session WHERE session_id = ?').pluck(),
    insertSession: db.prepare(
      `INSERT INTO session (session_id, owner, status, graph_name, origin, dir, rmode, host, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    updateSession: db.prepare(UPDATE_SESSION),
    setOwner: db.prepare('UPDATE session SET owner = ? WHERE key = ?'),
    ownerOf: db.prepare<
      [number],
      { readonly session_id: string; readonly owner: number | null; readonly pid: number | null }
    >(
      `SELECT s.session_id, s.owner, o.pid FROM session s LEFT JOIN owner o ON o.id = s.owner WHERE s.key = ?`,
    ),
    saveCounters: db.prepare(
      'UPDATE session SET row_count = ?, by_state = ?, error_count = ?, last_at = ? WHERE key = ?',
    ),
    putReprodata: db.prepare('INSERT OR REPLACE INTO reprodata (session, data) VALUES (?, ?)'),
    deleteSession: db.prepare('DELETE FROM session WHERE key = ?'),
    deleteGraph: db.prepare('DELETE FROM graph_part WHERE session = ?'),
    insertGraphPart: db.prepare(
      `INSERT INTO graph_part (session, seq, data)
       VALUES (?, (SELECT coalesce(max(seq), -1) + 1 FROM graph_part WHERE session = ?), ?)`,
    ),
  };
}

function dropStatements(db: Database) {
  return {
    insertDropBlock: db.prepare(
      `INSERT INTO drop_block (session, first_row, count, kind, class_id, classes, uid_hash, name, lg_key, uid)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    putStates: db.prepare(
      `INSERT INTO state_block (session, block, status, exec, started_at, finished_at, size_bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (session, block) DO UPDATE SET
         status = excluded.status, exec = excluded.exec, started_at = excluded.started_at,
         finished_at = excluded.finished_at, size_bytes = excluded.size_bytes`,
    ),
    insertEvents: db.prepare(
      `INSERT INTO event_block (session, seq, min_row, max_row, rows, kind, value, at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    lastEvents: db
      .prepare<[number], number | null>('SELECT max(seq) FROM event_block WHERE session = ?')
      .pluck(),
  };
}

function journalStatements(db: Database) {
  return {
    insertError: db.prepare(
      `INSERT INTO error (session, seq, at, row, uid, name, code, message, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    lastError: db.prepare<[number], number | null>('SELECT max(seq) FROM error WHERE session = ?').pluck(),
    insertLog: db.prepare(
      'INSERT INTO log (session, seq, at, level, row, uid, message) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    lastLog: db.prepare<[number], number | null>('SELECT max(seq) FROM log WHERE session = ?').pluck(),
  };
}

function outcomeStatements(db: Database) {
  return {
    insertOutcomes: db.prepare(
      `INSERT INTO outcome_block (session, seq, min_row, max_row, rows, hashes, data) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    lastOutcomes: db
      .prepare<[number], number | null>('SELECT max(seq) FROM outcome_block WHERE session = ?')
      .pluck(),
    putContent: db.prepare('INSERT OR REPLACE INTO content (id, data) VALUES (?, ?)'),
    indexHash: db.prepare('INSERT OR IGNORE INTO content_index (hash, id) VALUES (?, ?)'),
    setHashesWait: db.prepare('UPDATE session SET hashes_wait = ? WHERE key = ?'),
    hashesWaiting: db
      .prepare<[], number>(
        `SELECT key FROM session WHERE hashes_wait = 1 AND status IN ('FINISHED', 'FAILED', 'CANCELLED', 'INTERRUPTED') LIMIT 1`,
      )
      .pluck(),
    unindexHash: db.prepare('DELETE FROM content_index WHERE hash = ? AND id = ?'),
    deleteContents: db.prepare('DELETE FROM content WHERE id >= ? AND id < ?'),
  };
}
