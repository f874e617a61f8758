/** The methods of the contract that look through the history as a whole (history-contract.ts). */
import {
  APP_STATE_NAMES,
  DROP_STATE_NAMES,
  isWeirError,
  NoDropException,
  WeirError,
} from '../protocol/index.ts';
import {
  dropRecordLeaf,
  openSessionSeal,
  parseVerifierKey,
  treeOf,
  type DropRecord,
  type SessionFacts,
} from '../reproducibility/index.ts';
import { recordTexts } from '../session/index.ts';
import type { ApiDeps } from './deps.ts';
import type { historyMethods as contract, RecordView } from './history-contract.ts';
import { sessionRow } from './graph-text.ts';
import { lineage } from './lineage.ts';
import type { Methods } from './methods.ts';
import { prune } from './retention.ts';
import { readRules, writeRules } from './standing-rules.ts';
import {
  endedSession,
  factsOf,
  IMPORTED,
  ledgerOf,
  loadSession,
  sealOf,
  sessionGraph,
  storedRecords,
} from './stored-session.ts';
import { dropRowOf } from './summaries.ts';

export function historyMethods(deps: ApiDeps): Pick<Methods, keyof typeof contract> {
  return {
    'sessions.record': async ({ sessionId, uid }) => record(deps, sessionId, uid),
    'history.drops': async ({ status, contentHash, ...query }) => {
      const { found, next } = await deps.store.searchDrops({
        ...query,
        ...stateFilter(status),
        ...(contentHash === undefined ? {} : { contentHash: contentHash.toLowerCase() }),
      });
      return {
        found: found.map(({ sessionId, drop }) => {
          const { lgKey: _, ...brief } = dropRowOf(drop);
          return { sessionId, ...brief };
        }),
        next,
      };
    },
    'history.lineage': async ({ sessionId, uid, limit }) => lineage(deps, sessionId, uid, limit),
    'history.prune': async (rules) => prune(deps, rules),
    'retention.rules': async () => ({
      rules: [...(await readRules(deps))],
      file: deps.settings?.file ?? null,
    }),
    'retention.setRules': async ({ rules }) => {
      await writeRules(deps, rules);
      await deps.applyRules?.();
      return { rules };
    },
    'sessions.pin': async ({ sessionId, pinned }) => {
      await deps.store.pinSession((await sessionRow(deps.store, sessionId)).key, pinned);
      return { pinnedAt: (await sessionRow(deps.store, sessionId)).pinnedAt };
    },
  };
}

/**
 * The columns a state name means: that of drops, or that of applications for states only they have (RUNNING, FINISHED,
 * NOT_RUN). Throws USAGE for a name of neither.
 */
export function stateFilter(name: string | undefined): { readonly status?: number; readonly exec?: number } {
  if (name === undefined) return {};
  const upper = name.toUpperCase();
  const status = DROP_STATE_NAMES.indexOf(upper as never);
  if (status >= 0) return { status };
  const exec = APP_STATE_NAMES.indexOf(upper as never);
  if (exec >= 0) return { exec };
  const known = [...new Set([...DROP_STATE_NAMES, ...APP_STATE_NAMES])].join(', ');
  throw new WeirError('USAGE', `"${name}" is no state of a drop; there are ${known}.`, { details: { name } });
}

/** The record of a drop, with what the seal says of it. Throws SESSION_STATE while the session runs. */
async function record(deps: ApiDeps, sessionId: string, uid: string): Promise<RecordView> {
  const row = await endedSession(deps, sessionId);
  const drop = await deps.store.dropByUid(row.key, uid);
  if (!drop)
    throw new NoDropException(`Session ${sessionId} has no drop "${uid}".`, { details: { sessionId, uid } });
  const { graph, texts } = await sessionGraph(deps, row);
  const session = await loadSession(deps, row, graph, texts, { uid, row: drop.row });
  const [made] = await recordTexts(ledgerOf(deps).worker(), deps.store, session, drop.row, drop.row + 1);
  const text = made as string;
  const leaf = Buffer.from(dropRecordLeaf(text));
  const parsed = JSON.parse(text) as DropRecord;
  const seal = await sealOf(deps.store, row);
  const kept = seal && (await deps.store.treeHashes(seal.index, 0, drop.row, 1));
  const imported = seal ? undefined : await importedFacts(deps, row.key);
  const environments = (factsOf(seal) ?? imported?.facts)?.environments ?? {};
  return {
    uid,
    record: parsed as unknown as Record<string, unknown>,
    text,
    leaf: leaf.toString('hex'),
    isSealed: kept ? Buffer.compare(kept, leaf) === 0 : imported?.isSealed === true,
    environment: (environments[parsed.environmentSha256] as Record<string, unknown> | undefined) ?? null,
  };
}

/** What an imported session brought along, and whether its records still lead to the root that was sealed where it ran. */
async function importedFacts(
  deps: ApiDeps,
  key: number,
): Promise<{ readonly facts: SessionFacts; readonly isSealed: boolean } | undefined> {
  const text = async (name: string): Promise<string> =>
    Buffer.from((await deps.store.document(key, name)) ?? []).toString('utf8');
  const [factsText, seal, verifier] = [
    await text(IMPORTED.facts),
    await text(IMPORTED.seal),
    await text(IMPORTED.key),
  ];
  if (factsText === '' || seal === '') return undefined;
  const facts = JSON.parse(factsText) as SessionFacts;
  const leaves: Buffer[] = [];
  for await (const { text: record } of storedRecords(deps.store, key, facts.drops))
    leaves.push(Buffer.from(dropRecordLeaf(record)));
  try {
    const { root } = openSessionSeal(seal, facts, [parseVerifierKey(verifier)]);
    return { facts, isSealed: Buffer.compare(treeOf(Buffer.concat(leaves)).root, root) === 0 };
  } catch (error) {
    if (!isWeirError(error)) throw error;
    // Altered since it was imported: `weir verify` says what is wrong with it.
    return { facts, isSealed: false };
  }
}
