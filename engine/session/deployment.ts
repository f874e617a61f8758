/** The drops of a session: made of its graph, wired, watched by a flow, a recorder and the data lifecycle manager. */
import { AppDROPStates, DROPLinkType, DROPStates, messageOf } from '../protocol/index.ts';
import {
  AppDROP,
  bothKinds,
  DataLifecycleManager,
  DropTable,
  Flags,
  Flow,
  InputFiredAppDROP,
  tooFewInputs,
  type AbstractDROP,
  type DropContext,
  type DropSource,
  type LogLevel,
} from '../drops/index.ts';
import { SpecFlags, type PhysicalGraph } from '../graph/index.ts';
import { DropFactory } from './drop-factory.ts';
import { FlowWatch } from './flow-watch.ts';
import { CONGESTED_BYTES, Recorder, type SessionDelta } from './recorder.ts';
import type { SessionRecords } from './session-records.ts';
import { Slices } from './slices.ts';
import { dropBatch } from './spec-pages.ts';
import type { Surroundings } from './surroundings.ts';

/** Rows whose facts are copied for the store in one go: some milliseconds of work. */
const ROWS_AT_ONCE = 1024;

/** What a deployment needs of its session. */
export interface DeploymentHost {
  readonly around: Surroundings;
  readonly sessionId: string;
  /** Key of the session in the store. */
  readonly key: number;
  readonly dir: string;
  readonly makeRecords: (deployment: Deployment) => SessionRecords;
  /** The last leaf has reported, or an end drop was reached. */
  readonly finished: (byEndDrop: boolean) => void;
  readonly failed: (row: number, error: unknown) => void;
  /** Does the work of an application that has its place in a lane; undefined: `app._attempt()` for all of them. */
  readonly work: ((app: AppDROP) => void | Promise<void>) | undefined;
  readonly onDelta: (delta: SessionDelta) => void;
  readonly log: (level: LogLevel, drop: AbstractDROP | undefined, message: string) => void;
  readonly drop: (uid: string) => AbstractDROP | undefined;
}

export class Deployment implements DropSource {
  readonly graph: PhysicalGraph;
  readonly table: DropTable;
  readonly flow: Flow;
  readonly recorder: Recorder;
  readonly records: SessionRecords;
  readonly lifecycle: DataLifecycleManager;
  readonly #host: DeploymentHost;
  readonly #factory: DropFactory;
  readonly #context: DropContext;
  readonly #slices = new Slices();
  readonly #watch: FlowWatch;
  #factsKept: Promise<void> = Promise.resolve();

