/** Applications that work through others: mpirun, SSH, a runner of sub-graphs. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execRemote, judgeHostKey } from '../../../../engine/drops/apps/remote.ts';
import {
  subGraphRunner,
  type SubGraphRequest,
  type SubGraphRunner,
} from '../../../../engine/drops/apps/subgraph.ts';
import { AppDROPStates, DROPStates } from '../../../../engine/protocol/index.ts';
import { GraphRun, isRunning, type Spec } from './run-graph.ts';
import { SshServer, STUCK } from './ssh-server.ts';

const FILE = 'dlg.data.drops.file.FileDROP';
const DIRECTORY = 'dlg.data.drops.directory.DirectoryDROP';

describe('a program under MPI', () => {
  function mpi(spec: Record<string, unknown>, env: Record<string, string> = {}): GraphRun {
    return new GraphRun([{ oid: 'app', dropclass: 'dlg.apps.mpi.MPIApp', ...spec }], { env });
  }

  /** Stands for mpirun: runs the command as many times as asked. */
  function fakeMpirun(directory: string): string {
    const file = path.join(directory, 'mpirun');
    writeFileSync(
      file,
      '#!/bin/bash\n[ "$1" = -np ] || exit 64\nn=$2; shift 2\nfor ((i = 0; i < n; i++)); do RANK=$i "$@" || exit; done\n',
    );
    chmodSync(file, 0o755);
    return file;
  }

  it('runs as many processes as asked, with its arguments in place', async () => {
    const program = fakeMpirun(new GraphRun([]).baseDir);
    const args = {
      who: {
        name: 'who',
        value: 'rank',
        type: 'String',
        usage: 'NoPort',
        encoding: 'dill',
        positional: false,
        precious: false,
      },
    };
    const run = await mpi(
      { command: 'echo', args: '%who% {who} $RANK', num_of_procs: '2', applicationArgs: args },
      { MPIRUN: program },
    ).run();
    expect(run.app('app').facts).toMatchObject({
      processes: 2,
      commandLine: 'echo rank rank $RANK',
      stdout: 'rank rank 0\nrank rank 1\n',
    });
  });

  it("takes a list of arguments as one for each item, and the palette's number where maxprocs is empty", async () => {
    const program = fakeMpirun(new GraphRun([]).baseDir);
    const run = await mpi(
      { command: 'printf "<%s>"', args: ['a b', '$HOME', 3], maxprocs: '', num_of_procs: '2' },
      { MPIRUN: program },
    ).run();
    expect(run.app('app').facts['stdout']).toBe('<a b><$HOME><3>'.repeat(2));
    for (const maxprocs of [1.5, 'many', [2]])
      expect(() => mpi({ command: 'x', maxprocs })).toThrow(/app: (parameter )?maxprocs must be/);
  });

  it('fails when one process fails, or when there is no mpirun', async () => {
    const program = fakeMpirun(new GraphRun([]).baseDir);
    const failed = await mpi({ command: 'echo bad >&2; exit 5', maxprocs: 3 }, { MPIRUN: program }).run();
    expect(failed.errorOf('app').message).toMatch(
      /The 3 processes of MPIApp app ended with exit status 5; the last they said: bad/,
    );
    const absent = await mpi({ command: 'true' }, { MPIRUN: '/nowhere/mpirun' }).run();
    expect(absent.errorOf('app').message).toMatch(/\/nowhere\/mpirun could not be started/);
    expect(() => mpi({ command: '' })).toThrow(/no command to run/);
    expect(() => mpi({ command: 'x', maxprocs: 0 })).toThrow(/maxprocs must be at least 1/);
  });

  const whyNoMpirun =
    spawnSync('mpirun', ['--version']).status === 0 ? undefined : 'there is no mpirun on this machine';
  describe.skipIf(whyNoMpirun)(`under a real mpirun (${whyNoMpirun ?? 'there is one'})`, () => {
    it('is one world of as many processes as asked, more than there are cores', async () => {
      const run = await mpi({
        command: 'echo ${OMPI_COMM_WORLD_RANK:-$PMI_RANK} of ${OMPI_COMM_WORLD_SIZE:-$PMI_SIZE}',
        maxprocs: availableParallelism() + 1,
      }).run();
      expect(run.errors.get('app')).toBeUndefined();
      const size = availableParallelism() + 1;
      expect(String(run.app('app').facts['stdout']).trim().split('\n').sort()).toEqual(
        Array.from({ length: size }, (_, rank) => `${rank} of ${size}`).sort(),
      );
    });

    it('fails with what the processes say, not with a line of dashes', async () => {
      const run = await mpi({ command: 'echo "no such star" >&2; exit 3', maxprocs: 2 }).run();
      expect(run.errorOf('app').message).toMatch(/exit status 3; the last they said: .*\w/);
      expect(run.errorOf('app').details['stderr']).toContain('no such star');
    });

    it('is ended by cancel', async () => {
      const run = mpi({ command: 'sleep 600', maxprocs: 2 });
      await run.trigger();
      await isRunning(run.app('app'));
      await run.app('app').cancel();
      expect(run.app('app').execStatus).toBe(AppDROPStates.CANCELLED);
    });
  });
});

