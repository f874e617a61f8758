/**
 * The contract between the window (or any client) and a Host: every method and every push topic once, as schema and
 * type. Three verbs carry it, over Electron's IPC and over HTTP + WebSocket alike: call, subscribe, cancel
 * (design/house-style.md, "Borders"). The renderer imports types from here and nothing else of the engine.
 *
 * All times are milliseconds since 1970 (UTC) as numbers, or null where something has not happened.
 */
import { Type, type Static, type TSchema } from 'typebox';
import { historyMethods } from './history-contract.ts';

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Time = Nullable(Type.Number());

/** The version of this contract; a client shows a clear message when the Host speaks another major version. */
export const API_VERSION = 1;

// --- shapes ------------------------------------------------------------------------------------------------------

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
  kind: Type.Union([Type.Literal('data'), Type.Literal('app')]),
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
      kind: Type.Union([Type.Literal('data'), Type.Literal('app')]),
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
      kind: Type.Union([Type.Literal('data'), Type.Literal('app')]),
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

// --- reproducibility ---------------------------------------------------------------------------------------------

/** What is recorded of a session and how far it can be trusted (design/ux-and-trust.md 4). */
export const SessionReproducibility = Type.Object({
  /** The R-mode the session ran with, by name. */
  rmode: Type.String(),
  /** One entry per R-mode that can have a signature, in the order of ALL_RMODES. Null: not recorded. */
  modes: Type.Array(
    Type.Object({
      mode: Type.String(),
      /** DALiuGE's signature. */
      signature: Nullable(Type.String()),
      /** Weir's own signature, which covers more (canonical-signature.ts). */
      canonical: Nullable(Type.String()),
    }),
  ),
  records: Type.Object({
    /** Drops of the session, and how many of them have a record. */
    drops: Type.Integer(),
    recorded: Type.Integer(),
    /** Records that name the SHA-256 of stored content. */
    withContent: Type.Integer(),
    /** Records whose result was taken over from another session. */
    reused: Type.Integer(),
  }),
  /** Null where the session is not sealed; why is in `unsealedReason`. */
  seal: Nullable(
    Type.Object({
      /** The signed note (C2SP checkpoint). */
      note: Type.String(),
      sealedAt: Type.Number(),
      /** Root over all records, base64. */
      root: Type.String(),
      /** Name of the key that signed, its id (8 hexadecimal digits), and the whole C2SP verifier key text. */
      signedBy: Type.String(),
      keyId: Type.String(),
      key: Type.String(),
      /** The seal's place in the device's log of seals. */
      logIndex: Type.Integer(),
    }),
  ),
  unsealedReason: Nullable(Type.String()),
  /** For a session that was imported: the seal that came with it, of the device it ran on. */
  importedSeal: Nullable(
    Type.Object({
      note: Type.String(),
      sealedAt: Type.Number(),
      signedBy: Type.String(),
      keyId: Type.String(),
      key: Type.String(),
    }),
  ),
  /** Other nodes that signed the same checkpoint or hold it. */
  witnesses: Type.Array(
    Type.Object({ name: Type.String(), keyId: Type.String(), at: Time, checkpoint: Type.String() }),
  ),
});

/** What a verification from stored bytes found. `where` names the record, seal, checkpoint or step. */
export const Verification = Type.Object({
  valid: Type.Boolean(),
  /** How many things were checked. */
  checked: Type.Integer(),
  problems: Type.Array(
    Type.Object({ where: Type.String(), message: Type.String(), uid: Nullable(Type.String()) }),
  ),
  /** What is no problem but worth knowing: what the seal does not cover, where the session ran, a clock set back. */
  notes: Type.Optional(Type.Array(Type.Object({ where: Type.String(), message: Type.String() }))),
  verifiedAt: Type.Number(),
});

const SignatureVerdict = {
  verdict: Type.Union([Type.Literal('match'), Type.Literal('differs'), Type.Literal('not recorded')]),
  /** Null when it cannot be said, because a side was not recorded. */
  same: Nullable(Type.Boolean()),
  a: Nullable(Type.String()),
  b: Nullable(Type.String()),
};

