/** `weir run`: a graph from its file to its end. */
import type { Command } from 'commander';
import type { TranslationChoices } from '../../api/index.ts';
import { readGraphFile } from '../../host/index.ts';
import { PARTITION_ALGORITHMS } from '../../translator/index.ts';
import { errorText, EXIT, print, printJson } from '../output.ts';
import { runSession, wentWell, type RunResult } from '../run-session.ts';
import {
  algorithmName,
  collected,
  countFromOne,
  hostList,
  parametersOf,
  positiveNumber,
  readJsonFile,
  rmodeName,
} from '../values.ts';
import { withHost } from '../with-host.ts';

interface Options {
  readonly json?: boolean;
  readonly rmode: string;
  readonly session?: string;
  readonly dataDir?: string;
  readonly ephemeral?: boolean;
  readonly timeout?: number;
  readonly drops?: boolean;
  readonly outputs?: string;
  readonly nodes?: Pick<TranslationChoices, 'partitions' | 'nodes'>;
  readonly islands?: Pick<TranslationChoices, 'islands' | 'islandHosts'>;
  readonly algorithm?: string;
  readonly config?: string;
  readonly parameter?: readonly string[];
}

export function runCommand(program: Command): void {
  program
    .command('run')
    .argument('<graph>', 'graph file; "-" reads standard input, .gz is unpacked')
    .description('run a graph on this machine, record it, wait for its end')
    .option('--json', 'print one JSON document')
    .option('--rmode <mode>', 'reproducibility mode: name or number, or ALL', rmodeName, 'NOTHING')
    .option(
      '--nodes <n|hosts>',
      'parts a logical graph is divided into, or the hosts of the parts, separated by commas; all run on this machine',
      nodesOf,
    )
    .option('--islands <n|hosts>', 'islands the parts are grouped into, or their hosts', islandsOf)
    .option('--algorithm <name>', `how it is divided: ${PARTITION_ALGORITHMS.join(', ')}`, algorithmName)
    .option('--config <file>', 'values for this run: a graph configuration of EAGLE as JSON')
    .option(
      '-p, --parameter <name=value>',
      'value of a ~name in a logical graph, or a JSON object of them; may be repeated',
      collected,
      [],
    )
    .option('--session <id>', 'id of the session (default: name and time)')
    .option('--data-dir <dir>', "folder of the history (default: the user's own)")
    .option('--ephemeral', 'keep nothing: a temporary folder is used and removed')
    .option('--timeout <seconds>', 'cancel the session after this time', positiveNumber)
    .option('--drops', 'with --json: add the state of every drop')
    .option('--outputs <dir>', 'write the content of every readable data drop to DIR/<uid>')
    .action(async (file: string, options: Options) => {
      const graph = await readGraphFile(file);
      const translation = await translationOf(options);
      const result = await withHost(options, (host, interrupted) =>
        runSession(
          host,
          graph,
          {
            rmode: options.rmode,
            translation,
            ...(options.session === undefined ? {} : { session: options.session }),
            ...(options.timeout === undefined ? {} : { timeoutS: options.timeout }),
            ...(options.drops === undefined ? {} : { drops: options.drops }),
            ...(options.outputs === undefined ? {} : { outputs: options.outputs }),
          },
          interrupted,
        ),
      );
      if (options.json) printJson(result);
      else print(textOf(result));
      process.exitCode = wentWell(result) ? EXIT.ok : EXIT.failed;
    });
}

const isCount = (text: string): boolean => /^\s*[-+]?[\d.]+\s*$/.test(text);

function nodesOf(text: string): Pick<TranslationChoices, 'partitions' | 'nodes'> {
  return isCount(text) ? { partitions: countFromOne(text) } : { nodes: hostList(text) };
}

function islandsOf(text: string): Pick<TranslationChoices, 'islands' | 'islandHosts'> {
  return isCount(text) ? { islands: countFromOne(text) } : { islandHosts: hostList(text) };
}

async function translationOf(options: Options): Promise<TranslationChoices> {
  const { nodes, islands, algorithm, config, parameter = [] } = options;
  return {
    ...nodes,
    ...islands,
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(config === undefined ? {} : { configuration: await readJsonFile(config) }),
    ...(parameter.length === 0 ? {} : { parameters: parametersOf(parameter) }),
  };
}

export function textOf(result: RunResult): string {
  const states = Object.entries(result.drops.byState).map(([name, count]) => `${count} ${name}`);
  const lines = [
    `${result.status}  ${result.sessionId}`,
    `  ${result.drops.total} drops: ${states.join(', ')}`,
    `  files in ${result.sessionDir}`,
    ...Object.entries(result.signatures).map(([mode, signature]) => `  ${mode} ${signature}`),
    ...result.errors.slice(0, 10).map((error) => `  ERROR ${errorText(error)}`),
  ];
  if (result.errors.length > 10)
    lines.push(`  and ${result.errors.length - 10} more errors: weir show ${result.sessionId}`);
  return lines.join('\n');
}
