/** The operations of the reproducibility worker, without the thread: they can be called in this one, too. */

import { WeirError } from '../protocol/index.ts';
import { checkBundle, type BundleContents } from './bundle-check.ts';
import { canonicalSignatures, recordTopology } from './canonical-signature.ts';
import { comparatorsAsFunction, type ComparisonChoices } from './comparators.ts';
import { compareSides, type ComparisonOptions, type ComparisonSide } from './compare.ts';
import { sideOfRecords } from './compare-sides.ts';
import { type DropRecord, dropRecordLeaf, parseDropRecord } from './drop-record.ts';
import { compareKept, type KeptSide } from './kept-comparison.ts';
import { MerkleLog } from './merkle-log.ts';
import type { HashedRMode } from './modes.ts';
import type { PhysicalSigner } from './physical-signer.ts';
import { parsePythonJson, stringifyPythonJson } from './python-json.ts';
import { signerOfPack } from './runtime-pack.ts';
import { RecordStream } from './record-stream.ts';
import { SessionSigning } from './session-signing.ts';
import { signPhysicalGraph } from './sign.ts';
import { packRuntimeGraph } from './signer-documents.ts';
import { splitReproData } from './stages.ts';
import { parseVerifierKey } from './signed-note.ts';
import { readZip } from './store-zip.ts';
import type {
  BundleSummary,
  EndedDrops,
  SessionRecords,
  WorkerInput,
  WorkerOperation,
  WorkerOutput,
} from './worker-protocol.ts';

type Handlers = { readonly [Op in WorkerOperation]: (input: WorkerInput<Op>) => WorkerOutput<Op> };

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');

function recordsOf(texts: readonly string[]): DropRecord[] {
  return texts.map((text, index) => parseDropRecord(text, `Record ${index}`));
}

function sideOf(session: SessionRecords): ComparisonSide {
  const records = recordsOf(session.recordTexts);
  return sideOfRecords(records, recordTopology(records), session.signatures, session.canonicalSignatures);
}

function keptSide(session: SessionRecords): KeptSide {
  const { signatures, canonicalSignatures = {} } = session;
  return { records: recordsOf(session.recordTexts), signatures, canonicalSignatures };
}

function comparisonOptions(
  choices: ComparisonChoices | undefined,
  { maxListed, marksFor }: { readonly maxListed?: number; readonly marksFor?: HashedRMode },
): Omit<ComparisonOptions, 'pins'> {
  const isEqual = comparatorsAsFunction(choices?.comparators);
  return {
    ...(isEqual && { isEqual }),
    ...(maxListed !== undefined && { maxListed }),
    ...(marksFor && { marksFor }),
  };
}

/** Executes operations; holds the signers of running sessions. */
export class ReproducibilityOperations {
  readonly #signers = new Map<string, PhysicalSigner>();
  readonly #signings = new Map<string, SessionSigning>();
  readonly #streams = new Map<string, RecordStream>();

  /** Executes one operation. Throws what the operation throws. */
  execute<Op extends WorkerOperation>(op: Op, input: WorkerInput<Op>): WorkerOutput<Op> {
    const handler = this.#handlers[op] as ((input: WorkerInput<Op>) => WorkerOutput<Op>) | undefined;
    if (handler === undefined)
      throw new WeirError('NOT_IMPLEMENTED', `The reproducibility worker has no operation "${op}".`);
    return handler(input);
  }