/** Two sessions compared (engine/reproducibility/compare.ts). */
export const SessionComparison = Type.Object({
  /** By R-mode name. */
  rmodes: Type.Record(
    Type.String(),
    Type.Object({
      ...SignatureVerdict,
      /** The same for Weir's own signatures. */
      canonical: Type.Object(SignatureVerdict),
      differing: Type.Array(
        Type.Object({
          /** The drop on either side; null where it has none. */
          a: Nullable(Type.String()),
          b: Nullable(Type.String()),
          name: Type.String(),
          /** True for a first cause; false for a later drop that changed by itself too. */
          isFirst: Type.Boolean(),
          fields: Type.Array(
            Type.Object({
              class: Type.String(),
              name: Type.String(),
              /** Left out where the side has no such field. */
              a: Type.Optional(Type.Unknown()),
              b: Type.Optional(Type.Unknown()),
            }),
          ),
        }),
      ),
      /** Drops after a cause: their difference may follow from it. */
      affected: Type.Integer(),
      /** Fields that differ and were let pass by the comparators of the call. */
      excused: Type.Integer(),
    }),
  ),
  alignment: Type.Object({
    byId: Type.Integer(),
    byLogicalId: Type.Integer(),
    byStructure: Type.Integer(),
    /** Drops of A without counterpart, and of B. */
    removed: Type.Array(Type.String()),
    added: Type.Array(Type.String()),
  }),
});

/** Two sessions as one graph, with the marks of one mode. */
export const ComparisonGraph = Type.Object({
  folded: Type.Boolean(),
  /** False where the mode was not recorded on both sides: then the marks say nothing. */
  isRecorded: Type.Boolean(),
  /** Drops of A, and those that only B has. */
  totalDrops: Type.Integer(),
  nodes: Type.Array(
    Type.Object({
      /** As in `GraphView`. */
      id: Type.String(),
      name: Type.String(),
      kind: Type.Union([Type.Literal('data'), Type.Literal('app')]),
      dropclass: Type.String(),
      count: Type.Integer(),
      layer: Type.Integer(),
      /** How many of its drops are what. */
      marks: Type.Object({
        same: Type.Integer(),
        cause: Type.Integer(),
        affected: Type.Integer(),
        onlyA: Type.Integer(),
        onlyB: Type.Integer(),
      }),
      /** A drop of either side, to be opened; null where the side has none. */
      a: Nullable(Type.String()),
      b: Nullable(Type.String()),
    }),
  ),
  /** From node, to node, and who has such a link: 1 A, 2 B, 3 both. */
  edges: Type.Array(Type.Tuple([Type.Integer(), Type.Integer(), Type.Integer()])),
  truncated: Type.Boolean(),
});

/** One drop in DALiuGE's block-DAG of one mode, as `reprodata.out` has it (spec/reproducibility.md 5). */
export const DropBlock = Type.Object({
  uid: Type.String(),
  name: Type.String(),
  mode: Type.String(),
  /** Modes that the session has blocks of. */
  modes: Type.Array(Type.String()),
  /** The run-time block hash: SHA3-256 tree over `items`, then the parents' blocks in ascending order. */
  block: Type.String(),
  /** The items before the parents, in order. Null stands for a root of nothing, '' for run-time data there is none of. */
  items: Type.Array(
    Type.Object({
      name: Type.Union([
        Type.Literal('rg_data'),
        Type.Literal('pg_blockhash'),
        Type.Literal('pgt_blockhash'),
        Type.Literal('lg_blockhash'),
      ]),
      hash: Nullable(Type.String()),
    }),
  ),
  /** The drop's own data by stage: its leaves (the texts that are hashed) and their root. */
  stages: Type.Array(
    Type.Object({ name: Type.String(), leaves: Type.Array(Type.String()), root: Nullable(Type.String()) }),
  ),
  /** Drops whose blocks go into this one. At most 1000 of `parentCount`. */
  parents: Type.Array(Type.Object({ uid: Type.String(), block: Type.String() })),
  parentCount: Type.Integer(),
});

