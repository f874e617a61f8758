/** The helpers of the seed's `dlg.utils` (spec/engine.md 7.4). */
export { prepareSql, quoteIdentifier } from './sql.ts';
export * from './util/mdns.ts';
export * from './util/modules.ts';
export * from './util/network.ts';
export * from './util/places.ts';
export * from './util/process.ts';
export * from './util/zlib-streams.ts';
