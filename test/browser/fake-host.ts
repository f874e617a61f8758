/**
 * A Host made up for tests of the window: serves the built page with the real security policy, answers the contract from
 * made-up sessions, pushes what a test tells it to. Started by hand it is a playground:
 *
 *   node test/browser/fake-host.ts 8123 full
 */
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { WebSocketServer, type WebSocket } from 'ws';
import type { MethodParams, Sample, SessionSummary } from '../../engine/api/contract.ts';
import { messageOf } from '../../engine/protocol/index.ts';
import {
  fakeComparison,
  fakeComparisonGraph,
  fakeProof,
  fakeReproducibility,
  fakeVerification,
} from './fake-reproducibility.ts';
import { FakeSession } from './fake-session.ts';

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export const SAMPLES: Sample[] = [
  { id: 'hello', name: 'Hello, world', description: 'One application writes a greeting into a file.' },
  {
    id: 'pipeline',
    name: 'Shell pipeline',
    description: 'Three commands hand files to each other through ports.',
  },
  {
    id: 'failure',
    name: 'A failure in the middle',
    description: 'One of four branches fails on purpose: see how errors are shown.',
  },
];

interface Subscriber {
  readonly socket: WebSocket;
  readonly id: number;
  readonly topic: string;
  readonly sessionId: string | undefined;
}

class Refusal extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export class FakeHost {
  readonly sessions = new Map<string, FakeSession>();
  readonly samples: Sample[] = [...SAMPLES];
  /** Id of a drop whose record verifications find altered. */
  altered: string | undefined;
  /** Every call so far, for tests that count them. */
  readonly calls: { readonly method: string; readonly params: unknown }[] = [];
  readonly #subscribers = new Set<Subscriber>();
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #root: string;
  #started = 0;

  constructor(pageDir: string) {
    this.#root = pageDir;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#sockets = new WebSocketServer({ server: this.#server, path: '/weir/v1/push' });
    this.#sockets.on('connection', (socket) => this.#connected(socket));
  }

