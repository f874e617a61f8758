/** The built page and a browser to look at it with. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright';
import { build } from 'vite';

const root = path.resolve(import.meta.dirname, '..', '..');

/** Builds the page alone, as scripts/build.mjs does, into a folder of its own. Returns the folder. */
export async function buildPage(): Promise<string> {
  const outDir = path.join(root, '.cache', 'page-for-tests');
  await build({
    configFile: false,
    logLevel: 'warn',
    root: path.join(root, 'renderer'),
    base: './',
    publicDir: false,
    build: {
      outDir,
      target: 'chrome130',
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
  return outDir;
}

/** Debian's Chromium, or the one WEIR_CHROMIUM names; undefined where there is none. */
export function findChromium(): string | undefined {
  return [
    process.env['WEIR_CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ]
    .filter((file) => file !== undefined)
    .find((file) => existsSync(file));
}

export async function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });
}

/** A page whose exceptions and violations of the security policy are put into `complaints`. */
export async function watchedPage(
  browser: Browser | BrowserContext,
  complaints: string[],
  timeoutMs = 30_000,
): Promise<Page> {
  const page = await browser.newPage();
  // Patient, because the machines that run this are busy; nothing here passes because time passes.
  page.setDefaultTimeout(timeoutMs);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
  });
  return page;
}
