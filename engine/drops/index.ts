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
export { bothKinds } from './linked-drop.ts';
export * from './list-as-dict.ts';
export { DirectoryIO, totalDirSize } from './io/directory-io.ts';
export { ErrorIO } from './io/error-io.ts';
export { FileIO } from './io/file-io.ts';
export { MemoryBuffer } from './io/memory-buffer.ts';
export { MemoryIO } from './io/memory-io.ts';
export { NgasIO } from './io/ngas.ts';
export { NullIO } from './io/null-io.ts';
export { S3IO } from './io/s3.ts';
export { SHARED_MEMORY, SharedMemoryIO, SharedMemoryManager } from './io/shared-memory.ts';
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
export * from './rpc/index.ts';
export * from './table.ts';
export * from './utils.ts';
export { dlgPath, PYTHON_POOL } from './python/index.ts';
