import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { windowOptions } from '../../electron/main-window.ts';
import { SAFE_WEB_PREFERENCES } from '../../electron/security.ts';
import {
  DEFAULT_SIZE,
  parseWindowState,
  placeWindow,
  readWindowState,
  writeWindowState,
  type WindowState,
} from '../../electron/window-state.ts';

const main = { x: 0, y: 25, width: 1920, height: 1055 };
const left = { x: -1280, y: 0, width: 1280, height: 1024 };
const state = (x: number, y: number, width: number, height: number): WindowState => ({
  bounds: { x, y, width, height },
  maximized: false,
});

describe('the window opens', () => {
  test('in the middle of the main display at a first start', () => {
    expect(placeWindow(undefined, [main])).toEqual({ x: 360, y: 152, ...DEFAULT_SIZE });
  });

  test('where it was, also on a second display', () => {
    expect(placeWindow(state(-1200, 100, 900, 700), [main, left])).toEqual({
      x: -1200,
      y: 100,
      width: 900,
      height: 700,
    });
  });

  test('in the middle of the main display when its own display has gone', () => {
    expect(placeWindow(state(-1200, 100, 900, 700), [main])).toEqual({
      x: 510,
      y: 202,
      width: 900,
      height: 700,
    });
  });

  test.each([
    ['above the display', state(100, -300, 900, 700)],
    ['below the display', state(100, 1075, 900, 700)],
    ['with all but a corner off the right side', state(1900, 100, 900, 700)],
    ['with all but a corner off the left side', state(-890, 100, 900, 700)],
  ])('in the middle when it was left %s', (_name, saved) => {
    expect(placeWindow(saved, [main])).toEqual({ x: 510, y: 202, width: 900, height: 700 });
  });

  test('no larger than the display', () => {
    const { width, height } = placeWindow(state(0, 30, 4000, 3000), [main]);
    expect({ width, height }).toEqual({ width: 1920, height: 1055 });
  });

  test('no smaller than what can be used', () => {
    expect(placeWindow(state(100, 100, 10, 10), [main])).toMatchObject({ width: 640, height: 420 });
  });
});

test.each([
  '',
  'null',
  '[]',
  '{"bounds":null}',
  '{"bounds":{"x":1,"y":2,"width":3}}',
  '{"bounds":{"x":1,"y":2,"width":"3","height":4}}',
  '{"bounds":{"x":1e300,"y":2,"width":3,"height":4}}',
  '{"bounds":{"x":1,"y":2,"width":-3,"height":4}}',
  '{"bounds":{"x":1',
])('the text %j is no window state', (text) => {
  expect(parseWindowState(text)).toBeUndefined();
});

describe('the file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'weir-state-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('keeps the place and whether the window filled the screen', async () => {
    const file = path.join(folder, 'deep', 'window-state.json');
    const saved = { bounds: { x: 1, y: 2, width: 800, height: 600 }, maximized: true };
    await writeWindowState(file, saved);
    expect(await readWindowState(file)).toEqual(saved);
    expect(await readdir(path.dirname(file))).toEqual(['window-state.json']);
  });

  test('that is missing or damaged is as no file', async () => {
    const file = path.join(folder, 'window-state.json');
    expect(await readWindowState(file)).toBeUndefined();
    await writeFile(file, '{"bounds":');
    expect(await readWindowState(file)).toBeUndefined();
  });
});

test('the window is made sandboxed, isolated and without Node', () => {
  const options = windowOptions(
    { x: 0, y: 0, width: 800, height: 600 },
    { preload: '/app/preload.cjs', icon: '/app/icon.png', isDark: true },
  );
  expect(options.webPreferences).toEqual({ ...SAFE_WEB_PREFERENCES, preload: '/app/preload.cjs' });
});
