import { describe, expect, it } from 'vitest';
import { newSessionId, rerunId } from '../../../engine/api/session-ids.ts';

const long = '漢'.repeat(85);

describe('ids for sessions that nobody named', () => {
  it('are named after the graph, or the session that is repeated', () => {
    expect(newSessionId('my graph.graph')).toMatch(/^my-graph_\d{4}-/);
    expect(newSessionId('///')).toMatch(/^-_\d{4}-/);
    expect(newSessionId('')).toMatch(/^session_\d{4}-/);
    expect(rerunId(rerunId('first'))).toMatch(/^first_rerun_[\dT-]+$/);
  });

  it('are another one each time', () => {
    const ids = [newSessionId('g'), newSessionId('g'), rerunId('s'), rerunId('s')];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each([newSessionId(long), rerunId(long)])(
    'fit into the name of a folder, whatever the alphabet: %s',
    (id) => {
      expect(Buffer.byteLength(id)).toBeLessThanOrEqual(255);
      expect(id).toMatch(/^漢+_/);
    },
  );
});
