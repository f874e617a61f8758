/** Parameters of a graph as a configuration file (seed `ParameterSetDROP`, spec/engine.md 4.13). */
import { IncompleteDROPSpec } from '../../protocol/index.ts';
import type { DropKwargs } from '../drop.ts';
import { writePickle } from '../pickle/index.ts';
import { fromJson, PyDict, pyStr, type PyValue } from '../pyrepr/index.ts';
import { registerDrop } from '../registry.ts';
import { SpecText } from '../spec-text.ts';
import { FixedContentDROP } from './fixed.ts';
import { parsePythonJson, pythonJsonText } from './python-json.ts';
import { pythonTomlText } from './python-toml.ts';
import { pythonYamlText } from './python-yaml.ts';

/** One application argument as the dropspec describes it. */
interface Argument {
  readonly value?: unknown;
  readonly description?: unknown;
  readonly type?: unknown;
  readonly defaultValue?: unknown;
}

export class ParameterSetDROP extends FixedContentDROP {
  readonly #args: Readonly<Record<string, Argument>>;
  #text: SpecText | undefined;

  /** Throws IncompleteDROPSpec without `applicationArgs`. */
  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const args = this.parameters['applicationArgs'];
    if (typeof args !== 'object' || args === null)
      throw new IncompleteDROPSpec(
        `ParameterSetDROP ${this.uid} has no applicationArgs: they are the parameters it consists of.`,
        { details: { uid: this.uid } },
      );
    this.#args = args as Record<string, Argument>;
    // The content is fixed from now on; what cannot be written down is refused together with the drop.
    void this.content;
  }

  /** YANDA, ini, yaml, json, toml or pickle; anything else means yaml. */
  get mode(): string {
    const mode = this.parameters['mode'];
    return typeof mode === 'string' ? mode : 'yaml';
  }

  /** The value of a parameter, for `$NAME.key` references of consumers; undefined for one that is not there. */
  get(key: string): unknown {
    return Object.hasOwn(this.#args, key) ? this.#args[key]?.value : undefined;
  }

  get dataURL(): string {
    return `config://${this.context.hostName}/${process.pid}/${this.bufferId}`;
  }

  protected override makeContent(): Uint8Array {
    switch (this.mode) {
      case 'YANDA':
        return Buffer.from(this.#yanda());
      case 'ini':
        return Buffer.from(this.#ini());
      case 'json':
        return Buffer.from(pythonJsonText(this.#described()));
      case 'toml':
        return Buffer.from(pythonTomlText(this.#described()));
      case 'pickle':
        return writePickle(this.#described());
      default:
        return Buffer.from(pythonYamlText(this.#described()));
    }
  }

  #yanda(): string {
    return Object.entries(this.#args)
      .map(([name, argument]) => `${name}=${pyStr(this.#value(name, argument, 'value'))}`)
      .join('\n');
  }

  #ini(): string {
    let text = '';
    for (const [name, entry] of this.#described().entries()) {
      text += `[${pyStr(name)}]\n`;
      // A line break inside a value is continued by indenting, as Python's configparser does.
      for (const [key, value] of (entry as PyDict).entries())
        text += `${pyStr(key)} = ${iniText(value).replaceAll('\n', '\n\t')}\n`;
      text += '\n';
    }
    return text;
  }

  #described(): PyDict {
    return new PyDict(
      Object.entries(this.#args).map(([name, argument]) => [
        name,
        new PyDict([
          ['value', this.#value(name, argument, 'value')],
          ['description', fromJson(argument.description)],
          ['type', fromJson(argument.type)],
          ['default', this.#value(name, argument, 'defaultValue')],
        ]),
      ]),
    );
  }

  /** A value as the graph writes it: JSON lost the difference between 3 and 3.0; its text or the declared type know it. */
  #value(name: string, argument: Argument, key: 'value' | 'defaultValue'): PyValue {
    const value = argument[key];
    const text = (this.#text ??= new SpecText(this)).exact(value, 'applicationArgs', name, key);
    const exact = text === undefined ? undefined : parsePythonJson(text);
    if (exact !== undefined) return exact;
    const isFloat = typeof argument.type === 'string' && argument.type.toLowerCase() === 'float';
    return isFloat && typeof value === 'number' ? value : fromJson(value);
  }
}

/** Maps are JSON there, as upstream's serialiser has it; everything else as Python writes it. */
function iniText(value: PyValue): string {
  return value instanceof PyDict ? pythonJsonText(value) : pyStr(value);
}

registerDrop(
  ParameterSetDROP,
  'dlg.data.drops.parset_drop.ParameterSetDROP',
  'dlg.data.drops.ParameterSetDROP',
  'dlg.drop.ParameterSetDROP',
);
