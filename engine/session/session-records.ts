/**
 * Everything a session leaves behind beside its states: outcomes and records of its drops, upstream's signatures and
 * `reprodata.out`, and the seal in the device's ledger. What can be done after the session's end (the signatures, the file,
 * the seal) is done after it, as upstream does it (spec/reproducibility.md 9.4).
 */
import { randomUUID } from 'node:crypto';
import type { DropTable } from '../drops/index.ts';
import { AppDROP, dropClass } from '../drops/index.ts';
import type { PhysicalGraph } from '../graph/index.ts';
import { APP_STATE_NAMES, messageOf } from '../protocol/index.ts';
import {
  dropRecordText,
  plainRoots,
  RecordSpecs,
  recordOfSpec,
  rootsByMode,
  type DropInput,
  type DropOutcomeFacts,
  type DropRecord,
  type SigningResult,
} from '../reproducibility/index.ts';
import { NO_EXEC, type Store } from '../store/index.ts';
import { codeOf, endOf, isHashedClass } from './drop-commit.ts';
import { environmentHash, sealRecords, type Ledger, type LedgerSession } from './ledger.ts';
import { Outcomes, type Ended } from './outcomes.ts';
import type { Taken } from './reuse.ts';
import type { Recorder } from './recorder.ts';
import { Reproducer, type ReproPlan } from './reproducer.ts';
import { Slices } from './slices.ts';

export interface SessionRecordsOptions {
  readonly key: number;
  readonly sessionId: string;
  readonly dir: string;
  readonly node: string;
  readonly graphName: string;
  readonly createdAt: number;
  readonly graph: PhysicalGraph;
  /** The lists of drops as they were submitted. */
  readonly graphText: readonly Uint8Array[];
  /** What is signed, and how. */
  readonly plan: ReproPlan;
  readonly table: DropTable;
  readonly recorder: Recorder;
  readonly store: Store;
  /** Absent: nothing is signed or sealed. */
  readonly ledger: Ledger | undefined;
  readonly log: (level: 'info' | 'warn', message: string) => void;
  readonly problem: (row: number, error: unknown) => void;
}

export class SessionRecords {
  readonly #options: SessionRecordsOptions;
  readonly #outcomes: Outcomes;
  readonly #reproducer: Reproducer | undefined;
  readonly #isHashedClass: Uint8Array;
  readonly #specs = new RecordSpecs();
  readonly #environmentSha256: string;
  /** SHA-256 of contents by row. */
  readonly #contents = new Map<number, string>();
  readonly #errors = new Map<number, string>();
  readonly #reused = new Map<number, Taken>();
  #hasRecords = false;
  #signed: SigningResult | undefined;
  #canSign = true;

