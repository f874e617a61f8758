import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const BELIEFS = path.resolve('engine/protocol/beliefs.ts');

/** Names of the beliefs that V8 gives up in a process that calls `given` and then does `act`: before "ready", and after. */
async function givenUp(given: string, act: string): Promise<{ before: string[]; after: string[] }> {
  const script = `
    import { ${given} } from ${JSON.stringify(BELIEFS)};
    import { createHash } from 'node:crypto';
    import { writeSync } from 'node:fs';
    ${given}();
    writeSync(1, 'ready\\n');
    ${act};`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--trace-protector-invalidation',
    '--no-warnings',
    '--input-type=module',
    '-e',
    script,
  ]);
  const [before = '', after = ''] = stdout.split('ready\n');
  const names = (text: string) =>
    [...text.matchAll(/protector cell (\w+)/g)].map(([, name]) => name as string);
  return { before: names(before), after: names(after) };
}

describe('the beliefs of V8', () => {
  it('that no buffer is ever detached is gone before the first buffer is handed over', async () => {
    const act = 'const b = new ArrayBuffer(8); structuredClone(b, { transfer: [b] })';
    const { before, after } = await givenUp('expectDetachedBuffers', act);
    expect(before).toContain('ArrayBufferDetaching');
    expect(after).not.toContain('ArrayBufferDetaching');
  });

  it('about lengths of typed arrays is gone before Node makes the first Buffer of its own', async () => {
    const { after } = await givenUp('expectNativeBuffers', "createHash('sha256').update('a').digest()");
    expect(after).not.toContain('TypedArrayLengthLookupChain');
  });
});
