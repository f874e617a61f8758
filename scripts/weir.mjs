#!/usr/bin/env node
// The `weir` command from a checkout or an installed package: a Node that can, a build that is up to date, the CLI.
// Nothing on standard output but what the command itself prints.
import fs from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fitNode } from './lib/node.mjs';
import { root, say, sentence } from './lib/project.mjs';

async function run() {
  const { ensureBuilt } = await import('./build.mjs');
  try {
    await ensureBuilt();
  } catch (error) {
    say(`weir: ${sentence(error)}`);
    process.exitCode = 2;
    return;
  }
  const entry = path.join(root, 'dist', 'engine', 'cli.js');
  if (!fs.existsSync(entry)) {
    say('weir: this copy of Weir is incomplete (dist/engine/cli.js is missing): install it again.');
    process.exitCode = 2;
    return;
  }
  module.enableCompileCache?.(path.join(root, '.cache', 'compile'));
  try {
    await import(pathToFileURL(entry).href);
  } catch (error) {
    say(`weir: ${loadSentence(error)}`);
    process.exitCode = 2;
  }
}

/** What to do about an engine that cannot be loaded, in one sentence. */
function loadSentence(error) {
  if (error?.code === 'ERR_MODULE_NOT_FOUND')
    return `${sentence(error)}: run "npm ci" to install the packages.`;
  if (error?.code === 'ERR_DLOPEN_FAILED') {
    return `a native module cannot be loaded here (${sentence(error)}): run "npm ci" on this machine and with this Node (${process.version}).`;
  }
  return sentence(error);
}

if (fitNode(import.meta.url)) await run();
