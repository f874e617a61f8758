/**
 * The process that holds one dynamic library for one drop (spec/engine.md 6.8). Whatever the library does, only this
 * process can die of it.
 *
 *   stdin: frames from the Host (start, data, completed)      fd 3: one JSON line per report to the Host
 *   fd 4...: contents of inputs, then of outputs, as plain blocking pipes the library reads and writes through
 */
import { writeSync } from 'node:fs';
import koffi, { type LibraryHandle, type TypeObject } from 'koffi';
import type { DynlibDrop, DynlibReport, DynlibStart } from './apps/dynlib-protocol.ts';
import { FrameReader } from './apps/dynlib-protocol.ts';

const REPORT_FD = 3;

function report(message: DynlibReport): void {
  writeSync(REPORT_FD, `${JSON.stringify(message)}\n`);
}

const ReadFunction = koffi.proto('size_t weir_read(void *buf, size_t n)');
const WriteFunction = koffi.proto('size_t weir_write(const void *buf, size_t n)');
const RunningFunction = koffi.proto('void weir_running(void)');
const DoneFunction = koffi.proto('void weir_done(int status)');

const Input = koffi.struct('weir_input', {
  uid: 'const char *',
  oid: 'const char *',
  name: 'const char *',
  status: 'int',
  read: koffi.pointer(ReadFunction),
});
const StreamingInput = koffi.struct('weir_streaming_input', {
  uid: 'const char *',
  oid: 'const char *',
  name: 'const char *',
});
const Output = koffi.struct('weir_output', {
  uid: 'const char *',
  oid: 'const char *',
  name: 'const char *',
  write: koffi.pointer(WriteFunction),
});
const App = koffi.struct('weir_app', {
  appname: 'const char *',
  uid: 'const char *',
  oid: 'const char *',
  ranks: 'int *',
  n_ranks: 'unsigned int',
  inputs: koffi.pointer(Input),
  n_inputs: 'unsigned int',
  streaming_inputs: koffi.pointer(StreamingInput),
  n_streaming_inputs: 'unsigned int',
  outputs: koffi.pointer(Output),
  n_outputs: 'unsigned int',
  running: koffi.pointer(RunningFunction),
  done: koffi.pointer(DoneFunction),
  data: 'void *',
});

type Native = (...args: unknown[]) => unknown;
type Async = Native & { readonly async: (...args: unknown[]) => void };

const libc = koffi.load(null);
const nativeRead = libc.func('intptr_t read(int fd, void *buf, size_t n)') as Native;
const nativeWrite = libc.func('intptr_t write(int fd, const void *buf, size_t n)') as Native;

/** Fills the library's buffer from a pipe; 0 at the end of the data. */
function reader(fd: number): Native {
  return (buf, n) => Math.max(0, Number(nativeRead(fd, buf, n)));
}

/** Writes all of the library's buffer to a pipe; fewer bytes only where nobody takes them any more. */
function writer(fd: number): Native {
  return (buf, n) => {
    const total = Number(n);
    const start = koffi.address(buf);
    let written = 0;
    while (written < total) {
      const now = Number(nativeWrite(fd, start + BigInt(written), total - written));
      if (now <= 0) break;
      written += now;
    }
    return written;
  };
}

/** Everything the library may keep pointers to; kept here for as long as the process lives. */
const kept: unknown[] = [];

function array(type: TypeObject, items: readonly unknown[]): unknown {
  if (items.length === 0) return null;
  const memory: unknown = koffi.alloc(type, items.length);
  items.forEach((item, i) => koffi.encode(memory, i * type.size, type, item));
  kept.push(memory);
  return memory;
}

function text(value: string): unknown {
  const bytes = Buffer.from(`${value}\0`, 'utf8');
  const memory: unknown = koffi.alloc('char', bytes.length);
  koffi.encode(memory, koffi.array('char', bytes.length), bytes);
  kept.push(memory);
  return memory;
}

function named({ uid, oid, name }: DynlibDrop): Record<string, unknown> {
  return { uid: text(uid), oid: text(oid), name: text(name) };
}

