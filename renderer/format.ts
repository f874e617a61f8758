/** Numbers, sizes, durations and dates for people, in the language of the system. */

const locale = (): string | undefined =>
  typeof navigator === 'undefined' ? undefined : navigator.language || undefined;

/** Shown where there is nothing to show. */
export const NOTHING = '–';

const integers = new Intl.NumberFormat(locale(), { maximumFractionDigits: 0 });
const decimals = new Intl.NumberFormat(locale(), { maximumSignificantDigits: 3 });
const percents = new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 0 });

export const formatInteger = (value: number): string => integers.format(value);

/** A share of one. Never 100 % before all is done, never 0 % once something is. */
export function formatShare(part: number, whole: number): string {
  if (whole <= 0) return percents.format(0);
  const share = part / whole;
  if (share > 0 && share < 0.01) return `<${percents.format(0.01)}`;
  return percents.format(share < 1 ? Math.min(share, 0.99) : 1);
}

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const;

/** Bytes in decimal units (1 kB = 1000 bytes), as file managers of the desktop show them. */
export function formatBytes(sizeBytes: number | null): string {
  if (sizeBytes === null) return NOTHING;
  let value = sizeBytes;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return new Intl.NumberFormat(locale(), {
    style: 'unit',
    unit: BYTE_UNITS[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    ...(unit === 0 ? {} : { maximumSignificantDigits: 3 }),
  }).format(value);
}

/** A span of time with two units at most: "0.42 ms", "310 ms", "4.2 s", "3 min 07 s", "2 h 05 min", "3 d 4 h". */
export function formatDuration(durationMs: number | null): string {
  if (durationMs === null) return NOTHING;
  if (durationMs < 1) return durationMs <= 0 ? '0 ms' : `${decimals.format(durationMs)} ms`;
  if (durationMs < 999.5) return `${integers.format(durationMs)} ms`;
  const seconds = durationMs / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.floor(minutes / 60);
  return `${integers.format(Math.floor(hours / 24))} d ${hours % 24} h`;
}

/** How long something took, or has taken until `now` while it is not over. */
export function spanMs(startedAt: number | null, finishedAt: number | null, now: number): number | null {
  return startedAt === null ? null : Math.max(0, (finishedAt ?? now) - startedAt);
}

const full = new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(locale(), {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hour12: false,
});
const timeOfDay = new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit' });
const dayAndTime = new Intl.DateTimeFormat(locale(), {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const day = new Intl.DateTimeFormat(locale(), { dateStyle: 'medium' });
const relative = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });

/** Date and time in full. */
export const formatDateTime = (at: number | null): string => (at === null ? NOTHING : full.format(at));

/** Time of day to the millisecond: for events and logs, where the day is plain. */
export const formatClock = (at: number | null): string => (at === null ? NOTHING : clock.format(at));

/** As short as it can be understood at `now`: a time today, "yesterday", day and month this year, else the date. */
export function formatWhen(at: number, now: number): string {
  const then = new Date(at);
  const today = new Date(now);
  const midnight = (date: Date): number =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(today) - midnight(then)) / 86_400_000);
  if (days === 0) return timeOfDay.format(then);
  if (days === 1) return `${relative.format(-1, 'day')}, ${timeOfDay.format(then)}`;
  return then.getFullYear() === today.getFullYear() ? dayAndTime.format(then) : day.format(then);
}
