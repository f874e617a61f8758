/** One execution of one physical graph on one node (spec/managers.md section 1). */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import {
  AppDROPStates,
  DROPStates,
  InvalidSessionState,
  messageOf,
  NoDropException,
  NoSessionException,
  SESSION_STATE_NAMES,
  SessionStates,
  type DROPLinkType,
} from '../protocol/index.ts';
import { DropTable, type AbstractDROP, type AppDROP } from '../drops/index.ts';
import type { PhysicalGraph } from '../graph/index.ts';
import { Deployment, type DeploymentHost } from './deployment.ts';
import { DropFactory } from './drop-factory.ts';
import type { SessionDelta } from './recorder.ts';
import { parseRMode, type RModeName } from '../reproducibility/index.ts';
import { planOf } from './reproducer.ts';
import type { Reuse } from './reuse.ts';
import { Slices } from './slices.ts';
import { SessionEnd, type SessionTimings } from './session-end.ts';
import { SessionNotes } from './session-notes.ts';
import { SessionRecords } from './session-records.ts';
import { SubmittedLists } from './submitted.ts';
import type { Surroundings } from './surroundings.ts';

/** What a session needs of the Host around it, and who hears of its changes. */
export interface SessionSurroundings extends Surroundings {
  readonly onChange: (session: Session, delta: SessionDelta | undefined) => void;
}

/** What file systems allow a name to have, in UTF-8. */
const MAX_ID_BYTES = 255;

/** Session ids become directory names: anything goes that is one name on every file system. */
export function checkSessionId(id: string): void {
  const isTooLong = Buffer.byteLength(id) > MAX_ID_BYTES;
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (id === '' || id === '.' || id === '..' || isTooLong || /[/\\\u0000-\u001f]/.test(id))
    throw new InvalidSessionState(
      `${JSON.stringify(id)} cannot be a session id: 1 to ${MAX_ID_BYTES} bytes of UTF-8 without "/", "\\" and control characters were expected.`,
      { details: { sessionId: id } },
    );
}

export class Session {
  readonly sessionId: string;
  readonly dir: string;
  readonly key: number;
  readonly timings: SessionTimings = { loadMs: null, deployMs: null, executeMs: null, recordMs: null };
  startedAt: number | null = null;

