/**
 * A Host: one running node with its sessions, its history and its servers. Electron's main process and `weir` start
 * exactly this; what they show is what the API answers.
 */
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import envPaths from 'env-paths';
import { expectDetachedBuffers, isWeirError, WeirError } from '../protocol/index.ts';
import {
  dlgPath,
  pythonClassFinder,
  Services,
  subGraphRunner,
  type LifecycleOptions,
} from '../drops/index.ts';
import { GraphParser } from '../graph/index.ts';
import { NodeManager } from '../managers/index.ts';
import { isLasting, openStore, type Store } from '../store/index.ts';
import {
  API_VERSION,
  ApiService,
  StandingRules,
  httpServer,
  TranslatorFiles,
  type ApiDeps,
  type GraphFile,
  type TranslationChoices,
  type HttpOptions,
  type HttpServer,
  type HostInfo,
} from '../api/index.ts';
import { openLedger, type DeviceLedger } from './device-ledger.ts';
import { readGraphFile } from './graph-files.ts';
import { measuredSeconds } from './measured.ts';
import { practise } from './practise.ts';
import { inspectGraph, openGraph, toPhysical, translateGraph } from './prepare.ts';
import { subGraphs } from './run-within.ts';
import { settingsOf } from './settings.ts';
import { sampleFolder } from './samples.ts';

export interface HostOptions {
  /** Folder of the history and, unless DLG_ROOT says otherwise, of the sessions' files. */
  readonly dataDir: string;
  readonly version: string;
  /** Serves REST, the push channel and the window over HTTP. */
  readonly http?: HttpOptions | undefined;
  /** Folder of what ships beside the code: samples, the Python worker. */
  readonly resourcesDir?: string;
  readonly maxThreads?: number;
  /** Warms the code up for the first session, once everything else stands: for nodes that stay (practise.ts). */
  readonly practise?: boolean;
  /** How long data lives (upstream's data lifecycle manager). */
  readonly lifecycle?: LifecycleOptions;
  /** Told about trouble that no caller is waiting to hear of: a full disk, a failed background write. */
  readonly onProblem?: (error: unknown) => void;
}

export interface Host {
  readonly url: string | undefined;
  readonly dataDir: string;
  readonly store: Store;
  readonly manager: NodeManager;
  readonly deps: ApiDeps;
  readonly runningSessions: number;
  call(method: string, params: unknown): Promise<unknown>;
  subscribe(topic: string, params: unknown, listener: (message: unknown) => void): () => void;
  close(): Promise<void>;
}

/** The user's own data folder: WEIR_DATA_DIR, or where the system keeps such things. */
export function defaultDataDir(): string {
  return process.env['WEIR_DATA_DIR'] ?? envPaths('weir', { suffix: '' }).data;
}

/** resources/ of the checkout or the package this code is part of. */
export function defaultResourcesDir(): string {
  return fileURLToPath(new URL('../../resources', import.meta.url)).replace(
    `app.asar${path.sep}`,
    `app.asar.unpacked${path.sep}`,
  );
}

