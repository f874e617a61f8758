/** `weir history`: what ran, found again (design/cli.md). */
import type { Command } from 'commander';
import type { FoundDrop, MethodResult, SessionSummary } from '../../api/index.ts';
import type { Host } from '../../host/index.ts';
import { SESSION_STATE_NAMES, WeirError } from '../../protocol/index.ts';
import { DATA_DIR, JSON_FLAG, type StoreOptions } from '../options.ts';
import { print, printJson, table, timeText } from '../output.ts';
import { pastTime } from '../quantities.ts';
import { hashFile, isFile } from '../user-files.ts';
import { countFromOne, wholeNumber } from '../values.ts';
import { withHost } from '../with-host.ts';
import { retentionCommands } from './retention.ts';

interface HistoryOptions extends StoreOptions {
  readonly graph?: string;
  readonly text?: string;
  readonly status?: string;
  readonly since?: number;
  readonly until?: number;
  readonly signature?: string;
  readonly drop?: string;
  readonly dropStatus?: string;
  readonly content?: string;
  readonly limit: number;
  readonly offset: number;
}

type Found = SessionSummary & { readonly matches?: readonly FoundDrop[] };

export function historyCommands(program: Command): void {
  const history = program
    .command('history')
    .description('list past and present sessions, newest first; with filters, find them')
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .option('--graph <text>', 'only graphs whose name contains this')
    .option('--text <text>', 'only sessions whose id or graph name contains this')
    .option('--status <status>', 'only sessions in this state, e.g. FAILED', sessionState)
    .option('--since <time>', 'only sessions made since then: a date, a time, or how long ago (7d)', pastTime)
    .option('--until <time>', 'only sessions made before then', pastTime)
    .option(
      '--signature <hex>',
      "only sessions with this signature, DALiuGE's or Weir's own, or its beginning",
    )
    .option(
      '--drop <text>',
      'only sessions with a drop whose name or uid contains this; the drops are listed',
    )
    .option('--drop-status <state>', 'only sessions with a drop in this state, e.g. ERROR or RUNNING')
    .option('--content <sha256|file>', 'only sessions with a drop that held this content')
    .option('--limit <n>', 'at most this many', countFromOne, 50)
    .option('--offset <n>', 'leave out the newest so many', wholeNumber, 0)
    .action(async (options: HistoryOptions) => {
      const { sessions, total } = await withHost(options, (host) => find(host, options));
      if (options.json) return printJson({ sessions, total });
      if (sessions.length === 0)
        return print(
          isFiltered(options) ? 'No session fits.' : 'No sessions yet: weir run GRAPH makes the first.',
        );
      print(listText(sessions));
      const left = total - options.offset - sessions.length;
      if (left > 0) print(`${left} more: --limit and --offset show them`);
      return undefined;
    });
  retentionCommands(history);
}

function sessionState(text: string): string {
  const names = [...SESSION_STATE_NAMES, 'INTERRUPTED'];
  const name = text.toUpperCase();
  if (names.includes(name)) return name;
  throw new WeirError('USAGE', `"${text}" is no state of a session; there are ${names.join(', ')}.`);
}

const isFiltered = (options: HistoryOptions): boolean =>
  (['graph', 'text', 'status', 'since', 'until', 'signature', 'drop', 'dropStatus', 'content'] as const).some(
    (name) => options[name] !== undefined,
  );

/** By the store's own filters; with wishes about drops, by those of the drops that fit. */
async function find(
  host: Host,
  options: HistoryOptions,
): Promise<{ readonly sessions: readonly Found[]; readonly total: number }> {
  const { graph, text, status, since, until, signature, limit, offset } = options;
  const query = Object.fromEntries(
    Object.entries({ graph, text, status, since, until, signature }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const list = (from: number, count: number) =>
    host.call('sessions.list', { ...query, offset: from, limit: count }) as Promise<
      MethodResult<'sessions.list'>
    >;
  const matches = await matchingDrops(host, options);
  if (matches === undefined) {
    const sessions: SessionSummary[] = [];
    let total = 0;
    // The API gives pages of at most a thousand.
    for (let from = offset; sessions.length < limit;) {
      const page = await list(from, Math.min(1000, limit - sessions.length));
      sessions.push(...page.sessions);
      from += page.sessions.length;
      total = page.total;
      if (page.sessions.length === 0 || from >= total) break;
    }
    return { sessions, total };
  }
  const sessions: Found[] = [];
  for (let from = 0; ; from += 1000) {
    const page = await list(from, 1000);
    for (const session of page.sessions) {
      const found = matches.get(session.sessionId);
      if (found) sessions.push({ ...session, matches: found });
    }
    if (from + page.sessions.length >= page.total || page.sessions.length === 0) break;
  }
  return { sessions: sessions.slice(offset, offset + limit), total: sessions.length };
}

/** Drops that fit, by session; undefined where nothing was asked of drops. */
async function matchingDrops(
  host: Host,
  { drop, dropStatus, content }: HistoryOptions,
): Promise<Map<string, FoundDrop[]> | undefined> {
  if (drop === undefined && dropStatus === undefined && content === undefined) return undefined;
  const query = {
    ...(drop === undefined ? {} : { text: drop }),
    ...(dropStatus === undefined ? {} : { status: dropStatus }),
    ...(content === undefined ? {} : { contentHash: await contentHash(content) }),
    limit: 1000,
  };
  const matches = new Map<string, FoundDrop[]>();
  let before: number | null = null;
  do {
    const page = (await host.call('history.drops', {
      ...query,
      ...(before === null ? {} : { before }),
    })) as MethodResult<'history.drops'>;
    for (const one of page.found) matches.set(one.sessionId, [...(matches.get(one.sessionId) ?? []), one]);
    before = page.next;
  } while (before !== null);
  return matches;
}

/** A SHA-256 as it is, or that of a file. Throws USAGE. */
async function contentHash(given: string): Promise<string> {
  if (/^[0-9a-f]{64}$/i.test(given)) return given;
  if (await isFile(given)) return hashFile(given);
  throw new WeirError(
    'USAGE',
    `--content expects a SHA-256 (64 hexadecimal digits) or a file; "${given}" is neither.`,
  );
}

/** Drops of a session that are listed under it. */
const LISTED = 5;

function listText(sessions: readonly Found[]): string {
  const rows = sessions.map((s) => [
    s.sessionId,
    s.status,
    s.graphName,
    timeText(s.createdAt),
    String(s.drops),
    String(s.errorCount),
    [s.pinned ? 'pinned' : '', s.payloadDroppedAt === undefined ? '' : 'contents dropped']
      .filter((word) => word !== '')
      .join(', '),
  ]);
  const [head, ...lines] = table(
    ['session', 'status', 'graph', 'created (UTC)', 'drops', 'errors', ''],
    rows,
  ).split('\n') as [string, ...string[]];
  return [head, ...lines.flatMap((line, i) => [line, ...matchLines(sessions[i]?.matches ?? [])])].join('\n');
}

function matchLines(matches: readonly FoundDrop[]): string[] {
  const lines = matches
    .slice(0, LISTED)
    .map(
      (drop) =>
        `    ${drop.execStatus ?? drop.status}  ${drop.uid}${drop.name === drop.uid ? '' : ` (${drop.name})`}`,
    );
  if (matches.length > LISTED) lines.push(`    and ${matches.length - LISTED} more drops`);
  return lines;
}
