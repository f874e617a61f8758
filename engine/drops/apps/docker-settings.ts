/** What a DockerApp asks of Docker: its parameters turned into the options of a container (spec/engine.md 6.7). */
import { mkdir, writeFile, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ContainerCreateOptions } from 'dockerode';
import { InvalidDropException } from '../../protocol/index.ts';
import type { AppDROP } from '../app-drop.ts';
import type { DropContext } from '../context.ts';
import { expandPath } from '../data/path-builder.ts';
import type { DropKwargs } from '../drop.ts';
import { commandEnvironment } from './bash.ts';
import { pathOf } from './named-ports.ts';

/** `host:container` pairs or single ones, as a list or as text with commas. Throws InvalidDropException for all else. */
function parseList(uid: string, name: string, value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(',')
      : [value ?? ''];
  if (!list.every((item) => typeof item === 'string' || typeof item === 'number'))
    throw new InvalidDropException(
      `DockerApp ${uid}: ${name} must be a list or a text with commas, but is ${JSON.stringify(value)}; correct it in the graph.`,
      { details: { uid, [name]: value } },
    );
  return list.map((item) => String(item).trim()).filter((item) => item !== '');
}

/** The tag that palettes give, whatever the image. */
const PALETTE_TAG = '1.0';

/** What a graph asks of a container that it does not get, as upstream: a line for each parameter. */
export function unheeded(parameters: DropKwargs, image: string): string[] {
  const text = (name: string): string => {
    const value = parameters[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  };
  const [user, tag, digest] = [text('user'), text('docker_tag'), text('docker_digest')];
  const own = os.userInfo();
  const runsAs = `${own.username} (${own.uid}:${own.gid})`;
  const hasTag = image.endsWith(`:${tag}`) || (tag === 'latest' && !/:[^/]+$/.test(image));
  return [
    ...(user === '' || [own.username, String(own.uid), `${own.uid}:${own.gid}`].includes(user)
      ? []
      : [`Its parameter user (${user}) has no effect: containers run as the user of the engine, ${runsAs}.`]),
    ...(tag === '' || tag === PALETTE_TAG || hasTag
      ? []
      : [
          `Its parameter docker_tag (${tag}) has no effect: write ${image.replace(/:[^/]+$/, '')}:${tag} as image.`,
        ]),
    ...(digest === '' || image.includes(digest)
      ? []
      : [`Its parameter docker_digest (${digest}) has no effect: write image@digest as image.`]),
  ];
}

/** Directories and files that a container sees at the same place as the host. */
export async function bindings(app: AppDROP, additional: unknown): Promise<string[]> {
  const { dlgRoot, baseDir } = app.context;
  await mkdir(dlgRoot, { recursive: true });
  await mkdir(baseDir, { recursive: true });
  const same = new Set<string>([dlgRoot]);
  if (!isBelow(baseDir, dlgRoot)) same.add(baseDir);
  for (const input of app.inputs) addPath(same, pathOf(input));
  for (const output of app.outputs) {
    const file = pathOf(output);
    addPath(same, file === undefined ? undefined : path.dirname(file));
  }
  const binds = [...same].map((place) => `${place}:${place}`);
  for (const entry of parseList(app.uid, 'additionalBindings', additional))
    binds.push(await additionalBinding(app, entry));
  return [...binds, ...(await userFiles(app.context))];
}

function addPath(places: Set<string>, place: string | undefined): void {
  if (place === undefined) return;
  for (const there of places) if (isBelow(place, there)) return;
  places.add(place);
}

function isBelow(place: string, directory: string): boolean {
  const relative = path.relative(directory, place);
  return relative === '' || (!relative.startsWith('..') && !path.isAbsolute(relative));
}

async function additionalBinding(app: AppDROP, text: string): Promise<string> {
  const known = commandEnvironment(app);
  const entry = text.includes('$')
    ? expandPath(text, (name) => known[name], `DockerApp ${app.uid}, additionalBindings`)
    : text;
  const [host = '', ...container] = entry.split(':');
  const found = await stat(host).catch(() => undefined);
  if (!found)
    throw new InvalidDropException(
      `DockerApp ${app.uid} is to see ${host} in its container (additionalBindings), but there is no such file or directory.`,
      { details: { uid: app.uid, path: host } },
    );
  return container.length === 0 ? `${host}:${host}` : entry;
}

/** Files that give the engine's user a name inside the container. */
async function userFiles({ dlgRoot }: DropContext): Promise<string[]> {
  if (typeof process.getuid !== 'function' || typeof process.getgid !== 'function') return [];
  const directory = path.join(dlgRoot, 'workspace', 'settings');
  await mkdir(directory, { recursive: true });
  const { username } = os.userInfo();
  const [uid, gid] = [process.getuid(), process.getgid()];
  const root = uid === 0 ? '' : `${username}:x:${uid}:${gid}::${dlgRoot}:/bin/bash\n`;
  const group = gid === 0 ? '' : `${username}:x:${gid}:\n`;
  const passwd = path.join(directory, 'passwd');
  const groups = path.join(directory, 'group');
  await writeFile(passwd, `root:x:0:0:root:/root:/bin/bash\n${root}`);
  await writeFile(groups, `root:x:0:\n${group}`);
  return [`${passwd}:/etc/passwd`, `${groups}:/etc/group`];
}

/** The user and group a container runs as: those of the engine, so that its outputs are ours. */
export function containerUser(): string | undefined {
  if (typeof process.getuid !== 'function' || typeof process.getgid !== 'function') return undefined;
  return `${process.getuid()}:${process.getgid()}`;
}

/** Port mappings as Docker has them. Throws InvalidDropException for a host port given twice. */
export function portMappings(
  uid: string,
  value: unknown,
): Required<Pick<ContainerCreateOptions, 'ExposedPorts'>> & {
  bindings: Record<string, { HostPort: string }[]>;
} {
  const exposed: Record<string, object> = {};
  const mapped: Record<string, { HostPort: string }[]> = {};
  const taken = new Set<string>();
  for (const entry of parseList(uid, 'portMappings', value)) {
    const [host = '', container = host] = entry.split(':');
    if (![host, container].every((port) => /^\d+$/.test(port) && Number(port) > 0 && Number(port) < 65536))
      throw new InvalidDropException(
        `DockerApp ${uid}: "${entry}" in portMappings is no mapping of ports; write host:container, e.g. 8080:80.`,
      );
    if (taken.has(host))
      throw new InvalidDropException(`DockerApp ${uid}: portMappings gives the host port ${host} twice.`);
    taken.add(host);
    exposed[`${container}/tcp`] = {};
    (mapped[`${container}/tcp`] ??= []).push({ HostPort: host });
  }
  return { ExposedPorts: exposed, bindings: mapped };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `64m` -> bytes; undefined for nothing. */
export function shmBytes(uid: string, text: string): number | undefined {
  if (text === '') return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([bkmg]?)b?$/i.exec(text.trim());
  if (!match)
    throw new InvalidDropException(
      `DockerApp ${uid}: shmSize must be a size such as 64m or 1g, but is ${JSON.stringify(text)}.`,
    );
  return Math.round(Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] as number));
}

