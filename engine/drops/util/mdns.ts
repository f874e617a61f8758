/** Announcing and finding services in the local network (seed `dlg.utils`, spec/engine.md 7.4). */
import type { Bonjour, Browser, Service, ServiceConfig } from 'bonjour-service';

/** Upstream cuts names of services to this length. */
const NAME_LENGTH = 15;

export const ServiceStateChange = { Added: 'Added', Removed: 'Removed', Updated: 'Updated' } as const;
export type ServiceStateChange = (typeof ServiceStateChange)[keyof typeof ServiceStateChange];

export interface ServiceDiscoveryOptions {
  /** IPv4 address of the interface to use; without it the system chooses. */
  readonly interfaceAddress?: string;
  /** Told of sends that the network refuses; without it they are ignored, as a network may come and go. */
  readonly onError?: (error: Error) => void;
}

/** What the functions below take as `zc`. `destroy()` ends it. */
export async function openServiceDiscovery(options: ServiceDiscoveryOptions = {}): Promise<Bonjour> {
  const { Bonjour } = await import('bonjour-service');
  const onError = options.onError ?? (() => undefined);
  const address = options.interfaceAddress;
  // An interface without `bind` would hear no multicast on Linux.
  const socket = address ? { interface: address, bind: '0.0.0.0' } : {};
  // The library hands these options to the socket, whatever its types say.
  const bonjour = new Bonjour(socket as Partial<ServiceConfig>, onError);
  const { mdns } = (bonjour as unknown as { server: { mdns: NodeJS.EventEmitter } }).server;
  mdns.on('error', onError);
  mdns.on('warning', onError);
  return bonjour;
}

/** Announces `_{type}._{protocol}.local` under `serviceName` at this address and port. */
export function registerService(
  zc: Bonjour,
  serviceType: string,
  serviceName: string,
  ipAddress: string,
  port: number,
  protocol: 'tcp' | 'udp' = 'tcp',
): Service {
  const name = serviceName.slice(0, NAME_LENGTH);
  const service = zc.publish({
    name,
    type: serviceType,
    protocol,
    port,
    host: `${name}.local`,
    disableIPv6: true,
  });
  const records = service.records.bind(service);
  // The library announces every address of the machine; the caller knows which one the service listens on.
  service.records = () => [
    ...records().filter(({ type }) => type !== 'A' && type !== 'AAAA'),
    { name: service.host, type: 'A', ttl: 120, data: ipAddress },
  ];
  return service;
}

/** Takes an announced service back. Resolves when the goodbye was sent. */
export async function deregisterService(_zc: Bonjour, service: Service): Promise<void> {
  await new Promise<void>((resolve) => {
    if (service.published) (service.stop as (done: () => void) => void)(() => resolve());
    else resolve();
  });
}

export type BrowseCallback = (
  zc: Bonjour,
  serviceType: string,
  name: string,
  change: ServiceStateChange,
  service: Service,
) => void;

/** Looks for services of a type until the browser is stopped; `callback` hears of each that comes or goes. */
export function browseService(
  zc: Bonjour,
  serviceType: string,
  protocol: 'tcp' | 'udp',
  callback: BrowseCallback,
): Browser {
  const type = `_${serviceType}._${protocol}.local.`;
  const browser = zc.find({ type: serviceType, protocol });
  browser.on('up', (service) => callback(zc, type, service.name, ServiceStateChange.Added, service));
  browser.on('down', (service) => callback(zc, type, service.name, ServiceStateChange.Removed, service));
  browser.on('txt-update', (service) =>
    callback(zc, type, service.name, ServiceStateChange.Updated, service),
  );
  return browser;
}
