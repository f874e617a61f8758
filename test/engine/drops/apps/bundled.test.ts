/** Applications that start worker files of their own, as the built program runs them: dist/ and not the sources. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../../../../scripts/build.mjs';

const CLI = path.resolve('dist/engine/cli.js');
const compiler = ['gcc', 'cc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);
const whyNoCompiler = compiler ? undefined : 'there is no C compiler here (looked for gcc, cc and clang)';

const memory = 'dlg.data.drops.memory.InMemoryDROP';
const file = (name: string) => ({
  oid: 'o',
  name: 'o',
  categoryType: 'Data',
  dropclass: 'dlg.data.drops.file.FileDROP',
  filepath: name,
});

describe('the built program', () => {
  let directory = '';
  beforeAll(async () => {
    await ensureBuilt();
    directory = mkdtempSync(path.join(tmpdir(), 'weir-bundled-'));
  }, 300_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs a graph; the content of its file. */
  async function run(graph: readonly object[]): Promise<string> {
    const graphFile = path.join(directory, 'test.graph');
    const target = path.join(directory, `out-${Math.random()}.txt`);
    writeFileSync(graphFile, JSON.stringify([...graph, file(target)]));
    const { stdout } = await promisify(execFile)(process.execPath, [
      CLI,
      'run',
      graphFile,
      '--ephemeral',
      '--json',
    ]);
    const { status, errors } = JSON.parse(stdout) as { status: string; errors: unknown };
    expect([status, errors]).toEqual(['FINISHED', []]);
    return readFileSync(target, 'utf8');
  }

  it('runs functions in JavaScript in its worker thread', async () => {
    const content = await run([
      {
        oid: 'f',
        categoryType: 'Application',
        dropclass: 'weir.apps.JsFuncApp',
        func_name: 'sum',
        func_code:
          "import { isMainThread } from 'node:worker_threads';\nexport const sum = () => `main ${isMainThread}`;",
        componentParams: { r: { name: 'r', usage: 'OutputPort', encoding: 'utf-8' } },
        outputs: [{ o: 'r' }],
      },
    ]);
    expect(content).toBe('main false');
  }, 60_000);

  it.skipIf(whyNoCompiler)(
    `runs dynamic libraries in their process (${compiler ?? whyNoCompiler ?? ''})`,
    async () => {
      const source = path.join(directory, 'lib.c');
      const lib = path.join(directory, 'lib.so');
      writeFileSync(
        source,
        `#include <string.h>
typedef struct { char *uid, *oid, *name; int status; unsigned long (*read)(char *, unsigned long); } input_t;
typedef struct { char *uid, *oid, *name; unsigned long (*write)(const char *, unsigned long); } output_t;
typedef struct { char *appname, *uid, *oid; int *ranks; unsigned n_ranks; input_t *inputs; unsigned n_inputs;
  void *streams; unsigned n_streams; output_t *outputs; unsigned n_outputs; void *running, *done, *data; } app_t;
int init(app_t *app, const char ***params) { return 0; }
int run(app_t *app) { const char *text = "from C"; app->outputs[0].write(text, strlen(text)); return 0; }
`,
      );
      execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', '-o', lib, source]);
      const content = await run([
        { oid: 'in', categoryType: 'Data', dropclass: memory, consumers: ['f'] },
        {
          oid: 'f',
          categoryType: 'Application',
          dropclass: 'dlg.apps.dynlib.DynlibApp',
          lib,
          outputs: ['o'],
        },
      ]);
      expect(content).toBe('from C');
    },
    60_000,
  );
});
