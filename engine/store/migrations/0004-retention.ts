import type { Migration } from './index.ts';

/** Sessions that standing rules spare, and what was dropped before acts of retention were entries of the log. */
export const retention: Migration = {
  version: 4,
  name: 'retention',
  sql: `
    ALTER TABLE session ADD COLUMN pinned_at REAL;

    -- Tells the next Host to take over into the log, once, what earlier Weirs dropped and deleted without an entry.
    INSERT INTO document (session, name, data)
      SELECT 0, 'retention-to-adopt', X'' WHERE EXISTS (SELECT 1 FROM session WHERE payload_dropped_at IS NOT NULL)
        OR EXISTS (SELECT 1 FROM seal WHERE session NOT IN (SELECT key FROM session));
  `,
};
