/** A made-up session for tests of the window: scatter, work, gather, with as many drops as wished; moved on by hand. */
import { crc32, deflateSync } from 'node:zlib';
import type {
  DropContent,
  DropDetail,
  DropRow,
  ErrorInfo,
  GraphView,
  LogEntry,
  MethodParams,
  SessionDetail,
  SessionSummary,
} from '../../engine/api/contract.ts';
import { APP_STATE_NAMES, AppDROPStates, DROP_STATE_NAMES, DROPStates } from '../../engine/protocol/index.ts';

export interface FakeSessionOptions {
  readonly sessionId: string;
  readonly graphName: string;
  /** Branches between scatter and gather; a session has three drops for each, and four more. */
  readonly width: number;
  readonly createdAt: number;
  /** Branches whose application fails. */
  readonly failing?: readonly number[];
  /** Names of the logical drops, for those who want other ones. */
  readonly names?: readonly string[];
}

const LOGICAL = [
  { key: '-1', name: 'Visibilities', kind: 'data', dropclass: 'dlg.data.drops.file.FileDROP' },
  { key: '-2', name: 'Scatter by channel', kind: 'app', dropclass: 'dlg.apps.simple.GenericScatterApp' },
  { key: '-3', name: 'Channel', kind: 'data', dropclass: 'dlg.data.drops.memory.InMemoryDROP' },
  { key: '-4', name: 'Calibrate', kind: 'app', dropclass: 'dlg.apps.bash_shell_app.BashShellApp' },
  { key: '-5', name: 'Calibrated channel', kind: 'data', dropclass: 'dlg.data.drops.memory.InMemoryDROP' },
  { key: '-6', name: 'Gather', kind: 'app', dropclass: 'dlg.apps.simple.GenericGatherApp' },
  { key: '-7', name: 'Image cube', kind: 'data', dropclass: 'dlg.data.drops.file.FileDROP' },
] as const;

