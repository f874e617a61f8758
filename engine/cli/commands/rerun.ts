/** `weir rerun` and `resume`: a new session of an old one's graph, with results taken over where they still hold. */
import type { Command } from 'commander';
import { endedSession, prepareRerun, rerunId } from '../../api/index.ts';
import type { Host } from '../../host/index.ts';
import { WeirError } from '../../protocol/index.ts';
import type { DropDecision } from '../../session/index.ts';
import { DATA_DIR, JSON_FLAG, type StoreOptions } from '../options.ts';
import { EXIT, print, printJson } from '../output.ts';
import { driveSession, wentWell } from '../run-session.ts';
import { positiveNumber } from '../values.ts';
import { withHost } from '../with-host.ts';
import { textOf } from './run.ts';

interface Options extends StoreOptions {
  readonly reuse?: boolean;
  readonly session?: string;
  readonly timeout?: number;
  readonly drops?: boolean;
  readonly outputs?: string;
}

export function rerunCommands(program: Command): void {
  const rerun = program
    .command('rerun')
    .argument('<session>', 'id of a session that is over')
    .description("run an old session's graph again as a new session")
    .option(
      '--reuse',
      'take over results whose code, parameters and inputs did not change and whose data still verifies',
    );
  runOptions(rerun).action((sessionId: string, options: Options) => again(sessionId, options));
  const resume = program
    .command('resume')
    .argument('<session>', 'id of a session that failed, was cancelled or was interrupted')
    .description('go on with a session as a new one: completed work that still verifies is kept');
  runOptions(resume).action((sessionId: string, options: Options) =>
    again(sessionId, { ...options, reuse: true }, expectUnfinished),
  );
}

const runOptions = (command: Command): Command =>
  command
    .option('--session <id>', 'id of the new session (default: the old one and the time)')
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .option('--timeout <seconds>', 'cancel the session after this time', positiveNumber)
    .option('--drops', 'with --json: add the state of every drop')
    .option('--outputs <dir>', 'write the content of every readable data drop to DIR/<uid>');

/** Throws SESSION_STATE for a session that ran to its end. */
async function expectUnfinished(host: Host, sessionId: string): Promise<void> {
  const row = await endedSession(host.deps, sessionId);
  if (row.status !== 'FINISHED') return;
  throw new WeirError(
    'SESSION_STATE',
    `Session ${sessionId} is FINISHED: there is nothing to go on with. weir rerun ${sessionId} runs it again.`,
    { details: { sessionId, status: row.status } },
  );
}

async function again(
  sessionId: string,
  options: Options,
  check?: (host: Host, sessionId: string) => Promise<void>,
): Promise<void> {
  const { timeout, drops, outputs } = options;
  const { result, reused, decisions } = await withHost(options, async (host, interrupted) => {
    const started = performance.now();
    await check?.(host, sessionId);
    const id = options.session ?? rerunId(sessionId);
    const { session, reuse } = await prepareRerun(host.deps, sessionId, id, options.reuse === true);
    const asked = {
      ...(timeout === undefined ? {} : { timeoutS: timeout }),
      ...(drops === undefined ? {} : { drops }),
      ...(outputs === undefined ? {} : { outputs }),
    };
    const result = await driveSession(host, session, asked, interrupted, started, reuse);
    const { table } = session;
    const stateOf = (row: number) => ({ status: table.statusOf(row), exec: table.execOf(row) });
    const decisions = reuse && session.graph ? reuse.explain(session.graph, stateOf) : [];
    return { result, reused: reuse?.count ?? 0, decisions };
  });
  if (options.json) printJson({ ...result, reused, decisions });
  else print([textOf(result), ...(options.reuse ? decisionLines(reused, decisions) : [])].join('\n'));
  process.exitCode = wentWell(result) ? EXIT.ok : EXIT.failed;
}

/** Applications that are listed; all drops are in --json and, with their reasons, in the log of the session. */
const LISTED = 100;

function decisionLines(reused: number, decisions: readonly DropDecision[]): string[] {
  const apps = decisions.filter(({ kind }) => kind === 'app');
  const lines = apps
    .slice(0, LISTED)
    .map(
      ({ uid, isReused, hasRun, reason }) =>
        `  ${isReused ? 'reused' : hasRun ? 'ran   ' : '-     '} ${uid}: ${reason}`,
    );
  if (apps.length > LISTED) lines.push(`  and ${apps.length - LISTED} more: --json has all`);
  return [`  results of ${reused} of ${apps.length} applications taken over`, ...lines];
}
