/**
 * What V8 believes of a thread while it compiles, and what to do about a belief that will turn out wrong: prove it wrong before
 * anything is compiled. Otherwise all code over typed arrays is dropped in the middle of the first graph, and compiled again.
 */
import { createHash } from 'node:crypto';

/** For a thread that hands buffers over to another one: V8 believes that none is ever detached. */
export function expectDetachedBuffers(): void {
  const buffer = new ArrayBuffer(1);
  structuredClone(buffer, { transfer: [buffer] });
}

/** For a thread that gets Buffers from Node's own C++: V8 believes that no typed array changes its prototype. */
export function expectNativeBuffers(): void {
  createHash('sha256').digest();
}
