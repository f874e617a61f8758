/** A Python process that speaks frames: starting it, talking to it, noticing and making its end. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';
import { messageOf } from '../../protocol/index.ts';
import { FrameParser, type Frame } from '../util/frames.ts';
import { LineSplitter } from './lines.ts';

const PROTOCOL_VERSION = 1;
const LINES_KEPT = 20;
/** Of each piece of output, so that much of it costs little. */
const MOST_NOTED = 16 * 1024;
const KILL_AFTER_MS = 2000;
/** Turns of the event loop in which pipes of an ended process may still bring something. */
const MOST_LAST_TURNS = 10_000;

/** Loads the worker package without leaving its folder on the user's module path. */
const BOOT = [
  'import sys',
  'root = sys.argv.pop()',
  'before, sys.dont_write_bytecode = sys.dont_write_bytecode, True',
  'sys.path[0] = root',
  'from weir_worker import worker, proxies',
  'sys.path.remove(root)',
  'sys.dont_write_bytecode = before',
  'worker.main()',
].join('\n');

export interface ProcessOptions {
  readonly resources: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Passed to the process as JSON. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface WorkerHello {
  readonly python: string;
  readonly implementation: string;
  readonly executable: string;
}

/** Who is told what a process does. */
export interface ProcessListener {
  frame(frame: Frame): void;
  /** What C code or child processes wrote, past Python's own streams. */
  rawOutput(chunk: Buffer): void;
  /** `cause` in words: how it ended. */
  ended(cause: string): void;
}

export class PythonProcess {
  readonly hello: WorkerHello;
  readonly #child: ChildProcess;
  readonly #lastLines: string[];
  /** What C code wrote, and what was printed, come in pieces cut anywhere. */
  readonly #noted: Readonly<Record<'printed' | 'raw', LineSplitter>>;
  readonly exited: Promise<void>;

  private constructor(child: ChildProcess, hello: WorkerHello, lastLines: string[]) {
    this.#child = child;
    this.hello = hello;
    this.#lastLines = lastLines;
    const splitter = () => new LineSplitter((line) => line && keepLine(lastLines, line));
    this.#noted = { printed: splitter(), raw: splitter() };
    this.exited = new Promise((resolve) => child.once('close', () => resolve()));
  }

