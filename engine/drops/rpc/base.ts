/** What RPC clients and servers have in common (seed `dlg.rpc`, spec/engine.md 11.1). */
import { WeirError } from '../../protocol/index.ts';

/** The base of clients and servers: something that is started and shut down. */
export abstract class RPCObject {
  #isRunning = false;

  /** Whether it was started and not shut down yet (seed `rpc_running`). */
  get rpcRunning(): boolean {
    return this.#isRunning;
  }

  async start(): Promise<void> {
    this.#isRunning = true;
  }

  async shutdown(): Promise<void> {
    this.#isRunning = false;
  }
}

/** The base of clients: attributes of drops elsewhere. */
export abstract class RPCClientBase extends RPCObject {
  /** Calls `method` of the server at `host:port`. Rejects with REMOTE that carries what the server said. */
  abstract call(host: string, port: number, method: string, args: readonly unknown[]): Promise<unknown>;

  /** A function that calls the method `name` of a drop, or the value of its property `name`. */
  async getDropAttribute(
    host: string,
    port: number,
    sessionId: string,
    uid: string,
    name: string,
  ): Promise<unknown> {
    const isMethod = await this.call(host, port, 'hasMethod', [sessionId, uid, name]);
    return isMethod === true
      ? (...args: readonly unknown[]) => this.call(host, port, 'callDrop', [sessionId, uid, name, ...args])
      : this.call(host, port, 'getDropProperty', [sessionId, uid, name]);
  }
}

/** The base of servers, bound to `host` (a port behind a colon is cut off) and `port`. */
export abstract class RPCServerBase extends RPCObject {
  readonly rpcHost: string;
  #port: number;

  constructor(host: string, port: number) {
    super();
    this.rpcHost = host.split(':', 1)[0] as string;
    this.#port = port;
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw new WeirError('USAGE', `The port of an RPC server must be from 0 to 65535, but is ${port}.`);
  }

  /** The port it listens on; the one the system chose, where it was to be 0. */
  get rpcPort(): number {
    return this.#port;
  }

  protected listensOn(port: number): void {
    this.#port = port;
  }
}
