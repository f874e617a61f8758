/** Shell commands as applications (seed `dlg.apps.bash_shell_app`, spec/engine.md 6.6). */
import { mkdir } from 'node:fs/promises';
import { BashAppRuntimeError, InvalidDropException } from '../../protocol/index.ts';
import { BarrierAppDROP, type AppDROP, type Lane } from '../app-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { reprBytes } from '../pyrepr/index.ts';
import { registerDrop } from '../registry.ts';
import { OutputLog } from './output-log.ts';
import { runCommand, type CommandOptions, type CommandResult } from './process.ts';
import { describeApp } from './python-values.ts';
import { buildCommand } from './shell-command.ts';

/** The shell that runs commands, as upstream. */
export const SHELL = '/bin/bash';
/** Lines of standard error an error message and its details carry. */
const ERROR_LINES = 20;

/** What differs between a plain run and a streamed one. */
export interface ShellStreams extends Pick<CommandOptions, 'stdin' | 'stdout' | 'onReady'> {
  /** Arguments of the shell for a command line; plain `-c <command>` by default. */
  readonly wrap?: (commandLine: string) => readonly string[];
  /** Standard output goes elsewhere and is not this application's to show. */
  readonly pipesOut?: boolean;
}

/** The command of one shell application and its last run. */
export class ShellRunner {
  readonly #app: AppDROP;
  readonly command: string;
  #commandLine: string | undefined;
  #pid: number | undefined;
  #result: CommandResult | undefined;
  #pipesOut = false;

  /** Throws InvalidDropException without a command. */
  constructor(app: AppDROP, kwargs: DropKwargs) {
    this.#app = app;
    const command = kwargs['command'];
    this.command = textOf(command);
    if (this.command.trim() === '')
      throw new InvalidDropException(
        `${describeApp(app)} has no command to run; fill in its parameter "command".`,
        { details: { uid: app.uid } },
      );
  }

  /** Runs the command. Throws BashAppRuntimeError where it ends with anything but 0. */
  async run(streams: ShellStreams = {}): Promise<void> {
    const app = this.#app;
    this.#result = undefined;
    this.#pipesOut = streams.pipesOut ?? false;
    const line = await buildCommand(app, this.command);
    this.#commandLine = line;
    if (app.signal.aborted) return;
    await mkdir(app.context.baseDir, { recursive: true });
    app.context.log('info', app, `Runs: ${line}`);
    const log = new OutputLog(app);
    // A shell whose input is a socket takes itself for a remote login and would read its start-up file.
    const args = ['--norc', ...(streams.wrap?.(line) ?? ['-c', line])];
    const result = await runCommand(SHELL, args, {
      cwd: app.context.baseDir,
      env: commandEnvironment(app),
      signal: app.signal,
      stdin: streams.stdin,
      stdout: streams.stdout,
      onReady: streams.onReady,
      onOutput: (stream, chunk) => log.push(stream, chunk),
      onSpawn: (pid) => (this.#pid = pid),
    });
    log.end();
    this.#pid = undefined;
    this.#result = result;
    if (result.exitStatus !== 0) throw this.#failure(result);
  }

  #failure(result: CommandResult): BashAppRuntimeError {
    const { exitStatus } = result;
    const stderr = result.stderr.lastLines(ERROR_LINES);
    const how =
      exitStatus < 0
        ? `was ended by signal ${-exitStatus}`
        : exitStatus === 127
          ? 'ended with exit status 127: a program it names was not found'
          : `ended with exit status ${exitStatus}`;
    const last = stderr.slice(stderr.lastIndexOf('\n') + 1);
    return new BashAppRuntimeError(
      `The command of ${describeApp(this.#app)} ${how}${last === '' ? '.' : `; the last it said: ${last}`}`,
      {
        details: {
          uid: this.#app.uid,
          command: this.#commandLine,
          exitStatus,
          stderr,
          stdout: result.stdout.lastLines(ERROR_LINES),
        },
      },
    );
  }

  get facts(): Readonly<Record<string, unknown>> {
    const result = this.#result;
    return {
      command: this.command,
      ...(this.#commandLine === undefined ? {} : { commandLine: this.#commandLine }),
      workingDirectory: this.#app.context.baseDir,
      ...(this.#pid === undefined ? {} : { pid: this.#pid }),
      ...(result && {
        exitStatus: result.exitStatus,
        stdoutBytes: result.stdout.total,
        stderrBytes: result.stderr.total,
        stdout: result.stdout.text(),
        stderr: result.stderr.text(),
      }),
    };
  }

  /**
   * stdout, stderr (the text Python has for the bytes), exit status, command as configured. Of output longer than
   * what is kept only the end is there.
   */
  recomputeData(): Record<string, unknown> {
    const result = this.#result;
    if (!result) return { command: this.command };
    return {
      stdout: this.#pipesOut ? "b'<piped-out>'" : reprBytes(result.stdout.bytes()),
      stderr: reprBytes(result.stderr.bytes()),
      status: String(result.exitStatus),
      command: this.command,
    };
  }
}

/** Graphs may give a number where a command is wanted. */
function textOf(command: unknown): string {
  return typeof command === 'string' || typeof command === 'number' ? String(command) : '';
}

/** The environment of a command: that of the drop, and who it is. */
export function commandEnvironment(app: AppDROP): Record<string, string | undefined> {
  const { env, sessionId, dlgRoot } = app.context;
  return {
    ...env,
    DLG_UID: app.uid,
    ...(sessionId === '' ? {} : { DLG_SESSION_ID: sessionId }),
    DLG_ROOT: dlgRoot,
  };
}

/** Runs a shell command once its inputs are complete. A non-zero exit status is an error, whatever n_tries says. */
export class BashShellApp extends BarrierAppDROP {
  readonly #runner: ShellRunner;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#runner = new ShellRunner(this, kwargs);
  }

  get command(): string {
    return this.#runner.command;
  }

  override get lane(): Lane {
    return 'process';
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return this.#runner.facts;
  }

  override run(): Promise<void> {
    return this.#runner.run();
  }

  override generateRecomputeData(): Record<string, unknown> {
    return this.#runner.recomputeData();
  }
}

registerDrop(BashShellApp, 'dlg.apps.bash_shell_app.BashShellApp');
