/** The sessions of one node (spec/managers.md section 2.1). */
import { availableParallelism } from 'node:os';
import {
  InvalidSessionState,
  NoSessionException,
  SessionAlreadyExistsException,
  SESSION_STATE_NAMES,
  type DROPLinkType,
  type SessionStates,
} from '../protocol/index.ts';
import {
  defaultLimits,
  Lanes,
  Session,
  type SessionDelta,
  type SessionSurroundings,
} from '../session/index.ts';

export interface NodeManagerOptions extends Omit<SessionSurroundings, 'lanes' | 'onChange'> {
  readonly version: string;
  /** Applications that run at once as processes; 0 or less: one a core (upstream's --max-threads). */
  readonly maxThreads?: number;
  /** Sessions that are still shown after their drops were let go; beyond, the oldest are in the history only. Default 10,000. */
  readonly maxPast?: number;
}

/** Told when a session changed: `delta` says which drops moved, undefined that the session itself did. */
export type SessionListener = (session: Session, delta: SessionDelta | undefined) => void;

/** Sessions that are over and whose drops are still held, so that large results can be read. */
const KEPT_SESSIONS = 8;
const MAX_PAST = 10_000;

/** A session that is over and whose drops were let go: the history has the rest of it. */
export interface PastSession {
  readonly sessionId: string;
  /** Key of the session in the store. */
  readonly key: number;
  readonly dir: string;
  readonly status: SessionStates;
  readonly drops: number;
}

export interface SessionOrigin {
  readonly graphName?: string;
  readonly origin?: string;
  readonly rmode?: string;
}

export class NodeManager {
  readonly #options: NodeManagerOptions;
  readonly #lanes: Lanes;
  readonly #sessions = new Map<string, Session>();
  readonly #past = new Map<string, PastSession>();
  /** Sessions whose creation is under way: two requests for one id cannot both win. */
  readonly #creating = new Map<string, Promise<Session>>();
  #isClosing = false;
  readonly #listeners = new Set<SessionListener>();

  constructor(options: NodeManagerOptions) {
    this.#options = options;
    const cores = options.maxThreads && options.maxThreads > 0 ? options.maxThreads : availableParallelism();
    this.#lanes = new Lanes(defaultLimits(cores));
  }

