/** Which class a dropspec means (spec/engine.md 8.3). */

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
