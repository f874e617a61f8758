/** What surrounds a drop: its session, its directory, its environment, the services it may use. */
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AbstractDROP } from './drop.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Names a service that drops share (a pool of Python workers, a Docker client) and how the first user makes it. */
export class ServiceKey<T> {
  readonly name: string;
  readonly make: (context: DropContext) => T;
  /** Ends the service when its Host or session closes. */
  readonly dispose: ((service: T) => void | Promise<void>) | undefined;
  /** Frees what the service holds for a session that is gone. */
  readonly endSession: ((service: T, sessionId: string) => void | Promise<void>) | undefined;

  constructor(
    name: string,
    make: (context: DropContext) => T,
    dispose?: (service: T) => void | Promise<void>,
    endSession?: (service: T, sessionId: string) => void | Promise<void>,
  ) {
    this.name = name;
    this.make = make;
    this.dispose = dispose;
    this.endSession = endSession;
  }
}

/** Holds services by key; one per Host, shared by its sessions. */
export class Services {
  readonly #made = new Map<ServiceKey<unknown>, unknown>();

  get<T>(key: ServiceKey<T>, context: DropContext): T {
    if (!this.#made.has(key as ServiceKey<unknown>))
      this.#made.set(key as ServiceKey<unknown>, key.make(context));
    return this.#made.get(key as ServiceKey<unknown>) as T;
  }

  /** Gives a service that the Host makes itself, before anybody asks for it. */
  provide<T>(key: ServiceKey<T>, service: T): void {
    this.#made.set(key as ServiceKey<unknown>, service);
  }

  /** The service if somebody has used it already. */
  peek<T>(key: ServiceKey<T>): T | undefined {
    return this.#made.get(key as ServiceKey<unknown>) as T | undefined;
  }

  /** A session is gone: what services hold for it is freed. */
  async endSession(sessionId: string): Promise<void> {
    for (const [key, service] of this.#made) await key.endSession?.(service, sessionId);
  }

  async dispose(): Promise<void> {
    const all = [...this.#made];
    this.#made.clear();
    for (const [key, service] of all) await key.dispose?.(service);
  }
}

export interface DropContext {
  /** '' for drops made by hand. */
  readonly sessionId: string;
  /** Absolute directory below which relative paths of drops lie (spec/engine.md 4.6). */
  readonly baseDir: string;
  /** DLG_ROOT of this Host. */
  readonly dlgRoot: string;
  readonly hostName: string;
  /** Environment that drops see: that of the Host plus the session's own. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether data drops also make a SHA-256 of what is written through them (`DataDROP.contentHash`). Default: no. */
  readonly hashing?: boolean;
  /**
   * Whether every application runs once its inputs are there, so that one may be begun together with the one before it.
   * Default: no, as somebody may decide for each whether it runs.
   */
  readonly mayRunAhead?: boolean;
  /** Milliseconds since 1970. */
  now(): number;
  log(level: LogLevel, drop: AbstractDROP | undefined, message: string): void;
  service<T>(key: ServiceKey<T>): T;
  /** The text of a dropspec as it was submitted, by the row of its drop. */
  specText?(row: number): string | undefined;
  /** Another drop of the same session, by uid. */
  drop?(uid: string): AbstractDROP | undefined;
}

const looseServices = new Services();

/** The surroundings of drops made by hand: no session, files below the system's temporary directory, errors to stderr. */
export const looseContext: DropContext = {
  sessionId: '',
  baseDir: path.join(tmpdir(), 'daliuge_tfiles'),
  get dlgRoot() {
    return process.env['DLG_ROOT'] ?? path.join(process.env['HOME'] ?? tmpdir(), 'dlg');
  },
  hostName: 'localhost',
  env: process.env,
  now: () => Date.now(),
  log: (level, drop, message) => {
    if (level !== 'error') return;
    process.emitWarning(drop ? `${drop.uid}: ${message}` : message, 'WeirWarning');
  },
  service: (key) => looseServices.get(key, looseContext),
};
