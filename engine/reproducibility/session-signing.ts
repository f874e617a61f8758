/**
 * The run-time stage of a session as upstream has it (spec/reproducibility.md 9.4 to 9.8), fed while the session runs:
 * drops come in pages, ended drops in batches, `reprodata.out` goes out in pages. Lives in the worker thread.
 */

import type { DROPStates } from '../protocol/index.ts';
import { WeirError } from '../protocol/index.ts';
import type { BareDocuments } from './bare-documents.ts';
import { ALL_RMODES, modesOf, rflagCaster, type RModeName } from './modes.ts';
import { parsePythonJson, type PyObject } from './python-json.ts';
import { reprodataOutEntries, reprodataOutParts } from './reprodata-out.ts';
import {
  commitRuntimeData,
  contentReproduceData,
  EMPTY_DATA_HASH,
  type RuntimeCommit,
  runtimeLevel,
  storeRuntimeData,
} from './runtime.ts';
import { type DocumentSigner, hashedModes, runtimeRoots, writeBlocks } from './signer-documents.ts';
import { BareIntake, DocumentIntake, type SigningIntake } from './signing-intake.ts';
import { completeLogical, NODES_KEY } from './spec-stages.ts';
import { type SpecPage, SpecStore } from './spec-store.ts';
import { initRuntimeReproData } from './stages.ts';

/** Drops that ended. Rows without an entry in `commits` have only a status and, where `isHashed`, an empty content. */
export interface EndedPage {
  readonly rows: Uint32Array;
  readonly status: Uint8Array;
  readonly isHashed: Uint8Array;
  /** Position in `rows` -> what the drop committed; data as text, so that Python's numbers survive. */
  readonly commits: ReadonlyMap<number, CommitText>;
}

export interface CommitText {
  /** JSON of the data (of all modes under ALL). */
  readonly data: string;
  readonly merkleroot: RuntimeCommit['merkleroot'];
}

export interface SigningResult {
  readonly signatures: Readonly<Record<string, string>>;
  /** JSON of the graph-level data with the signatures; null when the graph has none. */
  readonly reprodata: string | null;
}

export { parseSpecLoosely as parseSpec } from './signing-intake.ts';
export type { SpecPage } from './spec-store.ts';

const UNKNOWN = 255;

export function* specsIn(page: SpecPage): Generator<string> {
  const bytes = Buffer.from(page.text.buffer, page.text.byteOffset, page.text.length);
  for (let i = 0; i < page.start.length; i++) {
    const start = page.start[i] as number;
    yield bytes.toString('utf8', start, start + (page.length[i] as number));
  }
}

/** How a session is signed. */
export interface SigningPlan {
  readonly drops: number;
  /** JSON of the graph-level data, or null. */
  readonly reprodata: string | null;
  /** The drops carry no data: what is hashed of them follows from their specifications (spec-stages.ts). */
  readonly isBare?: boolean;
}

export class SessionSigning {
  readonly #reprodata: PyObject | null;
  readonly #mode: RModeName;
  /** Data of the logical nodes, where the drops have none of their own. */
  readonly #nodes: readonly PyObject[] | undefined;
  readonly #specs: SpecStore;
  readonly #status: Uint8Array;
  readonly #isHashed: Uint8Array;
  readonly #commits = new Map<number, RuntimeCommit>();
  #documents: PyObject[] | undefined;
  /** Takes specifications in while they come. */
  readonly #intake: SigningIntake | undefined;
  #signer: DocumentSigner | undefined;

