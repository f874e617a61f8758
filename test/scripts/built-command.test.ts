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
  const parts = ['undici', 'http2'].filter((part) => process.moduleLoadList.some((name) => name.includes(part)));
  process.stderr.write('loaded ' + JSON.stringify({ packages: [...packages], parts }) + '\\n');
});`;

interface Loaded {
  readonly packages: readonly string[];
  readonly parts: readonly string[];
}

/** What each thread of a command loaded. One that stays is ended when it has said something. */
async function loadedBy(...args: string[]): Promise<Loaded[]> {
  const running = promisify(execFile)(process.execPath, [path.join(root, 'scripts/weir.mjs'), ...args], {
    env: { ...process.env, NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(SPY)}` },
  });
  if (args[0] === 'node') running.child.stdout?.once('data', () => running.child.kill('SIGTERM'));
  const { stderr } = await running;
  return [...stderr.matchAll(/^loaded (.*)$/gm)].map(([, text]) => JSON.parse(text as string) as Loaded);
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
    expect(threads.map(({ parts }) => parts)).toEqual([[]]);
  });

  it('serves without those either', async () => {
    const threads = await loadedBy('node', '--ephemeral', '--port', '0');
    expect(threads.length).toBeGreaterThan(1);
    expect(threads.flatMap(({ parts }) => parts)).toEqual([]);
  });
});
