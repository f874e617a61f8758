/** The `weir` command: its options and their order of work are in commands/, one file a family (design/cli.md). */
import { Command, CommanderError } from 'commander';
import { benchCommand } from './commands/bench.ts';
import { bundleCommands } from './commands/bundles.ts';
import { compareCommand } from './commands/compare.ts';
import { doctorCommand } from './commands/doctor.ts';
import { historyCommands } from './commands/history.ts';
import { nodeCommand } from './commands/node.ts';
import { reproducibilityCommands } from './commands/reproducibility.ts';
import { rerunCommands } from './commands/rerun.ts';
import { runCommand } from './commands/run.ts';
import { showCommands } from './commands/show.ts';
import { signCommand } from './commands/sign.ts';
import { tmCommand } from './commands/tm.ts';
import { traceCommand } from './commands/trace.ts';
import { translateCommands } from './commands/translate.ts';
import { complain, EXIT, print, printJson } from './output.ts';
import { VERSION } from './version.ts';

export function makeProgram(): Command {
  const program = new Command('weir')
    .description('Runs DALiuGE graphs on this machine and remembers what ran.')
    .version(VERSION, '-V, --version')
    .showHelpAfterError('(weir --help lists the commands)')
    .exitOverride();
  runCommand(program);
  rerunCommands(program);
  nodeCommand(program);
  translateCommands(program);
  tmCommand(program);
  signCommand(program);
  historyCommands(program);
  showCommands(program);
  compareCommand(program);
  reproducibilityCommands(program);
  traceCommand(program);
  bundleCommands(program);
  benchCommand(program);
  doctorCommand(program);
  program
    .command('version')
    .description('print the version')
    .option('--json', 'print one JSON document')
    .action((options: { json?: boolean }) =>
      options.json ? printJson({ version: VERSION, node: process.versions.node }) : print(`Weir ${VERSION}`),
    );
  return program;
}

/** Runs one command; sets the exit status. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await makeProgram().parseAsync([...argv], { from: 'user' });
  } catch (error) {
    // commander has said what was wrong with the call, or shown the help that was asked for.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    else process.exitCode = complain(error);
  }
}
