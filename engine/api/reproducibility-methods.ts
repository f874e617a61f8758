/** The methods of the contract that are about reproducibility (design/ux-and-trust.md 3, 4). */
import { isWeirError, WeirError } from '../protocol/index.ts';
import {
  ALL_RMODES,
  formatConsistencyProof,
  formatProof,
  parseSessionSeal,
  parseVerifierKey,
  verifierKeyText,
  type DropRecord,
  type HashedRMode,
} from '../reproducibility/index.ts';
import type { SessionRow, StoredSeal } from '../store/index.ts';
import { BlockReader } from './blocks.ts';
import { importBundle } from './bundles.ts';
import { comparisonGraph } from './comparison-graph.ts';
import { listCheckpoints, proveBetween } from './checkpoints.ts';
import { compareStored } from './comparison.ts';
import type { MethodResult } from './contract.ts';
import type { ApiDeps } from './deps.ts';
import { fileBytes, fileKind, lookAtFile } from './file-findings.ts';
import { sessionRow } from './graph-text.ts';
import type { Methods } from './methods.ts';
import { proveStored } from './proofs.ts';
import { prepareRerun } from './rerun.ts';
import { rerunId } from './session-ids.ts';
import { factsOf, IMPORTED, recordedIfOver, sealOf, storedRecords } from './stored-session.ts';
import { verifyLog } from './log-verification.ts';
import type { Verdict } from './verdict.ts';
import { verifyStored } from './verification.ts';

/** Differing drops listed per mode where the caller does not say. */
const LISTED = 1000;

export type ReproducibilityMethods = Pick<
  Methods,
  | 'sessions.reproducibility'
  | 'sessions.verify'
  | 'sessions.compare'
  | 'sessions.prove'
  | 'sessions.rerun'
  | 'ledger.checkpoints'
  | 'ledger.consistency'
  | 'ledger.verify'
  | 'sessions.compareGraph'
  | 'sessions.block'
  | 'files.kind'
  | 'files.look'
  | 'bundles.import'
  | 'history.trace'
>;

export function reproducibilityMethods(deps: ApiDeps): ReproducibilityMethods {
  const blocks = new BlockReader(deps.store);
  return {
    'sessions.reproducibility': async ({ sessionId }) => {
      await recordedIfOver(deps, sessionId);
      const row = await sessionRow(deps.store, sessionId);
      return describe(deps, row, await sealOf(deps.store, row));
    },
    'sessions.verify': async ({ sessionId }) => {
      return shownVerdict(await verifyStored(deps, sessionId));
    },
    'sessions.compare': async ({ a, b, limit, ...choices }) => {
      const { rmodes, alignment } = await compareStored(deps, a, b, {
        ...choices,
        maxListed: limit ?? LISTED,
      });
      const shown = Object.entries(rmodes).map(([mode, one]) => [
        mode,
        {
          ...one,
          canonical: { ...one.canonical },
          differing: one.differing.slice(0, limit ?? LISTED).map((drop) => ({
            ...drop,
            fields: drop.fields.map((field) => ({ ...field })),
          })),
        },
      ]);
      return {
        rmodes: Object.fromEntries(shown) as MethodResult<'sessions.compare'>['rmodes'],
        alignment: { ...alignment, removed: [...alignment.removed], added: [...alignment.added] },
      };
    },
    'sessions.compareGraph': async ({ a, b, mode, folded, limit, ...choices }) => {
      if (!(ALL_RMODES as readonly string[]).includes(mode))
        throw new WeirError(
          'USAGE',
          `There is no R-mode "${mode}" to compare by; use ${ALL_RMODES.join(', ')}.`,
        );
      return comparisonGraph(deps, a, b, { ...choices, mode: mode as HashedRMode, folded, limit });
    },
    'sessions.block': async ({ sessionId, uid, mode }) => {
      await recordedIfOver(deps, sessionId);
      return blocks.block(await sessionRow(deps.store, sessionId), uid, mode);
    },
    'files.kind': async ({ path }) => ({ kind: await fileKind(path) }),
    'files.look': async ({ source }) => lookAtFile(deps, source),
    'bundles.import': async ({ source, as }) => {
      const { bytes, name } = await fileBytes(source);
      const { sessionId, isNew } = await importBundle(deps, bytes, name, as);
      return { sessionId, isNew };
    },
    'sessions.prove': async ({ sessionId, uid }) => ({
      proof: formatProof(await proveStored(deps, sessionId, uid)),
    }),
    'sessions.rerun': async ({ sessionId, newSessionId, reuse }) => {
      const id = newSessionId ?? rerunId(sessionId);
      const { session, reuse: taken } = await prepareRerun(deps, sessionId, id, reuse === true);
      await session.deploy('roots', taken);
      return { sessionId: id };
    },
    'ledger.checkpoints': async ({ before, limit }) => {
      const { checkpoints, total } = await listCheckpoints(deps, { before, limit: limit ?? 100 });
      return { checkpoints: [...checkpoints], total };
    },
    'ledger.consistency': async ({ from, to }) => {
      const ref = (one: number | string) => (typeof one === 'number' ? { size: one } : { note: one });
      const proof = await proveBetween(deps, ref(from), to === undefined ? undefined : ref(to));
      return { proof: formatConsistencyProof(proof) };
    },
    'ledger.verify': async () => shownVerdict(await verifyLog(deps)),
    'history.trace': async ({ sha256 }) => ({ made: [...(await deps.store.whoMade(sha256.toLowerCase()))] }),
  };
}

