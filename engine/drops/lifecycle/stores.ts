/** Places that copies of drops can be kept in, ordered by speed (spec/engine.md 9.4). */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, stat, statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import path from 'node:path';
import { InvalidDropException, WeirError } from '../../protocol/index.ts';
import { FileDROP } from '../data/file.ts';
import { InMemoryDROP } from '../data/memory.ts';
import { NgasDROP } from '../data/ngas.ts';
import { baseUidPathname } from '../data/path-builder.ts';
import type { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { totalDirSize } from '../io/directory-io.ts';

export interface Store {
  readonly name: string;
  /** Bytes it can hold in all. */
  totalSpace(): Promise<number>;
  /** Bytes that are free. */
  availableSpace(): Promise<number>;
  /** A new, empty drop in this store. */
  createDrop(oid: string, uid: string, kwargs: DropKwargs): Promise<DataDROP>;
}

export class MemoryStore implements Store {
  readonly name = 'memory';

  async totalSpace(): Promise<number> {
    return totalmem();
  }

  async availableSpace(): Promise<number> {
    return freemem();
  }

  async createDrop(oid: string, uid: string, kwargs: DropKwargs): Promise<DataDROP> {
    return new InMemoryDROP(oid, uid, kwargs);
  }
}

async function fileDropIn(
  directory: string,
  oid: string,
  uid: string,
  kwargs: DropKwargs,
): Promise<DataDROP> {
  await mkdir(directory, { recursive: true });
  const name = baseUidPathname(uid, uid.replaceAll('_', '-')) as string;
  return new FileDROP(oid, uid, { ...kwargs, filepath: path.join(directory, name) });
}

/** A file system that is mounted at `mountPoint`; copies go to `savingDir` on it. */
export class FileSystemStore implements Store {
  readonly name: string;
  readonly #mountPoint: string;
  readonly #savingDir: string;

  /** Throws InvalidDropException where `mountPoint` is none. */
  constructor(mountPoint: string, savingDir: string) {
    const root = path.resolve(mountPoint);
    const here = statSync(root);
    const above = statSync(path.dirname(root));
    if (root !== '/' && (here.dev === above.dev || !here.isDirectory()))
      throw new InvalidDropException(`A store of drops needs a mount point, but ${root} is none.`);
    this.name = `file system ${root}`;
    this.#mountPoint = root;
    this.#savingDir = savingDir;
  }

  async totalSpace(): Promise<number> {
    const { blocks, bsize } = await statfs(this.#mountPoint);
    return blocks * bsize;
  }

  async availableSpace(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#mountPoint);
    return bavail * bsize;
  }

  createDrop(oid: string, uid: string, kwargs: DropKwargs): Promise<DataDROP> {
    return fileDropIn(this.#savingDir, oid, uid, kwargs);
  }
}

const NEW_DIRECTORY_BYTES = 1 << 30;

/** A directory that may hold as many bytes as its file `SIZE` says. */
export class DirectoryStore implements Store {
  readonly name: string;
  readonly #directory: string;
  readonly #size: number;

  /** With `initialize`, a directory without `SIZE` gets one of 1 GiB; without it, such a directory is refused. */
  constructor(directory: string, initialize = false) {
    this.name = `directory ${directory}`;
    this.#directory = directory;
    const file = path.join(directory, 'SIZE');
    if (initialize && !statSync(file, { throwIfNoEntry: false }))
      writeFileSync(file, String(NEW_DIRECTORY_BYTES));
    const size = Number(readFileSync(file, 'utf8'));
    if (!Number.isFinite(size) || size < 0)
      throw new InvalidDropException(`${file} must hold the number of bytes that the store may use.`);
    this.#size = size;
  }

  async totalSpace(): Promise<number> {
    return this.#size;
  }

  async availableSpace(): Promise<number> {
    const used = await totalDirSize(this.#directory);
    const own = (await stat(path.join(this.#directory, 'SIZE'))).size;
    return Math.max(0, this.#size - (used - own));
  }

  createDrop(oid: string, uid: string, kwargs: DropKwargs): Promise<DataDROP> {
    return fileDropIn(this.#directory, oid, uid, kwargs);
  }
}

/** An NGAS archive. It decides itself what fits: its space counts as endless, and it refuses what it cannot take. */
export class NgasStore implements Store {
  readonly name: string;
  readonly #host: string;
  readonly #port: number;

  constructor(host = 'localhost', port = 7777) {
    this.name = `ngas ${host}:${port}`;
    this.#host = host;
    this.#port = port;
  }

  async totalSpace(): Promise<number> {
    return Number.POSITIVE_INFINITY;
  }

  async availableSpace(): Promise<number> {
    return Number.POSITIVE_INFINITY;
  }

  async createDrop(oid: string, uid: string, kwargs: DropKwargs): Promise<DataDROP> {
    return new NgasDROP(oid, uid, { ...kwargs, ngasSrv: this.#host, ngasPort: this.#port });
  }
}

/** The stores of a node, the fastest first (seed `HierarchicalStorageManager`). */
export class HierarchicalStorageManager {
  readonly #stores: Store[] = [];

  constructor(stores: readonly Store[] = []) {
    this.#stores.push(...stores);
  }

  /** Adds a store that is slower than those before it. */
  addStore(store: Store): void {
    this.#stores.push(store);
  }

  get stores(): readonly Store[] {
    return this.#stores;
  }

  /** Where copies that are to last belong. Throws where there is no store. */
  getSlowestStore(): Store {
    const slowest = this.#stores.at(-1);
    if (!slowest) throw new WeirError('USAGE', 'There is no store for copies of drops; add one first.');
    return slowest;
  }
}
