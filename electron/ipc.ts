/**
 * The main-side end of the bridge, and the only place that touches ipcMain: three verbs, each with its sender checked and
 * its input's shape looked at before anything is done with it.
 */
import type { IpcMain, IpcMainEvent, IpcMainInvokeEvent, WebContents } from 'electron';
import { isWeirError, messageOf } from '../engine/protocol/index.ts';
import { CHANNELS, type PushMessage, type Reply, type WireError } from './contract.ts';
import { isAppUrl } from './security.ts';

/** What answers the page: the Host, with the shell's own methods and topics in front of it. */
export interface Answerer {
  call(method: string, params: unknown): Promise<unknown>;
  /** Answers a function that ends the subscription. May throw a WeirError. */
  subscribe(topic: string, params: unknown, listener: (message: unknown) => void): () => void;
}

export interface IpcOptions {
  readonly ipcMain: Pick<IpcMain, 'handle' | 'on'>;
  readonly answerer: Answerer;
  /** Whether these web contents belong to a window of ours. */
  readonly isOurs: (contents: WebContents) => boolean;
}

/** A page that has more subscriptions than this has lost track of them. */
const MAX_SUBSCRIPTIONS = 1_000;

/** An error as it crosses to the page. Ours keep code, name and details; others are faults of Weir and keep their text. */
export function toWireError(error: unknown): WireError {
  if (isWeirError(error)) {
    const { code, name, message, details } = error;
    return { code, name, message, details: plain(details) };
  }
  return {
    code: 'INTERNAL',
    name: 'WeirError',
    message: `This is a fault of Weir: ${messageOf(error)}`,
    details: {},
  };
}

/** Details that cannot be cloned (a function, a socket) must not turn an error into another error. */
function plain(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(JSON.stringify(details)) as Record<string, unknown>;
  } catch (error) {
    return { unreadable: messageOf(error) };
  }
}

function refused(message: string): Reply {
  return { ok: false, error: { code: 'USAGE', name: 'WeirError', message, details: {} } };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** Connects the verbs. Subscriptions of a page end with it: when it is closed, reloaded or has crashed. */
export function serveIpc({ ipcMain, answerer, isOurs }: IpcOptions): void {
  const subscriptions = new Subscriptions();
  const isTrusted = (event: IpcMainInvokeEvent | IpcMainEvent): boolean => {
    const frame = event.senderFrame;
    // A frame that has navigated away or been closed is null; a subframe is never ours.
    return frame !== null && frame.parent === null && isAppUrl(frame.url) && isOurs(event.sender);
  };

  ipcMain.handle(CHANNELS.call, async (event, request: unknown): Promise<Reply> => {
    if (!isTrusted(event)) return refused('Weir answers its own window only.');
    const { method, params } = fieldsOf(request);
    if (typeof method !== 'string') return refused('A call names a method.');
    try {
      return { ok: true, value: await answerer.call(method, params ?? {}) };
    } catch (error) {
      return { ok: false, error: toWireError(error) };
    }
  });

  ipcMain.handle(CHANNELS.subscribe, (event, request: unknown): Reply => {
    if (!isTrusted(event)) return refused('Weir answers its own window only.');
    const { id, topic, params } = fieldsOf(request);
    if (typeof topic !== 'string' || !Number.isSafeInteger(id)) {
      return refused('A subscription names a topic and a number of its own.');
    }
    try {
      subscriptions.add(event.sender, id as number, (listener) =>
        answerer.subscribe(topic, params ?? {}, listener),
      );
      return { ok: true, value: null };
    } catch (error) {
      return { ok: false, error: toWireError(error) };
    }
  });

  ipcMain.on(CHANNELS.cancel, (event, id: unknown) => {
    if (isTrusted(event) && typeof id === 'number') subscriptions.cancel(event.sender, id);
  });
}

type Subscribe = (listener: (message: unknown) => void) => () => void;

/** Who listens to what, per page. */
class Subscriptions {
  readonly #pages = new Map<WebContents, Map<number, () => void>>();

  add(page: WebContents, id: number, subscribe: Subscribe): void {
    const ends = this.#endsOf(page);
    if (ends.has(id)) throw new Error(`the page has a subscription ${id} already`);
    if (ends.size >= MAX_SUBSCRIPTIONS) throw new Error('the page has too many subscriptions');
    let isOpen = true;
    const end = subscribe((message) => {
      if (!isOpen || page.isDestroyed()) return;
      const push: PushMessage = { id, message };
      page.send(CHANNELS.message, push);
    });
    ends.set(id, () => {
      isOpen = false;
      end();
    });
  }

  cancel(page: WebContents, id: number): void {
    const ends = this.#pages.get(page);
    const end = ends?.get(id);
    ends?.delete(id);
    end?.();
  }

  #endsOf(page: WebContents): Map<number, () => void> {
    const known = this.#pages.get(page);
    if (known) return known;
    const ends = new Map<number, () => void>();
    this.#pages.set(page, ends);
    const endAll = (): void => {
      for (const end of ends.values()) end();
      ends.clear();
    };
    page.on('render-process-gone', endAll);
    page.on('did-start-navigation', (event) => {
      if (event.isMainFrame && !event.isSameDocument) endAll();
    });
    page.once('destroyed', () => {
      endAll();
      this.#pages.delete(page);
    });
    return ends;
  }
}
