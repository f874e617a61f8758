/** A node manager over a store of its own, without servers: for tests that look at what the store is told, or alter it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { Services } from '../../engine/drops/index.ts';
import { GraphParser, type PhysicalGraph } from '../../engine/graph/index.ts';
import { NodeManager } from '../../engine/managers/index.ts';
import { openStore, type Store } from '../../engine/store/index.ts';

export interface TestNode {
  readonly dir: string;
  readonly manager: NodeManager;
  /** The store as it is, not altered. */
  readonly store: Store;
  /** What was told of problems so far. */
  readonly problems: unknown[];
}

/** A node whose store is `altered`. It is closed, and its folder removed, when the test is over. */
export async function testNode(
  altered: (store: Store) => Partial<Store> = () => ({}),
  options: {
    readonly parse?: (bytes: Uint8Array) => Promise<PhysicalGraph>;
    readonly maxSizeBytes?: number;
    readonly maxPast?: number;
  } = {},
): Promise<TestNode> {
  const { parse, maxPast, ...limits } = options;
  const dir = await mkdtemp(path.join(tmpdir(), 'weir-node-'));
  const problems: unknown[] = [];
  const onProblem = (error: unknown) => void problems.push(error);
  const real = await openStore({ dataDir: dir, onProblem, ...limits });
  const instead = altered(real);
  const store = new Proxy(real, {
    get: (target, key) => {
      const owner = key in instead ? instead : target;
      const member: unknown = Reflect.get(owner, key, owner);
      return typeof member === 'function' ? (member.bind(owner) as unknown) : member;
    },
  });
  const [parser, services] = [new GraphParser(), new Services()];
  const manager = new NodeManager({
    ...{ store, services, onProblem, version: 'test', dlgRoot: dir, hostName: 'here' },
    parse: parse ?? ((bytes) => parser.parse(bytes)),
    ...(maxPast !== undefined && { maxPast }),
  });
  onTestFinished(async () => {
    await manager.shutdown();
    await services.dispose();
    await parser.close();
    await real.close();
    await rm(dir, { recursive: true, force: true });
  });
  return { dir, manager, store: real, problems };
}
