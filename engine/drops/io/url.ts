import { hostname } from 'node:os';
import type { DataIO } from './data-io.ts';
import { FileIO } from './file-io.ts';
import { NgasIO, ngasLimits } from './ngas.ts';
import { NullIO } from './null-io.ts';

const NGAS_PORT = 7777;
const CONNECT_SECONDS = 5;
const SILENCE_SECONDS = 10;

/**
 * Storage for the URL of a drop, where it can be reached without the drop: files of this machine, null storage and NGAS
 * (seed `IOForURL`, spec/engine.md 4.3). Undefined for everything else.
 */
export function ioForURL(url: string, ownHost = hostname()): DataIO | undefined {
  const found = /^([a-z0-9+.-]+):\/\/([^/]*)(.*)$/i.exec(url);
  if (!found) return undefined;
  const [, scheme, host, rest] = found as unknown as [string, string, string, string];
  switch (scheme.toLowerCase()) {
    case 'file':
      return host === 'localhost' || host === ownHost ? new FileIO(rest) : undefined;
    case 'null':
      return new NullIO();
    case 'ngas': {
      const [name, port] = host.split(':') as [string, string | undefined];
      return new NgasIO({
        host: name,
        port: Number(port ?? NGAS_PORT),
        fileId: rest.replace(/^\//, ''),
        ...ngasLimits(CONNECT_SECONDS, SILENCE_SECONDS),
        mimeType: 'application/octet-stream',
        length: -1,
      });
    }
    default:
      return undefined;
  }
}
