/** Sides of a comparison: from records, from stored columns, from documents with `reprodata` (compare.ts). */

import type { ComparableDrop, ComparisonSide, SignatureTable } from './compare.ts';
import type { DropRecord } from './drop-record.ts';
import { ALL_RMODES } from './modes.ts';
import { keysOf, type PyObject } from './python-json.ts';
import { type FieldClass, modeBits, type RecordField, recordFields } from './record-classes.ts';
import { buildTopology, type Topology } from './topology.ts';

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

/** What a store keeps in columns for each record, so that comparing need not read them all. */
export interface ComparisonRow {
  readonly oid: string;
  readonly lgKey: string | null;
  readonly iid: string | null;
  readonly name: string;
  /** Class and category of the drop, separated by a space. */
  readonly kind: string;
  /** {@link claimsHash} of the record. */
  readonly claims: string;
  /** oids of the drops it depends on. */
  readonly inputs: readonly string[];
}

/** A side from stored columns; `record(index)` reads one record, and is called for the differing drops only. */
export function sideOfRows(
  rows: readonly ComparisonRow[],
  record: (index: number) => DropRecord,
  signatures: SignatureTable,
  canonicalSignatures: SignatureTable = {},
): ComparisonSide {
  const ids = rows.map((row) => row.oid);
  const index = new Map<string, number>(ids.map((oid, i) => [oid, i]));
  const edges: number[] = [];
  rows.forEach((row, to) => {
    for (const oid of row.inputs) {
      const from = index.get(oid);
      if (from !== undefined) edges.push(from, to);
    }
  });
  const drops = rows.map((row, i): ComparableDrop => ({
    oid: row.oid,
    lgKey: row.lgKey,
    coordinates: row.iid,
    name: row.name,
    kind: row.kind,
    claims: row.claims,
    fields: () => recordFields(record(i)),
  }));
  return { drops, topology: buildTopology(ids, edges), signatures, canonicalSignatures };
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
