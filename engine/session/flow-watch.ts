/**
 * What a session does with the flow of its drops: notes events, counts the leaves that are left, gives the thread back, and finds
 * applications a place. Methods rather than functions made for each session: V8 keeps what it compiled for the one before.
 */
import { AppDROPStates, DROPStates } from '../protocol/index.ts';
import { Flags, FlowEvents, type AppDROP, type DropTable, type FlowHost } from '../drops/index.ts';
import type { DeploymentHost } from './deployment.ts';
import type { Recorder } from './recorder.ts';
import type { SessionRecords } from './session-records.ts';
import type { Slices } from './slices.ts';

/** What is watched. */
interface Watched {
  readonly table: DropTable;
  readonly recorder: Recorder;
  readonly records: SessionRecords;
}

export class FlowWatch implements FlowHost {
  /** Leaves that have not reported yet. */
  leavesLeft = 0;
  readonly #table: DropTable;
  readonly #recorder: Recorder;
  readonly #records: SessionRecords;
  readonly #host: DeploymentHost;
  readonly #slices: Slices;
  /** All leaves have reported, but an application that lost its output has still to say so. */
  #awaitsFailure = false;

  constructor({ table, recorder, records }: Watched, host: DeploymentHost, slices: Slices) {
    this.#table = table;
    this.#recorder = recorder;
    this.#records = records;
    this.#host = host;
    this.#slices = slices;
  }

  event(row: number, kind: number, value: number): void {
    const recorder = this.#recorder;
    const at = performance.timeOrigin + performance.now();
    if (kind === FlowEvents.execStatus) {
      if (value === AppDROPStates.RUNNING) recorder.startedAt[row] = at;
      else recorder.finishedAt[row] = at;
    } else if (kind === FlowEvents.status) {
      if (value === DROPStates.WRITING) recorder.startedAt[row] = at;
      else if (value <= DROPStates.ERROR || value >= DROPStates.CANCELLED) recorder.finishedAt[row] = at;
    }
    recorder.event(row, kind, value, at);
    if (this.#awaitsFailure && kind === FlowEvents.producerFinished) this.#finishUnlessFailing();
  }

  settled(row: number): void {
    this.#records.settled(row);
  }

  leafDone(row: number): void {
    if (!this.#table.hasFlag(row, Flags.LEAF)) return;
    this.#table.setFlag(row, Flags.LEAF, false);
    if (--this.leavesLeft === 0) this.#finishUnlessFailing();
  }

  endReached(): void {
    this.#host.finished(true);
  }

  failed(row: number, error: unknown): void {
    this.#host.failed(row, error);
  }

  mustYield(): boolean {
    return this.#slices.isOver || this.#recorder.isCongested;
  }

  defer(resume: () => void): void {
    const next = () => {
      this.#slices.restart();
      resume();
    };
    if (this.#recorder.isCongested) this.#recorder.relieved().then(next, this.#host.around.onProblem);
    else setImmediate(next);
  }

  run(app: AppDROP): void | Promise<void> {
    return this.#host.around.lanes.run(app.lane, () => this.#work(app));
  }

  #work(app: AppDROP): void | Promise<void> {
    if (app.execStatus !== AppDROPStates.RUNNING) return;
    return this.#host.work ? this.#host.work(app) : app._attempt();
  }

  /**
   * A leaf whose storage failed reports before the application that was writing it: that one is about to fail, and must not be
   * taken for complete.
   */
  #finishUnlessFailing(): void {
    this.#awaitsFailure = this.#isAnyFailing();
    if (!this.#awaitsFailure) this.#host.finished(false);
  }

  #isAnyFailing(): boolean {
    const { exec, status, relations } = this.#table;
    for (
      let row = exec.indexOf(AppDROPStates.RUNNING);
      row >= 0;
      row = exec.indexOf(AppDROPStates.RUNNING, row + 1)
    )
      if (relations.outputs.targets(row).some((output) => status[output] === DROPStates.ERROR)) return true;
    return false;
  }
}
