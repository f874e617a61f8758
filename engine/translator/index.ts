export * from './configure.ts';
export * from './errors.ts';
export * from './fill.ts';
export * from './graph-kind.ts';
export * from './logical-graph.ts';
export { DEFAULT_MAX_DROPS, planUnroll, type UnrollOptions, type UnrollPlan } from './plan.ts';
export { readLogicalGraph } from './read.ts';
export type { TranslationRules } from './rules.ts';
export { DEFAULT_APPS, unroll, unrollJson, unrollTexts } from './unroll.ts';
