/** One execution of one physical graph on one node (spec/managers.md section 1). */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import {
  AppDROPStates,
  DROPStates,
  InvalidDropException,
  InvalidGraphException,
  InvalidSessionState,
  messageOf,
  isWeirError,
  NoDropException,
  SESSION_STATE_NAMES,
  SessionStates,
  type DROPLinkType,
} from '../protocol/index.ts';
import {
  AppDROP,
  DataLifecycleManager,
  DropTable,
  Flags,
  Flow,
  FlowEvents,
  InputFiredAppDROP,
  type AbstractDROP,
  type DropContext,
  type LifecycleOptions,
  type LogLevel,
  type Services,
} from '../drops/index.ts';
import { isZlib, SpecFlags, type NamedLink, type PhysicalGraph } from '../graph/index.ts';
import type { Store, StoredError } from '../store/index.ts';
import { DropFactory, type ClassFinder } from './drop-factory.ts';
import { joinLists } from './joined-graph.ts';
import type { Lanes } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import { Recorder, type SessionDelta } from './recorder.ts';
import { parseRMode, type RModeName } from '../reproducibility/index.ts';
import { planOf, reprodataText } from './reproducer.ts';
import type { Reuse } from './reuse.ts';
import { SessionRecords } from './session-records.ts';
import { Slices } from './slices.ts';
import { dropBatch } from './spec-pages.ts';

/** What a session needs of the Host around it. */
export interface SessionSurroundings {
  readonly store: Store;
  readonly services: Services;
  readonly lanes: Lanes;
  readonly dlgRoot: string;
  readonly hostName: string;
  readonly findClass?: ClassFinder;
  /** Signs and seals what ran; without it sessions are recorded only. */
  readonly ledger?: Ledger;
  /** How long data lives; by default what the graph says, and used memory drops go when there are too many. */
  readonly lifecycle?: LifecycleOptions;
  /** Reads lists of dropspecs as one graph, off the thread when they are large; uses them up. */
  readonly parse: (parts: readonly Uint8Array[], links?: readonly NamedLink[]) => Promise<PhysicalGraph>;
  readonly onChange: (session: Session, delta: SessionDelta | undefined) => void;
  readonly onProblem: (error: unknown) => void;
}

/** The text of a graph goes to the store in pieces of this size. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Rows whose facts are copied for the store in one go: some milliseconds of work. */
const ROWS_AT_ONCE = 8192;

/** How long the parts of a run took, in milliseconds. */
export interface SessionTimings {
  loadMs: number | null;
  deployMs: number | null;
  executeMs: number | null;
  recordMs: number | null;
}

/** Session ids become directory names: anything goes that is one name on every file system. */
export function checkSessionId(id: string): void {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (id === '' || id === '.' || id === '..' || id.length > 200 || /[/\\\u0000-\u001f]/.test(id))
    throw new InvalidSessionState(
      `${JSON.stringify(id)} cannot be a session id: 1 to 200 characters without "/", "\\" and control characters were expected.`,
      { details: { sessionId: id } },
    );
}

export class Session {
  readonly sessionId: string;
  readonly dir: string;
  readonly key: number;
  readonly timings: SessionTimings = { loadMs: null, deployMs: null, executeMs: null, recordMs: null };
  /** Resolves with the final state once everything about the session is durable. */
  readonly over: Promise<SessionStates>;
  startedAt: number | null = null;
  finishedAt: number | null = null;
  errorCount = 0;
  /** The first thing that went wrong, in words. */
  firstError: string | undefined;

  readonly #around: SessionSurroundings;
  #state: SessionStates = SessionStates.PRISTINE;
  #parts: PhysicalGraph[] = [];
  /** Bytes of each part as it was submitted; its text may have plain copies of escaped ids behind them. */
  #partBytes: Uint8Array[] = [];
  #links: NamedLink[] = [];
  #graph: PhysicalGraph | undefined;
  #table = new DropTable();
  #flow: Flow | undefined;
  #recorder: Recorder | undefined;
  #records: SessionRecords | undefined;
  #reuse: Reuse | undefined;
  #recorded: Promise<void> = Promise.resolve();
  readonly #about: { readonly graphName: string; readonly createdAt: number };
  /** The R-mode for graphs that name none. */
  readonly #asked: RModeName;
  #lifecycle: DataLifecycleManager | undefined;
  #leavesLeft = 0;
  #ending: Promise<void> | undefined;
  #resolveOver!: (state: SessionStates) => void;
  #executeStart = 0;
  #triggering = false;
  #kept: Promise<void> = Promise.resolve();

