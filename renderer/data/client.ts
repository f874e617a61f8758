/** The typed face of the data layer: what pages and components call. They never see a transport. */
import type {
  MethodName,
  MethodParams,
  MethodResult,
  TopicMessage,
  TopicName,
  TopicParams,
} from '../../engine/api/contract.ts';
import { toHostError, type HostError } from './errors.ts';
import { HttpTransport } from './http-transport.ts';
import { findBridge, IpcTransport, type WeirBridge } from './ipc-transport.ts';
import type { Connection, Transport } from './transport.ts';

export interface Client {
  /** The desktop's own abilities; undefined in a browser. */
  readonly bridge: WeirBridge | undefined;
  call<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodResult<M>>;
  subscribe<T extends TopicName>(
    topic: T,
    params: TopicParams<T>,
    onMessage: (message: TopicMessage<T>) => void,
    onError: (error: HostError) => void,
  ): () => void;
  watchConnection(listener: (connection: Connection) => void): () => void;
}

/** A client over any transport. */
export function createClient(transport: Transport, bridge?: WeirBridge): Client {
  return {
    bridge,
    call: async <M extends MethodName>(method: M, params: MethodParams<M>) =>
      (await transport.call(method, params)) as MethodResult<M>,
    subscribe: <T extends TopicName>(
      topic: T,
      params: TopicParams<T>,
      onMessage: (message: TopicMessage<T>) => void,
      onError: (error: HostError) => void,
    ) =>
      transport.subscribe(topic, params, {
        message: (message) => onMessage(message as TopicMessage<T>),
        error: (error) => onError(toHostError(error)),
      }),
    watchConnection: (listener) => transport.watch(listener),
  };
}

/** The client of this page: over the preload's bridge in Electron, else over HTTP to where the page came from. */
export function connect(): Client {
  const bridge = findBridge();
  if (bridge !== undefined) return createClient(new IpcTransport(bridge), bridge);
  return createClient(
    new HttpTransport({
      origin: location.origin,
      fetch: (input, init) => fetch(input, init),
      openSocket: (url) => new WebSocket(url),
      later: (action, delayMs) => void setTimeout(action, delayMs),
    }),
  );
}
