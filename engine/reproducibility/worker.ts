/** Entry of the reproducibility worker thread: one reply per request, in their order. */

import { parentPort } from 'node:worker_threads';

import { isWeirError, messageOf } from '../protocol/index.ts';
import { ReproducibilityOperations } from './worker-operations.ts';
import type { WorkerFailure, WorkerReply, WorkerRequest } from './worker-protocol.ts';

const operations = new ReproducibilityOperations();

function failureOf(error: unknown): WorkerFailure {
  if (isWeirError(error)) return { code: error.code, message: error.message, details: error.details };
  return { code: 'INTERNAL', message: messageOf(error), details: {} };
}

parentPort?.on('message', ({ id, op, input }: WorkerRequest) => {
  let reply: WorkerReply;
  try {
    reply = { id, output: operations.execute(op, input as never) };
  } catch (error) {
    reply = { id, failure: failureOf(error) };
  }
  // Pages of a file are handed over; other answers may share memory with what stays here.
  const page =
    op === 'signing.document' && 'output' in reply ? (reply.output as Uint8Array<ArrayBuffer>) : undefined;
  parentPort?.postMessage(reply, page === undefined ? [] : [page.buffer]);
});
