/** The door of the delayed room: computations written as calls of functions, run as graphs. */
export * from './compute.ts';
export * from './graph.ts';
export * from './value.ts';
