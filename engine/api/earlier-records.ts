/** Texts of the records of a session that is over, page by page: whoever takes over its results asks for most of them. */
import { RECORDS_PER_TILE, recordTileLines } from '../reproducibility/index.ts';
import { recordTexts, type LedgerSession } from '../session/index.ts';
import type { SessionRow } from '../store/index.ts';
import type { ApiDeps } from './deps.ts';
import { ledgerOf, loadSession, sessionGraph } from './stored-session.ts';

/** Tiles that are read together. */
const TILES = 16;
const ROWS = TILES * RECORDS_PER_TILE;
/** Pages that are kept: some megabytes each. */
const KEPT = 16;

export class EarlierRecords {
  readonly #deps: ApiDeps;
  readonly #row: SessionRow;
  /** How many drops the graph has. */
  readonly #count: number;
  readonly #pages = new Map<number, Promise<readonly string[]>>();
  #session: Promise<LedgerSession> | undefined;

  constructor(deps: ApiDeps, row: SessionRow, count: number) {
    this.#deps = deps;
    this.#row = row;
    this.#count = count;
  }

  /** The record of the drop of this row: kept with its outcome, or in a tile, or made again where it was never sealed. */
  async text(row: number): Promise<string> {
    const number = Math.floor(row / ROWS);
    const page = this.#pages.get(number) ?? this.#read(number * ROWS);
    // What was asked for last goes last.
    this.#pages.delete(number);
    this.#pages.set(number, page);
    for (const old of [...this.#pages.keys()].slice(0, Math.max(0, this.#pages.size - KEPT)))
      this.#pages.delete(old);
    return (await page)[row % ROWS] as string;
  }

  async #read(first: number): Promise<readonly string[]> {
    const { store } = this.#deps;
    const { key } = this.#row;
    const end = Math.min(this.#count, first + ROWS);
    const [stored, tiles] = await Promise.all([
      store.records(key, first, end - first),
      store.recordTiles(key, first / RECORDS_PER_TILE, TILES),
    ]);
    const texts: string[] = new Array<string>(end - first).fill('');
    for (const [i, tile] of tiles.entries())
      for (const [j, line] of recordTileLines(tile).entries()) texts[i * RECORDS_PER_TILE + j] = line;
    const { bytes, offsets } = stored.records;
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (const [i, row] of stored.rows.entries())
      texts[row - first] = whole.toString('utf8', offsets[i], offsets[i + 1]);
    return texts.includes('') ? this.#make(first, end) : texts;
  }

  async #make(first: number, end: number): Promise<readonly string[]> {
    const deps = this.#deps;
    this.#session ??= sessionGraph(deps, this.#row).then(({ graph, texts }) =>
      loadSession(deps, this.#row, graph, texts),
    );
    return recordTexts(ledgerOf(deps).worker(), deps.store, await this.#session, first, end);
  }
}
