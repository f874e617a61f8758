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
export * from './graph-loader.ts';
export * from './io/data-io.ts';
export * from './list-as-dict.ts';
export { SHARED_MEMORY, SharedMemoryManager } from './io/shared-memory.ts';
export { ioForURL } from './io/url.ts';
export * from './lifecycle/index.ts';
export * from './machines.ts';
export * from './names.ts';
export * from './params.ts';
export {
  NdArray,
  NumpyScalar,
  PyByteArray,
  PyComplex,
  PyDict,
  PyRange,
  PySet,
  PyTuple,
  type PyValue,
} from './pyrepr/index.ts';
export * from './registry.ts';
export * from './table.ts';
export * from './utils.ts';
export { dlgPath, PYTHON_POOL } from './python/index.ts';
