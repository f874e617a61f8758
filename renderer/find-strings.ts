/** Sentences about searching and clearing the history; part of strings.ts. */
import { formatBytes, formatInteger } from './format.ts';
import { plural } from './plural.ts';

export const findStrings = {
  short: 'Find drops',
  title: 'Find drops in all sessions',
  text: 'Filter by name or id',
  hash: 'SHA-256 of a content',
  status: 'Status',
  anyStatus: 'Any status',
  badHash: 'A SHA-256 has 64 hexadecimal digits. Open a file to have its hash computed.',
  file: 'What made a file?',
  none: 'No drop matches',
  noneText: 'Nothing in the history of this computer fits. Change the text, the status or the hash.',
  start:
    'Type a name, an id or a hash to find drops of any session, or open a file to see which drop made it.',
  more: 'Show more',
  looking: 'Looking through the history…',
  failed: 'The history cannot be searched',
  columns: { status: 'Status', name: 'Drop', session: 'Session', finished: 'Finished', size: 'Size' },
  shown: (count: number, hasMore: boolean) =>
    hasMore ? `The newest ${plural(count, 'drop', 'drops')}` : plural(count, 'drop', 'drops'),
} as const;

export const retentionStrings = {
  title: 'Make room in the history',
  open: 'Make room…',
  text:
    'Takes contents, events, logs or files from sessions that are over. Records, hashes and seals stay, so that every session can ' +
    'still be verified and compared.',
  rules: 'From which sessions',
  older: 'Older than (days)',
  keep: 'All but the newest',
  perGraph: 'Count the last two for every graph by itself',
  maxSize: 'The oldest, until the rest takes at most (MB)',
  graph: 'Only graphs whose name contains',
  parts: 'What goes',
  partNames: {
    contents: 'Kept contents of small data drops',
    events: 'Events of single drops',
    logs: 'Logs',
    files: 'Files in the sessions’ folders',
  },
  preview: 'Show what would go',
  previewing: 'Looking…',
  nothing: 'Nothing fits these rules.',
  noRule: 'Say from which sessions: fill in at least one rule.',
  noPart: 'Choose at least one kind of thing that goes.',
  badNumber: (label: string) => `${label}: a number of 0 or more is needed.`,
  wouldGo: (sessions: number, bytes: number) =>
    `${formatBytes(bytes)} of ${plural(sessions, 'session', 'sessions')} would go.`,
  more: (count: number) => `and ${formatInteger(count)} more`,
  go: (bytes: number) => `Remove ${formatBytes(bytes)}`,
  done: (bytes: number) => `${formatBytes(bytes)} were removed`,
  failed: 'The history was not cleared',
  cannot: 'This cannot be undone.',
  standing: 'What goes from the history by itself',
  noStanding:
    'Nothing goes by itself. “Do this always” under “Make room…” keeps rules, which are carried out when Weir starts and when a session has ended. ' +
    'Pinned sessions are spared, and the log of this device says what went.',
  always: 'Do this always',
  kept: 'The rule is kept and was carried out',
  remove: 'Remove',
  removed: 'The rule was removed',
  removeRule: (rule: string) => `Remove the rule: ${rule}`,
  inWords: {
    or: ', or ',
    older: (days: string) => `older than ${days} days`,
    keep: (count: string, each: boolean) => `not among the newest ${count}${each ? ' of their graph' : ''}`,
    maxSize: (size: string, each: boolean) =>
      `beyond ${size}${each ? ' of their graph' : ' in all'}, the oldest first`,
    parts: { contents: 'contents', events: 'events', logs: 'logs', files: 'files' },
    rule: (what: string, which: string, graph: string, spared: number) =>
      `${what} of sessions ${which}${graph === '' ? '' : `, of graphs with “${graph}” in their name`}${
        spared === 0 ? '' : `, except ${plural(spared, 'session', 'sessions')}`
      }`,
  },
} as const;
