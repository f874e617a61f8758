/** From a drop's parameters to the command line that is run (spec/engine.md 6.6), for shells, containers and MPI. */
import type { AppDROP } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import { pyStr } from '../pyrepr/index.ts';
import {
  argumentsOf,
  argumentText,
  dataUrlOf,
  hasNamedPorts,
  namedPorts,
  outputReference,
  pathOf,
  readableDrop,
  readPort,
  type Argument,
  type Port,
} from './named-ports.ts';
import {
  appendLegacyArguments,
  hasLegacyPlaceholders,
  mentions,
  replaceLegacy,
  replaceNames,
  replaceUids,
  replaceUidsByUrl,
  type PlaceholderValue,
} from './placeholders.ts';
import { orInPython, textFromPython } from './python-fallback.ts';

interface Sides {
  readonly inputs: readonly DataDROP[];
  readonly outputs: readonly DataDROP[];
}

/** The command of an application with everything in braces replaced. */
export async function buildCommand(app: AppDROP, template: string): Promise<string> {
  const command = template.trim();
  const sides: Sides = {
    inputs: [...app.inputs, ...app.streamingInputs],
    outputs: app.outputs,
  };
  if (isLegacy(app, command)) return legacyCommand(app, command, sides);
  warnOfOldSettings(app);
  const drops = [...sides.inputs, ...sides.outputs];
  const placed = replaceUids(command, drops);
  const texts = [placed, ...[...argumentsOf(app).values()].map(({ value }) => value)];
  // A value may mention a name itself: it is replaced in its turn, behind the arguments before it.
  const isMentioned = (name: string) =>
    texts.some((text) => typeof text === 'string' && mentions(text, name));
  const named = replaceNames(placed, await placeholderValues(app, isMentioned));
  return replaceUidsByUrl(named, drops);
}

/** A text of an application that no shell reads, with everything in braces replaced: nothing is quoted or appended. */
export async function fillPlaceholders(app: AppDROP, text: string): Promise<string> {
  const { inputs, outputs } = app;
  const drops = [...inputs, ...outputs];
  let out = text;
  for (const drop of drops) out = out.replaceAll(`{${drop.uid}}`, (all) => pathOf(drop) ?? all);
  for (const [name, { text: value }] of await placeholderValues(app, (name) => mentions(text, name)))
    out = out.replaceAll(`{${name}}`, () => value);
  for (const drop of drops) out = out.replaceAll(`{${drop.uid}}`, (all) => dataUrlOf(drop) ?? all);
  return hasNamedPorts(app) || !hasLegacyPlaceholders(text) ? out : replaceLegacy(out, inputs, outputs);
}

/** Settings that only commands of the time before 5.0.0 have. */
const OLD_SETTINGS = ['command_line_arguments', 'input_redirection', 'output_redirection'];

function warnOfOldSettings(app: AppDROP): void {
  for (const name of OLD_SETTINGS) {
    const value = app.parameters[name];
    if (typeof value !== 'string' || value.trim() === '' || argumentsOf(app).has(name)) continue;
    app.context.log(
      'warn',
      app,
      `Its parameter ${name} (${value}) has no effect, as in DALiuGE since 5.0.0: write it into the command.`,
    );
  }
}

/**
 * Whether a command is of the time before 5.0.0. Then relations were plain ids; with named ports the command is read
 * as today's release reads it, which leaves `%i0` alone.
 */
function isLegacy(app: AppDROP, command: string): boolean {
  if (hasNamedPorts(app)) return false;
  const args = [...argumentsOf(app).values()];
  if (hasLegacyPlaceholders(command) || args.some(({ value }) => hasLegacyPlaceholders(String(value))))
    return true;
  return (
    typeof app.parameters['argumentPrefix'] === 'string' && !args.some(({ name }) => mentions(command, name))
  );
}