export async function startHost(options: HostOptions): Promise<Host> {
  expectDetachedBuffers();
  const dataDir = path.resolve(options.dataDir);
  const onProblem = lastingOnce(
    options.onProblem ??
      ((error) => void process.emitWarning(error instanceof Error ? error : String(error))),
  );
  const services = new Services();
  const { parser, store, ledger, server } = await openParts(dataDir, options, onProblem);
  const dlgRoot = process.env['DLG_ROOT'] ?? dataDir;
  const findClass = pythonClassFinder(() => dlgPath({ env: process.env, dlgRoot }));
  const manager = new NodeManager({
    store,
    services,
    dlgRoot,
    hostName: os.hostname(),
    version: options.version,
    parse: (bytes) => parser.parse(bytes),
    onProblem,
    findClass,
    lifecycle: options.lifecycle ?? { budgetBytes: Math.floor(os.totalmem() / 4) },
    ...(ledger ? { ledger } : {}),
    ...(options.maxThreads === undefined ? {} : { maxThreads: options.maxThreads }),
  });
  let url: string | undefined;
  const measuring = async (file: GraphFile, choices: TranslationChoices = {}): Promise<TranslationChoices> =>
    choices.algorithm === 'measured'
      ? { ...choices, measuredSeconds: await measuredSeconds(store, file.name) }
      : choices;
  const deps: ApiDeps = {
    store,
    manager,
    parser,
    ...(ledger ? { ledger } : {}),
    settings: settingsOf(dataDir),
    applyRules: () => rules.apply(),
    samples: sampleFolder(path.join(options.resourcesDir ?? defaultResourcesDir(), 'samples')),
    readGraphFile,
    toPhysical: async (file, choices, work) => toPhysical(file, await measuring(file, choices), work),
    translate: async (file, choices, work) => translateGraph(file, await measuring(file, choices), work),
    open: openGraph,
    inspect: (file) => inspectGraph(file, parser, findClass),
    info: () => info(dataDir, options.version, url),
  };
  services.provide(subGraphRunner, subGraphs(deps));
  const service = new ApiService(deps);
  const rules = new StandingRules(deps, onProblem);
  const end = async (): Promise<void> => {
    await manager.shutdown();
    await rules.close();
    service.close();
    await services.dispose();
    await ledger?.close();
    await parser.close();
    await store.close();
  };
  if (server)
    try {
      url = await server.start(service, deps);
    } catch (error) {
      await end();
      throw error;
    }
  const closing = new AbortController();
  const practising =
    options.practise === true
      ? practise({
          ...{ parser, store, manager, version: options.version, onProblem },
          closing: closing.signal,
        })
      : Promise.resolve();
  return {
    url,
    dataDir,
    store,
    manager,
    deps,
    get runningSessions() {
      return manager.running.length;
    },
    call: (method, params) => service.call(method, params),
    subscribe: (topic, params, listener) => service.subscribe(topic, params, listener),
    close: async () => {
      closing.abort();
      await server?.close();
      await practising;
      await end();
    },
  };
}

/** A history that takes no more is told of once, though everything that is to be recorded meets it. */
function lastingOnce(onProblem: (error: unknown) => void): (error: unknown) => void {
  const told = new Set<string>();
  return (error) => {
    if (isWeirError(error) && isLasting(error)) {
      if (told.has(error.message)) return;
      told.add(error.message);
    }
    onProblem(error);
  };
}

/** What takes time to open and needs nothing of the rest, all at once. When one of them fails, nothing stays open. */
async function openParts(
  dataDir: string,
  options: HostOptions,
  onProblem: (error: unknown) => void,
): Promise<{
  readonly parser: GraphParser;
  readonly store: Store;
  readonly ledger: DeviceLedger | undefined;
  readonly server: HttpServer | undefined;
}> {
  await mkdir(dataDir, { recursive: true }).catch((cause: unknown) => {
    throw new WeirError(
      'STORE_PERMISSION',
      `The data folder ${dataDir} cannot be made; choose another with --data-dir.`,
      { cause, details: { dataDir } },
    );
  });
  const parser = new GraphParser();
  if (options.practise) parser.practise();
  else parser.warmUp();
  // The history is opened by a thread of its own; the rest is made beside it.
  const [opened, key, web] = await Promise.allSettled([
    openStore({ dataDir, onProblem }),
    openLedger(dataDir, options.version),
    options.http && httpServer(withTranslator(options.http, dataDir)),
  ]);
  const server = web.status === 'fulfilled' ? web.value : undefined;
  if (opened.status === 'rejected' || web.status === 'rejected') {
    await parser.close();
    await server?.close();
    if (opened.status === 'fulfilled') await opened.value.close();
    throw opened.status === 'rejected' ? opened.reason : (web as PromiseRejectedResult).reason;
  }
  const store = opened.value;
  // Without its key a device can look at its history and run graphs, but seal nothing.
  const ledger = key.status === 'fulfilled' ? key.value : undefined;
  if (key.status === 'rejected') onProblem(key.reason);
  return { parser, store, ledger, server };
}

function withTranslator(http: HttpOptions, dataDir: string): HttpOptions {
  const folder = path.join(dataDir, 'translator');
  return {
    translatorFiles: new TranslatorFiles(path.join(folder, 'lg'), path.join(folder, 'pgt')),
    ...http,
  };
}

function info(dataDir: string, version: string, url: string | undefined): HostInfo {
  return {
    version,
    apiVersion: API_VERSION,
    nodeVersion: process.versions.node,
    electronVersion: process.versions['electron'] ?? null,
    platform: `${process.platform}-${process.arch}`,
    hostName: os.hostname(),
    dataDir,
    url: url ?? null,
    pid: process.pid,
  };
}
