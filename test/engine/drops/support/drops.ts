/** Small helpers for tests of drops: what surrounds a drop, and applications that do what a test says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AppDROP, BarrierAppDROP, Flow, DropTable, PLACE, Services } from '../../../../engine/drops/index.ts';
import type { AbstractDROP, DropContext, DropKwargs } from '../../../../engine/drops/index.ts';
import type { Event } from '../../../../engine/protocol/index.ts';

export function temporaryDirectory(): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(path.join(tmpdir(), 'weir-drops-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export interface TestContext extends DropContext {
  readonly logged: string[];
  readonly services: Services;
}

export function contextIn(dir: string, more: Partial<DropContext> = {}): TestContext {
  const services = new Services();
  const logged: string[] = [];
  const context: TestContext = {
    sessionId: 'test-session',
    baseDir: dir,
    dlgRoot: path.join(dir, 'root'),
    hostName: 'localhost',
    env: {},
    now: () => Date.now(),
    log: (_level, _drop, message) => void logged.push(message),
    service: (key) => services.get(key, context),
    logged,
    services,
    ...more,
  };
  return context;
}

/** Arguments that place a drop in `context`, in a table of its own. */
export function placedIn(context: DropContext, kwargs: DropKwargs = {}): DropKwargs {
  const table = new DropTable();
  const flow = new Flow(table, { failed: (_row, error) => context.log('error', undefined, String(error)) });
  const placed: DropKwargs = { ...kwargs };
  (placed as Record<symbol, unknown>)[PLACE] = { flow, row: table.addRow(0), context };
  return placed;
}

/** Status and completion events of a drop as text, in the order of arrival. */
export function recordEvents(drop: AbstractDROP): string[] {
  const seen: string[] = [];
  drop.subscribe({
    handleEvent: (event: Event) => {
      if (event.type === 'status' || event.type === 'dropCompleted')
        seen.push(`${event.type} ${String(event['status'])}`);
    },
  });
  return seen;
}

/** An application whose work is a function. */
export class TestApp extends BarrierAppDROP {
  readonly #work: () => void | Promise<void>;

  constructor(uid: string, work: () => void | Promise<void> = () => undefined, kwargs: DropKwargs = {}) {
    super(uid, uid, kwargs);
    this.#work = work;
  }

  override run(): void | Promise<void> {
    return this.#work();
  }
}

/** A streaming consumer that keeps what it is given. */
export class TestReceiver extends AppDROP {
  readonly received: Uint8Array[] = [];
  /** How long it takes a piece, where a test wants it slow. */
  takes: (() => Promise<void>) | undefined;

  override dataWritten(_uid: string, data: Uint8Array): void | Promise<void> {
    this.received.push(Buffer.from(data));
    return this.takes?.();
  }
}
