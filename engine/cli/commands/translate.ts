/** `weir fill`, `unroll`, `partition`, `unroll-and-partition` and `map`: upstream's commands (spec/translator.md 15). */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { managerNodes } from '../../api/index.ts';
import { openGraphSource, type OpenGraph } from '../../host/index.ts';
import { isWeirError, messageOf, WeirError, type JsonObject } from '../../protocol/index.ts';
import {
  DEFAULT_APPS,
  parseAlgorithmOptions,
  PARTITION_ALGORITHMS,
  stepsInWorker,
  type PartitionAlgorithm,
  type Steps,
  type StepsReply,
} from '../../translator/index.ts';
import { complain, EXIT, note, translationProgress } from '../output.ts';
import {
  algorithmName,
  collected,
  commaSeparated,
  countFromOne,
  pairOf,
  parametersOf,
  readJsonFile,
  rmodeName,
  wholeNumber,
} from '../values.ts';

interface CommonOptions {
  readonly output: string;
  readonly format?: boolean;
  readonly stats?: boolean;
  readonly quiet?: boolean;
}
interface LogicalOptions extends CommonOptions {
  readonly logicalGraph: string;
}
interface FillOptions extends LogicalOptions {
  readonly parameter: readonly string[];
  readonly reproducibility: string;
  readonly graph_config: string;
}
interface UnrollChoices {
  readonly oidPrefix: string;
  readonly zerorun?: boolean;
  readonly app: number;
}
interface PartitionChoices {
  readonly partitions: number;
  readonly islands: number;
  readonly algorithm: string;
  readonly algorithmParam: readonly string[];
}
interface MapOptions extends CommonOptions {
  readonly physicalGraphTemplate: string;
  readonly nodes?: string;
  readonly host: string;
  readonly port: number;
  readonly islands: number;
}

export function translateCommands(program: Command): void {
  fillCommands(program);
  unrollCommand(program);
  partitionCommands(program);
  mapCommand(program);
}

function fillCommands(program: Command): void {
  const rmode = (command: Command) =>
    command.option('-R, --reproducibility <mode>', 'R-mode to sign the graph with', rmodeName, 'NOTHING');
  rmode(logical(common(program.command('fill'))))
    .description('fill in the parameters of a logical graph')
    .option('-p, --parameter <name=value>', 'a value, or a JSON object of values', collected, [])
    .action(async (options: FillOptions) =>
      translate(options, options.logicalGraph, {
        parameters: parametersOf(options.parameter),
        rmode: options.reproducibility,
      }),
    );
  rmode(logical(common(program.command('fill-config'))))
    .description('apply a graph configuration to a logical graph')
    .requiredOption('--graph_config <file>', 'the configuration as JSON; "-" reads standard input')
    .action(async (options: FillOptions) =>
      translate(options, options.logicalGraph, {
        fillConfiguration: await readJsonFile(options.graph_config),
        rmode: options.reproducibility,
      }),
    );
}

function unrollCommand(program: Command): void {
  unrolling(logical(common(program.command('unroll'))))
    .description('unroll a logical graph into a physical graph template')
    .action((options: LogicalOptions & UnrollChoices) =>
      translate(options, options.logicalGraph, { unroll: unrollOf(options) }),
    );
}

function partitionCommands(program: Command): void {
  partitioning(physical(common(program.command('partition'))))
    .description('divide a physical graph template among nodes')
    .action((options: CommonOptions & PartitionChoices & { physicalGraphTemplate: string }) =>
      translate(options, options.physicalGraphTemplate, { partition: partitionOf(options) }),
    );
  partitioning(unrolling(logical(common(program.command('unroll-and-partition')))))
    .description('unroll a logical graph and divide it among nodes')
    .action((options: LogicalOptions & UnrollChoices & PartitionChoices) =>
      translate(options, options.logicalGraph, {
        unroll: unrollOf(options),
        partition: partitionOf(options),
      }),
    );
}

function mapCommand(program: Command): void {
  physical(common(program.command('map')))
    .description('put the hosts of islands and nodes into a partitioned graph')
    .option('-N, --nodes <hosts>', 'hosts, separated by commas: islands first, then nodes')
    .option('-H, --host <host>', 'manager to ask for its nodes when -N is not given', 'localhost')
    .option('-p, --port <port>', 'port of that manager', wholeNumber, 8001)
    .option('-i, --islands <n>', 'how many of the hosts are islands', countFromOne, 1)
    .option('--co-host-dim', 'accepted as upstream does; list a host twice to have it be island and node')
    .action(async (options: MapOptions) => {
      const hosts = await hostsOf(options);
      await translate(options, options.physicalGraphTemplate, {
        map: { hosts, islands: options.islands },
      });
    });
}

// --- options ------------------------------------------------------------------------------------------------------

function common(command: Command): Command {
  return command
    .option('-o, --output <file>', 'where to write; "-" is standard output', '-')
    .option('-f, --format', 'write JSON over several lines, indented by two spaces')
    .option('--stats', 'write statistics to standard error as one JSON document')
    .option('-q, --quiet', 'say less: no warnings', false)
    .option('-v, --verbose', 'accepted as upstream does');
}

