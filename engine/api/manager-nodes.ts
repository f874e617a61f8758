/** Asks a manager, Weir's or DALiuGE's, which nodes it has (spec/translator.md 13). */
import { messageOf, WeirError } from '../protocol/index.ts';

const TIMEOUT_MS = 10_000;

/** The nodes of the manager at `base`, e.g. http://localhost:8001. Throws REMOTE when it does not answer with a list. */
export async function managerNodes(base: string): Promise<string[]> {
  const url = `${base.replace(/\/$/, '')}/api/nodes`;
  const fail = (why: string, cause?: unknown) =>
    new WeirError(
      'REMOTE',
      `The manager did not say which nodes it has (${url}): ${why}. Name them instead.`,
      {
        cause,
        details: { url },
      },
    );
  let body: unknown;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`it answered with status ${response.status}`);
    body = await response.json();
  } catch (cause) {
    const { cause: deeper } = cause as { cause?: unknown };
    throw fail(messageOf(deeper ?? cause), cause);
  }
  if (Array.isArray(body) && body.every((node) => typeof node === 'string')) return body;
  throw fail('a JSON list of names was expected');
}