  /** Calls back on every change of every session until the returned function is called. */
  subscribe(listener: SessionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get sessions(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  /** Sessions that are not over. */
  get running(): readonly Session[] {
    return this.sessions.filter((session) => !session.isOver);
  }

  has(sessionId: string): boolean {
    return this.#sessions.has(sessionId);
  }

  /** Sessions whose drops were let go, and which nobody has destroyed since. */
  get past(): readonly PastSession[] {
    return [...this.#past.values()];
  }

  findPast(sessionId: string): PastSession | undefined {
    return this.#past.get(sessionId);
  }

  find(sessionId: string): Session | undefined {
    return this.#sessions.get(sessionId);
  }

  /** The session of this id. Throws NoSessionException, and InvalidSessionState where its drops were let go. */
  get(sessionId: string): Session {
    const session = this.#sessions.get(sessionId);
    if (session) return session;
    const past = this.#past.get(sessionId);
    if (!past) throw new NoSessionException(sessionId);
    const status = SESSION_STATE_NAMES[past.status] as string;
    throw new InvalidSessionState(
      `Session ${sessionId} is ${status}: nothing can be done with it any more.`,
      {
        details: { sessionId, status },
      },
    );
  }

  /**
   * Makes a session; it is durable when this resolves. Throws SessionAlreadyExistsException, also for ids in the history, and
   * InvalidSessionState where the node is being shut down.
   */
  createSession(sessionId: string, about: SessionOrigin = {}): Promise<Session> {
    if (this.#sessions.has(sessionId) || this.#creating.has(sessionId))
      return Promise.reject(new SessionAlreadyExistsException(sessionId));
    if (this.#isClosing)
      return Promise.reject(
        new InvalidSessionState(
          `This node is being shut down: session ${sessionId} cannot be made any more.`,
          {
            details: { sessionId },
          },
        ),
      );
    const creating = this.#create(sessionId, about).finally(() => this.#creating.delete(sessionId));
    this.#creating.set(sessionId, creating);
    return creating;
  }

  async #create(sessionId: string, about: SessionOrigin): Promise<Session> {
    if (await this.#options.store.session(sessionId)) throw new SessionAlreadyExistsException(sessionId);
    const session = await Session.create(
      {
        sessionId,
        graphName: about.graphName ?? sessionId,
        origin: about.origin ?? 'rest',
        rmode: about.rmode ?? 'NOTHING',
        version: this.#options.version,
      },
      { ...this.#options, lanes: this.#lanes, onChange: (changed, delta) => this.#changed(changed, delta) },
    );
    this.#sessions.set(sessionId, session);
    this.#changed(session, undefined);
    this.#letGo();
    return session;
  }

  addGraphSpec(sessionId: string, bytes: Uint8Array): Promise<void> {
    return this.get(sessionId).addGraphSpec(bytes);
  }

  linkGraphParts(sessionId: string, lhs: string, rhs: string, type: DROPLinkType): void {
    this.get(sessionId).linkGraphParts(lhs, type, rhs);
  }

  deploySession(sessionId: string, completed: readonly string[] | 'roots' = []): Promise<void> {
    return this.get(sessionId).deploy(completed);
  }

  triggerDrops(sessionId: string, uids: readonly string[]): Promise<void> {
    return this.get(sessionId).triggerDrops(uids);
  }

  cancelSession(sessionId: string): Promise<void> {
    return this.get(sessionId).cancel();
  }

  /** Takes a session out of memory, ending it first; its history and its directory stay. */
  async destroySession(sessionId: string): Promise<void> {
    if (this.#past.delete(sessionId)) return;
    const session = this.get(sessionId);
    try {
      await session.dispose();
    } finally {
      // Gone also where the history takes no more of it.
      this.#sessions.delete(sessionId);
      this.#changed(session, undefined);
    }
  }

  getSessionStatus(sessionId: string): SessionStates {
    return this.get(sessionId).status;
  }

  statusName(sessionId: string): string {
    return SESSION_STATE_NAMES[this.getSessionStatus(sessionId)] as string;
  }

  /** Lets the drops of the oldest finished sessions go when there are too many in memory, not before their lifespans end. */
  #letGo(): void {
    const over = this.sessions.filter((session) => session.isOver && !session.awaitsExpiry);
    for (const session of over.slice(0, Math.max(0, over.length - KEPT_SESSIONS)))
      void this.#release(session).catch(this.#options.onProblem);
  }

  async #release(session: Session): Promise<void> {
    const { sessionId, key, dir } = session;
    const drops = session.parts.reduce((sum, graph) => sum + graph.count, 0);
    try {
      await session.dispose();
    } finally {
      // Somebody may have destroyed it meanwhile.
      if (this.#sessions.delete(sessionId))
        this.#past.set(sessionId, { sessionId, key, dir, status: session.status, drops });
      const [oldest] = this.#past.keys();
      if (oldest !== undefined && this.#past.size > (this.#options.maxPast ?? MAX_PAST))
        this.#past.delete(oldest);
      this.#changed(session, undefined);
    }
  }

  #changed(session: Session, delta: SessionDelta | undefined): void {
    for (const listener of this.#listeners) listener(session, delta);
  }

  /** Cancels what runs and lets all sessions go; no more are made. */
  async shutdown(): Promise<void> {
    this.#isClosing = true;
    await Promise.allSettled(this.#creating.values());
    for (const session of this.sessions) await session.dispose().catch(this.#options.onProblem);
    this.#sessions.clear();
    this.#past.clear();
  }
}
