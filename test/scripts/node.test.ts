import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync, cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { isFitNode, nodeSentence } from '../../scripts/lib/node.mjs';

test.each([
  ['24.21.0', '10', true],
  ['23.6.0', '10', true],
  ['22.14.0', '10', true],
  ['22.12.0', '9', false],
  ['20.20.2', '10', false],
  ['18.0.0', '8', false],
])('Node %s with Node-API %s is fit: %s', (node, napi, isFit) => {
  expect(isFitNode({ node, napi })).toBe(isFit);
});

test('tests run under a Node that is fit, whatever the system has', () => {
  expect(isFitNode(process.versions)).toBe(true);
});

const old = ['/usr/bin/node'].find((file) => existsSync(file));
const oldVersion = old && spawnSync(old, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim();
const isOld = oldVersion !== undefined && Number.parseInt(oldVersion, 10) < 22;

describe.skipIf(!isOld)('under an old Node (this machine has one as /usr/bin/node)', () => {
  test.each(['weir.mjs', 'start.mjs', 'build.mjs', 'test.mjs', 'package.mjs', 'electron-runtime.mjs'])(
    '%s says in one sentence what is needed when there is no other Node',
    (script) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'weir-node-'));
      try {
        // A checkout without packages: the scripts, and no node_modules to hand over to.
        cpSync(path.resolve('scripts'), path.join(folder, 'scripts'), { recursive: true });
        const result = spawnSync(old!, [path.join(folder, 'scripts', script)], { encoding: 'utf8' });
        expect(result.stderr).toBe(`${nodeSentence(oldVersion)}\n`);
        expect(result.stdout).toBe('');
        expect(result.status).toBe(2);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );

  test('a script hands over to the Node that npm ci brought and passes its exit status on', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'weir-node-'));
    try {
      cpSync(path.resolve('scripts'), path.join(folder, 'scripts'), { recursive: true });
      symlinkSync(path.resolve('node_modules'), path.join(folder, 'node_modules'));
      // Neither sources nor a build: weir gets as far as to say so, which an old Node would not.
      const result = spawnSync(old!, [path.join(folder, 'scripts', 'weir.mjs'), 'version'], {
        encoding: 'utf8',
      });
      expect(result.stderr).toMatch(/^weir: this copy of Weir is incomplete/);
      expect(result.status).toBe(2);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
