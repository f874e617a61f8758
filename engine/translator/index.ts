export { checkLogicalGraph, type GraphProblem } from './check.ts';
export * from './configure.ts';
export * from './errors.ts';
export * from './fill.ts';
export * from './graph-kind.ts';
export * from './logical-graph.ts';
export { DEFAULT_MAX_DROPS, planUnroll, type UnrollOptions, type UnrollPlan } from './plan.ts';
export { readLogicalGraph } from './read.ts';
export type { TranslationRules } from './rules.ts';
export { DEFAULT_APPS, unroll, unrollJson, unrollTexts } from './unroll.ts';
export { gojsView } from './gojs.ts';
export { leavesOf, mapToNodes, rootsOf, withoutEmptyReprodata } from './mapping.ts';
export {
  parseAlgorithmOptions,
  partition,
  PARTITION_ALGORITHMS,
  splitPgt,
  type AlgorithmOptions,
  type PartitionAlgorithm,
  type Partitioned,
  type PartitionOptions,
  type PartitionResult,
} from './partition/index.ts';
export {
  drawInWorker,
  formInWorker,
  stepsInWorker,
  translateInWorker,
  type StepsOptions,
  type StepsReply,
  type TranslateOptions,
  type Translation,
} from './client.ts';
export * from './drawing.ts';
export { answerForm, FORM_ROUTES, type FormRoute } from './forms.ts';
export type { Outline, OutlineNode } from './outline.ts';
export type { ScheduleKind } from './schedule.ts';
export type { MapTarget } from './places.ts';
export * from './step-types.ts';
export { takeSteps } from './steps.ts';
export { canStreamList, takeListSteps } from './list-steps.ts';
export { bytesSource, type ByteSource } from './byte-source.ts';
export * from './values.ts';
export type { GraphInput, TranslationRequest } from './worker-protocol.ts';
export {
  fillFromForm,
  mapFromForm,
  partitionFromForm,
  unrollAndPartitionFromForm,
  unrollFromForm,
  type FormFields,
  type RestOptions,
} from './rest.ts';
export { applyActiveConfiguration } from './configure.ts';
