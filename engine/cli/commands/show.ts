/** `weir show` and `weir cat`: one session, one drop, one content, from the history alone (design/cli.md). */
import type { Command } from 'commander';
import type {
  DropContent,
  DropDetail,
  RecordView,
  SessionDetail,
  SessionReproducibility,
} from '../../api/index.ts';
import type { Host } from '../../host/index.ts';
import { isWeirError, WeirError } from '../../protocol/index.ts';
import { DATA_DIR, JSON_FLAG, type StoreOptions } from '../options.ts';
import { bytesText, errorText, print, printJson, timeText } from '../output.ts';
import { withHost } from '../with-host.ts';

type ShownSession = SessionDetail & { readonly reproducibility: SessionReproducibility };
type ShownDrop = DropDetail & { readonly record: RecordView | null; readonly noRecord: string | null };

export function showCommands(program: Command): void {
  program
    .command('show')
    .argument('<session>', 'id of a session')
    .argument('[drop]', 'uid of a drop in it')
    .description('show one session, or one drop with its parameters, events, timings and record')
    .option(...JSON_FLAG)
    .option(...DATA_DIR)
    .action(async (sessionId: string, uid: string | undefined, options: StoreOptions) => {
      if (uid === undefined) {
        const session = await withHost(options, (host) => sessionOf(host, sessionId));
        if (options.json) printJson(session);
        else print(sessionText(session));
        return;
      }
      const drop = await withHost(options, (host) => dropOf(host, sessionId, uid));
      if (options.json) printJson(drop);
      else print(dropText(drop));
    });

  program
    .command('cat')
    .argument('<session>', 'id of a session')
    .argument('<drop>', 'uid of a data drop in it')
    .description("write a data drop's content to standard output")
    .option(...DATA_DIR)
    .action(async (sessionId: string, uid: string, options: StoreOptions) =>
      withHost(options, (host) => writeContent(host, sessionId, uid)),
    );
}

async function sessionOf(host: Host, sessionId: string): Promise<ShownSession> {
  const detail = (await host.call('sessions.get', { sessionId })) as SessionDetail;
  const reproducibility = (await host.call('sessions.reproducibility', {
    sessionId,
  })) as SessionReproducibility;
  return { ...detail, reproducibility };
}

/** The drop with its record, or with the reason why it has none yet. */
async function dropOf(host: Host, sessionId: string, uid: string): Promise<ShownDrop> {
  const detail = (await host.call('sessions.drop', { sessionId, uid })) as DropDetail;
  try {
    const record = (await host.call('sessions.record', { sessionId, uid })) as RecordView;
    return { ...detail, record, noRecord: null };
  } catch (error) {
    if (!isWeirError(error)) throw error;
    return { ...detail, record: null, noRecord: error.message };
  }
}

