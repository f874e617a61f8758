import { Worker } from 'node:worker_threads';
import { WeirError, type ErrorCode, type JsonObject } from '../protocol/index.ts';
import {
  GInvalidLink,
  GInvalidNode,
  GPGTException,
  GPGTNoNeedMergeException,
  GraphException,
  SchedulerException,
  TranslatorError,
  type Progress,
  type TranslationReason,
  type TranslationWarning,
} from './errors.ts';
import type { PartitionResult } from './partition/index.ts';
import type { LogicalDrawing } from './drawing.ts';
import type { Steps, StepsResult } from './step-types.ts';
import type {
  FormRequest,
  GraphInput,
  ReplyForm,
  TranslationRequest,
  WorkerError,
  WorkerInput,
  WorkerMessage,
  WorkerRequest,
  WorkerResult,
} from './worker-protocol.ts';

export interface TranslateOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Takes the physical graph as pieces of one JSON text instead of objects. The thread waits for the promise returned
   * before it goes on, so a graph larger than memory can be written to a file.
   */
  readonly onText?: (text: string) => Promise<void> | void;
}

export interface Translation {
  /** The physical graph, the reproducibility object last; empty when it was taken as text. */
  readonly pgt: JsonObject[];
  /** Statistics, when the graph was partitioned. */
  readonly result: PartitionResult | undefined;
  readonly warnings: TranslationWarning[];
}

const WORKER_FILE = new URL(
  import.meta.url.endsWith('.ts') ? './worker.ts' : './translator-worker.js',
  import.meta.url,
);
/** Most of what a translation makes stays alive; a larger nursery spares copying it about. */
const YOUNG_GENERATION_MB = 128;

/**
 * Translates in a thread of its own, so that the caller stays responsive. Rejects with the same errors as the functions
 * themselves; an aborted signal ends the thread at once and rejects with code `CANCELLED`.
 */
export async function translateInWorker(
  request: TranslationRequest,
  options: TranslateOptions = {},
): Promise<Translation> {
  const { result, ...rest } = await ask(request, options.onText === undefined ? 'objects' : 'text', options);
  return { ...rest, result: result as PartitionResult | undefined };
}

/** What the steps came to, with everything worth saying about the graph. */
export type StepsReply = StepsResult & { readonly warnings: readonly TranslationWarning[] };

export interface StepsOptions {
  /** Lists longer than this are read piece by piece, shorter ones are parsed at once; absent = 64 MiB. */
  readonly maxHeldBytes?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Takes the graph as pieces of UTF-8 text; the thread waits for the promise before it goes on. */
  readonly onBytes: (bytes: Uint8Array) => Promise<void> | void;
}

/** Does several steps with the bytes of a graph in a thread; rejects as {@link translateInWorker}. */
export async function stepsInWorker(
  graph: GraphInput,
  steps: Steps,
  options: StepsOptions,
): Promise<StepsReply> {
  const { maxHeldBytes } = options;
  const request = {
    op: 'steps' as const,
    graph,
    steps,
    ...(maxHeldBytes === undefined ? {} : { maxHeldBytes }),
  };
  const { result, warnings } = await ask(request, 'bytes', options);
  return { ...(result as StepsResult), warnings };
}

/** Answers a form of the translator's REST interface in a thread; rejects as {@link translateInWorker}. */
export async function formInWorker(
  request: Omit<FormRequest, 'op'>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const onBytes = (bytes: Uint8Array): void => void pieces.push(bytes);
  await ask({ op: 'form', ...request }, 'bytes', { ...options, onBytes });
  return Buffer.concat(pieces);
}

/** What there is to draw and to edit of a logical graph, found out in a thread. */
export async function drawInWorker(
  graph: Uint8Array,
  options: { readonly signal?: AbortSignal; readonly active?: string } = {},
): Promise<LogicalDrawing> {
  const { active, ...rest } = options;
  const request = { op: 'draw' as const, graph, ...(active === undefined ? {} : { active }) };
  const { result } = await ask(request, 'objects', rest);
  return result as LogicalDrawing;
}

