import type { Migration } from './index.ts';

/** Seals of sessions in an append-only log, the hashes of their trees, retention, small documents. */
export const ledger: Migration = {
  version: 2,
  name: 'ledger',
  sql: `
    -- The device's log. It outlives its sessions: no reference to them, and nothing in it may change.
    CREATE TABLE seal (
      idx            INTEGER PRIMARY KEY,
      session        INTEGER NOT NULL,
      session_id     TEXT NOT NULL,
      leaf_count     INTEGER NOT NULL,
      root           BLOB NOT NULL,
      facts          TEXT NOT NULL,
      seal           TEXT NOT NULL,
      key_text       TEXT NOT NULL,
      sealed_at      REAL NOT NULL,
      log_leaf       BLOB NOT NULL,
      log_range      BLOB NOT NULL,
      log_checkpoint TEXT NOT NULL
    ) STRICT;
    CREATE INDEX seal_by_session ON seal (session);
    CREATE TRIGGER seal_is_appended BEFORE INSERT ON seal
      WHEN new.idx IS NOT (SELECT coalesce(max(idx), -1) + 1 FROM seal)
      BEGIN SELECT raise(ABORT, 'a seal goes to the end of the log'); END;
    CREATE TRIGGER seal_is_not_changed BEFORE UPDATE ON seal
      BEGIN SELECT raise(ABORT, 'a seal is never changed'); END;
    CREATE TRIGGER seal_is_not_removed BEFORE DELETE ON seal
      BEGIN SELECT raise(ABORT, 'a seal is never removed'); END;

    -- Hashes of a sealed tree, 256 to a row: height 0 its leaves, 8, 16, 24 its complete subtrees of 2^height leaves.
    CREATE TABLE tree_tile (
      seal    INTEGER NOT NULL REFERENCES seal (idx),
      height  INTEGER NOT NULL,
      tile    INTEGER NOT NULL,
      session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
      hashes  BLOB NOT NULL,
      PRIMARY KEY (seal, height, tile)
    ) STRICT;
    CREATE INDEX tree_tile_by_session ON tree_tile (session);

    ALTER TABLE session ADD COLUMN payload_dropped_at REAL;

    -- session 0: documents of the device itself.
    CREATE TABLE document (
      session INTEGER NOT NULL,
      name    TEXT NOT NULL,
      data    BLOB NOT NULL,
      PRIMARY KEY (session, name)
    ) STRICT;
  `,
};
