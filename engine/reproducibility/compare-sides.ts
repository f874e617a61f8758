/** Sides of a comparison: from records, from documents with `reprodata` (compare.ts). */

import type { ComparableDrop, ComparisonSide, SignatureTable } from './compare.ts';
import type { DropRecord } from './drop-record.ts';
import { ALL_RMODES } from './modes.ts';
import { keysOf, type PyObject } from './python-json.ts';
import { type FieldClass, modeBits, type RecordField, recordFields } from './record-classes.ts';
import type { Topology } from './topology.ts';

/** A side from a session's records. `signatures`: those of its facts, DALiuGE's and ours. */
export function sideOfRecords(
  records: readonly DropRecord[],
  topology: Topology,
  signatures: SignatureTable,
  canonicalSignatures: SignatureTable = {},
): ComparisonSide {
  const drops = records.map((record): ComparableDrop => {
    const { drop } = record;
    return {
      oid: drop.oid,
      lgKey: drop.lgKey,
      coordinates: drop.iid,
      name: drop.name,
      kind: `${drop.dropClass} ${drop.category}`,
      fields: () => recordFields(record),
    };
  });
  return { drops, topology, signatures, canonicalSignatures };
}

/** Which class the data of a stage belongs to. */
const STAGE_CLASSES: readonly (readonly [key: string, cls: FieldClass])[] = [
  ['lgt_data', 'structure'],
  ['lg_data', 'parameter'],
  ['pgt_data', 'structure'],
  ['pg_data', 'environment'],
  ['rg_data', 'outcome'],
];
const PLACEMENT = new Set(['rank', 'node', 'island']);

/** A side from drops or nodes that carry `reprodata`: a graph of any stage, or a `reprodata.out`. */
export function sideOfReproData(
  specs: readonly PyObject[],
  topology: Topology,
  signatures: SignatureTable,
): ComparisonSide {
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  const drops = specs.map((spec, i): ComparableDrop => ({
    oid: topology.ids[i] as string,
    lgKey: text(spec['lg_key']),
    coordinates: text(spec['iid']),
    name: text(spec['name']) ?? (topology.ids[i] as string),
    kind: `${text(spec['dropclass']) ?? ''} ${text(spec['category']) ?? ''}`,
    fields: () => reproDataFields(spec['reprodata'] as PyObject | undefined),
  }));
  return { drops, topology, signatures };
}

function reproDataFields(repro: PyObject | undefined): RecordField[] {
  const fields: RecordField[] = [];
  for (const mode of ALL_RMODES) {
    const dictionary = repro?.[mode] as PyObject | undefined;
    if (typeof dictionary !== 'object' || dictionary === null) continue;
    const modes = modeBits(mode);
    for (const [key, cls] of STAGE_CLASSES) {
      // A single mode's run-time data is one level too high and enters no signature (spec 9.6).
      const data = dictionary[key] as PyObject | undefined;
      if (typeof data !== 'object' || data === null) continue;
      for (const name of keysOf(data)) {
        if (name === 'merkleroot') continue;
        const isPlacement = PLACEMENT.has(name);
        fields.push({ class: isPlacement ? 'environment' : cls, name, value: data[name], modes });
      }
    }
  }
  return fields;
}
