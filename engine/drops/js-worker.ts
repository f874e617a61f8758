/** The thread that runs functions in JavaScript: loads, calls, encodes. A worker_threads entry. */
import { inspect } from 'node:util';
import { parentPort } from 'node:worker_threads';
import type { JsArgument, JsJob, JsReply } from './apps/js-protocol.ts';
import { signatureOf, type Signature } from './apps/js-signature.ts';
import { moduleText } from './apps/js-source.ts';
import { decodeJs, encodeJs, toJs } from './apps/js-values.ts';
import { readPickle } from './pickle/index.ts';

type AnyFunction = (...args: unknown[]) => unknown;

async function load(job: JsJob): Promise<AnyFunction> {
  const url =
    job.module ??
    `data:text/javascript;base64,${Buffer.from(moduleText(job.code ?? '', job.name)).toString('base64')}`;
  const loaded = (await import(url)) as Record<string, unknown>;
  const wanted = job.module === undefined && !Object.hasOwn(loaded, job.name) ? 'default' : job.name;
  // Node does not see all the names of a CommonJS module; they are in what it exports as a whole.
  const whole = loaded['default'] as Record<string, unknown> | null | undefined;
  const found = loaded[wanted] ?? (typeof whole === 'object' ? whole?.[wanted] : undefined);
  if (typeof found === 'function') return found as AnyFunction;
  const exported = Object.keys(loaded).filter((name) => typeof loaded[name] === 'function');
  throw new TypeError(
    `There is no function "${wanted}" in ${job.module?.replace(/\?t=[\d.]+$/, '') ?? 'the given code'}; it exports ${exported.join(', ') || 'no functions'}.`,
  );
}

function valueOf(arg: JsArgument): unknown {
  if (arg.kind === 'value') return arg.value;
  try {
    return arg.kind === 'default' ? toJs(readPickle(arg.bytes)) : decodeJs(arg.bytes, arg.encoding);
  } catch (cause) {
    const which = arg.name === null ? 'An argument by position' : `The argument "${arg.name}"`;
    throw new TypeError(
      `${which} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/**
 * The arguments of a call: by name where the function names them, the unnamed into what is free, in order. What the
 * function does not take is not even decoded.
 */
export function bind(signature: Signature, args: readonly JsArgument[]): { list: unknown[]; used: string[] } {
  const named = new Map<string, JsArgument>();
  const unnamed: JsArgument[] = [];
  for (const arg of args) {
    if (arg.name === null || arg.name.startsWith('...')) unnamed.push(arg);
    else if (signature.names === undefined || signature.names.includes(arg.name)) named.set(arg.name, arg);
  }
  const used = [...named.keys()];
  if (signature.names === undefined) {
    const all = Object.fromEntries([...named].map(([name, arg]) => [name, valueOf(arg)]));
    return { list: [all, ...unnamed.map(valueOf)], used };
  }
  const list = signature.names
    .map((name) => named.get(name) ?? unnamed.shift())
    .map((arg) => arg && valueOf(arg));
  return { list: signature.hasRest ? [...list, ...unnamed.map(valueOf)] : list, used };
}

type Outcome =
  | { readonly ok: true; readonly results: readonly Uint8Array[]; readonly used: readonly string[] }
  | { readonly ok: false; readonly name: string; readonly message: string; readonly stack: string };

async function perform(job: JsJob): Promise<Outcome> {
  try {
    const fn = await load(job);
    const { list, used } = bind(signatureOf(fn), job.args);
    const result = await fn(...list);
    const encoded = new Map<string, Uint8Array>();
    for (const encoding of job.outputs)
      if (!encoded.has(encoding)) encoded.set(encoding, encodeJs(result, encoding));
    return { ok: true, results: job.outputs.map((encoding) => encoded.get(encoding) as Uint8Array), used };
  } catch (error) {
    return { ok: false, ...described(error) };
  }
}

/** What was thrown, which may be anything. */
function described(thrown: unknown): { name: string; message: string; stack: string } {
  if (!(thrown instanceof Error))
    return { name: 'Error', message: typeof thrown === 'string' ? thrown : inspect(thrown), stack: '' };
  const { name, message, stack, cause } = thrown;
  const why = cause instanceof Error ? cause.message : undefined;
  const text = why === undefined || message.includes(why) ? message : `${message} (${why})`;
  return { name, message: text, stack: stack ?? '' };
}

/** How many timers, connections and the like keep this thread busy, by kind. */
function activity(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Resolves when the Host has taken what was printed: output belongs to the job that made it. */
function printed(): Promise<unknown> {
  return Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
  );
}

async function performAndPrint(job: JsJob): Promise<JsReply> {
  const before = activity();
  const outcome = await perform(job);
  await printed();
  const isClean = [...activity()].every(([kind, count]) => count <= (before.get(kind) ?? 0));
  return { id: job.id, isClean, ...outcome };
}

parentPort?.on('message', (job: JsJob) => {
  performAndPrint(job).then(
    (reply) => parentPort?.postMessage(reply),
    // Only a reply that cannot be sent ends here; the Host must not wait for it.
    (error: unknown) =>
      parentPort?.postMessage({
        id: job.id,
        isClean: false,
        ok: false,
        name: 'Error',
        message: String(error),
        stack: '',
      } satisfies JsReply),
  );
});