function makeApp(start: DynlibStart): unknown {
  const callback = (fn: Native, type: TypeObject): bigint => koffi.register(fn, koffi.pointer(type));
  const inputs = start.inputs.map((drop) => ({
    ...named(drop),
    status: drop.status,
    read: callback(reader(drop.fd), ReadFunction),
  }));
  const outputs = start.outputs.map((drop) => ({
    ...named(drop),
    write: callback(writer(drop.fd), WriteFunction),
  }));
  const app: unknown = koffi.alloc(App, 1);
  kept.push(app);
  koffi.encode(app, App, {
    appname: text(start.name),
    uid: text(start.uid),
    oid: text(start.oid),
    ranks: array(koffi.type('int'), start.ranks),
    n_ranks: start.ranks.length,
    inputs: array(Input, inputs),
    n_inputs: inputs.length,
    streaming_inputs: array(StreamingInput, start.streamingInputs.map(named)),
    n_streaming_inputs: start.streamingInputs.length,
    outputs: array(Output, outputs),
    n_outputs: outputs.length,
    running: callback(() => report({ kind: 'running' }), RunningFunction),
    done: callback((status) => report({ kind: 'done', status: Number(status) }), DoneFunction),
    data: null,
  });
  return app;
}

/** NULL-terminated list of pointers to pairs of texts. */
function makeParams(params: readonly (readonly [string, string])[]): unknown {
  const pointer = koffi.type('void *');
  const pairs = params.map(([name, value]) => array(pointer, [text(name), text(value)]));
  return array(pointer, [...pairs, null]);
}

/** A function of the library; undefined where it exports none of that name (koffi throws then). */
function find(lib: LibraryHandle, signature: string): Async | undefined {
  try {
    return lib.func(signature);
  } catch {
    return undefined;
  }
}

/** Calls a function of the library on another thread, so that its callbacks find this one free. */
function call(fn: Async, ...args: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    fn.async(...args, (error: unknown, result: unknown) =>
      error
        ? reject(error instanceof Error ? error : new Error('the call of a library function failed'))
        : resolve(result),
    );
  });
}

class Library {
  readonly #app: unknown;
  readonly #run: Async | undefined;
  readonly #init: Async | undefined;
  readonly #dataWritten: Async | undefined;
  readonly #dropCompleted: Async | undefined;
  readonly #params: unknown;
  readonly #start: DynlibStart;

  constructor(start: DynlibStart) {
    const lib = koffi.load(start.lib);
    this.#start = start;
    this.#init = find(lib, 'int init(void *app, void *params)');
    this.#run = find(lib, 'int run(void *app)');
    this.#dataWritten = find(
      lib,
      'void data_written(void *app, const char *uid, const void *data, size_t n)',
    );
    this.#dropCompleted = find(lib, 'void drop_completed(void *app, const char *uid, int status)');
    const needed = start.isStreaming
      ? { init: this.#init, data_written: this.#dataWritten, drop_completed: this.#dropCompleted }
      : { init: this.#init, run: this.#run };
    const missing = Object.entries(needed)
      .filter(([, fn]) => !fn)
      .map(([name]) => name);
    if (missing.length > 0) {
      const python = find(lib, 'int run2(void *app)') || find(lib, 'int init2(void *app, void *p)');
      throw new Error(
        `it does not export ${missing.join(' and ')}${python ? '; for its init2 and run2 give "lib" with its folder, so that it can be seen to want Python' : ''}`,
      );
    }
    this.#app = makeApp(start);
    this.#params = makeParams(start.params);
  }

  async init(): Promise<void> {
    const status = Number(await call(this.#init as Async, this.#app, this.#params));
    if (status !== 0) throw new Error(`its init function returned ${status}`);
  }

  async run(): Promise<void> {
    const status = Number(await call(this.#run as Async, this.#app));
    if (status !== 0) throw new Error(`its run function returned ${status}`);
  }

  dataWritten(uid: string, data: Uint8Array): Promise<unknown> {
    return call(this.#dataWritten as Async, this.#app, uid, data, data.length);
  }

  dropCompleted(uid: string, status: number): Promise<unknown> {
    return call(this.#dropCompleted as Async, this.#app, uid, status);
  }

  get isStreaming(): boolean {
    return this.#start.isStreaming;
  }
}

let library: Library | undefined;

async function handle(header: unknown, payload: Uint8Array): Promise<void> {
  const message = header as { kind: string; uid?: string; status?: number };
  if (message.kind === 'start') {
    library = new Library(header as DynlibStart);
    await library.init();
    if (library.isStreaming) return report({ kind: 'ready' });
    report({ kind: 'running' });
    await library.run();
    report({ kind: 'done', status: 2 });
    process.exit(0);
  } else if (message.kind === 'data') {
    await library?.dataWritten(message.uid ?? '', payload);
    report({ kind: 'taken', bytes: payload.length });
  } else if (message.kind === 'completed')
    await library?.dropCompleted(message.uid ?? '', message.status ?? 0);
}

async function main(): Promise<void> {
  const frames = new FrameReader();
  try {
    for await (const chunk of process.stdin)
      for (const { header, payload } of frames.push(chunk as Uint8Array)) await handle(header, payload);
  } catch (error) {
    report({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  }
}

await main();