function logical(command: Command): Command {
  return command.option('-L, --logical-graph <file>', 'logical graph; "-" reads standard input', '-');
}

function physical(command: Command): Command {
  return command.option(
    '-P, --physical-graph-template <file>',
    'physical graph template; "-" reads standard input',
    '-',
  );
}

function unrolling(command: Command): Command {
  return command
    .option('-p, --oid-prefix <prefix>', 'first part of every oid', '1')
    .option('-z, --zerorun', 'applications that sleep do so for 0 seconds')
    .option('--app <n>', 'replace all applications: 0 none, 1 SleepApp, 2 SleepAndCopyApp', wholeNumber, 0);
}

function partitioning(command: Command): Command {
  return command
    .option('-N, --partitions <n>', 'how many parts', countFromOne, 1)
    .option('-i, --islands <n>', 'how many islands', wholeNumber, 1)
    .option('-a, --algorithm <name>', PARTITION_ALGORITHMS.join(', '), algorithmName, 'metis')
    .option('-A, --algorithm-param <name=value>', 'option of the algorithm; may be repeated', collected, []);
}

function unrollOf({ oidPrefix, zerorun, app }: UnrollChoices): NonNullable<Steps['unroll']> {
  if (app >= DEFAULT_APPS.length)
    throw new WeirError('USAGE', `--app expects 0, 1 or 2, found ${app}.`, { details: { app } });
  return { oidPrefix, zeroRun: zerorun === true, appClass: DEFAULT_APPS[app] };
}

function partitionOf(choices: PartitionChoices): NonNullable<Steps['partition']> {
  const options: JsonObject = Object.fromEntries(choices.algorithmParam.map((text) => pairOf(text, '-A')));
  return {
    algorithm: choices.algorithm as PartitionAlgorithm,
    numPartitions: choices.partitions,
    numIslands: choices.islands,
    ...parseAlgorithmOptions(options),
  };
}

async function hostsOf({ nodes, host, port }: MapOptions): Promise<string[]> {
  if (nodes === undefined) return [host, ...(await managerNodes(`http://${host}:${port}`))];
  return commaSeparated(nodes);
}

// --- work ---------------------------------------------------------------------------------------------------------

async function translate(options: CommonOptions, input: string, steps: Steps): Promise<void> {
  const abort = new AbortController();
  const interrupt = (): void => (abort.signal.aborted ? process.exit(130) : abort.abort());
  process.on('SIGINT', interrupt);
  const target = openOutput(expanded(options.output));
  let source: OpenGraph | undefined;
  try {
    source = await openGraphSource(expanded(input));
    const reply = await stepsInWorker(
      source.graph,
      { ...steps, isPretty: options.format === true },
      { signal: abort.signal, onProgress: translationProgress(), onBytes: (bytes) => target.write(bytes) },
    );
    await target.end();
    if (options.quiet !== true) for (const { message } of reply.warnings) note(`weir: warning: ${message}`);
    if (options.stats === true) note(JSON.stringify(statisticsOf(reply)));
  } catch (error) {
    await target.discard();
    // The graph is fine, it only has too few parts to be merged into islands (spec/translator.md 15).
    if (!isWeirError(error) || error.details['reason'] !== 'merge-not-needed') throw error;
    complain(error);
    process.exitCode = EXIT.failed;
  } finally {
    await source?.close();
    process.off('SIGINT', interrupt);
  }
}

/** Upstream's names, and the sizes of the parts. */
function statisticsOf({ drops, result, sizes }: StepsReply): Record<string, unknown> {
  return { drops, ...result, ...(sizes === undefined ? {} : { part_sizes: sizes }) };
}

function expanded(file: string): string {
  return file === '~' || file.startsWith('~/') ? homedir() + file.slice(1) : file;
}

interface Output {
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
  discard(): Promise<void>;
}

/** Standard output, or a file that appears under its name only once it is complete. */
function openOutput(file: string): Output {
  if (file === '-')
    return {
      write: (bytes) => writeTo(process.stdout, bytes),
      end: () => Promise.resolve(),
      discard: () => Promise.resolve(),
    };
  const partial = `${file}.${process.pid}.part`;
  let stream: ReturnType<typeof createWriteStream> | undefined;
  const close = () => new Promise<void>((resolve) => (stream ? stream.end(() => resolve()) : resolve()));
  return {
    write: async (bytes) => {
      stream ??= createWriteStream(partial);
      await writeTo(stream, bytes).catch((cause: unknown) => {
        throw new WeirError('USAGE', `The file ${file} cannot be written: ${messageOf(cause)}.`, {
          cause,
          details: { file },
        });
      });
    },
    end: async () => {
      await close();
      await rename(partial, file);
    },
    discard: async () => {
      await close();
      await rm(partial, { force: true });
    },
  };
}

/** Resolves once the bytes have gone out, so that a slow reader slows the translation down. */
function writeTo(stream: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(error);
    stream.once('error', failed);
    stream.write(bytes, (error) => {
      stream.off('error', failed);
      if (error) reject(error);
      else resolve();
    });
  });
}