  readonly #around: SessionSurroundings;
  #state: SessionStates = SessionStates.PRISTINE;
  readonly #lists: SubmittedLists;
  readonly #notes: SessionNotes;
  #graph: PhysicalGraph | undefined;
  #deployment: Deployment | undefined;
  #reuse: Reuse | undefined;
  readonly #about: { readonly graphName: string; readonly createdAt: number };
  /** The R-mode for graphs that name none. */
  readonly #asked: RModeName;
  /** Resolves when what was added and deployed so far is, or was refused. */
  #atWork: Promise<unknown> = Promise.resolve();
  /** Resolves when the history has what is needed of a session that runs. */
  #noted: Promise<unknown> = Promise.resolve();
  readonly #ending: SessionEnd;
  #executeStart = 0;
  #triggering = false;
  #finishing = false;
  /** It is being taken out of memory. */
  #isLeaving = false;
  /** It was given up before it ran: it is deployed to be cancelled. */
  #isGivenUp = false;
  readonly #noDrops = new DropTable();

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
    this.#lists = new SubmittedLists({ store: around.store, key, parse: around.parse });
    const { store, onProblem } = around;
    this.#notes = new SessionNotes({ store, key, onProblem, deployment: () => this.#deployment });
    this.#ending = new SessionEnd({
      ...{ store, key, onProblem, timings: this.timings },
      deployment: () => this.#deployment,
      kept: () => this.kept,
      noted: () => this.#noted,
      become: (state) => {
        this.#state = state;
        around.onChange(this, undefined);
      },
    });
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
    return this.#graph ?? this.#lists.graphs.at(-1);
  }

  get parts(): readonly PhysicalGraph[] {
    return this.#graph ? [this.#graph] : this.#lists.graphs;
  }

  /** Oid and JSON of every dropspec in its order, with the links that were added. */
  specs(): Iterable<readonly [string, Uint8Array]> {
    return this.#lists.specs();
  }

  get table(): DropTable {
    return this.#deployment?.table ?? this.#noDrops;
  }

  // --- building ----------------------------------------------------------------------------------------------------

  /**
   * Adds a list of dropspecs (UTF-8 JSON, or a zlib or gzip stream of it). The session takes the bytes over. What was added is
   * durable when this resolves, or with `later` when `kept` does: a run whose end somebody waits for anyway need not wait
   * for the disk first.
   */
  addGraphSpec(bytes: Uint8Array, options: { readonly later?: boolean } = {}): Promise<void> {
    return this.#begin('take a graph', () => this.#addGraphSpec(bytes, options));
  }

  async #addGraphSpec(bytes: Uint8Array, options: { readonly later?: boolean }): Promise<void> {
    this.#expectBuilding('take a graph');
    const started = performance.now();
    const moving = awaitedLater(this.#move(SessionStates.BUILDING));
    const check = async (read: PhysicalGraph): Promise<void> => {
      new DropFactory(read, this.#around.findClass);
      // Refuses modes that cannot be run.
      planOf(read, null, this.#asked);
      await moving;
    };
    const graph = await this.#lists.add(bytes, { check, later: options.later === true });
    if (options.later) this.kept.catch(this.#around.onProblem);
    for (const warning of graph.columns.warnings) this.#notes.log('warn', undefined, warning);
    this.timings.loadMs = (this.timings.loadMs ?? 0) + performance.now() - started;
    // Whoever deployed meanwhile has noted it.
    if (this.#state !== SessionStates.BUILDING) return;
    const noted = this.#move(SessionStates.BUILDING);
    if (!options.later) await noted;
    else noted.catch(this.#around.onProblem);
  }

  /** Resolves when every list that was added is durable. */
  get kept(): Promise<void> {
    return this.#lists.kept;
  }

  /** Adds one link between drops that were appended (REST `graph/link`): "lhs's spec lists rhs under `type`". */
  linkGraphParts(lhs: string, type: DROPLinkType, rhs: string): void {
    this.#expect([SessionStates.BUILDING], 'take a link');
    this.#lists.link(lhs, type, rhs);
  }

  // --- deploying ---------------------------------------------------------------------------------------------------

  /**
   * Makes and wires the drops, then completes those given: uids, or the roots of the graph. Lists that are being added are
   * waited for.
   */
  deploy(completed: readonly string[] | 'roots', reuse?: Reuse): Promise<void> {
    return this.#begin('be deployed', () => this.#deploy(completed, reuse));
  }

  /** Work that is waited for when the session is given up or taken out of memory; from then on none is begun. */
  async #begin<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#isGivenUp)
      throw new InvalidSessionState(`Session ${this.sessionId} cannot ${what}: it was given up.`, {
        details: { sessionId: this.sessionId },
      });
    const begun = work();
    this.#atWork = Promise.allSettled([this.#atWork, begun]);
    return begun;
  }

  async #deploy(completed: readonly string[] | 'roots', reuse?: Reuse): Promise<void> {
    this.#expectBuilding('be deployed');
    await this.#lists.settled;
    this.#expectBuilding('be deployed');
    this.#reuse = reuse;
    if (this.#lists.graphs.every((graph) => graph.count === 0)) return this.#deployEmpty(completed);
    const started = performance.now();
    this.#triggering = true;
    try {
      // The history notes beside the work; nothing starts before it has shown that it can.
      const noted = awaitedLater(this.#move(SessionStates.DEPLOYING));
      this.#graph = await this.#lists.join();
      // The columns of a large graph take some milliseconds at either side.
      await new Slices().pause();
      this.#deployment = new Deployment(this.#graph, this.#deploymentHost());
      const failures = await this.#deployment.makeAll();
      await Promise.all([noted, this.kept]);
      this.timings.deployMs = performance.now() - started;
      this.#executeStart = performance.now();
      this.startedAt = Date.now();
      const running = this.#move(SessionStates.RUNNING);
      this.#noted = awaitedLater(Promise.all([running, this.#deployment.factsKept]));
      if (failures.size > 0) {
        this.#deployment.giveUp(failures);
        this.#end(SessionStates.FAILED);
      } else if (this.#isLeaving || this.#isGivenUp) await this.cancel();
      else await this.#trigger(completed);
      await this.#noted;
    } catch (error) {
      this.#notes.error(undefined, error);
      // Nothing of a session that failed as a whole runs on.
      this.#end(SessionStates.FAILED, () => this.#deployment?.cancel());
      throw error;
    }
  }

  /** A session that nobody gave a graph is over; one whose lists were all refused, or had no drops, has nothing to deploy. */
  async #deployEmpty(completed: readonly string[] | 'roots'): Promise<void> {
    if (this.#state !== SessionStates.PRISTINE || (completed !== 'roots' && completed.length > 0))
      throw new InvalidSessionState(
        `Session ${this.sessionId} has no drops to deploy; append a graph first.`,
        { details: { sessionId: this.sessionId } },
      );
    this.#end(SessionStates.FINISHED);
    await this.over;
  }

  #deploymentHost(): DeploymentHost {
    const reuse = this.#reuse;
    return {
      ...{ around: this.#around, sessionId: this.sessionId, key: this.key, dir: this.dir },
      makeRecords: (deployment) => this.#makeRecords(deployment),
      finished: (byEndDrop) => this.#finish(byEndDrop),
      failed: (row, error) => this.#notes.error(row, error),
      work: reuse && ((app) => this.#takeOrRun(app, reuse)),
      onDelta: (delta) => this.#around.onChange(this, delta),
      log: (level, drop, message) => this.#notes.log(level, drop, message),
      drop: (uid) => this.findDrop(uid),
    };
  }

  #makeRecords({ graph, table, recorder }: Deployment): SessionRecords {
    const { store, ledger, hostName } = this.#around;
    return new SessionRecords({
      ...{ key: this.key, sessionId: this.sessionId, dir: this.dir, node: hostName },
      ...this.#about,
      ...{ graph, table, recorder, store, ledger },
      graphText: this.#lists.texts,
      plan: planOf(graph, this.#lists.reprodata(), this.#asked),
      log: (level, message) => this.#notes.log(level, undefined, message),
      problem: (row, error) => this.#notes.log('error', table.instances[row], messageOf(error)),
    });
  }

  async #takeOrRun(app: AppDROP, reuse: Reuse): Promise<void> {
    const graph = this.#graph as PhysicalGraph;
    const taken = app._row < graph.count ? await reuse.take(app, graph.spec(app._row)) : undefined;
    const decision = reuse.decisions.get(app.uid);
    if (decision) this.#notes.log('info', app, `${taken ? 'Taken over.' : 'Runs.'} ${decision.reason}`);
    if (taken) this.#deployment?.records.reused(app._row, taken);
    else if (app.execStatus === AppDROPStates.RUNNING) await app._attempt();
  }

  // --- running -----------------------------------------------------------------------------------------------------

  /**
   * Completes data drops and starts applications by uid, once what is being deployed is. Unknown ids are ignored, and so are
   * all of a session that does not run.
   */
  async triggerDrops(uids: readonly string[]): Promise<void> {
    if (this.#state < SessionStates.RUNNING) await this.#atWork;
    if (this.#state === SessionStates.RUNNING) await this.#trigger(uids);
  }

  async #trigger(which: readonly string[] | 'roots'): Promise<void> {
    const deployment = this.#deployment as Deployment;
    const rows =
      which === 'roots'
        ? await deployment.roots()
        : which.map((uid) => deployment.graph.rowOfUid(uid)).filter((row) => row >= 0);
    this.#triggering = true;
    await deployment.start(rows);
    this.#triggering = false;
    if (this.isStalled) this.#around.onChange(this, undefined);
  }

  /** All leaves have reported, or an end drop was reached. */
  #finish(byEndDrop: boolean): void {
    if (this.#state !== SessionStates.RUNNING) return;
    this.#finishing = true;
    queueMicrotask(() => {
      if (this.#state !== SessionStates.RUNNING) return;
      this.#deployment?.settleRest(byEndDrop);
      const failed = !byEndDrop && this.table.status.includes(DROPStates.ERROR);
      this.#end(failed ? SessionStates.FAILED : SessionStates.FINISHED);
    });
  }

  /** Cancels every drop that is not over. */
  async cancel(): Promise<void> {
    if (this.#state !== SessionStates.CANCELLED) this.#expect([SessionStates.RUNNING], 'be cancelled');
    this.#end(SessionStates.CANCELLED, () => this.#deployment?.cancel());
    await this.over;
  }

  /** Cancels it in whatever state it is. What is being added or deployed comes to its end first, and starts nothing. */
  async giveUp(): Promise<void> {
    this.#isGivenUp = true;
    if (this.#state < SessionStates.RUNNING) await this.#atWork;
    if (this.#state === SessionStates.RUNNING) await this.cancel();
    if (this.#state < SessionStates.RUNNING) this.#end(SessionStates.CANCELLED);
    await this.over;
  }

  /** Whether nothing runs and nothing can: the drops that are left wait for something outside. */
  get isStalled(): boolean {
    const isRunning = this.#state === SessionStates.RUNNING && !this.#triggering && !this.#finishing;
    return isRunning && this.#deployment?.isIdle === true;
  }

  // --- ending ------------------------------------------------------------------------------------------------------

  #end(state: SessionStates, breakOff?: () => Promise<void> | undefined): void {
    if (this.#ending.hasBegun) return;
    this.#state = state;
    if (this.#executeStart > 0) this.timings.executeMs = performance.now() - this.#executeStart;
    this.#ending.begin(state, breakOff);
  }

  get finishedAt(): number | null {
    return this.#ending.finishedAt;
  }

  /** Resolves with the final state once the states of all drops are durable. */
  get over(): Promise<SessionStates> {
    return this.#ending.over;
  }

  /** Resolves when DALiuGE's signatures are noted, too, or it is known that there are none. */
  get signed(): Promise<void> {
    return this.#ending.signed;
  }

  /** Whether DALiuGE's signatures of the session are noted, or it is known that there are none. */
  get isSigned(): boolean {
    return this.#ending.isSigned;
  }

  /** Resolves when what follows the session's end is done too: it is signed and sealed, `reprodata.out` is written. */
  recorded(): Promise<void> {
    return this.#ending.recorded();
  }

  /**
   * Cancels it where it is not over, and gives the drops back; the history stays. What is being added or deployed comes to its
   * end first, and starts nothing.
   */
  async dispose(): Promise<void> {
    this.#isLeaving = true;
    await this.#atWork;
    if (this.#state === SessionStates.RUNNING) await this.cancel();
    if (this.#state < SessionStates.RUNNING) this.#end(SessionStates.CANCELLED);
    await this.#ending.dispose();
    await this.#deployment?.close();
    this.#deployment = undefined;
    this.#lists.clear();
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

  #expectBuilding(what: string): void {
    if (this.#isLeaving) throw new NoSessionException(this.sessionId);
    this.#expect([SessionStates.PRISTINE, SessionStates.BUILDING], what);
  }

  #expect(states: readonly SessionStates[], what: string): void {
    if (!states.includes(this.#state))
      throw new InvalidSessionState(
        `Session ${this.sessionId} cannot ${what}: it is ${SESSION_STATE_NAMES[this.#state]}, but one of ${states.map((s) => SESSION_STATE_NAMES[s]).join(', ')} was expected.`,
        { details: { sessionId: this.sessionId, status: this.#state } },
      );
  }

  // --- looking -----------------------------------------------------------------------------------------------------

  /** Whether data of it is still to expire at the end of a lifespan; only while its drops are there, somebody sees to it. */
  get awaitsExpiry(): boolean {
    return this.#deployment?.lifecycle.awaitsExpiry ?? false;
  }

  findDrop(uid: string): AbstractDROP | undefined {
    const row = this.#graph?.rowOfUid(uid) ?? -1;
    return row >= 0 && row < this.table.size ? this.table.drop(row) : undefined;
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

  /** Records an error of the session as a whole. */
  note(error: unknown): void {
    this.#notes.error(undefined, error);
  }

  /** The first thing that went wrong, in words. */
  get firstError(): string | undefined {
    return this.#notes.firstError;
  }

  /** Drops that are not over. */
  get waiting(): number {
    return this.#deployment?.waiting ?? 0;
  }
}

/** The same promise, which may fail before it is waited for: whoever waits hears of it then. */
function awaitedLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
