/** Hosts for tests: in folders of their own, gone afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startHost, type Host, type HostOptions } from '../../engine/host/index.ts';

export interface TestHost extends Host {
  /** Closes the Host and removes its folder. */
  remove(): Promise<void>;
}

export async function testHost(options: Partial<HostOptions> = {}): Promise<TestHost> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'weir-test-')));
  const host = await startHost({ version: 'test', ...options, dataDir });
  return Object.assign(Object.create(host) as Host, {
    remove: async () => {
      await host.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  });
}

export const bytesOf = (graph: unknown): Uint8Array =>
  new Uint8Array(Buffer.from(JSON.stringify(graph), 'utf8'));

export const data = (oid: string, more: object = {}) => ({
  oid,
  name: oid,
  categoryType: 'Data',
  dropclass: 'dlg.data.drops.memory.InMemoryDROP',
  ...more,
});
export const app = (oid: string, dropclass: string, more: object = {}) => ({
  oid,
  name: oid,
  categoryType: 'Application',
  dropclass,
  ...more,
});

/** data a -> hello -> data b: ends with a greeting in memory. */
export const helloGraph = [
  app('hello', 'dlg.apps.simple.HelloWorldApp', { greet: 'Ada', outputs: ['b'] }),
  data('b'),
];
