import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fingerprint, workerEntries } from '../../scripts/build.mjs';

let folder: string;
const write = (name: string, text: string): void => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
};
const now = (): string => fingerprint(folder, ['engine', 'package.json', 'not-there']);

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'weir-build-'));
  write('engine/a.ts', 'a');
  write('engine/b/c.ts', 'c');
  write('package.json', '{}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a build is out of date', () => {
  const changes: [string, () => void][] = [
    ['a file has other content', () => write('engine/a.ts', 'aa')],
    ['a file was written again', () => utimesSync(path.join(folder, 'engine/a.ts'), 1, 1)],
    ['a file is new', () => write('engine/b/d.ts', '')],
    ['a file has gone', () => rmSync(path.join(folder, 'engine/b/c.ts'))],
    ['package.json has changed', () => write('package.json', '{"a":1}')],
  ];
  test.each(changes)('when %s', (_name, change) => {
    const before = now();
    change();
    expect(now()).not.toBe(before);
  });
});

test('a build is up to date when nothing has changed, and editors’ and Python’s leavings change nothing', () => {
  const before = now();
  write('engine/.a.ts.swp', 'x');
  write('engine/__pycache__/x.pyc', 'x');
  expect(now()).toBe(before);
});

test('worker threads are built under the names the engine starts them by', () => {
  const files = [
    'engine/store/worker.ts',
    'engine/store/writer.ts',
    'engine/drops/io/sqlite-worker.ts',
    'engine/drops/python/worker.ts',
    'engine/drops/workers.ts',
  ];
  expect(workerEntries(files)).toEqual({
    'engine/store-worker': 'engine/store/worker.ts',
    'engine/sqlite-worker': 'engine/drops/io/sqlite-worker.ts',
  });
});
