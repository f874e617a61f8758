/** How much of the machine V8's own threads may take from the threads that run graphs. */
import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Niceness of V8's threads (setpriority(2)): about a tenth of a core that a run wants too, all of one that nobody wants. */
const NICENESS = 10;
/** What Node calls them. In Electron they belong to Chromium, and do other work too. */
const THREAD_NAME = 'V8Worker';
const TASKS = '/proc/self/task';

/**
 * Lets V8 compile behind those who work. The first sessions of a process compile a quarter of a second of code on each of four
 * threads; on a machine with two cores they would otherwise stand in the way of the three threads that read, run and record.
 * Linux has priorities of single threads; elsewhere, and where /proc is hidden, all threads stay alike. For whoever starts
 * the process.
 */
export function letCompilersYield(): void {
  if (process.platform !== 'linux') return;
  for (const thread of threads())
    try {
      if (readFileSync(`${TASKS}/${thread}/comm`, 'utf8').trim() === THREAD_NAME)
        setPriority(Number(thread), NICENESS);
    } catch {
      // The thread is gone, or the system lets nobody change priorities: it stays as it is.
    }
}

function threads(): readonly string[] {
  try {
    return readdirSync(TASKS);
  } catch {
    return [];
  }
}
