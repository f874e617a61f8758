/**
 * What holds for every application component: it runs, its events come in order, it can be cancelled and skipped, a
 * failed input fails it, what goes wrong in it is told by name. One row a class; a class that is not in the table fails
 * the suite.
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppDROP } from '../../engine/drops/app-drop.ts';
import { subGraphRunner } from '../../engine/drops/apps/subgraph.ts';
import { Services } from '../../engine/drops/context.ts';
import type { DataDROP } from '../../engine/drops/data-drop.ts';
import { writeNpy } from '../../engine/drops/npy/index.ts';
import { writePickle } from '../../engine/drops/pickle/index.ts';
import { NdArray } from '../../engine/drops/pyrepr/index.ts';
import { dropClass, registeredPaths } from '../../engine/drops/registry.ts';
import { AppDROPStates, DROPStates } from '../../engine/protocol/index.ts';
import { DockerServer } from '../engine/drops/apps/docker-server.ts';
import { GraphRun, type Spec } from '../engine/drops/apps/run-graph.ts';
import { NgasServer } from '../engine/drops/support/ngas-server.ts';

const MEMORY = 'dlg.data.drops.memory.InMemoryDROP';
const FILE = 'dlg.data.drops.file.FileDROP';

interface Row {
  /** Parameters that let it run. */
  readonly spec?: Record<string, unknown>;
  /** Content of its inputs. */
  readonly inputs?: readonly (Uint8Array | string)[];
  readonly outputs?: number;
  readonly kind?: typeof MEMORY | typeof FILE;
  readonly isStreaming?: boolean;
  /** Parameters that make its run fail, and what the error says. */
  readonly failing?: {
    readonly spec?: Record<string, unknown>;
    readonly inputs?: readonly string[];
    readonly message: RegExp;
  };
  /** Running it is an error by design. */
  readonly isPlaceholder?: boolean;
  /** Something it needs while it runs. */
  readonly meanwhile?: (run: GraphRun) => Promise<void>;
}

const list = writePickle([1n, 2n, 3n]);
const array = writeNpy(NdArray.of(Float64Array.of(1, 2)));
const placeholder: Row = { isPlaceholder: true };
let ngas: NgasServer;
let docker: DockerServer;
let web: ReturnType<typeof createServer>;
const places = { ngas: 0, web: 0 };
const services = new Services();

beforeAll(async () => {
  ngas = new NgasServer();
  docker = new DockerServer();
  docker.images.set('img:1', {});
  web = createServer((_request, response) => response.end('web'));
  places.ngas = await ngas.start();
  await docker.listen();
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  places.web = (web.address() as AddressInfo).port;
});
afterAll(async () => {
  await ngas.stop();
  await docker.close();
  web.closeAllConnections();
  web.close();
  await services.dispose();
});

