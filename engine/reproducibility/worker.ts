/** Entry of the reproducibility worker thread: one reply per request, in their order. */

import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';

import { expectDetachedBuffers, isWeirError, messageOf } from '../protocol/index.ts';
import { ReproducibilityOperations } from './worker-operations.ts';
import type { WorkerFailure, WorkerReply, WorkerRequest } from './worker-protocol.ts';

/** Niceness of this thread (setpriority(2)): a hundredth of a core that a run wants too, all of one that nobody wants. */
const NICENESS = 19;

/**
 * Signing and sealing go on beside the runs that come next; where cores are short, the runs go first. Linux has priorities
 * of single threads and tells their numbers in /proc; elsewhere, and where /proc is hidden, all threads are alike.
 */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICENESS);
  } catch (error) {
    process.emitWarning(`The thread that signs runs like any other: ${messageOf(error)}.`);
  }
}

stepBack();
expectDetachedBuffers();

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
