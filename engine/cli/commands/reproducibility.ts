/** `weir compare`, `prove`, `verify`, `trace`, `export`, `import`, `rerun`: history that can be checked (design/cli.md). */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import {
  compareStored,
  exportBundle,
  importBundle,
  proveStored,
  sessionSide,
  verifyBundle,
  verifyLog,
  verifyStored,
  type Verdict,
} from '../../api/index.ts';
import type { Host } from '../../host/index.ts';
import { messageOf, WeirError } from '../../protocol/index.ts';
import {
  compareSides,
  formatProof,
  parseDropRecord,
  parsePythonJson,
  recordTopology,
  sideOfDocument,
  sideOfRecords,
  verifyProof,
  type Comparison,
  type ComparisonSide,
} from '../../reproducibility/index.ts';
import { bytesText, EXIT, print, printJson, table, timeText } from '../output.ts';
import { withHost } from '../with-host.ts';

interface Options {
  readonly json?: boolean;
  readonly dataDir?: string;
}

const DATA_DIR = ['--data-dir <dir>', "folder of the history (default: the user's own)"] as const;
const JSON_FLAG = ['--json', 'print one JSON document'] as const;

export function reproducibilityCommands(program: Command): void {
  compareCommand(program);
  proveCommand(program);
  verifyCommand(program);
  traceCommand(program);
  bundleCommands(program);
}

async function isFile(name: string): Promise<boolean> {
  return (await stat(name).catch(() => undefined))?.isFile() === true;
}

