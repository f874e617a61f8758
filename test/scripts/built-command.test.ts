/** The command as it is built: what is bundled, and what is loaded beside it. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../../scripts/build.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const SAMPLE = path.join(root, 'resources', 'samples', 'hello-world.graph');

/** Tells at the end of every thread which packages it loaded, and which of these parts of Node. */
const SPY = `
import { registerHooks } from 'node:module';
const packages = new Set();
registerHooks({ load(url, context, next) {
  const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
  if (name !== undefined) packages.add(name);
  return next(url, context);
} });
process.on('exit', () => {
  const undici = process.moduleLoadList.some((name) => /undici/.test(name));
  process.stderr.write('loaded ' + JSON.stringify({ packages: [...packages], undici }) + '\\n');
});`;

async function loadedBy(...args: string[]): Promise<{ packages: string[]; undici: boolean }[]> {
  const { stderr } = await promisify(execFile)(
    process.execPath,
    [path.join(root, 'scripts/weir.mjs'), ...args],
    {
      env: { ...process.env, NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(SPY)}` },
    },
  );
  return [...stderr.matchAll(/^loaded (.*)$/gm)].map(
    ([, text]) => JSON.parse(text as string) as { packages: string[]; undici: boolean },
  );
}

describe('the built command', () => {
  beforeAll(() => ensureBuilt());

  it('runs a graph with no package outside its own files but the one of SQLite', async () => {
    const threads = await loadedBy('run', SAMPLE, '--ephemeral');
    expect(threads.length).toBeGreaterThan(1);
    expect([...new Set(threads.flatMap(({ packages }) => packages))]).toEqual(['better-sqlite3']);
  });

  it('starts without the parts of Node that nobody asked for', async () => {
    const threads = await loadedBy('--version');
    expect(threads.map(({ undici }) => undici)).toEqual([false]);
  });
});
