/**
 * A small server that speaks the part of Docker's HTTP API a client needs to run a container, over a unix socket. A
 * container is a process of this machine: entry point, arguments, environment and working directory are those asked
 * for; its output comes multiplexed as Docker sends it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface CreateOptions {
  readonly Image: string;
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly ExposedPorts?: Record<string, object>;
  readonly HostConfig?: {
    readonly Binds?: readonly string[];
    readonly PortBindings?: Record<string, unknown>;
    readonly ShmSize?: number;
  };
}

interface Container {
  readonly id: string;
  readonly options: CreateOptions;
  process?: ChildProcess;
  status?: number;
  readonly output: Buffer[];
  readonly followers: Set<ServerResponse>;
  readonly waiters: Set<ServerResponse>;
}

interface Image {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
}

export class DockerServer {
  readonly socketPath: string;
  readonly images = new Map<string, Image>();
  /** Images that a pull can fetch. */
  readonly registry = new Map<string, Image>();
  /** What a pull says, and whether it goes on then; by default all there is to say. */
  pulling: { readonly says: string; readonly ends: 'well' | 'never' | 'broken' } | undefined;
  readonly created: CreateOptions[] = [];
  readonly pulled: string[] = [];
  readonly stopped: string[] = [];
  readonly containers = new Map<string, Container>();
  readonly #directory: string;
  readonly #server: Server;
  #count = 0;
  #sawStop: () => void = () => undefined;
  /** Resolves when a container is asked to stop. */
  readonly firstStop = new Promise<void>((resolve) => {
    this.#sawStop = resolve;
  });

  constructor() {
    this.#directory = mkdtempSync(path.join(tmpdir(), 'weir-docker-'));
    this.socketPath = path.join(this.#directory, 'docker.sock');
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.socketPath, resolve));
  }

  async close(): Promise<void> {
    for (const container of this.containers.values()) end(container, 'SIGKILL');
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const url = new URL(request.url ?? '/', 'http://docker');
    const route = `${request.method} ${url.pathname.replace(/^\/v[\d.]+/, '')}`;
    const container = this.containers.get(/\/containers\/([^/]+)/.exec(route)?.[1] ?? '');
    if (route === 'GET /_ping') response.end('OK');
    else if (/^GET \/images\/.+\/json$/.test(route)) this.#inspectImage(route, response);
    else if (route === 'POST /images/create') this.#pull(url, response);
    else if (route === 'POST /containers/create') this.#create(JSON.parse(body) as CreateOptions, response);
    else if (!container) json(response, 404, { message: `no such container: ${route}` });
    else if (route.endsWith('/start')) this.#start(container, response);
    else if (route.endsWith('/logs')) follow(container, response);
    else if (route.endsWith('/wait')) wait(container, response);
    else if (route.endsWith('/stop')) this.#stop(container, response);
    else if (route.endsWith('/json')) inspect(container, response);
    else if (route.startsWith('DELETE ')) this.#remove(container, response);
    else json(response, 404, { message: `page not found: ${route}` });
  }

  #inspectImage(route: string, response: ServerResponse): void {
    const name = decodeURIComponent(route.slice('GET /images/'.length, -'/json'.length));
    const image = this.images.get(name);
    if (image) json(response, 200, { Id: `sha256:${name}`, Config: image });
    else json(response, 404, { message: `No such image: ${name}` });
  }

  #pull(url: URL, response: ServerResponse): void {
    const tag = url.searchParams.get('tag');
    const name = `${url.searchParams.get('fromImage') ?? ''}${tag ? `:${tag}` : ''}`;
    if (this.pulling) {
      const { says, ends } = this.pulling;
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write(says, () => ends === 'broken' && response.socket?.destroy());
      if (ends === 'well') response.end();
      return;
    }
    const image = this.registry.get(name);
    if (!image) {
      json(response, 404, { message: `pull access denied for ${name}` });
      return;
    }
    this.pulled.push(name);
    this.images.set(name, image);
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(`${JSON.stringify({ status: 'Pulling' })}\r\n${JSON.stringify({ status: 'Complete' })}\r\n`);
  }

  #create(options: CreateOptions, response: ServerResponse): void {
    const id = `c${++this.#count}`;
    this.created.push(options);
    this.containers.set(id, { id, options, output: [], followers: new Set(), waiters: new Set() });
    json(response, 201, { Id: id, Warnings: [] });
  }

  #start(container: Container, response: ServerResponse): void {
    const { options } = container;
    const image = this.images.get(options.Image) ?? {};
    const entry = options.Entrypoint ?? image.Entrypoint ?? [];
    const [program = '', ...args] = [
      ...entry,
      ...(options.Cmd ?? (options.Entrypoint ? [] : (image.Cmd ?? []))),
    ];
    const env = Object.fromEntries(
      (options.Env ?? []).map((entry_) => [entry_.split('=', 1)[0], entry_.slice(entry_.indexOf('=') + 1)]),
    );
    const child = spawn(program, args, {
      cwd: image.WorkingDir ?? options.WorkingDir,
      env: { PATH: process.env['PATH'], ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    container.process = child;
    child.stdout.on('data', (chunk: Buffer) => emit(container, 1, chunk));
    child.stderr.on('data', (chunk: Buffer) => emit(container, 2, chunk));
    child.once('error', (error) => emit(container, 2, Buffer.from(error.message)));
    child.once('close', (code, signal) => ended(container, code ?? (signal === 'SIGKILL' ? 137 : 143)));
    response.writeHead(204).end();
  }

  #stop(container: Container, response: ServerResponse): void {
    this.stopped.push(container.id);
    this.#sawStop();
    end(container, 'SIGTERM');
    response.writeHead(204).end();
  }

  #remove(container: Container, response: ServerResponse): void {
    end(container, 'SIGKILL');
    this.containers.delete(container.id);
    response.writeHead(204).end();
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** A frame of Docker's multiplexed stream: stream number, three zeros, length, data. */
function emit(container: Container, stream: 1 | 2, chunk: Buffer): void {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(chunk.length, 4);
  const frame = Buffer.concat([header, chunk]);
  container.output.push(frame);
  for (const follower of container.followers) follower.write(frame);
}

function ended(container: Container, status: number): void {
  container.status = status;
  for (const follower of container.followers) follower.end();
  for (const waiter of container.waiters) json(waiter, 200, { StatusCode: status });
}

function follow(container: Container, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/vnd.docker.multiplexed-stream' });
  for (const frame of container.output) response.write(frame);
  if (container.status === undefined) container.followers.add(response);
  else response.end();
  response.flushHeaders();
}

function wait(container: Container, response: ServerResponse): void {
  if (container.status === undefined) container.waiters.add(response);
  else json(response, 200, { StatusCode: container.status });
}

function inspect(container: Container, response: ServerResponse): void {
  json(response, 200, {
    Id: container.id,
    State: { Running: container.status === undefined },
    NetworkSettings: { Networks: { bridge: { IPAddress: `172.17.0.${container.id.slice(1)}` } } },
  });
}

function end(container: Container, signal: NodeJS.Signals): void {
  const pid = container.process?.pid;
  if (pid === undefined || container.status !== undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