/**
 * The environment of the container. `all`: the host's; a JSON map: its entries, with `fill` for their placeholders; a
 * JSON list: the host's variables of these names.
 */
export async function containerEnvironment(
  app: AppDROP,
  env: string | null,
  fill: (text: string) => Promise<string>,
): Promise<string[]> {
  const own = commandEnvironment(app);
  const all: Record<string, string | undefined> = {
    USER: os.userInfo().username,
    DLG_UID: own['DLG_UID'],
    DLG_SESSION_ID: own['DLG_SESSION_ID'],
    DLG_ROOT: own['DLG_ROOT'],
  };
  const given = env === null ? {} : parseEnvironment(app, env);
  if (given === 'all') Object.assign(all, { ...own, ...all });
  else if (Array.isArray(given)) {
    for (const name of given) all[name] = own[name];
    const unset = given.filter((name) => own[name] === undefined);
    if (unset.length > 0)
      app.context.log('warn', app, `Its env asks for ${unset.join(', ')}, which is not set on this host.`);
  } else for (const [name, value] of Object.entries(given)) all[name] = await fill(String(value));
  return Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}

type Environment = 'all' | string[] | Record<string, string | number | boolean>;

function parseEnvironment(app: AppDROP, env: string): Environment {
  if (env.trim().toLowerCase() === 'all') return 'all';
  let cause: unknown;
  try {
    const given = JSON.parse(env) as unknown;
    const isList = Array.isArray(given) && given.every((name) => typeof name === 'string');
    if (isList || isMapOfTexts(given)) return given as Environment;
  } catch (error) {
    cause = error;
  }
  throw new InvalidDropException(
    `DockerApp ${app.uid}: env must be "all", a JSON map of texts or a JSON list of names, but is ${JSON.stringify(env)}; correct it in the graph.`,
    { cause, details: { uid: app.uid, env } },
  );
}

function isMapOfTexts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((item) => ['string', 'number', 'boolean'].includes(typeof item));
}

/** Words of a command line, as a shell splits them (quotes and backslashes, nothing else). */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  const pattern = /\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)/gs;
  for (const [, word = ''] of line.matchAll(pattern))
    words.push(
      word.replaceAll(
        /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs,
        (_all, escaped?: string, double?: string, single?: string) =>
          escaped ?? (double === undefined ? (single ?? '') : double.replaceAll(/\\(["\\$`])/g, '$1')),
      ),
    );
  return words;
}