/** What a file is that a person holds against the history. */
export const FileFindings = Type.Object({
  name: Type.String(),
  sizeBytes: Type.Number(),
  /** Empty for a graph. */
  sha256: Type.String(),
  kind: Type.Union([
    Type.Literal('graph'),
    Type.Literal('proof'),
    Type.Literal('consistency'),
    Type.Literal('bundle'),
    Type.Literal('reprodata'),
    Type.Literal('data'),
  ]),
  /** The text of a proof of either kind: the window computes it itself. */
  proof: Nullable(Type.String()),
  bundle: Nullable(
    Type.Object({
      valid: Type.Boolean(),
      checked: Type.Integer(),
      problems: Type.Array(Type.Object({ where: Type.String(), message: Type.String() })),
      /** Null where the bundle cannot be read. */
      session: Nullable(
        Type.Object({
          sessionId: Type.String(),
          graphName: Type.String(),
          status: Type.String(),
          drops: Type.Integer(),
          rmode: Type.String(),
          createdAt: Type.Number(),
          finishedAt: Type.Number(),
          sealedAt: Type.Number(),
          signedBy: Type.String(),
          keyId: Type.String(),
          /** The key is that of this device. */
          isOwnKey: Type.Boolean(),
        }),
      ),
      /** The session of the history that is this very run, if there is one. */
      stored: Nullable(Type.String()),
    }),
  ),
  reprodata: Nullable(
    Type.Object({
      drops: Type.Integer(),
      /** Why it cannot be read; then the rest is empty. */
      problem: Nullable(Type.String()),
      signatures: Type.Record(Type.String(), Type.String()),
      /** Sessions of the history that have one of these signatures, with the modes that match. */
      sessions: Type.Array(
        Type.Object({
          sessionId: Type.String(),
          graphName: Type.String(),
          createdAt: Type.Number(),
          modes: Type.Array(Type.String()),
        }),
      ),
    }),
  ),
  /** Drops that recorded a content with this SHA-256. */
  made: Type.Array(
    Type.Object({ sessionId: Type.String(), uid: Type.String(), name: Type.String(), finishedAt: Time }),
  ),
});

/** A file to look at: on the Host's machine, or its bytes. */
const FileSource = Type.Union([
  Type.Object({ path: Type.String() }),
  Type.Object({ name: Type.String(), base64: Type.String() }),
]);

// --- methods -----------------------------------------------------------------------------------------------------

const SessionRef = Type.Object({ sessionId: Type.String() });
const Done = Type.Object({ done: Type.Literal(true) });
/** How a graph can be divided: upstream's ways, and one by the run times of earlier sessions. */
export const ALGORITHMS = ['metis', 'mysarkar', 'min_num_parts', 'pso', 'measured', 'none'] as const;
// Written out, because a mapped array would make the static type `never`.
const Algorithm = Type.Union([
  Type.Literal('metis'),
  Type.Literal('mysarkar'),
  Type.Literal('min_num_parts'),
  Type.Literal('pso'),
  Type.Literal('measured'),
  Type.Literal('none'),
]);
/** How a graph is translated before it runs; physical graphs need none of it. */
const Choices = {
  rmode: Type.Optional(Type.String()),
  /** Values for fields of a logical graph. */
  values: Type.Optional(Type.Array(FieldValue)),
  /** Id of the graph's own configuration to use. */
  configuration: Type.Optional(Type.String()),
  algorithm: Type.Optional(Algorithm),
  partitions: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
};
// Written out, because a mapped array would make the static type `never`.
const SortKey = Type.Union([
  Type.Literal('row'),
  Type.Literal('name'),
  Type.Literal('uid'),
  Type.Literal('status'),
  Type.Literal('startedAt'),
  Type.Literal('finishedAt'),
  Type.Literal('durationMs'),
  Type.Literal('sizeBytes'),
  Type.Literal('dropclass'),
]);

/** How a person wants two sessions compared (engine/reproducibility/comparators.ts). */
const ComparisonChoices = {
  comparators: Type.Optional(
    Type.Array(
      Type.Union([
        Type.Object({ field: Type.String(), as: Type.Literal('ignore') }),
        Type.Object({
          field: Type.String(),
          as: Type.Literal('within'),
          relative: Type.Number({ minimum: 0, maximum: 1 }),
        }),
      ]),
      { maxItems: 100 },
    ),
  ),
  pins: Type.Optional(Type.Array(Type.Tuple([Type.String(), Type.String()]), { maxItems: 100 })),
};

