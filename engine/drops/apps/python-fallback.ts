/**
 * Built-in applications on values that only Python can make (instances of classes, numpy arrays of objects, dates or
 * records): the same work, done by a Python worker. Without Python on the machine that fails, naming the drop.
 */
import { isWeirError, messageOf, WeirError } from '../../protocol/index.ts';
import type { AppDROP } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import { NeedsPython } from '../pickle/index.ts';
import { PYTHON_POOL, type PyArgument, type ValueOperation, type ValueResult } from '../python/index.ts';
import { ContentSpool } from './content-spool.ts';
import { pythonSettings } from './python-drops.ts';
import { writeContent } from './write-content.ts';

/** The objection of a pickle or npy reader, also where it was given a message that names the drop. */
function objection(error: unknown): NeedsPython | undefined {
  if (error instanceof NeedsPython) return error;
  return isWeirError(error) && error.cause instanceof NeedsPython ? error.cause : undefined;
}

export function needsPython(error: unknown): boolean {
  return objection(error) !== undefined;
}

/** Does `here`; where it meets a value only Python can make, `there` instead. */
export async function orInPython<T>(
  app: AppDROP,
  here: () => Promise<T>,
  there: () => Promise<T>,
): Promise<T> {
  try {
    return await here();
  } catch (error) {
    const found = objection(error);
    if (!found) throw error;
    try {
      return await there();
    } catch (cause) {
      if (!isWeirError(cause) || cause.code !== 'PYTHON_UNAVAILABLE') throw cause;
      throw new WeirError(
        'PYTHON_UNAVAILABLE',
        `Drop ${app.uid} was given ${found.what}, which only Python can make or work on. ${messageOf(cause)}`,
        { cause, details: { ...cause.details, uid: app.uid } },
      );
    }
  }
}

/** What a Python worker is to do with the contents of drops. */
export interface RemoteOperation {
  readonly operation: ValueOperation['operation'];
  /** Contents of these drops; or values that are known already. */
  readonly inputs: readonly (DataDROP | { readonly value: unknown })[];
  readonly params?: Readonly<Record<string, unknown>>;
  /** How the inputs are encoded; `dill` by default. */
  readonly read?: 'dill' | 'npy';
  /** How the results are; `dill` by default. */
  readonly encoding?: ValueOperation['encoding'];
}

/** Runs an operation; the results are to be released. */
export async function inPython(app: AppDROP, what: RemoteOperation): Promise<ValueResult> {
  const spool = new ContentSpool();
  try {
    const values: PyArgument[] = [];
    for (const input of what.inputs)
      values.push(
        'value' in input
          ? { kind: 'json', value: input.value }
          : await spool.argument(input, what.read ?? 'dill'),
      );
    return await app.context.service(PYTHON_POOL).runOperation({
      ...pythonSettings(app, app.signal),
      operation: what.operation,
      values,
      params: what.params ?? {},
      encoding: what.encoding ?? 'dill',
    });
  } finally {
    await spool.clear();
  }
}

/** Runs an operation and writes result `i` to the outputs that `outputsOf(i)` names. */
export async function writeFromPython(
  app: AppDROP,
  what: RemoteOperation,
  outputsOf: (index: number) => readonly DataDROP[],
): Promise<void> {
  const { contents } = await inPython(app, what);
  try {
    for (const [i, content] of contents.entries())
      for (const output of outputsOf(i)) await writeContent(output, content);
  } finally {
    for (const content of contents) await content.release();
  }
}

/** `str()` of the value of a drop, as Python says it. */
export async function textFromPython(app: AppDROP, drop: DataDROP): Promise<string> {
  const { contents, texts } = await inPython(app, {
    operation: 'identity',
    inputs: [drop],
    encoding: 'utf-8',
  });
  for (const content of contents) await content.release();
  return texts[0]?.str ?? '';
}
