// node scripts/icons.mjs   draws resources/icons/weir-N.png from weir.svg with Chromium. Run after changing the drawing.
import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright';
import { root } from './lib/project.mjs';

const SIZES = [16, 24, 32, 48, 64, 128, 256, 512];
const folder = path.join(root, 'resources', 'icons');
const svg = fs.readFileSync(path.join(folder, 'weir.svg'), 'utf8');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  chromiumSandbox: process.getuid?.() !== 0,
});
try {
  for (const size of SIZES) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw}</style>${svg}`);
    await page.screenshot({ path: path.join(folder, `${size}x${size}.png`), omitBackground: true });
    await page.close();
  }
} finally {
  await browser.close();
}