function legacyCommand(app: AppDROP, command: string, { inputs, outputs }: Sides): string {
  const setting = (name: string, fallback: string): string => {
    const value = app.parameters[name];
    return typeof value === 'string' && value !== '' ? value : fallback;
  };
  const positional: string[] = [];
  const keyword = new Map<string, string>();
  for (const argument of argumentsOf(app).values()) {
    const text = argumentText(argument);
    const isEmpty = text === undefined || text === '' || argument.value === false || argument.value === 0;
    if (argument.type === 'Event' || (isEmpty && !argument.precious)) continue;
    if (argument.positional) positional.push(text ?? '');
    else keyword.set(argument.name, text ?? '');
  }
  const line = appendLegacyArguments(command, positional, keyword, {
    prefix: setting('argumentPrefix', '--'),
    separator: setting('paramValueSeparator', ' '),
    commandLineArguments: setting('command_line_arguments', ''),
    inputRedirection: setting('input_redirection', ''),
    outputRedirection: setting('output_redirection', ''),
  });
  return replaceLegacy(replaceUids(line, [...inputs, ...outputs]), inputs, outputs);
}

/**
 * What the names of an application stand for: values of its ports first, else those of its arguments; keyword
 * arguments before positional ones, then ports no argument describes. Only names that `isWanted` are looked at, so a
 * port nobody mentions is not read.
 */
export async function placeholderValues(
  app: AppDROP,
  isWanted: (name: string) => boolean,
): Promise<ReadonlyMap<string, PlaceholderValue>> {
  const ports = portsByName(app);
  const args = argumentsOf(app);
  const ordered = [...args.values()].filter(
    (argument) => argument.type !== 'Event' && isWanted(argument.name),
  );
  ordered.sort((a, b) => Number(a.positional) - Number(b.positional));
  const values = new Map<string, PlaceholderValue>();
  for (const argument of ordered) {
    const value = await valueOf(app, argument, ports.get(argument.name));
    if (value) values.set(argument.name, value);
  }
  for (const [name, port] of ports) {
    if (args.has(name) || !isWanted(name)) continue;
    const value = await portValue(app, port, null);
    if (value) values.set(name, value);
  }
  return values;
}

interface SidedPort extends Port {
  readonly isOutput: boolean;
}

/** Ports of all sides; an input wins over an output of the same name (their drop is the same thing to a command). */
function portsByName(app: AppDROP): ReadonlyMap<string, SidedPort> {
  const ports = new Map<string, SidedPort>();
  for (const side of ['outputs', 'streamingInputs', 'inputs'] as const)
    for (const port of namedPorts(app, side)) ports.set(port.name, { ...port, isOutput: side === 'outputs' });
  return ports;
}

async function valueOf(
  app: AppDROP,
  argument: Argument,
  port: SidedPort | undefined,
): Promise<PlaceholderValue | undefined> {
  const own = argumentText(argument);
  const fallback = own === undefined ? undefined : { text: own, isPath: false };
  if (!port) return fallback;
  // A default with a port of unknown encoding is kept: that is what works today.
  if (!port.isOutput && argument.encoding === null && own !== undefined && own !== '') return fallback;
  const value = await portValue(app, port, argument.encoding);
  return value === undefined || (value.text === '' && own !== undefined) ? fallback : value;
}

async function portValue(
  app: AppDROP,
  port: SidedPort,
  encoding: string | null,
): Promise<PlaceholderValue | undefined> {
  if (port.isOutput) {
    const references = port.drops.map((drop) => outputReference(drop, encoding));
    const first = references.find((reference) => reference !== undefined);
    return first === undefined ? undefined : { text: first, isPath: true };
  }
  const drop = readableDrop(port);
  if (!drop) return undefined;
  const text = await orInPython(
    app,
    async () => {
      const value = await readPort(drop, encoding);
      return value === null ? undefined : pyStr(value);
    },
    () => textFromPython(app, drop),
  );
  if (text === undefined) return undefined;
  // What a drop without a path holds is a value, under the encoding "path", too: it may be several words.
  const isPath = encoding === 'dataurl' || text === pathOf(drop);
  return { text, isPath };
}
