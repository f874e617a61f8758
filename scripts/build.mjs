// Builds dist/: the engine and Electron's main process in one go (they share chunks, and the engine's chunks must lie
// beside the workers it starts), the preload as one CommonJS file, the page.
//
//   node scripts/build.mjs          builds what is out of date
//   node scripts/build.mjs --force  builds in any case
//   import { ensureBuilt } from './build.mjs'
//
// A build appears in dist/ in one step, and only one process builds at a time.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { withLock } from './lib/lock.mjs';
import { fitNode } from './lib/node.mjs';
import { cacheDir, hasModules, root, say, sentence } from './lib/project.mjs';

const dist = path.join(root, 'dist');

/** What runs in Node or in Electron's main process, except worker threads: output name (below dist/) to source. */
const NODE_ENTRIES = {
  'engine/index': 'engine/index.ts',
  'engine/cli': 'engine/cli/main.ts',
  'engine/host': 'engine/host/index.ts',
  'electron/main': 'electron/main.ts',
};

/**
 * Worker threads by their names: engine/ROOM/worker.ts becomes ROOM-worker.js, and any other X-worker.ts X-worker.js.
 * All lie in dist/engine, beside the chunks that start them.
 */
export function workerEntries(files) {
  const named = files.map((file) => {
    const room = /^engine\/([\w-]+)\/worker\.ts$/.exec(file)?.[1];
    const name = room ? `${room}-worker` : /\/([\w-]+-worker)\.ts$/.exec(file)?.[1];
    return name && [`engine/${name}`, file];
  });
  return Object.fromEntries(named.filter((entry) => entry !== undefined));
}

/** What a build depends on. */
const SOURCES = [
  'engine',
  'electron',
  'renderer',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'scripts/build.mjs',
];

