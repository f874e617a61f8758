/**
 * Upstream's run-time reproducibility stage beside a running session (spec/reproducibility.md 9): tells the worker thread
 * which drops ended and what they committed, gets the signatures, writes `reprodata.out`. In mode NOTHING nothing happens
 * before the session is over.
 */
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { PhysicalGraph } from '../graph/index.ts';
import { DROPStates } from '../protocol/index.ts';
import {
  assertRunnableMode,
  graphReproData,
  rflagCaster,
  stringifyPythonJson,
  type CommitText,
  type ReproducibilityWorker,
  type RModeName,
  type SigningResult,
} from '../reproducibility/index.ts';
import { specPage } from './spec-pages.ts';

/** Drops of a page that goes to the worker. */
const PAGE = 4096;
/** Drops of the first page of `reprodata.out`, and bytes of the others: what the caches of a processor hold. */
const FIRST_PAGE = 32;
const PAGE_BYTES = 3 * 2 ** 18;
const MAX_PAGE = 4096;
/** Drops after which it is worked out how large the file will be. */
const SAMPLE = 1024;
/** Upstream would write more; a million drops in mode ALL make 16 GiB. */
const MAX_FILE_BYTES = 8 * 2 ** 30;
/** Without an R-mode the file is for completeness only: not for graphs above this, whose text would be gigabytes. */
const UNSIGNED_FILE_DROPS = 50_000;
const UNSIGNED_FILE_BYTES = 32 * 2 ** 20;
const REPRODUCE_MODES: ReadonlySet<RModeName> = new Set<RModeName>([
  'REPRODUCE',
  'REPLICATE_SCI',
  'REPLICATE_COMP',
  'REPLICATE_TOTAL',
  'ALL',
]);

export interface ReproducerOptions {
  readonly worker: () => ReproducibilityWorker;
  readonly id: string;
  readonly graph: PhysicalGraph;
  readonly plan: ReproPlan;
  /** By class id: whether upstream hashes the content of such drops. */
  readonly isHashedClass: Uint8Array;
  readonly log: (level: 'info' | 'warn', message: string) => void;
}

export class Reproducer {
  readonly mode: RModeName;
  readonly #options: ReproducerOptions;
  #rows: number[] = [];
  #status: number[] = [];
  #isHashed: number[] = [];
  #commits = new Map<number, CommitText>();
  readonly #isTold: Uint8Array;
  /** Why upstream would write no file, if it would not. */
  #noFile: string | undefined;
  #opened: Promise<unknown> | undefined;
  #isOpen = false;

  constructor(options: ReproducerOptions) {
    this.#options = options;
    this.mode = options.plan.mode;
    this.#isTold = new Uint8Array(this.isSigning ? options.graph.count : 0);
  }

  /** Whether drops have to be told of while the session runs. */
  get isSigning(): boolean {
    return this.mode !== 'NOTHING';
  }

  /** Whether what a drop records depends on its content. */
  get hashesContent(): boolean {
    return REPRODUCE_MODES.has(this.mode);
  }

  /** Sends the specifications to the thread, a page at a time, so that no copy blocks this one. */
  async start(): Promise<void> {
    if (this.isSigning) await this.#open();
  }

