export * from './edges.ts';
export * from './errors.ts';
export * from './events.ts';
export * from './json.ts';
export * from './links.ts';
export * from './spec-class.ts';
export * from './states.ts';
export * from './sha3.ts';
