/** Asks a real CPython, once for a whole batch of cases. */
import { spawnSync } from 'node:child_process';

const PYTHON = process.env['WEIR_PYTHON'] ?? 'python3';

function run(script: string, input: string): { ok: boolean; out: string; err: string } {
  const done = spawnSync(PYTHON, ['-c', script], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  return { ok: done.status === 0, out: done.stdout, err: done.stderr };
}

/** Why tests that need Python are skipped here, or undefined where it runs. */
export const whyNoPython = run('print(1)', '').ok
  ? undefined
  : `there is no Python here to compare with (looked for "${PYTHON}"; set WEIR_PYTHON)`;

export const whyNoNumpy =
  whyNoPython ??
  (run('import numpy', '').ok ? undefined : 'numpy is not installed for the Python found here');

/** Runs `script` with the JSON value `cases` in the variable `cases`; the script leaves a JSON value in `answer`. */
export function askPython<T>(script: string, cases: unknown): T {
  const whole = `import json,sys\ncases=json.load(sys.stdin)\n${script}\njson.dump(answer,sys.stdout)`;
  const { ok, out, err } = run(whole, JSON.stringify(cases));
  if (!ok) throw new Error(`Python failed: ${err}`);
  return JSON.parse(out) as T;
}
