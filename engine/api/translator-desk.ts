/** The work behind the translator's routes on stored graphs: translating, dividing anew, mapping (spec/translator.md 16). */
import {
  parseAlgorithmOptions,
  stepsInWorker,
  type PartitionAlgorithm,
  type ScheduleKind,
  type Steps,
  type StepsReply,
} from '../translator/index.ts';
import { NotStored, type PgtRecord, type TranslatorFiles } from './translator-files.ts';

/** Fields of `gen_pgt` that are options of the algorithm. */
const OPTION_FIELDS = [
  'min_goal',
  'ptype',
  'max_load_imb',
  'max_cpu',
  'time_greedy',
  'deadline',
  'topk',
  'swarm_size',
  'max_mem',
] as const;
const TEST_APP = 'dlg.apps.simple.SleepApp';

export interface Generation {
  readonly fields: Readonly<Record<string, string | undefined>>;
  readonly partitions: number;
  readonly islands: number;
  readonly signal?: AbortSignal;
}

interface Taken {
  readonly bytes: Uint8Array;
  readonly reply: StepsReply;
}

async function take(graph: Uint8Array, steps: Steps, signal?: AbortSignal): Promise<Taken> {
  const pieces: Uint8Array[] = [];
  const reply = await stepsInWorker(graph, steps, {
    signal,
    onBytes: (piece) => void pieces.push(piece),
  });
  return { bytes: Buffer.concat(pieces), reply };
}

export class TranslatorDesk {
  readonly #files: TranslatorFiles;
  readonly #now: () => Date;

  constructor(files: TranslatorFiles, now: () => Date) {
    this.#files = files;
    this.#now = now;
  }

  /** The time as oid prefix, as upstream writes it: without zone, local. */
  timestamp(): string {
    const now = this.#now();
    const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
    return local.toISOString().slice(0, 19);
  }

  /** The time as part of a session id. */
  sessionTime(): string {
    return `${this.#now().toISOString().slice(0, 23).replaceAll(':', '-')}000`;
  }

  /** A logical graph signed with an R-mode, to be stored. */
  static async signed(text: string, rmode: string): Promise<{ content: string }> {
    const { bytes } = await take(Buffer.from(text, 'utf8'), { rmode });
    return { content: Buffer.from(bytes).toString('utf8') };
  }

  /** Translates a logical graph and stores what came of it. */
  async generate(
    name: string,
    text: string,
    { fields, partitions, islands, signal }: Generation,
  ): Promise<{ id: string; facts: Readonly<Record<string, unknown>>; parts: readonly number[] }> {
    const given = OPTION_FIELDS.map((option): [string, string | undefined] => [option, fields[option]]);
    const options = parseAlgorithmOptions(Object.fromEntries(given));
    const partition = {
      algorithm: (fields['algo'] ?? 'metis') as PartitionAlgorithm,
      numPartitions: Math.max(1, partitions),
      // The viewer's 0 means that there are no islands; every drop then names the first.
      numIslands: Math.max(1, islands),
      rules: 'corrected' as const,
      visual: true,
      ...options,
    };
    const isTest = /^(true|1|on|yes)$/i.test(fields['test'] ?? '');
    const { bytes, reply } = await take(
      Buffer.from(text, 'utf8'),
      {
        rmode: fields['rmode'] ?? '0',
        unroll: { oidPrefix: this.timestamp(), ...(isTest ? { appClass: TEST_APP } : {}) },
        partition,
      },
      signal,
    );
    const label = fields['par_label'] ?? 'Partition';
    const view = await take(bytes, { viewLabel: label }, signal);
    const id = await this.#files.addPgt(name, bytes, view.bytes, { partition, label });
    return { id, facts: { drops: reply.drops, ...reply.result }, parts: reply.sizes ?? [] };
  }

  /** The drops of a stored graph, with `#` indices for nodes. Throws NotStored. */
  async stored(id: string): Promise<Uint8Array> {
    const drops = await this.#files.readDrops(id);
    if (drops === undefined) throw new NotStored('translated graph', id);
    return drops;
  }

  /** A stored graph on the nodes of a manager; divided anew where it has more parts than there are nodes. */
  async map(
    id: string,
    manager: string,
    nodes: readonly string[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<{ bytes: Uint8Array; roots: readonly string[] }> {
    const drops = await this.stored(id);
    const record = this.#files.record(id);
    const { bytes, reply } = await take(
      drops,
      {
        ...(record === undefined ? {} : this.#fewer(record, nodes.length)),
        map: { hosts: [manager, ...nodes], islands: 1 },
        roots: true,
      },
      signal,
    );
    return { bytes, roots: reply.roots ?? [] };
  }

  #fewer({ partition }: PgtRecord, nodes: number): Pick<Steps, 'partition'> {
    const parts = Number(partition['numPartitions']);
    if (nodes === 0) return {};
    const asked = partition as unknown as NonNullable<Steps['partition']>;
    return { partition: { ...asked, numPartitions: Math.min(parts, nodes), numIslands: 1 } };
  }

  async schedule(id: string, kind: ScheduleKind, signal: AbortSignal): Promise<string> {
    const { bytes } = await take(await this.stored(id), { schedule: kind }, signal);
    return Buffer.from(bytes).toString('utf8').trim();
  }
}
