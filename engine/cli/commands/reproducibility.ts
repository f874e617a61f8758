/** `weir prove` and `verify`: history that can be checked (design/cli.md). */
import type { Command } from 'commander';
import {
  listCheckpoints,
  proveBetween,
  proveStored,
  verifyBundle,
  verifyHistory,
  verifyLog,
  verifyStored,
  type CheckpointRef,
  type VerdictNote,
} from '../../api/index.ts';
import type { Host } from '../../host/index.ts';
import { WeirError } from '../../protocol/index.ts';
import {
  formatConsistencyProof,
  formatProof,
  isConsistencyProof,
  verifyConsistencyProof,
  verifyProof,
} from '../../reproducibility/index.ts';
import { DATA_DIR, JSON_FLAG, type StoreOptions as Options } from '../options.ts';
import { bytesText, EXIT, print, printJson, table, timeText } from '../output.ts';
import { isFile, readUserFile, writeWhole } from '../user-files.ts';
import { withHost } from '../with-host.ts';

export function reproducibilityCommands(program: Command): void {
  proveCommand(program);
  verifyCommand(program);
}

interface ProveOptions extends Options {
  readonly output?: string;
  readonly from?: string;
  readonly to?: string;
  readonly checkpoints?: boolean;
}

function proveCommand(program: Command): void {
  program
    .command('prove')
    .argument('[session]', 'id of a session')
    .argument('[drop]', 'uid of a drop in it')
    .description(
      "print a proof that this drop's record is part of the session's seal, or that nothing was altered between two checkpoints of this device's log; verifiable alone and offline",
    )
    .option(
      '--from <checkpoint>',
      'older checkpoint: number of seals, id of a session, or file with a checkpoint that was kept',
    )
    .option('--to <checkpoint>', 'newer checkpoint (default: the newest)')
    .option('--checkpoints', 'list the checkpoints of the log')
    .option('-o, --output <file>', 'write the proof to a file instead')
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action(async (sessionId: string | undefined, uid: string | undefined, options: ProveOptions) => {
      if (options.checkpoints) return showCheckpoints(options);
      if (options.from !== undefined || options.to !== undefined)
        return proveLog(options, sessionId !== undefined);
      if (sessionId === undefined || uid === undefined)
        throw new WeirError(
          'USAGE',
          'Say what is to be proved: SESSION DROP, or --from CHECKPOINT [--to CHECKPOINT] of the log.',
        );
      const proof = await withHost(options, (host) => proveStored(host.deps, sessionId, uid));
      await give(formatProof(proof), options, `proof of ${uid}`, { sessionId });
    });
}

/** Prints a proof, or writes it to the file that was asked for. */
async function give(text: string, options: ProveOptions, what: string, about: object): Promise<void> {
  const { output } = options;
  if (output === undefined) {
    process.stdout.write(text);
    return;
  }
  const bytes = await writeWhole(output, [Buffer.from(text)]);
  if (options.json) printJson({ file: output, bytes, ...about });
  else print(`${output}: ${what}, ${bytesText(bytes)}`);
}

async function proveLog(options: ProveOptions, isMixed: boolean): Promise<void> {
  const { from, to } = options;
  if (from === undefined || isMixed)
    throw new WeirError(
      'USAGE',
      isMixed
        ? 'A proof is of a drop (SESSION DROP) or of the log (--from, --to), not of both.'
        : '--to needs --from, the older checkpoint.',
    );
  const [older, newer] = [await checkpointRef(from), to === undefined ? undefined : await checkpointRef(to)];
  const proof = await withHost(options, (host) => proveBetween(host.deps, older, newer));
  await give(formatConsistencyProof(proof), options, 'proof that the log was only appended to', {});
}

/** The largest checkpoint anybody keeps; a note has a few hundred bytes. */
const MAX_CHECKPOINT_BYTES = 1_000_000;

async function checkpointRef(text: string): Promise<CheckpointRef> {
  if (await isFile(text)) return { note: (await readUserFile(text, MAX_CHECKPOINT_BYTES)).toString('utf8') };
  return /^\d{1,15}$/.test(text) ? { size: Number(text) } : { sessionId: text };
}

async function showCheckpoints(options: ProveOptions): Promise<void> {
  const { checkpoints } = await withHost(options, (host) =>
    listCheckpoints(host.deps, { limit: Number.MAX_SAFE_INTEGER }),
  );
  if (options.json) return printJson({ checkpoints });
  if (checkpoints.length === 0) return print('The log has no checkpoints yet: no session was sealed.');
  print(
    table(
      ['seals', 'signed (UTC)', 'after session', 'root'],
      checkpoints.map((one) => [
        String(one.size),
        timeText(one.signedAt),
        one.sessionId === '' ? '(an act of retention)' : one.sessionId,
        one.root,
      ]),
    ),
  );
}

interface VerifyDocument {
  readonly valid: boolean;
  readonly checked: number;
  readonly problems: readonly unknown[];
  readonly notes?: readonly VerdictNote[];
}

function verifyCommand(program: Command): void {
  program
    .command('verify')
    .argument('[what]', 'proof file, bundle, or id of a session; nothing: the log of seals')
    .description('check a proof, a bundle, a stored session or the whole history from its own data, offline')
    .option('--key <key...>', 'accept only what is sealed with one of these verifier keys')
    .option('--all', 'check every session of the history and the log')
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action(async (what: string | undefined, options: Options & { key?: string[]; all?: boolean }) => {
      const verdict =
        what !== undefined && (await isFile(what))
          ? await verifyFile(what, options.key ?? [])
          : await withHost(options, (host) => verifyRecorded(host, what, options.all === true));
      if (options.json) printJson(verdict);
      else print(verdictText(verdict));
      process.exitCode = verdict.valid ? EXIT.ok : EXIT.failed;
    });
}

/** A proof or a bundle, told by its first bytes. Throws USAGE for a file that is neither. */
async function verifyFile(file: string, keys: readonly string[]): Promise<VerifyDocument> {
  const bytes = await readUserFile(file);
  if (bytes.length >= 2 && bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const { contents: _, ...verdict } = verifyBundle(bytes, keys);
    return verdict;
  }
  const text = bytes.toString('utf8');
  if (isConsistencyProof(text)) return verifyConsistencyProof(text, keys);
  const { valid, checked, problems, subject } = verifyProof(text, keys);
  const isForeign = subject === undefined && !bytes.includes('"weir-proof"');
  if (isForeign)
    throw new WeirError(
      'USAGE',
      `${file} is neither a proof nor a bundle of Weir: ${problems[0]?.message ?? ''}`,
    );
  return { valid, checked, problems, ...(subject && { subject }) };
}

async function verifyRecorded(host: Host, what: string | undefined, all: boolean): Promise<VerifyDocument> {
  if (what !== undefined) return verifyStored(host.deps, what);
  return all ? verifyHistory(host.deps) : verifyLog(host.deps);
}

function verdictText({ valid, checked, problems, notes = [] }: VerifyDocument): string {
  const lines = (problems as readonly Readonly<Record<string, string | undefined>>[]).map(
    ({ where, entry, step, message }) => `  ${where ?? entry ?? step ?? ''}: ${message ?? ''}`,
  );
  return [
    valid ? `holds: ${checked} checks` : `DOES NOT HOLD: ${problems.length} of ${checked} checks`,
    ...lines,
    ...notes.map(({ where, message }) => `  note, ${where}: ${message}`),
  ].join('\n');
}