  /**
   * Starts the Python `command` and resolves with who listens to it: frames may come in the same turn as the greeting.
   * Rejects with the reason, as text for people, where it does not come up.
   */
  static async start<T extends ProcessListener>(
    command: string,
    options: ProcessOptions,
    listenerFor: (process: PythonProcess) => T,
  ): Promise<T> {
    const child = spawn(command, ['-c', BOOT, JSON.stringify(options.settings), options.resources], {
      env: options.env,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      // A group of its own, so that what user code started ends with it.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const lastLines: string[] = [];
    const errors = new LineSplitter((line) => keepLine(lastLines, line));
    let listener: T | undefined;
    child.stderr?.on('data', (chunk: Buffer) => (listener ? listener.rawOutput(chunk) : errors.push(chunk)));
    // A process that ends while we write to it is noticed by its exit.
    for (const pipe of child.stdio) pipe?.on('error', () => undefined);
    const frames = new FrameParser();
    return new Promise((resolve, reject) => {
      child.once('error', (error) => reject(error));
      child.once('exit', () => {
        endRest(child);
        closeWhenDrained(child);
      });
      child.once('close', (code, signal) => {
        errors.end();
        if (listener) listener.ended(endOf(code, signal));
        else reject(new Error(endedBeforeHello(code, signal, lastLines)));
      });
      child.stdout?.on('data', (chunk: Buffer) => {
        try {
          for (const frame of frames.push(chunk)) {
            if (listener) {
              listener.frame(frame);
              continue;
            }
            listener = listenerFor(new PythonProcess(child, helloOf(frame), lastLines));
            resolve(listener);
          }
        } catch (error) {
          keepLine(lastLines, messageOf(error));
          killGroup(child, 'SIGKILL');
        }
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last lines of error output. */
  get lastLines(): readonly string[] {
    for (const splitter of Object.values(this.#noted)) splitter.end();
    return [...this.#lastLines];
  }

  /** Notes error output for messages; of much only its end. */
  note(kind: 'printed' | 'raw', text: string): void {
    this.#noted[kind].pushText(text.slice(-MOST_NOTED));
  }

  /** Sends on the channel of calls; what a process that ended is sent gets lost, its end is told apart. */
  send(bytes: Buffer): void {
    this.#child.stdin?.write(bytes);
  }

  /** What `work` sends leaves in one piece: waking a process that waits costs more than most calls. */
  together(work: () => void): void {
    this.#child.stdin?.cork();
    try {
      work();
    } finally {
      this.#child.stdin?.uncork();
    }
  }

  /** Sends on the channel that is read also while user code runs. */
  sendControl(bytes: Buffer): void {
    this.#control?.write(bytes);
  }

  get #control(): Writable | null {
    return this.#child.stdio[3] as Writable | null;
  }

  /** Ends the process and what it started: gently first. */
  kill(): void {
    killGroup(this.#child, 'SIGTERM');
    const timer = setTimeout(() => killGroup(this.#child, 'SIGKILL'), KILL_AFTER_MS);
    void this.exited.then(() => clearTimeout(timer));
  }

  /** Tells an idle process to end. */
  endInput(): void {
    this.#child.stdin?.end();
    this.#control?.end();
  }
}

const SIGNAL_MEANINGS: Readonly<Record<string, string>> = {
  SIGSEGV: ' (a crash in compiled code)',
  SIGKILL: ' (often the system, for want of memory)',
  SIGABRT: ' (compiled code gave up)',
};

function endOf(code: number | null, signal: string | null): string {
  return signal
    ? `it was ended by ${signal}${SIGNAL_MEANINGS[signal] ?? ''}`
    : `it exited with status ${code ?? '?'}`;
}

function helloOf(frame: Frame): WorkerHello {
  const { header } = frame;
  if (header.t !== 'hello' || header['protocol'] !== PROTOCOL_VERSION)
    throw new Error('the worker speaks another version of the protocol');
  return {
    python: String(header['python']),
    implementation: String(header['implementation']),
    executable: String(header['executable']),
  };
}

/** Frames of the worker itself in the dump of a crash. They come last there, behind those of the user's code. */
const OWN_FRAME = /^ *File "(?:[^"]*[\\/]weir_worker[\\/][^"]*|<string>)", line \d+ in /;

function keepLine(lines: string[], line: string): void {
  if (OWN_FRAME.test(line)) return;
  lines.push(line.slice(0, 500));
  if (lines.length > LINES_KEPT) lines.shift();
}

function endedBeforeHello(code: number | null, signal: string | null, lines: readonly string[]): string {
  const end = signal ? `was ended by ${signal}` : `exited with status ${code ?? '?'}`;
  return lines.length ? `it ${end}: ${lines.at(-1)}` : `it ${end}`;
}

/** Signals the process and what it started. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // No such group any more: it ended by itself between the check and the call.
    child.kill(signal);
  }
}

/** What an ended process started and left running ends with it. */
function endRest(child: ChildProcess): void {
  if (process.platform === 'win32' || !signalRest(child, 'SIGTERM')) return;
  setTimeout(() => signalRest(child, 'SIGKILL'), KILL_AFTER_MS).unref();
}

/** Whether there is anybody left in the group of an ended process. */
function signalRest({ pid }: ChildProcess, signal: NodeJS.Signals): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Takes what is still in the pipes of an ended process and closes them. They need not end by themselves: whatever it
 * started has inherited them, and may have left its group.
 */
function closeWhenDrained(child: ChildProcess): void {
  let hasCome = true;
  let turns = 0;
  for (const pipe of [child.stdout, child.stderr]) pipe?.on('data', () => (hasCome = true));
  const look = (): void => {
    // The first look may come before the loop has asked the pipes at all.
    const isDrained = !hasCome && turns > 1;
    hasCome = false;
    if (!isDrained && ++turns < MOST_LAST_TURNS) setImmediate(look);
    else for (const pipe of child.stdio) pipe?.destroy();
  };
  setImmediate(look);
}
