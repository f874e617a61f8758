/**
 * The HTTP side of a Host: DALiuGE's REST routes, Weir's own versioned ones, the push channel, and the window's files. By
 * default on loopback, and even there only for the machine's own pages: a foreign Host or Origin is refused, so that
 * no web page the user happens to visit can run graphs.
 */
import fastifyStatic from '@fastify/static';
import fastifyWebsocket, { type WebSocket } from '@fastify/websocket';
import fastify, { type FastifyInstance } from 'fastify';
import { isWeirError, messageOf, WeirError } from '../protocol/index.ts';
import { API_VERSION, type WireError } from './contract.ts';
import type { ApiDeps } from './deps.ts';
import { nodeRest } from './node-rest.ts';
import type { ApiService } from './service.ts';
import type { TranslatorFiles } from './translator-files.ts';
import { translatorRest } from './translator-rest.ts';

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  /** Folder of the built window; without it only the API is served. */
  readonly rendererDir?: string | undefined;
  /** Origins besides this machine's own that may call, e.g. https://eagle.icrar.org. */
  readonly allowedOrigins?: readonly string[];
  readonly onStop?: () => void;
  /** Folders of the translator's stored graphs; without them its routes are not served. */
  readonly translatorFiles?: TranslatorFiles | undefined;
}

/** A server that listens, and where. */
export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

/** The window's policy: nothing from elsewhere, nothing inline (design/ux-and-trust.md 6, item 7). */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const MAX_CALL_BYTES = 64 * 2 ** 20;
/** Bytes on their way to one watcher; one that reads more slowly is cut off and connects again for a fresh snapshot. */
const MAX_UNSENT_BYTES = 16 * 2 ** 20;
const MAX_SUBSCRIPTIONS = 64;

function wireError(error: unknown): WireError {
  if (isWeirError(error)) return error.toJSON();
  return { code: 'INTERNAL', name: 'Error', message: messageOf(error), details: {} };
}

/** A server that does not know yet what it serves: it can be made while the history of its Host is opened. */
export class HttpServer {
  readonly #app: FastifyInstance;
  readonly #options: HttpOptions;

  private constructor(app: FastifyInstance, options: HttpOptions) {
    this.#app = app;
    this.#options = options;
  }

  static async make(options: HttpOptions): Promise<HttpServer> {
    const app = guardedServer(options);
    await app.register(fastifyWebsocket, { options: { maxPayload: 2 ** 20 } });
    if (options.rendererDir !== undefined) await serveWindow(app, options.rendererDir);
    return new HttpServer(app, options);
  }

  /** Listens, and serves this Host. Resolves with the address; rejects with PORT_IN_USE. */
  async start(service: ApiService, deps: ApiDeps): Promise<string> {
    const app = this.#app;
    const { translatorFiles, onStop } = this.#options;
    nodeRest(app, deps, () => onStop?.());
    if (translatorFiles !== undefined) translatorRest(app, translatorFiles, { isAlone: false });
    await app.register(async (scope) => weirRoutes(scope, service));
    return (await listening(app, this.#options)).url;
  }

  async close(): Promise<void> {
    await this.#app.close();
  }
}

/** A translator of its own, as `weir tm` runs it: its REST routes and nothing else (spec/translator.md 16). */
export async function startTranslator(
  options: HttpOptions & { readonly translatorFiles: TranslatorFiles },
): Promise<Listening> {
  const app = guardedServer(options);
  translatorRest(app, options.translatorFiles, { isAlone: true });
  return listening(app, options);
}

function guardedServer(options: HttpOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: MAX_CALL_BYTES,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 4096 },
  });
  guard(app, options);
  // Bodies of DALiuGE's routes are read by the routes themselves: their headers cannot be relied on.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  return app;
}

async function listening(app: FastifyInstance, options: HttpOptions): Promise<Listening> {
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (cause) {
    await app.close();
    throw listenError(cause, options);
  }
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const host = options.host === '0.0.0.0' || options.host === '::' ? 'localhost' : options.host;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, close: () => app.close() };
}

