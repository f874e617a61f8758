/** `weir history prune`, `rules`, `pin`: what the history gives up with time, and what it keeps (docs/reproducibility.md). */
import { Option, type Command } from 'commander';
import type { MethodResult, RetentionRule } from '../../api/index.ts';
import { WeirError } from '../../protocol/index.ts';
import { DATA_DIR, JSON_FLAG, type StoreOptions } from '../options.ts';
import { bytesText, print, printJson, table, timeText } from '../output.ts';
import { durationMs, sizeBytes } from '../quantities.ts';
import { wholeNumber } from '../values.ts';
import { withHost } from '../with-host.ts';

interface RuleOptions extends StoreOptions {
  readonly olderThan?: number;
  readonly keep?: number;
  readonly maxSize?: number;
  readonly graph?: string;
  readonly perGraph?: boolean;
  readonly except?: readonly string[];
  readonly what: readonly string[];
}

const PARTS = ['contents', 'events', 'logs', 'files'];

function partsOf(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  const wrong = parts.find((part) => !PARTS.includes(part));
  if (wrong === undefined) return parts;
  throw new WeirError(
    'USAGE',
    `--what takes ${PARTS.join(', ')} with commas between; "${wrong}" is none of them.`,
  );
}

/** The options that make a rule. */
function ruleOptions(command: Command): Command {
  return command
    .option('--older-than <time>', 'of sessions that ended longer ago than this, e.g. 90d', durationMs)
    .option('--keep <n>', 'of all but the newest n sessions', wholeNumber)
    .option('--max-size <size>', 'of the oldest, until the rest takes no more than this, e.g. 2G', sizeBytes)
    .option('--graph <text>', 'only sessions of graphs whose name contains this')
    .option('--per-graph', 'count --keep and --max-size for every graph by itself')
    .option('--except <session...>', 'sessions that are spared')
    .addOption(
      new Option('--what <parts>', `what goes: ${PARTS.join(', ')}, with commas between`)
        .argParser(partsOf)
        .default(['contents', 'events', 'logs'], 'contents,events,logs'),
    );
}

function ruleOf({ olderThan, keep, maxSize, graph, perGraph, except, what }: RuleOptions): RetentionRule {
  return {
    ...(olderThan === undefined ? {} : { olderThanMs: olderThan }),
    ...(keep === undefined ? {} : { keep }),
    ...(maxSize === undefined ? {} : { maxBytes: maxSize }),
    ...(graph === undefined ? {} : { graph }),
    ...(perGraph === undefined ? {} : { perGraph }),
    ...(except === undefined ? {} : { except: [...except] }),
    parts: what as NonNullable<RetentionRule['parts']>,
  };
}

/** A rule that says something. Throws USAGE. */
function someRule(options: RuleOptions): RetentionRule {
  const rule = ruleOf(options);
  if (rule.olderThanMs !== undefined || rule.keep !== undefined || rule.maxBytes !== undefined) return rule;
  throw new WeirError(
    'USAGE',
    'That is no rule yet: say how old (--older-than), how many (--keep) or how large (--max-size).',
  );
}

export function retentionCommands(history: Command): void {
  ruleOptions(history.command('prune'))
    .description(
      'drop contents, events and logs of old sessions; records, hashes and seals stay, so everything still verifies',
    )
    .option('--dry-run', 'only say what would go')
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action(async (_own: unknown, command: Command) => {
      const options = command.optsWithGlobals<RuleOptions & { readonly dryRun?: boolean }>();
      const rules = { ...ruleOf(options), ...(options.dryRun === undefined ? {} : { dryRun: true }) };
      const result = (await withHost(options, (host) =>
        host.call('history.prune', rules),
      )) as MethodResult<'history.prune'>;
      if (options.json) printJson(result);
      else print(pruneText(result));
    });
  rulesCommands(history);
  for (const pinned of [true, false])
    history
      .command(`${pinned ? 'pin' : 'unpin'} <session>`)
      .description(
        pinned
          ? 'spare a session from every rule of retention'
          : 'let rules of retention have a session again',
      )
      .option(...JSON_FLAG)
      .option(...DATA_DIR)
      .action(async (sessionId: string, _own: unknown, command: Command) => {
        const options = command.optsWithGlobals<StoreOptions>();
        const result = await withHost(options, (host) => host.call('sessions.pin', { sessionId, pinned }));
        if (options.json) printJson({ sessionId, ...(result as MethodResult<'sessions.pin'>) });
        else print(pinned ? `${sessionId} keeps everything it has.` : `${sessionId} is not pinned any more.`);
      });
}

