/** A file as a drop (seed `dlg.data.drops.file.FileDROP`, spec/engine.md 4.6). */
import { statSync } from 'node:fs';
import { open, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { InvalidPathException, DROPStates, messageOf } from '../../protocol/index.ts';
import { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { FileIO, ifAbsent } from '../io/file-io.ts';
import { boolParam, readParams } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { makeDirectorySync } from './directories.ts';
import {
  baseUidPathname,
  constructMap,
  environmentOf,
  expandPath,
  replaceDlgFstring,
} from './path-builder.ts';
import { mapInputPortsToParams } from './port-params.ts';
import { EMPTY_SHA3_256 } from './reproduce.ts';

const PARAMS = {
  checkExists: boolParam('check_filepath_exists', false, 'Refuse the drop when its file does not exist'),
  deleteParent: boolParam('delete_parent_directory', false, 'Delete the directory together with the file'),
};

export class FileDROP extends DataDROP {
  readonly #params;
  /** What the graph says, or what a producer's port said last. */
  #filepath: string;
  #path: string;
  /** Once something was written or completed, the name does not change any more. */
  #isFixed: boolean;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#params = readParams(PARAMS, kwargs, this.uid);
    this.#filepath = this.#filepathParameter();
    this.#isFixed = this.#filepath !== '';
    this.#path = this.#makePath();
    // A generated name says nothing of a file that is there already; an output is made later, by its producer.
    if (this.#params.checkExists && this.#isFixed && !this.#hasProducers()) this.#expectFile();
  }

  protected override defaultPersist(): boolean {
    return true;
  }

  #filepathParameter(): string {
    const given = this.parameters['filepath'];
    return given === undefined || given === null || given === ''
      ? ''
      : typeof given === 'string'
        ? given
        : JSON.stringify(given);
  }

  #hasProducers(): boolean {
    const given = this.parameters['producers'];
    return (
      (Array.isArray(given) && given.length > 0) || this._flow.table.relations.outputs.inDegree(this._row) > 0
    );
  }

  #expectFile(): void {
    if (statSync(this.#path, { throwIfNoEntry: false })?.isFile()) return;
    throw new InvalidPathException(
      `FileDROP ${this.uid} is an input that must exist (check_filepath_exists), but there is no file at ${this.#path}.`,
      { details: { uid: this.uid, path: this.#path } },
    );
  }

  /** Directory and name by the table of spec/engine.md 4.6; makes the directory. */
  #makePath(): string {
    const { baseDir } = this.context;
    const env = environmentOf(this.context);
    const where = `FileDROP ${this.uid}`;
    const given = this.#filepath;
    const generated = () => baseUidPathname(this.uid, this.humanKey) ?? this.uid;
    let directory = '';
    let name = given;
    if (given.includes('/')) {
      // The unexpanded text decides: "$MYDIR" whose value ends in "/" means the directory itself.
      const expanded = expandPath(given, env, where);
      const cut = expanded.lastIndexOf('/');
      directory = expanded.slice(0, cut) || '/';
      name = given.endsWith('/') ? '' : expanded.slice(cut + 1);
    } else if (given !== '') {
      const expanded = expandPath(given, env, where);
      const cut = expanded.lastIndexOf('/');
      if (cut >= 0) directory = expanded.slice(0, cut) || '/';
      name = expanded.slice(cut + 1);
      if (cut >= 0 && name === '') {
        makeDirectorySync(this.context, directory, where);
        return path.resolve(baseDir, directory);
      }
    }
    const full = path.resolve(baseDir, directory);
    makeDirectorySync(this.context, full, where);
    const parts = { uid: this.uid, humanKey: this.humanKey, now: this.context.now() };
    return path.join(full, name === '' ? generated() : replaceDlgFstring(name, constructMap(parts), where));
  }

  /** Absolute path of the file. May change until the file is written, when a producer's port decides the name. */
  get path(): string {
    if (!this.#isFixed && Array.isArray(this.parameters['producers'])) {
      mapInputPortsToParams(this);
      const now = this.#filepathParameter();
      if (now !== this.#filepath) {
        this.#filepath = now;
        this.#path = this.#makePath();
      }
    }
    return this.#path;
  }

  get filename(): string {
    return path.basename(this.path);
  }

  get dirname(): string {
    return path.dirname(this.path);
  }

  get dataURL(): string {
    return `file://${this.context.hostName}${this.path}`;
  }

  override getIO(): FileIO {
    return new FileIO(this.path);
  }

  protected override writerIO(): FileIO {
    const io = this.getIO();
    this.#isFixed = true;
    return io;
  }

  protected override async onCompleting(): Promise<void> {
    const file = this.path;
    this.#isFixed = true;
    let found = await stat(file).catch(ifAbsent);
    if (!found) {
      // 'a' and not 'w': what somebody else puts there at this very moment stays.
      const made = await open(file, 'a');
      found = await made.stat();
      await made.close();
    }
    this.noteSize(found.size);
  }

  override async hasEnd(): Promise<boolean> {
    // Where it is gone, reading says so.
    return (await stat(this.path).catch(ifAbsent))?.isFile() !== false;
  }

  override async delete(): Promise<void> {
    await super.delete();
    if (!this.#params.deleteParent) return;
    try {
      await rmdir(this.dirname);
    } catch (error) {
      this.context.log('info', this, `The directory of ${this.uid} stays: ${messageOf(error)}`);
    }
  }

  /** `{data_hash}`: SHA3-256 of the whole content; that of nothing where it cannot be read. */
  override async computeReproduceData(): Promise<Record<string, unknown>> {
    if (this.status !== DROPStates.COMPLETED) return { data_hash: EMPTY_SHA3_256 };
    try {
      return { data_hash: await this.digest('sha3-256') };
    } catch (error) {
      this.context.log('warn', this, `The content of ${this.uid} cannot be hashed: ${messageOf(error)}`);
      return { data_hash: EMPTY_SHA3_256 };
    }
  }
}

registerDrop(FileDROP, 'dlg.data.drops.file.FileDROP', 'dlg.data.drops.FileDROP', 'dlg.drop.FileDROP');