/** Every request: parameters and result. */
export const methods = {
  ...historyMethods,
  'host.info': { params: Type.Object({}), result: HostInfo },
  'samples.list': { params: Type.Object({}), result: Type.Object({ samples: Type.Array(Sample) }) },
  'graphs.inspect': { params: Type.Object({ source: GraphSource }), result: GraphInspection },
  'graphs.open': {
    params: Type.Object({ source: GraphSource, configuration: Choices.configuration }),
    result: GraphDrawing,
  },
  'graphs.translate': {
    params: Type.Object({
      source: GraphSource,
      /** Makes the progress of this translation readable as topic `translation`, and lets it be cancelled. */
      ticket: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
      ...Choices,
    }),
    result: GraphTranslation,
  },
  'graphs.cancel': { params: Type.Object({ ticket: Type.String() }), result: Done },
  'sessions.list': {
    params: Type.Object({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      offset: Type.Optional(Type.Integer({ minimum: 0 })),
      text: Type.Optional(Type.String()),
      status: Type.Optional(Type.String()),
      graph: Type.Optional(Type.String()),
      since: Type.Optional(Type.Number()),
      /** Created before this time. */
      until: Type.Optional(Type.Number()),
      signature: Type.Optional(Type.String()),
    }),
    result: Type.Object({ sessions: Type.Array(SessionSummary), total: Type.Integer() }),
  },
  'sessions.get': { params: SessionRef, result: SessionDetail },
  'sessions.run': {
    params: Type.Object({
      source: GraphSource,
      sessionId: Type.Optional(Type.String()),
      ...Choices,
    }),
    result: SessionRef,
  },
  'sessions.cancel': { params: SessionRef, result: Done },
  'sessions.delete': { params: SessionRef, result: Done },
  'sessions.drops': {
    params: Type.Object({
      sessionId: Type.String(),
      offset: Type.Integer({ minimum: 0 }),
      limit: Type.Integer({ minimum: 1, maximum: 1000 }),
      text: Type.Optional(Type.String()),
      status: Type.Optional(Type.String()),
      kind: Type.Optional(Type.Union([Type.Literal('data'), Type.Literal('app')])),
      lgKey: Type.Optional(Type.String()),
      sort: Type.Optional(SortKey),
      descending: Type.Optional(Type.Boolean()),
    }),
    result: Type.Object({ rows: Type.Array(DropRow), total: Type.Integer() }),
  },
  'sessions.drop': {
    params: Type.Object({ sessionId: Type.String(), uid: Type.String() }),
    result: DropDetail,
  },
  'sessions.content': {
    params: Type.Object({
      sessionId: Type.String(),
      uid: Type.String(),
      offset: Type.Integer({ minimum: 0 }),
      limit: Type.Integer({ minimum: 1, maximum: 1_048_576 }),
    }),
    result: DropContent,
  },
  'sessions.graph': {
    params: Type.Object({
      sessionId: Type.String(),
      folded: Type.Boolean(),
      limit: Type.Integer({ minimum: 1, maximum: 200_000 }),
    }),
    result: GraphView,
  },
  'sessions.logs': {
    params: Type.Object({
      sessionId: Type.String(),
      offset: Type.Integer({ minimum: 0 }),
      limit: Type.Integer({ minimum: 1, maximum: 1000 }),
      level: Type.Optional(Type.String()),
      text: Type.Optional(Type.String()),
    }),
    result: Type.Object({ entries: Type.Array(LogEntry), total: Type.Integer() }),
  },
  'sessions.reproducibility': { params: SessionRef, result: SessionReproducibility },
  /** Recomputes records, tree, facts, seal and place in the log from what is stored. */
  'sessions.verify': { params: SessionRef, result: Verification },
  'sessions.compare': {
    params: Type.Object({
      a: Type.String(),
      b: Type.String(),
      /** Differing drops listed per mode; the rest is counted only. */
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
      ...ComparisonChoices,
    }),
    result: SessionComparison,
  },
  'sessions.compareGraph': {
    params: Type.Object({
      a: Type.String(),
      b: Type.String(),
      /** The R-mode whose causes are marked. */
      mode: Type.String(),
      folded: Type.Boolean(),
      limit: Type.Integer({ minimum: 1, maximum: 100_000 }),
      ...ComparisonChoices,
    }),
    result: ComparisonGraph,
  },
  'sessions.block': {
    params: Type.Object({ sessionId: Type.String(), uid: Type.String(), mode: Type.Optional(Type.String()) }),
    result: DropBlock,
  },
  /** What a file on the Host's machine is, by how it begins. */
  'files.kind': {
    params: Type.Object({ path: Type.String() }),
    result: Type.Object({ kind: FileFindings.properties.kind }),
  },
  'files.look': { params: Type.Object({ source: FileSource }), result: FileFindings },
  /** Takes a bundle over into the history; it is verified first. */
  'bundles.import': {
    params: Type.Object({
      source: FileSource,
      /** Another id for the session, where its own is taken by another run. */
      as: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    }),
    result: Type.Object({ sessionId: Type.String(), isNew: Type.Boolean() }),
  },
  /** The proof file of one drop, in its canonical form (engine/reproducibility/proof.ts). */
  'sessions.prove': {
    params: Type.Object({ sessionId: Type.String(), uid: Type.String() }),
    result: Type.Object({ proof: Type.String() }),
  },
  /** Checkpoints of this device's log of seals, newest first: those of fewer than `before` seals. */
  'ledger.checkpoints': {
    params: Type.Object({
      before: Type.Optional(Type.Integer({ minimum: 0 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    }),
    result: Type.Object({
      checkpoints: Type.Array(
        Type.Object({
          /** Number of seals in the log then. */
          size: Type.Integer(),
          signedAt: Type.Number(),
          /** Root of the log, base64. */
          root: Type.String(),
          /** The session whose seal was the last. */
          sessionId: Type.String(),
          /** The signed note, as it can be kept elsewhere. */
          note: Type.String(),
        }),
      ),
      total: Type.Integer(),
    }),
  },
  /**
   * A proof file that nothing was altered or removed between two checkpoints (engine/reproducibility/consistency-proof.ts).
   * A checkpoint is a number of seals or the text of a note that was kept; `to` is the newest where it is left out.
   */
  'ledger.consistency': {
    params: Type.Object({
      from: Type.Union([Type.Integer({ minimum: 1 }), Type.String()]),
      to: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.String()])),
    }),
    result: Type.Object({ proof: Type.String() }),
  },
  /** Audits this device's log: every seal, every checkpoint, their order. */
  'ledger.verify': { params: Type.Object({}), result: Verification },
  /** "What made this file?": drops that recorded a content of this SHA-256. */
  'history.trace': {
    params: Type.Object({ sha256: Type.String({ pattern: '^[0-9A-Fa-f]{64}$' }) }),
    result: Type.Object({
      made: Type.Array(
        Type.Object({ sessionId: Type.String(), uid: Type.String(), name: Type.String(), finishedAt: Time }),
      ),
    }),
  },
  /** A new session of an old one's graph; with `reuse`, results that are still good are taken over. */
  'sessions.rerun': {
    params: Type.Object({
      sessionId: Type.String(),
      newSessionId: Type.Optional(Type.String()),
      reuse: Type.Optional(Type.Boolean()),
    }),
    result: SessionRef,
  },
} as const;

