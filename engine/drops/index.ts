/** The door of the drops room: states, relations and behaviour of data and application drops. */
export * from './app-drop.ts';
export * from './apps/index.ts';
export * from './context.ts';
export * from './crc32c.ts';
export * from './data-drop.ts';
export * from './data/index.ts';
export * from './drop.ts';
export * from './droputils.ts';
export * from './flow.ts';
export * from './io/data-io.ts';
export { SHARED_MEMORY, SharedMemoryManager } from './io/shared-memory.ts';
export { ioForURL } from './io/url.ts';
export * from './machines.ts';
export * from './names.ts';
export * from './params.ts';
export * from './registry.ts';
export * from './table.ts';
export * from './utils.ts';
