/** Outputs a function writes itself, under a path its argument carries (spec/engine.md 6.5 step 6, 4.7). */
import type { AppDROP } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import { environmentOf, filepathFromString, PathType } from '../data/path-builder.ts';
import type { FunctionInfo } from '../python/index.ts';
import { argumentsOf, namedPorts, pathOf, type Argument } from './named-ports.ts';
import type { PortReader } from './pyfunc-ports.ts';

/** The outputs behind parameters of the function that are declared as output ports with encoding `path`. */
export function pathOutputs(app: AppDROP, info: FunctionInfo): ReadonlyMap<DataDROP, Argument> {
  const found = new Map<DataDROP, Argument>();
  for (const argument of argumentsOf(app).values()) {
    if (!isPathOutput(argument) || !info.parameters.some(({ name }) => name === argument.name)) continue;
    for (const drop of namedPorts(app, 'outputs').find((port) => port.name === argument.name)?.drops ?? [])
      if (pathOf(drop) !== undefined) found.set(drop, argument);
  }
  return found;
}

function isPathOutput({ usage, encoding }: Argument): boolean {
  return (usage === 'InputOutput' || usage === 'OutputPort') && encoding?.toLowerCase() === 'path';
}

/**
 * Gives the outputs the function writes their paths: the parameters of the drop carry them from now on. Returns the names of the
 * arguments.
 */
export async function decidePaths(
  app: AppDROP,
  info: FunctionInfo,
  reader: PortReader,
): Promise<ReadonlySet<string>> {
  const decided = new Set<string>();
  for (const [drop, { name, value }] of pathOutputs(app, info)) {
    const given = reader.names.includes(name) ? await reader.text(name) : (app.parameters[name] ?? value);
    app.parameters[name] = pathFor(app, drop, typeof given === 'string' && given !== '' ? given : undefined);
    decided.add(name);
  }
  return decided;
}

/** The application arguments, those that carry a path with the path they carry now. */
export function argumentsWith(app: AppDROP, decided: ReadonlySet<string>): ReadonlyMap<string, Argument> {
  const all = new Map(argumentsOf(app));
  for (const name of decided) all.set(name, { ...(all.get(name) as Argument), value: app.parameters[name] });
  return all;
}

/** The path of `given` in the directory of the drop; the drop's own where nothing is given. */
function pathFor(app: AppDROP, drop: DataDROP, given: string | undefined): string {
  const own = pathOf(drop) as string;
  if (given === undefined) return own;
  const dirname = (drop as { dirname?: unknown }).dirname;
  const path = filepathFromString(given, PathType.File, {
    dirname: typeof dirname === 'string' ? dirname : app.context.baseDir,
    uid: drop.uid,
    humanKey: drop.humanKey,
    now: app.context.now(),
    env: environmentOf(app.context),
  });
  return path ?? own;
}
