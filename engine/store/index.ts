/** The store: one SQLite database of sessions and what happened in them. The only room that speaks SQL. */
export { openStore } from './client.ts';
export { SESSION_FIELDS } from './session-fields.ts';
export * from './contract.ts';
export { isLasting } from './errors.ts';
export { NO_EXEC } from './layout.ts';
export { textAt, textColumn } from './text-column.ts';
export { GRID_LABELS, gridDifference, type GridPlace } from './grid-checks.ts';
