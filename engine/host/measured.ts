/** Run times of earlier sessions of a graph, for the algorithm that divides by them. */
import type { Store } from '../store/index.ts';

/** Newer sessions tell more; more of them than this are not read. */
const SESSIONS_READ = 3;
const PAGE = 1000;

/**
 * Mean run time in seconds of the applications of each logical drop, over the newest finished sessions of graphs of
 * this name. Empty when there are none: the times the graph states are used then.
 */
export async function measuredSeconds(
  store: Pick<Store, 'sessions' | 'drops'>,
  graphName: string,
): Promise<Map<string, number>> {
  const { sessions } = await store.sessions({ graph: graphName, status: 'FINISHED', limit: 50 });
  const sums = new Map<string, { seconds: number; count: number }>();
  const named = sessions.filter((session) => session.graphName === graphName).slice(0, SESSIONS_READ);
  for (const { key } of named)
    for (let offset = 0; ; offset += PAGE) {
      const { rows } = await store.drops(key, { kind: 1, offset, limit: PAGE });
      for (const { lgKey, startedAt, finishedAt } of rows) {
        if (lgKey === '' || startedAt === null || finishedAt === null) continue;
        const sum = sums.get(lgKey) ?? { seconds: 0, count: 0 };
        sum.seconds += Math.max(0, finishedAt - startedAt) / 1000;
        sum.count++;
        sums.set(lgKey, sum);
      }
      if (rows.length < PAGE) break;
    }
  return new Map([...sums].map(([key, { seconds, count }]) => [key, seconds / count]));
}
