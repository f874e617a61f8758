/** The examples of docs/library.md do what they say: each block is run as a program of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const text = await readFile(path.join(root, 'docs/library.md'), 'utf8');
const examples = [...text.matchAll(/^## (.*?)$[\s\S]*?^```ts\n([\s\S]*?)^```$/gm)].map(([, title, code]) => ({
  title,
  code: code as string,
}));

describe('the library page', () => {
  it('has examples', () => {
    expect(examples.length).toBeGreaterThanOrEqual(4);
  });

  it.each(examples)('$title', async ({ code }) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'weir-docs-'));
    try {
      const engine = pathToFileURL(path.join(root, 'engine/index.ts')).href;
      const program = path.join(dir, 'example.mts');
      await writeFile(
        program,
        `const dataDir = ${JSON.stringify(path.join(dir, 'data'))};\n${code.replaceAll("from 'weir'", `from '${engine}'`)}`,
      );
      const { stdout } = await promisify(execFile)(process.execPath, [program]);
      const promised = [...code.matchAll(/\/\/=> (.*)$/gm)].map(([, line]) => line);
      expect(stdout.trim().split('\n')).toEqual(promised);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});
