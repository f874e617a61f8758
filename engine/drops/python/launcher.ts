/** Finds the Python of this machine once and starts processes with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { messageOf } from '../../protocol/index.ts';
import { pythonCandidates, pythonResources, pythonUnavailable } from './locate.ts';
import type { ProcessOptions, WorkerHello } from './process.ts';

const MIB = 1024 * 1024;

/** What all processes of a pool are told. */
export interface LaunchOptions {
  /** Environment of the processes. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Most memory (address space) of one process; no limit by default. Not on Windows. */
  readonly memoryLimitBytes?: number;
  /** Objects one process may keep, in bytes and in number, before it writes the oldest to files. */
  readonly keptBytes?: number;
  readonly keptCount?: number;
  /** Contents larger than this travel as files. */
  readonly inlineMaxBytes?: number;
  /** Results from this size on stay in the process that made them. */
  readonly keepFromBytes?: number;
  /** Folder for large values; a fresh temporary one by default. */
  readonly scratchDir?: string;
  /** Folder of the worker package; found by itself by default. */
  readonly resources?: string;
}

/** A process as it comes up. */
interface Launched {
  readonly hello: WorkerHello;
  close(): Promise<void>;
}

export class PythonLauncher {
  readonly #options: LaunchOptions;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #command: string | undefined;
  #scratchDir: string | undefined;

  constructor(options: LaunchOptions) {
    this.#options = options;
    this.#env = options.env ?? process.env;
  }

  /** Starts a process with the first Python that does. Throws PYTHON_UNAVAILABLE, saying what was tried. */
  async launch<P extends Launched>(
    start: (command: string, options: ProcessOptions) => Promise<P>,
    settings: Readonly<Record<string, unknown>> = {},
  ): Promise<P> {
    const tried: string[] = [];
    const candidates = this.#command === undefined ? pythonCandidates(this.#env) : [this.#command];
    const resources = this.#options.resources ?? pythonResources();
    const options = { resources, env: this.#env, settings: { ...this.#settings(resources), ...settings } };
    for (const command of candidates) {
      try {
        const launched = await start(command, options);
        if (isTooOld(launched.hello.python)) {
          tried.push(`${command} is Python ${launched.hello.python}`);
          await launched.close();
          continue;
        }
        this.#command = command;
        return launched;
      } catch (error) {
        const text = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not found' : messageOf(error);
        tried.push(`${command}: ${text}`);
      }
    }
    this.#command = undefined;
    throw pythonUnavailable(tried);
  }

  #settings(resources: string): Readonly<Record<string, unknown>> {
    this.#scratchDir ??= this.#options.scratchDir ?? mkdtempSync(path.join(tmpdir(), 'weir-python-'));
    return {
      inlineMax: this.#options.inlineMaxBytes ?? 4 * MIB,
      keepFrom: this.#options.keepFromBytes ?? 64 * 1024,
      handleBytes: this.#options.keptBytes ?? 1024 * MIB,
      handleCount: this.#options.keptCount ?? 10_000,
      scratch: this.#scratchDir,
      memoryLimit: this.#options.memoryLimitBytes ?? 0,
      compat: path.join(resources, 'compat'),
    };
  }

  /** Removes the temporary files of processes that have ended. */
  clear(): void {
    if (this.#scratchDir && this.#options.scratchDir === undefined)
      rmSync(this.#scratchDir, { recursive: true, force: true });
  }
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 3 || (major === 3 && minor < 8);
}
