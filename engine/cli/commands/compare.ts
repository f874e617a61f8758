/** `weir compare`: per R-mode the same or not, and which drops differ first (design/cli.md, design/ux-and-trust.md 3). */
import path from 'node:path';
import type { Command } from 'commander';
import { compareStored, sessionSide } from '../../api/index.ts';
import type { Host } from '../../host/index.ts';
import { messageOf, WeirError } from '../../protocol/index.ts';
import {
  compareSides,
  parseDropRecord,
  parsePythonJson,
  recordTopology,
  sideOfDocument,
  sideOfRecords,
  type Comparison,
  type ComparisonSide,
} from '../../reproducibility/index.ts';
import { DATA_DIR, JSON_FLAG, type StoreOptions as Options } from '../options.ts';
import { EXIT, print, printJson } from '../output.ts';
import { isFile, readUserFile } from '../user-files.ts';
import { withHost } from '../with-host.ts';

export function compareCommand(program: Command): void {
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
