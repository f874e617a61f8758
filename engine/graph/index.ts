/** The door of the graph room: the JSON formats of physical graphs, parsed, validated, linked and traversed. */
export * from './byte-reader.ts';
export * from './cycles.ts';
export * from './graph-builder.ts';
export * from './packed.ts';
export * from './parser.ts';
export * from './physical-graph.ts';
export * from './practice-graph.ts';
export * from './spec-keys.ts';
export * from './view.ts';
