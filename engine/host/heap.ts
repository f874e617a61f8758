/** How the JavaScript heaps of the process grow. */
import v8 from 'node:v8';

/** How much a heap may grow between two full collections, in percent of what was alive after the last one. */
const GROWING_PERCENT = 100;

/** V8s that have the flag and leave it off; of others none is known that needs it, and a flag they do not know prints a line. */
const TAKES_FLAG = /^13\.[0-6]\./;

/**
 * Typed arrays count like objects of the heap. A session lives in typed arrays, and V8's own limit for what lies outside its
 * heap brings a forced full collection every 64 MB of them: 40 ms of the main thread that find nothing to give back, with
 * every session of 10,000 drops and again and again in one of a million. For whoever starts the process: these are its flags,
 * not the engine's.
 */
export function countArraysAsObjects(): void {
  if (TAKES_FLAG.test(process.versions.v8))
    v8.setFlagsFromString('--external-memory-accounted-in-global-limit');
  v8.setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
