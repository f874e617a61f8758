// `npm start`: Weir's window. In the official Electron where there is one and a display to show it on; else the same
// page in a browser, served on loopback by a node without a window, and one line that says why.
//
// WEIR_ELECTRON=official|standin|auto (default auto) chooses. Arguments are graph files to open.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fitNode, passOn } from './lib/node.mjs';
import { hasModules, root, say, sentence } from './lib/project.mjs';

/** Electron to show the window in, or the reason why there is none. */
async function chooseElectron() {
  const { hasDisplay } = await import('./lib/display.mjs');
  if (!hasDisplay()) return { reason: 'There is no display here' };
  const { downloadElectron, electronRuntime, installedElectron, wantedElectron } =
    await import('./electron-runtime.mjs');
  const choice = wantedElectron();
  if (choice !== 'auto' || process.env.ELECTRON_OVERRIDE_DIST_PATH)
    return { runtime: await electronRuntime(choice) };
  const runtime = installedElectron() ?? (await downloadElectron());
  return runtime ? { runtime } : { reason: 'Electron cannot be downloaded here' };
}

async function start() {
  if (!hasModules()) throw new Error('The packages are not installed: run "npm ci" first.');
  const { ensureBuilt } = await import('./build.mjs');
  await ensureBuilt();
  const { runtime, reason } = await chooseElectron();
  if (runtime) startElectron(runtime);
  else startNode(reason);
}

function startElectron({ executable, kind, version }) {
  if (kind !== 'official') say(`Electron ${version} (${kind})`);
  // Chromium refuses to run its sandbox as root; only containers and CI are expected to.
  const asRoot = process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const files = process.argv.slice(2).map((file) => path.resolve(file));
  launch(executable, [...asRoot, root, ...files]);
}

function startNode(reason) {
  say(`${reason}: Weir serves its window to a browser on this machine instead (Ctrl-C ends it).`);
  launch(process.execPath, [path.join(root, 'scripts', 'weir.mjs'), 'node', '--open']);
}

function launch(program, args) {
  const child = spawn(program, args, { stdio: 'inherit' });
  child.on('error', (error) => {
    say(`${program} cannot be started: ${sentence(error)}`);
    process.exitCode = 1;
  });
  passOn(child);
}

if (fitNode(import.meta.url)) {
  try {
    await start();
  } catch (error) {
    say(`Weir cannot start: ${sentence(error)}`);
    process.exitCode = 1;
  }
}
