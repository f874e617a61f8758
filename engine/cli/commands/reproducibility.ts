/** `weir prove` and `verify`: history that can be checked (design/cli.md). */
import type { Command } from 'commander';
import { proveStored, verifyBundle, verifyLog, verifyStored, type Verdict } from '../../api/index.ts';
import type { Host } from '../../host/index.ts';
import { WeirError } from '../../protocol/index.ts';
import { formatProof, verifyProof } from '../../reproducibility/index.ts';
import { DATA_DIR, JSON_FLAG, type StoreOptions as Options } from '../options.ts';
import { bytesText, EXIT, print, printJson } from '../output.ts';
import { isFile, readUserFile, writeWhole } from '../user-files.ts';
import { withHost } from '../with-host.ts';

export function reproducibilityCommands(program: Command): void {
  proveCommand(program);
  verifyCommand(program);
}

function proveCommand(program: Command): void {
  program
    .command('prove')
    .argument('<session>', 'id of a session')
    .argument('<drop>', 'uid of a drop in it')
    .description(
      "print a proof that this drop's record is part of the session's seal; verifiable alone and offline",
    )
    .option('-o, --output <file>', 'write the proof to a file instead')
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action(async (sessionId: string, uid: string, options: Options & { output?: string }) => {
      const proof = await withHost(options, (host) => proveStored(host.deps, sessionId, uid));
      const text = formatProof(proof);
      if (options.output === undefined) process.stdout.write(text);
      else {
        await writeWhole(options.output, [Buffer.from(text)]);
        if (options.json) printJson({ file: options.output, bytes: Buffer.byteLength(text), sessionId });
        else print(`${options.output}: proof of ${uid}, ${bytesText(Buffer.byteLength(text))}`);
      }
    });
}

interface VerifyDocument {
  readonly valid: boolean;
  readonly checked: number;
  readonly problems: readonly unknown[];
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
          : await withHost(options, (host) => verifyHistory(host, what, options.all === true));
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
  const { valid, checked, problems, subject } = verifyProof(bytes.toString('utf8'), keys);
  const isForeign = subject === undefined && !bytes.includes('"weir-proof"');
  if (isForeign)
    throw new WeirError(
      'USAGE',
      `${file} is neither a proof nor a bundle of Weir: ${problems[0]?.message ?? ''}`,
    );
  return { valid, checked, problems, ...(subject && { subject }) };
}

async function verifyHistory(host: Host, what: string | undefined, all: boolean): Promise<VerifyDocument> {
  if (what !== undefined) return verifyStored(host.deps, what);
  const log = await verifyLog(host.deps);
  if (!all) return log;
  const verdicts: Verdict[] = [log];
  const { sessions } = await host.store.sessions({ limit: 1_000_000 });
  for (const row of sessions) {
    if (row.sealIndex === null && !row.origin.startsWith('import ')) continue;
    const verdict = await verifyStored(host.deps, row.sessionId);
    const problems = verdict.problems.map((problem) => ({
      ...problem,
      where: `session ${row.sessionId}, ${problem.where}`,
    }));
    verdicts.push({ ...verdict, problems });
  }
  return {
    valid: verdicts.every(({ valid }) => valid),
    checked: verdicts.reduce((sum, { checked }) => sum + checked, 0),
    problems: verdicts.flatMap(({ problems }) => problems),
  };
}

function verdictText({ valid, checked, problems }: VerifyDocument): string {
  const lines = (problems as readonly Readonly<Record<string, string | undefined>>[]).map(
    ({ where, entry, step, message }) => `  ${where ?? entry ?? step ?? ''}: ${message ?? ''}`,
  );
  return [
    valid ? `holds: ${checked} checks` : `DOES NOT HOLD: ${problems.length} of ${checked} checks`,
    ...lines,
  ].join('\n');
}
