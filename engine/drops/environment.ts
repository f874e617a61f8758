/** Filling in parameters from the environment and from value stores among the producers (spec/engine.md 3.10). */
import type { AbstractDROP } from './drop.ts';

// NAME may hold letters, digits, '|' and what lies between Z and a in ASCII: upstream's character range, kept because
// graphs may rely on it.
const STORE_REFERENCE = /^\$([A-Za-z0-9|[\\\]^_`]+)\.([A-Za-z0-9_.|[\\\]^`]+)$/;
const DLG_REFERENCE = /^\$(DLG_\w+)$/;

/** A drop that can be asked for values by name: an environment drop, a parameter set. */
interface ValueStore {
  get(key: string): unknown;
}

/**
 * Asks the producers, as upstream has it, and the inputs of an application: a store is data, so that is how a graph links the
 * two.
 */
function fromStore(drop: AbstractDROP, store: string, key: string): unknown {
  const { inputs = [] } = drop as Partial<{ readonly inputs: readonly AbstractDROP[] }>;
  for (const source of [...drop.producers, ...inputs]) {
    if (source.name !== store || typeof (source as Partial<ValueStore>).get !== 'function') continue;
    return (source as unknown as ValueStore).get(key);
  }
  return undefined;
}

/** The value `key` stands for, or `key` itself when it stands for nothing. */
export function environmentValue(drop: AbstractDROP, key: string): unknown {
  if (key.length < 2 || !key.startsWith('$')) return key;
  const dlg = DLG_REFERENCE.exec(key);
  if (dlg) {
    const name = dlg[1] as string;
    return name === 'DLG_ROOT' ? drop.context.dlgRoot : (drop.context.env[name] ?? key);
  }
  const store = STORE_REFERENCE.exec(key);
  if (!store) return key;
  return fromStore(drop, store[1] as string, store[2] as string) ?? key;
}

/** Replaces every parameter whose whole text is a reference. */
export function autofill(drop: AbstractDROP): void {
  for (const [name, value] of Object.entries(drop.parameters)) {
    if (typeof value !== 'string' || !value.startsWith('$')) continue;
    const filled = environmentValue(drop, value);
    if (filled !== value) drop.parameters[name] = filled;
  }
  const args = drop.parameters['applicationArgs'];
  if (typeof args === 'object' && args !== null)
    drop.parameters['applicationArgs'] = withStoredValues(drop, args as Record<string, unknown>);
}

/**
 * Application arguments whose value names one of a store; the same object where there is none. What `$DLG_x` stands for is
 * left to the shell or the function, as upstream does.
 */
function withStoredValues(drop: AbstractDROP, args: Readonly<Record<string, unknown>>): object {
  const filled = Object.entries(args).flatMap(([name, entry]): [string, unknown][] => {
    const value = (entry as { value?: unknown } | null)?.value;
    const store = typeof value === 'string' && value.startsWith('$') ? STORE_REFERENCE.exec(value) : null;
    const stored = store && fromStore(drop, store[1] as string, store[2] as string);
    return stored === undefined || stored === null ? [] : [[name, { ...(entry as object), value: stored }]];
  });
  return filled.length > 0 ? { ...args, ...Object.fromEntries(filled) } : args;
}