  /** Listens on loopback. Returns the address. */
  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.dropConnections();
    this.#sockets.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** As when the network goes: every push channel ends. */
  dropConnections(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  add(session: FakeSession): FakeSession {
    this.sessions.set(session.id, session);
    this.#pushList([session.summary()], []);
    return session;
  }

  /** Moves a session on and tells everyone. */
  advance(session: FakeSession, count: number): void {
    const errors = session.errors.length;
    const logs = session.logs.length;
    const rows = session.advance(count);
    const states = rows.map((row) => session.states(row));
    this.#push('session', session.id, {
      type: 'delta',
      summary: session.summary(),
      rows,
      status: states.map(([status]) => status),
      execStatus: states.map(([, exec]) => exec),
      overflow: false,
      errors: session.errors.slice(errors),
      logs: session.logs.slice(logs),
    });
    this.#pushList([session.summary()], []);
  }

  // --- HTTP ------------------------------------------------------------------------------------------------------

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/weir/v1/call') return this.#call(request, response);
    const file = path.join(this.#root, pathname === '/' ? 'index.html' : pathname);
    if (!file.startsWith(this.#root) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-security-policy': CSP });
    createReadStream(file).pipe(response);
  }

  async #call(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, params } = JSON.parse(Buffer.concat(chunks).toString()) as {
      method: string;
      params: never;
    };
    this.calls.push({ method, params });
    let status = 200;
    let answer: unknown;
    try {
      answer = { result: this.#answer(method, params) };
    } catch (error) {
      status = 400;
      const code = error instanceof Refusal ? error.code : 'INTERNAL';
      answer = { error: { code, name: 'WeirError', message: messageOf(error), details: {} } };
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  #session(sessionId: string): FakeSession {
    const session = this.sessions.get(sessionId);
    if (session === undefined)
      throw new Refusal('SESSION_UNKNOWN', `There is no session "${sessionId}" here.`);
    return session;
  }

  #row(session: FakeSession, uid: string): number {
    const row = session.row(uid);
    if (row === undefined)
      throw new Refusal('DROP_NOT_FOUND', `The session "${session.id}" has no drop "${uid}".`);
    return row;
  }

  #answer(method: string, params: never): unknown {
    const answers: Readonly<Record<string, (params: never) => unknown>> = {
      'host.info': () => HOST_INFO,
      'retention.rules': () => ({ rules: [], file: null }),
      'samples.list': () => ({ samples: this.samples }),
      'graphs.inspect': (p: MethodParams<'graphs.inspect'>) => inspect(p.source),
      'sessions.list': (p: MethodParams<'sessions.list'>) => this.#list(p),
      'sessions.get': (p: MethodParams<'sessions.get'>) => this.#session(p.sessionId).detail(),
      'sessions.run': (p: MethodParams<'sessions.run'>) => this.#run(p),
      'sessions.cancel': (p: MethodParams<'sessions.cancel'>) => this.#cancel(this.#session(p.sessionId)),
      'sessions.delete': (p: MethodParams<'sessions.delete'>) => this.#delete(p.sessionId),
      'sessions.drops': (p: MethodParams<'sessions.drops'>) => this.#session(p.sessionId).drops(p),
      'sessions.drop': (p: MethodParams<'sessions.drop'>) => {
        const session = this.#session(p.sessionId);
        return session.drop(this.#row(session, p.uid));
      },
      'sessions.content': (p: MethodParams<'sessions.content'>) => {
        const session = this.#session(p.sessionId);
        return session.content(this.#row(session, p.uid), p.offset, p.limit);
      },
      'sessions.graph': (p: MethodParams<'sessions.graph'>) =>
        this.#session(p.sessionId).graph(p.folded, p.limit),
      'sessions.reproducibility': (p: MethodParams<'sessions.reproducibility'>) => {
        const session = this.#session(p.sessionId);
        return fakeReproducibility(session.id, session.size, session.finishedAt !== null);
      },
      'sessions.verify': (p: MethodParams<'sessions.verify'>) =>
        fakeVerification(this.#session(p.sessionId).size, this.altered),
      'sessions.prove': (p: MethodParams<'sessions.prove'>) => {
        const session = this.#session(p.sessionId);
        return { proof: fakeProof(session.id, p.uid, this.#row(session, p.uid)) };
      },
      'sessions.compare': (p: MethodParams<'sessions.compare'>) => {
        this.#session(p.a);
        this.#session(p.b);
        return fakeComparison();
      },
      'sessions.compareGraph': () => fakeComparisonGraph(),
      'sessions.block': (p: MethodParams<'sessions.block'>) => {
        throw new Refusal('REPRO_INVALID', `Session ${p.sessionId} has no blocks: it is made up.`);
      },
      'sessions.rerun': (p: MethodParams<'sessions.rerun'>) =>
        this.#run({ source: { sessionId: p.sessionId } }),
      'sessions.logs': (p: MethodParams<'sessions.logs'>) => this.#logs(p),
    };
    const answer = answers[method];
    if (answer === undefined) throw new Refusal('USAGE', `There is no method "${method}".`);
    return answer(params);
  }

  #list({ text = '', status, limit = 200, offset = 0 }: MethodParams<'sessions.list'>) {
    const found = [...this.sessions.values()]
      .map((session) => session.summary())
      .filter(
        (summary) =>
          `${summary.graphName} ${summary.sessionId}`.toLowerCase().includes(text.toLowerCase()) &&
          (status === undefined || summary.status === status),
      )
      .sort((a, b) => b.createdAt - a.createdAt);
    return { sessions: found.slice(offset, offset + limit), total: found.length };
  }

  #run({ source }: MethodParams<'sessions.run'>) {
    const sessionId = `run-${++this.#started}`;
    const graphName =
      'sample' in source ? `${source.sample}.graph` : 'name' in source ? source.name : 'again.graph';
    this.add(new FakeSession({ sessionId, graphName, width: 3, createdAt: Date.now() }));
    return { sessionId };
  }

  #cancel(session: FakeSession) {
    session.cancel();
    const summary = session.summary();
    const nothing = { rows: [], status: [], execStatus: [], errors: [], logs: [] };
    this.#push('session', session.id, { type: 'delta', summary, ...nothing, overflow: true });
    this.#pushList([summary], []);
    return { done: true };
  }

  #delete(sessionId: string) {
    this.#session(sessionId);
    this.sessions.delete(sessionId);
    this.#push('session', sessionId, { type: 'gone' });
    this.#pushList([], [sessionId]);
    return { done: true };
  }

  #logs({ sessionId, offset, limit, level, text = '' }: MethodParams<'sessions.logs'>) {
    const found = this.#session(sessionId).logs.filter(
      (entry) =>
        (level === undefined || entry.level === level) &&
        entry.message.toLowerCase().includes(text.toLowerCase()),
    );
    return { entries: found.slice(offset, offset + limit), total: found.length };
  }

  // --- push ------------------------------------------------------------------------------------------------------

  #connected(socket: WebSocket): void {
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as {
        id: number;
        subscribe?: string;
        params?: { sessionId?: string };
        cancel?: true;
      };
      if (message.cancel) {
        for (const known of this.#subscribers) {
          if (known.socket === socket && known.id === message.id) this.#subscribers.delete(known);
        }
      } else
        this.#subscribe({
          socket,
          id: message.id,
          topic: message.subscribe ?? '',
          sessionId: message.params?.sessionId,
        });
    });
    socket.on('close', () => {
      for (const known of this.#subscribers) if (known.socket === socket) this.#subscribers.delete(known);
    });
  }

  #subscribe(subscriber: Subscriber): void {
    const { socket, id, topic, sessionId } = subscriber;
    if (topic === 'sessions') {
      const { sessions, total } = this.#list({});
      socket.send(JSON.stringify({ id, message: { type: 'snapshot', sessions, total } }));
    } else {
      const session = this.sessions.get(sessionId ?? '');
      if (session === undefined) {
        const error = {
          code: 'SESSION_UNKNOWN',
          name: 'NoSessionException',
          message: `There is no session "${sessionId}" here.`,
          details: {},
        };
        socket.send(JSON.stringify({ id, error }));
        return;
      }
      socket.send(JSON.stringify({ id, message: { type: 'snapshot', summary: session.summary() } }));
    }
    this.#subscribers.add(subscriber);
  }

  #push(topic: string, sessionId: string | undefined, message: unknown): void {
    for (const subscriber of this.#subscribers) {
      if (subscriber.topic !== topic || subscriber.sessionId !== sessionId) continue;
      subscriber.socket.send(JSON.stringify({ id: subscriber.id, message }));
    }
  }

  #pushList(changed: readonly SessionSummary[], removed: readonly string[]): void {
    this.#push('sessions', undefined, { type: 'delta', changed, removed });
  }
}

