/** Commands in containers (seed `dlg.apps.dockerapp.DockerApp`, spec/engine.md 6.7), on any socket that speaks Docker's API. */
import { Writable } from 'node:stream';
import type Docker from 'dockerode';
import { DaliugeException, InvalidDropException, messageOf, WeirError } from '../../protocol/index.ts';
import { BarrierAppDROP, type Lane } from '../app-drop.ts';
import type { AbstractDROP, DropKwargs } from '../drop.ts';
import { isCutOff } from '../io/chunk-reader.ts';
import { boolParam, readParams, stringParam } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { answerSeconds, dockerClient, imageFacts, pullImage } from './docker-client.ts';
import {
  bindings,
  containerEnvironment,
  containerUser,
  portMappings,
  shmBytes,
  splitWords,
  unheeded,
} from './docker-settings.ts';
import { OutputLog } from './output-log.ts';
import { Tail } from './process.ts';
import { buildCommand, fillPlaceholders } from './shell-command.ts';
import { hope, latch, untilAborted } from './wait.ts';

/** Seconds a container gets to stop before it is killed. */
const STOP_SECONDS = 3;
/** Exit statuses that mean the container was stopped from outside; no failures of the command (as upstream). */
const STOPPED = new Set([137, 139, 143]);
/** Lines of standard error an error message carries. */
const ERROR_LINES = 20;

const PARAMS = {
  image: stringParam('image', null, 'Image to run'),
  command: stringParam('command', null, 'Command line; empty or after %%: the entry point of the image runs'),
  env: stringParam('env', null, 'all, a JSON map or a JSON list of names'),
  workingDir: stringParam('workingDir', null, 'Working directory where the image has none'),
  shmSize: stringParam('shmSize', '', 'Size of shared memory, e.g. 64m'),
  removeContainer: boolParam('removeContainer', true, 'Remove the container when it is over'),
  entrypoint: stringParam('entrypoint', null, 'Entry point in place of that of the image'),
} as const;

