/**
 * Child processes of applications: an own process group that dies as one, bounded memory for what they print, an
 * exit status as Python counts it (-15 for SIGTERM).
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BashAppRuntimeError, messageOf } from '../../protocol/index.ts';

/** What is kept of an output stream, in bytes. */
export const TAIL_BYTES = 256 << 10;
/** How long a process group may take to end after SIGTERM before it is killed, in milliseconds. */
export const KILL_AFTER_MS = 3000;

/** The last bytes of a stream of any length. */
export class Tail {
  readonly #limitBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #kept = 0;
  #total = 0;

  constructor(limitBytes = TAIL_BYTES) {
    this.#limitBytes = limitBytes;
  }

  push(chunk: Uint8Array): void {
    this.#total += chunk.length;
    this.#chunks.push(chunk);
    this.#kept += chunk.length;
    while (this.#kept - (this.#chunks[0]?.length ?? 0) >= this.#limitBytes)
      this.#kept -= this.#chunks.shift()?.length ?? 0;
  }

  /** Bytes that went through. */
  get total(): number {
    return this.#total;
  }

  get isComplete(): boolean {
    return this.#total <= this.#limitBytes;
  }

  bytes(): Uint8Array {
    const all = Buffer.concat(this.#chunks);
    return all.length > this.#limitBytes ? all.subarray(all.length - this.#limitBytes) : all;
  }

  text(): string {
    return Buffer.from(this.bytes()).toString('utf8');
  }

  /** The last `count` lines, without trailing white space. */
  lastLines(count: number): string {
    return this.text().trimEnd().split('\n').slice(-count).join('\n');
  }
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted: the whole process group is asked to end, and killed if it does not. */
  readonly signal: AbortSignal;
  readonly stdin?: Readable | undefined;
  /** Where standard output goes instead of the tail. */
  readonly stdout?: Writable | undefined;
  /** Sees every piece of output as it comes. */
  readonly onOutput?: ((stream: 'stdout' | 'stderr', chunk: Uint8Array) => void) | undefined;
  /** Called when the child reports on file descriptor 3 (see `withReadyPipe`). */
  readonly onReady?: (() => void) | undefined;
  readonly onSpawn?: ((pid: number) => void) | undefined;
}

export interface CommandResult {
  /** As Python has it: negative signal number when a signal ended the process. */
  readonly exitStatus: number;
  readonly stdout: Tail;
  readonly stderr: Tail;
}

/**
 * Runs a program and resolves when it and everything that holds its output open are done. Rejects with
 * BashAppRuntimeError only where the program could not be started.
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const stdout = new Tail();
  const stderr = new Tail();
  const child = start(file, args, options);
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => reject(notStarted(file, options.cwd, cause)));
    child.once('close', (code, signal) => resolve(code ?? -(signal ? (constants.signals[signal] ?? 1) : 1)));
  });
  if (child.pid !== undefined) options.onSpawn?.(child.pid);
  const release = endWithSignal(child, options.signal);
  const streams = connect(child, stdout, stderr, options);
  try {
    const exitStatus = await ended;
    await streams;
    return { exitStatus, stdout, stderr };
  } finally {
    release();
  }
}

function start(file: string, args: readonly string[], options: CommandOptions): ChildProcess {
  const stdio: StdioOptions = [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'];
  if (options.onReady) stdio.push('pipe');
  try {
    return spawn(file, args, { cwd: options.cwd, env: { ...options.env }, detached: true, stdio });
  } catch (cause) {
    // E2BIG and bad arguments come as exceptions, missing programs as events.
    throw notStarted(file, options.cwd, cause);
  }
}

function connect(child: ChildProcess, stdout: Tail, stderr: Tail, options: CommandOptions): Promise<unknown> {
  child.stderr?.on('data', (chunk: Uint8Array) => {
    stderr.push(chunk);
    options.onOutput?.('stderr', chunk);
  });
  const flows: Promise<unknown>[] = [];
  if (options.stdout && child.stdout) flows.push(pump(child.stdout, options.stdout));
  else
    child.stdout?.on('data', (chunk: Uint8Array) => {
      stdout.push(chunk);
      options.onOutput?.('stdout', chunk);
    });
  if (options.stdin && child.stdin) flows.push(pump(options.stdin, child.stdin));
  const ready = child.stdio[3];
  if (options.onReady && ready) (ready as Readable).once('data', options.onReady);
  return Promise.all(flows);
}

/** The other end may stop early (`head`): that is its right, and the exit status tells the rest. */
function pump(from: Readable, to: Writable): Promise<void> {
  return pipeline(from, to).catch(() => undefined);
}

/** Asks the process group to end when `signal` aborts; kills it when it does not. Returns the undo. */
function endWithSignal(child: ChildProcess, signal: AbortSignal): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = (): void => {
    signalGroup(child.pid, 'SIGTERM');
    timer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS);
  };
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return () => {
    signal.removeEventListener('abort', end);
    clearTimeout(timer);
  };
}

/** Sends a signal to a process group; one that is gone already is fine. */
export function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function notStarted(file: string, cwd: string, cause: unknown): BashAppRuntimeError {
  const code = (cause as NodeJS.ErrnoException).code;
  const why =
    code === 'ENOENT'
      ? `either the program or its working directory ${cwd} does not exist`
      : code === 'E2BIG'
        ? 'its arguments are longer than the system allows; pass long values through files'
        : messageOf(cause);
  return new BashAppRuntimeError(`${file} could not be started: ${why}.`, {
    cause,
    details: { file, cwd, code },
  });
}
