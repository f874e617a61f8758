/** The thread that talks to SQLite files for drops: SQLite waits and works synchronously, so it does that here. */
import { parentPort } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { SqliteAnswer, SqliteRequest } from './sqlite.ts';

if (!parentPort) throw new Error('This file runs as a worker thread only.');
const port = parentPort;

port.on('message', (request: SqliteRequest) => {
  let answer: SqliteAnswer;
  try {
    answer = { id: request.id, results: run(request) };
  } catch (error) {
    answer = { id: request.id, error: error instanceof Error ? error.message : String(error) };
  }
  port.postMessage(answer);
});

/** Carries all statements out in one transaction and closes the file. */
function run(request: SqliteRequest): unknown[][][] {
  const database = new Database(request.file, { timeout: request.busyTimeoutMs });
  try {
    database.defaultSafeIntegers(true);
    const results: unknown[][][] = [];
    database.transaction(() => {
      for (const { sql, values } of request.statements) {
        const statement = database.prepare(sql);
        if (statement.reader) results.push(statement.raw(true).all(...values) as unknown[][]);
        else {
          statement.run(...values);
          results.push([]);
        }
      }
    })();
    return results;
  } finally {
    database.close();
  }
}
