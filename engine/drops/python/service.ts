/** The one pool of Python workers of a Host. */
import path from 'node:path';
import type { DropContext } from '../context.ts';
import { ServiceKey } from '../context.ts';
import { PythonPool } from './pool.ts';

export const PYTHON_POOL = new ServiceKey<PythonPool>(
  'Python workers',
  (context) => new PythonPool({ env: { ...process.env, DLG_ROOT: context.dlgRoot } }),
  (pool) => pool.close(),
  (pool, sessionId) => pool.keepers.closeGroup(sessionId),
);

/** The folders of the user's Python code: DLG_PATH, or `code` below DLG_ROOT. */
export function dlgPath(context: Pick<DropContext, 'env' | 'dlgRoot'>): readonly string[] {
  const given = context.env['DLG_PATH'];
  return given ? given.split(path.delimiter).filter(Boolean) : [path.join(context.dlgRoot, 'code')];
}
