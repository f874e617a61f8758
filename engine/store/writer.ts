/**
 * Everything that changes the database. The methods run inside a transaction that `begin` opens; states, counters and
 * events gather in memory and go into the database when it is committed.
 */
import { deflateSync } from 'node:zlib';
import { SessionAlreadyExistsException, WeirError } from '../protocol/index.ts';
import type {
  DropBatch,
  EventBatch,
  GraphPart,
  NewSession,
  SessionUpdate,
  StateBatch,
  StoredError,
  StoredLog,
} from './contract.ts';
import type { Database } from './database.ts';
import { badBatch, unknownSession } from './errors.ts';
import { mergeEvents } from './event-blocks.ts';
import { BLOCK_MASK, blob, outcomeId, ROWS_PER_BLOCK } from './layout.ts';
import type { NewRetention, NewSeal } from './ledger-contract.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { LiveSession, type StateBlock } from './live-session.ts';
import type { Handlers, WriteName } from './messages.ts';
import { hashRow, packTexts, textCount } from './text-column.ts';
import { eachContent, eachHash, mergeOutcomes, type OutcomeColumns } from './outcome-columns.ts';
import { sortedHashes } from './outcomes.ts';
import { writeUidTiles } from './uid-tiles.ts';
import { writeStatements, type WriteStatements } from './write-statements.ts';

/** Session states in which nothing more will be written. */
const FINAL: ReadonlySet<string> = new Set(['FINISHED', 'FAILED', 'CANCELLED', 'INTERRUPTED']);

/** Content hashes of a session that are indexed as they come; a tree of random keys is too slow for a million of them. */
const INDEX_AT_ONCE = 16_384;

export class Writer implements Handlers<WriteName> {
  readonly #db: Database;
  readonly #ownerId: number;
  readonly #isOwnerAlive: (ownerId: number) => boolean;
  readonly #live = new Map<number, LiveSession>();
  readonly #over = new Set<number>();
  readonly #sql: WriteStatements;
  readonly #ledger: LedgerWriter;

  /** `isOwnerAlive` tells whether another process that has the store open still lives. */
  constructor(db: Database, ownerId: number, isOwnerAlive: (ownerId: number) => boolean) {
    this.#db = db;
    this.#ownerId = ownerId;
    this.#isOwnerAlive = isOwnerAlive;
    this.#sql = writeStatements(db);
    this.#ledger = new LedgerWriter(db);
  }

  begin(): void {
    this.#sql.begin.run();
  }

