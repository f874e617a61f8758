/** What is known of functions given by code: whatever the number of drops, one text is asked about once. */
import type { CheckedFunction, FunctionInfo, FunctionSpec } from './types.ts';

interface Known {
  readonly check: Promise<CheckedFunction>;
  info: FunctionInfo | undefined;
}

/** Beyond, those asked about first are asked about again. */
const MOST = 4096;

export class KnownFunctions {
  readonly #known = new Map<string, Known>();

  /** What `ask` says of a function, asked once. A failure is not remembered. */
  check(spec: FunctionSpec, ask: () => Promise<CheckedFunction>): Promise<CheckedFunction> {
    const key = keyOf(spec);
    if (key === undefined) return ask();
    const there = this.#known.get(key);
    if (there) return there.check;
    const known: Known = { check: ask(), info: undefined };
    this.#known.set(key, known);
    known.check.then(
      ({ info }) => (known.info ??= info),
      () => this.#known.get(key) === known && this.#known.delete(key),
    );
    const [first] = this.#known.keys();
    if (this.#known.size > MOST && first !== undefined) this.#known.delete(first);
    return known.check;
  }

  /** What a call of the same code would need to know; undefined where nobody does yet. */
  infoOf(spec: FunctionSpec): FunctionInfo | undefined {
    const key = keyOf(spec);
    return key === undefined ? undefined : this.#known.get(key)?.info;
  }

  /** Its code was executed, and this is what it is. */
  note(spec: FunctionSpec, info: FunctionInfo): void {
    const key = keyOf(spec);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known) known.info = info;
  }
}

/** Undefined for functions given by name: their module may change. */
function keyOf({ name, code }: FunctionSpec): string | undefined {
  return code ? `${name ?? ''}\n${code}` : undefined;
}
