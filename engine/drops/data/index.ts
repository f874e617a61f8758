/** All kinds of data drops; importing this makes them known under the names that graphs use. */
export * from './container.ts';
export * from './directory.ts';
export * from './file.ts';
export * from './json-drop.ts';
export * from './memory.ts';
export * from './null.ts';
export * from './path-builder.ts';
export * from './port-params.ts';
export * from './pydata.ts';
export * from './environment-var.ts';
export * from './fixed.ts';
export * from './parameter-set.ts';
export * from './plasma.ts';
export * from './rdbms.ts';
export * from './shared-memory.ts';
export * from './ngas.ts';
export * from './s3.ts';
