/**
 * The transport of a browser against a headless node: calls by HTTP, messages by one WebSocket that is opened when the
 * first topic is subscribed and opened again, with growing pauses, when it is lost.
 */
import { HostError, isWireError, toHostError } from './errors.ts';
import type { Connection, Listener, Transport } from './transport.ts';

const CALL_PATH = '/weir/v1/call';
const PUSH_PATH = '/weir/v1/push';
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

interface Subscription {
  readonly topic: string;
  readonly params: unknown;
  readonly listener: Listener;
}

/** What the transport needs of the page; tests pass their own. */
export interface HttpScope {
  readonly origin: string;
  readonly fetch: typeof fetch;
  readonly openSocket: (url: string) => WebSocket;
  readonly later: (action: () => void, delayMs: number) => void;
}

export class HttpTransport implements Transport {
  readonly #scope: HttpScope;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #watchers = new Set<(connection: Connection) => void>();
  #socket: WebSocket | undefined;
  #connection: Connection = 'connecting';
  #nextId = 1;
  #retryMs = FIRST_RETRY_MS;
  #isRetryPlanned = false;

  constructor(scope: HttpScope) {
    this.#scope = scope;
  }

  async call(method: string, params: unknown): Promise<unknown> {
    let response: Response;
    try {
      response = await this.#scope.fetch(this.#scope.origin + CALL_PATH, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ method, params }),
      });
    } catch {
      throw new HostError(
        'HOST_UNREACHABLE',
        'The node does not answer. It may have stopped: start it again, and this page connects by itself.',
      );
    }
    return readAnswer(response);
  }

  subscribe(topic: string, params: unknown, listener: Listener): () => void {
    const id = this.#nextId++;
    this.#subscriptions.set(id, { topic, params, listener });
    if (this.#socket === undefined) this.#connect();
    else this.#send({ id, subscribe: topic, params });
    return () => {
      if (this.#subscriptions.delete(id)) this.#send({ id, cancel: true });
    };
  }

  watch(listener: (connection: Connection) => void): () => void {
    this.#watchers.add(listener);
    listener(this.#connection);
    return () => this.#watchers.delete(listener);
  }

  #connect(): void {
    const url = this.#scope.origin.replace(/^http/, 'ws') + PUSH_PATH;
    const socket = this.#scope.openSocket(url);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      this.#retryMs = FIRST_RETRY_MS;
      this.#tell('open');
      for (const [id, { topic, params }] of this.#subscriptions) this.#send({ id, subscribe: topic, params });
    });
    socket.addEventListener('message', (event: MessageEvent) => this.#receive(event.data));
    socket.addEventListener('close', () => this.#lost(socket));
  }

  #lost(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#tell('lost');
    if (this.#isRetryPlanned) return;
    this.#isRetryPlanned = true;
    const delayMs = this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
    this.#scope.later(() => {
      this.#isRetryPlanned = false;
      if (this.#socket === undefined) this.#connect();
    }, delayMs);
  }

  /** Sends when the socket is open; otherwise the subscriptions are sent once it is. */
  #send(message: object): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  #receive(data: unknown): void {
    if (typeof data !== 'string') return;
    const { id, message, error } = JSON.parse(data) as { id?: number; message?: unknown; error?: unknown };
    const subscription = id === undefined ? undefined : this.#subscriptions.get(id);
    if (id === undefined || subscription === undefined) return;
    if (error === undefined) subscription.listener.message(message);
    else {
      this.#subscriptions.delete(id);
      subscription.listener.error(toHostError(error));
    }
  }

  #tell(connection: Connection): void {
    if (this.#connection === connection) return;
    this.#connection = connection;
    for (const watcher of this.#watchers) watcher(connection);
  }
}

/** The result in an answer, or throws the error in it. */
async function readAnswer(response: Response): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await response.json();
  } catch {
    throw new HostError(
      'HOST_ANSWER',
      `The node answered with status ${response.status} and no JSON. Is another program listening at this address?`,
    );
  }
  if (response.status === 413) {
    throw new HostError(
      'GRAPH_TOO_LARGE',
      'This is more than a node takes in one request. Open the file in the desktop window, or run it with “weir run FILE”.',
    );
  }
  const { result, error } = (answer ?? {}) as { result?: unknown; error?: unknown };
  if (isWireError(error)) throw toHostError(error);
  if (isWireError(answer)) throw toHostError(answer);
  if (!response.ok) throw new HostError('HOST_ANSWER', `The node answered with status ${response.status}.`);
  return result;
}
