/**
 * The bridge to the page. Runs sandboxed, as one CommonJS file, and gives the page the verbs of contract.ts: no Electron
 * object, no event, no channel name reaches it.
 */
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import {
  CHANNELS,
  OPEN_GRAPH_DIALOG,
  type CallRequest,
  type ChosenGraph,
  type PushMessage,
  type Reply,
  type SubscribeRequest,
  type WeirBridge,
} from './contract.ts';

const listeners = new Map<number, (message: unknown) => void>();
let lastId = 0;

ipcRenderer.on(CHANNELS.message, (_event, { id, message }: PushMessage) => listeners.get(id)?.(message));

async function call(method: string, params: unknown): Promise<unknown> {
  const request: CallRequest = { method, params };
  const reply = (await ipcRenderer.invoke(CHANNELS.call, request)) as Reply;
  // Plain data, not an Error: of an Error the bridge would keep only the text.
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  return reply.ok ? reply.value : Promise.reject(reply.error);
}

const subscribe: WeirBridge['subscribe'] = (topic, params, listener) => {
  const id = ++lastId;
  listeners.set(id, listener);
  const request: SubscribeRequest = { id, topic, params };
  void ipcRenderer.invoke(CHANNELS.subscribe, request).then((reply: Reply) => {
    if (!reply.ok && listeners.delete(id)) listener({ error: reply.error });
  });
  return () => {
    if (listeners.delete(id)) ipcRenderer.send(CHANNELS.cancel, id);
  };
};

const bridge: WeirBridge = {
  call,
  subscribe,
  openGraphDialog: () => call(OPEN_GRAPH_DIALOG, {}) as Promise<ChosenGraph | null>,
  pathForFile: (file) => webUtils.getPathForFile(file as Parameters<typeof webUtils.getPathForFile>[0]),
};
contextBridge.exposeInMainWorld('weir', bridge);
