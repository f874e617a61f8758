import { describe, expect, it } from 'vitest';
import { kindOfFile } from '../../renderer/data/file-kind.ts';

const kind = (content: string | readonly number[], name = 'x'): string =>
  kindOfFile(
    typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content),
    name,
  );

describe('what a file is by how it begins', () => {
  it('knows graphs of either sort, by content or by name', () => {
    expect(kind('[{"oid":"a","categoryType":"Data"}]')).toBe('graph');
    expect(kind('\uFEFF {"modelData":{},"nodeDataArray":[]}')).toBe('graph');
    expect(kind('[]', 'empty.json')).toBe('graph');
    expect(kind('[{,', 'bad.graph')).toBe('graph');
    expect(kind([0x1f, 0x8b, 8], 'x.graph.gz')).toBe('graph');
  });

  it('knows what Weir and DALiuGE write', () => {
    expect(kind('{"facts":{},"type":"weir-proof","version":1}')).toBe('proof');
    expect(kind('{"from":"","type":"weir-consistency-proof"}')).toBe('consistency');
    expect(kind([0x50, 0x4b, 3, 4, 20])).toBe('bundle');
    expect(kind('[\n    {\n        "1_a_0": {\n            "oid": "1_a_0"')).toBe('reprodata');
  });

  it('calls everything else data', () => {
    expect(kind('')).toBe('data');
    expect(kind('{"a":1}', 'a.json')).toBe('data');
    expect(kind('[{"a":1}]')).toBe('data');
    expect(kind([0x1f, 0x8b, 8], 'x.tar.gz')).toBe('data');
    expect(kind([0xff, 0xd8, 0xff])).toBe('data');
  });
});
