/**
 * Functions in JavaScript as applications: the twin of PyFuncApp for a named export of a module on disk, or for the
 * source of a function, in a thread of its own. The whole result goes to every output, as it does there.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { BadModuleException, IncompleteDROPSpec } from '../../protocol/index.ts';
import { BarrierAppDROP, type Lane } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { floatParam, readParams, stringParam } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { componentTimeLimitMs, limitOf } from '../time-limit.ts';
import { jsPool } from './js-pool.ts';
import type { JsArgument } from './js-protocol.ts';
import {
  argumentsOf,
  dataUrlOf,
  namedPorts,
  outputReference,
  pathOf,
  portEncoding,
  readableDrop,
  type Argument,
} from './named-ports.ts';
import { OutputLog } from './output-log.ts';
import { FUNC_DEFAULTS } from './pyfunc-texts.ts';
import { describeApp, MAX_VALUE_BYTES } from './python-values.ts';

const PARAMS = {
  module: stringParam('func_module', null, 'Path of the module'),
  name: stringParam('func_name', 'default', 'Name of the exported function'),
  code: stringParam('func_code', null, 'Source of the function, in place of a module'),
  defaults: FUNC_DEFAULTS,
  timeout: floatParam('timeout', 0, 'Seconds the function may take; 0: as long as it does'),
} as const;
const OWN_NAMES = new Set([
  'func_module',
  'func_name',
  'func_code',
  'timeout',
  'func_defaults',
  'func_arg_mapping',
]);

/** An output and how it gets the result; null: the function writes it itself, through its path. */
interface Target {
  readonly drop: DataDROP;
  readonly encoding: string | null;
}

export class JsFuncApp extends BarrierAppDROP {
  readonly #params;
  #given: string[] = [];
  #sourceSha256: string | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#params = readParams(PARAMS, kwargs, this.uid);
    if (this.#params.module === null && this.#params.code === null)
      throw new IncompleteDROPSpec(
        `${describeApp(this)} has no function; give a module (func_module) with the name of an export (func_name), or source (func_code).`,
        { details: { uid: this.uid } },
      );
  }

  override get lane(): Lane {
    return 'worker';
  }

  override get facts(): Readonly<Record<string, unknown>> {
    const { module, name } = this.#params;
    return {
      function: name,
      module: module ?? '(source in the graph)',
      arguments: this.#given,
      ...(this.#sourceSha256 === undefined ? {} : { sourceSha256: this.#sourceSha256 }),
      packages: { node: process.versions.node },
    };
  }

  /** The pool sees to it: waiting for a thread takes no time of the function. */
  protected override get timeLimitMs(): undefined {
    return undefined;
  }

  override async identify(): Promise<void> {
    // A module that is not there is a failure of the run, which says where it was looked for.
    await this.#moduleUrl().catch(() => undefined);
  }

  override async run(): Promise<void> {
    const { name, code, timeout } = this.#params;
    const targets = this.#targets();
    const args = await this.#arguments();
    this.#given = args.map((arg) => arg.name ?? '(by position)');
    const log = new OutputLog(this);
    const written = targets.filter((target) => target.encoding !== null);
    const results = await this.context.service(jsPool).run(
      {
        module: await this.#moduleUrl(),
        code: code ?? undefined,
        name,
        args,
        outputs: written.map(({ encoding }) => encoding as string),
      },
      {
        signal: this.signal,
        timeoutMs: limitOf(timeout) ?? componentTimeLimitMs(this),
        where: `${describeApp(this)}, function ${name}`,
        onOutput: (stream, chunk) => log.push(stream, chunk),
      },
    );
    log.end();
    for (const [i, { drop }] of written.entries()) await drop.writeOrThrow(results[i] as Uint8Array);
  }

  /** Absolute paths as they are, others below the session's directory, DLG_PATH or the Host's code directory. */
  async #moduleUrl(): Promise<string | undefined> {
    const { module } = this.#params;
    if (module === null) {
      this.#sourceSha256 = sha256(this.#params.code ?? '');
      return undefined;
    }
    if (/^(file|node|data):/.test(module)) return module;
    const { baseDir, dlgRoot, env } = this.context;
    const places = [baseDir, ...(env['DLG_PATH'] ?? '').split(path.delimiter), path.join(dlgRoot, 'code')];
    const tried = path.isAbsolute(module)
      ? [module]
      : places.filter((place) => place !== '').map((place) => path.resolve(place, module));
    for (const file of tried) {
      const found = await stat(file).catch(() => undefined);
      // The time of change in the address: an edited module is read anew.
      if (!found?.isFile()) continue;
      this.#sourceSha256 = sha256(await readFile(file));
      return `${pathToFileURL(file).href}?t=${found.mtimeMs}`;
    }
    throw new BadModuleException(
      `${describeApp(this)}: there is no module "${module}"; looked for ${tried.join(', ')}.`,
      { details: { uid: this.uid, module, tried } },
    );
  }

