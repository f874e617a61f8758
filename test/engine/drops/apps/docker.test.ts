import { existsSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import Docker from 'dockerode';
import type { DockerApp } from '../../../../engine/drops/apps/docker.ts';
import { splitWords } from '../../../../engine/drops/apps/docker-settings.ts';
import { AppDROPStates, DROPStates } from '../../../../engine/protocol/index.ts';
import { DockerServer, type CreateOptions } from './docker-server.ts';
import { GraphRun, isRunning, textOf, type Spec } from './run-graph.ts';

const FILE = 'dlg.data.drops.file.FileDROP';
let server: DockerServer;

beforeEach(async () => {
  server = new DockerServer();
  server.images.set('tools:1', { Entrypoint: ['/bin/echo'], Cmd: ['default'] });
  await server.listen();
});
afterEach(() => server.close());

function app(spec: Record<string, unknown>, oid = 'app'): Spec {
  return {
    oid,
    categoryType: 'Application',
    dropclass: 'dlg.apps.dockerapp.DockerApp',
    image: 'tools:1',
    ...spec,
  };
}

function graph(specs: readonly Spec[], env: Record<string, string> = {}): GraphRun {
  return new GraphRun(specs, { env: { DOCKER_HOST: `unix://${server.socketPath}`, ...env } });
}

function created(): CreateOptions {
  return server.created.at(-1) as CreateOptions;
}

describe('a Docker that takes calls and does not answer', () => {
  let silent: Server;
  let sockets: Socket[];
  let asked: Promise<void>;
  beforeEach(async () => {
    sockets = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    asked = promise;
    silent = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => resolve());
    });
    await new Promise<void>((listening) => silent.listen(`${server.socketPath}.silent`, listening));
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => silent.close(closed));
  });
  const container = (more: Record<string, unknown> = {}, env: Record<string, string> = {}) =>
    new GraphRun([app({ command: 'true', ...more })], {
      env: { DOCKER_HOST: `unix://${server.socketPath}.silent`, ...env },
    });

  it('fails the application after a while', async () => {
    const run = await container({}, { DOCKER_CLIENT_TIMEOUT: '0.2' }).run();
    expect(run.errorOf('app').message).toBe(
      'DockerApp app could not reach Docker: Docker did not answer within 0.2 s.',
    );
  });

  it('does not outlast the timeout of the application', async () => {
    const run = await container({ componentParams: { timeout: { value: 0.2 } } }).run();
    expect(run.errorOf('app').message).toMatch(/longer than its timeout of 0.2 s/);
  });

  it('does not keep the application from being cancelled', async () => {
    const run = container();
    await run.trigger();
    await asked;
    await run.app('app').cancel();
    expect(run.app('app').execStatus).toBe(AppDROPStates.CANCELLED);
  });
});