export class DockerApp extends BarrierAppDROP {
  readonly #params;
  readonly #interests = new Map<string, DockerApp>();
  readonly #gotIp = latch();
  #containerIp: string | undefined;
  #container: Docker.Container | undefined;
  #facts: Record<string, unknown> = {};
  #exitStatus: number | undefined;
  #lost = hope();
  /** Settles when what ran is over, however it went. */
  #run: Promise<void> | undefined;
  #stdout = new Tail();
  #stderr = new Tail();

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    const env = kwargs['env'];
    super(oid, uid, kwargs);
    // A graph may hold the environment as a map instead of its text.
    const textual =
      typeof env === 'object' && env !== null ? { ...kwargs, env: JSON.stringify(env) } : kwargs;
    this.#params = readParams(PARAMS, textual, this.uid);
    if (this.#params.image === null)
      throw new InvalidDropException(
        `DockerApp ${this.uid} has no image to run; fill in its parameter "image".`,
        { details: { uid: this.uid } },
      );
    portMappings(this.uid, kwargs['portMappings']);
    shmBytes(this.uid, this.#params.shmSize);
    if (!/[:@][^/]+$/.test(this.#params.image))
      this.context.log(
        'warn',
        this,
        `The image ${this.#params.image} has no tag: which one runs may change.`,
      );
    for (const line of unheeded(kwargs, this.#params.image)) this.context.log('warn', this, line);
  }

  /** One that waits for the address of another must not keep that other from a place to run. */
  override get lane(): Lane {
    return this.#params.command?.includes('%containerIp[') ? 'inline' : 'process';
  }

  /** The address of the running container; undefined before it has one. */
  get containerIp(): string | undefined {
    return this.#containerIp;
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return {
      image: this.#params.image,
      ...(this.#params.command === null ? {} : { command: this.#params.command }),
      ...this.#facts,
      ...(this.#containerIp === undefined ? {} : { containerIp: this.#containerIp }),
      ...(this.#exitStatus === undefined ? {} : { exitStatus: this.#exitStatus }),
      stdout: this.#stdout.text(),
      stderr: this.#stderr.text(),
    };
  }

  override generateRecomputeData(): Record<string, unknown> {
    return {
      image: this.#params.image,
      command: this.#params.command,
      ...(this.#exitStatus === undefined ? {} : { status: String(this.#exitStatus) }),
    };
  }

  /** Another container whose address this one's command may need. */
  override handleInterest(drop: AbstractDROP): void {
    if (drop instanceof DockerApp) this.#interests.set(drop.uid, drop);
  }

  /** The image that is here under this name; one that has to be pulled first is not known. */
  override async identify(): Promise<void> {
    try {
      const docker = await this.context.service(dockerClient);
      this.#facts = imageFacts(await docker.getImage(this.#params.image as string).inspect());
    } catch {
      // No Docker, or no such image: then it runs, and says so itself.
      return;
    }
  }

  override async run(): Promise<void> {
    const run = this.#runUntil(this.signal);
    this.#run = run.catch(() => undefined);
    await run;
  }

  /** Resolves when the container is gone too. */
  override async cancel(): Promise<void> {
    await super.cancel();
    await this.#run;
  }

  async #runUntil(signal: AbortSignal): Promise<void> {
    const docker = await this.context.service(dockerClient);
    await this.#ask('reach Docker', () => docker.ping(), signal);
    const image = await this.#image(docker, signal);
    const options = await this.#options(image);
    if (signal.aborted) return;
    const container = await this.#ask('create a container', () => docker.createContainer(options));
    this.#container = container;
    this.#lost = hope();
    this.#facts = { ...this.#facts, containerId: container.id };
    const stop = (): void => void this.#stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await this.#supervise(container, signal);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#container = undefined;
      if (this.#params.removeContainer)
        await this.#ask(`remove the container ${container.id}`, () =>
          container.remove({ force: true }),
        ).catch((error: unknown) => this.context.log('warn', this, messageOf(error)));
    }
  }

  async #image(docker: Docker, signal: AbortSignal): Promise<Docker.ImageInspectInfo> {
    const name = this.#params.image as string;
    const inspect = () => docker.getImage(name).inspect();
    try {
      return await this.#ask('look for its image', inspect, signal);
    } catch (error) {
      const { cause } = error as { cause?: { statusCode?: number } };
      if (cause?.statusCode !== 404) throw error;
    }
    this.context.log('info', this, `Pulls the image ${name}.`);
    await this.#talk(`pull the image ${name}`, () => pullImage(docker, name, this.context, signal));
    return this.#ask(`inspect the image ${name}`, inspect, signal);
  }

  async #options(image: Docker.ImageInspectInfo): Promise<Docker.ContainerCreateOptions> {
    const { command, env, entrypoint, workingDir, shmSize } = this.#params;
    const ports = portMappings(this.uid, this.parameters['portMappings']);
    const binds = await bindings(this, this.parameters['additionalBindings']);
    const user = containerUser();
    const shm = shmBytes(this.uid, shmSize);
    const line = await this.#place(command ?? '', buildCommand);
    this.#facts = { commandLine: line, binds, ...imageFacts(image) };
    const ownDir = image.Config?.WorkingDir;
    if (ownDir && workingDir !== null && workingDir !== ownDir)
      this.context.log(
        'warn',
        this,
        `Its parameter workingDir (${workingDir}) has no effect: the image has a working directory, ${ownDir}.`,
      );
    return {
      Image: this.#params.image as string,
      ...this.#program(line, entrypoint),
      Env: await containerEnvironment(this, env, (text) => this.#place(text, fillPlaceholders)),
      ...(user === undefined ? {} : { User: user }),
      ...(ownDir ? {} : { WorkingDir: workingDir ?? this.context.baseDir }),
      ExposedPorts: ports.ExposedPorts,
      HostConfig: {
        Binds: binds,
        PortBindings: ports.bindings,
        ...(shm === undefined ? {} : { ShmSize: shm }),
      },
      Labels: { 'weir.session': this.dlgSessionId, 'weir.drop': this.uid },
    };
  }

  /** Entry point and arguments: a command runs in a shell; nothing, or what follows `%%`, goes to the image's own. */
  #program(
    line: string,
    entrypoint: string | null,
  ): Pick<Docker.ContainerCreateOptions, 'Cmd' | 'Entrypoint'> {
    const own = entrypoint === null ? {} : { Entrypoint: splitWords(entrypoint) };
    if (line === '') return own;
    if (line.startsWith('%%')) return { ...own, Cmd: splitWords(line.slice(2)) };
    return entrypoint === null
      ? { Entrypoint: ['/bin/bash', '-c'], Cmd: [line] }
      : { ...own, Cmd: ['/bin/bash', '-c', line] };
  }

  /** Placeholders, addresses of other containers, variables of the host. */
  async #place(template: string, fill: typeof fillPlaceholders): Promise<string> {
    let text = template.trim() === '' ? '' : await fill(this, template);
    for (const [mention, uid] of [...text.matchAll(/%containerIp\[\{?([^\]}]+)\}?\]%/g)])
      text = text.replaceAll(mention, await this.#addressOf(uid as string));
    return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (all, braced?: string, bare?: string) => {
      return this.context.env[braced ?? bare ?? ''] ?? all;
    });
  }

  async #addressOf(uid: string): Promise<string> {
    const other = this.#interests.get(uid) ?? this._flow.table.instances.find((drop) => drop?.uid === uid);
    if (!(other instanceof DockerApp))
      throw new InvalidDropException(
        `DockerApp ${this.uid} wants the address of container ${uid}, but there is no DockerApp of that uid beside it.`,
        { details: { uid: this.uid, wanted: uid } },
      );
    await Promise.race([other.#gotIp.opened, aborted(this.signal)]);
    if (other.#containerIp === undefined && !this.signal.aborted)
      throw new InvalidDropException(
        `DockerApp ${this.uid} wants the address of container ${uid}, which ended without having one.`,
        { details: { uid: this.uid, wanted: uid } },
      );
    return other.#containerIp ?? '';
  }

  async #supervise(container: Docker.Container, signal: AbortSignal): Promise<void> {
    try {
      await this.#ask('start its container', () => container.start());
      // What was to stop it before it ran had nothing to stop.
      if (signal.aborted) await this.#stop();
      await this.#learnAddress(container);
      const log = new OutputLog(this);
      const { lost } = this.#lost;
      await this.#talk('read the output of its container', () =>
        Promise.race([this.#follow(container, log), lost]),
      );
      const { StatusCode } = await this.#talk('wait for its container', () =>
        Promise.race([container.wait() as Promise<{ StatusCode: number }>, lost]),
      );
      log.end();
      this.#exitStatus = StatusCode;
    } finally {
      this.#gotIp.open();
    }
    if (!signal.aborted) this.#judge(this.#exitStatus);
  }

  async #learnAddress(container: Docker.Container): Promise<void> {
    const info = await this.#ask('inspect its container', async () => {
      const found = (await container.inspect()) as Docker.ContainerInspectInfo | null | undefined;
      if (found?.NetworkSettings) return found;
      throw new WeirError('REMOTE', 'what answers there knows nothing of it, and may be no Docker.');
    });
    // Engines before 29 also give the address of the default network on its own.
    const { IPAddress, Networks } = info.NetworkSettings as typeof info.NetworkSettings & {
      IPAddress?: string;
    };
    const ip = IPAddress || Object.values(Networks ?? {}).find((network) => network.IPAddress)?.IPAddress;
    if (!ip) return;
    this.#containerIp = ip;
    this.#gotIp.open();
    this._fire('containerIp', { containerIp: ip });
  }

