import { watch, type FSWatcher } from 'node:fs';
import path from 'node:path';

/** Directories that are watched at most; the system has few watches for a user. */
const MOST_DIRECTORIES = 256;

interface WatchedDirectory {
  readonly watcher: FSWatcher;
  readonly files: Map<string, Set<() => void>>;
}

/** Tells when a file was made, removed or replaced. One watch a directory; it does not keep the process alive. */
export class FileWatch {
  readonly #directories = new Map<string, WatchedDirectory>();

  /** Calls `changed` from now on. False where no more can be watched. */
  add(file: string, changed: () => void): boolean {
    const directory = path.dirname(file);
    const watched = this.#directories.get(directory) ?? this.#watch(directory);
    if (!watched) return false;
    const name = path.basename(file);
    const listeners = watched.files.get(name);
    if (listeners) listeners.add(changed);
    else watched.files.set(name, new Set([changed]));
    return true;
  }

  remove(file: string, changed: () => void): void {
    const directory = path.dirname(file);
    const watched = this.#directories.get(directory);
    const listeners = watched?.files.get(path.basename(file));
    if (!watched || !listeners) return;
    listeners.delete(changed);
    if (listeners.size === 0) watched.files.delete(path.basename(file));
    if (watched.files.size === 0) this.#end(directory);
  }

  close(): void {
    for (const directory of [...this.#directories.keys()]) this.#end(directory);
  }

  #watch(directory: string): WatchedDirectory | undefined {
    if (this.#directories.size >= MOST_DIRECTORIES) return undefined;
    const files = new Map<string, Set<() => void>>();
    const tell = (name: string | null) => {
      // Without a name, or when the directory itself went, it may be any of them.
      const names =
        name !== null && files.has(name)
          ? [name]
          : name === null || name === path.basename(directory)
            ? [...files.keys()]
            : [];
      for (const each of names) for (const changed of files.get(each) ?? []) changed();
    };
    try {
      const watcher = watch(directory, { persistent: false }, (kind, name) => {
        if (kind === 'rename') tell(name);
      });
      watcher.on('error', () => {
        tell(null);
        this.#end(directory);
      });
      const watched = { watcher, files };
      this.#directories.set(directory, watched);
      return watched;
    } catch {
      // No watches left, or the directory is gone: who depends on it notices when the file is read.
      return undefined;
    }
  }

  #end(directory: string): void {
    this.#directories.get(directory)?.watcher.close();
    this.#directories.delete(directory);
  }
}
