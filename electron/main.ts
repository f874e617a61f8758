/** The entry point of the desktop application: what Electron wants done before it is ready, then the desktop. */
import path from 'node:path';
import { app, dialog, protocol } from 'electron';
import {
  defaultDataDir,
  defaultResourcesDir,
  countArraysAsObjects,
  startHost,
} from '../engine/host/index.ts';
import { messageOf } from '../engine/protocol/index.ts';
import { commandArguments } from './command.ts';
import { startDesktop } from './desktop.ts';
import { filesOfArguments } from './open-files.ts';
import { APP_SCHEME } from './security.ts';

countArraysAsObjects();
const command = app.isPackaged ? commandArguments(process.argv) : undefined;
if (command) await runCommand(command);
else openWindow();

/**
 * The command line inside the packaged application. Electron waits with its display until this module has been evaluated,
 * so a command runs where there is none.
 */
async function runCommand(args: readonly string[]): Promise<void> {
  process.argv.splice(1, process.argv.length, path.join(app.getAppPath(), 'weir'), ...args);
  // The built command: it runs as it is loaded.
  await import(new URL('../engine/cli.js', import.meta.url).href);
  app.exit(Number(process.exitCode ?? 0));
}

function openWindow(): void {
  const folder = testFolder();
  if (folder !== undefined) app.setPath('userData', path.resolve(folder));

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

/** Tests give every run a folder of its own. A packaged application takes no orders from the environment. */
function testFolder(): string | undefined {
  return app.isPackaged ? undefined : process.env['WEIR_USER_DATA'];
}

async function start(files: readonly string[]): Promise<void> {
  const dist = path.join(import.meta.dirname, '..');
  // The history is the one of the command line, so that the window shows what `weir run` has done and the other way round.
  const dataDir = testFolder() === undefined ? defaultDataDir() : path.join(app.getPath('userData'), 'data');
  await startDesktop({
    startHost: () => startHost({ dataDir, version: app.getVersion(), onProblem: warn }),
    dataDir,
    rendererDir: path.join(dist, 'renderer'),
    preload: path.join(dist, 'electron', 'preload.cjs'),
    icon: path.join(defaultResourcesDir(), 'icons', '256x256.png'),
    files,
  });
}

/** Trouble that nobody waits to hear of. */
function warn(error: unknown): void {
  process.stderr.write(`weir: ${messageOf(error)}\n`);
}

function fail(error: unknown): void {
  warn(error);
  dialog.showErrorBox('Weir cannot start', messageOf(error));
  app.exit(1);
}
