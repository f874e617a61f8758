/** The two folders of a translator: logical graphs people have stored, and the graphs made of them (spec/translator.md 16). */
import { mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WeirError } from '../protocol/index.ts';

/** As upstream counts: ids begin anew after this many. */
const MAX_PGT_COUNT = 300;
const DROPS_SUFFIX = '.drops';

/** How a stored graph was made, so that it can be divided anew for the nodes there are. */
export interface PgtRecord {
  readonly partition: Readonly<Record<string, unknown>>;
  readonly label: string;
}

/** Nothing is stored under a name. */
export class NotStored extends WeirError {
  constructor(what: string, name: string) {
    super('FILE_UNREADABLE', `There is no ${what} ${JSON.stringify(name)} here.`, { details: { name } });
  }
}

export class TranslatorFiles {
  readonly #lgDir: string;
  readonly #pgtDir: string;
  readonly #records = new Map<string, PgtRecord>();
  #count = 0;

  constructor(lgDir: string, pgtDir: string) {
    this.#lgDir = path.resolve(lgDir);
    this.#pgtDir = path.resolve(pgtDir);
  }

  /** The text of a stored logical graph; undefined when there is none. Throws USAGE for a name that leads elsewhere. */
  async readLogical(name: string): Promise<string | undefined> {
    return readIn(this.#lgDir, name);
  }

  /** Overwrites a stored logical graph; false when there is none of that name. */
  async writeLogical(name: string, text: string): Promise<boolean> {
    if ((await readIn(this.#lgDir, name)) === undefined) return false;
    await writeFile(await confined(this.#lgDir, name), text);
    return true;
  }

  /** Names of stored logical graphs: those in the folder and one folder below, as upstream looks for them. */
  async logicalNames(): Promise<string[]> {
    return namesIn(this.#lgDir, (name) => name.endsWith('.graph'));
  }

  async pgtNames(): Promise<string[]> {
    return namesIn(this.#pgtDir, (name) => name.endsWith('_pgt.graph'));
  }

  /** Stores a translated graph, and the view of it; returns its id. */
  async addPgt(lgName: string, drops: Uint8Array, view: Uint8Array, record: PgtRecord): Promise<string> {
    this.#count = this.#count >= MAX_PGT_COUNT ? 1 : this.#count + 1;
    const id = `${lgName.replace(/\.graph$/, '')}${this.#count}_pgt.graph`;
    const file = path.join(this.#pgtDir, ...safeParts(id));
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(await confined(this.#pgtDir, id), view);
    await writeFile(await confined(this.#pgtDir, id + DROPS_SUFFIX), drops);
    this.#records.set(id, record);
    return id;
  }

  /** The view of a stored graph as JSON text; undefined when there is none. */
  async readView(id: string): Promise<string | undefined> {
    return readIn(this.#pgtDir, id);
  }

  /** The drops of a stored graph; undefined when there is none. */
  async readDrops(id: string): Promise<Uint8Array | undefined> {
    const text = await readIn(this.#pgtDir, id + DROPS_SUFFIX);
    return text === undefined ? undefined : Buffer.from(text, 'utf8');
  }

  record(id: string): PgtRecord | undefined {
    return this.#records.get(id);
  }
}

function safeParts(name: string): string[] {
  const parts = name.split(/[/\\]/);
  const isSafe = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
  if (!isSafe || path.isAbsolute(name) || /^[a-z]:/i.test(name))
    throw new WeirError(
      'USAGE',
      `A name within the translator's folder was expected, found ${JSON.stringify(name)}.`,
      { details: { name } },
    );
  return parts;
}

/** The path of a name in a folder. Links that lead out of the folder are refused like names that do. */
async function confined(dir: string, name: string): Promise<string> {
  const file = path.join(dir, ...safeParts(name));
  const real = async (where: string): Promise<string> => realpath(where).catch(() => where);
  const [root, parent, target] = [await real(dir), await real(path.dirname(file)), await real(file)];
  const isIn = (where: string): boolean => where === root || where.startsWith(root + path.sep);
  if (isIn(parent) && (target === file || isIn(target))) return file;
  throw new WeirError('USAGE', `${JSON.stringify(name)} leads out of the translator's folder.`, {
    details: { name },
  });
}

async function readIn(dir: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(await confined(dir, name), 'utf8');
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function namesIn(dir: string, isWanted: (name: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isFile() && isWanted(entry.name)) found.push(entry.name);
    if (!entry.isDirectory()) continue;
    const below = await readdir(path.join(dir, entry.name), { withFileTypes: true }).catch(() => []);
    for (const file of below)
      if (file.isFile() && isWanted(file.name)) found.push(`${entry.name}/${file.name}`);
  }
  return found.sort();
}
