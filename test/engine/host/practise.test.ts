import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphParser } from '../../../engine/graph/index.ts';
import { practise } from '../../../engine/host/practise.ts';

describe('a node that warms up', () => {
  const parser = new GraphParser();
  const before = process.env['TMPDIR'];
  let tmp: string;
  beforeEach(() => {
    tmp = mkdtempSync(path.join(tmpdir(), 'weir-practise-test-'));
    process.env['TMPDIR'] = tmp;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(tmp, { recursive: true, force: true });
    await parser.close();
  });

  it('runs sessions of its own until it is told that it is enough, and leaves nothing behind', async () => {
    const problems: unknown[] = [];
    const seen: number[] = [];
    await practise({
      parser,
      version: 'test',
      onProblem: (error) => void problems.push(error),
      isEnough: () => seen.push(readdirSync(tmp).length) > 2,
    });
    expect(problems).toEqual([]);
    expect(seen).toEqual([1, 1, 1]);
    expect(readdirSync(tmp)).toEqual([]);
  });

  it('reports trouble instead of stopping the node', async () => {
    process.env['TMPDIR'] = path.join(tmp, 'nowhere');
    const problems: unknown[] = [];
    await practise({
      parser,
      version: 'test',
      onProblem: (error) => void problems.push(error),
      isEnough: () => false,
    });
    expect(problems).toHaveLength(1);
  });
});
