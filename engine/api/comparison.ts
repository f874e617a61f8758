/** Comparison of sessions and files: where the sides come from. */
import type { Comparison, ComparisonChoices, HashedRMode, SessionRecords } from '../reproducibility/index.ts';
import { recordPage, recordSource } from '../session/index.ts';
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

/** Compares two sessions of the history in the thread. */
export async function compareStored(
  deps: ApiDeps,
  a: string,
  b: string,
  { maxListed, marksFor, ...choices }: CompareOptions = {},
): Promise<Comparison> {
  return ledgerOf(deps)
    .worker()
    .call('compare', {
      a: await sessionSide(deps, a),
      b: await sessionSide(deps, b),
      choices,
      ...(maxListed !== undefined && { maxListed }),
      ...(marksFor && { marksFor }),
    });
}
