import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const COMPILERS = path.resolve('engine/host/compilers.ts');

/** The niceness of the threads of a process, by the name they have. */
function priorities(): Map<string, number[]> {
  const script = `
    import { readdirSync, readFileSync } from 'node:fs';
    import { getPriority } from 'node:os';
    import { letCompilersYield } from ${JSON.stringify(COMPILERS)};
    letCompilersYield();
    for (const thread of readdirSync('/proc/self/task')) {
      const name = Number(thread) === process.pid ? 'main' : readFileSync('/proc/self/task/' + thread + '/comm', 'utf8').trim();
      console.log(name + ' ' + getPriority(Number(thread)));
    }`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const found = new Map<string, number[]>();
  for (const line of stdout.trim().split('\n')) {
    const [name, niceness] = line.split(' ') as [string, string];
    found.set(name, [...(found.get(name) ?? []), Number(niceness)]);
  }
  return found;
}

describe.skipIf(process.platform !== 'linux')('the threads of V8', () => {
  it('give way to the thread that runs graphs', () => {
    const found = priorities();
    const [main] = found.get('main') as [number];
    const compilers = found.get('V8Worker') ?? [];
    expect(compilers.length).toBeGreaterThan(0);
    for (const niceness of compilers) expect(niceness).toBe(Math.max(main, 10));
  });
});
