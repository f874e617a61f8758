/**
 * What is kept of a drop when it is over: facts of the run, its record, and the content of small data drops, so that
 * history can be read years later when files and memory are gone. Runs beside the session, a few drops at a time.
 */
import { DROPStates, messageOf } from '../protocol/index.ts';
import { AppDROP, DataDROP, FileDROP, InMemoryDROP, type AbstractDROP } from '../drops/index.ts';
import {
  stringifyPythonJson,
  sha256Hex,
  type CommitText,
  type PyObject,
  type RModeName,
} from '../reproducibility/index.ts';
import type { DropOutcome } from '../store/index.ts';
import { commitOf, hasOwnCommit, isUnreadable, recomputeDataOf } from './drop-commit.ts';
import { LinkedQueue } from './linked-queue.ts';

/** Content up to this size is kept in the history. */
export const KEPT_BYTES = 65_536;
/** Data that others wrote (a command) is read once more to hash it, up to this size where no R-mode asks for it. */
const HASHED_BYTES = 2 ** 30;
const AT_ONCE = 16;
/** Milliseconds of one turn that go into this: what runs comes first, this while it waits for others. */
const TURN_MS = 0.3;

/** What a drop was when it ended, and what is known of its run. */
export interface Ended {
  readonly row: number;
  readonly drop: AbstractDROP;
  readonly status: DROPStates;
  readonly commit: CommitText | undefined;
  readonly outcome: DropOutcome;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What is known of a run whose results were taken over: the application itself did not run here. */
export interface TakenRun {
  /** The facts of that run as they are kept (JSON), or null. */
  readonly facts: string | null;
  readonly recomputeData: PyObject | undefined;
}

/** The name in the facts of a run under which its RECOMPUTE data is kept, as the text of a Python JSON object. */
export const RECOMPUTE_FACT = 'recomputeData';

export interface OutcomesOptions {
  readonly drop: (row: number) => AbstractDROP | undefined;
  /** The status column of the session. */
  readonly statusOf: (row: number) => DROPStates;
  readonly mode: RModeName;
  /** Drops that were read or that wrote this one. */
  readonly inputsOf: (row: number) => readonly number[];
  readonly hasError: (row: number) => boolean;
  readonly emit: (outcome: DropOutcome) => void;
  /** The run an application's results were taken over from, if they were. */
  readonly taken: (row: number) => TakenRun | undefined;
  /** A drop that did nothing of its own has ended. */
  readonly plain: (row: number, status: DROPStates) => void;
  /** The content of a drop cannot be hashed where the R-mode wants it hashed. */
  readonly unreadable: (row: number) => void;
  /** Makes the record of a drop that did. */
  readonly record: (ended: Ended) => string | null;
  readonly problem: (row: number, error: unknown) => void;
}

interface Waiting {
  readonly row: number;
  readonly drop: AbstractDROP;
  readonly status: DROPStates;
}

export class Outcomes {
  readonly #options: OutcomesOptions;
  readonly #waiting = new LinkedQueue<Waiting>();
  readonly #isIn = new Set<number>();
  /** Drops that are being looked at. */
  readonly #pending = new Map<number, Promise<unknown>>();
  #active = 0;
  #isScheduled = false;
  #idle: (() => void)[] = [];

  constructor(options: OutcomesOptions) {
    this.#options = options;
  }