describe('a command in a container', () => {
  it('runs with its inputs and outputs at the same paths, as the user of the engine, and is removed', async () => {
    const run = graph([
      { oid: 'in', dropclass: FILE, filepath: 'in.txt', consumers: [{ app: 'i' }] },
      app({
        command: 'cat {in} > {o}; echo "said \'this\'" >> {o}; pwd >> {o}',
        inputs: [{ in: 'i' }],
        outputs: [{ out: 'o' }],
      }),
      { oid: 'out', dropclass: FILE, filepath: 'sub/out.txt' },
    ]);
    writeFileSync(path.join(run.baseDir, 'in.txt'), 'content\n');
    await run.run();
    expect(await textOf(run.drop('out'))).toBe(`content\nsaid 'this'\n${run.baseDir}\n`);
    const { HostConfig, User, Env, WorkingDir } = created();
    expect(HostConfig?.Binds).toContain(`${run.baseDir}:${run.baseDir}`);
    expect(HostConfig?.Binds?.some((bind) => bind.endsWith(':/etc/passwd'))).toBe(true);
    expect(User).toBe(`${process.getuid?.()}:${process.getgid?.()}`);
    expect(WorkingDir).toBe(run.baseDir);
    expect(Env).toEqual(expect.arrayContaining(['DLG_UID=app', 'DLG_SESSION_ID=golden']));
    expect(server.containers.size).toBe(0);
  });

  it('keeps the entry point of the image without a command and after %%', async () => {
    const run = await graph([app({ removeContainer: false })]).run();
    expect(run.app('app').facts).toMatchObject({ stdout: 'default\n', exitStatus: 0 });
    expect(server.containers.size).toBe(1);
    const second = await graph([app({ command: '%%one "two three"' })]).run();
    expect(second.app('app').facts['stdout']).toBe('one two three\n');
    expect(splitWords(String.raw`a\ b 'c "d' "e \"f"`)).toEqual(['a b', 'c "d', 'e "f']);
  });

  it('passes environment, ports, shared memory, entry point and more directories on', async () => {
    const extra = mkdtempSync(path.join(tmpdir(), 'weir-extra-'));
    mkdirSync(path.join(extra, 'd'));
    const run = await graph(
      [
        app({
          command: 'echo $NAME-$FROM_HOST-${GONE}',
          env: '{"NAME": "{app}x", "MORE": "1"}',
          portMappings: '8080:80, 9000',
          shmSize: '64m',
          additionalBindings: `${extra}, ${path.join(extra, 'd')}:/inside`,
          entrypoint: '/usr/bin/env MARK=1',
        }),
      ],
      { FROM_HOST: 'host' },
    ).run();
    const options = created();
    expect(options.Env).toEqual(expect.arrayContaining(['MORE=1']));
    expect(options.HostConfig?.PortBindings).toEqual({
      '80/tcp': [{ HostPort: '8080' }],
      '9000/tcp': [{ HostPort: '9000' }],
    });
    expect(options.ExposedPorts).toEqual({ '80/tcp': {}, '9000/tcp': {} });
    expect(options.HostConfig?.ShmSize).toBe(64 << 20);
    expect(options.HostConfig?.Binds).toEqual(
      expect.arrayContaining([`${extra}:${extra}`, `${path.join(extra, 'd')}:/inside`]),
    );
    expect(options.Entrypoint).toEqual(['/usr/bin/env', 'MARK=1']);
    expect(run.app('app').facts['stdout']).toBe('{app}x-host-\n');
  });

  it('takes variables of the host by name where env is a list', async () => {
    await graph([app({ command: 'true', env: '["FROM_HOST", "NOT_SET"]' })], { FROM_HOST: 'yes' }).run();
    expect(created().Env).toContain('FROM_HOST=yes');
    expect(created().Env?.some((entry) => entry.startsWith('NOT_SET'))).toBe(false);
  });

  it('warns by name of parameters that change nothing, but not of those a palette gives', async () => {
    server.images.set('own:1', { Entrypoint: ['/bin/echo'], WorkingDir: tmpdir() });
    const palette = {
      command: 'true',
      user: '',
      ensureUserAndSwitch: false,
      docker_tag: '1.0',
      docker_digest: '',
      input_redirection: '',
      output_redirection: '',
      command_line_arguments: '',
      entrypoint: '',
      portMappings: '',
      additionalBindings: '',
      removeContainer: true,
    };
    const warnings = (run: GraphRun) =>
      run.log.filter(({ level }) => level === 'warn').map(({ message }) => message);
    expect(warnings(await graph([app(palette)]).run())).toEqual([]);
    const run = await graph([
      app({
        image: 'own:1',
        command: 'true',
        user: 'ptester',
        docker_tag: '2',
        docker_digest: 'sha256:12',
        workingDir: '/work',
        command_line_arguments: '-x',
        env: ['NOT_SET'],
      }),
    ]).run();
    expect(run.drop('app').status).toBe(DROPStates.COMPLETED);
    expect(
      warnings(run).map((line) => /user|docker_\w+|workingDir|command_line\w+|NOT_SET/.exec(line)?.[0]),
    ).toEqual(['user', 'docker_tag', 'docker_digest', 'command_line_arguments', 'workingDir', 'NOT_SET']);
  });

  it.each([
    ['env', '5', 'env must be "all", a JSON map of texts or a JSON list of names'],
    ['env', '{"A": null}', 'env must be "all"'],
    ['env', '["A", 1]', 'env must be "all"'],
    ['portMappings', { 8080: 80 }, 'portMappings must be a list or a text with commas, but is {"8080":80}'],
    ['additionalBindings', true, 'additionalBindings must be a list'],
    ['additionalBindings', '$NO_SUCH_PLACE/x', 'additionalBindings: .*\\$NO_SUCH_PLACE, which is not set'],
  ])('refuses %s %j', async (name, value, why) => {
    // Some are seen when the graph is made, some when the application runs.
    const fails = async () =>
      (await graph([app({ command: 'true', [name]: value })]).run()).errorOf('app').message;
    expect(await fails().catch(String)).toMatch(new RegExp(`DockerApp app.*${why}`));
  });

  it('appends the arguments of an old command to the command, and not to its environment', async () => {
    const run = await graph([
      app({
        command: 'echo $MARK',
        env: '{"MARK": "mark"}',
        argumentPrefix: '--',
        applicationArgs: { size: { value: 3, type: 'Integer' } },
      }),
    ]).run();
    expect(created().Env).toContain('MARK=mark');
    expect(run.app('app').facts['stdout']).toBe('mark --size 3\n');
  });

  it('hands places over in the environment as they are, as no shell reads it', async () => {
    const run = graph([
      { oid: 'in', dropclass: FILE, filepath: 'with space.txt', consumers: ['app'] },
      app({ command: 'cat "$FROM"', env: { FROM: '{in}', OLD: '' }, shmSize: '0.5k' }),
    ]);
    mkdirSync(path.join(run.context.dlgRoot), { recursive: true });
    writeFileSync(path.join(run.context.dlgRoot, 'dlg.settings'), '{"other": 1}');
    writeFileSync(path.join(run.baseDir, 'with space.txt'), 'content');
    await run.run();
    expect(created().Env).toEqual(
      expect.arrayContaining([`FROM=${path.join(run.baseDir, 'with space.txt')}`, 'OLD=']),
    );
    expect(created().HostConfig?.ShmSize).toBe(512);
  });

  it('takes the whole environment however ALL is written, and variables in more directories', async () => {
    const extra = mkdtempSync(path.join(tmpdir(), 'weir-extra-'));
    await graph([app({ command: 'true', env: 'All', additionalBindings: '$EXTRA:/inside' })], {
      EXTRA: extra,
    }).run();
    expect(created().Env).toContain(`EXTRA=${extra}`);
    expect(created().HostConfig?.Binds).toContain(`${extra}:/inside`);
  });

  it('pulls an image that is not there, and says which one cannot be had', async () => {
    server.registry.set('other:2', { Entrypoint: ['/bin/echo'], Cmd: ['pulled'] });
    const run = await graph([app({ image: 'other:2' })]).run();
    expect([server.pulled, run.app('app').facts['stdout']]).toEqual([['other:2'], 'pulled\n']);
    const failed = await graph([app({ image: 'none:3' })]).run();
    expect(failed.errorOf('app').message).toMatch(/could not pull the image none:3.*denied/);
  });

  it.each([
    ['stops in the middle', '{"status":"Pulling"}\n', 'never', /Docker said nothing for 0.5 s/],
    ['breaks off', '{"status":"Pulling"}\n', 'broken', /the connection broke off/],
    ['talks nonsense', 'nonsense\n', 'well', /is no Docker, but says nonsense/],
    ['fails', '{"error":"no space left"}\n', 'well', /no space left/],
  ] as const)('fails by name where the pull of its image %s', async (_how, says, ends, why) => {
    server.pulling = { says, ends };
    const run = await graph([app({ image: 'other:2' })], { DOCKER_CLIENT_TIMEOUT: '0.05' }).run();
    expect(run.errorOf('app').message).toMatch(/^DockerApp app could not pull the image other:2: /);
    expect(run.errorOf('app').message).toMatch(why);
  });

  it('waits for the address of another container that its command mentions', async () => {
    const run = graph([
      app({ command: 'sleep 0.1' }, 'first'),
      app({ command: 'echo to %containerIp[{first}]%' }, 'second'),
    ]);
    run.app('second').handleInterest(run.app('first'));
    const seen: unknown[] = [];
    run.app('first').subscribe({ handleEvent: (event) => seen.push(event['containerIp']) }, 'containerIp');
    await run.trigger([run.drop('second'), run.drop('first')]);
    await run.over();
    const { containerIp } = run.app('first') as DockerApp;
    expect(run.app('second').facts['stdout']).toBe(`to ${containerIp}\n`);
    expect(seen).toEqual([containerIp]);
  });

  it('that fails ends in ERROR with exit status and the last lines of its output', async () => {
    const run = await graph([app({ command: 'echo trouble >&2; exit 3' })]).run();
    expect(run.drop('app').status).toBe(DROPStates.ERROR);
    expect(run.errorOf('app')).toMatchObject({
      message: expect.stringMatching(/exit status 3; the last it said: trouble/),
      details: { exitStatus: 3, stderr: 'trouble' },
    });
  });

  it('is stopped when it is cancelled', async () => {
    const run = graph([
      app({ command: 'echo go > started; sleep 60', outputs: ['o'] }),
      { oid: 'o', dropclass: FILE, filepath: 'o.txt' },
    ]);
    const ready = new Promise<void>((resolve) =>
      run.app('app').subscribe({ handleEvent: () => resolve() }, 'containerIp'),
    );
    await run.trigger();
    await isRunning(run.app('app'));
    await ready;
    await run.app('app').cancel();
    await run.drop('o').cancel();
    expect(run.app('app').execStatus).toBe(AppDROPStates.CANCELLED);
    await server.firstStop;
    expect(server.stopped).toHaveLength(1);
    expect(run.errors.size).toBe(0);
  });

  it.each([
    [{ image: '' }, /no image to run/],
    [{ portMappings: '80:1,80:2' }, /host port 80 twice/],
    [{ shmSize: 'much' }, /shmSize must be a size/],
  ])('is refused with %j', (spec, message) => {
    expect(() => graph([app(spec)])).toThrow(message);
  });

  it('says where Docker should be when nobody answers', async () => {
    const run = await new GraphRun([app({})], { env: { DOCKER_HOST: 'unix:///nowhere.sock' } }).run();
    expect(run.errorOf('app').message).toMatch(/could not reach Docker.*DOCKER_HOST/);
  });
});