describe.skipIf(spawnSync('ssh-keygen', ['-?']).error !== undefined)(
  'a copy over SSH (needs ssh-keygen)',
  () => {
    let server: SshServer;
    beforeAll(async () => {
      server = await SshServer.start();
    });
    afterAll(() => server.stop());

    function copy(
      nodes: readonly [string, string, string],
      kind = FILE,
      more: Record<string, unknown> = {},
    ): GraphRun {
      const [input, app, output] = nodes;
      const place = kind === FILE ? 'filepath' : 'dirname';
      return new GraphRun(
        [
          { oid: 'i', node: input, dropclass: kind, [place]: 'from', consumers: ['app'] },
          {
            oid: 'app',
            node: app,
            dropclass: 'dlg.apps.scp.ScpApp',
            sshPort: server.port,
            pkeyPath: server.clientKey,
            remoteUser: 'tester',
            ...more,
            outputs: ['o'],
          },
          { oid: 'o', node: output, dropclass: kind, [place]: 'to' },
        ] as Spec[],
        { env: { HOME: server.directory } },
      );
    }

    it.each([
      ['pushes from the node of the input', ['here', 'here', '127.0.0.1:1:2'] as const],
      ['pulls to the node of the output', ['127.0.0.1', 'here', 'here'] as const],
      ['just copies on one node', ['here', 'here', 'here'] as const],
    ])('%s', async (_what, nodes) => {
      const run = copy(nodes);
      writeFileSync(path.join(run.baseDir, 'from'), 'x'.repeat(100_000));
      await run.run();
      expect(run.errors.get('app')).toBeUndefined();
      expect(readFileSync(path.join(run.baseDir, 'to'), 'utf8')).toHaveLength(100_000);
    });

    it.each([['here', 'here', '127.0.0.1'] as const, ['127.0.0.1', 'here', 'here'] as const])(
      'takes whole directories (%s, %s, %s)',
      async (...nodes) => {
        const run = copy(nodes, DIRECTORY);
        mkdirSync(path.join(run.baseDir, 'from', 'deep'), { recursive: true });
        writeFileSync(path.join(run.baseDir, 'from', 'deep', 'x'), 'deep');
        await run.run();
        expect(run.errors.get('app')).toBeUndefined();
        expect(readFileSync(path.join(run.baseDir, 'to', 'deep', 'x'), 'utf8')).toBe('deep');
      },
    );

    it('warns of a host nobody vouches for, and refuses one whose key has changed', async () => {
      const run = copy(['here', 'here', '127.0.0.1']);
      writeFileSync(path.join(run.baseDir, 'from'), 'x');
      await run.run();
      expect(run.log.some(({ message }) => /SHA256:.*not in known_hosts/.test(message))).toBe(true);
      mkdirSync(path.join(server.directory, '.ssh'), { recursive: true });
      const known = path.join(server.directory, '.ssh', 'known_hosts');
      writeFileSync(
        known,
        `[127.0.0.1]:${server.port} ${server.hostKeyType} ${Buffer.from('another').toString('base64')}\n`,
      );
      const changed = copy(['here', 'here', '127.0.0.1']);
      writeFileSync(path.join(changed.baseDir, 'from'), 'x');
      await changed.run();
      writeFileSync(known, '');
      expect(changed.errorOf('app').message).toMatch(/is not the one in known_hosts/);
      const key = Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.from('abc')]);
      const line = `|1|${Buffer.from('salt').toString('base64')}|x abc AAAA\nhost abc ${key.toString('base64')}`;
      expect([judgeHostKey(line, 'host', 22, key), judgeHostKey(line, 'other', 22, key)]).toEqual([
        'known',
        'unknown',
      ]);
    });

    it('names what is missing: the key, the file, the node, the server', async () => {
      const noKey = await copy(['here', 'here', '127.0.0.1'], FILE, { pkeyPath: '/nowhere/key' }).run();
      expect(noKey.errorOf('app').message).toMatch(/Reading the private key \/nowhere\/key/);
      const noKeyAtAll = path.join(server.directory, 'no-key');
      writeFileSync(noKeyAtAll, 'nothing of a key');
      const bad = await copy(['here', 'here', '127.0.0.1'], FILE, { pkeyPath: '~/no-key' }).run();
      expect(bad.errorOf('app').message).toMatch(
        /^ScpApp app: Reading the private key ~\/no-key .* failed: Unsupported key format/,
      );
      for (const more of [{ sshPort: 70_000 }, { timeout: -1 }])
        expect(() => copy(['here', 'here', 'x'], FILE, more)).toThrow(
          /^app: parameter (sshPort|timeout) must be/,
        );
      const elsewhere = await copy(['a', 'b', 'c']).run();
      expect(elsewhere.errorOf('app').message).toMatch(
        /is on node b, but must be on that of its input \(a\) or of its output \(c\)/,
      );
      const silent = await copy(['here', 'here', '127.0.0.1'], FILE, { sshPort: 1 }).run();
      expect(silent.errorOf('app').message).toMatch(/Copying .* on tester@127.0.0.1 failed: .*ECONNREFUSED/);
      expect(silent.drop('o').status).toBe(DROPStates.ERROR);
    });

    it.each([
      ['closes at once', (socket: Socket) => socket.end()],
      ['talks nonsense', (socket: Socket) => socket.end('\0\xffnothing of SSH\r\n\r\n')],
      ['resets', (socket: Socket) => socket.resetAndDestroy()],
      ['begins and breaks off', (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.2p1\r\n')],
      ['says nothing', () => undefined],
    ])('fails alone, named, where the server %s', async (_how, behave) => {
      const sockets: Socket[] = [];
      const bad = createServer((socket) => {
        sockets.push(socket);
        socket.on('error', () => undefined);
        socket.resume();
        behave(socket);
      });
      await new Promise<void>((resolve) => bad.listen(0, '127.0.0.1', resolve));
      const { port } = bad.address() as AddressInfo;
      const run = copy(['here', 'here', '127.0.0.1'], FILE, { sshPort: port, timeout: 0.3 });
      writeFileSync(path.join(run.baseDir, 'from'), 'x');
      await run.run();
      expect(run.errorOf('app').message).toMatch(/^ScpApp app: Copying .* on tester@127.0.0.1 failed: ./);
      expect(run.drop('o').status).toBe(DROPStates.ERROR);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => bad.close(resolve));
    });

    it.each([
      ['nothing about its files', STUCK.disk, 'to'],
      ['nothing more of a file it takes', STUCK.middle, 'to'],
      ['nothing more of a file it gives', STUCK.middle, 'from'],
    ] as const)('fails alone, named, where a server that lives answers %s', async (_what, stuck, way) => {
      server.stuck = stuck;
      const nodes =
        way === 'to' ? (['here', 'here', '127.0.0.1'] as const) : (['127.0.0.1', 'here', 'here'] as const);
      const run = copy(nodes, FILE, { timeout: 0.5 });
      writeFileSync(path.join(run.baseDir, 'from'), 'x'.repeat(300_000));
      await run.run();
      server.stuck = undefined;
      expect(run.errorOf('app').message).toMatch(
        /^ScpApp app: Copying .* on tester@127.0.0.1 failed: it answered nothing about its files for 0.5 s/,
      );
    });

    it('runs commands in a login shell', async () => {
      const access = {
        host: '127.0.0.1',
        port: server.port,
        username: 'tester',
        pkeyPath: server.clientKey,
        timeoutMs: 5000,
        env: {},
      };
      expect(await execRemote(access, `echo "it's" here; exit 3`)).toMatchObject({
        stdout: "it's here\n",
        exitStatus: 3,
      });
    });
  },
);