/** Names, sizes and times of all sources, as one short text: equal means nothing has changed since. */
export function fingerprint(projectRoot = root, sources = SOURCES) {
  const hash = createHash('sha256');
  const visit = (file) => {
    const stat = fs.statSync(path.join(projectRoot, file), { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory()) {
      const names = fs.readdirSync(path.join(projectRoot, file)).sort();
      for (const name of names) if (!isNoise(name)) visit(`${file}/${name}`);
    } else hash.update(`${file}\0${stat.size}\0${stat.mtimeMs}\n`);
  };
  for (const source of sources) visit(source);
  return hash.digest('hex');
}

function isNoise(name) {
  return name === 'node_modules' || name === '__pycache__' || name.startsWith('.');
}

/** Whether this is a checkout. An installed package has dist/ only, and nothing to build it from. */
export function hasSources() {
  return fs.existsSync(path.join(root, 'engine')) && fs.existsSync(path.join(root, 'scripts', 'build.mjs'));
}

function builtFrom() {
  try {
    return JSON.parse(fs.readFileSync(path.join(dist, 'build.json'), 'utf8')).fingerprint;
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Builds dist/ unless it is up to date, which takes a few milliseconds to see. Says so on standard error when it
 * builds. Throws with a one-line message where a source does not compile.
 */
export async function ensureBuilt({ force = false } = {}) {
  if (!hasSources()) return;
  if (!force && builtFrom() === fingerprint()) return;
  if (!hasModules()) throw new Error('The packages are not installed: run "npm ci" first.');
  const waits = () => say('Waiting for another process that builds Weir …');
  await withLock(path.join(cacheDir, 'build.lock'), () => buildUnlessBuilt(force), waits);
}

async function buildUnlessBuilt(force) {
  const before = fingerprint();
  if (!force && builtFrom() === before) return;
  say('Building Weir …');
  const startedAt = performance.now();
  const environment = process.env.NODE_ENV;
  // A test that builds first runs with NODE_ENV=test, and libraries would go in as for development.
  process.env.NODE_ENV = 'production';
  const out = path.join(cacheDir, `build-${process.pid}`);
  const old = path.join(cacheDir, `build-${process.pid}-old`);
  try {
    await buildInto(out);
    const record = { fingerprint: before, builtAt: new Date().toISOString() };
    fs.writeFileSync(path.join(out, 'build.json'), JSON.stringify(record));
    if (fs.existsSync(path.join(dist, 'types'))) {
      fs.cpSync(path.join(dist, 'types'), path.join(out, 'types'), { recursive: true });
    }
    if (fs.existsSync(dist)) fs.renameSync(dist, old);
    fs.renameSync(out, dist);
    // What Node kept of files that are no more; every build would leave a megabyte there.
    fs.rmSync(path.join(cacheDir, 'compile'), { recursive: true, force: true });
  } finally {
    if (environment === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = environment;
    for (const folder of [out, old]) fs.rmSync(folder, { recursive: true, force: true });
  }
  say(`Built in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
}

/** All builds into the folder `out`. Sources that are not there are left out. */
async function buildInto(out) {
  const { build } = await import('vite');
  const files = fs.readdirSync(path.join(root, 'engine'), { recursive: true });
  const engine = files.map((file) => `engine/${file.replaceAll(path.sep, '/')}`);
  const entries = existing({ ...NODE_ENTRIES, ...workerEntries(engine) });
  if (Object.keys(entries).length > 0) await build(nodeBuild(entries, out));
  checkWorkers(path.join(out, 'engine'));
  const preload = existing({ preload: 'electron/preload.ts' });
  if (preload.preload) await build(preloadBuild(preload, path.join(out, 'electron')));
  if (fs.existsSync(path.join(root, 'renderer', 'index.html'))) {
    await build(pageBuild(path.join(out, 'renderer')));
  }
}

/** A worker that the engine starts by a name nothing is built under would be missed only when it is needed. */
function checkWorkers(folder) {
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.js'))) {
    const text = fs.readFileSync(path.join(folder, name), 'utf8');
    for (const [, worker] of text.matchAll(/["'`]\.\/([\w-]*worker\.js)["'`]/g)) {
      if (fs.existsSync(path.join(folder, worker))) continue;
      throw new Error(
        `${worker} is started by the engine, but no source has that name (see workerEntries in scripts/build.mjs).`,
      );
    }
  }
}

function existing(entries) {
  return Object.fromEntries(
    Object.entries(entries)
      .map(([name, file]) => [name, path.join(root, file)])
      .filter(([, file]) => fs.existsSync(file)),
  );
}

/**
 * Packages that stay outside: native ones, and large ones that are loaded when a drop needs them. All others are taken in:
 * a thousand small files take a node longer to start than everything else it does.
 */
const STAY_OUTSIDE = ['@aws-sdk/client-s3', 'better-sqlite3', 'dockerode', 'electron', 'koffi', 'pg', 'ssh2'];

/**
 * As ES modules these make Node load its WebSocket client and fetch, for names that nobody here imports: some 25 ms and
 * 5 MB of every start. What require() gives is the same without them.
 */
const LEAN_BUILTINS = ['http', 'https'];

const isLean = (id) => LEAN_BUILTINS.includes(id.replace(/^node:/, ''));

const isOutside = (id) => {
  if (isLean(id) || id in LATE) return false;
  if (id.startsWith('node:') || builtinModules.includes(id)) return true;
  return STAY_OUTSIDE.some((name) => id === name || id.startsWith(`${name}/`));
};

const leanBuiltins = {
  name: 'lean-builtins',
  enforce: 'pre',
  resolveId(id) {
    return isLean(id) ? `\0lean:${id.replace(/^node:/, '')}` : undefined;
  },
  load(id) {
    const name = /^\0lean:(.*)$/.exec(id)?.[1];
    if (name === undefined) return undefined;
    const all = Object.getOwnPropertyDescriptors(process.getBuiltinModule(`node:${name}`));
    const names = Object.keys(all).filter((key) => 'value' in all[key]);
    return [
      `import { createRequire } from 'node:module';`,
      `const builtin = createRequire(import.meta.url)('node:${name}');`,
      `export default builtin;`,
      `export const { ${names.join(', ')} } = builtin;`,
    ].join('\n');
  },
};

/**
 * Functions that libraries load whole modules for and that nothing here makes them call: the module is loaded by the first call.
 * A node starts some 45 ms sooner so.
 */
const LATE = {
  'node:http2': `
    import { createRequire } from 'node:module';
    const http2 = () => createRequire(import.meta.url)('node:http2');
    export const createServer = (...given) => http2().createServer(...given);
    export const createSecureServer = (...given) => http2().createSecureServer(...given);`,
  glob: `export const glob = async (...given) => (await import('glob')).glob(...given);`,
};

const lateModules = {
  name: 'late-modules',
  enforce: 'pre',
  resolveId(id, importer) {
    return id in LATE && !importer?.startsWith('\0late:') ? `\0late:${id}` : undefined;
  },
  load(id) {
    return LATE[/^\0late:(.*)$/.exec(id)?.[1]];
  },
};

const common = { configFile: false, logLevel: 'warn', root, publicDir: false };

function nodeBuild(input, outDir) {
  return {
    ...common,
    plugins: [leanBuiltins, lateModules],
    ssr: { noExternal: true },
    build: {
      outDir,
      ssr: true,
      // Electron 45 and `weir` run Node 24; the stand-in Electron of the tests has Node 20.
      target: 'node20',
      minify: false,
      sourcemap: true,
      emptyOutDir: true,
      rolldownOptions: {
        input,
        external: isOutside,
        output: {
          format: 'es',
          entryFileNames: '[name].js',
          // The engine starts its workers with new URL('./x-worker.js', import.meta.url): chunks lie beside them.
          chunkFileNames: 'engine/chunk-[name]-[hash].js',
        },
      },
    },
  };
}

function preloadBuild(input, outDir) {
  return {
    ...common,
    build: {
      outDir,
      ssr: true,
      target: 'chrome130',
      minify: false,
      emptyOutDir: false,
      rolldownOptions: {
        input,
        external: isOutside,
        // A sandboxed preload is one CommonJS file.
        output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
      },
    },
  };
}

function pageBuild(outDir) {
  return {
    ...common,
    root: path.join(root, 'renderer'),
    base: './',
    build: {
      outDir,
      target: 'chrome130',
      emptyOutDir: true,
      sourcemap: true,
      // The content security policy has no room for inlined assets other than images.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href && fitNode(import.meta.url)) {
  try {
    await ensureBuilt({ force: process.argv.includes('--force') });
  } catch (error) {
    say(`Weir could not be built: ${error instanceof Error ? error.message : sentence(error)}`);
    process.exitCode = 1;
  }
}
