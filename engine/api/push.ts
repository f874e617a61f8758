/**
 * The push channel: who watches gets a snapshot and then what changed, at most ten times a second and never more than a
 * message can hold. Nothing is sent, and nothing is computed, for nobody.
 */
import type { Session, SessionDelta } from '../session/index.ts';
import type { SessionMessage, TopicMessage, TopicName } from './contract.ts';
import type { Static } from 'typebox';
import type { ApiDeps } from './deps.ts';
import { errorOf, logOf, summaryOf } from './summaries.ts';

const PACE_MS = 100;
/** Rows, errors and logs in one message at most; more than that is fetched by who wants to see it. */
const MAX_ROWS = 5000;
const MAX_ENTRIES = 200;
const LISTED_SESSIONS = 200;

type Listener = (message: unknown) => void;

interface Watch {
  readonly listeners: Set<Listener>;
  rows: Set<number>;
  overflow: boolean;
  errors: SessionDelta['errors'][number][];
  logs: SessionDelta['logs'][number][];
}

export class Push {
  readonly #deps: ApiDeps;
  readonly #list = new Set<Listener>();
  readonly #listChanges = new Set<string>();
  readonly #sessions = new Map<string, Watch>();
  readonly #due = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #listDue = false;
  readonly #stop: () => void;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
    this.#stop = deps.manager.subscribe((session, delta) => this.#changed(session, delta));
  }

  close(): void {
    this.#stop();
    clearTimeout(this.#timer);
    this.#list.clear();
    this.#sessions.clear();
  }

  /** Watches a topic; the snapshot comes first. Returns what ends it. */
  subscribe<T extends TopicName>(
    topic: T,
    params: { readonly sessionId?: string },
    listener: (message: TopicMessage<T>) => void,
  ): () => void {
    const receiver = listener as Listener;
    if (topic === 'sessions') {
      this.#list.add(receiver);
      void this.#listSnapshot(receiver);
      return () => this.#list.delete(receiver);
    }
    const id = params.sessionId as string;
    const watch = this.#sessions.get(id) ?? {
      listeners: new Set<Listener>(),
      rows: new Set<number>(),
      overflow: false,
      errors: [],
      logs: [],
    };
    this.#sessions.set(id, watch);
    watch.listeners.add(receiver);
    void this.#snapshot(id, receiver);
    return () => {
      watch.listeners.delete(receiver);
      if (watch.listeners.size === 0) this.#sessions.delete(id);
    };
  }

  /** A session was deleted from the history. */
  removed(sessionId: string): void {
    for (const listener of this.#list) listener({ type: 'delta', changed: [], removed: [sessionId] });
    for (const listener of this.#sessions.get(sessionId)?.listeners ?? []) listener({ type: 'gone' });
  }

  async #listSnapshot(listener: Listener): Promise<void> {
    const { sessions, total } = await this.#deps.store.sessions({ limit: LISTED_SESSIONS });
    if (this.#list.has(listener))
      listener({
        type: 'snapshot',
        sessions: sessions.map((row) => summaryOf(row, this.#deps.manager.find(row.sessionId))),
        total,
      });
  }

  async #snapshot(sessionId: string, listener: Listener): Promise<void> {
    const row = await this.#deps.store.session(sessionId);
    if (!this.#sessions.get(sessionId)?.listeners.has(listener)) return;
    const message: Static<typeof SessionMessage> = row
      ? { type: 'snapshot', summary: summaryOf(row, this.#deps.manager.find(sessionId)) }
      : { type: 'gone' };
    listener(message);
  }

  #changed(session: Session, delta: SessionDelta | undefined): void {
    const id = session.sessionId;
    if (this.#list.size > 0) {
      this.#listChanges.add(id);
      this.#listDue = true;
    }
    const watch = this.#sessions.get(id);
    if (watch) {
      this.#due.add(id);
      if (delta) addTo(watch, delta);
    }
    if (watch || this.#listDue) this.#timer ??= setTimeout(() => void this.#send(), PACE_MS);
  }

  async #send(): Promise<void> {
    this.#timer = undefined;
    const due = [...this.#due];
    this.#due.clear();
    for (const id of due) await this.#sendSession(id);
    if (this.#listDue) await this.#sendList();
  }

  async #sendSession(id: string): Promise<void> {
    const row = await this.#deps.store.session(id);
    const watch = this.#sessions.get(id);
    if (!row || !watch) return;
    const session = this.#deps.manager.find(id);
    const rows = [...watch.rows];
    const { table } = session ?? { table: undefined };
    const message: Static<typeof SessionMessage> = {
      type: 'delta',
      summary: summaryOf(row, session),
      rows,
      status: rows.map((r) => table?.status[r] ?? 0),
      execStatus: rows.map((r) => (table?.isApp(r) ? (table.exec[r] ?? 0) : -1)),
      overflow: watch.overflow,
      errors: watch.errors.map(errorOf),
      logs: watch.logs.map((entry) => logOf(entry, -1)),
    };
    watch.rows = new Set();
    watch.overflow = false;
    watch.errors = [];
    watch.logs = [];
    for (const listener of watch.listeners) listener(message);
  }

  async #sendList(): Promise<void> {
    const ids = [...this.#listChanges];
    this.#listChanges.clear();
    this.#listDue = false;
    const rows = await Promise.all(ids.map((id) => this.#deps.store.session(id)));
    const changed = rows
      .filter((row) => row !== undefined)
      .map((row) => summaryOf(row, this.#deps.manager.find(row.sessionId)));
    for (const listener of this.#list) listener({ type: 'delta', changed, removed: [] });
  }
}

function addTo(watch: Watch, delta: SessionDelta): void {
  if (watch.rows.size + delta.rows.length > MAX_ROWS) {
    watch.overflow = true;
    watch.rows = new Set();
  } else for (const row of delta.rows) watch.rows.add(row);
  watch.errors.push(...delta.errors.slice(0, MAX_ENTRIES - watch.errors.length));
  const room = MAX_ENTRIES - watch.logs.length;
  if (room < delta.logs.length) watch.overflow = true;
  watch.logs.push(...delta.logs.slice(0, room));
}
