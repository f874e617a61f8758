/** The door of the session room: one execution of one physical graph. */
export * from './drop-factory.ts';
export * from './lanes.ts';
export * from './ledger.ts';
export * from './recorder.ts';
export { hashedClasses } from './session-records.ts';
export * from './session.ts';
