/** Writing what the ledger and retention need. Runs inside the writer's transaction. */
import { WeirError } from '../protocol/index.ts';
import type { Database } from './database.ts';
import { badBatch, unknownSession } from './errors.ts';
import { blob, BLOCKS_PER_TILE, HASHES_PER_TILE, outcomeId, HASH_BYTES } from './layout.ts';
import {
  RETENTION_KEY,
  type NewLogEntry,
  type NewRetention,
  type NewSeal,
  type PayloadParts,
  type SealedSectionHashes,
} from './ledger-contract.ts';

const DEVICE = 0;

export class LedgerWriter {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  seal(seal: NewSeal): boolean {
    checkSeal(seal);
    const sessionId = this.#db
      .prepare<[number], string>('SELECT session_id FROM session WHERE key = ?')
      .pluck()
      .get(seal.key);
    if (sessionId === undefined) throw unknownSession(seal.key);
    if (!this.#append(seal, seal.key, sessionId)) return false;
    for (const { height, hashes } of [{ height: 0, hashes: seal.leafHashes }, ...seal.nodes]) {
      this.#insertTiles(seal, height, hashes);
    }
    for (const section of seal.covered ?? []) this.#insertCovered(seal, section);
    return true;
  }

  /** Puts an entry at the end of the log; false where the end is elsewhere by now. */
  #append(entry: NewLogEntry, key: number, sessionId: string): boolean {
    const size = this.#db.prepare<[], number>('SELECT count(*) FROM seal').pluck().get();
    if (size !== entry.index) return false;
    const { index, leafCount, root, facts, keyText, sealedAt, logLeaf, logRange, logCheckpoint } = entry;
    this.#db
      .prepare(
        `INSERT INTO seal (idx, session, session_id, leaf_count, root, facts, seal, key_text, sealed_at, log_leaf,
           log_range, log_checkpoint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        index,
        key,
        sessionId,
        leafCount,
        blob(root),
        facts,
        entry.seal,
        keyText,
        sealedAt,
        blob(logLeaf),
        blob(logRange),
        logCheckpoint,
      );
    return true;
  }

  /** Bytes that were removed; null where the log has another length. */
  retain(act: NewRetention): number | null {
    checkEntry(act, RETENTION_KEY);
    if (!this.#append(act, RETENTION_KEY, '')) return null;
    let freed = 0;
    for (const { key, parts } of act.drops) freed += this.#dropPayload(key, parts, act.sealedAt);
    if (act.document !== undefined)
      this.#db.prepare('DELETE FROM document WHERE session = ? AND name = ?').run(DEVICE, act.document);
    return freed;
  }

  pin(key: number, at: number | null): void {
    const { changes } = this.#db.prepare('UPDATE session SET pinned_at = ? WHERE key = ?').run(at, key);
    if (changes === 0) throw unknownSession(key);
  }

  #insertCovered(seal: NewSeal, { section, hashes, checks }: SealedSectionHashes): void {
    const insert = this.#db.prepare(
      'INSERT INTO sealed_tile (seal, section, tile, session, hashes, checks) VALUES (?, ?, ?, ?, ?, ?)',
    );
    const tileBytes = BLOCKS_PER_TILE * HASH_BYTES;
    let at = 0;
    for (let tile = 0; tile * tileBytes < hashes.length; tile++) {
      const part = hashes.subarray(tile * tileBytes, (tile + 1) * tileBytes);
      const from = at;
      for (let block = 0; block * HASH_BYTES < part.length; block++) at += 1 + 2 * (checks[at] ?? 0);
      insert.run(seal.index, section, tile, seal.key, blob(part), blob(checks.subarray(from, at)));
    }
  }

  putRecordTiles(key: number, first: number, tiles: readonly Uint8Array[]): void {
    const put = this.#db.prepare('INSERT OR REPLACE INTO record_tile (session, tile, data) VALUES (?, ?, ?)');
    for (const [i, data] of tiles.entries()) if (data.length > 0) put.run(key, first + i, blob(data));
  }

  #insertTiles(seal: NewSeal, height: number, hashes: Uint8Array): void {
    const insert = this.#db.prepare(
      'INSERT INTO tree_tile (seal, height, tile, session, hashes) VALUES (?, ?, ?, ?, ?)',
    );
    const tileBytes = HASHES_PER_TILE * HASH_BYTES;
    for (let tile = 0; tile * tileBytes < hashes.length; tile++) {
      const part = hashes.subarray(tile * tileBytes, (tile + 1) * tileBytes);
      insert.run(seal.index, height, tile, seal.key, blob(part));
    }
  }

  #dropPayload(key: number, parts: readonly PayloadParts[], at: number): number {
    const session = this.#db
      .prepare<[number], { readonly session_id: string; readonly status: string }>(
        'SELECT session_id, status FROM session WHERE key = ?',
      )
      .get(key);
    if (session === undefined) throw unknownSession(key);
    if (!['FINISHED', 'FAILED', 'CANCELLED', 'INTERRUPTED'].includes(session.status)) {
      throw new WeirError(
        'SESSION_STATE',
        `Session "${session.session_id}" is ${session.status}; its contents can be removed once it is over.`,
        { details: { key, status: session.status } },
      );
    }
    let freed = 0;
    if (parts.includes('contents')) freed += this.#dropContents(key);
    if (parts.includes('events')) {
      freed += this.#dropOf('event_block', 'length(rows) + length(kind) + length(value) + length(at)', key);
    }
    if (parts.includes('logs')) freed += this.#dropOf('log', 'length(message) + 24', key);
    if (parts.length > 0)
      this.#db.prepare('UPDATE session SET payload_dropped_at = ? WHERE key = ?').run(at, key);
    return freed;
  }

  #dropContents(key: number): number {
    const range = [outcomeId(key, 0), outcomeId(key + 1, 0)] as const;
    const freed = this.#db
      .prepare<[number, number], number>('SELECT total(length(data)) FROM content WHERE id >= ? AND id < ?')
      .pluck()
      .get(...range);
    this.#db.prepare('DELETE FROM content WHERE id >= ? AND id < ?').run(...range);
    return freed ?? 0;
  }

  #dropOf(table: 'event_block' | 'log', size: string, key: number): number {
    const freed = this.#db
      .prepare<[number], number>(`SELECT total(${size}) FROM ${table} WHERE session = ?`)
      .pluck()
      .get(key);
    this.#db.prepare(`DELETE FROM ${table} WHERE session = ?`).run(key);
    return freed ?? 0;
  }

  putDocument(key: number | null, name: string, bytes: Uint8Array): void {
    if (key !== null && this.#db.prepare('SELECT 1 FROM session WHERE key = ?').get(key) === undefined) {
      throw unknownSession(key);
    }
    this.#db
      .prepare('INSERT OR REPLACE INTO document (session, name, data) VALUES (?, ?, ?)')
      .run(key ?? DEVICE, name, blob(bytes));
  }

  dropDocuments(key: number): void {
    this.#db.prepare('DELETE FROM document WHERE session = ?').run(key);
  }
}

function checkEntry({ leafCount, root, logLeaf, logRange }: NewLogEntry, key: number): void {
  const wrong = (what: string) => badBatch(`a seal has ${what}`, { key, leafCount });
  if (root.length !== HASH_BYTES || logLeaf.length !== HASH_BYTES)
    throw wrong('a root or leaf that is not 32 bytes');
  if (logRange.length === 0 || logRange.length % HASH_BYTES !== 0)
    throw wrong('a range that is not of hashes');
}

function checkSeal(seal: NewSeal): void {
  const { leafCount, leafHashes, nodes } = seal;
  const wrong = (what: string) => badBatch(`a seal has ${what}`, { key: seal.key, leafCount });
  checkEntry(seal, seal.key);
  if (leafHashes.length !== leafCount * HASH_BYTES) {
    throw wrong(`${leafHashes.length} bytes of leaf hashes for ${leafCount} leaves`);
  }
  const heights = [8, 16, 24].filter((height) => Math.floor(leafCount / 2 ** height) > 0);
  if (nodes.map(({ height }) => height).join() !== heights.join())
    throw wrong('inner hashes of other heights than its tree');
  for (const { height, hashes } of nodes) {
    const expected = Math.floor(leafCount / 2 ** height) * HASH_BYTES;
    if (hashes.length !== expected)
      throw wrong(`${hashes.length} bytes of hashes at height ${height}, not ${expected}`);
  }
}