  constructor(options: SessionRecordsOptions) {
    this.#options = options;
    const { graph, ledger, recorder, table } = options;
    this.#isHashedClass = hashedClasses(graph);
    this.#environmentSha256 = ledger ? environmentHash(ledger.environment) : '';
    if (ledger)
      this.#reproducer = new Reproducer({
        worker: ledger.worker,
        id: `${options.sessionId} ${options.key}`,
        graph,
        plan: options.plan,
        isHashedClass: this.#isHashedClass,
        log: options.log,
      });
    this.#outcomes = new Outcomes({
      drop: (row) => table.instances[row],
      statusOf: (row) => table.statusOf(row),
      mode: ledger ? options.plan.mode : 'NOTHING',
      inputsOf: (row) => this.#inputRows(row),
      hasError: (row) => this.#errors.has(row) || this.#reused.has(row),
      taken: (row) => this.#reused.get(row),
      emit: (outcome) => recorder.outcome(outcome),
      plain: (row, status) => {
        if (this.#reproducer?.isSigning) this.#reproducer.plain(row, status);
      },
      unreadable: (row) => {
        if (this.#reproducer?.hashesContent) this.#reproducer.unreadable(row);
      },
      record: (ended) => this.#record(ended),
      problem: options.problem,
    });
  }

  /** Prepares the signing of a session that has an R-mode. A graph that cannot be signed says so at the end. */
  start(): void {
    this.#reproducer?.start().catch(() => undefined);
  }

  /** A drop is over. */
  settled(row: number): void {
    this.#outcomes.add(row);
  }

  /** A drop failed; told before it is over. */
  failed(row: number, message: string): void {
    this.#errors.set(row, message);
  }

  /** An application's results were taken over from another session. */
  reused(row: number, taken: Taken): void {
    this.#reused.set(row, taken);
  }

  /** Drops could not be made: upstream would not have run the session, and has no signatures of it. */
  neverRan(): void {
    this.#canSign = false;
  }

  #inputRows(row: number): number[] {
    const { consumers, streaming, outputs } = this.#options.table.relations;
    return this.#options.table.isApp(row)
      ? [...consumers.sources(row), ...streaming.sources(row)]
      : outputs.sources(row);
  }

  #record(ended: Ended): string | null {
    const { ledger, graph, recorder, node, sessionId } = this.#options;
    const { row, drop, outcome, facts } = ended;
    if (outcome.contentHash !== null) this.#contents.set(row, outcome.contentHash);
    if (ended.commit && this.#reproducer?.isSigning)
      this.#reproducer.committed(row, ended.status, ended.commit);
    if (!ledger || row >= graph.count) return null;
    this.#hasRecords = true;
    const mode = this.#reproducer?.mode ?? 'NOTHING';
    const isApp = drop instanceof AppDROP;
    const reused = this.#reused.get(row);
    const { spec, parameters } = this.#specs.read(graph.specBytes(row), () => graph.spec(row));
    const record = recordOfSpec(
      spec,
      { sessionId, node, environmentSha256: this.#environmentSha256 },
      {
        classPath: graph.classPath(row),
        isApp,
        status: ended.status,
        ...(isApp && { execStatus: APP_STATE_NAMES[this.#options.table.execOf(row)] as string }),
        startedAtMs: recorder.startedAt[row] as number,
        finishedAtMs: recorder.finishedAt[row] as number,
        inputs: this.#inputs(row),
        content:
          outcome.contentHash === null
            ? null
            : { sha256: outcome.contentHash, sizeBytes: outcome.sizeBytes ?? 0 },
        // What was taken over was made by the run it was taken from.
        code: reused?.record.code ?? codeOf(facts),
        outcome: reused ? endIn(reused.record) : endOf(facts, this.#errors.get(row)),
        upstream: ended.commit
          ? rootsByMode(mode, ended.commit.merkleroot)
          : plainRoots(mode, ended.status, false),
        ...(reused && { reusedFrom: { sessionId: reused.sessionId, oid: reused.record.drop.oid } }),
      },
      parameters,
    );
    return dropRecordText(record);
  }

  #inputs(row: number): DropInput[] {
    const { graph } = this.#options;
    return this.#inputRows(row)
      .filter((input) => input < graph.count)
      .map((input) => ({ oid: graph.oid(input), sha256: this.#contents.get(input) ?? null }));
  }

  /** What belongs to the end of the session. Resolves with what is to be noted of it. */
  async settle(): Promise<{ readonly rmode?: string }> {
    await this.#outcomes.done();
    return this.#reproducer ? { rmode: this.#reproducer.mode } : {};
  }

  /** The states as they are now, copied: drops may be given back while they are sealed. Gives the thread back now and then. */
  async #ledgerSession(): Promise<LedgerSession> {
    const { graph, table, recorder, key, sessionId, node, graphText } = this.#options;
    const { count } = graph;
    const slices = new Slices();
    const status = table.status.slice(0, count);
    const exec = table.exec.slice(0, count);
    for (let row = 0; row < count; row++) {
      if (!table.isApp(row)) exec[row] = NO_EXEC;
      if ((row & 4095) === 4095 && slices.isOver) await slices.pause();
    }
    const startedAt = recorder.startedAt.slice(0, count);
    if (slices.isOver) await slices.pause();
    const finishedAt = recorder.finishedAt.slice(0, count);
    return {
      key,
      sessionId,
      node,
      environmentSha256: this.#environmentSha256,
      rmode: this.#reproducer?.mode ?? 'NOTHING',
      graph,
      graphText,
      isHashedClass: this.#isHashedClass,
      states: { status, exec, startedAt, finishedAt },
      contents: this.#contents,
      hasRecords: this.#hasRecords,
    };
  }

  /** DALiuGE's signatures, noted with the session. */
  async #sign(reproducer: Reproducer, status: Uint8Array): Promise<void> {
    const signed = await (reproducer.isSigning ? reproducer.sign() : reproducer.signUnsigned(status));
    this.#signed = signed;
    if (!signed) return;
    const { signatures, reprodata } = signed;
    await this.#options.store.updateSession(this.#options.key, {
      ...(reproducer.isSigning && { signatures }),
      ...(reprodata !== null && { reprodata }),
    });
  }

  /** What is done after the session's end: its signatures, of which `signed` is told, its file, its seal. */
  async finish(
    about: { readonly status: string; readonly finishedAt: number },
    signed: () => void,
  ): Promise<void> {
    const { ledger, store, dir, graphName, createdAt } = this.#options;
    const reproducer = this.#reproducer;
    if (!ledger || !reproducer) return;
    const session = await this.#ledgerSession();
    try {
      if (this.#canSign) await this.#sign(reproducer, session.states.status);
      signed();
      // A file that cannot be written, or that the graph's data does not allow, takes nothing from what is sealed.
      if (this.#signed) await reproducer.writeFile(dir);
    } catch (error) {
      this.#options.log('warn', `reprodata.out was not written: ${messageOf(error)}`);
    } finally {
      await reproducer.close();
    }
    // What was logged until now is covered by the seal.
    this.#options.recorder.flush();
    await sealRecords(ledger, store, session, {
      runId: randomUUID(),
      graphName,
      status: about.status,
      createdAtMs: createdAt,
      finishedAtMs: about.finishedAt,
      signatures: this.#signed?.signatures ?? {},
    });
  }
}

function endIn({ outcome }: DropRecord): DropOutcomeFacts {
  const { status: _, execStatus: _exec, ...end } = outcome;
  return end;
}

/** By class id: whether upstream hashes the content of drops of this class. */
export function hashedClasses(graph: PhysicalGraph): Uint8Array {
  return Uint8Array.from(graph.columns.classes, (path) => (isHashedClass(dropClass(path)) ? 1 : 0));
}
