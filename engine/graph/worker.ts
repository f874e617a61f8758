/** Thread entry: reads physical graphs away from the thread that runs them. */
import { parentPort } from 'node:worker_threads';
import { isWeirError, messageOf } from '../protocol/index.ts';
import { build, makeView, type ParseAnswer, type ParseRequest } from './parser.ts';

parentPort?.on('message', ({ id, bytes, view }: ParseRequest) => {
  try {
    const graph = build(bytes);
    const answer: ParseAnswer = view ? { id, view: makeView(graph, view) } : { id, columns: graph.columns };
    parentPort?.postMessage(answer, buffersOf(answer));
  } catch (error) {
    const wire = isWeirError(error)
      ? error.toJSON()
      : { code: 'INTERNAL', name: 'Error', message: messageOf(error), details: {} };
    const answer: ParseAnswer = { id, error: wire };
    parentPort?.postMessage(answer);
  }
});

/** Every buffer below a value, once: they move to the other thread without a copy. */
function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (Array.isArray(value)) for (const item of value) buffersOf(item, found);
  else if (typeof value === 'object' && value !== null && !(value instanceof Map))
    for (const item of Object.values(value)) buffersOf(item, found);
  return [...found];
}