const SIMPLE = 'dlg.apps.simple.';
// Under two names: its own, and that of EAGLE's palette.
const listener = (): Row => ({
  inputs: [],
  spec: { port: 0, host: '127.0.0.1' },
  failing: { spec: { host: '203.0.113.1', port: 0 }, inputs: [], message: /cannot listen/ },
  meanwhile: async (run) => {
    await run.logged(/^Waits for a connection/);
    connect({ host: '127.0.0.1', port: run.app('app').facts['port'] as number }).end('x');
  },
});
const ROWS: Record<string, () => Row> = {
  [`${SIMPLE}NullBarrierApp`]: () => ({}),
  [`${SIMPLE}DALiuGEApp`]: () => placeholder,
  [`${SIMPLE}SleepApp`]: () => ({ spec: { sleep_time: 0.01 } }),
  [`${SIMPLE}CopyApp`]: () => ({ inputs: ['a', 'b'] }),
  [`${SIMPLE}SleepAndCopyApp`]: () => ({ spec: { sleep_time: 0.01 } }),
  [`${SIMPLE}HelloWorldApp`]: () => ({
    inputs: [list],
    failing: { inputs: ['a', 'b'], message: /has 2 inputs/ },
  }),
  [`${SIMPLE}RandomArrayApp`]: () => ({ failing: { spec: { low: 2, high: 1 }, message: /raise high/ } }),
  [`${SIMPLE}AverageArraysApp`]: () => ({
    inputs: [list],
    failing: { inputs: ['x'], message: /pickled value/ },
  }),
  [`${SIMPLE}ListAppendThrashingApp`]: () => ({ spec: { size: 3 } }),
  [`${SIMPLE}GenericGatherApp`]: () => ({ inputs: ['a', 'b'] }),
  [`${SIMPLE}ArrayGatherApp`]: () => ({ inputs: [list] }),
  [`${SIMPLE}DictGatherApp`]: () => ({ inputs: [list] }),
  [`${SIMPLE}GenericNpyGatherApp`]: () => ({
    inputs: [array],
    failing: { inputs: ['x'], message: /npy format/ },
  }),
  [`${SIMPLE}GenericScatterApp`]: () => ({
    inputs: [list],
    failing: { spec: { num_of_copies: 5 }, inputs: ['x'], message: /only 1 outputs/ },
  }),
  [`${SIMPLE}GenericNpyScatterApp`]: () => ({
    inputs: [array],
    failing: { inputs: ['x'], message: /npy format/ },
  }),
  [`${SIMPLE}PickOne`]: () => ({ inputs: [list], failing: { inputs: ['x'], message: /pickled value/ } }),
  [`${SIMPLE}SimpleBranch`]: () => ({ outputs: 2 }),
  [`${SIMPLE}UrlRetrieveApp`]: () => ({
    spec: { url: `http://127.0.0.1:${places.web}/` },
    failing: { spec: { url: 'http://127.0.0.1:1/' }, message: /could not read/ },
  }),
  'dlg.apps.branch.BranchAppDrop': () => ({ ...placeholder, outputs: 2 }),
  'dlg.apps.crc.CRCApp': () => ({ failing: { inputs: ['a', 'b'], message: /exactly one input/ } }),
  'dlg.apps.crc.CRCStreamApp': () => ({ isStreaming: true }),
  'dlg.apps.bash_shell_app.BashShellApp': () => ({
    spec: { command: 'true' },
    failing: { spec: { command: 'exit 2' }, message: /exit status 2/ },
  }),
  // Without somebody to stream to it cannot work; with somebody it is tested in bash.test.ts.
  'dlg.apps.bash_shell_app.StreamingOutputBashApp': () => ({
    outputs: 0,
    spec: { command: 'true' },
    isPlaceholder: true,
  }),
  'dlg.apps.socket_listener.SocketListenerApp': listener,
  'dlg.apps.socket_listener.SocketListener': listener,
  'dlg.apps.archiving.ExternalStoreApp': () => ({ ...placeholder, outputs: 0 }),
  'dlg.apps.archiving.NgasArchivingApp': () => ({
    outputs: 0,
    spec: { ngasSrv: '127.0.0.1', ngasPort: places.ngas },
    failing: { spec: { ngasSrv: '127.0.0.1', ngasPort: 1 }, message: /could not archive/ },
  }),
  'dlg.apps.dockerapp.DockerApp': () => ({
    spec: { image: 'img:1', command: 'true' },
    failing: { spec: { image: 'none:1' }, message: /could not pull/ },
  }),
  'dlg.apps.mpi.MPIApp': () => ({
    spec: { command: 'true' },
    failing: { spec: { command: 'false' }, message: /exit status 1/ },
  }),
  'dlg.apps.scp.ScpApp': () => ({
    kind: FILE,
    failing: { inputs: ['a', 'b'], message: /exactly one input/ },
  }),
  'dlg.apps.subgraph.SubGraphLocal': () => ({
    spec: { subgraph: '[]' },
    failing: { spec: { subgraph: '[' }, message: /is no JSON/ },
  }),
  'dlg.dask_emulation._Listifier': () => ({ inputs: [list] }),
  'weir.apps.JsFuncApp': () => ({
    spec: { func_code: '() => 1' },
    failing: { spec: { func_code: '() => { throw new Error("no") }' }, message: /Error: no/ },
  }),
  'dlg.apps.jsfunc.JsFuncApp': () => ({ spec: { func_code: '() => 1' } }),
  ...Object.fromEntries(
    [
      'Scatter',
      'Gather',
      'Loop',
      'MKN',
      'GroupBy',
      'SubGraph',
      'Comment',
      'ExclusiveForce',
      'GlobalVariable',
    ].map((name) => [`dlg.apps.constructs.${name}Drop`, () => placeholder]),
  ),
};

/** Classes whose suites are their own: they need a compiler, a partner process, a client or Python. */
const ELSEWHERE =
  /\.(Dynlib\w*|StreamingInput\w*|ResultTransmitter|PyFuncApp|PyMemberApp|Branch)$|^dlg\.(runtime|common)\./;

function build(
  name: string,
  row: Row,
  more: { spec?: Record<string, unknown>; inputs?: readonly unknown[] } = {},
): GraphRun {
  const kind = row.kind ?? MEMORY;
  const inputs = (more.inputs ?? row.inputs ?? ['x']).map((_, i): Spec => ({
    oid: `i${i}`,
    dropclass: kind,
    ...(kind === FILE && { filepath: `i${i}` }),
  }));
  const outputs = Array.from({ length: row.outputs ?? 1 }, (_, i): Spec => ({
    oid: `o${i}`,
    dropclass: kind,
    producers: ['app'],
    ...(kind === FILE && { filepath: `o${i}` }),
  }));
  const ids = inputs.map(({ oid }) => oid);
  const app: Spec = {
    oid: 'app',
    dropclass: name,
    ...row.spec,
    ...more.spec,
    [row.isStreaming ? 'streamingInputs' : 'inputs']: ids,
  };
  const run = new GraphRun([...inputs, app, ...outputs], {
    services,
    env: { DOCKER_HOST: `unix://${docker.socketPath}` },
  });
  const service = run.context.service.bind(run.context);
  const runner = {
    run: () =>
      Promise.resolve({
        drops: 0,
        completed: 0,
        failed: 0,
        skipped: 0,
        cancelled: 0,
        isFinished: true,
        failedDrops: [],
      }),
  };
  const mpirun = path.join(run.baseDir, 'mpirun');
  writeFileSync(mpirun, '#!/bin/sh\nshift 2; exec "$@"\n', { mode: 0o755 });
  Object.assign(run.context, {
    env: { ...run.context.env, MPIRUN: mpirun },
    service: (key: unknown) => (key === subGraphRunner ? runner : service(key as never)),
  });
  return run;
}

