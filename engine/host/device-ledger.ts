/** This device's ledger: its signing key, what it is, and the thread that hashes. */
import { createHash, randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { messageOf, WeirError, type Json } from '../protocol/index.ts';
import {
  privateKeyFromSeed,
  rawPublicKey,
  ReproducibilityWorker,
  type NoteSigner,
} from '../reproducibility/index.ts';
import type { Ledger } from '../session/index.ts';

const FILE = 'device.key';
const HEADER = 'weir-device-key-1';
const SEED_BYTES = 32;
/** Letters and digits that are not taken for one another. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/**
 * The signer of this data folder, made at the first start (file mode 0600). Its name is of its public key, so a key that was
 * replaced has another name. Throws STORE_DAMAGED for a key file that is none: sealing with another key in its place
 * would break the log.
 */
export async function deviceSigner(dataDir: string): Promise<NoteSigner> {
  const file = path.join(dataDir, FILE);
  const seed = (await readSeed(file)) ?? (await makeSeed(file));
  const privateKey = privateKeyFromSeed(seed);
  return { name: `weir/${deviceName(rawPublicKey(privateKey))}`, privateKey };
}

/** Eight letters and digits of a public key's SHA-256, in two groups. */
export function deviceName(publicKey: Uint8Array): string {
  const digest = createHash('sha256').update(publicKey).digest();
  const letters = Array.from({ length: 8 }, (_, i) => ALPHABET[(digest[i] as number) & 31]).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

async function readSeed(file: string): Promise<Buffer | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new WeirError('STORE_PERMISSION', `The key of this device cannot be read: ${messageOf(cause)}`, {
      cause,
      details: { file },
    });
  }
  const match = /^weir-device-key-1 ([A-Za-z0-9+/]{43}=)\n$/.exec(text);
  if (match === null)
    throw new WeirError(
      'STORE_DAMAGED',
      `${file} should be "${HEADER}" and a key, but is not. Put the right file back; without it the history can be read but not sealed.`,
      { details: { file } },
    );
  await chmod(file, 0o600);
  return Buffer.from(match[1] as string, 'base64');
}

/** Makes the file in one step, so that of two processes that start at once one wins and both use its key. */
async function makeSeed(file: string): Promise<Buffer> {
  const seed = randomBytes(SEED_BYTES);
  const mine = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(mine, `${HEADER} ${seed.toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    const handle = await open(mine, 'r');
    await handle.sync();
    await handle.close();
    // Where the file system has no links, the name is taken by the write itself.
    await link(mine, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error;
      return writeFile(file, `${HEADER} ${seed.toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
    });
    return seed;
  } catch (error) {
    const theirs = (error as NodeJS.ErrnoException).code === 'EEXIST' ? await readSeed(file) : undefined;
    if (theirs === undefined) throw error;
    return theirs;
  } finally {
    await rm(mine, { force: true });
  }
}

/** What a node is, as records name it: what may change a result and is the same between two runs on one machine. */
export function describeNode(version: string): Json {
  return {
    system: os.type(),
    release: os.release(),
    architecture: process.arch,
    processor: os.cpus()[0]?.model ?? '',
    processors: os.cpus().length,
    memoryBytes: os.totalmem(),
    nodeVersion: process.versions.node,
    weirVersion: version,
  };
}

export interface DeviceLedger extends Ledger {
  close(): Promise<void>;
}

export async function openLedger(dataDir: string, version: string): Promise<DeviceLedger> {
  const signer = await deviceSigner(dataDir);
  let worker: ReproducibilityWorker | undefined;
  return {
    worker: () => (worker ??= new ReproducibilityWorker()),
    signer,
    environment: describeNode(version),
    version,
    now: () => Date.now(),
    close: async () => worker?.close(),
  };
}
