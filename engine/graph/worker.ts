/** Thread entry: reads physical graphs away from the thread that runs them. */
import { parentPort } from 'node:worker_threads';
import { deflateSync } from 'node:zlib';
import { expectDetachedBuffers, isWeirError, messageOf } from '../protocol/index.ts';
import { practiceGraph } from './practice-graph.ts';
import { build, makeView, type ParseAnswer, type ParseRequest, type PractiseRequest } from './parser.ts';

/** Graphs read for practice, and drops of each: a few milliseconds that a real one may wait for. */
const GRAPHS = 100;
const DROPS = 200;

let isAsked = false;

expectDetachedBuffers();

parentPort?.on('message', (request: ParseRequest | PractiseRequest) => {
  if ('practise' in request)
    practise(new Uint8Array(deflateSync(practiceGraph(DROPS), { level: 1 })), GRAPHS);
  else answer(request);
});

function answer({ id, bytes, view }: ParseRequest): void {
  isAsked = true;
  try {
    const graph = build(bytes);
    const reply: ParseAnswer = view ? { id, view: makeView(graph, view) } : { id, columns: graph.columns };
    parentPort?.postMessage(reply, buffersOf(reply));
  } catch (error) {
    const wire = isWeirError(error)
      ? error.toJSON()
      : { code: 'INTERNAL', name: 'Error', message: messageOf(error), details: {} };
    const refusal: ParseAnswer = { id, error: wire };
    parentPort?.postMessage(refusal);
  }
}

/** Every buffer below a value, once: they move to the other thread without a copy. */
function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (Array.isArray(value)) for (const item of value) buffersOf(item, found);
  else if (typeof value === 'object' && value !== null && !(value instanceof Map))
    for (const item of Object.values(value)) buffersOf(item, found);
  return [...found];
}

/** Reads graphs of its own until it is asked for one: the code that reads is compiled by then. */
function practise(packed: Uint8Array, left: number): void {
  if (isAsked || left === 0) return;
  build(packed);
  setImmediate(practise, packed, left - 1);
}
