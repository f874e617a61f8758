/** Which of the hosts a graph is to be mapped to are this machine. */
import { hostname, networkInterfaces } from 'node:os';
import { WeirError } from '../protocol/index.ts';

/** `host` of `host`, `host:port`, `host:port:events:rpc`, `[v6]:port`; a bare IPv6 address stays whole. */
function hostPart(node: string): string {
  const bracketed = /^\[([^\]]+)\]/.exec(node);
  if (bracketed !== null) return bracketed[1] as string;
  return /^[^:]+(:\d+){1,3}$/.test(node) ? node.slice(0, node.indexOf(':')) : node;
}

/** Whether a node of a graph (spec/translator.md 13) names this machine: its name, a loopback name or one of its addresses. */
export function isThisMachine(node: string): boolean {
  const host = hostPart(node.trim()).toLowerCase();
  if (host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)) return true;
  const name = hostname().toLowerCase();
  if (host === name || host === name.split('.')[0]) return true;
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address.toLowerCase() === host),
  );
}

/**
 * Refuses hosts that are other machines, before anything is translated: a Host is one node manager, and it runs every
 * drop itself. Throws USAGE.
 */
export function assertThisMachine(nodes: readonly string[]): void {
  const foreign = [...new Set(nodes.filter((node) => !isThisMachine(node)))];
  if (foreign.length === 0) return;
  const are = foreign.length === 1 ? 'is' : 'are';
  throw new WeirError(
    'USAGE',
    `Expected nodes on this machine (localhost, ${hostname()}), found ${foreign.join(', ')}, which ${are} not: a run uses this machine only. ` +
      'Give a number of parts to run all of them here, or write the graph for those hosts (weir map -N) and hand it to their manager.',
    { details: { nodes: foreign } },
  );
}
