/** From a logical graph to a running session, in a browser over a real Host. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testHost, type TestHost } from '../support/host.ts';
import { violationsOf } from './axe.ts';
import { buildPage, findChromium, openBrowser, watchedPage } from './page.ts';

const chromium = findChromium();

describe.skipIf(chromium === undefined)('a logical graph in the window', () => {
  let browser: Browser;
  let host: TestHost;
  let page: Page;
  let outside: string[];
  beforeAll(async () => {
    host = await testHost({ http: { host: '127.0.0.1', port: 0, rendererDir: await buildPage() } });
    browser = await openBrowser(chromium as string);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await host.remove();
  });
  beforeEach(async () => {
    outside = [];
    page = await watchedPage(browser, outside);
    await page.setViewportSize({ width: 1280, height: 800 });
  });
  afterEach(async () => {
    await page.close();
    expect(outside).toEqual([]);
  });

  /** For people to look at: kept where WEIR_SCREENSHOTS says. */
  async function keep(name: string): Promise<void> {
    const dir = process.env['WEIR_SCREENSHOTS'];
    if (dir === undefined) return;
    await mkdir(dir, { recursive: true });
    await page.screenshot({ path: path.join(dir, `${name}.png`) });
  }

  async function openSample(): Promise<void> {
    await page.goto(host.url as string);
    await page.getByRole('link', { name: 'Open sample Many hellos' }).click();
    await page.locator('aside').getByText('12 drops', { exact: true }).waitFor();
  }

  it('is drawn with its constructs, and shows where its drops would run', async () => {
    await openSample();
    expect(page.url()).toContain('#/graph?sample=many-hellos');
    for (const name of [/^Greeters, Scatter/, /^All together, Gather/, /^Say hello, PythonApp, 4 drops/])
      await page.getByRole('button', { name }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await keep('translate-light');
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    expect(await violationsOf(page)).toEqual([]);
    await keep('translate-dark');
  });

  it('is translated anew when a value, the configuration or the number of parts changes', async () => {
    await openSample();
    await page.getByRole('textbox', { name: 'num_of_copies Greeters' }).fill('6');
    await page.locator('aside').getByText('18 drops', { exact: true }).waitFor();
    await page.getByRole('spinbutton', { name: 'Parts' }).fill('3');
    await page.getByText('P3', { exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'Take back changes' }).click();
    await page.getByLabel('Configuration').selectOption('large');
    await page.locator('aside').getByText('72 drops', { exact: true }).waitFor();
    await page.getByText('×24', { exact: true }).first().waitFor();
    await page.getByRole('button', { name: /^Say hello/ }).press('Enter');
    expect(await page.getByRole('textbox', { name: 'greet' }).inputValue()).toBe('everybody');
    await page.getByRole('heading', { name: 'Values of Say hello' }).waitFor();
    await keep('translate-large');
  });

  it('says what keeps it from being translated, and does not run then', async () => {
    await openSample();
    await page.getByRole('textbox', { name: 'num_of_copies Greeters' }).fill('many');
    await page.getByText('It cannot be translated').waitFor();
    expect(await page.getByRole('button', { name: 'Run graph' }).isDisabled()).toBe(true);
    await keep('translate-error');
  });

  it('runs with the values chosen', async () => {
    await openSample();
    await page.getByRole('textbox', { name: 'greet Say hello' }).fill('Ada');
    await page.getByRole('button', { name: 'Run graph' }).click();
    await page.waitForURL(/#\/sessions\/Many-hellos/);
    const [session] = host.manager.sessions;
    await session?.over;
    const { base64 } = (await host.call('sessions.content', {
      sessionId: session?.sessionId,
      uid: '1_greeting_0-3',
      offset: 0,
      limit: 100,
    })) as { base64: string };
    expect(Buffer.from(base64, 'base64').toString()).toBe('Hello Ada');
  });

  it('takes hosts for its parts, and runs on those that are this computer', async () => {
    await openSample();
    await page.getByRole('textbox', { name: 'Nodes' }).fill('alpha, beta');
    await page.getByText('A run here takes names of this computer only.', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Run graph' }).click();
    await page
      .getByText(/found alpha, beta, which are not/)
      .first()
      .waitFor();
    await page.locator('.facts:not(.stale)').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await keep('translate-nodes');
    await page.getByRole('textbox', { name: 'Nodes' }).fill('localhost');
    await page.getByRole('button', { name: 'Run graph' }).click();
    await page.waitForURL(/#\/sessions\/Many-hellos/);
    await Promise.all(host.manager.sessions.map((session) => session.over));
  });

  it('is told apart when it is dropped on the window; broken ones are shown with what is wrong', async () => {
    await page.goto(host.url as string);
    await page.getByRole('heading', { name: 'Nothing has been run here yet' }).or(page.locator('table')).first().waitFor(); // prettier-ignore
    const text = JSON.stringify({
      modelData: { schemaVersion: 'OJS' },
      nodeDataArray: [
        { id: 'a', name: 'Lonely', category: 'PythonApp', categoryType: 'Application', fields: [] },
      ],
      linkDataArray: [{ from: 'a', fromPort: 'x', to: 'nobody', toPort: 'y' }],
    });
    await page.evaluate(`{
      const transfer = new DataTransfer();
      transfer.items.add(new File([${JSON.stringify(text)}], 'broken.graph'));
      window.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
    }`);
    await keep('translate-dropped');
    await page.getByRole('heading', { name: 'broken.graph' }).waitFor();
    await page
      .getByText(/nobody/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: /^Lonely/ }).waitFor();
    expect(await page.getByRole('button', { name: 'Run graph' }).isDisabled()).toBe(true);
  });
});