  #open(): Promise<unknown> {
    this.#opened ??= this.#send();
    return this.#opened;
  }

  async #send(): Promise<void> {
    const { worker, id, graph, plan } = this.#options;
    const { reprodata, isBare } = plan;
    this.#isOpen = true;
    const thread = worker();
    await thread.call('signing.open', { id, plan: { drops: graph.count, reprodata, isBare } });
    for (let from = 0; from < graph.count; from += PAGE) {
      const page = specPage(graph, from, Math.min(graph.count, from + PAGE));
      await thread.call('signing.specs', { id, page }, [page.text.buffer]);
    }
    await thread.call('signing.begin', { id });
  }

  /** A drop without content, command or failure of its own has ended. */
  plain(row: number, status: DROPStates): void {
    const { graph, isHashedClass } = this.#options;
    const isHashed = !graph.isApp(row) && isHashedClass[graph.columns.classId[row] as number] === 1;
    this.#add(row, status, isHashed, undefined);
  }

  /** A drop has ended, with what it committed. */
  committed(row: number, status: DROPStates, commit: CommitText): void {
    this.#add(row, status, false, commit);
  }

  /** Upstream fails to read the content of this drop, and then writes no file (spec 9.5). */
  unreadable(row: number): void {
    this.#noFile ??= `the content of ${this.#options.graph.uid(row)} cannot be hashed`;
  }

  #add(row: number, status: DROPStates, isHashed: boolean, commit: CommitText | undefined): void {
    if (this.#isTold[row] === 1) return;
    this.#isTold[row] = 1;
    if (isHashed && this.hashesContent && status !== DROPStates.COMPLETED) this.unreadable(row);
    if (commit) this.#commits.set(this.#rows.length, commit);
    this.#rows.push(row);
    this.#status.push(status);
    this.#isHashed.push(isHashed ? 1 : 0);
    if (this.#rows.length === PAGE) this.#tell();
  }

  /** Messages are worked off in their order, so nobody waits for this one; a failure shows when the session is signed. */
  #tell(): void {
    if (this.#rows.length === 0) return;
    const page = {
      rows: Uint32Array.from(this.#rows),
      status: Uint8Array.from(this.#status),
      isHashed: Uint8Array.from(this.#isHashed),
      commits: this.#commits,
    };
    this.#rows = [];
    this.#status = [];
    this.#isHashed = [];
    this.#commits = new Map();
    this.#told = Promise.all([
      this.#told,
      this.#open().then(() => this.#options.worker().call('signing.ended', { id: this.#options.id, page })),
    ]);
    // Looked at by `sign`.
    this.#told.catch(() => undefined);
  }
  #told: Promise<unknown> = Promise.resolve();

  /**
   * The signatures of the session, when all drops have ended. Undefined where upstream has none: it failed to hash a
   * content, or the graph's data is not whole; a log entry says why.
   */
  async sign(): Promise<SigningResult | undefined> {
    if (this.#noFile !== undefined) {
      this.#options.log('warn', `There are no ${this.mode} signatures: ${this.#noFile}.`);
      return undefined;
    }
    this.#tell();
    try {
      await this.#open();
      await this.#told;
      return await this.#options.worker().call('signing.finish', { id: this.#options.id });
    } catch (error) {
      this.#noFile = error instanceof Error ? error.message : String(error);
      this.#options.log('warn', `There are no ${this.mode} signatures: ${this.#noFile}`);
      return undefined;
    }
  }

  /** For mode NOTHING: all drops at once, when the session is over. Undefined: no file is to be written. */
  async signUnsigned(status: Uint8Array): Promise<SigningResult | undefined> {
    const { graph, log } = this.#options;
    if (graph.count > UNSIGNED_FILE_DROPS || graph.columns.text.length > UNSIGNED_FILE_BYTES) {
      log(
        'info',
        `reprodata.out is not written for ${graph.count} drops without an R-mode; it would say nothing but the graph.`,
      );
      return undefined;
    }
    await this.#open();
    const rows = Uint32Array.from({ length: graph.count }, (_, row) => row);
    const isHashed = new Uint8Array(graph.count);
    this.#told = this.#options.worker().call('signing.ended', {
      id: this.#options.id,
      page: { rows, status: status.slice(0, graph.count), isHashed, commits: new Map() },
    });
    return this.sign();
  }

  /**
   * Writes `reprodata.out`, page by page, beside the session's folder; it appears in there when it is whole, so that whoever
   * lists the folder when the session is over finds results only. While a page is written the next one is made. Not written
   * where it would be larger than anybody wants to find in a folder; a log entry says so.
   */
  async writeFile(dir: string): Promise<void> {
    const { graph, log } = this.#options;
    const file = path.join(dir, 'reprodata.out');
    const part = path.join(path.dirname(dir), `.${path.basename(dir)}.reprodata.out.part`);
    const out = await open(part, 'w');
    const write = async (page: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> => {
      for (let at = 0; at < page.length;) at += (await out.write(page, at, page.length - at)).bytesWritten;
      return page.buffer;
    };
    let isWhole = false;
    try {
      const free: ArrayBuffer[] = [];
      let writing: Promise<ArrayBuffer | undefined> = Promise.resolve(undefined);
      let [bytes, count] = [0, FIRST_PAGE];
      for (let from = 0; from === 0 || from < graph.count; from += count) {
        const expected = from < SAMPLE ? 0 : (bytes / from) * graph.count;
        if (from > 0) count = pageOf(bytes / from);
        const page = await this.#page(from, count, free.pop());
        bytes += page.length;
        const done = await writing;
        if (done !== undefined) free.push(done);
        if (expected > MAX_FILE_BYTES) {
          const gib = (expected / 2 ** 30).toFixed(0);
          log(
            'warn',
            `reprodata.out is not written: it would be a file of ${gib} GiB. The signatures are there.`,
          );
          return;
        }
        writing = write(page);
        writing.catch(() => undefined);
      }
      await writing;
      isWhole = true;
    } finally {
      await out.close();
      if (isWhole) await rename(part, file).finally(() => rm(part, { force: true }));
      else await rm(part, { force: true });
    }
  }

  #page(from: number, count: number, buffer: ArrayBuffer | undefined): Promise<Uint8Array<ArrayBuffer>> {
    const { worker, id } = this.#options;
    const input = { id, from, count, ...(buffer && { buffer }) };
    return worker().call('signing.document', input, buffer ? [buffer] : []);
  }

  /** Gives back what the thread holds. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#options.worker().call('signing.close', { id: this.#options.id });
  }
}

/** How many drops go on a page, by the bytes of one. */
const pageOf = (dropBytes: number): number =>
  Math.max(1, Math.min(MAX_PAGE, Math.round(PAGE_BYTES / Math.max(dropBytes, 1))));

