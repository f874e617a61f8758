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

function fromStore(drop: AbstractDROP, store: string, key: string): unknown {
  for (const producer of drop.producers) {
    if (producer.name !== store || typeof (producer as Partial<ValueStore>).get !== 'function') continue;
    return (producer as unknown as ValueStore).get(key);
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
}
