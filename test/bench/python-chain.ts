/**
 * A chain of Python functions that do nothing: what handing a value from one to the next costs.
 *
 *   node test/bench/python-chain.ts [functions] [runs]     beside a real DALiuGE, see run.ts
 */
import { bothPeers, overRest } from './peers.ts';

const MEMORY = 'dlg.data.drops.memory.InMemoryDROP';

/** Data 0 -> function -> data 1 -> ...: a list passes through all functions. */
export function pythonChainGraph(functions: number): Uint8Array {
  const specs: object[] = [];
  for (let i = 0; i <= functions; i++)
    specs.push({
      oid: `d${i}`,
      name: `d${i}`,
      categoryType: 'Data',
      dropclass: MEMORY,
      storage: 'Memory',
      node: 'localhost',
      island: 'localhost',
      ...(i === 0 && { fields: [{ name: 'pydata', value: '[1, 2, 3]', type: 'json' }] }),
      ...(i > 0 && { producers: [{ [`f${i - 1}`]: 'result' }] }),
      ...(i < functions && { consumers: [{ [`f${i}`]: 'x' }] }),
    });
  for (let i = 0; i < functions; i++)
    specs.push({
      oid: `f${i}`,
      name: `f${i}`,
      categoryType: 'Application',
      dropclass: 'dlg.apps.pyfunc.PyFuncApp',
      node: 'localhost',
      island: 'localhost',
      func_name: 'same',
      func_code: 'def same(x):\n    return x\n',
      applicationArgs: { x: port('x', 'InputPort') },
      componentParams: { result: port('result', 'OutputPort') },
      inputs: [{ [`d${i}`]: 'x' }],
      outputs: [{ [`d${i + 1}`]: 'result' }],
    });
  return new Uint8Array(Buffer.from(JSON.stringify([...specs, {}])));
}

const port = (name: string, usage: string): object => ({
  name,
  value: null,
  defaultValue: null,
  type: 'Object',
  usage,
  encoding: 'dill',
  positional: false,
  precious: false,
  parameterType: usage === 'InputPort' ? 'ApplicationArgument' : 'ComponentParameter',
});

/** Functions a second on both sides, and how many times as many Weir does. */
export async function pythonChain(runs: number, functions = 1000): Promise<object> {
  const graph = pythonChainGraph(functions);
  const perSecond: Record<string, number> = {};
  for (const peer of bothPeers())
    perSecond[peer.name] = Math.round(functions / (await overRest(peer, graph, ['d0'], runs)));
  const ratio = (perSecond['weir'] as number) / (perSecond['daliuge'] as number);
  return { functions, ...perSecond, ratio: Number(ratio.toFixed(1)) };
}

if (import.meta.main) {
  const [functions = '1000', runs = '5'] = process.argv.slice(2);
  console.log(JSON.stringify(await pythonChain(Number(runs), Number(functions))));
}
