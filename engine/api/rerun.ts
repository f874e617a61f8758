/** A new session of an old one's graph, with results taken over where that is asked for and safe. */
import { Reuse, type EarlierDrop, type Session } from '../session/index.ts';
import {
  HASH_BYTES,
  dropRecordLeaf,
  openSessionSeal,
  parseReprodataOut,
  parseRMode,
  parseVerifierKey,
  treeOf,
  type PyObject,
  type SessionFacts,
} from '../reproducibility/index.ts';
import { isWeirError } from '../protocol/index.ts';
import type { SessionRow } from '../store/index.ts';
import type { ApiDeps } from './deps.ts';
import { EarlierRecords } from './earlier-records.ts';
import { documentText, endedSession, IMPORTED, parseStored, sealOf, sessionGraph } from './stored-session.ts';

export interface Rerun {
  readonly session: Session;
  readonly reuse: Reuse | undefined;
}

/** Makes the session; nothing runs yet: deploy it with `session.deploy('roots', rerun.reuse)`. */
export async function prepareRerun(
  deps: ApiDeps,
  sessionId: string,
  newSessionId: string,
  wantsReuse: boolean,
): Promise<Rerun> {
  const row = await endedSession(deps, sessionId);
  const { texts } = await sessionGraph(deps, row);
  const reuse = wantsReuse
    ? new Reuse({
        store: deps.store,
        key: row.key,
        sessionId,
        rmode: parseRMode(row.rmode),
        versions: { then: row.host.version, now: deps.info().version },
        earlier: await earlierDrops(deps, row),
        recompute: importedRecompute(deps, row),
      })
    : undefined;
  const session = await deps.manager.createSession(newSessionId, {
    graphName: row.graphName,
    origin: `rerun of ${sessionId}`,
    rmode: row.rmode,
  });
  try {
    for (const bytes of texts.length === 1 ? texts : [joined(texts)])
      await session.addGraphSpec(new Uint8Array(bytes));
  } catch (error) {
    await deps.manager.destroySession(newSessionId);
    await deps.store.deleteSession(session.key);
    throw error;
  }
  return { session, reuse };
}

function joined(texts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(texts));
}

/**
 * Drops of the earlier session by oid, with records that are what was sealed. A session without a seal (it was interrupted,
 * or this device had no key) has records that only its data speaks for: they are taken as they are.
 */
async function earlierDrops(
  deps: ApiDeps,
  row: SessionRow,
): Promise<(oid: string) => Promise<EarlierDrop | string>> {
  const leaves = await sealedLeaves(deps, row);
  if (typeof leaves === 'string') return async () => leaves;
  const { graph } = await sessionGraph(deps, row);
  const records = new EarlierRecords(deps, row, graph.count);
  // Of a session that was interrupted not all drops may be known.
  const known = (await deps.store.states(row.key)).status.length;
  return async (oid) => {
    const at = graph.rowOf(oid);
    if (at < 0 || at >= known) return `Session ${row.sessionId} has no drop "${oid}".`;
    const text = await records.text(at);
    const record = parseStored(text, `The record of ${oid}`);
    if (!record) return `Its record in session ${row.sessionId} cannot be read.`;
    const sealed = leaves?.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
    if (sealed && Buffer.compare(sealed, dropRecordLeaf(text)) !== 0)
      return `Its record in session ${row.sessionId} is not what was sealed: it was altered.`;
    return { row: at, record };
  };
}

/** The leaves that were sealed; undefined without a seal; in words why the seal does not hold. */
async function sealedLeaves(deps: ApiDeps, row: SessionRow): Promise<Uint8Array | string | undefined> {
  const seal = await sealOf(deps.store, row);
  if (!seal) return undefined;
  const broken = `The seal of session ${row.sessionId} does not hold: weir verify ${row.sessionId} says why.`;
  try {
    const facts = JSON.parse(seal.facts) as SessionFacts;
    const { root } = openSessionSeal(seal.seal, facts, [parseVerifierKey(seal.keyText)]);
    const leaves = await deps.store.treeHashes(seal.index, 0, 0, seal.leafCount);
    return Buffer.compare(treeOf(leaves).root, root) === 0 ? leaves : broken;
  } catch (error) {
    if (isWeirError(error) || error instanceof SyntaxError) return broken;
    throw error;
  }
}

/** RECOMPUTE data as the `reprodata.out` has it that an imported session came with; read when it is first asked for. */
function importedRecompute(deps: ApiDeps, row: SessionRow): (oid: string) => Promise<PyObject | undefined> {
  let file: Promise<ReadonlyMap<string, PyObject> | undefined> | undefined;
  const read = async (): Promise<ReadonlyMap<string, PyObject> | undefined> => {
    const text = await documentText(deps.store, row.key, IMPORTED.reprodata);
    return text === '' ? undefined : parseReprodataOut(text).drops;
  };
  return async (oid) => {
    file ??= read();
    const own = (await file)?.get(oid)?.['reprodata'] as PyObject | undefined;
    const part = (own?.['RECOMPUTE'] ?? own) as PyObject | undefined;
    const data = part?.['rg_data'] as PyObject | undefined;
    if (data === undefined) return undefined;
    const { merkleroot: _, ...rest } = data;
    return rest;
  };
}
