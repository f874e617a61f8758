/**
 * Blocks of a session's block-DAG, read from its `reprodata.out` one drop at a time, however large the file is. An imported
 * session has no folder of its own; it brought its file along in the bundle.
 */
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { isJsonObject, messageOf, NoDropException, WeirError } from '../protocol/index.ts';
import {
  ALL_RMODES,
  dictionaryLeaves,
  parsePythonJson,
  type HashedRMode,
  type PyObject,
} from '../reproducibility/index.ts';
import type { SessionRow, Store } from '../store/index.ts';
import type { DropBlock } from './contract.ts';
import { IMPORTED } from './stored-session.ts';

const CHUNK_BYTES = 1 << 20;
const KEY_BYTES = 4096;
const PARENTS_LISTED = 1000;
/** How an entry of the file begins: the keys of the drops are the only ones at this depth. */
const ENTRY = Buffer.from('\n        "');
const STAGES = ['rg', 'pg', 'pgt', 'lg', 'lgt'] as const;
const ITEMS = ['pg_blockhash', 'pgt_blockhash', 'lg_blockhash'] as const;

/** Bytes of a `reprodata.out`, wherever it is. */
interface Source {
  /** How messages call it. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Another one where the content may be another. */
  readonly version: string;
  /** The bytes from an offset; fewer where it ends. */
  read(from: number, size: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Where each drop's entry is: found once for a source, in one pass over its bytes. */
interface FileIndex {
  readonly name: string;
  readonly version: string;
  /** Offset of each entry's key, in the order of the file. */
  readonly offsets: Float64Array;
  readonly placeOf: ReadonlyMap<string, number>;
}

/** Finds blocks. Keeps where the drops are in the file that was asked about last. */
export class BlockReader {
  readonly #store: Pick<Store, 'document'>;
  #index: FileIndex | undefined;

  constructor(store: Pick<Store, 'document'>) {
    this.#store = store;
  }

  /**
   * The block of one drop; `mode` is the first that the session has where it is left out. Throws REPRO_INVALID where
   * the session has no blocks or not of this mode, NoDropException.
   */
  async block(session: SessionRow, uid: string, mode?: string): Promise<DropBlock> {
    const source = await this.#sourceOf(session);
    try {
      const index = await this.#indexOf(source);
      const place = index.placeOf.get(uid);
      if (place === undefined)
        throw new NoDropException(`${source.name} has no drop "${uid}".`, {
          details: { sessionId: session.sessionId, uid },
        });
      return describe(session, await readEntry(source, index, place, uid), uid, mode);
    } finally {
      await source.close();
    }
  }

  async #indexOf(source: Source): Promise<FileIndex> {
    const known = this.#index;
    if (known?.name === source.name && known.version === source.version) return known;
    const index = await indexFile(source);
    this.#index = index;
    return index;
  }

  async #sourceOf(session: SessionRow): Promise<Source> {
    if (session.rmode === 'NOTHING') throw noBlocks(session);
    const file = session.dir === '' ? undefined : await fileSource(path.join(session.dir, 'reprodata.out'));
    if (file) return file;
    const imported = await this.#store.document(session.key, IMPORTED.reprodata);
    if (imported === undefined || imported.length === 0) throw noBlocks(session);
    const bytes = Buffer.from(imported.buffer, imported.byteOffset, imported.byteLength);
    return {
      name: `the reprodata.out that came with session ${session.sessionId}`,
      sizeBytes: bytes.length,
      version: `${session.key} ${bytes.length}`,
      read: async (from, size) => bytes.subarray(from, from + size),
      close: async () => {},
    };
  }
}

async function fileSource(file: string): Promise<Source | undefined> {
  const facts = await stat(file).catch(() => undefined);
  if (!facts?.isFile()) return undefined;
  const handle = await open(file);
  return {
    name: file,
    sizeBytes: facts.size,
    version: `${facts.size} ${facts.mtimeMs}`,
    read: async (from, size) => {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(size), 0, size, from);
      return buffer.subarray(0, bytesRead);
    },
    close: () => handle.close(),
  };
}

function noBlocks({ sessionId, rmode, origin, finishedAt }: SessionRow): WeirError {
  const why = origin.startsWith('import ')
    ? 'it was imported, and its bundle brought no reprodata.out'
    : finishedAt === null
      ? 'they are written when it is over'
      : rmode === 'NOTHING'
        ? 'it ran with R-mode NOTHING; run the graph again with another'
        : 'its folder has no reprodata.out any more, or DALiuGE has no signature for how it ended (its log says why)';
  return new WeirError('REPRO_INVALID', `Session ${sessionId} has no blocks: ${why}.`, {
    details: { sessionId },
  });
}

