/**
 * The client and the server of `dlg.rpc`. They have the names and the doings of upstream's ZeroRPC classes; what goes over
 * the wire are frames of Weir's own on TCP, no ZeroMQ.
 */
import { createServer, connect, type Server, type Socket } from 'node:net';
import { isWeirError, messageOf, WeirError } from '../../protocol/index.ts';
import { FrameParser, frameBytes, type Frame } from '../util/frames.ts';
import { RPCClientBase, RPCServerBase } from './base.ts';
import { packed, unpacked } from './values.ts';

const PEER = 'An RPC peer';
/** A connection that is not there by then will not be. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A server that owes an answer and gives no sign of life for so long is taken for gone, in milliseconds. */
const SILENCE_MS = 30_000;
/** What it is asked meanwhile: it has no such method, and says so. */
const SIGN_OF_LIFE = { t: 'call', id: 0, method: '' } as const;

/** A call on its way (seed `ZeroRPCClient.request`): `queue` gets the response. */
export interface RpcRequest {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly queue: { put(response: RpcResponse): void };
}

/** What came back (seed `ZeroRPCClient.response`). */
export interface RpcResponse {
  readonly value: unknown;
  readonly isException: boolean;
}

/** One connection and the calls that wait on it. */
class Endpoint {
  readonly name: string;
  readonly #waiting = new Map<number, RpcRequest>();
  readonly #socket: Socket;
  readonly #gone: () => void;
  #lastId = 0;
  /** Whether it was asked for a sign of life and gave none yet. */
  #isAsked = false;

