import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataDROP } from '../../../../engine/drops/data-drop.ts';
import { AppDROPStates, DROPStates } from '../../../../engine/protocol/index.ts';
import { Services } from '../../../../engine/drops/context.ts';
import { whyNoPython } from '../pyrepr/python-oracle.ts';
import { GraphRun, isRunning, textOf, type Spec } from './run-graph.ts';

const compiler = ['gcc', 'cc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);
const whyNoCompiler = compiler ? undefined : 'there is no C compiler here (looked for gcc, cc and clang)';
const MEMORY = 'dlg.data.drops.memory.InMemoryDROP';

// The structures a library sees, written from spec/engine.md 6.8, and a library that does what its parameters say.
const SOURCE = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct { char *uid, *oid, *name; int status; size_t (*read)(char *, size_t); } input_t;
typedef struct { char *uid, *oid, *name; } streaming_input_t;
typedef struct { char *uid, *oid, *name; size_t (*write)(const char *, size_t); } output_t;
typedef struct {
  char *appname, *uid, *oid; int *ranks; unsigned int n_ranks;
  input_t *inputs; unsigned int n_inputs;
  streaming_input_t *streaming_inputs; unsigned int n_streaming_inputs;
  output_t *outputs; unsigned int n_outputs;
  void (*running)(void); void (*done)(int); void *data;
} app_t;

static const char *param(const char ***params, const char *name) {
  for (; *params; params++) if (!strcmp((*params)[0], name)) return (*params)[1];
  return "";
}

int init(app_t *app, const char ***params) {
  app->data = strdup(param(params, "mode"));
  return strcmp(app->data, "refuse") ? 0 : 7;
}

int run(app_t *app) {
  if (!strcmp(app->data, "crash")) *(volatile int *)0 = 1;
  if (!strcmp(app->data, "sleep")) sleep(600);
  if (!strcmp(app->data, "fail")) { fprintf(stderr, "no luck\\n"); return 9; }
  if (!strncmp(app->data, "[", 1)) {
    app->outputs[0].write(app->data, strlen(app->data));
    return 0;
  }
  if (!strcmp(app->data, "facts")) {
    char text[256];
    int n = snprintf(text, sizeof text, "%s %u %u %s %d %u:%d", app->uid, app->n_inputs, app->n_outputs, app->inputs[0].name,
      app->inputs[0].status, app->n_ranks, app->ranks[1]);
    app->outputs[0].write(text, n);
    return 0;
  }
  char *buffer = malloc(1 << 20);
  for (unsigned int i = 0; i < app->n_inputs; i++)
    for (size_t n; (n = app->inputs[i].read(buffer, 1 << 20)) > 0;)
      for (unsigned int o = 0; o < app->n_outputs; o++) app->outputs[o].write(buffer, n);
  return 0;
}

void data_written(app_t *app, const char *uid, const char *data, size_t n) {
  app->running();
  for (unsigned int o = 0; o < app->n_outputs; o++) app->outputs[o].write(data, n);
}

void drop_completed(app_t *app, const char *uid, int status) { app->done(strcmp(app->data, "bad end") ? 2 : 3); }
`;

/** A library that takes and gives Python objects. Python's functions are those of the process it is loaded into. */
const PYTHON_SOURCE = `
${SOURCE.slice(0, SOURCE.indexOf('static const char *param'))}
typedef struct object object;
extern object *PyDict_GetItemString(object *, const char *), *PyObject_Repr(object *), *PyLong_FromLong(long);
extern object *PyErr_Format(object *, const char *, ...), *PyExc_ValueError;
extern const char *PyUnicode_AsUTF8(object *);

static const char *mode;
object *init2(app_t *app, object *params) {
  mode = PyUnicode_AsUTF8(PyDict_GetItemString(params, "mode"));
  app->data = (void *)strdup(PyUnicode_AsUTF8(PyObject_Repr(PyDict_GetItemString(params, "settings"))));
  return PyLong_FromLong(strcmp(mode, "refuse") ? 0 : 7);
}
object *run2(app_t *app) {
  if (!strcmp(mode, "raise")) return PyErr_Format(PyExc_ValueError, "not with %s", app->inputs[0].name);
  if (!strcmp(mode, "crash")) *(volatile int *)0 = 1;
  app->outputs[0].write(app->data, strlen(app->data));
  char *buffer = malloc(1 << 20);
  for (size_t n; (n = app->inputs[0].read(buffer, 1 << 20)) > 0;) app->outputs[1].write(buffer, n);
  return PyLong_FromLong(0);
}
void data_written(app_t *app, const char *uid, const char *data, size_t n) {
  app->running();
  app->outputs[0].write(data, n);
}
void drop_completed(app_t *app, const char *uid, int status) { app->done(2); }
`;

describe.skipIf(whyNoCompiler)(`a dynamic library (${compiler ?? whyNoCompiler ?? ''})`, () => {
  let directory = '';
  let lib = '';
  let incomplete = '';
  let pythonic = '';
  beforeAll(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'weir-dynlib-'));
    const source = path.join(directory, 'lib.c');
    lib = path.join(directory, 'lib.so');
    incomplete = path.join(directory, 'incomplete.so');
    pythonic = path.join(directory, 'pythonic.so');
    const compile = (text: string, target: string, ...flags: readonly string[]): void => {
      writeFileSync(source, text);
      execFileSync(compiler ?? 'cc', ['-shared', '-fPIC', ...flags, '-o', target, source]);
    };
    compile(SOURCE, lib);
    compile(SOURCE, incomplete, '-Dinit=initialise', '-Drun=go');
    compile(PYTHON_SOURCE, pythonic, '-Wl,--unresolved-symbols=ignore-all');
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function batch(spec: Record<string, unknown>, kind = 'DynlibApp'): GraphRun {
    return new GraphRun([
      { oid: 'in', name: 'input', dropclass: MEMORY, consumers: ['app'] },
      { oid: 'app', dropclass: `dlg.apps.dynlib.${kind}`, lib, rank: [4, 5], ...spec, outputs: ['a', 'b'] },
      { oid: 'a', dropclass: MEMORY },
      { oid: 'b', dropclass: MEMORY },
    ] as Spec[]);
  }

  async function run(graph: GraphRun, content = 'text'): Promise<GraphRun> {
    await (graph.drop('in') as DataDROP).write(content);
    return graph.run();
  }

  it('reads inputs and writes outputs of any size through its own process', async () => {
    const content = '0123456789abcdef'.repeat(1 << 18);
    const graph = await run(batch({}), content);
    expect(graph.drop('app').status).toBe(DROPStates.COMPLETED);
    for (const oid of ['a', 'b']) expect((await textOf(graph.drop(oid))) === content).toBe(true);
  });

  it('sees the drops around it, its ranks and its parameters', async () => {
    const graph = await run(batch({ mode: 'facts' }));
    expect(await textOf(graph.drop('a'))).toBe('app 1 2 input 2 2:5');
  });

  it('gets lists as Python writes them, its ranks also as text, and lies where the palette says', async () => {
    const listed = await run(batch({ lib: '', libpath: lib, mode: [1, 'two', null] }));
    expect(await textOf(listed.drop('a'))).toBe("[1, 'two', None]");
    const ranked = await run(batch({ mode: 'facts', rank: '[4, 5]' }));
    expect(await textOf(ranked.drop('a'))).toMatch(/ 2:5$/);
    const wrong = await run(batch({ rank: ['first'] }));
    expect(wrong.errorOf('app').message).toMatch(/app: parameter rank must be a list of whole numbers/);
  });

  it.each([
    ['fail', /its run function returned 9/],
    ['refuse', /its init function returned 7/],
    ['crash', /its process crashed \(SIGSEGV\)/],
  ])('that does "%s" takes only its own drop with it', async (mode, message) => {
    const graph = await run(batch({ mode }));
    expect(graph.drop('a').status).toBe(DROPStates.ERROR);
    expect(graph.errorOf('app').message).toMatch(message);
    if (mode === 'fail') expect(graph.errorOf('app').details['stderr']).toBe('no luck');
  });

  it('that is not there, or lacks its functions, is named', async () => {
    const missing = await run(batch({ lib: '/nowhere/lib.so' }));
    expect(missing.errorOf('app').message).toMatch(/nowhere\/lib.so/);
    const half = await run(batch({ lib: incomplete }));
    expect(half.errorOf('app').message).toMatch(/does not export init and run/);
    expect(() => batch({ lib: '' })).toThrow(/no library to load/);
  });

  it('is ended by its timeout and by cancel', async () => {
    const late = await run(batch({ mode: 'sleep', timeout: 0.5 }, 'DynlibProcApp'));
    expect(late.errorOf('app').message).toMatch(/timeout of 0.5 s/);
    const graph = batch({ mode: 'sleep' });
    const app = graph.app('app');
    await (graph.drop('in') as DataDROP).write('x');
    await graph.trigger();
    await isRunning(app);
    await app.cancel();
    expect(app.execStatus).toBe(AppDROPStates.CANCELLED);
  });

  function stream(mode = ''): GraphRun {
    return new GraphRun([
      { oid: 'in', dropclass: MEMORY, streamingConsumers: ['app'] },
      { oid: 'app', dropclass: 'dlg.apps.dynlib.DynlibStreamApp', lib, mode, outputs: ['a'] },
      { oid: 'a', dropclass: MEMORY },
    ] as Spec[]);
  }

  it('takes streamed data piece by piece and ends when it says so', async () => {
    const graph = stream();
    const source = graph.drop('in') as DataDROP;
    for (let i = 0; i < 20; i++) await source.write(`${i},`);
    expect(graph.app('app').execStatus).toBe(AppDROPStates.RUNNING);
    await source.setCompleted();
    await graph.over();
    expect(graph.app('app').execStatus).toBe(AppDROPStates.FINISHED);
    expect(await textOf(graph.drop('a'))).toBe(`${Array.from({ length: 20 }, (_, i) => i).join(',')},`);
  });

  it('can say that its stream went wrong', async () => {
    const graph = stream('bad end');
    await (graph.drop('in') as DataDROP).write('x');
    await graph.drop('in').setCompleted();
    await graph.over();
    expect(graph.app('app').execStatus).toBe(AppDROPStates.ERROR);
    expect(graph.drop('a').status).toBe(DROPStates.ERROR);
  });

  describe.skipIf(whyNoPython)(`that wants Python around it (${whyNoPython ?? 'with Python'})`, () => {
    const services = new Services();
    afterAll(() => services.dispose());

    function pythonGraph(mode: string, kind = 'DynlibApp', more: object = {}): GraphRun {
      const specs = [
        { oid: 'in', name: 'input', dropclass: MEMORY, ...(more as { in?: object }).in },
        {
          oid: 'app',
          dropclass: `dlg.apps.dynlib.${kind}`,
          lib: pythonic,
          mode,
          settings: { a: [1, 2.5, null] },
          outputs: ['a', 'b'],
        },
        { oid: 'a', dropclass: MEMORY },
        { oid: 'b', dropclass: MEMORY },
      ];
      return new GraphRun(specs, { services });
    }
    const batchGraph = (mode: string) => pythonGraph(mode, 'DynlibApp', { in: { consumers: ['app'] } });

    it('gets its parameters as an object, reads and writes', async () => {
      const content = 'twelve bytes'.repeat(1 << 17);
      const graph = await run(batchGraph('copy'), content);
      expect(graph.errors.get('app')).toBeUndefined();
      expect(await textOf(graph.drop('a'))).toBe("{'a': [1, 2.5, None]}");
      expect((await textOf(graph.drop('b'))) === content).toBe(true);
    });

    it.each([
      ['refuse', /its init2 function returned 7/],
      ['raise', /it raised ValueError: not with input/],
      ['crash', /its process crashed \(SIGSEGV\)/],
    ])('that does "%s" takes only its own drop with it', async (mode, message) => {
      const graph = await run(batchGraph(mode));
      expect(graph.errorOf('app').message).toMatch(message);
    });

    it('takes streamed data', async () => {
      const graph = pythonGraph('stream', 'DynlibStreamApp', { in: { streamingConsumers: ['app'] } });
      const source = graph.drop('in') as DataDROP;
      for (let i = 0; i < 5; i++) await source.write(`${i},`);
      await source.setCompleted();
      await graph.over();
      expect(await textOf(graph.drop('a'))).toBe('0,1,2,3,4,');
      expect(graph.app('app').execStatus).toBe(AppDROPStates.FINISHED);
    });
  });
});
