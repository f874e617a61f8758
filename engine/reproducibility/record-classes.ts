/**
 * What of a record counts as what: the classes in which differences are shown (design/ux-and-trust.md 3), and which of
 * them each R-mode claims to be the same.
 */

import type { DropRecord } from './drop-record.ts';
import { ALL_RMODES, type HashedRMode } from './modes.ts';

/** Classes of fields. `time` is shown and never counts. */
export const FieldClass = {
  STRUCTURE: 'structure',
  CODE: 'code',
  PARAMETER: 'parameter',
  INPUT_DATA: 'input data',
  ENVIRONMENT: 'environment',
  OUTCOME: 'outcome',
  TIME: 'time',
} as const;
export type FieldClass = (typeof FieldClass)[keyof typeof FieldClass];

/** One field of a drop: its class, a name for people, its value, and the modes that claim it is the same. */
export interface RecordField {
  readonly class: FieldClass;
  readonly name: string;
  readonly value: unknown;
  readonly modes: number;
}

/** A set of modes as bits, in the order of ALL_RMODES. */
export function modeBits(...modes: readonly HashedRMode[]): number {
  return modes.reduce((bits, mode) => bits | (1 << ALL_RMODES.indexOf(mode)), 0);
}

const EVERY_CHAINED = modeBits(
  'RERUN',
  'REPEAT',
  'RECOMPUTE',
  'REPLICATE_SCI',
  'REPLICATE_COMP',
  'REPLICATE_TOTAL',
);
const PARAMETERS = modeBits('REPEAT', 'RECOMPUTE', 'REPLICATE_COMP', 'REPLICATE_TOTAL');
const COMPUTATION = modeBits('RECOMPUTE', 'REPLICATE_COMP');
const DATA = modeBits('REPRODUCE', 'REPLICATE_SCI', 'REPLICATE_COMP', 'REPLICATE_TOTAL');

/** Modes in which each class of fields counts. */
export const CLAIMS = { EVERY_CHAINED, PARAMETERS, COMPUTATION, DATA } as const;

/**
 * The fields of a record, always in the same order for the same kind of drop; parameters and packages come last, by
 * name. The names of drops and sessions are no content and are not among them.
 */
export function recordFields(record: DropRecord): RecordField[] {
  const { drop, code, content, outcome } = record;
  const fields: RecordField[] = [];
  const add = (cls: FieldClass, name: string, value: unknown, modes: number): void => {
    if (value !== undefined) fields.push({ class: cls, name, value, modes });
  };
  add('structure', 'categoryType', drop.categoryType, EVERY_CHAINED | DATA);
  add('structure', 'category', drop.category, EVERY_CHAINED);
  add('structure', 'dropClass', drop.dropClass, EVERY_CHAINED);
  add('structure', 'inputs', record.inputs.length, EVERY_CHAINED);
  add('structure', 'coordinates', drop.iid, COMPUTATION);
  add('code', 'command', code.command, PARAMETERS);
  add('code', 'function', code.functionName, PARAMETERS);
  add('code', 'function source', code.functionSha256, PARAMETERS);
  add('code', 'image', code.imageDigest, COMPUTATION);
  add('outcome', 'status', outcome.status, EVERY_CHAINED);
  add('outcome', 'exit code', outcome.exitCode, COMPUTATION);
  add('outcome', 'standard output', outcome.stdoutSha256, COMPUTATION);
  add('outcome', 'standard error', outcome.stderrSha256, COMPUTATION);
  add('outcome', 'error', outcome.errorMessage, COMPUTATION);
  if (content !== null) {
    add('outcome', 'content', content.sha256, DATA);
    add('outcome', 'size', content.sizeBytes, DATA);
    add('structure', 'storage', content.storage, EVERY_CHAINED);
  }
  const read = record.inputs.map((input) => input.sha256).filter((hash) => hash !== null);
  if (read.length > 0) add('input data', 'content of inputs', read.sort(), DATA);
  add('environment', 'node description', record.environmentSha256, COMPUTATION);
  add('time', 'started', record.timing.startedAtMs, 0);
  add('time', 'finished', record.timing.finishedAtMs, 0);
  for (const name of Object.keys(record.parameters).sort())
    add('parameter', name, record.parameters[name], PARAMETERS);
  for (const name of Object.keys(code.packages ?? {}).sort())
    add('code', `package ${name}`, code.packages?.[name], COMPUTATION);
  return fields;
}
