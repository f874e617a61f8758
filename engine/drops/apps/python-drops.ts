/** What drops whose class is the user's Python have in common: surroundings, arguments, questions from Python. */
import { DROPStates } from '../../protocol/index.ts';
import type { DataDROP } from '../data-drop.ts';
import type { AbstractDROP, DropKwargs } from '../drop.ts';
import { dlgPath, type CallSettings, type DropQuestions, type RemoteDropSpec } from '../python/index.ts';
import { dataUrlOf, pathOf } from './named-ports.ts';
import type { RemoteReads } from './python-reads.ts';

/** Arguments that mean something to the Host only. */
const HOST_ONLY = new Set(['reprodata', 'log_level']);

/** What surrounds each call for a drop: directory, environment, module path, where prints go. */
export function pythonSettings(
  drop: AbstractDROP,
  signal?: AbortSignal,
): CallSettings & {
  readonly onLog: NonNullable<CallSettings['onLog']>;
} {
  const { context } = drop;
  return {
    label: `drop "${drop.uid}"`,
    cwd: context.baseDir,
    env: { DLG_UID: drop.uid, DLG_SESSION_ID: drop.dlgSessionId, DLG_ROOT: context.dlgRoot },
    path: dlgPath(context),
    ...(signal && { signal }),
    onLog: (stream, line) => context.log(stream === 'err' ? 'warn' : 'info', drop, line),
  };
}

/** Constructor arguments as Python gets them: what the dropspec gave, with environment values filled in. */
export function pythonKwargs(drop: AbstractDROP, kwargs: DropKwargs): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries({ ...kwargs, ...drop.parameters }))
    if (!HOST_ONLY.has(name) && value !== undefined) plain[name] = value;
  return { ...plain, dlg_session_id: drop.dlgSessionId };
}

/** A data drop as an application in Python sees it. */
export function remoteSpec(drop: DataDROP): RemoteDropSpec {
  return {
    oid: drop.oid,
    uid: drop.uid,
    name: drop.name,
    cls: drop.constructor.name,
    hasPath: pathOf(drop) !== undefined,
    ...(drop.node !== null && { node: drop.node }),
    ...(drop.dataIsland !== null && { island: drop.dataIsland }),
    parameters: drop.parameters,
  };
}

/** Answers what an application in Python asks about `drops`, those it is linked to. */
export function answersAbout(
  app: AbstractDROP,
  drops: readonly DataDROP[],
  reads: RemoteReads,
): DropQuestions {
  const linked = new Map(drops.map((drop) => [drop.uid, drop]));
  return async ({ operation, uid, details, data }) => {
    const drop = linked.get(uid);
    if (!drop) throw new Error(`Drop "${uid}" is neither input nor output of "${app.uid}".`);
    switch (operation) {
      case 'open':
        await reads.open(drop);
        return {};
      case 'read':
        return { data: await reads.read(drop, Number(details['offset']), Number(details['count'])) };
      case 'close':
        await reads.close(drop);
        return {};
      case 'write':
        return { value: await drop.write(data ?? new Uint8Array(0)) };
      case 'get':
        return { value: await attributeOf(drop, String(details['name'])) };
      default:
        await changeState(drop, operation);
        return {};
    }
  };
}

async function attributeOf(drop: DataDROP, name: string): Promise<unknown> {
  switch (name) {
    case 'status':
      return drop.status;
    case 'phase':
      return drop.phase;
    case 'size':
      return drop.size;
    case 'checksum':
      return drop.status === DROPStates.COMPLETED ? drop.computeChecksum() : drop.checksum;
    case 'checksumType':
      return drop.checksumType;
    case 'buftype':
      return drop.buftype;
    case 'path':
      return pathOf(drop);
    case 'dataURL':
      return dataUrlOf(drop);
    case 'exists':
      return drop.exists();
    default:
      throw new Error(`Drop "${drop.uid}" has no attribute "${name}".`);
  }
}

async function changeState(drop: DataDROP, operation: string): Promise<void> {
  if (operation === 'setCompleted') return drop.setCompleted();
  if (operation === 'setError') return drop.setError();
  if (operation === 'skip') return drop.skip();
  if (operation === 'cancel') return drop.cancel();
  if (operation === 'delete') return drop.delete();
  throw new Error(`Drops cannot "${operation}".`);
}
