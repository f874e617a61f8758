/** The window in a browser, against a made-up Host whose every answer the test knows. */
import type { Browser, BrowserContext, Locator, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { violationsOf } from './axe.ts';
import { FakeHost, fillWithSessions } from './fake-host.ts';
import { FakeSession } from './fake-session.ts';
import { buildPage, findChromium, openBrowser, watchedPage } from './page.ts';

const chromium = findChromium();
const FAILED = '2026-11-25T08-02-10_meerkat-cal';
const BIG = '2026-11-24T17-40-00_big';
const WIDE = 'a-wide-one';
const RUNNING = '2026-11-25T11-14-02_running';

let pageDir = '';
let browser: Browser;
let host: FakeHost;
let url = '';
let context: BrowserContext;
let page: Page;
/** Errors of the page: exceptions, violations of the security policy. */
let complaints: string[] = [];

async function open(hash = '', options: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
  await context?.close();
  context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
  page = await watchedPage(context, complaints, 15_000);
  await page.goto(`${url}/${hash}`);
}

const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
const text = (content: string): Locator => page.getByText(content).first();
/** The state in the head of a session. */
const badge = (word: string): Locator =>
  page.locator('header weir-state-badge').getByText(word, { exact: true });
const dialogButton = (name: string): Locator =>
  page.locator('weir-dialog[open]').getByRole('button', { name, exact: true });
const row = (index: number): Locator => page.locator(`weir-virtual-table [data-index="${index}"]`);
const rows = (): Locator => page.locator('weir-virtual-table [role=row][data-index]');

describe.skipIf(chromium === undefined)('the window in a browser', () => {
  beforeAll(async () => {
    pageDir = await buildPage();
    browser = await openBrowser(chromium as string);
  });

  afterAll(async () => {
    await browser?.close();
  });

  beforeEach(async () => {
    complaints = [];
    host = new FakeHost(pageDir);
    url = await host.listen();
  });

  afterEach(async () => {
    await context?.close();
    await host.close();
    expect(complaints).toEqual([]);
  });

  describe('with no history', () => {
    it('leads from nothing to a running sample with one click', async () => {
      await open();
      await page.getByRole('heading', { name: 'Nothing has been run here yet' }).waitFor();
      await button('Run sample Hello, world').click();
      await page.getByRole('heading', { name: 'hello.graph' }).waitFor();
      await badge('Running').waitFor();
      expect(page.url()).toContain('#/sessions/run-1');
    });

    it('offers to open a graph where there are no samples', async () => {
      host.samples.length = 0;
      await open();
      await text('Start with a graph of your own.').waitFor();
    });
  });

  describe('the list of sessions', () => {
    beforeEach(() => fillWithSessions(host));

    it('shows every session with its state in words', async () => {
      await open();
      await text('8 sessions').waitFor();
      for (const word of ['Running', 'Finished', 'Failed', 'Cancelled', 'Interrupted']) {
        expect(await page.locator('weir-state-badge', { hasText: word }).count()).toBeGreaterThan(0);
      }
    });

    it('filters by text and status, keeps the filter in the address, and clears it', async () => {
      await open();
      await page.getByRole('searchbox').fill('meerkat');
      await text('3 sessions').waitFor();
      await page.getByLabel('Status').selectOption('FAILED');
      await text('1 session').waitFor();
      expect(page.url()).toContain('text=meerkat&status=FAILED');
      await page.getByRole('searchbox').fill('nothing like it');
      await page.getByRole('heading', { name: 'No session matches' }).waitFor();
      await button('Clear filter').click();
      await text('8 sessions').waitFor();
      expect(await page.getByRole('searchbox').inputValue()).toBe('');
    });

    it('shows a session that begins elsewhere, and one that is deleted goes', async () => {
      await open();
      await text('8 sessions').waitFor();
      const session = host.add(
        new FakeSession({
          sessionId: 'new',
          graphName: 'from-elsewhere.graph',
          width: 2,
          createdAt: Date.now(),
        }),
      );
      await text('from-elsewhere.graph').waitFor();
      host.advance(session, 100);
      await page.getByRole('row', { name: /Finished from-elsewhere/ }).waitFor();
      await page.evaluate(
        "fetch('/weir/v1/call', {method: 'POST', body: JSON.stringify({method: 'sessions.delete', params: {sessionId: 'new'}})})",
      );
      await text('from-elsewhere.graph').waitFor({ state: 'detached' });
    });

    it('is walked by keyboard: skip link, links of sessions, focus at the top of the new page', async () => {
      await open();
      await text('8 sessions').waitFor();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      // Past “Make room…”, the filter, the status and “More filters”.
      for (let i = 0; i < 5; i++) await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'meerkat-calibration.graph' }).waitFor();
      await page.waitForFunction("document.activeElement.shadowRoot.activeElement.id === 'content'");
      await page.keyboard.press('Control+f');
    });
  });

  describe('a session', () => {
    beforeEach(() => fillWithSessions(host));

    it('shows its errors first, with code and what the program said, as text', async () => {
      await open(`#/sessions/${FAILED}`);
      await page.getByRole('heading', { name: 'Errors' }).waitFor();
      await text('COMMAND_FAILED').waitFor();
      await text('Output of the program').click();
      await text('<script>alert(1)</script>').waitFor();
      await page.getByRole('link', { name: 'Show 4 drops in error' }).click();
      await text('4 of 100 drops').waitFor();
    });

    it('follows a run without asking again and again', async () => {
      const session = host.sessions.get(RUNNING) as FakeSession;
      await open(`#/sessions/${RUNNING}/drops`, { viewport: { width: 1280, height: 2400 } });
      await row(41).getByText('Waiting').waitFor();
      host.advance(session, 1);
      await row(41).getByText('Finished').waitFor();
      await text('42 of 100 drops settled').waitFor();
      for (let i = 0; i < 30; i++) host.advance(session, 1);
      await text('72 of 100 drops settled').waitFor();
      const asked = host.calls.filter(({ method }) => method === 'sessions.drops').length;
      expect(asked).toBeLessThan(5);
      host.advance(session, 1000);
      await badge('Finished').waitFor();
      expect(await page.locator('#live').textContent()).toContain('Finished');
      await button('Run again').waitFor();
    });

    it('shows progress by logical drop as it happens', async () => {
      const session = host.sessions.get(RUNNING) as FakeSession;
      await open(`#/sessions/${RUNNING}`);
      await text('7 / 32').waitFor();
      host.advance(session, 10);
      await text('17 / 32').waitFor();
      await page.getByRole('link', { name: 'Calibrate', exact: true }).first().click();
      await text('Logical drop Calibrate').waitFor();
      await text('32 of 100 drops').waitFor();
    });

    it('is cancelled only after a question', async () => {
      await open(`#/sessions/${RUNNING}`);
      await button('Cancel run').click();
      await dialogButton('Keep running').click();
      expect(host.sessions.get(RUNNING)?.status).toBe('RUNNING');
      await button('Cancel run').click();
      await dialogButton('Cancel run').click();
      await badge('Cancelled').waitFor();
    });

    it('is deleted only after a question, and the list is shown', async () => {
      await open(`#/sessions/${FAILED}`);
      await button('Delete').click();
      await page.keyboard.press('Escape');
      expect(host.sessions.has(FAILED)).toBe(true);
      await button('Delete').click();
      await dialogButton('Delete').click();
      await text('7 sessions').waitFor();
      expect(host.sessions.has(FAILED)).toBe(false);
    });

    it('runs again as a new session', async () => {
      await open(`#/sessions/${FAILED}`);
      await button('Run again').click();
      await dialogButton('Run everything').click();
      await page.waitForURL(/run-1/);
      expect(host.calls.find(({ method }) => method === 'sessions.run')?.params).toEqual({
        source: { sessionId: FAILED },
      });
    });

    it('runs again with results taken over where that was chosen', async () => {
      await open(`#/sessions/${FAILED}`);
      await button('Run again').click();
      await dialogButton('Reuse what is still good').click();
      await page.waitForURL(/run-1/);
      expect(host.calls.find(({ method }) => method === 'sessions.rerun')?.params).toEqual({
        sessionId: FAILED,
        reuse: true,
      });
    });

    it('says when it is not there, and when it goes while it is shown', async () => {
      await open('#/sessions/never-was');
      await page.getByRole('heading', { name: 'There is no such session' }).waitFor();
      await open(`#/sessions/${RUNNING}`);
      await page.getByRole('heading', { name: 'meerkat-calibration.graph' }).waitFor();
      await page.evaluate(
        `fetch('/weir/v1/call', {method: 'POST', body: JSON.stringify({method: 'sessions.delete', params: {sessionId: '${RUNNING}'}})})`,
      );
      await page.getByRole('heading', { name: 'This session was deleted' }).waitFor();
    });

    it('shows its log, filters it, and opens an entry', async () => {
      await open(`#/sessions/${FAILED}/log`);
      await text('4 entries').waitFor();
      await page.getByLabel('Level').selectOption('error');
      await text('2 entries').waitFor();
      await rows().first().click();
      await page.getByRole('region', { name: 'Details' }).getByRole('link', { name: '-4_4' }).waitFor();
    });
  });

  describe('the table of 100,000 drops', () => {
    beforeEach(() => fillWithSessions(host, 33_332));

    it('holds only the rows in view, and goes to the end and back by keyboard', async () => {
      await open(`#/sessions/${BIG}/drops`);
      await rows().first().getByText('Visibilities').waitFor();
      expect(await rows().count()).toBeLessThan(60);
      const grid = page.getByRole('grid');
      await grid.focus();
      await page.keyboard.press('End');
      await rows().last().getByText('Image cube').waitFor();
      expect(await grid.getAttribute('aria-activedescendant')).toBe('row-99999');
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Gather' }).waitFor();
      await page.goBack();
      await rows().first().waitFor();
    });

    it('sorts by its headers: up, down, as the graph has it', async () => {
      await open(`#/sessions/${BIG}/drops?kind=app`);
      await rows().first().getByText('Scatter by channel').waitFor();
      const header = page.getByRole('columnheader', { name: 'Duration' });
      await header.getByRole('button').click();
      await page.locator('[aria-sort=ascending]').waitFor();
      await header.getByRole('button').click();
      await page.locator('[aria-sort=descending]').waitFor();
      await rows().first().getByText('Calibrate').waitFor();
      await header.getByRole('button').click();
      await rows().first().getByText('Scatter by channel').waitFor();
      expect(await page.locator('[aria-sort]').count()).toBe(0);
    });

    it('finds one among all', async () => {
      await open(`#/sessions/${BIG}/drops`);
      await page.getByRole('searchbox').fill('-4_31415');
      await text('1 of 100,000 drops').waitFor();
      await rows().first().click();
      await page.getByRole('heading', { name: 'Calibrate' }).waitFor();
    });
  });

  describe('the graph', () => {
    beforeEach(() => fillWithSessions(host));

    it('is walked along its edges by keyboard, says where it is, and opens a logical drop', async () => {
      await open(`#/sessions/${FAILED}/graph`);
      const canvas = page.getByRole('application');
      await canvas.focus();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Shift+Tab');
      await page.locator('.card', { hasText: 'Visibilities' }).waitFor();
      for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
      await page.locator('.card', { hasText: 'Calibrate' }).waitFor();
      expect(await page.locator('#live').textContent()).toBe(
        'Calibrate, App, Completed 30, Error 2, 1 input, 1 output',
      );
      await page.keyboard.press('Enter');
      await text('Logical drop Calibrate').waitFor();
    });

    it('shows every drop of a small session, and opens the one that is clicked', async () => {
      await open(`#/sessions/2026-10-02T11-00-00_hello/graph`);
      await page.getByLabel('Show', { exact: true }).selectOption('1');
      await page.waitForURL(/unfold=1/);
      const canvas = page.getByRole('application');
      const box = (await canvas.boundingBox()) as { x: number; y: number; width: number; height: number };
      await expect
        .poll(async () => {
          await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
          await page.mouse.move(box.x + box.width / 2 + 1, box.y + box.height / 2);
          return page.locator('.card').count();
        })
        .toBe(1);
      await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
      await page.getByRole('heading', { name: 'Calibrate' }).waitFor();
      expect(page.url()).toContain('/drop/-4_0');
    });

    it('says what it does not draw, and where that can be seen', async () => {
      const options = { sessionId: WIDE, graphName: 'wide.graph', width: 3333, createdAt: Date.now() };
      host.add(new FakeSession(options));
      await open(`#/sessions/${WIDE}/graph`);
      await text('All drops are drawn up to 5,000; this session has 10,003.').waitFor();
      await page.getByRole('link', { name: 'See them in the table' }).click();
      await rows().first().waitFor();
    });
  });

  describe('a drop', () => {
    beforeEach(() => fillWithSessions(host));

    it('shows errors, parameters, events, relations and the facts of its run', async () => {
      await open(`#/sessions/${FAILED}/drop/-4_4`);
      await text('The command of -4_4 ended with status 2.').waitFor();
      await text('calibrate: cannot solve for antenna 7').waitFor();
      await text('calibrate --in {in} --out {out} --solint {solint}').waitFor();
      await text('calibrate --in -3_4 --out -5_4').waitFor();
      expect(await page.locator('table tbody tr').count()).toBe(3);
      await page.getByRole('link', { name: '-3_4' }).click();
      await page.getByRole('heading', { name: 'Channel' }).waitFor();
      await page.getByRole('link', { name: 'Drops', exact: true }).click();
      await rows().first().waitFor();
    });

    it('shows JSON laid out, and markup in it as text', async () => {
      await open(`#/sessions/${FAILED}/drop/-3_0`);
      await text('"note": "<b>not markup</b>"').waitFor();
      await page.getByLabel('View as').selectOption('hex');
      await text('00000000  7b 22 63 68').waitFor();
    });

    it('shows large text in parts', async () => {
      await open(`#/sessions/${FAILED}/drop/-1_0`);
      await text('Bytes 1 to 65,536 of 460,000').waitFor();
      await button('Next part').click();
      await text('Bytes 65,537 to 131,072 of 460,000').waitFor();
    });

    it('shows pictures, bytes, emptiness and absence for what they are', async () => {
      await open(`#/sessions/${FAILED}/drop/-7_0`);
      const image = page.getByRole('img', { name: 'Content of Image cube' });
      await image.waitFor();
      expect(await image.evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth)).toBe(
        256,
      );
      await page.goto(`${url}/#/sessions/${FAILED}/drop/-3_1`);
      await text('80 04 95 10').waitFor();
      await page.goto(`${url}/#/sessions/${FAILED}/drop/-3_2`);
      await text('The content is empty (0 bytes).').waitFor();
      await page.goto(`${url}/#/sessions/${RUNNING}/drop/-7_0`);
      await text('Nothing has been written to this drop yet.').waitFor();
    });

    it('saves its content byte for byte', async () => {
      await open(`#/sessions/${FAILED}/drop/-3_0`);
      const downloading = page.waitForEvent('download');
      await button('Save…').click();
      const download = await downloading;
      expect(download.suggestedFilename()).toMatch(/^Channel/);
      const chunks: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
      expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({ frequencyMHz: 856.5 });
    });

    it('changes while it is shown', async () => {
      const session = host.sessions.get(RUNNING) as FakeSession;
      await open(`#/sessions/${RUNNING}/drop/-7_0`);
      await page.locator('.title weir-state-badge').getByText('Waiting').waitFor();
      host.advance(session, 1000);
      await page.locator('.title weir-state-badge').getByText('Completed').waitFor();
      await page.getByRole('img', { name: 'Content of Image cube' }).waitFor();
    });

    it('copies its id to the clipboard', async () => {
      await open(`#/sessions/${FAILED}/drop/-4_4`, { permissions: ['clipboard-read', 'clipboard-write'] });
      await button('Copy: Id').click();
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe('-4_4');
    });
  });

  describe('the reproducibility of a session', () => {
    beforeEach(() => fillWithSessions(host));

    it('says what was reached in four words, and what is missing', async () => {
      await open(`#/sessions/${FAILED}/reproducibility`);
      await text('Every one of 100 drops has a record').waitFor();
      await text('The records stand under a checkpoint signed on').waitFor();
      await text('This device knows of no other node that signed this checkpoint').waitFor();
      await text('The stored bytes have not been read again').waitFor();
      expect(await page.getByRole('cell', { name: 'not recorded', exact: true }).count()).toBe(3);
      await button('Verify now').click();
      await text('104 checks on the stored bytes hold').waitFor();
      await text('according to weir/KIWI-7Q2M').waitFor();
      await open(`#/sessions/${RUNNING}/reproducibility`);
      await text('41 of 100 drops have a record; 59 have none.').waitFor();
      await text('it is sealed when it is over').waitFor();
    });

    it('lists what does not hold, and leads to the drop', async () => {
      host.altered = '-4_4';
      await open(`#/sessions/${FAILED}/reproducibility`);
      await button('Verify now').click();
      await text('1 problem was found in 104 checks.').waitFor();
      await page.getByRole('link', { name: 'drop -4_4' }).click();
      await page.getByRole('heading', { name: 'Calibrate' }).waitFor();
    });

    it('proves a drop that is looked for, in the page, and shows which step fails when a byte is altered', async () => {
      await open(`#/sessions/${FAILED}/reproducibility`);
      await page.getByRole('searchbox').fill('-4_31');
      await page.getByRole('link', { name: 'Calibrate', exact: true }).click();
      await text('Every step holds.').waitFor();
      const panel = page.locator('weir-proof-panel');
      expect(await panel.locator('ol.steps > li.holds').count()).toBe(7);
      for (const [part, step] of [
        ['record', 'Root'],
        ['signature', 'Signature'],
        ['facts', 'Facts'],
      ] as const) {
        await panel.getByLabel('Alter one byte in').selectOption(part);
        await button('Alter one byte').click();
        await text(`The first step that fails: ${step}.`).waitFor();
      }
      await button('Restore').click();
      await text('Every step holds.').waitFor();
    });

    it('proves a drop on its own page', async () => {
      await open(`#/sessions/${FAILED}/drop/-3_0`);
      await button('Show the proof').click();
      await text('The record was not altered since').waitFor();
      const downloading = page.waitForEvent('download');
      await button('Save proof…').click();
      expect((await downloading).suggestedFilename()).toBe('-3_0.dlgproof');
    });
  });

  describe('the comparison of two sessions', () => {
    beforeEach(() => fillWithSessions(host));

    it('is reached from the list, gives a verdict per mode, and names first causes by class', async () => {
      await open();
      const boxes = page.getByRole('checkbox');
      await boxes.nth(1).check();
      await text('One session selected').waitFor();
      await boxes.nth(2).check();
      await text('2 sessions selected').waitFor();
      await page.getByRole('link', { name: 'Compare them' }).click();
      await text('2 first causes').waitFor();
      const verdict = (mode: string): Locator =>
        page.locator('.verdicts li', { hasText: new RegExp(`^\\s*${mode} `) });
      await verdict('RERUN').getByText('match', { exact: true }).waitFor();
      await verdict('RECOMPUTE').getByText('differs', { exact: true }).waitFor();
      await verdict('REPLICATE_SCI').getByText('not recorded', { exact: true }).waitFor();
      await page.getByRole('row', { name: 'Parameter solint 30 60' }).waitFor();
      await text('Flag <b>again</b>').waitFor();
      await text('3 drops come after a cause').waitFor();
      await button('REPRODUCE').click();
      expect(page.url()).toContain('mode=REPRODUCE');
    });

    it('waits for a second session, and swaps the two', async () => {
      await open(`#/compare?a=${FAILED}`);
      await text('Choose two sessions to compare.').waitFor();
      await page.getByLabel('Session B').selectOption(BIG);
      await text('2 first causes').waitFor();
      await button('Swap A and B').click();
      await expect.poll(() => host.calls.at(-1)?.params).toMatchObject({ a: BIG, b: FAILED });
    });
  });

  describe('opening a graph', () => {
    async function choose(content: string): Promise<void> {
      const chooser = page.waitForEvent('filechooser');
      await button('Open…').first().click();
      await (await chooser).setFiles({ name: 'mine.graph', mimeType: '', buffer: Buffer.from(content) });
    }

    /** Drops files on the window as a file manager does. */
    const drop = (names: readonly string[], type: string): Promise<void> =>
      page.evaluate(
        `{
          const transfer = new DataTransfer();
          for (const name of ${JSON.stringify(names)}) transfer.items.add(new File(['[{}, {}, {}]'], name));
          window.dispatchEvent(new DragEvent('${type}', { dataTransfer: transfer, cancelable: true }));
        }`,
      );

    it('shows what it is and runs it when told to', async () => {
      await open();
      await choose('[{}, {}]');
      await page.getByRole('heading', { name: 'Run this graph?' }).waitFor();
      expect(host.calls.some(({ method }) => method === 'sessions.run')).toBe(false);
      await button('Run graph').click();
      await page.getByRole('heading', { name: 'mine.graph' }).waitFor();
    });

    it('shows the sentence and the code of the engine for a bad one', async () => {
      await open();
      await choose('[{,');
      await page.getByRole('heading', { name: 'The graph cannot be opened' }).waitFor();
      await text('mine.graph is not JSON').waitFor();
      await text('GRAPH_NOT_JSON').waitFor();
      expect(await button('Run graph').count()).toBe(0);
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
      await choose('{"a": 1}');
      await text('1 problem keeps it from running').waitFor();
      await text('GRAPH_INVALID').waitFor();
    });

    it('is asked for by Control O and by dropping a file anywhere', async () => {
      await open();
      // Chromium gives a page no keys before its first paint.
      await text('Nothing has been run here yet').waitFor();
      const chooser = page.waitForEvent('filechooser');
      await page.keyboard.press('Control+o');
      await (await chooser).setFiles([]);
      await drop(['dragged.graph'], 'dragenter');
      await text('Drop a file to open it').waitFor();
      await drop(['dragged.graph'], 'drop');
      await text('Drop a file to open it').waitFor({ state: 'detached' });
      await page.locator('weir-run-dialog').getByText('dragged.graph').waitFor();
    });

    it('refuses several files at once with a sentence', async () => {
      await open();
      await drop(['a.graph', 'b.graph'], 'drop');
      await text('One file at a time').waitFor();
      await button('Close').click();
      await text('One file at a time').waitFor({ state: 'detached' });
    });
  });

  describe('the frame', () => {
    beforeEach(() => fillWithSessions(host));

    it('says that the connection is lost, and shows the present state when it is back', async () => {
      const session = host.sessions.get(RUNNING) as FakeSession;
      await open(`#/sessions/${RUNNING}/drops`, { viewport: { width: 1280, height: 2400 } });
      await text('41 of 100 drops settled').waitFor();
      host.dropConnections();
      host.advance(session, 10);
      await page.locator('.banner', { hasText: 'Connection lost' }).waitFor();
      await text('51 of 100 drops settled').waitFor();
      expect(await page.locator('.banner').count()).toBe(0);
      await row(50).getByText('Finished').waitFor();
    });

    it('keeps the chosen colours', async () => {
      await open('', { colorScheme: 'light' });
      const background = (): Promise<unknown> =>
        page.evaluate('getComputedStyle(document.body).backgroundColor');
      const light = await background();
      await button('Settings').click();
      await page.getByLabel('Dark').check();
      expect(await background()).not.toBe(light);
      await page.reload();
      expect(await background()).not.toBe(light);
    });

    it('tells about the node', async () => {
      await open();
      await button('About Weir').click();
      await text('/home/ada/.local/share/weir').waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('F1');
      await text('Graph: to a sibling').waitFor();
    });

    it('keeps a dialog that is opened while another one is closing', async () => {
      await open();
      await button('About Weir').click();
      await text('/home/ada/.local/share/weir').waitFor();
      await page.evaluate(`new Promise((resolve) => {
        const { shadowRoot } = document.querySelector('weir-app').shadowRoot.querySelector('weir-about-dialog');
        const dialog = shadowRoot.querySelector('weir-dialog').shadowRoot.querySelector('dialog');
        dialog.addEventListener('close', resolve);
        dialog.close();
        dispatchEvent(new KeyboardEvent('keydown', { key: 'F1' }));
      })`);
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    });

    it('shows an address that leads nowhere as such', async () => {
      await open('#/nonsense');
      await page.getByRole('heading', { name: 'There is nothing at this address' }).waitFor();
      await page.getByRole('link', { name: 'Back to all sessions' }).click();
      await text('8 sessions').waitFor();
    });

    it('runs no script that is written into the page', async () => {
      await open();
      await text('8 sessions').waitFor();
      await page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.intruder = 1'; document.body.append(s)",
      );
      expect(await page.evaluate('window.intruder')).toBeUndefined();
      expect(complaints.splice(0).join()).toMatch(/Content Security Policy/);
    });
  });

  describe.each(['light', 'dark'] as const)('in %s colours axe finds nothing wrong with', (colorScheme) => {
    const places: readonly (readonly [string, string, () => Promise<void>])[] = [
      ['the list', '#/sessions', () => text('8 sessions').waitFor()],
      ['an overview', `#/sessions/${FAILED}`, () => page.getByRole('heading', { name: 'Errors' }).waitFor()],
      ['a run', `#/sessions/${RUNNING}`, () => text('7 / 32').waitFor()],
      ['the drops', `#/sessions/${FAILED}/drops`, () => rows().nth(3).getByText('Channel').waitFor()],
      ['the graph', `#/sessions/${FAILED}/graph`, () => page.getByRole('application').waitFor()],
      ['the log', `#/sessions/${FAILED}/log`, () => text('4 entries').waitFor()],
      [
        'the reproducibility of a session',
        `#/sessions/${FAILED}/reproducibility?drop=-4_4`,
        () => text('Every step holds.').waitFor(),
      ],
      [
        'a comparison',
        `#/compare?a=${FAILED}&b=2026-11-25T09-12-44_meerkat-cal`,
        () => text('2 first causes').waitFor(),
      ],
      ['a failed drop', `#/sessions/${FAILED}/drop/-4_4`, () => text('COMMAND_FAILED').waitFor()],
      ['a data drop', `#/sessions/${FAILED}/drop/-3_0`, () => text('frequencyMHz').waitFor()],
      ['a missing session', '#/sessions/none', () => text('There is no such session').waitFor()],
    ];

    it.each(places)('%s', async (_what, hash, ready) => {
      fillWithSessions(host);
      await open(hash, { colorScheme });
      await ready();
      expect(await violationsOf(page)).toEqual([]);
    });

    it('the empty list and the dialogs', async () => {
      await open('', { colorScheme });
      await text('Nothing has been run here yet').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      for (const name of ['Settings', 'About Weir', 'Keyboard']) {
        await button(name).click();
        await page.getByRole('dialog').waitFor();
        expect(await violationsOf(page)).toEqual([]);
        await page.keyboard.press('Escape');
      }
    });
  });
});