  /** A drop is over. Told once a drop; what comes later changes nothing. */
  add(row: number): void {
    const drop = this.#options.drop(row);
    const status = this.#options.statusOf(row);
    if (!drop || (!(drop instanceof DataDROP) && !this.#isTelling(row, drop)))
      return this.#options.plain(row, status);
    if (this.#isIn.has(row)) return;
    this.#isIn.add(row);
    // Held until it was looked at: data that expires after use may be given back otherwise.
    if (drop instanceof DataDROP) drop.incrRefCount();
    this.#waiting.push({ row, drop, status });
    this.#schedule();
  }

  /** Looks at what waits in a later turn: the drops that come next are started before this one is written down. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  #isTelling(row: number, drop: AbstractDROP): boolean {
    if (this.#options.hasError(row)) return true;
    if (this.#options.mode !== 'NOTHING' && hasOwnCommit(drop)) return true;
    if (!(drop instanceof AppDROP)) return false;
    for (const _ in drop.facts) return true;
    return false;
  }

  /** Resolves when everything added so far has been kept. */
  async done(): Promise<void> {
    if (this.#active === 0 && this.#waiting.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #pump(): void {
    const until = performance.now() + TURN_MS;
    while (this.#active < AT_ONCE) {
      if (this.#waiting.size > 0 && performance.now() > until) return this.#schedule();
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#active++;
      const taken = this.#take(next).catch((error: unknown) => this.#options.problem(next.row, error));
      this.#pending.set(next.row, taken);
      void taken.then(() => {
        this.#pending.delete(next.row);
        if (next.drop instanceof DataDROP) next.drop.decrRefCount();
        this.#active--;
        this.#schedule();
      });
    }
    if (this.#active > 0 || this.#waiting.size > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  async #take({ row, drop, status }: Waiting): Promise<void> {
    const { mode } = this.#options;
    if (isUnreadable(drop, status)) this.#options.unreadable(row);
    const taken = this.#options.taken(row);
    const recompute = taken ? taken.recomputeData : recomputeDataOf(drop, mode);
    const commit = mode === 'NOTHING' ? undefined : await commitOf(drop, mode, status, recompute);
    const facts = drop instanceof AppDROP ? drop.facts : {};
    let outcome = empty(row);
    if (drop instanceof DataDROP) outcome = await dataOutcome(row, drop, status, mode !== 'NOTHING');
    else if (taken) outcome = { ...outcome, facts: taken.facts };
    else outcome = { ...outcome, facts: factsText(facts, recompute) };
    // Inputs ended before and were taken before, so they do not wait for this one.
    if (this.#pending.size > 0)
      for (const input of this.#options.inputsOf(row)) await this.#pending.get(input);
    const record = this.#options.record({ row, drop, status, commit, outcome, facts });
    this.#options.emit({ ...outcome, record });
  }
}

/** The facts of a run as they are kept: with what is needed to sign its results again where they are taken over. */
function factsText(facts: Readonly<Record<string, unknown>>, recompute: PyObject | undefined): string | null {
  const kept = recompute ? { ...facts, [RECOMPUTE_FACT]: stringifyPythonJson(recompute) } : facts;
  return Object.keys(kept).length > 0 ? JSON.stringify(kept) : null;
}

function empty(row: number): DropOutcome {
  return {
    row,
    sizeBytes: null,
    checksum: null,
    contentHash: null,
    dataUrl: null,
    path: null,
    content: null,
    reason: null,
    facts: null,
    record: null,
  };
}

async function dataOutcome(
  row: number,
  drop: DataDROP,
  status: DROPStates,
  isStrict: boolean,
): Promise<DropOutcome> {
  const path = (drop as { path?: unknown }).path;
  const outcome = {
    ...empty(row),
    sizeBytes: drop.size,
    checksum: drop.checksum,
    contentHash: drop.contentHash,
    dataUrl: urlOf(drop),
    path: typeof path === 'string' ? path : null,
  };
  if (status !== DROPStates.COMPLETED) return { ...outcome, reason: 'The drop was never completed.' };
  try {
    if (!(await drop.hasEnd()))
      return {
        ...outcome,
        reason: 'What is at its path is no file but a pipe or a device: nothing of it is kept.',
      };
    const { content, total } = await head(drop);
    const sizeBytes = outcome.sizeBytes ?? total;
    const contentHash = await hashOf(drop, sizeBytes, isStrict);
    if (content === undefined)
      return {
        ...outcome,
        sizeBytes,
        contentHash,
        reason: `The content is larger than the ${KEPT_BYTES} bytes that are kept in the history.`,
      };
    // Also what is read from afar is kept with a hash, for the seal to cover it.
    const keptHash = contentHash ?? (content.length > 0 ? sha256Hex(content) : null);
    return { ...outcome, sizeBytes, contentHash: keptHash, content };
  } catch (error) {
    return { ...outcome, reason: messageOf(error) };
  }
}

/** SHA-256 of the content: made while it was written, else by reading local data. */
async function hashOf(drop: DataDROP, sizeBytes: number | null, isStrict: boolean): Promise<string | null> {
  if (drop.contentHash !== null || !(drop instanceof FileDROP || drop instanceof InMemoryDROP))
    return drop.contentHash;
  // A memory drop that nobody wrote has no content to speak of.
  if (drop instanceof InMemoryDROP && sizeBytes === 0) return null;
  if (!isStrict && (sizeBytes ?? 0) > HASHED_BYTES) return null;
  return drop.computeContentHash();
}

function urlOf(drop: DataDROP): string | null {
  try {
    return drop.dataURL;
  } catch (error) {
    // Some kinds have none and say so; that is a fact about the drop, not a failure.
    drop.context.log('debug', drop, messageOf(error));
    return null;
  }
}

/** The content if it is small, else undefined; a long one is not read to its end. */
async function head(drop: DataDROP): Promise<{ content: Uint8Array | undefined; total: number | null }> {
  if ((drop.size ?? 0) > KEPT_BYTES) return { content: undefined, total: drop.size };
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of drop.stream(KEPT_BYTES + 1)) {
    total += chunk.length;
    if (total > KEPT_BYTES) return { content: undefined, total: null };
    chunks.push(chunk);
  }
  return { content: Buffer.concat(chunks, total), total };
}
