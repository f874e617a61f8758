import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AxeResults } from 'axe-core';
import { _electron, type ElectronApplication, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CONTENT_SECURITY_POLICY } from '../../electron/security.ts';
import { ensureBuilt } from '../../scripts/build.mjs';
import { electronRuntime } from '../../scripts/electron-runtime.mjs';

// The real application in a real Electron: the official one, or the stand-in where that cannot be had.
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let runtime: Awaited<ReturnType<typeof electronRuntime>>;
let userData: string;
const open = new Set<ElectronApplication>();

interface Opened {
  readonly app: ElectronApplication;
  readonly page: Page;
  /** What went wrong in the page so far. */
  readonly errors: string[];
}

async function launch(...files: string[]): Promise<Opened> {
  const app = await _electron.launch({
    executablePath: runtime.executable,
    args: [path.resolve('.'), ...files],
    env: { ...(process.env as Record<string, string>), WEIR_USER_DATA: userData, LIBGL_ALWAYS_SOFTWARE: '1' },
    // As an ordinary user Chromium's own sandbox stays on; as root it cannot start.
    chromiumSandbox: process.getuid?.() !== 0,
  });
  open.add(app);
  app.process().once('exit', (code, signal) => {
    if (open.has(app)) process.stdout.write(`Electron ended by itself: status ${code}, signal ${signal}\n`);
  });
  const page = await app.firstWindow();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.getByRole('button', { name: 'Open…', exact: true }).first().waitFor();
  return { app, page, errors };
}

async function close({ app, errors }: Opened): Promise<void> {
  expect(errors).toEqual([]);
  open.delete(app);
  await app.close();
}

