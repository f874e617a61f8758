import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const HEAP = path.resolve('engine/host/heap.ts');

/** A process that makes and drops 512 MB of typed arrays, and says how often its whole heap was collected. */
function collections(begin: string): { readonly count: number; readonly said: string } {
  const script = `
    import { PerformanceObserver, constants } from 'node:perf_hooks';
    ${begin}
    let count = 0;
    const look = (list) => {
      for (const entry of list.getEntries())
        if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) count++;
    };
    const observer = new PerformanceObserver(look);
    observer.observe({ entryTypes: ['gc'] });
    let kept = new Uint8Array(0);
    for (let i = 0; i < 512; i++) kept = new Uint8Array(2 ** 20).fill(kept.length & 1);
    setImmediate(() => {
      look({ getEntries: () => observer.takeRecords() });
      console.log(count);
    });`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  return { count: Number(stdout), said: stderr };
}

describe('the heap of a process that Weir starts', () => {
  it('is collected whole less often for the typed arrays that sessions live in, and the runtime knows every flag', () => {
    const without = collections('');
    const withFlags = collections(
      `import { countArraysAsObjects } from ${JSON.stringify(HEAP)};\ncountArraysAsObjects();`,
    );
    expect(withFlags.said).toBe('');
    expect(withFlags.count).toBeLessThan(without.count);
  });
});
