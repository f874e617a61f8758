/** `weir trace`: what made this file? */
import type { Command } from 'commander';
import { DATA_DIR, JSON_FLAG, type StoreOptions as Options } from '../options.ts';
import { EXIT, print, printJson, table, timeText } from '../output.ts';
import { hashFile } from '../user-files.ts';
import { withHost } from '../with-host.ts';

export function traceCommand(program: Command): void {
  program
    .command('trace')
    .argument('<file>', 'any file')
    .description('say which drops of which sessions made a file, by its content')
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action(async (file: string, options: Options) => {
      const sha256 = await hashFile(file);
      const made = await withHost(options, (host) => host.store.whoMade(sha256));
      if (options.json) printJson({ file, sha256, made });
      else if (made.length === 0) print(`Nothing in the history made ${file} (SHA-256 ${sha256}).`);
      else
        print(
          table(
            ['session', 'drop', 'name', 'completed (UTC)'],
            made.map((drop) => [drop.sessionId, drop.uid, drop.name, timeText(drop.finishedAt)]),
          ),
        );
      process.exitCode = made.length > 0 ? EXIT.ok : EXIT.failed;
    });
}
