/** Plain Python values in the Host: their types, texts (`repr`, `str`) and literals. */
export * from './literal.ts';
export * from './ndarray.ts';
export * from './repr.ts';
export * from './values.ts';