interface Receiving {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onText?: (text: string) => Promise<void> | void;
  readonly onBytes?: (bytes: Uint8Array) => Promise<void> | void;
}

interface Reply {
  readonly pgt: JsonObject[];
  readonly result: WorkerResult;
  readonly warnings: TranslationWarning[];
}

async function ask(request: WorkerRequest, form: ReplyForm, options: Receiving): Promise<Reply> {
  if (options.signal?.aborted === true) throw cancelled();
  const taken = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const input: WorkerInput = { request, form, taken };
  const worker = new Worker(WORKER_FILE, {
    workerData: input,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  try {
    return await receive(worker, new Int32Array(taken), options);
  } finally {
    await worker.terminate();
  }
}

function receive(worker: Worker, taken: Int32Array, options: Receiving): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const pgt: JsonObject[] = [];
    const warnings: TranslationWarning[] = [];
    // Texts are handed on one after the other; the end of the work waits for the last of them.
    let writing: Promise<void> = Promise.resolve();
    let isDone = false;
    const take = (): void => {
      Atomics.add(taken, 0, 1);
      Atomics.notify(taken, 0);
    };
    const onAbort = (): void => reject(cancelled());
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const settle = (action: () => void): void => {
      options.signal?.removeEventListener('abort', onAbort);
      action();
    };
    worker.on('message', (message: WorkerMessage) => {
      switch (message.kind) {
        case 'progress':
          options.onProgress?.(message.progress);
          break;
        case 'warning':
          warnings.push(message.warning);
          break;
        case 'drops':
          for (const drop of message.drops) pgt.push(drop);
          take();
          break;
        case 'text':
        case 'bytes':
          writing = writing
            .then(() =>
              message.kind === 'text' ? options.onText?.(message.text) : options.onBytes?.(message.bytes),
            )
            .then(take);
          writing.catch((error: unknown) =>
            settle(() => reject(error instanceof Error ? error : new Error(String(error)))),
          );
          break;
        case 'done':
          isDone = true;
          writing.then(
            () => settle(() => resolve({ pgt, result: message.result, warnings })),
            () => undefined, // told above
          );
          break;
        case 'error':
          settle(() => reject(rebuild(message.error)));
          break;
      }
    });
    worker.once('error', (error: Error) => settle(() => reject(crashed(error))));
    worker.once('exit', (code) => {
      // A thread that has said all ends, while whoever takes its texts may still be busy with the last of them.
      if (!isDone) settle(() => reject(crashed(new Error(`the thread ended with code ${code}`))));
    });
  });
}

function cancelled(): TranslatorError {
  return new TranslatorError('cancelled', 'The translation was cancelled.', {}, 'CANCELLED');
}

function crashed(cause: Error): WeirError {
  const isMemory = (cause as Error & { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY';
  return new WeirError(
    isMemory ? 'GRAPH_TOO_LARGE' : 'INTERNAL',
    isMemory
      ? 'Expected the graph to fit into memory, found that it does not. Lower the number of copies, or write the graph to a file.'
      : `The translation thread failed: ${cause.message}.`,
    { cause },
  );
}

const CLASSES = {
  TranslatorError,
  GraphException,
  GInvalidLink,
  GInvalidNode,
  GPGTException,
  GPGTNoNeedMergeException,
  SchedulerException,
} as const;

function rebuild(error: WorkerError): WeirError {
  const code = error.code as ErrorCode;
  if (!error.isTranslation) return new WeirError(code, error.message, { details: error.details });
  const { reason, ...place } = error.details;
  const Class = error.name in CLASSES ? CLASSES[error.name as keyof typeof CLASSES] : TranslatorError;
  return new Class(reason as TranslationReason, error.message, place, code);
}