async function indexFile(source: Source): Promise<FileIndex> {
  const { name, version, sizeBytes } = source;
  const placeOf = new Map<string, number>();
  const offsets: number[] = [];
  for (let from = 0; from < sizeBytes;) {
    const part = await source.read(from, CHUNK_BYTES);
    if (part.length === 0) break;
    for (let at = part.indexOf(ENTRY); at >= 0; at = part.indexOf(ENTRY, at + ENTRY.length)) {
      const offset = from + at + ENTRY.length - 1;
      // The key may go on in the next chunk: it is read by itself then.
      const inside = part.subarray(at + ENTRY.length - 1);
      const text = keyIn(inside) ?? keyIn(await source.read(offset, KEY_BYTES));
      if (text === undefined) continue;
      placeOf.set(text, offsets.length);
      offsets.push(offset);
    }
    if (part.length <= ENTRY.length) break;
    // An entry's beginning that two chunks share is seen in the second.
    from += part.length - ENTRY.length + 1;
    if (from + ENTRY.length > sizeBytes) break;
  }
  return { name, version, offsets: Float64Array.from(offsets), placeOf };
}

/** The JSON string that `bytes` begin with; undefined when they end before it does. */
function keyIn(bytes: Buffer): string | undefined {
  for (let at = 1; at < bytes.length; at++) {
    if (bytes[at] === 0x5c) at++;
    else if (bytes[at] === 0x22) return JSON.parse(bytes.toString('utf8', 0, at + 1)) as string;
  }
  return undefined;
}

async function readEntry(
  source: Source,
  { offsets }: FileIndex,
  place: number,
  uid: string,
): Promise<PyObject> {
  const { name: file, sizeBytes } = source;
  const from = offsets[place] as number;
  const text = (await source.read(from, (offsets[place + 1] ?? sizeBytes) - from)).toString('utf8');
  const begin = text.indexOf('{', JSON.stringify(uid).length);
  // The entry ends with the first line that closes at its own depth.
  const end = text.indexOf('\n        }', begin);
  try {
    const entry: unknown = parsePythonJson(text.slice(begin, end + '\n        }'.length));
    if (isJsonObject(entry)) return entry;
  } catch (error) {
    throw damaged(file, uid, messageOf(error));
  }
  throw damaged(file, uid, 'it is no object');
}

function damaged(file: string, uid: string, why: string): WeirError {
  return new WeirError('REPRO_INVALID', `The entry of drop ${uid} in ${file} cannot be read: ${why}`, {
    details: { file, uid },
  });
}

function describe(session: SessionRow, entry: PyObject, uid: string, wanted?: string): DropBlock {
  const repro = objectIn(entry, 'reprodata') ?? {};
  const modes = ALL_RMODES.filter((mode) => typeof objectIn(repro, mode)?.['rg_blockhash'] === 'string');
  const mode = wanted ?? modes[0];
  if (mode === undefined || !modes.includes(mode as HashedRMode))
    throw new WeirError(
      'REPRO_INVALID',
      modes.length === 0
        ? `Drop ${uid} of session ${session.sessionId} has no block of any R-mode.`
        : `Session ${session.sessionId} has no blocks of R-mode ${wanted}; it has ${modes.join(', ')}.`,
      { details: { uid, modes } },
    );
  const dictionary = objectIn(repro, mode) as PyObject;
  const text = (key: string): string | null => (typeof dictionary[key] === 'string' ? dictionary[key] : null);
  const parents = Object.entries(objectIn(dictionary, 'rg_parenthashes') ?? {}) as [string, string][];
  const runtime = objectIn(dictionary, 'rg_data');
  return {
    uid,
    name: typeof entry['name'] === 'string' ? entry['name'] : uid,
    mode,
    modes: [...modes],
    block: text('rg_blockhash') as string,
    items: [
      { name: 'rg_data', hash: runtime === undefined ? '' : rootOf(runtime) },
      ...ITEMS.map((name) => ({ name, hash: text(name) })),
    ],
    stages: STAGES.flatMap((stage) => {
      const data = objectIn(dictionary, `${stage}_data`);
      return data === undefined ? [] : [{ name: stage, leaves: leavesOf(data), root: rootOf(data) }];
    }),
    parents: parents.slice(0, PARENTS_LISTED).map(([id, block]) => ({ uid: id, block })),
    parentCount: parents.length,
  };
}

function objectIn(object: PyObject, key: string): PyObject | undefined {
  const value = object[key];
  return isJsonObject(value) ? value : undefined;
}

function rootOf(data: PyObject): string | null {
  return typeof data['merkleroot'] === 'string' ? data['merkleroot'] : null;
}

/** The texts that were hashed: the root was added after. */
function leavesOf(data: PyObject): string[] {
  return dictionaryLeaves({ ...data, merkleroot: undefined });
}
