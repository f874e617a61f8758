/** Data drop classes of the user, in Python (issue "the engine, whole", item 4). */
import {
  DROPException,
  DROPStates,
  InvalidDropException,
  isWeirError,
  messageOf,
} from '../../protocol/index.ts';
import { pythonKwargs, pythonSettings } from '../apps/python-drops.ts';
import { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { PythonIO } from '../io/python-io.ts';
import { PYTHON_POOL, type KeptObject } from '../python/index.ts';
import type { DropClass } from '../registry.ts';

/** What the object tells of itself. */
interface About {
  readonly dataURL: string | null;
  readonly path: string | null;
  readonly buftype: string | null;
}

/** What it tells when its last write was closed. */
interface Completed extends About {
  readonly size: number | null;
  /** JSON text. */
  readonly reproduce: string | null;
}

/**
 * A data drop whose storage is a Python class: its `getIO()`, `exists()`, `delete()`, `dataURL` and, where it has one of
 * its own, `setCompleted()` and `generate_reproduce_data()`. State, size, checksum, readers and events are the Host's.
 */
export abstract class PythonDataDROP extends DataDROP {
  readonly #kwargs: DropKwargs;
  #kept: Promise<KeptObject> | undefined;
  #about: About = { dataURL: null, path: null, buftype: null };
  #reproduce: Record<string, unknown> = {};
  #isDeleted = false;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#kwargs = kwargs;
  }

  /** Dotted path of the Python class. */
  abstract get pythonClass(): string;

  /** Makes the object, so that a class that does not exist, or refuses its arguments, fails the session beforehand. */
  override async prepare(): Promise<void> {
    try {
      await this.#object();
    } catch (error) {
      // A machine without Python fails the drops that need it, when their turn comes.
      if (isWeirError(error) && error.code === 'PYTHON_UNAVAILABLE') return;
      throw error;
    }
  }

  /** The object; a new one where its process is gone. */
  async #object(): Promise<KeptObject> {
    const there = await this.#kept;
    if (there?.goneBecause === undefined && there) return there;
    const kept = (this.#kept = this.#make());
    kept.catch(() => {
      if (this.#kept === kept) this.#kept = undefined;
    });
    const object = await kept;
    if (there) await this.#expectData(object, there.goneBecause ?? '');
    return object;
  }

  async #make(): Promise<KeptObject> {
    const pool = this.context.service(PYTHON_POOL);
    const { cwd, env, path, onLog } = pythonSettings(this);
    const info = await pool.checkClass(this.pythonClass, pythonSettings(this));
    if (!info.isData)
      throw new InvalidDropException(
        `Drop ${this.uid} holds data, but the class "${this.pythonClass}" is ${info.isApp ? 'one of applications' : 'no drop class: it has no getIO()'}.`,
        { details: { uid: this.uid, class: this.pythonClass } },
      );
    const kept = await pool.keepers.keep({
      kind: 'data',
      dropClass: this.pythonClass,
      oid: this.oid,
      uid: this.uid,
      kwargs: pythonKwargs(this, this.#kwargs),
      group: this.dlgSessionId,
      ...(cwd !== undefined && { cwd }),
      ...(env && { env }),
      ...(path && { path }),
      onLog,
    });
    this.#about = kept.about as unknown as About;
    return kept;
  }

  /** A new object of a drop that is COMPLETED must have its data, as a file has and the memory of a process has not. */
  async #expectData(object: KeptObject, because: string): Promise<void> {
    if (this.status !== DROPStates.COMPLETED) return;
    const exists = (await object.call('exists')).value === true;
    const size = exists ? Number((await object.call('size')).value) : -1;
    if (exists && (size < 0 || this.size === null || size === this.size)) return;
    // Asked again, the answer shall be the same.
    this.#kept = Promise.reject(
      new DROPException(
        'FILE_UNREADABLE',
        `The data of drop ${this.uid} is lost: it was in a Python process that is gone (${because}), and a new object of ${this.pythonClass} ${exists ? `holds ${size} bytes in place of ${this.size}` : 'says that it does not exist'}. Run the session again.`,
        { details: { uid: this.uid, class: this.pythonClass } },
      ),
    );
    this.#kept.catch(() => undefined);
    await this.#kept;
  }

  override getIO(): PythonIO {
    return new PythonIO(() => this.#object());
  }

  protected override async onCompleting(): Promise<void> {
    const object = await this.#object();
    const { value } = await object.call('complete', { size: this.size === null });
    const { size, reproduce, ...about } = value as Completed;
    this.#about = about;
    if (size !== null) this.noteSize(size);
    if (reproduce !== null) this.#reproduce = JSON.parse(reproduce) as Record<string, unknown>;
  }

  /** What the class says; until it can, a URL that names class and drop. */
  get dataURL(): string {
    return this.#about.dataURL ?? `python://${this.context.hostName}/${this.pythonClass}/${this.uid}`;
  }

  /** The path of the data, where the class has one. */
  get path(): string | undefined {
    return this.#about.path ?? undefined;
  }

  override get buftype(): 'str' | 'bytes' | null {
    const { buftype } = this.#about;
    return buftype === 'str' || buftype === 'bytes' ? buftype : null;
  }

  override async exists(): Promise<boolean> {
    return !this.#isDeleted && (await super.exists());
  }

  override async delete(): Promise<void> {
    if (this.#isDeleted) return;
    await super.delete();
    this.#isDeleted = true;
    const kept = await this.#kept?.catch((error: unknown) =>
      this.context.log('debug', this, messageOf(error)),
    );
    kept?.release();
  }

  override generateReproduceData(): Record<string, unknown> {
    return this.#reproduce;
  }
}

/** The drop class that stands for the Python data class `dotted`. */
export function pythonDataClass(dotted: string): DropClass {
  return class extends PythonDataDROP {
    override get pythonClass(): string {
      return dotted;
    }
  };
}