  async #follow(container: Docker.Container, log: OutputLog): Promise<void> {
    this.#stdout = new Tail();
    this.#stderr = new Tail();
    const stream = await container.logs({
      follow: true,
      stdout: true,
      stderr: true,
    });
    const into = (name: 'stdout' | 'stderr', tail: Tail): Writable =>
      new Writable({
        write(chunk: Uint8Array, _encoding, done) {
          tail.push(chunk);
          log.push(name, chunk);
          done();
        },
      });
    const modem = container.modem as Docker['modem'];
    modem.demuxStream(stream, into('stdout', this.#stdout), into('stderr', this.#stderr));
    await new Promise<void>((resolve, reject) => {
      stream.once('end', resolve);
      stream.once('close', resolve);
      stream.once('error', reject);
    });
  }

  #judge(status: number): void {
    if (status === 0) return;
    if (STOPPED.has(status)) {
      this.context.log('warn', this, `The container of ${this.uid} was stopped (exit status ${status}).`);
      return;
    }
    const stderr = this.#stderr.lastLines(ERROR_LINES);
    throw new DaliugeException(
      'COMMAND_FAILED',
      `The container of DockerApp ${this.uid} ended with exit status ${status}${stderr === '' ? '.' : `; the last it said: ${stderr.slice(stderr.lastIndexOf('\n') + 1)}`}`,
      {
        details: {
          uid: this.uid,
          image: this.#params.image,
          command: this.#facts['commandLine'],
          exitStatus: status,
          stderr,
          stdout: this.#stdout.lastLines(ERROR_LINES),
        },
      },
    );
  }

