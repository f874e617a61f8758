/** Application classes of the user, found as Python code (issue "the engine, whole", item 4). */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { DROPStates, isWeirError, messageOf } from '../../protocol/index.ts';
import { BarrierAppDROP, type Lane } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import {
  dlgPath,
  PYTHON_POOL,
  PythonException,
  type CallSettings,
  type ClassInfo,
  type DropQuestions,
  type RemoteDropSpec,
} from '../python/index.ts';
import type { DropClass } from '../registry.ts';
import { dataUrlOf, pathOf } from './named-ports.ts';
import { RemoteReads } from './python-reads.ts';

/** Arguments that mean something to the Host only. */
const HOST_ONLY = new Set(['reprodata', 'log_level']);

/** An application whose `run` is that of a Python class; its inputs and outputs are proxies there. */
export abstract class PythonAppDROP extends BarrierAppDROP {
  readonly #kwargs: DropKwargs;
  #info: ClassInfo | undefined;
  #facts: Record<string, unknown> = {};

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#kwargs = kwargs;
  }

  /** Dotted path of the Python class. */
  abstract get pythonClass(): string;

  override get lane(): Lane {
    return 'python';
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return this.#facts;
  }

  #settings(): CallSettings {
    const { context } = this;
    return {
      label: `drop "${this.uid}"`,
      cwd: context.baseDir,
      env: { DLG_UID: this.uid, DLG_SESSION_ID: this.dlgSessionId, DLG_ROOT: context.dlgRoot },
      path: dlgPath(context),
      signal: this.signal,
      onLog: (stream, line) => context.log(stream === 'err' ? 'warn' : 'info', this, line),
    };
  }

  /** Loads the class, so that one which does not exist fails the session before anything runs. */
  override async prepare(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      if (isWeirError(error) && error.code === 'PYTHON_UNAVAILABLE') return;
      throw error;
    }
  }

  async #load(): Promise<void> {
    this.#info ??= await this.context.service(PYTHON_POOL).checkClass(this.pythonClass, this.#settings());
    this.#facts = { class: this.pythonClass, sourceSha256: this.#info.sourceSha256 };
  }

  override async run(): Promise<void> {
    await this.#load();
    const reads = new RemoteReads();
    try {
      await this.context.service(PYTHON_POOL).runApp({
        ...this.#settings(),
        dropClass: this.pythonClass,
        oid: this.oid,
        uid: this.uid,
        kwargs: this.#plainKwargs(),
        inputs: this.inputs.map(remoteSpec),
        outputs: this.outputs.map(remoteSpec),
        answer: this.#answers(reads),
      });
    } catch (error) {
      const isTheirs = error instanceof PythonException;
      if (isTheirs) this.#facts = { ...this.#facts, exception: error.pythonType, traceback: error.traceback };
      this.context.log('error', this, isTheirs ? error.traceback : messageOf(error));
      throw error;
    } finally {
      await reads.closeAll();
    }
  }

  #plainKwargs(): Record<string, unknown> {
    const plain: Record<string, unknown> = {};
    for (const [name, value] of Object.entries({ ...this.#kwargs, ...this.parameters }))
      if (!HOST_ONLY.has(name) && value !== undefined) plain[name] = value;
    return { ...plain, dlg_session_id: this.dlgSessionId };
  }

  /** Only the drops it is linked to can be asked about. */
  #answers(reads: RemoteReads): DropQuestions {
    const linked = new Map([...this.inputs, ...this.outputs].map((drop) => [drop.uid, drop]));
    return async ({ operation, uid, details, data }) => {
      const drop = linked.get(uid);
      if (!drop) throw new Error(`Drop "${uid}" is neither input nor output of "${this.uid}".`);
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
}

function remoteSpec(drop: DataDROP): RemoteDropSpec {
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

/** The drop class that runs the Python application class `dotted`. */
export function pythonAppClass(dotted: string): DropClass {
  return class extends PythonAppDROP {
    override get pythonClass(): string {
      return dotted;
    }
  };
}

/**
 * Finds application classes of the user for class paths Weir does not know: a module of that name on the DLG_PATH or
 * in one of `moreFolders` (the module path of the Python that will run it). Whether the module holds the class is
 * found out when the session is deployed.
 */
export function pythonClassFinder(
  folders: () => readonly string[],
): (dotted: string, isApp: boolean) => DropClass | undefined {
  return (dotted, isApp) => {
    const parts = dotted.split('.');
    if (
      !isApp ||
      parts.length < 2 ||
      parts[0] === 'dlg' ||
      !parts.every((part) => /^[A-Za-z_]\w*$/.test(part))
    )
      return undefined;
    const module = parts.slice(0, -1);
    const isThere = folders().some(
      (folder) =>
        existsSync(`${path.join(folder, ...module)}.py`) ||
        existsSync(path.join(folder, ...module, '__init__.py')),
    );
    return isThere ? pythonAppClass(dotted) : undefined;
  };
}
