/** Where the window is, as the part of the address after `#`: every place can be linked, and Back works. Pure but for `go`. */

import type { GraphSource } from '../engine/api/contract.ts';

export const SESSION_TABS = ['overview', 'drops', 'graph', 'log', 'reproducibility'] as const;
export type SessionTab = (typeof SESSION_TABS)[number];

export type Query = Readonly<Record<string, string>>;

export type Route =
  | { readonly page: 'sessions'; readonly query: Query }
  | { readonly page: 'session'; readonly sessionId: string; readonly tab: SessionTab; readonly query: Query }
  | { readonly page: 'drop'; readonly sessionId: string; readonly uid: string }
  | { readonly page: 'graph'; readonly query: Query }
  | { readonly page: 'compare'; readonly query: Query }
  | { readonly page: 'checkpoints' }
  | { readonly page: 'file'; readonly query: Query }
  | { readonly page: 'find'; readonly query: Query }
  | { readonly page: 'unknown'; readonly path: string };

const isTab = (text: string): text is SessionTab => (SESSION_TABS as readonly string[]).includes(text);

/** Percent-decoding that leaves malformed text as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The route of an address' fragment, with or without its `#`. */
export function parseRoute(fragment: string): Route {
  const [path = '', search = ''] = fragment.replace(/^#/, '').split('?', 2);
  const query = Object.fromEntries(new URLSearchParams(search));
  const [first, id, third, fourth, ...rest] = path
    .replace(/^\/|\/$/g, '')
    .split('/')
    .map(decode);
  if (!first || (first === 'sessions' && id === undefined)) return { page: 'sessions', query };
  if (first === 'compare' && id === undefined) return { page: 'compare', query };
  if (first === 'graph' && id === undefined) return { page: 'graph', query };
  if (first === 'checkpoints' && id === undefined) return { page: 'checkpoints' };
  if (first === 'file' && id === undefined) return { page: 'file', query };
  if (first === 'find' && id === undefined) return { page: 'find', query };
  if (first === 'sessions' && id && rest.length === 0) {
    if (third === 'drop' && fourth) return { page: 'drop', sessionId: id, uid: fourth };
    if (fourth === undefined && third === undefined) {
      return { page: 'session', sessionId: id, tab: 'overview', query };
    }
    if (fourth === undefined && third !== undefined && isTab(third)) {
      return { page: 'session', sessionId: id, tab: third, query };
    }
  }
  return { page: 'unknown', path };
}

/** A query as it stands in an address: empty values are left out. */
function searchOf(query: Query): string {
  const kept = Object.entries(query).filter(([, value]) => value !== '');
  return kept.length === 0 ? '' : `?${new URLSearchParams(kept).toString()}`;
}

export const linkToSessions = (query: Query = {}): string => `#/sessions${searchOf(query)}`;

export function linkToSession(sessionId: string, tab: SessionTab = 'overview', query: Query = {}): string {
  const suffix = tab === 'overview' ? '' : `/${tab}`;
  return `#/sessions/${encodeURIComponent(sessionId)}${suffix}${searchOf(query)}`;
}

/** The comparison of two sessions, `a` and `b`; either may still have to be chosen. */
export const linkToCompare = (query: Query): string => `#/compare${searchOf(query)}`;

export const linkToCheckpoints = (): string => '#/checkpoints';

/** What a file is. One that a browser handed over has no address of its own. */
export const linkToFile = (path = ''): string => `#/file${searchOf({ path })}`;

/** Drops of all sessions: `text`, `status`, `hash`. */
export const linkToFind = (query: Query = {}): string => `#/find${searchOf(query)}`;

export const linkToDrop = (sessionId: string, uid: string): string =>
  `#/sessions/${encodeURIComponent(sessionId)}/drop/${encodeURIComponent(uid)}`;

/** The page that translates a graph. Text that was handed over has no address of its own. */
export function linkToGraph(source: GraphSource): string {
  if ('sample' in source) return `#/graph${searchOf({ sample: source.sample })}`;
  return 'path' in source ? `#/graph${searchOf({ path: source.path })}` : '#/graph';
}

/** Goes to a link made above; `replace` when it is the same place with another filter. */
export function go(link: string, replace = false): void {
  if (replace) {
    history.replaceState(null, '', link);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  } else location.hash = link;
}
