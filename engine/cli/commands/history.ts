/** `weir history`, `show`, `cat`: what ran, from the store alone. */
import type { Command } from 'commander';
import type { DropContent, DropDetail, SessionDetail, SessionSummary } from '../../api/index.ts';
import { WeirError } from '../../protocol/index.ts';
import { print, printJson, table, timeText, bytesText } from '../output.ts';
import { wholeNumber } from '../values.ts';
import { withHost } from '../with-host.ts';

interface HistoryOptions {
  readonly json?: boolean;
  readonly dataDir?: string;
  readonly graph?: string;
  readonly status?: string;
  readonly since?: string;
  readonly signature?: string;
  readonly limit: number;
}

export function historyCommands(program: Command): void {
  program
    .command('history')
    .description('list past and present sessions, newest first')
    .option('--json', 'print one JSON document')
    .option('--data-dir <dir>', "folder of the history (default: the user's own)")
    .option('--graph <text>', 'only graphs whose name contains this')
    .option('--status <status>', 'only sessions in this state, e.g. FAILED')
    .option('--since <time>', 'only sessions made since this date or time')
    .option('--signature <hex>', 'only sessions with this signature')
    .option('--limit <n>', 'at most this many', wholeNumber, 50)
    .action(async (options: HistoryOptions) => {
      const query = {
        limit: options.limit,
        ...(options.graph === undefined ? {} : { graph: options.graph }),
        ...(options.status === undefined ? {} : { status: options.status.toUpperCase() }),
        ...(options.since === undefined ? {} : { since: parseTime(options.since) }),
        ...(options.signature === undefined ? {} : { signature: options.signature }),
      };
      const { sessions, total } = (await withHost(options, (host) => host.call('sessions.list', query))) as {
        sessions: SessionSummary[];
        total: number;
      };
      if (options.json) return printJson({ sessions, total });
      if (sessions.length === 0) return print('No sessions yet: weir run GRAPH makes the first.');
      const rows = sessions.map((s) => [
        s.sessionId,
        s.status,
        s.graphName,
        timeText(s.createdAt),
        String(s.drops),
        String(s.errorCount),
      ]);
      print(table(['session', 'status', 'graph', 'created (UTC)', 'drops', 'errors'], rows));
      if (total > sessions.length) print(`${total - sessions.length} more: --limit shows them`);
      return undefined;
    });

  program
    .command('show')
    .argument('<session>', 'id of a session')
    .argument('[drop]', 'uid of a drop in it')
    .description('show one session, or one drop with its parameters, events, timings and records')
    .option('--json', 'print one JSON document')
    .option('--data-dir <dir>', "folder of the history (default: the user's own)")
    .action(
      async (sessionId: string, uid: string | undefined, options: { json?: boolean; dataDir?: string }) => {
        const record = await withHost(options, (host) =>
          uid === undefined
            ? host.call('sessions.get', { sessionId })
            : host.call('sessions.drop', { sessionId, uid }),
        );
        if (options.json) printJson(record);
        else print(uid === undefined ? sessionText(record as SessionDetail) : dropText(record as DropDetail));
      },
    );

  program
    .command('cat')
    .argument('<session>', 'id of a session')
    .argument('<drop>', 'uid of a data drop in it')
    .description("write a data drop's content to standard output")
    .option('--data-dir <dir>', "folder of the history (default: the user's own)")
    .action(async (sessionId: string, uid: string, options: { dataDir?: string }) =>
      withHost(options, async (host) => {
        const limit = 1 << 20;
        for (let offset = 0; ;) {
          const piece = (await host.call('sessions.content', {
            sessionId,
            uid,
            offset,
            limit,
          })) as DropContent;
          if (!piece.available)
            throw new WeirError('DROP_NOT_FOUND', `The content of ${uid} is not there: ${piece.reason}`, {
              details: { sessionId, uid },
            });
          const bytes = Buffer.from(piece.base64, 'base64');
          if (!process.stdout.write(bytes))
            await new Promise((resolve) => process.stdout.once('drain', resolve));
          offset += bytes.length;
          if (bytes.length < limit) return;
        }
      }),
    );
}

function parseTime(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at))
    throw new WeirError(
      'USAGE',
      `--since "${text}" is no date; write for example 2026-11-25 or 2026-11-25T18:20:00Z.`,
    );
  return at;
}

function sessionText({ summary: s, dir, errors, origin, timings }: SessionDetail): string {
  const states = Object.entries(s.byState).map(([name, count]) => `${count} ${name}`);
  return [
    `${s.status}  ${s.sessionId}`,
    `  graph     ${s.graphName} (${origin})`,
    `  created   ${timeText(s.createdAt)} UTC${s.finishedAt === null ? '' : `, over ${timeText(s.finishedAt)}`}`,
    `  drops     ${s.drops}${states.length > 0 ? `: ${states.join(', ')}` : ''}`,
    `  files     ${dir}`,
    `  took      load ${ms(timings.loadMs)}, deploy ${ms(timings.deployMs)}, execute ${ms(timings.executeMs)}, record ${ms(timings.recordMs)}`,
    ...Object.entries(s.signatures).map(([mode, signature]) => `  ${mode.padEnd(9)} ${signature}`),
    ...errors.map((error) => `  ERROR     ${error.name ?? error.uid ?? ''}: ${error.message}`),
  ].join('\n');
}

function dropText({
  drop,
  relations,
  events,
  errors,
  facts,
  path,
  checksum,
  contentHash,
}: DropDetail): string {
  const list = (name: string, uids: readonly string[]) =>
    uids.length === 0 ? [] : [`  ${name.padEnd(9)} ${uids.join(', ')}`];
  return [
    `${drop.execStatus ?? drop.status}  ${drop.uid}`,
    `  name      ${drop.name}`,
    `  class     ${drop.dropclass}`,
    ...(drop.sizeBytes === null ? [] : [`  size      ${bytesText(drop.sizeBytes)}`]),
    ...(path === null ? [] : [`  path      ${path}`]),
    ...(checksum === null ? [] : [`  crc32c    ${checksum}`]),
    ...(contentHash === null ? [] : [`  sha256    ${contentHash}`]),
    ...list('inputs', relations.inputs),
    ...list('outputs', relations.outputs),
    ...list('producers', relations.producers),
    ...list('consumers', relations.consumers),
    ...Object.entries(facts).map(
      ([name, value]) => `  ${name.padEnd(9)} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    ),
    ...events.map((event) => `  ${new Date(event.at).toISOString()}  ${event.type} ${event.value ?? ''}`),
    ...errors.flatMap((error) => [
      `  ERROR     ${error.message}`,
      ...(error.detail === null ? [] : [error.detail]),
    ]),
  ].join('\n');
}

function ms(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(1)} ms`;
}
