/** What the keys of a dropspec mean to the loader (spec/engine.md 8.2, 8.3). */
import { DROPLinkType } from '../protocol/index.ts';

/** What the loader does with a key's value. */
export const KeyRoles = {
  /** Read when somebody asks for the drop's parameters; says nothing before. */
  inert: 0,
  /** Changes how the drop behaves: the drop is made when the session is deployed. */
  parameter: 1,
  relation: 2,
  oid: 3,
  uid: 4,
  name: 5,
  lgKey: 6,
  dropclass: 7,
  storage: 8,
  categoryType: 9,
  node: 10,
  parent: 11,
  island: 12,
  rmode: 13,
} as const;
export type KeyRoles = (typeof KeyRoles)[keyof typeof KeyRoles];

export interface SpecKey {
  readonly role: KeyRoles;
  readonly link?: DROPLinkType;
}

const INERT: SpecKey = { role: KeyRoles.inert };
const INERT_KEYS = [
  'type', 'category', 'iid', 'rank', 'loop_ctx', 'weight', 'num_cpus', 'execution_time', 'data_volume', 'group_start',
  'group_end', 'humanReadableKey', 'ports', 'port_map', 'text', 'reprodata', 'log_level', 'dt', 'mkn', 'constraintParams',
]; // prettier-ignore

/** Keys that are not in this table are parameters. */
export const SPEC_KEYS: ReadonlyMap<string, SpecKey> = new Map<string, SpecKey>([
  ...INERT_KEYS.map((key): [string, SpecKey] => [key, INERT]),
  ['oid', { role: KeyRoles.oid }],
  ['uid', { role: KeyRoles.uid }],
  ['name', { role: KeyRoles.name }],
  ['lg_key', { role: KeyRoles.lgKey }],
  ['dropclass', { role: KeyRoles.dropclass }],
  ['storage', { role: KeyRoles.storage }],
  ['categoryType', { role: KeyRoles.categoryType }],
  ['node', { role: KeyRoles.node }],
  ['island', { role: KeyRoles.island }],
  ['parent', { role: KeyRoles.parent, link: DROPLinkType.PARENT }],
  ['rmode', { role: KeyRoles.rmode }],
  ['consumers', { role: KeyRoles.relation, link: DROPLinkType.CONSUMER }],
  ['streamingConsumers', { role: KeyRoles.relation, link: DROPLinkType.STREAMING_CONSUMER }],
  ['producers', { role: KeyRoles.relation, link: DROPLinkType.PRODUCER }],
  ['children', { role: KeyRoles.relation, link: DROPLinkType.CHILD }],
  ['inputs', { role: KeyRoles.relation, link: DROPLinkType.INPUT }],
  ['streamingInputs', { role: KeyRoles.relation, link: DROPLinkType.STREAMING_INPUT }],
  ['outputs', { role: KeyRoles.relation, link: DROPLinkType.OUTPUT }],
]);
