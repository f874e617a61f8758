/** Drops of other processes by remote calls (seed `dlg.rpc`). */
export * from './base.ts';
export * from './drop-proxy.ts';
export {
  RPCClient,
  RPCServer,
  ZeroRPCClient,
  ZeroRPCServer,
  type RpcRequest,
  type RpcResponse,
} from './zero-rpc.ts';
