// Stand-in for the default app that an official Electron zip carries as
// resources/default_app.asar. It makes `electron [options] <app-dir-or-file> [args]`
// work: the application's own package.json decides name, version and entry point.
// It is an ES module with top-level await on purpose: Electron holds back 'ready'
// until an ESM entry point has finished, so the app may still call app.enableSandbox(),
// protocol.registerSchemesAsPrivileged() and the like.
import { app } from 'electron/main';
import fs from 'node:fs';
import path from 'node:path';
import Module, { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';
import { pathToFileURL } from 'node:url';

const preloads = [];
let target;
const argv = process.argv.slice(1);
for (let i = 0; i < argv.length; i++) {
  const a = argv[i];
  if (a === '-r' || a === '--require') preloads.push(argv[++i]);
  else if (a === '-v' || a === '--version') {
    process.stdout.write(`v${process.versions.electron}\n`);
    process.exit(0);
  } else if (a === '-a' || a === '--abi') {
    process.stdout.write(`${process.versions.modules}\n`);
    process.exit(0);
  } else if (a.startsWith('-'))
    continue; // Chromium and Node switches
  else {
    target = path.resolve(a);
    break;
  }
}

if (!target) {
  console.error('usage: electron [options] <app directory or main script>');
  process.exit(64);
}

// A stand-in runtime may carry its own builds of native modules, for those whose shipped
// builds it is too old for. The application's own code stays as it ships; its worker
// threads and utility processes load the same hook.
const hook = path.join(process.resourcesPath, 'native', 'hook.cjs');
if (fs.existsSync(hook)) {
  Module._load(hook, null, false);
  const { Worker } = workerThreads;
  workerThreads.Worker = class extends Worker {
    constructor(file, options = {}) {
      super(file, { ...options, execArgv: [...(options.execArgv ?? process.execArgv), '--require', hook] });
    }
  };
  syncBuiltinESMExports();
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --require ${JSON.stringify(hook)}`.trim();
}

try {
  Object.defineProperty(process, 'defaultApp', { value: true, enumerable: true });
  for (const p of preloads) Module._load(p, null, true);
  const manifest = path.join(target, 'package.json');
  let appPath = path.dirname(target);
  if (fs.existsSync(manifest)) {
    const pkg = JSON.parse(fs.readFileSync(manifest, 'utf8'));
    if (pkg.version) app.setVersion(pkg.version);
    const name = pkg.productName || pkg.name;
    if (name) app.name = name;
    app.setDesktopName(pkg.desktopName || `${app.name}.desktop`);
    appPath = target;
  }
  const entry = Module._resolveFilename(target, null, true);
  app.setAppPath(appPath);
  await import(pathToFileURL(entry).href);
} catch (err) {
  console.error(err);
  process.exit(1);
}
