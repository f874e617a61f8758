/** The entry point of the desktop application: what Electron wants done before it is ready, then the desktop. */
import path from 'node:path';
import { app, dialog, protocol } from 'electron/main';
import { startHost } from '../engine/host/index.ts';
import { messageOf } from '../engine/protocol/index.ts';
import { commandArguments } from './command.ts';
import { startDesktop } from './desktop.ts';
import { filesOfArguments } from './open-files.ts';
import { APP_SCHEME } from './security.ts';

const command = app.isPackaged ? commandArguments(process.argv) : undefined;
if (command) await runCommand(command);
else openWindow();

/**
 * The command line inside the packaged application. Electron waits with its display until this module has been evaluated,
 * so a command runs where there is none.
 */
async function runCommand(args: readonly string[]): Promise<void> {
  process.argv.splice(1, process.argv.length, path.join(app.getAppPath(), 'weir'), ...args);
  await import('../engine/cli/main.ts');
  app.exit(Number(process.exitCode ?? 0));
}

function openWindow(): void {
  // Tests give every run a folder of its own. A packaged application takes no orders from the environment.
  const testFolder = app.isPackaged ? undefined : process.env['WEIR_USER_DATA'];
  if (testFolder) app.setPath('userData', path.resolve(testFolder));

  const appPath = app.isPackaged ? undefined : app.getAppPath();
  const files = filesOfArguments(process.argv, appPath, process.cwd());
  if (!app.requestSingleInstanceLock({ files })) {
    app.exit(0);
    return;
  }
  // As root (a container, CI) Chromium only runs with --no-sandbox, which enableSandbox() would undo for its helper
  // processes; the window asks for a sandboxed page in any case.
  if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
  // Never `await app.whenReady()` here: Electron is ready only once this module has been evaluated.
  app
    .whenReady()
    .then(() => start(files))
    .catch(fail);
}

async function start(files: readonly string[]): Promise<void> {
  const dist = path.join(import.meta.dirname, '..');
  const resourcesDir = app.isPackaged
    ? path.join(process.resourcesPath, 'resources')
    : path.join(app.getAppPath(), 'resources');
  const dataDir = path.join(app.getPath('userData'), 'data');
  await startDesktop({
    startHost: () => startHost({ dataDir, version: app.getVersion(), resourcesDir }),
    dataDir,
    rendererDir: path.join(dist, 'renderer'),
    preload: path.join(dist, 'electron', 'preload.cjs'),
    icon: path.join(resourcesDir, 'icons', '256x256.png'),
    files,
  });
}

function fail(error: unknown): void {
  process.stderr.write(`weir: ${messageOf(error)}\n`);
  dialog.showErrorBox('Weir cannot start', messageOf(error));
  app.exit(1);
}