async function feed(run: GraphRun, contents: readonly (Uint8Array | string)[]): Promise<void> {
  for (const [i, content] of contents.entries()) await (run.drop(`i${i}`) as DataDROP).write(content);
}

const names = registeredPaths().filter((name) => {
  const found = dropClass(name);
  return found !== undefined && found.prototype instanceof AppDROP && !ELSEWHERE.test(name);
});

it('every application class has a row here or a suite of its own', () => {
  expect(names.filter((name) => !(name in ROWS))).toEqual([]);
});

describe.each(names.filter((name) => name in ROWS))('%s', (name) => {
  const row = (): Row => (ROWS[name] as () => Row)();

  it('runs once its inputs are complete, and its events come in order', async () => {
    const { inputs = ['x'], isPlaceholder = false, meanwhile } = row();
    const run = build(name, row());
    await feed(run, inputs);
    const over = run.run();
    await meanwhile?.(run);
    await over;
    const end = isPlaceholder ? 3 : 2;
    if (!isPlaceholder) expect(run.errors.get('app')).toBeUndefined();
    expect(run.events.get('app')).toEqual([
      ['execStatus', AppDROPStates.RUNNING],
      ['execStatus', end],
      ['status', end],
      ['producerFinished', end],
    ]);
    for (const [oid, drop] of run.drops) {
      if (!oid.startsWith('o') || drop.status === DROPStates.SKIPPED) continue;
      expect(run.events.get(oid)?.slice(-2)).toEqual([
        ['status', end],
        ['dropCompleted', end],
      ]);
    }
    expect(structuredClone(run.app('app').facts)).toEqual(run.app('app').facts);
  });

  it('tells what went wrong by name, and fails its outputs', async () => {
    const { failing, isPlaceholder } = row();
    if (!failing && !isPlaceholder) return;
    const run = build(name, row(), failing);
    await feed(run, failing?.inputs ?? row().inputs ?? ['x']);
    await run.run();
    expect(run.app('app').execStatus).toBe(AppDROPStates.ERROR);
    const { message } = run.errorOf('app');
    expect(message).toMatch(/app|i0/);
    expect(message).not.toMatch(/\[object|undefined|\n\s+at /);
    if (failing) expect(message).toMatch(failing.message);
    for (const [oid, drop] of run.drops) if (oid.startsWith('o')) expect(drop.status).toBe(DROPStates.ERROR);
  });

  it('fails without running when its input fails', async () => {
    const { inputs = ['x'], isStreaming } = row();
    if (inputs.length === 0 || isStreaming) return;
    const run = build(name, row());
    await run.drop('i0').setError();
    for (let i = 1; i < inputs.length; i++) await run.drop(`i${i}`).setCompleted();
    await run.over();
    expect(run.events.get('app')?.[0]).toEqual(['execStatus', AppDROPStates.ERROR]);
  });

  it('is skipped with its outputs when its input is skipped', async () => {
    const { inputs = ['x'], isStreaming } = row();
    if (inputs.length === 0) return;
    const run = build(name, row());
    await run.drop('i0').skip();
    await run.drop('i0').setCompleted();
    if (!isStreaming) for (let i = 1; i < inputs.length; i++) await run.drop(`i${i}`).setCompleted();
    await run.over([...run.drops.values()].filter(({ oid }) => !oid.startsWith('i')));
    expect(run.app('app').execStatus).toBe(AppDROPStates.SKIPPED);
    for (const [oid, drop] of run.drops)
      if (oid.startsWith('o')) expect(drop.status).toBe(DROPStates.SKIPPED);
  });

  it('stays cancelled, before it ran and while it runs', async () => {
    const idle = build(name, row());
    await idle.app('app').cancel();
    expect(idle.app('app').status).toBe(DROPStates.CANCELLED);
    expect(idle.app('app').execStatus).toBe(AppDROPStates.CANCELLED);
    const { inputs = ['x'], isStreaming } = row();
    if (isStreaming) return;
    const run = build(name, row());
    await feed(run, inputs);
    const started = new Promise<void>((resolve) => {
      run.app('app').subscribe({ handleEvent: () => resolve() }, 'execStatus');
    });
    const triggered = run.trigger();
    await started;
    await run.app('app').cancel();
    await triggered;
    // Work that had no time to wait is over already.
    const isOver = [AppDROPStates.FINISHED, AppDROPStates.ERROR, AppDROPStates.CANCELLED] as number[];
    expect(isOver).toContain(run.app('app').execStatus);
    if (run.app('app').execStatus === AppDROPStates.CANCELLED) expect(run.errors.has('app')).toBe(false);
  });
});
