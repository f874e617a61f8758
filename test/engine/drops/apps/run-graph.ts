/** Runs a small physical graph without a session: makes the drops, links them, completes the roots, waits for the end. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AppDROP } from '../../../../engine/drops/app-drop.ts';
import { Services, type DropContext, type LogLevel } from '../../../../engine/drops/context.ts';
import type { AbstractDROP } from '../../../../engine/drops/drop.ts';
import { PLACE, type DropKwargs } from '../../../../engine/drops/drop.ts';
import { Flow } from '../../../../engine/drops/flow.ts';
import { dropClass } from '../../../../engine/drops/registry.ts';
import { DropTable } from '../../../../engine/drops/table.ts';
import { DROPLinkType, isWeirError } from '../../../../engine/protocol/index.ts';
import '../../../../engine/drops/apps/index.ts';
import '../../../../engine/drops/data/index.ts';

export type Spec = Record<string, unknown> & { oid: string };

export interface LogLine {
  readonly level: LogLevel;
  readonly uid: string | undefined;
  readonly message: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly sessionId?: string;
  readonly baseDir?: string;
  /** Shared by several runs; their owner disposes of it. */
  readonly services?: Services;
  /** As sessions do; by default every application waits for its own turn. */
  readonly mayRunAhead?: boolean;
}

/** The drops of a graph, what happened to them, and the directory they ran in. */
export class GraphRun {
  readonly drops = new Map<string, AbstractDROP>();
  readonly errors = new Map<string, unknown>();
  readonly events = new Map<string, (readonly [string, number])[]>();
  readonly log: LogLine[] = [];
  readonly baseDir: string;
  readonly services: Services;
  readonly context: DropContext;
  readonly #specs: readonly Spec[];
  readonly #waiting: (readonly [RegExp, () => void])[] = [];
  readonly #table = new DropTable();

  constructor(specs: readonly Spec[], options: RunOptions = {}) {
    this.#specs = specs;
    this.services = options.services ?? new Services();
    this.baseDir = options.baseDir ?? mkdtempSync(path.join(tmpdir(), 'weir-apps-'));
    const context: DropContext = {
      sessionId: options.sessionId ?? 'golden',
      baseDir: this.baseDir,
      dlgRoot: path.join(this.baseDir, 'dlg-root'),
      hostName: 'localhost',
      env: { ...process.env, ...options.env },
      mayRunAhead: options.mayRunAhead === true,
      now: () => Date.now(),
      log: (level, drop, message) => {
        this.log.push({ level, uid: drop?.uid, message });
        for (const [pattern, tell] of this.#waiting) if (pattern.test(message)) tell();
      },
      service: (key) => this.services.get(key, context),
    };
    this.context = context;
    const flow = new Flow(this.#table, {
      failed: (row, error) => this.errors.set(this.#table.drop(row).uid, error),
    });
    for (const spec of specs) this.#make(spec, flow);
    for (const spec of specs) this.#link(spec);
  }

  #make(spec: Spec, flow: Flow): void {
    const kwargs: DropKwargs = { ...spec };
    for (const gone of ['oid', 'uid', 'dropclass']) delete kwargs[gone];
    const args = (spec['applicationArgs'] ?? {}) as Record<string, { value?: unknown }>;
    for (const [name, arg] of Object.entries(args)) kwargs[name] = arg.value;
    const place = { flow, row: this.#table.addRow(0), context: this.context };
    (kwargs as { [PLACE]?: unknown })[PLACE] = place;
    const Class = dropClass(String(spec['dropclass']));
    if (!Class) throw new Error(`no class ${String(spec['dropclass'])}`);
    const drop = new Class(spec.oid, typeof spec['uid'] === 'string' ? spec['uid'] : spec.oid, kwargs);
    this.drops.set(spec.oid, drop);
    const seen: [string, number][] = [];
    this.events.set(spec.oid, seen);
    drop.subscribe({
      handleEvent: (event) => {
        if (event.type === 'status' || event.type === 'dropCompleted' || event.type === 'producerFinished')
          seen.push([event.type, event['status'] as number]);
        else if (event.type === 'execStatus') seen.push([event.type, event['execStatus'] as number]);
      },
    });
  }

  #link(spec: Spec): void {
    const self = this.drop(spec.oid);
    for (const [key, value] of Object.entries(spec)) {
      if (!Array.isArray(value)) continue;
      for (const entry of value as unknown[]) {
        const ids = typeof entry === 'string' ? [entry] : Object.keys(entry ?? {});
        for (const id of ids) {
          const other = this.drops.get(id);
          if (other) link(self, key, other);
        }
      }
    }
  }

