import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withLock } from '../../scripts/lib/lock.mjs';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'weir-lock-'));
  file = path.join(folder, 'the.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a lock', () => {
  test('lets one in at a time, in one process', async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all([withLock(file, work), withLock(file, work), withLock(file, work)]);
    expect(most).toBe(1);
    expect(existsSync(file)).toBe(false);
  });

  test('lets one in at a time, among processes', async () => {
    const log = path.join(folder, 'log');
    const lib = pathToFileURL(path.resolve('scripts/lib/lock.mjs')).href;
    const script = `
      import { appendFileSync } from 'node:fs';
      import { setTimeout as sleep } from 'node:timers/promises';
      import { withLock } from ${JSON.stringify(lib)};
      await withLock(${JSON.stringify(file)}, async () => {
        appendFileSync(${JSON.stringify(log)}, 'in ');
        await sleep(30);
        appendFileSync(${JSON.stringify(log)}, 'out ');
      });`;
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }),
    );
    const codes = await Promise.all(
      children.map((child) => once(child, 'exit').then(([code]) => code as number)),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(readFileSync(log, 'utf8')).toBe('in out '.repeat(4));
  });

  test('is opened again when the work fails', async () => {
    await expect(withLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(file, async () => 'yes')).toBe('yes');
  });

  test('of a process that has died is taken over', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    writeFileSync(file, `${child.pid}\n`);
    expect(await withLock(file, async () => 'taken over')).toBe('taken over');
  });

  test('that nobody has touched for long is taken over, though its number has a new owner', async () => {
    writeFileSync(file, '1\n');
    utimesSync(file, new Date(0), new Date(0));
    expect(await withLock(file, async () => 'taken over')).toBe('taken over');
  });

  test('says once that it waits', async () => {
    const waits: unknown[] = [];
    await withLock(file, async () => {
      const second = withLock(
        file,
        async () => 'second',
        (holder: unknown) => waits.push(holder),
      );
      await expect.poll(() => waits.length).toBe(1);
      void second.then(() => waits.push('in'));
    });
    await expect.poll(() => waits).toEqual([process.pid, 'in']);
  });
});
