/** `weir rerun`: a new session of an old one's graph, with results taken over where they still hold. */
import type { Command } from 'commander';
import { prepareRerun, rerunId } from '../../api/index.ts';
import { EXIT, print, printJson } from '../output.ts';
import { driveSession, wentWell } from '../run-session.ts';
import { positiveNumber } from '../values.ts';
import { withHost } from '../with-host.ts';
import { textOf } from './run.ts';

interface Options {
  readonly json?: boolean;
  readonly reuse?: boolean;
  readonly session?: string;
  readonly dataDir?: string;
  readonly timeout?: number;
  readonly drops?: boolean;
  readonly outputs?: string;
}

export function rerunCommand(program: Command): void {
  program
    .command('rerun')
    .argument('<session>', 'id of a session that is over')
    .description("run an old session's graph again as a new session")
    .option(
      '--reuse',
      'take over results whose code, parameters and inputs did not change and whose data still verifies',
    )
    .option('--session <id>', 'id of the new session (default: the old one and the time)')
    .option('--json', 'print one JSON document')
    .option('--data-dir <dir>', "folder of the history (default: the user's own)")
    .option('--timeout <seconds>', 'cancel the session after this time', positiveNumber)
    .option('--drops', 'with --json: add the state of every drop')
    .option('--outputs <dir>', 'write the content of every readable data drop to DIR/<uid>')
    .action(async (sessionId: string, options: Options) => {
      const { timeout, drops, outputs } = options;
      const { result, reuse } = await withHost(options, async (host, interrupted) => {
        const started = performance.now();
        const id = options.session ?? rerunId(sessionId);
        const rerun = await prepareRerun(host.deps, sessionId, id, options.reuse === true);
        const asked = {
          ...(timeout === undefined ? {} : { timeoutS: timeout }),
          ...(drops === undefined ? {} : { drops }),
          ...(outputs === undefined ? {} : { outputs }),
        };
        const result = await driveSession(host, rerun.session, asked, interrupted, started, rerun.reuse);
        return { result, reuse: rerun.reuse };
      });
      const decisions = [...(reuse?.decisions ?? [])].map(([uid, decision]) => ({ uid, ...decision }));
      if (options.json) printJson({ ...result, reused: reuse?.count ?? 0, decisions });
      else {
        print(textOf(result));
        for (const { uid, isReused, reason } of decisions)
          print(`  ${isReused ? 'reused' : 'ran   '} ${uid}: ${reason}`);
      }
      process.exitCode = wentWell(result) ? EXIT.ok : EXIT.failed;
    });
}
