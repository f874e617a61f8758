/** Addresses of this machine (seed `dlg.utils`, spec/engine.md 7.4). */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

function ipv4(): [address: string, interfaceName: string][] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter(({ family }) => family === 'IPv4')
      .map(({ address }): [string, string] => [address, name]),
  );
}

/** IPv4 addresses and the interfaces they belong to, without loopback. */
export function getLocalIpAddr(): [address: string, interfaceName: string][] {
  return ipv4().filter(([address]) => !address.startsWith('127.'));
}

/** All IPv4 addresses of this machine. */
export function getAllIpv4Addresses(): string[] {
  return ipv4().map(([address]) => address);
}

async function resolved(host: string): Promise<string> {
  return isIP(host) ? host : (await lookup(host, 4)).address;
}

/** A host or `host:port` as ZeroMQ takes it for binding: `0.0.0.0` is `*`, names are addresses, the port is gone. */
export async function zmqSafe(hostOrAddress: string): Promise<string> {
  const host = hostOrAddress.split(':', 1)[0] as string;
  return host === '0.0.0.0' ? '*' : resolved(host);
}

/**
 * A host that others can reach a service under that is bound to `host`. For `0.0.0.0`: `localhost` where that is preferred or
 * nothing else is there, else the first address that is not loopback.
 */
export async function toExternallyContactableHost(
  host: string,
  preferLocal = false,
  addresses: readonly string[] = getAllIpv4Addresses(),
): Promise<string> {
  if (host !== '0.0.0.0') return resolved(host);
  if (preferLocal || addresses.length <= 1) return 'localhost';
  return addresses.find((address) => !address.startsWith('127.')) ?? (addresses.at(-1) as string);
}