/** Runs a sample by clicking, and waits until its page says how it ended. */
async function runSample(page: Page, name: string, end: string): Promise<void> {
  await page.getByRole('link', { name: 'Sessions', exact: true }).first().click();
  await page.getByRole('button', { name: `Run sample ${name}` }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await page.locator('weir-session-page weir-state-badge[large]').getByText(end).waitFor();
}

/** WCAG 2.2 A and AA, on the page as it is. axe is put in by the debugger: the content security policy stays on. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const results = await page.evaluate(() => {
    const { axe: runner } = globalThis as unknown as { axe: { run(options: unknown): Promise<AxeResults> } };
    const values = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    return runner.run({ runOnly: { type: 'tag', values } });
  });
  return results.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`,
  );
}

beforeAll(async () => {
  await ensureBuilt();
  runtime = await electronRuntime();
  process.stdout.write(`Electron ${runtime.version} (${runtime.kind})\n`);
  userData = mkdtempSync(path.join(tmpdir(), 'weir-e2e-'));
});
afterEach(() => {
  const left = [...open];
  open.clear();
  // Only after a failed test. A kill, because a session that runs would ask before it ends.
  for (const app of left) app.process().kill('SIGKILL');
});
afterAll(() => rmSync(userData, { recursive: true, force: true }));

describe('a new user', () => {
  test('finds the samples, runs one by clicking and sees it finished', async () => {
    const opened = await launch();
    const { page } = opened;
    await page.getByRole('heading', { name: 'Nothing has been run here yet' }).waitFor();
    await runSample(page, 'Hello, world', 'Finished');
    await close(opened);
  });

  test('finds the session again after a restart, with no network', async () => {
    const opened = await launch();
    const { app, page } = opened;
    // Nothing may leave the machine; whatever tries is written down.
    const asked = await app.evaluateHandle(({ session }) => {
      const urls: string[] = [];
      session.defaultSession.enableNetworkEmulation({ offline: true });
      session.defaultSession.webRequest.onSendHeaders((details) => {
        if (!details.url.startsWith('app://weir/')) urls.push(details.url);
      });
      return urls;
    });
    await page.reload();
    const row = page.getByRole('row').filter({ hasText: 'Hello, world' });
    await row.getByText('Finished').waitFor();
    await row.getByRole('link').first().click();
    await page.locator('weir-session-page weir-state-badge[large]').getByText('Finished').waitFor();
    await page.getByRole('link', { name: /^Drops/ }).click();
    await page.getByRole('grid').getByText('Completed').first().waitFor();
    expect(await asked.jsonValue()).toEqual([]);
    await close(opened);
  });

  test('sees what failed first, and why', async () => {
    const opened = await launch();
    const { page } = opened;
    const failing = page.getByRole('button', { name: /^Run sample .*fail/i });
    const name = (await failing.getAttribute('aria-label'))!.replace('Run sample ', '');
    await failing.click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await page.locator('weir-session-overview .errors').first().waitFor();
    await close(opened);
  });
});

describe('a graph file', () => {
  test('given on the command line is shown, and run only when asked to', async () => {
    const opened = await launch(path.resolve('resources/samples/hello-world.graph'));
    const { page } = opened;
    await page.getByRole('heading', { name: 'Run this graph?' }).waitFor();
    await page.getByRole('button', { name: 'Run graph' }).click();
    await page.locator('weir-session-page weir-state-badge[large]').getByText('Finished').waitFor();
    await close(opened);
  });

  test('that is no graph is refused with the place named, and nothing runs', async () => {
    const file = path.join(userData, 'broken.graph');
    writeFileSync(file, '[{"oid": "a", "categoryType": "Data", ');
    const opened = await launch(file);
    const { page } = opened;
    await page.getByRole('heading', { name: 'The graph cannot be opened' }).waitFor();
    await page.getByText('broken.graph').first().waitFor();
    expect(await page.getByRole('button', { name: 'Run graph' }).count()).toBe(0);
    await close(opened);
  });

  test('of a second start goes to the first window', async () => {
    const opened = await launch();
    const { app, page } = opened;
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.minimize());
    const second = _electron.launch({
      executablePath: runtime.executable,
      args: [path.resolve('.'), path.resolve('resources/samples/hello-world.graph')],
      env: { ...(process.env as Record<string, string>), WEIR_USER_DATA: userData },
      chromiumSandbox: process.getuid?.() !== 0,
    });
    // The second ends by itself at once, which is an error to Playwright.
    const ended = second.then(
      (app2) => app2.waitForEvent('close').then(() => 'ended'),
      () => 'ended',
    );
    await page.getByRole('heading', { name: 'Run this graph?' }).waitFor();
    expect(await ended).toBe('ended');
    expect(app.windows()).toHaveLength(1);
    await close(opened);
  });

  test('chosen in the native dialog is shown', async () => {
    const opened = await launch();
    const { app, page } = opened;
    await app.evaluate(({ dialog }, file) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [file] });
    }, path.resolve('resources/samples/hello-world.graph'));
    await page.getByRole('button', { name: 'Open…', exact: true }).first().click();
    await page.getByRole('heading', { name: 'Run this graph?' }).waitFor();
    await close(opened);
  });
});

describe('the window', () => {
  test('is where it was left', async () => {
    const first = await launch();
    const wanted = { x: 40, y: 50, width: 900, height: 600 };
    await first.app.evaluate(
      ({ BrowserWindow }, bounds) => BrowserWindow.getAllWindows()[0]!.setBounds(bounds),
      wanted,
    );
    await close(first);
    const second = await launch();
    const bounds = await second.app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]!.getBounds(),
    );
    expect(bounds).toEqual(wanted);
    await close(second);
  });

  test('has the menus with their keys', async () => {
    const opened = await launch();
    const labels = await opened.app.evaluate(({ Menu }) =>
      Menu.getApplicationMenu()!.items.map((item) => [item.label, item.submenu?.items.map((i) => i.label)]),
    );
    expect(labels.map(([label]) => label)).toEqual(['&File', 'Edit', '&View', '&Help']);
    expect(labels[0]![1]).toContain('Open…');
    await close(opened);
  });

  test('asks before it ends a session that runs, and ends only when told to', async () => {
    const slow = path.join(userData, 'slow.graph');
    const sleeping = {
      oid: 'sleeping',
      name: 'sleeping',
      categoryType: 'Application',
      dropclass: 'dlg.apps.simple.SleepApp',
      sleep_time: 600,
    };
    writeFileSync(slow, JSON.stringify([sleeping]));
    const opened = await launch(slow);
    const { app, page } = opened;
    await page.getByRole('button', { name: 'Run graph' }).click();
    await page.locator('weir-session-page weir-state-badge[large]').getByText('Running').waitFor();
    const questions = await app.evaluateHandle(({ dialog }) => {
      const asked: string[] = [];
      const answers = [2, 1, 0];
      dialog.showMessageBox = (...args: unknown[]) => {
        asked.push((args.at(-1) as Electron.MessageBoxOptions).message);
        return Promise.resolve({ response: answers[asked.length - 1] ?? 2, checkboxChecked: false });
      };
      return asked;
    });
    const quit = (): Promise<void> => app.evaluate(({ app: shell }) => shell.quit());
    const isVisible = (): Promise<boolean> =>
      app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.isVisible());

    await quit(); // Cancel: all is as before.
    await expect.poll(() => questions.jsonValue()).toHaveLength(1);
    expect(await isVisible()).toBe(true);

    await quit(); // Keep running: no window, and the session goes on.
    await expect.poll(isVisible).toBe(false);
    await app.evaluate(({ app: shell }) => void shell.emit('second-instance', {}, [], '', { files: [] }));
    await expect.poll(isVisible).toBe(true);
    await page.locator('weir-session-page weir-state-badge[large]').getByText('Running').waitFor();
    expect(await questions.jsonValue()).toEqual(Array(2).fill('A session is still running.'));

    const gone = app.waitForEvent('close');
    open.delete(app);
    await quit().catch(() => undefined); // End it.
    await gone;

    const again = await launch();
    await again.page.getByRole('row').filter({ hasText: 'slow' }).getByText('Cancelled').waitFor();
    await close(again);
  });
});

describe('the page', () => {
  test('has no Node and nothing of Electron but the bridge', async () => {
    const opened = await launch();
    const { app, page } = opened;
    const seen = await page.evaluate(() => ({
      require: typeof (globalThis as Record<string, unknown>)['require'],
      process: typeof (globalThis as Record<string, unknown>)['process'],
      module: typeof (globalThis as Record<string, unknown>)['module'],
      bridge: Object.keys((globalThis as unknown as { weir: object }).weir).sort(),
    }));
    expect(seen).toEqual({
      require: 'undefined',
      process: 'undefined',
      module: 'undefined',
      bridge: ['call', 'openGraphDialog', 'pathForFile', 'subscribe'],
    });
    const preferences = await app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]!.webContents as unknown as {
        getLastWebPreferences(): Record<string, unknown>;
      };
      const { sandbox, contextIsolation, nodeIntegration, webSecurity, webviewTag } =
        contents.getLastWebPreferences();
      return { sandbox, contextIsolation, nodeIntegration, webSecurity, webviewTag: webviewTag ?? false };
    });
    expect(preferences).toEqual({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
    });
    await close(opened);
  });

  test('runs no inline script, reaches no other place, and stays where it is', async () => {
    const opened = await launch();
    const { app, page } = opened;
    // As text: this side of the tests has no types of a page.
    const result = await page.evaluate(`(async () => {
      const script = document.createElement('script');
      script.textContent = 'globalThis.inlineRan = true';
      document.body.append(script);
      script.remove();
      const fetched = await fetch('https://example.org/').then(() => 'answered', () => 'refused');
      const outside = await fetch('app://weir/..%2f..%2fpackage.json').then((answer) => answer.status);
      const policy = (await fetch('app://weir/index.html')).headers.get('content-security-policy');
      const popup = window.open('https://example.org/');
      return { ran: 'inlineRan' in globalThis, fetched, outside, policy, popup };
    })()`);
    expect(result).toEqual({
      ran: false,
      fetched: 'refused',
      outside: 404,
      policy: CONTENT_SECURITY_POLICY,
      popup: null,
    });
    await page.evaluate(`void (location.href = 'https://example.org/')`);
    const urls = await app.evaluate(({ webContents }) =>
      webContents.getAllWebContents().map((c) => c.getURL()),
    );
    expect(urls).toHaveLength(1);
    expect(urls[0]).toMatch(/^app:\/\/weir\//);
    expect(await page.evaluate(`document.querySelector('weir-app') !== null`)).toBe(true);
    await close(opened);
  });

  test('gets errors of the Host as data', async () => {
    const opened = await launch();
    const error = await opened.page.evaluate(async () => {
      const { weir } = globalThis as unknown as { weir: { call(m: string, p: unknown): Promise<unknown> } };
      return weir.call('sessions.get', { sessionId: 'nowhere' }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
    });
    expect(error).toMatchObject({ code: 'SESSION_UNKNOWN', message: expect.stringContaining('nowhere') });
    await close(opened);
  });

  test.each(['light', 'dark'] as const)('has no accessibility faults in %s', async (colorScheme) => {
    const opened = await launch();
    const { page } = opened;
    await page.emulateMedia({ colorScheme });
    await page.getByRole('row').filter({ hasText: 'Hello, world' }).first().waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('row').filter({ hasText: 'Hello, world' }).first().getByRole('link').first().click();
    await page.locator('weir-session-page weir-state-badge[large]').waitFor();
    for (const tab of ['Overview', 'Drops', 'Graph', 'Log']) {
      await page.getByRole('link', { name: new RegExp(`^${tab}`) }).click();
      expect(await violations(page)).toEqual([]);
    }
    await close(opened);
  });
});
