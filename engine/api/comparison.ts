/** Comparison of sessions and files: where the sides come from. */
import {
  COMPARISON_DOCUMENT,
  differingRows,
  readKeptComparison,
  RECORDS_PER_TILE,
  recordTileLines,
  type Comparison,
  type ComparisonChoices,
  type HashedRMode,
  type SessionRecords,
  type WorkerInput,
} from '../reproducibility/index.ts';
import { recordPage, recordSource } from '../session/index.ts';
import type { SessionRow } from '../store/index.ts';
import type { ApiDeps } from './deps.ts';
import { endedSession, factsOf, ledgerOf, loadSession, sealOf, sessionGraph } from './stored-session.ts';

const PAGE = 4096;
let lastId = 0;

/** All record texts of a session, in the order of rows: stored ones and those that are made again. */
export async function recordTexts(deps: ApiDeps, sessionId: string): Promise<string[]> {
  const row = await endedSession(deps, sessionId);
  const { graph, texts } = await sessionGraph(deps, row);
  const session = await loadSession(deps, row, graph, texts);
  const worker = ledgerOf(deps).worker();
  const id = `texts ${sessionId} ${++lastId}`;
  await worker.call('records.open', { id, source: await recordSource(session) });
  try {
    const all: string[] = [];
    for (let from = 0; from < graph.count; from += PAGE) {
      const page = await recordPage(deps.store, session, from, Math.min(graph.count, from + PAGE));
      for (const text of await worker.call('records.texts', { id, page })) all.push(text);
    }
    return all;
  } finally {
    await worker.call('records.close', { id });
  }
}

/** A session as a side of a comparison. */
export async function sessionSide(deps: ApiDeps, sessionId: string): Promise<SessionRecords> {
  const row = await endedSession(deps, sessionId);
  const [texts, seal] = [await recordTexts(deps, sessionId), await sealOf(deps.store, row)];
  const canonical =
    factsOf(seal)?.canonicalSignatures ??
    (await ledgerOf(deps).worker().call('canonicalSignatures', { recordTexts: texts }));
  return {
    recordTexts: texts,
    signatures: row.signatures,
    canonicalSignatures: canonical,
  };
}

export interface CompareOptions extends ComparisonChoices {
  /** Differing drops listed per mode; the rest is counted. */
  readonly maxListed?: number;
  readonly marksFor?: HashedRMode;
}

/** More differing drops than this are compared by reading all records in order. */
const MAX_SINGLE_READS = 4000;

/**
 * Compares two sessions of the history in the thread. Sessions of one structure are compared by the hashes that are kept
 * of their drops, and only the records of drops in which these differ are read.
 */
export async function compareStored(
  deps: ApiDeps,
  a: string,
  b: string,
  { maxListed, marksFor, ...choices }: CompareOptions = {},
): Promise<Comparison> {
  const options = { choices, ...(maxListed !== undefined && { maxListed }), ...(marksFor && { marksFor }) };
  const worker = ledgerOf(deps).worker();
  // What a person put together by hand need not have the same place.
  const kept = (choices.pins?.length ?? 0) > 0 ? undefined : await keptSides(deps, a, b);
  if (kept) return worker.call('compareKept', { ...kept, ...options });
  return worker.call('compare', { a: await sessionSide(deps, a), b: await sessionSide(deps, b), ...options });
}

type KeptSides = Pick<WorkerInput<'compareKept'>, 'structure' | 'rows' | 'a' | 'b'>;

/** The sides of a comparison by kept hashes; undefined where there are none, or they are of no help. */
async function keptSides(deps: ApiDeps, a: string, b: string): Promise<KeptSides | undefined> {
  const [rowA, rowB] = [await endedSession(deps, a), await endedSession(deps, b)];
  const [left, right] = await Promise.all([keptOf(deps, rowA), keptOf(deps, rowB)]);
  const rows = left && right ? differingRows(left.kept, right.kept) : undefined;
  if (!left || !right || rows === undefined || rows.length > MAX_SINGLE_READS) return undefined;
  const [textsA, textsB] = await Promise.all([keptTexts(deps, rowA, rows), keptTexts(deps, rowB, rows)]);
  if (!textsA || !textsB) return undefined;
  const { count, begins, inputs } = left.kept;
  return {
    structure: { count, begins, inputs },
    rows,
    a: { recordTexts: textsA, signatures: rowA.signatures, canonicalSignatures: left.canonical },
    b: { recordTexts: textsB, signatures: rowB.signatures, canonicalSignatures: right.canonical },
  };
}

async function keptOf(deps: ApiDeps, row: SessionRow) {
  const canonical = factsOf(await sealOf(deps.store, row))?.canonicalSignatures;
  const kept = readKeptComparison(await deps.store.document(row.key, COMPARISON_DOCUMENT));
  return canonical && kept ? { canonical, kept } : undefined;
}

/** Record texts of some rows from where they are kept: with their outcome, or in a tile. Undefined: one is not there. */
async function keptTexts(
  deps: ApiDeps,
  { key }: SessionRow,
  rows: readonly number[],
): Promise<string[] | undefined> {
  const { store } = deps;
  const texts: string[] = [];
  let tile = -1;
  let lines: readonly string[] = [];
  for (const row of rows) {
    const { rows: stored, records } = await store.records(key, row, 1);
    if (stored.length > 0) {
      texts.push(Buffer.from(records.bytes).toString('utf8'));
      continue;
    }
    const wanted = Math.floor(row / RECORDS_PER_TILE);
    if (wanted !== tile) {
      const [bytes] = await store.recordTiles(key, wanted, 1);
      lines = bytes ? recordTileLines(bytes) : [];
      tile = wanted;
    }
    const text = lines[row % RECORDS_PER_TILE];
    if (!text) return undefined;
    texts.push(text);
  }
  return texts;
}