const docker = new Docker();
/** The first image of a Docker on this machine, which must have a /bin/bash. */
const real = existsSync('/var/run/docker.sock')
  ? await docker
      .listImages()
      .then((images) => images.flatMap(({ RepoTags }) => RepoTags ?? []).find((tag) => !tag.startsWith('<')))
      .catch(() => undefined)
  : undefined;

describe.skipIf(real === undefined)('a command in a real container (needs a Docker with an image)', () => {
  // Other runs of these tests may have left theirs.
  const uid = `app-${process.pid}`;
  const container = (spec: Record<string, unknown>): Spec => app({ image: real, uid, ...spec });
  const left = () => docker.listContainers({ all: true, filters: { label: [`weir.drop=${uid}`] } });

  it('prints, and is removed', async () => {
    const run = await new GraphRun([container({ command: '%%-c "echo real"', entrypoint: '/bin/sh' })]).run();
    expect(run.app('app').facts).toMatchObject({ stdout: 'real\n', exitStatus: 0 });
    expect(run.app('app').facts['imageId']).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await left()).toEqual([]);
  });

  it('reads and writes files of the session, as the user of the engine', async () => {
    const run = new GraphRun([
      { oid: 'in', dropclass: FILE, filepath: 'in.txt', consumers: [{ app: 'i' }] },
      container({
        command: 'cat {in} > {o}; echo "$DLG_UID in $(pwd)" >> {o}',
        inputs: [{ in: 'i' }],
        outputs: [{ out: 'o' }],
      }),
      { oid: 'out', dropclass: FILE, filepath: 'sub/out.txt' },
    ]);
    writeFileSync(path.join(run.baseDir, 'in.txt'), 'content\n');
    await run.run();
    expect(await textOf(run.drop('out'))).toBe(`content\n${uid} in ${run.baseDir}\n`);
    expect(statSync(path.join(run.baseDir, 'sub/out.txt')).uid).toBe(process.getuid?.());
  });

  it('that fails ends in ERROR with exit status and what it said last', async () => {
    const run = await new GraphRun([container({ command: 'echo trouble >&2; exit 3' })]).run();
    expect(run.errorOf(uid).message).toMatch(/exit status 3; the last it said: trouble/);
    expect(await left()).toEqual([]);
  });

  it('is stopped and removed when its time is over', async () => {
    const run = await new GraphRun([
      container({ command: 'sleep 60', componentParams: { timeout: { value: 1 } } }),
    ]).run();
    expect(run.errorOf(uid).message).toMatch(/longer than its timeout of 1 s/);
    expect(await left()).toEqual([]);
  });

  it('is stopped when it is cancelled', async () => {
    const run = new GraphRun([container({ command: 'echo begun; sleep 60' })]);
    const begun = run.logged(/begun/);
    await run.trigger();
    await begun;
    await run.app('app').cancel();
    await run.over();
    expect(run.app('app').execStatus).toBe(AppDROPStates.CANCELLED);
    expect(await left()).toEqual([]);
  });

  it('whose command or image is not there is told in words', async () => {
    const noCommand = await new GraphRun([container({ command: 'no-such-command' })]).run();
    expect(noCommand.errorOf(uid).message).toMatch(/exit status 127.*not found/);
    const noEntry = await new GraphRun([container({ command: '%%x', entrypoint: '/no/such' })]).run();
    expect(noEntry.errorOf(uid).message).toMatch(/no such file/i);
    const noImage = await new GraphRun([container({ image: 'weir.invalid/none:1' })]).run();
    expect(noImage.errorOf(uid).message).toMatch(/could not pull the image weir.invalid\/none:1/);
    expect(await left()).toEqual([]);
  });
});
