import { describe, expect, it } from 'vitest';
import { HostError } from '../../renderer/data/errors.ts';
import { HttpTransport } from '../../renderer/data/http-transport.ts';
import { IpcTransport, watchDesktop, type WeirBridge } from '../../renderer/data/ipc-transport.ts';

/** A WebSocket in the hands of the test. */
class FakeSocket extends EventTarget {
  readyState = 0;
  readonly sent: unknown[] = [];
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }
  receive(message: unknown): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) }));
  }
  close(): void {
    this.readyState = 3;
    this.dispatchEvent(new Event('close'));
  }
}

function setUp(respond: (body: unknown) => Response | Promise<Response> = () => new Response('{}')) {
  const sockets: FakeSocket[] = [];
  const urls: string[] = [];
  const delays: { action: () => void; delayMs: number }[] = [];
  const transport = new HttpTransport({
    origin: 'http://127.0.0.1:8000',
    fetch: async (_url, init) => respond(JSON.parse(init?.body as string)),
    openSocket: (url) => {
      urls.push(url);
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    later: (action, delayMs) => void delays.push({ action, delayMs }),
  });
  const messages: unknown[] = [];
  const errors: unknown[] = [];
  const listener = {
    message: (m: unknown) => void messages.push(m),
    error: (e: unknown) => void errors.push(e),
  };
  return { transport, sockets, urls, delays, messages, errors, listener };
}

describe('calls over HTTP', () => {
  it('send method and parameters, and give the result', async () => {
    let body: unknown;
    const { transport } = setUp((sent) => {
      body = sent;
      return Response.json({ result: { total: 3 } });
    });
    await expect(transport.call('sessions.list', { limit: 1 })).resolves.toEqual({ total: 3 });
    expect(body).toEqual({ method: 'sessions.list', params: { limit: 1 } });
  });

  it('rebuild the error of the Host', async () => {
    const error = { code: 'GRAPH_CYCLE', name: 'E', message: 'a -> b -> a', details: { oids: ['a', 'b'] } };
    const { transport } = setUp(() => Response.json({ error }, { status: 400 }));
    const thrown: unknown = await transport.call('sessions.run', {}).catch((e: unknown) => e);
    expect(thrown).toBeInstanceOf(HostError);
    expect(thrown).toMatchObject({
      code: 'GRAPH_CYCLE',
      message: 'a -> b -> a',
      details: { oids: ['a', 'b'] },
    });
  });

  it('say that the node does not answer', async () => {
    const { transport } = setUp(() => Promise.reject(new TypeError('Failed to fetch')));
    await expect(transport.call('host.info', {})).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
  });

  it('say when what answers is not a node', async () => {
    const { transport } = setUp(() => new Response('<html>', { status: 200 }));
    await expect(transport.call('host.info', {})).rejects.toMatchObject({ code: 'HOST_ANSWER' });
  });

  it('say what to do with a graph that is too large for a request', async () => {
    const { transport } = setUp(() =>
      Response.json({ code: 'FST_ERR', message: 'too large' }, { status: 413 }),
    );
    await expect(transport.call('sessions.run', {})).rejects.toMatchObject({ code: 'GRAPH_TOO_LARGE' });
  });
});

describe('subscriptions over the WebSocket', () => {
  it('share one socket, opened with the first of them', () => {
    const { transport, sockets, urls, listener } = setUp();
    transport.subscribe('sessions', {}, listener);
    transport.subscribe('session', { sessionId: 'a' }, listener);
    expect(urls).toEqual(['ws://127.0.0.1:8000/weir/v1/push']);
    sockets[0]?.open();
    expect(sockets[0]?.sent).toEqual([
      { id: 1, subscribe: 'sessions', params: {} },
      { id: 2, subscribe: 'session', params: { sessionId: 'a' } },
    ]);
  });

  it('get their messages, and none after they are cancelled', () => {
    const { transport, sockets, messages, listener } = setUp();
    const cancel = transport.subscribe('sessions', {}, listener);
    sockets[0]?.open();
    sockets[0]?.receive({ id: 1, message: 'one' });
    cancel();
    sockets[0]?.receive({ id: 1, message: 'two' });
    expect(messages).toEqual(['one']);
    expect(sockets[0]?.sent.at(-1)).toEqual({ id: 1, cancel: true });
  });

  it('end with the error of the Host', () => {
    const { transport, sockets, errors, listener } = setUp();
    transport.subscribe('session', { sessionId: 'x' }, listener);
    sockets[0]?.open();
    sockets[0]?.receive({
      id: 1,
      error: { code: 'SESSION_UNKNOWN', name: 'E', message: 'No.', details: {} },
    });
    expect(errors).toMatchObject([{ code: 'SESSION_UNKNOWN', message: 'No.' }]);
  });

  it('are made again after the connection was lost, with growing pauses, and the state is told', () => {
    const { transport, sockets, delays, listener } = setUp();
    const states: string[] = [];
    transport.watch((state) => void states.push(state));
    transport.subscribe('sessions', {}, listener);
    sockets[0]?.open();
    sockets[0]?.close();
    expect(delays.map(({ delayMs }) => delayMs)).toEqual([500]);
    delays[0]?.action();
    sockets[1]?.close();
    expect(delays.map(({ delayMs }) => delayMs)).toEqual([500, 1000]);
    delays[1]?.action();
    sockets[2]?.open();
    expect(sockets[2]?.sent).toEqual([{ id: 1, subscribe: 'sessions', params: {} }]);
    expect(states).toEqual(['connecting', 'open', 'lost', 'open']);
  });
});

describe('the bridge of the desktop window', () => {
  const bridge = (parts: Partial<WeirBridge>): WeirBridge => ({
    call: () => Promise.resolve(undefined),
    subscribe: () => () => undefined,
    ...parts,
  });

  it('gives results as they are and rebuilds errors that crossed as data', async () => {
    const result = { error: 'a field called error is data' };
    const good = new IpcTransport(bridge({ call: () => Promise.resolve(result) }));
    await expect(good.call('x', {})).resolves.toBe(result);
    const error = { code: 'USAGE', name: 'E', message: 'No such method.', details: {} };
    // What crosses the bridge is plain data.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    const bad = new IpcTransport(bridge({ call: () => Promise.reject(error) }));
    const thrown: unknown = await bad.call('x', {}).catch((e: unknown) => e);
    expect(thrown).toBeInstanceOf(HostError);
    expect(thrown).toMatchObject({ code: 'USAGE', message: 'No such method.' });
  });

  it('tells a refused subscription from a message', () => {
    let push: (message: unknown) => void = () => undefined;
    const transport = new IpcTransport(
      bridge({
        subscribe: (_topic, _params, listener) => {
          push = listener;
          return () => undefined;
        },
      }),
    );
    const got: unknown[] = [];
    transport.subscribe('session', {}, { message: (m) => got.push(m), error: (e) => got.push(e) });
    push({ type: 'snapshot' });
    push({ error: { code: 'SESSION_UNKNOWN', name: 'E', message: 'No.', details: {} } });
    expect(got[0]).toEqual({ type: 'snapshot' });
    expect(got[1]).toBeInstanceOf(HostError);
  });

  it('hands on what the menu and the file manager ask', () => {
    let push: (message: unknown) => void = () => undefined;
    const got: unknown[] = [];
    watchDesktop(
      bridge({
        subscribe: (topic, _params, listener) => {
          expect(topic).toBe('desktop');
          push = listener;
          return () => undefined;
        },
      }),
      (message) => got.push(message),
    );
    push({ type: 'openGraph', path: '/a.graph', name: 'a.graph' });
    push({ error: { code: 'USAGE', name: 'E', message: 'No.', details: {} } });
    expect(got).toEqual([{ type: 'openGraph', path: '/a.graph', name: 'a.graph' }]);
  });
});