/** How a session is signed. */
export interface ReproPlan {
  readonly mode: RModeName;
  /** JSON of the graph-level data as it was submitted or, where a mode was asked of a graph without, as it would be. */
  readonly reprodata: string | null;
  /** The drops carry no data of their own; it follows from their specifications. */
  readonly isBare: boolean;
}

/**
 * The R-mode of a session is what its graph says; where the graph carries no reproducibility data, what was asked for.
 * Throws NOT_IMPLEMENTED for a mode that cannot be run.
 */
export function planOf(
  graph: Pick<PhysicalGraph, 'reprodata'>,
  submitted: string | null,
  asked: RModeName,
): ReproPlan {
  const isMarked = graph.reprodata !== undefined && Object.hasOwn(graph.reprodata, 'rmode');
  const mode = isMarked ? modeOf(graph) : asked;
  assertRunnableMode(mode);
  if (isMarked || mode === 'NOTHING')
    return { mode: isMarked ? mode : 'NOTHING', reprodata: submitted, isBare: false };
  return { mode, reprodata: stringifyPythonJson(graphReproData(mode)), isBare: true };
}

/** The R-mode of a graph: what its graph-level data says. */
export function modeOf(graph: Pick<PhysicalGraph, 'reprodata'>): RModeName {
  return rflagCaster(graph.reprodata?.['rmode']);
}

/**
 * The graph-level data as it was submitted, with its number tokens: what comes after the last drop of a list.
 * `graph` must be the list that `submitted` is the text of.
 */
export function reprodataText(graph: PhysicalGraph, submitted: Uint8Array): string | null {
  if (graph.reprodata === undefined) return null;
  const { specStart, specLength, count } = graph.columns;
  let end = 0;
  for (let row = 0; row < count; row++)
    end = Math.max(end, (specStart[row] as number) + (specLength[row] as number));
  const tail = Buffer.from(submitted.buffer, submitted.byteOffset, submitted.length).toString('utf8', end);
  const text = tail.slice(tail.indexOf('{'), tail.lastIndexOf('}') + 1);
  return text === '' ? JSON.stringify(graph.reprodata) : text;
}
