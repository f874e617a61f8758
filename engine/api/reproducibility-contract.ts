/**
 * What the contract says of signatures, seals, comparisons and files that others made. Part of contract.ts, which gathers all
 * shapes and methods.
 */
import { Type, type Static } from 'typebox';
import { DropKind, Nullable, Time } from './contract-values.ts';

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
      kind: DropKind,
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
export const FileSource = Type.Union([
  Type.Object({ path: Type.String() }),
  Type.Object({ name: Type.String(), base64: Type.String() }),
]);

export type SessionReproducibility = Static<typeof SessionReproducibility>;
export type Verification = Static<typeof Verification>;
export type SessionComparison = Static<typeof SessionComparison>;
export type ComparisonGraph = Static<typeof ComparisonGraph>;
export type DropBlock = Static<typeof DropBlock>;
export type FileFindings = Static<typeof FileFindings>;
