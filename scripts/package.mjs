// node scripts/package.mjs [TARGET…]      (dir deb tar.gz zip AppImage …; default: dir deb)
//
// Uses the official Electron where it can be had. With the stand-in Electron the result is for tests only, never for
// people: its folder is release-standin. WEIR_PACKAGE_E2E=1 leaves the one fuse open that Playwright needs.
import fs from 'node:fs';
import path from 'node:path';
import { fitNode } from './lib/node.mjs';
import { root, say, sentence } from './lib/project.mjs';

async function makePackages() {
  const { ensureBuilt } = await import('./build.mjs');
  const { electronRuntime } = await import('./electron-runtime.mjs');
  await ensureBuilt();
  const runtime = await electronRuntime();
  say(`Packaging with Electron ${runtime.version} (${runtime.kind})`);
  const isStandin = runtime.kind === 'standin';
  if (isStandin) takeToolsOfThisMachine();
  const config = packageConfig(runtime, isStandin);
  const targets = process.argv.slice(2).filter((word) => !word.startsWith('-'));
  const { Platform, build } = await import('electron-builder');
  const artifacts = await build({
    targets: Platform.current().createTarget(targets.length > 0 ? targets : defaultTargets()),
    config,
    projectDir: root,
    publish: 'never',
  });
  for (const file of artifacts) {
    process.stdout.write(`${path.relative(root, file)} ${fs.statSync(file).size}\n`);
  }
}

function defaultTargets() {
  return process.platform === 'linux' ? ['dir', 'deb'] : ['dir'];
}

/**
 * The same lack of network that makes the stand-in needed keeps electron-builder from its tools: dpkg-deb takes the
 * place of fpm, Debian's 7za (p7zip-full) that of the 7-Zip toolset.
 */
function takeToolsOfThisMachine() {
  process.env.CUSTOM_FPM_PATH ??= path.join(root, 'scripts', 'fpm-deb.mjs');
  if (fs.existsSync('/usr/bin/7za')) process.env.ELECTRON_BUILDER_7ZIP_PATH ??= '/usr/bin/7za';
  process.env.ELECTRON_BUILDER_COMPRESSION_LEVEL ??= '1';
  process.env.FPM_DEB_LEVEL ??= '1';
}

/** electron-builder.yml, with what depends on the Electron that goes in. */
function packageConfig(runtime, isStandin) {
  const inspectable = process.env.WEIR_PACKAGE_E2E === '1';
  return {
    extends: path.join(root, 'electron-builder.yml'),
    electronVersion: runtime.version,
    electronFuses: { enableNodeCliInspectArguments: inspectable },
    ...(isStandin ? standinConfig(runtime.dist) : {}),
  };
}

/**
 * From an unpacked folder electron-builder would leave the default application in the package, so it gets a copy
 * without. The stand-in is too old for better-sqlite3's shipped build and gets its own, where better-sqlite3 looks first.
 */
function standinConfig(dist) {
  const native = path.join(dist, 'resources', 'native');
  return {
    directories: { output: 'release-standin' },
    electronDist: withoutResources(dist),
    files: [
      { from: native, to: 'node_modules/better-sqlite3/build/Release', filter: ['better_sqlite3.node'] },
    ],
  };
}

function withoutResources(dist) {
  const copy = path.join(path.dirname(dist), 'dist-bare');
  fs.rmSync(copy, { recursive: true, force: true });
  const isResource = (file) => file.includes(`${path.sep}resources${path.sep}`);
  fs.cpSync(dist, copy, { recursive: true, filter: (file) => !isResource(file) });
  fs.mkdirSync(path.join(copy, 'resources'), { recursive: true });
  return copy;
}

if (fitNode(import.meta.url)) {
  try {
    await makePackages();
  } catch (error) {
    say(`Packaging failed: ${sentence(error)}`);
    process.exitCode = 1;
  }
}
