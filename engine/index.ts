/**
 * Weir as a library: a Host with its sessions, drops and applications, delayed computations, the translator and the
 * reproducibility functions. The names are the field's own; docs/seed-index.md says where each of DALiuGE's is.
 */
export * from './protocol/index.ts';
export * from './drops/index.ts';
export * from './delayed/index.ts';
export { GraphBuilder, GraphParser, PhysicalGraph } from './graph/index.ts';
export { Session } from './session/index.ts';
export { newSessionId } from './api/index.ts';
export { NodeManager, type NodeManagerOptions } from './managers/index.ts';
export { delayedRunner, startHost, type Host, type HostOptions } from './host/index.ts';
export * as translator from './translator/index.ts';
export * as reproducibility from './reproducibility/index.ts';
