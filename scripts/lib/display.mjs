// A display and a D-Bus for Electron: those that are there, else private ones (Xvfb, dbus-daemon) that end with the
// command. With no bus at all Chromium works too, but prints an error line for every service it looks for.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Whether a program is on the PATH. */
export function hasCommand(name) {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name], { stdio: 'ignore' }).status === 0;
}

/** Whether a window can be shown. On Linux that takes an X or Wayland display; elsewhere there is one. */
export function hasDisplay(env = process.env, platform = process.platform) {
  return platform !== 'linux' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/**
 * `command` (program and arguments) wrapped so that it has a display and a session bus. Throws a one-line Error where
 * there is no display and no Xvfb.
 */
export function withDisplay(
  command,
  { env = process.env, platform = process.platform, has = hasCommand } = {},
) {
  if (platform !== 'linux') return command;
  let wrapped = command;
  if (!hasDisplay(env, platform)) {
    if (!has('xvfb-run')) {
      throw new Error('There is no display here and no xvfb-run: apt-get install xvfb xauth.');
    }
    wrapped = ['xvfb-run', '-a', '-s', '-screen 0 1280x800x24 -nolisten tcp', ...wrapped];
  }
  if (!env.DBUS_SESSION_BUS_ADDRESS && has('dbus-run-session')) {
    const config = fileURLToPath(new URL('../private-bus.conf', import.meta.url));
    const hasSystemBus = fs.existsSync('/run/dbus/system_bus_socket');
    const system = hasSystemBus ? '' : 'DBUS_SYSTEM_BUS_ADDRESS="$DBUS_SESSION_BUS_ADDRESS" ';
    const shell = ['sh', '-c', `${system}exec "$@"`, 'sh'];
    wrapped = ['dbus-run-session', `--config-file=${config}`, '--', ...shell, ...wrapped];
  }
  return wrapped;
}
