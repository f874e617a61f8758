import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

// Rules of design/ux-and-trust.md section 6 that can be seen in the sources.
const folder = path.resolve('electron');
const sources = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(path.join(folder, name), 'utf8'),
}));
const using = (pattern: RegExp): string[] =>
  sources.filter(({ text }) => pattern.test(text)).map(({ name }) => name);

describe('in the sources of the shell', () => {
  test('raw ipcMain is imported by the composition only, and ipcRenderer by the preload only', () => {
    expect(using(/\bipcMain\b.*\bfrom 'electron|^ {2}ipcMain,$/m)).toEqual(['desktop.ts']);
    expect(using(/import .*\bipcRenderer\b/)).toEqual(['preload.ts']);
  });

  test('the preload imports nothing but Electron and the contract', () => {
    const preload = sources.find(({ name }) => name === 'preload.ts')!.text;
    const imports = [...preload.matchAll(/from '([^']+)'/g)].map((match) => match[1]);
    expect(imports).toEqual(['electron', './contract.ts']);
  });

  test('no window is made but in one place, and no address is loaded but the own one', () => {
    expect(using(/new BrowserWindow\b/)).toEqual(['desktop.ts']);
    expect(using(/\bloadURL\(/)).toEqual(['main-window.ts']);
    expect(using(/\bloadURL\((?!APP_START_URL\))/)).toEqual([]);
    expect(using(/\bloadFile\(/)).toEqual([]);
  });

  test('nothing unsafe is switched on', () => {
    expect(
      using(
        /nodeIntegration\w*: true|webviewTag: true|webSecurity: false|sandbox: false|contextIsolation: false/,
      ),
    ).toEqual([]);
    expect(using(/enableBlinkFeatures|experimentalFeatures: true|allowRunningInsecureContent: true/)).toEqual(
      [],
    );
  });

  test('the environment changes nothing in a packaged application', () => {
    expect(using(/process\.env/)).toEqual(['main.ts']);
    const main = sources.find(({ name }) => name === 'main.ts')!.text;
    for (const line of main.split('\n').filter((l) => l.includes('process.env'))) {
      expect(line).toContain('app.isPackaged ?');
    }
  });
});

test('the fuses of a release leave nothing of Node or a debugger open', () => {
  const config = readFileSync('electron-builder.yml', 'utf8');
  for (const [fuse, value] of [
    ['runAsNode', 'false'],
    ['enableCookieEncryption', 'true'],
    ['enableNodeOptionsEnvironmentVariable', 'false'],
    ['enableNodeCliInspectArguments', 'false'],
    ['enableEmbeddedAsarIntegrityValidation', 'true'],
    ['onlyLoadAppFromAsar', 'true'],
    ['grantFileProtocolExtraPrivileges', 'false'],
  ]) {
    expect(config).toMatch(new RegExp(`^  ${fuse}: ${value}$`, 'm'));
  }
});
