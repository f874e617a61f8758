import { parentPort, workerData } from 'node:worker_threads';
import { constants } from 'node:buffer';
import { fstatSync, openSync, readSync } from 'node:fs';
import {
  expectDetachedBuffers,
  isWeirError,
  messageOf,
  WeirError,
  type JsonObject,
} from '../protocol/index.ts';
import { bytesSource, type ByteSource } from './byte-source.ts';
import { drawingOf } from './drawing.ts';
import { TranslatorError, type Progress } from './errors.ts';
import { partition, type PartitionResult } from './partition/index.ts';
import { readLogicalGraph } from './read.ts';
import { answerForm } from './forms.ts';
import { canStreamList, takeListSteps } from './list-steps.ts';
import { takeSteps } from './steps.ts';
import type { StepsResult } from './step-types.ts';
import { unroll, unrollJson } from './unroll.ts';
import {
  DROPS_PER_PIECE,
  MAX_PIECES_AHEAD,
  type StepsRequest,
  type TranslationRequest,
  type WorkerError,
  type WorkerInput,
  type WorkerMessage,
  type WorkerResult,
} from './worker-protocol.ts';

/** The entry of the translation thread: one request per thread, which the client ends when it is no longer wanted. */

const PIECE_CHARACTERS = 1 << 18;

function send(message: WorkerMessage, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

let sent = 0;

/** Sends a piece of the result, but waits while the receiver is far behind: a large graph must not pile up there. */
function sendPiece(message: WorkerMessage, taken: Int32Array, transfer: readonly ArrayBuffer[] = []): void {
  for (;;) {
    const behind = Atomics.load(taken, 0);
    if (sent - behind < MAX_PIECES_AHEAD) break;
    Atomics.wait(taken, 0, behind);
  }
  sent++;
  send(message, transfer);
}

const encoder = new TextEncoder();

function sendBytes(piece: string | Uint8Array<ArrayBuffer>, taken: Int32Array): void {
  const bytes = typeof piece === 'string' ? encoder.encode(piece) : piece;
  sendPiece({ kind: 'bytes', bytes }, taken, [bytes.buffer]);
}

function tellProgress(progress: Progress): void {
  send({ kind: 'progress', progress });
}

function checkLength(sizeBytes: number): void {
  if (sizeBytes > constants.MAX_STRING_LENGTH)
    throw new WeirError(
      'GRAPH_TOO_LARGE',
      `Expected a graph of at most ${constants.MAX_STRING_LENGTH} bytes for this, found ${sizeBytes}: longer ones can be ` +
        'partitioned and mapped, but neither signed nor drawn. Translate its logical graph in one step instead.',
    );
}

function textOf(bytes: Uint8Array): string {
  checkLength(bytes.length);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

function work({ request, form, taken }: WorkerInput): WorkerResult {
  const counter = new Int32Array(taken);
  if (request.op === 'draw') return drawingOf(textOf(request.graph), request.active);
  if (request.op === 'form') {
    const { route, content, form: fields, hosts, defaultPrefix, rules } = request;
    const options = {
      defaultPrefix,
      onProgress: tellProgress,
      ...(rules === undefined ? {} : { rules }),
    };
    sendBytes(answerForm(route, content, fields, options, hosts), counter);
    return undefined;
  }
  if (request.op === 'steps') {
    return takeStepsHere(request, counter);
  }
  if (request.op === 'unroll' && form === 'text') {
    const graph = readLogicalGraph(request.graph);
    const options = { ...request.unroll, warn, onProgress: tellProgress };
    for (const text of unrollJson(graph, options, PIECE_CHARACTERS))
      sendPiece({ kind: 'text', text }, counter);
    return undefined;
  }
  const { drops, result } = objects(request);
  if (form === 'objects') {
    for (let at = 0; at < drops.length; at += DROPS_PER_PIECE) {
      sendPiece({ kind: 'drops', drops: drops.slice(at, at + DROPS_PER_PIECE) }, counter);
    }
    return result;
  }
  let text = '[\n';
  drops.forEach((drop, i) => {
    text += `${i === 0 ? '' : ',\n'}${JSON.stringify(drop)}`;
    if (text.length < PIECE_CHARACTERS) return;
    sendPiece({ kind: 'text', text }, counter);
    text = '';
  });
  sendPiece({ kind: 'text', text: `${text}\n]\n` }, counter);
  return result;
}

/** Lists longer than this are read piece by piece; shorter ones are parsed at once, which is faster. */
const MAX_HELD_BYTES = 1 << 26;

function takeStepsHere(
  { graph, steps, maxHeldBytes = MAX_HELD_BYTES }: StepsRequest,
  counter: Int32Array,
): StepsResult {
  const source = graph instanceof Uint8Array ? bytesSource(graph) : new FileSource(graph.file);
  const work = { warn, onProgress: tellProgress };
  const isLong = source.sizeBytes > maxHeldBytes && canStreamList(steps) && isList(source);
  const stepped =
    (isLong ? takeListSteps(source, steps, work) : undefined) ?? takeSteps(wholeText(source), steps, work);
  for (const piece of stepped.texts) sendBytes(piece as string | Uint8Array<ArrayBuffer>, counter);
  const { texts: _texts, ...facts } = stepped;
  return facts satisfies StepsResult;
}

function isList(source: ByteSource): boolean {
  return /^\uFEFF?\s*\[/.test(Buffer.from(source.read(0, 4096)).toString('utf8'));
}

function wholeText(source: ByteSource): string {
  checkLength(source.sizeBytes);
  return textOf(source.read(0, source.sizeBytes));
}

/** A file that is read as it is needed; it must not change meanwhile. */
class FileSource implements ByteSource {
  readonly sizeBytes: number;
  readonly #handle: number;

  constructor(file: string) {
    this.#handle = openSync(file, 'r');
    this.sizeBytes = fstatSync(this.#handle).size;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.sizeBytes - offset)));
    let filled = 0;
    while (filled < bytes.length) {
      const got = readSync(this.#handle, bytes, filled, bytes.length - filled, offset + filled);
      if (got === 0) break;
      filled += got;
    }
    return bytes.subarray(0, filled);
  }
}

function objects(request: TranslationRequest): { drops: JsonObject[]; result: PartitionResult | undefined } {
  if (request.op === 'partition') {
    const pgt: unknown = typeof request.pgt === 'string' ? JSON.parse(request.pgt) : request.pgt;
    const found = partition(pgt, { ...request.partition, onProgress: tellProgress });
    return { drops: found.pgt, result: found.result };
  }
  const graph = readLogicalGraph(request.graph);
  const pgt = unroll(graph, { ...request.unroll, warn, onProgress: tellProgress });
  if (request.op === 'unroll') return { drops: pgt, result: undefined };
  const found = partition(pgt, { ...request.partition, onProgress: tellProgress });
  return { drops: found.pgt, result: found.result };
}

function warn(warning: Extract<WorkerMessage, { kind: 'warning' }>['warning']): void {
  send({ kind: 'warning', warning });
}

function errorMessage(error: unknown): WorkerError {
  if (isWeirError(error)) {
    const isTranslation = error instanceof TranslatorError;
    return {
      isTranslation,
      name: error.name,
      code: error.code,
      message: error.message,
      details: error.details,
    };
  }
  return { isTranslation: false, name: 'Error', code: 'INTERNAL', message: messageOf(error), details: {} };
}

expectDetachedBuffers();
try {
  const result = work(workerData as WorkerInput);
  send({ kind: 'done', result });
} catch (error) {
  send({ kind: 'error', error: errorMessage(error) });
}
