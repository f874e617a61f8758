/** What the contract says of sessions, drops and graphs. Part of contract.ts, which gathers all shapes and methods. */
import { Type, type Static } from 'typebox';
import { DropKind, Nullable, Time } from './contract-values.ts';

/** How many drops are in each state, by name; states nobody is in are left out. */
export const StateCounts = Type.Record(Type.String(), Type.Integer());

export const ErrorInfo = Type.Object({
  uid: Nullable(Type.String()),
  name: Nullable(Type.String()),
  code: Type.String(),
  message: Type.String(),
  /** More text for the curious: standard error of a command, a Python traceback; never a stack trace of Weir. */
  detail: Nullable(Type.String()),
  at: Time,
});

/** `status` is an upstream session state name, or INTERRUPTED for a session whose Host died during the run. */
export const SessionSummary = Type.Object({
  sessionId: Type.String(),
  status: Type.String(),
  graphName: Type.String(),
  createdAt: Type.Number(),
  startedAt: Time,
  finishedAt: Time,
  drops: Type.Integer(),
  byState: StateCounts,
  errorCount: Type.Integer(),
  rmode: Type.String(),
  /** Signature per R-mode name; empty until the session has finished. */
  signatures: Type.Record(Type.String(), Type.String()),
  /** Whether the session is in this Host's memory (it can be cancelled) or only in its history. */
  live: Type.Boolean(),
  /** Set where no rule of retention takes anything from it. */
  pinned: Type.Optional(Type.Literal(true)),
  /** When retention last removed contents, events or logs of it. */
  payloadDroppedAt: Type.Optional(Type.Number()),
});

export const SessionDetail = Type.Object({
  summary: SessionSummary,
  /** The session's working directory on disk. */
  dir: Type.String(),
  errors: Type.Array(ErrorInfo),
  timings: Type.Object({
    loadMs: Nullable(Type.Number()),
    deployMs: Nullable(Type.Number()),
    executeMs: Nullable(Type.Number()),
    recordMs: Nullable(Type.Number()),
  }),
  /** Where the graph came from: 'file', 'sample', 'rest', 'rerun of …'. */
  origin: Type.String(),
  host: Type.Object({ name: Type.String(), platform: Type.String(), version: Type.String() }),
});

export const DropRow = Type.Object({
  row: Type.Integer(),
  uid: Type.String(),
  name: Type.String(),
  kind: DropKind,
  /** The class path as the graph gives it, e.g. dlg.apps.simple.CopyApp. */
  dropclass: Type.String(),
  lgKey: Type.String(),
  status: Type.String(),
  /** Null for data drops. */
  execStatus: Nullable(Type.String()),
  startedAt: Time,
  finishedAt: Time,
  sizeBytes: Nullable(Type.Number()),
});

export const DropEvent = Type.Object({
  at: Type.Number(),
  type: Type.String(),
  /** Name of the new state, where the event has one. */
  value: Nullable(Type.String()),
});

export const LogEntry = Type.Object({
  seq: Type.Integer(),
  at: Type.Number(),
  level: Type.Union([
    Type.Literal('debug'),
    Type.Literal('info'),
    Type.Literal('warn'),
    Type.Literal('error'),
  ]),
  uid: Nullable(Type.String()),
  message: Type.String(),
});

export const DropDetail = Type.Object({
  drop: DropRow,
  /** The dropspec as the graph has it. */
  spec: Type.Record(Type.String(), Type.Unknown()),
  relations: Type.Object({
    inputs: Type.Array(Type.String()),
    outputs: Type.Array(Type.String()),
    consumers: Type.Array(Type.String()),
    producers: Type.Array(Type.String()),
  }),
  events: Type.Array(DropEvent),
  errors: Type.Array(ErrorInfo),
  logs: Type.Array(LogEntry),
  checksum: Nullable(Type.Integer()),
  contentHash: Nullable(Type.String()),
  dataUrl: Nullable(Type.String()),
  path: Nullable(Type.String()),
  /** Facts of the run: the command line that was run, exit status, arguments, by name. */
  facts: Type.Record(Type.String(), Type.Unknown()),
});

/** A piece of a data drop's content. `available` false: nothing is kept (expired, never written, too large); why is in `reason`. */
export const DropContent = Type.Object({
  available: Type.Boolean(),
  reason: Nullable(Type.String()),
  totalBytes: Nullable(Type.Number()),
  offset: Type.Number(),
  base64: Type.String(),
});

/** A drawing of a session: folded, one node per logical drop; else one per drop. Edges are pairs of node indices. */
export const GraphView = Type.Object({
  folded: Type.Boolean(),
  totalDrops: Type.Integer(),
  nodes: Type.Array(
    Type.Object({
      /** lg_key when folded (every drop of it: see `rows`), uid when not. */
      id: Type.String(),
      name: Type.String(),
      kind: DropKind,
      dropclass: Type.String(),
      count: Type.Integer(),
      byState: StateCounts,
      /** Longest-path layer from the roots: where a layered drawing puts it. */
      layer: Type.Integer(),
      /** Row of the drop when not folded, as deltas name it; left out where a node's index is its row. */
      row: Type.Optional(Type.Integer()),
    }),
  ),
  edges: Type.Array(Type.Tuple([Type.Integer(), Type.Integer(), Type.Integer()])),
  /** True when there were more nodes than `limit`; the table shows them all. */
  truncated: Type.Boolean(),
});

