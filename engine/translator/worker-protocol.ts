import type { JsonObject } from '../protocol/index.ts';
import type { Progress, TranslationWarning } from './errors.ts';
import type { LogicalGraph } from './logical-graph.ts';
import type { UnrollOptions } from './plan.ts';
import type { PartitionOptions, PartitionResult } from './partition/index.ts';

/** Work that can be done off the main thread; graphs may be JSON text, which is then parsed there too. */
export type TranslationRequest =
  | { readonly op: 'unroll'; readonly graph: LogicalGraph | string; readonly unroll: WorkerUnrollOptions }
  | { readonly op: 'partition'; readonly pgt: unknown; readonly partition: WorkerPartitionOptions }
  | {
      readonly op: 'unroll-and-partition';
      readonly graph: LogicalGraph | string;
      readonly unroll: WorkerUnrollOptions;
      readonly partition: WorkerPartitionOptions;
    };

export type WorkerUnrollOptions = Omit<UnrollOptions, 'warn'>;
export type WorkerPartitionOptions = Omit<PartitionOptions, 'signal' | 'onProgress'>;

/** How the physical graph comes back: as objects, or as pieces of one JSON text. */
export type ReplyForm = 'objects' | 'text';

export interface WorkerInput {
  readonly request: TranslationRequest;
  readonly form: ReplyForm;
  /** One number: how many pieces the receiver has taken. The worker waits when it is far ahead. */
  readonly taken: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'warning'; readonly warning: TranslationWarning }
  | { readonly kind: 'drops'; readonly drops: readonly JsonObject[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'done'; readonly result: PartitionResult | undefined }
  | { readonly kind: 'error'; readonly error: WorkerError };

export interface WorkerError {
  readonly isTranslation: boolean;
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Pieces the worker may be ahead of the receiver. */
export const MAX_PIECES_AHEAD = 16;
/** Drops per message: what the receiving thread takes in one go. */
export const DROPS_PER_PIECE = 1000;
