/**
 * What goes between the engine's thread and the store's thread: numbered requests one way, answers the other. The names
 * of the methods are those of `Store`; writes and reads are two lists, so that the thread knows what needs a commit.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Store } from './contract.ts';
import type { OutcomeColumns } from './outcome-columns.ts';
import type { WireError } from './errors.ts';

export const WRITES = [
  'createSession',
  'updateSession',
  'deleteSession',
  'heldBy',
  'appendGraph',
  'replaceGraph',
  'addDrops',
  'recordStates',
  'recordEvents',
  'recordErrors',
  'recordLogs',
  'recordOutcomes',
  'putRecordTiles',
  'indexUids',
  'sealSession',
  'retain',
  'pinSession',
  'putDocument',
  'flush',
] as const satisfies readonly (keyof Store)[];

export const READS = [
  'sessions',
  'session',
  'graph',
  'drops',
  'dropByUid',
  'rowOfUid',
  'logical',
  'states',
  'events',
  'errors',
  'logs',
  'outcome',
  'whoMade',
  'reprodata',
  'seals',
  'lastSeal',
  'logLeaves',
  'treeHashes',
  'records',
  'recordTiles',
  'sealedBlocks',
  'blockPlaces',
  'blockDrops',
  'sealedHashes',
  'contradictions',
  'payloadBytes',
  'document',
  'documents',
  'searchDrops',
] as const satisfies readonly (keyof Store)[];

export type WriteName = (typeof WRITES)[number];
export type ReadName = (typeof READS)[number];

/** The methods of the store as its thread carries them out: at once, and outcomes in columns. */
export type Handlers<Name extends keyof Store> = {
  readonly [K in Name]: K extends 'recordOutcomes'
    ? (key: number, outcomes: OutcomeColumns) => void
    : Store[K] extends (...args: infer A) => Promise<infer R>
      ? (...args: A) => R
      : never;
};

export interface Request {
  readonly id: number;
  readonly op: WriteName | ReadName | 'close' | 'openBeside';
  readonly args: readonly unknown[];
}

/** Answers to many requests in one message: they became durable together. */
export type Answer =
  | { readonly kind: 'opened'; readonly file: string; readonly interrupted: readonly string[] }
  | { readonly kind: 'refused'; readonly error: WireError }
  | {
      readonly kind: 'answers';
      readonly done: readonly { readonly id: number; readonly value: unknown }[];
      readonly failed: readonly { readonly id: number; readonly error: WireError }[];
    }
  | { readonly kind: 'problem'; readonly error: WireError };

/** What `openBeside` takes: the port that the other store is served over. */
export type OpenBesideArgs = readonly [data: StoreThreadData, port: MessagePort];

/** What the thread is started with. */
export interface StoreThreadData {
  readonly dataDir: string;
  readonly lockTimeoutMs: number;
  readonly maxSizeBytes: number | null;
}
