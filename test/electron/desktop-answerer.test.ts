import { expect, test, vi } from 'vitest';
import { DESKTOP_TOPIC, OPEN_GRAPH_DIALOG } from '../../electron/contract.ts';
import { desktopAnswerer } from '../../electron/desktop-answerer.ts';
import { Inbox } from '../../electron/inbox.ts';

const host = () => ({ call: vi.fn(async () => 'from the host'), subscribe: vi.fn(() => () => undefined) });

test('the dialog answers with the path and the name of the chosen file, or null', async () => {
  const chooseGraph = vi.fn(async (): Promise<string | undefined> => '/data/a.graph');
  const answerer = desktopAnswerer({ host: host(), inbox: new Inbox(), chooseGraph });
  expect(await answerer.call(OPEN_GRAPH_DIALOG, {})).toEqual({ path: '/data/a.graph', name: 'a.graph' });
  chooseGraph.mockResolvedValueOnce(undefined);
  expect(await answerer.call(OPEN_GRAPH_DIALOG, {})).toBeNull();
});

test('everything else goes to the Host', async () => {
  const behind = host();
  const answerer = desktopAnswerer({ host: behind, inbox: new Inbox(), chooseGraph: async () => undefined });
  const listener = (): void => undefined;
  expect(await answerer.call('host.info', { a: 1 })).toBe('from the host');
  answerer.subscribe('sessions', {}, listener);
  expect(behind.call).toHaveBeenCalledWith('host.info', { a: 1 });
  expect(behind.subscribe).toHaveBeenCalledWith('sessions', {}, listener);
});

test('files that were handed over before the page was there reach it once it listens, each once', () => {
  const inbox = new Inbox();
  const answerer = desktopAnswerer({ host: host(), inbox, chooseGraph: async () => undefined });
  inbox.post({ type: 'openGraph', path: '/a.graph', name: 'a.graph' });
  const first: unknown[] = [];
  const end = answerer.subscribe(DESKTOP_TOPIC, {}, (message) => first.push(message));
  inbox.post({ type: 'show', page: 'sessions' });
  expect(first).toEqual([
    { type: 'openGraph', path: '/a.graph', name: 'a.graph' },
    { type: 'show', page: 'sessions' },
  ]);
  end();
  inbox.post({ type: 'show', page: 'shortcuts' });
  const second: unknown[] = [];
  answerer.subscribe(DESKTOP_TOPIC, {}, (message) => second.push(message));
  expect(first).toHaveLength(2);
  expect(second).toEqual([{ type: 'show', page: 'shortcuts' }]);
});
