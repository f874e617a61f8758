import type { Migration } from './index.ts';

/**
 * Sessions and what happened in them. Drops are kept in columns, `ROWS_PER_BLOCK` rows to a block, because a session may
 * have a million of them: one row of SQLite per drop would cost ten times the time to write and to read. Blobs of numbers
 * are little-endian; blobs of texts are as text-column.ts says.
 */
export const sessions: Migration = {
  version: 1,
  name: 'sessions',
  sql: `
    -- Processes that have the store open. Each holds a lock on owners/<lock_name>, which ends with the process.
    CREATE TABLE owner (
      id        INTEGER PRIMARY KEY AUTOINCREMENT,
      lock_name TEXT NOT NULL,
      pid       INTEGER NOT NULL,
      host      TEXT NOT NULL,
      opened_at REAL NOT NULL
    ) STRICT;

    CREATE TABLE session (
      key          INTEGER PRIMARY KEY AUTOINCREMENT,
      session_id   TEXT NOT NULL UNIQUE,
      owner        INTEGER,
      status       TEXT NOT NULL,
      graph_name   TEXT NOT NULL,
      origin       TEXT NOT NULL,
      dir          TEXT NOT NULL,
      rmode        TEXT NOT NULL,
      host         TEXT NOT NULL,
      created_at   REAL NOT NULL,
      started_at   REAL,
      finished_at  REAL,
      load_ms      REAL,
      deploy_ms    REAL,
      execute_ms   REAL,
      record_ms    REAL,
      drops        INTEGER,
      signatures   TEXT NOT NULL DEFAULT '{}',
      -- Kept up to date with every commit, so that a list of sessions never counts drops.
      row_count    INTEGER NOT NULL DEFAULT 0,
      by_state     TEXT NOT NULL DEFAULT '{}',
      error_count  INTEGER NOT NULL DEFAULT 0,
      last_at      REAL,
      -- 1: outcomes have content hashes that are not yet in content_index.
      hashes_wait  INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX session_by_time ON session (created_at);

    CREATE TABLE reprodata (
      session INTEGER PRIMARY KEY REFERENCES session (key) ON DELETE CASCADE,
      data    BLOB NOT NULL
    ) STRICT;

    CREATE TABLE graph_part (
      session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
      seq     INTEGER NOT NULL,
      data    BLOB NOT NULL,
      PRIMARY KEY (session, seq)
    ) STRICT;

    -- What never changes of drops [first_row, first_row + count). A block never spans a multiple of ROWS_PER_BLOCK.
    CREATE TABLE drop_block (
      session   INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
      first_row INTEGER NOT NULL,
      count     INTEGER NOT NULL,
      kind      BLOB NOT NULL,
      class_id  BLOB NOT NULL,
      classes   TEXT NOT NULL,
      uid_hash  BLOB NOT NULL,
      name      BLOB NOT NULL,
      lg_key    BLOB NOT NULL,
      uid       BLOB NOT NULL,
      PRIMARY KEY (session, first_row)
    ) STRICT;

    -- The states of drops [block * ROWS_PER_BLOCK, ...). A float column is NULL until one of its values is known.
    CREATE TABLE state_block (
      session     INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
      block       INTEGER NOT NULL,
      status      BLOB NOT NULL,
      exec        BLOB NOT NULL,
      started_at  BLOB,
      finished_at BLOB,
      size_bytes  BLOB,
      PRIMARY KEY (session, block)
    ) STRICT;

    -- Events in the order of arrival, within a block sorted by row (events of one row keep their order).
    CREATE TABLE event_block (
      session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
      seq     INTEGER NOT NULL,
      min_row INTEGER NOT NULL,
      max_row INTEGER NOT NULL,
      rows    BLOB NOT NULL,
      kind    BLOB NOT NULL,
      value   BLOB NOT NULL,
      at      BLOB NOT NULL,
      PRIMARY KEY (session, seq)
    ) STRICT;
    CREATE INDEX event_block_by_row ON event_block (session, min_row, max_row);

    CREATE TABLE error (
      session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
      seq     INTEGER NOT NULL,
      at      REAL NOT NULL,
      row     INTEGER,
      uid     TEXT,
      name    TEXT,
      code    TEXT NOT NULL,
      message TEXT NOT NULL,
      detail  TEXT,
      PRIMARY KEY (session, seq)
    ) STRICT;
    CREATE INDEX error_by_row ON error (session, row);

    CREATE TABLE log (
      session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
      seq     INTEGER NOT NULL,
      at      REAL NOT NULL,
      level   TEXT NOT NULL,
      row     INTEGER,
      uid     TEXT,
      message TEXT NOT NULL,
      PRIMARY KEY (session, seq)
    ) STRICT;
    CREATE INDEX log_by_row ON log (session, row) WHERE row IS NOT NULL;

    -- Outcomes as outcome-columns.ts packs them, within a block sorted by row. The latest block that has a row counts.
    CREATE TABLE outcome_block (
      session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
      seq     INTEGER NOT NULL,
      min_row INTEGER NOT NULL,
      max_row INTEGER NOT NULL,
      rows    BLOB NOT NULL,
      hashes  BLOB NOT NULL,
      data    BLOB NOT NULL,
      PRIMARY KEY (session, seq)
    ) STRICT;
    CREATE INDEX outcome_block_by_row ON outcome_block (session, min_row, max_row);

    -- Contents kept of small data drops. id = session * 2^31 + row: one tree in the order of drops.
    CREATE TABLE content (
      id   INTEGER PRIMARY KEY,
      data BLOB NOT NULL
    ) STRICT;

    -- Who made a content (id as above). An entry counts only while the outcome it points at still has that hash.
    CREATE TABLE content_index (
      hash BLOB NOT NULL,
      id   INTEGER NOT NULL,
      PRIMARY KEY (hash, id)
    ) STRICT, WITHOUT ROWID;
  `,
};