async function writeContent(host: Host, sessionId: string, uid: string): Promise<void> {
  const limit = 1 << 20;
  for (let offset = 0; ;) {
    const piece = (await host.call('sessions.content', { sessionId, uid, offset, limit })) as DropContent;
    if (!piece.available)
      throw new WeirError('DROP_NOT_FOUND', `The content of ${uid} is not there: ${piece.reason}`, {
        details: { sessionId, uid },
      });
    const bytes = Buffer.from(piece.base64, 'base64');
    if (!process.stdout.write(bytes)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    offset += bytes.length;
    if (bytes.length < limit) return;
  }
}

// --- texts -----------------------------------------------------------------------------------------------------------

function ms(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(1)} ms`;
}

const line = (name: string, value: string): string => `  ${name.padEnd(15)} ${value}`;

function sessionText({
  summary: s,
  dir,
  errors,
  origin,
  timings,
  host,
  reproducibility,
}: ShownSession): string {
  const states = Object.entries(s.byState).map(([name, count]) => `${count} ${name}`);
  return [
    `${s.status}  ${s.sessionId}`,
    line('graph', `${s.graphName} (${origin})`),
    line(
      'created',
      `${timeText(s.createdAt)} UTC${s.finishedAt === null ? '' : `, over ${timeText(s.finishedAt)}`}`,
    ),
    line('node', `${host.name} (${host.platform}, Weir ${host.version})`),
    line('drops', `${s.drops}${states.length > 0 ? `: ${states.join(', ')}` : ''}`),
    ...(dir === '' ? [] : [line('files', dir)]),
    line(
      'took',
      `load ${ms(timings.loadMs)}, deploy ${ms(timings.deployMs)}, execute ${ms(timings.executeMs)}, record ${ms(timings.recordMs)}`,
    ),
    ...(s.pinned ? [line('pinned', 'no rule takes anything from it')] : []),
    ...(s.payloadDroppedAt === undefined
      ? []
      : [
          line('dropped', `contents, events or logs on ${timeText(s.payloadDroppedAt)} UTC, as the log says`),
        ]),
    ...reproducibilityLines(reproducibility),
    ...errors.map((error) => line('ERROR', errorText(error))),
  ].join('\n');
}

function reproducibilityLines(r: SessionReproducibility): string[] {
  const { drops, recorded, withContent, reused } = r.records;
  const lines = [
    line('R-mode', r.rmode),
    line(
      'records',
      `${recorded} of ${drops} drops, ${withContent} with the hash of a content${reused > 0 ? `, ${reused} taken over` : ''}`,
    ),
  ];
  const names = r.modes.filter(({ signature, canonical }) => signature ?? canonical);
  for (const { mode, signature, canonical } of names) {
    if (signature !== null) lines.push(line(mode, `${signature} (DALiuGE)`));
    if (canonical !== null) lines.push(line(signature === null ? mode : '', `${canonical} (Weir)`));
  }
  if (names.length === 0) lines.push(line('signatures', 'none recorded'));
  if (r.seal)
    lines.push(
      line(
        'sealed',
        `${timeText(r.seal.sealedAt)} UTC by ${r.seal.signedBy}, number ${r.seal.logIndex} of its log`,
      ),
    );
  else if (r.importedSeal)
    lines.push(
      line('sealed', `${timeText(r.importedSeal.sealedAt)} UTC by ${r.importedSeal.signedBy}, where it ran`),
    );
  else lines.push(line('not sealed', r.unsealedReason ?? ''));
  return lines;
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function dropText(detail: ShownDrop): string {
  const { drop, relations, events, errors, facts, path, checksum, record, noRecord } = detail;
  const list = (name: string, uids: readonly string[]) =>
    uids.length === 0 ? [] : [line(name, uids.join(', '))];
  return [
    `${drop.execStatus ?? drop.status}  ${drop.uid}`,
    line('name', drop.name),
    line('class', drop.dropclass),
    ...(drop.sizeBytes === null ? [] : [line('size', bytesText(drop.sizeBytes))]),
    ...(path === null ? [] : [line('path', path)]),
    ...(checksum === null ? [] : [line('crc32c', String(checksum))]),
    ...list('inputs', relations.inputs),
    ...list('outputs', relations.outputs),
    ...list('producers', relations.producers),
    ...list('consumers', relations.consumers),
    ...Object.entries(facts).map(([name, value]) => line(name, valueText(value))),
    ...(record ? recordLines(record) : [`record: ${noRecord ?? 'none'}`]),
    ...(events.length > 0 ? ['events'] : []),
    ...events.map((event) => `  ${new Date(event.at).toISOString()}  ${event.type} ${event.value ?? ''}`),
    ...errors.flatMap((error) => [
      line('ERROR', error.message),
      ...(error.detail === null ? [] : [error.detail]),
    ]),
  ].join('\n');
}

/** The parts of a record that are read here; the whole is in --json. */
interface Recorded {
  readonly drop: Readonly<Record<string, unknown>>;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly inputs: readonly { readonly oid: string; readonly sha256: string | null }[];
  readonly code: Readonly<Record<string, unknown>>;
  readonly content: { readonly sha256: string; readonly sizeBytes: number; readonly storage: string } | null;
  readonly node: string;
  readonly environmentSha256: string;
  readonly timing: { readonly startedAtMs: number | null; readonly finishedAtMs: number | null };
  readonly outcome: Readonly<Record<string, unknown>>;
  readonly upstream: Readonly<Record<string, string | null>>;
  readonly reusedFrom?: { readonly sessionId: string; readonly oid: string };
}

function recordLines(view: RecordView): string[] {
  const r = view.record as unknown as Recorded;
  const time = (at: number | null): string => (at === null ? 'never' : new Date(at).toISOString());
  const named = (title: string, values: Readonly<Record<string, unknown>>): string[] => {
    const entries = Object.entries(values).filter(([, value]) => value !== null);
    return entries.map(([name, value], i) => line(i === 0 ? title : '', `${name} = ${valueText(value)}`));
  };
  return [
    `record (leaf ${view.leaf.slice(0, 16)}…, ${view.isSealed ? 'as sealed' : 'not sealed'})`,
    ...named('what', r.drop),
    ...named('parameters', r.parameters),
    ...r.inputs.map(({ oid, sha256 }, i) =>
      line(i === 0 ? 'read' : '', `${oid}${sha256 === null ? '' : ` sha256 ${sha256}`}`),
    ),
    ...named('code', r.code),
    ...(r.content === null
      ? []
      : [line('content', `sha256 ${r.content.sha256}, ${r.content.sizeBytes} bytes, ${r.content.storage}`)]),
    line('ran on', r.node),
    ...named('', { environment: view.environment ?? r.environmentSha256 }),
    line('timing', `started ${time(r.timing.startedAtMs)}, finished ${time(r.timing.finishedAtMs)}`),
    ...named('outcome', r.outcome),
    ...named('upstream', r.upstream),
    ...(r.reusedFrom
      ? [line('taken over', `from session ${r.reusedFrom.sessionId}, drop ${r.reusedFrom.oid}`)]
      : []),
  ];
}