function listenError(cause: unknown, { host, port }: HttpOptions): WeirError {
  const code = (cause as { code?: string }).code;
  if (code === 'EADDRINUSE')
    return new WeirError(
      'PORT_IN_USE',
      `Port ${port} on ${host} is in use by another program; choose another with --port, or 0 for any free one.`,
      { cause, details: { host, port } },
    );
  if (code === 'EACCES')
    return new WeirError(
      'PORT_IN_USE',
      `This user may not listen on port ${port}; choose one above 1023 with --port.`,
      { cause, details: { host, port } },
    );
  return new WeirError('PORT_IN_USE', `Listening on ${host}:${port} failed: ${messageOf(cause)}.`, {
    cause,
    details: { host, port },
  });
}

const LOCAL_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|[\w-]+\.localhost)$/;

function guard(app: FastifyInstance, { host, allowedOrigins = [] }: HttpOptions): void {
  const hostAllowed = (name: string) =>
    LOCAL_NAME.test(name) || host === '0.0.0.0' || host === '::' || name === host;
  app.addHook('onRequest', async (request, reply) => {
    const name = (request.headers.host ?? '').replace(/:\d+$/, '');
    const { origin } = request.headers;
    const refuse = (what: string) =>
      reply.code(403).send({ error: { code: 'USAGE', name: 'Refused', message: what, details: {} } });
    if (!hostAllowed(name)) return refuse(`Requests for the host "${name}" are not answered here.`);
    if (origin !== undefined && origin !== 'null' && !allowedOrigins.includes(origin)) {
      const originName = URL.canParse(origin) ? new URL(origin).hostname : origin;
      if (!hostAllowed(originName.includes(':') ? `[${originName}]` : originName))
        return refuse(`Pages of "${origin}" may not use this Weir; allow them with --allow-origin.`);
    } else if (origin === 'null') return refuse('Pages without an origin may not use this Weir.');
    return undefined;
  });
}

function weirRoutes(app: FastifyInstance, service: ApiService): void {
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, JSON.parse(String(body)));
    } catch (cause) {
      done(new WeirError('USAGE', 'The body of the request is not JSON.', { cause }));
    }
  });
  app.get('/weir', async () => ({ versions: [API_VERSION] }));
  app.post<{ Body: { method?: unknown; params?: unknown } | null }>(
    '/weir/v1/call',
    async (request, reply) => {
      try {
        return { result: (await service.call(String(request.body?.method), request.body?.params)) ?? null };
      } catch (error) {
        return reply.code(400).send({ error: wireError(error) });
      }
    },
  );
  app.get('/weir/v1/push', { websocket: true }, (socket) => pushSocket(socket, service));
}

function pushSocket(socket: WebSocket, service: ApiService): void {
  const ends = new Map<number, () => void>();
  const send = (message: unknown) => {
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) socket.terminate();
    else socket.send(JSON.stringify(message));
  };
  socket.on('message', (data: Buffer) => {
    let id = -1;
    try {
      const request = JSON.parse(data.toString('utf8')) as {
        id?: unknown;
        subscribe?: unknown;
        params?: unknown;
        cancel?: unknown;
      };
      id = Number(request.id);
      if (request.cancel === true) {
        ends.get(id)?.();
        ends.delete(id);
      } else {
        if (ends.size >= MAX_SUBSCRIPTIONS || ends.has(id))
          throw new WeirError(
            'USAGE',
            `At most ${MAX_SUBSCRIPTIONS} subscriptions with ids of their own are possible on one connection.`,
          );
        ends.set(
          id,
          service.subscribe(String(request.subscribe), request.params, (message) => send({ id, message })),
        );
      }
    } catch (error) {
      send({ id, error: wireError(error) });
    }
  });
  const end = () => {
    for (const stop of ends.values()) stop();
    ends.clear();
  };
  socket.on('close', end);
  socket.on('error', end);
}

async function serveWindow(app: FastifyInstance, root: string): Promise<void> {
  await app.register(fastifyStatic, {
    root,
    cacheControl: false,
    setHeaders: (response) => {
      response.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
      response.header('X-Content-Type-Options', 'nosniff');
      response.header('Referrer-Policy', 'no-referrer');
      response.header('Cache-Control', 'no-cache');
    },
  });
}
