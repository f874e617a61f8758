/** What a person has set for this data folder: settings.json, made to be read and edited by people as well. */
import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, WeirError } from '../protocol/index.ts';
import type { Settings } from '../api/index.ts';

const FILE = 'settings.json';
const MAX_BYTES = 2 ** 20;

/** The settings of a data folder, read anew whenever they are needed: what was edited by hand counts at once. */
export function settingsOf(dataDir: string): Settings {
  const file = path.join(dataDir, FILE);
  return {
    file,
    read: () => readSettings(file),
    write: async (name, value) => {
      const settings = { ...(await readSettings(file)), [name]: value };
      const mine = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
      try {
        await writeFile(mine, `${JSON.stringify(settings, null, 2)}\n`, { flag: 'wx', flush: true });
        await rename(mine, file);
      } catch (cause) {
        throw new WeirError(
          'STORE_PERMISSION',
          `The settings ${file} cannot be written: ${messageOf(cause)}`,
          {
            cause,
            details: { file },
          },
        );
      } finally {
        await rm(mine, { force: true });
      }
    },
  };
}

async function readSettings(file: string): Promise<Readonly<Record<string, unknown>>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new WeirError('STORE_PERMISSION', `The settings ${file} cannot be read: ${messageOf(cause)}`, {
      cause,
      details: { file },
    });
  }
  const wrong = (what: string): WeirError =>
    new WeirError(
      'USAGE',
      `The settings ${file} ${what}. Correct the file or remove it; nothing of it is carried out until then.`,
      { details: { file } },
    );
  if (text.length > MAX_BYTES) throw wrong('are larger than 1 MiB');
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch (error) {
    throw wrong(`are no JSON: ${messageOf(error)}`);
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw wrong('should be an object such as {"retention": [{"olderThanMs": 7776000000}]}');
  return settings as Readonly<Record<string, unknown>>;
}