function shownVerdict({ valid, checked, problems, notes }: Verdict): MethodResult<'sessions.verify'> {
  return {
    valid,
    checked,
    problems: problems.map(({ where, message, uid }) => ({ where, message, uid })),
    notes: [...notes],
    verifiedAt: Date.now(),
  };
}

async function describe(
  deps: ApiDeps,
  row: SessionRow,
  seal: StoredSeal | undefined,
): Promise<MethodResult<'sessions.reproducibility'>> {
  const facts = factsOf(seal);
  const imported = await importedSeal(deps, row);
  return {
    rmode: row.rmode,
    modes: ALL_RMODES.map((mode) => ({
      mode,
      signature: row.signatures[mode] ?? null,
      canonical: facts?.canonicalSignatures[mode] ?? null,
    })),
    records: await countRecords(deps, row, seal),
    seal: seal ? sealInfo(seal) : null,
    unsealedReason: seal ? null : await whyUnsealed(deps, row),
    importedSeal: imported,
    witnesses: imported ? heldHere(deps, imported) : [],
  };
}

/** A device that holds what another one sealed is a witness of it: what it holds cannot be exchanged unseen. */
function heldHere(
  deps: ApiDeps,
  { key, note }: { readonly key: string; readonly note: string },
): MethodResult<'sessions.reproducibility'>['witnesses'] {
  const own = deps.ledger && verifierKeyText(deps.ledger.signer);
  if (own === undefined || own === key) return [];
  const { name, keyId } = parseVerifierKey(own);
  return [{ name, keyId, at: null, checkpoint: note }];
}

/** The seal that came with an imported session, as it was verified when it was taken over. */
async function importedSeal(
  deps: ApiDeps,
  row: SessionRow,
): Promise<MethodResult<'sessions.reproducibility'>['importedSeal']> {
  const text = async (name: string): Promise<string> =>
    Buffer.from((await deps.store.document(row.key, name)) ?? []).toString('utf8');
  const [note, key] = [await text(IMPORTED.seal), await text(IMPORTED.key)];
  if (note === '' || key === '') return null;
  try {
    const { name, keyId } = parseVerifierKey(key);
    return { note, key, signedBy: name, keyId, sealedAt: parseSessionSeal(note).sealedAtMs };
  } catch (error) {
    if (!isWeirError(error)) throw error;
    // Altered since: the verification says what is wrong with it.
    return null;
  }
}

function sealInfo(seal: StoredSeal): NonNullable<MethodResult<'sessions.reproducibility'>['seal']> {
  let name: string;
  let keyId = '';
  try {
    ({ name, keyId } = parseVerifierKey(seal.keyText));
  } catch (error) {
    if (!isWeirError(error)) throw error;
    // An altered key is shown as it is; the verification says what is wrong with it.
    name = parseSessionSeal(seal.seal).signedBy[0]?.name ?? seal.keyText;
  }
  return {
    note: seal.seal,
    sealedAt: seal.sealedAt,
    root: Buffer.from(seal.root).toString('base64'),
    signedBy: name,
    keyId,
    key: seal.keyText,
    logIndex: seal.index,
  };
}

async function whyUnsealed(deps: ApiDeps, row: SessionRow): Promise<string> {
  if (await deps.store.document(row.key, IMPORTED.seal))
    return 'The session was imported: its seal is that of the device it ran on.';
  if (row.status === 'INTERRUPTED') return 'The session was interrupted before it could be sealed.';
  if (row.finishedAt === null) return `The session is ${row.status}: it is sealed when it is over.`;
  if (!deps.ledger) return 'This device has no usable key.';
  return 'Its Host ended before it was sealed; it is sealed when a proof is asked for.';
}

async function countRecords(
  deps: ApiDeps,
  row: SessionRow,
  seal: StoredSeal | undefined,
): Promise<MethodResult<'sessions.reproducibility'>['records']> {
  let [stored, withContent, reused] = [0, 0, 0];
  for await (const { text } of storedRecords(deps.store, row.key, row.drops)) {
    stored++;
    if (text.includes('"content":{')) withContent++;
    if (text.includes('"reusedFrom":{') && (JSON.parse(text) as DropRecord).reusedFrom) reused++;
  }
  // Records of drops that did nothing of their own are made from their states when they are needed.
  return { drops: row.drops, recorded: seal ? row.drops : stored, withContent, reused };
}