  private constructor(
    id: string,
    key: number,
    dir: string,
    about: { readonly graphName: string; readonly createdAt: number },
    asked: RModeName,
    around: SessionSurroundings,
  ) {
    this.#about = about;
    this.#asked = asked;
    this.sessionId = id;
    this.key = key;
    this.dir = dir;
    this.#around = around;
    this.over = new Promise((resolve) => (this.#resolveOver = resolve));
  }

  /** A new session, durable in the store when this resolves. */
  static async create(
    about: {
      readonly sessionId: string;
      readonly graphName: string;
      readonly origin: string;
      readonly rmode: string;
      readonly version: string;
    },
    around: SessionSurroundings,
  ): Promise<Session> {
    checkSessionId(about.sessionId);
    const asked = parseRMode(about.rmode);
    const createdAt = Date.now();
    const dir = path.join(around.dlgRoot, 'workspace', about.sessionId);
    await mkdir(dir, { recursive: true });
    const key = await around.store.createSession({
      sessionId: about.sessionId,
      graphName: about.graphName,
      origin: about.origin,
      rmode: about.rmode,
      dir,
      createdAt,
      host: {
        name: around.hostName,
        platform: `${process.platform}-${process.arch}`,
        version: about.version,
      },
    });
    return new Session(about.sessionId, key, dir, { graphName: about.graphName, createdAt }, asked, around);
  }

  get status(): SessionStates {
    return this.#state;
  }

  get isOver(): boolean {
    return this.#state >= SessionStates.FINISHED;
  }

  /** The graph as it was deployed, or the last part that was appended. */
  get graph(): PhysicalGraph | undefined {
    return this.#graph ?? this.#parts.at(-1);
  }

  get parts(): readonly PhysicalGraph[] {
    return this.#graph ? [this.#graph] : this.#parts;
  }

  get table(): DropTable {
    return this.#table;
  }

  // --- building ----------------------------------------------------------------------------------------------------

  /**
   * Adds a list of dropspecs (UTF-8 JSON, or a zlib or gzip stream of it). The session takes the bytes over. What was added is durable when this resolves, or with `later` when `kept` does: a run whose end
   * somebody waits for anyway need not wait for the disk first.
   */
  async addGraphSpec(bytes: Uint8Array, options: { readonly later?: boolean } = {}): Promise<void> {
    this.#expect([SessionStates.PRISTINE, SessionStates.BUILDING], 'take a graph');
    const started = performance.now();
    const packed = isZlib(bytes) ? bytes.slice() : undefined;
    const [graph] = await Promise.all([this.#around.parse([bytes]), this.#move(SessionStates.BUILDING)]);
    if (graph.count === 0 && !graph.reprodata)
      throw new InvalidGraphException('The graph is an empty list: it has no drops to run.');
    new DropFactory(graph, this.#around.findClass);
    // Refuses modes that cannot be run.
    planOf(graph, null, this.#asked);
    for (const before of this.#parts)
      for (let row = 0; row < graph.count; row++)
        if (before.rowOf(graph.oid(row)) >= 0)
          throw new InvalidGraphException(
            `The session has a drop "${graph.oid(row)}" already; every drop needs an id of its own.`,
            { details: { oid: graph.oid(row) } },
            'GRAPH_DUPLICATE_OID',
          );
    this.#parts.push(graph);
    const text = graph.columns.text.subarray(0, graph.columns.textBytes);
    this.#partBytes.push(text);
    const keeping = this.#keepText(text, packed);
    this.#kept = Promise.all([this.#kept, keeping]).then(() => undefined);
    if (!options.later) await this.#kept;
    else this.#kept.catch(this.#around.onProblem);
    for (const warning of graph.columns.warnings) this.#log('warn', undefined, warning);
    this.timings.loadMs = (this.timings.loadMs ?? 0) + performance.now() - started;
    await this.#move(SessionStates.BUILDING);
  }

  /** Hands the submitted text to the store in pieces, so that no single copy blocks the thread. */
  async #keepText(text: Uint8Array, packed: Uint8Array | undefined): Promise<void> {
    if (packed) return this.#around.store.appendGraph(this.key, { bytes: packed, packed: true });
    const pieces: Promise<void>[] = [];
    for (let at = 0; at < text.length; at += PIECE_BYTES) {
      pieces.push(this.#around.store.appendGraph(this.key, { bytes: text.slice(at, at + PIECE_BYTES) }));
      await this.#around.store.drained(16 * PIECE_BYTES);
    }
    await Promise.all(pieces);
  }

  /** Resolves when every list that was added is durable. */
  get kept(): Promise<void> {
    return this.#kept;
  }

  /** Adds one link between drops that were appended (REST `graph/link`): "lhs's spec lists rhs under `type`". */
  linkGraphParts(lhs: string, type: DROPLinkType, rhs: string): void {
    this.#expect([SessionStates.BUILDING], 'take a link');
    for (const oid of [lhs, rhs])
      if (!this.#parts.some((graph) => graph.rowOf(oid) >= 0))
        throw new InvalidGraphException(
          `The session has no drop "${oid}" to link.`,
          { details: { oid } },
          'GRAPH_DANGLING_LINK',
        );
    this.#links.push({ lhs, type, rhs });
  }

  // --- deploying ---------------------------------------------------------------------------------------------------

  /** Makes and wires the drops, then completes those given: uids, or the roots of the graph. */
  async deploy(completed: readonly string[] | 'roots', reuse?: Reuse): Promise<void> {
    this.#reuse = reuse;
    this.#expect([SessionStates.PRISTINE, SessionStates.BUILDING], 'be deployed');
    if (this.#parts.length === 0 || this.#parts.every((graph) => graph.count === 0))
      return this.#deployEmpty(completed);
    const started = performance.now();
    this.#triggering = true;
    await this.#move(SessionStates.DEPLOYING);
    try {
      this.#graph = await this.#joinParts();
      const failures = await this.#makeDrops(this.#graph);
      this.timings.deployMs = performance.now() - started;
      this.#executeStart = performance.now();
      this.startedAt = Date.now();
      await this.#move(SessionStates.RUNNING);
      if (failures.size > 0) this.#fail(failures);
      else await this.#trigger(completed);
    } catch (error) {
      this.#note(undefined, error);
      this.#end(SessionStates.FAILED);
      throw error;
    }
  }

  async #deployEmpty(completed: readonly string[] | 'roots'): Promise<void> {
    if (this.#parts.length > 0 || (completed !== 'roots' && completed.length > 0))
      throw new InvalidSessionState(
        `Session ${this.sessionId} has no drops that could be completed; append a graph first.`,
        { details: { sessionId: this.sessionId } },
      );
    this.#end(SessionStates.FINISHED);
    await this.over;
  }

  async #joinParts(): Promise<PhysicalGraph> {
    const [only] = this.#parts;
    if (this.#parts.length === 1 && only && this.#links.length === 0) return only;
    // One list from here on, also in the history: there is nobody left who knows how it was submitted.
    const text = joinLists(this.#parts, this.#links, this.#reprodataText());
    await this.#kept;
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < text.length; at += PIECE_BYTES) pieces.push(text.slice(at, at + PIECE_BYTES));
    const keeping = this.#around.store.replaceGraph(this.key, pieces);
    this.#kept = keeping;
    keeping.catch(this.#around.onProblem);
    const { length } = text;
    const graph = await this.#around.parse([text]);
    this.#partBytes = [graph.columns.text.subarray(0, length)];
    this.#parts = [graph];
    return graph;
  }

  async #makeDrops(graph: PhysicalGraph): Promise<Map<number, unknown>> {
    const { count } = graph;
    const table = new DropTable(count, {
      consumers: graph.consumers,
      streaming: graph.streaming,
      outputs: graph.outputs,
      children: graph.children,
    });
    this.#table = table;
    const recorder = (this.#recorder = new Recorder({
      store: this.#around.store,
      key: this.key,
      table,
      onDelta: (delta) => this.#around.onChange(this, delta),
      onProblem: this.#around.onProblem,
    }));
    const records = (this.#records = this.#makeRecords(graph, table, recorder));
    records.start();
    const slices = new Slices();
    const flow = (this.#flow = new Flow(table, this.#flowHost(recorder, records, slices)));
    const context = this.#context();
    const factory = new DropFactory(graph, this.#around.findClass);
    const lifecycle = (this.#lifecycle = new DataLifecycleManager({
      watchFiles: false,
      ...this.#around.lifecycle,
      onProblem: (drop, error) => this.#log('warn', drop, messageOf(error)),
    }));
    table.source = {
      make: (row) => {
        const drop = factory.make(row, flow, context);
        if (!graph.isApp(row)) lifecycle.addDrop(drop);
        return drop;
      },
    };
    await this.#keepDrops(graph, slices);
    const failures = new Map<number, unknown>();
    for (let row = 0; row < count; row++) {
      this.#markRow(graph, row, table);
      if (graph.hasFlag(row, SpecFlags.PARAMETERS) || factory.classOf(row).lazy !== true)
        try {
          table.drop(row);
        } catch (error) {
          table.instances[row] = factory.placeholder(row, flow, context);
          failures.set(row, error);
        }
      if ((row & 255) === 255 && slices.isOver) await slices.pause();
    }
    await this.#wireUp(graph, failures, slices);
    return failures;
  }

  #makeRecords(graph: PhysicalGraph, table: DropTable, recorder: Recorder): SessionRecords {
    const { store, ledger, hostName } = this.#around;
    return new SessionRecords({
      key: this.key,
      sessionId: this.sessionId,
      dir: this.dir,
      node: hostName,
      ...this.#about,
      graph,
      graphText: this.#partBytes,
      plan: planOf(graph, this.#reprodataText(), this.#asked),
      table,
      recorder,
      store,
      ledger,
      log: (level, message) => this.#log(level, undefined, message),
      problem: (row, error) => this.#log('error', table.instances[row], messageOf(error)),
    });
  }

  /** As the last list that had any gave it. */
  #reprodataText(): string | null {
    const at = this.#parts.findLastIndex((part) => part.reprodata !== undefined);
    const part = this.#parts[at];
    return part ? reprodataText(part, this.#partBytes[at] as Uint8Array) : null;
  }

  /** Hands the static facts of all drops to the store, some rows at a time. */
  async #keepDrops(graph: PhysicalGraph, slices: Slices): Promise<void> {
    const batches: Promise<void>[] = [];
    for (let first = 0; first < graph.count; first += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, graph.count - first);
      batches.push(this.#around.store.addDrops(this.key, dropBatch(graph, { first, count })));
      if (slices.isOver) await slices.pause();
    }
    await Promise.all(batches);
  }

  #markRow(graph: PhysicalGraph, row: number, table: DropTable): void {
    let flags = graph.isApp(row) ? Flags.APP | Flags.FIRED_BY_INPUTS : 0;
    if (graph.isLeaf(row)) {
      flags |= Flags.LEAF;
      this.#leavesLeft++;
      if (graph.classPath(row).endsWith('.EndDROP')) flags |= Flags.END;
    }
    table.flags[row] = flags;
  }

  /** What needs all links: references to values of producers, checks that take time. */
  async #wireUp(graph: PhysicalGraph, failures: Map<number, unknown>, slices: Slices): Promise<void> {
    const checks: Promise<void>[] = [];
    for (let row = 0; row < this.#table.size; row++) {
      const drop = this.#table.instances[row];
      if (!drop) continue;
      if (drop instanceof AppDROP && !isInputFired(drop))
        this.#table.setFlag(row, Flags.FIRED_BY_INPUTS, false);
      const rules = this.#table.rulesOf(row);
      const inputs = this.#table.relations.consumers.inDegree(row);
      if (rules.nEffectiveInputs > inputs)
        failures.set(
          row,
          new InvalidDropException(
            `Drop ${drop.uid} waits for ${rules.nEffectiveInputs} inputs (n_effective_inputs) but has only ${inputs}; lower the number or link more inputs.`,
          ),
        );
      if (graph.hasFlag(row, SpecFlags.PARAMETERS)) drop.autofillEnvironmentVariables();
      if (drop.prepare) checks.push(drop.prepare().catch((error: unknown) => void failures.set(row, error)));
      if ((row & 255) === 255 && slices.isOver) await slices.pause();
    }
    await Promise.all(checks);
  }

  #context(): DropContext {
    const { services, dlgRoot, hostName } = this.#around;
    const context: DropContext = {
      sessionId: this.sessionId,
      baseDir: this.dir,
      dlgRoot,
      hostName,
      hashing: true,
      env: { ...process.env, DLG_ROOT: dlgRoot, DLG_SESSION_ID: this.sessionId },
      now: () => Date.now(),
      log: (level, drop, message) => this.#log(level, drop, message),
      service: (key) => services.get(key, context),
      drop: (uid) => this.findDrop(uid),
      specText: (row) => {
        const graph = this.#graph;
        return graph && row < graph.count ? Buffer.from(graph.specBytes(row)).toString('utf8') : undefined;
      },
    };
    return context;
  }

  #flowHost(recorder: Recorder, records: SessionRecords, slices: Slices) {
    const lanes = this.#around.lanes;
    return {
      event: (row: number, kind: number, value: number) => {
        const at = performance.timeOrigin + performance.now();
        if (kind === FlowEvents.execStatus) {
          if (value === AppDROPStates.RUNNING) recorder.startedAt[row] = at;
          else recorder.finishedAt[row] = at;
        } else if (kind === FlowEvents.status) {
          if (value === DROPStates.WRITING) recorder.startedAt[row] = at;
          else if (value <= DROPStates.ERROR || value >= DROPStates.CANCELLED) recorder.finishedAt[row] = at;
        }
        recorder.event(row, kind, value, at);
      },
      settled: (row: number) => records.settled(row),
      leafDone: (row: number) => this.#leafDone(row),
      endReached: () => this.#finish(true),
      failed: (row: number, error: unknown) => this.#note(row, error),
      mustYield: () => slices.isOver || recorder.isCongested,
      defer: (resume: () => void) => {
        const next = () => {
          slices.restart();
          resume();
        };
        if (recorder.isCongested) recorder.relieved().then(next, this.#around.onProblem);
        else setImmediate(next);
      },
      run: (app: AppDROP) =>
        lanes.run(app.lane, () => {
          if (app.execStatus !== AppDROPStates.RUNNING) return undefined;
          return this.#reuse ? this.#takeOrRun(app, this.#reuse) : app._attempt();
        }),
    };
  }

  async #takeOrRun(app: AppDROP, reuse: Reuse): Promise<void> {
    const graph = this.#graph as PhysicalGraph;
    const taken = app._row < graph.count ? await reuse.take(app, graph.spec(app._row)) : undefined;
    const decision = reuse.decisions.get(app.uid);
    if (decision) this.#log('info', app, `${taken ? 'Taken over.' : 'Runs.'} ${decision.reason}`);
    if (taken) this.#records?.reused(app._row, taken);
    else if (app.execStatus === AppDROPStates.RUNNING) await app._attempt();
  }

  // --- running -----------------------------------------------------------------------------------------------------

  /** Completes data drops and starts applications by uid; unknown ids are ignored, a FAILED session ignores all. */
  async triggerDrops(uids: readonly string[]): Promise<void> {
    if (this.#state === SessionStates.FAILED) return;
    await this.#trigger(uids);
  }

  async #trigger(which: readonly string[] | 'roots'): Promise<void> {
    const graph = this.#graph as PhysicalGraph;
    const rows: number[] = [];
    const slices = new Slices();
    if (which === 'roots') {
      for (let row = 0; row < graph.count; row++) {
        if (graph.isRoot(row)) rows.push(row);
        if ((row & 4095) === 4095 && slices.isOver) await slices.pause();
      }
    } else
      for (const uid of which) {
        const row = graph.rowOfUid(uid);
        if (row >= 0) rows.push(row);
      }
    this.#triggering = true;
    for (let i = 0; i < rows.length; i += 64) {
      const batch = rows.slice(i, i + 64);
      this.#flow?.batch(() => {
        for (const row of batch) this.#start(row);
      });
      if (slices.isOver) await slices.pause();
    }
    this.#triggering = false;
    this.#checkStalled();
  }

  #start(row: number): void {
    const flow = this.#flow as Flow;
    if (this.#table.isApp(row) && isInputFired(this.#table.instances[row])) flow.execute(row);
    else {
      const drop = this.#table.instances[row];
      if (drop) drop.setCompleted().catch((error: unknown) => drop._fail(error));
      else flow.complete(row);
    }
  }

  #leafDone(row: number): void {
    if (!this.#table.hasFlag(row, Flags.LEAF)) return;
    this.#table.setFlag(row, Flags.LEAF, false);
    if (--this.#leavesLeft === 0) this.#finish(false);
  }

  /** All leaves have reported, or an end drop was reached. */
  #finish(byEndDrop: boolean): void {
    if (this.#state !== SessionStates.RUNNING) return;
    queueMicrotask(() => {
      if (this.#state !== SessionStates.RUNNING) return;
      const flow = this.#flow as Flow;
      flow.batch(() => {
        for (let row = 0; row < this.#table.size; row++) {
          if ((this.#table.status[row] as number) > DROPStates.WRITING) continue;
          if (!byEndDrop) flow.complete(row);
          else if (this.#table.isApp(row)) flow.skipApp(row);
          else flow.skip(row);
        }
      });
      const failed = !byEndDrop && this.#table.status.includes(DROPStates.ERROR);
      this.#end(failed ? SessionStates.FAILED : SessionStates.FINISHED);
    });
  }

  /** Drops could not be made: nothing runs, the others are cancelled. */
  #fail(failures: ReadonlyMap<number, unknown>): void {
    const flow = this.#flow as Flow;
    this.#records?.neverRan();
    for (const [row, error] of failures) this.#records?.failed(row, messageOf(error));
    flow.batch(() => {
      for (let row = 0; row < this.#table.size; row++) {
        if (failures.has(row) || (this.#table.status[row] as number) > DROPStates.WRITING) continue;
        if (this.#table.isApp(row)) flow.cancelApp(row);
        else flow.cancel(row);
      }
      for (const [row, error] of failures) {
        this.#note(row, error);
        if (this.#table.isApp(row)) flow.failApp(row);
        else flow.error(row);
      }
    });
    this.#end(SessionStates.FAILED);
  }

  /** Cancels every drop that is not over. */
  async cancel(): Promise<void> {
    if (this.#state === SessionStates.CANCELLED) return;
    this.#expect([SessionStates.RUNNING], 'be cancelled');
    this.#state = SessionStates.CANCELLED;
    const flow = this.#flow as Flow;
    const cancelled: Promise<void>[] = [];
    const slices = new Slices();
    for (let row = 0; row < this.#table.size; row++) {
      const status = this.#table.status[row] as DROPStates;
      if (status !== DROPStates.ERROR && status !== DROPStates.COMPLETED && status !== DROPStates.CANCELLED) {
        const drop = this.#table.instances[row];
        if (drop) cancelled.push(drop.cancel());
        else if (this.#table.isApp(row)) flow.cancelApp(row);
        else flow.cancel(row);
      }
      if ((row & 255) === 255 && slices.isOver) await slices.pause();
    }
    await Promise.allSettled(cancelled);
    this.#state = SessionStates.RUNNING;
    this.#end(SessionStates.CANCELLED);
    await this.over;
  }

  /** Whether nothing runs and nothing can: the drops that are left wait for something outside. */
  get isStalled(): boolean {
    return (
      this.#state === SessionStates.RUNNING &&
      !this.#triggering &&
      this.#flow !== undefined &&
      this.#flow.isIdle &&
      !this.#anyRunning()
    );
  }

  #anyRunning(): boolean {
    return this.#table.exec.includes(AppDROPStates.RUNNING);
  }

  #checkStalled(): void {
    if (this.isStalled) this.#around.onChange(this, undefined);
  }

  // --- ending ------------------------------------------------------------------------------------------------------

  #end(state: SessionStates): void {
    if (this.#ending) return;
    this.#state = state;
    this.finishedAt = Date.now();
    if (this.#executeStart > 0) this.timings.executeMs = performance.now() - this.#executeStart;
    this.#ending = this.#settle(state).catch(this.#around.onProblem);
  }

  async #settle(state: SessionStates): Promise<void> {
    const started = performance.now();
    await this.#kept;
    const noted = (await this.#records?.settle()) ?? {};
    this.#recorder?.flush();
    await this.#around.store.flush();
    this.timings.recordMs = performance.now() - started;
    await this.#around.store.updateSession(this.key, {
      status: SESSION_STATE_NAMES[state] as string,
      finishedAt: this.finishedAt ?? Date.now(),
      ...definedTimings(this.timings),
      ...noted,
    });
    this.#recorded = this.#finishRecords(state);
    this.#around.onChange(this, undefined);
    this.#resolveOver(state);
  }

  async #finishRecords(state: SessionStates): Promise<void> {
    try {
      await this.#records?.finish({
        status: SESSION_STATE_NAMES[state] as string,
        finishedAt: this.finishedAt ?? Date.now(),
      });
    } catch (error) {
      if (!this.#disposed) this.#around.onProblem(error);
    }
  }

  /** Resolves when what follows the session's end is done too: `reprodata.out` is written, the session is sealed. */
  async recorded(): Promise<void> {
    await this.over;
    await this.#recorded;
  }

  #disposed = false;

  /** Gives the drops back; the history stays. */
  async dispose(): Promise<void> {
    if (this.#state === SessionStates.RUNNING) await this.cancel();
    if (this.#ending) await this.#ending;
    await this.#recorded;
    this.#disposed = true;
    await this.#lifecycle?.close();
    this.#flow?.close();
    await this.#around.services.endSession(this.sessionId);
    await this.#recorder?.close();
    this.#table = new DropTable();
    this.#parts = [];
    this.#partBytes = [];
  }

  async #move(state: SessionStates): Promise<void> {
    this.#state = state;
    const status = SESSION_STATE_NAMES[state] as string;
    const update = { status, drops: this.parts.reduce((sum, graph) => sum + graph.count, 0) };
    await this.#around.store.updateSession(
      this.key,
      this.startedAt === null ? update : { ...update, startedAt: this.startedAt },
    );
    this.#around.onChange(this, undefined);
  }

  #expect(states: readonly SessionStates[], what: string): void {
    if (!states.includes(this.#state))
      throw new InvalidSessionState(
        `Session ${this.sessionId} cannot ${what}: it is ${SESSION_STATE_NAMES[this.#state]}, but one of ${states.map((s) => SESSION_STATE_NAMES[s]).join(', ')} was expected.`,
        { details: { sessionId: this.sessionId, status: this.#state } },
      );
  }

  // --- looking -----------------------------------------------------------------------------------------------------

  findDrop(uid: string): AbstractDROP | undefined {
    const row = this.#graph?.rowOfUid(uid) ?? -1;
    return row >= 0 && row < this.#table.size ? this.#table.drop(row) : undefined;
  }

  /** The drop of this uid. Throws NoDropException. */
  drop(uid: string): AbstractDROP {
    const drop = this.findDrop(uid);
    if (!drop)
      throw new NoDropException(`Session ${this.sessionId} has no drop "${uid}" that was deployed.`, {
        details: { uid },
      });
    return drop;
  }

  #log(level: LogLevel, drop: AbstractDROP | undefined, message: string): void {
    const entry = { at: Date.now(), level, row: drop ? drop._row : null, uid: drop?.uid ?? null, message };
    if (this.#recorder) this.#recorder.log(entry);
    else this.#around.store.recordLogs(this.key, [entry]).catch(this.#around.onProblem);
  }

  /** Records an error of the session as a whole. */
  note(error: unknown): void {
    this.#note(undefined, error);
  }

  /** Drops that are not over. */
  get waiting(): number {
    let count = 0;
    for (let row = 0; row < this.#table.size; row++)
      if ((this.#table.status[row] as number) <= DROPStates.WRITING) count++;
    return count;
  }

  #note(row: number | undefined, error: unknown): void {
    this.errorCount++;
    if (row !== undefined) this.#records?.failed(row, messageOf(error));
    this.firstError ??= messageOf(error);
    const graph = this.#graph;
    const stored: StoredError = {
      row: row ?? null,
      uid: row === undefined || !graph ? null : graph.uid(row),
      name: row === undefined || !graph ? null : graph.name(row),
      code: isWeirError(error) ? error.code : 'APP_FAILED',
      message: messageOf(error),
      detail: detailOf(error),
      at: Date.now(),
    };
    if (this.#recorder) this.#recorder.error(stored);
    else this.#around.store.recordErrors(this.key, [stored]).catch(this.#around.onProblem);
  }
}

/** Text a person may want beyond the message: what a command printed, where a Python function failed. */
function detailOf(error: unknown): string | null {
  if (!isWeirError(error)) return null;
  for (const key of ['traceback', 'stderr']) {
    const text = error.details[key];
    if (typeof text === 'string' && text !== '') return text;
  }
  return null;
}

/** Drops without an object are of classes that fire by their inputs (`lazy` classes only). */
function isInputFired(drop: AbstractDROP | undefined): boolean {
  return drop === undefined || drop instanceof InputFiredAppDROP;
}

function definedTimings(timings: SessionTimings): Partial<Record<keyof SessionTimings, number>> {
  const out: Partial<Record<keyof SessionTimings, number>> = {};
  for (const [name, value] of Object.entries(timings) as [keyof SessionTimings, number | null][])
    if (value !== null) out[name] = value;
  return out;
}
