/**
 * A node that has just started runs some small sessions of its own, in a store that is thrown away: the code that reads, deploys
 * and records is compiled by then, and the first graph of 10,000 drops takes half the time. It ends early when somebody has real work.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { Services } from '../drops/index.ts';
import { type GraphParser, practiceGraph } from '../graph/index.ts';
import { NodeManager } from '../managers/index.ts';
import { openStore } from '../store/index.ts';

/** Sessions and drops of each: enough calls for V8 to compile what is called most. */
const SESSIONS = 12;
const DROPS = 1000;

export interface PractiseOptions {
  readonly parser: GraphParser;
  readonly version: string;
  /** Whether to stop before the next session. */
  readonly isEnough: () => boolean;
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
  const store = await openStore({ dataDir: dir, onProblem });
  const services = new Services();
  const manager = new NodeManager({
    ...{ store, services, version, onProblem },
    dlgRoot: dir,
    hostName: 'practice',
    parse: (bytes) => parser.parse(bytes),
  });
  try {
    const packed = deflateSync(practiceGraph(DROPS), { level: 1 });
    for (let i = 0; i < SESSIONS && !options.isEnough(); i++) {
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
