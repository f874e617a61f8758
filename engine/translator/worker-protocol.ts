import type { JsonObject } from '../protocol/index.ts';
import type { Progress, TranslationWarning } from './errors.ts';
import type { LogicalGraph } from './logical-graph.ts';
import type { LogicalDrawing } from './drawing.ts';
import type { FormRoute } from './forms.ts';
import type { UnrollOptions } from './plan.ts';
import type { FormFields } from './rest.ts';
import type { TranslationRules } from './rules.ts';
import type { Steps, StepsResult } from './step-types.ts';
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

/** A graph as bytes, or as a file that the thread reads piece by piece. */
export type GraphInput = Uint8Array | { readonly file: string };

/** Several steps at once, from the bytes of a graph to the bytes of a graph. */
export interface StepsRequest {
  readonly op: 'steps';
  readonly graph: GraphInput;
  /** Lists longer than this are read piece by piece; absent = 64 MiB. */
  readonly maxHeldBytes?: number;
  readonly steps: Steps;
}

/** One form of the translator's REST interface. */
export interface FormRequest {
  readonly op: 'form';
  readonly route: FormRoute;
  readonly content: string;
  readonly form: FormFields;
  readonly defaultPrefix: string;
  readonly hosts: readonly string[];
  readonly rules?: TranslationRules;
}

/** What there is to draw and to edit of a logical graph. */
export interface DrawRequest {
  readonly op: 'draw';
  readonly graph: Uint8Array;
  /** Id of the configuration to show; else the graph's active one. */
  readonly active?: string;
}

export type WorkerRequest = TranslationRequest | StepsRequest | FormRequest | DrawRequest;

export type WorkerUnrollOptions = Omit<UnrollOptions, 'warn'>;
export type WorkerPartitionOptions = Omit<PartitionOptions, 'signal' | 'onProgress'>;

/** How the graph comes back: as objects, as pieces of one JSON text, or as those pieces in UTF-8. */
export type ReplyForm = 'objects' | 'text' | 'bytes';

export interface WorkerInput {
  readonly request: WorkerRequest;
  readonly form: ReplyForm;
  /** One number: how many pieces the receiver has taken. The worker waits when it is far ahead. */
  readonly taken: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'warning'; readonly warning: TranslationWarning }
  | { readonly kind: 'drops'; readonly drops: readonly JsonObject[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'done'; readonly result: WorkerResult }
  | { readonly kind: 'error'; readonly error: WorkerError };

/** What a request comes to besides a graph. */
export type WorkerResult = PartitionResult | StepsResult | LogicalDrawing | undefined;

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
