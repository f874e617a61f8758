import type { MenuItemConstructorOptions } from 'electron';
import { describe, expect, test, vi } from 'vitest';
import { aboutText } from '../../electron/about.ts';
import { menuTemplate, type MenuActions } from '../../electron/menu.ts';

function actions(): MenuActions {
  return {
    openGraph: vi.fn(),
    showSessions: vi.fn(),
    showShortcuts: vi.fn(),
    showAbout: vi.fn(),
    openDocumentation: vi.fn(),
    quit: vi.fn(),
  };
}

function entries(template: MenuItemConstructorOptions[]): MenuItemConstructorOptions[] {
  return template.flatMap((item) => (Array.isArray(item.submenu) ? entries(item.submenu) : [item]));
}

function find(template: MenuItemConstructorOptions[], label: string): MenuItemConstructorOptions {
  const found = entries(template).find((item) => item.label === label);
  if (!found) throw new Error(`no menu entry "${label}"`);
  return found;
}

describe.each([{ isMac: false }, { isMac: true }])('the menu (macOS: $isMac)', ({ isMac }) => {
  const options = { appName: 'Weir', isMac, isPackaged: true };

  test.each([
    ['Open…', 'openGraph'],
    ['Sessions', 'showSessions'],
    ['Keyboard Shortcuts', 'showShortcuts'],
    ['About Weir', 'showAbout'],
    ['DALiuGE Documentation', 'openDocumentation'],
    [isMac ? 'Quit Weir' : 'Quit', 'quit'],
  ] as const)('has %s, which does it', (label, action) => {
    const given = actions();
    const click = find(menuTemplate(given, options), label).click as () => void;
    click();
    expect(given[action]).toHaveBeenCalledOnce();
  });

  test('gives no key to two entries', () => {
    const keys = entries(menuTemplate(actions(), options))
      .map((item) => item.accelerator)
      .filter((key) => key !== undefined);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('has developer tools only where Weir is worked on', () => {
    const roles = (isPackaged: boolean): unknown[] =>
      entries(menuTemplate(actions(), { ...options, isPackaged })).map((item) => item.role);
    expect(roles(true)).not.toContain('toggleDevTools');
    expect(roles(false)).toContain('toggleDevTools');
  });
});

test('About names every version that a report of a fault needs', () => {
  const text = aboutText({
    version: '1.2.3',
    versions: { electron: '45.4.1', chrome: '150.0', node: '24.1.0' },
    platform: 'linux',
    arch: 'x64',
    osRelease: '6.1',
    dataDir: '/data',
  });
  expect(text).toBe(
    'Weir 1.2.3\nElectron 45.4.1\nChromium 150.0\nNode 24.1.0\nSystem linux x64 6.1\nData /data',
  );
});
