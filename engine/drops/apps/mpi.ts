/** Programs that run as many processes which talk by MPI (seed `dlg.apps.mpi`, spec/engine.md 6.11). */
import { mkdir } from 'node:fs/promises';
import { BashAppRuntimeError, InvalidDropException } from '../../protocol/index.ts';
import { BarrierAppDROP, type Lane } from '../app-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { boolParam, floatParam, readParams, stringParam } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { commandEnvironment, SHELL } from './bash.ts';
import { OutputLog } from './output-log.ts';
import { runCommand, type CommandResult } from './process.ts';
import { describeApp } from './python-values.ts';
import { shellQuote } from './placeholders.ts';
import { buildCommand, placeholderValues } from './shell-command.ts';

const ERROR_LINES = 20;

const PARAMS = {
  command: stringParam('command', null, 'Program to run'),
  args: stringParam('args', '', 'Its arguments'),
  wrapper: boolParam('use_wrapper', false, 'Kept from upstream; output and status are always gathered here'),
} as const;

/** Starts `maxprocs` processes of a command through `mpirun` (or the program MPIRUN names). Any failure is its failure. */
export class MPIApp extends BarrierAppDROP {
  readonly #params;
  readonly #processes: number;
  #line: string | undefined;
  #result: CommandResult | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const { args } = kwargs;
    // A list has one argument in each item, whatever is in it.
    const words = Array.isArray(args) ? args.map((word) => shellQuote(String(word))).join(' ') : args;
    this.#params = readParams(PARAMS, { ...kwargs, args: words }, this.uid);
    // Palettes call it num_of_procs.
    const name = [undefined, null, ''].includes(kwargs['maxprocs'] as undefined)
      ? 'num_of_procs'
      : 'maxprocs';
    this.#processes = readParams({ n: floatParam(name, 1, 'Number of processes') }, kwargs, this.uid).n;
    if (this.#params.command === null || this.#params.command.trim() === '')
      throw new InvalidDropException(
        `${describeApp(this)} has no command to run; fill in its parameter "command".`,
        { details: { uid: this.uid } },
      );
    if (!Number.isSafeInteger(this.#processes) || this.#processes < 1)
      throw new InvalidDropException(
        `${describeApp(this)}: ${name} must be at least 1 and a whole number, but is ${this.#processes}.`,
      );
  }

  override get lane(): Lane {
    return 'process';
  }

  override get facts(): Readonly<Record<string, unknown>> {
    const { command, args } = this.#params;
    return {
      processes: this.#processes,
      command: `${command ?? ''} ${args}`.trim(),
      commandLine: this.#line,
      ...(this.#result && {
        exitStatus: this.#result.exitStatus,
        stdout: this.#result.stdout.text(),
        stderr: this.#result.stderr.text(),
      }),
    };
  }

  override async run(): Promise<void> {
    const { command, args } = this.#params;
    const filled = await this.#percents(`${command ?? ''} ${args}`.trim());
    this.#line = await buildCommand(this, filled);
    const { env, baseDir } = this.context;
    await mkdir(baseDir, { recursive: true });
    const program = env['MPIRUN'] ?? 'mpirun';
    const log = new OutputLog(this);
    const all = ['-np', String(this.#processes), SHELL, '-c', this.#line];
    const result = await runCommand(program, all, {
      cwd: baseDir,
      env: { ...MORE_THAN_CORES, ...rootMayRun(), ...commandEnvironment(this) },
      signal: this.signal,
      onOutput: (stream, chunk) => log.push(stream, chunk),
    });
    log.end();
    this.#result = result;
    if (result.exitStatus !== 0) throw this.#failure(result);
  }

  /** `%name%`: what `{name}` is elsewhere. */
  async #percents(text: string): Promise<string> {
    const values = await placeholderValues(this, (name) => text.includes(`%${name}%`));
    let filled = text;
    for (const [name, value] of values) filled = filled.replaceAll(`%${name}%`, () => value.text);
    return filled;
  }

  #failure({ exitStatus, stderr, stdout }: CommandResult): BashAppRuntimeError {
    // mpirun frames what it says in lines of dashes.
    const last = stderr
      .lastLines(ERROR_LINES)
      .split('\n')
      .findLast((line) => /\w/.test(line));
    return new BashAppRuntimeError(
      `The ${this.#processes} processes of ${describeApp(this)} ended with exit status ${exitStatus}${last === undefined ? '.' : `; the last they said: ${last.trim()}`}`,
      {
        details: {
          uid: this.uid,
          command: this.#line,
          exitStatus,
          stderr: stderr.lastLines(ERROR_LINES),
          stdout: stdout.lastLines(ERROR_LINES),
        },
      },
    );
  }
}

/**
 * The graph says how many processes there are, whatever number of cores this machine has. Open MPI (4, and 5 with PRRTE)
 * has to be told; a user who sets these variables has the last word.
 */
const MORE_THAN_CORES = {
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  PRTE_MCA_rmaps_default_mapping_policy: ':oversubscribe',
};

/** Open MPI refuses to run as root unless told twice; in a container there is nobody else. */
function rootMayRun(): Record<string, string> {
  if (process.getuid?.() !== 0) return {};
  return { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' };
}

registerDrop(MPIApp, 'dlg.apps.mpi.MPIApp');
