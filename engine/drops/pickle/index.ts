/**
 * Pickles of plain data, without Python. Reading makes plain values and nothing else: a pickle that names any other
 * class or function is refused with NeedsPython, and the caller may hand it to a Python worker.
 */
export * from './errors.ts';
export { readPickle } from './reader.ts';
export { writePickle } from './writer.ts';
