/** The life of data after it was made: expiry, deletion, copies, loss. */
export { nodeTimers, type Timers } from './due-list.ts';
export * from './manager.ts';
export * from './registry.ts';
export * from './stores.ts';