  constructor(graph: PhysicalGraph, host: DeploymentHost) {
    const { store, onProblem, findClass, lifecycle } = host.around;
    this.graph = graph;
    this.#host = host;
    this.table = new DropTable(graph.count, {
      consumers: graph.consumers,
      streaming: graph.streaming,
      outputs: graph.outputs,
      children: graph.children,
    });
    this.recorder = new Recorder({
      ...{ store, key: host.key, table: this.table, onProblem },
      onDelta: (delta) => host.onDelta(delta),
    });
    this.records = host.makeRecords(this);
    this.#watch = new FlowWatch(this, host, this.#slices);
    this.flow = new Flow(this.table, this.#watch);
    this.#context = this.#makeContext();
    this.#factory = new DropFactory(graph, findClass);
    this.lifecycle = new DataLifecycleManager({
      watchFiles: false,
      ...lifecycle,
      onProblem: (drop, error) => host.log('warn', drop, messageOf(error)),
    });
    this.table.source = this;
  }

  /** The drop of a row that somebody touches: what its table asks for. */
  make(row: number): AbstractDROP {
    const drop = this.#factory.make(row, this.flow, this.#context);
    if (!this.graph.isApp(row)) this.lifecycle.addDrop(drop);
    return drop;
  }

  /** Makes the drops that cannot wait until somebody touches them; returns what went wrong, by row. */
  async makeAll(): Promise<Map<number, unknown>> {
    const { graph, table } = this;
    this.records.start();
    // The columns of a large graph took their time already.
    await this.#slices.pause();
    await this.recorder.prepare(this.#slices);
    await this.#keepFacts();
    const failures = new Map<number, unknown>();
    for (let row = 0; row < graph.count; row++) {
      this.#markRow(row);
      if (graph.hasFlag(row, SpecFlags.PARAMETERS) || this.#factory.classOf(row).lazy !== true)
        try {
          table.drop(row);
        } catch (error) {
          table.instances[row] = this.#factory.placeholder(row, this.flow, this.#context);
          failures.set(row, error);
        }
      if ((row & 255) === 255 && this.#slices.isOver) await this.#slices.pause();
    }
    await this.#wireUp(failures);
    return failures;
  }

  /** Resolves when the static facts of all drops are durable. The drops run meanwhile; their states come after the facts. */
  get factsKept(): Promise<void> {
    return this.#factsKept;
  }

  /** Hands the static facts of all drops to the store, some rows at a time. */
  async #keepFacts(): Promise<void> {
    const { store } = this.#host.around;
    const batches: Promise<void>[] = [];
    for (let first = 0; first < this.graph.count; first += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, this.graph.count - first);
      const batch = dropBatch(this.graph, { first, count });
      const kept = store.addDrops(this.#host.key, batch);
      // Heard of below, where all of them are.
      kept.catch(() => undefined);
      batches.push(kept);
      if (this.#slices.isOver) await this.#slices.pause();
      await store.drained(CONGESTED_BYTES);
    }
    this.#factsKept = Promise.all(batches).then(() => undefined);
    this.#factsKept.catch(() => undefined);
  }

  #markRow(row: number): void {
    const { graph } = this;
    let flags = graph.isApp(row) ? Flags.APP | Flags.FIRED_BY_INPUTS : 0;
    if (graph.isLeaf(row)) {
      flags |= Flags.LEAF;
      this.#watch.leavesLeft++;
      if (graph.classPath(row).endsWith('.EndDROP')) flags |= Flags.END;
    }
    this.table.flags[row] = flags;
  }

  /** What needs all links: references to values of producers, checks that take time. */
  async #wireUp(failures: Map<number, unknown>): Promise<void> {
    const { table, graph } = this;
    const checks: Promise<void>[] = [];
    for (let row = 0; row < table.size; row++) {
      if ((row & 255) === 255 && this.#slices.isOver) await this.#slices.pause();
      const drop = table.instances[row];
      if (!drop) continue;
      if (drop instanceof AppDROP && !isInputFired(drop)) table.setFlag(row, Flags.FIRED_BY_INPUTS, false);
      const rules = table.rulesOf(row);
      const inputs = table.relations.consumers.inDegree(row);
      if (rules.nEffectiveInputs > inputs)
        failures.set(row, tooFewInputs(drop.uid, rules.nEffectiveInputs, inputs));
      if (graph.hasFlag(row, SpecFlags.PARAMETERS)) drop.autofillEnvironmentVariables();
      if (drop.prepare) checks.push(drop.prepare().catch((error: unknown) => void failures.set(row, error)));
    }
    await this.#refuseStreams(failures);
    await Promise.all(checks);
  }

  /** Streams to applications that take none, and inputs that are listed as both kinds. */
  async #refuseStreams(failures: Map<number, unknown>): Promise<void> {
    const { table } = this;
    const { consumers, streaming } = table.relations;
    for (let edge = 0; edge < streaming.size; edge++) {
      if ((edge & 255) === 255 && this.#slices.isOver) await this.#slices.pause();
      const [from, to] = [streaming.from(edge), streaming.to(edge)];
      if (failures.has(to)) continue;
      try {
        const input = table.drop(from);
        if (consumers.has(from, to)) throw bothKinds(input.uid, table.drop(to).uid);
        table.drop(to)._acceptInput(input, DROPLinkType.STREAMING_CONSUMER);
      } catch (error) {
        failures.set(to, error);
      }
    }
  }

  #makeContext(): DropContext {
    const { around, sessionId, dir, log, drop } = this.#host;
    const { services, dlgRoot, hostName } = around;
    const { graph } = this;
    const context: DropContext = {
      ...{ sessionId, baseDir: dir, dlgRoot, hostName, log, drop },
      hashing: true,
      mayRunAhead: this.#host.work === undefined,
      env: { ...process.env, DLG_ROOT: dlgRoot, DLG_SESSION_ID: sessionId },
      now: () => Date.now(),
      service: (key) => services.get(key, context),
      specText: (row) => (row < graph.count ? Buffer.from(graph.specBytes(row)).toString('utf8') : undefined),
    };
    return context;
  }

  // --- all drops at once -------------------------------------------------------------------------------------------

  /** Completes data drops and starts applications. */
  async start(rows: readonly number[]): Promise<void> {
    const slices = new Slices();
    for (let i = 0; i < rows.length; i += 64) {
      const batch = rows.slice(i, i + 64);
      this.flow.batch(() => {
        for (const row of batch) this.#start(row);
      });
      if (slices.isOver) await slices.pause();
    }
  }

  #start(row: number): void {
    const drop = this.table.instances[row];
    if (this.table.isApp(row) && isInputFired(drop)) this.flow.execute(row);
    else if (drop) drop.setCompleted().catch((error: unknown) => drop._fail(error));
    else this.flow.complete(row);
  }

  /** Rows of the drops with nothing before them. */
  async roots(): Promise<number[]> {
    const rows: number[] = [];
    const slices = new Slices();
    for (let row = 0; row < this.graph.count; row++) {
      if (this.graph.isRoot(row)) rows.push(row);
      if ((row & 4095) === 4095 && slices.isOver) await slices.pause();
    }
    return rows;
  }

  /** Ends the drops that nothing moves any more: completed, or skipped where an end drop was reached. */
  settleRest(byEndDrop: boolean): void {
    const { flow, table } = this;
    flow.batch(() => {
      for (let row = 0; row < table.size; row++) {
        if ((table.status[row] as number) > DROPStates.WRITING) continue;
        if (!byEndDrop) flow.complete(row);
        else if (!table.isApp(row)) flow.skip(row);
        else if (table.exec[row] === AppDROPStates.RUNNING)
          table.drop(row).skip().catch(this.#host.around.onProblem);
        else flow.skipApp(row);
      }
    });
  }

  /** Drops could not be made: nothing runs, those are in error, the others are cancelled. */
  giveUp(failures: ReadonlyMap<number, unknown>): void {
    const { flow, table } = this;
    this.records.neverRan();
    for (const [row, error] of failures) this.records.failed(row, messageOf(error));
    flow.batch(() => {
      for (let row = 0; row < table.size; row++) {
        if (failures.has(row) || (table.status[row] as number) > DROPStates.WRITING) continue;
        this.#cancelRow(row);
      }
      for (const [row, error] of failures) {
        this.#host.failed(row, error);
        if (table.isApp(row)) flow.failApp(row);
        else flow.error(row);
      }
    });
  }

  #cancelRow(row: number): void {
    if (this.table.isApp(row)) this.flow.cancelApp(row);
    else this.flow.cancel(row);
  }

  /** Cancels every drop that is not over; resolves when their work has ended. */
  async cancel(): Promise<void> {
    const { table } = this;
    const cancelled: Promise<void>[] = [];
    const slices = new Slices();
    for (let row = 0; row < table.size; row++) {
      const status = table.status[row] as DROPStates;
      if (status !== DROPStates.ERROR && status !== DROPStates.COMPLETED && status !== DROPStates.CANCELLED) {
        const drop = table.instances[row];
        if (drop) cancelled.push(drop.cancel());
        else this.#cancelRow(row);
      }
      if ((row & 255) === 255 && slices.isOver) await slices.pause();
    }
    await Promise.allSettled(cancelled);
  }

  /** Whether nothing runs and nothing can: the drops that are left wait for something outside. */
  get isIdle(): boolean {
    return this.flow.isIdle && !this.table.exec.includes(AppDROPStates.RUNNING);
  }

  /** Drops that are not over. */
  get waiting(): number {
    let count = 0;
    for (let row = 0; row < this.table.size; row++)
      if ((this.table.status[row] as number) <= DROPStates.WRITING) count++;
    return count;
  }

  async close(): Promise<void> {
    await this.lifecycle.close();
    this.flow.close();
    await this.#host.around.services.endSession(this.#host.sessionId);
    await this.recorder.close();
  }
}

/** Drops without an object are of classes that fire by their inputs (`lazy` classes only). */
function isInputFired(drop: AbstractDROP | undefined): boolean {
  return drop === undefined || drop instanceof InputFiredAppDROP;
}
