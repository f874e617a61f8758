import { describe, expect, test } from 'vitest';
import { hasDisplay, withDisplay } from '../../scripts/lib/display.mjs';
import { aptLine, missingPackages } from '../../scripts/lib/needs.mjs';

const everyLibrary = 'libgtk-3.so.0 libnss3.so libasound.so.2 libgbm.so.1';

describe('packages that are missing', () => {
  test('on a bare Linux without a display are all of them', () => {
    const probe = { hasCommand: () => false, libraries: '' };
    expect(missingPackages({ needsStandin: true, platform: 'linux', env: {}, probe })).toEqual([
      'xvfb', 'xauth', 'libgtk-3-0', 'libnss3', 'libasound2', 'libgbm1', 'unzip', 'g++', 'make', 'python3', 'chromium',
    ]); // prettier-ignore
  });

  test('are no X server where there is a display, and no compiler where there is an Electron', () => {
    const probe = { hasCommand: () => false, libraries: everyLibrary };
    const env = { DISPLAY: ':0' };
    expect(missingPackages({ needsStandin: false, platform: 'linux', env, probe })).toEqual([
      'python3',
      'chromium',
    ]);
  });

  test('are none where another Chromium is there', () => {
    const probe = { hasCommand: (name: string) => name !== 'chromium', libraries: everyLibrary };
    expect(missingPackages({ needsStandin: true, platform: 'linux', env: {}, probe })).toEqual([]);
  });

  test('are none on other systems', () => {
    expect(missingPackages({ needsStandin: false, platform: 'darwin', env: {} })).toEqual([]);
  });

  test('are named in a line to paste', () => {
    expect(aptLine(['xvfb', 'chromium'])).toBe('apt-get install -y --no-install-recommends xvfb chromium');
  });
});

describe('a command that needs a display', () => {
  const has = (): boolean => true;

  test('runs as it is where there is a display and a session bus', () => {
    const env = { DISPLAY: ':0', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x' };
    expect(withDisplay(['node', 'x'], { env, platform: 'linux', has })).toEqual(['node', 'x']);
    expect(withDisplay(['node', 'x'], { env: {}, platform: 'darwin', has })).toEqual(['node', 'x']);
  });

  test('gets a display and a bus of its own where there are none', () => {
    const command = withDisplay(['node', 'x'], { env: {}, platform: 'linux', has });
    expect(command[0]).toBe('dbus-run-session');
    expect(command).toContain('xvfb-run');
    expect(command.slice(-2)).toEqual(['node', 'x']);
  });

  test('cannot run without a display and without Xvfb, and says what to install', () => {
    const run = (): unknown => withDisplay(['node'], { env: {}, platform: 'linux', has: () => false });
    expect(run).toThrow('There is no display here and no xvfb-run: apt-get install xvfb xauth.');
  });
});

test('Wayland is a display too', () => {
  expect(hasDisplay({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux')).toBe(true);
  expect(hasDisplay({}, 'linux')).toBe(false);
  expect(hasDisplay({}, 'win32')).toBe(true);
});
