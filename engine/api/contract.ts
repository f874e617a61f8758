/**
 * The contract between the window (or any client) and a Host: every method and every push topic once, as schema and
 * type. Three verbs carry it, over Electron's IPC and over HTTP + WebSocket alike: call, subscribe, cancel
 * (design/house-style.md, "Borders"). The renderer imports types from here and nothing else of the engine.
 *
 * All times are milliseconds since 1970 (UTC) as numbers, or null where something has not happened.
 */
import { Type, type Static } from 'typebox';
import { DropKind, Time } from './contract-values.ts';
import { historyMethods } from './history-contract.ts';
import {
  SessionReproducibility,
  Verification,
  SessionComparison,
  ComparisonGraph,
  DropBlock,
  FileFindings,
  FileSource,
} from './reproducibility-contract.ts';
import {
  ErrorInfo,
  SessionSummary,
  SessionDetail,
  DropRow,
  LogEntry,
  DropDetail,
  DropContent,
  GraphView,
  Sample,
  GraphSource,
  GraphInspection,
  FieldValue,
  GraphDrawing,
  GraphTranslation,
  HostInfo,
} from './session-contract.ts';

export * from './reproducibility-contract.ts';
export * from './session-contract.ts';

/** The version of this contract; a client shows a clear message when the Host speaks another major version. */
export const API_VERSION = 1;

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
  /** Hosts of the parts; those of other machines are refused when the graph is to run here. */
  nodes: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 300 }), { minItems: 1, maxItems: 10_000 }),
  ),
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
      kind: Type.Optional(DropKind),
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

export type TranslationMessage = Static<typeof TranslationMessage>;
export type ComparisonChoices = Pick<MethodParams<'sessions.compare'>, 'comparators' | 'pins'>;
