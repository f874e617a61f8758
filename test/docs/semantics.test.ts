/** docs/semantics.md names tests that are there. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const rows = readFileSync(path.join(root, 'docs/semantics.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const found = /^\| (\d+)\s*\|.*\| `([\w/.-]+\.test\.ts)`: (.*?)\s*\|$/.exec(line);
    return found ? [[found[1], found[2], found[3]] as [string, string, string]] : [];
  });

describe('the page about semantics', () => {
  it('has every weakness of the specification once', () => {
    expect(rows.map(([number]) => Number(number))).toEqual(Array.from({ length: 26 }, (_, i) => i + 1));
  });

  it.each(rows)('says of weakness %s that %s has: %s', (_number, file, sentence) => {
    const source = readFileSync(path.join(root, 'test/engine', file), 'utf8');
    const titles = [...source.matchAll(/\b(?:it|describe)(?:\.\w+(?:\([^)]*\))?)*\(\s*(['`])(.*?)\1,/gs)].map(
      ([, , title]) => title as string,
    );
    expect(titles.filter((title) => title.startsWith(sentence.replaceAll('\\*', '*')))).not.toEqual([]);
  });
});
