// One at a time, among processes: a lock file that names its holder, who touches it while at work. A holder that died
// is noticed by its pid, and where that pid has a new owner by the file growing old.
import fs from 'node:fs';
import path from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_MS = 100;
const TOUCH_MS = 2_000;
const OLD_MS = 60_000;
const heldHere = new Set();

function holderOf(file) {
  try {
    return Number.parseInt(fs.readFileSync(file, 'utf8'), 10) || undefined;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAtWork(pid, file) {
  if (pid === process.pid) return heldHere.has(file);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return stat === undefined || Date.now() - stat.mtimeMs < OLD_MS;
}

/** Creates the lock file with its content in one step (link fails where the name is taken). */
function tryTake(file) {
  const mine = `${file}.${process.pid}.new`;
  fs.writeFileSync(mine, `${process.pid}\n`);
  try {
    fs.linkSync(mine, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(mine, { force: true });
  }
}

/** Takes a dead holder's lock away; puts it back where another process has been quicker and holds it now. */
function removeDead(file, deadPid) {
  const aside = `${file}.${process.pid}.dead`;
  try {
    fs.renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  const found = holderOf(aside);
  if (found !== deadPid) {
    try {
      fs.linkSync(aside, file);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
  fs.rmSync(aside, { force: true });
}

/**
 * Runs `work` while holding the lock `file`, waiting for another process that holds it. `onWait` is called once when
 * there is something to wait for.
 *
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 * @param {(holder: number | undefined) => void} [onWait]
 * @returns {Promise<T>}
 */
export async function withLock(file, work, onWait = () => {}) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  let hasWaited = false;
  while (!tryTake(file)) {
    const holder = holderOf(file);
    if (holder !== undefined && !isAtWork(holder, file)) {
      removeDead(file, holder);
      continue;
    }
    if (!hasWaited) onWait(holder);
    hasWaited = true;
    await sleep(RETRY_MS);
  }
  heldHere.add(file);
  const release = () => {
    heldHere.delete(file);
    fs.rmSync(file, { force: true });
  };
  const touch = setInterval(() => fs.utimesSync(file, new Date(), new Date()), TOUCH_MS);
  touch.unref();
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    process.removeListener('exit', release);
    release();
  }
}