  drop(oid: string): AbstractDROP {
    const drop = this.drops.get(oid);
    if (!drop) throw new Error(`no drop ${oid}`);
    return drop;
  }

  app(oid: string): AppDROP {
    const drop = this.drop(oid);
    if (!(drop instanceof AppDROP)) throw new Error(`${oid} is no application`);
    return drop;
  }

  /** The failure of a drop as text, with its details. */
  errorOf(oid: string): { message: string; details: Readonly<Record<string, unknown>> } {
    const error = this.errors.get(oid);
    if (!(error instanceof Error)) throw new Error(`${oid} did not fail`);
    return { message: error.message, details: isWeirError(error) ? error.details : {} };
  }

  get roots(): AbstractDROP[] {
    return [...this.drops.values()].filter((drop) =>
      drop instanceof AppDROP
        ? drop.inputs.length + drop.streamingInputs.length === 0
        : drop.producers.length === 0,
    );
  }

  /** Resolves when a line is logged that the pattern matches. */
  logged(pattern: RegExp): Promise<void> {
    if (this.log.some(({ message }) => pattern.test(message))) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push([pattern, resolve]));
  }

  /** Completes data roots and starts application roots. */
  async trigger(roots: readonly AbstractDROP[] = this.roots): Promise<void> {
    for (const root of roots)
      if (root instanceof AppDROP) root.asyncExecute();
      else await root.setCompleted();
  }

  /** Resolves when every drop is over. */
  async over(drops: Iterable<AbstractDROP> = this.drops.values()): Promise<void> {
    for (const drop of drops) await isOver(drop);
    // Announcements of the last drop have gone out with its state or go out with its promises.
    await new Promise((resolve) => setImmediate(resolve));
  }

  async run(): Promise<this> {
    await this.trigger();
    await this.over();
    return this;
  }

  get specs(): readonly Spec[] {
    return this.#specs;
  }
}

function link(self: AbstractDROP, key: string, other: AbstractDROP): void {
  if (key === 'consumers') self.addConsumer(other);
  else if (key === 'streamingConsumers') self.addStreamingConsumer(other);
  else if (key === 'producers') self.addProducer(other);
  else if (key === 'inputs') other.addConsumer(self);
  else if (key === 'streamingInputs') other.addStreamingConsumer(self);
  else if (key === 'outputs') self._link(DROPLinkType.OUTPUT, other);
}

/** Resolves when a drop has reached a final state. */
export function isOver(drop: AbstractDROP): Promise<void> {
  if (drop.status >= 2) return Promise.resolve();
  return new Promise((resolve) => {
    const listener = {
      handleEvent: () => {
        if (drop.status < 2) return;
        drop.unsubscribe(listener, 'status');
        resolve();
      },
    };
    drop.subscribe(listener, 'status');
  });
}

/** Resolves when an application runs. */
export function isRunning(app: AppDROP): Promise<void> {
  if (app.execStatus >= 1) return Promise.resolve();
  return new Promise((resolve) => {
    const listener = {
      handleEvent: () => {
        app.unsubscribe(listener, 'execStatus');
        resolve();
      },
    };
    app.subscribe(listener, 'execStatus');
  });
}

/** The content of a data drop as text. */
export async function textOf(drop: AbstractDROP): Promise<string> {
  const data = drop as unknown as { contents(): Promise<Uint8Array> };
  return Buffer.from(await data.contents()).toString('utf8');
}
