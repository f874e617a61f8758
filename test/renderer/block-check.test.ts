import { describe, expect, it } from 'vitest';
import type { DropBlock } from '../../engine/api/contract.ts';
import { checkBlock, firstBroken, isNamedBy, treeRoot } from '../../renderer/data/block-check.ts';

// By a name the type checker does not follow: the engine's types need Node's.
const engine = '../../engine/reproducibility/index.ts';
const { merkleRoot } = (await import(/* @vite-ignore */ engine)) as {
  readonly merkleRoot: (items: readonly (string | null)[]) => string | null;
};

const h = (text: string): string => merkleRoot([text]) as string;

function block(uid: string, parents: DropBlock['parents'] = []): DropBlock {
  const leaves = [`('status', 2)`, `('name', '${uid}')`];
  const items: DropBlock['items'] = [
    { name: 'rg_data', hash: merkleRoot(leaves) },
    { name: 'pg_blockhash', hash: h('pg') },
    { name: 'pgt_blockhash', hash: h('pgt') },
    { name: 'lg_blockhash', hash: null },
  ];
  const own = items.map(({ hash }) => hash);
  return {
    uid,
    name: uid,
    mode: 'REPEAT',
    modes: ['REPEAT'],
    block: merkleRoot([...own, ...parents.map((parent) => parent.block).sort()]) as string,
    items,
    stages: [{ name: 'rg', leaves, root: merkleRoot(leaves) }],
    parents,
    parentCount: parents.length,
  };
}

const named = ({ uid, block: hash }: DropBlock) => ({ uid, block: hash });

describe('a tree of texts, computed in the window', () => {
  it.each([0, 1, 2, 3, 5, 8, 13])('has the root that the engine gives, with %i leaves', (count) => {
    const items = Array.from({ length: count }, (_, i) => (i === 3 ? null : `leaf ${i} é`));
    expect(treeRoot(items)).toBe(merkleRoot(items));
  });
});

describe('a way of blocks', () => {
  const root = block('root');
  const middle = block('middle', [named(root), { uid: 'other', block: h('other') }]);
  const last = block('last', [named(middle)]);

  it('holds where each block is what its data and parents give, and is named by the one after it', () => {
    const path = [last, middle, root].map(checkBlock);
    expect(path.every(({ holds }) => holds)).toBe(true);
    expect(isNamedBy(last, middle)).toBe(true);
    expect(firstBroken(path)).toBeUndefined();
  });

  it('breaks where one item or parent was exchanged', () => {
    const items = middle.items.map((item, i) => (i === 1 ? { ...item, hash: h('else') } : item));
    const path = [last, { ...middle, items }, root].map(checkBlock);
    expect(firstBroken(path)?.block.uid).toBe('middle');
  });

  it('breaks where a whole drop was exchanged by one that holds in itself', () => {
    const exchanged = block('middle', [named(root)]);
    const path = [last, exchanged, root].map(checkBlock);
    expect(path[1]?.holds).toBe(true);
    expect(firstBroken(path)?.block.uid).toBe('middle');
  });

  it('says of each stage whether its leaves give its root', () => {
    const stages = [{ ...(root.stages[0] as DropBlock['stages'][number]), leaves: [`('status', 3)`] }];
    expect(checkBlock({ ...root, stages }).stages[0]?.holds).toBe(false);
    expect(checkBlock(root).stages[0]?.holds).toBe(true);
  });

  it('does not claim to have computed a block of which it has not all parents', () => {
    const checked = checkBlock({ ...middle, parentCount: 5000 });
    expect(checked.computed).toBeUndefined();
    expect(firstBroken([checked])).toBeUndefined();
  });
});
