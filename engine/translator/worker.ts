import { parentPort, workerData } from 'node:worker_threads';
import { constants } from 'node:buffer';
import { isWeirError, messageOf, WeirError, type JsonObject } from '../protocol/index.ts';
import { drawingOf } from './drawing.ts';
import { TranslatorError, type Progress } from './errors.ts';
import { partition, type PartitionResult } from './partition/index.ts';
import { readLogicalGraph } from './read.ts';
import { answerForm } from './forms.ts';
import { takeSteps, type StepsResult } from './steps.ts';
import { unroll, unrollJson } from './unroll.ts';
import {
  DROPS_PER_PIECE,
  MAX_PIECES_AHEAD,
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

function sendBytes(text: string, taken: Int32Array): void {
  const bytes = encoder.encode(text);
  sendPiece({ kind: 'bytes', bytes }, taken, [bytes.buffer]);
}

function tellProgress(progress: Progress): void {
  send({ kind: 'progress', progress });
}

function textOf(bytes: Uint8Array): string {
  if (bytes.length > constants.MAX_STRING_LENGTH)
    throw new WeirError(
      'GRAPH_TOO_LARGE',
      `Expected a graph of at most ${constants.MAX_STRING_LENGTH} bytes to translate, found ${bytes.length}. ` +
        'Translate its logical graph in one step instead.',
    );
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
    const stepped = takeSteps(textOf(request.graph), request.steps, { warn, onProgress: tellProgress });
    for (const text of stepped.texts) sendBytes(text, counter);
    const { texts: _texts, ...facts } = stepped;
    return facts satisfies StepsResult;
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

try {
  const result = work(workerData as WorkerInput);
  send({ kind: 'done', result });
} catch (error) {
  send({ kind: 'error', error: errorMessage(error) });
}
