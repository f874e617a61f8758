/** Which code ran, as the record of a drop has it: command, source, image, package versions (docs/reproducibility.md). */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf } from '../../../engine/session/index.ts';
import { app, bytesOf, data, testHost, type TestHost } from '../../support/host.ts';
import type { Any } from '../reproducibility/golden.ts';

let host: TestHost;
beforeEach(async () => {
  host = await testHost();
});
afterEach(() => host.remove());

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The code in the record of the only application of a session. */
async function codeIn(specs: readonly object[]): Promise<Any> {
  const session = await host.manager.createSession('s');
  await session.addGraphSpec(bytesOf(specs));
  await session.deploy('roots');
  await session.recorded();
  expect(session.firstError).toBeUndefined();
  const { record, isSealed } = (await host.call('sessions.record', { sessionId: 's', uid: 'x' })) as Any;
  expect(isSealed).toBe(true);
  return record.code;
}
/** A Python that can be found as Weir finds it. */
const hasPython = spawnSync(process.env['WEIR_PYTHON'] ?? 'python3', ['--version']).status === 0;
const out = data('o', { producers: ['x'] });

describe('the code identity in a record', () => {
  it('of a command is the command as the graph has it, whatever paths it was run with', async () => {
    const file = { ...out, dropclass: 'dlg.data.drops.file.FileDROP' };
    const x = app('x', 'dlg.apps.bash_shell_app.BashShellApp', { command: 'echo hi > %o0', outputs: ['o'] });
    expect(await codeIn([x, file])).toEqual({ command: 'echo hi > %o0' });
  });

  it('of a JavaScript function is its source and the version of Node', async () => {
    const x = app('x', 'weir.apps.JsFuncApp', { func_code: `() => 'hi'`, outputs: ['o'] });
    expect(await codeIn([x, out])).toEqual({
      functionName: 'default',
      functionSha256: sha256(`() => 'hi'`),
      packages: { node: process.versions.node },
    });
  });

  it.skipIf(!hasPython)(
    'of a Python function is its source, the interpreter and the packages it names (skipped without Python)',
    async () => {
      const source = 'import json\ndef f():\n    return json.dumps(1)\n';
      const x = app('x', 'dlg.apps.pyfunc.PyFuncApp', { func_name: 'f', func_code: source, outputs: ['o'] });
      expect(await codeIn([x, out])).toEqual({
        functionName: 'f',
        functionSha256: sha256(source),
        packages: { python: expect.stringMatching(/^3\.\d+\.\d+$/) },
      });
    },
  );

  it('of a container is its image by digest and the command as the graph has it', () => {
    const facts = {
      image: 'ubuntu:24.04',
      command: 'cat %i0 > %o0',
      commandLine: 'cat /dlg/in > /dlg/out',
      imageId: 'sha256:11',
      imageDigest: 'ubuntu@sha256:22',
    };
    expect(codeOf(facts)).toEqual({ command: 'cat %i0 > %o0', imageDigest: 'ubuntu@sha256:22' });
    const { imageDigest: _, ...local } = facts;
    expect(codeOf(local).imageDigest).toBe('sha256:11');
  });
});
