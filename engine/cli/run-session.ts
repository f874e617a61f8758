/** One session from start to end, and the document that says how it went (design/cli.md, `run`). */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  APP_STATE_NAMES,
  DROP_STATE_NAMES,
  DROPStates,
  messageOf,
  SESSION_STATE_NAMES,
  SessionStates,
  WeirError,
} from '../protocol/index.ts';
import { DataDROP } from '../drops/index.ts';
import { newSessionId, type GraphFile, type TranslationChoices } from '../api/index.ts';
import type { Host } from '../host/index.ts';
import type { Reuse, Session } from '../session/index.ts';
import { note, translationProgress } from './output.ts';

export interface RunOptions {
  readonly session?: string;
  readonly rmode: string;
  /** How a logical graph or a template is translated. */
  readonly translation?: TranslationChoices;
  readonly timeoutS?: number;
  readonly drops?: boolean;
  readonly outputs?: string;
  readonly quiet?: boolean;
}

export interface RunResult {
  readonly sessionId: string;
  readonly status: string;
  readonly sessionDir: string;
  readonly drops: { readonly total: number; readonly byState: Readonly<Record<string, number>> };
  readonly errors: readonly {
    readonly uid: string | null;
    readonly name: string | null;
    readonly message: string;
  }[];
  readonly signatures: Readonly<Record<string, string>>;
  readonly timings: Readonly<Record<string, number | null>>;
  readonly dropStates?: Readonly<Record<string, { readonly status: string; readonly execStatus?: string }>>;
}

export async function runSession(
  host: Host,
  graph: GraphFile,
  options: RunOptions,
  interrupted: AbortSignal,
): Promise<RunResult> {
  const started = performance.now();
  const physical = await host.deps.toPhysical(
    graph,
    { rmode: options.rmode, ...options.translation },
    {
      signal: interrupted,
      onWarning: (message) => note(`weir: warning: ${message}`),
      ...(options.quiet ? {} : { onProgress: translationProgress() }),
    },
  );
  const id = options.session ?? newSessionId(physical.name);
  const session = await host.manager.createSession(id, {
    graphName: physical.name,
    origin: physical.origin,
    rmode: options.rmode,
  });
  try {
    await session.addGraphSpec(physical.bytes, { later: true });
  } catch (error) {
    // A graph that cannot be run leaves no session behind.
    await host.manager.destroySession(id);
    await host.store.deleteSession(session.key);
    throw error;
  }
  return driveSession(host, session, options, interrupted, started);
}

/** Deploys a session that has its graph, waits for its end, says how it went. `started`: by `performance.now()`. */
export async function driveSession(
  host: Host,
  session: Session,
  options: Omit<RunOptions, 'session' | 'rmode' | 'translation'>,
  interrupted: AbortSignal,
  started: number,
  reuse?: Reuse,
): Promise<RunResult> {
  const end = endings(host, session, options.timeoutS, interrupted);
  const progress = options.quiet ? undefined : showProgress(host, session);
  try {
    if (!interrupted.aborted) await session.deploy('roots', reuse);
    await end.reached;
  } finally {
    end.stop();
    progress?.();
  }
  if (options.outputs !== undefined) await writeOutputs(session, options.outputs);
  return describe(host, session, performance.now() - started, options.drops === true);
}

/** The session is over, stands still, takes too long or is interrupted: whichever comes first; all but the first cancel it. */
function endings(
  host: Host,
  session: Session,
  timeoutS: number | undefined,
  interrupted: AbortSignal,
): { reached: Promise<void>; stop: () => void } {
  const stops: (() => void)[] = [];
  const give = (why: string) => {
    session.note(new WeirError('TIMEOUT', why));
    return session.giveUp();
  };
  const reached = new Promise<void>((resolve, reject) => {
    session.over.then(() => resolve(), reject);
    const stalled = host.manager.subscribe((changed) => {
      if (changed !== session || !session.isStalled) return;
      give(
        `The session stands still: nothing runs, and ${session.waiting} drop(s) wait for something that will not happen here.`,
      ).then(resolve, reject);
    });
    stops.push(() => void stalled());
    if (timeoutS !== undefined) {
      const tooLong = () =>
        void give(`The session was cancelled: it ran longer than the ${timeoutS} s of --timeout.`).then(
          resolve,
          reject,
        );
      const timer = setTimeout(tooLong, timeoutS * 1000);
      stops.push(() => void clearTimeout(timer));
    }
    const cancel = () => {
      note('weir: cancelling the session (press Ctrl-C again to leave at once)');
      session.giveUp().then(resolve, reject);
    };
    if (interrupted.aborted) cancel();
    interrupted.addEventListener('abort', cancel);
    stops.push(() => interrupted.removeEventListener('abort', cancel));
  });
  // Heard of once the session is deployed.
  reached.catch(() => undefined);
  return { reached, stop: () => stops.forEach((stop) => stop()) };
}