const HOST_INFO = {
  version: '0.1.0',
  apiVersion: 1,
  nodeVersion: 'v24.21.0',
  electronVersion: null,
  platform: 'linux x64',
  hostName: 'kiwi',
  dataDir: '/home/ada/.local/share/weir',
  url: 'http://127.0.0.1:8123',
  pid: 4711,
};

function inspect(source: MethodParams<'graphs.inspect'>['source']) {
  if (!('text' in source)) return { kind: 'physical', name: 'graph', drops: 3, problems: [] };
  let drops: unknown;
  try {
    drops = JSON.parse(source.text);
  } catch (error) {
    throw new Refusal('GRAPH_NOT_JSON', `${source.name} is not JSON: ${messageOf(error)}.`);
  }
  const list = Array.isArray(drops) ? drops : [];
  const problems =
    list.length > 0
      ? []
      : [
          {
            code: 'GRAPH_INVALID',
            message: `${source.name} should be a list of dropspecs, but it holds ${typeof drops}.`,
          },
        ];
  return { kind: 'physical', name: source.name, drops: list.length, problems };
}

/** Eight sessions of many kinds; one of them has three drops for each of `bigWidth` branches. */
export function fillWithSessions(host: FakeHost, bigWidth = 300): void {
  const now = Date.now();
  const hour = 3_600_000;
  const finished = (
    sessionId: string,
    graphName: string,
    width: number,
    ageMs: number,
    failing: number[] = [],
  ) => {
    const session = host.add(
      new FakeSession({ sessionId, graphName, width, createdAt: now - ageMs, failing }),
    );
    session.advance(session.size);
    return session;
  };
  finished('2026-11-25T09-12-44_meerkat-cal', 'meerkat-calibration.graph', 32, 2 * hour);
  finished('2026-11-25T08-02-10_meerkat-cal', 'meerkat-calibration.graph', 32, 3 * hour, [4, 17]);
  finished('2026-11-24T17-40-00_big', 'askap-spectral-line-100k.graph', bigWidth, 26 * hour);
  finished('2026-10-02T11-00-00_hello', 'hello-world.graph', 1, 54 * 24 * hour);
  const cancelled = host.add(
    new FakeSession({
      sessionId: '2026-11-25T07-30-00_lofar',
      graphName: 'lofar-imaging.graph',
      width: 8,
      createdAt: now - 4 * hour,
    }),
  );
  cancelled.advance(9);
  cancelled.cancel();
  const interrupted = host.add(
    new FakeSession({
      sessionId: '2026-11-23T22-00-00_vla',
      graphName: 'vla-selfcal.graph',
      width: 40,
      createdAt: now - 46 * hour,
    }),
  );
  interrupted.advance(70);
  interrupted.status = 'INTERRUPTED';
  const long =
    'an-extraordinarily-long-graph-name-that-someone-exported-from-a-notebook-with-every-parameter-in-it_v2_final_really-final.graph';
  finished(`2026-11-22T10-00-00_${long}`, long, 4, 72 * hour, [0, 1, 2, 3]);
  const running = host.add(
    new FakeSession({
      sessionId: '2026-11-25T11-14-02_running',
      graphName: 'meerkat-calibration.graph',
      width: 32,
      createdAt: now - 4000,
    }),
  );
  running.advance(41);
}

if (process.argv[1] === import.meta.filename) {
  const { buildPage } = await import('./page.ts');
  const host = new FakeHost(await buildPage());
  if (process.argv[3] === 'full') fillWithSessions(host, 33_332);
  process.stdout.write(`${await host.listen(Number(process.argv[2] ?? 0))}\n`);
}
