/** The door of the host room. */
export * from './graph-files.ts';
export { countArraysAsObjects } from './heap.ts';
export * from './host.ts';
export * from './prepare.ts';
export { delayedRunner, subGraphs } from './run-within.ts';