/** A line on standard error that follows the run, on a terminal only. */
function showProgress(host: Host, session: Session): (() => void) | undefined {
  if (!process.stderr.isTTY) return undefined;
  let last = 0;
  const stop = host.manager.subscribe((changed) => {
    if (changed !== session || performance.now() - last < 200) return;
    last = performance.now();
    const done = session.table.status.reduce((sum, s) => sum + (s >= DROPStates.COMPLETED ? 1 : 0), 0);
    process.stderr.write(
      `\r${SESSION_STATE_NAMES[session.status]} ${done} of ${session.table.size} drops\u001b[K`,
    );
  });
  return () => {
    stop();
    process.stderr.write('\r\u001b[K');
  };
}

/** Writes the content of every readable data drop to DIR/<uid>. A uid that is no file name is percent-encoded. */
async function writeOutputs(session: Session, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const graph of session.parts)
    for (let row = 0; row < graph.count; row++) {
      if (graph.isApp(row) || session.table.status[row] !== DROPStates.COMPLETED) continue;
      const drop = session.drop(graph.uid(row));
      if (!(drop instanceof DataDROP)) continue;
      try {
        if (!(await drop.hasEnd()))
          throw new WeirError('FILE_UNREADABLE', 'it is in a pipe or a device, not in a file');
        await pipeline(drop.stream(), createWriteStream(path.join(dir, fileName(drop.uid))));
      } catch (error) {
        note(`weir: the content of ${drop.uid} cannot be read: ${messageOf(error)}`);
      }
    }
}

function fileName(uid: string): string {
  return uid.replace(/[/\\]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`);
}

async function describe(
  host: Host,
  session: Session,
  wallMs: number,
  withDrops: boolean,
): Promise<RunResult> {
  await session.signed;
  const row = await host.store.session(session.sessionId);
  const errors = await host.store.errors(session.key, 1000);
  const counts = new Uint32Array(DROP_STATE_NAMES.length);
  for (const status of session.table.status.subarray(0, session.table.size))
    counts[status] = (counts[status] as number) + 1;
  const byState: Record<string, number> = {};
  for (const [status, name] of DROP_STATE_NAMES.entries()) if (counts[status]) byState[name] = counts[status];
  return {
    sessionId: session.sessionId,
    status: SESSION_STATE_NAMES[session.status] as string,
    sessionDir: session.dir,
    drops: { total: session.table.size, byState },
    errors: errors.map(({ uid, name, message }) => ({ uid, name, message })),
    signatures: row?.signatures ?? {},
    timings: { ...session.timings, wallMs },
    ...(withDrops ? { dropStates: dropStates(session) } : {}),
  };
}

function dropStates(session: Session): Record<string, { status: string; execStatus?: string }> {
  const states: Record<string, { status: string; execStatus?: string }> = {};
  for (const graph of session.parts)
    for (let row = 0; row < session.table.size; row++) {
      const status = DROP_STATE_NAMES[session.table.status[row] as number] as string;
      states[graph.uid(row)] = graph.isApp(row)
        ? { status, execStatus: APP_STATE_NAMES[session.table.exec[row] as number] as string }
        : { status };
    }
  return states;
}

/** Whether a run went well: the exit status hangs on it. */
export function wentWell(result: RunResult): boolean {
  return result.status === SESSION_STATE_NAMES[SessionStates.FINISHED];
}
