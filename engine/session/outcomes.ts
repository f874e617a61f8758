/**
 * What is kept of a drop when it is over: facts of the run, and the content of small data drops, so that history can be
 * read years later when files and memory are gone. Runs beside the session, a few drops at a time.
 */
import { DROPStates, messageOf } from '../protocol/index.ts';
import { AppDROP, DataDROP, type AbstractDROP } from '../drops/index.ts';
import type { DropOutcome } from '../store/index.ts';

/** Content up to this size is kept in the history. */
export const KEPT_BYTES = 65_536;
const AT_ONCE = 16;

export class Outcomes {
  readonly #drop: (row: number) => AbstractDROP | undefined;
  readonly #emit: (outcome: DropOutcome) => void;
  readonly #waiting: number[] = [];
  #active = 0;
  #idle: (() => void)[] = [];

  constructor(drop: (row: number) => AbstractDROP | undefined, emit: (outcome: DropOutcome) => void) {
    this.#drop = drop;
    this.#emit = emit;
  }

  /** A drop is over. */
  add(row: number): void {
    if (!this.#drop(row)) return;
    this.#waiting.push(row);
    this.#pump();
  }

  /** Resolves when everything added so far has been kept. */
  async done(): Promise<void> {
    if (this.#active === 0 && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #pump(): void {
    while (this.#active < AT_ONCE && this.#waiting.length > 0) {
      const row = this.#waiting.shift() as number;
      this.#active++;
      void this.#take(row).finally(() => {
        this.#active--;
        this.#pump();
      });
    }
    if (this.#active > 0 || this.#waiting.length > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  async #take(row: number): Promise<void> {
    const drop = this.#drop(row);
    if (drop instanceof AppDROP) {
      const facts = drop.facts;
      if (Object.keys(facts).length > 0) this.#emit({ ...empty(row), facts: JSON.stringify(facts) });
    } else if (drop instanceof DataDROP) this.#emit(await dataOutcome(row, drop));
  }
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

async function dataOutcome(row: number, drop: DataDROP): Promise<DropOutcome> {
  const path = (drop as { path?: unknown }).path;
  const outcome = {
    ...empty(row),
    sizeBytes: drop.size,
    checksum: drop.checksum,
    contentHash: drop.contentHash,
    dataUrl: urlOf(drop),
    path: typeof path === 'string' ? path : null,
  };
  if (drop.status !== DROPStates.COMPLETED) return { ...outcome, reason: 'The drop was never completed.' };
  drop.incrRefCount();
  try {
    const { content, total } = await head(drop);
    if (content === undefined)
      return {
        ...outcome,
        sizeBytes: outcome.sizeBytes ?? total,
        reason: `The content is larger than the ${KEPT_BYTES} bytes that are kept in the history.`,
      };
    return { ...outcome, sizeBytes: outcome.sizeBytes ?? total, content };
  } catch (error) {
    return { ...outcome, reason: messageOf(error) };
  } finally {
    drop.decrRefCount();
  }
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
