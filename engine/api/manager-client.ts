/** Creates a session on any manager, Weir's or DALiuGE's, over REST (spec/managers.md 3.4). */
import { messageOf, WeirError } from '../protocol/index.ts';

const TIMEOUT_MS = 30_000;

async function ask(url: string, init: RequestInit): Promise<unknown> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text();
    if (!response.ok) throw new Error(`it answered with status ${response.status}: ${text.slice(0, 500)}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch (cause) {
    const { cause: deeper } = cause as { cause?: unknown };
    throw new WeirError('REMOTE', `The manager refused ${url}: ${messageOf(deeper ?? cause)}.`, {
      cause,
      details: { url },
    });
  }
}

const json = { 'content-type': 'application/json' };

/** Creates the session, hands over the graph and starts it with its roots completed. Throws REMOTE. */
export async function deployTo(
  base: string,
  sessionId: string,
  graph: Uint8Array,
  roots: readonly string[],
): Promise<void> {
  const root = base.replace(/\/$/, '');
  const session = `${root}/api/sessions/${encodeURIComponent(sessionId)}`;
  await ask(`${root}/api/sessions`, { method: 'POST', headers: json, body: JSON.stringify({ sessionId }) });
  await ask(`${session}/graph/append`, { method: 'POST', headers: json, body: new Uint8Array(graph) });
  await ask(`${session}/deploy`, {
    method: 'POST',
    body: new URLSearchParams({ completed: roots.join(',') }),
  });
}

/** How the manager at `base` can be reached by EAGLE; empty when it cannot. */
export async function submissionMethods(base: string): Promise<unknown[]> {
  try {
    const answer = (await ask(`${base.replace(/\/$/, '')}/api/submission_method`, {})) as
      { methods?: unknown } | undefined;
    return Array.isArray(answer?.methods) ? (answer.methods as unknown[]) : [];
  } catch {
    // Unreachable is an answer of its own here (spec/translator.md 16).
    return [];
  }
}
