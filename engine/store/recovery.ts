/** What happens to sessions whose process is gone, when the store is opened. */
import type { Database } from './database.ts';
import { claimOwner, dropDeadOwners, type Owner } from './owners.ts';

export interface Recovery {
  readonly owner: Owner;
  /** Ids of sessions that were not over and belong to no living process, oldest first. */
  readonly interrupted: readonly string[];
}

/**
 * Writes this process down as an owner and marks the sessions of the dead as INTERRUPTED; they ended when they were last
 * heard of. Sessions of other living processes stay as they are.
 */
export function recover(db: Database, dataDir: string): Recovery {
  const owner = claimOwner(db, dataDir);
  try {
    const interrupted = db.transaction(() => {
      dropDeadOwners(db, dataDir);
      return interruptOrphans(db);
    });
    return { owner, interrupted: interrupted.immediate() };
  } catch (error) {
    owner.release();
    throw error;
  }
}

function interruptOrphans(db: Database): string[] {
  const orphans = db
    .prepare<[], { readonly key: number; readonly session_id: string }>(
      `SELECT key, session_id FROM session
       WHERE status NOT IN ('FINISHED', 'FAILED', 'CANCELLED', 'INTERRUPTED')
         AND (owner IS NULL OR owner NOT IN (SELECT id FROM owner)) ORDER BY key`,
    )
    .all();
  const mark = db.prepare(
    `UPDATE session SET status = 'INTERRUPTED', owner = NULL, finished_at = max(
       created_at, coalesce(started_at, created_at), coalesce(last_at, created_at)) WHERE key = ?`,
  );
  for (const { key } of orphans) mark.run(key);
  return orphans.map(({ session_id: sessionId }) => sessionId);
}