  constructor({ drops, reprodata, isBare = false }: SigningPlan) {
    const whole = reprodata === null ? null : (parsePythonJson(reprodata) as PyObject);
    const { [NODES_KEY]: nodes, ...rest } = whole ?? {};
    this.#reprodata = whole && (nodes === undefined ? whole : rest);
    this.#nodes = nodes as readonly PyObject[] | undefined;
    this.#mode = rflagCaster(this.#reprodata?.['rmode']);
    this.#specs = new SpecStore(drops);
    this.#status = new Uint8Array(drops).fill(UNKNOWN);
    this.#isHashed = new Uint8Array(drops);
    if (hashedModes(this.#mode).length === 0) return;
    this.#intake =
      isBare || nodes !== undefined
        ? new BareIntake(this.#specs, drops, this.#mode, this.#nodes)
        : new DocumentIntake(drops, this.#mode);
  }

  addSpecs(page: SpecPage): void {
    this.#specs.add(page);
    if (this.#intake === undefined) return;
    const { text, start, length } = page;
    for (let i = 0; i < start.length; i++) {
      const from = start[i] as number;
      this.#intake.add(text, from, from + (length[i] as number));
    }
  }

  /** All specs are there: prepares to sign. Throws ReproKeyError where upstream's run-time stage would fail. */
  begin(): void {
    this.#signer = this.#intake?.signer();
  }

  ended(page: EndedPage): void {
    page.rows.forEach((row, i) => {
      this.#status[row] = page.status[i] as number;
      this.#isHashed[row] = page.isHashed[i] as number;
      const text = page.commits.get(i);
      if (text !== undefined)
        this.#commits.set(row, {
          data: parsePythonJson(text.data),
          merkleroot: text.merkleroot,
        } as RuntimeCommit);
      const signer = this.#signer?.signer;
      if (signer === undefined) return;
      if (text !== undefined)
        signer.addRuntime(row, runtimeRoots(signer, this.#commits.get(row) as RuntimeCommit));
      else
        signer.addRuntimeFacts(row, page.status[i] as number, this.#isHashed[row] ? EMPTY_DATA_HASH : null);
    });
  }

  #commitOf(row: number, level: RModeName): RuntimeCommit {
    const known = this.#commits.get(row);
    if (known !== undefined) return known;
    const status = this.#status[row] as DROPStates;
    return commitRuntimeData(
      level,
      this.#isHashed[row] === 1
        ? { status, reproduceData: contentReproduceData(EMPTY_DATA_HASH) }
        : { status },
    );
  }

  /** Signs. Throws REPRO_INVALID when a drop has not ended, ReproKeyError for what upstream misses. */
  finish(): SigningResult {
    const missing = this.#status.indexOf(UNKNOWN);
    if (missing >= 0)
      throw new WeirError(
        'REPRO_INVALID',
        `Drop number ${missing} has not ended; the session cannot be signed.`,
      );
    const reprodata = this.#reprodata;
    if (reprodata === null) return { signatures: {}, reprodata: null };
    if (this.#mode !== 'NOTHING' || !Object.hasOwn(reprodata, 'rmode')) this.#sign(reprodata);
    const signatures: Record<string, string> = {};
    for (const mode of modesOf(this.#mode)) {
      const signature = (reprodata[mode] as PyObject | undefined)?.['signature'];
      if ((ALL_RMODES as readonly string[]).includes(mode) && typeof signature === 'string')
        signatures[mode] = signature;
    }
    return { signatures, reprodata: reprodataOutParts(reprodata, 0) };
  }

  #sign(reprodata: PyObject): void {
    if (this.#signer !== undefined) {
      for (const [mode, signature] of Object.entries(this.#signer.signer.signatures('rg')))
        ((reprodata[mode] ??= {}) as PyObject)['signature'] = signature;
      return;
    }
    // Mixed modes, or data that is not whole: upstream's own stage function decides, and fails as upstream does.
    this.#documents = Array.from({ length: this.#specs.count }, (_, row) => this.#filed(row));
    const graph = new Map(this.#documents.map((drop) => [drop['oid'] as string, drop]));
    initRuntimeReproData(graph, reprodata);
  }

  /** The specification of a drop with its run-time data. */
  #filed(row: number): PyObject {
    const spec = parsePythonJson(this.#specs.text(row)) as PyObject;
    if (this.#signer !== undefined) this.#intake?.complete(spec, row, this.#signer);
    else if (this.#nodes !== undefined) completeLogical(spec, this.#nodes);
    storeRuntimeData(spec, this.#commitOf(row, runtimeLevel(spec)));
    return spec;
  }

  /** The document of a drop as it goes into the file. */
  #document(row: number): PyObject {
    const spec = this.#documents?.[row] ?? this.#filed(row);
    if (this.#signer !== undefined) writeBlocks(this.#signer, 'rg', row, spec);
    return spec;
  }

  /**
   * The next bytes of `reprodata.out`, for drops [from, from + count). The first and last page complete the text. They
   * are put into `buffer` where it is large enough.
   */
  document(from: number, count: number, buffer?: ArrayBuffer): Uint8Array<ArrayBuffer> {
    const end = Math.min(this.#specs.count, from + count);
    const place = { isFirst: from === 0, isLast: end === this.#specs.count };
    const writer = end === from ? undefined : this.#bareDocuments();
    if (writer === undefined) {
      const entries = Array.from({ length: end - from }, (_, i) => {
        const spec = this.#document(from + i);
        return [spec['oid'] as string, spec] as const;
      });
      return joined([Buffer.from(reprodataOutEntries(entries, this.#reprodata, place))], buffer);
    }
    const edge = (part: typeof place, repro: PyObject | null): Buffer =>
      Buffer.from(reprodataOutEntries([], repro, part));
    const head = place.isFirst ? [edge({ isFirst: true, isLast: false }, null)] : [];
    const tail = place.isLast ? [edge({ isFirst: false, isLast: true }, this.#reprodata)] : [];
    return joined([...head, writer.page(from, end, place.isFirst), ...tail], buffer);
  }

  #bareDocuments(): BareDocuments | undefined {
    const signer = this.#signer;
    if (signer === undefined) return undefined;
    this.#writer ??= this.#intake?.documents({
      signer,
      commitKey: (row) =>
        this.#commits.has(row) ? undefined : `${this.#status[row]} ${this.#isHashed[row]}`,
      document: (row) => this.#document(row),
    });
    return this.#writer;
  }
  #writer: BareDocuments | undefined;
}

/** Pieces one after the other. Making large buffers again and again would keep the garbage collector busy. */
function joined(pieces: readonly Uint8Array[], buffer: ArrayBuffer | undefined): Uint8Array<ArrayBuffer> {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const out =
    buffer !== undefined && buffer.byteLength >= size
      ? new Uint8Array(buffer, 0, size)
      : new Uint8Array(new ArrayBuffer(size + (size >> 2)), 0, size);
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
