/** Processes that are not our children (seed `ExistingProcess`, spec/engine.md 7.4). */
import { spawn } from 'node:child_process';
import { WeirError } from '../../protocol/index.ts';

const PIDFD_WAIT = 'import os,select,sys; select.select([os.pidfd_open(int(sys.argv[1]))],[],[])';
/** Programs that sleep until a process ends: util-linux has one since 2.39, Python can since 3.9. Both use a pidfd. */
const WAITERS: readonly (readonly string[])[] = [['waitpid'], ['python3', '-c', PIDFD_WAIT]];
const LONGEST_PAUSE_MS = 1000;

/**
 * A process known by its number only. The system tells just parents when a process ends, and Node has no descriptor for
 * others, so `wait` lets a small program wait that can. Where there is none, it looks itself, after pauses that grow
 * from 10 ms to a second.
 */
export class ExistingProcess {
  readonly pid: number;

  constructor(pid: number) {
    if (!Number.isInteger(pid) || pid <= 0)
      throw new WeirError('USAGE', `The number of a process must be a whole number above 0, but is ${pid}.`);
    this.pid = pid;
  }

  /** Null while the process lives, 0 when it is gone. Its exit status is known to its parent only. */
  poll(): null | 0 {
    try {
      process.kill(this.pid, 0);
      return null;
    } catch (error) {
      // EPERM: it lives and belongs to somebody else.
      if ((error as NodeJS.ErrnoException).code === 'EPERM') return null;
      return 0;
    }
  }

  terminate(): void {
    this.#signal('SIGTERM');
  }

  kill(): void {
    this.#signal('SIGKILL');
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Resolves to 0 when the process is gone. `signal` gives the waiting up, with its reason. */
  async wait(signal?: AbortSignal): Promise<0> {
    if (process.platform === 'linux')
      for (const [program, ...args] of WAITERS) {
        if (this.poll() === 0) return 0;
        await this.#waitWith(program as string, args, signal);
        signal?.throwIfAborted();
      }
    for (let pauseMs = 10; this.poll() === null; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS))
      await pause(pauseMs, signal);
    return 0;
  }

  /** Resolves when the program ends or is not there; what it found is asked again afterwards. */
  #waitWith(program: string, args: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const helper = spawn(program, [...args, String(this.pid)], { stdio: 'ignore' });
      // Not by the `signal` of spawn: a program that is not there has no number, and Node (24.21) then signals the number 0,
      // which is everybody in this process's group.
      const stop = (): void => {
        if (helper.pid !== undefined) helper.kill();
      };
      const done = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      signal?.addEventListener('abort', stop, { once: true });
      helper.once('error', done);
      helper.once('exit', done);
    });
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Something that can be told to end and waited for. */
export interface Endable {
  terminate(): void;
  kill(): void;
  wait(signal?: AbortSignal): Promise<unknown>;
}

/** Waits at most `timeoutMs` for the end of a process, then kills it and waits on. */
export async function waitOrKill(ending: Endable, timeoutMs: number): Promise<void> {
  const late = AbortSignal.timeout(timeoutMs);
  try {
    await ending.wait(late);
  } catch (error) {
    if (!late.aborted) throw error;
    ending.kill();
    await ending.wait();
  }
}

/** Asks a process to end, and kills it when it has not after `timeoutMs`. */
export async function terminateOrKill(ending: Endable, timeoutMs: number): Promise<void> {
  ending.terminate();
  await waitOrKill(ending, timeoutMs);
}
