/** `weir export` and `import`: sessions as portable bundles. */
import path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { exportBundle, importBundle } from '../../api/index.ts';
import { messageOf } from '../../protocol/index.ts';
import { parseVerifierKey } from '../../reproducibility/index.ts';
import { DATA_DIR, JSON_FLAG, type StoreOptions as Options } from '../options.ts';
import { bytesText, print, printJson } from '../output.ts';
import { readUserFile, writeWhole } from '../user-files.ts';
import { withHost } from '../with-host.ts';

export function bundleCommands(program: Command): void {
  program
    .command('export')
    .argument('<session>', 'id of a session')
    .requiredOption('-o, --output <file>', 'the bundle to write, e.g. run.dlgsession.zip')
    .description('write a session as a portable, verifiable bundle (RO-Crate)')
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action(async (sessionId: string, options: Options & { output: string }) => {
      const bytes = await withHost(options, async (host) =>
        writeWhole(options.output, await exportBundle(host.deps, sessionId)),
      );
      if (options.json) printJson({ file: options.output, bytes, sessionId });
      else print(`${options.output}: session ${sessionId}, ${bytesText(bytes)}`);
    });

  program
    .command('import')
    .argument('<file>', 'a bundle that weir export wrote')
    .description('verify a bundle and add its session to the history')
    .option('--as <id>', 'id under which it is added (default: its own)')
    .option('--key <key...>', 'accept only what is sealed with one of these verifier keys', verifierKeys)
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action(async (file: string, options: Options & { as?: string; key?: string[] }) => {
      const bytes = await readUserFile(file);
      const { sessionId, isNew, signedBy, isTrustedKey } = await withHost(options, (host) =>
        importBundle(host.deps, bytes, path.basename(file), options.as, options.key),
      );
      if (options.json) printJson({ file, bytes: bytes.length, sessionId, isNew, signedBy, isTrustedKey });
      else
        print(
          isNew
            ? `${sessionId}, sealed by ${signedBy}${isTrustedKey ? ' (a key you trust)' : ''}, is in the history now: weir show ${sessionId}`
            : `${sessionId} was in the history already.`,
        );
    });
}

function verifierKeys(text: string, before: readonly string[] | undefined): string[] {
  try {
    parseVerifierKey(text);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
  return [...(before ?? []), text];
}
