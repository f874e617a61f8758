// What the end-to-end tests need of the system, found out and (as root, with apt) installed.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { hasCommand, hasDisplay } from './display.mjs';
import { say } from './project.mjs';

/**
 * Debian packages and how to see that they are there. `when` limits a need to machines without a display, or to those
 * that must make the stand-in Electron.
 */
const NEEDS = [
  { package: 'xvfb', commands: ['xvfb-run'], when: 'no-display' },
  { package: 'xauth', commands: ['xauth'], when: 'no-display' },
  { package: 'libgtk-3-0', library: 'libgtk-3.so.0' },
  { package: 'libnss3', library: 'libnss3.so' },
  { package: 'libasound2', library: 'libasound.so.2' },
  { package: 'libgbm1', library: 'libgbm.so.1' },
  { package: 'unzip', commands: ['unzip'], when: 'standin' },
  { package: 'g++', commands: ['g++'], when: 'standin' },
  { package: 'make', commands: ['make'], when: 'standin' },
  { package: 'python3', commands: ['python3'] },
  { package: 'chromium', commands: ['chromium', 'chromium-browser', 'google-chrome'] },
];

function systemLibraries() {
  const ldconfig = fs.existsSync('/sbin/ldconfig') ? '/sbin/ldconfig' : 'ldconfig';
  return spawnSync(ldconfig, ['-p'], { encoding: 'utf8' }).stdout ?? '';
}

/**
 * Names of the Debian packages that are missing here. Elsewhere than on Linux nothing is needed: Electron brings all of
 * it. `probe` is replaced in tests.
 */
export function missingPackages({
  needsStandin,
  platform = process.platform,
  env = process.env,
  probe = {},
}) {
  if (platform !== 'linux') return [];
  const has = probe.hasCommand ?? hasCommand;
  const libraries = probe.libraries ?? systemLibraries();
  const applies = { 'no-display': !hasDisplay(env, platform), standin: needsStandin };
  return NEEDS.filter((need) => need.when === undefined || applies[need.when])
    .filter((need) => (need.library ? !libraries.includes(need.library) : !need.commands.some(has)))
    .map((need) => need.package);
}

/** The command that installs them, for people. */
export function aptLine(packages) {
  return `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
}

/** Newer Debians and Ubuntus have some libraries under a new name (64-bit time). */
function withCurrentNames(packages) {
  return packages.map((name) => {
    const known = spawnSync('apt-cache', ['show', `${name}t64`], { encoding: 'utf8' });
    return known.status === 0 && known.stdout ? `${name}t64` : name;
  });
}

/** Installs what is missing. Throws one sentence that names the apt line where that cannot be done. */
export function installPackages(packages) {
  if (packages.length === 0) return;
  const sentence = (why) =>
    new Error(
      `The end-to-end tests need ${packages.join(', ')} (${why}); install with: sudo ${aptLine(packages)}`,
    );
  if (!hasCommand('apt-get'))
    throw sentence('this machine has no apt: find their like in its package manager');
  if (process.getuid?.() !== 0) throw sentence('only root may install them');
  say(`Installing ${packages.join(', ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' });
  const names = withCurrentNames(packages);
  const result = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], {
    env,
    encoding: 'utf8',
  });
  if (result.status !== 0) {
    throw sentence(`apt-get failed: ${(result.stderr ?? '').trim().split('\n').pop() || result.status}`);
  }
}
