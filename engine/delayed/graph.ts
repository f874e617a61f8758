/** Physical graphs of delayed values (spec/engine.md 10.2). Pure: the same value gives the same graph. */
import { encodeJs } from '../drops/index.ts';
import type { DelayedCall } from './value.ts';
import { DelayedList, DelayedValue } from './value.ts';

/** A drop of the graph. */
export type DelayedDropspec = { readonly oid: string } & Record<string, unknown>;

export interface DelayedGraph {
  readonly drops: readonly DelayedDropspec[];
  /** Oids of the requested values, in their order. */
  readonly results: readonly string[];
}

export interface GraphOptions {
  /** Adds upstream's drop that hands the results to a client that connects there. */
  readonly transmitter?: { readonly host?: string; readonly port?: number };
}

const MEMORY = 'dlg.data.drops.memory.InMemoryDROP';
const FUNCTION = 'weir.apps.JsFuncApp';
/** A pickled None: what a computed value holds until it is computed. Any pickle is at least as long. */
const NOTHING = Buffer.from(encodeJs(null, 'pickle')).toString('base64');

/**
 * The graph that computes a value, or a list of values, which is gathered into one list as upstream does. Oids count
 * from 0, in depth-first order from what is computed.
 */
export function graphOf(
  what: DelayedValue | readonly DelayedValue[],
  options: GraphOptions = {},
): DelayedGraph {
  const builder = new Builder();
  const isOne = what instanceof DelayedValue;
  const whole = isOne ? builder.data(what) : builder.list(new DelayedList(what));
  const results = isOne ? [whole] : what.map((value) => builder.data(value));
  if (options.transmitter) builder.transmit(whole, options.transmitter);
  return { drops: builder.drops, results };
}

class Builder {
  readonly drops: DelayedDropspec[] = [];
  readonly #oids = new Map<DelayedValue | DelayedCall | DelayedList, string>();
  readonly #byOid = new Map<string, Record<string, unknown>>();

  #add(key: DelayedValue | DelayedCall | DelayedList, spec: Record<string, unknown>): string {
    const oid = String(this.drops.length);
    const dropspec = { oid, ...spec };
    this.#oids.set(key, oid);
    this.#byOid.set(oid, dropspec);
    this.drops.push(dropspec);
    return oid;
  }

  data(value: DelayedValue): string {
    const known = this.#oids.get(value);
    if (known !== undefined) return known;
    const spec: Record<string, unknown> = { categoryType: 'Data', dropclass: MEMORY, inputs: [] };
    if (value.kind !== 'sequence')
      spec['pydata'] = value.kind === 'data' ? pydata(value.value) : { value: NOTHING, type: 'object' };
    const oid = this.#add(value, spec);
    if (value.producer) this.#produce(oid, this.#call(value.producer));
    return oid;
  }

  #produce(data: string, app: string): void {
    const spec = this.#byOid.get(data) as Record<string, unknown>;
    spec['producers'] = [app];
    spec['ports'] = [portTo(app, 'input')];
  }

  #call(call: DelayedCall): string {
    const known = this.#oids.get(call);
    if (known !== undefined) return known;
    const { name, exportName, module, code } = call.source;
    const inputs: Record<string, string>[] = [];
    const mapping: Record<string, string> = {};
    const oid = this.#add(call, {
      categoryType: 'Application',
      dropclass: FUNCTION,
      name,
      func_name: exportName,
      ...(module === undefined ? { func_code: code } : { func_module: module }),
      func_defaults: { args: [], kwargs: {} },
      func_arg_mapping: mapping,
      inputs,
    });
    for (const [port, value] of call.args) {
      const input = value instanceof DelayedList ? this.list(value) : this.data(value);
      inputs.push({ [input]: port });
      mapping[port] = input;
    }
    return oid;
  }

  /** The data drop that holds the gathered list. */
  list(list: DelayedList): string {
    const known = this.#oids.get(list);
    if (known !== undefined) return known;
    const data = this.#add(list, {
      categoryType: 'Data',
      dropclass: MEMORY,
      inputs: [],
      pydata: { value: NOTHING, type: 'object' },
    });
    const inputs: string[] = [];
    const app = this.#add(new DelayedList(list.items), {
      categoryType: 'Application',
      dropclass: 'dlg.dask_emulation._Listifier',
      name: 'listifier',
      inputs,
    });
    this.#produce(data, app);
    for (const item of list.items) inputs.push(this.#unshared(item, inputs));
    return data;
  }

  /** A drop can be an input once: a value that is in a list twice gets a copy of its drop. */
  #unshared(item: DelayedValue | DelayedList, taken: readonly string[]): string {
    if (item instanceof DelayedList) return this.list(item);
    const oid = this.data(item);
    if (!taken.includes(oid)) return oid;
    if (item.kind === 'data') return this.data(new DelayedValue('data', item.value));
    return this.data(new DelayedValue(item.kind, undefined, item.producer));
  }

  transmit(result: string, { host, port = 10001 }: { host?: string; port?: number }): void {
    const transmitter = {
      oid: '-1',
      uid: '-1',
      categoryType: 'Application',
      dropclass: 'dlg.dask_emulation.ResultTransmitter',
      name: 'result transmitter',
      ...(host === undefined ? {} : { host }),
      port,
    };
    const spec = this.#byOid.get(result) as Record<string, unknown>;
    spec['consumers'] = ['-1'];
    spec['ports'] = [...((spec['ports'] as object[] | undefined) ?? []), portTo('-1', 'output')];
    this.drops.push(transmitter);
  }
}

function portTo(oid: string, direction: 'input' | 'output'): object {
  return { name: null, oid, direction };
}

/** A value with the name of its Python type; what JSON has no form for goes as a pickle. */
function pydata(value: unknown): { readonly value: unknown; readonly type: string } {
  if (typeof value === 'string' && value !== '' && value !== 'None') return { value, type: 'str' };
  if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0))
    return { value, type: Number.isSafeInteger(value) ? 'int' : 'float' };
  if (Array.isArray(value) && isPlain(value)) return { value, type: 'list' };
  const pickle = Buffer.from(encodeJs(value, 'pickle')).toString('base64');
  return { value: pickle, type: value instanceof Uint8Array ? 'raw' : 'object' };
}

const MAX_PLAIN_DEPTH = 100;

/** Whether a value is the same when it comes out of JSON. */
function isPlain(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number')
    return Number.isSafeInteger(value)
      ? !Object.is(value, -0)
      : !Number.isInteger(value) && Number.isFinite(value);
  if (typeof value !== 'object' || depth > MAX_PLAIN_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth + 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).every((item) => isPlain(item, depth + 1));
}
