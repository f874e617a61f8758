import { describe, expect, it } from 'vitest';
import { applyActiveConfiguration } from '../../../engine/translator/configure.ts';
import {
  fill,
  fillConfiguration,
  readLogicalGraph,
  TranslatorError,
  type LogicalGraph,
} from '../../../engine/translator/index.ts';
import { hasGolden, readGolden, readGraphText, type Loose } from './golden.ts';

const REASONS: Readonly<Record<string, string>> = {
  ValueError: 'placeholder-invalid',
  KeyError: 'placeholder-without-value',
};

function changes(before: LogicalGraph, after: LogicalGraph): Record<string, Loose> {
  const found: Record<string, Loose> = {};
  before.nodeDataArray.forEach((node, n) => {
    node.fields.forEach((field, f) => {
      const now = after.nodeDataArray[n]?.fields[f];
      if (JSON.stringify(now?.value) !== JSON.stringify(field.value)) {
        found[`${node.id}/${field.id ?? ''}`] = [field.value, now?.value];
      }
    });
  });
  return found;
}

describe.skipIf(!hasGolden)('parameters are filled in as by DALiuGE', () => {
  const cases: Loose[] = hasGolden ? readGolden('fill', 'cases.json') : [];
  it.each(cases.map((c) => [c.case as string, c] as const))('%s', (_name, c) => {
    const wanted = REASONS[c.outcome];
    if (wanted !== undefined) {
      let reason: string | undefined;
      try {
        fill(c.template, c.params);
      } catch (error) {
        if (!(error instanceof TranslatorError)) throw error;
        reason = error.reason;
      }
      expect(reason).toBe(wanted);
      return;
    }
    // A quote in a value breaks upstream's document; ours stays JSON.
    if (c.outcome === 'JSONDecodeError') expect(fill(c.template, c.params)).toEqual({ a: 'say "hi"' });
    else expect(fill(c.template, c.params)).toEqual(c.output);
  });
});

describe.skipIf(!hasGolden)('graph configurations are applied as by DALiuGE', () => {
  const cases: Loose[] = hasGolden ? readGolden('config', 'cases.json') : [];
  it.each(cases.map((c) => [`${c.graph} ${c.op} ${c.variant ?? ''}`, c] as const))('%s', (_name, c) => {
    const graph = readLogicalGraph(readGraphText(c.graph));
    const after = c.op === 'active' ? applyActiveConfiguration(graph) : fillConfiguration(graph, c.config);
    if (c.outcome === 'unchanged') {
      expect(after).toEqual(graph);
      return;
    }
    expect(changes(graph, after)).toEqual(c.changed);
    if (c.op === 'fill-config') expect(after.activeGraphConfigId ?? null).toBe(c.activeGraphConfigId);
  });
});