  async #stop(): Promise<void> {
    const container = this.#container;
    if (!container) return;
    try {
      await this.#ask('stop its container', () => container.stop({ t: STOP_SECONDS }));
    } catch (error) {
      // 304: it has stopped already; 404: it is gone.
      const { cause } = error as { cause?: { statusCode?: number } };
      if (cause?.statusCode === 304 || cause?.statusCode === 404) return;
      this.context.log('warn', this, messageOf(error));
      // Nobody waits for the end of what cannot be ended.
      this.#lost.giveUp(error);
    }
  }

  override async setError(error?: unknown): Promise<void> {
    await super.setError(error);
    await this.#stop();
  }

  override async setCompleted(): Promise<void> {
    await super.setCompleted();
    await this.#stop();
  }

  /** A question that Docker answers soon: one that does not is in trouble. `signal` ends the waiting, not what was asked. */
  #ask<T>(what: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const seconds = answerSeconds(this.context);
    return this.#talk(what, async () => {
      const late = new AbortController();
      const timer = setTimeout(
        () => late.abort(new WeirError('TIMEOUT', `Docker did not answer within ${seconds} s.`)),
        seconds * 1000,
      );
      try {
        return await untilAborted(work(), signal ? AbortSignal.any([signal, late.signal]) : late.signal);
      } finally {
        clearTimeout(timer);
      }
    });
  }

  async #talk<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#trouble(what, error);
    }
  }

  #trouble(what: string, cause: unknown): DaliugeException {
    const { code } = cause as { code?: string };
    const why = isCutOff(cause) ? 'the connection broke off.' : messageOf(cause);
    const isAway = code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'EACCES';
    const hint = isAway
      ? ' Is Docker (or Podman) running, may this user use it, and does DOCKER_HOST name its socket?'
      : /\/bin\/bash.*no such file/.test(why)
        ? ` A command is run by /bin/bash, which the image ${this.#params.image} does not have: begin the command with %% to hand it to the image's own entry point, or to the one that "entrypoint" names.`
        : '';
    return new DaliugeException(
      'APP_FAILED',
      `DockerApp ${this.uid} could not ${what}: ${why}${hint === '' || why.endsWith('.') ? '' : '.'}${hint}`,
      {
        cause,
        details: { uid: this.uid, image: this.#params.image },
      },
    );
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

registerDrop(DockerApp, 'dlg.apps.dockerapp.DockerApp');
