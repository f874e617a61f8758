import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageHandler } from '../../electron/page-protocol.ts';
import {
  CONTENT_SECURITY_POLICY,
  SAFE_WEB_PREFERENCES,
  isAllowedExternal,
  isAllowedPermission,
  isAllowedRequest,
  isAppUrl,
  resolveAsset,
} from '../../electron/security.ts';

let folder: string;
let root: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'weir-assets-'));
  root = path.join(folder, 'renderer');
  await mkdir(path.join(root, 'assets'), { recursive: true });
  await writeFile(path.join(root, 'index.html'), '<!doctype html>');
  await writeFile(path.join(root, 'assets', 'a b.js'), 'export {};');
  await writeFile(path.join(folder, 'secret.txt'), 'secret');
  await mkdir(path.join(folder, 'renderer-of-another'));
  await writeFile(path.join(folder, 'renderer-of-another', 'x.js'), 'secret');
  await symlink(path.join(folder, 'secret.txt'), path.join(root, 'link.txt'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the own scheme serves the built page and nothing else', () => {
  test.each([
    ['app://weir/index.html', 'index.html'],
    ['app://weir/', 'index.html'],
    ['app://weir/index.html#/sessions/a', 'index.html'],
    ['app://weir/index.html?x=1', 'index.html'],
    ['app://weir/assets/a%20b.js', 'assets/a b.js'],
  ])('%s is a file of the page', async (url, file) => {
    expect(await resolveAsset(root, url)).toBe(path.join(root, file));
  });

  test.each([
    'app://weir/../secret.txt',
    'app://weir/..%2fsecret.txt',
    'app://weir/%2e%2e/secret.txt',
    'app://weir/%2e%2e%2fsecret.txt',
    'app://weir/assets/..%2f..%2fsecret.txt',
    'app://weir/assets/%252e%252e/%252e%252e/secret.txt',
    'app://weir/..%5csecret.txt',
    'app://weir/assets\\..\\..\\secret.txt',
    'app://weir/index.html%00.txt',
    'app://weir//etc/passwd',
    'app://weir/%2fetc%2fpasswd',
    'app://weir/C:/Windows/win.ini',
    'app://weir/../renderer-of-another/x.js',
    'app://weir/..%2frenderer-of-another/x.js',
    'app://weir/link.txt',
    'app://weir/assets',
    'app://weir/assets/',
    'app://weir/nothing.js',
    'app://weir/%zz',
    `app://weir/${'a'.repeat(5000)}`,
    'app://elsewhere/index.html',
    'app://weir.elsewhere/index.html',
    'app://user@weir/index.html',
    'file:///etc/passwd',
    'https://weir/index.html',
    'not a url',
  ])('%s is not found', async (url) => {
    const response = await pageHandler(root)({ method: 'GET', url } as Request);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain('secret');
  });

  test('every answer carries the content security policy and the type of the file', async () => {
    const response = await pageHandler(root)(new Request('app://weir/assets/a%20b.js'));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toBe('export {};');
    const missing = await pageHandler(root)(new Request('app://weir/nothing.js'));
    expect(missing.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
  });

  test('only reading is answered', async () => {
    const response = await pageHandler(root)(new Request('app://weir/index.html', { method: 'POST' }));
    expect(response.status).toBe(405);
  });
});

test('the content security policy allows nothing inline and nothing from elsewhere', () => {
  expect(CONTENT_SECURITY_POLICY).toContain("default-src 'none'");
  expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe|http|\*/);
});

test('windows are made with everything safe on and nothing unsafe', () => {
  expect(SAFE_WEB_PREFERENCES).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
  });
});

test.each([
  ['app://weir/index.html', true],
  ['app://weir', true],
  ['app://weirs/index.html', false],
  ['app://weir:80/index.html', false],
  ['APP://WEIR/index.html', false],
  ['https://weir/index.html', false],
  ['about:blank', false],
  ['data:text/html,hello', false],
  ['', false],
])('%s belongs to the window: %s', (url, isOurs) => {
  expect(isAppUrl(url)).toBe(isOurs);
});

test.each([
  ['https://daliuge.readthedocs.io/en/latest/', true],
  ['https://github.com/ICRAR/daliuge', true],
  ['http://daliuge.readthedocs.io/', false],
  ['https://daliuge.readthedocs.io.evil.example/', false],
  ['https://evil.example/?https://github.com/', false],
  ['https://github.com@evil.example/', false],
  ['https://user:pass@github.com/', false],
  ['https://github.com:8443/', false],
  ['https://github.com%2f@evil.example', false],
  ['https://gіthub.com/', false],
  ['file:///etc/passwd', false],
  ['file://server/share', false],
  ['smb://server/share', false],
  ['javascript:alert(1)', false],
  ['JaVaScRiPt:alert(1)', false],
  ['ms-msdt:/id PCWDiagnostic', false],
  ['vbscript:x', false],
  ['mailto:a@b.c', false],
  ['\\\\server\\share', false],
  [' https', false],
  ['', false],
])('the browser outside may be sent to %s: %s', (url, isAllowed) => {
  expect(isAllowedExternal(url)).toBe(isAllowed);
});

test('the page may show notifications and write to the clipboard, and no other page may do anything', () => {
  const names = [
    'clipboard-read', 'clipboard-sanitized-write', 'display-capture', 'fullscreen', 'geolocation', 'hid',
    'idle-detection', 'media', 'mediaKeySystem', 'midi', 'midiSysex', 'notifications', 'openExternal', 'pointerLock',
    'serial', 'storage-access', 'usb', 'window-management', 'fileSystem', 'unknown',
  ]; // prettier-ignore
  const allowed = names.filter((name) => isAllowedPermission(name, 'app://weir/index.html'));
  expect(allowed).toEqual(['clipboard-sanitized-write', 'notifications']);
  expect(names.filter((name) => isAllowedPermission(name, 'https://evil.example/'))).toEqual([]);
});

test.each([
  ['app://weir/assets/a.js', true],
  ['data:image/png;base64,AA', true],
  ['blob:app://weir/1234', true],
  ['devtools://devtools/bundled/inspector.html', true],
  ['https://github.com/', false],
  ['http://127.0.0.1:8000/', false],
  ['ws://127.0.0.1:8000/', false],
  ['file:///etc/passwd', false],
  ['blob:https://evil.example/1', false],
])('a request to %s passes: %s', (url, passes) => {
  expect(isAllowedRequest(url)).toBe(passes);
});
