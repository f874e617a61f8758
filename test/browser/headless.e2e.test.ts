/** The window in a browser against a real headless node: a sample by one click, its end, its content, after a restart too. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, BrowserContext, Locator, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { violationsOf } from './axe.ts';
import { findChromium, openBrowser, watchedPage } from './page.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const chromium = findChromium();

interface HeadlessNode {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts `weir node` on a free port and waits until it says where it listens. */
async function startNode(dataDir: string): Promise<HeadlessNode> {
  const args = ['dist/engine/cli.js', 'node', '--port', '0', '--json', '--data-dir', dataDir];
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const first = await Promise.race([once(lines, 'line'), exited.then(() => undefined)]);
  if (first === undefined) throw new Error('The node ended before it said where it listens.');
  const { url } = JSON.parse(String(first[0])) as { url: string };
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

describe.skipIf(chromium === undefined)('the window against a real node', () => {
  let dataDir = '';
  let node: HeadlessNode;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  const text = (content: string | RegExp): Locator => page.getByText(content).first();
  const badge = (word: string): Locator =>
    page.locator('header weir-state-badge').getByText(word, { exact: true });
  const link = (name: string): Locator => page.getByRole('link', { name, exact: true }).first();

  async function open(hash = '', colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
    await context?.close();
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme });
    page = await watchedPage(context, complaints);
    await page.goto(`${node.url}/${hash}`);
  }

  async function runSample(name: string): Promise<void> {
    await open();
    await page.getByRole('button', { name: `Run sample ${name}` }).click();
    await page.waitForURL(/#\/sessions\/./);
  }

  beforeAll(async () => {
    // Once, so that the node of before and of after the restart is the same program.
    if (process.env['WEIR_BUILT'] !== '1')
      execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root });
    dataDir = await mkdtemp(path.join(tmpdir(), 'weir-window-'));
    node = await startNode(dataDir);
    browser = await openBrowser(chromium as string);
  });

  afterAll(async () => {
    await browser?.close();
    await node?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  afterEach(() => expect(complaints.splice(0)).toEqual([]));

  it('leads from an empty history to the greeting in a file', async () => {
    await runSample('Hello, world');
    await badge('Finished').waitFor();
    await link('Drops 2').click();
    await link('Greeting').click();
    await page.locator('.title').getByText('Completed').waitFor();
    await text('Hello Weir').waitFor();
    await text('greeting.txt').waitFor();
    await text('0x').waitFor();
  });

  it('shows each row of the table as it is at the end', async () => {
    await runSample('Scatter and gather');
    await badge('Finished').waitFor();
    await link('Drops 25').click();
    await page.getByLabel('Kind').selectOption('app');
    await text('11 of 25 drops').waitFor();
    const rows = page.locator('weir-virtual-table [data-index]');
    await expect.poll(() => rows.filter({ hasText: 'Finished' }).count()).toBe(11);
    await page.getByLabel('Kind').selectOption('');
    await page.getByRole('searchbox').fill('report');
    await text('1 of 25 drops').waitFor();
    await link('Report').click();
    await text(/Part 1: mean \d/).waitFor();
  });

  it('shows first what failed, what the program said, and what it led to', async () => {
    await runSample('A failing station');
    await badge('Failed').waitFor();
    await page.getByRole('heading', { name: 'Errors' }).waitFor();
    await text(/no signal from the receiver/).waitFor();
    await link('Measure').click();
    await page.locator('.title').getByText('Error').waitFor();
    await text('COMMAND_FAILED').waitFor();
  });

  it('shows the way not taken as skipped', async () => {
    await runSample('A choice');
    await badge('Finished').waitFor();
    await page.locator('header weir-state-strip').getByText('Skipped').waitFor();
  });

  it('follows a run to its end and can cancel one', async () => {
    await runSample('A wide fan');
    await badge('Running').waitFor();
    await text(/of 244 drops settled/).waitFor();
    await page.getByRole('button', { name: 'Cancel run' }).click();
    await page.locator('weir-dialog[open]').getByRole('button', { name: 'Cancel run' }).click();
    await badge('Cancelled').waitFor();
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.getByRole('button', { name: 'Run everything' }).click();
    await badge('Running').waitFor();
    await badge('Finished').waitFor();
    await page.locator('header weir-state-strip').getByText('244').waitFor();
  });

  it('verifies a session it ran, and proves a drop of it in the page', async () => {
    await runSample('A choice');
    await badge('Finished').waitFor();
    await page.getByRole('link', { name: 'Reproducibility', exact: true }).click();
    await text('How far this record can be trusted').waitFor();
    await page.getByRole('link', { name: /^Drops/ }).click();
    await page.locator('weir-virtual-table [role=row][data-index]').first().click();
    await page.getByRole('button', { name: 'Show the proof' }).click();
    await text('Every step holds.').waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Reproducibility', exact: true }).click();
    await text('The records stand under a checkpoint signed on').waitFor();
    await page.getByRole('button', { name: 'Verify now' }).click();
    await text(/checks on the stored bytes hold/).waitFor();
  });

  it('shows the engine’s own sentence for a graph that cannot be read, and for one that cannot be run', async () => {
    const choose = async (content: string): Promise<void> => {
      const chooser = page.waitForEvent('filechooser');
      await page.getByRole('button', { name: 'Open…', exact: true }).first().click();
      await (await chooser).setFiles({ name: 'bad.graph', mimeType: '', buffer: Buffer.from(content) });
    };
    await open();
    await choose('[{,');
    await page.getByRole('heading', { name: 'The graph cannot be opened' }).waitFor();
    await text(/not valid JSON at line 1, column 3/).waitFor();
    await text('GRAPH_NOT_JSON').waitFor();
    await page.keyboard.press('Escape');
    await choose(JSON.stringify([{ oid: 'a', categoryType: 'Application', dropclass: 'no.such.App' }]));
    await text('1 problem keeps it from running').waitFor();
    await text('GRAPH_UNKNOWN_CLASS').waitFor();
    await text(/Drop a wants the application class/).waitFor();
    expect(await page.getByRole('button', { name: 'Run graph' }).count()).toBe(0);
  });

  it('finds everything again after a restart', async () => {
    await node.stop();
    node = await startNode(dataDir);
    await open();
    await text(/\d+ sessions/).waitFor();
    await page
      .getByRole('link', { name: /hello-world|Hello, world/ })
      .first()
      .click();
    await badge('Finished').waitFor();
    await link('Drops 2').click();
    await link('Greeting').click();
    await text('Hello Weir').waitFor();
  });

  it('says that a session is not there', async () => {
    await open('#/sessions/never-was');
    await page.getByRole('heading', { name: 'There is no such session' }).waitFor();
  });

  it.each(['light', 'dark'] as const)(
    'gives axe nothing to find on any page in %s colours',
    async (scheme) => {
      await open('', scheme);
      await text(/\d+ sessions/).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole('searchbox').fill('failing');
      await text('1 session').waitFor();
      await page.locator('tbody a').click();
      await text(/no signal from the receiver/).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await link('Drops 12').click();
      await page.locator('weir-virtual-table [data-index="11"]').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await link('Graph').click();
      await page.getByRole('application').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await link('Log').click();
      await text(/\d entr(y|ies)/).waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await link('Drops 12').click();
      await link('Plan').click();
      await text('Hello stations').waitFor();
      expect(await violationsOf(page)).toEqual([]);
    },
  );
});