/** `weir history rules`: what is carried out whenever Weir starts and a session has ended. */
function rulesCommands(history: Command): void {
  const rules = history
    .command('rules')
    .description('the standing rules of retention, carried out when Weir starts and when a session has ended')
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action((_own: unknown, command: Command) => change(command, (kept) => kept));
  ruleOptions(rules.command('add'))
    .description('add a rule, and carry the rules out')
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action((_own: unknown, command: Command) =>
      change(command, (kept) => [...kept, someRule(command.optsWithGlobals<RuleOptions>())]),
    );
  rules
    .command('remove')
    .argument('<number>', 'as the list shows it', wholeNumber)
    .description('remove the rule with this number')
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action((number: number, _own: unknown, command: Command) =>
      change(command, (kept) => {
        const at = number - 1;
        if (kept[at] === undefined)
          throw new WeirError(
            'USAGE',
            `There is no rule ${number}; there ${kept.length === 1 ? 'is 1' : `are ${kept.length}`}.`,
          );
        return kept.filter((_, i) => i !== at);
      }),
    );
}

type Rules = readonly RetentionRule[];

async function change(command: Command, to: (rules: Rules) => Rules): Promise<void> {
  const options = command.optsWithGlobals<StoreOptions>();
  const result = await withHost(options, async (host) => {
    const { rules, file } = (await host.call('retention.rules', {})) as MethodResult<'retention.rules'>;
    const changed = to(rules);
    if (changed !== rules) await host.call('retention.setRules', { rules: changed });
    return { rules: changed, file };
  });
  if (options.json) return printJson(result);
  if (result.rules.length === 0)
    return print(
      'No standing rules: nothing is dropped by itself. weir history rules add --older-than 90d adds one.',
    );
  print(
    [
      ...result.rules.map((rule, i) => `${i + 1}  ${ruleText(rule)}`),
      `kept in ${result.file ?? 'memory'}`,
    ].join('\n'),
  );
  return undefined;
}

/** A rule as a sentence without a beginning. */
function ruleText({ olderThanMs, keep, maxBytes, graph, perGraph, except, parts }: RetentionRule): string {
  const each = perGraph ? ' of each graph' : '';
  const of = [
    olderThanMs === undefined ? '' : `that ended more than ${lengthText(olderThanMs)} ago`,
    keep === undefined ? '' : `that are not among the newest ${keep}${each}`,
    maxBytes === undefined ? '' : `that go beyond ${bytesText(maxBytes)}${each}, the oldest first`,
  ].filter((text) => text !== '');
  const about = [
    graph === undefined ? '' : `, of graphs whose name contains "${graph}"`,
    except && except.length > 0 ? `, except ${except.join(', ')}` : '',
  ].join('');
  return `drop ${(parts ?? PARTS.slice(0, 3)).join(', ')} of sessions ${of.join(', or ')}${about}`;
}

function lengthText(ms: number): string {
  const days = ms / 86_400_000;
  return days >= 1 ? `${Number(days.toFixed(2))} d` : `${Number((ms / 3_600_000).toFixed(2))} h`;
}

function pruneText({
  dryRun,
  sessions,
  skipped,
  freedBytes,
  keptBytes,
}: MethodResult<'history.prune'>): string {
  const amount = (bytes: number): string => bytesText(bytes);
  const left = skipped.map(({ sessionId, message }) => `${sessionId} is left as it is: ${message}`);
  if (sessions.length === 0) return [...left, `Nothing to drop: ${amount(keptBytes)} are kept.`].join('\n');
  const rows = sessions.map((session) => [
    session.sessionId,
    session.graphName,
    timeText(session.finishedAt),
    amount(session.bytes),
    session.reasons.join(', '),
  ]);
  return [
    ...left,
    table(['session', 'graph', 'ended (UTC)', 'size', 'why'], rows),
    `${amount(freedBytes)} of ${sessions.length} session(s) ${dryRun ? 'would go' : 'are gone'}, ${amount(keptBytes)} ${dryRun ? 'would stay' : 'stay'}; records, hashes and seals ${dryRun ? 'would stay, too' : 'are untouched'}.`,
  ].join('\n');
}
