/**
 * Memory that other processes can reach: files on the system's shared-memory file system where there is one, in the
 * temporary directory elsewhere. Blocks belong to a session and go with it (spec/engine.md 4.14).
 *
 *   {root}/weir-shm-{pid}-{random}/{hash of session}/{hash of drop}
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ServiceKey } from '../context.ts';
import { FileIO } from './file-io.ts';

/** Names may be long and hold anything; upstream's 14 characters made blocks of different drops the same. */
function shortName(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

/** A process that was killed could not free its blocks; the next one does. */
function freeBlocksOfTheDead(root: string): void {
  for (const name of readdirSync(root)) {
    const pid = /^weir-shm-(\d+)-[0-9a-f]+$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(path.join(root, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Keeps which session has which blocks, and frees them (seed `DlgSharedMemoryManager`). */
export class SharedMemoryManager {
  readonly #root: string;
  readonly #sessions = new Map<string, Set<string>>();
  #isMade = false;

  constructor(root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()) {
    this.#root = path.join(root, `weir-shm-${process.pid}-${randomBytes(4).toString('hex')}`);
  }

  registerSession(sessionId: string): void {
    if (!this.#sessions.has(sessionId)) this.#sessions.set(sessionId, new Set());
  }

  /** Notes a block of a session, which becomes known by that. Gives the path of the block; its directory exists. */
  registerDrop(name: string, sessionId: string): string {
    if (!this.#isMade) {
      freeBlocksOfTheDead(path.dirname(this.#root));
      mkdirSync(this.#root, { recursive: true, mode: 0o700 });
      this.#isMade = true;
    }
    this.registerSession(sessionId);
    this.#sessions.get(sessionId)?.add(name);
    const directory = path.join(this.#root, shortName(sessionId));
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return path.join(directory, shortName(name));
  }

  /** Names of the blocks by session. */
  get sessions(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#sessions;
  }

  /** Frees the blocks of a session; one that is not known has none. */
  async destroySession(sessionId: string): Promise<void> {
    if (!this.#sessions.delete(sessionId)) return;
    await rm(path.join(this.#root, shortName(sessionId)), { recursive: true, force: true });
  }

  /** Upstream's other name for {@link destroySession}. */
  async shutdownSession(sessionId: string): Promise<void> {
    await this.destroySession(sessionId);
  }

  /** Frees everything. */
  async shutdownAll(): Promise<void> {
    this.#sessions.clear();
    this.#isMade = false;
    await rm(this.#root, { recursive: true, force: true });
  }
}

/** The manager of a Host. Blocks of a session go with it; the Host's end frees the rest. */
export const SHARED_MEMORY = new ServiceKey<SharedMemoryManager>(
  'shared memory',
  () => new SharedMemoryManager(),
  (manager) => manager.shutdownAll(),
  (manager, sessionId) => manager.destroySession(sessionId),
);

/** One block (seed `SharedMemoryIO`): as large as what is written to it. */
export class SharedMemoryIO extends FileIO {}
