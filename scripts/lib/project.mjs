// Where things are in this checkout, and how scripts talk to people.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Built things that may be deleted at any time; git-ignored. */
export const cacheDir = path.join(root, '.cache');

/** One line for people. Standard output belongs to the command that runs, so this goes to standard error. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** The text of anything thrown, in one line and without a stack trace. */
export function sentence(error) {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0].trim() || 'unknown error';
}

/** The parsed package.json of this project. */
export function manifest() {
  return JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
}

/** Whether `npm ci` has been run: nothing else works without it. */
export function hasModules() {
  return fs.existsSync(path.join(root, 'node_modules', 'better-sqlite3', 'package.json'));
}
