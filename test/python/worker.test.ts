import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { whyNoPython } from '../engine/drops/pyrepr/python-oracle.ts';

describe.skipIf(whyNoPython)(`the Python worker ${whyNoPython ?? ''}`, () => {
  it('passes its own tests', () => {
    const python = process.env['WEIR_PYTHON'] ?? 'python3';
    const file = path.join(import.meta.dirname, 'test_worker.py');
    const done = spawnSync(python, ['-B', file], { encoding: 'utf8' });
    expect(done.stderr).toMatch(/\nOK( \(skipped=\d+\))?\n$/);
    expect(done.status).toBe(0);
  });
});