  /** Makes everything since `begin` durable, or throws and leaves nothing of it. */
  commit(): void {
    for (const session of this.#live.values()) this.#save(session);
    this.#sql.commit.run();
    for (const key of this.#over) this.#live.delete(key);
    this.#over.clear();
  }

  rollback(): void {
    this.#live.clear();
    this.#over.clear();
    // SQLite has rolled back by itself where the disk was full.
    if (this.#db.inTransaction) this.#sql.rollback.run();
  }

  /**
   * Carries out one write. Where it fails for a reason of its own (a value of the wrong type, a constraint), nothing of it
   * stays and the others in the transaction go on.
   */
  apply(write: () => unknown): unknown {
    this.#sql.savepoint.run();
    try {
      return write();
    } catch (error) {
      if (this.#db.inTransaction) this.#sql.rollbackTo.run();
      throw error;
    } finally {
      if (this.#db.inTransaction) this.#sql.release.run();
    }
  }

  readonly flush = (): void => {};

  readonly createSession = (session: NewSession): number => {
    if (this.#sql.findSession.get(session.sessionId) !== undefined) {
      throw new SessionAlreadyExistsException(session.sessionId);
    }
    const { sessionId, graphName, origin, dir, rmode, createdAt } = session;
    const host = JSON.stringify(session.host);
    const result = this.#sql.insertSession.run(
      sessionId,
      this.#ownerId,
      'PRISTINE',
      graphName,
      origin,
      dir,
      rmode,
      host,
      createdAt,
    );
    return Number(result.lastInsertRowid);
  };

  readonly updateSession = (key: number, update: SessionUpdate): void => {
    this.#session(key);
    const { status, startedAt, finishedAt, loadMs, deployMs, executeMs, recordMs, drops, graphName, rmode } =
      update;
    this.#sql.updateSession.run({
      key,
      status: status ?? null,
      startedAt: startedAt ?? null,
      finishedAt: finishedAt ?? null,
      loadMs: loadMs ?? null,
      deployMs: deployMs ?? null,
      executeMs: executeMs ?? null,
      recordMs: recordMs ?? null,
      drops: drops ?? null,
      graphName: graphName ?? null,
      rmode: rmode ?? null,
      signatures: update.signatures === undefined ? null : JSON.stringify(update.signatures),
    });
    if (update.reprodata !== undefined) {
      this.#sql.putReprodata.run(key, deflateSync(Buffer.from(update.reprodata), { level: 1 }));
    }
    const isOver = status !== undefined && FINAL.has(status);
    const isHeld = update.isHeld ?? (status === undefined ? undefined : !isOver);
    if (isHeld !== undefined) this.#sql.setOwner.run(isHeld ? this.#ownerId : null, key);
    if (status === undefined) return;
    if (isOver) this.#over.add(key);
    else this.#over.delete(key);
  };

  readonly deleteSession = (key: number): void => {
    const pid = this.heldBy(key);
    if (pid !== null) {
      const sessionId = this.#sql.ownerOf.get(key)?.session_id;
      throw new WeirError(
        'SESSION_STATE',
        `Session "${sessionId}" is running or being recorded in another Weir (process ${pid}); cancel it there, or wait until it is over, before it is deleted.`,
        { details: { sessionId, pid } },
      );
    }
    for (const { hash, row: drop } of sortedHashes(this.#db, key)) {
      this.#sql.unindexHash.run(hash, outcomeId(key, drop));
    }
    this.#ledger.dropDocuments(key);
    this.#sql.deleteContents.run(outcomeId(key, 0), outcomeId(key + 1, 0));
    this.#sql.deleteSession.run(key);
    this.#live.delete(key);
  };

  readonly heldBy = (key: number): number | null => {
    const row = this.#sql.ownerOf.get(key);
    if (row === undefined) throw unknownSession(key);
    const { owner, pid } = row;
    return owner !== null && owner !== this.#ownerId && this.#isOwnerAlive(owner) ? (pid ?? 0) : null;
  };

  readonly appendGraph = (key: number, part: GraphPart): void => {
    this.#session(key);
    this.#sql.insertGraphPart.run(key, key, part.packed ? part.bytes : deflateSync(part.bytes, { level: 1 }));
  };

  readonly replaceGraph = (key: number, pieces: readonly Uint8Array[]): void => {
    this.#session(key);
    this.#sql.deleteGraph.run(key);
    for (const bytes of pieces) this.appendGraph(key, { bytes });
  };

  readonly addDrops = (key: number, batch: DropBatch): void => {
    const session = this.#session(key);
    checkDrops(session, batch);
    const end = batch.firstRow + batch.count;
    for (let row = batch.firstRow; row < end;) {
      const next = Math.min(end, (row | BLOCK_MASK) + 1);
      this.#insertBlock(key, batch, row - batch.firstRow, next - batch.firstRow);
      row = next;
    }
    if (batch.count > 0) session.addRows(batch);
  };

  #insertBlock(key: number, batch: DropBatch, from: number, to: number): void {
    const hashes = new Uint32Array(to - from);
    for (let i = from; i < to; i++) hashes[i - from] = hashRow(batch.uid, i);
    this.#sql.insertDropBlock.run(
      key,
      batch.firstRow + from,
      to - from,
      blob(batch.kind.subarray(from, to)),
      blob(batch.classId.subarray(from, to)),
      JSON.stringify(batch.classes),
      blob(hashes),
      packTexts(batch.name, from, to),
      packTexts(batch.lgKey, from, to),
      packTexts(batch.uid, from, to),
    );
  }

  readonly recordStates = (key: number, batch: StateBatch): void => {
    const { rows, status, exec, startedAt, finishedAt, sizeBytes } = batch;
    checkLengths('recordStates', rows.length, { status, exec, startedAt, finishedAt, sizeBytes });
    this.#session(key).applyStates(batch);
  };

  readonly recordEvents = (key: number, batch: EventBatch): void => {
    const session = this.#session(key);
    const { rows, kind, value, at } = batch;
    checkLengths('recordEvents', rows.length, { kind, value, at });
    session.checkRows(rows, 'recordEvents');
    if (rows.length === 0) return;
    session.waitingEvents.push(batch);
    for (const time of at) if (time > session.lastAt) session.lastAt = time;
    session.isDirty = true;
  };

  readonly recordErrors = (key: number, errors: readonly StoredError[]): void => {
    const session = this.#session(key);
    let seq = this.#sql.lastError.get(key) ?? -1;
    for (const e of errors) {
      this.#sql.insertError.run(key, ++seq, e.at, e.row, e.uid, e.name, e.code, e.message, e.detail);
    }
    for (const { at } of errors) session.touch(at);
    session.errorCount += errors.length;
  };

  readonly recordLogs = (key: number, logs: readonly StoredLog[]): void => {
    const session = this.#session(key);
    let seq = this.#sql.lastLog.get(key) ?? -1;
    for (const log of logs) {
      this.#sql.insertLog.run(key, ++seq, log.at, log.level, log.row, log.uid, log.message);
    }
    for (const { at } of logs) session.touch(at);
  };

  readonly recordOutcomes = (key: number, outcomes: OutcomeColumns): void => {
    const session = this.#session(key);
    session.checkRows(outcomes.rows, 'recordOutcomes');
    eachContent(outcomes, (row, content) => this.#sql.putContent.run(outcomeId(key, row), blob(content)));
    eachHash(outcomes, (row, hash) => {
      if (session.indexedHashes < INDEX_AT_ONCE) this.#sql.indexHash.run(hash, outcomeId(key, row));
      else if (session.indexedHashes === INDEX_AT_ONCE) this.#sql.setHashesWait.run(1, key);
      session.indexedHashes++;
    });
    session.waitingOutcomes.push(outcomes);
    session.isDirty = true;
  };

  readonly putRecordTiles = (key: number, first: number, tiles: readonly Uint8Array[]): void => {
    this.#session(key);
    this.#ledger.putRecordTiles(key, first, tiles);
  };

  readonly indexUids = (key: number): void => writeUidTiles(this.#db, key, this.#session(key).rowCount);

  readonly sealSession = (seal: NewSeal): boolean => this.#ledger.seal(seal);

  readonly retain = (act: NewRetention): number | null => {
    const freed = this.#ledger.retain(act);
    if (freed !== null) for (const key of act.deletes ?? []) this.deleteSession(key);
    return freed;
  };

  readonly pinSession = (key: number, isPinned: boolean): void =>
    this.#ledger.pin(key, isPinned ? Date.now() : null);

  readonly putDocument = (key: number | null, name: string, bytes: Uint8Array): void =>
    this.#ledger.putDocument(key, name, bytes);

  /**
   * Puts the content hashes of one session that is over into the index, in the order of the index, in a transaction of
   * its own. Returns whether there was one.
   */
  indexWaitingHashes(): boolean {
    const key = this.#sql.hashesWaiting.get();
    if (key === undefined) return false;
    this.begin();
    for (const { hash, row } of sortedHashes(this.#db, key))
      this.#sql.indexHash.run(hash, outcomeId(key, row));
    this.#sql.setHashesWait.run(0, key);
    this.commit();
    return true;
  }

  #session(key: number): LiveSession {
    let session = this.#live.get(key);
    if (session === undefined) {
      session = new LiveSession(this.#db, key);
      this.#live.set(key, session);
    }
    return session;
  }

  #save(session: LiveSession): void {
    if (!session.isDirty) return;
    for (const number of session.dirtyBlocks) {
      const used = Math.min(ROWS_PER_BLOCK, session.rowCount - number * ROWS_PER_BLOCK);
      this.#saveStates(session.key, number, session.block(number), used);
    }
    session.dirtyBlocks.clear();
    let seq = session.waitingEvents.length === 0 ? 0 : (this.#sql.lastEvents.get(session.key) ?? -1) + 1;
    for (const block of mergeEvents(session.waitingEvents)) {
      const { minRow, maxRow, rows, kind, value, at } = block;
      this.#sql.insertEvents.run(
        session.key,
        seq++,
        minRow,
        maxRow,
        blob(rows),
        blob(kind),
        blob(value),
        blob(at),
      );
    }
    session.waitingEvents.length = 0;
    seq = session.waitingOutcomes.length === 0 ? 0 : (this.#sql.lastOutcomes.get(session.key) ?? -1) + 1;
    for (const { minRow, maxRow, rows, hashes, data } of mergeOutcomes(session.waitingOutcomes)) {
      this.#sql.insertOutcomes.run(session.key, seq++, minRow, maxRow, blob(rows), blob(hashes), data);
    }
    session.waitingOutcomes.length = 0;
    this.#sql.saveCounters.run(
      session.rowCount,
      JSON.stringify(session.byState()),
      session.errorCount,
      Number.isFinite(session.lastAt) ? session.lastAt : null,
      session.key,
    );
    session.isDirty = false;
  }

  #saveStates(key: number, number: number, block: StateBlock, used: number): void {
    const floats = (column: Float64Array | null) => (column === null ? null : blob(column.subarray(0, used)));
    this.#sql.putStates.run(
      key,
      number,
      blob(block.status.subarray(0, used)),
      blob(block.exec.subarray(0, used)),
      floats(block.startedAt),
      floats(block.finishedAt),
      floats(block.sizeBytes),
    );
  }
}

function checkDrops(session: LiveSession, batch: DropBatch): void {
  const { firstRow, count, kind, classId } = batch;
  if (firstRow !== session.rowCount) {
    throw badBatch(
      `addDrops starts at row ${firstRow} in the session with key ${session.key}, whose next row is ${session.rowCount}`,
      { key: session.key, firstRow, rows: session.rowCount },
    );
  }
  checkLengths('addDrops', count, { kind, classId });
  for (const [name, column] of Object.entries({ uid: batch.uid, name: batch.name, lgKey: batch.lgKey })) {
    if (textCount(column) !== count) {
      throw badBatch(`addDrops has ${count} drops but ${textCount(column)} texts in ${name}`, {
        count,
        column: name,
      });
    }
  }
  for (const id of classId) {
    if (id >= batch.classes.length) {
      throw badBatch(`addDrops names class ${id} of ${batch.classes.length}`, { classId: id });
    }
  }
}

function checkLengths(
  what: string,
  count: number,
  columns: Readonly<Record<string, { readonly length: number }>>,
): void {
  for (const [name, column] of Object.entries(columns)) {
    if (column.length !== count) {
      throw badBatch(`${what} has ${count} rows but ${column.length} values in ${name}`, {
        count,
        column: name,
      });
    }
  }
}
