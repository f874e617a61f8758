/** A directory as a drop (seed `dlg.data.drops.directory.DirectoryDROP`, spec/engine.md 4.9). */
import { statSync } from 'node:fs';
import path from 'node:path';
import {
  IncompleteDROPSpec,
  InvalidDropException,
  InvalidRelationshipException,
} from '../../protocol/index.ts';
import { DataDROP } from '../data-drop.ts';
import type { AbstractDROP, DropKwargs } from '../drop.ts';
import { DirectoryIO } from '../io/directory-io.ts';
import { boolParam, readParams } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { makeDirectorySync } from './directories.ts';
import { baseUidPathname, environmentOf, expandPath } from './path-builder.ts';

const PARAMS = {
  checkExists: boolParam('check_exists', false, 'Refuse the drop when its directory does not exist'),
  createIfMissing: boolParam('create_if_missing', false, 'Make the directory when it does not exist'),
};

export class DirectoryDROP extends DataDROP {
  readonly #path: string;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const dirname = this.parameters['dirname'];
    if (dirname === undefined || dirname === null)
      throw new IncompleteDROPSpec(
        `${this.constructor.name} ${this.uid} has no parameter "dirname"; give the path of the directory, or "" for a generated name.`,
        { details: { uid: this.uid } },
      );
    this.#path = this.#makePath(typeof dirname === 'string' ? dirname : JSON.stringify(dirname));
    const params = readParams(PARAMS, { ...this.defaultParameters(), ...kwargs }, this.uid);
    if (params.createIfMissing)
      makeDirectorySync(this.context, this.#path, `${this.constructor.name} ${this.uid}`);
    else if (params.checkExists && !statSync(this.#path, { throwIfNoEntry: false })?.isDirectory())
      throw new InvalidDropException(
        `${this.constructor.name} ${this.uid} needs an existing directory (check_exists), but ${this.#path} is not one.`,
        { details: { uid: this.uid, path: this.#path } },
      );
  }

  /** Parameters that are not false by default. */
  protected defaultParameters(): DropKwargs {
    return {};
  }

  #makePath(dirname: string): string {
    // Variables only: placeholders are for the names of files, braces in a directory are just braces.
    const name = expandPath(dirname, environmentOf(this.context), `${this.constructor.name} ${this.uid}`);
    return path.resolve(this.context.baseDir, name || (baseUidPathname(this.uid, this.humanKey) ?? this.uid));
  }

  /** Absolute path of the directory. */
  get path(): string {
    return this.#path;
  }

  get dataURL(): string {
    return `file://${this.context.hostName}${this.#path}`;
  }

  override getIO(): DirectoryIO {
    return new DirectoryIO(this.#path);
  }
}

/**
 * A directory with the files in it as children (seed `dlg.data.drops.directorycontainer.DirectoryContainer`, gone in
 * release 6.0.0 and still in old graphs).
 */
export class DirectoryContainer extends DirectoryDROP {
  readonly #children: AbstractDROP[] = [];

  protected override defaultParameters(): DropKwargs {
    return { check_exists: true };
  }

  get children(): readonly AbstractDROP[] {
    return this.childrenWith(this.#children);
  }

  /** Adds a file or directory drop, which must lie directly in this directory. */
  addChild(child: AbstractDROP): void {
    const where = (child as Partial<{ path: string }>).path;
    if (where === undefined || path.dirname(where) !== this.path)
      throw new InvalidRelationshipException(
        `Drop ${child.uid} cannot be a child of the directory ${this.uid}: it must lie directly in ${this.path}, but ${where === undefined ? 'has no path' : `lies at ${where}`}.`,
        { details: { uid: this.uid, child: child.uid } },
      );
    if (this.children.includes(child)) return;
    this.#children.push(child);
    child.parent = this;
  }
}

registerDrop(
  DirectoryDROP,
  'dlg.data.drops.directory.DirectoryDROP',
  'dlg.data.drops.DirectoryDROP',
  'dlg.drop.DirectoryDROP',
);
registerDrop(
  DirectoryContainer,
  'dlg.data.drops.directorycontainer.DirectoryContainer',
  'dlg.data.drops.directory.DirectoryContainer',
  'dlg.drop.DirectoryContainer',
);
