/** Modules by name, and which object is at work (seed `dlg.utils`, spec/engine.md 7.4). */
import { AsyncLocalStorage } from 'node:async_hooks';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BadModuleException, messageOf } from '../../protocol/index.ts';

/**
 * Imports a JavaScript module: a package, a `node:` module, an absolute path or a URL. `onTime` hears how long it took, in
 * milliseconds. Rejects with BadModuleException.
 */
export async function timedImport(
  moduleName: string,
  onTime: (elapsedMs: number) => void = () => undefined,
): Promise<Record<string, unknown>> {
  const from = performance.now();
  try {
    const specifier = isAbsolute(moduleName) ? pathToFileURL(moduleName).href : moduleName;
    const loaded = (await import(specifier)) as Record<string, unknown>;
    onTime(performance.now() - from);
    return loaded;
  } catch (cause) {
    throw new BadModuleException(`The module ${moduleName} cannot be loaded: ${messageOf(cause)}`, {
      cause,
      details: { module: moduleName },
    });
  }
}

/** An export of a module: `module#name`, or `module.name` with the last dot. Rejects with BadModuleException. */
export async function getSymbol(name: string): Promise<unknown> {
  const cut = name.includes('#') ? name.lastIndexOf('#') : name.lastIndexOf('.');
  if (cut <= 0)
    throw new BadModuleException(
      `"${name}" names no export of a module; write module#name, for example node:path#join.`,
    );
  const moduleName = name.slice(0, cut);
  const symbol = name.slice(cut + 1);
  const loaded = await timedImport(moduleName);
  if (!Object.hasOwn(loaded, symbol))
    throw new BadModuleException(
      `The module ${moduleName} has no export "${symbol}"; it has ${Object.keys(loaded).join(', ')}.`,
      { details: { module: moduleName, symbol } },
    );
  return loaded[symbol];
}

/** What {@link objectTracking} gives: wraps methods, and knows whose method runs. */
export interface ObjectTracker<T extends object> {
  <A extends unknown[], R>(method: (this: T, ...args: A) => R): (this: T, ...args: A) => R;
  /** The object whose wrapped method runs here and now, also after an `await`; undefined outside of any. */
  readonly current: T | undefined;
  /** Upstream's form: the object under the name that was given. */
  readonly tlocal: Readonly<Record<string, T | undefined>>;
}

/** Makes a wrapper for methods that keeps track of the object at work; calls nest. */
export function objectTracking<T extends object>(name: string): ObjectTracker<T> {
  const storage = new AsyncLocalStorage<T>();
  const track = <A extends unknown[], R>(method: (this: T, ...args: A) => R) =>
    function (this: T, ...args: A): R {
      return storage.run(this, () => method.apply(this, args));
    };
  Object.defineProperty(track, 'current', { get: () => storage.getStore() });
  Object.defineProperty(track, 'tlocal', { get: () => ({ [name]: storage.getStore() }) });
  return track as ObjectTracker<T>;
}
