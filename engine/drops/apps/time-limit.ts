/** How long an application may take, where its graph says so. */
import { InvalidDropException, WeirError } from '../../protocol/index.ts';
import type { AppDROP } from '../app-drop.ts';
import { argumentsOf } from './named-ports.ts';
import { describeApp, numberOf } from './python-values.ts';

/**
 * Milliseconds of the component parameter `timeout`, given in seconds; undefined for none or 0: as long as it takes. An
 * application argument of that name belongs to the command or function and is no limit.
 */
export function timeLimitMs(app: AppDROP): number | undefined {
  const given = argumentsOf(app, 'componentParams').get('timeout')?.value;
  if (given === undefined || given === null || given === '') return undefined;
  const seconds = numberOf(given);
  if (seconds === undefined || seconds < 0)
    throw new InvalidDropException(
      `${describeApp(app)}: timeout must be a number of seconds, or 0 for none, but is ${JSON.stringify(given)}.`,
      { details: { uid: app.uid, timeout: given } },
    );
  // Timers do not go further.
  return seconds === 0 ? undefined : Math.min(seconds * 1000, 2 ** 31 - 1);
}

/** Does work that ends when its signal aborts, and aborts it at the limit. Throws TIMEOUT then. */
export async function withinLimit<T>(app: AppDROP, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limitMs = timeLimitMs(app);
  if (limitMs === undefined) return work(app.signal);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), limitMs);
  try {
    const done = await work(AbortSignal.any([app.signal, late.signal]));
    if (!late.signal.aborted) return done;
  } catch (error) {
    if (!late.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  throw new WeirError(
    'TIMEOUT',
    `${describeApp(app)} took longer than its timeout of ${limitMs / 1000} s and was ended.`,
    { details: { uid: app.uid, timeoutMs: limitMs } },
  );
}