  #targets(): Target[] {
    const ports = new Map<DataDROP, string>();
    for (const { name, drops } of namedPorts(this, 'outputs'))
      for (const drop of drops) if (!ports.has(drop)) ports.set(drop, name);
    return this.outputs.map((drop) => {
      const port = ports.get(drop);
      const encoding = ((port === undefined ? null : portEncoding(this, port)) ?? 'dill').toLowerCase();
      return { drop, encoding: encoding === 'path' || encoding === 'dataurl' ? null : encoding };
    });
  }

  /** Defaults, then arguments, then ports: the later wins. Plain inputs go by position. */
  async #arguments(): Promise<JsArgument[]> {
    const found = new Map<string, JsArgument>(this.#defaults());
    const args = argumentsOf(this);
    for (const argument of args.values()) {
      if (argument.type === 'Event' || OWN_NAMES.has(argument.name)) continue;
      if (argument.value !== null && argument.value !== undefined && argument.value !== '')
        found.set(argument.name, { name: argument.name, kind: 'value', value: parsedValue(argument) });
    }
    for (const { name, drops } of namedPorts(this, 'outputs')) {
      const [drop] = drops;
      const encoding = portEncoding(this, name)?.toLowerCase();
      if (!drop || (encoding !== 'path' && encoding !== 'dataurl')) continue;
      found.set(name, { name, kind: 'value', value: outputReference(drop, encoding) ?? null });
    }
    const isNamed = new Set<DataDROP>();
    for (const port of namedPorts(this, 'inputs')) {
      for (const drop of port.drops) isNamed.add(drop);
      const drop = readableDrop(port);
      if (drop) found.set(port.name, await contentOf(drop, port.name, portEncoding(this, port.name)));
    }
    const unnamed: JsArgument[] = [];
    for (const drop of this.inputs) if (!isNamed.has(drop)) unnamed.push(await contentOf(drop, null, null));
    return [...unnamed, ...found.values()];
  }

  /** `func_defaults`: values by name, or `{args, kwargs}` with pickles in base64 (delayed functions). */
  #defaults(): [string, JsArgument][] {
    const given = this.#params.defaults ?? {};
    const { kwargs } = given;
    if (typeof kwargs === 'object' && kwargs !== null)
      return Object.entries(kwargs).map(([name, text]) => [
        name,
        { name, kind: 'default', bytes: Buffer.from(String(text), 'base64') },
      ]);
    return Object.entries(given).map(([name, value]) => [name, { name, kind: 'value', value }]);
  }
}

function sha256(source: string | Uint8Array): string {
  return createHash('sha256').update(source).digest('hex');
}

/** An argument of type Json or Complex that came as text is meant as what the text says. */
function parsedValue({ value, type, name }: Argument): unknown {
  if (typeof value !== 'string' || !/^(json|complex)$/i.test(type)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch (cause) {
    throw new IncompleteDROPSpec(
      `The argument "${name}" is of type ${type}, but its text is no JSON: ${value}`,
      {
        cause,
      },
    );
  }
}

async function contentOf(drop: DataDROP, name: string | null, encoding: string | null): Promise<JsArgument> {
  const wanted = (encoding ?? 'dill').toLowerCase();
  if (wanted === 'path' && pathOf(drop) !== undefined) return { name, kind: 'value', value: pathOf(drop) };
  if (wanted === 'dataurl') return { name, kind: 'value', value: dataUrlOf(drop) ?? null };
  if (drop.buftype === 'str' && ['dill', 'pickle', 'raw'].includes(wanted))
    return { name, kind: 'value', value: Buffer.from(await drop.contents(MAX_VALUE_BYTES)).toString('utf8') };
  return { name, kind: 'content', bytes: await drop.contents(MAX_VALUE_BYTES), encoding: wanted };
}

registerDrop(JsFuncApp, 'weir.apps.JsFuncApp', 'dlg.apps.jsfunc.JsFuncApp');