  #signer(sessionId: string): PhysicalSigner {
    const signer = this.#signers.get(sessionId);
    if (signer === undefined)
      throw new WeirError('SESSION_UNKNOWN', `No session "${sessionId}" is being signed; open it first.`, {
        details: { sessionId },
      });
    return signer;
  }

  #found<T>(held: ReadonlyMap<string, T>, id: string): T {
    const one = held.get(id);
    if (one === undefined)
      throw new WeirError('INTERNAL', `The reproducibility worker was not told of "${id}".`, {
        details: { id },
      });
    return one;
  }

  readonly #handlers: Handlers = {
    'signing.open': ({ id, plan }) => {
      this.#signings.set(id, new SessionSigning(plan));
      return null;
    },
    'signing.specs': ({ id, page }) => (this.#found(this.#signings, id).addSpecs(page), null),
    'signing.begin': ({ id }) => (this.#found(this.#signings, id).begin(), null),
    'signing.ended': ({ id, page }) => (this.#found(this.#signings, id).ended(page), null),
    'signing.finish': ({ id }) => this.#found(this.#signings, id).finish(),
    'signing.document': ({ id, from, count, buffer }) =>
      this.#found(this.#signings, id).document(from, count, buffer),
    'signing.close': ({ id }) => (this.#signings.delete(id), null),
    'records.open': ({ id, source }) => (this.#streams.set(id, new RecordStream(source)), null),
    'records.graph': ({ id, bytes }) => (this.#found(this.#streams, id).addGraph(bytes), null),
    'records.page': ({ id, page }) => ({ tiles: this.#found(this.#streams, id).add(page) }),
    'records.texts': ({ id, page }) => this.#found(this.#streams, id).texts(page),
    'records.finish': ({ id }) => {
      const stream = this.#found(this.#streams, id);
      this.#streams.delete(id);
      return { ...stream.finish(), mismatches: stream.mismatches };
    },
    'records.close': ({ id }) => (this.#streams.delete(id), null),
    'runtime.open': ({ sessionId, pack }) => {
      this.#signers.set(sessionId, signerOfPack(pack));
      return { drops: pack.shape.count };
    },
    'runtime.openGraph': ({ sessionId, graph }) => {
      // Only hashes are read from the document, so number tokens do not matter here.
      const { drops, repro } = splitReproData(JSON.parse(textOf(graph)) as object[]);
      const pack = repro === undefined ? undefined : packRuntimeGraph(drops, repro);
      if (pack !== undefined) this.#signers.set(sessionId, signerOfPack(pack));
      return { drops: drops.length, isSigned: pack !== undefined };
    },
    'runtime.ended': ({ sessionId, ended }) => {
      const signer = this.#signer(sessionId);
      addEnded(signer, ended);
      return { finished: signer.finishedDrops };
    },
    'runtime.signatures': ({ sessionId }) => this.#signer(sessionId).signatures('rg'),
    'runtime.blocks': ({ sessionId, stage, mode }) => this.#signer(sessionId).blockBytes(stage, mode),
    'runtime.close': ({ sessionId }) => {
      this.#signers.delete(sessionId);
      return null;
    },
    sign: ({ graph, stage, full }) => {
      const list = parsePythonJson(textOf(graph)) as unknown as object[];
      if (!Array.isArray(list))
        throw new WeirError(
          'GRAPH_INVALID',
          'A physical graph is a list of drops, but this document is not.',
        );
      const result = signPhysicalGraph(list, stage);
      return full === true ? { ...result, graph: Buffer.from(stringifyPythonJson(list)) } : result;
    },
    canonicalSignatures: ({ recordTexts }) => canonicalSignatures(recordsOf(recordTexts)),
    'ledger.root': ({ recordTexts, leafIndex }) => {
      const log = MerkleLog.of(recordTexts.map(dropRecordLeaf));
      const path = leafIndex === undefined ? undefined : log.inclusionProof(leafIndex);
      return { size: log.size, root: log.root(), ...(path && { path }) };
    },
    compare: ({ a, b, choices, ...rest }) =>
      compareSides(sideOf(a), sideOf(b), {
        ...comparisonOptions(choices, rest),
        ...(choices?.pins && { pins: choices.pins }),
      }),
    compareKept: ({ structure, rows, a, b, choices, ...rest }) =>
      compareKept(structure, rows, keptSide(a), keptSide(b), comparisonOptions(choices, rest)),
    checkBundle: ({ bundle, trustedKeys }) => {
      const { contents, ...verdict } = checkBundle(
        readZip(bundle),
        trustedKeys === undefined ? {} : { trustedKeys },
      );
      return contents ? { ...verdict, summary: summaryOf(contents) } : verdict;
    },
  };
}

function summaryOf({ facts, seal, key, openedSeal }: BundleContents): BundleSummary {
  const { name, keyId } = parseVerifierKey(key);
  return { facts, seal, key, signedBy: name, keyId, sealedAtMs: openedSeal.sealedAtMs };
}

function addEnded(signer: PhysicalSigner, ended: EndedDrops): void {
  ended.drops.forEach((drop, i) => {
    const roots = ended.roots?.get(i);
    if (roots !== undefined) signer.addRuntime(drop, roots);
    else signer.addRuntimeFacts(drop, ended.statuses[i] as number, ended.dataHashes[i] ?? null);
  });
}
