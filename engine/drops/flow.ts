/**
 * The event flow of a run: carries completion, errors, skips and cancellation from drop to drop over a DropTable, as
 * the tables of machines.ts say. A drop's own state changes at once; what it tells its neighbours goes through a
 * queue, so that a chain of a million drops needs no stack and a large graph can be worked off in slices.
 *
 * Order for a healthy step A -> B -> C (spec/engine.md 2.4): A status, A dropCompleted, B execStatus 1, B execStatus 2,
 * B status, B producerFinished, C status, C dropCompleted.
 */
import { AppDROPStates, DROPStates } from '../protocol/index.ts';
import type { AppDROP } from './app-drop.ts';
import type { AbstractDROP } from './drop.ts';
import { FlowEvents, type FlowHost } from './flow-host.ts';
import {
  appStep,
  AppEvents,
  DataEvents,
  dataStep,
  inputVerdict,
  InputVerdicts,
  producerVerdict,
  ProducerVerdicts,
  tooFewInputs,
} from './machines.ts';
import { RingQueue } from './ring-queue.ts';
import type { DropTable } from './table.ts';
import { Flags } from './table.ts';

export { FlowEvents, type FlowHost } from './flow-host.ts';

// What waits in the queue: the row in the low 28 bits, the operation above.
const ANNOUNCE_COMPLETED = 0;
const ANNOUNCE_ERROR = 1;
const ANNOUNCE_SKIPPED = 2;
const EXECUTE = 3;
const PRODUCED = 4;
const ROW_BITS = 28;
const ROW_MASK = (1 << ROW_BITS) - 1;
/** The largest number of drops in one table. */
export const MAX_ROWS = ROW_MASK;
/** Operations between two looks at the clock. */
const SLICE = 256;

export class Flow {
  readonly table: DropTable;
  readonly host: FlowHost;
  readonly #queue = new RingQueue();
  #draining = false;
  #resuming = false;
  #closed = false;
  #held = 0;

  constructor(table: DropTable, host: FlowHost = {}) {
    this.table = table;
    this.host = host;
    table.flow = this;
  }

  /** Drops everything that waits: the session is over, nothing may move any more. */
  close(): void {
    this.#closed = true;
    this.#queue.clear();
  }

  // --- data ------------------------------------------------------------------------------------------------------

  /** First write: INITIALIZED -> WRITING. */
  writing(row: number): void {
    if (this.table.status[row] === DROPStates.INITIALIZED) this.#setStatus(row, DROPStates.WRITING);
  }

  /** setCompleted of a data drop (its writers are closed by now). */
  complete(row: number): void {
    this.#data(row, DataEvents.complete);
  }

  /** setError of a data drop. */
  error(row: number): void {
    this.#data(row, DataEvents.error);
  }

  cancel(row: number): void {
    this.#data(row, DataEvents.cancel);
  }

  /** skip() of a data drop; with block_skip and several producers only when all of them were skipped. */
  skip(row: number): void {
    const t = this.table;
    const producers = t.relations.outputs.inDegree(row);
    if (t.hasFlag(row, Flags.BLOCK_SKIP) && producers > 1 && (t.skipped[row] as number) < producers) return;
    this.#data(row, DataEvents.skip);
  }

  expire(row: number): void {
    this.#data(row, DataEvents.expire);
  }

  deleted(row: number): void {
    this.#data(row, DataEvents.delete);
  }

