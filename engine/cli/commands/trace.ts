/** `weir trace`: what made this file? From its content to the drop, its producer and inputs, back to the roots. */
import type { Command } from 'commander';
import type { LineageDrop, MethodResult, SessionDetail } from '../../api/index.ts';
import type { Host } from '../../host/index.ts';
import { WeirError } from '../../protocol/index.ts';
import { DATA_DIR, JSON_FLAG, type StoreOptions } from '../options.ts';
import { bytesText, EXIT, print, printJson, timeText } from '../output.ts';
import { hashFile, isFile } from '../user-files.ts';
import { countFromOne } from '../values.ts';
import { withHost } from '../with-host.ts';

interface TraceOptions extends StoreOptions {
  readonly limit: number;
}

/** Sessions whose ways back are followed; of the others it is only said that there are some. */
const FOLLOWED = 10;
/** Lines of one way back; the rest is in --json. */
const LINES = 60;

/** A drop that held the content, with the way back from it. */
interface Origin {
  readonly sessionId: string;
  readonly graphName: string;
  readonly status: string;
  readonly uid: string;
  readonly name: string;
  readonly finishedAt: number | null;
  /** Whether applications of this session wrote it; false: it was given to the session. */
  readonly isMade: boolean;
  readonly drops: readonly LineageDrop[];
  readonly truncated: boolean;
}

export function traceCommand(program: Command): void {
  program
    .command('trace')
    .argument('<file>', 'any file, or the SHA-256 of a content')
    .description('say what made a file: session, drop, producer and inputs, back to the roots')
    .option('--limit <n>', 'follow at most this many drops of a session', countFromOne, 1000)
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action(async (file: string, options: TraceOptions) => {
      const sha256 = await hashOf(file);
      const { made, origins } = await withHost(options, (host) => trace(host, sha256, options.limit));
      if (options.json) printJson({ file, sha256, made, origins });
      else print(traceText(file, sha256, made.length, origins));
      process.exitCode = made.length > 0 ? EXIT.ok : EXIT.failed;
    });
}

async function hashOf(given: string): Promise<string> {
  if (!(await isFile(given)) && /^[0-9a-f]{64}$/i.test(given)) return given.toLowerCase();
  if (given === '-')
    throw new WeirError('USAGE', 'weir trace takes a file or a SHA-256, not standard input.');
  return hashFile(given);
}

type Made = MethodResult<'history.trace'>['made'];

async function trace(
  host: Host,
  sha256: string,
  limit: number,
): Promise<{ readonly made: Made; readonly origins: readonly Origin[] }> {
  const { made } = (await host.call('history.trace', { sha256 })) as MethodResult<'history.trace'>;
  const origins: Origin[] = [];
  for (const { sessionId, uid, name, finishedAt } of made.slice(0, FOLLOWED)) {
    const { summary } = (await host.call('sessions.get', { sessionId })) as SessionDetail;
    const { drops, truncated } = (await host.call('history.lineage', {
      sessionId,
      uid,
      limit: Math.min(limit, 10_000),
    })) as MethodResult<'history.lineage'>;
    origins.push({
      sessionId,
      graphName: summary.graphName,
      status: summary.status,
      uid,
      name,
      finishedAt,
      isMade: (drops[0]?.inputs.length ?? 0) > 0,
      drops,
      truncated,
    });
  }
  // Who made it before who only had it.
  origins.sort((a, b) => Number(b.isMade) - Number(a.isMade));
  return { made, origins };
}

function traceText(file: string, sha256: string, count: number, origins: readonly Origin[]): string {
  if (count === 0) return `Nothing in the history made or held ${file} (SHA-256 ${sha256}).`;
  const lines = [`${file} (SHA-256 ${sha256})`];
  for (const origin of origins) {
    const { sessionId, graphName, status, isMade, truncated } = origin;
    lines.push('', `${isMade ? 'made by' : 'given to'} session ${sessionId} (${graphName}, ${status})`);
    const way = wayBack(origin);
    lines.push(...way.slice(0, LINES));
    const left = way.length - LINES;
    if (left > 0 || truncated)
      lines.push(`  and ${truncated ? 'more' : `${left} more lines`}: --json has all`);
  }
  if (count > origins.length)
    lines.push('', `${count - origins.length} more drops held the same content: --json lists them`);
  return lines.join('\n');
}

/** The tree of what a drop was made of, each drop once. */
function wayBack({ drops, uid }: Origin): string[] {
  const byUid = new Map(drops.map((drop) => [drop.uid, drop]));
  const told = new Set<string>();
  const lines: string[] = [];
  const waiting: { readonly uid: string; readonly depth: number }[] = [{ uid, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const drop = byUid.get(next.uid);
    const indent = '  '.repeat(Math.min(next.depth, 20) + 1);
    if (told.has(next.uid)) {
      lines.push(`${indent}${next.uid} (above)`);
      continue;
    }
    told.add(next.uid);
    if (drop === undefined) {
      lines.push(`${indent}${next.uid}`);
      continue;
    }
    lines.push(`${indent}${dropText(drop)}`);
    const depth = next.depth + 1;
    for (const earlier of drop.earlier)
      lines.push(`${indent}  the same content was made by session ${earlier.sessionId}, drop ${earlier.uid}`);
    if (drop.reusedFrom)
      lines.push(
        `${indent}  taken over from session ${drop.reusedFrom.sessionId}, drop ${drop.reusedFrom.oid}`,
      );
    for (const input of [...drop.inputs].reverse()) waiting.push({ uid: input, depth });
  }
  return lines;
}

function dropText(drop: LineageDrop): string {
  const named = drop.name === drop.uid ? drop.uid : `${drop.uid} "${drop.name}"`;
  const kind = drop.dropclass.split('.').at(-1) ?? drop.dropclass;
  if (drop.kind === 'app') {
    const code = ['command', 'functionName', 'imageDigest']
      .map((key) => drop.code[key])
      .filter((value): value is string => typeof value === 'string');
    return [`<- ${named}`, kind, drop.execStatus ?? drop.status, ...code].join('  ');
  }
  const parts = [`${named}`, kind, timeText(drop.finishedAt)];
  if (drop.contentHash !== null) parts.push(`sha256 ${drop.contentHash.slice(0, 16)}…`);
  if (drop.sizeBytes !== null) parts.push(bytesText(drop.sizeBytes));
  if (drop.path !== null) parts.push(drop.path);
  return parts.filter((part) => part !== '').join('  ');
}
