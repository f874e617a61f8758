import type { Migration } from './index.ts';

/** What a seal covers beside the records, and the records that are made of states, kept where a proof reads few of them. */
export const coverage: Migration = {
  version: 3,
  name: 'coverage',
  sql: `
    -- Hashes of the rows that a seal covers, 256 blocks to a row; what a block is, sealed-rows.ts says.
    CREATE TABLE sealed_tile (
      seal    INTEGER NOT NULL REFERENCES seal (idx),
      section TEXT NOT NULL,
      tile    INTEGER NOT NULL,
      session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
      hashes  BLOB NOT NULL,
      -- Check values of the drops in each block: they name the drop where a hash differs.
      checks  BLOB NOT NULL,
      PRIMARY KEY (seal, section, tile)
    ) STRICT;
    CREATE INDEX sealed_tile_by_session ON sealed_tile (session);

    -- Records that were made of specification and state when the session was sealed: RECORDS_PER_TILE drops to a row,
    -- deflate of one line per drop, empty where the drop's record is in its outcome.
    CREATE TABLE record_tile (
      session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
      tile    INTEGER NOT NULL,
      data    BLOB NOT NULL,
      PRIMARY KEY (session, tile)
    ) STRICT;

    -- Where the drops of a large session are, in the order of the hashes of their uids (uid-tiles.ts).
    CREATE TABLE uid_tile (
      session    INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
      first_hash INTEGER NOT NULL,
      hashes     BLOB NOT NULL,
      rows       BLOB NOT NULL,
      PRIMARY KEY (session, first_hash)
    ) STRICT;
  `,
};