/** A picture of blobs on a dark sky, as PNG (grey, 8 bit). */
function picture(width: number, height: number): Buffer {
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const blob = (cx: number, cy: number, r: number) => Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / r ** 2);
      const light = blob(70, 60, 14) + 0.7 * blob(180, 90, 22) + 0.5 * blob(120, 130, 8);
      rows[y * (width + 1) + 1 + x] = Math.min(255, 18 + 237 * light);
    }
  }
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const framed = Buffer.alloc(body.length + 8);
    framed.writeUInt32BE(data.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(crc32(body), body.length + 4);
    return framed;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 8;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const text = (value: string): Buffer => Buffer.from(value);
const CONTENTS: Readonly<Record<string, Buffer>> = {
  '-1_0': text('ant1 ant2 0.173 1.2e-3\n'.repeat(20_000)),
  '-3_0': text(
    JSON.stringify({ channel: 0, frequencyMHz: 856.5, flags: [true, false], note: '<b>not markup</b>' }),
  ),
  '-3_1': Buffer.from([
    0x80, 0x04, 0x95, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x5d, 0x94, 0x28, 0x4b, 0x01, 0x4b, 0x02, 0x65, 0x2e,
  ]),
  '-3_2': Buffer.alloc(0),
  '-7_0': picture(256, 160),
};

export class FakeSession {
  readonly id: string;
  readonly size: number;
  readonly errors: ErrorInfo[] = [];
  readonly logs: LogEntry[] = [];
  status = 'RUNNING';
  finishedAt: number | null = null;
  readonly #options: FakeSessionOptions;
  readonly #status: Uint8Array;
  readonly #exec: Int8Array;
  readonly #startedAt: Float64Array;
  readonly #finishedAt: Float64Array;
  #next = 0;

  constructor(options: FakeSessionOptions) {
    this.#options = options;
    this.id = options.sessionId;
    this.size = options.width * 3 + 4;
    this.#status = new Uint8Array(this.size);
    this.#exec = new Int8Array(this.size);
    this.#startedAt = new Float64Array(this.size);
    this.#finishedAt = new Float64Array(this.size);
    for (let row = 0; row < this.size; row++) this.#exec[row] = this.#kind(row) === 'app' ? 0 : -1;
    this.#log('info', null, `The graph ${options.graphName} was deployed with ${this.size} drops.`);
  }

  /** Which logical drop a row belongs to, and the how many-th of it. */
  #place(row: number): readonly [number, number] {
    const { width } = this.#options;
    if (row < 2) return [row, 0];
    const inside = row - 2;
    if (inside < 3 * width) return [2 + Math.floor(inside / width), inside % width];
    return [5 + inside - 3 * width, 0];
  }

  #rowOf(logical: number, index: number): number {
    const { width } = this.#options;
    if (logical < 2) return logical;
    return logical < 5 ? 2 + (logical - 2) * width + index : 2 + 3 * width + (logical - 5);
  }

  #kind(row: number): 'data' | 'app' {
    return LOGICAL[this.#place(row)[0]]?.kind ?? 'data';
  }

  #name(logical: number): string {
    return this.#options.names?.[logical] ?? LOGICAL[logical]?.name ?? '';
  }

  uid(row: number): string {
    const [logical, index] = this.#place(row);
    return `${LOGICAL[logical]?.key}_${index}`;
  }

  row(uid: string): number | undefined {
    const at = uid.lastIndexOf('_');
    const logical = LOGICAL.findIndex(({ key }) => key === uid.slice(0, at));
    const row = this.#rowOf(logical, Number(uid.slice(at + 1)));
    return logical >= 0 && row < this.size ? row : undefined;
  }

  #log(level: LogEntry['level'], uid: string | null, message: string): void {
    this.logs.push({
      seq: this.logs.length,
      at: this.#options.createdAt + this.logs.length * 7,
      level,
      uid,
      message,
    });
  }

  /** Lets `count` more drops come to their end, in order. Returns the rows that changed. */
  advance(count: number): readonly number[] {
    const changed: number[] = [];
    const { createdAt, failing } = this.#options;
    for (let i = 0; i < count && this.#next < this.size && this.status === 'RUNNING'; i++) {
      const row = this.#next++;
      const [logical, index] = this.#place(row);
      const isFailing = logical >= 3 && logical <= 4 && (failing?.includes(index) ?? false);
      const isApp = this.#kind(row) === 'app';
      this.#startedAt[row] = createdAt + row * 2;
      this.#finishedAt[row] = createdAt + row * 2 + (row % 977) * 1.37 + 0.4;
      this.#status[row] = isFailing ? DROPStates.ERROR : DROPStates.COMPLETED;
      if (isApp) this.#exec[row] = isFailing ? AppDROPStates.ERROR : AppDROPStates.FINISHED;
      if (isFailing && isApp) this.#fail(row, logical);
      changed.push(row);
    }
    if (this.#next === this.size) this.#finish();
    return changed;
  }

  #fail(row: number, logical: number): void {
    this.errors.push({
      uid: this.uid(row),
      name: this.#name(logical),
      code: 'COMMAND_FAILED',
      message: `The command of ${this.uid(row)} ended with status 2. Its error output says why.`,
      detail:
        'calibrate: cannot solve for antenna 7\ncalibrate: 3 of 64 solutions are flagged <script>alert(1)</script>',
      at: this.#finishedAt[row] ?? null,
    });
    this.#log('error', this.uid(row), `The command ended with status 2 in ${this.#name(logical)}.`);
  }

  #finish(): void {
    this.status = this.errors.length > 0 ? 'FAILED' : 'FINISHED';
    this.finishedAt = this.#options.createdAt + this.size * 2 + 900;
    this.#log('info', null, `The session is ${this.status}.`);
  }

  cancel(): void {
    this.status = 'CANCELLED';
    this.finishedAt = this.#options.createdAt + this.size;
    for (let row = this.#next; row < this.size; row++) {
      this.#status[row] = DROPStates.CANCELLED;
      if (this.#kind(row) === 'app') this.#exec[row] = AppDROPStates.CANCELLED;
    }
  }

  #counts(rows: Iterable<number>): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const row of rows) {
      const name = DROP_STATE_NAMES[this.#status[row] ?? 0] ?? '';
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  *#rowsOf(logical?: number): Generator<number> {
    for (let row = 0; row < this.size; row++)
      if (logical === undefined || this.#place(row)[0] === logical) yield row;
  }

  summary(): SessionSummary {
    const { sessionId, graphName, createdAt } = this.#options;
    const isOver = this.finishedAt !== null;
    return {
      sessionId,
      graphName,
      createdAt,
      status: this.status,
      startedAt: createdAt + 12,
      finishedAt: this.finishedAt,
      drops: this.size,
      byState: this.#counts(this.#rowsOf()),
      errorCount: this.errors.length,
      rmode: 'RERUN',
      signatures: isOver ? { RERUN: '3f1a6e0c9d57ab20c4e8f1735bd9a0c2f6417e8d9b3c5a7f1e2d4c6b8a907f35' } : {},
      live: !isOver,
    };
  }

  detail(): SessionDetail {
    return {
      summary: this.summary(),
      dir: `/home/ada/.local/share/weir/workspace/${this.id}`,
      errors: this.errors,
      timings: {
        loadMs: 4.2,
        deployMs: 1.1,
        executeMs: this.finishedAt === null ? null : 1832,
        recordMs: 12,
      },
      origin: 'file',
      host: { name: 'kiwi', platform: 'linux x64', version: '0.1.0' },
    };
  }

  dropRow(row: number): DropRow {
    const [logical] = this.#place(row);
    const { key = '', kind = 'data', dropclass = '' } = LOGICAL[logical] ?? {};
    const isDone = row < this.#next;
    const exec = this.#exec[row] ?? -1;
    const uid = this.uid(row);
    return {
      row,
      uid,
      name: this.#name(logical),
      kind,
      dropclass,
      lgKey: key,
      status: DROP_STATE_NAMES[this.#status[row] ?? 0] ?? '',
      execStatus: exec < 0 ? null : (APP_STATE_NAMES[exec] ?? ''),
      startedAt: isDone ? (this.#startedAt[row] ?? null) : null,
      finishedAt: isDone ? (this.#finishedAt[row] ?? null) : null,
      sizeBytes: kind === 'data' && isDone ? (CONTENTS[uid]?.length ?? 1024 + row * 37) : null,
    };
  }

  /** Wire integers of a row's states, as deltas carry them. */
  states(row: number): readonly [number, number] {
    return [this.#status[row] ?? 0, this.#exec[row] ?? -1];
  }

  drops(params: MethodParams<'sessions.drops'>): { rows: DropRow[]; total: number } {
    const { offset, limit, text: wanted = '', status, kind, lgKey, sort = 'row', descending } = params;
    const needle = wanted.toLowerCase();
    let rows = [...this.#rowsOf()].map((row) => this.dropRow(row));
    rows = rows.filter(
      (row) =>
        (needle === '' || `${row.name} ${row.uid}`.toLowerCase().includes(needle)) &&
        (status === undefined || row.status === status || row.execStatus === status) &&
        (kind === undefined || row.kind === kind) &&
        (lgKey === undefined || row.lgKey === lgKey),
    );
    if (sort !== 'row' || descending) {
      const value = (row: DropRow): number | string =>
        sort === 'durationMs' ? (row.finishedAt ?? 0) - (row.startedAt ?? 0) : (row[sort] ?? -1);
      const order = (a: DropRow, b: DropRow): number =>
        value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : a.row - b.row;
      rows.sort((a, b) => (descending ? order(b, a) : order(a, b)));
    }
    return { rows: rows.slice(offset, offset + limit), total: rows.length };
  }

  graph(folded: boolean, limit: number): GraphView {
    if (folded) {
      const nodes = LOGICAL.map((drop, logical) => {
        const rows = [...this.#rowsOf(logical)];
        const { key, kind, dropclass } = drop;
        return {
          id: key,
          name: this.#name(logical),
          kind,
          dropclass,
          count: rows.length,
          byState: this.#counts(rows),
          layer: logical,
        };
      });
      const edges = LOGICAL.slice(1).map((_, i): [number, number, number] => [i, i + 1, 1]);
      return { folded, totalDrops: this.size, nodes, edges, truncated: false };
    }
    const shown = Math.min(limit, this.size);
    const nodes = Array.from({ length: shown }, (_, row) => {
      const { uid, name, kind, dropclass } = this.dropRow(row);
      return {
        id: uid,
        name,
        kind,
        dropclass,
        count: 1,
        byState: this.#counts([row]),
        layer: this.#place(row)[0],
        row,
      };
    });
    const edges: [number, number, number][] = [];
    for (let row = 0; row < shown; row++)
      for (const to of this.#consumers(row)) if (to < shown) edges.push([row, to, 1]);
    return { folded, totalDrops: this.size, nodes, edges, truncated: shown < this.size };
  }

  #consumers(row: number): readonly number[] {
    const [logical, index] = this.#place(row);
    if (logical === 6) return [];
    if (logical === 1) return Array.from({ length: this.#options.width }, (_, i) => this.#rowOf(2, i));
    return [this.#rowOf(logical + 1, index)];
  }

  #producers(row: number): readonly number[] {
    const [logical, index] = this.#place(row);
    if (logical === 0) return [];
    if (logical === 5) return Array.from({ length: this.#options.width }, (_, i) => this.#rowOf(4, i));
    return [this.#rowOf(logical - 1, index)];
  }

  drop(row: number): DropDetail {
    const drop = this.dropRow(row);
    const before = this.#producers(row).map((r) => this.uid(r));
    const after = this.#consumers(row).map((r) => this.uid(r));
    const isApp = drop.kind === 'app';
    const at = drop.startedAt;
    const state = (value: string, type = isApp ? 'execStatus' : 'status') => ({
      at: (at ?? 0) + 0.6,
      type,
      value,
    });
    return {
      drop,
      spec: specOf(drop, before, after),
      relations: {
        inputs: isApp ? before : [],
        outputs: isApp ? after : [],
        consumers: isApp ? [] : after,
        producers: isApp ? [] : before,
      },
      events:
        at === null
          ? []
          : isApp
            ? [
                { at, type: 'execStatus', value: 'RUNNING' },
                state(drop.execStatus ?? ''),
                state(drop.status, 'producerFinished'),
              ]
            : [
                { at, type: 'status', value: 'WRITING' },
                state(drop.status),
                { ...state(drop.status), type: 'dropCompleted' },
              ],
      errors: this.errors.filter(({ uid }) => uid === drop.uid),
      logs: this.logs.filter(({ uid }) => uid === drop.uid),
      checksum: isApp || at === null ? null : 3_516_827_233,
      contentHash: null,
      dataUrl: isApp ? null : `file://kiwi/${this.id}/${drop.uid}`,
      path: drop.dropclass.endsWith('FileDROP')
        ? `/home/ada/.local/share/weir/workspace/${this.id}/${drop.name}.dat`
        : null,
      facts:
        isApp && at !== null
          ? {
              command: `calibrate --in ${before[0] ?? ''} --out ${after[0] ?? ''}`,
              exitStatus: drop.execStatus === 'ERROR' ? 2 : 0,
            }
          : {},
    };
  }

  content(row: number, offset: number, limit: number): DropContent {
    const bytes = CONTENTS[this.uid(row)] ?? text(`The content of ${this.uid(row)}: 4 8 15 16 23 42\n`);
    if (row >= this.#next) {
      return {
        available: false,
        reason: 'Nothing has been written to this drop yet.',
        totalBytes: null,
        offset,
        base64: '',
      };
    }
    const base64 = bytes.subarray(offset, offset + limit).toString('base64');
    return { available: true, reason: null, totalBytes: bytes.length, offset, base64 };
  }
}

function specOf(drop: DropRow, before: readonly string[], after: readonly string[]): Record<string, unknown> {
  const shared = {
    oid: drop.uid,
    name: drop.name,
    dropclass: drop.dropclass,
    lg_key: drop.lgKey,
    node: 'localhost',
  };
  if (drop.kind === 'data') {
    return {
      ...shared,
      categoryType: 'Data',
      producers: before.map((id) => ({ [id]: 'out' })),
      consumers: after.map((id) => ({ [id]: 'in' })),
    };
  }
  const argument = (name: string, value: unknown) => ({
    name,
    value,
    type: 'String',
    usage: 'NoPort',
    encoding: 'utf-8',
    positional: false,
  });
  return {
    ...shared,
    categoryType: 'Application',
    command: 'calibrate --in {in} --out {out} --solint {solint}',
    num_cpus: 1,
    n_tries: 2,
    input_error_threshold: 10,
    applicationArgs: {
      solint: argument('solint', '30s'),
      refant: argument('refant', 'm005'),
      in: argument('in', null),
    },
    inputs: before.map((id) => ({ [id]: 'in' })),
    outputs: after.map((id) => ({ [id]: 'out' })),
  };
}