export const Sample = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  /** Logical graphs are looked at before they run. */
  kind: Type.Optional(Type.Literal('logical')),
});

/** A graph to work on: a sample by id, the text of a file (plain), or a path on the Host's own machine. */
export const GraphSource = Type.Union([
  Type.Object({ sample: Type.String() }),
  Type.Object({ text: Type.String(), name: Type.String() }),
  Type.Object({ path: Type.String() }),
  Type.Object({ sessionId: Type.String() }),
]);

/** What a graph is, before it is run. `problems` is empty for a graph that can be deployed. */
export const GraphInspection = Type.Object({
  kind: Type.Union([Type.Literal('logical'), Type.Literal('template'), Type.Literal('physical')]),
  name: Type.String(),
  drops: Type.Integer(),
  problems: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
});

/** A value set for one run; `field` as `GraphDrawing.fields` names it. */
export const FieldValue = Type.Object({
  node: Type.String(),
  field: Type.String(),
  value: Type.Unknown(),
});

/** What a graph looks like before it is translated. Only logical graphs have anything to draw and to edit. */
export const GraphDrawing = Type.Object({
  kind: GraphInspection.properties.kind,
  name: Type.String(),
  nodes: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      category: Type.String(),
      categoryType: Type.String(),
      /** Index of the construct around it; -1 at the top. */
      parent: Type.Integer(),
      isGroup: Type.Boolean(),
      /** How often a construct repeats, as the graph writes it. */
      copies: Nullable(Type.String()),
      /** Name of the application inside a construct. */
      application: Nullable(Type.String()),
    }),
  ),
  /** Pairs of node indices. */
  links: Type.Array(Type.Tuple([Type.Integer(), Type.Integer()])),
  /** What can be set for one run, what is set most first. */
  fields: Type.Array(
    Type.Object({
      node: Type.String(),
      nodeName: Type.String(),
      field: Type.String(),
      name: Type.String(),
      value: Type.Unknown(),
      type: Type.String(),
      description: Type.String(),
      options: Type.Array(Type.String()),
      isProminent: Type.Boolean(),
      /** It says how often a construct repeats. */
      isCount: Type.Boolean(),
    }),
  ),
  configurations: Type.Array(
    Type.Object({ id: Type.String(), name: Type.String(), isActive: Type.Boolean() }),
  ),
  problems: Type.Array(
    Type.Object({
      severity: Type.Union([Type.Literal('error'), Type.Literal('warning')]),
      code: Type.String(),
      message: Type.String(),
      nodeId: Nullable(Type.String()),
    }),
  ),
});

/** What a translation gives: statistics by the names spec/translator.md 10 has for them, and where drops go. */
export const GraphTranslation = Type.Object({
  name: Type.String(),
  drops: Type.Integer(),
  /** Size of the physical graph as text. */
  sizeBytes: Type.Number(),
  statistics: Type.Record(Type.String(), Type.Unknown()),
  /** Drops in each part. */
  parts: Type.Array(Type.Integer()),
  /** One node per logical drop, as in `GraphView`; `parts` holds pairs of part and number of drops there. */
  nodes: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      kind: DropKind,
      dropclass: Type.String(),
      count: Type.Integer(),
      layer: Type.Integer(),
      parts: Type.Array(Type.Tuple([Type.Integer(), Type.Integer()])),
    }),
  ),
  edges: Type.Array(Type.Tuple([Type.Integer(), Type.Integer(), Type.Integer()])),
  truncated: Type.Boolean(),
  warnings: Type.Array(Type.String()),
});

export const HostInfo = Type.Object({
  version: Type.String(),
  apiVersion: Type.Integer(),
  nodeVersion: Type.String(),
  electronVersion: Nullable(Type.String()),
  platform: Type.String(),
  hostName: Type.String(),
  dataDir: Type.String(),
  url: Nullable(Type.String()),
  pid: Type.Integer(),
});

export type StateCounts = Static<typeof StateCounts>;
export type ErrorInfo = Static<typeof ErrorInfo>;
export type SessionSummary = Static<typeof SessionSummary>;
export type SessionDetail = Static<typeof SessionDetail>;
export type DropRow = Static<typeof DropRow>;
export type DropEvent = Static<typeof DropEvent>;
export type LogEntry = Static<typeof LogEntry>;
export type DropDetail = Static<typeof DropDetail>;
export type DropContent = Static<typeof DropContent>;
export type GraphView = Static<typeof GraphView>;
export type Sample = Static<typeof Sample>;
export type GraphSource = Static<typeof GraphSource>;
export type GraphInspection = Static<typeof GraphInspection>;
export type FieldValue = Static<typeof FieldValue>;
export type GraphDrawing = Static<typeof GraphDrawing>;
export type GraphTranslation = Static<typeof GraphTranslation>;
export type HostInfo = Static<typeof HostInfo>;
