/**
 * A node that has just started runs some sessions of its own, in a store that is thrown away: the code that reads, deploys and
 * records is compiled by then, and the first graph of 10,000 drops takes half the time. It stands back while somebody has
 * real work: small sessions come first, so that nobody waits for a large one whose code is slow yet.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { Services } from '../drops/index.ts';
import { type GraphParser, practiceGraph } from '../graph/index.ts';
import { NodeManager } from '../managers/index.ts';
import { openStore, type Store } from '../store/index.ts';

/** Drops of each session: enough calls for V8 to compile what is called most. */
const SESSIONS = [500, 500, 1000, 1000, 1000, ...Array<number>(27).fill(2000)];

/** How long nobody has had real work before it goes on: the next session often follows the one before at once. */
const QUIET_MS = 200;

const pack = promisify(deflate);

export interface PractiseOptions {
  readonly parser: Pick<GraphParser, 'parse'>;
  /** Its thread keeps the practice too. */
  readonly store: Store;
  readonly version: string;
  /** The node's sessions, which come first. */
  readonly manager: NodeManager;
  /** Ends it. */
  readonly closing: AbortSignal;
  readonly onProblem: (error: unknown) => void;
}

/** Resolves when everything it made is gone again. Problems are reported, never thrown: nobody depends on it. */
export async function practise(options: PractiseOptions): Promise<void> {
  try {
    const dir = await mkdtemp(path.join(os.tmpdir(), 'weir-practice-'));
    try {
      await practiseIn(dir, options);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  } catch (error) {
    options.onProblem(error);
  }
}

async function practiseIn(dir: string, options: PractiseOptions): Promise<void> {
  const { parser, version, onProblem } = options;
  const store = await openStore({ dataDir: dir, beside: options.store, onProblem });
  const services = new Services();
  const manager = new NodeManager({
    ...{ store, services, version, onProblem },
    dlgRoot: dir,
    hostName: 'practice',
    parse: (bytes) => parser.parse(bytes),
  });
  try {
    let packed: Uint8Array = new Uint8Array();
    for (const [i, drops] of SESSIONS.entries()) {
      if (!(await isQuiet(options))) break;
      if (drops !== SESSIONS[i - 1]) packed = await pack(practiceGraph(drops), { level: 1 });
      const session = await manager.createSession(`practice-${i}`);
      await session.addGraphSpec(new Uint8Array(packed));
      await session.deploy('roots');
      await session.over;
      await manager.destroySession(session.sessionId);
    }
  } finally {
    await manager.shutdown();
    await services.dispose();
    await store.close();
  }
}

/** Resolves with true when no session of the node is under way, with false when the node closes. */
async function isQuiet({ manager, closing }: PractiseOptions): Promise<boolean> {
  while (!closing.aborted && manager.running.length > 0) {
    await allOver(manager, closing);
    await delay(QUIET_MS, undefined, { ref: false, signal: closing }).catch(() => undefined);
  }
  return !closing.aborted;
}

async function allOver(manager: NodeManager, closing: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => {
    if (closing.aborted || manager.running.length === 0) resolve();
  };
  const stop = manager.subscribe(look);
  closing.addEventListener('abort', look);
  await promise;
  stop();
  closing.removeEventListener('abort', look);
}