describe('a graph in a graph', () => {
  function graph(spec: Record<string, unknown>, runner?: SubGraphRunner): GraphRun {
    const run = new GraphRun([{ oid: 'app', dropclass: 'dlg.apps.subgraph.SubGraphLocal', ...spec }]);
    if (runner)
      (run.context as { service: unknown }).service = (key: unknown) =>
        key === subGraphRunner ? runner : undefined;
    return run;
  }
  const done = {
    drops: 2,
    completed: 2,
    failed: 0,
    skipped: 0,
    cancelled: 0,
    isFinished: true,
    failedDrops: [],
  };

  it('is handed to the runner of the Host and shows how far it is', async () => {
    const asked: SubGraphRequest[] = [];
    const run = await graph(
      { subgraph: '[{"oid": "a"}]', session_prefix: 'inner', node_manager_host: 'n' },
      {
        run: async (request, onProgress) => {
          asked.push(request);
          onProgress({ ...done, completed: 1 });
          return done;
        },
      },
    ).run();
    expect(asked[0]).toMatchObject({
      graph: [{ oid: 'a' }],
      parentSessionId: 'golden',
      nodeManager: { host: 'n', port: 8080 },
    });
    expect(asked[0]?.sessionId).toMatch(/^inner_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$/);
    expect(run.app('app').facts).toMatchObject({ completed: 2, sessionId: asked[0]?.sessionId });
  });

  it('that does not finish is an error that names its drops and session', async () => {
    const run = await graph(
      { subgraph: { nodeDataArray: [] } },
      {
        run: () =>
          Promise.resolve({ ...done, isFinished: false, failed: 1, cancelled: 1, failedDrops: ['bad'] }),
      },
    ).run();
    expect(run.errorOf('app').message).toMatch(
      /session subgraph_.*did not finish: 1 drops failed \(bad\), 1 were cancelled/,
    );
  });

  it('is ended when the drop is cancelled', async () => {
    const run = graph(
      { subgraph: '{}' },
      {
        run: (_request, _progress, signal) =>
          new Promise((resolve) =>
            signal.addEventListener('abort', () => resolve({ ...done, isFinished: false })),
          ),
      },
    );
    await run.trigger();
    await isRunning(run.app('app'));
    await run.app('app').cancel();
    expect(run.app('app').execStatus).toBe(AppDROPStates.CANCELLED);
  });

  it('can lie in a file, and says when there is none, or no runner', async () => {
    let seen: unknown;
    const fromFile = graph(
      { subgraph: 'graph.json' },
      { run: (request) => ((seen = request.graph), Promise.resolve(done)) },
    );
    writeFileSync(path.join(fromFile.baseDir, 'graph.json'), '{"a": 1}');
    await fromFile.run();
    expect(seen).toEqual({ a: 1 });
    expect((await graph({ subgraph: 'missing.json' }).run()).errorOf('app').message).toMatch(
      /cannot be read from .*missing.json/,
    );
    expect((await graph({}).run()).errorOf('app').message).toMatch(/has no graph to run/);
    expect((await graph({ subgraph: '[1' }).run()).errorOf('app').message).toMatch(/is no JSON/);
    expect((await graph({ subgraph: '[]' }).run()).errorOf('app').message).toMatch(
      /This Host runs no sub-graphs/,
    );
  });
});