export type MethodName = keyof typeof methods;
export type MethodParams<M extends MethodName> = Static<(typeof methods)[M]['params']>;
export type MethodResult<M extends MethodName> = Static<(typeof methods)[M]['result']>;

// --- topics ------------------------------------------------------------------------------------------------------

/** The list of sessions: a snapshot of the newest (at most 200), then what changed. */
export const SessionsMessage = Type.Union([
  Type.Object({
    type: Type.Literal('snapshot'),
    sessions: Type.Array(SessionSummary),
    total: Type.Integer(),
  }),
  Type.Object({
    type: Type.Literal('delta'),
    changed: Type.Array(SessionSummary),
    removed: Type.Array(Type.String()),
  }),
]);

/**
 * One session: a snapshot, then batched deltas at most ten times a second. `rows`, `status` and `execStatus` run
 * in parallel (wire integers; execStatus -1 for data drops). When more drops changed than fit a message, `overflow` is
 * true and the client asks `sessions.drops` again for what it shows.
 */
export const SessionMessage = Type.Union([
  Type.Object({ type: Type.Literal('snapshot'), summary: SessionSummary }),
  Type.Object({
    type: Type.Literal('delta'),
    summary: SessionSummary,
    rows: Type.Array(Type.Integer()),
    status: Type.Array(Type.Integer()),
    execStatus: Type.Array(Type.Integer()),
    overflow: Type.Boolean(),
    errors: Type.Array(ErrorInfo),
    logs: Type.Array(LogEntry),
  }),
  Type.Object({ type: Type.Literal('gone') }),
]);

/** Where a translation is: `done` of `total` in `phase`; `total` 0 is unknown. */
export const TranslationMessage = Type.Object({
  phase: Type.String(),
  done: Type.Number(),
  total: Type.Number(),
});

export const topics = {
  sessions: { params: Type.Object({}), message: SessionsMessage },
  session: { params: SessionRef, message: SessionMessage },
  translation: { params: Type.Object({ ticket: Type.String() }), message: TranslationMessage },
} as const;

export type TopicName = keyof typeof topics;
export type TopicParams<T extends TopicName> = Static<(typeof topics)[T]['params']>;
export type TopicMessage<T extends TopicName> = Static<(typeof topics)[T]['message']>;

/** An error as it crosses a border. */
export interface WireError {
  readonly code: string;
  readonly name: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

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
export type TranslationMessage = Static<typeof TranslationMessage>;
export type HostInfo = Static<typeof HostInfo>;
export type SessionReproducibility = Static<typeof SessionReproducibility>;
export type Verification = Static<typeof Verification>;
export type SessionComparison = Static<typeof SessionComparison>;
export type ComparisonGraph = Static<typeof ComparisonGraph>;
export type DropBlock = Static<typeof DropBlock>;
export type FileFindings = Static<typeof FileFindings>;
export type ComparisonChoices = Pick<MethodParams<'sessions.compare'>, 'comparators' | 'pins'>;
