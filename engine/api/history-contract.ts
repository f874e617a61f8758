/**
 * Methods of the contract that look through the history as a whole: drops of all sessions, records, where a content came
 * from, retention. Part of contract.ts, which gathers all methods.
 */
import { Type, type Static } from 'typebox';
import { DropKind, Nullable, Time } from './contract-values.ts';

const Sha256 = Type.String({ pattern: '^[0-9A-Fa-f]{64}$' });

/** A drop of any session, in brief. */
const drop = {
  uid: Type.String(),
  name: Type.String(),
  kind: DropKind,
  /** The class path as the graph gives it. */
  dropclass: Type.String(),
  status: Type.String(),
  /** Null for data drops. */
  execStatus: Nullable(Type.String()),
  startedAt: Time,
  finishedAt: Time,
  sizeBytes: Nullable(Type.Number()),
};

export const FoundDrop = Type.Object({ sessionId: Type.String(), row: Type.Integer(), ...drop });

/** The canonical record of a drop, as the session's seal covers it (docs/reproducibility.md, "The record of a drop"). */
export const RecordView = Type.Object({
  uid: Type.String(),
  /** The record, parsed. */
  record: Type.Record(Type.String(), Type.Unknown()),
  /** Its canonical text: what is hashed. */
  text: Type.String(),
  /** Leaf hash of the text (RFC 6962), hexadecimal. */
  leaf: Type.String(),
  /** Whether the session's seal holds this leaf at this drop's place. False: not sealed yet, or altered since. */
  isSealed: Type.Boolean(),
  /** The description of the node that ran it, from the session's facts; null where they have none. */
  environment: Nullable(Type.Record(Type.String(), Type.Unknown())),
});

/** One drop on the way back from a content to the roots. */
export const LineageDrop = Type.Object({
  ...drop,
  /** Uids of what it was made of: the applications that wrote a data drop, the data an application read. */
  inputs: Type.Array(Type.String()),
  /** SHA-256 of its content, hexadecimal. */
  contentHash: Nullable(Type.String()),
  path: Nullable(Type.String()),
  /** What ran: command, function, image, as its record has them. */
  code: Type.Record(Type.String(), Type.Unknown()),
  /** Where its result was taken over from. */
  reusedFrom: Nullable(Type.Object({ sessionId: Type.String(), oid: Type.String() })),
  /** For data at the beginning of the graph: drops of earlier sessions that made this content. */
  earlier: Type.Array(Type.Object({ sessionId: Type.String(), uid: Type.String(), finishedAt: Time })),
});

/** What retention may take. Records, hashes, seals, states and errors stay whatever is asked. */
const Part = Type.Union([
  /** Contents of small data drops that the history keeps. */
  Type.Literal('contents'),
  /** Events of single drops. */
  Type.Literal('events'),
  Type.Literal('logs'),
  /** The files in the session's own folder, but for `reprodata.out`. */
  Type.Literal('files'),
]);

const RetentionRule = {
  /** Sessions that ended longer ago than this. */
  olderThanMs: Type.Optional(Type.Number({ minimum: 0 })),
  /** All but the newest so many. */
  keep: Type.Optional(Type.Integer({ minimum: 0 })),
  /** The oldest, until the rest takes no more bytes than this. */
  maxBytes: Type.Optional(Type.Number({ minimum: 0 })),
  /** Only sessions of graphs whose name contains this. */
  graph: Type.Optional(Type.String()),
  /** Counts `keep` and `maxBytes` for every graph by itself. */
  perGraph: Type.Optional(Type.Boolean()),
  /** Sessions that are spared. */
  except: Type.Optional(Type.Array(Type.String())),
  parts: Type.Optional(Type.Array(Part, { minItems: 1 })),
};
/** A standing rule. */
export const Rule = Type.Object(RetentionRule, { additionalProperties: false });

export const historyMethods = {
  /** The record of one drop of a session that is over. */
  'sessions.record': {
    params: Type.Object({ sessionId: Type.String(), uid: Type.String() }),
    result: RecordView,
  },
  /** Drops of all sessions, newest session first. `next` null: there are no more; else the `before` to go on with. */
  'history.drops': {
    params: Type.Object({
      /** Part of uid or name. */
      text: Type.Optional(Type.String()),
      /** The whole name. */
      name: Type.Optional(Type.String()),
      /** A drop state, or an execution state of applications such as RUNNING. */
      status: Type.Optional(Type.String()),
      contentHash: Type.Optional(Sha256),
      before: Type.Optional(Type.Integer()),
      limit: Type.Integer({ minimum: 1, maximum: 1000 }),
    }),
    result: Type.Object({ found: Type.Array(FoundDrop), next: Nullable(Type.Integer()) }),
  },
  /** What a drop was made of, back to the roots: the drop itself first, then by distance. */
  'history.lineage': {
    params: Type.Object({
      sessionId: Type.String(),
      uid: Type.String(),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    }),
    result: Type.Object({ drops: Type.Array(LineageDrop), truncated: Type.Boolean() }),
  },
  /**
   * Takes contents, events, logs or files from sessions that are over: from those for which any of the rules holds, and
   * which are not pinned. What is sealed stays, so every session still verifies; what is taken is an entry of the log.
   */
  'history.prune': {
    params: Type.Object({
      ...RetentionRule,
      /** Only says what would go. */
      dryRun: Type.Optional(Type.Boolean()),
    }),
    result: Type.Object({
      dryRun: Type.Boolean(),
      sessions: Type.Array(
        Type.Object({
          sessionId: Type.String(),
          graphName: Type.String(),
          finishedAt: Time,
          bytes: Type.Number(),
          reasons: Type.Array(Type.String()),
        }),
      ),
      /** Sessions that keep what they have, because they are not sealed and cannot be: with the reason. */
      skipped: Type.Array(Type.Object({ sessionId: Type.String(), message: Type.String() })),
      freedBytes: Type.Number(),
      /** Bytes that are left in the sessions the rules are about. */
      keptBytes: Type.Number(),
    }),
  },
  /** The standing rules: carried out when a Host starts and whenever a session has ended. None: nothing goes by itself. */
  'retention.rules': {
    params: Type.Object({}),
    /** `file`: where they are kept, for people who edit them. */
    result: Type.Object({ rules: Type.Array(Rule), file: Nullable(Type.String()) }),
  },
  /** Puts other standing rules in their place, and carries them out. */
  'retention.setRules': {
    params: Type.Object({ rules: Type.Array(Rule, { maxItems: 100 }) }),
    result: Type.Object({ rules: Type.Array(Rule) }),
  },
  /** Spares a session from every rule, or no more. */
  'sessions.pin': {
    params: Type.Object({ sessionId: Type.String(), pinned: Type.Boolean() }),
    result: Type.Object({ pinnedAt: Time }),
  },
} as const;

export type FoundDrop = Static<typeof FoundDrop>;
export type RecordView = Static<typeof RecordView>;
export type LineageDrop = Static<typeof LineageDrop>;
export type RetentionRule = Static<typeof Rule>;
export type PrunePart = Static<typeof Part>;
