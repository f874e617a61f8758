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

/** Kinds of drops by how they are created. */
export const SpecKinds = { data: 0, app: 1, container: 2, socket: 3 } as const;
export type SpecKinds = (typeof SpecKinds)[keyof typeof SpecKinds];

/** Class paths that stand for the `storage` of graphs from before class paths. */
const LEGACY_STORAGE: Readonly<Record<string, string>> = {
  Memory: 'dlg.data.drops.memory.InMemoryDROP',
  SharedMemory: 'dlg.data.drops.memory.SharedMemoryDROP',
  File: 'dlg.data.drops.file.FileDROP',
  NGAS: 'dlg.data.drops.ngas.NgasDROP',
  null: 'dlg.data.drops.data_base.NullDROP',
  json: 'dlg.data.drops.json_drop.JsonDROP',
  ParameterSet: 'dlg.data.drops.parset_drop.ParameterSetDROP',
  S3: 'dlg.data.drops.s3_drop.S3DROP',
};

export interface Classified {
  readonly kind: SpecKinds;
  readonly classPath: string;
}

/**
 * Kind and class path of a dropspec, or a text saying what is wrong with it. The lower-case `data` of old graphs goes by
 * `storage` and ignores `dropclass`, as graphs written that way rely on it (spec 8.3).
 */
export function classify(
  category: string,
  dropclass: string | undefined,
  storage: string | undefined,
): Classified | string {
  switch (category.toLowerCase()) {
    case 'data': {
      if (category === 'Data') {
        if (dropclass) return { kind: SpecKinds.data, classPath: dropclass };
        return 'a data drop needs a "dropclass", for example dlg.data.drops.memory.InMemoryDROP';
      }
      if (storage === undefined) return { kind: SpecKinds.data, classPath: LEGACY_STORAGE['File'] as string };
      const classPath = LEGACY_STORAGE[storage];
      if (classPath) return { kind: SpecKinds.data, classPath };
      return `"storage" is ${JSON.stringify(storage)}, but one of ${Object.keys(LEGACY_STORAGE).join(', ')} was expected`;
    }
    case 'application':
    case 'app':
      if (dropclass) return { kind: SpecKinds.app, classPath: dropclass.replace(/^dfms\./, 'dlg.') };
      return 'an application needs a "dropclass", for example dlg.apps.simple.CopyApp';
    case 'container':
      return {
        kind: SpecKinds.container,
        classPath: (dropclass ?? 'dlg.data.drops.container.ContainerDROP').replace(/^dfms\./, 'dlg.'),
      };
    case 'socket':
      return { kind: SpecKinds.socket, classPath: 'dlg.apps.socket_listener.SocketListenerApp' };
    default:
      return `"categoryType" is ${JSON.stringify(category)}, but one of Data, Application, Container, Socket was expected`;
  }
}
