/** Data that somebody sends over TCP (seed `dlg.apps.socket_listener`, spec/engine.md 6.11). */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  DaliugeException,
  InvalidDropException,
  InvalidRelationshipException,
  messageOf,
  DROPLinkType,
} from '../../protocol/index.ts';
import { BarrierAppDROP } from '../app-drop.ts';
import type { AbstractDROP, DropKwargs } from '../drop.ts';
import { boolParam, intParam, portParam, readParams, stringParam } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { describeApp } from './python-values.ts';

const PARAMS = {
  host: stringParam('host', 'localhost', 'Address to listen on'),
  port: portParam('port', 1111, 'Port to listen on; 0: any free one', 0),
  bufsize: intParam('bufsize', 4096, 'Kept from upstream; pieces are as large as they come'),
  reuseAddr: boolParam('reuseAddr', false, 'Kept from upstream; addresses are always reusable here'),
} as const;

/** Accepts one connection and writes everything that comes to all outputs, until the other side closes. */
export class SocketListenerApp extends BarrierAppDROP {
  readonly #params;
  #listening: AddressInfo | undefined;
  #received = 0;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#params = readParams(PARAMS, kwargs, this.uid);
  }

  get host(): string {
    return this.#params.host;
  }

  get port(): number {
    return this.#params.port;
  }

  get bufsize(): number {
    return this.#params.bufsize;
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return {
      host: this.host,
      port: this.#listening?.port ?? this.port,
      isListening: this.#listening !== undefined,
      receivedBytes: this.#received,
    };
  }

  override _acceptInput(input: AbstractDROP, _type: DROPLinkType): void {
    throw new InvalidRelationshipException(
      `${describeApp(this)} gets its data from the network and takes no inputs, but ${input.uid} was linked to it.`,
      { details: { uid: this.uid, input: input.uid } },
    );
  }

  /** Links of a graph are checked when its session is deployed. */
  override async prepare(): Promise<void> {
    for (const input of [...this.inputs, ...this.streamingInputs])
      this._acceptInput(input, DROPLinkType.CONSUMER);
  }

  override async run(): Promise<void> {
    if (this.outputs.length === 0)
      throw new InvalidDropException(`${describeApp(this)} has no output for what it receives; link one.`, {
        details: { uid: this.uid },
      });
    this.#received = 0;
    const server = createServer({ pauseOnConnect: true });
    try {
      await this.#listen(server);
      this.context.log('info', this, `Waits for a connection on ${this.host}:${this.#listening?.port}.`);
      const socket = await this.#accept(server);
      // One sender only: whoever comes later is refused.
      server.close();
      if (socket) await this.#receive(socket);
    } finally {
      this.#listening = undefined;
      server.close();
    }
  }

  #listen(server: Server): Promise<void> {
    return new Promise((resolve, reject) => {
      server.once('error', (cause) =>
        reject(
          new DaliugeException(
            'PORT_IN_USE',
            `${describeApp(this)} cannot listen on ${this.host}:${this.port}: ${messageOf(cause)}`,
            { cause, details: { uid: this.uid, host: this.host, port: this.port } },
          ),
        ),
      );
      server.listen(this.port, this.host, () => {
        this.#listening = server.address() as AddressInfo;
        resolve();
      });
    });
  }

  #accept(server: Server): Promise<Socket | undefined> {
    return new Promise((resolve) => {
      server.once('connection', resolve);
      if (this.signal.aborted) resolve(undefined);
      this.signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
  }

  async #receive(socket: Socket): Promise<void> {
    const stop = (): void => void socket.destroy();
    this.signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const chunk of socket) {
        for (const output of this.outputs) await output.writeOrThrow(chunk as Uint8Array);
        this.#received += (chunk as Uint8Array).length;
      }
    } catch (cause) {
      if (this.signal.aborted) return;
      if (cause instanceof DaliugeException) throw cause;
      throw new DaliugeException(
        'REMOTE',
        `${describeApp(this)}: the connection broke after ${this.#received} bytes: ${messageOf(cause)}`,
        { cause, details: { uid: this.uid, receivedBytes: this.#received } },
      );
    } finally {
      this.signal.removeEventListener('abort', stop);
    }
  }
}

registerDrop(
  SocketListenerApp,
  'dlg.apps.socket_listener.SocketListenerApp',
  // As EAGLE's palette names it.
  'dlg.apps.socket_listener.SocketListener',
);