  constructor(host: string, port: number, silenceMs: number, gone: () => void) {
    this.name = `${host}:${port}`;
    this.#gone = gone;
    const parser = new FrameParser(PEER);
    const socket = connect({ host, port });
    this.#socket = socket;
    socket.setNoDelay(true).setTimeout(CONNECT_TIMEOUT_MS);
    socket.once('connect', () => socket.setTimeout(silenceMs / 2));
    socket.on('timeout', () => {
      if (socket.connecting)
        socket.destroy(new Error(`there was no connection after ${CONNECT_TIMEOUT_MS / 1000} s`));
      else if (this.#isAsked)
        socket.destroy(new Error(`the server gave no sign of life for ${silenceMs / 1000} s`));
      else if (this.#waiting.size > 0) {
        this.#isAsked = true;
        socket.write(frameBytes(SIGN_OF_LIFE, [], PEER));
      }
    });
    socket.on('data', (chunk) => {
      this.#isAsked = false;
      try {
        for (const frame of parser.push(chunk)) this.#answered(frame);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    let why = 'the connection was closed';
    socket.on('error', (error) => (why = messageOf(error)));
    socket.once('close', () => this.#lost(why));
  }

  send(request: RpcRequest): void {
    const id = ++this.#lastId;
    const attachments: Uint8Array[] = [];
    const args = packed(request.args, attachments);
    const bytes = frameBytes({ t: 'call', id, method: request.method, args }, attachments, PEER);
    this.#waiting.set(id, request);
    this.#socket.write(bytes);
  }

  #answered({ header, attachments }: Frame): void {
    const id = header['id'] as number;
    const request = this.#waiting.get(id);
    this.#waiting.delete(id);
    request?.queue.put({
      value: unpacked(header['value'], attachments),
      isException: header['isException'] === true,
    });
  }

  #lost(why: string): void {
    this.#gone();
    for (const { method, queue } of this.#waiting.values())
      queue.put({
        value: { message: `${method} at ${this.name} was not answered: ${why}` },
        isException: true,
      });
    this.#waiting.clear();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Calls methods of servers; one connection for each, which is made when it is first needed. */
export class ZeroRPCClient extends RPCClientBase {
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #silenceMs: number;

  /** `silenceMs`: how long a server that owes an answer may give no sign of life. A call may take as long as it does. */
  constructor(silenceMs = SILENCE_MS) {
    super();
    this.#silenceMs = silenceMs;
  }

  static request(method: string, args: readonly unknown[], queue: RpcRequest['queue']): RpcRequest {
    return { method, args, queue };
  }

  static response(value: unknown, isException: boolean): RpcResponse {
    return { value, isException };
  }

  override async call(
    host: string,
    port: number,
    method: string,
    args: readonly unknown[],
  ): Promise<unknown> {
    if (!this.rpcRunning) throw new WeirError('USAGE', 'This RPC client is not running; start() it first.');
    const { value, isException } = await new Promise<RpcResponse>((resolve) => {
      this.#endpoint(host, port).send(ZeroRPCClient.request(method, args, { put: resolve }));
    });
    if (!isException) return value;
    const { message, ...details } = value as { message: string };
    throw new WeirError('REMOTE', message, { details: { ...details, host, port, method } });
  }

  #endpoint(host: string, port: number): Endpoint {
    const name = `${host}:${port}`;
    const there = this.#endpoints.get(name);
    if (there) return there;
    const made = new Endpoint(host, port, this.#silenceMs, () => this.#endpoints.delete(name));
    this.#endpoints.set(name, made);
    return made;
  }

  /** Closes all connections; calls that wait are rejected. */
  override async shutdown(): Promise<void> {
    await super.shutdown();
    for (const endpoint of this.#endpoints.values()) endpoint.close();
  }
}

/**
 * Answers calls of clients with the public methods of the object it is given, or with its own where a class derives from
 * it. Whoever reaches its port may call them: bind it to `localhost` unless the network is yours.
 */
export class ZeroRPCServer extends RPCServerBase {
  readonly #exposed: object;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(host: string, port: number, exposed?: object) {
    super(host, port);
    this.#exposed = exposed ?? this;
  }

  /** Resolves when it listens. Rejects with PORT_IN_USE. */
  override async start(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) =>
        reject(
          new WeirError(
            'PORT_IN_USE',
            `The RPC server cannot listen on ${this.rpcHost}:${this.rpcPort}: ${messageOf(cause)}`,
            { cause },
          ),
        ),
      );
      server.listen(this.rpcPort, this.rpcHost, resolve);
    });
    this.#server = server;
    const address = server.address();
    if (typeof address === 'object' && address) this.listensOn(address.port);
    await super.start();
  }

  override async shutdown(): Promise<void> {
    await super.shutdown();
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const parser = new FrameParser(PEER);
    socket.setNoDelay(true);
    socket.once('close', () => this.#sockets.delete(socket));
    // A client that goes away is its own affair.
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      try {
        for (const frame of parser.push(chunk)) void this.#answer(socket, frame);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
  }

  async #answer(socket: Socket, { header, attachments }: Frame): Promise<void> {
    const id = header['id'];
    let reply: Buffer;
    try {
      const value = await this.#call(String(header['method']), unpacked(header['args'], attachments));
      const parts: Uint8Array[] = [];
      reply = frameBytes({ t: 'answer', id, value: packed(value, parts) }, parts, PEER);
    } catch (error) {
      const known = isWeirError(error) ? error.toJSON() : { message: messageOf(error) };
      reply = frameBytes({ t: 'answer', id, isException: true, value: plainError(known) });
    }
    if (!socket.destroyed) socket.write(reply);
  }

  async #call(method: string, args: unknown): Promise<unknown> {
    // Starting and stopping the server is not for its clients.
    const isOwn = this.#exposed === this && method in ZeroRPCServer.prototype;
    if (isOwn || !isPublicMethod(this.#exposed, method))
      throw new WeirError('USAGE', `This RPC server has no method ${method}.`);
    const own = this.#exposed as Record<string, (...values: unknown[]) => unknown>;
    return own[method]?.(...(args as unknown[]));
  }
}

/** Details that cannot travel are left out: the message says what matters. */
function plainError(error: object): unknown {
  try {
    return packed(error, []);
  } catch {
    return { message: (error as { message: string }).message };
  }
}

/** Whether an object offers `name` to others: a method of its class, neither internal nor one every object has. */
export function isPublicMethod(object: object, name: string): boolean {
  if (name.startsWith('_') || name in Object.prototype) return false;
  for (
    let place: object | null = object;
    place && place !== Object.prototype;
    place = Object.getPrototypeOf(place) as object | null
  ) {
    const found = Object.getOwnPropertyDescriptor(place, name);
    if (found) return typeof found.value === 'function';
  }
  return false;
}

/** Upstream's names for what it uses. */
export const RPCClient = ZeroRPCClient;
export type RPCClient = ZeroRPCClient;
export const RPCServer = ZeroRPCServer;
export type RPCServer = ZeroRPCServer;