/** Reads a file of the user's. Throws FILE_UNREADABLE. */
async function readUserFile(name: string): Promise<Buffer> {
  try {
    return await readFile(name);
  } catch (cause) {
    throw new WeirError('FILE_UNREADABLE', `${name} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

// --- compare ---------------------------------------------------------------------------------------------------------

function compareCommand(program: Command): void {
  program
    .command('compare')
    .argument('<a>', 'session id, graph file or reprodata.out')
    .argument('<b>', 'the other one')
    .description(
      'say for every R-mode whether two sessions or files are the same, and where they first differ',
    )
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action(async (a: string, b: string, options: Options) => {
      const files = [await isFile(a), await isFile(b)];
      const comparison = files.every(Boolean)
        ? compareSides(await fileSide(a), await fileSide(b))
        : await withHost(options, async (host) =>
            files.some(Boolean)
              ? compareSides(
                  await sideOf(host, a, files[0] === true),
                  await sideOf(host, b, files[1] === true),
                )
              : compareStored(host.deps, a, b),
          );
      const document = comparisonDocument(comparison);
      if (options.json) printJson(document);
      else print(comparisonText(comparison));
      process.exitCode = document.same ? EXIT.ok : EXIT.failed;
    });
}

async function fileSide(file: string): Promise<ComparisonSide> {
  const bytes = await readUserFile(file);
  let document;
  try {
    document = parsePythonJson(bytes.toString('utf8'));
  } catch (cause) {
    throw new WeirError('REPRO_INVALID', `${file} is truncated or not JSON: ${messageOf(cause)}`, { cause });
  }
  return sideOfDocument(document, file);
}

/** A session beside a file: by the file the session wrote, else by its records. */
async function sideOf(host: Host, name: string, isAFile: boolean): Promise<ComparisonSide> {
  if (isAFile) return fileSide(name);
  const row = await host.store.session(name);
  const written = row ? path.join(row.dir, 'reprodata.out') : '';
  if (row && row.dir !== '' && (await isFile(written))) return fileSide(written);
  const side = await sessionSide(host.deps, name);
  const records = side.recordTexts.map((text, i) => parseDropRecord(text, `Record ${i} of ${name}`));
  return sideOfRecords(records, recordTopology(records), side.signatures, side.canonicalSignatures ?? {});
}

interface ComparisonDocument {
  /** Whether everything that both have is the same. */
  readonly same: boolean;
  readonly verdicts: Readonly<Record<string, string>>;
  readonly rmodes: Readonly<Record<string, unknown>>;
  readonly canonical: Readonly<Record<string, unknown>>;
  readonly alignment: Comparison['alignment'];
}

/** DALiuGE's signatures decide where both sides have some; where they have none, Weir's own do. */
function comparisonDocument({ rmodes, alignment }: Comparison): ComparisonDocument {
  const modes = Object.entries(rmodes);
  const recorded = modes.filter(([, mode]) => mode.same !== null);
  const own = modes.filter(([, mode]) => mode.canonical.same !== null);
  const decisive =
    recorded.length > 0 ? recorded.map(([, mode]) => mode.same) : own.map(([, mode]) => mode.canonical.same);
  return {
    same: decisive.every((same) => same === true) && (decisive.length > 0 || !differsInDrops(alignment)),
    verdicts: Object.fromEntries(modes.map(([name, mode]) => [name, mode.verdict])),
    rmodes: Object.fromEntries(
      recorded.map(([name, { verdict: _, canonical: _c, ...mode }]) => [name, mode]),
    ),
    canonical: Object.fromEntries(
      own.map(([name, { canonical, differing, affected }]) => [name, { ...canonical, differing, affected }]),
    ),
    alignment,
  };
}

const differsInDrops = ({ removed, added }: Comparison['alignment']): boolean =>
  removed.length + added.length > 0;

function comparisonText(comparison: Comparison): string {
  const lines: string[] = [];
  for (const [name, mode] of Object.entries(comparison.rmodes)) {
    const own = mode.canonical.same === null ? '' : `  (Weir's own: ${mode.canonical.verdict})`;
    lines.push(`${name.padEnd(16)} ${mode.verdict}${own}`);
    for (const drop of mode.differing.slice(0, 10)) {
      const fields = drop.fields.map((field) => `${field.class} "${field.name}"`).join(', ');
      lines.push(
        `    ${drop.isFirst ? 'first cause' : 'also'}: ${drop.a ?? drop.b ?? ''} (${drop.name}): ${fields}`,
      );
    }
    if (mode.affected > 0) lines.push(`    ${mode.affected} drop(s) after it are affected`);
  }
  const { removed, added } = comparison.alignment;
  if (removed.length > 0)
    lines.push(`only in the first: ${removed.slice(0, 10).join(', ')}${removed.length > 10 ? ', …' : ''}`);
  if (added.length > 0)
    lines.push(`only in the second: ${added.slice(0, 10).join(', ')}${added.length > 10 ? ', …' : ''}`);
  return lines.join('\n');
}

// --- prove, verify ---------------------------------------------------------------------------------------------------

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

// --- trace -----------------------------------------------------------------------------------------------------------

function traceCommand(program: Command): void {
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

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>)
      hash.update(chunk);
  } catch (cause) {
    throw new WeirError('FILE_UNREADABLE', `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
  return hash.digest('hex');
}

// --- export, import --------------------------------------------------------------------------------------------------

/** Writes a file whole or not at all. Returns its size. */
async function writeWhole(file: string, chunks: Iterable<Uint8Array>): Promise<number> {
  const part = `${file}.${process.pid}.part`;
  let bytes = 0;
  try {
    const handle = await open(part, 'w');
    const out = handle.createWriteStream();
    const over = finished(out);
    over.catch(() => undefined);
    for (const chunk of chunks) {
      bytes += chunk.length;
      if (!out.write(chunk))
        await Promise.race([new Promise<void>((done) => out.once('drain', () => done())), over]);
    }
    out.end();
    await over;
    await rename(part, file);
    return bytes;
  } catch (cause) {
    await rm(part, { force: true });
    throw new WeirError('FILE_UNREADABLE', `${file} cannot be written: ${messageOf(cause)}`, { cause });
  }
}

function bundleCommands(program: Command): void {
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
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action(async (file: string, options: Options & { as?: string }) => {
      const bytes = await readUserFile(file);
      const { sessionId, isNew } = await withHost(options, (host) =>
        importBundle(host.deps, bytes, path.basename(file), options.as),
      );
      if (options.json) printJson({ file, bytes: bytes.length, sessionId, isNew });
      else
        print(
          isNew
            ? `${sessionId} is in the history now: weir show ${sessionId}`
            : `${sessionId} was in the history already.`,
        );
    });
}
