/** The door of the managers room. */
export * from './node-manager.ts';
