// `npm test`: everything the tests need, the build, both rings of tests, and one last line that adds them up:
// `N passed, N failed, N skipped`.
//
//   --unit  only what needs no window      --e2e  only what needs one
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fitNode } from './lib/node.mjs';
import { cacheDir, hasModules, root, say, sentence } from './lib/project.mjs';

const reports = path.join(cacheDir, 'test');
const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');

async function test() {
  if (!hasModules()) throw new Error('The packages are not installed: run "npm ci" first.');
  const { totalLine } = await import('./lib/report.mjs');
  const { ensureBuilt } = await import('./build.mjs');
  const wants = (ring) =>
    process.argv.includes(`--${ring}`) || !process.argv.some((a) => /^--(unit|e2e)$/.test(a));
  say(`Node ${process.versions.node}`);
  if (wants('e2e')) await findNeeds();
  await ensureBuilt();
  const rings = [];
  if (wants('unit')) rings.push(await runRing('unit', []));
  if (wants('e2e')) rings.push(await runWindowRing());
  process.stdout.write(`${totalLine(rings)}\n`);
  if (rings.some((ring) => ring.failed > 0)) process.exitCode = 1;
}

/** System packages; before anything long starts, so that a machine that lacks some says so at once. */
async function findNeeds() {
  const { installedElectron, wantedElectron } = await import('./electron-runtime.mjs');
  const { isStandinReady } = await import('./lib/standin.mjs');
  const { installPackages, missingPackages } = await import('./lib/needs.mjs');
  const isOfficial = wantedElectron() !== 'standin' && installedElectron() !== undefined;
  installPackages(missingPackages({ needsStandin: !isOfficial && !isStandinReady() }));
}

/** The ring that needs a window: says which Electron it ran in, so that nobody takes one for the other. */
async function runWindowRing() {
  const { electronRuntime } = await import('./electron-runtime.mjs');
  const { withDisplay } = await import('./lib/display.mjs');
  try {
    const { version, kind } = await electronRuntime();
    say(`End-to-end tests run in Electron ${version} (${kind})`);
    const ring = await runRing('e2e', ['--config', 'vitest.e2e.config.ts'], withDisplay);
    say(`End-to-end tests ran in Electron ${version} (${kind})`);
    return ring;
  } catch (error) {
    say(`The end-to-end tests could not run: ${sentence(error)}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/** Runs a ring and answers its counts; files whose process was ended by the runtime run once more. */
async function runRing(name, options, wrap = (command) => command) {
  const { countRing, crashedFiles, sumOf, withoutFiles } = await import('./lib/report.mjs');
  const { report, status } = await runVitest(name, options, wrap);
  const crashed = crashedFiles(report);
  if (crashed.length === 0) return countRing(report, status);
  say(`The runtime ended the process of ${crashed.join(', ')} (see above): once more.`);
  const again = await runVitest(`${name}-again`, [...options, ...crashed], wrap);
  return sumOf(countRing(withoutFiles(report, crashed), 0), countRing(again.report, again.status));
}

/** Runs vitest. Its own report for people goes straight to the terminal. */
async function runVitest(name, options, wrap) {
  fs.mkdirSync(reports, { recursive: true });
  const file = path.join(reports, `${name}.json`);
  fs.rmSync(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const command = wrap([process.execPath, vitest, 'run', ...options, ...reporters]);
  const status = await new Promise((resolve, reject) => {
    const child = spawn(command[0], command.slice(1), { cwd: root, stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
  return { report: fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined, status };
}

if (fitNode(import.meta.url)) {
  try {
    await test();
  } catch (error) {
    say(sentence(error));
    process.exitCode = 1;
  }
}