  #data(row: number, event: DataEvents): void {
    const before = this.table.statusOf(row);
    const step = dataStep(before, event);
    if (step.refused) return;
    if (step.next !== before) this.#setStatus(row, step.next);
    if (step.settles && !step.announce) {
      this.#settled(row);
      this.#streamOver(row);
    }
    if (step.announce) {
      const op =
        step.next === DROPStates.ERROR
          ? ANNOUNCE_ERROR
          : step.next === DROPStates.SKIPPED
            ? ANNOUNCE_SKIPPED
            : ANNOUNCE_COMPLETED;
      this.#push(op, row);
    }
  }

  /** A producer of a data drop has finished with this state. */
  producerReported(row: number, state: DROPStates): void {
    const t = this.table;
    if (state === DROPStates.ERROR) t.errors[row] = (t.errors[row] as number) + 1;
    else if (state === DROPStates.SKIPPED) t.skipped[row] = (t.skipped[row] as number) + 1;
    else t.done[row] = (t.done[row] as number) + 1;
    const verdict = producerVerdict(
      t.relations.outputs.inDegree(row),
      t.done[row] as number,
      t.errors[row] as number,
      t.skipped[row] as number,
    );
    if (verdict === ProducerVerdicts.wait) return;
    const status = t.statusOf(row);
    // Skipped before its last producer reported: only now do the consumers hear of it, whatever that producer did.
    if (status === DROPStates.SKIPPED) return this.#push(ANNOUNCE_SKIPPED, row);
    if (status > DROPStates.WRITING) return;
    if (verdict === ProducerVerdicts.error)
      this.#instanceOr(
        row,
        (drop) => drop._errorByFlow(),
        () => this.error(row),
      );
    else if (verdict === ProducerVerdicts.skip) {
      this.skip(row);
      this.#push(ANNOUNCE_SKIPPED, row);
    } else
      this.#instanceOr(
        row,
        (drop) => drop._completeByFlow(),
        () => this.complete(row),
      );
  }

  /** Drops with storage have work to do before they change state; rows without an object have not. */
  #instanceOr(row: number, withDrop: (drop: AbstractDROP) => void, without: () => void): void {
    const drop = this.table.instances[row];
    if (drop) withDrop(drop);
    else without();
  }

  // --- applications ------------------------------------------------------------------------------------------------

  /** An input of an input-fired application has reported this state. */
  inputReported(row: number, state: DROPStates): void {
    const t = this.table;
    if (state === DROPStates.ERROR) t.errors[row] = (t.errors[row] as number) + 1;
    else if (state === DROPStates.SKIPPED) t.skipped[row] = (t.skipped[row] as number) + 1;
    else t.done[row] = (t.done[row] as number) + 1;
    const rules = t.rulesOf(row);
    const inputs = t.relations.consumers.inDegree(row);
    if (rules.nEffectiveInputs > inputs) return this.#neverEnough(row, rules.nEffectiveInputs, inputs);
    const verdict = inputVerdict({
      needed: rules.nEffectiveInputs > 0 ? rules.nEffectiveInputs : inputs,
      completed: t.done[row] as number,
      errors: t.errors[row] as number,
      skipped: t.skipped[row] as number,
      errorThreshold: rules.errorThreshold,
      blockSkip: t.hasFlag(row, Flags.BLOCK_SKIP),
    });
    if (verdict === InputVerdicts.wait) return;
    if (verdict === InputVerdicts.run) this.#push(EXECUTE, row);
    else if (verdict === InputVerdicts.skip) this.skipApp(row);
    else this.failApp(row);
  }

  /** An application that waits for more inputs than it has would wait for ever. */
  #neverEnough(row: number, needed: number, inputs: number): void {
    if (appStep(this.table.execOf(row), AppEvents.fail) === undefined) return;
    this.host.failed?.(row, tooFewInputs(this.table.drop(row).uid, needed, inputs));
    this.failApp(row);
  }

  /** Starts an application that is NOT_RUN, in its turn. */
  execute(row: number): void {
    this.#push(EXECUTE, row);
  }

  /** The work of an application is done, or went wrong. Ignored when it was cancelled meanwhile. */
  finishApp(row: number): void {
    this.#endApp(row, AppEvents.finish, DROPStates.COMPLETED);
  }

  /** `atOnce`: the application reports although what it streams from is still written. */
  failApp(row: number, atOnce = false): void {
    this.#endApp(row, AppEvents.fail, DROPStates.ERROR, atOnce);
  }

  /** Marks the application RUNNING without starting its work: streaming applications start when data arrives. */
  startApp(row: number): boolean {
    const next = appStep(this.table.execOf(row), AppEvents.execute);
    if (next === undefined) return false;
    this.#setExec(row, next);
    (this.table.drop(row) as AppDROP)._startedByData();
    return true;
  }

  #endApp(row: number, event: AppEvents, status: DROPStates, atOnce = false): void {
    const next = appStep(this.table.execOf(row), event);
    if (next === undefined) return;
    this.#setExec(row, next);
    this.#setStatus(row, status);
    if (event === AppEvents.fail && !atOnce && this.#isFed(row)) this.table.setFlag(row, Flags.REPORTS_LATER);
    else this.#push(PRODUCED, row);
  }

  /** Whether a drop that this application streams from is still being written, and will say when it is over. */
  #isFed(row: number): boolean {
    const t = this.table;
    const { streaming } = t.relations;
    for (let e = streaming.firstIn(row); e >= 0; e = streaming.nextIn(e)) {
      const input = streaming.from(e);
      if (t.statusOf(input) <= DROPStates.WRITING && !t.hasFlag(input, Flags.EXTERNAL | Flags.REMOTE))
        return true;
    }
    return false;
  }

  /** What is written goes on without a reader that failed, which reports when the last of its streams is over. */
  #streamOver(row: number): void {
    const t = this.table;
    const { streaming } = t.relations;
    for (let e = streaming.firstOut(row); e >= 0; e = streaming.nextOut(e)) {
      const app = streaming.to(e);
      if (!t.hasFlag(app, Flags.REPORTS_LATER) || this.#isFed(app)) continue;
      t.setFlag(app, Flags.REPORTS_LATER, false);
      this.#push(PRODUCED, app);
    }
  }

  cancelApp(row: number): void {
    const next = appStep(this.table.execOf(row), AppEvents.cancel);
    if (this.table.statusOf(row) <= DROPStates.WRITING) this.#setStatus(row, DROPStates.CANCELLED);
    if (next === undefined) return;
    this.#setExec(row, next);
    this.#settled(row);
  }

  /** skip() of an application: its outputs are flagged now and hear of it when it reports. */
  skipApp(row: number): void {
    const next = appStep(this.table.execOf(row), AppEvents.skip);
    if (next === undefined) return;
    if (this.table.statusOf(row) <= DROPStates.WRITING) this.#setStatus(row, DROPStates.SKIPPED);
    this.#setExec(row, next);
    const { outputs } = this.table.relations;
    for (let e = outputs.firstOut(row); e >= 0; e = outputs.nextOut(e)) this.skip(outputs.to(e));
    this.#push(PRODUCED, row);
  }

  // --- the queue ---------------------------------------------------------------------------------------------------

  #push(op: number, row: number): void {
    if (this.#closed) return;
    this.#queue.push(op * (ROW_MASK + 1) + row);
    if (!this.#draining) this.drain();
  }

  /** Whether nothing waits to be passed on and no drop is busy with its storage. */
  get isIdle(): boolean {
    return this.#queue.length === 0 && !this.#draining && this.#held === 0;
  }

  /** Storage of a drop is being asked before the drop can move on; the returned function ends that. */
  hold(): () => void {
    this.#held++;
    return () => void this.#held--;
  }

  /** Runs `work` with the queue held, then works it off: many roots start as one batch. */
  batch(work: () => void): void {
    const outer = this.#draining;
    this.#draining = true;
    try {
      work();
    } finally {
      this.#draining = outer;
    }
    if (!outer) this.drain();
  }

  /** Works the queue off until it is empty or the host wants its thread back. */
  drain(): void {
    if (this.#draining || this.#resuming) return;
    this.#draining = true;
    try {
      let budget = SLICE;
      while (this.#queue.length > 0) {
        this.#step(this.#queue.shift());
        if (--budget === 0) {
          if (this.host.mustYield?.() && this.host.defer) {
            this.#resuming = true;
            break;
          }
          budget = SLICE;
        }
      }
    } finally {
      this.#draining = false;
    }
    if (this.#resuming)
      this.host.defer?.(() => {
        this.#resuming = false;
        this.drain();
      });
  }

  #step(item: number): void {
    const row = item % (ROW_MASK + 1);
    const op = (item - row) / (ROW_MASK + 1);
    if (op === EXECUTE) this.#execute(row);
    else if (op === PRODUCED) this.#produced(row);
    else
      this.#announce(
        row,
        op === ANNOUNCE_COMPLETED
          ? DROPStates.COMPLETED
          : op === ANNOUNCE_ERROR
            ? DROPStates.ERROR
            : DROPStates.SKIPPED,
      );
  }

  /**
   * dropCompleted of a data drop: to its consumers, then to whoever else listens. Consumers count their inputs, so they hear
   * once: not again of an error after completion.
   */
  #announce(row: number, state: DROPStates): void {
    const t = this.table;
    this.host.event?.(row, FlowEvents.dropCompleted, state);
    if (!t.hasFlag(row, Flags.EXTERNAL | Flags.ANNOUNCED)) {
      const { consumers, streaming } = t.relations;
      for (let e = consumers.firstOut(row); e >= 0; e = consumers.nextOut(e))
        this.#tell(consumers.to(e), row, state);
      for (let e = streaming.firstOut(row); e >= 0; e = streaming.nextOut(e))
        this.#tell(streaming.to(e), row, state);
    }
    this.#streamOver(row);
    t.setFlag(row, Flags.ANNOUNCED);
    t.instances[row]?._announced(state);
    if (state !== DROPStates.SKIPPED) this.#settled(row);
    const flags = t.flags[row] as number;
    if (flags & Flags.LEAF) this.host.leafDone?.(row);
    if (flags & Flags.END && state === DROPStates.COMPLETED) this.host.endReached?.(row);
  }

  /** dropCompleted of a data drop that went out before `app` was linked to it. */
  announceTo(row: number, app: number): void {
    if (this.#closed || this.table.hasFlag(row, Flags.EXTERNAL)) return;
    const state = this.table.statusOf(row);
    // Data that has expired meanwhile was complete; reading it is what fails.
    const isOver = state === DROPStates.ERROR || state === DROPStates.SKIPPED;
    this.#tell(app, row, isOver ? state : DROPStates.COMPLETED);
  }

  #tell(app: number, data: number, state: DROPStates): void {
    const flags = this.table.flags[app] as number;
    if ((flags & (Flags.FIRED_BY_INPUTS | Flags.REMOTE | Flags.HEARS)) === Flags.FIRED_BY_INPUTS)
      this.inputReported(app, state);
    else this.table.drop(app)._inputAnnounced(data, state);
  }

  #execute(row: number): void {
    const next = appStep(this.table.execOf(row), AppEvents.execute);
    if (next === undefined) return;
    this.#setExec(row, next);
    const app = this.table.drop(row) as AppDROP;
    try {
      const work = this.host.run ? this.host.run(app) : app._attempt();
      if (work === undefined) this.finishApp(row);
      else
        work.then(
          () => this.finishApp(row),
          (error: unknown) => this.#failed(row, error),
        );
    } catch (error) {
      this.#failed(row, error);
    }
  }

  #failed(row: number, error: unknown): void {
    if (this.table.execOf(row) === AppDROPStates.RUNNING) this.host.failed?.(row, error);
    this.failApp(row);
  }

  /** producerFinished of an application: to its outputs, then to whoever else listens. */
  #produced(row: number): void {
    const t = this.table;
    const status = t.statusOf(row);
    this.host.event?.(row, FlowEvents.producerFinished, status);
    const { outputs } = t.relations;
    for (let e = outputs.firstOut(row); e >= 0; e = outputs.nextOut(e)) {
      const output = outputs.to(e);
      if (t.hasFlag(output, Flags.REMOTE | Flags.HEARS)) t.drop(output)._inputAnnounced(row, status);
      else this.producerReported(output, status);
    }
    t.instances[row]?._produced(status, t.execOf(row));
    this.#settled(row);
    if (t.instances[row]?._isSpare === true) t.instances[row] = undefined;
    if (t.hasFlag(row, Flags.LEAF)) this.host.leafDone?.(row);
  }

  #setStatus(row: number, status: DROPStates): void {
    if (this.table.status[row] === status) return;
    this.table.status[row] = status;
    this.host.event?.(row, FlowEvents.status, status);
    this.table.instances[row]?._statusChanged(status);
  }

  #setExec(row: number, exec: AppDROPStates): void {
    if (this.table.exec[row] === exec) return;
    this.table.exec[row] = exec;
    this.host.event?.(row, FlowEvents.execStatus, exec);
    this.table.instances[row]?._execChanged(exec);
  }

  #settled(row: number): void {
    this.host.settled?.(row);
    this.table.instances[row]?.completedrop();
  }
}
