import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import {
  hardenContents,
  hardenSession,
  type HardenedContents,
  type HardenedSession,
} from '../../electron/hardening.ts';

type Handler = (...args: unknown[]) => unknown;

function fakeContents(): { contents: HardenedContents; emitter: EventEmitter; open: () => Handler } {
  const emitter = new EventEmitter();
  let handler: Handler | undefined;
  const contents = Object.assign(emitter, {
    setWindowOpenHandler: (given: Handler) => (handler = given),
  }) as unknown as HardenedContents;
  return { contents, emitter, open: () => handler! };
}

test.each(['will-navigate', 'will-redirect', 'will-frame-navigate'])(
  '%s away from the page is refused',
  (name) => {
    const { contents, emitter } = fakeContents();
    hardenContents(contents, () => undefined);
    const away = { url: 'https://evil.example/', preventDefault: vi.fn() };
    const own = { url: 'app://weir/index.html', preventDefault: vi.fn() };
    emitter.emit(name, away);
    emitter.emit(name, own);
    expect(away.preventDefault).toHaveBeenCalledOnce();
    expect(own.preventDefault).not.toHaveBeenCalled();
  },
);

test('a webview is never attached', () => {
  const { contents, emitter } = fakeContents();
  hardenContents(contents, () => undefined);
  const event = { preventDefault: vi.fn() };
  emitter.emit('will-attach-webview', event);
  expect(event.preventDefault).toHaveBeenCalledOnce();
});

test('a new window is always denied; a listed address goes to the browser outside', () => {
  const { contents, open } = fakeContents();
  const openExternal = vi.fn();
  hardenContents(contents, openExternal);
  for (const url of ['https://github.com/ICRAR/daliuge', 'app://weir/index.html', 'file:///etc/passwd']) {
    expect(open()({ url })).toEqual({ action: 'deny' });
  }
  expect(openExternal.mock.calls).toEqual([['https://github.com/ICRAR/daliuge']]);
});

test('permissions, devices and requests are decided by the rules', () => {
  const set: Record<string, Handler> = {};
  const session = {
    setPermissionRequestHandler: (handler: Handler) => (set['request'] = handler),
    setPermissionCheckHandler: (handler: Handler) => (set['check'] = handler),
    setDevicePermissionHandler: (handler: Handler) => (set['device'] = handler),
    webRequest: { onBeforeRequest: (handler: Handler) => (set['before'] = handler) },
  } as unknown as HardenedSession;
  hardenSession(session);

  const answers: unknown[] = [];
  const answer = (value: unknown): void => void answers.push(value);
  set['request']!(null, 'media', answer, { requestingUrl: 'app://weir/index.html' });
  set['request']!(null, 'notifications', answer, { requestingUrl: 'app://weir/index.html' });
  set['request']!(null, 'notifications', answer, { requestingUrl: 'https://evil.example/' });
  expect(answers).toEqual([false, true, false]);
  expect(set['check']!(null, 'geolocation', 'app://weir')).toBe(false);
  expect(set['check']!(null, 'clipboard-sanitized-write', 'app://weir')).toBe(true);
  expect(set['device']!({})).toBe(false);

  const callback = vi.fn();
  set['before']!({ url: 'https://evil.example/' }, callback);
  set['before']!({ url: 'app://weir/index.html' }, callback);
  expect(callback.mock.calls).toEqual([[{ cancel: true }], [{ cancel: false }]]);
});
