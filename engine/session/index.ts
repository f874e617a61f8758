/** The door of the session room: one execution of one physical graph. */
export * from './drop-factory.ts';
export * from './lanes.ts';
export * from './recorder.ts';
export * from './session.ts';
