/** The examples of docs/library.md do what they say: each block is run as a program of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
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
      const promised = [...code.matchAll(/\/\/=> (.*)$/gm)].map(([, line]) => line);
      // A program is started more than once, with the same data folder.
      for (let times = 0; times < 2; times++) {
        const { stdout } = await promisify(execFile)(process.execPath, [program]);
        expect(stdout.trim().split('\n')).toEqual(promised);
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('has examples that TypeScript takes, strictly', async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'weir-types-'));
    try {
      const files = examples.map((_example, i) => path.join(dir, `example-${i}.mts`));
      for (const [i, { code }] of examples.entries())
        await writeFile(files[i] as string, `export {};\nconst dataDir = '';\nvoid dataDir;\n${code}`);
      const program = ts.createProgram(files, {
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        allowImportingTsExtensions: true,
        target: ts.ScriptTarget.ES2023,
        lib: ['lib.es2024.d.ts'],
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        paths: { weir: [path.join(root, 'engine/index.ts')] },
        types: ['node'],
        typeRoots: [path.join(root, 'node_modules/@types')],
      });
      const wrong = files.flatMap((file) => {
        const source = program.getSourceFile(file);
        return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      });
      expect(wrong.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }, 60_000);
});
