import { EventEmitter } from 'node:events';
import type { WebContents } from 'electron';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { CHANNELS, type Reply } from '../../electron/contract.ts';
import { serveIpc, toWireError, type Answerer } from '../../electron/ipc.ts';
import { NoSessionException } from '../../engine/protocol/index.ts';

type Handler = (event: unknown, request: unknown) => unknown;

class FakePage extends EventEmitter {
  readonly sent: unknown[][] = [];
  destroyed = false;
  send(...message: unknown[]): void {
    this.sent.push(message);
  }
  isDestroyed(): boolean {
    return this.destroyed;
  }
}

class FakeHost implements Answerer {
  readonly calls: unknown[][] = [];
  readonly open = new Map<string, (message: unknown) => void>();
  readonly ended: string[] = [];
  async call(method: string, params: unknown): Promise<unknown> {
    this.calls.push([method, params]);
    if (method === 'sessions.get') throw new NoSessionException('nowhere');
    if (method === 'broken') throw new TypeError('x is not a function');
    return { answered: method };
  }
  subscribe(topic: string, _params: unknown, listener: (message: unknown) => void): () => void {
    if (topic === 'session') throw new NoSessionException('nowhere');
    this.open.set(topic, listener);
    return () => {
      this.open.delete(topic);
      this.ended.push(topic);
    };
  }
}

let page: FakePage;
let host: FakeHost;
let handlers: Map<string, Handler>;
const mainFrame = { parent: null, url: 'app://weir/index.html' };

function send(
  channel: string,
  request: unknown,
  frame: unknown = mainFrame,
  sender: FakePage = page,
): unknown {
  return handlers.get(channel)!({ senderFrame: frame, sender }, request);
}

beforeEach(() => {
  page = new FakePage();
  host = new FakeHost();
  handlers = new Map();
  const register = (channel: string, handler: Handler): void => void handlers.set(channel, handler);
  serveIpc({
    ipcMain: { handle: register, on: register } as never,
    answerer: host,
    isOurs: (contents: WebContents) => (contents as unknown) === page,
  });
});

describe('call', () => {
  test('reaches the Host and brings its answer back', async () => {
    const reply = await send(CHANNELS.call, { method: 'host.info', params: { a: 1 } });
    expect(reply).toEqual({ ok: true, value: { answered: 'host.info' } });
    expect(host.calls).toEqual([['host.info', { a: 1 }]]);
  });

  test('brings an error of Weir back as data, with code, name, message and details', async () => {
    const reply = await send(CHANNELS.call, { method: 'sessions.get', params: {} });
    expect(reply).toEqual({
      ok: false,
      error: {
        code: 'SESSION_UNKNOWN',
        name: 'NoSessionException',
        message: 'There is no session "nowhere" here.',
        details: { sessionId: 'nowhere' },
      },
    });
  });

  test('calls any other error a fault of Weir, and sends no stack trace', async () => {
    const reply = (await send(CHANNELS.call, { method: 'broken' })) as Reply;
    expect(reply).toEqual({
      ok: false,
      error: {
        code: 'INTERNAL',
        name: 'WeirError',
        message: 'This is a fault of Weir: x is not a function',
        details: {},
      },
    });
  });

  test.each([[null], ['text'], [{}], [{ method: 5 }], [[1, 2]]])(
    'refuses the request %j',
    async (request) => {
      expect(await send(CHANNELS.call, request)).toMatchObject({ ok: false, error: { code: 'USAGE' } });
      expect(host.calls).toEqual([]);
    },
  );
});

