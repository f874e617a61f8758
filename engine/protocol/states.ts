/**
 * The enumerations everyone shares, with the integers that go over the wire
 * (seed `dlg.ddap_protocol`, spec/engine.md section 1).
 */

/** Inverts a const object of integers: value -> name. */
function namesOf<T extends Record<string, number>>(table: T): readonly (keyof T & string)[] {
  const names: (keyof T & string)[] = [];
  for (const [name, value] of Object.entries(table)) names[value] = name;
  return names;
}

/** States of a drop's data; applications carry one too (as `status`). Spec 1.1. */
export const DROPStates = {
  INITIALIZED: 0,
  WRITING: 1,
  COMPLETED: 2,
  ERROR: 3,
  EXPIRED: 4,
  DELETED: 5,
  CANCELLED: 6,
  SKIPPED: 7,
} as const;
export type DROPStates = (typeof DROPStates)[keyof typeof DROPStates];
export type DropStateName = keyof typeof DROPStates;
export const DROP_STATE_NAMES = namesOf(DROPStates);

/** Execution states of an application (`execStatus`). Never compare with DROPStates: only ERROR agrees. Spec 1.2. */
export const AppDROPStates = {
  NOT_RUN: 0,
  RUNNING: 1,
  FINISHED: 2,
  ERROR: 3,
  CANCELLED: 4,
  SKIPPED: 5,
} as const;
export type AppDROPStates = (typeof AppDROPStates)[keyof typeof AppDROPStates];
export type AppStateName = keyof typeof AppDROPStates;
export const APP_STATE_NAMES = namesOf(AppDROPStates);

/** How safe the data of a drop is. Spec 1.3; the order is upstream's (SOLID sorts before LIQUID). */
export const DROPPhases = { PLASMA: 0, GAS: 1, SOLID: 2, LIQUID: 3, LOST: 4 } as const;
export type DROPPhases = (typeof DROPPhases)[keyof typeof DROPPhases];
export const DROP_PHASE_NAMES = namesOf(DROPPhases);

/** Methods to compute a checksum. Spec 1.4. */
export const ChecksumTypes = { CRC_32: 0, CRC_32C: 1 } as const;
export type ChecksumTypes = (typeof ChecksumTypes)[keyof typeof ChecksumTypes];

/** Whether a drop's completion triggers its consumers (DROP) or an outside driver does (EXTERNAL). Spec 3.7. */
export const ExecutionMode = { DROP: 0, EXTERNAL: 1 } as const;
export type ExecutionMode = (typeof ExecutionMode)[keyof typeof ExecutionMode];

/** States of a session. spec/managers.md 1.1. */
export const SessionStates = {
  PRISTINE: 0,
  BUILDING: 1,
  DEPLOYING: 2,
  RUNNING: 3,
  FINISHED: 4,
  CANCELLED: 5,
  FAILED: 6,
} as const;
export type SessionStates = (typeof SessionStates)[keyof typeof SessionStates];
export type SessionStateName = keyof typeof SessionStates;
export const SESSION_STATE_NAMES = namesOf(SessionStates);

/** Answers of `DataDROP.write` that are no byte count. Spec 4.1. */
export const DataDROPError = {
  DROP_CANCELLED_BEFORE_WRITE: -1,
  INCORRECT_DROP_STATE: -2,
  INCORRECT_DATA_FORMAT: -3,
} as const;

/** Kinds of a component (`categoryType` of a dropspec). Spec 7.4. */
export const CategoryType = {
  DATA: 'Data',
  APPLICATION: 'Application',
  CONSTRUCT: 'Construct',
  GROUP: 'Group',
  UNKNOWN: 'Unknown',
  SERVICE: 'Service',
  CONTAINER: 'Container',
  SOCKET: 'Socket',
  CONTROL: 'Control',
  OTHER: 'Other',
} as const;
export type CategoryType = (typeof CategoryType)[keyof typeof CategoryType];
