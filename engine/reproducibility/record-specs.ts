/**
 * Specifications as the records of drops look at them. Those of one form (spec-forms.ts) have their parameters in
 * common, which are worked out once; only what names the drop is read again.
 */
import type { Json } from '../protocol/index.ts';
import { latin, OWN_KEYS, SpecForms } from './spec-forms.ts';
import { parametersOf } from './spec-record.ts';

/** Forms whose parameters are kept. */
const MAX_KEPT = 4096;

export interface RecordSpec {
  /** The specification; of its relations only those of some drop of the same form. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly parameters: Readonly<Record<string, Json>>;
}

export class RecordSpecs {
  readonly #forms = new SpecForms(OWN_KEYS);
  readonly #kept = new Map<number, RecordSpec>();

  /** `bytes`: the JSON of one specification; `parse` reads it whole. */
  read(bytes: Uint8Array, parse: () => Readonly<Record<string, unknown>>): RecordSpec {
    const form = this.#forms.read(bytes, 0, bytes.length);
    const known = form && this.#kept.get(form.index);
    if (form === undefined || known === undefined) {
      const spec = parse();
      const made = { spec, parameters: parametersOf(spec) };
      if (form !== undefined && this.#kept.size < MAX_KEPT) this.#kept.set(form.index, made);
      return made;
    }
    const own: Record<string, unknown> = {};
    const { starts, ends } = this.#forms;
    for (const [hole, key] of form.holes.entries()) {
      if (!NAMES.has(key)) continue;
      const text = latin(bytes, starts[hole] as number, ends[hole] as number);
      own[key] = text.startsWith('"') ? JSON.parse(text) : null;
    }
    return { spec: { ...known.spec, ...own }, parameters: known.parameters };
  }
}

/** The own keys that records name; what is there and no text counts as nothing. */
const NAMES: ReadonlySet<string> = new Set(['oid', 'name', 'iid']);