describe('every channel refuses a sender that is not the window’s own main frame', () => {
  const frames: [string, unknown, (() => FakePage)?][] = [
    ['a page from elsewhere', { parent: null, url: 'https://evil.example/' }],
    ['a page whose address only looks alike', { parent: null, url: 'app://weir.evil/index.html' }],
    ['a subframe', { parent: mainFrame, url: 'app://weir/index.html' }],
    ['a frame that is gone', null],
    ['another window', mainFrame, () => new FakePage()],
  ];
  test.each(frames)('%s', async (_name, frame, makeSender) => {
    const sender = makeSender?.() ?? page;
    const call = await send(CHANNELS.call, { method: 'host.info' }, frame, sender);
    const subscribe = send(CHANNELS.subscribe, { id: 1, topic: 'sessions' }, frame, sender);
    expect(call).toMatchObject({ ok: false });
    expect(subscribe).toMatchObject({ ok: false });
    expect(host.calls).toEqual([]);
    expect(host.open.size).toBe(0);

    send(CHANNELS.subscribe, { id: 1, topic: 'sessions' });
    send(CHANNELS.cancel, 1, frame, sender);
    expect(host.ended).toEqual([]);
  });
});

describe('subscribe', () => {
  test('brings messages to the page under the number the page chose', () => {
    expect(send(CHANNELS.subscribe, { id: 7, topic: 'sessions', params: {} })).toEqual({
      ok: true,
      value: null,
    });
    host.open.get('sessions')!({ type: 'snapshot' });
    expect(page.sent).toEqual([[CHANNELS.message, { id: 7, message: { type: 'snapshot' } }]]);
  });

  test('ends with cancel, and nothing comes after', () => {
    send(CHANNELS.subscribe, { id: 7, topic: 'sessions' });
    const listener = host.open.get('sessions')!;
    send(CHANNELS.cancel, 7);
    send(CHANNELS.cancel, 7);
    listener('late');
    expect(host.ended).toEqual(['sessions']);
    expect(page.sent).toEqual([]);
  });

  test.each([
    ['is closed', (p: FakePage) => ((p.destroyed = true), p.emit('destroyed'))],
    ['crashes', (p: FakePage) => p.emit('render-process-gone')],
    [
      'is loaded anew',
      (p: FakePage) => p.emit('did-start-navigation', { isMainFrame: true, isSameDocument: false }),
    ],
  ])('ends when the page %s', (_name, happen) => {
    send(CHANNELS.subscribe, { id: 1, topic: 'sessions' });
    send(CHANNELS.subscribe, { id: 2, topic: 'other' });
    happen(page);
    expect(host.ended.sort()).toEqual(['other', 'sessions']);
  });

  test('goes on when the page changes its address within itself', () => {
    send(CHANNELS.subscribe, { id: 1, topic: 'sessions' });
    page.emit('did-start-navigation', { isMainFrame: true, isSameDocument: true });
    page.emit('did-start-navigation', { isMainFrame: false, isSameDocument: false });
    expect(host.ended).toEqual([]);
  });

  test('answers with the error of a topic that the Host refuses', () => {
    const reply = send(CHANNELS.subscribe, { id: 1, topic: 'session', params: { sessionId: 'nowhere' } });
    expect(reply).toMatchObject({ ok: false, error: { code: 'SESSION_UNKNOWN' } });
  });

  test('refuses a number that is in use, so that no subscription is lost from sight', () => {
    send(CHANNELS.subscribe, { id: 1, topic: 'sessions' });
    expect(send(CHANNELS.subscribe, { id: 1, topic: 'other' })).toMatchObject({ ok: false });
    expect(host.open.has('other')).toBe(false);
  });

  test.each([[null], [{ topic: 'sessions' }], [{ id: 1.5, topic: 'sessions' }], [{ id: 1 }]])(
    'refuses the request %j',
    (request) => {
      expect(send(CHANNELS.subscribe, request)).toMatchObject({ ok: false, error: { code: 'USAGE' } });
    },
  );
});

test('details that cannot be cloned do not hide the error', () => {
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  const error = Object.assign(new Error('no'), { code: 'INTERNAL', details: loop });
  const wire = toWireError(error);
  expect(wire).toMatchObject({ code: 'INTERNAL', message: 'no' });
  expect(() => structuredClone(wire)).not.toThrow();
  vi.restoreAllMocks();
});
