/** Drops of another process (seed `dlg.rpc.DropProxy`, spec/engine.md 11.1), and the methods a server needs for them. */
import { NoDropException, WeirError } from '../../protocol/index.ts';
import type { AbstractDROP } from '../drop.ts';
import type { RPCClientBase } from './base.ts';
import { isPublicMethod } from './zero-rpc.ts';

/** The methods by which a server lets clients at its drops. `find` looks a drop up. */
export class DropMethods {
  readonly #find: (sessionId: string, uid: string) => AbstractDROP | undefined;

  constructor(find: (sessionId: string, uid: string) => AbstractDROP | undefined) {
    this.#find = find;
  }

  #drop(sessionId: string, uid: string): AbstractDROP {
    const drop = this.#find(sessionId, uid);
    if (drop) return drop;
    throw new NoDropException(`Session "${sessionId}" has no drop ${uid} here.`, {
      details: { sessionId, uid },
    });
  }

  hasMethod(sessionId: string, uid: string, name: string): boolean {
    return isPublicMethod(this.#drop(sessionId, uid), name);
  }

  /** The value of a property. Drops in it are given by their uid. Throws for one that does not exist. */
  getDropProperty(sessionId: string, uid: string, name: string): unknown {
    const drop = this.#drop(sessionId, uid);
    if (name.startsWith('_') || !(name in drop) || isPublicMethod(drop, name))
      throw new WeirError('USAGE', `Drop ${uid} (${drop.constructor.name}) has no property ${name}.`, {
        details: { sessionId, uid, name },
      });
    return withoutDrops((drop as unknown as Record<string, unknown>)[name]);
  }

  async callDrop(
    sessionId: string,
    uid: string,
    name: string,
    ...args: readonly unknown[]
  ): Promise<unknown> {
    const drop = this.#drop(sessionId, uid);
    if (!isPublicMethod(drop, name))
      throw new WeirError('USAGE', `Drop ${uid} (${drop.constructor.name}) has no method ${name}.`, {
        details: { sessionId, uid, name },
      });
    const methods = drop as unknown as Record<string, (...values: readonly unknown[]) => unknown>;
    return withoutDrops(await methods[name]?.(...args));
  }
}

function isDrop(value: unknown): value is AbstractDROP {
  return typeof value === 'object' && value !== null && 'uid' in value && '_row' in value;
}

function withoutDrops(value: unknown): unknown {
  if (isDrop(value)) return value.uid;
  return Array.isArray(value) ? value.map(withoutDrops) : value;
}

/** Where a drop is. */
export interface ProxyInfo {
  readonly hostname: string;
  readonly port: number;
  readonly sessionId: string;
  readonly uid: string;
}

/** What a member of a drop is on its proxy: to be called, or awaited for its value. */
export type RemoteMember = ((...args: readonly unknown[]) => Promise<unknown>) & PromiseLike<unknown>;

/** Relations a proxy has none of, so that whoever walks through a graph stops at it. */
const NO_RELATIONS = ['inputs', 'streamingInputs', 'outputs', 'consumers', 'streamingConsumers', 'producers'];

/**
 * A drop of another process. Its members are reached through the client: `await proxy.status` is the value of a property,
 * `await proxy.write(data)` calls a method. `uid` is known here; relations are empty lists; events are ignored. It cannot be
 * linked to drops of this process.
 */
export class DropProxy {
  readonly uid: string;
  readonly proxyInfo: ProxyInfo;
  readonly [member: string]: unknown;

  constructor(rpcClient: RPCClientBase, hostname: string, port: number, sessionId: string, uid: string) {
    this.uid = uid;
    this.proxyInfo = { hostname, port, sessionId, uid };
    return new Proxy(this, {
      get: (own, name, receiver) => {
        // `then`: a proxy is no promise.
        if (typeof name === 'symbol' || name === 'then' || name in own)
          return Reflect.get(own, name, receiver) as unknown;
        if (NO_RELATIONS.includes(name)) return [];
        return remoteMember(rpcClient, own.proxyInfo, name);
      },
    });
  }

  handleEvent(): void {
    // What happens here does not concern a drop that is elsewhere.
  }
}

function remoteMember(
  client: RPCClientBase,
  { hostname, port, sessionId, uid }: ProxyInfo,
  name: string,
): RemoteMember {
  const call = (...args: readonly unknown[]) =>
    client.call(hostname, port, 'callDrop', [sessionId, uid, name, ...args]);
  const then: PromiseLike<unknown>['then'] = (onValue, onError) =>
    client.call(hostname, port, 'getDropProperty', [sessionId, uid, name]).then(onValue, onError);
  return Object.assign(call, { then });
}
