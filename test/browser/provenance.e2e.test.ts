/** Comparing, proving, tracing and clearing the history in a browser over a real Host: what was run is run here. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Locator, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exportBundle } from '../../engine/api/index.ts';
import { testHost, type TestHost } from '../support/host.ts';
import { violationsOf } from './axe.ts';
import { buildPage, findChromium, openBrowser, watchedPage } from './page.ts';

const chromium = findChromium();
const SAMPLE = path.resolve('resources/samples/many-hellos.graph');

describe.skipIf(chromium === undefined)('where results come from, in the window', () => {
  let browser: Browser;
  let host: TestHost;
  let page: Page;
  let outside: string[];

  const text = (content: string | RegExp): Locator => page.getByText(content).first();
  const button = (name: string): Locator => page.getByRole('button', { name, exact: true });

  async function run(sessionId: string, rmode: string, greet = 'World', copies = 4): Promise<void> {
    await host.call('sessions.run', {
      source: { path: SAMPLE },
      sessionId,
      rmode,
      values: [
        { node: 'hello', field: 'hello-greet', value: greet },
        { node: 'greeters', field: 'greeters-copies', value: copies },
      ],
    });
    await host.manager.find(sessionId)?.recorded();
  }

  beforeAll(async () => {
    host = await testHost({ http: { host: '127.0.0.1', port: 0, rendererDir: await buildPage() } });
    await run('world', 'ALL');
    await run('again', 'ALL');
    await run('moon', 'ALL', 'Moon');
    await run('wide', 'ALL', 'World', 6);
    await run('bare', 'NOTHING');
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

  const open = (hash: string): Promise<unknown> => page.goto(`${host.url as string}/${hash}`);

  async function openFile(name: string, content: string | Uint8Array): Promise<void> {
    const chooser = page.waitForEvent('filechooser');
    await button('Open…').click();
    await (await chooser).setFiles({ name, mimeType: '', buffer: Buffer.from(content) });
  }

  describe('two sessions compared', () => {
    it('says the verdicts in words and marks the first causes on one graph', async () => {
      await open('#/compare?a=world&b=moon&mode=REPEAT');
      await text('By DALiuGE’s signatures 3 modes match, 4 modes differ.').waitFor();
      await text('By Weir’s own, which cover more, 1 mode matches, 6 modes differ.').waitFor();
      await text('4 first causes').waitFor();
      const legend = page.getByRole('list', { name: 'Legend' });
      await legend.getByText('First cause 4').waitFor();
      await legend.getByText('Affected 8').waitFor();
      const drawing = page.getByRole('application', { name: 'Graph of world and moon in one' });
      await drawing.press('Tab');
      await drawing.focus();
      await drawing.press('ArrowUp');
      await page.locator('weir-graph-canvas .card').getByText('First cause 4').waitFor();
      await drawing.press('ArrowRight');
      await page.locator('weir-graph-canvas .card').getByText('Affected 4').waitFor();
      expect(await violationsOf(page)).toEqual([]);
    });

    it('opens what a node stands for', async () => {
      await open('#/compare?a=world&b=moon&mode=REPEAT');
      const drawing = page.getByRole('application');
      await drawing.focus();
      await drawing.press('ArrowUp');
      await drawing.press('Enter');
      await page.waitForURL(/#\/sessions\/world\/drops\?lgKey=/);
      await text('4 of 12 drops').waitFor();
    });

    it('lets a field pass that a person ignores, keeps that in the address, and calls it no match', async () => {
      await open('#/compare?a=world&b=moon&mode=REPEAT');
      await page.getByLabel('How greet is compared').first().selectOption('Not at all');
      await text('4 fields differ and were let pass as you chose.').waitFor();
      await text('this is no match of hashes').waitFor();
      await page.reload();
      await text('greet: not compared').waitFor();
      await page
        .locator('.verdicts li', { hasText: 'REPLICATE_TOTAL' })
        .getByText('differs', { exact: true })
        .waitFor();
      await button('Compare everything exactly').click();
      await text('4 first causes').waitFor();
      expect(page.url()).not.toContain('as=');
    });

    it('shows what only one side has', async () => {
      await open('#/compare?a=world&b=wide&mode=RERUN');
      await page.getByRole('list', { name: 'Legend' }).getByText('Only in B 6').waitFor();
      await text('Only in B (6)').waitFor();
    });

    it('saves the comparison as JSON with the choices that were made', async () => {
      await open('#/compare?a=world&b=moon&as=%5B%5B%22greet%22%2Cnull%5D%5D');
      await text('greet: not compared').waitFor();
      const saved = page.waitForEvent('download');
      await button('Save as JSON').click();
      const file = await (await saved).path();
      expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
        a: 'world',
        b: 'moon',
        choices: { comparators: [{ field: 'greet', as: 'ignore' }] },
      });
    });
  });

  it('compares several sessions in a grid, and puts equal ones side by side', async () => {
    await open('#/sessions');
    for (const name of ['world', 'moon', 'bare', 'again'])
      await page.getByRole('checkbox', { name: `Select many-hellos.graph, ${name} for comparison` }).check();
    await text('4 sessions selected').waitFor();
    await page.getByRole('link', { name: 'Compare them' }).click();
    await page.getByRole('heading', { name: 'Compare 4 sessions' }).waitFor();
    const rowOf = (mode: string): Locator => page.getByRole('row', { name: new RegExp(`^${mode} `) });
    await rowOf('REPRODUCE').waitFor();
    const groups = async (): Promise<string> =>
      (await rowOf('REPRODUCE').locator('td').allInnerTexts())
        .map((cell) => cell.trim().split(/\s/)[0])
        .join();
    expect(await groups()).toBe('A,B,not,A');
    await rowOf('REPRODUCE').getByRole('button').click();
    await expect.poll(groups).toBe('A,A,B,not');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByLabel('Signatures of').selectOption('Weir');
    await expect.poll(groups).toBe('A,A,A,B');
  });

  it('leads from a drop back to a root of the graph, block by block', async () => {
    await open('#/sessions/world/reproducibility?drop=1_letter_0-0');
    await text('All 4 blocks from here to the root “Say hello” hold.').waitFor();
    expect(await page.locator('weir-block-path h3 a').allInnerTexts()).toEqual([
      'Letter',
      'All together',
      'Greeting',
      'Say hello',
    ]);
    const together = page.locator('weir-block-path li', { hasText: '1_together_0-0' });
    await together.getByLabel(/2 drops come before it/).selectOption('1_greeting_0-1');
    await page.locator('weir-block-path h3', { hasText: '1_hello_0-1' }).waitFor();
    await text(/Show its leaves/).click();
    await text("('categoryType', 'Data')").waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.locator('weir-block-path').getByLabel('R-mode').selectOption('RERUN');
    await text('Under RERUN DALiuGE counts the links of the logical graph only').waitFor();
  });

  it('names the block that does not hold when reprodata.out was altered', async () => {
    const file = path.join(host.dataDir, 'workspace', 'again', 'reprodata.out');
    const whole = await readFile(file, 'utf8');
    const drops = (
      JSON.parse(whole) as [Record<string, Record<string, Record<string, Record<string, string>>>>]
    )[0];
    const block = drops['1_together_0-0']?.['reprodata']?.['REPEAT']?.['pgt_blockhash'] as string;
    const mode = whole.indexOf('"REPEAT": {', whole.indexOf('"1_together_0-0": {'));
    const at = whole.indexOf(block, mode);
    await writeFile(file, `${whole.slice(0, at)}${block[0] === '0' ? '1' : '0'}${whole.slice(at + 1)}`);
    try {
      await open('#/sessions/again/reproducibility?drop=1_letter_0-0');
      await page.locator('weir-block-path').getByLabel('R-mode').selectOption('REPEAT');
      await text('The first block that is not what it should be: that of “All together”.').waitFor();
    } finally {
      await writeFile(file, whole);
    }
  });

  it('says why a session has no way of blocks', async () => {
    await open('#/sessions/bare/reproducibility?drop=1_letter_0-0');
    await text('it ran with R-mode NOTHING').waitFor();
  });

  it('shows that between two checkpoints nothing was removed, computed in the page', async () => {
    await open('#/checkpoints');
    await text('5 checkpoints').waitFor();
    await page.getByLabel('Older: checkpoint of 2 seals').check();
    await button('Check what lies between').click();
    await text('Nothing removed, nothing altered, 3 added.').waitFor();
    expect(await page.locator('weir-consistency-panel .steps .holds').count()).toBe(5);
    const note = (
      await page.locator('weir-consistency-panel weir-code-block pre').first().innerText()
    ).trimEnd();
    await text('A checkpoint that you kept').click();
    const kept = page.getByRole('textbox', { name: 'A checkpoint that you kept' });
    await kept.fill(note);
    await button('Check against it').click();
    await text('Nothing removed, nothing altered, 3 added.').waitFor();
    await kept.fill(note.replace('\n2\n', '\n3\n'));
    await button('Check against it').click();
    await page.getByRole('heading', { name: 'What lies between' }).waitFor();
    await text('There is no proof between these checkpoints')
      .or(text('This does not hold'))
      .first()
      .waitFor();
    await button('Verify the log').click();
    await text('the log is whole').waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  describe('a file that is opened', () => {
    beforeEach(() => open('#/sessions'));

    it('is a proof: computed here, also when a byte of it was altered', async () => {
      const { proof } = (await host.call('sessions.prove', { sessionId: 'world', uid: '1_letter_0-0' })) as {
        proof: string;
      };
      await openFile('letter.dlgproof', proof);
      await page.getByRole('heading', { name: 'letter.dlgproof' }).waitFor();
      await text('Proof of a drop').waitFor();
      await text('Every step holds.').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await openFile('altered.dlgproof', proof.replace('"name":"Letter"', '"name":"Lettre"'));
      await text('The proof does not hold.').waitFor();
    });

    it('is a bundle: verified, found in the history, or refused by name', async () => {
      const bytes = Buffer.concat([...(await exportBundle(host.deps, 'world'))]);
      await openFile('world.zip', bytes);
      await text('Verified: every file in it is the one that was signed').waitFor();
      await text('This very run is in the history.').waitFor();
      await page.getByRole('link', { name: 'Open the session' }).click();
      await page.waitForURL(/#\/sessions\/world\/reproducibility/);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
      await openFile('altered.zip', bytes);
      await text('This bundle does not hold').waitFor();
    });

    it('is a bundle of another device: imported, and then shown under the checkpoint it came with', async () => {
      const other = await testHost();
      let bytes: Buffer;
      try {
        await other.call('sessions.run', { source: { path: SAMPLE }, sessionId: 'elsewhere', rmode: 'ALL' });
        await other.manager.find('elsewhere')?.recorded();
        bytes = Buffer.concat([...(await exportBundle(other.deps, 'elsewhere'))]);
      } finally {
        await other.remove();
      }
      await openFile('elsewhere.zip', bytes);
      await text(/another device. Compare the key/).waitFor();
      await button('Import into the history').click();
      await page.waitForURL(/#\/sessions\/elsewhere\/reproducibility/);
      await text('The session was imported.').waitFor();
      await text(/the device it ran on/).waitFor();
      await text(/holds a copy of the checkpoint/).waitFor();
      await button('Verify now').click();
      await text(/Not altered since/).waitFor();
      await host.call('sessions.delete', { sessionId: 'elsewhere' });
    });

    it('is a reprodata.out: its signatures, and who has the same', async () => {
      const file = path.join(host.dataDir, 'workspace', 'world', 'reprodata.out');
      const content = await readFile(file);
      await openFile('reprodata.out', content);
      await text('Signatures in it').waitFor();
      await page.locator('li', { hasText: 'moon' }).getByText('same RERUN, REPEAT, RECOMPUTE').waitFor();
      await openFile('cut.out', content.subarray(0, 5000));
      await text('This record cannot be read').waitFor();
    });

    it('is anything else: the drop that made it and what that was made of, or the plain word that nobody did', async () => {
      await openFile(
        'found.txt',
        await readFile(path.join(host.dataDir, 'workspace', 'moon', 'letter-1_lett_0-0.txt')),
      );
      await page.getByRole('heading', { name: 'What made this file' }).waitFor();
      await page.getByRole('link', { name: 'moon' }).first().waitFor();
      await page.getByRole('button', { name: 'What it was made of' }).first().click();
      const lineage = page.getByRole('list', { name: 'What Letter was made of' });
      await lineage.getByRole('link', { name: 'Say hello' }).first().waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await openFile('unknown.txt', 'nobody made this');
      await text('No drop of this history recorded a content like this one.').waitFor();
      await text(createHash('sha256').update('nobody made this').digest('hex')).waitFor();
    });
  });

  it('finds drops of all sessions by name and by content', async () => {
    await open('#/find');
    await text('Type a name, an id or a hash').waitFor();
    await page.getByLabel('Filter by name or id').fill('letter');
    await text('11 drops').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByLabel('SHA-256 of a content').fill('abc');
    await text('A SHA-256 has 64 hexadecimal digits.').waitFor();
    const letter = await readFile(path.join(host.dataDir, 'workspace', 'moon', 'letter-1_lett_0-0.txt'));
    await page.getByLabel('SHA-256 of a content').fill(createHash('sha256').update(letter).digest('hex'));
    await text('2 drops').waitFor();
    await page.getByLabel('Status').selectOption('Error');
    await text('No drop matches').waitFor();
  });

  it('narrows the list of sessions by graph, time and signature', async () => {
    const { summary } = (await host.call('sessions.get', { sessionId: 'moon' })) as {
      summary: { signatures: Record<string, string> };
    };
    await open('#/sessions');
    await text('5 sessions').waitFor();
    await text('More filters').click();
    await page
      .getByLabel('Signature, or its beginning')
      .fill((summary.signatures['REPRODUCE'] as string).slice(0, 12));
    await text('1 session').waitFor();
    await page.getByRole('link', { name: 'many-hellos.graph' }).waitFor();
    await page.getByLabel('Signature, or its beginning').fill('xyz');
    await text('A signature has up to 64 hexadecimal digits.').waitFor();
    await button('Clear filter').click();
    await text('More filters').click();
    await page.getByLabel('Started since').fill('2100-01-01');
    await text('No session matches').waitFor();
    await page.getByLabel('Started since').fill('2020-01-01');
    await text('5 sessions').waitFor();
    await page.getByLabel('Graph', { exact: true }).fill('no such graph');
    await text('No session matches').waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it('makes room only after it was shown what would go, and every session still verifies', async () => {
    await open('#/sessions');
    await button('Make room…').click();
    const dialog = page.locator('weir-retention-dialog weir-dialog');
    await dialog.getByLabel('Older than (days)').fill('');
    await dialog.getByRole('button', { name: 'Show what would go' }).click();
    await dialog.getByText('fill in at least one rule').waitFor();
    await dialog.getByLabel('Older than (days)').fill('many');
    await dialog.getByRole('button', { name: 'Show what would go' }).click();
    await dialog.getByText('a number of 0 or more is needed').waitFor();
    await dialog.getByLabel('Older than (days)').fill('0');
    await dialog.getByRole('button', { name: 'Show what would go' }).click();
    await dialog.getByText(/of 5 sessions would go/).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await dialog.getByRole('button', { name: /^Remove/ }).click();
    await dialog.getByRole('button', { name: 'Close' }).first().waitFor({ state: 'hidden' });
    await open('#/sessions/world/reproducibility');
    await button('Verify now').click();
    await text(/Not altered since/).waitFor();
  });

  it('keeps rules that are carried out by themselves, and spares what is pinned', async () => {
    await open('#/sessions/again');
    await button('Pin').click();
    await button('Unpin').waitFor();
    await open('#/sessions');
    await button('Make room…').click();
    const dialog = page.locator('weir-retention-dialog weir-dialog');
    await dialog.getByText(/Nothing goes by itself/).waitFor();
    await dialog.getByLabel('Older than (days)').fill('');
    await dialog.getByRole('button', { name: 'Do this always' }).click();
    await dialog.getByText('fill in at least one rule').waitFor();
    await dialog.getByLabel('All but the newest').fill('3');
    await dialog.getByRole('button', { name: 'Do this always' }).click();
    const rule = 'contents, events, logs of sessions not among the newest 3';
    await dialog.getByText(rule, { exact: true }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    // The settings have them, too, and there they can be removed.
    await button('Settings').click();
    const settings = page.locator('weir-settings-dialog weir-dialog');
    await settings.getByRole('button', { name: `Remove the rule: ${rule}` }).click();
    await settings.getByText(/Nothing goes by itself/).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    expect(await host.call('retention.rules', {})).toMatchObject({ rules: [] });
  });

  it('asks for an R-mode before a physical graph runs, and runs it so', async () => {
    await open('#/sessions');
    const graph = [
      {
        oid: 'hello',
        name: 'hello',
        categoryType: 'Application',
        dropclass: 'dlg.apps.simple.HelloWorldApp',
        outputs: ['b'],
      },
      { oid: 'b', name: 'b', categoryType: 'Data', dropclass: 'dlg.data.drops.memory.InMemoryDROP' },
    ];
    await openFile('signed.graph', JSON.stringify(graph));
    await page.getByLabel('Reproducibility').selectOption('All of them');
    await button('Run graph').click();
    await page.waitForURL(/#\/sessions\/signed/);
    await page.locator('header weir-state-badge').getByText('Finished', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Reproducibility', exact: true }).click();
    await text('Ran with R-mode ALL').waitFor();
  });

  it('shows the applications that run just now, and none when the run is cancelled', async () => {
    const graph = [
      {
        oid: 'sleeper',
        name: 'sleeper',
        categoryType: 'Application',
        dropclass: 'dlg.apps.simple.SleepApp',
        sleep_time: 600,
        outputs: ['b'],
      },
      { oid: 'b', name: 'b', categoryType: 'Data', dropclass: 'dlg.data.drops.memory.InMemoryDROP' },
    ];
    const source = { text: JSON.stringify(graph), name: 'sleeping.graph' };
    await host.call('sessions.run', { source, sessionId: 'sleeping' });
    try {
      await open('#/sessions/sleeping/drops?status=RUNNING');
      await text('1 of 2 drops').waitFor();
      await page.getByRole('link', { name: 'sleeper' }).waitFor();
      await page.getByLabel('Status').selectOption('Completed');
      await text('No drop matches the filter.').waitFor();
    } finally {
      await host.call('sessions.cancel', { sessionId: 'sleeping' });
    }
    await page.getByLabel('Status').selectOption('Running');
    await text('No drop matches the filter.').waitFor();
    await text('0 of 2 drops').waitFor();
  });
});
