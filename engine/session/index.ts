/** The door of the session room: one execution of one physical graph. */
export * from './coverage.ts';
export { codeOf, endOf } from './drop-commit.ts';
export * from './drop-factory.ts';
export * from './lanes.ts';
export * from './ledger.ts';
export * from './recorder.ts';
export * from './reuse.ts';
export { hashedClasses } from './session-records.ts';
export * from './session.ts';
export { dropBatch } from './spec-pages.ts';
