/** How long an application may take, where its graph says so. */
import { InvalidDropException, WeirError } from '../protocol/index.ts';
import type { AppDROP } from './app-drop.ts';

/** How long work that was told to end may go on before its application fails without it, in milliseconds. */
const GRACE_MS = 10_000;

/**
 * Milliseconds of the parameter `timeout`, given in seconds; undefined for none or 0: as long as it takes. It stands among the
 * component parameters, or beside the other parameters. An application argument of that name belongs to the command or function
 * and is no limit.
 */
export function timeLimitMs(app: AppDROP): number | undefined {
  const { componentParams, applicationArgs, timeout } = app.parameters;
  const described = timeoutIn(componentParams);
  return milliseconds(app, described ?? (timeoutIn(applicationArgs) ? undefined : { value: timeout }));
}

/** The same for applications whose other parameters are not Weir's to understand: it stands among the component parameters. */
export function componentTimeLimitMs(app: AppDROP): number | undefined {
  return milliseconds(app, timeoutIn(app.parameters['componentParams']));
}

interface Described {
  readonly name?: unknown;
  readonly value?: unknown;
}

/** The parameter in a table of a dropspec. Most tables have it by its name. */
function timeoutIn(table: unknown): Described | undefined {
  if (typeof table !== 'object' || table === null) return undefined;
  const all = table as Readonly<Record<string, Described | null | undefined>>;
  for (const key in all) if ((all[key]?.name ?? key) === 'timeout') return all[key] ?? undefined;
  return undefined;
}

function milliseconds(app: AppDROP, described: Described | undefined): number | undefined {
  const given = described?.value;
  if (given === undefined || given === null || given === '') return undefined;
  const seconds = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  if (typeof seconds !== 'number' || !(seconds >= 0))
    throw new InvalidDropException(
      `${nameOf(app)}: timeout must be a number of seconds, or 0 for none, but is ${JSON.stringify(given)}.`,
      { details: { uid: app.uid, timeout: given } },
    );
  return limitOf(seconds);
}

/** Milliseconds of a limit in seconds; undefined for none: 0 and below. Timers do not go beyond 24 days. */
export function limitOf(seconds: number): number | undefined {
  return seconds > 0 ? Math.min(seconds * 1000, 2 ** 31 - 1) : undefined;
}

/** What an application that took too long fails with. */
export function tookTooLong(app: AppDROP, limitMs: number): WeirError {
  return new WeirError(
    'TIMEOUT',
    `${nameOf(app)} took longer than its timeout of ${limitMs / 1000} s and was ended.`,
    { details: { uid: app.uid, timeoutMs: limitMs } },
  );
}

/**
 * Does work and calls `stop`, which is to end it, at the limit. Rejects with TIMEOUT then, when the work is over or does not heed
 * it for a while.
 */
export async function withinLimit(
  app: AppDROP,
  limitMs: number,
  work: () => void | Promise<void>,
  stop: () => void,
): Promise<void> {
  const { promise: givenUp, resolve: giveUp } = Promise.withResolvers<void>();
  let isLate = false;
  let timer = setTimeout(() => {
    isLate = true;
    timer = setTimeout(giveUp, GRACE_MS);
    stop();
  }, limitMs);
  try {
    await Promise.race([work(), givenUp]);
  } catch (error) {
    // What comes of being ended is no news.
    if (!isLate) throw error;
  } finally {
    clearTimeout(timer);
  }
  if (isLate) throw tookTooLong(app, limitMs);
}

function nameOf(app: AppDROP): string {
  return `${app.constructor.name} ${app.uid}`;
}
